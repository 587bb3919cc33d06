"""Values and rates of return of cash flows: NPV, IRR, MIRR at even steps; XNPV, XIRR by dates; FVSCHEDULE."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.numerals import parse_number
from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Floats, Kind, Values

from .daycount import is_date
from .declare import Array, Context, Number, Numbers, Result, Strict, array, fail, reduction

_ROUNDS = 100
_YEAR = 365.0
_LEAST_RATE = -1 + 1e-9


@reduction()
def NPV(rate: Number, *values: Numbers) -> Result:
    """Present value of cash flows at the ends of periods; cells without a number count for nothing, not as 0.

    Source: Microsoft support, NPV function.
    """
    x, valid = values
    periods = np.arange(1.0, x.shape[-1] + 1) if valid is None else np.cumsum(valid, axis=-1).astype(np.float64)
    base = 1 + np.asarray(rate)[..., None]
    return fail((x / np.power(base, periods)).sum(axis=-1), np.asarray(rate) == -1, Error.DIV0)


@array()
def IRR(values: Array, guess: Number = 0.1) -> Result:
    """Rate at which cash flows are worth nothing, by iteration from a guess; cells without a number count for nothing.

    #NUM! without both signs or where no rate is found, #VALUE! for a guess of -1 or below.
    Source: Microsoft support, IRR function.
    """
    flows = _flows(values)
    if isinstance(flows, Error):
        return flows
    if guess <= -1:
        return Error.VALUE
    if not ((flows > 0).any() and (flows < 0).any()):
        return Error.NUM
    return _root(flows, np.arange(len(flows), dtype=np.float64), guess)


@array()
def MIRR(values: Array, finance_rate: Number, reinvest_rate: Number) -> Result:
    """Rate of return with outflows financed at one rate and inflows reinvested at another; #DIV/0! without both signs.

    Source: Microsoft support, MIRR function.
    """
    flows = _flows(values)
    if isinstance(flows, Error):
        return flows
    if not (flows < 0).any() or len(flows) < 2:
        return Error.DIV0
    steps = np.arange(len(flows))
    with np.errstate(all="ignore"):
        lost, won = flows < 0, flows > 0
        paid = (flows[lost] / _powers(1 + finance_rate, steps[lost])).sum()
        earned = (flows[won] * _powers(1 + reinvest_rate, steps[::-1][won])).sum()
        ratio = float(-earned / paid)
        return float(np.power(ratio, 1 / (len(flows) - 1)) - 1)


@array()
def XNPV(rate: Strict, values: Array, dates: Array, context: Context = None) -> Result:
    """Present value of dated cash flows, in years of 365 days from the first; #NUM! for dates before it.

    Source: Microsoft support, XNPV function.
    """
    if (values.kinds != Kind.NUMBER).any() and not (values.kinds == Kind.ERROR).any():
        return Error.NUM
    found = _dated(values, dates, context)
    if isinstance(found, Error):
        return found
    if rate < 0:
        return Error.NUM
    return float((found[0] * np.power(1 + rate, -found[1])).sum())


@array()
def XIRR(values: Array, dates: Array, guess: Number = 0.1, context: Context = None) -> Result:
    """Rate at which dated cash flows are worth nothing; #NUM! without both signs or where none is found.

    Source: Microsoft support, XIRR function.
    """
    found = _dated(values, dates, context)
    if isinstance(found, Error):
        return found
    flows, years = found
    if guess <= -1 or not ((flows > 0).any() and (flows < 0).any()):
        return Error.NUM
    return _root(flows, years, guess)


@array()
def FVSCHEDULE(principal: Strict, schedule: Array) -> Result:
    """Principal grown by a series of rates; empty cells are 0, #VALUE! for text.

    Source: Microsoft support, FVSCHEDULE.
    """
    kinds = schedule.kinds
    if (kinds == Kind.ERROR).any():
        return ERRORS_BY_CODE[int(schedule.data[kinds == Kind.ERROR][0])]
    if ((kinds == Kind.TEXT) | (kinds == Kind.BOOL)).any():
        return Error.VALUE
    return float(principal * np.prod(1 + np.where(kinds == Kind.NUMBER, schedule.data, 0.0)))


def _flows(values: Values) -> Floats | Error:
    kinds = values.kinds
    if (kinds == Kind.ERROR).any():
        return ERRORS_BY_CODE[int(values.data[kinds == Kind.ERROR][0])]
    return values.data[kinds == Kind.NUMBER]


def _powers(base: float, exponents: NDArray[np.int64]) -> Floats:
    return np.power(np.float64(base), exponents)


def _dated(values: Values, dates: Values, context: Context) -> tuple[Floats, Floats] | Error:
    """Return cash flows and their years from the first date."""
    flows, days = _strict(values, context), _strict(dates, context)
    if isinstance(flows, Error):
        return flows
    if isinstance(days, Error):
        return days
    days = np.floor(days)
    if len(flows) != len(days) or not len(days) or not all(is_date(day, context) for day in days):
        return Error.NUM
    if (days < days[0]).any():
        return Error.NUM
    return flows, (days - days[0]) / _YEAR


def _strict(values: Values, context: Context) -> Floats | Error:
    """Return all values as numbers; empty ones are 0, logicals and text that is no number are #VALUE!."""
    found = []
    for payload, kind in zip(values.data.ravel().tolist(), values.kinds.ravel().tolist(), strict=True):
        if kind == Kind.ERROR:
            return ERRORS_BY_CODE[int(payload)]
        number = parse_number(context.strings.texts[int(payload)]) if kind == Kind.TEXT else payload
        if number is None or kind == Kind.BOOL:
            return Error.VALUE
        found.append(number)
    return np.array(found)


def _root(flows: Floats, years: Floats, guess: float) -> float | Error:
    """Find the rate by Newton's method, kept above -1; #NUM! where it does not settle."""
    rate = guess
    with np.errstate(all="ignore"):
        for _ in range(_ROUNDS):
            factors = np.power(1 + rate, -years)
            worth = float((flows * factors).sum())
            slope = float((-years * flows * factors).sum()) / (1 + rate)
            if not np.isfinite(worth) or not np.isfinite(slope) or slope == 0:
                return Error.NUM
            following = rate - worth / slope
            if following <= -1:
                following = (rate - 1) / 2
            if abs(following - rate) <= 1e-12 * max(1.0, abs(rate)):
                return following if following > _LEAST_RATE else Error.NUM
            rate = following
    return Error.NUM
