"""What-if data tables: each cell is a formula's value with one or two input cells replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.addresses import parse_cell
from sheetgrad.sheets.errors import BadReference
from sheetgrad.sheets.model import Area, DataTable, FormulaKind
from sheetgrad.sheets.values import Error, Values

from .outcome import CellKey, Outcome

if TYPE_CHECKING:
    from .formulary import Entry
    from .reference import CellEvaluator


def fill_data_table(cells: CellEvaluator, entry: Entry) -> Values:
    """Compute a data table by substitution, (height, width): every cell on a copy of the grid of its own.

    Inputs stand in the column left of the table, in the row above it, or both; the formula in the corner, or in the
    row above or the column left of the table. #REF! where an input cell is lost.
    """
    table = _table_at(cells, entry)
    area = entry.area
    data, kind = np.zeros(area.shape), np.zeros(area.shape, dtype=np.uint8)
    for row in range(area.top, area.bottom):
        for column in range(area.left, area.right):
            value = _cell(cells, table, row, column) if table is not None else None
            value = value or Values.of(Error.REF, cells.context.strings)
            data[row - area.top, column - area.left] = value.data[0, 0]
            kind[row - area.top, column - area.left] = value.kinds[0, 0]
    return Values(data, kind)


def _table_at(cells: CellEvaluator, entry: Entry) -> DataTable | None:
    tables = cells.workbook.sheets[entry.sheet].data_tables
    return next((table for table in tables if table.area == entry.area), None)


def _cell(cells: CellEvaluator, table: DataTable, row: int, column: int) -> Values | None:
    area = table.area
    above, beside = (area.sheet, area.top - 1, column), (area.sheet, row, area.left - 1)
    try:
        first = parse_cell(table.first_input)
        second = parse_cell(table.second_input) if table.two_dimensional and table.second_input else None
    except BadReference:
        return None
    if table.two_dimensional:
        if second is None:
            return None
        return _substituted(cells, (area.sheet, area.top - 1, area.left - 1), [(first, above), (second, beside)])
    formula, source = (beside, above) if table.row_input else (above, beside)
    return _substituted(cells, formula, [(first, source)])


def _substituted(cells: CellEvaluator, formula: CellKey, inputs: list[tuple[tuple[int, int], CellKey]]) -> Values:
    """Return a cell's value with input cells replaced by the values of others, all else computed as it follows."""
    from .reference import CellEvaluator

    sheet = formula[0]
    for _, source in inputs:
        cells.evaluation.settle_area(_single(source))
    cells.evaluation.settle_area(_single(formula))
    grid = cells.grid.copy()
    replaced = {(sheet, *at) for at, _ in inputs}
    for at, source in inputs:
        grid.write(_single((sheet, *at)), cells.grid.read(_single(source)))
    context = cells.context
    place = context.place
    scratch = CellEvaluator(cells.workbook, grid, context, Outcome())
    scratch.compute([key for key in _ordinary(cells) if key not in replaced], wanted=[formula])
    context.place = place
    return grid.read(_single(formula))


def _ordinary(cells: CellEvaluator) -> list[CellKey]:
    """Return the cells of all formulas but data tables."""
    keys = list(cells.formulas.keys())
    return [key for i, key in enumerate(keys) if cells.formulas.entry(i).kind != FormulaKind.DATA_TABLE]


def _single(cell: CellKey) -> Area:
    sheet, row, column = cell
    return Area(sheet, row, column, row + 1, column + 1)
