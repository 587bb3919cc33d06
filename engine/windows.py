"""Windows onto the grid: strided views that move along the loops of a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Kind, Kinds, Values

from .grid import Grid, all_numbers
from .ir import Scattered, Step, View
from .regions import Region

NUMBER = int(Kind.NUMBER)  # looking up a member of an enumeration takes as long as a small numpy call
Loop: TypeAlias = tuple[int, int, int]  # count, rows and columns moved each turn


@record
class Frame:
    """The part of a region's loops that is being computed: ``counts[l]`` turns from ``starts[l]`` on."""

    starts: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def whole(cls, region: Region) -> Frame:
        return cls((0,) * len(region.counts), region.counts)

    def at(self, loop: int, index: int) -> Frame:
        """Return the frame narrowed to one turn of a loop."""
        starts, counts = list(self.starts), list(self.counts)
        starts[loop], counts[loop] = index, 1
        return Frame(tuple(starts), tuple(counts))


@record
class Moving:
    """A rectangle with its first place in a frame, and its loops (those that do not move it have count 1)."""

    sheet: int
    row: int
    column: int
    height: int
    width: int
    loops: tuple[Loop, ...]

    @property
    def bounds(self) -> Area:
        """The smallest area that holds all its places."""
        top = bottom = self.row
        left = right = self.column
        for count, down, across in self.loops:
            top, bottom = top + min(0, (count - 1) * down), bottom + max(0, (count - 1) * down)
            left, right = left + min(0, (count - 1) * across), right + max(0, (count - 1) * across)
        return Area(self.sheet, top, left, bottom + self.height, right + self.width)

    @property
    def cells(self) -> int:
        """How many cells it has over all turns, those counted twice that it meets twice."""
        return prod(count for count, _, _ in self.loops) * self.height * self.width

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows (*loops, height, 1) and columns (*loops, 1, width) of its cells."""
        rows: NDArray[np.int64] = self.row + np.arange(self.height)[:, None]
        columns: NDArray[np.int64] = self.column + np.arange(self.width)[None, :]
        for axis, (count, down, across) in enumerate(self.loops):
            turns = np.arange(count).reshape([-1 if loop == axis else 1 for loop in range(len(self.loops))] + [1, 1])
            rows, columns = rows + turns * down, columns + turns * across
        return rows, columns

    def strided(self, array: NDArray[Any], area: Area) -> NDArray[Any]:
        """View ``array``, which holds the cells of ``area`` row by row without gaps, as (*loops, height, width)."""
        down, across = array.strides
        start = (self.row - area.top) * down + (self.column - area.left) * across
        shape = (*(loop[0] for loop in self.loops), self.height, self.width)
        strides = (*(loop[1] * down + loop[2] * across for loop in self.loops), down, across)
        return np.ndarray(shape, array.dtype, array, start, strides)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Windows at computed places: first ``rows`` and ``columns`` are (*loops, 1, 1).

    They are of one size, or each of its own, no larger: ``own`` are heights and widths like ``rows``, 0 where a turn
    has no window. Places beyond a window's own size stand for cells of its last row and column, and are masked.
    """

    sheet: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    height: int
    width: int
    own: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    steps: tuple[Step, ...] = ()  # how the windows move along each loop, as far as it is known

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows (*loops, height, 1) and columns (*loops, 1, width) of all cells."""
        down, across = np.arange(self.height)[:, None], np.arange(self.width)
        if self.own is not None:
            down, across = (
                np.minimum(line, np.maximum(own - 1, 0)) for line, own in zip((down, across), self.own, strict=True)
            )
        return self.rows + down, self.columns + across

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Which places are cells of a window, (*loops, height, width); None: all."""
        if self.own is None:
            return None
        return (np.arange(self.height)[:, None] < self.own[0]) & (np.arange(self.width) < self.own[1])

    @property
    def bounds(self) -> Area:
        """The smallest area that holds all windows."""
        top, left = int(self.rows.min()), int(self.columns.min())
        heights, widths = (self.height, self.width) if self.own is None else map(partial(np.maximum, 1), self.own)
        bottom, right = int((self.rows + heights).max()), int((self.columns + widths).max())
        return Area(self.sheet, top, left, bottom, right)

    @property
    def inside(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of all cells within the bounds."""
        (rows, columns), area = self.places(), self.bounds
        return rows - area.top, columns - area.left


def scatter_of(node: Scattered, region: Region, frame: Frame) -> Scatter:
    """Return where a reference without a pattern reads in a frame."""
    rows, columns = (
        region.coordinate(2 + 2 * node.slot + axis, frame.starts, frame.counts)[..., None, None] for axis in (0, 1)
    )
    return Scatter(node.sheet, rows, columns, node.height, node.width)


def moving(view: View, frame: Frame) -> Moving:
    """Place a view in a frame."""
    return _moving(view.sheet, view.row, view.column, view.height, view.width, view.steps, frame, keep=False)


def target(region: Region, frame: Frame) -> Moving:
    """Return where a region's results go: every loop is kept, moved or not."""
    steps = [(int(step[0]), int(step[1])) for step in region.steps]
    row, column = int(region.origin[0]), int(region.origin[1])
    return _moving(region.sheet, row, column, *region.extent, steps, frame, keep=True)


def _moving(
    sheet: int, row: int, column: int, height: int, width: int, steps: Sequence[Step], frame: Frame, keep: bool
) -> Moving:
    loops = []
    for (down, across), start, count in zip(steps, frame.starts, frame.counts, strict=True):
        row, column = row + down * start, column + across * start
        loops.append((count if keep or down or across else 1, down, across))
    return Moving(sheet, row, column, height, width, tuple(loops))


def read(grid: Grid, window: Moving) -> Values:
    """Read a moving window: (*loops, height, width), without a copy where one block holds it all."""
    area = window.bounds
    pieces = grid.pieces(area)
    if len(pieces) == 1 and pieces[0].covers(area):
        block = pieces[0].block
        data, kind, held = block.data, block.kind, block.kind[pieces[0].inside]
        area = block.area
    else:
        values = grid.read(area)
        data = values.data
        kind = held = np.ascontiguousarray(values.kinds)
    if all_numbers(held):
        return Values(window.strided(data, area))
    seen = window.strided(kind, area)
    if all_numbers(seen):
        return Values(window.strided(data, area))
    return Values(window.strided(data, area), seen)


def numbered(kinds: Kinds) -> Kinds:
    """Return the kinds of results as cells hold them: what is empty is a number."""
    return kinds if kinds.all() else np.where(kinds == Kind.EMPTY, np.uint8(NUMBER), kinds)


def write(grid: Grid, window: Moving, values: Values) -> None:
    """Store results (*loops, height, width) at the places of a window; an empty result is 0."""
    kinds: Kinds | int = NUMBER if values.kind is None else numbered(values.kind)
    area = window.bounds
    pieces = grid.pieces(area)
    if len(pieces) == 1 and pieces[0].covers(area):
        block = pieces[0].block
        grid.own(block)
        window.strided(block.data, block.area)[...] = values.data
        window.strided(block.kind, block.area)[...] = kinds
        return
    stored = grid.read(area)
    data, kind = np.array(stored.data), np.array(stored.kinds)
    window.strided(data, area)[...] = values.data
    window.strided(kind, area)[...] = kinds
    grid.write(area, Values(data, kind))
