"""The expressions of straight-line code: one formula of an array program as Python over local names.

What a formula reads of the sweep's own cells comes from names and arenas (`straight_writer`); what it computes from
other cells alone is computed before the sweep, all at once, and comes as a column.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Protocol, TypeAlias

from ..ir import Apply, Argument, Const, Contract, Growing, Node, Operate, Pick, Place, Prefix, Scattered, Select, View
from .straight_helpers import SCALAR
from .straight_places import Cell, Unsuited

MOST_TERMS = 64  # windows up to this many cells are written out

Code: TypeAlias = tuple[str, bool]  # an expression, and whether it is a logical
At: TypeAlias = tuple[int, int]  # an element of an array: rows and columns from its first


class Source(Protocol):
    """Where expressions take cells and columns from."""

    def static(self, cell: Cell, node: Node) -> bool:
        """Tell whether a node reads nothing that the sweep writes."""

    def column(self, cell: Cell, node: Node, at: At, kind: str) -> str:
        """Return the name of an element of a static node, a ``number``, ``strict`` number, ``logical`` or ``truth``."""

    def read(self, cell: Cell, view: View, at: At, strict: bool) -> str:
        """Return the expression of a cell of a window that the sweep writes."""

    def gathered(self, cell: Cell, node: Scattered, at: At) -> str:
        """Return the expression of a cell whose place stands in a table."""

    def picked(self, cell: Cell, node: Pick) -> str:
        """Return the expression of a cell whose place is computed before the sweep."""

    def found(self, cell: Cell, table: View | Growing, row: str | int, column: str | int) -> str:
        """Return the expression of a cell at a row and column, counted from 1, that the sweep computes."""

    def running(self, cell: Cell, node: Prefix) -> str:
        """Return the name of a running reduction."""


class Expressions:
    """Writes expressions for the formulas of a sweep."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names = count()

    def number(self, cell: Cell, node: Node, at: At = (0, 0), strict: bool = False) -> str:
        """Return the expression of a number; raises `Unsuited` for a logical."""
        code, logical = self.code(cell, node, at, strict)
        if logical:
            raise Unsuited
        return code

    def code(self, cell: Cell, node: Node, at: At = (0, 0), strict: bool = False) -> Code:
        """Return the expression of one element of a node."""
        if isinstance(node, Const):
            return _literal(node)
        if self._source.static(cell, node):
            kind = "logical" if is_logical(node) else "strict" if strict else "number"
            return self._source.column(cell, node, at, kind), kind == "logical"
        match node:
            case View():
                return self._source.read(cell, node, at, strict), False
            case Scattered():
                return self._source.gathered(cell, node, at), False
            case Operate(operator, operands, _):
                return self._operation(cell, operator, operands, at)
            case Select(condition, then, otherwise):
                return self._choice(cell, condition, then, otherwise, at)
            case Contract(left, right, transposed, _, _):
                return self._product(cell, left, right, transposed), False
            case Pick(_, row, column) if row is not None and column is not None:
                return self._picked(cell, node, row, column), False
            case Apply(function, arguments, -1):
                return self._call(cell, function, arguments, at)
            case Prefix():
                return self._source.running(cell, node), False
        raise Unsuited

    def condition(self, cell: Cell, node: Node, at: At = (0, 0)) -> str:
        """Return the expression of a condition."""
        if not isinstance(node, Const) and self._source.static(cell, node):
            return self._source.column(cell, node, at, "truth")
        code, logical = self.code(cell, node, at)
        return code if logical else f"({self._finite(code, node)} != 0.0)"

    def _operation(self, cell: Cell, operator: str, operands: tuple[Node, ...], at: At) -> Code:
        if operator in _COMPARE:
            left, right = (self._finite(self.number(cell, each, at), each) for each in operands)
            return self._comparison(operator, left, right), True
        parts = [self.arithmetic(cell, operand, at) for operand in operands]
        match operator:
            case "unary -":
                return f"(0.0 - {parts[0]})", False
            case "unary +":
                return parts[0], False
            case "unary %":
                return f"({parts[0]} / 100.0)", False
            case "^":
                base, exponent = (self._finite(part, each) for part, each in zip(parts, operands, strict=True))
                return f"power({base}, {exponent})", False
            case "/":
                return f"({parts[0]} / {self._finite(parts[1], operands[1])})", False
            case "+" | "-" | "*":
                return f"({parts[0]} {operator} {parts[1]})", False
        raise Unsuited

    def _comparison(self, test: str, left: str, right: str) -> str:
        """Compare as Excel does: numbers that agree to 15 digits are equal.

        Mostly their distance tells that they do not; one whose square vanishes leaves it to ``same``.
        """
        a, left = self._named(left)
        b, right = self._named(right)
        distance = f"d{next(self._names)}"
        apart = f"({distance} := {b} - {a}) * {distance} > {a} * {a} * 1e-27"
        match test:
            case "=":
                return f"({left} == {right} or not ({apart}) and same({a}, {b}))"
            case "<>":
                return f"({left} != {right} and ({apart} or not same({a}, {b})))"
            case "<" | ">":
                return f"({left} {test} {right} and ({apart} or not same({a}, {b})))"
        return f"({left} {test} {right} or not ({apart}) and same({a}, {b}))"

    def _named(self, code: str) -> tuple[str, str]:
        """Return a name for the value of an expression, and the expression that sets it."""
        if code.isidentifier() or code.replace(".", "", 1).isdigit():
            return code, code
        name = f"e{next(self._names)}"
        return name, f"({name} := {code})"

    def _finite(self, code: str, node: Node) -> str:
        """Refuse an intermediate infinity where what comes next would hide it; cells are looked at in the end."""
        if code.isidentifier() or not _may_overflow(node):
            return code
        name, named = self._named(code)
        return f"({name} if {named} - {name} == 0.0 else refuse())"

    def arithmetic(self, cell: Cell, node: Node, at: At = (0, 0)) -> str:
        code, logical = self.code(cell, node, at)
        return f"(1.0 if {code} else 0.0)" if logical else code

    def _choice(self, cell: Cell, condition: Node, then: Node, otherwise: Node, at: At) -> Code:
        test = self.condition(cell, condition, at)
        (a, a_logical), (b, b_logical) = self.code(cell, then, at), self.code(cell, otherwise, at)
        if a_logical != b_logical:
            raise Unsuited
        return f"({a} if {test} else {b})", a_logical

    def _product(self, cell: Cell, left: View, right: View, transposed: bool) -> str:
        if left.height * left.width > MOST_TERMS:
            raise Unsuited
        terms = []
        for down in range(left.height):
            for across in range(left.width):
                other = (across, down) if transposed else (down, across)
                a, b = self.number(cell, left, (down, across), transposed), self.number(cell, right, other, transposed)
                terms.append(f"{a}*{b}")
        return f"({' + '.join(terms)})"

    def _picked(self, cell: Cell, node: Pick, row: Node, column: Node) -> str:
        if not isinstance(node.table, View | Growing):
            raise Unsuited
        if self._source.static(cell, row) and self._source.static(cell, column):
            return self._source.picked(cell, node)
        return self._source.found(cell, node.table, *(self._line(cell, part) for part in (row, column)))

    def _line(self, cell: Cell, node: Node) -> str | int:
        if isinstance(node, Const) and isinstance(node.value, float):
            return int(node.value)
        return self._finite(self.arithmetic(cell, node), node)

    def _call(self, cell: Cell, function: str, arguments: tuple[Argument, ...], at: At) -> Code:
        if function in _LOGICAL:
            if any(isinstance(each.node, View) or shape_of(each.node) != (1, 1) for each in arguments):
                raise Unsuited
            # `&`, not `and`: an error in any argument is the result
            return f"({_LOGICAL[function].join(self.condition(cell, each.node, at) for each in arguments)})", True
        if function == "NOT":
            return f"(not {self.condition(cell, arguments[0].node, at)})", True
        if SCALAR.get(function) == len(arguments):
            numbers = (self._finite(self.arithmetic(cell, each.node, at), each.node) for each in arguments)
            return f"{function.lower()}_({', '.join(numbers)})", False
        if function in _REDUCTIONS:
            strict = function not in ("SUM", "SUMPRODUCT")
            given = [self._terms(cell, argument.node, strict) for argument in arguments]
            if function == "SUMPRODUCT":
                if len({shape_of(argument.node) for argument in arguments}) > 1:
                    raise Unsuited
                given = [["*".join(each) for each in zip(*given, strict=True)]]
            return _REDUCTIONS[function](self, [term for terms in given for term in terms]), False
        raise Unsuited

    def _terms(self, cell: Cell, node: Node, strict: bool) -> list[str]:
        """Write out all elements of an argument."""
        height, width = shape_of(node)
        if height * width > MOST_TERMS:
            raise Unsuited
        places = [(down, across) for down in range(height) for across in range(width)]
        terms = [self.number(cell, node, at, strict) for at in places]
        return [self._finite(term, node) for term in terms] if strict else terms

    def extreme(self, sign: str, terms: list[str]) -> str:
        """Return the greatest (``>=``) or least (``<=``) of some terms."""
        if len(terms) > 2:
            return f"{'max' if sign == '>=' else 'min'}({', '.join(terms)})"
        if len(terms) == 1:
            return terms[0]
        (a, left), (b, right) = map(self._named, terms)
        return f"({a} if {left} {sign} {right} else {b})"


def _literal(node: Const) -> Code:
    if isinstance(node.value, bool):
        return str(node.value), True
    if isinstance(node.value, float):
        return repr(node.value), False
    raise Unsuited


def is_logical(node: Node) -> bool:
    """Tell whether the values of a node are logicals, as far as its form shows."""
    match node:
        case Const(value):
            return isinstance(value, bool)
        case Operate(operator, _, _):
            return operator in _COMPARE
        case Apply(function, _, _):
            return function in _GIVING_LOGICALS
        case Select(_, then, otherwise):
            return is_logical(then) and is_logical(otherwise)
    return False


def shape_of(node: Node) -> tuple[int, int]:
    """Return the rows and columns of what an elementwise expression gives; raises `Unsuited` for any other."""
    match node:
        case View(height=height, width=width) | Scattered(height=height, width=width):
            return height, width
        case Operate(_, operands, _):
            shapes = {shape for shape in map(shape_of, operands) if shape != (1, 1)}
            if len(shapes) > 1:
                raise Unsuited
            return next(iter(shapes), (1, 1))
        case Apply(function, arguments, _) if function in SCALAR or function == "NOT":
            return shape_of(Operate("", tuple(argument.node for argument in arguments)))
        case Select(condition, then, otherwise):
            return shape_of(Operate("", (condition, then, otherwise)))
        case Const() | Contract() | Prefix():
            return 1, 1
        case Place(count=1):
            return 1, 1
        case Pick(_, row, column) if row is not None and column is not None:
            return shape_of(Operate("", (row, column)))
        case Apply(function, _, _) if function in _REDUCTIONS or function in _LOGICAL:
            return 1, 1
    raise Unsuited


def _may_overflow(node: Node) -> bool:
    """Tell whether an expression can give infinity without a word."""
    match node:
        case Operate(operator, _, _):
            return operator in ("+", "-", "*", "/")
        case Select(_, then, otherwise):
            return _may_overflow(then) or _may_overflow(otherwise)
        case Apply(function, _, _):
            return function in _REDUCTIONS
    return isinstance(node, Contract)


_COMPARE = frozenset({"=", "<>", "<", ">", "<=", ">="})
_LOGICAL = {"AND": " & ", "OR": " | "}
_GIVING_LOGICALS = frozenset(
    {"AND", "OR", "NOT", "XOR", "ISBLANK", "ISERROR", "ISNUMBER", "ISTEXT", "ISNA", "ISLOGICAL", "EXACT"}
)
_REDUCTIONS: dict[str, Callable[[Expressions, list[str]], str]] = {
    "SUM": lambda _, terms: f"({' + '.join(terms)})",
    "SUMPRODUCT": lambda _, terms: f"({' + '.join(terms)})",
    "MAX": lambda writer, terms: writer.extreme(">=", terms),
    "MIN": lambda writer, terms: writer.extreme("<=", terms),
    "AVERAGE": lambda _, terms: f"(({' + '.join(terms)}) / {len(terms)})",
}
