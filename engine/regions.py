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

from .fills import Fills, Ints, Narrow, fold, runs, single
from .syntax import Formula
from .templates import Template
from .trees import written

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

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

    def sections(self, loop: int) -> Iterator[Region]:
        """Yield a region for each turn of a loop; coordinates that follow a loop there are in no table any more."""
        counts = (*self.counts[:loop], *self.counts[loop + 1 :])
        for turn in range(self.counts[loop]):
            origin, steps = self.origin + turn * self.steps[loop], np.delete(self.steps, loop, axis=0)
            tables: dict[int, Ints] = {}
            for coordinate, table in self.tables.items():
                held = np.take(np.broadcast_to(table, self.counts), [turn], axis=loop).reshape(counts)
                even = _steps_of(held)
                if even is None:
                    tables[coordinate] = held
                else:
                    origin[coordinate], steps[:, coordinate] = int(held.flat[0]), even
            numbers = {
                index: np.take(np.broadcast_to(held, self.counts), [turn], axis=loop).reshape(counts)
                for index, held in self.numbers.items()
            }
            yield Region(self.sheet, self.formula, self.kind, origin, counts, steps, self.extent, tables, numbers)

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


def _steps_of(table: Ints) -> list[int] | None:
    """Return how far a coordinate moves along each loop, or None where it follows none."""
    steps = [int(np.diff(table, axis=axis).flat[0]) if table.shape[axis] > 1 else 0 for axis in range(table.ndim)]
    found = np.full((1,) * table.ndim, table.flat[0])
    for axis, step in enumerate(steps):
        shape = [1] * table.ndim
        shape[axis] = -1
        found = found + (step * np.arange(table.shape[axis])).reshape(shape)
    return steps if (found == table).all() else None


def _stretch(starts: Sequence[int], counts: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(start, start + count) for start, count in zip(starts, counts, strict=True))


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
        fills = fold(single(own))
        whole = _scattered(sheet, formula, kind, own, extent) if _are_many(len(fills), own.shape[1]) else None
        if whole is not None and len(whole) * FEWER <= len(fills):
            regions += whole
        else:
            regions += [_region(sheet, formula, kind, *loops, extent) for loops in _loops(fills)]
    if numbers is None or not numbers.shape[1]:
        return regions
    members = _Members(places.T)
    return [_with_numbers(region, numbers[members.of(region)]) for region in regions]


def regions_of(sheet: int, formula: Formula, template: Template, areas: NDArray[np.integer]) -> list[Region]:
    """Group the formulas of a template, and their copies, into regions. ``areas``: what each of `Formulas` fills."""
    if len(template.members) == 1 and not len(template.copies.row):
        return [_only_one(sheet, formula, template, areas[template.members[0]])]
    single_cells = template.kind != FormulaKind.DYNAMIC and (_extents(areas[template.members]) == 1).all()
    if len(template.copies.row) and single_cells and not template.numbers.shape[1]:
        fills = fold(_runs(template))
        if not _are_many(len(fills), len(template.members) + len(template.copies.row)):
            one = np.ones(2, dtype=np.int64)
            return [_region(sheet, formula, template.kind, *loops, one) for loops in _loops(fills)]
    every = template.expanded()
    extents = _extents(areas[every.members])
    return find_regions(sheet, formula, every.kind, every.places, every.slots, extents, every.numbers)


def _only_one(sheet: int, formula: Formula, template: Template, area: NDArray[np.integer]) -> Region:
    """Return the region of a template's only formula."""
    origin = np.concatenate([template.places[0], template.slots[0]]).astype(np.int64)
    top, left, bottom, right = area.tolist()
    numbers = dict(enumerate(template.numbers[0].tolist()))
    none = np.empty((0, len(origin)), dtype=np.int64)
    extent = (bottom - top, right - left)
    return Region(sheet, written(formula, numbers), template.kind, origin, (), none, extent)


def _extents(areas: NDArray[np.integer]) -> NDArray[np.integer]:
    return np.stack([areas[:, 2] - areas[:, 0], areas[:, 3] - areas[:, 1]], axis=1)


def _runs(template: Template) -> Fills:
    """Return the runs of a template's formulas and their copies."""
    origin = np.concatenate([template.places.T, template.slots.T]).astype(np.int32)
    relative = np.zeros(origin.shape, dtype=np.bool_)
    relative[0] = True
    relative[2::2] = template.relative[:, ::2].T
    return runs(origin, relative, template.copies.of, template.copies.row)


def _are_many(regions: int, formulas: int) -> bool:
    return regions > MANY and formulas < FRAGMENT * regions


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


def _loops(fills: Fills) -> Iterator[tuple[Ints, Ints, Ints]]:
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
    fills = fold(single(places))
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
