"""What a recomputation gives beside what the file stores, formula cell by formula cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import cell_name, quote_sheet
from sheetgrad.sheets.model import MAX_COLUMNS, Sheet, Workbook
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Floats, Kind, Kinds, Scalar, decode

from .grid import Block, Grid, fills
from .outcome import CellKey

NEXT_TO_ZERO = 1e-15  # a zero on either side equals anything below this: what is left of subtracting equals
_AT_ONCE = 1 << 18  # cells that are gathered at a time: temporary arrays stay small

Keys = NDArray[np.int64]  # row * MAX_COLUMNS + column
Mask = NDArray[np.bool_]


@record
class Difference:
    """A formula cell whose computed value is not the stored one."""

    sheet: str
    cell: str
    formula: str
    stored: Scalar
    computed: Scalar

    @property
    def place(self) -> str:
        """``Sheet!A1``."""
        return f"{quote_sheet(self.sheet)}!{self.cell}"

    def __str__(self) -> str:
        return f"{self.place}: stored {shown(self.stored)}, computed {shown(self.computed)} by ={self.formula}"


@dataclass(slots=True)
class Comparison:
    """All differences, and how many cells were there to compare.

    ``formulas``: cells that hold or belong to a formula, members of arrays included. ``compared`` leaves out the cells
    that were taken at their stored values, those without a stored value, and links to other workbooks.
    """

    formulas: int = 0
    compared: int = 0
    bare: int = 0  # those without a stored value
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> int:
        return self.compared - len(self.differences)


def shown(value: Scalar) -> str:
    """Return a scalar as a message shows it.

    >>> shown(None), shown(0.5), shown("a"), shown(True)
    ('nothing', '0.5', '"a"', 'TRUE')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value) if isinstance(value, float) else str(value)


def compare(workbook: Workbook, grid: Grid, skipped: set[CellKey], rtol: float) -> Comparison:
    """Compare a computed grid with the stored values of a workbook's formula cells; numbers within ``rtol``."""
    found = Comparison()
    for index, sheet in enumerate(workbook.sheets):
        members = formula_cells(sheet)
        found.formulas += len(members)
        stored = sheet.cells
        keys = stored.row.astype(np.int64) * MAX_COLUMNS + stored.column
        left_out = np.array([row * MAX_COLUMNS + column for at, row, column in skipped if at == index], dtype=np.int64)
        wanted = _among(keys, members) & ~_among(keys, np.sort(left_out))
        there = stored.kind != Kind.EMPTY
        found.bare += int((wanted & ~there).sum())
        wanted &= there
        rows, columns = stored.row[wanted], stored.column[wanted]
        data, kind = gather(grid, index, rows, columns)
        found.compared += len(rows)
        same = equal(stored.data[wanted], stored.kind[wanted], data, kind, rtol)
        if not same.all():
            places = np.flatnonzero(wanted)[~same]
            found.differences += _differences(workbook, sheet, places, data[~same], kind[~same])
    return found


def equal(data: Floats, kind: Kinds, other: Floats, other_kind: Kinds, rtol: float) -> Mask:
    """Tell elementwise whether two columns of payloads and kinds hold the same values."""
    size = np.maximum(np.abs(data), np.abs(other))
    error = np.abs(data - other)
    zero = (data == 0) | (other == 0)
    near = (error <= rtol * size) | (zero & (error <= NEXT_TO_ZERO))
    return np.asarray((kind == other_kind) & np.where(kind == Kind.NUMBER, near, data == other))


def formula_cells(sheet: Sheet) -> Keys:
    """Return the keys of all cells that hold or belong to a formula, sorted, each once."""
    area = fills(sheet)
    single = (area[:, 2] - area[:, 0] == 1) & (area[:, 3] - area[:, 1] == 1)
    alone = area[single, 0].astype(np.int64) * MAX_COLUMNS + area[single, 1]
    return merged([alone, *(area_keys(*corners) for corners in area[~single].tolist())])


def area_keys(top: int, left: int, bottom: int, right: int) -> Keys:
    """Return the keys of an area's cells, row by row."""
    rows = np.arange(top, bottom, dtype=np.int64)[:, None] * MAX_COLUMNS
    return (rows + np.arange(left, right)).ravel()


def merged(parts: list[Keys]) -> Keys:
    """Join keys into one sorted column, each once; what is sorted already is not sorted again."""
    keys = np.concatenate(parts)
    if (keys[1:] > keys[:-1]).all():
        return keys
    keys.sort()
    first = np.append(True, keys[1:] != keys[:-1])
    return keys if first.all() else keys[first]


def gather(grid: Grid, sheet: int, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> tuple[Floats, Kinds]:
    """Return the payloads and kinds of single cells given as columns; cells outside all blocks are empty."""
    data = np.zeros(len(rows))
    kind = np.zeros(len(rows), dtype=np.uint8)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for block in grid.blocks(sheet):
            _take(block, rows[part], columns[part], data[part], kind[part])
    return data, kind


def _take(block: Block, rows: NDArray[np.int32], columns: NDArray[np.int32], data: Floats, kind: Kinds) -> None:
    """Put what a block holds into the payloads and kinds of those cells that lie in it."""
    area = block.area
    here = (rows >= area.top) & (rows < area.bottom) & (columns >= area.left) & (columns < area.right)
    at = rows[here] - area.top, columns[here] - area.left
    data[here] = block.data[at]
    kind[here] = block.kind[at]


def _among(keys: Keys, wanted: Keys) -> Mask:
    """Tell which keys are among ``wanted``, which is sorted."""
    if not len(wanted):
        return np.zeros(len(keys), dtype=np.bool_)
    at = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    return np.asarray(wanted[at] == keys)


def _differences(
    workbook: Workbook, sheet: Sheet, places: NDArray[np.intp], data: Floats, kind: Kinds
) -> list[Difference]:
    from .formula_text import formula_text  # a run that does not compare needs no text of formulas

    stored, owners = sheet.cells, _owners(sheet)
    found = []
    for at, payload, code in zip(places.tolist(), data.tolist(), kind.tolist(), strict=True):
        row, column = int(stored.row[at]), int(stored.column[at])
        before = decode(float(stored.data[at]), int(stored.kind[at]), workbook.strings)
        after = decode(payload, code, workbook.strings)
        formula = formula_text(sheet, owners[row, column])
        found.append(Difference(sheet.name, cell_name(row, column), formula, before, after))
    return found


def _owners(sheet: Sheet) -> dict[tuple[int, int], int]:
    """Map each formula cell to the index of its formula."""
    owners = {}
    for index, (top, left, bottom, right) in enumerate(fills(sheet).tolist()):
        for row in range(top, bottom):
            for column in range(left, right):
                owners[row, column] = index
    return owners
