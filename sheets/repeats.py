"""Rows that say again what a row above them says, further down: compared as bytes instead of scanned tag by tag.

Fills make rows of XML that differ in their values and in the numbers of rows alone. Once a row has been scanned, rows
that are its bytes, counted on, hold the same cells further down, and copies of its formulas (`Formulas.master`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from .plain_rows import NotPlain
from .row_blocks import ROW_CLOSE, Moving, RowBlock, learn
from .sheet_xml import SheetReader
from .value_texts import ValueTexts

_VALUE: Final = re.compile(rb"<v>([^<]*)</v>")
_NO_VALUE: Final = b"<v></v>"
_ROW_NUMBER: Final = re.compile(rb'<row r="([0-9]{1,7})"')
_UNCOUNTED: Final = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))  # all digits alike
SMALLEST = 1 << 12  # bytes of a piece in which it is worth looking for repeats
_MOST_ROWS: Final = 8  # of a block
_FEWEST, _WIDE = 4, 1 << 12  # so many blocks must follow one that is worth it; one, where they are of WIDE bytes
_MOST_BLOCKS: Final = 8  # that are remembered
_MOST_MISSES: Final = 64  # rows of a piece that repeat nothing, before the rest of it is left
_MOST_WAITS: Final = 64  # pieces that are left untried after some without repeats, at most


class Repeats:
    """Adds the repeating rows of a sheet to its columns; the rows between them are left to the caller."""

    def __init__(self, reader: SheetReader, moving: Moving | None) -> None:
        self.reader, self.moving = reader, moving
        self.added = False
        self._blocks: list[tuple[RowBlock, int]] = []  # with where the columns have their formulas, last used last
        self._goes_on = False
        self._waits = self._waited = 0

    def left(self, text: bytes, at: int) -> Iterator[tuple[bytes, int]]:
        """Yield what is not added of a piece of whole rows, in order; what comes after it is added after it.

        ``at``: where the piece begins in the part; what is left comes with where it does.
        """
        tried = self.moving is not None and len(text) >= SMALLEST and self._waited >= self._waits
        piece = _Piece.of(text, at) if tried and (self._goes_on or _promises(text)) else None
        if piece is None or self.moving is None:
            self._waited += 1
            yield text, at
            return
        yield from self._left(piece, self.moving)
        self._goes_on = piece.added
        self._waits = 0 if piece.added else min(2 * self._waits + 1, _MOST_WAITS)
        self._waited = 0

    def _left(self, piece: _Piece, moving: Moving) -> Iterator[tuple[bytes, int]]:
        misses = 0
        try:
            while piece.at < len(piece.bare) and misses < _MOST_MISSES:
                found = self._known(piece) or self._new(piece, moving)
                if found is None:
                    piece.skip_row()
                    misses += 1
                    continue
                yield from piece.rest()
                self._add(piece, *found)
        except NotPlain:
            self._blocks.clear()
        yield from piece.rest(to_end=True)

    def _known(self, piece: _Piece) -> tuple[int, int] | None:
        """Return the row at hand and how many blocks begin with it, if they repeat one that is known: now the last."""
        for at in range(len(self._blocks) - 1, -1, -1):
            row, count = self._blocks[at][0].matches(piece.octets, piece.at)
            if count:
                self._blocks.append(self._blocks.pop(at))
                return row, count
        return None

    def _new(self, piece: _Piece, moving: Moving) -> tuple[int, int] | None:
        """Return the same for a block that is new. Raises `NotPlain` where some look like one, and none is."""
        found = False
        for text, step in _repeating(piece.bare, piece.at):
            block = learn(text, step, self.reader.context, moving)
            row, count = block.matches(piece.octets, piece.at)
            if count > 1:
                self._blocks = [*self._blocks[1 - _MOST_BLOCKS :], (block, -1)]
                return row, count
            found = True
        if found:
            raise NotPlain
        return None

    def _add(self, piece: _Piece, row: int, count: int) -> None:
        """Add rows of the last block. Raises `NotPlain`, with nothing added, where their values are not so plain."""
        block, first = self._blocks[-1]
        columns = self.reader.columns
        first = len(columns.formula_cell) if first < 0 else first
        values = piece.values.taken(slice(piece.value, piece.value + count * len(block.valued)))
        columns.add_many(block.cells(row, count, values, self.reader.context, first))
        self._blocks[-1] = block, first
        self.reader.row_at = int(block.rows[-1]) + row - block.row + (count - 1) * block.step
        self.added = True
        piece.take(count * len(block.text), len(values.start))


class _Piece:
    """Whole rows of XML, once as they are and once without values, and how far they are read."""

    def __init__(self, values: ValueTexts) -> None:
        self.values, self.bare = values, values.cut_out()
        self.octets = np.frombuffer(self.bare, dtype=np.uint8)
        self.at = self.value = 0  # in ``bare`` and among the values
        self.added = False
        self._at = self._kept = 0  # in the piece: how far it is read, and added or handed back

    @classmethod
    def of(cls, text: bytes, at: int) -> _Piece | None:
        """Return a piece, None where its values do not begin and end as values do."""
        try:
            return cls(ValueTexts.of(text, at))
        except NotPlain:
            return None

    def skip_row(self) -> None:
        """Leave the row at hand to the caller."""
        end = _row_end(self.bare, self.at)
        self._go(end - self.at, self.bare.count(_NO_VALUE, self.at, end))

    def take(self, length: int, values: int) -> None:
        """Pass over what has been added."""
        self._go(length, values)
        self._kept, self.added = self._at, True

    def rest(self, to_end: bool = False) -> Iterator[tuple[bytes, int]]:
        """Yield what has been skipped since the last rows that were taken, and where it begins in the part."""
        start, self._kept = self._kept, len(self.values.piece) if to_end else self._at
        if start < self._kept:
            yield self.values.piece[start : self._kept], self.values.at + start

    def _go(self, length: int, values: int) -> None:
        self._at += length + int(self.values.length[self.value : self.value + values].sum())
        self.at, self.value = self.at + length, self.value + values


def _promises(text: bytes) -> bool:
    """Whether rows at the beginning or in the middle of a piece look like those that follow."""
    for at in (0, _row_end(text, len(text) // 2)):
        end = at
        for _ in range((_FEWEST + 1) * _MOST_ROWS):
            end = _row_end(text, end)
        if any(_repeating(_VALUE.sub(_NO_VALUE, text[at:end]), 0)):
            return True
    return False


def _repeating(bare: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Yield the rows at ``at`` that those after them look like, fewest first, and how far down the next of them are."""
    end = at
    for _ in range(_MOST_ROWS):
        end = _row_end(bare, end)
        text = bare[at:end]
        needed = 1 if len(text) > _WIDE else _FEWEST
        following = bare[end : end + needed * len(text)]
        if _alike(text, following[: len(text)]) and _alike(text * needed, following):
            step = _row_number(following) - _row_number(text)
            if step > 0:
                yield text, step


def _row_end(text: bytes, at: int) -> int:
    end = text.find(ROW_CLOSE, at)
    return end + len(ROW_CLOSE) if end >= 0 else len(text)


def _row_number(text: bytes) -> int:
    found = _ROW_NUMBER.match(text)
    return int(found[1]) if found else 0


def _alike(one: bytes, other: bytes) -> bool:
    return len(one) == len(other) and one.translate(_UNCOUNTED) == other.translate(_UNCOUNTED)
