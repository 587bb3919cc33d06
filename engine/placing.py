"""Windows laid out in a grid's memory beforehand: where a whole fill reads and writes, found once for a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Values

from .grid import NUMBER, Flat, all_numbers
from .ir import Node, View
from .regions import Region
from .windows import Frame, Moving, moving, numbered, target


@record
class Placed:
    """A moving window in one block: a strided view of the block's memory."""

    block: int
    inside: tuple[slice, slice]  # the part of the block that holds it
    shape: tuple[int, ...]
    start: int  # cells from the block's first
    strides: tuple[int, ...]  # cells

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """View an array of the block's shape, row by row in memory, as (*loops, height, width)."""
        size = array.itemsize
        strides = tuple([size * stride for stride in self.strides])
        return np.ndarray(self.shape, array.dtype, array, size * self.start, strides)

    def read(self, flat: Flat) -> Values:
        """Return the window's values: (*loops, height, width)."""
        block = flat.blocks[self.block]
        data = self.of(block.data)
        if all_numbers(block.kind[self.inside]):
            return Values(data)
        seen = self.of(block.kind)
        return Values(data) if all_numbers(seen) else Values(data, seen)

    def write(self, flat: Flat, values: Values) -> None:
        """Store results at the window's places; an empty result is 0."""
        flat.own(self.block)
        block = flat.blocks[self.block]
        self.of(block.data)[...] = values.data
        self.of(block.kind)[...] = NUMBER if values.kind is None else numbered(values.kind)


@record
class Layout:
    """Where a region's program reads and writes in grids of one layout; what is in no one block is left out."""

    areas: tuple[Area, ...]
    views: Mapping[int, Placed]  # by the identity of the node
    target: Placed | None

    @classmethod
    def of(cls, region: Region, nodes: Iterable[Node], flat: Flat) -> Layout:
        """Lay out all of a region."""
        whole = Frame.whole(region)
        found = {id(node): place(moving(node, whole), flat) for node in nodes if isinstance(node, View)}
        views = {key: placed for key, placed in found.items() if placed is not None}
        return cls(flat.layout, views, place(target(region, whole), flat))


def place(window: Moving, flat: Flat) -> Placed | None:
    """Lay a window out, or return None where it is not in one block."""
    bounds = window.bounds
    found = flat.find(bounds.sheet, bounds.top, bounds.left)
    if found is None:
        return None
    area, width = flat.layout[found[0]], flat.layout[found[0]].width
    if bounds.bottom > area.bottom or bounds.right > area.right:
        return None
    rows = slice(bounds.top - area.top, bounds.bottom - area.top)
    columns = slice(bounds.left - area.left, bounds.right - area.left)
    shape = (*(loop[0] for loop in window.loops), window.height, window.width)
    strides = (*(down * width + across for _, down, across in window.loops), width, 1)
    start = (window.row - area.top) * width + window.column - area.left
    return Placed(found[0], (rows, columns), shape, start, strides)
