"""Cells and rows that a sheet does not have yet, as XML: made a few thousand at a time, when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .addresses import column_name
from .model import MAX_COLUMNS
from .records import record
from .rendering import CELL_TYPE, Changes, value_elements
from .values import Strings

_AHEAD = 1024  # cells that are made at a time: each may be 32,767 characters


@record
class Added:
    """Where new cells come into the XML: those from ``first`` up to ``last`` of the missing ones, in an open row.

    ``prefix`` is the one that the sheet's elements bear; with ``rows`` each row of cells is an element of its own.
    """

    first: int
    last: int
    prefix: bytes
    rows: bool


class NewCells:
    """The changes of cells that are missing, by place: which of them still are, and the XML of those that are added."""

    def __init__(self, changes: Changes, strings: Strings) -> None:
        self.changes = changes.missing()
        self._strings = strings
        self._taken = np.zeros(len(self.changes), dtype=np.bool_)
        self._at = -1, 0, 0  # the row that cells were taken from last, and which of its cells are missing
        self._made: list[bytes] = []
        self._window = (0, 0, b"")  # first and last of the cells that are made already, and their prefix

    def __len__(self) -> int:
        return len(self.changes)

    def take(self, row: int, column: int) -> tuple[int, int]:
        """Return which cells of a row before a column are still missing, as a range; they no longer are."""
        at, first, last = self._at
        if at != row:
            first, last = self._places((row, row + 1)).tolist()
            first += int(self._taken[first:last].sum())  # those that are taken come first
        end = bisect_left(self.changes.key, row * MAX_COLUMNS + column, first, last)
        self._taken[first:end] = True
        self._at = row, end, last
        return first, end

    def left(self, reached: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Return the rows that are still missing, as ranges of cells, each with the first row that comes after it.

        ``reached``: the greatest row that the sheet has up to each of its rows.
        """
        edges = np.flatnonzero(np.diff(self._taken, prepend=True, append=True))
        cuts = np.unique(np.concatenate((edges, self._places(reached))))
        starts, stops = cuts[:-1], cuts[1:]
        open_ = ~self._taken[starts]
        starts, stops = starts[open_], stops[open_]
        following = np.searchsorted(reached, self.changes.key[starts] // MAX_COLUMNS, "right")
        return list(zip(starts.tolist(), stops.tolist(), following.tolist(), strict=True))

    def _places(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return where rows begin among the missing cells."""
        return np.searchsorted(self.changes.key, np.multiply(rows, MAX_COLUMNS))

    def xml(self, added: Added) -> Iterator[bytes]:
        """Yield the XML of new cells, piece by piece."""
        if not added.rows:
            yield b"".join(self._cells(added.first, added.last, added.prefix))
            return
        opening, closing = b'<%brow r="%%d">' % added.prefix, b"</%brow>" % added.prefix
        before = -1
        for at in range(added.first, added.last, _AHEAD):
            end = min(at + _AHEAD, added.last)
            pieces: list[bytes] = []
            for row, cell in zip(
                (self.changes.key[at:end] // MAX_COLUMNS).tolist(), self._cells(at, end, added.prefix), strict=True
            ):
                if row != before:
                    pieces += (closing if before >= 0 else b"", opening % (row + 1))
                    before = row
                pieces.append(cell)
            yield b"".join(pieces)
        yield closing

    def _cells(self, first: int, last: int, prefix: bytes) -> list[bytes]:
        """Return the XML of cells, from those that were made ahead where they follow one another."""
        start, end, own = self._window
        if not (start <= first and last <= end and own == prefix):
            ahead = max(last, min(first + _AHEAD, len(self))) if first == end else last
            self._made = _rendered(self.changes, first, ahead, prefix, self._strings)
            self._window = start, end, _ = first, ahead, prefix
        return self._made[first - start : last - start]


def _rendered(changes: Changes, first: int, last: int, prefix: bytes, strings: Strings) -> list[bytes]:
    kinds = changes.kind[first:last]
    elements = prefixed(value_elements(changes.data[first:last], kinds, strings), prefix)
    row, column = np.divmod(changes.key[first:last], MAX_COLUMNS)
    columns, which = np.unique(column, return_inverse=True)
    heads = [b'<%bc r="%b' % (prefix, column_name(at).encode()) for at in columns.tolist()]
    forms = {kind: b'"%b>' % (b' t="%b"' % CELL_TYPE[kind] if CELL_TYPE[kind] else b"") for kind in set(kinds.tolist())}
    end = b"</%bc>" % prefix
    cells = zip(which.tolist(), (row + 1).tolist(), kinds.tolist(), elements, strict=True)
    return [b"%b%d%b%b%b" % (heads[at], number, forms[kind], element, end) for at, number, kind, element in cells]


def prefixed(elements: list[bytes], prefix: bytes) -> list[bytes]:
    """Give ``<v>`` elements the prefix of their cells."""
    if not prefix:
        return elements
    return [b"<" + prefix + each[1:-2] + prefix + each[-2:] if each else each for each in elements]
