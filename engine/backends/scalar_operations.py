"""What formulas do to single values: on plain numbers by Python, on anything else by the array operators.

Texts, errors and all functions that are not here go through the operators of whole arrays, as arrays of one cell, so
that what an operation means is told in one place.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from sheetgrad.sheets.values import Error, Kind, Scalar, Values, decode

from .. import operators
from ..coercion import LONGEST_TEXT, numbers
from ..collation import sort_key
from ..grid import Flat
from ..numerals import format_general
from ..regions import Region
from ..windows import Frame
from .numpy import Machine, _Evaluation

NUMBER = int(Kind.NUMBER)
NEAR, SNAP = 1e-14, 2.0**-50  # see `operators`

Run: TypeAlias = "Callable[[Cells], Scalar]"
ArrayRun: TypeAlias = "Callable[[Cells], Values]"
Turn: TypeAlias = tuple[int, ...]  # the index of each loop


class Unsuited(Exception):
    """A program, or the values that it met, are for the general machine."""


class Cells:
    """The cells of a grid as flat memory, and what else a formula needs while it is computed."""

    __slots__ = (
        "_evaluation",
        "common",
        "data",
        "flat",
        "index",
        "kept",
        "kinds",
        "machine",
        "region",
        "strings",
        "turn",
    )

    def __init__(self, machine: Machine, flat: Flat) -> None:
        self.machine = machine
        self.flat = flat
        self.data, self.kinds = flat.data, flat.kinds
        self.strings = machine.context.strings
        self.kept: dict[int, Scalar] = {}

    def begin(self, region: Region, common: frozenset[int], turn: int, index: Turn) -> None:
        """Make ready for the formula of a turn."""
        self.region, self.common, self.turn, self.index = region, common, turn, index
        self._evaluation: _Evaluation | None = None
        if self.kept:
            self.kept.clear()

    @property
    def evaluation(self) -> _Evaluation:
        """The general machine's evaluation of the same formula."""
        if self._evaluation is None:
            frame = Frame(self.index, (1,) * len(self.index))
            self._evaluation = _Evaluation(self.machine.grid, self.machine.context, self.region, frame, self.common)
        return self._evaluation

    def read(self, block: int, at: int) -> Scalar:
        """Return the value of a cell."""
        kind = self.kinds[block][at]
        payload = self.data[block][at]
        return payload if kind == NUMBER else decode(payload, kind, self.strings)

    def wrapped(self, value: Scalar) -> Values:
        """Return a value as an array of one cell."""
        return Values.of(value, self.strings)

    def unwrapped(self, values: Values) -> Scalar:
        """Return the value of an array of one cell; raises `Unsuited` for any other."""
        if values.data.size != 1:
            raise Unsuited
        payload = values.data.item()
        return payload if values.kind is None else decode(payload, values.kind.item(), self.strings)


def whole(cells: Cells, value: Scalar) -> int | Error:
    """Return a value as a whole number, cut off behind the point."""
    if type(value) is float:
        return int(value)
    data, codes = numbers(cells.wrapped(value), cells.strings, cells.machine.context.date1904)
    if codes is not None:
        return value if isinstance(value, Error) else Error.VALUE
    return int(data.item())


def computed(symbol: str, left: Run, right: Run, final: bool) -> Run:
    """Return the function of ``+ - * / ^``."""
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


def compared(symbol: str, left: Run, right: Run) -> Run:
    """Return the function of a comparison."""

    compare = COMPARISONS[symbol]

    def run(cells: Cells) -> Scalar:
        a, b = left(cells), right(cells)
        if type(a) is float and type(b) is float and (a == b or abs(a - b) > abs(a) * NEAR):
            return bool(compare(a, b))
        if type(a) is str and type(b) is str:
            return bool(compare(sort_key(a), sort_key(b)))
        return cells.unwrapped(operators.binary(symbol, cells.wrapped(a), cells.wrapped(b), cells.machine.context))

    return run


def joined(left: Run, right: Run) -> Run:
    """Return the function of ``&``."""

    def run(cells: Cells) -> Scalar:
        a, b = left(cells), right(cells)
        first, second = (value if type(value) is str else _text(value) for value in (a, b))
        if first is not None and second is not None and len(first) + len(second) <= LONGEST_TEXT:
            return first + second
        return cells.unwrapped(operators.binary("&", cells.wrapped(a), cells.wrapped(b), cells.machine.context))

    return run


def _text(value: Scalar) -> str | None:
    return format_general(value) if type(value) is float else None


def unary(symbol: str, operand: Run) -> Run:
    """Return the function of a sign or ``%``."""
    if symbol == "+":
        return operand

    def run(cells: Cells) -> Scalar:
        value = operand(cells)
        if type(value) is float:
            return 0.0 - value if symbol == "-" else value / 100.0
        return cells.unwrapped(operators.unary(symbol, cells.wrapped(value), cells.machine.context))

    return run


def plain(compute: Callable[..., float], arguments: list[Run], general: Run) -> Run:
    """Return the call of a function of plain numbers: ``general`` where they are not, or it fails."""

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


def decided(decide: Callable[[list[Scalar]], bool], arguments: list[Run], general: Run) -> Run:
    """Return the function of AND, OR or NOT: ``decide`` for logicals, ``general`` for anything else."""

    def run(cells: Cells) -> Scalar:
        given = [argument(cells) for argument in arguments]
        return decide(given) if all(type(value) is bool for value in given) else general(cells)

    return run


def folded(step: np.ufunc, name: str, arguments: list[Run], general: Run) -> Run:
    """Return the reduction of a few numbers, from left to right; ``general`` for anything else."""
    join: Callable[..., float] = max if step is np.maximum else min if step is np.minimum else operator.add

    def run(cells: Cells) -> Scalar:
        total: Any = None
        for argument in arguments:
            value = argument(cells)
            if type(value) is not float:
                return general(cells)
            value = value * value if name == "SUMSQ" else value
            total = value if total is None else join(total, value)
        found: float = total / len(arguments) if name == "AVERAGE" else total
        return found if math.isfinite(found) else general(cells)

    return run


def reduced(step: np.ufunc, name: str, window: ArrayRun, general: Run) -> Run:
    """Return the reduction of a range of plain numbers; ``general`` for any other range."""

    def run(cells: Cells) -> Scalar:
        values = window(cells)
        if values.kind is not None or not values.data.size:
            return general(cells)
        data = values.data * values.data if name == "SUMSQ" else values.data
        found = float(step.reduce(data, axis=None))
        found = found / data.size if name == "AVERAGE" else found
        return found if math.isfinite(found) else general(cells)

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
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LOGICAL: Mapping[str, Callable[[list[Scalar]], bool]] = {
    "AND": lambda given: all(given),
    "OR": lambda given: any(given),
    "NOT": lambda given: not given[0],
}
