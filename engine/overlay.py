"""Inputs that a caller sets for one recomputation: values laid over the grid, formulas that give way to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import quote_sheet, range_name
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import MAX_COLUMNS, Area, FormulaKind, Formulas, Sheet, Workbook
from sheetgrad.sheets.records import record
from sheetgrad.sheets.serials import serial_of
from sheetgrad.sheets.values import Error, Scalar, Values

from .outcome import CellKey
from .selection import resolve

Settable: TypeAlias = "Scalar | int | date | Iterable[object] | NDArray[np.float64]"


@record
class Setting:
    """One input: the area and the values it gets, (height, width)."""

    area: Area
    values: Values


def settings(workbook: Workbook, inputs: Mapping[str, Settable]) -> list[Setting]:
    """Resolve what ``inputs`` names and shape its values; a single value fills a whole range.

    Raises `BadReference` for a place that does not exist and `UsageError` for values that do not fit.
    """
    found = []
    for reference, value in inputs.items():
        area = resolve(workbook, reference)
        found.append(Setting(area, _shaped(workbook, reference, area, value)))
    return found


def overridden(workbook: Workbook, given: list[Setting]) -> set[CellKey]:
    """Return the formula cells among the cells that are set.

    Raises `UsageError` where only part of an array formula's cells would be set.
    """
    found: set[CellKey] = set()
    for setting in given:
        area, formulas = setting.area, workbook.sheets[setting.area.sheet].formulas
        top, left, bottom, right = formulas.area.T
        touched = (top < area.bottom) & (bottom > area.top) & (left < area.right) & (right > area.left)
        inside = (top >= area.top) & (bottom <= area.bottom) & (left >= area.left) & (right <= area.right)
        for index in np.flatnonzero(touched & ~inside).tolist():
            sheet = quote_sheet(workbook.sheets[area.sheet].name)
            whole = range_name(*formulas.area[index].tolist())
            raise UsageError(f"{workbook.name}: {sheet}!{whole} is one array formula: set all of it or none of it")
        anchors = zip(formulas.row[touched].tolist(), formulas.column[touched].tolist(), strict=True)
        found.update((area.sheet, row, column) for row, column in anchors)
    return found


def without_formulas(workbook: Workbook, cells: set[CellKey]) -> Workbook:
    """Return the workbook with the formulas anchored at ``cells`` taken out, so that their cells are constants."""
    if not cells:
        return workbook
    sheets = []
    for index, sheet in enumerate(workbook.sheets):
        keys = [row * MAX_COLUMNS + column for at, row, column in cells if at == index]
        sheets.append(_without(sheet, np.array(keys, dtype=np.int64)) if keys else sheet)
    return replace(workbook, sheets=sheets)


def _without(sheet: Sheet, keys: NDArray[np.int64]) -> Sheet:
    """Drop formulas; of the copies of one that goes, the first gets a text of its own and heads the others."""
    from .formula_text import formula_text

    formulas = sheet.formulas
    gone = np.isin(formulas.row.astype(np.int64) * MAX_COLUMNS + formulas.column, keys)
    kept = np.flatnonzero(~gone)
    master, kind = formulas.master.copy(), formulas.kind.copy()
    orphans = kept[(master[kept] >= 0) & gone[master[kept]]]
    _, first, inverse = np.unique(master[orphans], return_index=True, return_inverse=True)
    heirs = orphans[first]
    texts = {at: formula_text(sheet, at).encode() for at in heirs.tolist()}
    master[orphans] = heirs[inverse]
    master[heirs] = -1
    kind[heirs[kind[heirs] == FormulaKind.SHARED]] = FormulaKind.NORMAL
    pieces = [texts.get(at) or formulas.text[formulas.bounds[at] : formulas.bounds[at + 1]] for at in kept.tolist()]
    renumbered = np.append(np.cumsum(~gone) - 1, -1)  # its last stands for no master
    bounds = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    left = Formulas(
        formulas.row[kept],
        formulas.column[kept],
        kind[kept],
        formulas.area[kept],
        renumbered[master[kept]].astype(np.int32),
        b"".join(pieces),
        bounds,
    )
    return replace(sheet, formulas=left)


def _shaped(workbook: Workbook, reference: str, area: Area, value: Settable) -> Values:
    if not isinstance(value, np.ndarray | list | tuple):
        one = Values.of(_scalar(value, workbook), workbook.strings)
        kind = None if one.kind is None else np.broadcast_to(one.kind, area.shape)
        return Values(np.broadcast_to(one.data, area.shape), kind)
    given = np.asarray(value, dtype=None if isinstance(value, np.ndarray) else object)
    if given.size == area.height * area.width and (given.ndim == 1 or given.ndim > 2):
        given = given.reshape(area.shape)
    if given.shape != area.shape:
        expected = " x ".join(map(str, area.shape))
        got = " x ".join(map(str, given.shape))
        raise UsageError(f"{workbook.name}: {reference!r} is {expected} cells, but {got} values were given")
    if given.dtype.kind in "fiu":
        return _numbers(workbook, reference, given.astype(np.float64))
    rows = [[_scalar(item, workbook) for item in row] for row in given.tolist()]
    return Values.from_rows(rows, workbook.strings)


def _numbers(workbook: Workbook, reference: str, data: NDArray[np.float64]) -> Values:
    if not np.isfinite(data).all():
        raise UsageError(f"{workbook.name}: {reference!r} was given NaN or infinity, which no cell can hold")
    return Values(data)


def _scalar(value: object, workbook: Workbook) -> Scalar:
    if value is None or isinstance(value, bool | str | Error):
        return value
    if isinstance(value, date):
        return serial_of(value, workbook.date1904)
    try:
        number = float(value)  # type: ignore[arg-type]  # numpy's and Python's numbers alike; anything else raises
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{workbook.name}: {value!r} was given, which no cell can hold") from None
    if not np.isfinite(number):
        raise UsageError(f"{workbook.name}: {value} was given, which no cell can hold")
    return number
