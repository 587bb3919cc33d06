"""Regions: cells of one template whose references move affinely with the cell's place.

A region is n nested loops. Each loop has a count and a step: how far the cell and every reference move from
one turn to the next. A step of 1 is a sliding window, 0 a broadcast, 2 a stride or a pooling lattice; loops
over channels or epochs are found like those over rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, FormulaKind

from .syntax import Formula
from .trees import written

Ints: TypeAlias = NDArray[np.int64]
Narrow: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

MOST_LOOPS = 8
# More regions than MANY, of less than FRAGMENT formulas each, are no fills: where their places alone make up at
# least FEWER times fewer regions, their references are taken for ones that follow no pattern.
MANY, FRAGMENT, FEWER = 32, 64, 8


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A fill. Positions are vectors (row, column, row of slot 0, column of slot 0, row of slot 1, …).

    ``origin``: the position at index 0 of all loops. ``counts`` and ``steps``: loops, outermost first. ``extent``: the
    (height, width) that each formula fills: (1, 1) but for array formulas over several cells. ``tables``: coordinates
    that follow no loop, with their values at every place, (*counts); their steps are 0. ``numbers``: what stands for
    each `syntax.Given` of the formula at every place, (*counts).
    """

    sheet: int
    formula: Formula
    kind: FormulaKind
    origin: Ints  # (2 + 2k,)
    counts: tuple[int, ...]
    steps: Ints  # (loops, 2 + 2k)
    extent: tuple[int, int] = (1, 1)
    tables: Mapping[int, Ints] = field(default_factory=dict)
    numbers: Mapping[int, Floats] = field(default_factory=dict)

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
        if self.tables:
            found = np.array(found)
            for coordinate, table in self.tables.items():
                found[:, coordinate] = table.ravel()
        return found

    def parts(self) -> Iterator[Region]:
        """Yield a region for each formula."""
        for at, position in enumerate(self.positions()):
            formula = written(self.formula, {index: float(held.flat[at]) for index, held in self.numbers.items()})
            yield Region(self.sheet, formula, self.kind, position, (), self.steps[:0], self.extent)

    def given(self, index: int, starts: Sequence[int], counts: Sequence[int]) -> Floats:
        """Return the numbers that stand for a `syntax.Given` over a part of the loops, (*counts)."""
        return self.numbers[index][_stretch(starts, counts)]

    def coordinate(self, index: int, starts: Sequence[int] | None = None, counts: Sequence[int] | None = None) -> Ints:
        """Return a coordinate of the positions over (a part of) the loops: (*counts), 1 where it does not change."""
        starts, counts = starts or (0,) * len(self.counts), counts or self.counts
        if index in self.tables:
            return self.tables[index][_stretch(starts, counts)]
        found = np.full((1,) * len(counts), self.origin[index])
        for loop, (start, count) in enumerate(zip(starts, counts, strict=True)):
            step = int(self.steps[loop, index])
            if step:
                shape = [1] * len(counts)
                shape[loop] = count
                found = found + (step * np.arange(start, start + count)).reshape(shape)
        return found

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield the row and column of every formula."""
        yield from (tuple(place) for place in self.positions()[:, :2].tolist())


def _stretch(starts: Sequence[int], counts: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(start, start + count) for start, count in zip(starts, counts, strict=True))


@dataclass(frozen=True, slots=True)
class _Fills:
    """Fills in the making: n of them, each with the same number of loops so far (unused loops have count 1).

    Coordinates run along the first axis, so that comparing all fills in one coordinate runs through memory.
    """

    origin: Narrow  # (d, n)
    counts: Narrow  # (loops, n)
    steps: Narrow  # (loops, d, n)

    def __len__(self) -> int:
        return int(self.origin.shape[1])

    def take(self, which: Ints) -> _Fills:
        return _Fills(self.origin[:, which], self.counts[:, which], self.steps[:, :, which])


def find_regions(
    sheet: int,
    formula: Formula,
    kind: FormulaKind,
    places: NDArray[np.integer],
    slots: NDArray[np.integer],
    extents: NDArray[np.integer],
    numbers: Floats | None = None,
) -> list[Region]:
    """Group the formulas of one template into regions.

    ``places`` (n, 2), ``slots`` (n, 2k), ``extents`` (n, 2) and ``numbers`` (n, g) as in `Template`; every formula is
    in just one region.
    """
    origin = np.concatenate([places.T, slots.T]).astype(np.int32)
    regions = []
    for extent, same in _by_extent(extents):
        own = origin if same is None else origin[:, same]
        size, count = own.shape
        fills = _fold(_Fills(own, np.empty((0, count), np.int32), np.empty((0, size, count), np.int32)))
        found = [_region(sheet, formula, kind, *loops, extent) for loops in _loops(fills)]
        if len(fills) > MANY and count < FRAGMENT * len(fills):
            whole = _scattered(sheet, formula, kind, own, extent)
            found = whole if len(whole) * FEWER <= len(found) else found
        regions += found
    if numbers is None or not numbers.shape[1]:
        return regions
    members = _Members(places.T)
    return [_with_numbers(region, numbers[members.of(region)]) for region in regions]


class _Members:
    """Finds formulas by their places, (2, n)."""

    def __init__(self, places: NDArray[np.integer]) -> None:
        keys = _key(places)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def of(self, region: Region) -> Ints:
        """Return the numbers of a region's formulas, the innermost loop running fastest."""
        return np.asarray(self._order[np.searchsorted(self._keys, _key(region.positions().T))])


def _with_numbers(region: Region, numbers: Floats) -> Region:
    """Give a region the numbers in its formulas, (size, g): one that is the same in all is written into the tree."""
    same = (numbers == numbers[0]).all(axis=0)
    formula = written(region.formula, {index: float(numbers[0, index]) for index in np.flatnonzero(same).tolist()})
    varying = {index: numbers[:, index].reshape(region.counts) for index in np.flatnonzero(~same).tolist()}
    return replace(region, formula=formula, numbers=varying)


def _loops(fills: _Fills) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield the origin, counts and steps of each fill, without loops of one turn."""
    for fill in range(len(fills)):
        real = fills.counts[:, fill] > 1
        steps = fills.steps[real, :, fill].astype(np.int64)
        yield fills.origin[:, fill].astype(np.int64), fills.counts[real, fill], steps


def _scattered(
    sheet: int, formula: Formula, kind: FormulaKind, origin: Narrow, extent: NDArray[np.integer]
) -> list[Region]:
    """Group formulas by their places alone; references that follow no loop are kept in tables."""
    places = origin[:2]
    fills = _fold(_Fills(places, np.empty((0, len(places.T)), np.int32), np.empty((0, 2, len(places.T)), np.int32)))
    members = _Members(places)
    regions = []
    for start, counts, steps in _loops(fills):
        bare = _region(sheet, formula, kind, start, counts, steps, extent)
        slots = origin[2:, members.of(bare)].astype(np.int64).reshape((-1, *bare.counts))
        regions.append(_with_slots(bare, slots))
    return regions


def _key(places: NDArray[np.integer]) -> Ints:
    return np.asarray(places[0].astype(np.int64) * MAX_COLUMNS + places[1])


def _with_slots(bare: Region, slots: Ints) -> Region:
    """Give a region of places its references: affine where they are, else as tables. ``slots``: (2k, *counts)."""
    loops = len(bare.counts)
    first = slots.reshape(len(slots), -1)[:, 0]
    steps = np.zeros((loops, len(slots)), dtype=np.int64)
    predicted = np.broadcast_to(first.reshape(-1, *(1,) * loops), slots.shape)
    for loop, count in enumerate(bare.counts):
        steps[loop] = np.moveaxis(slots, loop + 1, 1).reshape(len(slots), count, -1)[:, 1, 0] - first
        shape = [1] * loops
        shape[loop] = count
        predicted = predicted + steps[loop].reshape(-1, *(1,) * loops) * np.arange(count).reshape(shape)
    tables = {}
    for slot in np.flatnonzero((predicted != slots).reshape(len(slots), -1).any(axis=1)).tolist():
        tables[slot + 2] = slots[slot]
        steps[:, slot] = 0
    origin, all_steps = np.concatenate([bare.origin, first]), np.concatenate([bare.steps, steps], axis=1)
    return replace(bare, origin=origin, steps=all_steps, tables=tables)


def _by_extent(extents: NDArray[np.integer]) -> Iterator[tuple[NDArray[np.integer], Flags | None]]:
    """Yield each distinct extent with the formulas that have it (None: all)."""
    if not len(extents) or (extents == extents[0]).all():
        yield from ((extent, None) for extent in extents[:1])
        return
    for extent in np.unique(extents, axis=0):
        yield extent, (extents == extent).all(axis=1)


def _region(
    sheet: int,
    formula: Formula,
    kind: FormulaKind,
    origin: Ints,
    counts: Ints,
    steps: Ints,
    extent: NDArray[np.integer],
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
    while barren < 2 and len(fills) > 1 and len(fills.counts) < MOST_LOOPS:
        joined = _join(fills, axis)
        barren = barren + 1 if len(joined) == len(fills) else 0
        fills, axis = (joined if barren == 0 else fills), 1 - axis
    return fills


def _join(fills: _Fills, axis: int) -> _Fills:
    """Join fills of equal loops that lie in one line along ``axis`` (0 down, 1 across) at a constant step."""
    order = _line_order(fills, axis)
    fills = fills if order is None else fills.take(order)
    step = np.diff(fills.origin, axis=1)
    linked = _kept(step, _alike(fills) & (step[1 - axis] == 0))
    if not linked.any():
        return fills
    first = np.flatnonzero(np.concatenate([[True], ~linked]))
    count = np.diff(np.append(first, len(fills))).astype(np.int32)
    own_step = np.where(count > 1, step[:, np.minimum(first, step.shape[1] - 1)], 0).astype(np.int32)
    heads = fills.take(first)
    return _Fills(
        heads.origin,
        np.concatenate([heads.counts, count[None]]),
        np.concatenate([heads.steps, own_step[None]]),
    )


def _line_order(fills: _Fills, axis: int) -> Ints | None:
    """Return the order in which fills of equal loops that lie in one line stand side by side; None: as they are."""
    along, across = fills.origin[axis], fills.origin[1 - axis]
    if not len(fills.counts):
        behind = (across[1:] > across[:-1]) | ((across[1:] == across[:-1]) & (along[1:] >= along[:-1]))
        return None if behind.all() else np.lexsort((along, across))
    loops = np.concatenate([fills.counts, fills.steps.reshape(-1, len(fills))]).astype(np.int64)
    return np.lexsort((along, across, _mixer(len(loops)) @ loops))


def _mixer(width: int) -> Ints:
    """Odd multipliers that mix well: they only bring equal loops together; equality itself is tested exactly."""
    return np.cumprod(
        np.full(width, -0x61C8864680B583EB)
    )  # powers of the golden ratio's word; importing numpy.random costs more


def _alike(fills: _Fills) -> Flags:
    """Tell for each fill but the first whether its loops equal those of the one before."""
    same = np.ones(len(fills) - 1, dtype=np.bool_)
    for row in (*fills.counts, *fills.steps.reshape(-1, len(fills))):
        same &= row[1:] == row[:-1]
    return same


def _kept(step: Narrow, possible: Flags) -> Flags:
    """Choose the links that make up runs of one constant step; no fill is in two runs.

    Where runs meet in a fill, the earlier one has it; a single link beside a longer run gives way (it is the jump
    between two fills), and of single links in a row every second one stays.
    """
    count = step.shape[1]
    if count == 0 or not possible.any():
        return possible
    again = np.zeros(count, dtype=np.bool_)
    again[1:] = possible[1:] & possible[:-1]
    for row in step:
        again[1:] &= row[1:] == row[:-1]
    longer = again.copy()
    longer[:-1] |= again[1:]
    single = possible & ~longer
    beside = np.zeros(count, dtype=np.bool_)
    beside[1:] |= longer[:-1]
    beside[:-1] |= longer[1:]
    single &= ~beside
    starts = longer & ~again
    meets = np.zeros(count, dtype=np.bool_)
    meets[1:] = starts[1:] & longer[:-1]
    return np.asarray((longer & ~meets) | (single & _every_second(single)))


def _every_second(flags: Flags) -> Flags:
    """Keep the first, third, fifth … of each unbroken stretch of flags."""
    index = np.arange(len(flags))
    last_off = np.maximum.accumulate(np.where(flags, -1, index))
    return np.asarray(flags & ((index - last_off) % 2 == 1))
