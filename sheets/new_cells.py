"""Cells and rows that a sheet does not have yet, as XML: made a few thousand at a time, when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .addresses import column_name
from .model import MAX_COLUMNS
from .records import record
from .rendering import CELL_TYPE, Changes, value_elements
from .values import Strings

_AHEAD = 4096  # cells that are made at a time


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
        self.row = self.changes.key // MAX_COLUMNS
        self._strings = strings
        self._taken = np.zeros(len(self.row), dtype=np.bool_)
        self._at = -1, 0, 0  # the row that cells were taken from last, and which of its cells are missing
        self._made: list[bytes] = []
        self._window = (0, 0, b"")  # first and last of the cells that are made already, and their prefix

    def __len__(self) -> int:
        return len(self.row)

    def take(self, row: int, column: int) -> tuple[int, int]:
        """Return which cells of a row before a column are still missing, as a range; they no longer are."""
        at, first, last = self._at
        if at != row:
            first, last = (int(place) for place in np.searchsorted(self.row, (row, row + 1)))
            first += int(self._taken[first:last].sum())  # those that are taken come first
        end = bisect_left(self.changes.key, row * MAX_COLUMNS + column, first, last)
        self._taken[first:end] = True
        self._at = row, end, last
        return first, end

    def left(self) -> NDArray[np.int64]:
        """Return the numbers of those that are still missing, in order."""
        return np.flatnonzero(~self._taken)

    def xml(self, added: Added) -> Iterator[bytes]:
        """Yield the XML of new cells, piece by piece."""
        if not added.rows:
            yield b"".join(self._cells(added.first, added.last, added.prefix))
            return
        at = added.first
        while at < added.last:
            end = min(at + _AHEAD, added.last)
            yield b"".join(self._in_rows(at, end, added))
            at = end

    def _in_rows(self, first: int, last: int, added: Added) -> list[bytes]:
        """Return cells with the tags of the rows that begin and end among them."""
        row, prefix = self.row, added.prefix
        pieces = [b""] * (3 * (last - first))
        pieces[1::3] = self._cells(first, last, prefix)
        before = row[first - 1 : last - 1] if first > added.first else np.append(-1, row[first : last - 1])
        after = row[first + 1 : last + 1] if last < added.last else np.append(row[first + 1 : last], -1)
        here = row[first:last]
        for at in np.flatnonzero(before != here).tolist():
            pieces[3 * at] = b'<%brow r="%d">' % (prefix, here[at] + 1)
        closing = b"</%brow>" % prefix
        for at in np.flatnonzero(after != here).tolist():
            pieces[3 * at + 2] = closing
        return pieces

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
