"""A block of rows of XML that those below it may repeat, counted on: its bytes without values, and what counts rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .columns import PlainCells, PlainFormulas, SheetContext
from .fast_cells import cell_forms, formula_spans, hidden_rows, plain_formulas
from .model import MAX_COLUMNS, MAX_ROWS, FormulaKind
from .plain_rows import INLINE, PADDING, VALUE, VALUE_EMPTY, Bytes, Mask, NotPlain, PlainRows, Positions, scan
from .records import record
from .stored import ENTITIES, KIND_OF, NUMBER, payloads
from .value_texts import ValueTexts
from .values import Floats, Kind, Kinds

Spans: TypeAlias = tuple[tuple[int, int], ...]
# Where formulas count rows when they are copied down, None where that is not certain; with the numbers of those that do
# so at the same places.
Moving: TypeAlias = Callable[[Sequence[bytes]], "Mapping[Spans | None, list[int]]"]

ROW_OPEN, ROW_CLOSE = b'<row r="', b"</row>"
_ROW_END: Final = np.frombuffer(ROW_CLOSE, dtype=np.uint8)
_FIRST, _GROWTH = 1 << 16, 8  # bytes that are compared at once, and how many times more are next
_NORMAL, _SHARED = FormulaKind.NORMAL, FormulaKind.SHARED


@record
class RowBlock:
    """A scanned block. Its ``text`` has no values; ``counters``: by number and digits, where in it rows are counted."""

    text: bytes
    octets: Bytes
    row: int  # its first, zero-based
    step: int  # rows from one block to the next
    counters: dict[tuple[int, int], Positions]
    rows: Positions  # (k,) of its cells, zero-based
    column: Positions  # (k,)
    kind: Kinds  # (k,)
    valued: Positions  # which cells hold a value
    form: NDArray[np.int8]  # their types
    formulas: PlainFormulas

    def matches(self, octets: Bytes, at: int) -> tuple[int, int]:
        """Return the row that begins at ``at``, and how many blocks from there on repeat this one."""
        length = len(self.text)
        most = (len(octets) - at) // length
        digits = octets[at + len(ROW_OPEN) : at + len(ROW_OPEN) + len(str(self.row + 1))].tobytes()
        if most < 1 or not digits.isdigit():
            return 0, 0
        row = int(digits) - 1
        for number, width in self.counters:
            moved = number + row - self.row
            room = min(10**width - 1, MAX_ROWS) - moved
            most = min(most, room // self.step + 1 if moved > 0 else 0)
        blocks = octets[at : at + max(most, 0) * length].reshape(-1, length)
        return row, self._equal(blocks[: _leading((blocks[:, -len(_ROW_END) :] == _ROW_END).all(axis=1))], row)

    def _equal(self, blocks: Bytes, row: int) -> int:
        """Return how many blocks, from the first on, are this one counted on."""
        found, size = 0, max(_FIRST // len(self.text), 1)
        while found < len(blocks):
            some = blocks[found : found + size]
            same = _leading((some == self._expected(row + found * self.step, len(some))).all(axis=1))
            found += same
            if same < len(some):
                break
            size *= _GROWTH
        return found

    def _expected(self, row: int, count: int) -> Bytes:
        expected = np.empty((count, len(self.text)), dtype=np.uint8)
        expected[:] = self.octets
        turns = row - self.row + self.step * np.arange(count)
        for (number, width), places in self.counters.items():
            digits = (number + turns)[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10 + ord("0")
            expected[:, places[:, None] + np.arange(width)] = digits.astype(np.uint8)[:, None, :]
        return expected

    def cells(self, row: int, count: int, values: ValueTexts, context: SheetContext, first: int) -> PlainCells:
        """Return the cells of blocks that repeat this one, given their values.

        ``first``: where the sheet has this block's formulas, of which theirs are copies. Raises `NotPlain`.
        """
        data = np.zeros((count, len(self.column)))
        kind = np.repeat(self.kind[None], count, axis=0)
        self._fill(data, kind, values, context)
        down = row - self.row + self.step * np.arange(count)
        rows = (down[:, None] + self.rows).ravel()
        start, length = np.zeros(data.shape, dtype=np.int64), np.full(data.shape, -1, dtype=np.int64)
        start[:, self.valued] = values.start.reshape(count, -1) + values.at
        length[:, self.valued] = values.length.reshape(count, -1)
        columns = np.tile(self.column, count), data.ravel(), kind.ravel(), start.ravel(), length.ravel()
        return PlainCells(rows, *columns, self._copies(down, first))

    def _fill(self, data: Floats, kind: Kinds, values: ValueTexts, context: SheetContext) -> None:
        for form in set(self.form.tolist()):
            here = self.form == form
            taken = values.taken(np.tile(here, len(data)))
            data[:, self.valued[here]] = payloads(form, taken, context).reshape(len(data), -1)
            if form == NUMBER:
                empty = taken.length.reshape(len(data), -1) == 0
                kind[:, self.valued[here]] = np.where(empty, np.uint8(Kind.EMPTY), kind[:, self.valued[here]])

    def _copies(self, down: Positions, first: int) -> PlainFormulas:
        """Return the formulas of blocks so far below this one; those of the block itself have texts."""
        own, count, size = self.formulas, len(down), len(self.formulas.cell)
        area = np.repeat(own.area[None], count, axis=0)
        area[:, :, ::2] += down.astype(np.int32)[:, None, None]
        master = np.repeat(np.where(own.length > 0, first + np.arange(size), -1)[None], count, axis=0)
        length = np.zeros((count, size), dtype=np.int64)
        text = b""
        if down[0] == 0:
            master[0], length[0], text = -1, own.length, own.text
        return PlainFormulas(
            (np.arange(count)[:, None] * len(self.column) + own.cell).ravel(),
            np.tile(own.kind, count),
            area.reshape(-1, 4),
            np.tile(own.group, count),
            master.ravel(),
            length.ravel(),
            text,
        )


def _leading(flags: Mask) -> int:
    """Return how many flags hold before the first that does not."""
    return len(flags) if flags.all() else int(flags.argmin())


def learn(text: bytes, step: int, context: SheetContext, moving: Moving) -> RowBlock:
    """Scan rows without values for a block that repeats every ``step`` rows. Raises `NotPlain` where they are none."""
    rows = scan(text + PADDING)
    if rows is None or hidden_rows(rows) or not _is_simple(rows, step):
        raise NotPlain
    form, dynamic = cell_forms(rows, context)
    tags = rows.tag[rows.value]
    if (tags == INLINE).any() or (form[tags == VALUE_EMPTY] != NUMBER).any():
        raise NotPlain
    formulas = plain_formulas(rows, dynamic)
    if ((formulas.kind == _NORMAL) & (formulas.group >= 0)).any():
        raise NotPlain
    valued = np.flatnonzero(tags == VALUE)
    kind = np.where(tags == VALUE, KIND_OF[form], np.uint8(Kind.EMPTY))
    counters = _counters(rows, formulas, moving)
    return RowBlock(
        text,
        np.frombuffer(text, dtype=np.uint8),
        int(rows.row_number[0]),
        step,
        counters,
        rows.row,
        rows.column,
        kind,
        valued,
        form[valued],
        formulas,
    )


def _is_simple(rows: PlainRows, step: int) -> bool:
    """Whether all cells are their rows' own and stand in order, and values have no attributes."""
    owner = np.searchsorted(rows.row_tag, rows.cell) - 1
    value = rows.value[rows.tag[rows.value] == VALUE]
    return bool(
        len(rows.cell)
        and (rows.row == rows.row_number[owner]).all()
        and (np.diff(rows.row * MAX_COLUMNS + rows.column) > 0).all()
        and (np.diff(rows.row_number) > 0).all()
        and rows.row_number[-1] < rows.row_number[0] + step
        and (rows.end[value] - rows.start[value] == 2).all()
    )


def _counters(rows: PlainRows, formulas: PlainFormulas, moving: Moving) -> dict[tuple[int, int], Positions]:
    found: dict[tuple[int, int], list[Positions]] = defaultdict(list)
    own, own_ends = _own_references(rows, formulas)
    numbers = np.concatenate([rows.row_number, rows.row, own]) + 1
    ends = np.concatenate([rows.row_tail, rows.tail, own_ends]) - 1
    for number in sorted(set(numbers.tolist())):
        found[number, len(str(number))].append(ends[numbers == number] - len(str(number)))
    written = np.flatnonzero(formulas.length > 0)
    starts, ends = formula_spans(rows, rows.formula[formulas.cell[written]])
    for spans, members in moving([_without_entities(text) for text in rows.slices(starts, ends)]).items():
        if spans is None:
            raise NotPlain
        for begin, end in spans:
            _count(rows.octets, starts[members] + begin, end - begin, found)
    return {key: np.concatenate(places) for key, places in found.items()}


def _count(octets: Bytes, starts: Positions, width: int, found: dict[tuple[int, int], list[Positions]]) -> None:
    """Read numbers of some digits, and sort where they stand. Raises where one begins with 0."""
    digits = octets[starts[:, None] + np.arange(width)].astype(np.int64) - ord("0")
    if not digits[:, 0].all():
        raise NotPlain
    numbers = digits @ 10 ** np.arange(width - 1, -1, -1)
    for number in sorted(set(numbers.tolist())):
        found[number, width].append(starts[numbers == number])


def _own_references(rows: PlainRows, formulas: PlainFormulas) -> tuple[Positions, Positions]:
    """Return the rows of array formulas, each of its own cell alone, and where the quotes after their ``ref`` end."""
    arrays = np.flatnonzero((formulas.kind != _NORMAL) & (formulas.kind != _SHARED))
    cell = formulas.cell[arrays]
    tag = rows.formula[cell]
    starts, ends = rows.start[rows.cell[cell]] + len(b'<c r="'), rows.tail[cell]
    found = []
    names = rows.slices(starts, ends)  # with their closing quotes
    for name, start, end in zip(names, rows.start[tag].tolist(), rows.end[tag].tolist(), strict=True):
        at = rows.text.find(b' ref="' + name, start, end)
        if at < 0:
            raise NotPlain
        found.append(at + len(b' ref="') + len(name))
    return rows.row[cell], np.array(found, dtype=np.int64)


def _without_entities(text: bytes) -> bytes:
    """Resolve entities, each to as many characters, so that positions stay."""
    if b"&" in text:
        for entity, character in ENTITIES:
            text = text.replace(entity, character.rjust(len(entity)))
    return text
