"""Format codes taken apart: sections, their conditions, and the tokens each is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

from sheetgrad.sheets.records import record

LONGEST_CODE = 255


class BadFormat(ValueError):
    """A format code that Excel refuses: TEXT gives #VALUE!."""


class Part(Enum):
    """What a token of a section is."""

    LITERAL = "literal"  # text as it is
    DIGIT = "digit"  # one of 0 # ?
    POINT = "point"  # the decimal point
    COMMA = "comma"
    PERCENT = "percent"
    EXPONENT = "exponent"  # E+ or E-
    SLASH = "slash"  # the bar of a fraction, or a literal
    TEXT = "text"  # @
    GENERAL = "general"
    DATE = "date"  # a run of y, m, d, h, s, e or b
    ELAPSED = "elapsed"  # [h], [mm], [s] …
    HALF = "half"  # AM/PM or A/P


@record
class Token:
    part: Part
    text: str


@record
class Section:
    """One section. ``condition``: an operator and a number from brackets, or None."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None

    @property
    def is_date(self) -> bool:
        return any(token.part in (Part.DATE, Part.ELAPSED, Part.HALF) for token in self.tokens)

    @property
    def is_text(self) -> bool:
        return any(token.part is Part.TEXT for token in self.tokens)


_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*([+-]?\d+(?:\.\d*)?(?:E[+-]?\d{1,3})?)", re.IGNORECASE | re.ASCII)
_ELAPSED = re.compile(r"(h{1,9}|m{1,9}|s{1,9})", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)(?:"|$) | \\(?P<escaped>.?) | _(?P<space>.?) | \*(?P<fill>.?)
    | \[(?P<bracket>[^\]]*)\] | (?P<general>general) | (?P<half>am/pm|a/p) | (?P<exponent>e[+-])
    | (?P<date>y+|m+|d+|h+|s+|e+|b+|g+) | (?P<digit>[0\#?]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>%)
    | (?P<slash>/) | (?P<text>@) | (?P<literal>[^\[])
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_COLORS = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color\s*\d{1,2}", re.IGNORECASE)


@lru_cache(maxsize=4096)
def sections(code: str) -> tuple[Section, ...]:
    """Take a format code apart; raises `BadFormat`.

    >>> [len(section.tokens) for section in sections('0.0;"minus "0')]
    [3, 2]
    """
    if len(code) > LONGEST_CODE:
        raise BadFormat(code)
    found = [_section(part) for part in _split(code)]
    if len(found) > 4:
        raise BadFormat(code)
    return tuple(found)


def _split(code: str) -> Iterator[str]:
    """Split at the semicolons that are neither quoted, escaped nor in brackets."""
    start = at = 0
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            raise BadFormat(code)
        if match[0] == ";":
            yield code[start:at]
            start = match.end()
        at = match.end()
    yield code[start:]


def _section(code: str) -> Section:
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup, match[match.lastgroup or 0]
        if kind == "bracket":
            if found := _CONDITION.fullmatch(text.strip()):
                condition = found[1], float(found[2])
            else:
                tokens += _bracket(text)
        else:
            tokens += _token(str(kind), text)
    return Section(tuple(_merged(tokens)), condition)


def _token(kind: str, text: str) -> list[Token]:
    if kind in ("quoted", "escaped", "literal"):
        return [Token(Part.LITERAL, text)]
    if kind == "space":
        return [Token(Part.LITERAL, " ")]
    if kind == "fill":
        return []
    if kind == "date":
        text = text.lower()
        return [] if text[0] == "g" else [Token(Part.DATE, text)]
    return [Token(Part[kind.upper()], text)]


def _bracket(text: str) -> list[Token]:
    if _ELAPSED.fullmatch(text):
        return [Token(Part.ELAPSED, text.lower())]
    if text.startswith("$"):
        return [Token(Part.LITERAL, text[1:].partition("-")[0])]
    if _COLORS.fullmatch(text):
        return []
    raise BadFormat(text)


def _merged(tokens: list[Token]) -> list[Token]:
    """Join neighbouring literals and drop empty ones."""
    merged: list[Token] = []
    for token in tokens:
        if token.part is Part.LITERAL and merged and merged[-1].part is Part.LITERAL:
            merged[-1] = Token(Part.LITERAL, merged[-1].text + token.text)
        elif token.part is not Part.LITERAL or token.text:
            merged.append(token)
    return merged
