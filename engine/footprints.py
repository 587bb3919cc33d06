"""Which cells a region reads and fills: rectangles and lattices, laid over a plane of region numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area

from .distinct import distinct_values
from .grid import CELL_BUDGET, Block, Grid, TooManyCells
from .ir import Growing, View
from .regions import Region
from .windows import Frame, Moving, Scatter, moving, target

Plane: TypeAlias = NDArray[np.int32]
FEW = 64


@dataclass(slots=True)
class Marks:
    """A whole number for each cell of the grid's blocks, ``empty`` where none was set."""

    grid: Grid
    empty: int
    planes: dict[Area, Plane] = field(default_factory=dict)  # by the area of the block

    def read(self, area: Area) -> Plane:
        """Return the marks of an area, (height, width): a view where one block covers it.

        Raises `TooManyCells` where the area is beyond the budget and no block covers it.
        """
        pieces = self.grid.pieces(area)
        if len(pieces) == 1 and pieces[0].covers(area):
            return self._plane(pieces[0].block)[pieces[0].inside]
        if _wide(area):
            raise TooManyCells
        found = np.full(area.shape, self.empty, dtype=np.int32)
        for piece in pieces:
            found[piece.placed] = self._plane(piece.block)[piece.inside]
        return found

    def write(self, window: Moving, marks: Any) -> None:
        """Set the marks of a moving window: a number or an array (*loops, height, width)."""
        area = window.bounds
        pieces = self.grid.pieces(area)
        if len(pieces) == 1 and pieces[0].covers(area):
            block = pieces[0].block
            window.strided(self._plane(block), block.area)[...] = marks
            return
        if _wide(area):
            self._write_cells(window, marks)
            return
        held = np.array(self.read(area))
        window.strided(held, area)[...] = marks
        for piece in pieces:
            self._plane(piece.block)[piece.inside] = held[piece.placed]

    def _write_cells(self, window: Moving, marks: Any) -> None:
        rows, columns = np.broadcast_arrays(*window.places())
        marks = np.broadcast_to(marks, rows.shape)
        for piece in self.grid.pieces(window.bounds):
            here, at = _within(piece.block, rows, columns)
            self._plane(piece.block)[at] = marks[here]

    def gather(self, scatter: Scatter) -> Plane:
        """Return the marks of scattered windows, (*loops, height, width)."""
        if not _wide(scatter.bounds):
            found: Plane = self.read(scatter.bounds)[scatter.inside]
        else:
            found = self._cells(scatter.bounds, *scatter.places())
        mask = scatter.mask
        return found if mask is None else np.where(mask, found, np.int32(self.empty))

    def _cells(self, bounds: Area, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Plane:
        rows, columns = np.broadcast_arrays(rows, columns)
        found = np.full(rows.shape, self.empty, dtype=np.int32)
        for piece in self.grid.pieces(bounds):
            here, at = _within(piece.block, rows, columns)
            found[here] = self._plane(piece.block)[at]
        return found

    def look(self, window: Moving) -> Plane:
        """Return the marks that a moving window meets, (*loops, height, width).

        Raises `TooManyCells` where these, and the area they lie in, are beyond the budget.
        """
        area = window.bounds
        if _wide(area) and not self._covered(area):
            if window.cells > CELL_BUDGET:
                raise TooManyCells
            return self._cells(area, *window.places())
        return window.strided(np.ascontiguousarray(self.read(area)), area)

    def _covered(self, area: Area) -> bool:
        pieces = self.grid.pieces(area)
        return len(pieces) == 1 and pieces[0].covers(area)

    def _plane(self, block: Block) -> Plane:
        plane = self.planes.get(block.area)
        if plane is None:
            plane = self.planes[block.area] = np.full(block.area.shape, self.empty, dtype=np.int32)
        return plane

    def at(self, sheet: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Plane:
        """Return the marks of many cells of a sheet, (n,)."""
        return self._cells(self.grid.used(sheet), rows, columns)

    def distinct(self, window: Moving) -> list[int]:
        """Return the marks that a moving window meets; of one that is too wide, those in its bounds."""
        covered = cover(window)
        try:
            found = self.look(covered)
        except TooManyCells:
            pieces = self.grid.pieces(covered.bounds)
            return sorted({mark for piece in pieces for mark in self._distinct(self._plane(piece.block)[piece.inside])})
        return self._distinct(found)

    def _distinct(self, found: Plane) -> list[int]:
        if found.size <= FEW:
            return sorted(set(found.ravel().tolist()) - {self.empty})
        low, high = int(found.min()), int(found.max())
        if low == high:
            return [low] if low != self.empty else []
        seen = np.zeros(high - low + 1, dtype=np.bool_)
        seen[(found - low).ravel()] = True
        return [mark for mark in (np.flatnonzero(seen) + low).tolist() if mark != self.empty]


def _wide(area: Area) -> bool:
    return area.height * area.width > CELL_BUDGET


def _within(
    block: Block, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Tell which places lie in a block, and where in it."""
    area = block.area
    here = (rows >= area.top) & (rows < area.bottom) & (columns >= area.left) & (columns < area.right)
    return here, (rows[here] - area.top, columns[here] - area.left)


def cover(window: Moving) -> Moving:
    """Return a window over the same cells without overlaps: loops whose steps leave no gap are in the rectangle."""
    row, column, height, width = window.row, window.column, window.height, window.width
    rest = []
    for count, down, across in sorted(window.loops, key=lambda loop: abs(loop[1]) + abs(loop[2])):
        if count == 1 or (down == 0 and across == 0):
            continue
        if across == 0 and abs(down) <= height:
            row, height = row + min(0, down * (count - 1)), height + abs(down) * (count - 1)
        elif down == 0 and abs(across) <= width:
            column, width = column + min(0, across * (count - 1)), width + abs(across) * (count - 1)
        else:
            rest.append((count, down, across))
    return Moving(window.sheet, row, column, height, width, tuple(rest))


def view_window(node: View | Growing, region: Region) -> Moving:
    """Return the cells that a view reads over all of a region; a growing one by its bounding rectangle."""
    if isinstance(node, View):
        return moving(node, Frame.whole(region))
    zero = Moving(node.sheet, node.row, node.column, 1, 1, _loops(node.steps, region))
    last_row, last_column = node.row + node.height - 1, node.column + node.width - 1
    last = Moving(node.sheet, last_row, last_column, 1, 1, _loops(node.last_steps, region))
    a, b = zero.bounds, last.bounds
    top, left = min(a.top, b.top), min(a.left, b.left)
    return Moving(node.sheet, top, left, max(a.bottom, b.bottom) - top, max(a.right, b.right) - left, ())


def _loops(steps: tuple[tuple[int, int], ...], region: Region) -> tuple[tuple[int, int, int], ...]:
    return tuple((count, *step) for count, step in zip(region.counts, steps, strict=True))


def owners(grid: Grid, regions: list[Region]) -> Marks:
    """Return the number of the region that fills each cell (-1: none)."""
    marks = Marks(grid, -1)
    for number, region in enumerate(regions):
        marks.write(target(region, Frame.whole(region)), number)
    return marks


def met(owner: Marks, scatter: Scatter) -> set[int]:
    """Return the marks that scattered windows meet."""
    return set(distinct_values(owner.gather(scatter)).tolist()) - {owner.empty}


def cells_of(region: Region) -> Iterator[tuple[int, int, int]]:
    """Yield (sheet, row, column) of every formula of a region."""
    for row, column in region.places():
        yield region.sheet, row, column
