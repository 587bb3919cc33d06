"""The nodes of a parsed formula.

Cell coordinates are not in the nodes: a reference holds the number of its *slot*, and the coordinates of all slots
stand in an integer vector beside the tree. So one tree serves every cell of a fill. Slots are numbered left to right
as the references stand in the text; slot k has its row at ``2 * k`` and its column at ``2 * k + 1`` (zero-based).
"""

from __future__ import annotations

from typing import TypeAlias

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error


@record
class Prefix:
    """A sheet prefix: ``Sheet1!``, ``'a b'!``, ``Sheet1:Sheet3!`` (3-D), ``[1]Sheet1!`` (other workbook)."""

    sheet: str
    last: str | None = None
    book: str | None = None


@record
class Number:
    value: float


@record
class Given:
    """A number that differs from formula to formula of a template: number ``index`` of those beside the tree."""

    index: int


@record
class Text:
    value: str


@record
class Logical:
    value: bool


@record
class ErrorLiteral:
    value: Error


@record
class Missing:
    """An argument left empty, as in ``IF(A1,,2)``."""


@record
class ArrayConstant:
    """``{1,2;3,4}``: rows of literals."""

    rows: tuple[tuple[Number | Text | Logical | ErrorLiteral, ...], ...]


@record
class Cell:
    """A single cell: slot ``slot``."""

    slot: int
    prefix: Prefix | None = None


@record
class Rectangle:
    """``A1:B2``: corners in slots ``first`` and ``last`` (any two opposite corners)."""

    first: int
    last: int
    prefix: Prefix | None = None


@record
class ColumnSpan:
    """``A:C``: the rows of both slots are 0 and count for nothing."""

    first: int
    last: int
    prefix: Prefix | None = None


@record
class RowSpan:
    """``1:3``: the columns of both slots are 0 and count for nothing."""

    first: int
    last: int
    prefix: Prefix | None = None


@record
class Name:
    """A defined name, a LET or LAMBDA parameter, or an unknown word."""

    name: str
    prefix: Prefix | None = None


@record
class Structured:
    """``Table[[#Headers],[a]:[b]]``; table None inside the table itself. ``this_row`` for ``[@a]`` and ``[#This Row]``.

    ``items``: of "all", "data", "headers", "totals"; empty means data. Columns: None means all, or one name, or two.
    """

    table: str | None
    first: str | None = None
    last: str | None = None
    items: frozenset[str] = frozenset()
    this_row: bool = False


@record
class Unary:
    """``-x``, ``+x``, ``x%`` (operator "%"), ``@x`` (operator "@"), ``x#`` (operator "#")."""

    operator: str
    operand: Node


@record
class Binary:
    """``+ - * / ^ &``, ``= <> < <= > >=``; and on references ``:`` (range), ``,`` (union), ``" "`` (intersection)."""

    operator: str
    left: Node
    right: Node


@record
class Call:
    """A function by name: upper case, without ``_xlfn.``, ``_xlws.``, ``_xludf.``."""

    name: str
    arguments: tuple[Node, ...]


@record
class Invoke:
    """A value called: ``LAMBDA(x,x+1)(2)``; also a Call whose name is not a function's but a LET name's."""

    callee: Node
    arguments: tuple[Node, ...]


Node: TypeAlias = (
    Number
    | Given
    | Text
    | Logical
    | ErrorLiteral
    | Missing
    | ArrayConstant
    | Cell
    | Rectangle
    | ColumnSpan
    | RowSpan
    | Name
    | Structured
    | Unary
    | Binary
    | Call
    | Invoke
)


@record
class Slot:
    """Where one reference token points, as written: coordinates (zero-based) and whether each is absolute (``$``)."""

    row: int
    column: int
    row_absolute: bool
    column_absolute: bool


@record
class Formula:
    """A parsed formula: its tree and its slots as they stand in the text."""

    tree: Node
    slots: tuple[Slot, ...]
