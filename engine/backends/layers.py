"""A grid with a batch: cells that differ from item to item lie in overlays over the cells that all items share.

An overlay holds its numbers as (rows, columns, items): what a fill does at one place it does for all items next to
each other, so numpy's inner loops run along the batch. Values have the batch as their first axis all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Kind, Kinds, Values

from ..grid import Grid
from ..windows import Moving
from ..windows import read as read_plain

NUMBER = int(Kind.NUMBER)


class Overlay:
    """The values of one area, item by item. ``kind`` is what all items have, except where ``mixed``: see ``kinds``."""

    __slots__ = ("area", "data", "kind", "kinds", "mixed")

    def __init__(self, area: Area, shared: Values, size: int) -> None:
        self.area = area
        self.data = np.empty((*area.shape, size))
        self.data[...] = shared.data[:, :, None]
        self.kind: Kinds = np.array(shared.kinds)
        self.mixed = np.zeros(area.shape, dtype=np.bool_)
        self.kinds: Kinds | None = None

    def all_kinds(self) -> Kinds:
        """Return the kinds (rows, columns, items), spelled out."""
        if self.kinds is None:
            return np.broadcast_to(self.kind[:, :, None], self.data.shape)
        return np.where(self.mixed[:, :, None], self.kinds, self.kind[:, :, None])

    def write(self, window: Moving, values: Values) -> None:
        """Store values (items or 1, *loops, height, width)."""
        _strided(window, self.data, self.area)[...] = values.data
        kind, mixed = window.strided(self.kind, self.area), window.strided(self.mixed, self.area)
        mixed[...] = False
        if values.kind is None:
            kind[...] = Kind.NUMBER
            return
        given = values.kind
        kind[...] = given[0]
        if given.shape[0] > 1 and (differ := (given != given[:1]).any(axis=0)).any():
            mixed[...] = differ
            if self.kinds is None:
                self.kinds = np.zeros(self.data.shape, dtype=np.uint8)
            _strided(window, self.kinds, self.area)[...] = given

    def item(self, index: int) -> Values:
        """Return the values of one item, (rows, columns)."""
        kind = self.kind if self.kinds is None else np.where(self.mixed, self.kinds[:, :, index], self.kind)
        return Values(np.ascontiguousarray(self.data[:, :, index]), kind)


class Layers:
    """A grid of shared cells under overlays. Reads and writes windows whose values have the batch as first axis."""

    def __init__(self, base: Grid, areas: Iterable[Area], size: int) -> None:
        self.base = base
        self.size = size
        self.overlays = [Overlay(area, base.read(area), size) for area in merged(areas)]

    def over(self, area: Area) -> list[Overlay]:
        """Return the overlays that meet an area."""
        return [overlay for overlay in self.overlays if meet(overlay.area, area)]

    def read(self, window: Moving) -> Values:
        """Read a window: (items, *loops, height, width), or (1, …) where all items share it."""
        area = window.bounds
        found = self.over(area)
        if not found:
            values = read_plain(self.base, window)
            return Values(values.data[None], None if values.kind is None else values.kind[None])
        if len(found) == 1 and _covers(found[0].area, area):
            over = found[0]
            return _viewed(window, over.area, over.data, over.kind, over.mixed, over.all_kinds, area)
        data, kinds = self._assembled(area, found)
        return _viewed(window, area, data, kinds[:, :, 0], None, lambda: kinds, area)

    def read_area(self, area: Area) -> Values:
        """Read an area: (items or 1, height, width)."""
        return self.read(Moving(area.sheet, area.top, area.left, area.height, area.width, ()))

    def write(self, window: Moving, values: Values) -> None:
        """Store values (items or 1, *loops, height, width) in the overlay that covers the window."""
        area = window.bounds
        next(overlay for overlay in self.overlays if _covers(overlay.area, area)).write(window, values)

    def item(self, index: int, grid: Grid) -> None:
        """Write the values of one item into a plain grid."""
        for overlay in self.overlays:
            grid.write(overlay.area, overlay.item(index))

    def _assembled(self, area: Area, found: Sequence[Overlay]) -> tuple[NDArray[np.float64], Kinds]:
        shared = self.base.read(area)
        data = np.empty((*area.shape, self.size))
        data[...] = shared.data[:, :, None]
        kinds = np.empty((*area.shape, self.size), dtype=np.uint8)
        kinds[...] = shared.kinds[:, :, None]
        for overlay in found:
            own = overlay.area
            top, bottom = max(own.top, area.top), min(own.bottom, area.bottom)
            left, right = max(own.left, area.left), min(own.right, area.right)
            there = slice(top - area.top, bottom - area.top), slice(left - area.left, right - area.left)
            here = slice(top - own.top, bottom - own.top), slice(left - own.left, right - own.left)
            data[there] = overlay.data[here]
            kinds[there] = overlay.all_kinds()[here]
        return data, kinds


def _viewed(
    window: Moving,
    own: Area,
    data: NDArray[np.float64],
    kind: Kinds,
    mixed: NDArray[np.bool_] | None,
    all_kinds: Callable[[], Kinds],
    area: Area,
) -> Values:
    """View an array (rows, columns, items) of the area ``own`` through a window that stays within ``area``."""
    seen = _strided(window, data, own)
    if mixed is None:
        kinds = all_kinds()
        return Values(seen) if (kinds == NUMBER).all() else Values(seen, _strided(window, kinds, own))
    inside = slice(area.top - own.top, area.bottom - own.top), slice(area.left - own.left, area.right - own.left)
    if mixed[inside].any():
        kinds = _strided(window, np.ascontiguousarray(all_kinds()), own)
        return Values(seen) if (kinds == NUMBER).all() else Values(seen, kinds)
    held = kind[inside]
    if held.min() == NUMBER == held.max():
        return Values(seen)
    kinds = window.strided(kind, own)
    if kinds.min() == NUMBER == kinds.max():
        return Values(seen)
    return Values(seen, np.broadcast_to(kinds, seen.shape))


def _strided(window: Moving, array: NDArray[Any], area: Area) -> NDArray[Any]:
    """View (rows, columns, items) through a window: (items, *loops, height, width)."""
    down, across, each = array.strides
    start = (window.row - area.top) * down + (window.column - area.left) * across
    shape = (array.shape[2], *(loop[0] for loop in window.loops), window.height, window.width)
    strides = (each, *(loop[1] * down + loop[2] * across for loop in window.loops), down, across)
    return np.ndarray(shape, array.dtype, array, start, strides)


def merged(areas: Iterable[Area]) -> list[Area]:
    """Join areas that overlap into their common bounds until none do."""
    found: list[Area] = []
    for area in areas:
        joined = area
        while meeting := [other for other in found if meet(other, joined)]:
            for other in meeting:
                found.remove(other)
                joined = bounding(joined, other)
        found.append(joined)
    return found


def bounding(one: Area, other: Area) -> Area:
    """Return the smallest area that holds both."""
    return Area(
        one.sheet,
        min(one.top, other.top),
        min(one.left, other.left),
        max(one.bottom, other.bottom),
        max(one.right, other.right),
    )


def meet(one: Area, other: Area) -> bool:
    """Tell whether two areas have a cell in common."""
    return (
        one.sheet == other.sheet
        and one.top < other.bottom
        and other.top < one.bottom
        and one.left < other.right
        and other.left < one.right
    )


def _covers(outer: Area, inner: Area) -> bool:
    return (
        outer.sheet == inner.sheet
        and outer.top <= inner.top
        and outer.left <= inner.left
        and outer.bottom >= inner.bottom
        and outer.right >= inner.right
    )
