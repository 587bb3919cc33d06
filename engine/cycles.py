"""True cycles: the path of one, and Excel's iteration of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Kind, Values

from .grid import TooManyCells
from .work import FORMULA

if TYPE_CHECKING:
    from .reference import CellEvaluator

_NUMBER = int(Kind.NUMBER)
_UNCOMPILED = 2  # rounds; most cycles settle at once or take many


def closed_path(edges: Mapping[int, set[int]], start: int) -> list[int]:
    """Return a shortest path from ``start`` back to it; ``edges`` are those of a strongly connected component.

    >>> closed_path({1: {2}, 2: {3, 2}, 3: {1}}, 1)
    [1, 2, 3, 1]
    """
    came_from: dict[int, int] = {}
    front = [start]
    while front:
        following = []
        for number in front:
            for read in sorted(edges.get(number, ())):
                if read == start:
                    return [start, *reversed(_trail(came_from, number, start)), start]
                if read not in came_from and read in edges:
                    came_from[read] = number
                    following.append(read)
        front = following
    return [start, start]


def _trail(came_from: Mapping[int, int], number: int, start: int) -> list[int]:
    trail = []
    while number != start:
        trail.append(number)
        number = came_from[number]
    return trail


def iterate(cells: CellEvaluator, members: list[int]) -> int:
    """Compute the formulas of a cycle in sheet order, round after round, from the values that stand in the grid.

    Ends when no number changes by the workbook's tolerance or more, at the latest after its number of rounds. Returns
    how many rounds were made where the account of repeated work was spent before, else 0.
    """
    calculation, work = cells.workbook.calculation, cells.context.work
    quick: Mapping[int, Callable[[], bool]] = {}
    for done in range(calculation.rounds):
        if done == _UNCOMPILED:
            quick = cells.compiled(members)
        steps = len(quick) + FORMULA * (len(members) - len(quick))
        if done and work.left < steps:
            return done
        work.left -= steps
        change = max(_turn(cells, number, quick.get(number)) for number in members)
        if change < calculation.tolerance:
            break
    return 0


def _turn(cells: CellEvaluator, number: int, quick: Callable[[], bool] | None) -> float:
    """Compute a formula once more, by its compiled form where there is one; return by how much it changed."""
    area = cells.formulas.area(cells.formulas.entry(number))
    if area.height == area.width == 1:
        before = _cell(cells, area)
        if quick is None or not quick():
            cells.store(number, cells.recompute(number))
        after = _cell(cells, area)
        if before == after:
            return 0.0
        return abs(after[0] - before[0]) if before[1] == after[1] == _NUMBER else math.inf
    earlier = _snapshot(cells, area)
    cells.store(number, cells.recompute(number))
    return _change(earlier, _snapshot(cells, cells.formulas.area(cells.formulas.entry(number))))


def _cell(cells: CellEvaluator, area: Area) -> tuple[float, int]:
    """Return the payload and the kind of one cell."""
    flat = cells.grid.flat
    place = flat.find(area.sheet, area.top, area.left)
    return (0.0, 0) if place is None else (flat.data[place[0]][place[1]], flat.kinds[place[0]][place[1]])


def _snapshot(cells: CellEvaluator, area: Area) -> Values | None:
    try:
        values = cells.grid.read(area)
    except TooManyCells:
        return None
    return Values(values.data.copy(), values.kinds.copy())


def _change(before: Values | None, after: Values | None) -> float:
    """Return the greatest change of a number; any change of kind or of another value counts as endless."""
    if before is None or after is None or before.shape != after.shape:
        return math.inf
    numeric = (before.kinds == Kind.NUMBER) & (after.kinds == Kind.NUMBER)
    same = (before.kinds == after.kinds) & (before.data == after.data)
    if not (numeric | same).all():
        return math.inf
    return float(np.abs(after.data - before.data)[numeric].max(initial=0.0))
