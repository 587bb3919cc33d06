"""The formulas of a cycle, compiled for the rounds of an iteration: each cell by itself, in the order of the sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.model import FormulaKind

from ..footprints import view_window
from ..formulary import Entry
from ..grid import Grid
from ..ir import Growing, Node, Offset, Pool, Scattered, View, shared
from ..lift import Lifter, Unliftable
from ..passes import FAST, mark_final, rewrite
from ..regions import Region
from .numpy import Machine
from .scalars import compile_scalar

if TYPE_CHECKING:
    from ..reference import CellEvaluator

Quick = Callable[[], bool]
_SIMPLE = (FormulaKind.NORMAL, FormulaKind.SHARED)
_MOST_READ = 256  # cells; formulas that read more are no quicker when compiled


def compiled(cells: CellEvaluator, numbers: Sequence[int]) -> dict[int, Quick]:
    """Return what computes and stores formulas once more, where that can be compiled; False where it declines.

    A formula that may read cells whose own formulas have yet to run is left out.
    """
    machine, pool = Machine(cells.grid, cells.context), Pool()
    used = _used(cells.grid, len(cells.workbook.sheets))
    found: dict[int, Quick] = {}
    for number in numbers:
        region = _region(cells, cells.formulas.entry(number))
        nodes = None if region is None else _lifted(cells, region, used, pool)
        if region is None or nodes is None or not all(_settled(cells, node, region) for node in nodes):
            continue
        scalar = compile_scalar(region, nodes, shared(nodes), cells.grid.flat)
        if scalar is not None:
            found[number] = lambda run=scalar.run: run(machine)  # type: ignore[misc]
    return found


def _used(grid: Grid, sheets: int) -> tuple[int, int]:
    areas = [grid.used(sheet) for sheet in range(sheets)]
    return max(area.bottom for area in areas), max(area.right for area in areas)


def _region(cells: CellEvaluator, entry: Entry) -> Region | None:
    """Return a region of one formula in one cell, or None for any other."""
    parsed = cells.formulas.parsed(entry)
    if parsed is None or entry.kind not in _SIMPLE:
        return None
    origin = np.array([entry.row, entry.column, *cells.formulas.slots(entry)], dtype=np.int64)
    none = np.empty((0, len(origin)), dtype=np.int64)
    return Region(entry.sheet, parsed.formula, entry.kind, origin, (), none)


def _lifted(cells: CellEvaluator, region: Region, used: tuple[int, int], pool: Pool) -> Sequence[Node] | None:
    try:
        lifter = Lifter(cells.workbook, cells.evaluation.names, region, used, pool)
        return rewrite(mark_final(lifter.lift()), FAST, pool)
    except Unliftable:
        return None


def _settled(cells: CellEvaluator, node: Node, region: Region) -> bool:
    """Tell whether a node reads a few known cells, none of which waits for its formula."""
    if isinstance(node, Offset | Growing | Scattered):
        return False
    if not isinstance(node, View):
        return True
    area = view_window(node, region).bounds
    return area.height * area.width <= _MOST_READ and not cells.marks.within(area)
