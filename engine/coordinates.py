"""The coordinates in a formula's text: where they stand, whether they are absolute, and which of them count rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from sheetgrad.sheets.model import MAX_ROWS

from .lexer import TOKENS, column_number
from .parser import MASKS

Flags: TypeAlias = tuple[bool, ...]

# Texts of one shape, every letter read as A and every digit as 0, have their coordinates at the same places.
SHAPES: Final = bytes(
    65 if 65 <= byte <= 90 or 97 <= byte <= 122 else 48 if 48 <= byte <= 57 else byte for byte in range(256)
)
_LAST_COLUMN: Final = b"XFD"


class Coordinate(NamedTuple):
    """One coordinate text in a formula: ``start:end``, of a cell, a column or a row (see `MASKS`)."""

    start: int
    end: int
    mark: bytes
    letters: tuple[int, int]  # where its letters stand; empty for a row
    digits: tuple[int, int]  # where its digits stand; empty for a column
    flags: Flags  # row absolute, column absolute


def coordinates_of(text: bytes) -> Iterator[Coordinate]:
    """Yield the coordinate texts of a formula, left to right, up to where it stops being one."""
    for token in TOKENS.finditer(text.decode("latin-1")):
        kind = token.lastgroup
        if kind in MASKS:
            mark = MASKS[kind]
            start, end = token.span()
            colon = text.find(b":", start, end)
            yield _field(text, start, colon if colon >= 0 else end, mark)
            if colon >= 0:
                yield _field(text, colon + 1, end, mark)
        elif kind == "bad":
            return


def _field(text: bytes, start: int, end: int, mark: str) -> Coordinate:
    letters = start + (text[start] == 36)
    row_sign = text.find(b"$", letters, end)
    digits = letters
    while digits < end and text[digits] > 57:
        digits += 1
    stop = digits
    digits += row_sign == digits and digits < end
    column_absolute = letters > start or stop == letters
    row_absolute = row_sign >= 0 or digits == end or (stop == letters and letters > start)
    return Coordinate(start, end, mark.encode(), (letters, stop), (digits, end), (row_absolute, column_absolute))


def numbers_of(text: bytes, part: Coordinate) -> tuple[int, int]:
    """Return row and column of one coordinate text; 0 for what it leaves open."""
    letters, digits = text[slice(*part.letters)], text[slice(*part.digits)]
    return (int(digits) - 1 if digits else 0), (column_number(letters.decode()) if letters else 0)


class RowCounters:
    """Tells where formulas count rows when they are copied down; texts of one shape do so at the same places."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Coordinate, ...] | None] = {}

    def __call__(self, texts: Sequence[bytes]) -> dict[tuple[tuple[int, int], ...] | None, list[int]]:
        """Return the digits of the relative rows in formulas' texts (UTF-8), None where they are not certain, each
        with the numbers of the texts that have them there.

        >>> RowCounters()([b"SUM(A1:$B$2)*C3", b"D4", b"SUM(E5:$F$6)*G7"])
        {((5, 6), (14, 15)): [0, 2], ((1, 2),): [1]}
        """
        members: dict[bytes, list[int]] = {}
        for number, text in enumerate(texts):
            members.setdefault(text.translate(SHAPES), []).append(number)
        found: dict[tuple[tuple[int, int], ...] | None, list[int]] = {}
        for shape, numbers in members.items():
            found.setdefault(self._digits(shape, [texts[number] for number in numbers]), []).extend(numbers)
        return found

    def _digits(self, shape: bytes, texts: Sequence[bytes]) -> tuple[tuple[int, int], ...] | None:
        """Return the digits of relative rows in texts of one shape."""
        if shape not in self._known:
            self._known[shape] = _certain(texts[0])
        parts = self._known[shape]
        if parts is None or not all(_on_sheet(texts, part) for part in parts):
            return None
        return tuple(part.digits for part in parts if part.digits[0] < part.digits[1] and not part.flags[0])


def _certain(text: bytes) -> tuple[Coordinate, ...] | None:
    """Return the coordinates of a text that is cut into tokens without rest."""
    if any(token.lastgroup == "bad" for token in TOKENS.finditer(text.decode("latin-1"))):
        return None
    return tuple(coordinates_of(text))


def _on_sheet(texts: Sequence[bytes], part: Coordinate) -> bool:
    """Tell whether a coordinate of texts of one shape is nowhere beyond the sheet; rows may be 0 that are relative."""
    (start, stop), (first, end) = part.letters, part.digits
    if stop - start == len(_LAST_COLUMN) and max([text[start:stop].upper() for text in texts]) > _LAST_COLUMN:
        return False
    if first == end or not (part.flags[0] or end - first == len(str(MAX_ROWS))):
        return True
    rows = {int(text[first:end]) for text in texts}
    return min(rows) > 0 and max(rows) <= MAX_ROWS
