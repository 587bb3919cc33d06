"""Depreciation: SLN, SYD, DB, DDB, VDB and the French AMORLINC and AMORDEGRC."""

from __future__ import annotations

import math

import numpy as np

from sheetgrad.sheets.values import Error, Scalar

from .daycount import is_date, year_fraction
from .declare import Context, Logical, Number, Result, Strict, elementwise, fail, scalar


@elementwise()
def SLN(cost: Number, salvage: Number, life: Number) -> Result:
    """Straight-line depreciation of one period; #DIV/0! for no life. Source: Microsoft support, SLN function."""
    return fail((cost - salvage) / np.where(life == 0, np.nan, life), life == 0, Error.DIV0)


@elementwise()
def SYD(cost: Number, salvage: Number, life: Number, per: Number) -> Result:
    """Sum-of-years' digits depreciation of a period; #NUM! for a period outside the life.

    Source: Microsoft support, SYD.
    """
    wrong = (life <= 0) | (per <= 0) | (per > life)
    return fail((cost - salvage) * (life - per + 1) * 2 / (life * (life + 1)), wrong, Error.NUM)


@scalar()
def DB(cost: Number, salvage: Number, life: Number, period: Number, month: Number = 12) -> Scalar:
    """Fixed-declining balance depreciation of a period, the rate cut to three digits; #NUM! for numbers out of range.

    Source: Microsoft support, DB function.
    """
    months, periods = int(month), int(period)
    if life <= 0 or period < 1 or not 1 <= months <= 12 or salvage < 0 or cost < 0 or periods > life + 1:
        return Error.NUM
    if cost == 0:
        return 0.0
    rate = math.floor((1 - (salvage / cost) ** (1 / life)) * 1000 + 0.5) / 1000
    worn = cost * rate * months / 12
    if periods == 1:
        return worn
    total = worn
    for _ in range(2, min(periods, int(life)) + 1):
        worn = (cost - total) * rate
        total += worn
        if worn == 0:
            break
    return (cost - total) * rate * (12 - months) / 12 if periods > life else worn


@scalar()
def DDB(cost: Number, salvage: Number, life: Number, period: Number, factor: Number = 2) -> Scalar:
    """Declining balance depreciation of a period by a factor, never below salvage; #NUM! for numbers out of range.

    Source: Microsoft support, DDB function.
    """
    if cost < 0 or salvage < 0 or life <= 0 or period <= 0 or period > life or factor <= 0:
        return Error.NUM
    return _declining(cost, salvage, life, period, factor)


@scalar()
def VDB(
    cost: Number,
    salvage: Number,
    life: Number,
    start_period: Number,
    end_period: Number,
    factor: Number = 2,
    no_switch: Logical = False,
) -> Scalar:
    """Declining balance depreciation between two times, going over to straight line where that is more.

    #NUM! for numbers out of range. Source: Microsoft support, VDB function; OpenFormula 1.2 §6.12.50.
    """
    if cost < 0 or salvage < 0 or life <= 0 or start_period < 0 or start_period > end_period or end_period > life:
        return Error.NUM
    if factor < 0 or end_period - start_period > 1e6:
        return Error.NUM
    if no_switch:
        first, last = math.floor(start_period), math.ceil(end_period)
        total = 0.0
        for period in range(first + 1, last + 1):
            share = min(period, end_period) - max(period - 1, start_period)
            total += share * _declining(cost, salvage, life, period, factor)
        return total
    return _switching(cost, salvage, life, end_period, factor) - _switching(cost, salvage, life, start_period, factor)


@scalar()
def AMORLINC(
    cost: Strict,
    date_purchased: Strict,
    first_period: Strict,
    salvage: Strict,
    period: Strict,
    rate: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Linear depreciation of a period in the French way, the first by its share of a year.

    #NUM! for numbers out of range.

    Source: Microsoft support, AMORLINC function; OpenFormula 1.2 §6.12.4.
    """
    share = _first_share(cost, date_purchased, first_period, salvage, period, rate, basis, context)
    if isinstance(share, Error):
        return share
    whole, first = cost * rate, cost * rate * share
    full = int((cost - salvage - first) / whole)
    if int(period) == 0:
        return first
    if int(period) <= full:
        return whole
    return cost - salvage - whole * full - first if int(period) == full + 1 else 0.0


@scalar()
def AMORDEGRC(
    cost: Strict,
    date_purchased: Strict,
    first_period: Strict,
    salvage: Strict,
    period: Strict,
    rate: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Degressive depreciation of a period in the French way, by a coefficient that grows with life, in whole units.

    #NUM! for numbers out of range. Source: Microsoft support, AMORDEGRC function; OpenFormula 1.2 §6.12.3.
    """
    share = _first_share(cost, date_purchased, first_period, salvage, period, rate, basis, context)
    if isinstance(share, Error):
        return share
    life = 1 / rate
    if 0 < life < 3 or 4 < life < 5:
        return Error.NUM
    rate *= 1.0 if life < 3 else 1.5 if life <= 4 else 2.0 if life <= 6 else 2.5
    worn = math.floor(share * rate * cost + 0.5)
    cost -= worn
    rest = cost - salvage
    for step in range(int(min(period, 1e6))):
        worn = math.floor(rate * cost + 0.5)
        rest -= worn
        if rest < 0:
            return float(math.floor(cost * 0.5 + 0.5)) if int(period) - step in (1, 2) else 0.0
        cost -= worn
    return float(worn)


def _declining(cost: float, salvage: float, life: float, period: float, factor: float) -> float:
    rate = min(factor / life, 1.0)
    before = (cost if period == 1 else 0.0) if rate == 1 else cost * (1 - rate) ** (period - 1)
    after = cost * (1 - rate) ** period
    return max(before - max(after, salvage), 0.0)


def _switching(cost: float, salvage: float, life: float, until: float, factor: float) -> float:
    """Return the depreciation from the start until a time, with the switch to straight line."""
    total, left, linear = 0.0, cost - salvage, None
    for period in range(1, math.ceil(until) + 1):
        worn = _declining(cost, salvage, life, period, factor)
        if linear is None:
            straight = left / (life - (period - 1))
            if straight > worn:
                linear = straight
        if linear is not None:
            worn = linear
        total += worn * min(1.0, until - (period - 1))
        left -= worn
    return total


def _first_share(
    cost: float,
    date_purchased: float,
    first_period: float,
    salvage: float,
    period: float,
    rate: float,
    basis: float,
    context: Context,
) -> float | Error:
    """Return the first period's part of a year, after checking all arguments."""
    bought, first, kind = int(date_purchased // 1), int(first_period // 1), int(basis)
    if kind not in (0, 1, 3, 4) or not (is_date(bought, context) and is_date(first, context)) or bought > first:
        return Error.NUM
    if cost <= 0 or salvage < 0 or salvage > cost or period < 0 or rate <= 0:
        return Error.NUM
    share = year_fraction(bought, first, kind, context)
    return share if share else 1.0
