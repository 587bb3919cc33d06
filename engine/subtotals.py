"""SUBTOTAL and AGGREGATE: reductions that leave out nested subtotals, hidden rows, or error values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Error, Kind, Values

from . import coercion
from .call import Argument, WrongArity, apply
from .forms import form
from .frames import Frame, Operand
from .functions import find
from .references import Reference
from .syntax import Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

# What the first argument's numbers stand for (Support: AGGREGATE function).
_NAMES = (
    "AVERAGE COUNT COUNTA MAX MIN PRODUCT STDEV.S STDEV.P SUM VAR.S VAR.P MEDIAN MODE.SNGL "
    "LARGE SMALL PERCENTILE.INC QUARTILE.INC PERCENTILE.EXC QUARTILE.EXC"
)
FUNCTIONS = tuple(_NAMES.split())
_NESTED = frozenset({"SUBTOTAL", "AGGREGATE"})


@form("SUBTOTAL")
def _subtotal(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    number = _whole_number(evaluation, arguments[0], frame)
    if isinstance(number, Values):
        return number
    hidden = number > 100
    number -= 100 if hidden else 0
    if not 1 <= number <= 11:
        return evaluation.error(Error.VALUE)
    operands = [evaluation.evaluate(node, frame) for node in arguments[1:]]
    for operand in operands:
        if not isinstance(operand, Reference):
            return operand if isinstance(operand, Values) and _failed(operand) else evaluation.error(Error.VALUE)
    return _reduce(evaluation, FUNCTIONS[number - 1], operands, frame, nested=True, hidden=hidden, errors=False)


@form("AGGREGATE")
def _aggregate(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    number = _whole_number(evaluation, arguments[0], frame)
    option = _whole_number(evaluation, arguments[1], frame)
    if isinstance(number, Values):
        return number
    if isinstance(option, Values):
        return option
    if not 1 <= number <= len(FUNCTIONS) or not 0 <= option <= 7:
        return evaluation.error(Error.VALUE)
    nodes, last = arguments[2:], None
    if number >= 14:
        if len(nodes) != 2:
            return evaluation.error(Error.VALUE)
        last = evaluation.values(nodes[1], frame)
        nodes = nodes[:1]
    operands = [evaluation.evaluate(node, frame.forced() if number >= 14 else frame) for node in nodes]
    return _reduce(
        evaluation,
        FUNCTIONS[number - 1],
        operands,
        frame,
        nested=option < 4,
        hidden=option in (1, 3, 5, 7),
        errors=option in (2, 3, 6, 7),
        last=last,
    )


def _whole_number(evaluation: Evaluation, node: Node, frame: Frame) -> int | Values:
    data, codes = coercion.numbers(
        evaluation.values(node, frame), evaluation.context.strings, evaluation.context.date1904
    )
    if codes is not None and codes.flat[0]:
        return Values(np.array([[float(codes.flat[0])]]), np.array([[Kind.ERROR]], dtype=np.uint8))
    return int(data.flat[0]) if abs(data.flat[0]) < 1e9 else -1


def _failed(values: Values) -> bool:
    return values.data.size == 1 and values.kind is not None and bool((values.kind == Kind.ERROR).all())


def _reduce(
    evaluation: Evaluation,
    name: str,
    operands: Sequence[Operand],
    frame: Frame,
    *,
    nested: bool,
    hidden: bool,
    errors: bool,
    last: Values | None = None,
) -> Values:
    function = find(name)
    if function is None:
        return evaluation.error(Error.NAME)
    arguments = []
    for operand in operands:
        parts = [
            _without_errors(part) if errors else part for part in _parts(evaluation, operand, frame, nested, hidden)
        ]
        arguments.append(Argument(parts[0], reference=True, rest=tuple(parts[1:])))
    if last is not None:
        arguments.append(Argument(last))
    try:
        return apply(function, arguments, evaluation.context)
    except WrongArity:
        return evaluation.error(Error.VALUE)


def _parts(evaluation: Evaluation, operand: Operand, frame: Frame, nested: bool, hidden: bool) -> list[Values]:
    if not isinstance(operand, Reference):
        return [evaluation.settle(operand, frame)]
    return [_visible(evaluation, evaluation.clip(area), nested, hidden) for area in operand.areas]


def _visible(evaluation: Evaluation, area: Area, nested: bool, hidden: bool) -> Values:
    """Read an area with the cells that do not count made empty."""
    values = evaluation.read(area)
    out = np.zeros(values.shape, dtype=bool)
    if hidden:
        for row in evaluation.workbook.sheets[area.sheet].hidden_rows:
            if area.top <= row < area.bottom:
                out[row - area.top] = True
    if nested:
        for row, column in evaluation.cells.formulas.naming(_NESTED, area):
            out[row - area.top, column - area.left] = True
    return _without(values, out) if out.any() else values


def _without_errors(values: Values) -> Values:
    return _without(values, values.kinds == Kind.ERROR)


def _without(values: Values, out: NDArray[np.bool_]) -> Values:
    return Values(np.where(out, 0.0, values.data), np.where(out, np.uint8(Kind.EMPTY), values.kinds))
