"""New values spliced into plain rows, many cells at a time: the same bytes that `splice` makes by way of expat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .archive import StartAgain
from .fast_cells import cell_types
from .model import MAX_COLUMNS
from .package import Package
from .plain_rows import CELL, CELL_END, INLINE, PADDING, TEXT, VALUE, Mask, NotPlain, PlainRows, Positions, scan
from .rendering import CELL_TYPE, Changes, retyped, value_elements, widened
from .row_blocks import ROW_CLOSE
from .sheet_stream import PIECE, RowPieces, can_be_plain, last_row, opens_markup
from .sheet_xml import SheetWalker
from .values import Floats, Kind, Kinds, Strings

if TYPE_CHECKING:
    from .splice import CellLocator

_TAGS_MORE = np.zeros(32, dtype=np.int64)  # how many tags a value has after its first
_TAGS_MORE[VALUE], _TAGS_MORE[INLINE] = 1, 2
_MOST_TEXT = 1 << 23  # characters of texts that are written at a time
_TYPES = [CELL_TYPE[kind] for kind in Kind]


def splice_pieces(package: Package, part: str, sheet: str, changes: Changes, strings: Strings) -> Iterator[bytes]:
    """Yield a sheet's XML with new values, piece by piece.

    Plain pieces of rows are spliced in bulk; those that are not, or lack cells, by way of expat, alone. Raises
    `StartAgain` where that cannot be: another encoding, a prefix, rows out of order where rows are to be added.
    """
    return _PieceSplicer(package, part, sheet, changes, strings).pieces()


class _PieceSplicer:
    def __init__(self, package: Package, part: str, sheet: str, changes: Changes, strings: Strings) -> None:
        self.package, self.part, self.sheet = package, part, sheet
        self.changes, self.strings = changes, strings
        self.row_at = -1
        self.head = b""

    def pieces(self) -> Iterator[bytes]:
        pieces = RowPieces(self.package.stream(self.part, PIECE))
        walker = SheetWalker(self.package, self.part, self.sheet)
        self.head = pieces.head()
        walker.feed(self.head)
        if not can_be_plain(walker):
            raise StartAgain
        yield widened(self.head, self.changes)
        for text in pieces:
            yield from self._rows(text)
        yield from self._tail(pieces.rest + b"".join(pieces.pieces))

    def _rows(self, text: bytes) -> Iterable[bytes]:
        rows = scan(text + PADDING)
        due = self._due(rows)
        plain = rows is not None and due is None and not self._refers(rows)
        new = _spliced(rows, self.changes, self.strings) if rows is not None and plain else None
        if rows is None or new is None:
            return self._located(text, self.changes.known() if due is None else due)
        self.row_at = last_row(rows)
        return new

    def _refers(self, rows: PlainRows) -> bool:
        """Whether a formula among the rows fills another area than it says."""
        return bool(self.changes.fills) and bool(
            np.isin(list(self.changes.fills), rows.row * MAX_COLUMNS + rows.column).any()
        )

    def _due(self, rows: PlainRows | None) -> Changes | None:
        """Return the changes of a piece's rows if some of their cells are missing."""
        if self.changes.between(self.row_at, None).stored.all():
            return None
        due = self.changes.between(self.row_at, _last_row_in_order(rows, self.row_at))
        return None if due.stored.all() else due

    def _located(self, text: bytes, changes: Changes) -> Iterable[bytes]:
        """Return a piece of rows with new values by way of expat, which must end between rows."""
        locator = self._locator(text, changes)
        if not locator.between_rows or opens_markup(text):
            raise StartAgain
        locator.add_rows()
        self.row_at = locator.row_at
        return locator.pieces()

    def _tail(self, rest: bytes) -> Iterable[bytes]:
        """Return what follows the last end of a row, with the rows that are still missing."""
        if ROW_CLOSE in rest:
            raise StartAgain
        changes = self.changes.between(self.row_at, None)
        if changes.stored.all():
            return (rest,)
        locator = self._locator(rest, changes)
        locator.close()
        return locator.pieces()

    def _locator(self, text: bytes, changes: Changes) -> CellLocator:
        from .splice import CellLocator

        whole = self.head + text
        start = len(self.head)
        locator = CellLocator(
            self.package, self.part, self.sheet, whole, changes, self.strings, row_at=self.row_at, start=start
        )
        locator.feed(whole)
        return locator


def _last_row_in_order(rows: PlainRows | None, before: int) -> int:
    """Return the last row of a piece in which rows are to be found missing, which wants plain rows in order."""
    if rows is None or rows.row_number[0] <= before or (np.diff(rows.row_number) <= 0).any():
        raise StartAgain
    owner = np.searchsorted(rows.row_tag, rows.cell) - 1
    if (rows.row != rows.row_number[owner]).any():
        raise StartAgain
    return int(rows.row_number[-1])


def _spliced(rows: PlainRows, changes: Changes, strings: Strings) -> Iterable[bytes] | None:
    """Return the text of plain rows with new values, in pieces; None where cells' attributes are not so plain."""
    cell, change = _matched(rows, changes)
    if not len(cell):
        return (rows.text[: -len(PADDING)],)
    try:
        same_type = _keeps_type(rows, cell, changes.kind[change])
    except NotPlain:
        return None
    return _with_values(rows, changes, strings, cell, change, same_type)


def _with_values(
    rows: PlainRows, changes: Changes, strings: Strings, cell: Positions, change: Positions, same_type: Mask
) -> Iterator[bytes]:
    """Yield the text of rows with the values of changes in cells, no more of it at a time than fits in memory."""
    start, end = _value_spans(rows, cell)
    data, kind = changes.data[change], changes.kind[change]
    done = 0
    for part in _affordable(data, kind, strings):
        elements = value_elements(data[part], kind[part], strings)
        begin = start[part]
        for at in np.flatnonzero(~same_type[part]).tolist():
            own = part.start + at
            begin[at], elements[at] = _whole_cell(rows, int(cell[own]), int(begin[at]), elements[at], int(kind[own]))
        pieces: list[bytes] = [b""] * (2 * len(elements))
        pieces[0::2] = rows.slices(np.append(done, end[part][:-1]), begin)
        pieces[1::2] = elements
        done = int(end[part][-1])
        yield b"".join(pieces)
    yield rows.text[done : len(rows.text) - len(PADDING)]


def _affordable(data: Floats, kind: Kinds, strings: Strings) -> Iterator[slice]:
    """Cut values into stretches whose texts are not too many characters together."""
    texts = np.flatnonzero(kind == Kind.TEXT)
    lengths = np.fromiter((len(strings.texts[int(at)]) for at in data[texts].tolist()), np.int64, len(texts))
    cuts = texts[1:][np.diff(np.cumsum(lengths) // _MOST_TEXT) > 0]
    yield from (slice(first, last) for first, last in pairwise([0, *cuts.tolist(), len(data)]))


def _matched(rows: PlainRows, changes: Changes) -> tuple[Positions, Positions]:
    """Return which cells of the rows change, and by which change each."""
    if not len(rows.cell):
        return rows.cell, rows.cell
    key = rows.row * MAX_COLUMNS + rows.column
    at = np.searchsorted(changes.key, key)
    found = np.flatnonzero(changes.key[np.minimum(at, len(changes) - 1)] == key)
    return found, at[found]


def _keeps_type(rows: PlainRows, cell: Positions, kind: Kinds) -> Mask:
    """Return for which cells the attributes may stay as they are."""
    which, found = cell_types(rows)
    table = np.zeros((len(found), len(_TYPES)), dtype=np.bool_)
    for number, attributes in enumerate(found):
        if b"vm" not in attributes:
            now = attributes.get(b"t", b"n")
            table[number] = [(new or b"n") == now for new in _TYPES]
    kept: Mask = table[which[cell], kind] & (rows.tag[rows.cell[cell]] == CELL)
    return kept


def _value_spans(rows: PlainRows, cell: Positions) -> tuple[Positions, Positions]:
    """Return where each cell's value begins and ends: at its end tag if it has none; all of the cell if it is empty."""
    first = rows.value[cell]
    tag = rows.tag[first]
    start = rows.start[first]
    last = first + _TAGS_MORE[tag] + ((tag == INLINE) & (rows.tag[np.minimum(first + 1, len(rows.tag) - 1)] == TEXT))
    return start, np.where(tag == CELL_END, start, rows.end[last] + 1)


def _whole_cell(rows: PlainRows, cell: int, value_start: int, element: bytes, kind: int) -> tuple[int, bytes]:
    """Return where a cell begins, and its XML from there up to its end tag, of another type than it was."""
    tag = int(rows.cell[cell])
    start, end = int(rows.start[tag]), int(rows.end[tag]) + 1
    new = retyped(rows.text[start:end], _TYPES[kind])
    if rows.tag[tag] == CELL:
        return start, new + rows.text[end:value_start] + element
    return start, new[:-2].rstrip() + b">" + element + b"</c>" if element else new
