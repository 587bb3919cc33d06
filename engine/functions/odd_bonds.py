"""Bonds with an odd first or last coupon period, and ACCRINT, which counts the same quasi-coupon periods."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sheetgrad.sheets.values import Error, Scalar

from .bonds import solve_yield
from .coupons import Coupons, coupons, days_to_next, period_days, shifted
from .daycount import days_between, is_date
from .declare import Context, Logical, Strict, scalar


@scalar()
def ODDFPRICE(
    settlement: Strict,
    maturity: Strict,
    issue: Strict,
    first_coupon: Strict,
    rate: Strict,
    yld: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Price of a bond with an odd first period; #NUM! for numbers out of range.

    Source: Microsoft support, ODDFPRICE.
    """
    dates = _whole(issue, settlement, first_coupon, maturity)
    if not _in_order(dates, frequency, basis, context) or rate < 0 or yld < 0 or redemption <= 0:
        return Error.NUM
    return _odd_first_price(dates, rate, yld, redemption, int(frequency), int(basis), context)


@scalar()
def ODDFYIELD(
    settlement: Strict,
    maturity: Strict,
    issue: Strict,
    first_coupon: Strict,
    rate: Strict,
    pr: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Yield of a bond with an odd first period; #NUM! for numbers out of range.

    Source: Microsoft support, ODDFYIELD.
    """
    dates = _whole(issue, settlement, first_coupon, maturity)
    if not _in_order(dates, frequency, basis, context) or rate < 0 or pr <= 0 or redemption <= 0:
        return Error.NUM
    times, kind = int(frequency), int(basis)
    return solve_yield(
        lambda yld: _odd_first_price(dates, rate, yld, redemption, times, kind, context) - pr, rate, times
    )


@scalar()
def ODDLPRICE(
    settlement: Strict,
    maturity: Strict,
    last_interest: Strict,
    rate: Strict,
    yld: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Price of a bond with an odd last period; #NUM! for numbers out of range. Source: Microsoft support, ODDLPRICE."""
    dates = _whole(last_interest, settlement, maturity)
    if not _in_order(dates, frequency, basis, context) or rate < 0 or yld < 0 or redemption <= 0:
        return Error.NUM
    whole, gone, left = _odd_last(dates, int(frequency), int(basis), context)
    coupon, due = 100 * rate / int(frequency), yld / int(frequency)
    return (redemption + coupon * whole) / (1 + due * left) - coupon * gone


@scalar()
def ODDLYIELD(
    settlement: Strict,
    maturity: Strict,
    last_interest: Strict,
    rate: Strict,
    pr: Strict,
    redemption: Strict,
    frequency: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Yield of a bond with an odd last period; #NUM! for numbers out of range. Source: Microsoft support, ODDLYIELD."""
    dates = _whole(last_interest, settlement, maturity)
    if not _in_order(dates, frequency, basis, context) or rate < 0 or pr <= 0 or redemption <= 0:
        return Error.NUM
    whole, gone, left = _odd_last(dates, int(frequency), int(basis), context)
    coupon = 100 * rate / int(frequency)
    paid = pr + coupon * gone
    return (redemption + coupon * whole - paid) / paid * int(frequency) / left


@scalar()
def ACCRINT(
    issue: Strict,
    first_interest: Strict,
    settlement: Strict,
    rate: Strict,
    par: Strict,
    frequency: Strict,
    basis: Strict = 0,
    calc_method: Logical = True,
    context: Context = None,
) -> Scalar:
    """Interest accrued at settlement; #NUM! for numbers out of range.

    From issue on, or with calc_method FALSE without the whole coupon periods before that of the first interest.
    Source: Microsoft support, ACCRINT function.
    """
    start, first, end = _whole(issue, first_interest, settlement)
    times, kind = int(frequency), int(basis)
    if not all(is_date(date, context) for date in (start, first, end)) or start >= end or start >= first:
        return Error.NUM
    if rate <= 0 or par <= 0 or times not in (1, 2, 4) or kind not in range(5):
        return Error.NUM
    return par * rate / times * _accrued_periods(start, first, end, times, kind, bool(calc_method), context)


def _whole(*dates: float) -> tuple[int, ...]:
    return tuple(int(date // 1) for date in dates)


def _in_order(dates: tuple[int, ...], frequency: float, basis: float, context: Context) -> bool:
    rising = all(a < b for a, b in pairwise(dates))
    return rising and all(is_date(d, context) for d in dates) and int(frequency) in (1, 2, 4) and int(basis) in range(5)


def _quasi_periods(anchor: int, start: int, end: int, frequency: int, context: Context) -> Iterator[tuple[int, int]]:
    """Yield the coupon periods counted from ``anchor`` both ways that cover a span."""
    step = 12 // frequency
    at = 0
    while shifted(anchor, at * step, context) > start:
        at -= 1
    while shifted(anchor, (at + 1) * step, context) <= start:
        at += 1
    while shifted(anchor, at * step, context) < end:
        yield shifted(anchor, at * step, context), shifted(anchor, (at + 1) * step, context)
        at += 1


def _periods_between(start: int, end: int, anchor: int, frequency: int, basis: int, context: Context) -> float:
    """Return how many coupon periods a span covers: whole ones count 1, parts by the length of their own period."""
    total = 0.0
    for first, last in _quasi_periods(anchor, start, end, frequency, context):
        if start <= first and last <= end:
            total += 1
            continue
        length = period_days(Coupons(first, last, 1), frequency, basis)
        total += days_between(max(first, start), min(last, end), basis, context) / length
    return total


def _accrued_periods(
    issue: int, first: int, settlement: int, frequency: int, basis: int, whole: bool, context: Context
) -> float:
    """Return the coupon periods of ACCRINT: those over since issue, and the days since by the first one's length.

    The days count from the start of the first interest's period, back where settlement lies before it; with ``whole``
    and a settlement after the first interest, from the last coupon before settlement. Found on Excel's own values.
    """
    start = shifted(first, -12 // frequency, context)
    length = period_days(Coupons(start, first, 1), frequency, basis)
    base = start
    if whole and settlement > first:
        base = max(period[0] for period in _quasi_periods(first, start, settlement, frequency, context))
    if issue >= start and base == start:
        return days_between(issue, settlement, basis, context) / length
    periods = list(_quasi_periods(first, issue, max(base, issue + 1), frequency, context))
    stub, full = 0.0, len(periods)
    if periods[0][0] != issue:
        own = period_days(Coupons(*periods[0], 1), frequency, basis)
        stub, full = days_between(issue, periods[0][1], basis, context) / own, len(periods) - 1
    return stub + (full if whole else 0) + days_between(base, settlement, basis, context) / length


def _odd_last(dates: tuple[int, ...], frequency: int, basis: int, context: Context) -> tuple[float, float, float]:
    """Return the periods from the last interest to maturity and to settlement, and from settlement to maturity."""
    last, settlement, maturity = dates
    basis = basis if basis in (0, 4) else 1  # by actual days Excel takes the actual lengths of the periods too
    whole = _periods_between(last, maturity, last, frequency, basis, context)
    gone = _periods_between(last, settlement, last, frequency, basis, context)
    return whole, gone, _periods_between(settlement, maturity, last, frequency, basis, context)


def _odd_first_price(
    dates: tuple[int, ...], rate: float, yld: float, redemption: float, frequency: int, basis: int, context: Context
) -> float:
    """Discount all payments by whole quasi-coupon periods and the part of one at settlement."""
    issue, settlement, first, maturity = dates
    coupon, growth = 100 * rate / frequency, 1 + yld / frequency
    around = coupons(settlement, first, frequency, context)
    part = days_to_next(around, settlement, frequency, basis, context) / period_days(around, frequency, basis)
    before = around.count - 1 + part  # periods from settlement to the first coupon
    after = coupons(first, maturity, frequency, context).count
    odd = coupon * _periods_between(issue, first, first, frequency, basis, context)
    gone = coupon * _periods_between(issue, settlement, first, frequency, basis, context)
    later = sum(growth ** -(before + k) for k in range(1, after + 1))
    return redemption / growth ** (before + after) + odd / growth**before + coupon * later - gone
