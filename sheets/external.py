"""Cached values of linked workbooks: read from the package, the links themselves are never followed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from .addresses import parse_cell
from .errors import BadReference
from .markup import Parser, is_true, short_name, unescape
from .package import Package
from .sheet_xml import decode_number
from .values import ERRORS_BY_TEXT, Error, Kind, Strings, Values

_CELL_BUDGET = 1 << 20  # of all cached sheets together, laid out densely

CachedCells: TypeAlias = list[tuple[int, int, float, int]]  # row, column, payload, kind


def read_external(package: Package, parts: list[str], strings: Strings) -> dict[tuple[str, str], Values]:
    """Return the cached cells of each linked sheet, from its A1 on, by (number of the book in formulas, sheet name).

    Sheets beyond a budget of cells, and those whose cells lie too far apart, are left out.
    """
    found: dict[tuple[str, str], Values] = {}
    known: dict[str, dict[str, CachedCells]] = {}
    budget = _CELL_BUDGET
    for number, part in enumerate(parts, 1):
        if package.find(part) is None:
            continue
        if part not in known:
            known[part] = _Cache(package, part, strings).sheets
        for sheet, cells in known[part].items():
            values = _laid_out(cells, budget)
            if values is not None:
                budget -= values.data.size
                found[str(number), sheet] = values
    return found


class _Cache:
    """Reads the part of one linked workbook: ``sheets`` holds its cached cells by sheet name."""

    def __init__(self, package: Package, part: str, strings: Strings) -> None:
        self.sheets: dict[str, CachedCells] = {}
        self._package = package
        self._strings = strings
        self._names: list[str] = []
        self._cells: CachedCells = []
        self._attributes: dict[str, str] = {}
        self._text = ""
        self._count = 0
        self._depth = 0
        self._parser = Parser(package, part)
        self._parser.expat.StartElementHandler = self._start
        self._parser.expat.EndElementHandler = self._end
        for piece in package.stream(part):
            self._parser.feed(piece)
        self._parser.close()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._package.limits.depth:
            self._parser.refuse_depth()
        short = short_name(name)
        if short == "sheetName":
            self._names.append(attributes.get("val", ""))
        elif short == "sheetData":
            at = attributes.get("sheetId", "")
            known = at.isascii() and at.isdigit() and len(at) < 6 and int(at) < len(self._names)
            self._cells = self.sheets.setdefault(self._names[int(at)], []) if known else []
        elif short == "cell":
            self._attributes, self._text = attributes, ""
        elif short == "v":
            self._parser.listen()

    def _end(self, name: str) -> None:
        self._depth -= 1
        short = short_name(name)
        if short == "v":
            self._text = self._parser.heard()
        elif short == "cell" and self._count < _CELL_BUDGET:
            self._count += 1
            value = _decoded(self._attributes.get("t", "n"), self._text, self._strings)
            try:
                self._cells.append((*parse_cell(self._attributes.get("r", "")), *value))
            except BadReference:
                return


def _laid_out(cells: CachedCells, budget: int) -> Values | None:
    height = 1 + max((row for row, *_ in cells), default=-1)
    width = 1 + max((column for _, column, *_ in cells), default=-1)
    if not cells or height * width > budget:
        return None
    payload = np.zeros((height, width))
    kind = np.full((height, width), Kind.EMPTY, dtype=np.uint8)
    for row, column, value, what in cells:
        payload[row, column] = value
        kind[row, column] = what
    return Values(payload, kind)


def _decoded(kind: str, text: str, strings: Strings) -> tuple[float, int]:
    if kind == "str":
        return float(strings.intern(unescape(text))), Kind.TEXT
    if kind == "b":
        return float(is_true(text)), Kind.BOOL
    if kind == "e":
        return float(ERRORS_BY_TEXT.get(text.strip(), Error.UNKNOWN).code), Kind.ERROR
    return decode_number(text)
