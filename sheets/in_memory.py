"""An openpyxl workbook in memory as columns of cells and formulas."""

from __future__ import annotations

import io
import math
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from .addresses import parse_range
from .columns import Columns
from .errors import BadReference, UsageError
from .model import Area, Calculation, DataTable, DefinedName, FormulaKind, Sheet, Table, Workbook
from .serials import serial_of, serial_of_time
from .sheet_xml import filled_area
from .values import ERRORS_BY_TEXT, Error, Kind, Strings

if TYPE_CHECKING:
    import openpyxl
    from openpyxl.worksheet.worksheet import Worksheet

_EPOCH_1904 = datetime(1904, 1, 1)


def read_openpyxl(book: openpyxl.Workbook) -> Workbook:
    """Read an ``openpyxl.Workbook``: constants, formulas, array formulas, data tables, names, tables, settings.

    Its formula cells hold no values, and `Workbook.package` is None: the writer lets openpyxl save it first.
    """
    if not hasattr(book, "worksheets") or not hasattr(book, "defined_names"):
        raise UsageError(f"a workbook was expected: a path, bytes or an openpyxl Workbook; not {type(book).__name__}")
    strings = Strings()
    sheets = [
        _read_sheet(sheet, index, strings, book.epoch == _EPOCH_1904) for index, sheet in enumerate(book.worksheets)
    ]
    names = [_defined_name(name, None) for name in book.defined_names.values()]
    tables: list[Table] = []
    for index, sheet in enumerate(book.worksheets):
        names += [_defined_name(name, index) for name in sheet.defined_names.values()]
        tables += [table for item in sheet.tables.values() if (table := _table(item, index)) is not None]
    default = Calculation()
    settings = book.calculation
    calculation = Calculation(
        bool(settings.iterate), settings.iterateCount or default.rounds, settings.iterateDelta or default.tolerance
    )
    date1904 = book.epoch == _EPOCH_1904
    return Workbook("<openpyxl workbook>", sheets, strings, names, tables, date1904, calculation, origin=book)


def openpyxl_package(book: openpyxl.Workbook) -> bytes:
    """Return the bytes that openpyxl saves for a workbook."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _read_sheet(sheet: Worksheet, index: int, strings: Strings, date1904: bool) -> Sheet:
    columns = Columns()
    for row, column in sorted(sheet._cells):
        _add_cell(columns, row - 1, column - 1, sheet._cells[row, column], index, strings, date1904)
    cells, formulas = columns.finish()
    hidden = frozenset(number - 1 for number, settings in sheet.row_dimensions.items() if settings.hidden)
    return Sheet(sheet.title, cells, formulas, sheet.sheet_state != "visible", hidden, tuple(columns.data_tables))


def _add_cell(columns: Columns, row: int, column: int, cell: Any, sheet: int, strings: Strings, date1904: bool) -> None:
    from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

    value = cell.value
    payload, kind = 0.0, int(Kind.EMPTY)
    if isinstance(value, ArrayFormula):
        area = filled_area(value.ref, (row, column, row + 1, column + 1))
        columns.add_formula(FormulaKind.ARRAY, area, (value.text or "").removeprefix("=").encode())
    elif isinstance(value, DataTableFormula):
        area = filled_area(value.ref, (row, column, row + 1, column + 1))
        two = _true(value.dt2D)
        table = DataTable(Area(sheet, *area), value.r1 or "", value.r2 if two else None, two, _true(value.dtr))
        columns.data_tables.append(table)
        columns.add_formula(FormulaKind.DATA_TABLE, area, b"")
    elif cell.data_type == "f" and isinstance(value, str):
        columns.add_formula(FormulaKind.NORMAL, (row, column, row + 1, column + 1), value.removeprefix("=").encode())
    else:
        payload, kind = _constant(value, cell.data_type, strings, date1904)
    columns.add_cell(row, column, payload, kind)


def _constant(value: Any, form: str, strings: Strings, date1904: bool) -> tuple[float, int]:
    """Return the payload and kind of a constant as openpyxl holds it."""
    if value is None:
        return 0.0, Kind.EMPTY
    if isinstance(value, bool):
        return float(value), Kind.BOOL
    if isinstance(value, datetime | date):
        return serial_of(value, date1904), Kind.NUMBER
    if isinstance(value, time | timedelta):
        return serial_of_time(value), Kind.NUMBER
    if isinstance(value, str):
        error = ERRORS_BY_TEXT.get(value) if form == "e" else None
        return (float(error.code), Kind.ERROR) if error else (float(strings.intern(value)), Kind.TEXT)
    try:
        number = float(value)
    except (TypeError, ValueError):  # rich text, and whatever else turns into text
        return float(strings.intern(str(value))), Kind.TEXT
    return (number, Kind.NUMBER) if math.isfinite(number) else (float(Error.NUM.code), Kind.ERROR)


def _true(flag: Any) -> bool:
    return flag in (True, 1, "1", "true")


def _defined_name(name: Any, sheet: int | None) -> DefinedName:
    return DefinedName(name.name, (name.attr_text or "").removeprefix("="), sheet, bool(name.hidden))


def _table(table: Any, sheet: int) -> Table | None:
    try:
        address = parse_range(table.ref)
    except BadReference:
        return None
    area = Area(sheet, address.top, address.left, address.bottom, address.right)
    header = 1 if table.headerRowCount is None else int(table.headerRowCount)
    columns = tuple(column.name for column in table.tableColumns)
    return Table(table.displayName, area, columns, header, int(table.totalsRowCount or 0))
