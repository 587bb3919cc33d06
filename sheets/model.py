"""A workbook as columns of cells and formulas: what the reader makes and the engine takes.

Rows and columns are zero-based. Areas are half-open: ``bottom`` and ``right`` lie one past the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .records import record
from .values import Floats, Kinds, Strings, Values

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384

Ints = NDArray[np.int32]


@record
class Area:
    """A rectangle of cells on one sheet (``sheet`` is its index in the workbook); half-open."""

    sheet: int
    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, areas: Sequence[Area]) -> Area:
        """Return the smallest area that holds others of one sheet."""
        tops, lefts = (area.top for area in areas), (area.left for area in areas)
        bottoms, rights = (area.bottom for area in areas), (area.right for area in areas)
        return cls(areas[0].sheet, min(tops), min(lefts), max(bottoms), max(rights))

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width


class FormulaKind(IntEnum):
    """How a formula stands in the file."""

    NORMAL = 0  # evaluated with implicit intersection
    SHARED = 1  # a member of a shared formula: its text is its master's, moved
    ARRAY = 2  # entered with Ctrl+Shift+Enter; fills its area
    DYNAMIC = 3  # a dynamic array formula (cm="1"); spills from its anchor
    DATA_TABLE = 4  # a what-if data table


@dataclass(slots=True)
class Cells:
    """The stored cells of a sheet as columns, row-major, each cell once; formula cells hold their stored value.

    ``kind`` EMPTY marks a cell that is there (styled, or a formula without a stored value) but holds nothing.
    """

    row: Ints  # (n,)
    column: Ints  # (n,)
    data: Floats  # (n,) payloads, see `Values`
    kind: Kinds  # (n,)


@record
class ValueSpans:
    """Where the XML of a sheet has the texts of its cells' values, for the writer; both (n,), as in `Cells`."""

    start: NDArray[np.int64]  # in bytes of the part
    length: Ints  # -1 of cells whose value is of another form


@dataclass(slots=True)
class Formulas:
    """The formulas of a sheet as columns, row-major by anchor; texts lie end to end in one buffer.

    Text i is ``text[bounds[i]:bounds[i + 1]]``: UTF-8, XML entities resolved, no leading "=". A copy's text is empty;
    ``master`` is the index of the formula that spells it out, of which it is the copy as a spreadsheet program makes
    one: references without ``$`` move along (-1 elsewhere, and of SHARED formulas whose master is missing). Copies are
    SHARED where the file says so, else of any kind. ``area`` is (top, left, bottom, right), half-open: what an ARRAY or
    DYNAMIC formula or a DATA_TABLE (whose text is empty) fills, as stored; the cell alone for the others. Members of an
    area have no entry here.
    """

    row: Ints  # (m,)
    column: Ints  # (m,)
    kind: Kinds  # (m,) FormulaKind
    area: Ints  # (m, 4)
    master: Ints  # (m,)
    text: bytes
    bounds: NDArray[np.int64]  # (m + 1,)

    def __len__(self) -> int:
        return len(self.row)

    def source(self, index: int) -> str:
        """Return the text of formula ``index`` (its master's, for a shared member)."""
        at = int(self.master[index]) if self.master[index] >= 0 else index
        return self.text[int(self.bounds[at]) : int(self.bounds[at + 1])].decode()


@record
class DataTable:
    """A what-if data table: ``anchor`` row and column inputs as in the file (``r1``, ``r2``, ``dt2D``, ``dtr``)."""

    area: Area
    first_input: str
    second_input: str | None
    two_dimensional: bool
    row_input: bool


@record
class Table:
    """A table (list object): ``area`` includes header and totals rows."""

    name: str
    area: Area
    columns: tuple[str, ...]
    header_rows: int = 1
    totals_rows: int = 0


@record
class DefinedName:
    """A defined name; ``sheet`` is the index of the sheet it is local to, or None. ``text`` has no leading "="."""

    name: str
    text: str
    sheet: int | None = None
    hidden: bool = False


@dataclass(slots=True)
class Sheet:
    """One worksheet."""

    name: str
    cells: Cells
    formulas: Formulas
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    data_tables: tuple[DataTable, ...] = ()
    part: str = ""  # the package part it came from
    value_spans: ValueSpans | None = None


@record
class Calculation:
    """The workbook's settings for circular references."""

    iterate: bool = False
    rounds: int = 100
    tolerance: float = 0.001


@dataclass(slots=True)
class Workbook:
    """A workbook read into columns. Sheets stand in tab order (chart sheets have no cells and are left out)."""

    name: str  # the file's name, for messages
    sheets: list[Sheet]
    strings: Strings
    names: list[DefinedName] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    date1904: bool = False
    calculation: Calculation = field(default_factory=Calculation)
    external: dict[tuple[str, str], Values] = field(
        default_factory=dict
    )  # ([book index as in formulas], sheet) → cached values
    package: bytes | None = None  # the file as it was, for the writer
    origin: Any = None  # the openpyxl workbook it was read from, which the writer asks for the package
    _numbers: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)  # by folded name

    def sheet_index(self, name: str) -> int | None:
        """Return the index of the sheet called ``name`` (case ignored), or None."""
        if len(self._numbers) != len(self.sheets):
            self._numbers = {sheet.name.casefold(): number for number, sheet in reversed([*enumerate(self.sheets)])}
        return self._numbers.get(name.casefold())
