"""A workbook as a differentiable function: gradients of a cell, and the tape that solving and training run on.

The derivative is that of what the formulas compute at the current values: of a lookup, the element found; of a
condition, the branch taken; of MAX and MIN, the first of equal arguments (as torch's max pooling); of rounding and
counting, 0. Where a derivative is infinite (SQRT at 0) it is taken as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import cell_name, quote_sheet
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Kind, Values

from .arrays import evaluate_program
from .backends.numpy import Decline
from .cell_tracing import CellTrace
from .context import Context, Place
from .footprints import cells_of
from .grid import Grid
from .lift import Unliftable
from .outcome import CellKey
from .overlay import Settable, Setting, overridden, settings, without_formulas
from .program import Program, run_sweep
from .selection import clipped, resolve
from .slices import Slice
from .steps import Step, Sweep, Whole, units_of
from .tape import Tape
from .tracing import Tracer, Untraceable
from .windows import Frame, Moving

if TYPE_CHECKING:
    from .workbook import Workbook


_NOTHING = Values(np.zeros((1, 1)))  # stands for values that are set later


@dataclass(slots=True)
class Differentiable:
    """Some cells as functions of others, on a tape.

    ``parameters``: the areas that gradients are taken with respect to, each a parameter of the tape; ``outputs``:
    areas, each a slot of the tape (None where nothing leads there from the parameters).
    """

    workbook: Workbook
    parameters: list[Area]
    outputs: list[Area]
    given: Mapping[str, Settable] = field(default_factory=dict)
    seed: int = 0
    giving: int = 0  # as many parameters, the first ones, are inputs: formulas there give way
    now: datetime = field(default_factory=datetime.now)
    dtype: Any = None
    device: Any = "cpu"
    tape: Tape = field(init=False)
    slots: list[int | None] = field(init=False)
    start: list[NDArray[np.float64]] = field(init=False)
    values: list[NDArray[np.float64]] = field(init=False)
    _names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        import torch

        from .backends.torch_operations import TorchLibrary

        model = self.workbook.model
        self._names = [sheet.name for sheet in model.sheets]
        given = settings(model, self.given)
        self._refuse_formulas()
        inputs = [Setting(area, _NOTHING) for area in self.parameters[: self.giving]]
        workbook = without_formulas(model, overridden(model, [*given, *inputs]))
        grid = Grid.of(workbook)
        for setting in given:
            grid.write(setting.area, setting.values)
        origin = np.zeros((1, 1), dtype=np.int64)
        context = Context(workbook.strings, Place(0, origin, origin), workbook.date1904, self.seed, self.now)
        program, outcome = evaluate_program(workbook, grid, context)
        if outcome.cycles:
            raise UsageError(f"{model.name}: formulas that depend on themselves have no gradient")
        library = TorchLibrary(self.dtype or torch.float64, self.device)
        self.tape = Tape(library)
        tracer = Tracer(grid, context, self.tape, self._names)
        self.start = [
            np.where(grid.read(area).kinds == Kind.NUMBER, grid.read(area).data, 0.0) for area in self.parameters
        ]
        for area, start in zip(self.parameters, self.start, strict=True):
            tracer.parameter(area, library.number(start).requires_grad_())
        slice_ = Slice.of(program, self.parameters, self.outputs)
        for step in slice_.steps:
            self._trace(step, tracer, program, grid, workbook)
        self.slots = [self._output(area, tracer, grid) for area in self.outputs]
        self.values = [grid.read(area).data.copy() for area in self.outputs]
        self.kinds = [np.array(grid.read(area).kinds) for area in self.outputs]

    kinds: list[NDArray[np.uint8]] = field(init=False)

    def _refuse_formulas(self) -> None:
        """Parameters must be numbers that somebody typed: a formula has no freedom."""
        model = self.workbook.model
        formulas = overridden(model, [Setting(area, _NOTHING) for area in self.parameters[self.giving :]])
        if formulas:
            raise UsageError(f"{model.name}: {self.place(min(formulas))} holds a formula, so it cannot be changed")
        stored = self.workbook._stored
        for area in self.parameters[self.giving :]:
            values = stored.read(area)
            bad = np.argwhere((values.kinds == Kind.TEXT) | (values.kinds == Kind.ERROR) | (values.kinds == Kind.BOOL))
            if len(bad) and not self.given:
                row, column = bad[0].tolist()
                raise UsageError(
                    f"{model.name}: {self.place((area.sheet, area.top + row, area.left + column))} is no number"
                )

    def place(self, cell: CellKey) -> str:
        """Return a cell as text."""
        return f"{quote_sheet(self._names[cell[0]])}!{cell_name(cell[1], cell[2])}"

    def _trace(self, step: Step, tracer: Tracer, program: Program, grid: Grid, workbook: Any) -> None:
        units = units_of(step)
        try:
            match step:
                case Whole(unit) if unit.number not in program.fallbacks:
                    assert unit.program is not None
                    tracer.run(unit.region, unit.program)
                case Sweep() if not any(unit.number in program.fallbacks for unit in units):
                    run_sweep(step, tracer, {unit.number: Frame.whole(unit.region) for unit in units})
                case _:
                    CellTrace(workbook, grid, tracer).trace(units)
        except (Untraceable, Decline, Unliftable) as reason:
            where = [self.place(cell) for unit in units for cell in cells_of(unit.region)]
            more = f" and {len(where) - 1} more" if len(where) > 1 else ""
            raise UsageError(f"{self.workbook.name}: not differentiable: {reason}: {where[0]}{more}") from None

    def _output(self, area: Area, tracer: Tracer, grid: Grid) -> int | None:
        return tracer.read(Moving(area.sheet, area.top, area.left, area.height, area.width, ()), grid.read(area))


def gradient(
    workbook: Workbook, of: str, wrt: Sequence[str], given: Mapping[str, Settable] | None = None, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Return the derivatives of one cell with respect to the cells of ranges; 0 where it does not depend on them.

    Raises `UsageError` where ``of`` is no number or depends on nothing in ``wrt``, where ``wrt`` holds formulas, and
    where the way between is not differentiable: the function and its cells are named.
    """
    import torch

    areas = [clipped(resolve(workbook.model, place), workbook._stored) for place in wrt]
    target = resolve(workbook.model, of)
    if target.shape != (1, 1):
        raise UsageError(
            f"{workbook.name}: the gradient of one cell is taken; {of!r} is {target.height} x {target.width}"
        )
    function = Differentiable(workbook, areas, [target], given or {}, seed)
    if function.kinds[0][0, 0] != Kind.NUMBER:
        raise UsageError(f"{workbook.name}: {of} is no number, so it has no gradient")
    tape, slot = function.tape, function.slots[0]
    if slot is None:
        raise UsageError(f"{workbook.name}: {of} does not depend on {', '.join(wrt)}")
    zeros = {place: np.zeros(area.shape) for place, area in zip(wrt, areas, strict=True)}
    if not tape.arrays[slot].requires_grad:  # it changes in steps only
        return zeros
    parameters = [tape.arrays[number] for number in tape.parameters]
    found = torch.autograd.grad(tape.arrays[slot].sum(), parameters, allow_unused=True)
    return {
        place: zeros[place] if each is None else each.double().cpu().numpy()
        for place, each in zip(wrt, found, strict=True)
    }
