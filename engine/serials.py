"""Excel's day numbers: serial ↔ (year, month, day) in both date systems, the 29 February 1900 that never was included.

Serials count days from 1 January 1900 = 1 (or 1 January 1904 = 0). The functions take Python integers and whole int64
arrays alike. Serial 0 of the 1900 system is "0 January 1900", and 60 is "29 February 1900", as Excel shows them.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LAST_SERIAL = 2_958_465  # 31 December 9999 in the 1900 system
SHIFT_1904 = 1_462  # days from the 1900 system's zero to the 1904 system's

Integers = NDArray[np.int64]
Whole: TypeAlias = "Integers | np.int64 | int"


def to_serial(year: Whole, month: Whole, day: Whole, date1904: bool = False) -> Integers:
    """Return the serials of dates; months and days beyond their range run over as in DATE.

    A result outside 0 … `last_serial` is not a date of the system; callers give #NUM!.
    """
    months = np.asarray(year, dtype=np.int64) * 12 + (np.asarray(month, dtype=np.int64) - 1)
    first = _days(months // 12, months % 12 + 1)
    serial = first - (first < 61) + np.asarray(day, dtype=np.int64) - 1
    return np.asarray(serial - SHIFT_1904 if date1904 else serial, dtype=np.int64)


def from_serial(serial: Whole, date1904: bool = False) -> tuple[Integers, Integers, Integers]:
    """Return year, month and day of whole serials."""
    number = np.asarray(serial, dtype=np.int64) + (SHIFT_1904 if date1904 else 0)
    year, month, day = _civil(number + (number < 60))
    phantom = (number == 60) | (number == 0)
    if phantom.any():
        year = np.where(phantom, 1900, year)
        month = np.where(phantom, np.where(number == 60, 2, 1), month)
        day = np.where(phantom, np.where(number == 60, 29, 0), day)
    return year, month, day


def last_serial(date1904: bool = False) -> int:
    """Return the serial of 31 December 9999."""
    return LAST_SERIAL - SHIFT_1904 if date1904 else LAST_SERIAL


def days_in_month(year: Whole, month: Whole) -> Integers:
    """Return how many days months have (months 1 … 12); February 1900 has 29 as in Excel."""
    lengths = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.asarray(month) - 1]
    return np.asarray(lengths + ((np.asarray(month) == 2) & is_leap(year)), dtype=np.int64)


def is_leap(year: Whole) -> NDArray[np.bool_]:
    """Tell leap years; 1900 is one, as in Excel."""
    year = np.asarray(year)
    return np.asarray((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)) | (year == 1900))


def _days(year: Integers, month: Integers) -> Integers:
    """Return the days from 30 December 1899 to the first of a month (proleptic Gregorian)."""
    # Years counted from March: the leap day is then the last day of a year.
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5
    return np.asarray(era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + day_of_year - 693_899, dtype=np.int64)


def _civil(days: Integers) -> tuple[Integers, Integers, Integers]:
    """Return year, month and day of days counted from 30 December 1899."""
    days = days + 693_899
    era = days // 146097
    of_era = days - era * 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    day_of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = (shifted_month + 2) % 12 + 1
    return year_of_era + era * 400 + (month <= 2), month, day
