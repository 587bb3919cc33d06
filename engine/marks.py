"""Which cells of the grid wait for a formula: painted in arrays beside the grid's blocks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area

from .grid import Block, Grid

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
        new = dict(waiting)
        self._areas.update(new)
        self._grid.cover(list(new.values()))
        self._arrays.clear()
        for number, area in self._areas.items():
            self._paint(number, area)

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
        if not self._areas:
            return []
        found: list[int] = []
        for piece in self._grid.pieces(area):
            held = self._arrays.get(id(piece.block))
            if held is None:
                continue
            part = held[1][piece.inside]
            if part.size == 1:
                if part[0, 0]:
                    found.append(int(part[0, 0]) - 1)
            elif part.any():
                found += (np.unique(part[part != 0]) - 1).tolist()
        return found

    def repaint(self) -> None:
        """Paint all marks anew, after the grid has made room and cut its blocks differently."""
        self._arrays.clear()
        for number, area in self._areas.items():
            self._paint(number, area)

    def _paint(self, number: int, area: Area) -> None:
        for piece in self._grid.pieces(area):
            held = self._arrays.get(id(piece.block))
            if held is None:
                held = piece.block, np.zeros(piece.block.area.shape, dtype=np.int32)
                self._arrays[id(piece.block)] = held
            held[1][piece.inside] = number + 1
