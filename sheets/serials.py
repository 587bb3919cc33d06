"""ISO 8601 dates as spreadsheet serial numbers."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_TIME_ONLY = re.compile(r"T?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?Z?\Z")
_EPOCH = datetime(1899, 12, 30)
_EPOCH_1904 = datetime(1904, 1, 1)
_FIRST_OF_MARCH_1900 = 61.0  # Excel believes that 1900 had a 29 February, serial 60


def serial_of(moment: datetime | date, date1904: bool = False) -> float:
    """Return the serial number of a date, days and fraction of a day; a time zone is ignored.

    >>> serial_of(datetime(1900, 1, 1)), serial_of(datetime(2024, 2, 29, 12)), serial_of(date(1904, 1, 2), True)
    (1.0, 45351.5, 1.0)
    """
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    gone = moment.replace(tzinfo=None) - (_EPOCH_1904 if date1904 else _EPOCH)
    days = gone.days + (gone.seconds + gone.microseconds / 1e6) / 86400
    return days - 1 if not date1904 and days < _FIRST_OF_MARCH_1900 else days


def serial_of_time(moment: time | timedelta) -> float:
    """Return a time of day, or a duration, as a fraction of a day."""
    if isinstance(moment, timedelta):
        return moment / timedelta(days=1)
    return (moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6) / 86400


def parse_iso(text: str, date1904: bool = False) -> float | None:
    """Return the serial number of ISO 8601 text (date, date and time, or time), or None where it is none.

    >>> parse_iso("2024-02-29T12:00:00Z"), parse_iso("06:00"), parse_iso("soon")
    (45351.5, 0.25, None)
    """
    text = text.strip()
    if match := _TIME_ONLY.match(text):
        return (int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0)) / 86400
    try:
        return serial_of(datetime.fromisoformat(text), date1904)
    except (ValueError, OverflowError):
        return None
