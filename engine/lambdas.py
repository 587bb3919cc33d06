"""Special forms around LAMBDA: the function value itself, ISOMITTED, and MAP, REDUCE, SCAN, BYROW, BYCOL, MAKEARRAY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Error, Kind, Values

from . import coercion
from .evaluation import element
from .forms import form, given
from .frames import OMITTED, Closure, Frame, Operand
from .grid import CELL_BUDGET, TooManyCells
from .references import Reference
from .syntax import Name, Node

if TYPE_CHECKING:
    from .evaluation import Evaluation


@form("LAMBDA")
def _lambda(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    *parameters, body = arguments
    names = [node.name.casefold() for node in parameters if isinstance(node, Name)]
    if len(names) < len(parameters) or len(set(names)) < len(names):
        return evaluation.error(Error.VALUE)
    return Closure(tuple(names), body, frame)


@form("ISOMITTED")
def _isomitted(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return evaluation.scalar(evaluation.evaluate(arguments[0], frame) is OMITTED)


@form("MAP")
def _map(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    arrays = [_Array(evaluation, evaluation.evaluate(node, frame)) for node in arguments[:-1]]
    function = evaluation.evaluate(arguments[-1], frame)
    height, width = max(array.height for array in arrays), max(array.width for array in arrays)
    results = []
    for row in range(height):
        for column in range(width):
            cells = [array.cell(row, column) for array in arrays]
            inside = [cell for cell in cells if cell is not None]
            short = len(inside) < len(cells)
            results.append(evaluation.error(Error.NA) if short else _one(evaluation, function, inside, frame))
    return _stack(results, height, width)


@form("REDUCE")
def _reduce(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    total, cells, function = _folding(evaluation, arguments, frame)
    for cell in cells:
        total = evaluation.invoke(function, [total, cell], frame)
    return total


@form("SCAN")
def _scan(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    total, cells, function = _folding(evaluation, arguments, frame)
    array = _Array(evaluation, evaluation.evaluate(arguments[1], frame))
    results = [_single(evaluation, total)] if len(cells) < array.height * array.width else []
    for cell in cells:
        total = _one(evaluation, function, [total, cell], frame)
        results.append(total)
    return _stack(results, array.height, array.width)


def _folding(
    evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame
) -> tuple[Operand, list[Operand], Operand]:
    """Return the initial value (the first element where it is left out), the elements to fold in, and the function."""
    array = _Array(evaluation, evaluation.evaluate(arguments[1], frame))
    function = evaluation.evaluate(arguments[2], frame)
    cells = [array.element(row, column) for row in range(array.height) for column in range(array.width)]
    initial = given(arguments, 0)
    if initial is None:
        return cells[0], cells[1:], function
    return evaluation.evaluate(initial, frame), cells, function


@form("BYROW")
def _byrow(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    array = _Array(evaluation, evaluation.evaluate(arguments[0], frame))
    function = evaluation.evaluate(arguments[1], frame)
    rows = [array.part(row, row + 1, 0, array.width) for row in range(array.height)]
    return _stack([_one(evaluation, function, [row], frame) for row in rows], array.height, 1)


@form("BYCOL")
def _bycol(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    array = _Array(evaluation, evaluation.evaluate(arguments[0], frame))
    function = evaluation.evaluate(arguments[1], frame)
    columns = [array.part(0, array.height, column, column + 1) for column in range(array.width)]
    return _stack([_one(evaluation, function, [column], frame) for column in columns], 1, array.width)


@form("MAKEARRAY")
def _makearray(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    frame = frame.forced()
    sizes = []
    for node in arguments[:2]:
        number, codes = coercion.numbers(
            element(evaluation.values(node, frame), 0, 0), evaluation.context.strings, evaluation.context.date1904
        )
        if codes is not None and codes.any():
            return Values(codes.astype(np.float64), np.full((1, 1), Kind.ERROR, dtype=np.uint8))
        sizes.append(float(number[0, 0]))
    if min(sizes) < 1:
        return evaluation.error(Error.VALUE)
    height, width = int(sizes[0]), int(sizes[1])
    if height * width > CELL_BUDGET:
        raise TooManyCells
    function = evaluation.evaluate(arguments[2], frame)
    results = [
        _one(evaluation, function, [evaluation.scalar(float(row)), evaluation.scalar(float(column))], frame)
        for row in range(1, height + 1)
        for column in range(1, width + 1)
    ]
    return _stack(results, height, width)


class _Array:
    """The array that a function is applied along: parts of a reference stay references."""

    def __init__(self, evaluation: Evaluation, operand: Operand) -> None:
        area = operand.single if isinstance(operand, Reference) else None
        self._area: Area | None = None if area is None else evaluation.clip(area)
        self._values = evaluation.empty if self._area is not None else evaluation.whole(operand)
        self.height, self.width = self._values.shape if self._area is None else self._area.shape

    def element(self, row: int, column: int) -> Operand:
        return self.part(row, row + 1, column, column + 1)

    def cell(self, row: int, column: int) -> Operand | None:
        """Return an element, single rows and columns repeated; None beyond the array."""
        row, column = 0 if self.height == 1 else row, 0 if self.width == 1 else column
        return self.element(row, column) if row < self.height and column < self.width else None

    def part(self, top: int, bottom: int, left: int, right: int) -> Operand:
        if self._area is not None:
            area = self._area
            return Reference(
                (Area(area.sheet, area.top + top, area.left + left, area.top + bottom, area.left + right),)
            )
        data, kind = self._values.data[top:bottom, left:right], self._values.kind
        return Values(data, None if kind is None else kind[top:bottom, left:right])


def _one(evaluation: Evaluation, function: Operand, operands: Sequence[Operand], frame: Frame) -> Values:
    return _single(evaluation, evaluation.invoke(function, operands, frame))


def _single(evaluation: Evaluation, operand: Operand) -> Values:
    """Return a value that stands in an array: arrays of arrays are #CALC!."""
    values = evaluation.whole(operand)
    return values if values.data.size == 1 else evaluation.error(Error.CALC)


def _stack(results: Sequence[Values], height: int, width: int) -> Values:
    data = np.array([float(values.data[0, 0]) for values in results]).reshape(height, width)
    kind = np.array([int(values.kinds[0, 0]) for values in results], dtype=np.uint8).reshape(height, width)
    return Values(data) if (kind == Kind.NUMBER).all() else Values(data, kind)
