"""Two samples side by side: CORREL, COVARIANCE, SLOPE and their kin; tests of hypotheses; PROB.

Pairs in which either cell holds no number are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Array, Number, Range, Result, array, fail, lookup
from .samples import Floats, paired, sample
from .student import chisq_above, f_above, t_below

Mask: TypeAlias = NDArray[np.bool_]
OfPairs: TypeAlias = Callable[[Floats, Floats], "float | Error"]


@array("CORREL", "PEARSON")
def correl(array1: Array, array2: Array) -> Result:
    """Correlation of two samples.

    #N/A where they differ in size, #DIV/0! of no spread. Source: Microsoft support, CORREL function.
    """
    return _of_pairs(array1, array2, _correlation)


@array()
def RSQ(known_ys: Array, known_xs: Array) -> Result:
    """Squared correlation; errors as CORREL. Source: Microsoft support, RSQ function."""
    return _of_pairs(known_ys, known_xs, lambda y, x: _squared(_correlation(y, x)))


@array("COVARIANCE.P", "COVAR")
def covariance_p(array1: Array, array2: Array) -> Result:
    """Covariance of a population; #N/A where the samples differ in size, #DIV/0! of no pair.

    Source: Microsoft support, COVARIANCE.P function.
    """
    return _of_pairs(array1, array2, lambda x, y: _covariance(x, y, 0))


@array("COVARIANCE.S")
def covariance_s(array1: Array, array2: Array) -> Result:
    """Covariance of a sample; #N/A where the samples differ in size, #DIV/0! of fewer than two pairs.

    Source: Microsoft support, COVARIANCE.S function.
    """
    return _of_pairs(array1, array2, lambda x, y: _covariance(x, y, 1))


@array()
def SLOPE(known_ys: Array, known_xs: Array) -> Result:
    """Slope of the regression line; #N/A where the samples differ in size, #DIV/0! where x does not vary.

    Source: Microsoft support, SLOPE function.
    """
    return _of_pairs(known_ys, known_xs, lambda y, x: _line(y, x, lambda slope, _: slope))


@array()
def INTERCEPT(known_ys: Array, known_xs: Array) -> Result:
    """Height of the regression line at 0; errors as SLOPE. Source: Microsoft support, INTERCEPT function."""
    return _of_pairs(known_ys, known_xs, lambda y, x: _line(y, x, lambda _, intercept: intercept))


@array()
def STEYX(known_ys: Array, known_xs: Array) -> Result:
    """Standard error of the regression line; #DIV/0! of fewer than three pairs or where x does not vary, #N/A where the
    samples differ in size. Source: Microsoft support, STEYX function."""
    return _of_pairs(known_ys, known_xs, _standard_error)


@lookup("FORECAST.LINEAR", "FORECAST")
def forecast_linear(x: Number, known_ys: Array, known_xs: Array) -> Result:
    """Height of the regression line at x; errors as SLOPE. Source: Microsoft support, FORECAST.LINEAR function."""
    pairs = paired(known_ys, known_xs)
    if isinstance(pairs, Error):
        return pairs
    dy, dx = _centred(pairs[0]), _centred(pairs[1])
    spread = float((dx * dx).sum())
    if spread == 0:
        return Error.DIV0
    slope = float((dx * dy).sum()) / spread
    return np.asarray(pairs[0].mean() + slope * (x - pairs[1].mean()))


@array("CHISQ.TEST", "CHITEST")
def chisq_test(actual_range: Array, expected_range: Array) -> Result:
    """Probability of deviations from the expected as great by chance.

    #N/A where the ranges differ in shape or are single cells, #DIV/0! where 0 is expected, #NUM! for a negative
    statistic. Source: Microsoft support, CHISQ.TEST function.
    """
    if actual_range.shape != expected_range.shape or actual_range.data.size < 2:
        return Error.NA
    pairs = paired(actual_range, expected_range)
    if isinstance(pairs, Error):
        return pairs
    actual, expected = pairs
    if (expected == 0).any() or not len(expected):
        return Error.DIV0
    statistic = float(((actual - expected) ** 2 / expected).sum())
    rows, columns = actual_range.shape
    freedom = (rows - 1) * (columns - 1) if rows > 1 and columns > 1 else rows * columns - 1
    if statistic < 0:
        return Error.NUM
    return float(chisq_above(np.array(statistic), np.array(float(freedom))))


@array("F.TEST", "FTEST")
def f_test(array1: Array, array2: Array) -> Result:
    """Probability, two-tailed, that two variances differ as much by chance.

    #DIV/0! of fewer than two numbers or no spread. Source: Microsoft support, F.TEST function.
    """
    first, second = sample(array1), sample(array2)
    if isinstance(first, Error):
        return first
    if isinstance(second, Error):
        return second
    if min(len(first), len(second)) < 2 or first.var() == 0 or second.var() == 0:
        return Error.DIV0
    ratio = first.var(ddof=1) / second.var(ddof=1)
    above = float(f_above(ratio, np.array(len(first) - 1.0), np.array(len(second) - 1.0)))
    return 2 * min(above, 1 - above)


@array("T.TEST", "TTEST")
def t_test(array1: Array, array2: Array, tails: Number, type: Number) -> Result:
    """Probability of means as different by chance: type 1 paired, 2 equal variances, 3 unequal ones.

    #N/A where pairs differ in size, #NUM! for other tails or types, #DIV/0! of too few numbers. (Support: T.TEST
    function)
    """
    sides, kind = int(tails), int(type)
    if sides not in (1, 2) or kind not in (1, 2, 3):
        return Error.NUM
    if kind == 1:
        pairs = paired(array1, array2)
        return pairs if isinstance(pairs, Error) else _paired_test(pairs[0] - pairs[1], sides)
    first, second = sample(array1), sample(array2)
    if isinstance(first, Error):
        return first
    return second if isinstance(second, Error) else _means_test(first, second, sides, kind == 2)


@lookup("Z.TEST", "ZTEST")
def z_test(array: Array, x: Number, sigma: Number = None) -> Result:
    """Probability of a sample mean as great by chance if the true mean is x.

    #N/A of no number, #DIV/0! of no spread, #NUM! for a deviation that is not positive. Source: Microsoft support,
    Z.TEST function.
    """
    from scipy.special import ndtr

    numbers = sample(array)
    if isinstance(numbers, Error):
        return numbers
    if not len(numbers):
        return Error.NA
    if sigma is None and (len(numbers) < 2 or numbers.var() == 0):
        return Error.DIV0
    spread = numbers.std(ddof=1) if sigma is None else sigma
    found = ndtr(-(numbers.mean() - x) / (spread / np.sqrt(len(numbers))))
    return fail(found, np.asarray(spread <= 0) | np.zeros(x.shape, dtype=np.bool_), Error.NUM)


@lookup()
def PROB(x_range: Array, prob_range: Array, lower_limit: Number, upper_limit: Number = None) -> Result:
    """Probability that a value lies between two limits, or equals one.

    #NUM! unless the probabilities lie in (0, 1] and sum to 1, #N/A where the ranges differ in size, #DIV/0! of no pair.
    Source: Microsoft support, PROB function.
    """
    pairs = paired(x_range, prob_range)
    if isinstance(pairs, Error):
        return pairs
    x, p = pairs
    if not len(x):
        return Error.DIV0
    if (p <= 0).any() or (p > 1).any() or abs(p.sum() - 1) > 1e-7:
        return Error.NUM
    upper = lower_limit if upper_limit is None else upper_limit
    inside = (x >= lower_limit[:, None]) & (x <= upper[:, None])
    return np.asarray((inside * p).sum(axis=1))


def _of_pairs(first: Range, second: Range, function: OfPairs) -> Result:
    pairs = paired(first, second)
    return pairs if isinstance(pairs, Error) else function(*pairs)


def _centred(x: Floats) -> Floats:
    return x - x.mean() if len(x) else x


def _correlation(x: Floats, y: Floats) -> float | Error:
    dx, dy = _centred(x), _centred(y)
    spread = float(np.sqrt((dx * dx).sum()) * np.sqrt((dy * dy).sum()))
    return Error.DIV0 if spread == 0 else float((dx * dy).sum()) / spread


def _squared(value: float | Error) -> float | Error:
    return value if isinstance(value, Error) else value * value


def _covariance(x: Floats, y: Floats, lost: int) -> float | Error:
    if len(x) <= lost:
        return Error.DIV0
    return float((_centred(x) * _centred(y)).sum()) / (len(x) - lost)


def _line(y: Floats, x: Floats, pick: Callable[[float, float], float]) -> float | Error:
    dx = _centred(x)
    spread = float((dx * dx).sum())
    if spread == 0:
        return Error.DIV0
    slope = float((dx * _centred(y)).sum()) / spread
    return pick(slope, float(y.mean() - slope * x.mean()))


def _standard_error(y: Floats, x: Floats) -> float | Error:
    dx, dy = _centred(x), _centred(y)
    spread = float((dx * dx).sum())
    if len(x) < 3 or spread == 0:
        return Error.DIV0
    rest = float((dy * dy).sum()) - float((dx * dy).sum()) ** 2 / spread
    return float(np.sqrt(max(rest, 0.0) / (len(x) - 2)))


def _paired_test(difference: Floats, sides: int) -> float | Error:
    n = len(difference)
    if n < 2 or difference.var() == 0:
        return Error.DIV0
    statistic = abs(difference.mean()) / (difference.std(ddof=1) / np.sqrt(n))
    return sides * float(t_below(-statistic, np.array(n - 1.0)))


def _means_test(first: Floats, second: Floats, sides: int, pooled: bool) -> float | Error:
    n, m = len(first), len(second)
    if n < 2 or m < 2:
        return Error.DIV0
    a, b = first.var(ddof=1) / n, second.var(ddof=1) / m
    freedom = n + m - 2.0
    if pooled:
        shared = (a * n * (n - 1) + b * m * (m - 1)) / freedom
        a, b = shared / n, shared / m
    if a + b == 0:
        return Error.DIV0
    if not pooled:
        freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    statistic = abs(first.mean() - second.mean()) / np.sqrt(a + b)
    return sides * float(t_below(-statistic, np.array(freedom)))
