"""Constant payments at a constant rate: PMT, PV, FV, NPER, RATE and the interest and principal parts of payments.

All solve pv·(1+r)^n + pmt·(1+r·type)·((1+r)^n - 1)/r + fv = 0, which is pv + pmt·n + fv = 0 where r is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.grid import CELL_BUDGET
from sheetgrad.sheets.values import Error, Floats, Scalar

from .declare import Number, Result, Strict, elementwise, fail, scalar

_ROUNDS = 128  # enough for a loan of fifty years, by the month; from 0.1 Excel too does not find 0.025 in 3,300 periods
_CLOSE, _SETTLED, _BALANCED = 1e-7, 1e-14, 1e-9


@elementwise()
def PV(rate: Number, nper: Number, pmt: Number, fv: Number = 0, type: Number = 0) -> Result:
    """Present value of payments; #NUM! for a rate of -1 or below that has no power.

    Source: Microsoft support, PV function.
    """
    growth, annuity = _factors(rate, nper, type)
    return -(fv + pmt * annuity) / growth


@elementwise()
def FV(rate: Number, nper: Number, pmt: Number, pv: Number = 0, type: Number = 0) -> Result:
    """Future value of payments. Source: Microsoft support, FV function."""
    growth, annuity = _factors(rate, nper, type)
    return fail(-(pv * growth + pmt * annuity), (rate == -1) & (nper < 0), Error.DIV0)


@elementwise()
def PMT(rate: Number, nper: Number, pv: Number, fv: Number = 0, type: Number = 0) -> Result:
    """Payment that settles a loan; #NUM! for no periods or a rate of -1 or below.

    Source: Microsoft support, PMT function.
    """
    return fail(_payment(rate, nper, pv, fv, type), (nper == 0) | (rate <= -1), Error.NUM)


@elementwise()
def NPER(rate: Number, pmt: Number, pv: Number, fv: Number = 0, type: Number = 0) -> Result:
    """Number of periods that settle a loan; #NUM! where there is none. Source: Microsoft support, NPER function."""
    due = pmt * (1 + rate * (type != 0))
    grown = np.log((due - fv * rate) / (due + pv * rate)) / np.log1p(rate)
    result = np.where(rate == 0, -(pv + fv) / np.where(pmt == 0, np.nan, pmt), grown)
    return fail(result, rate <= -1, Error.NUM)


@elementwise()
def IPMT(rate: Number, per: Number, nper: Number, pv: Number, fv: Number = 0, type: Number = 0) -> Result:
    """Interest part of a payment; #NUM! for a period below 1 or beyond the last.

    Source: Microsoft support, IPMT function.
    """
    return fail(_interest(rate, per, nper, pv, fv, type), _no_period(rate, per, nper), Error.NUM)


@elementwise()
def PPMT(rate: Number, per: Number, nper: Number, pv: Number, fv: Number = 0, type: Number = 0) -> Result:
    """Principal part of a payment; #NUM! for a period below 1 or beyond the last.

    Source: Microsoft support, PPMT function.
    """
    return fail(_principal(rate, per, nper, pv, fv, type), _no_period(rate, per, nper), Error.NUM)


@elementwise()
def ISPMT(rate: Number, per: Number, nper: Number, pv: Number) -> Result:
    """Interest of a loan paid back in equal parts; #DIV/0! for no periods.

    Source: Microsoft support, ISPMT function.
    """
    return fail(pv * rate * (per / np.where(nper == 0, np.nan, nper) - 1), nper == 0, Error.DIV0)


@scalar()
def CUMIPMT(rate: Strict, nper: Strict, pv: Strict, start_period: Strict, end_period: Strict, type: Strict) -> Scalar:
    """Interest paid from one period to another; #NUM! for numbers out of range.

    Source: Microsoft support, CUMIPMT function.
    """
    return _cumulated(_interest, rate, nper, pv, start_period, end_period, type)


@scalar()
def CUMPRINC(rate: Strict, nper: Strict, pv: Strict, start_period: Strict, end_period: Strict, type: Strict) -> Scalar:
    """Principal paid from one period to another; #NUM! for numbers out of range.

    Source: Microsoft support, CUMPRINC.
    """
    return _cumulated(_principal, rate, nper, pv, start_period, end_period, type)


@scalar()
def RATE(nper: Number, pmt: Number, pv: Number, fv: Number = 0, type: Number = 0, guess: Number = 0.1) -> Scalar:
    """Rate of a loan, by iteration from a guess; #NUM! where none is found.

    Source: Microsoft support, RATE function.
    """
    due = 1.0 if type else 0.0
    if nper <= 0:
        return Error.NUM

    def terms(rate: float) -> tuple[float, float, float]:
        gain = math.expm1(nper * math.log1p(rate))
        return pv * (gain + 1), pmt * (1 + rate * due) * (gain / rate if rate else nper), fv

    try:
        rate = _secant(lambda rate: sum(terms(rate)), guess)
        left_over = abs(sum(terms(rate))) > _BALANCED * sum(map(abs, terms(rate)))
    except (OverflowError, ZeroDivisionError, ValueError):
        return Error.NUM
    return Error.NUM if left_over or rate < _CLOSE - 1 else rate


def _secant(function: Callable[[float], float], guess: float) -> float:
    """Search for a root by the secant method, for as long as Excel does about; raises `ValueError` from -100 % down."""
    x0, x1 = guess, guess * 1.01 + 1e-4
    y0, y1 = function(x0), function(x1)
    for _ in range(_ROUNDS):
        if y1 == y0 or abs(x1 - x0) < _SETTLED:
            break
        x0, x1, y0 = x1, x1 - y1 * (x1 - x0) / (y1 - y0), y1
        y1 = function(x1)
    return x1


def _factors(rate: Floats, nper: Floats, type: Floats) -> tuple[Floats, Floats]:
    """Return (1+r)^n and what a payment of 1 a period grows to."""
    growth = np.power(1 + rate, nper)
    safe = np.where(rate == 0, 1.0, rate)
    annuity = (1 + rate * (np.asarray(type) != 0)) * (growth - 1) / safe
    return growth, np.where(rate == 0, nper, annuity)


def _payment(rate: Floats, nper: Floats, pv: Floats, fv: Floats, type: Floats) -> Floats:
    growth, annuity = _factors(rate, nper, type)
    return -(pv * growth + fv) / np.where(annuity == 0, np.nan, annuity)


def _interest(rate: Floats, per: Floats, nper: Floats, pv: Floats, fv: Floats, type: Floats) -> Floats:
    """Interest on what is owed before the payment; the first payment in advance bears none."""
    payment = _payment(rate, nper, pv, fv, type)
    advance = np.asarray(type) != 0
    growth, annuity = _factors(rate, per - 1, type)
    owed = -(pv * growth + payment * annuity)
    interest = np.where(advance, owed * rate / (1 + rate), owed * rate)
    return np.where(advance & (np.asarray(per) == 1), 0.0, interest)


def _principal(rate: Floats, per: Floats, nper: Floats, pv: Floats, fv: Floats, type: Floats) -> Floats:
    """Principal paid: it grows by the rate from payment to payment (so no close numbers are subtracted)."""
    advance = np.asarray(type) != 0
    growth = np.power(1 + rate, nper) - 1
    first = -(pv + fv) * np.where(rate == 0, 1 / nper, rate / np.where(growth == 0, np.nan, growth))
    part = first * np.power(1 + rate, per - 1 - advance)
    return np.where(advance & (np.asarray(per) == 1), _payment(rate, nper, pv, fv, type), part)


def _no_period(rate: Floats, per: Floats, nper: Floats) -> NDArray[np.bool_]:
    return (per < 1) | (per >= nper + 1) | (rate <= -1)


def _cumulated(
    part: object, rate: float, nper: float, pv: float, start_period: float, end_period: float, type: float
) -> Scalar:
    assert callable(part)
    first, last = math.ceil(start_period), int(end_period)
    if rate <= 0 or nper <= 0 or pv <= 0 or start_period < 1 or end_period < 1 or start_period > end_period:
        return Error.NUM
    if type not in (0, 1) or last > nper or last - first > CELL_BUDGET:
        return Error.NUM
    periods = np.arange(first, last + 1, dtype=np.float64)
    with np.errstate(all="ignore"):
        total = part(np.float64(rate), periods, np.float64(nper), np.float64(pv), np.float64(0), np.float64(type)).sum()
    return float(total)
