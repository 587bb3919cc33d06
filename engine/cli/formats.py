"""How ``recompute --get`` prints values: as a table, JSON, CSV, or numpy's npz."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.values import Error, Scalar

from ..workbook import Result
from .messages import harmless
from .tables import show_cells

FORMATS = ("table", "json", "csv", "npz")


def show_values(result: Result, references: Sequence[str], form: str) -> None:
    """Print ranges of a result on stdout."""
    {"table": _table, "json": _json, "csv": _csv, "npz": _npz}[form](result, references)


def plain(value: Scalar) -> str:
    """Return a value as a cell shows it in General format: 15 digits at most.

    >>> plain(0.1 + 0.2), plain(3.0), plain(None), plain(False), plain(1e300)
    ('0.3', '3', '', 'FALSE', '1E+300')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}".upper()
    return str(value)


def jsonable(value: Scalar) -> Any:
    """Return a value for JSON: an error is ``{"error": "#N/A"}``, so that it is no text."""
    return {"error": value.text} if isinstance(value, Error) else value


def _table(result: Result, references: Sequence[str]) -> None:
    for number, reference in enumerate(references):
        values = result.array(reference)
        if values.size == 1:
            text = harmless(plain(values.item()))
            print(text if len(references) == 1 else f"{reference}  {text}")
            continue
        area = result.area(reference)
        if number:
            print()
        if len(references) > 1:
            print(reference)
        show_cells(area, values, _short)


def _short(value: Scalar) -> str:
    return f"{value:.6g}" if isinstance(value, float) else plain(value)


def _json(result: Result, references: Sequence[str]) -> None:
    import json

    values = {}
    for reference in references:
        array = result.array(reference)
        rows = [[jsonable(value) for value in line] for line in array.tolist()]
        values[reference] = rows[0][0] if array.size == 1 else rows
    print(json.dumps({"schema": "sheetgrad.values/1", "file": result.workbook.name, "values": values}, allow_nan=False))


def _csv(result: Result, references: Sequence[str]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, reference in enumerate(references):
        if number:
            writer.writerow([])
        for line in result.array(reference).tolist():
            writer.writerow([repr(value) if isinstance(value, float) else plain(value) for value in line])


def _npz(result: Result, references: Sequence[str]) -> None:
    import io

    if sys.stdout.isatty():
        raise UsageError("npz is binary: send it into a file, as in … --format npz > values.npz")
    buffer = io.BytesIO()
    np.savez(buffer, **{reference: _storable(result.array(reference)) for reference in references})  # type: ignore[arg-type]
    sys.stdout.buffer.write(buffer.getvalue())


def _storable(values: NDArray[Any]) -> NDArray[Any]:
    """Return mixed values as text: npz holds objects only as pickles, which nobody should have to load."""
    if values.dtype != object:
        return values
    return np.array([[plain(value) for value in line] for line in values.tolist()], dtype=np.str_)
