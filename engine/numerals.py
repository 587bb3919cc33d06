"""Numbers as text and text as numbers, the way Excel with US English settings converts them in formulas.

`parse_number` is what ``"1,234"+0``, VALUE and comparisons of criteria use; `format_general` is what ``1.5&""`` uses.
"""

from __future__ import annotations

import re
from datetime import datetime

from .serials import last_serial, to_serial

_SPACES = " \t\r\n"  # not the no-break space: Excel reads no number beside one
_CURRENCY = "$€£¥"
_DIGITS = frozenset("0123456789")
# Compiled (and kept, by `re`) when a text is first converted: few workbooks have any to convert.
_PLAIN = r"[+-]?(?:\d{1,15}|\d{1,7}\.\d{0,8}|\.\d{1,15})(?:[eE][+-]?\d{1,4})?"
_NUMERAL = r"(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?"
_FRACTION = r"([+-]?)(\d{1,15}) +(\d{1,5})/(\d{1,5})"
_TIME = r"(?:(\d{1,4}):(\d{1,4})(?::(\d{1,4}))?(\.\d*)?|(\d{1,2}))(?: *([AaPp])[Mm]?)?"
_YEAR_FIRST = r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})"
_NUMERIC_DATE = r"(\d{1,2})([-/])(\d{1,4})(?:\2(\d{1,4}))?"
_DAY_FIRST = r"(\d{1,2})[- /]*([A-Za-z]{3,9})(?:[- /,]+(\d{1,4}))?"
_MONTH_FIRST = r"([A-Za-z]{3,9})[- /]*(\d{1,4})(?:(?:, *|[- /]+)(\d{1,4}))?"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)} | {
    name: number for number, name in enumerate(_MONTHS, 1)
}


def parse_number(text: str, *, date1904: bool = False, year: int | None = None) -> float | None:
    """Return the number that a text stands for, or None where Excel would give #VALUE!.

    Understands signs, parentheses, thousands, currency, percent, exponents, mixed fractions, dates and times.
    ``year`` is the year of dates written without one (default: the current one).

    >>> parse_number("$1,234.50"), parse_number("12%"), parse_number("1 1/2"), parse_number("12,34")
    (1234.5, 0.12, 1.5, None)
    """
    if _DIGITS.isdisjoint(text):
        return None
    if re.fullmatch(_PLAIN, text, re.ASCII):
        return _finite(text)
    indented = text[:1] == " "
    text = text.strip(_SPACES)
    if not text or len(text) > 255:
        return None
    found = _amount(text)
    if found is None:
        found = _mixed_fraction(text)
    # Excel reads no date behind a space: ROUND(" 2024-01-10 ",0) is #VALUE!, ROUND(" 10 ",0) is 10.
    return found if found is not None or indented else parse_moment(text, date1904=date1904, year=year)


def parse_moment(text: str, *, date1904: bool = False, year: int | None = None) -> float | None:
    """Return the serial of a text that is a date, a time, or both; None where it is neither."""
    date, time = split_moment(text, date1904=date1904, year=year)
    return None if date is None and time is None else (date or 0.0) + (time or 0.0)


def split_moment(text: str, *, date1904: bool = False, year: int | None = None) -> tuple[float | None, float | None]:
    """Return the date serial and the fraction of a day (or days) in a text, each None where it has none.

    >>> split_moment("1/31/2020 6:00")
    (43861.0, 0.25)
    """
    text = text.strip(_SPACES)
    if len(text) > 255:
        return None, None
    time = _time(text)
    if time is not None:
        return None, time
    date = _date(text, date1904, year)
    if date is not None:
        return date, None
    # The time is at most the last two words: "6:00" or "6:00 PM".
    words = text.split(" ")
    for count in (1, 2, 3):
        if len(words) > count:
            date = _date(" ".join(words[:-count]).rstrip(" "), date1904, year)
            time = _time(" ".join(words[-count:]).strip(" "))
            if date is not None and time is not None:
                return date, time
    return None, None


def format_general(value: float) -> str:
    """Return a number as Excel turns it into text in a formula: at most 15 significant digits.

    >>> format_general(0.1 + 0.2), format_general(-1e20), format_general(1e21), format_general(1 / 3 / 1e5)
    ('0.3', '-100000000000000000000', '1E+21', '3.33333333333333E-06')
    """
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    mantissa, exponent = f"{abs(value):.14e}".split("e")
    digits, power = (mantissa[0] + mantissa[2:]).rstrip("0"), int(exponent)
    sign = "-" if value < 0 else ""
    if power > 20:
        return sign + _scientific(digits, power)
    if power >= 0:
        whole = digits[: power + 1].ljust(power + 1, "0")
        return sign + whole + ("." + digits[power + 1 :] if len(digits) > power + 1 else "")
    plain = "0." + "0" * (-power - 1) + digits
    return sign + (plain if len(plain) <= 20 else _scientific(digits, power))


def _scientific(digits: str, power: int) -> str:
    return digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"E{'-' if power < 0 else '+'}{abs(power):02d}"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if abs(number) != float("inf") else None


def _amount(text: str) -> float | None:
    """Read ``-$1,234.5``, ``(12%)``, ``12 €``: a numeral dressed with sign, currency, percent or parentheses."""
    sign = 1.0
    if text[0] == "(" and text[-1] == ")":
        text, sign = text[1:-1].strip(" "), -1.0
        if text[:1] in ("+", "-"):
            return None
    bare, signs = _undress(text, _CURRENCY + "%+-")
    if bare is None or signs.count("%") > 1 or sum(signs.count(mark) for mark in _CURRENCY) > 1:
        return None
    if signs.count("-") + signs.count("+") > 1:
        return None
    number = _numeral(bare)
    if number is None:
        return None
    if "-" in signs:
        sign = -sign
    return sign * (number / 100.0 if "%" in signs else number)


def _undress(text: str, marks: str) -> tuple[str | None, str]:
    """Take leading marks, then trailing currency and percent signs, off a text; return the rest and the marks."""
    taken = ""
    while text and text[0] in marks:
        taken += text[0]
        text = text[1:].lstrip(" ")
    while text and text[-1] in _CURRENCY + "%":
        taken += text[-1]
        text = text[:-1].rstrip(" ")
    return (text or None), taken


def _numeral(text: str) -> float | None:
    match = re.fullmatch(_NUMERAL, text, re.ASCII)
    if match is None:
        return None
    whole, decimals, exponent = match.groups()
    whole = (whole or "").replace(",", "")
    decimals = decimals or ""
    if not whole and not decimals:
        return None
    return _finite(_fifteen_digits(whole, decimals) + f"e{exponent or 0}")


def _fifteen_digits(whole: str, decimals: str) -> str:
    """Return the numeral with every digit after the fifteenth significant one set to 0: Excel reads no more."""
    digits = whole + decimals
    leading = len(digits) - len(digits.lstrip("0"))
    kept = digits[: leading + 15].ljust(len(digits), "0")
    return f"{kept[: len(whole)]}.{kept[len(whole) :]}"


def _mixed_fraction(text: str) -> float | None:
    match = re.fullmatch(_FRACTION, text, re.ASCII)
    if match is None or int(match[4]) == 0:
        return None
    value = int(match[2]) + int(match[3]) / int(match[4])
    return -value if match[1] == "-" else value


def _time(text: str) -> float | None:
    """Read ``6:00``, ``18:30:15.5``, ``6:00 PM``, ``6 PM``, ``1:30.5`` (minutes and seconds) as days."""
    match = re.fullmatch(_TIME, text, re.ASCII)
    if match is None:
        return None
    first, second, third, fraction, hour, half = match.groups()
    if hour is not None:
        first, second = hour, "0"
        if half is None:
            return None
    hours, minutes, seconds = int(first), int(second), float((third or "0") + (fraction or ""))
    if third is None and fraction is not None:
        hours, minutes, seconds = 0, int(first), float(second + fraction)
    if half is not None:
        if hours > 12:
            return None
        hours = hours % 12 + (12 if half in "Pp" else 0)
    if minutes > 59 or seconds >= 60:
        return None
    return (hours * 3600 + minutes * 60 + seconds) / 86400


def _date(text: str, date1904: bool, year: int | None) -> float | None:
    parts = _date_parts(text)
    if parts is None:
        return None
    found, month, day = parts
    if found is None:
        found = year if year is not None else datetime.now().year
    found += 0 if found >= 100 else 2000 if found < 30 else 1900
    if not (1900 <= found <= 9999 and 1 <= month <= 12 and 1 <= day <= _month_length(found, month)):
        return None
    serial = int(to_serial(found, month, day, date1904))
    return float(serial) if 0 <= serial <= last_serial(date1904) else None


def _date_parts(text: str) -> tuple[int | None, int, int] | None:
    """Return year (None where it is left out), month and day as written."""
    if match := re.fullmatch(_YEAR_FIRST, text, re.ASCII):
        return int(match[1]), int(match[3]), int(match[4])
    if match := re.fullmatch(_NUMERIC_DATE, text, re.ASCII):
        month, second, third = int(match[1]), match[3], match[4]
        if third is not None:
            return (_year(third), month, int(second)) if _year(third) is not None else None
        return _day_or_year(month, second)
    if match := re.fullmatch(_DAY_FIRST, text, re.ASCII):
        number = MONTH_NUMBERS.get(match[2].lower())
        return None if number is None else (_year(match[3]), number, int(match[1]))
    if match := re.fullmatch(_MONTH_FIRST, text, re.ASCII):
        number = MONTH_NUMBERS.get(match[1].lower())
        if number is None:
            return None
        return (_year(match[3]), number, int(match[2])) if match[3] is not None else _day_or_year(number, match[2])
    return None


def _day_or_year(month: int, text: str) -> tuple[int | None, int, int] | None:
    """Read the second half of ``1/15``, ``Jan-15`` (days) and of ``1/2020``, ``Jan-45`` (years)."""
    if not 1 <= month <= 12:
        return None
    if len(text) <= 2 and 1 <= int(text) <= _month_length(1904, month):
        return None, month, int(text)
    year = _year(text)
    return None if year is None else (year, month, 1)


def _year(text: str | None) -> int | None:
    """Read a year of at most two digits or of four; others are none."""
    return None if text is None or len(text) == 3 else int(text)


def _month_length(year: int, month: int) -> int:
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap or year == 1900 else 28
    return 30 if month in (4, 6, 9, 11) else 31
