"""The cells of a sheet by way of expat: right on any well-formed sheet, one event at a time.

`fast_cells` does the same for sheets of the plain form, many cells at a time; both fill the same `Columns`.
"""

from __future__ import annotations

import math
import re
from typing import NoReturn

from .addresses import parse_range
from .columns import Columns, SheetContext
from .errors import BadReference
from .markup import Parser, is_true, short_name, unescape
from .model import MAX_COLUMNS, MAX_ROWS, Area, DataTable, FormulaKind
from .package import Package
from .serials import parse_iso
from .values import ERRORS_BY_TEXT, Error, Kind

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})\Z")
_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*\Z")
_MOST_GROUPS = 1 << 31
OTHER, SHEET_DATA, ROW, CELL, FORMULA, VALUE, INLINE, RUN, TEXT = range(9)

# what may stand in what, by short name: (context, element) → context inside it
_INSIDE = {
    (OTHER, "sheetData"): SHEET_DATA,
    (SHEET_DATA, "row"): ROW,
    (ROW, "c"): CELL,
    (CELL, "f"): FORMULA,
    (CELL, "v"): VALUE,
    (CELL, "is"): INLINE,
    (INLINE, "t"): TEXT,
    (INLINE, "r"): RUN,
    (RUN, "t"): TEXT,
}
_UNKNOWN = -1


class SheetWalker:
    """Walks the rows and cells of a sheet's XML and knows where it is; what it meets goes to methods of a subclass."""

    def __init__(self, package: Package, part: str, sheet: str, encoding: str | None = None) -> None:
        self.package = package
        self.sheet = sheet
        self.row_at = -1
        self.column_at = -1
        self.parser = Parser(package, part, encoding)
        self.parser.expat.StartElementHandler = self._start
        self.parser.expat.EndElementHandler = self._end
        self._stack: list[int] = []
        self._names: dict[str, str] = {}
        self._columns_of: dict[str, int] = {}

    @property
    def between_rows(self) -> bool:
        """Whether the parser stands directly inside ``sheetData``."""
        return len(self._stack) == 2 and self._stack[1] == SHEET_DATA

    def feed(self, data: bytes) -> None:
        """Walk on through some more of the part."""
        self.parser.feed(data)

    def close(self) -> None:
        """Walk to the end."""
        self.parser.close()

    def begin(self, inside: int, attributes: dict[str, str]) -> None:
        """Take the beginning of a known element; a row's or cell's place is known by now."""

    def end(self, inside: int) -> None:
        """Take the end of a known element."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        short = self._names.get(name)
        if short is None:
            short = self._names[name] = short_name(name)
        stack = self._stack
        inside = _INSIDE.get((stack[-1], short), _UNKNOWN) if stack else OTHER
        if inside == _UNKNOWN and len(stack) > self.package.limits.depth:
            self.parser.refuse_depth()
        stack.append(inside)
        if inside > OTHER:
            if inside == CELL:
                self._place_cell(attributes.get("r"))
            elif inside == ROW:
                self._place_row(attributes.get("r"))
            self.begin(inside, attributes)

    def _end(self, _name: str) -> None:
        inside = self._stack.pop()
        if inside > OTHER:
            self.end(inside)

    def _place_row(self, number: str | None) -> None:
        """Note the row; one without a number follows the last."""
        if number is None:
            self.row_at += 1
        else:
            self.row_at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 19 else -1
        self.column_at = -1
        if not 0 <= self.row_at < MAX_ROWS:
            self.package.refuse(f"sheet {self.sheet!r} has a row numbered {str(number)[:20]!r}")

    def _place_cell(self, reference: str | None) -> None:
        """Note the cell's place; one without an address follows the last."""
        if reference is None:
            self.column_at += 1
        else:
            match = _REFERENCE.match(reference)
            if match is None:
                self.package.refuse(f"sheet {self.sheet!r} has a cell at {reference[:20]!r}, which is no address")
            self.column_at = self._column(match[1])
            self.row_at = int(match[2]) - 1
        if not (self.column_at < MAX_COLUMNS and 0 <= self.row_at < MAX_ROWS):
            self.package.refuse(
                f"sheet {self.sheet!r} has a cell beyond XFD1048576: {(reference or 'no address')[:20]}"
            )

    def _column(self, letters: str) -> int:
        column = self._columns_of.get(letters)
        if column is None:
            column = 0
            for letter in letters.upper():
                column = column * 26 + ord(letter) - 64
            self._columns_of[letters] = column = column - 1
        return column


class SheetReader(SheetWalker):
    """Reads one sheet from pieces of its XML into `Columns`."""

    def __init__(self, package: Package, part: str, context: SheetContext, columns: Columns) -> None:
        super().__init__(package, part, context.name)
        self.context = context
        self.columns = columns
        self._attributes: dict[str, str] = {}
        self._formula: dict[str, str] | None = None
        self._formula_text = ""
        self._value: str | None = None

    def begin(self, inside: int, attributes: dict[str, str]) -> None:
        if inside == CELL:
            self._attributes = attributes
            self._formula = self._value = None
            self._formula_text = ""
        elif inside in (FORMULA, VALUE, TEXT):
            self.parser.listen()
            if inside == FORMULA:
                self._formula = attributes
        elif inside == INLINE:
            self._value = ""
        elif inside == ROW and is_true(attributes.get("hidden", "")):
            self.columns.hidden_rows.add(self.row_at)

    def end(self, inside: int) -> None:
        if inside == CELL:
            self._end_cell()
        elif inside == VALUE:
            self._value = self.parser.heard()
        elif inside == FORMULA:
            self._formula_text = self.parser.heard()
        elif inside == TEXT:
            self._value = (self._value or "") + self.parser.heard()

    def _end_cell(self) -> None:
        data, kind = self._decoded(self._attributes.get("t", "n"), self._value)
        if self._formula is not None:
            self._add_formula(self._formula, self._formula_text)
        self.columns.add_cell(self.row_at, self.column_at, data, kind)

    def _decoded(self, kind: str, text: str | None) -> tuple[float, int]:
        """Return the payload and kind of a stored value."""
        if text is None:
            return 0.0, Kind.EMPTY
        if kind == "n":
            return decode_number(text)
        if kind == "s":
            return self._shared(text), Kind.TEXT
        if kind in ("str", "inlineStr"):
            return float(self.context.strings.intern(unescape(text))), Kind.TEXT
        if kind == "b":
            return float(is_true(text)), Kind.BOOL
        if kind == "e":
            return float(self._error(text).code), Kind.ERROR
        if kind == "d":
            serial = parse_iso(text, self.context.date1904)
            return decode_number(text) if serial is None else (serial, Kind.NUMBER)
        return self._refuse(f"has type {kind[:20]!r}, which does not exist")

    def _error(self, text: str) -> Error:
        """Return the error of a cell: errors younger than the format stand in its value metadata."""
        rich = self.context.rich_errors
        number = self._attributes.get("vm", "") if rich else ""
        found = rich.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
        return found or ERRORS_BY_TEXT.get(text.strip(), Error.UNKNOWN)

    def _shared(self, text: str) -> float:
        text = text.strip()
        shared = self.context.shared
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) < len(shared)):
            self._refuse(f"refers to shared string {text[:20]!r} of {len(shared)}")
        return float(shared[int(text)])

    def _add_formula(self, attributes: dict[str, str], text: str) -> None:
        area = (self.row_at, self.column_at, self.row_at + 1, self.column_at + 1)
        kind, group = FormulaKind.NORMAL, -1
        form = attributes.get("t", "normal")
        if form == "shared":
            number = attributes.get("si", "")
            group = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else _MOST_GROUPS
            kind = FormulaKind.NORMAL if text else FormulaKind.SHARED
        elif form == "array":
            marker = self._attributes.get("cm", "")
            dynamic = marker.isascii() and marker.isdigit() and int(marker[:9]) in self.context.dynamic
            kind = FormulaKind.DYNAMIC if dynamic else FormulaKind.ARRAY
            area = filled_area(attributes.get("ref"), area)
        elif form == "dataTable":
            kind = FormulaKind.DATA_TABLE
            area = filled_area(attributes.get("ref"), area)
            self.columns.data_tables.append(_data_table(attributes, Area(self.context.sheet, *area)))
            text = ""
        if text or kind in (FormulaKind.SHARED, FormulaKind.DATA_TABLE):
            self.columns.add_formula(kind, area, text.encode("utf-8", "replace"), group)

    def _refuse(self, what: str) -> NoReturn:
        place = self._attributes.get("r", f"in row {self.row_at + 1}")[:20]
        self.package.refuse(f"sheet {self.sheet!r}: cell {place} {what}")


def filled_area(reference: str | None, alone: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return the area that an array formula says it fills; its cell ``alone`` where the two do not fit together."""
    try:
        address = parse_range(reference or "")
    except BadReference:
        return alone
    area = (address.top, address.left, address.bottom, address.right)
    return area if area[:2] == alone[:2] and address.sheet is None else alone


def decode_number(text: str) -> tuple[float, int]:
    """Return payload and kind of a number's text: #NUM! where no cell can hold it, #VALUE! where it is no number."""
    if not text.strip():
        return 0.0, Kind.EMPTY
    if _NUMBER.match(text):
        number = float(text)
        return (number, Kind.NUMBER) if math.isfinite(number) else (float(Error.NUM.code), Kind.ERROR)
    infinite = text.strip().lstrip("+-").upper() in {"INF", "INFINITY", "NAN"}
    return float((Error.NUM if infinite else Error.VALUE).code), Kind.ERROR


def _data_table(attributes: dict[str, str], area: Area) -> DataTable:
    two = is_true(attributes.get("dt2D", ""))
    second = attributes.get("r2") if two else None
    return DataTable(area, attributes.get("r1", ""), second, two, is_true(attributes.get("dtr", "")))
