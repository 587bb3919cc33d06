"""Workbooks spelled out in Python and computed by the reference evaluator, without a file in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.outcome import Outcome
from sheetgrad.engine.reference import evaluate
from sheetgrad.sheets.addresses import parse_cell, parse_range
from sheetgrad.sheets.model import Area, Cells, FormulaKind, Formulas, Sheet, Workbook
from sheetgrad.sheets.values import Error, Kind, Scalar, Strings, Values, encode

Content = float | int | str | bool | Error | None
Contents = Mapping[str, Content]

ORIGIN = np.zeros((1, 1), dtype=np.int64)


@dataclass(frozen=True)
class Book:
    """A computed workbook: values by address, and what the evaluator reports."""

    workbook: Workbook
    grid: Grid
    outcome: Outcome

    def __getitem__(self, place: str) -> Any:
        """Return one scalar, or the rows of a range; ``Sheet!A1`` reads another sheet than the first."""
        address = parse_range(place)
        sheet = 0 if address.sheet is None else self.workbook.sheet_index(address.sheet)
        assert sheet is not None
        values = self.grid.read(Area(sheet, address.top, address.left, address.bottom, address.right))
        rows = values.rows(self.workbook.strings)
        return rows if ":" in place else rows[0][0]


def workbook_of(sheets: Mapping[str, Contents], **more: Any) -> Workbook:
    """Build a workbook. ``"=…"`` is an ordinary formula, ``"{=…}"`` an array formula, ``"~=…"`` a dynamic one; the keys
    of the latter two may be ranges. ``more`` are fields of `Workbook`."""
    strings = Strings()
    return Workbook("test", [_sheet(name, cells, strings) for name, cells in sheets.items()], strings, **more)


def context_of(workbook: Workbook, seed: int = 0) -> Context:
    """Return a context at a fixed moment."""
    place = Place(0, ORIGIN, ORIGIN)
    return Context(workbook.strings, place, workbook.date1904, seed, datetime(2024, 5, 6, 7, 8, 9))


def computed(
    cells: Contents,
    more_sheets: Mapping[str, Contents] | None = None,
    evaluator: Callable[[Workbook, Grid, Context], Outcome] = evaluate,
    **more: Any,
) -> Book:
    """Compute a workbook whose first sheet is called S."""
    workbook = workbook_of({"S": cells, **(more_sheets or {})}, **more)
    grid = Grid.of(workbook)
    return Book(workbook, grid, evaluator(workbook, grid, context_of(workbook)))


def result(formula: str, cells: Contents | None = None) -> Scalar:
    """Return the value of one formula in cell Z99."""
    found: Scalar = computed({**(cells or {}), "Z99": formula})["Z99"]
    return found


def column(values: Sequence[Content], letter: str = "A") -> dict[str, Content]:
    """Lay values out downwards."""
    return {f"{letter}{i + 1}": value for i, value in enumerate(values)}


def array(values: Sequence[Sequence[Scalar]], strings: Strings) -> Values:
    """Build a 2-D array."""
    return Values.from_rows(values, strings)


_KINDS = {"=": FormulaKind.NORMAL, "{": FormulaKind.ARRAY, "~": FormulaKind.DYNAMIC}


def _sheet(name: str, contents: Contents, strings: Strings) -> Sheet:
    stored: dict[tuple[int, int], tuple[float, int]] = {}
    formulas: list[tuple[int, int, int, tuple[int, int, int, int], bytes]] = []
    for place, content in contents.items():
        row, column = parse_cell(place.partition(":")[0])
        if isinstance(content, str) and content[:2] in ("=" + content[1:2], "{=", "~="):
            address = parse_range(place)
            area = address.top, address.left, address.bottom, address.right
            text = content.removeprefix("{").removeprefix("~").removeprefix("=")
            text = text.removesuffix("}") if content[0] == "{" else text
            formulas.append((row, column, _KINDS[content[0]], area, text.encode()))
            stored[row, column] = (0.0, Kind.EMPTY)
        else:
            stored[row, column] = encode(content, strings)
    return Sheet(name, _cells(stored), _formulas(sorted(formulas)))


def _cells(stored: Mapping[tuple[int, int], tuple[float, int]]) -> Cells:
    places = sorted(stored)
    return Cells(
        np.array([row for row, _ in places], dtype=np.int32),
        np.array([column for _, column in places], dtype=np.int32),
        np.array([stored[place][0] for place in places], dtype=np.float64),
        np.array([stored[place][1] for place in places], dtype=np.uint8),
    )


def _formulas(formulas: Sequence[tuple[int, int, int, tuple[int, int, int, int], bytes]]) -> Formulas:
    texts = [text for *_, text in formulas]
    return Formulas(
        np.array([row for row, *_ in formulas], dtype=np.int32),
        np.array([column for _, column, *_ in formulas], dtype=np.int32),
        np.array([kind for _, _, kind, *_ in formulas], dtype=np.uint8),
        np.array([area for *_, area, _ in formulas], dtype=np.int32).reshape(-1, 4),
        np.full(len(formulas), -1, dtype=np.int32),
        b"".join(texts),
        np.cumsum([0, *map(len, texts)], dtype=np.int64),
    )
