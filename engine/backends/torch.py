"""Runs array programs on torch: kinds, texts and errors are settled on numpy, every number is computed by torch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch

from sheetgrad.sheets.model import Area, Workbook
from sheetgrad.sheets.values import Kind, Values

from ..arrays import evaluate_program
from ..cell_tracing import CellTrace
from ..context import Context, Kept
from ..footprints import cells_of
from ..grid import Grid
from ..lift import Unliftable
from ..outcome import Outcome
from ..program import run_sweep
from ..steps import Step, Sweep, Whole, units_of
from ..tape import Tape
from ..tracing import Tracer, Untraceable
from ..windows import Frame, target
from .numpy import Decline
from .torch_operations import TorchLibrary


def evaluate(
    workbook: Workbook, grid: Grid, context: Context, dtype: torch.dtype = torch.float64, device: str = "cpu"
) -> Outcome:
    """Compute all formulas of a workbook; the values are left in the grid.

    Formulas with a function that has no torch body, or without an array program, keep numpy's values;
    ``outcome.untraced`` says which and why.
    """
    afresh = replace(context, kept=Kept(), changed=None, as_stored=False)  # all steps, not only those that changed
    program, outcome = evaluate_program(workbook, grid, afresh)
    names = [sheet.name for sheet in workbook.sheets]
    tracer = Tracer(grid, context, Tape(TorchLibrary(dtype, device)), names, everything=True)
    cells = CellTrace(workbook, grid, tracer)
    with torch.no_grad():
        for step in list(program.steps):
            try:
                _trace(step, tracer, cells, program.fallbacks.keys())
            except (Untraceable, Decline, Unliftable) as reason:
                for unit in units_of(step):
                    outcome.untraced.setdefault(str(reason), []).extend(cells_of(unit.region))
    for function, regions in tracer.lacking.items():
        for region in regions:
            outcome.untraced.setdefault(f"{function} has no torch body", []).extend(cells_of(region))
    for step in program.steps:
        for unit in units_of(step):
            window = target(unit.region, Frame.whole(unit.region))
            _store(grid, tracer, window.bounds)
    return outcome


def _trace(step: Step, tracer: Tracer, cells: CellTrace, alone: Collection[int]) -> None:
    units = units_of(step)
    match step:
        case Whole(unit) if unit.number not in alone:
            assert unit.program is not None
            tracer.run(unit.region, unit.program)
        case Sweep() if not any(unit.number in alone for unit in units):
            run_sweep(step, tracer, {unit.number: Frame.whole(unit.region) for unit in units})
        case _:
            cells.trace(units)


def _store(grid: Grid, tracer: Tracer, area: Area) -> None:
    """Put the tape's numbers into the cells that hold numbers."""
    values = grid.read(area)
    slots, places = tracer.slots.read(area), tracer.places.read(area)
    data = np.array(values.data)
    for slot in np.unique(slots).tolist():
        if slot >= 0:
            here = (slots == slot) & (values.kinds == Kind.NUMBER)
            numbers = tracer.tape.arrays[slot].reshape(-1).cpu().double().numpy()
            data[here] = numbers[places[here]]
    grid.write(area, Values(data, values.kind))
