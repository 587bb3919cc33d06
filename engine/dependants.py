"""What has to be computed again when cells change: found in time that follows what depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sheetgrad.sheets.model import Area, Ints
from sheetgrad.sheets.records import record

from .footprints import view_window
from .steps import Step, Unit, units_of

Readers = Mapping[int, Sequence[int]]  # unit → the units that read it


@record
class Dependants:
    """The bounding areas of everything that units read, as columns; who reads whom; the place of each unit's step."""

    units: Ints  # (n,)
    bounds: Ints  # (5, n): sheet, top, left, bottom, right
    readers: Readers
    places: Mapping[int, int]

    @classmethod
    def of(cls, units: Sequence[Unit], edges: Mapping[int, set[int]], order: Sequence[Step]) -> Dependants:
        """Look the dependencies of units up, which are computed in an order of steps."""
        found = [(unit.number, view_window(read, unit.region).bounds) for unit in units for read in unit.reads]
        found += [(unit.number, scatter.bounds) for unit in units for scatter in unit.fixed]
        bounds = [(area.sheet, area.top, area.left, area.bottom, area.right) for _, area in found]
        numbers = np.array([number for number, _ in found], dtype=np.int32)
        places = {unit.number: place for place, step in enumerate(order) for unit in units_of(step)}
        columns = np.ascontiguousarray(np.array(bounds, dtype=np.int32).reshape(-1, 5).T)
        return cls(numbers, columns, readers_of(edges, edges), places)

    def steps(self, areas: Sequence[Area]) -> list[int]:
        """Return the places of the steps that depend on a cell of the areas, in order."""
        sheet, top, left, bottom, right = self.bounds
        met: set[int] = set()
        for area in areas:
            rows, columns = (top < area.bottom) & (bottom > area.top), (left < area.right) & (right > area.left)
            met.update(self.units[(sheet == area.sheet) & rows & columns].tolist())
        return sorted({self.places[number] for number in reaching(met, self.readers)})


def readers_of(edges: Mapping[int, set[int]], numbers: Iterable[int]) -> Readers:
    """Turn edges round: for each unit those of ``numbers`` that read it."""
    readers: dict[int, list[int]] = {}
    for number in numbers:
        for producer in edges[number]:
            readers.setdefault(producer, []).append(number)
    return readers


def reaching(first: set[int], readers: Readers) -> set[int]:
    """Return units, and all that read one of them, directly or not."""
    found, stack = set(first), list(first)
    while stack:
        for reader in readers.get(stack.pop(), ()):
            if reader not in found:
                found.add(reader)
                stack.append(reader)
    return found
