"""What a workbook is: addresses, values, reading and writing .xlsx."""

from __future__ import annotations

from .addresses import Address, cell_name, column_index, column_name, parse_cell, parse_range, quote_sheet, range_name
from .errors import BadReference, CycleFound, FileRefused, FunctionsMissing, SheetgradError, UsageError
from .model import Area, Calculation, Cells, DataTable, DefinedName, FormulaKind, Formulas, Sheet, Table, Workbook
from .package import Limits
from .reader import read_package, read_workbook
from .target import write_atomically
from .values import Error, Kind, Strings, Values
from .writer import write_values, written_bytes

__all__ = [
    "Address",
    "Area",
    "BadReference",
    "Calculation",
    "Cells",
    "CycleFound",
    "DataTable",
    "DefinedName",
    "Error",
    "FileRefused",
    "FormulaKind",
    "Formulas",
    "FunctionsMissing",
    "Kind",
    "Limits",
    "Sheet",
    "SheetgradError",
    "Strings",
    "Table",
    "UsageError",
    "Values",
    "Workbook",
    "cell_name",
    "column_index",
    "column_name",
    "parse_cell",
    "parse_range",
    "quote_sheet",
    "range_name",
    "read_package",
    "read_workbook",
    "write_atomically",
    "write_values",
    "written_bytes",
]
