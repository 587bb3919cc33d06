"""TRIMRANGE and the trimmed ranges: ``A1:.E10``, which files spell ``_TRO_TRAILING(A1:E10)``.

Of a reference they give a reference: ``SUM(A:.A)`` reads, and depends on, what is left of the column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Error, Kind, Values

from . import coercion
from .forms import form, given
from .frames import Frame, Operand
from .references import Reference
from .syntax import Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

LEADING, TRAILING = 1, 2  # sides, as the arguments of TRIMRANGE count them


@form("TRIMRANGE")
def _trimrange(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    sides = []
    for i in (1, 2):
        node = given(arguments, i)
        values = evaluation.scalar(float(LEADING | TRAILING)) if node is None else evaluation.values(node, frame)
        number, codes = coercion.numbers(values, evaluation.context.strings, evaluation.context.date1904)
        if codes is not None and codes.any():
            return Values(codes.ravel()[:1].astype(np.float64)[None], np.full((1, 1), Kind.ERROR, dtype=np.uint8))
        sides.append(int(number.flat[0]))
    if any(side not in (0, LEADING, TRAILING, LEADING | TRAILING) for side in sides):
        return evaluation.error(Error.VALUE)
    return _trimmed(evaluation, evaluation.evaluate(arguments[0], frame.forced()), sides[0], sides[1])


@form("_TRO_ALL")
def _all(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return _trimmed(evaluation, evaluation.evaluate(arguments[0], frame.forced()), 3, 3)


@form("_TRO_LEADING")
def _leading(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return _trimmed(evaluation, evaluation.evaluate(arguments[0], frame.forced()), LEADING, LEADING)


@form("_TRO_TRAILING")
def _trailing(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return _trimmed(evaluation, evaluation.evaluate(arguments[0], frame.forced()), TRAILING, TRAILING)


def _trimmed(evaluation: Evaluation, operand: Operand, rows: int, columns: int) -> Operand:
    """Cut empty rows and columns off the sides; #REF! where everything is empty."""
    if not isinstance(operand, Reference):
        return _trimmed_array(evaluation, evaluation.whole(operand), rows, columns)
    area = operand.single
    if area is None:
        return evaluation.error(Error.VALUE)
    area = evaluation.clip(area)
    evaluation.settle_area(area)
    parts = [
        (place.top - area.top, place.left - area.left, values.kinds != Kind.EMPTY)
        for place, values in evaluation.grid.filled(area)
    ]
    found = _extent(parts, area.shape, rows, columns)
    if found is None:
        return evaluation.error(Error.REF)
    top, left, bottom, right = found
    return Reference((Area(area.sheet, area.top + top, area.left + left, area.top + bottom, area.left + right),))


def _trimmed_array(evaluation: Evaluation, values: Values, rows: int, columns: int) -> Values:
    if values.data.size == 1 and (values.kinds == Kind.ERROR).all():
        return values
    found = _extent([(0, 0, values.kinds != Kind.EMPTY)], values.shape, rows, columns)
    if found is None:
        return evaluation.error(Error.REF)
    top, left, bottom, right = found
    return Values(values.data[top:bottom, left:right], values.kinds[top:bottom, left:right])


def _extent(
    parts: list[tuple[int, int, NDArray[np.bool_]]], shape: tuple[int, ...], rows: int, columns: int
) -> tuple[int, int, int, int] | None:
    """Return top, left, bottom and right of what is left of an area whose filled cells are told part by part."""
    down = [place + top for top, _, filled in parts for place in np.flatnonzero(filled.any(axis=1)).tolist()]
    across = [place + left for _, left, filled in parts for place in np.flatnonzero(filled.any(axis=0)).tolist()]
    if not down:
        return None
    (top, bottom), (left, right) = _sides(down, shape[0], rows), _sides(across, shape[1], columns)
    return top, left, bottom, right


def _sides(filled: list[int], size: int, sides: int) -> tuple[int, int]:
    return min(filled) if sides & LEADING else 0, max(filled) + 1 if sides & TRAILING else size
