"""GETPIVOTDATA: the cell of a pivot table that shows some data of some items.

Where no pivot table stands, or one that does not tell its layout, the formula keeps its stored value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.pivots import Caption, Pivot
from sheetgrad.sheets.values import Error, Scalar

from .forms import form
from .frames import Frame, Operand
from .numerals import format_general, parse_number
from .references import Reference
from .services import Withheld
from .syntax import Node

if TYPE_CHECKING:
    from .evaluation import Evaluation


@form("GETPIVOTDATA")
def _getpivotdata(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    if len(arguments) % 2:
        return evaluation.error(Error.VALUE)
    operand = evaluation.evaluate(arguments[1], frame)
    area = operand.areas[0] if isinstance(operand, Reference) else None
    strings = evaluation.context.strings
    wanted = [evaluation.values(node, frame).scalar(strings) for i, node in enumerate(arguments) if i != 1]
    failed = next((value for value in wanted if isinstance(value, Error)), None)
    if failed is not None:
        return evaluation.error(failed)
    pivot = next((each for each in evaluation.pivots if area is not None and _covers(each.area, area)), None)
    if pivot is None or not pivot.rows:
        raise Withheld  # a pivot table of another program, which does not say what its rows show
    cell = _cell(pivot, wanted[0], list(zip(wanted[1::2], wanted[2::2], strict=True)))
    return evaluation.error(Error.REF) if cell is None else Reference((cell,))


def _covers(outer: Area, inner: Area) -> bool:
    return (
        outer.sheet == inner.sheet and outer.top <= inner.top < outer.bottom and outer.left <= inner.left < outer.right
    )


def _cell(pivot: Pivot, data: Scalar, items: Sequence[tuple[Scalar, Scalar]]) -> Area | None:
    """Return the cell that shows the data for the items of fields, or None."""
    number = _data_field(pivot, str(data))
    asked = {_field(pivot, str(field)): item for field, item in items}
    if number is None or None in asked:
        return None
    chosen = {field: _item(pivot.items[field], item) for field, item in asked.items() if field is not None}
    for field, shown in pivot.pages:
        if field in chosen and chosen.pop(field) != shown:
            return None
    if None in chosen.values():
        return None
    pairs = {(field, item) for field, item in chosen.items() if item is not None}
    several = len(pivot.data) > 1
    found = [
        (row.subtotal + column.subtotal, i, j)
        for i, row in enumerate(pivot.rows)
        for j, column in enumerate(pivot.columns)
        if {*row.items, *column.items} == pairs and (not several or row.data + column.data == number)
    ]
    if not found:
        return None
    _, i, j = max(found, key=lambda each: each[0])
    top, left = pivot.first[0] + i, pivot.first[1] + j
    return Area(pivot.area.sheet, top, left, top + 1, left + 1)


def _data_field(pivot: Pivot, name: str) -> int | None:
    folded = name.strip().casefold()
    for which in (0, 1):
        for i, names in enumerate(pivot.data):
            if names[which].strip().casefold() == folded:
                return i
    return None


def _field(pivot: Pivot, name: str) -> int | None:
    folded = name.strip().casefold()
    named = [i for i, field in enumerate(pivot.fields) if field.strip().casefold() == folded]
    return named[0] if named and named[0] < len(pivot.items) else None


def _item(captions: Sequence[Caption | None], wanted: Scalar) -> int | None:
    """Return the item with a caption: texts without regard to case, numbers and dates also as texts."""
    for i, caption in enumerate(captions):
        if caption is not None and _same(caption, wanted):
            return i
    return None


def _same(caption: Caption, wanted: Scalar) -> bool:
    if isinstance(caption, bool) or isinstance(wanted, bool):
        return str(caption).casefold() == str(wanted).casefold()
    if isinstance(caption, float) and isinstance(wanted, str):
        return parse_number(wanted) == caption
    if isinstance(caption, str) and isinstance(wanted, float):
        return caption.casefold() == format_general(wanted).casefold()
    return caption == wanted or (
        isinstance(caption, str) and isinstance(wanted, str) and caption.casefold() == wanted.casefold()
    )
