"""The values of a lesson's formulas, computed by the engine from the declaration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from sheetgrad.engine.workbook import Result, Workbook
from sheetgrad.sheets import model
from sheetgrad.sheets.model import Cells, DefinedName, FormulaKind, Formulas
from sheetgrad.sheets.values import Kind, Scalar, Strings, encode

from .book import Book, Sheet
from .panels import Constants, Fill, Whole
from .places import Frame
from .writer import Lookup

NO_CLOCK = datetime(2024, 1, 1)


def as_workbook(book: Book) -> model.Workbook:
    """Return a lesson as the engine's workbook, without the values of its formulas."""
    strings = Strings()
    sheets = [_sheet(sheet, strings) for sheet in book.sheets]
    names = [DefinedName(panel.name, panel.frame.address) for panel in book.panels]
    tables = [
        model.Table(table.name, _area(index, table.frame), table.columns)
        for index, sheet in enumerate(book.sheets)
        for table in sheet.tables
    ]
    return model.Workbook(book.lesson, sheets, strings, names, tables)


def _area(sheet: int, frame: Frame) -> model.Area:
    return model.Area(sheet, frame.top, frame.left, frame.bottom, frame.right)


def recompute(book: Book, backend: str = "numpy") -> Result:
    """Compute every formula of a lesson.

    Raises ValueError where a formula has no value: unknown functions, cycles, texts that do not parse.
    """
    result = Workbook(as_workbook(book)).recompute(now=NO_CLOCK, backend=backend)
    outcome = result.outcome
    if outcome.unsupported or outcome.malformed or outcome.cycles:
        raise ValueError(f"{book.lesson}: {outcome.unsupported} {outcome.malformed} {outcome.cycles[:1]}")
    return result


def compute(book: Book, backend: str = "numpy") -> Lookup:
    """Compute every formula of a lesson; return the values by frame."""
    result = recompute(book, backend)
    workbook = result.workbook.model

    def values(frame: Frame) -> list[list[Scalar]]:
        sheet = workbook.sheet_index(frame.sheet)
        assert sheet is not None
        return result.grid.read(_area(sheet, frame)).rows(workbook.strings)

    return values


@dataclass(slots=True)
class _Columns:
    """A sheet being laid out: its cells and its formulas, in no order yet."""

    cells: list[tuple[int, int, float, int]] = field(default_factory=list)
    formulas: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)  # row, column, kind, area
    texts: list[str] = field(default_factory=list)

    def formula(self, row: int, column: int, text: str, kind: FormulaKind, bottom: int, right: int) -> None:
        self.cells += [(i, j, 0.0, Kind.EMPTY) for i in range(row, bottom) for j in range(column, right)]
        self.formulas.append((row, column, kind, row, column, bottom, right))
        self.texts.append(text)

    def constant(self, row: int, column: int, value: Scalar, strings: Strings) -> None:
        if value is not None:
            self.cells.append((row, column, *encode(value, strings)))


def _sheet(sheet: Sheet, strings: Strings) -> model.Sheet:
    columns = _Columns()
    for label in sheet.labels:
        if isinstance(label.text, str) and label.text.startswith("="):
            columns.formula(
                label.row, label.column, label.text[1:], FormulaKind.NORMAL, label.row + 1, label.column + 1
            )
        else:
            columns.constant(label.row, label.column, label.text, strings)
    for table in sheet.tables:
        for offset, name in enumerate(table.columns):
            columns.constant(table.frame.top, table.frame.left + offset, name, strings)
    for panel in sheet.panels:
        frame = panel.frame
        match panel.content:
            case Constants(rows):
                for i, row in enumerate(rows):
                    for j, value in enumerate(row):
                        columns.constant(frame.top + i, frame.left + j, value, strings)
            case Fill(_, array):
                kind = FormulaKind.ARRAY if array else FormulaKind.NORMAL
                for place_row, place_column, text in panel.formulas():
                    columns.formula(place_row, place_column, text, kind, place_row + 1, place_column + 1)
            case Whole(formula):
                columns.formula(frame.top, frame.left, formula, FormulaKind.ARRAY, frame.bottom, frame.right)
    return model.Sheet(sheet.name, _cells(columns), _formulas(columns))


def _cells(columns: _Columns) -> Cells:
    rows = sorted(columns.cells)
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    places = table[:, :2].astype(np.int32)
    return Cells(places[:, 0].copy(), places[:, 1].copy(), table[:, 2].copy(), table[:, 3].astype(np.uint8))


def _formulas(columns: _Columns) -> Formulas:
    order = sorted(range(len(columns.texts)), key=lambda index: columns.formulas[index][:2])
    table = np.array([columns.formulas[index] for index in order], dtype=np.int32).reshape(-1, 7)
    texts = [columns.texts[index].encode() for index in order]
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in texts], out=bounds[1:])
    kinds = table[:, 2].astype(np.uint8)
    master = np.full(len(order), -1, dtype=np.int32)
    area = np.ascontiguousarray(table[:, 3:])
    return Formulas(table[:, 0].copy(), table[:, 1].copy(), kinds, area, master, b"".join(texts), bounds)
