"""The cells that straight-line code works on: which of them the sweep itself writes, and how places are spelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record

from ..distinct import distinct_values
from ..footprints import cover, view_window
from ..ir import Apply, Given, Growing, Node, Place, Scattered, View, children
from ..regions import Region
from ..steps import Turns, Unit
from ..windows import Frame, Moving, scatter_of, target

MOST_ARENA = 1 << 24
Moves: TypeAlias = tuple[tuple[str, int], ...]  # how far an index moves with each variable


class Unsuited(Exception):
    """A sweep that straight-line code cannot express."""


@record
class Spot:
    """A cell of an arena, by its index: ``base`` and what each variable adds to it."""

    sheet: int
    base: int
    moves: Moves


@dataclass(frozen=True, slots=True)
class Cell:
    """The formula that is being written: when its unit takes part in each loop around it, and the turns within."""

    unit: Unit
    turns: tuple[Turns, ...]  # by depth from 1 on
    inner: Mapping[int, int | str]  # loop of the unit → the index that is written out, or a variable

    def moves(self, loops: Sequence[tuple[int, int]], base: int) -> tuple[int, Moves]:
        """Return the base and the moves of an index that each loop moves by a stride: ``(loop, stride)``."""
        found: dict[str, int] = {}
        depths = {turn.loop: (depth, turn) for depth, turn in enumerate(self.turns, 1)}
        for loop, stride in loops:
            if not stride:
                continue
            if loop in depths:
                depth, turn = depths[loop]
                sign = 1 if turn.forward else -1
                base -= sign * turn.first * stride
                found[f"t{depth}"] = sign * stride
            elif isinstance(index := self.inner[loop], int):
                base += index * stride
            else:
                found[index] = stride
        return base, tuple(sorted(found.items()))


class Written:
    """Which unit of a sweep writes each cell."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._planes: dict[int, tuple[Area, NDArray[np.int32]]] = {}
        self._known: dict[Moving, set[int]] = {}
        windows = [(unit.number, target(unit.region, Frame.whole(unit.region))) for unit in units]
        for sheet in {window.sheet for _, window in windows}:
            here = [(number, window) for number, window in windows if window.sheet == sheet]
            area = Area.around([window.bounds for _, window in here])
            if area.height * area.width > MOST_ARENA:
                raise Unsuited
            plane = np.full(area.shape, -1, dtype=np.int32)
            for number, window in here:
                window.strided(plane, area)[...] = number
            self._planes[sheet] = area, plane

    def writers(self, window: Moving) -> set[int]:
        """Return the units that write a cell of a window."""
        if window not in self._known:
            self._known[window] = self._writers(window)
        return self._known[window]

    def _writers(self, window: Moving) -> set[int]:
        if window.sheet not in self._planes:
            return set()
        area, plane = self._planes[window.sheet]
        seen = cover(window)
        rows = max(seen.bounds.top, area.top), min(seen.bounds.bottom, area.bottom)
        columns = max(seen.bounds.left, area.left), min(seen.bounds.right, area.right)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            return set()
        if seen.cells > MOST_ARENA:
            within = plane[rows[0] - area.top : rows[1] - area.top, columns[0] - area.left : columns[1] - area.left]
            return set(distinct_values(within).tolist()) - {-1}
        return self.of(*seen.places(), window.sheet)

    def of(self, rows: NDArray[np.int64], columns: NDArray[np.int64], sheet: int) -> set[int]:
        """Return the units that write any of some cells."""
        if sheet not in self._planes:
            return set()
        area, plane = self._planes[sheet]
        rows, columns = np.broadcast_arrays(rows, columns)
        here = (rows >= area.top) & (rows < area.bottom) & (columns >= area.left) & (columns < area.right)
        return set(distinct_values(plane[rows[here] - area.top, columns[here] - area.left]).tolist()) - {-1}


class Static:
    """Tells which nodes of a program read nothing that the sweep writes: these are computed before it, all at once."""

    def __init__(self, written: Written) -> None:
        self._written = written
        self._known: dict[tuple[int, int], bool] = {}

    def __call__(self, unit: Unit, node: Node) -> bool:
        key = unit.number, id(node)
        if key not in self._known:
            self._known[key] = self._found(unit, node)
        return self._known[key]

    def _found(self, unit: Unit, node: Node) -> bool:
        match node:
            case View() | Growing():
                return not self._written.writers(view_window(node, unit.region))
            case Scattered():
                scatter = scatter_of(node, unit.region, Frame.whole(unit.region))
                return not self._written.of(*scatter.places(), node.sheet)
        return all(self(unit, child) for child in children(node))


def varies(node: Node, region: Region) -> frozenset[int]:
    """Return the loops of a region along which the values of a node may differ."""
    every = frozenset(range(len(region.counts)))
    match node:
        case View():
            return frozenset(loop for loop, step in enumerate(node.steps) if step != (0, 0))
        case Place():
            return frozenset(loop for loop, step in enumerate(node.steps) if step)
        case Growing() | Scattered() | Given():
            return every
        case Apply(_, _, draw) if draw >= 0:
            return every
    return frozenset[int]().union(*(varies(child, region) for child in children(node)))
