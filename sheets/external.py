"""Cached values of linked workbooks: read from the package, the links themselves are never followed."""

from __future__ import annotations

import numpy as np

from .addresses import parse_cell
from .errors import BadReference
from .markup import Node, is_true, read_tree, unescape
from .package import Package
from .sheet_xml import decode_number
from .values import ERRORS_BY_TEXT, Error, Kind, Strings, Values

_CELL_BUDGET = 1 << 20  # of all cached sheets together, laid out densely


def read_external(package: Package, parts: list[str], strings: Strings) -> dict[tuple[str, str], Values]:
    """Return the cached cells of each linked sheet, from its A1 on, by (number of the book in formulas, sheet name)."""
    found: dict[tuple[str, str], Values] = {}
    budget = _CELL_BUDGET
    for number, part in enumerate(parts, 1):
        if package.find(part) is None:
            continue
        for book in read_tree(package, part).all("externalBook"):
            names = [node.get("val") for node in book.all("sheetNames", "sheetName")]
            for data in book.all("sheetDataSet", "sheetData"):
                at = data.number("sheetId", -1)
                values = _values(data, strings, budget)
                if 0 <= at < len(names) and values is not None:
                    budget -= values.data.size
                    found[str(number), names[at]] = values
    return found


def _values(data: Node, strings: Strings, budget: int) -> Values | None:
    """Lay out the cached cells of one sheet; None where there are none, or they lie too far apart."""
    cells = []
    for node in data.all("row", "cell"):
        text = "".join(value.text for value in node.all("v"))
        try:
            cells.append((*parse_cell(node.get("r")), *_decoded(node.get("t", "n"), text, strings)))
        except BadReference:
            continue
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
