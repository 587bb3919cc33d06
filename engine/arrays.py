"""The array evaluator: a workbook as regions of whole-array operations, run in dependency order.

Cells without an array program are left to the reference evaluator; `explain` says which, and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetgrad.sheets.addresses import quote_sheet, range_name
from sheetgrad.sheets.model import Area, FormulaKind, Workbook

from .backends.numpy import Machine
from .collecting import uncollected
from .context import Context, Kept, Place
from .footprints import cells_of
from .grid import Grid
from .ir import describe, walk
from .outcome import CellKey, Outcome
from .program import MALFORMED, Program, build
from .regions import Region
from .steps import CellOrder, Step, Sweep, Unit, Whole
from .syntax import Name
from .trees import written
from .windows import Frame, target

if TYPE_CHECKING:
    from .reference import CellEvaluator

ROUNDS_OF_SPILLS = 5


def evaluate(workbook: Workbook, grid: Grid, context: Context) -> Outcome:
    """Compute all formulas of a workbook; the values are left in the grid."""
    return evaluate_program(workbook, grid, context)[1]


def evaluate_program(workbook: Workbook, grid: Grid, context: Context) -> tuple[Program, Outcome]:
    kept, outcome = context.kept, Outcome()
    cells = _Lazy(workbook, grid, context, outcome)
    if context.changed is not None and _layout(grid) == kept.layout:
        kept.program.execute(Machine(grid, context), cells, context.changed)
        return kept.program, outcome
    for _ in range(ROUNDS_OF_SPILLS):
        outcome.cycles.clear()
        program = _program(workbook, grid, context, outcome)
        program.execute(Machine(grid, context), cells)
        if not cells.take_growth():
            break
        kept.program = None
    outcome.volatile.update(cell for unit in program.units if unit.volatile for cell in cells_of(unit.region))
    if context.as_stored and program.steady:
        kept.steady = context.seed, grid.copy()
    return program, outcome


def _layout(grid: Grid) -> tuple[Area, ...]:
    return tuple(block.area for sheet in range(grid.sheets) for block in grid.blocks(sheet))


def _program(workbook: Workbook, grid: Grid, context: Context, outcome: Outcome) -> Program:
    """Return the workbook's array program: the one kept, unless the grid is laid out in other blocks now."""
    kept, layout = context.kept, _layout(grid)
    if kept.program is not None and kept.layout == layout:
        found: Program = kept.program
        return found
    started = perf_counter()
    with uncollected():
        program = build(workbook, grid, outcome.spills)
    outcome.lift += perf_counter() - started
    if context.as_stored or kept.program is None:
        kept.program, kept.layout = program, layout
    return program


def prepare(workbook: Workbook, grid: Grid, kept: Kept) -> None:
    """Build the array program of a workbook on its stored values, for `evaluate` to find."""
    with uncollected():
        program = build(workbook, grid)
        program.plan()
    kept.program, kept.layout, kept.fresh = program, _layout(grid), grid


class _Lazy:
    """The reference evaluator, made when the first cell needs it."""

    def __init__(self, workbook: Workbook, grid: Grid, context: Context, outcome: Outcome) -> None:
        self._made_of = workbook, grid, context, outcome
        self._evaluator: CellEvaluator | None = None

    def compute(self, cells: Sequence[CellKey]) -> None:
        if self._evaluator is None:
            from .reference import CellEvaluator

            self._evaluator = CellEvaluator(*self._made_of)
            self._evaluator.compiled = self._compiled
        self._evaluator.compute(cells)

    def _compiled(self, numbers: Sequence[int]) -> Mapping[int, Callable[[], bool]]:
        """Return what computes formulas once more, without arrays, where that can be."""
        from .backends.rounds import compiled

        assert self._evaluator is not None
        return compiled(self._evaluator, numbers)

    def take_growth(self) -> bool:
        """Tell whether a dynamic array spilled over other cells than it was known to, since last asked."""
        if self._evaluator is None or not self._evaluator.grown:
            return False
        self._evaluator.grown = False
        return True


def explain(workbook: Workbook) -> dict[str, Any]:
    """Return the regions of a workbook and the steps that compute it, JSON-ready.

    ``fallback_cells`` counts the formula cells that are computed one by one; each such region says why in ``fallback``.
    """
    grid = Grid.of(workbook)
    origin = np.zeros((1, 1), dtype=np.int64)
    context = Context(workbook.strings, Place(0, origin, origin), workbook.date1904)
    program, _ = evaluate_program(workbook, grid, context)
    names = [sheet.name for sheet in workbook.sheets]
    return {
        "formulas": sum(unit.region.cells for unit in program.units),
        "templates": program.templates,
        "regions": len(program.units),
        "fallback_cells": sum(unit.region.cells for unit in program.units if unit.number in program.fallbacks),
        "steps": [_explain_step(step, names, program) for step in program.steps],
    }


def _explain_step(step: Step, names: list[str], program: Program) -> dict[str, Any]:
    match step:
        case Whole(unit):
            return {"kind": "region", "regions": [_explain_unit(unit, names, program)]}
        case Sweep():
            straight = step in program.straightened
            regions = [_explain_unit(unit, names, program) for unit in step.units]
            return {"kind": "sweep", "turns": len(step.times), "straight_line": straight, "regions": regions}
        case CellOrder(units):
            return {"kind": "cells", "regions": [_explain_unit(unit, names, program) for unit in units]}


def _explain_unit(unit: Unit, names: list[str], program: Program) -> dict[str, Any]:
    region = unit.region
    found: dict[str, Any] = {
        "range": place_of(region, names),
        "cells": region.cells,
        "formula": _formula(region),
        "loops": [
            {"count": count, "rows": int(step[0]), "columns": int(step[1])}
            for count, step in zip(region.counts, region.steps, strict=True)
        ],
    }
    if unit.number in program.fallbacks:
        found["fallback"] = program.fallbacks[unit.number]
    elif unit.program is not None:
        found["operations"] = dict(Counter(type(node).__name__ for node in walk(unit.program)))
        found["root"] = describe(unit.program)
    return found


def place_of(region: Region, names: list[str]) -> str:
    """Return the bounding range of a region, ``Sheet!A1:C3``."""
    area: Area = target(region, Frame.whole(region)).bounds
    return f"{quote_sheet(names[region.sheet])}!{range_name(area.top, area.left, area.bottom, area.right)}"


def _formula(region: Region) -> str:
    """Return the formula of a region's first cell, as text."""
    from .unparse import unparse

    if region.kind == FormulaKind.DATA_TABLE:
        return "TABLE"
    if isinstance(region.formula.tree, Name) and region.formula.tree.name == MALFORMED:
        return "(not a formula)"
    first = {index: float(held.flat[0]) for index, held in region.numbers.items()}
    return "=" + unparse(written(region.formula, first), region.origin[2:].tolist())
