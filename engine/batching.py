"""A workbook over many items at once: only what lies between inputs and outputs is computed again, a chunk together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area, Workbook
from sheetgrad.sheets.values import Kind, Strings, Values

from .arrays import evaluate_program
from .backends.batch import BatchMachine
from .backends.layers import Layers, bounding, meet
from .backends.numpy import Decline
from .context import Context, Place
from .footprints import cells_of, view_window
from .grid import Grid
from .ir import Growing, Indirect, Offset, View, deciding
from .outcome import Outcome
from .program import Program, run_sweep
from .slices import Slice, spills
from .steps import CellOrder, Step, Sweep, Unit, Whole, units_of
from .windows import Frame, Moving, target

CHUNK_BYTES = 1 << 22  # what the overlays of a chunk may take: about what a processor's caches hold
LARGEST_CHUNK = 4096

Seeds: TypeAlias = "int | NDArray[np.uint64]"


class Unbatchable(Exception):
    """The items must be computed one after the other; the message says why."""


@dataclass(slots=True)
class Batch:
    """A workbook (without the formulas that inputs stand for) between some input areas and some output areas."""

    workbook: Workbook
    inputs: Sequence[Area]
    outputs: Sequence[Area]
    now: datetime
    random: bool = False  # every item draws random numbers of its own: what draws is affected, too
    outcome: Outcome | None = None
    _base: Grid | None = None
    _program: Program | None = None
    _slice: Slice | None = None
    _areas: list[Area] = field(default_factory=list)
    _layers: Layers | None = None

    def chunk(self) -> int:
        """Return how many items to compute together; call `prepare` first."""
        cells = sum(area.height * area.width for area in self._areas)
        return max(1, min(LARGEST_CHUNK, CHUNK_BYTES // (9 * max(cells, 1))))

    def prepare(self, first: Sequence[Values], seed: int) -> Slice:
        """Compute everything once, from the first item's inputs, and find what the others need again."""
        if self._slice is None:
            self._base = Grid.of(self.workbook)
            for area, values in zip(self.inputs, first, strict=True):
                self._base.write(area, _item(values, 0))
            self._program, outcome = evaluate_program(self.workbook, self._base, self._context(seed))
            self.outcome = outcome
            random = _drawing(self._program, outcome) if self.random else []
            self._slice = Slice.of(self._program, self.inputs, self.outputs, random)
            if outcome.cycles and any(isinstance(step, CellOrder) for step in self._slice.steps):
                raise Unbatchable("formulas that depend on themselves")
            self._check()
            self._areas = _overlaid(self.inputs, [unit for step in self._slice.steps for unit in units_of(step)])
        return self._slice

    def __call__(self, inputs: Sequence[Values], size: int, seed: Seeds) -> list[Values]:
        """Return the outputs for inputs, all (items or 1, height, width). Raises `Unbatchable`."""
        first_seed = seed if isinstance(seed, int) else int(seed[0])
        steps = self.prepare(inputs, first_seed).steps
        layers = self._layers
        if layers is None or layers.size != size:
            assert self._base is not None
            layers = self._layers = Layers(self._base, self._areas, size)
        for area, values in zip(self.inputs, inputs, strict=True):
            layers.write(_whole(area), values)
        context = self._context(first_seed)
        context.seed = seed  # type: ignore[assignment]  # one for each item
        machine = self._machine(layers, context)
        for step in steps:
            self._run(step, machine)
        found = [layers.read_area(area) for area in self.outputs]
        return [Values(values.data.copy(), None if values.kind is None else values.kind.copy()) for values in found]

    def _machine(self, layers: Layers, context: Context) -> BatchMachine:
        return BatchMachine(layers, context)

    def _context(self, seed: int) -> Context:
        origin = np.zeros((1, 1), dtype=np.int64)
        return Context(self.workbook.strings, Place(0, origin, origin), self.workbook.date1904, seed, self.now)

    def _check(self) -> None:
        """Refuse slices whose order or extent the inputs may change."""
        assert self._slice is not None
        assert self._program is not None
        for step in self._slice.steps:
            for unit in units_of(step):
                if unit.unknown:
                    raise Unbatchable("formulas whose reads only evaluation tells")
                if spills(unit):
                    raise Unbatchable("a dynamic array that spills")
                self._check_offsets(unit)

    def _check_offsets(self, unit: Unit) -> None:
        assert self._slice is not None
        assert self._program is not None
        for offset in unit.offsets:
            for read in deciding(offset):
                name = "OFFSET" if isinstance(offset, Offset) else "INDIRECT"
                units, area = self._program.decided_by(read, unit.region)
                met = area is not None and any(meet(area, other) for other in self.inputs)
                if met or units & self._slice.units or isinstance(read, Offset | Indirect):
                    raise Unbatchable(f"{name} by what the inputs decide")

    def _run(self, step: Step, machine: BatchMachine) -> None:
        match step:
            case Whole(unit):
                assert unit.program is not None
                try:
                    machine.run(unit.region, unit.program, common=unit.common)
                except Decline:
                    self._by_cell((unit,), machine)
            case Sweep():
                try:
                    run_sweep(step, machine, {unit.number: Frame.whole(unit.region) for unit in step.units})
                except Decline:
                    self._by_cell(step.units, machine)
            case CellOrder(units):
                self._by_cell(units, machine)

    def _by_cell(self, units: Sequence[Unit], machine: BatchMachine) -> None:
        """Compute units cell by cell, item after item, on a copy of the grid."""
        from .reference import CellEvaluator

        assert self._base is not None
        layers, context = machine.layers, self._context(0)
        scratch, outcome = self._base.copy(), Outcome()
        evaluator = CellEvaluator(self.workbook, scratch, context, outcome)
        places = [target(unit.region, Frame.whole(unit.region)).bounds for unit in units]
        cells = [cell for unit in units for cell in cells_of(unit.region)]
        found: list[list[Values]] = []
        seeds = np.broadcast_to(np.asarray(machine.context.seed), (layers.size,)).tolist()
        for item in range(layers.size):
            layers.item(item, scratch)
            context.seed = seeds[item]
            evaluator.compute(cells)
            found.append([_copied(scratch.read(place)) for place in places])
        if outcome.cycles or evaluator.grown:
            raise Unbatchable("formulas that depend on themselves or spill")
        for place, values in zip(places, zip(*found, strict=True), strict=True):
            layers.write(_whole(place), _stacked(values))


def _drawing(program: Program, outcome: Outcome) -> list[int]:
    """Return the units that draw random numbers or read the clock."""
    return [
        unit.number
        for unit in program.units
        if unit.volatile or (unit.program is None and not outcome.volatile.isdisjoint(cells_of(unit.region)))
    ]


def _copied(values: Values) -> Values:
    return Values(values.data.copy(), None if values.kind is None else values.kind.copy())


def _stacked(values: Sequence[Values]) -> Values:
    data = np.stack([each.data for each in values])
    if all(each.kind is None for each in values):
        return Values(data)
    return Values(data, np.stack([each.kinds for each in values]))


def _item(values: Values, index: int) -> Values:
    at = index if values.shape[0] > 1 else 0
    return Values(values.data[at], None if values.kind is None else values.kind[at])


def _whole(area: Area) -> Moving:
    return Moving(area.sheet, area.top, area.left, area.height, area.width, ())


def _overlaid(inputs: Sequence[Area], units: Sequence[Unit]) -> list[Area]:
    """Return the areas that differ from item to item; what one window reads together becomes one where it is dense."""
    areas = [*inputs, *(target(unit.region, Frame.whole(unit.region)).bounds for unit in units)]
    for unit in units:
        for read in unit.reads:
            if isinstance(read, View | Growing):
                bounds = view_window(read, unit.region).bounds
                together = [area for area in areas if meet(area, bounds)]
                if len(together) > 1:
                    joined = together[0]
                    for area in together[1:]:
                        joined = bounding(joined, area)
                    if joined.height * joined.width <= 2 * sum(area.height * area.width for area in together):
                        areas.append(joined)
    return areas


def to_python(values: Values, strings: Strings) -> NDArray[Any]:
    """Return values (items, rows, columns) as float64, or as objects where not all are numbers."""
    if values.kind is None or (values.kind == Kind.NUMBER).all():
        return np.array(values.data, order="C")
    found = np.empty(values.shape, dtype=object)
    for item in range(values.shape[0]):
        for row, scalars in enumerate(_item(values, item).rows(strings)):
            found[item, row] = scalars
    return found
