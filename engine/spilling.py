"""What array formulas fill: the stored area of a legacy one, the spill of a dynamic one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area
from sheetgrad.sheets.values import Error, Kind, Values

from .broadcasting import pad
from .grid import CELL_BUDGET

if TYPE_CHECKING:
    from .formulary import Entry
    from .reference import CellEvaluator


def spill_array(values: Values, area: Area) -> Values:
    """Fit values to an area: a single row or column is repeated, what is missing is #N/A, what is beyond is cut."""
    height, width = area.shape
    cut = filled(_cut(values, height, width))
    return cut if cut.shape == (height, width) else pad(cut, height, width)


def spill_dynamic(cells: CellEvaluator, entry: Entry, values: Values) -> None:
    """Write a dynamic formula's values from its cell on; #SPILL! where something is in the way."""
    old = cells.formulas.area(entry)
    area = Area(entry.sheet, entry.row, entry.column, entry.row + values.shape[0], entry.column + values.shape[1])
    anchor = Area(entry.sheet, entry.row, entry.column, entry.row + 1, entry.column + 1)
    if old.shape != (1, 1):
        cells.grid.write(old, _nothing(old))
    if area.bottom > MAX_ROWS or area.right > MAX_COLUMNS or (area.shape != (1, 1) and blocked(cells, entry, area)):
        area, values = anchor, Values.of(Error.SPILL, cells.context.strings)
    cells.spilled -= _beyond_anchor(cells.outcome.spills.get(entry.key, anchor))
    if cells.spilled + _beyond_anchor(area) > CELL_BUDGET:
        area, values = anchor, Values.of(Error.NUM, cells.context.strings)
    cells.spilled += _beyond_anchor(area)
    values = filled(values)
    cells.grid.write(area, values)
    cells.outcome.spills[entry.key] = area
    if area != old:
        cells.formulas.grow(entry, area)
        cells.grown = cells.grown or not _covers(old, area)
        cells.marks.repaint()


def _beyond_anchor(area: Area) -> int:
    return area.height * area.width - 1


def blocked(cells: CellEvaluator, entry: Entry, area: Area) -> bool:
    """Tell whether a cell of the area other than the formula's own holds or computes something."""
    for place, values in cells.grid.filled(area):
        full = values.kinds != Kind.EMPTY
        own = entry.row - place.top, entry.column - place.left
        if 0 <= own[0] < place.height and 0 <= own[1] < place.width:
            full = full.copy()
            full[own] = False
        if full.any():
            return True
    return cells.formulas.others_within(area, entry)


def filled(values: Values) -> Values:
    """Return values as a formula leaves them in cells: an empty cell's value is 0."""
    if values.kind is None or values.kind.all():
        return values
    empty = values.kind == Kind.EMPTY
    return Values(np.where(empty, 0.0, values.data), np.where(empty, np.uint8(Kind.NUMBER), values.kind))


def _cut(values: Values, height: int, width: int) -> Values:
    return Values(values.data[:height, :width], None if values.kind is None else values.kind[:height, :width])


def _nothing(area: Area) -> Values:
    return Values(np.zeros(area.shape), np.zeros(area.shape, dtype=np.uint8))


def _covers(outer: Area, inner: Area) -> bool:
    return (
        outer.top <= inner.top
        and outer.left <= inner.left
        and outer.bottom >= inner.bottom
        and outer.right >= inner.right
    )
