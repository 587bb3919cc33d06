"""A1 text ↔ zero-based rows and columns, and sheet names with their quotes.

Everywhere else rows and columns are integers; they become text, and text becomes them, only here.
"""

from __future__ import annotations

import re

from .errors import BadReference
from .model import MAX_COLUMNS, MAX_ROWS
from .records import record

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\Z")
_COLUMN = re.compile(r"\$?([A-Za-z]{1,3})\Z")
_ROW = re.compile(r"\$?([0-9]{1,7})\Z")
_QUOTED_SHEET = re.compile(r"'((?:[^']|'')+)'!")
_PLAIN_SHEET = re.compile(r"[^\W\d][\w.]*\Z")
_LOOKS_LIKE_CELL = re.compile(r"(?:[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*(?:[Cc][0-9]*)?|[Cc][0-9]*)\Z")


@record
class Address:
    """A range as written: sheet name (None where there is no prefix) and half-open rows and columns."""

    sheet: str | None
    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.bottom - self.top, self.right - self.left

    def __str__(self) -> str:
        prefix = "" if self.sheet is None else f"{quote_sheet(self.sheet)}!"
        return prefix + range_name(self.top, self.left, self.bottom, self.right)


def column_name(column: int) -> str:
    """Return the letters of a zero-based column.

    >>> column_name(0), column_name(26), column_name(16383)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    column += 1
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return the zero-based column of its letters; `BadReference` beyond XFD.

    >>> column_index("A"), column_index("xfd")
    (0, 16383)
    """
    if not _COLUMN.match(letters):
        raise BadReference(f"{letters!r} is not a column: expected letters from A to XFD")
    column = 0
    for letter in letters.lstrip("$").upper():
        column = column * 26 + ord(letter) - 64
    if column > MAX_COLUMNS:
        raise BadReference(f"{letters!r} is beyond the last column, XFD")
    return column - 1


def cell_name(row: int, column: int) -> str:
    """Return the A1 text of a zero-based row and column.

    >>> cell_name(2, 33)
    'AH3'
    """
    return f"{column_name(column)}{row + 1}"


def parse_cell(text: str) -> tuple[int, int]:
    """Return the zero-based (row, column) of A1 text; ``$`` signs are allowed and ignored.

    >>> parse_cell("AH3"), parse_cell("$XFD$1048576")
    ((2, 33), (1048575, 16383))
    """
    match = _CELL.match(text)
    if match is None:
        raise BadReference(f"{text!r} is not a cell: expected something like B7")
    return _row_index(match[2], text), column_index(match[1])


def range_name(top: int, left: int, bottom: int, right: int) -> str:
    """Return the A1 text of a half-open rectangle, a lone cell without a colon.

    >>> range_name(0, 0, 3, 3), range_name(4, 1, 5, 2)
    ('A1:C3', 'B5')
    """
    first = cell_name(top, left)
    return first if (bottom, right) == (top + 1, left + 1) else f"{first}:{cell_name(bottom - 1, right - 1)}"


def parse_range(text: str) -> Address:
    """Read ``A1``, ``A1:C3``, ``A:C``, ``2:5``, each with or without ``Sheet!`` or ``'a sheet'!`` before it.

    Corners may stand in any order; whole columns and rows reach to the sheet's end. Raises `BadReference`.

    >>> parse_range("'it''s'!C3:A1")
    Address(sheet="it's", top=0, left=0, bottom=3, right=3)
    """
    sheet, rest = split_sheet(text)
    first, colon, last = rest.partition(":")
    try:
        rows, columns = _corner(first)
        if colon:
            more_rows, more_columns = _corner(last.rpartition("!")[2])
            if (_kind(first), _kind(last.rpartition("!")[2])) not in {("cell",) * 2, ("column",) * 2, ("row",) * 2}:
                raise BadReference("its two ends differ in kind")
            rows, columns = (*rows, *more_rows), (*columns, *more_columns)
        elif _kind(first) != "cell":
            raise BadReference("expected something like B7 or A1:C3")
    except BadReference as error:
        raise BadReference(f"{text!r} is not a range: {error}") from None
    return Address(sheet, min(rows), min(columns), max(rows) + 1, max(columns) + 1)


def split_sheet(text: str) -> tuple[str | None, str]:
    """Split a sheet prefix, unquoted, from what follows it; the sheet is None where there is no prefix.

    >>> split_sheet("'a!b'!A1"), split_sheet("conv!A1"), split_sheet("A1")
    (('a!b', 'A1'), ('conv', 'A1'), (None, 'A1'))
    """
    text = text.strip()
    if text.startswith("'"):
        quoted = _QUOTED_SHEET.match(text)
        if quoted is None:
            raise BadReference(f"{text!r} has a quoted sheet name that does not end: expected 'name'!A1")
        return quoted[1].replace("''", "'"), text[quoted.end() :]
    name, mark, rest = text.partition("!")
    if not mark:
        return None, text
    if not name:
        raise BadReference(f"{text!r} has no sheet name before its '!'")
    return name, rest


def quote_sheet(name: str) -> str:
    """Return a sheet name as a formula needs it: quoted unless it is a plain word that is no cell.

    >>> quote_sheet("conv"), quote_sheet("it's here"), quote_sheet("A1")
    ('conv', "'it''s here'", "'A1'")
    """
    plain = _PLAIN_SHEET.match(name) and not _LOOKS_LIKE_CELL.match(name) and name.upper() not in {"TRUE", "FALSE"}
    return name if plain else "'" + name.replace("'", "''") + "'"


def _kind(text: str) -> str:
    if _CELL.match(text):
        return "cell"
    return "column" if _COLUMN.match(text) else "row"


def _corner(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the rows and the columns that one end of a range touches: both borders of a whole column or row."""
    if _COLUMN.match(text):
        return (0, MAX_ROWS - 1), (column_index(text),)
    if match := _ROW.match(text):
        return (_row_index(match[1], text),), (0, MAX_COLUMNS - 1)
    row, column = parse_cell(text)
    return (row,), (column,)


def _row_index(digits: str, text: str) -> int:
    row = int(digits)
    if not 1 <= row <= MAX_ROWS:
        raise BadReference(f"{text!r} is not on the sheet: rows go from 1 to {MAX_ROWS}")
    return row - 1
