"""Working days: NETWORKDAYS and WORKDAY with weekends by number or by a text of seven digits, and holidays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.numerals import parse_number
from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Kind, Scalar, Values

from .daycount import is_date
from .declare import Any, Context, Range, Result, Strict, array

_SATURDAY_SUNDAY = "0000011"


@array()
def NETWORKDAYS(start_date: Strict, end_date: Strict, holidays: Range = None, context: Context = None) -> Result:
    """Working days from one date to another, both included; #NUM! for no date, #VALUE! for bad holidays.

    Source: Microsoft support, NETWORKDAYS function.
    """
    return _network_days(start_date, end_date, _SATURDAY_SUNDAY, holidays, context)


@array("NETWORKDAYS.INTL")
def NETWORKDAYS_INTL(
    start_date: Strict, end_date: Strict, weekend: Any = 1.0, holidays: Range = None, context: Context = None
) -> Result:
    """Working days from one date to another, both included, with a weekend of one's own.

    #NUM! for no date or no such weekend, #VALUE! for bad holidays.
    Source: Microsoft support, NETWORKDAYS.INTL function.
    """
    days = weekend_days(weekend)
    return days if isinstance(days, Error) else _network_days(start_date, end_date, days, holidays, context)


@array()
def WORKDAY(start_date: Strict, days: Strict, holidays: Range = None, context: Context = None) -> Result:
    """Date so many working days before or after another; #NUM! for no date, #VALUE! for bad holidays.

    Source: Microsoft support, WORKDAY function.
    """
    return _workday(start_date, days, _SATURDAY_SUNDAY, holidays, context)


@array("WORKDAY.INTL")
def WORKDAY_INTL(
    start_date: Strict, days: Strict, weekend: Any = 1.0, holidays: Range = None, context: Context = None
) -> Result:
    """Date so many working days before or after another, with a weekend of one's own.

    #NUM! for no date or no such weekend, #VALUE! for seven days of weekend.
    Source: Microsoft support, WORKDAY.INTL function.
    """
    pattern = weekend_days(weekend)
    if isinstance(pattern, Error):
        return pattern
    return Error.VALUE if "0" not in pattern else _workday(start_date, days, pattern, holidays, context)


def weekend_days(weekend: Scalar) -> str | Error:
    """Return a weekend as seven digits from Monday on: 1 … 7 are pairs from Saturday, 11 … 17 single days from Sunday.

    >>> weekend_days(2.0), weekend_days(11.0), weekend_days("0000110")
    ('1000001', '0000001', '0000110')
    """
    if isinstance(weekend, Error):
        return weekend
    if isinstance(weekend, str):
        return weekend if len(weekend) == 7 and set(weekend) <= {"0", "1"} else Error.VALUE
    number = 1 if weekend is None else int(weekend)
    if 1 <= number <= 7:
        off = {(number + 4) % 7, (number + 5) % 7}
    elif 11 <= number <= 17:
        off = {(number - 12) % 7}
    else:
        return Error.NUM
    return "".join("1" if day in off else "0" for day in range(7))


def _network_days(
    start_date: float, end_date: float, weekend: str, holidays: Values | None, context: Context
) -> float | Error:
    start, end = int(start_date // 1), int(end_date // 1)
    free = _holidays(holidays, context)
    if isinstance(free, Error):
        return free
    if not (is_date(start, context) and is_date(end, context)):
        return Error.NUM
    first, last = min(start, end), max(start, end)
    days = np.arange(first, last + 1)
    working = _works(days, weekend, context) & ~np.isin(days, free)
    return float(working.sum()) * (1 if start <= end else -1)


def _workday(start_date: float, days: float, weekend: str, holidays: Values | None, context: Context) -> float | Error:
    start, left = int(start_date // 1), int(days)
    free = _holidays(holidays, context)
    if isinstance(free, Error):
        return free
    if not is_date(start, context):
        return Error.NUM
    step = 1 if left > 0 else -1
    at, left = start, abs(left)
    while left:
        # A stretch long enough for the days left if there were no holidays; then on from its end.
        stretch = at + step * np.arange(1, min(max(left, 7), 1 << 20) * 7 // weekend.count("0") + 8)
        stretch = stretch[(stretch >= 0) & (stretch <= 3_000_000)]
        if not len(stretch):
            return Error.NUM
        working = np.flatnonzero(_works(stretch, weekend, context) & ~np.isin(stretch, free))
        if len(working) >= left:
            at, left = int(stretch[working[left - 1]]), 0
        else:
            at, left = int(stretch[-1]), left - len(working)
    return float(at) if is_date(at, context) else Error.NUM


def _works(serials: NDArray[np.int64], weekend: str, context: Context) -> NDArray[np.bool_]:
    monday_first = (serials + (1462 if context.date1904 else 0) - 2) % 7
    return np.array([day == "0" for day in weekend])[monday_first]


def _holidays(values: Values | None, context: Context) -> NDArray[np.int64] | Error:
    if values is None:
        return np.zeros(0, dtype=np.int64)
    found = []
    for payload, kind in zip(values.data.ravel().tolist(), values.kinds.ravel().tolist(), strict=True):
        if kind == Kind.ERROR:
            return ERRORS_BY_CODE[int(payload)]
        if kind == Kind.EMPTY:
            continue
        number = parse_number(context.strings.texts[int(payload)]) if kind == Kind.TEXT else payload
        if number is None or kind == Kind.BOOL:
            return Error.VALUE
        found.append(int(number // 1))
    return np.array(found, dtype=np.int64)
