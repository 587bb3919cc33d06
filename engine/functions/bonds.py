"""Bonds with regular coupons. Prices are per 100 of face value, without accrued interest."""

from __future__ import annotations

from collections.abc import Callable

from sheetgrad.sheets.values import Error, Scalar

from .coupons import checked_coupons, period_days
from .daycount import days_between
from .declare import Context, Strict, scalar

_ROUNDS = 100


@scalar()
def PRICE(
    settlement: Strict,
    maturity: Strict,
    rate: Strict,
    yld: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Price of a bond at a yield; #NUM! for numbers out of range. Source: Microsoft support, PRICE function."""
    stub = _stub(settlement, maturity, frequency, basis, context)
    if isinstance(stub, Error):
        return stub
    if rate < 0 or yld < 0 or redemption <= 0:
        return Error.NUM
    return _price(stub, rate, yld, redemption, int(frequency))


@scalar()
def YIELD(
    settlement: Strict,
    maturity: Strict,
    rate: Strict,
    pr: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Yield of a bond at a price; #NUM! for numbers out of range. Source: Microsoft support, YIELD function."""
    stub = _stub(settlement, maturity, frequency, basis, context)
    if isinstance(stub, Error):
        return stub
    if rate < 0 or pr <= 0 or redemption <= 0:
        return Error.NUM
    times = int(frequency)
    count, gone = stub
    if count > 1:
        return solve_yield(lambda yld: _price(stub, rate, yld, redemption, times) - pr, rate, times)
    paid = pr / 100 + gone * rate / times
    return ((redemption / 100 + rate / times) - paid) / paid * times / (1 - gone)


@scalar()
def DURATION(
    settlement: Strict,
    maturity: Strict,
    coupon: Strict,
    yld: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Macaulay duration in years of a bond of face value 100; #NUM! for numbers out of range.

    Source: Microsoft support, DURATION function.
    """
    if coupon < 0 or yld < 0:
        return Error.NUM
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    if isinstance(found, Error):
        return found
    times, kind = int(frequency), int(basis)
    gone = days_between(found.previous, int(settlement // 1), kind, context) / period_days(found, times, kind)
    first, growth = 1 - gone, 1 + yld / times
    flows = [coupon * 100 / times + (100 if k == found.count - 1 else 0) for k in range(found.count)]
    worth = [flow / growth ** (k + first) for k, flow in enumerate(flows)]
    return sum((k + first) * value for k, value in enumerate(worth)) / sum(worth) / times


@scalar()
def MDURATION(
    settlement: Strict,
    maturity: Strict,
    coupon: Strict,
    yld: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Modified duration: Macaulay's over 1 + yield/frequency; #NUM! for numbers out of range.

    Source: Microsoft support, MDURATION function.
    """
    duration = DURATION(settlement, maturity, coupon, yld, frequency, basis, context)
    return duration if isinstance(duration, Error) else duration / (1 + yld / int(frequency))


def solve_yield(excess: Callable[[float], float], guess: float, frequency: int) -> float | Error:
    """Find the yield at which a price that falls with it meets the wanted one: secants kept within a bracket."""
    low, high = -frequency * 0.999, max(guess, 0.1)
    while excess(high) > 0:
        high *= 2
        if high > 1e6:
            return Error.NUM
    x0, x1 = max(guess, 0.0), max(guess, 0.0) + 0.01
    y0, y1 = excess(x0), excess(x1)
    for _ in range(_ROUNDS):
        if y1 > 0:
            low = max(low, x1)
        else:
            high = min(high, x1)
        following = x1 - y1 * (x1 - x0) / (y1 - y0) if y1 != y0 else x1
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - x1) <= 1e-15 * max(1.0, abs(x1)) or y1 == 0:
            return following
        x0, y0, x1 = x1, y1, following
        y1 = excess(x1)
    return x1


def _stub(
    settlement: float, maturity: float, frequency: float, basis: float, context: Context
) -> tuple[int, float] | Error:
    """Return the number of coupons to come and the part of a period gone at settlement."""
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    if isinstance(found, Error):
        return found
    times, kind, start = int(frequency), int(basis), int(settlement // 1)
    length = period_days(found, times, kind)
    gone = days_between(found.previous, start, kind, context) / length
    return found.count, gone


def _price(stub: tuple[int, float], rate: float, yld: float, redemption: float, frequency: int) -> float:
    count, gone = stub
    left = 1 - gone
    coupon = 100 * rate / frequency
    if count == 1:
        return (coupon + redemption) / (1 + yld / frequency * left) - coupon * gone
    growth = 1 + yld / frequency
    annuity = sum(growth ** -(k + left) for k in range(count))
    return redemption / growth ** (count - 1 + left) + coupon * annuity - coupon * gone
