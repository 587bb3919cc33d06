"""What a workbook is: addresses, values, reading and writing .xlsx."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .addresses import (
        Address,
        cell_name,
        column_index,
        column_name,
        parse_cell,
        parse_range,
        quote_sheet,
        range_name,
    )
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

_MODULES = ("addresses", "errors", "model", "package", "reader", "target", "values", "writer")


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: a command that only shows its help needs the errors and no numpy."""
    if name in __all__:
        for module in _MODULES:
            home = import_module(f".{module}", __name__)
            if hasattr(home, name):
                return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
