"""Formula text to tokens: one regular expression.

Every character belongs to exactly one token (`bad` takes what nothing else does), and no alternative can look at a
character more than a few times, so cutting up a formula takes linear time whatever it holds. All characters beyond
ASCII are alike, so the bulk path (`engine.templates`) may read UTF-8 bytes as characters, one each, and sees the
references that the parser sees.
"""

from __future__ import annotations

import re
from typing import Final

from sheetgrad.sheets.errors import SheetgradError
from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS
from sheetgrad.sheets.values import ERRORS_BY_TEXT


class FormulaError(SheetgradError):
    """A formula that does not follow the grammar: what is wrong, and at which character (zero-based)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position

    def __str__(self) -> str:
        return f"{self.message} (character {self.position + 1})"


def _class(members: str) -> str:
    """Return the class of these and all characters beyond ASCII, told by what it leaves out: that compiles faster."""
    return "[^" + re.escape("".join(chr(code) for code in range(128) if chr(code) not in members)) + "]"


_LETTERS = "".join(filter(str.isalpha, map(chr, range(128))))
_WORD = _class(_LETTERS + r"0123456789_.\?")  # what names are made of
_START = _class(_LETTERS + "_\\")  # what they begin with
_END = rf"(?!{_WORD}|[$(!\[])"  # a reference is not the beginning of a name, a function, a sheet prefix or a table
_CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}"
_COLUMN = r"\$?[A-Za-z]{1,3}"
_ROW = r"\$?[0-9]{1,7}"
_TRIM = r"(?:\.:\.?|:\.)"  # the colon of a range without its empty outer rows and columns
_BRACKETS = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"

_QUOTED = r"'[^']*(?:''[^']*)*'"
# Other programs' ``$a.B1``:
_DOTTED = rf"\$(?:{_QUOTED}|{_class(_LETTERS + '0123456789_')}+)\.(?=\$?[A-Za-z]{{1,3}}[$0-9:])"
_SHEETS = rf"(?!{_CELL}:)(?:\[[^\[\]]*\])?{_WORD}+(?::{_WORD}+)?!"  # a sheet called like a cell stands in quotes
_ERRORS = "|".join(re.escape(text) for text in ERRORS_BY_TEXT)

_PATTERN: Final = "|".join(
    f"(?P<{name}>{pattern})"
    for name, pattern in {
        # First what is most frequent, and could not be the beginning of anything else.
        "operator": rf"<>|<=|>=|[-+*/^&=<>%@:,;(){{}}]|(?!(?i:{_ERRORS}))\#",
        "cell": rf"{_CELL}{_END}(?!:\.{_CELL}{_END}|:{_CELL}(?!\#){_END})",
        "function": rf"{_START}{_WORD}*\(",
        "space": r"[ \t\r\n]+",
        "prefix": rf"(?<!!)(?:\$?{_QUOTED}(?::{_QUOTED})?!|\$?{_SHEETS}|{_DOTTED}|\[[^\[\]]*\]!|!)",
        "trimmed": rf"(?:{_CELL}{_TRIM}{_CELL}|{_COLUMN}{_TRIM}{_COLUMN}|{_ROW}{_TRIM}{_ROW}){_END}",
        "area": rf"{_CELL}:{_CELL}(?!\#){_END}",
        "columns": rf"{_COLUMN}:{_COLUMN}{_END}",
        "rows": rf"{_ROW}:{_ROW}{_END}",
        "text": r'"[^"]*(?:""[^"]*)*"(?!")',
        "error": rf"(?i:{_ERRORS})",
        "structured": rf"(?:{_START}{_WORD}*)?{_BRACKETS}",
        "name": rf"{_START}{_WORD}*",
        "number": rf"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!{_WORD}|\$)",
        "bad": r".",
    }.items()
)

TOKENS: Final = re.compile(_PATTERN, re.DOTALL | re.ASCII)
CELL: Final = re.compile(r"(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})")


def column_number(letters: str) -> int:
    """Return the zero-based number of a column: ``"A"`` is 0; letters beyond ``XFD`` give `MAX_COLUMNS` or more.

    >>> column_number("xfd")
    16383
    """
    number = 0
    for letter in letters:
        number = number * 26 + (ord(letter) & 31)
    return number - 1


def on_sheet(row: int, column: int) -> bool:
    """Tell whether zero-based coordinates lie on a sheet."""
    return 0 <= row < MAX_ROWS and 0 <= column < MAX_COLUMNS
