"""Formulas of one cell on Python's own values: no arrays are made where there is nothing to do at once.

Every node of such a program becomes a function. It computes what is done to plain numbers itself; texts, errors and all
other functions go through the array operators, as arrays of one cell, so that what an operation means is told in one
place. What is an array, a range inside SUMPRODUCT, say, is left to the machine of `backends.numpy`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Kind, Scalar, Values, decode, encode

from .. import operators
from ..call import Argument as CallArgument
from ..coercion import LONGEST_TEXT, logicals, numbers
from ..functions import find
from ..grid import Flat, all_numbers
from ..ir import Apply, Choose, Const, Contract, Node, Operate, Pick, Place, Recover, Select, View
from ..numerals import format_general
from ..regions import Region
from ..windows import Frame
from .numpy import Decline, Machine, _Evaluation
from .products import FOLDS
from .straight_helpers import HELPERS
from .straight_helpers import SCALAR as PLAIN

NUMBER = int(Kind.NUMBER)
NEAR, SNAP = 1e-14, 2.0**-50  # see `operators`
ALONE: Frame = Frame((), ())

Run: TypeAlias = "Callable[[Cells], Scalar]"
ArrayRun: TypeAlias = "Callable[[Cells], Values]"


class Unsuited(Exception):
    """A program, or the values that it met, are for the general machine."""


class Cells:
    """The cells of a grid as flat memory, and what else a formula of one cell needs while it is computed."""

    __slots__ = ("_evaluation", "common", "data", "flat", "kept", "kinds", "machine", "region", "strings")

    def __init__(self, machine: Machine, flat: Flat) -> None:
        self.machine = machine
        self.flat = flat
        self.data, self.kinds = flat.data, flat.kinds
        self.strings = machine.context.strings
        self.kept: dict[int, Scalar] = {}

    def begin(self, region: Region, common: frozenset[int]) -> None:
        """Make ready for another formula."""
        self.region, self.common = region, common
        self._evaluation: _Evaluation | None = None
        if self.kept:
            self.kept.clear()

    @property
    def evaluation(self) -> _Evaluation:
        """The general machine's evaluation of the same formula."""
        if self._evaluation is None:
            self._evaluation = _Evaluation(self.machine.grid, self.machine.context, self.region, ALONE, self.common)
        return self._evaluation

    def wrapped(self, value: Scalar) -> Values:
        """Return a value as an array of one cell."""
        return Values.of(value, self.strings)

    def unwrapped(self, values: Values) -> Scalar:
        """Return the value of an array of one cell; raises `Unsuited` for any other."""
        if values.data.size != 1:
            raise Unsuited
        payload = values.data.item()
        return payload if values.kind is None else decode(payload, values.kind.item(), self.strings)


@record
class ScalarProgram:
    """The compiled program of one cell; it is good for grids of one layout."""

    region: Region
    common: frozenset[int]
    layout: tuple[Area, ...]
    block: int  # where the result goes
    at: int
    root: Run

    def run(self, machine: Machine) -> bool:
        """Compute and store the cell; False where the general machine has to."""
        cells = machine.cells
        if cells is None or cells.flat is not machine.grid.flat:
            cells = machine.cells = Cells(machine, machine.grid.flat)
        if cells.flat.layout != self.layout:
            return False
        cells.begin(self.region, self.common)
        try:
            value = self.root(cells)
        except (Unsuited, Decline, ArithmeticError, MemoryError, RecursionError):
            return False
        payload, kind = (value, NUMBER) if type(value) is float else encode(value, cells.strings)
        cells.data[self.block][self.at] = payload
        cells.kinds[self.block][self.at] = kind or NUMBER  # an empty result is 0
        return True


def compile_scalar(region: Region, program: Node, common: frozenset[int], flat: Flat) -> ScalarProgram | None:
    """Compile the program of a region of one formula in one cell; None where it is better off on arrays."""
    if region.counts or region.extent != (1, 1):
        return None
    target = flat.find(region.sheet, int(region.origin[0]), int(region.origin[1]))
    if target is None:
        return None
    try:
        root = _Compiler(flat, common).root(program)
    except (Unsuited, RecursionError):
        return None
    return ScalarProgram(region, common, flat.layout, *target, root)


class _Compiler:
    """Turns nodes into functions."""

    def __init__(self, flat: Flat, common: frozenset[int]) -> None:
        self.flat = flat
        self.common = common

    def root(self, node: Node) -> Run:
        """Compile a whole program."""
        if not _single(node):
            raise Unsuited
        return self.scalar(node)

    def scalar(self, node: Node) -> Run:
        """Compile a node of one value."""
        made = COMPILERS[type(node)](self, node) if type(node) in COMPILERS and _single(node) else _general(node)
        if id(node) in self.common and not isinstance(node, Const | View):
            return partial(_once, id(node), made)
        return made

    def values(self, node: Node) -> ArrayRun:
        """Compile an argument: whatever it is, as an array."""
        if _single(node) and not isinstance(node, Const):
            run = self.scalar(node)
            return lambda cells: cells.wrapped(run(cells))
        if isinstance(node, View):
            return self.window(node)
        return lambda cells: cells.evaluation.value(node)

    def window(self, view: View) -> ArrayRun:
        """Compile the reading of a range."""
        area = Area(view.sheet, view.row, view.column, view.row + view.height, view.column + view.width)
        found = self.flat.find(area.sheet, area.top, area.left)
        corner = None if found is None else self.flat.layout[found[0]]
        if found is None or corner is None or area.bottom > corner.bottom or area.right > corner.right:
            return lambda cells: cells.evaluation.view(view)
        block = found[0]
        inside = (
            slice(area.top - corner.top, area.bottom - corner.top),
            slice(area.left - corner.left, area.right - corner.left),
        )

        def run(cells: Cells) -> Values:
            held = cells.flat.blocks[block]
            kind = held.kind[inside]
            return Values(held.data[inside]) if all_numbers(kind) else Values(held.data[inside], kind)

        return run

    def const(self, node: Const) -> Run:
        value = node.value
        return lambda cells: value

    def place(self, node: Place) -> Run:
        value = float(node.start)
        return lambda cells: value

    def view(self, node: View) -> Run:
        found = self.flat.find(node.sheet, node.row, node.column)
        if found is None:
            return lambda cells: None
        block, at = found

        def run(cells: Cells) -> Scalar:
            kind = cells.kinds[block][at]
            payload = cells.data[block][at]
            return payload if kind == NUMBER else decode(payload, kind, cells.strings)

        return run

    def operate(self, node: Operate) -> Run:
        parts = [self.scalar(operand) for operand in node.operands]
        if node.operator.startswith("unary "):
            return _unary(node.operator[6:], parts[0])
        if node.operator == "&":
            return _joined(parts[0], parts[1])
        if node.operator in _COMPARISONS:
            return _compared(node.operator, parts[0], parts[1])
        return _computed(node.operator, parts[0], parts[1], node.final)

    def select(self, node: Select) -> Run:
        condition, then, otherwise = (self.scalar(part) for part in (node.condition, node.then, node.otherwise))

        def run(cells: Cells) -> Scalar:
            test = condition(cells)
            if type(test) is not bool:
                if isinstance(test, Error):
                    return test
                held, codes = logicals(cells.wrapped(test), cells.strings)
                if codes is not None:
                    return Error.VALUE
                test = bool(held.item())
            return then(cells) if test else otherwise(cells)

        return run

    def choose(self, node: Choose) -> Run:
        index, options = self.scalar(node.index), [self.scalar(option) for option in node.options]

        def run(cells: Cells) -> Scalar:
            at = _whole(cells, index(cells))
            if isinstance(at, Error):
                return at
            return options[at - 1](cells) if 1 <= at <= len(options) else Error.VALUE

        return run

    def recover(self, node: Recover) -> Run:
        value, fallback, only_na = self.scalar(node.value), self.scalar(node.fallback), node.only_na

        def run(cells: Cells) -> Scalar:
            found = value(cells)
            failed = found is Error.NA if only_na else isinstance(found, Error)
            return fallback(cells) if failed else found

        return run

    def pick(self, node: Pick) -> Run:
        table, row, column = node.table, node.row, node.column
        if not isinstance(table, View) or row is None or column is None:
            raise Unsuited
        rows, columns = self.scalar(row), self.scalar(column)
        first = self.flat.find(table.sheet, table.row, table.column)
        last = self.flat.find(table.sheet, table.row + table.height - 1, table.column + table.width - 1)
        if first is None or last is None or first[0] != last[0] or 0 in (table.row, table.column):
            return _general(node)
        (block, start), width = first, self.flat.layout[first[0]].width
        height, most = table.height, table.width

        def run(cells: Cells) -> Scalar:
            down, across = rows(cells), columns(cells)
            if type(down) is not float or type(across) is not float:
                return cells.unwrapped(cells.evaluation.value(node))
            down, across = int(down), int(across)
            if not (0 < down <= height and 0 < across <= most):
                return cells.unwrapped(cells.evaluation.value(node))
            at = start + (down - 1) * width + across - 1
            kind = cells.kinds[block][at]
            payload = cells.data[block][at]
            return payload if kind == NUMBER else decode(payload, kind, cells.strings)

        return run

    def contract(self, node: Contract) -> Run:
        left, right, original = self.window(node.left), self.window(node.right), self.scalar(node.original)
        transposed = node.transposed

        def run(cells: Cells) -> Scalar:
            a, b = left(cells), right(cells)
            if a.kind is None and b.kind is None:
                found = float(np.add.reduce(a.data * (b.data.T if transposed else b.data), axis=None))
                if math.isfinite(found):
                    return found
            return original(cells)

        return run

    def apply(self, node: Apply) -> Run:
        general = self.call(node)
        if node.function in FOLDS and node.arguments and not any(each.missing for each in node.arguments):
            return self.folded(node, general)
        if len(node.arguments) == PLAIN.get(node.function):
            return _plain(HELPERS[f"{node.function.lower()}_"], self.arguments(node), general)
        if node.function in _LOGICAL and all(_single(each.node) for each in node.arguments):
            return _decided(_LOGICAL[node.function], self.arguments(node), general)
        return general

    def arguments(self, node: Apply) -> list[Run]:
        return [self.scalar(argument.node) for argument in node.arguments]

    def call(self, node: Apply) -> Run:
        """Compile a call by the function's own body."""
        made = [(self.values(each.node), each.from_reference, each.missing) for each in node.arguments]

        def run(cells: Cells) -> Scalar:
            given = [CallArgument(values(cells), reference, missing) for values, reference, missing in made]
            return cells.unwrapped(cells.evaluation.call(node, given))

        return run

    def folded(self, node: Apply, general: Run) -> Run:
        """Compile a reduction of ranges and numbers."""
        step, name = FOLDS[node.function], node.function
        squared = name == "SUMSQ"
        nodes = [each.node for each in node.arguments]
        windows = [self.window(each) for each in nodes if isinstance(each, View) and not _single(each)]
        others = [self.scalar(each) for each in nodes if _single(each)]
        join: Callable[..., float] = max if step is np.maximum else min if step is np.minimum else operator.add
        if len(windows) + len(others) < len(nodes):
            return general

        def run(cells: Cells) -> Scalar:
            found: list[float] = []
            count = len(others)
            for window in windows:
                values = window(cells)
                if values.kind is not None or not values.data.size:
                    return general(cells)
                data = values.data * values.data if squared else values.data
                found.append(float(step.reduce(data, axis=None)))
                count += data.size
            for other in others:
                value = other(cells)
                if type(value) is not float:
                    return general(cells)
                found.append(value * value if squared else value)
            total = found[0]
            for value in found[1:]:
                total = join(total, value)
            if name == "AVERAGE":
                total /= count
            return total if math.isfinite(total) else general(cells)

        return run


def _single(node: Node) -> bool:
    """Tell whether a node stands for one value, as far as that can be told before it runs."""
    match node:
        case Const() | Contract():
            return True
        case View(height=height, width=width):
            return (height, width) == (1, 1)
        case Place(count=count):
            return count == 1
        case Operate(_, operands, _):
            return all(_single(operand) for operand in operands)
        case Select(condition, then, otherwise):
            return _single(condition) and _single(then) and _single(otherwise)
        case Choose(index, options):
            return _single(index) and all(_single(option) for option in options)
        case Recover(value, fallback, _):
            return _single(value) and _single(fallback)
        case Pick(_, row, column):
            return row is not None and column is not None and _single(row) and _single(column)
        case Apply(function, arguments, _):
            found = find(function)
            if found is None or found.shape == "array":
                return False
            return found.shape != "elementwise" or all(_single(argument.node) for argument in arguments)
    return False


def _general(node: Node) -> Run:
    return lambda cells: cells.unwrapped(cells.evaluation.value(node))


def _once(key: int, made: Run, cells: Cells) -> Scalar:
    """Compute a shared node once a formula."""
    if key not in cells.kept:
        cells.kept[key] = made(cells)
    return cells.kept[key]


def _whole(cells: Cells, value: Scalar) -> int | Error:
    if type(value) is float:
        return int(value)
    data, codes = numbers(cells.wrapped(value), cells.strings, cells.machine.context.date1904)
    if codes is not None:
        return value if isinstance(value, Error) else Error.VALUE
    return int(data.item())


# Operations: on numbers here, on anything else by `operators`


def _computed(symbol: str, left: Run, right: Run, final: bool) -> Run:
    compute = _ARITHMETIC[symbol]
    final &= symbol in "+-"

    def run(cells: Cells) -> Scalar:
        a, b = left(cells), right(cells)
        if type(a) is float and type(b) is float:
            try:
                found = compute(a, b)
            except (ArithmeticError, ValueError):
                found = math.nan
            if found - found == 0.0:  # finite
                if final and abs(found) < abs(a) * SNAP and abs(found) < abs(b) * SNAP:
                    return 0.0
                return found
        values = operators.binary(symbol, cells.wrapped(a), cells.wrapped(b), cells.machine.context, final=final)
        return cells.unwrapped(values)

    return run


def _compared(symbol: str, left: Run, right: Run) -> Run:
    compare = _COMPARISONS[symbol]

    def run(cells: Cells) -> Scalar:
        a, b = left(cells), right(cells)
        if type(a) is float and type(b) is float and (a == b or abs(a - b) > abs(a) * NEAR):
            return bool(compare(a, b))
        return cells.unwrapped(operators.binary(symbol, cells.wrapped(a), cells.wrapped(b), cells.machine.context))

    return run


def _joined(left: Run, right: Run) -> Run:
    def run(cells: Cells) -> Scalar:
        a, b = left(cells), right(cells)
        first, second = (value if type(value) is str else _text(value) for value in (a, b))
        if first is not None and second is not None and len(first) + len(second) <= LONGEST_TEXT:
            return first + second
        return cells.unwrapped(operators.binary("&", cells.wrapped(a), cells.wrapped(b), cells.machine.context))

    return run


def _text(value: Scalar) -> str | None:
    return format_general(value) if type(value) is float else None


def _unary(symbol: str, operand: Run) -> Run:
    if symbol == "+":
        return operand

    def run(cells: Cells) -> Scalar:
        value = operand(cells)
        if type(value) is float:
            return 0.0 - value if symbol == "-" else value / 100.0
        return cells.unwrapped(operators.unary(symbol, cells.wrapped(value), cells.machine.context))

    return run


def _plain(compute: Callable[..., float], arguments: list[Run], general: Run) -> Run:
    """Call one of the functions of plain numbers that straight-line code has."""

    def run(cells: Cells) -> Scalar:
        given = [argument(cells) for argument in arguments]
        if all(type(value) is float for value in given):
            try:
                found = compute(*given)
            except (ArithmeticError, ValueError):
                return general(cells)
            if math.isfinite(found):
                return found
        return general(cells)

    return run


def _decided(decide: Callable[[list[Scalar]], bool], arguments: list[Run], general: Run) -> Run:
    def run(cells: Cells) -> Scalar:
        given = [argument(cells) for argument in arguments]
        return decide(given) if all(type(value) is bool for value in given) else general(cells)

    return run


def _raised(base: float, exponent: float) -> float:
    """Raise a positive number to a power; the others are `operators.power`'s."""
    return math.pow(base, exponent) if base > 0 else math.nan


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": _raised,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LOGICAL: Mapping[str, Callable[[list[Scalar]], bool]] = {
    "AND": lambda given: all(given),
    "OR": lambda given: any(given),
    "NOT": lambda given: not given[0],
}

COMPILERS: Mapping[type, Callable[[_Compiler, Any], Run]] = {
    Const: _Compiler.const,
    Place: _Compiler.place,
    View: _Compiler.view,
    Operate: _Compiler.operate,
    Select: _Compiler.select,
    Choose: _Compiler.choose,
    Recover: _Compiler.recover,
    Pick: _Compiler.pick,
    Contract: _Compiler.contract,
    Apply: _Compiler.apply,
}
