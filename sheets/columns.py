"""The columns of one sheet while it is read: cells and formulas as they come, put in order at the end."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import MAX_COLUMNS, Cells, DataTable, FormulaKind, Formulas, ValueSpans
from .records import record
from .values import Error, Floats, Kinds, Strings


@dataclass(frozen=True, slots=True)
class SheetContext:
    """What the cells of a sheet refer to in other parts of the workbook."""

    sheet: int
    name: str
    strings: Strings
    shared: Floats  # shared string number → payload
    date1904: bool = False
    dynamic: frozenset[int] = frozenset()  # values of cm that mark a dynamic array formula
    rich_errors: dict[int, Error] = field(
        default_factory=dict
    )  # values of vm that stand for errors unknown to old versions


@record
class PlainFormulas:
    """Formulas of some cells, as columns. ``cell``: their numbers among these cells. The rest: see `Columns`."""

    cell: NDArray[np.int64]
    kind: Kinds
    area: NDArray[np.int32]  # (m, 4)
    group: NDArray[np.int64]
    master: NDArray[np.int64]
    length: NDArray[np.int64]
    text: bytes


@record
class PlainCells:
    """Cells and their formulas, as columns."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    data: Floats
    kind: Kinds
    value_start: NDArray[np.int64]
    value_length: NDArray[np.int64]
    formulas: PlainFormulas


@dataclass(slots=True)
class Columns:
    """Grows by cells and formulas in document order; `finish` sorts them, the last of several at one place winning.

    ``group`` is a shared formula's number, or -1. ``master`` is the formula of which one is known to be a copy, or -1.
    ``value_start`` and ``value_length`` are as in `ValueSpans`.
    """

    row: array[int] = field(default_factory=lambda: array("i"))
    column: array[int] = field(default_factory=lambda: array("i"))
    data: array[float] = field(default_factory=lambda: array("d"))
    kind: array[int] = field(default_factory=lambda: array("B"))
    value_start: array[int] = field(default_factory=lambda: array("q"))
    value_length: array[int] = field(default_factory=lambda: array("i"))
    formula_cell: array[int] = field(default_factory=lambda: array("q"))
    formula_kind: array[int] = field(default_factory=lambda: array("B"))
    area: array[int] = field(default_factory=lambda: array("i"))
    group: array[int] = field(default_factory=lambda: array("q"))
    master: array[int] = field(default_factory=lambda: array("q"))
    length: array[int] = field(default_factory=lambda: array("q"))
    text: bytearray = field(default_factory=bytearray)
    data_tables: list[DataTable] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    _orders: list[NDArray[np.int64] | None] = field(default_factory=list)  # the order once it is known, else nothing

    def add_cell(self, row: int, column: int, data: float, kind: int) -> None:
        """Add a cell; its formula, if it has one, must have been added just before."""
        self.row.append(row)
        self.column.append(column)
        self.data.append(data)
        self.kind.append(kind)
        self.value_start.append(0)
        self.value_length.append(-1)

    def add_formula(self, kind: int, area: tuple[int, int, int, int], text: bytes, group: int = -1) -> None:
        """Add the formula of the cell that is added next."""
        self.formula_cell.append(len(self.row))
        self.formula_kind.append(kind)
        self.area.extend(area)
        self.group.append(group)
        self.master.append(-1)
        self.length.append(len(text))
        self.text += text

    def add_many(self, cells: PlainCells) -> None:
        """Add cells with their formulas."""
        formulas, base = cells.formulas, len(self.row)
        self.row.frombytes(_raw(cells.row.astype(np.int32)))
        self.column.frombytes(_raw(cells.column.astype(np.int32)))
        self.data.frombytes(_raw(cells.data))
        self.kind.frombytes(_raw(cells.kind))
        self.value_start.frombytes(_raw(cells.value_start))
        self.value_length.frombytes(_raw(cells.value_length.astype(np.int32)))
        self.formula_cell.frombytes(_raw(formulas.cell + base))
        self.formula_kind.frombytes(_raw(formulas.kind))
        self.area.frombytes(_raw(formulas.area))
        self.group.frombytes(_raw(formulas.group))
        self.master.frombytes(_raw(formulas.master))
        self.length.frombytes(_raw(formulas.length))
        self.text += formulas.text

    @property
    def in_order(self) -> bool:
        """Whether the cells came row by row, each once; asked when all of them have come."""
        return self._ordering() is None

    def _ordering(self) -> NDArray[np.int64] | None:
        if not self._orders:
            row, column = np.frombuffer(self.row, dtype=np.int32), np.frombuffer(self.column, dtype=np.int32)
            self._orders.append(_order(row, column))
        return self._orders[0]

    def finish(self) -> tuple[Cells, Formulas]:
        """Return the sheet's columns, row-major, each cell once."""
        row = np.frombuffer(self.row, dtype=np.int32)
        column = np.frombuffer(self.column, dtype=np.int32)
        data = np.frombuffer(self.data, dtype=np.float64)
        kind = np.frombuffer(self.kind, dtype=np.uint8)
        order = self._ordering()
        if order is None:
            return Cells(row, column, data, kind), self._formulas(row, column, None)
        cells = Cells(row[order], column[order], data[order], kind[order])
        place = np.full(len(row), -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        return cells, self._formulas(row, column, place)

    def value_spans(self) -> ValueSpans | None:
        """Return where the sheet's XML has the values, None where the cells do not stand in order."""
        length = np.frombuffer(self.value_length, dtype=np.int32)
        if not self.in_order or not (length >= 0).any():
            return None
        return ValueSpans(np.frombuffer(self.value_start, dtype=np.int64), length)

    def _formulas(self, row: NDArray[np.int32], column: NDArray[np.int32], place: NDArray[np.int64] | None) -> Formulas:
        """Gather the formulas; ``place`` is where each cell went, -1 for cells that a later one replaced."""
        cell = np.frombuffer(self.formula_cell, dtype=np.int64)
        kind = np.frombuffer(self.formula_kind, dtype=np.uint8)
        area = np.frombuffer(self.area, dtype=np.int32).reshape(-1, 4)
        bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.frombuffer(self.length, dtype=np.int64))])
        copied = np.frombuffer(self.master, dtype=np.int64)
        master = np.where(copied < 0, _masters(kind, np.frombuffer(self.group, dtype=np.int64)), copied)
        master = master.astype(np.int32)
        kept = np.ones(len(cell), dtype=np.bool_) if place is None else place[cell] >= 0
        kept &= (kind != FormulaKind.SHARED) | ((master >= 0) & kept[master])
        text, self.text = bytes(self.text), bytearray()
        if place is None and kept.all():
            return Formulas(row[cell], column[cell], kind, area, master, text, bounds)
        order = np.flatnonzero(kept)
        if place is not None:
            order = order[np.argsort(place[cell[order]], kind="stable")]
        renumbered = np.full(len(cell) + 1, -1, dtype=np.int32)  # its last stands for master -1
        renumbered[order] = np.arange(len(order))
        spans = zip(bounds[order].tolist(), bounds[order + 1].tolist(), strict=True)
        text = b"".join([text[start:end] for start, end in spans])
        bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.diff(bounds)[order])])
        cell = cell[order]
        return Formulas(row[cell], column[cell], kind[order], area[order], renumbered[master[order]], text, bounds)


def _raw(column: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(column).view(np.uint8).data


def _order(row: NDArray[np.int32], column: NDArray[np.int32]) -> NDArray[np.int64] | None:
    """Return the row-major order of cells, of several at one place only the last; None where they stand so already."""
    key = row.astype(np.int64) * MAX_COLUMNS + column
    if len(key) < 2 or (key[1:] > key[:-1]).all():
        return None
    order: NDArray[np.int64] = np.argsort(key, kind="stable")
    key = key[order]
    last: NDArray[np.int64] = order[np.append(key[1:] != key[:-1], True)]
    return last


def _masters(kind: NDArray[np.uint8], group: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the master of each member of a shared formula: the last of its group before it, else the first after."""
    master = np.full(len(kind), -1, dtype=np.int32)
    members = np.flatnonzero(kind == FormulaKind.SHARED)
    masters = np.flatnonzero((kind == FormulaKind.NORMAL) & (group >= 0))
    if not len(members) or not len(masters):
        return master
    masters = masters[np.argsort(group[masters], kind="stable")]
    key = group[masters] * len(kind) + masters
    after = np.searchsorted(key, group[members] * len(kind) + members)
    for at in (after, after - 1):  # the one before comes second, and wins
        at = np.clip(at, 0, len(masters) - 1)
        fits = group[masters[at]] == group[members]
        master[members[fits]] = masters[at[fits]]
    return master
