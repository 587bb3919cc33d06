"""Least squares with several regressors: LINEST, LOGEST, TREND, GROWTH."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Kind, Values

from .declare import Failing, Logical, Range, Result, array
from .samples import first_error

Floats: TypeAlias = NDArray[np.float64]


@record
class _Data:
    """Observations y (n,), regressors x (n, k), and the shape that y has on the sheet."""

    y: Floats
    x: Floats
    shape: tuple[int, int]

    @property
    def by_rows(self) -> bool:
        """Tell whether each regressor is a row (y is a row)."""
        return self.shape[0] == 1 and self.shape[1] > 1


@record
class _Fit:
    """Coefficients (k,) and intercept with their standard errors; a regressor that others explain has both 0."""

    slopes: Floats
    intercept: float
    slope_errors: Floats
    intercept_error: float | None
    explained: float
    residual: float
    freedom: int


@array()
def LINEST(known_ys: Range, known_xs: Range = None, const: Logical = True, stats: Logical = False) -> Result:
    """Coefficients of the best line or plane, the last regressor's first and the intercept last.

    with ``stats`` five rows: standard errors, R² and error of y, F and degrees of freedom, explained and residual
    squares. #VALUE! unless all are numbers, #REF! where sizes differ. Source: Microsoft support, LINEST function.
    """
    data = _data(known_ys, known_xs)
    return data if isinstance(data, Error) else _report(_fit(data, bool(const)), bool(stats), False)


@array()
def LOGEST(known_ys: Range, known_xs: Range = None, const: Logical = True, stats: Logical = False) -> Result:
    """Like LINEST for y = b·m1^x1·m2^x2…, fitted to the logarithms of y; #NUM! where y is not positive.

    Source: Microsoft support, LOGEST function.
    """
    data = _logarithmic(_data(known_ys, known_xs))
    return data if isinstance(data, Error) else _report(_fit(data, bool(const)), bool(stats), True)


@array()
def TREND(known_ys: Range, known_xs: Range = None, new_xs: Range = None, const: Logical = True) -> Result:
    """Heights of the best line or plane at new places (default: the known ones); errors as LINEST.

    Source: Microsoft support, TREND function.
    """
    return _predict(_data(known_ys, known_xs), known_xs, new_xs, bool(const))


@array()
def GROWTH(known_ys: Range, known_xs: Range = None, new_xs: Range = None, const: Logical = True) -> Result:
    """Heights of the best exponential curve at new places (default: the known ones); errors as LOGEST.

    Source: Microsoft support, GROWTH function.
    """
    found = _predict(_logarithmic(_data(known_ys, known_xs)), known_xs, new_xs, bool(const))
    return found if isinstance(found, Error) else np.exp(found)


def _data(known_ys: Values, known_xs: Values | None) -> _Data | Error:
    given = [known_ys] if known_xs is None else [known_ys, known_xs]
    error = first_error(*given)
    if error is not None:
        return error
    if any(values.kind is not None and (values.kind != Kind.NUMBER).any() for values in given):
        return Error.VALUE
    y = known_ys.data
    x = np.arange(1.0, y.size + 1).reshape(y.shape) if known_xs is None else known_xs.data
    regressors = _regressors(x, y.shape, y.size)
    return Error.REF if regressors is None else _Data(y.ravel(), regressors, (y.shape[0], y.shape[1]))


def _regressors(x: Floats, shape: tuple[int, ...], count: int) -> Floats | None:
    """Arrange regressors as (n, k): columns beside a column y, rows below a row y, else one of y's own size."""
    if shape[1] == 1 and x.shape[0] == count:
        return x
    if shape[0] == 1 and x.shape[1] == count:
        return x.T
    return x.reshape(-1, 1) if x.size == count else None


def _logarithmic(data: _Data | Error) -> _Data | Error:
    if isinstance(data, Error):
        return data
    return Error.NUM if (data.y <= 0).any() else _Data(np.log(data.y), data.x, data.shape)


def _fit(data: _Data, const: bool) -> _Fit:
    n, k = data.x.shape
    x_mean, y_mean = (data.x.mean(axis=0), float(data.y.mean())) if const else (np.zeros(k), 0.0)
    x, y = data.x - x_mean, data.y - y_mean
    kept = _independent(x)
    q, r = np.linalg.qr(x[:, kept])
    slopes = np.zeros(k)
    slopes[kept] = np.linalg.solve(r, q.T @ y)
    residuals = y - x @ slopes
    residual = float(residuals @ residuals)
    explained = float(y @ y) - residual
    freedom = n - len(kept) - int(const)
    variance = residual / freedom if freedom > 0 else 0.0
    inverse = np.linalg.inv(r)
    covariance = inverse @ inverse.T
    errors = np.zeros(k)
    errors[kept] = np.sqrt(variance * np.diag(covariance))
    at_mean = x_mean[kept]
    error = float(np.sqrt(variance * (1 / n + at_mean @ covariance @ at_mean))) if const else None
    return _Fit(slopes, y_mean - float(x_mean @ slopes), errors, error, explained, residual, freedom)


def _independent(x: Floats) -> list[int]:
    """Return the columns that those before them do not explain."""
    kept: list[int] = []
    basis: list[Floats] = []
    for i in range(x.shape[1]):
        rest = x[:, i].copy()
        for direction in basis * 2:
            rest -= direction * (direction @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-10 * float(np.linalg.norm(x[:, i])):
            kept.append(i)
            basis.append(rest / size)
    return kept


def _report(fit: _Fit, stats: bool, exponential: bool) -> Result:
    found = np.append(fit.slopes[::-1], fit.intercept)
    if exponential:
        found = np.exp(found)
    if not stats:
        return found.reshape(1, -1)
    table = np.zeros((5, len(found)))
    codes = np.zeros(table.shape, dtype=np.uint8)
    codes[2:, 2:] = Error.NA.code
    table[0] = found
    table[1, :-1] = fit.slope_errors[::-1]
    table[1, -1] = 0.0 if fit.intercept_error is None else fit.intercept_error
    codes[1, -1] = Error.NA.code if fit.intercept_error is None else 0
    total = fit.explained + fit.residual
    regressors = max(int((fit.slope_errors != 0).sum()), 1)
    table[2, 0] = fit.explained / total if total else 1.0
    table[2, 1] = np.sqrt(fit.residual / fit.freedom) if fit.freedom > 0 else 0.0
    table[3, 0] = fit.explained / regressors / (fit.residual / fit.freedom) if fit.freedom > 0 and fit.residual else 0.0
    codes[3, 0] = 0 if fit.freedom > 0 and fit.residual else Error.NUM.code
    table[3, 1] = max(fit.freedom, 0)
    table[4, :2] = fit.explained, fit.residual
    return Failing(table, codes)


def _predict(data: _Data | Error, known_xs: Values | None, new_xs: Values | None, const: bool) -> Floats | Error:
    if isinstance(data, Error):
        return data
    fit = _fit(data, const)
    source = known_xs if new_xs is None else new_xs
    if source is None:
        return (data.x @ fit.slopes + fit.intercept).reshape(data.shape)
    error = first_error(source)
    if error is not None:
        return error
    if source.kind is not None and (source.kind != Kind.NUMBER).any():
        return Error.VALUE
    k = data.x.shape[1]
    if k == 1:
        return np.asarray(source.data * fit.slopes[0] + fit.intercept)
    if data.by_rows:
        return (fit.slopes @ source.data + fit.intercept).reshape(1, -1) if source.shape[0] == k else Error.REF
    return (source.data @ fit.slopes + fit.intercept).reshape(-1, 1) if source.shape[1] == k else Error.REF
