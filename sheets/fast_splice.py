"""New values spliced into plain rows, many cells at a time: the same bytes that `splice` makes by way of expat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .archive import StartAgain
from .fast_cells import NotPlain, cell_types
from .model import MAX_COLUMNS
from .package import Package
from .plain_rows import CELL, CELL_END, INLINE, PADDING, TEXT, VALUE, Mask, PlainRows, Positions, scan
from .rendering import CELL_TYPE, Changes, value_elements
from .sheet_stream import PIECE, RowPieces, can_be_plain, last_row, opens_markup
from .sheet_xml import SheetWalker
from .splice import CellLocator, retyped
from .values import Kind, Kinds, Strings

_TAGS_MORE = np.zeros(32, dtype=np.int64)  # how many tags a value has after its first
_TAGS_MORE[VALUE], _TAGS_MORE[INLINE] = 1, 2
_TYPES = [CELL_TYPE[kind] for kind in Kind]


def splice_pieces(package: Package, part: str, sheet: str, changes: Changes, strings: Strings) -> Iterator[bytes]:
    """Yield a sheet's XML with new values, piece by piece.

    Plain pieces of rows are spliced in bulk; those that are not, or lack cells, by way of expat, alone. Raises
    `StartAgain` where that cannot be: another encoding, a prefix, rows out of order where rows are to be added.
    """
    walker = SheetWalker(package, part, sheet)
    pieces = RowPieces(package.stream(part, PIECE))
    head = pieces.head()
    walker.feed(head)
    if not can_be_plain(walker):
        raise StartAgain
    yield head
    missing = changes.key[~changes.stored] // MAX_COLUMNS
    row_at = -1
    for text in pieces:
        rows = scan(text + PADDING)
        last = row_at
        if len(missing):
            last = _last_row_in_order(rows, row_at)
        due = changes.between(row_at, last) if len(missing) and missing[0] <= last else None
        missing = missing[missing > last]
        new = None if rows is None or due is not None else _spliced(rows, changes, strings)
        if new is None:
            known = changes.known() if due is None else due
            locator = CellLocator(package, part, sheet, head + text, known, strings, row_at=row_at)
            locator.feed(head + text)
            if not locator.between_rows or opens_markup(text):
                raise StartAgain
            locator.add_rows()
            new, row_at = locator.result()[len(head) :], locator.row_at
        elif rows is not None:
            row_at = last_row(rows)
        yield new
    rest = pieces.rest + b"".join(pieces.pieces)
    if len(missing):
        locator = CellLocator(package, part, sheet, head + rest, changes.between(row_at, None), strings, row_at=row_at)
        locator.feed(head + rest)
        locator.close()
        rest = locator.result()[len(head) :]
    yield rest


def _last_row_in_order(rows: PlainRows | None, before: int) -> int:
    """Return the last row of a piece in which rows are to be found missing, which wants plain rows in order."""
    if rows is None or rows.row_number[0] <= before or (np.diff(rows.row_number) <= 0).any():
        raise StartAgain
    owner = np.searchsorted(rows.row_tag, rows.cell) - 1
    if (rows.row != rows.row_number[owner]).any():
        raise StartAgain
    return int(rows.row_number[-1])


def _spliced(rows: PlainRows, changes: Changes, strings: Strings) -> bytes | None:
    """Return the text of plain rows with new values; None where the attributes of cells are not so plain."""
    cell, change = _matched(rows, changes)
    if not len(cell):
        return rows.text[: -len(PADDING)]
    try:
        same_type = _keeps_type(rows, cell, changes.kind[change])
    except NotPlain:
        return None
    elements = value_elements(changes.data[change], changes.kind[change], strings)
    start, end = _value_spans(rows, cell)
    for at in np.flatnonzero(~same_type).tolist():
        kind = int(changes.kind[change[at]])
        start[at], elements[at] = _whole_cell(rows, int(cell[at]), int(start[at]), elements[at], kind)
    pieces: list[bytes] = [b""] * (2 * len(elements) + 1)
    pieces[0::2] = rows.slices(np.append(0, end), np.append(start, len(rows.text) - len(PADDING)))
    pieces[1::2] = elements
    return b"".join(pieces)


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
