"""True cycles: the path of one, and Excel's iteration of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sheetgrad.sheets.values import Kind, Values

from .grid import TooManyCells

if TYPE_CHECKING:
    from .reference import CellEvaluator


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


def iterate(cells: CellEvaluator, members: list[int]) -> None:
    """Compute the formulas of a cycle in sheet order, round after round, from the values that stand in the grid.

    Ends when no number changes by the workbook's tolerance or more, at the latest after its number of rounds.
    """
    calculation = cells.workbook.calculation
    for _ in range(calculation.rounds):
        change = 0.0
        for number in members:
            before = _snapshot(cells, number)
            cells.store(number, cells.recompute(number))
            change = max(change, _change(before, _snapshot(cells, number)))
        if change < calculation.tolerance:
            break


def _snapshot(cells: CellEvaluator, number: int) -> Values | None:
    try:
        values = cells.grid.read(cells.formulas.area(cells.formulas.entry(number)))
    except TooManyCells:
        return None
    return Values(values.data.copy(), values.kinds.copy())


def _change(before: Values | None, after: Values | None) -> float:
    """Return the greatest change of a number; any change of kind or of another value counts as endless."""
    if before is None or after is None or before.shape != after.shape:
        return float("inf")
    numeric = (before.kinds == Kind.NUMBER) & (after.kinds == Kind.NUMBER)
    same = (before.kinds == after.kinds) & (before.data == after.data)
    if not (numeric | same).all():
        return float("inf")
    return float(np.abs(after.data - before.data)[numeric].max(initial=0.0))
