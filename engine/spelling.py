"""Texts that spell references, as INDIRECT takes them: many at once, each distinct one read once.

What is read here means what `reference_forms` makes of it, cell by cell; what that takes and this does not (tables,
names of formulas, 3-D references) is declined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Workbook
from sheetgrad.sheets.values import Error

from .lexer import FormulaError, column_number, on_sheet
from .looping import Decline
from .names import Names
from .parser import parse
from .syntax import Cell, ColumnSpan, Formula, Name, Prefix, Rectangle, RowSpan, Slot, Structured, Unary
from .windows import Scatter

Indices: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = "NDArray[np.uint8] | None"
Corners: TypeAlias = tuple[int, int, int, int]  # row, column, other row, other column; in any order
Spelled: TypeAlias = tuple[int, int, int, int, int, int, int, int, int]  # sheet, corners, which of them are relative

REFERENCES: Final = (Cell, Rectangle, ColumnSpan, RowSpan, Name, Structured, Unary)  # what a text may spell
MOST_CELLS: Final = 1 << 24  # of all areas together; areas so large are no slower one by one
NOTHING: Final[Spelled] = (-1, 0, 0, 0, 0, 0, 0, 0, 0)
_FIXED: Final = (0, 0, 0, 0)
_A1: Final = re.compile(
    r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?", re.IGNORECASE | re.ASCII
)
_NUMBER = r"(\[-?[0-9]{1,7}\]|[0-9]{1,7})?"
_R1C1: Final = re.compile(rf"R{_NUMBER}C{_NUMBER}(?::R{_NUMBER}C{_NUMBER})?", re.IGNORECASE | re.ASCII)
_LINES: Final = re.compile(r"[RC\[\]\-0-9:]+", re.IGNORECASE | re.ASCII)  # what else may be whole rows and columns


@dataclass(slots=True, eq=False)
class Spelling:
    """Reads texts as the formulas of one sheet mean them."""

    workbook: Workbook
    names: Names
    sheet: int
    used: tuple[int, int]  # rows and columns that are used on any sheet: whole rows and columns end there
    _known: dict[tuple[str, bool], Spelled] = field(default_factory=dict)
    _sheets: dict[str, int | None] = field(default_factory=dict)  # by prefix; -1: there is none, None: not read here

    def scatters(
        self, words: NDArray[np.object_], codes: Codes, a1: bool, place: tuple[Indices, Indices], takes: str
    ) -> tuple[list[Scatter], NDArray[np.uint8]]:
        """Return where texts lead, sheet by sheet, and error codes: those given, or #REF! where a text leads nowhere.

        ``words``: (..., 1, 1). ``place``: the rows and columns of the formulas themselves. ``takes``: what is
        taken, see `ir.Indirect`. Raises `Decline`.
        """
        texts = words.ravel().tolist()
        known = {text: self.one(text, a1) for text in dict.fromkeys(texts)}
        table = np.array([known[text] for text in texts], dtype=np.int64).reshape(*words.shape, 9)
        sheets, corners = table[..., 0], [table[..., at] for at in range(1, 5)]
        for axis in range(4):
            if table[..., 5 + axis].any():
                corners[axis] = corners[axis] + table[..., 5 + axis] * place[axis % 2]
        top, bottom = np.minimum(corners[0], corners[2]), np.maximum(corners[0], corners[2])
        left, right = np.minimum(corners[1], corners[3]), np.maximum(corners[1], corners[3])
        bad = (sheets < 0) | (top < 0) | (left < 0) | (bottom >= MAX_ROWS) | (right >= MAX_COLUMNS)
        failed = np.where(bad, np.uint8(Error.REF.code), np.uint8(0))
        if codes is not None:
            failed = np.where(codes != 0, codes, failed)
        sizes = self._cut(top, bottom, 0, takes), self._cut(left, right, 1, takes)
        return _scatters(failed == 0, sheets, (top, left), sizes, takes == "areas"), failed

    def _cut(self, first: Indices, last: Indices, axis: int, takes: str) -> Indices:
        """Return how many rows (or columns) areas have that are cut where the workbook's cells end."""
        size = last - first + 1
        whole = size == (MAX_ROWS, MAX_COLUMNS)[axis]
        if not whole.any():
            return size
        if takes == "whole":
            raise Decline("INDIRECT of whole columns or rows whose empty cells count")
        return np.where(whole, max(self.used[axis], 1), size)

    def one(self, text: str, a1: bool) -> Spelled:
        """Return the sheet (-1: none) and the corners that a text spells; raises `Decline`."""
        key = text, a1
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (self._a1 if a1 else self._r1c1)(text.strip())
        return found

    def _a1(self, text: str) -> Spelled:
        prefix, mark, body = text.rpartition("!")
        match = _A1.fullmatch(body)
        sheet = self._on(prefix) if mark else self.sheet
        if match is None or sheet is None:
            return self._parsed(text)
        row, column = int(match[2]) - 1, column_number(match[1])
        last = (row, column) if match[3] is None else (int(match[4]) - 1, column_number(match[3]))
        if not (on_sheet(row, column) and on_sheet(*last)):
            return self._parsed(text)
        return NOTHING if sheet < 0 else (sheet, row, column, *last, *_FIXED)

    def _r1c1(self, text: str) -> Spelled:
        prefix, mark, body = text.rpartition("!")
        match = _R1C1.fullmatch(body)
        if match is None:
            if _LINES.fullmatch(body):
                raise Decline("INDIRECT of whole rows or columns")
            return NOTHING
        sheet = self._on(prefix) if mark else self.sheet
        if sheet is None:
            raise Decline(f"INDIRECT of {text!r}")
        first, last = match.groups()[:2], match.groups()[2:] if ":" in body else match.groups()[:2]
        coordinates = [_coordinate(written) for written in (*first, *last)]
        return (sheet, *(number for number, _ in coordinates), *(relative for _, relative in coordinates))  # type: ignore[return-value]

    def _on(self, prefix: str) -> int | None:
        """Return the sheet that a prefix names, -1 where there is none, None where it is not one sheet of the file."""
        if prefix.startswith("="):
            return -1
        if prefix not in self._sheets:
            try:
                tree = parse(f"{prefix}!A1").tree
            except FormulaError:
                tree = None
            self._sheets[prefix] = self._sheet_of(tree.prefix) if isinstance(tree, Cell) else None
        return self._sheets[prefix]

    def _sheet_of(self, prefix: Prefix | None) -> int | None:
        if prefix is None:
            return self.sheet
        if prefix.book is not None or prefix.last is not None or not prefix.sheet:
            return None
        found = self.workbook.sheet_index(prefix.sheet)
        return -1 if found is None else found

    def _parsed(self, text: str) -> Spelled:
        """Read what is no plain reference: a defined name, mostly."""
        if text.startswith("="):
            return NOTHING
        try:
            formula = parse(text)
        except FormulaError:
            return NOTHING
        tree = formula.tree
        if isinstance(tree, Name):
            return self._named(tree)
        if isinstance(tree, ColumnSpan | RowSpan):
            return self._lines(tree, formula.slots[tree.first], formula.slots[tree.last])
        if isinstance(tree, REFERENCES) and not (isinstance(tree, Unary) and tree.operator in ("-", "+", "%")):
            raise Decline(f"INDIRECT of {text!r}")
        return NOTHING

    def _lines(self, tree: ColumnSpan | RowSpan, first: Slot, last: Slot) -> Spelled:
        sheet = self._sheet_of(tree.prefix)
        if sheet is None:
            raise Decline("INDIRECT of whole columns or rows of several sheets")
        if isinstance(tree, ColumnSpan):
            return (sheet, 0, first.column, MAX_ROWS - 1, last.column, *_FIXED)
        return (sheet, first.row, 0, last.row, MAX_COLUMNS - 1, *_FIXED)

    def _named(self, name: Name) -> Spelled:
        sheet = self._sheet_of(name.prefix)
        if sheet is None or sheet < 0 or self.names.table(name.name) is not None:
            raise Decline(f"INDIRECT of the name {name.name!r}")
        defined = self.names.find(name.name, sheet)
        if defined is None:
            return NOTHING
        try:
            corners = _corners(parse(defined.text))
        except FormulaError:
            corners = None
        area = None if corners is None else self._sheet_of(corners[0])
        if corners is None or corners[0] is None or area is None or area < 0:
            raise Decline(f"INDIRECT of the name {name.name!r}")
        return (area, *corners[1], *_FIXED)


def _corners(formula: Formula) -> tuple[Prefix | None, Corners] | None:
    """Return the sheet and the corners of a formula that is one fixed range; None for any other."""
    match formula.tree:
        case Cell(slot, prefix):
            first = last = formula.slots[slot]
        case Rectangle(one, other, prefix):
            first, last = formula.slots[one], formula.slots[other]
        case _:
            return None
    if not all((first.row_absolute, first.column_absolute, last.row_absolute, last.column_absolute)):
        return None
    return prefix, (first.row, first.column, last.row, last.column)


def _coordinate(written: str | None) -> tuple[int, int]:
    """Return a row or column of R1C1 style: zero-based, or how far from the formula's own; and 1 for the latter."""
    if written is None:
        return 0, 1
    return (int(written[1:-1]), 1) if written[0] == "[" else (int(written) - 1, 0)


def _scatters(
    here: NDArray[np.bool_],
    sheets: Indices,
    first: tuple[Indices, Indices],
    sizes: tuple[Indices, Indices],
    ragged: bool,
) -> list[Scatter]:
    """Return the areas of each sheet; ``here`` tells which texts lead anywhere."""
    if not here.any():
        return []
    sheets, here = np.broadcast_arrays(sheets, here)
    heights, widths = (np.where(here, size, 0) for size in sizes)
    height, width = int(heights.max()), int(widths.max())
    even = bool(np.where(here, (heights == height) & (widths == width), (height, width) == (1, 1)).all())
    if not (even or ragged):
        raise Decline("INDIRECT of areas of different sizes")
    if here.size * height * width > MOST_CELLS:
        raise Decline("INDIRECT of very large areas")
    found = []
    for sheet in sorted(set(sheets[here].tolist())):
        there = here & (sheets == sheet)
        at = np.unravel_index(int(there.argmax()), there.shape)
        rows, columns = (np.where(there, each, np.broadcast_to(each, there.shape)[at]) for each in first)
        own = None if even and there.all() else (np.where(there, heights, 0), np.where(there, widths, 0))
        found.append(Scatter(sheet, rows, columns, height, width, own))
    return found
