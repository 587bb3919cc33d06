"""Dates and times: serials made, taken apart and counted. Working days and day counts have their own files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.numerals import split_moment
from sheetgrad.engine.serials import days_in_month, from_serial, last_serial, to_serial
from sheetgrad.sheets.values import Error, Floats, Scalar

from .declare import Any, Context, Failing, Number, Result, Strict, Text, elementwise, fail, scalar

Integers = NDArray[np.int64]
_FAR = 1e7  # beyond any date: keeps the casts to integers safe


@elementwise()
def DATE(year: Number, month: Number, day: Number, context: Context = None) -> Result:
    """Serial of a date; years below 1900 count from 1900, months and days run over. #NUM! outside 1900 to 9999.

    Source: Microsoft support, DATE function.
    """
    years, months, days = _whole(year), _whole(month), _whole(day)
    full = np.where(years < 1900, years + 1900, years)
    serial, first = (to_serial(full, months, day, context.date1904) for day in (days, 1))
    wrong = (years < 0) | (years > 9999) | _outside(first, context) | _outside(serial, context)
    return fail(serial.astype(np.float64), wrong, Error.NUM)


@elementwise()
def YEAR(serial_number: Number, context: Context = None) -> Result:
    """Year of a serial; #NUM! for one that is no date. Source: Microsoft support, YEAR function."""
    serial = _whole(serial_number)
    return fail(_parts(serial, context)[0], _outside(serial, context), Error.NUM)


@elementwise()
def MONTH(serial_number: Number, context: Context = None) -> Result:
    """Month of a serial; #NUM! for one that is no date. Source: Microsoft support, MONTH function."""
    serial = _whole(serial_number)
    return fail(_parts(serial, context)[1], _outside(serial, context), Error.NUM)


@elementwise()
def DAY(serial_number: Number, context: Context = None) -> Result:
    """Day of the month of a serial (0 for 0); #NUM! for one that is no date.

    Source: Microsoft support, DAY function.
    """
    serial = _whole(serial_number)
    return fail(_parts(serial, context)[2], _outside(serial, context), Error.NUM)


@elementwise()
def TIME(hour: Number, minute: Number, second: Number) -> Result:
    """Fraction of a day; whole days are dropped. #NUM! below 0 or for a part beyond 32767.

    Source: Microsoft support, TIME function.
    """
    hours, minutes, seconds = np.trunc(hour), np.trunc(minute), np.trunc(second)
    total = hours * 3600 + minutes * 60 + seconds
    wrong = (total < 0) | (np.maximum(np.maximum(hours, minutes), seconds) > 32767)
    return fail(np.mod(total / 86400.0, 1.0), wrong, Error.NUM)


@elementwise()
def HOUR(serial_number: Number, context: Context = None) -> Result:
    """Hour of a serial; #NUM! for one that is no date. Source: Microsoft support, HOUR function."""
    return _clock(serial_number, 3600, 24, context)


@elementwise()
def MINUTE(serial_number: Number, context: Context = None) -> Result:
    """Minute of a serial; #NUM! for one that is no date. Source: Microsoft support, MINUTE function."""
    return _clock(serial_number, 60, 60, context)


@elementwise()
def SECOND(serial_number: Number, context: Context = None) -> Result:
    """Second of a serial, rounded; #NUM! for one that is no date. Source: Microsoft support, SECOND function."""
    return _clock(serial_number, 1, 60, context)


@elementwise()
def WEEKDAY(serial_number: Number, return_type: Number = 1, context: Context = None) -> Result:
    """Day of the week as a number, by eleven countings; #NUM! for another counting or for no date.

    Source: Microsoft support, WEEKDAY function.
    """
    serial, kind = _whole(serial_number), _whole(return_type)
    sunday_first = np.mod(_serial1900(serial, context) - 1, 7)  # 0 is Sunday
    start = np.select([kind == 1, kind == 2, kind == 3, (kind >= 11) & (kind <= 17)], [0, 1, 1, kind - 10], -1)
    day = np.mod(sunday_first - start, 7) + (kind != 3)
    return fail(day.astype(np.float64), (start < 0) | _outside(serial, context), Error.NUM)


@elementwise()
def WEEKNUM(serial_number: Strict, return_type: Strict = 1, context: Context = None) -> Result:
    """Week of the year: week 1 holds 1 January, or with type 21 the first Thursday; #NUM! for another type or no date.

    Source: Microsoft support, WEEKNUM function.
    """
    serial, kind = _whole(serial_number), _whole(return_type)
    first = np.select([kind == 1, kind == 2, (kind >= 11) & (kind <= 17), kind == 21], [0, 1, kind - 10, 1], -1)
    year = _parts(serial, context)[0].astype(np.int64)
    january = to_serial(year, 1, 1, context.date1904)
    lead = np.mod(np.mod(_serial1900(january, context) - 1, 7) - first, 7)
    week = (serial - january + lead) // 7 + 1
    week = np.where(kind == 21, _iso_week(serial, context), week)
    return fail(week.astype(np.float64), (first < 0) | _outside(serial, context), Error.NUM)


@elementwise()
def ISOWEEKNUM(date: Number, context: Context = None) -> Result:
    """ISO week of the year; #NUM! for no date. Source: Microsoft support, ISOWEEKNUM function."""
    serial = _whole(date)
    return fail(_iso_week(serial, context).astype(np.float64), _outside(serial, context), Error.NUM)


@elementwise()
def EDATE(start_date: Strict, months: Strict, context: Context = None) -> Result:
    """Same day so many months on, or the month's last; #NUM! where there is no such date.

    Source: Microsoft support, EDATE function.
    """
    year, month, day, wrong = _moved(start_date, months, context)
    serial = to_serial(year, month, np.minimum(day, days_in_month(year, month)), context.date1904)
    return fail(serial.astype(np.float64), wrong | _outside(serial, context), Error.NUM)


@elementwise()
def EOMONTH(start_date: Strict, months: Strict, context: Context = None) -> Result:
    """Last day of the month so many months on; #NUM! where there is no such date.

    Source: Microsoft support, EOMONTH function.
    """
    year, month, _, wrong = _moved(start_date, months, context)
    serial = to_serial(year, month, days_in_month(year, month), context.date1904)
    return fail(serial.astype(np.float64), wrong | _outside(serial, context), Error.NUM)


@elementwise()
def DAYS(end_date: Number, start_date: Number, context: Context = None) -> Result:
    """Days between two dates; #NUM! for one that is no date. Source: Microsoft support, DAYS function."""
    end, start = _whole(end_date), _whole(start_date)
    return fail((end - start).astype(np.float64), _outside(end, context) | _outside(start, context), Error.NUM)


@scalar()
def DATEDIF(start_date: Number, end_date: Number, unit: Text, context: Context = None) -> Scalar:
    """Years (Y), months (M) or days (D) between dates; YM, YD, MD leave the larger parts out.

    #NUM! for an end before the start or another unit. Source: Microsoft support, DATEDIF function.
    """
    start, end = int(start_date // 1), int(end_date // 1)
    if start > end or start < 0 or end > last_serial(context.date1904):
        return Error.NUM
    (y1, m1, d1), (y2, m2, d2) = civil(start, context), civil(end, context)
    months = (y2 - y1) * 12 + m2 - m1 - (d2 < d1)
    unit = unit.upper()
    if unit == "MD":
        return float(d2 - d1 if d2 >= d1 else end - serial_of(y2, m2 - 1, d1, context))
    if unit == "YD":
        later = (m2, d2) >= (m1, d1)
        return float(end - serial_of(y2 if later else y2 - 1, m1, d1, context))
    counts = {"Y": months // 12, "M": months, "D": end - start, "YM": months % 12}
    return float(counts[unit]) if unit in counts else Error.NUM


@scalar()
def DATEVALUE(date_text: Any, context: Context = None) -> Scalar:
    """Serial of a date written as text, its time dropped; #VALUE! for anything else.

    Source: Microsoft support, DATEVALUE function.
    """
    return _moment(date_text, 0, context)


@scalar()
def TIMEVALUE(time_text: Any, context: Context = None) -> Scalar:
    """Fraction of a day of a time written as text, its date dropped; #VALUE! for anything else.

    Source: Microsoft support, TIMEVALUE function.
    """
    return _moment(time_text, 1, context)


@scalar(volatile=True)
def NOW(context: Context = None) -> Scalar:
    """Serial of this moment, to the hundredth of a second. Source: Microsoft support, NOW function."""
    now = context.now
    seconds = now.hour * 3600 + now.minute * 60 + now.second + now.microsecond // 10_000 / 100
    return serial_of(now.year, now.month, now.day, context) + seconds / 86400


@scalar(volatile=True)
def TODAY(context: Context = None) -> Scalar:
    """Serial of this day. Source: Microsoft support, TODAY function."""
    return float(serial_of(context.now.year, context.now.month, context.now.day, context))


def serial_of(year: int, month: int, day: int, context: Context) -> int:
    """Return one serial; months and days run over."""
    return int(to_serial(year, month, day, context.date1904))


def civil(serial: int, context: Context) -> tuple[int, int, int]:
    """Return year, month and day of one serial."""
    year, month, day = from_serial(serial, context.date1904)
    return int(year), int(month), int(day)


def _moment(text: Any, part: int, context: Context) -> Scalar:
    if isinstance(text, Error):
        return text
    if not isinstance(text, str):
        return Error.VALUE
    parts = split_moment(text, date1904=context.date1904, year=context.now.year)
    if parts == (None, None):
        return Error.VALUE
    if part == 0:
        return Error.VALUE if parts[0] is None else parts[0]
    return (parts[1] or 0.0) % 1.0


def _whole(number: Floats) -> Integers:
    return np.clip(np.floor(number), -_FAR, _FAR).astype(np.int64)


def _serial1900(serial: Integers, context: Context) -> Integers:
    return serial + 1462 if context.date1904 else serial


def _outside(serial: Integers, context: Context) -> NDArray[np.bool_]:
    return np.asarray((serial < 0) | (serial > last_serial(context.date1904)))


def _parts(serial: Integers, context: Context) -> tuple[Floats, Floats, Floats]:
    safe = np.clip(serial, 0, last_serial(context.date1904))
    year, month, day = from_serial(safe, context.date1904)
    return year.astype(np.float64), month.astype(np.float64), day.astype(np.float64)


def _clock(serial_number: Floats, unit: int, modulus: int, context: Context) -> Failing:
    fraction = serial_number - np.floor(serial_number)
    # Excel rounds to whole seconds first: 0.999995 is 0:00:00.
    seconds = np.floor(fraction * 86400 + 0.5)
    return fail(np.mod(seconds // unit, modulus), _outside(_whole(serial_number), context), Error.NUM)


def _iso_week(serial: Integers, context: Context) -> Integers:
    monday_first = np.mod(_serial1900(serial, context) - 2, 7)
    thursday = serial - monday_first + 3
    year = _parts(thursday, context)[0].astype(np.int64)
    return np.asarray((thursday - to_serial(year, 1, 1, context.date1904)) // 7 + 1)


def _moved(start: Floats, months: Floats, context: Context) -> tuple[Integers, Integers, Integers, NDArray[np.bool_]]:
    """Return year, month and day moved by months, and where that is no date."""
    serial = _whole(start)
    year, month, day = (part.astype(np.int64) for part in _parts(serial, context))
    total = year * 12 + month - 1 + np.clip(np.trunc(months), -_FAR, _FAR).astype(np.int64)
    wrong = _outside(serial, context) | (total < 1900 * 12) | (total >= 10_000 * 12)
    total = np.where(wrong, 1900 * 12, total)
    return total // 12, total % 12 + 1, day, wrong
