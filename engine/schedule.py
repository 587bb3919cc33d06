"""The order of computation: dependencies between regions, and sweeps where regions depend on each other.

Regions that read one another, or themselves, are not yet a cycle: see `engine.sweeps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .footprints import Marks
from .graphs import strong_components
from .steps import CellOrder, Step, Unit, Whole
from .sweeps import find_sweep


def schedule(units: Sequence[Unit], edges: dict[int, set[int]], owner: Marks) -> Iterator[Step]:
    """Yield steps in an order in which everything is computed before it is read.

    ``edges[n]``: the numbers of the units that unit n reads; those not among ``units`` are done already.
    """
    by_number = {unit.number: unit for unit in units}
    among = {number: {read for read in edges[number] if read in by_number} for number in by_number}
    for group in strong_components(among):
        first = by_number[group[0]]
        if len(group) == 1 and group[0] not in edges[group[0]]:
            yield Whole(first) if first.program is not None else CellOrder((first,))
        else:
            members = [by_number[number] for number in sorted(group)]
            yield find_sweep(members, owner) or CellOrder(tuple(members))
