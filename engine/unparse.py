"""Syntax tree to formula text: the inverse of `engine.parser`, for messages and for `explain`.

``parse(unparse(formula)) == formula`` for every formula that `parse` returns, but for references lost with their sheet
(``#REF!A1``), which become plain ``#REF!``. Functions are written under their own names, without ``_xlfn.``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from sheetgrad.sheets.addresses import column_name, quote_sheet

from .parser import PRECEDENCE
from .structured import unparse_structured
from .syntax import (
    ArrayConstant,
    Binary,
    Call,
    Cell,
    ColumnSpan,
    ErrorLiteral,
    Formula,
    Invoke,
    Logical,
    Missing,
    Name,
    Node,
    Number,
    Prefix,
    Rectangle,
    RowSpan,
    Slot,
    Structured,
    Text,
    Unary,
)

_ATOM: Final = 100
_POSTFIX_REFERENCE: Final = 11  # A1#
_OUTERMOST: Final = -1
_COLUMN_LIKE = re.compile(r"[A-Za-z]{1,3}")

_Piece: TypeAlias = "str | tuple[Node, int]"  # text, or a node and the precedence below which it needs parentheses


def unparse(formula: Formula, coordinates: Sequence[int] | None = None) -> str:
    """Return the text of a formula, without ``=``; with other ``coordinates`` (row, column, row, column …) where given.

    >>> from .parser import parse
    >>> unparse(parse("sum( $A1:B2 ,-2^C3)"), [4, 0, 5, 1, 6, 2])
    'SUM($A5:B6,-2^C7)'
    """
    slots = formula.slots
    if coordinates is not None:
        slots = tuple(
            Slot(int(coordinates[2 * k]), int(coordinates[2 * k + 1]), slot.row_absolute, slot.column_absolute)
            for k, slot in enumerate(slots)
        )
    written: list[str] = []
    waiting: list[_Piece] = [(formula.tree, _OUTERMOST)]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            written.append(piece)
            continue
        node, floor = piece
        pieces = _pieces(node, slots)
        waiting += reversed(["(", *pieces, ")"] if _precedence(node) < floor else pieces)
    return "".join(written)


def _precedence(node: Node) -> int:
    """Return how tightly a node's own operator binds; a union stands in parentheses always."""
    if isinstance(node, Binary):
        return PRECEDENCE[node.operator] if node.operator != "," else _OUTERMOST - 1
    if isinstance(node, Unary):
        return _UNARY[node.operator]
    if isinstance(node, Rectangle | ColumnSpan | RowSpan):
        return PRECEDENCE[":"]
    if isinstance(node, Number) and node.value < 0:
        return PRECEDENCE["negate"]
    return _ATOM


_UNARY = {
    "-": PRECEDENCE["negate"],
    "+": PRECEDENCE["negate"],
    "@": PRECEDENCE["@"],
    "%": PRECEDENCE["%"],
    "#": _POSTFIX_REFERENCE,
}


def _pieces(node: Node, slots: tuple[Slot, ...]) -> list[_Piece]:
    """Return what a node is written as, left to right."""
    if isinstance(node, Binary):
        return _binary(node)
    if isinstance(node, Unary):
        precedence = _UNARY[node.operator]
        operand = (node.operand, precedence)
        return [operand, node.operator] if node.operator in "%#" else [node.operator, operand]
    if isinstance(node, Call):
        return [node.name, "(", *_arguments(node.arguments), ")"]
    if isinstance(node, Invoke):
        floor = _OUTERMOST if isinstance(node.callee, Call | Invoke) else _ATOM + 1
        return [(node.callee, floor), "(", *_arguments(node.arguments), ")"]
    return [_leaf(node, slots)]


def _arguments(arguments: tuple[Node, ...]) -> list[_Piece]:
    """Return the arguments with commas between them."""
    pieces: list[_Piece] = []
    for argument in arguments:
        pieces += (",", (argument, _OUTERMOST))
    return pieces[1:]


def _binary(node: Binary) -> list[_Piece]:
    if node.operator == ",":
        left = _pieces_of_union(node.left)
        return [*left, ",", (node.right, 0)]
    precedence = PRECEDENCE[node.operator]
    return [_corner(node, node.left, precedence), node.operator, _corner(node, node.right, precedence + 1)]


def _pieces_of_union(node: Node) -> list[_Piece]:
    return _binary(node) if isinstance(node, Binary) and node.operator == "," else [(node, 0)]


def _corner(parent: Binary, node: Node, floor: int) -> _Piece:
    """Keep ends of ranges from being read as columns (``A:C``), sheets (``a:b!C1``), corners (``F():S!A1:(B2)``)."""
    left, right = parent.left, parent.right
    misread = False
    if parent.operator == ":" and isinstance(node, Name):
        beside = isinstance(right, Cell | Name) and right.prefix is None
        misread = bool(_COLUMN_LIKE.fullmatch(node.name)) or (node is left and not beside)
    elif parent.operator == ":" and isinstance(node, Cell) and node is right and isinstance(left, Binary):
        misread = isinstance(left.right, Cell) and left.right.prefix is not None
    return node, _ATOM + 1 if misread else floor


def _leaf(node: Node, slots: tuple[Slot, ...]) -> str:
    if isinstance(node, Cell):
        return _prefix(node.prefix) + _cell(slots[node.slot])
    if isinstance(node, Rectangle):
        return f"{_prefix(node.prefix)}{_cell(slots[node.first])}:{_cell(slots[node.last])}"
    if isinstance(node, ColumnSpan):
        return f"{_prefix(node.prefix)}{_column(slots[node.first])}:{_column(slots[node.last])}"
    if isinstance(node, RowSpan):
        return f"{_prefix(node.prefix)}{_row(slots[node.first])}:{_row(slots[node.last])}"
    if isinstance(node, Name):
        return _prefix(node.prefix) + node.name
    if isinstance(node, Structured):
        return unparse_structured(node)
    if isinstance(node, ArrayConstant):
        return "{" + ";".join(",".join(_literal(item) for item in row) for row in node.rows) + "}"
    if isinstance(node, Missing):
        return ""
    assert isinstance(node, Number | Text | Logical | ErrorLiteral)
    return _literal(node)


def _literal(node: Number | Text | Logical | ErrorLiteral) -> str:
    if isinstance(node, Number):
        return repr(node.value).removesuffix(".0").replace("e", "E")
    if isinstance(node, Text):
        return '"' + node.value.replace('"', '""') + '"'
    if isinstance(node, Logical):
        return "TRUE" if node.value else "FALSE"
    return node.value.text


def _column(slot: Slot) -> str:
    return "$" * slot.column_absolute + column_name(slot.column)


def _row(slot: Slot) -> str:
    return "$" * slot.row_absolute + str(slot.row + 1)


def _cell(slot: Slot) -> str:
    return _column(slot) + _row(slot)


def _prefix(prefix: Prefix | None) -> str:
    if prefix is None:
        return ""
    book = "" if prefix.book is None else f"[{prefix.book}]"
    sheets = [prefix.sheet] if prefix.last is None else [prefix.sheet, prefix.last]
    name = book + ":".join(sheets)
    plain = (sheets == [""] or all(quote_sheet(sheet) == sheet for sheet in sheets)) and re.fullmatch(
        r"[\w.\[\]:]*", name
    )
    return f"{name}!" if plain else "'" + name.replace("'", "''") + "'!"
