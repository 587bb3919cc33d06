"""Coupon schedules of bonds: dates before and after settlement, their number and the days between.

Coupons are counted back from maturity in steps of 12/frequency months; from the last day of a month to last days.
"""

from __future__ import annotations

from sheetgrad.engine.serials import days_in_month
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Scalar

from .dates import civil, serial_of
from .daycount import days_between, european360, is_date, us360
from .declare import Context, Strict, scalar


@record
class Coupons:
    """The coupons around a settlement: the dates of the last (or at it) and the next, and how many are to come."""

    previous: int
    following: int
    count: int


@scalar()
def COUPPCD(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Coupon date before settlement; #NUM! for numbers out of range. Source: Microsoft support, COUPPCD function."""
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    return found if isinstance(found, Error) else float(found.previous)


@scalar()
def COUPNCD(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Coupon date after settlement; #NUM! for numbers out of range. Source: Microsoft support, COUPNCD function."""
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    return found if isinstance(found, Error) else float(found.following)


@scalar()
def COUPNUM(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Number of coupons from settlement to maturity; #NUM! for numbers out of range.

    Source: Microsoft support, COUPNUM.
    """
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    return found if isinstance(found, Error) else float(found.count)


@scalar()
def COUPDAYS(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Days in the coupon period of settlement; #NUM! for numbers out of range. Source: Microsoft support, COUPDAYS."""
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    return found if isinstance(found, Error) else period_days(found, int(frequency), int(basis))


@scalar()
def COUPDAYBS(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Days from the coupon before to settlement; #NUM! for numbers out of range.

    Source: Microsoft support, COUPDAYBS.
    """
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    if isinstance(found, Error):
        return found
    return float(days_between(found.previous, int(settlement // 1), int(basis), context))


@scalar()
def COUPDAYSNC(
    settlement: Strict, maturity: Strict, frequency: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Days from settlement to the coupon after; #NUM! for numbers out of range.

    Source: Microsoft support, COUPDAYSNC.
    """
    found = checked_coupons(settlement, maturity, frequency, basis, context)
    if isinstance(found, Error):
        return found
    return float(days_to_next(found, int(settlement // 1), int(frequency), int(basis), context))


def checked_coupons(
    settlement: float, maturity: float, frequency: float, basis: float, context: Context
) -> Coupons | Error:
    """Return the coupons around settlement, or #NUM! for arguments out of range."""
    start, end = int(settlement // 1), int(maturity // 1)
    if not (is_date(start, context) and is_date(end, context)) or start >= end:
        return Error.NUM
    if int(frequency) not in (1, 2, 4) or int(basis) not in range(5):
        return Error.NUM
    return coupons(start, end, int(frequency), context)


def coupons(settlement: int, maturity: int, frequency: int, context: Context) -> Coupons:
    """Count coupons back from maturity to settlement."""
    step = 12 // frequency
    (y1, m1, _), (y2, m2, _) = civil(settlement, context), civil(maturity, context)
    count = max(((y2 - y1) * 12 + m2 - m1) // step, 0)
    while shifted(maturity, -count * step, context) > settlement:
        count += 1
    while count and shifted(maturity, -(count - 1) * step, context) <= settlement:
        count -= 1
    return Coupons(shifted(maturity, -count * step, context), shifted(maturity, -(count - 1) * step, context), count)


def shifted(serial: int, months: int, context: Context) -> int:
    """Return a date moved by months; the last day of a month stays one."""
    year, month, day = civil(serial, context)
    total = year * 12 + month - 1 + months
    length = int(days_in_month(total // 12, total % 12 + 1))
    at_end = day == int(days_in_month(year, month))
    return serial_of(total // 12, total % 12 + 1, length if at_end else min(day, length), context)


def period_days(found: Coupons, frequency: int, basis: int) -> float:
    """Return the length of a coupon period by a basis."""
    if basis == 1:
        return float(found.following - found.previous)
    return (365 if basis == 3 else 360) / frequency


def days_to_next(found: Coupons, settlement: int, frequency: int, basis: int, context: Context) -> float:
    """Return the days to the next coupon; by 30/360 what the days since the last one leave of the period."""
    if basis in (1, 2, 3):
        return float(found.following - settlement)
    first, last = civil(found.previous, context), civil(settlement, context)
    gone = us360(first, last) if basis == 0 else european360(first, last)
    return 360 / frequency - gone
