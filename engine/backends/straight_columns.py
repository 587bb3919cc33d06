"""What straight-line code takes along: values that do not depend on the sweep, and places in its arenas, as lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Kind, Kinds, Values

from ..grid import Grid
from ..ir import Growing, Node, Pick, Scattered, View
from ..regions import Region
from ..sizes import parts, sizes_of
from ..steps import Unit
from ..windows import Frame, scatter_of
from .straight_helpers import WRONG
from .straight_places import Unsuited

_FARTHEST = 1 << 40  # beyond any line of a sheet


@record
class Column:
    """An element of a node for every turn of a sweep, nested by depth, then by looped index."""

    unit: Unit
    node: Node
    at: tuple[int, int]  # rows and columns from the first element
    kind: str  # number, strict (not empty), logical, truth, or place: an index into an arena
    index: tuple[int | None, ...]  # by loop: the index that is meant, or None for all
    order: tuple[int, ...]  # the loops of which all are meant, outermost first
    backward: tuple[int, ...]  # those of them that are swept backwards


class Evaluator(Protocol):
    """What computes array programs on a grid."""

    grid: Grid

    def value(self, region: Region, program: Node, frame: Frame, common: frozenset[int] | None = None) -> Values:
        """Evaluate an array program in a region's frame: (*loops, rows, columns), of length 1 where nothing changes."""


class Columns:
    """Computes columns, each node once. ``kinds``: of the arenas, sheet by sheet; ``areas``: what they hold."""

    def __init__(self, machine: Evaluator, areas: Mapping[int, Area], kinds: Mapping[int, Kinds]) -> None:
        self._machine = machine
        self._areas = areas
        self._kinds = kinds
        self._known: dict[tuple[int, int, bool], tuple[NDArray[Any], Kinds]] = {}

    def of(self, column: Column) -> Any:
        """Return a column: nested lists, or one value; `WRONG` stands where it is not of its kind."""
        data, kinds = self._values(column)
        wrong = _WRONG[column.kind](kinds)
        if column.kind == "place":
            inner = tuple(i for i, index in enumerate(column.index) if index is not None)
            wrong = wrong.any(axis=inner, keepdims=True)
        arranged = self._arranged(data if column.kind not in ("logical", "truth") else data != 0, column)
        if wrong.any():
            arranged = arranged.astype(object)
            arranged[self._arranged(wrong, column)] = WRONG
        return arranged.tolist()

    def _values(self, column: Column) -> tuple[NDArray[Any], Kinds]:
        """Return the values of a node and their kinds: (*loops, rows, columns), of length 1 where nothing changes."""
        place = column.kind == "place"
        key = column.unit.number, id(column.node), place
        if key not in self._known:
            found = self._places(column.unit, column.node) if place else self._numbers(column.unit, column.node)
            missing = (1,) * (len(column.unit.region.counts) + 2 - found[0].ndim)
            self._known[key] = found[0].reshape(missing + found[0].shape), found[1].reshape(missing + found[1].shape)
        return self._known[key]

    def _arranged(self, array: NDArray[Any], column: Column) -> NDArray[Any]:
        """Return the elements that are meant, an axis for each loop of the order."""
        counts = column.unit.region.counts
        at: list[Any] = [
            slice(None) if index is None else min(index, length - 1)
            for index, length in zip(column.index, array.shape, strict=False)
        ]
        at += [min(place, length - 1) for place, length in zip(column.at, array.shape[-2:], strict=True)]
        chosen = array[tuple(at)]
        every = [loop for loop, index in enumerate(column.index) if index is None]
        chosen = np.broadcast_to(chosen, tuple(counts[loop] for loop in every))
        turned = tuple(slice(None, None, -1) if loop in column.backward else slice(None) for loop in every)
        arranged: NDArray[Any] = chosen[turned].transpose([every.index(loop) for loop in column.order])
        return arranged

    def _numbers(self, unit: Unit, node: Node) -> tuple[NDArray[Any], Kinds]:
        frame = Frame.whole(unit.region)
        if next(iter(parts(frame, sizes_of(node)))) != frame:
            raise Unsuited
        values = self._machine.value(unit.region, node, frame)
        return values.data, values.kinds

    # places

    def _places(self, unit: Unit, node: Node) -> tuple[NDArray[Any], Kinds]:
        """Return the places in an arena that a gather or an INDEX reads, and the kinds of what lies there."""
        if isinstance(node, Scattered):
            scatter, area = scatter_of(node, unit.region, Frame.whole(unit.region)), self._areas[node.sheet]
            places = (scatter.rows - area.top) * area.width + scatter.columns - area.left
            return places, self._kinds[node.sheet].ravel()[places]
        assert isinstance(node, Pick)
        assert isinstance(node.table, View | Growing)
        table, area = node.table, self._areas[node.table.sheet]
        last_steps = table.last_steps if isinstance(table, Growing) else table.steps
        lines, outside = [], np.zeros((1, 1), dtype=np.bool_)
        for axis, (part, size, first) in enumerate(
            ((node.row, table.height, table.row - area.top), (node.column, table.width, table.column - area.left))
        ):
            assert part is not None
            data, kinds = self._numbers(unit, part)
            index = np.trunc(np.clip(data, -_FARTHEST, _FARTHEST)).astype(np.int64)
            grown = [last[axis] - step[axis] for step, last in zip(table.steps, last_steps, strict=True)]
            beyond = (index < 1) | (index > _along(size, grown, unit.region.counts)) | (kinds > Kind.NUMBER)
            start = _along(first, [step[axis] for step in table.steps], unit.region.counts)
            lines.append(start + np.where(beyond, 0, index - 1))
            outside = outside | beyond
        places = lines[0] * area.width + lines[1]
        kinds = self._kinds[table.sheet].ravel()[places]
        return places, np.where(outside, np.uint8(Kind.ERROR), kinds)


def _along(start: int, steps: list[int], counts: tuple[int, ...]) -> NDArray[np.int64]:
    """Return ``start`` moved by steps along loops: (*loops, 1, 1), of length 1 where it stays."""
    found = np.full((1,) * (len(steps) + 2), start, dtype=np.int64)
    for loop, (step, count) in enumerate(zip(steps, counts, strict=True)):
        if step:
            shape = [1] * (len(steps) + 2)
            shape[loop] = count
            found = found + (np.arange(count) * step).reshape(shape)
    return found


_WRONG: Mapping[str, Any] = {
    "number": lambda kinds: kinds > Kind.NUMBER,
    "strict": lambda kinds: kinds != Kind.NUMBER,
    "logical": lambda kinds: kinds != Kind.BOOL,
    "truth": lambda kinds: (kinds == Kind.TEXT) | (kinds == Kind.ERROR),
    "place": lambda kinds: kinds > Kind.NUMBER,
}
