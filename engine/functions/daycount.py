"""Day-count conventions: DAYS360 and YEARFRAC, and what the functions for bonds count by.

Bases: 0 US (NASD) 30/360, 1 actual/actual, 2 actual/360, 3 actual/365, 4 European 30/360.
Source: D. A. Wheeler's and Microsoft's descriptions in OpenFormula 1.2 §4.11.7, which follow what Excel does.
"""

from __future__ import annotations

from typing import TypeAlias

from sheetgrad.engine.serials import is_leap, last_serial
from sheetgrad.sheets.values import Error, Scalar

from .dates import civil, serial_of
from .declare import Context, Logical, Number, Strict, scalar

Civil: TypeAlias = tuple[int, int, int]


@scalar()
def DAYS360(start_date: Number, end_date: Number, method: Logical = False, context: Context = None) -> Scalar:
    """Days between dates in a year of twelve months of 30 days, the US way or (method TRUE) the European.

    #NUM! for no date. Source: Microsoft support, DAYS360 function.
    """
    start, end = _nearest_day(start_date), _nearest_day(end_date)
    if not (is_date(start, context) and is_date(end, context)):
        return Error.NUM
    first, last = civil(start, context), civil(end, context)
    if method:
        return float(european360(first, last))
    (y1, m1, d1), (y2, m2, d2) = first, last
    if d1 == 31 or (m1 == 2 and civil(start + 1, context)[1] != 2):
        d1 = 30
    if d2 == 31:
        d2 = 30 if d1 == 30 else d2
    return float((y2 - y1) * 360 + (m2 - m1) * 30 + d2 - d1)


@scalar()
def YEARFRAC(start_date: Strict, end_date: Strict, basis: Strict = 0, context: Context = None) -> Scalar:
    """Years between two dates in either order, by a day-count basis; #NUM! for no date or no basis.

    Source: Microsoft support, YEARFRAC function.
    """
    start, end, basis = int(start_date // 1), int(end_date // 1), int(basis)
    if not (is_date(start, context) and is_date(end, context)) or basis not in range(5):
        return Error.NUM
    return year_fraction(min(start, end), max(start, end), basis, context)


def is_date(serial: float, context: Context) -> bool:
    """Tell whether a serial is a date of the workbook's system."""
    return 0 <= serial <= last_serial(context.date1904)


def year_fraction(start: int, end: int, basis: int, context: Context) -> float:
    """Return the years between two ordered dates."""
    first, last = civil(start, context), civil(end, context)
    if basis == 0:
        return us360(first, last) / 360
    if basis == 1:
        return (end - start) / _average_year(first, last, context)
    if basis == 4:
        return european360(first, last) / 360
    return (end - start) / (360 if basis == 2 else 365)


def days_between(start: int, end: int, basis: int, context: Context) -> int:
    """Return the days between two dates by a basis."""
    if basis in (1, 2, 3):
        return end - start
    first, last = civil(start, context), civil(end, context)
    return us360(first, last) if basis == 0 else european360(first, last)


def us360(first: Civil, last: Civil) -> int:
    """Return the days between dates by the NASD's rules for 30/360."""
    (y1, m1, d1), (y2, m2, d2) = first, last
    if _ends_february(first):
        if _ends_february(last):
            d2 = 30
        d1 = 30
    if d2 == 31 and d1 >= 30:
        d2 = 30
    d1 = min(d1, 30)
    return (y2 - y1) * 360 + (m2 - m1) * 30 + d2 - d1


def european360(first: Civil, last: Civil) -> int:
    """Return the days between dates by the European rules for 30/360."""
    (y1, m1, d1), (y2, m2, d2) = first, last
    return (y2 - y1) * 360 + (m2 - m1) * 30 + min(d2, 30) - min(d1, 30)


def _nearest_day(number: float) -> int:
    # Excel rounds the time to whole seconds first, so that a moment before midnight is the next day.
    return int((number * 86400 + 0.5) // 86400)


def _ends_february(date: Civil) -> bool:
    year, month, day = date
    return month == 2 and day == (29 if is_leap(year) else 28)


def _average_year(first: Civil, last: Civil, context: Context) -> float:
    """Return the length of a year for actual/actual: of the one year at hand, or the mean of all years touched."""
    (y1, m1, d1), (y2, m2, d2) = first, last
    if y1 == y2 or (y2 == y1 + 1 and (m1, d1) >= (m2, d2)):
        if y1 == y2:
            return 366 if is_leap(y1) else 365
        # Within a year across new year: long if a 29 February lies between.
        leap = (is_leap(y1) and (m1, d1) <= (2, 29)) or (is_leap(y2) and (m2, d2) >= (2, 29))
        return 366 if leap else 365
    days = serial_of(y2 + 1, 1, 1, context) - serial_of(y1, 1, 1, context)
    return days / (y2 - y1 + 1)
