"""Dates and times laid out by a section's tokens."""

from __future__ import annotations

import numpy as np

from sheetgrad.engine.serials import SHIFT_1904, from_serial, last_serial
from sheetgrad.sheets.records import record

from .codes import BadFormat, Part, Section, Token

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split()  # noqa: SIM905


@record
class Moment:
    """A serial taken apart; ``ticks`` counts units of 10**-places seconds since the serial's zero."""

    year: int
    month: int
    day: int
    weekday: int  # 0 is Sunday
    ticks: int
    places: int

    @property
    def seconds(self) -> int:
        return int(self.ticks // 10**self.places)


def render_moment(section: Section, value: float, date1904: bool) -> str:
    """Lay out a serial; raises `BadFormat` for a serial that is no date and for digits that follow no seconds."""
    tokens = _with_minutes(_with_fractions(section.tokens))
    if not 0 <= value < last_serial(date1904) + 1:
        raise BadFormat(str(value))
    places = max((len(token.text) - 1 for token in tokens if token.part is Part.DIGIT), default=0)
    moment = _moment(value, places, date1904)
    twelve = any(token.part is Part.HALF for token in tokens)
    return "".join(_show(token, moment, twelve) for token in tokens)


def _moment(value: float, places: int, date1904: bool) -> Moment:
    ticks = int(np.floor(value * 86400 * 10**places + 0.5))
    serial = ticks // (86400 * 10**places)
    year, month, day = (int(part) for part in from_serial(serial, date1904))
    weekday = (serial + (SHIFT_1904 if date1904 else 0) - 1) % 7
    return Moment(year, month, day, weekday, ticks, places)


def _with_fractions(tokens: tuple[Token, ...]) -> list[Token]:
    """Join ``.000`` after seconds into one token; digits anywhere else are wrong."""
    found: list[Token] = []
    seconds = False
    i = 0
    while i < len(tokens):
        token = tokens[i]
        zeros = 0
        while (
            seconds and token.part is Part.POINT and i + zeros + 1 < len(tokens) and tokens[i + zeros + 1].text == "0"
        ):
            zeros += 1
        if zeros:
            if zeros > 3:
                raise BadFormat("more than three decimals of a second")
            found.append(Token(Part.DIGIT, "." + "0" * zeros))
        elif token.part in (Part.DIGIT, Part.EXPONENT, Part.GENERAL, Part.TEXT):
            raise BadFormat(token.text)
        else:
            found.append(token)
        if token.part in (Part.DATE, Part.ELAPSED):
            seconds = token.text[0] == "s"
        i += zeros + 1
    return found


def _with_minutes(tokens: list[Token]) -> list[Token]:
    """Spell minutes as ``n``: an ``m`` or ``mm`` after hours or before seconds."""
    timed = [i for i, token in enumerate(tokens) if token.part in (Part.DATE, Part.ELAPSED)]
    found = list(tokens)
    for rank, i in enumerate(timed):
        token = tokens[i]
        if token.part is not Part.DATE or token.text not in ("m", "mm"):
            continue
        before = tokens[timed[rank - 1]].text[0] if rank else ""
        after = tokens[timed[rank + 1]].text[0] if rank + 1 < len(timed) else ""
        if before == "h" or after == "s":
            found[i] = Token(Part.DATE, token.text.replace("m", "n"))
    return found


def _show(token: Token, moment: Moment, twelve: bool) -> str:
    if token.part is Part.DATE:
        return _date_part(token.text, moment, twelve)
    if token.part is Part.ELAPSED:
        unit = {"h": 3600, "m": 60, "s": 1}[token.text[0]]
        return str(moment.seconds // unit).rjust(len(token.text), "0")
    if token.part is Part.HALF:
        late = moment.seconds % 86400 >= 43200
        if len(token.text) == 3:
            return token.text[2 if late else 0]
        return "PM" if late else "AM"
    if token.part is Part.DIGIT:
        width = len(token.text) - 1
        return "." + str(moment.ticks % 10**moment.places).rjust(moment.places, "0")[:width]
    return token.text


def _date_part(code: str, moment: Moment, twelve: bool) -> str:
    letter, size = code[0], len(code)
    if letter == "y":
        return f"{moment.year % 100:02d}" if size <= 2 else f"{moment.year:04d}"
    if letter == "e":
        return str(moment.year)
    if letter == "b":
        return f"{(moment.year + 543) % 100:02d}" if size <= 2 else f"{moment.year + 543:04d}"
    if letter == "m":
        return _named(moment.month, _MONTHS[moment.month - 1], size)
    if letter == "d":
        return _named(moment.day, _DAYS[moment.weekday], size if size < 5 else 4)
    second = moment.seconds % 86400
    number = {"h": second // 3600, "n": second // 60 % 60, "s": second % 60}[letter]
    if letter == "h" and twelve:
        number = (number - 1) % 12 + 1
    return f"{number:02d}" if size >= 2 else str(number)


def _named(number: int, name: str, size: int) -> str:
    """Show a month or a day: 1, 01, Jan, January, J."""
    if size <= 2:
        return f"{number:0{size}d}"
    return name[:3] if size == 3 else name[0] if size == 5 else name
