"""Regions: cells of one template whose references move affinely with the cell's place.

A region is n nested loops. Each loop has a count and a step: how far the cell and every reference move from
one turn to the next. A step of 1 is a sliding window, 0 a broadcast, 2 a stride or a pooling lattice; loops
over channels or epochs are found like those over rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import FormulaKind

from .syntax import Formula

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

MOST_LOOPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A fill. Positions are vectors (row, column, row of slot 0, column of slot 0, row of slot 1, …).

    ``origin``: the position at index 0 of all loops. ``counts`` and ``steps``: loops, outermost first. ``extent``: the
    (height, width) that each formula fills: (1, 1) but for array formulas over several cells.
    """

    sheet: int
    formula: Formula
    kind: FormulaKind
    origin: Ints  # (2 + 2k,)
    counts: tuple[int, ...]
    steps: Ints  # (loops, 2 + 2k)
    extent: tuple[int, int] = (1, 1)

    @property
    def size(self) -> int:
        """The number of formulas."""
        return int(np.prod(self.counts, dtype=np.int64))

    @property
    def cells(self) -> int:
        """The number of cells filled."""
        return self.size * self.extent[0] * self.extent[1]

    def positions(self) -> Ints:
        """Return the positions of all formulas, (size, 2 + 2k), the innermost loop running fastest."""
        found = self.origin[None, :]
        for count, step in zip(self.counts, self.steps, strict=True):
            found = (found[:, None, :] + np.arange(count)[None, :, None] * step).reshape(-1, len(self.origin))
        return found

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield the row and column of every formula."""
        yield from (tuple(place) for place in self.positions()[:, :2].tolist())


@dataclass(frozen=True, slots=True)
class _Fills:
    """Fills in the making: n of them, each with the same number of loops so far (unused loops have count 1)."""

    origin: Ints  # (n, d)
    counts: Ints  # (n, loops)
    steps: Ints  # (n, loops, d)

    def __len__(self) -> int:
        return len(self.origin)

    def take(self, which: Ints) -> _Fills:
        return _Fills(self.origin[which], self.counts[which], self.steps[which])


def find_regions(
    sheet: int, formula: Formula, kind: FormulaKind, places: NDArray[np.integer], slots: NDArray[np.integer], extents: NDArray[np.integer]
) -> list[Region]:
    """Group the formulas of one template into regions.

    ``places`` (n, 2), ``slots`` (n, 2k) and ``extents`` (n, 2) as in `Template`; every formula is in exactly one region.
    """
    origin = np.concatenate([places, slots], axis=1).astype(np.int64)
    regions = []
    for extent in np.unique(extents, axis=0) if len(extents) > 1 else extents:
        same = (extents == extent).all(axis=1)
        none = _Fills(origin[same], np.empty((same.sum(), 0), np.int64), np.empty((same.sum(), 0, origin.shape[1]), np.int64))
        fills = _fold(none)
        for start, counts, steps in zip(fills.origin, fills.counts, fills.steps, strict=True):
            real = counts > 1
            regions.append(_region(sheet, formula, kind, start, counts[real], steps[real], extent))
    return regions


def _region(
    sheet: int, formula: Formula, kind: FormulaKind, origin: Ints, counts: Ints, steps: Ints, extent: NDArray[np.integer]
) -> Region:
    outermost_first = sorted(range(len(counts)), key=lambda loop: tuple(-np.abs(steps[loop, :2])))
    return Region(
        sheet,
        formula,
        kind,
        origin,
        tuple(int(counts[loop]) for loop in outermost_first),
        steps[outermost_first] if len(counts) else steps.reshape(0, len(origin)),
        (int(extent[0]), int(extent[1])),
    )


def _fold(fills: _Fills) -> _Fills:
    """Join fills along columns and rows in turn, until neither joins any more."""
    axis, barren = 1, 0
    while barren < 2 and len(fills) > 1 and fills.counts.shape[1] < MOST_LOOPS:
        joined = _join(fills, axis)
        barren = barren + 1 if len(joined) == len(fills) else 0
        fills, axis = (joined if barren == 0 else fills), 1 - axis
    return fills


def _join(fills: _Fills, axis: int) -> _Fills:
    """Join fills of equal loops that lie in one line along ``axis`` (0 down, 1 across) at a constant step."""
    fills = fills.take(_line_order(fills, axis))
    step = np.diff(fills.origin, axis=0)
    linked = _kept(step, _alike(fills) & (step[:, 1 - axis] == 0))
    if not linked.any():
        return fills
    first = np.flatnonzero(np.concatenate([[True], ~linked]))
    count = np.diff(np.append(first, len(fills)))
    own_step = np.where((count > 1)[:, None], step[np.minimum(first, len(step) - 1)], 0)
    heads = fills.take(first)
    return _Fills(
        heads.origin,
        np.concatenate([heads.counts, count[:, None]], axis=1),
        np.concatenate([heads.steps, own_step[:, None, :]], axis=1),
    )


def _line_order(fills: _Fills, axis: int) -> Ints:
    """Return the order in which fills of equal loops that lie in one line stand side by side."""
    along, across = fills.origin[:, axis], fills.origin[:, 1 - axis]
    keys: tuple[Ints, ...] = (along, across)
    if fills.counts.shape[1]:
        loops = np.concatenate([fills.counts, fills.steps.reshape(len(fills), -1)], axis=1)
        keys = (along, across, loops @ _mixer(loops.shape[1]))
    return np.lexsort(keys)


def _mixer(width: int) -> Ints:
    """Odd pseudo-random multipliers: they only bring equal loops together; equality itself is tested exactly."""
    return np.random.default_rng(width).integers(1 << 40, 1 << 62, width, dtype=np.int64) | 1


def _alike(fills: _Fills) -> Flags:
    """Tell for each fill but the first whether its loops equal those of the one before."""
    same = (fills.counts[1:] == fills.counts[:-1]).all(axis=1)
    return np.asarray(same & (fills.steps[1:] == fills.steps[:-1]).all(axis=(1, 2)))


def _kept(step: Ints, possible: Flags) -> Flags:
    """Choose the links that make up runs of one constant step; no fill is in two runs.

    Where runs meet in a fill, the earlier one has it; a single link beside a longer run gives way (it is the jump between
    two fills), and of single links in a row every second one stays.
    """
    count = len(step)
    if count == 0:
        return possible
    again = np.zeros(count, dtype=bool)
    again[1:] = possible[1:] & possible[:-1] & (step[1:] == step[:-1]).all(axis=1)
    longer = again.copy()
    longer[:-1] |= again[1:]
    single = possible & ~longer
    beside = np.zeros(count, dtype=bool)
    beside[1:] |= longer[:-1]
    beside[:-1] |= longer[1:]
    single &= ~beside
    starts = longer & ~again
    meets = np.zeros(count, dtype=bool)
    meets[1:] = starts[1:] & longer[:-1]
    return (longer & ~meets) | (single & _every_second(single))


def _every_second(flags: Flags) -> Flags:
    """Keep the first, third, fifth … of each unbroken stretch of flags."""
    index = np.arange(len(flags))
    last_off = np.maximum.accumulate(np.where(flags, -1, index))
    return flags & ((index - last_off) % 2 == 1)
