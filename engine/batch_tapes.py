"""A batch on torch: numpy settles every item's kinds, torch computes the numbers of all that are settled alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from sheetgrad.sheets.values import Kind, Values

from .backends.layers import Layers
from .backends.numpy import Decline
from .backends.settling import SettlingMachine
from .backends.torch_operations import TorchLibrary
from .batching import Batch, Seeds
from .context import Context
from .program import run_sweep
from .steps import Step, Sweep, Unit, Whole, units_of
from .tape import Tape
from .tracing import Tracer, Untraceable
from .windows import Frame, Moving

MOST_TAPES = 16  # items that are settled in still other ways keep numpy's numbers
NEAR = 1e-9  # numbers further apart, relatively, are of a step (COMBIN, RANK) that rounding decided otherwise


class Together:
    """The tape of items that are settled alike, for many of them at once."""

    def __init__(self, tape: Tape, slots: Sequence[int | None]) -> None:
        self.tape = tape
        self.slots = slots
        self.live = [slot for slot in slots if slot is not None]
        tape.prune(self.live)

    def __call__(self, inputs: Sequence[Values], items: Any) -> list[Any]:
        """Return the numbers of the outputs, (items, height, width) each; None where no input leads there."""
        axes = tuple(0 if len(values.data) > 1 else None for values in inputs)
        given = [
            torch.tensor(np.ascontiguousarray(values.data[items if axis == 0 else 0]), dtype=torch.float64)
            for values, axis in zip(inputs, axes, strict=True)
        ]
        with torch.no_grad():
            once = self._once if set(axes) == {None} else torch.func.vmap(self._once, in_dims=axes)
            found = iter(once(*given))
        return [None if slot is None else next(found).numpy() for slot in self.slots]

    def _once(self, *inputs: Any) -> tuple[Any, ...]:
        arrays = self.tape.run(inputs)
        return tuple(arrays[slot] for slot in self.live)


@dataclass(slots=True)
class TapedBatch(Batch):
    """A batch whose numbers are torch's, except where a formula has no torch body or is computed cell by cell."""

    _tapes: dict[int, Together | None] = field(default_factory=dict)
    _machines: list[SettlingMachine] = field(default_factory=list)
    _alone: bool = False  # some cells are computed one by one: what is settled there is not known

    def __call__(self, inputs: Sequence[Values], size: int, seed: Seeds) -> list[Values]:
        """Return the outputs for inputs, all (items or 1, height, width). Raises `Unbatchable`."""
        found = Batch.__call__(self, inputs, size, seed)
        machine = self._machines.pop()
        if self._alone or self.random:
            return found
        machine.settle_cells()
        marks, first, which = np.unique(machine.marks, return_index=True, return_inverse=True)
        for number in np.argsort(-np.bincount(which)).tolist():
            together = self._together(int(marks[number]), int(first[number]), machine)
            if together is not None:
                items = np.flatnonzero(which == number)
                numbers = together(inputs, items)
                found = [_put(values, items, size, each) for values, each in zip(found, numbers, strict=True)]
        return found

    def _machine(self, layers: Layers, context: Context) -> SettlingMachine:
        self._machines = [SettlingMachine(layers, context)]
        return self._machines[0]

    def _by_cell(self, units: Sequence[Unit], machine: Any) -> None:
        self._alone = True
        Batch._by_cell(self, units, machine)

    def _together(self, mark: int, item: int, machine: SettlingMachine) -> Together | None:
        """Return the tape of the items with a mark, of which one is given."""
        if mark not in self._tapes and len(self._tapes) < MOST_TAPES:
            self._tapes[mark] = self._traced(item, machine)
        return self._tapes.get(mark)

    def _traced(self, item: int, machine: SettlingMachine) -> Together | None:
        assert self._base is not None
        assert self._slice is not None
        grid = self._base.copy()
        machine.layers.item(item, grid)
        library = TorchLibrary()
        tape = Tape(library)
        tracer = Tracer(grid, self._context(0), tape, [sheet.name for sheet in self.workbook.sheets])
        for area in self.inputs:
            values = grid.read(area)
            tracer.parameter(area, library.number(np.where(values.kinds == Kind.NUMBER, values.data, 0.0)))
        try:
            with torch.no_grad():
                for step in self._slice.steps:
                    _trace(step, tracer)
        except (Untraceable, Decline):
            return None
        if tape.untold:
            return None
        windows = [Moving(area.sheet, area.top, area.left, area.height, area.width, ()) for area in self.outputs]
        slots = [tracer.read(window, grid.read(area)) for window, area in zip(windows, self.outputs, strict=True)]
        return Together(tape, slots)


def _trace(step: Step, tracer: Tracer) -> None:
    match step:
        case Whole(unit):
            assert unit.program is not None
            tracer.run(unit.region, unit.program)
        case Sweep():
            run_sweep(step, tracer, {unit.number: Frame.whole(unit.region) for unit in units_of(step)})


def _put(values: Values, items: Any, size: int, numbers: Any) -> Values:
    """Return values with torch's numbers for some items, where they are numbers and near numpy's."""
    if numbers is None:
        return values
    shape = (size, *values.shape[1:])
    data = np.array(np.broadcast_to(values.data, shape))
    own = data[items]
    taken = (np.broadcast_to(values.kinds, shape)[items] == Kind.NUMBER) & np.isclose(numbers, own, NEAR, NEAR)
    data[items] = np.where(taken, numbers, own)
    return Values(data, values.kind)
