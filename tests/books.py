"""Small workbooks for tests: cells spelled out in Python, written by XlsxWriter, read back by the reader."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from unittest.mock import patch

import numpy as np
import xlsxwriter

from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.coordinates import RowCounters
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.outcome import Outcome
from sheetgrad.engine.workbook import Evaluate
from sheetgrad.sheets import repeats
from sheetgrad.sheets.addresses import parse_cell
from sheetgrad.sheets.model import Area, Workbook
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.values import Error, Scalar

Content = float | int | str | bool | Error | None


def file_of(sheets: Mapping[str, Mapping[str, Content]]) -> bytes:
    """Write a workbook: ``"=…"`` is a formula, ``"{=…}"`` an array formula (its key may be a range), an Error an error."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for place, content in cells.items():
                if isinstance(content, str) and content.startswith("{="):
                    sheet.write_array_formula(place if ":" in place else f"{place}:{place}", content)
                elif isinstance(content, Error):
                    sheet.write_formula(place, f"={content.text}", None, content.text)
                elif content is not None:
                    sheet.write(place, content)
    return file.getvalue()


def book_of(sheets: Mapping[str, Mapping[str, Content]]) -> Workbook:
    """Build a workbook as `file_of` writes it."""
    with patch.object(repeats, "SMALLEST", 0):  # so that short fills are read like long ones
        return read_workbook(file_of(sheets), moving=RowCounters())


def computed(workbook: Workbook, evaluate: Evaluate, seed: int = 0) -> tuple[Grid, Outcome]:
    """Evaluate a workbook from its stored values."""
    grid = Grid.of(workbook)
    origin = np.zeros((1, 1), dtype=np.int64)
    now = datetime(2024, 5, 6, 7, 8, 9)
    context = Context(workbook.strings, Place(0, origin, origin), workbook.date1904, seed, now)
    return grid, evaluate(workbook, grid, context)


def cell(workbook: Workbook, grid: Grid, place: str, sheet: int = 0) -> Scalar:
    """Return the value of one cell."""
    row, column = parse_cell(place)
    return grid.read(Area(sheet, row, column, row + 1, column + 1)).scalar(workbook.strings)


def formula_cells(workbook: Workbook) -> list[tuple[int, int, int]]:
    """Return (sheet, row, column) of every cell that a formula fills, as stored."""
    return [
        (index, row, column)
        for index, sheet in enumerate(workbook.sheets)
        for top, left, bottom, right in sheet.formulas.area.tolist()
        for row in range(top, bottom)
        for column in range(left, right)
    ]


def differences(workbook: Workbook, first: Grid, second: Grid, rtol: float = 1e-12) -> list[str]:
    """Return where two grids differ in formula cells: kinds and texts exactly, numbers within ``rtol``."""
    found = []
    for sheet, row, column in formula_cells(workbook):
        area = Area(sheet, row, column, row + 1, column + 1)
        a, b = (grid.read(area).scalar(workbook.strings) for grid in (first, second))
        alike = type(a) is type(b) and a == b
        if isinstance(a, float) and isinstance(b, float):
            alike = abs(a - b) <= rtol * max(abs(a), abs(b), 1.0)
        if not alike:
            found.append(f"{workbook.sheets[sheet].name} row {row + 1} column {column + 1}: {a!r} and {b!r}")
    return found
