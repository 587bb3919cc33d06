"""Which cells of the grid wait for a formula: painted in arrays beside the grid's blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area

from .distinct import distinct_values
from .grid import Block, Grid, Piece

Marked = NDArray[np.int32]


class Marks:
    """For each cell the number of the formula that has yet to fill it."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._areas: dict[int, Area] = {}
        # The block is kept beside its array, so that its id stays its own.
        self._arrays: dict[int, tuple[Block, Marked]] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._areas

    def __len__(self) -> int:
        return len(self._areas)

    def add(self, waiting: Iterable[tuple[int, Area]]) -> None:
        """Mark the cells of formulas; room is made in the grid where there is none yet."""
        self._areas.update(waiting)
        if self.repaint() < sum(area.height * area.width for area in self._areas.values()):
            self._grid.cover(list(self._areas.values()))
            self.repaint()

    def remove(self, number: int) -> None:
        """Unmark a formula's cells."""
        area = self._areas.pop(number, None)
        if area is None:
            return
        for piece in self._grid.pieces(area):
            held = self._arrays.get(id(piece.block))
            if held is not None:
                part = held[1][piece.inside]
                part[part == number + 1] = 0

    def within(self, area: Area) -> list[int]:
        """Return the numbers of the formulas that have yet to fill cells of an area."""
        return self.among(self._grid.pieces(area)) if self._areas else []

    def among(self, pieces: Sequence[Piece]) -> list[int]:
        """Return the numbers of the formulas that have yet to fill cells of the grid's pieces."""
        found: list[int] = []
        if not self._areas:
            return found
        for piece in pieces:
            held = self._arrays.get(id(piece.block))
            if held is None:
                continue
            part = held[1][piece.inside]
            if part.size == 1:
                if part[0, 0]:
                    found.append(int(part[0, 0]) - 1)
            elif part.any():
                found += (distinct_values(part[part != 0]) - 1).tolist()
        return found

    def repaint(self) -> int:
        """Paint all marks anew, as when the grid has cut its blocks differently; return how many cells were painted."""
        self._arrays.clear()
        sheets = {area.sheet for area in self._areas.values()}
        lone = {sheet: blocks[0] for sheet in sheets if len(blocks := list(self._grid.blocks(sheet))) == 1}
        painted = 0
        single: dict[int, list[int]] = {}
        for number, area in self._areas.items():
            if area.sheet in lone and area.height == area.width == 1:
                single.setdefault(area.sheet, []).append(number)
            else:
                painted += self._paint(number, area)
        for sheet, numbers in single.items():
            painted += self._paint_cells(lone[sheet], numbers)
        return painted

    def _paint(self, number: int, area: Area) -> int:
        painted = 0
        for piece in self._grid.pieces(area):
            part = self._array(piece.block)[piece.inside]
            part[...] = number + 1
            painted += part.size
        return painted

    def _paint_cells(self, block: Block, numbers: list[int]) -> int:
        """Paint formulas of one cell each in the one block of their sheet."""
        corner = block.area
        rows = np.array([self._areas[number].top for number in numbers]) - corner.top
        columns = np.array([self._areas[number].left for number in numbers]) - corner.left
        inside = (rows >= 0) & (rows < corner.height) & (columns >= 0) & (columns < corner.width)
        self._array(block)[rows[inside], columns[inside]] = np.array(numbers)[inside] + 1
        return int(inside.sum())

    def _array(self, block: Block) -> Marked:
        held = self._arrays.get(id(block))
        if held is None:
            held = self._arrays[id(block)] = block, np.zeros(block.area.shape, dtype=np.int32)
        return held[1]
