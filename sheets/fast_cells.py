"""The cells of plain rows as columns, many at a time: the same columns that `sheet_xml` reads one event at a time."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .columns import Columns, PlainCells, PlainFormulas, SheetContext
from .model import FormulaKind
from .plain_rows import (
    CELL,
    FORMULA,
    INLINE,
    TEXT,
    TEXT_EMPTY,
    VALUE,
    VALUE_EMPTY,
    Mask,
    NotPlain,
    PlainRows,
    Positions,
    digits,
    masked,
    references,
    word,
)
from .sheet_xml import filled_area
from .stored import INLINE_STRING, KIND_OF, NUMBER, TYPES, payloads, without_entities
from .value_texts import ValueTexts
from .values import Floats, Kind, Kinds

_ATTRIBUTE = re.compile(rb' ([A-Za-z][A-Za-z0-9]*(?::[A-Za-z]+)?)="([^"&<]*)"')
_ATTRIBUTES = re.compile(rb'(?: [A-Za-z][A-Za-z0-9]*(?::[A-Za-z]+)?="[^"&<]*")*\Z')
_STYLE = word(b' s="')
_ARRAY = (word(b' t="arra'), word(b'y" ref="'))
_FOUR_BYTES = word(b"\xff" * 4)
_MOST_TAILS = 24


def add_plain(rows: PlainRows, at: int, context: SheetContext, columns: Columns) -> bool:
    """Add the cells of plain rows, which begin at byte ``at`` of the part, to the columns.

    Returns False, with nothing added, where they are not so plain.
    """
    try:
        hidden = hidden_rows(rows)
        form, dynamic = cell_forms(rows, context)
        data, kind, start, length = _values(rows, form, context)
        formulas = plain_formulas(rows, dynamic)
        cells = PlainCells(rows.row, rows.column, data, kind, start + at, length, formulas)
    except NotPlain:
        return False
    columns.hidden_rows |= hidden
    columns.add_many(cells)
    return True


def parse_tail(tail: bytes) -> dict[bytes, bytes]:
    """Return the attributes in what follows the first one of a tag. Raises where they are not of the plain form."""
    found = _ATTRIBUTE.findall(tail)
    attributes = dict(found)
    if not _ATTRIBUTES.match(tail) or len(found) != len(attributes) or b"r" in attributes:
        raise NotPlain
    return attributes


def cell_types(rows: PlainRows) -> tuple[NDArray[np.int8], list[dict[bytes, bytes]]]:
    """Return for each cell which of the listed sets of attributes, style aside, it has after its address."""
    start, length = _after_style(rows)
    which = np.zeros(len(start), dtype=np.int8)
    found: list[dict[bytes, bytes]] = [{}]
    waiting = np.flatnonzero(length > 0)
    if len(waiting) and length[waiting].max() > 24:
        raise NotPlain
    keys = [masked(rows.words, start[waiting] + 8 * part, length[waiting] - 8 * part) for part in range(3)]
    while len(waiting):
        if len(found) > _MOST_TAILS:
            raise NotPlain
        first = int(waiting[0])
        found.append(parse_tail(rows.text[int(start[first]) : int(start[first] + length[first])]))
        same = (keys[0] == keys[0][0]) & (keys[1] == keys[1][0]) & (keys[2] == keys[2][0])
        which[waiting[same]] = len(found) - 1
        waiting, keys = waiting[~same], [key[~same] for key in keys]
    return which, found


def _after_style(rows: PlainRows) -> tuple[Positions, Positions]:
    """Return where each cell's attributes begin, past its address and style, and how many bytes they have."""
    end = rows.end[rows.cell] - (rows.tag[rows.cell] != CELL)
    start = rows.tail
    styled = np.flatnonzero((end > start) & ((rows.words[start] & _FOUR_BYTES) == _STYLE))
    if len(styled):
        _, count = digits(rows.words, start[styled] + 4)
        after = start[styled] + 4 + count
        if not (rows.octets[after] == ord('"')).all():
            raise NotPlain
        start = start.copy()
        start[styled] = after + 1
    return start, end - start


def hidden_rows(rows: PlainRows) -> set[int]:
    """Return the rows that say they are hidden, having checked the attributes of all."""
    start, end = rows.row_tail, rows.end[rows.row_tag]
    end = end - (rows.octets[end - 1] == ord("/"))
    waiting = np.flatnonzero(end > start)
    tails = rows.slices(start[waiting], end[waiting])
    hidden = {tail for tail in set(tails) if parse_tail(tail).get(b"hidden") in (b"1", b"true", b"on")}
    if not hidden:
        return set()
    return {int(rows.row_number[at]) for at, tail in zip(waiting.tolist(), tails, strict=True) if tail in hidden}


def cell_forms(rows: PlainRows, context: SheetContext) -> tuple[NDArray[np.int8], Mask | None]:
    """Return the type of each cell, and whether it is marked as a dynamic array formula (None where no cell is)."""
    which, found = cell_types(rows)
    types, marked = [], []
    for attributes in found:
        if attributes.keys() - {b"t", b"s", b"cm"} or attributes.get(b"t", b"n") not in TYPES:
            raise NotPlain
        types.append(TYPES[attributes.get(b"t", b"n")])
        marker = attributes.get(b"cm", b"")
        marked.append(marker.isdigit() and int(marker[:9]) in context.dynamic)
    dynamic = np.array(marked)[which] if any(marked) else None
    return np.array(types, dtype=np.int8)[which], dynamic


def _values(
    rows: PlainRows, form: NDArray[np.int8], context: SheetContext
) -> tuple[Floats, Kinds, Positions, Positions]:
    """Return the payloads and kinds of all cells, and where the texts of their values begin and how long they are."""
    inline = rows.tag[rows.value] == INLINE
    if not np.array_equal(inline, form == INLINE_STRING):
        raise NotPlain
    holder = rows.value + inline
    has_text = (rows.tag[holder] == VALUE) | (rows.tag[holder] == TEXT)
    start = rows.end[holder] + 1
    end = np.where(has_text, rows.start[np.minimum(holder + 1, len(rows.start) - 1)], start)
    there = has_text | (rows.tag[holder] == VALUE_EMPTY) | (rows.tag[holder] == TEXT_EMPTY)
    kind = np.where(there, KIND_OF[form], np.uint8(Kind.EMPTY))
    data = np.zeros(len(kind))
    for which in _by_type(np.where(there, form, -1)):
        values = ValueTexts(rows.text, 0, start[which], end[which] - start[which])
        data[which] = payloads(int(form[which[0]]), values, context)
    kind[there & (form == NUMBER) & (start == end)] = Kind.EMPTY
    return data, kind, start, np.where(rows.tag[holder] == VALUE, end - start, -1)


def _by_type(form: NDArray[np.int8]) -> list[Positions]:
    """Return the cells of each type that has any, those of type -1 left out."""
    found = [np.flatnonzero(form == number) for number in range(len(KIND_OF))]
    return [which for which in found if len(which)]


def plain_formulas(rows: PlainRows, dynamic: Mask | None) -> PlainFormulas:
    """Return the formulas of all cells; those without a text that are no members of a shared formula are none."""
    cell = np.flatnonzero(rows.formula >= 0)
    tag = rows.formula[cell]
    row, column = rows.row[cell], rows.column[cell]
    area = np.stack([row, column, row + 1, column + 1], axis=1).astype(np.int32)
    kind, group = _formula_forms(rows, tag, row, column, area)
    start, end = formula_spans(rows, tag)
    text, length = _joined(rows.slices(start, end), end - start)
    if dynamic is not None:
        kind[(kind == FormulaKind.ARRAY) & dynamic[cell]] = FormulaKind.DYNAMIC
    kind[(kind == FormulaKind.SHARED) & (length > 0)] = FormulaKind.NORMAL
    kept = (length > 0) | (kind == FormulaKind.SHARED)
    master = np.full(len(cell), -1, dtype=np.int64)
    if kept.all():
        return PlainFormulas(cell, kind, area, group, master, length, text)
    return PlainFormulas(cell[kept], kind[kept], area[kept], group[kept], master[kept], length[kept], text)


def formula_spans(rows: PlainRows, tag: Positions) -> tuple[Positions, Positions]:
    """Return where the texts of formulas begin and end, given their tags."""
    start = rows.end[tag] + 1
    end = np.where(rows.tag[tag] == FORMULA, rows.start[np.minimum(tag + 1, len(rows.start) - 1)], start)
    return start, end


def _formula_forms(
    rows: PlainRows, tag: Positions, row: Positions, column: Positions, area: NDArray[np.int32]
) -> tuple[Kinds, Positions]:
    """Return the kind and the shared group of formulas, and put into ``area`` what arrays say they fill."""
    kind = np.full(len(tag), FormulaKind.NORMAL, dtype=np.uint8)
    group = np.full(len(tag), -1, dtype=np.int64)
    start = rows.start[tag] + 2
    end = rows.end[tag] - (rows.tag[tag] != FORMULA)
    waiting = np.flatnonzero(end > start)
    if len(waiting):
        single = _single_cell_arrays(rows, start[waiting], end[waiting], row[waiting], column[waiting])
        kind[waiting[single]] = FormulaKind.ARRAY
        waiting = waiting[~single]
    known: dict[bytes, dict[bytes, bytes]] = {}
    for at, tail in zip(waiting.tolist(), rows.slices(start[waiting], end[waiting]), strict=True):
        attributes = known.get(tail)
        if attributes is None:
            attributes = known[tail] = parse_tail(tail)
        form = attributes.get(b"t", b"normal")
        if form == b"array":
            kind[at] = FormulaKind.ARRAY
            alone = (int(row[at]), int(column[at]), int(row[at]) + 1, int(column[at]) + 1)
            area[at] = filled_area(attributes.get(b"ref", b"").decode(), alone)
        elif form == b"shared":
            number = attributes.get(b"si", b"")
            if not number.isdigit() or len(number) > 9:
                raise NotPlain
            kind[at], group[at] = FormulaKind.SHARED, int(number)
        elif form != b"normal":
            raise NotPlain
    return kind, group


def _single_cell_arrays(rows: PlainRows, start: Positions, end: Positions, row: Positions, column: Positions) -> Mask:
    """Return which formulas' attributes say that they are arrays that fill their own cell, and nothing else."""
    single: Mask = (rows.words[start] == _ARRAY[0]) & (rows.words[start + 8] == _ARRAY[1])
    found_row, found_column, after, right = references(rows.words, np.where(single, start + 16, start))
    single &= right & (found_row == row) & (found_column == column)
    single &= (after + 1 == end) & (rows.octets[after] == ord('"'))
    return single


def _joined(texts: list[bytes], length: Positions) -> tuple[bytes, Positions]:
    """Return texts end to end with their entities resolved, and their lengths."""
    text = b"".join(texts)
    if b"&" not in text:
        return text, length
    marked = without_entities(b"\0".join([*texts, b""]))
    ends = np.flatnonzero(np.frombuffer(marked, dtype=np.uint8) == 0)
    return marked.translate(None, b"\0"), np.diff(ends, prepend=-1) - 1
