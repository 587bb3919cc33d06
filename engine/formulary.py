"""All formulas of a workbook by number: where each stands, its parsed text, the coordinates of its references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area, FormulaKind, Workbook
from sheetgrad.sheets.records import record

from .grid import affordable, fills
from .lexer import FormulaError
from .outcome import CellKey
from .parser import parse
from .syntax import Call, Formula, Name
from .trees import prefix_of, random_calls, walk


@record
class Entry:
    """One formula: its number, the cell it stands in, its kind, and the area the file says it fills."""

    number: int
    sheet: int
    row: int
    column: int
    kind: FormulaKind
    area: Area
    oversized: bool = False  # the file gives it more cells than can be had: it gets its own alone, and #NUM!

    @property
    def key(self) -> CellKey:
        return self.sheet, self.row, self.column


@record
class Parsed:
    """A formula's tree and what can be said of it before it runs."""

    formula: Formula
    calls: frozenset[str]  # the functions it names
    names: frozenset[str]  # the other words in it
    external: bool
    draws: dict[int, int]  # id of a random call → its number


def read_formula(text: str) -> Parsed:
    """Parse a formula's text. Raises `FormulaError`."""
    formula = parse(text)
    nodes = list(walk(formula.tree))
    prefixes = [prefix for node in nodes if (prefix := prefix_of(node)) is not None]
    return Parsed(
        formula,
        frozenset(node.name for node in nodes if isinstance(node, Call)),
        frozenset(node.name for node in nodes if isinstance(node, Name)),
        any(prefix.book not in (None, "0") for prefix in prefixes),
        {id(node): i for i, node in enumerate(random_calls(formula.tree))},
    )


class Formulary:
    """The formulas of a workbook, numbered through all sheets; texts are parsed once each."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        counts = [len(sheet.formulas) for sheet in workbook.sheets]
        self._first = [0, *accumulate(counts)]
        self._sheet_of = np.repeat(np.arange(len(counts)), counts).tolist()
        self._entries: dict[int, Entry] = {}
        self._anchors: list[dict[tuple[int, int], int]] | None = None
        self._parsed: dict[str, Parsed | str] = {}
        self._naming: dict[tuple[int, frozenset[str]], list[tuple[int, int]]] = {}
        self._afforded: dict[int, NDArray[np.bool_]] = {}
        self._fills: dict[int, NDArray[np.int32]] = {}
        self._areas: dict[int, Area] = {}  # spills that differ from what the file says

    def __len__(self) -> int:
        return self._first[-1]

    def keys(self) -> Iterator[CellKey]:
        """Yield the cells in which formulas stand, in sheet order."""
        for index, sheet in enumerate(self._workbook.sheets):
            for row, column in zip(sheet.formulas.row.tolist(), sheet.formulas.column.tolist(), strict=True):
                yield index, row, column

    def entry(self, number: int) -> Entry:
        """Return formula ``number``."""
        found = self._entries.get(number)
        if found is None:
            found = self._entries[number] = self._make_entry(number)
        return found

    def _make_entry(self, number: int) -> Entry:
        sheet = self._sheet_of[number]
        formulas, index = self._workbook.sheets[sheet].formulas, number - self._first[sheet]
        row, column = int(formulas.row[index]), int(formulas.column[index])
        area, kind = Area(sheet, *formulas.area[index].tolist()), FormulaKind(int(formulas.kind[index]))
        if area.shape == (1, 1) or self._affordable(sheet)[index]:
            return Entry(number, sheet, row, column, kind, area)
        # What a dynamic array fills is found out when it is computed.
        own = Area(sheet, row, column, row + 1, column + 1)
        return Entry(number, sheet, row, column, kind, own, oversized=kind != FormulaKind.DYNAMIC)

    def _affordable(self, sheet: int) -> NDArray[np.bool_]:
        found = self._afforded.get(sheet)
        if found is None:
            found = self._afforded[sheet] = affordable(self._workbook.sheets[sheet])
        return found

    def at(self, cell: CellKey) -> int | None:
        """Return the number of the formula that stands in a cell or fills it, or None."""
        sheet, row, column = cell
        if self._anchors is None:
            self._anchors = [self._anchors_of(i) for i in range(len(self._workbook.sheets))]
        found = self._anchors[sheet].get((row, column))
        return found if found is not None else self._member(sheet, row, column)

    def others_within(self, area: Area, entry: Entry) -> bool:
        """Tell whether formulas other than one stand in an area."""
        formulas = self._workbook.sheets[area.sheet].formulas
        inside = (formulas.row >= area.top) & (formulas.row < area.bottom)
        inside &= (formulas.column >= area.left) & (formulas.column < area.right)
        inside[self.index(entry)] = False
        return bool(inside.any())

    def naming(self, functions: frozenset[str], area: Area) -> list[tuple[int, int]]:
        """Return the cells of an area whose formulas call one of the functions."""
        key = area.sheet, functions
        if key not in self._naming:
            self._naming[key] = self._callers(area.sheet, functions)
        return [
            (row, column)
            for row, column in self._naming[key]
            if area.top <= row < area.bottom and area.left <= column < area.right
        ]

    def _callers(self, sheet: int, functions: frozenset[str]) -> list[tuple[int, int]]:
        upper = self._workbook.sheets[sheet].formulas.text.upper()
        if not any(name.encode() in upper for name in functions):
            return []
        found = []
        for number in range(self._first[sheet], self._first[sheet + 1]):
            entry = self.entry(number)
            parsed = self.parsed(entry)
            if parsed is not None and not functions.isdisjoint(parsed.calls):
                found.append((entry.row, entry.column))
        return found

    def area(self, entry: Entry) -> Area:
        """Return what a formula is known to fill: its area in the file, or what it has spilled to since."""
        return self._areas.get(entry.number, entry.area)

    def grow(self, entry: Entry, area: Area) -> None:
        """Take note of a spill's new extent."""
        self._areas[entry.number] = area

    def parsed(self, entry: Entry) -> Parsed | None:
        """Return a formula's tree, or None where its text does not parse."""
        found = self._read(self.source(entry))
        return None if isinstance(found, str) else found

    def why(self, entry: Entry) -> str:
        """Return why a formula does not parse."""
        found = self._read(self.source(entry))
        return found if isinstance(found, str) else ""

    def source(self, entry: Entry) -> str:
        """Return the text of a formula (its master's, for a shared member)."""
        return self._workbook.sheets[entry.sheet].formulas.source(entry.number - self._first[entry.sheet])

    def index(self, entry: Entry) -> int:
        """Return a formula's index within its sheet."""
        return entry.number - self._first[entry.sheet]

    def slots(self, entry: Entry) -> Sequence[int]:
        """Return the coordinates of a formula's references: row, column, row, column …"""
        parsed = self.parsed(entry)
        if parsed is None:
            return ()
        formulas, index = self._workbook.sheets[entry.sheet].formulas, self.index(entry)
        master = int(formulas.master[index])
        if master < 0:
            return moved_slots(parsed.formula, 0, 0)
        return moved_slots(
            parsed.formula, entry.row - int(formulas.row[master]), entry.column - int(formulas.column[master])
        )

    def _read(self, text: str) -> Parsed | str:
        found = self._parsed.get(text)
        if found is None:
            try:
                found = read_formula(text)
            except FormulaError as error:
                found = str(error) or "it is malformed"
            self._parsed[text] = found
        return found

    def _anchors_of(self, sheet: int) -> dict[tuple[int, int], int]:
        formulas = self._workbook.sheets[sheet].formulas
        cells = zip(formulas.row.tolist(), formulas.column.tolist(), strict=True)
        return {cell: self._first[sheet] + i for i, cell in enumerate(cells)}

    def _member(self, sheet: int, row: int, column: int) -> int | None:
        area = self._fills.get(sheet)
        if area is None:
            area = self._fills[sheet] = fills(self._workbook.sheets[sheet])
        inside = (area[:, 0] <= row) & (row < area[:, 2]) & (area[:, 1] <= column) & (column < area[:, 3])
        found = np.flatnonzero(inside)
        return self._first[sheet] + int(found[0]) if len(found) else None


def moved_slots(formula: Formula, down: int, across: int) -> list[int]:
    """Return a formula's coordinates after a move; what leaves the sheet comes in again at the other edge."""
    slots: list[int] = []
    for slot in formula.slots:
        slots.append(slot.row if slot.row_absolute else (slot.row + down) % MAX_ROWS)
        slots.append(slot.column if slot.column_absolute else (slot.column + across) % MAX_COLUMNS)
    return slots
