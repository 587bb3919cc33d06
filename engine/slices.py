"""The part of an array program that leads from some cells to others: affected by the inputs, needed for the outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sheetgrad.sheets.model import Area, FormulaKind
from sheetgrad.sheets.records import record

from .footprints import Marks, met, view_window
from .program import Program
from .steps import Step, Unit, units_of
from .windows import Moving


@record
class Slice:
    """The steps between inputs and outputs, in order, and the numbers of their units.

    ``reached``: the outputs whose cells the inputs affect, or that are inputs themselves.
    """

    steps: tuple[Step, ...]
    units: frozenset[int]
    reached: tuple[bool, ...]

    @classmethod
    def of(cls, program: Program, inputs: Sequence[Area], outputs: Sequence[Area], also: Iterable[int] = ()) -> Slice:
        """Slice a program that has been executed; the units ``also`` are affected whatever they read."""
        sources = Marks(program.owner.grid, 0)
        for area in inputs:
            sources.write(_window(area), 1)
        edges = {unit.number: _reads(program, unit) for unit in program.units}
        touched = {unit.number for unit in program.units if _touches(unit, inputs, sources)}
        affected = _closure(touched | set(also), _reversed(edges))
        ends = [set(program.owner.distinct(_window(area))) for area in outputs]
        chosen = affected & _closure({number for end in ends for number in end}, edges)
        steps = tuple(step for step in program.steps if any(unit.number in chosen for unit in units_of(step)))
        units = frozenset(unit.number for step in steps for unit in units_of(step))
        reached = tuple(
            bool(end & affected) or any(_meet(area, source) for source in inputs)
            for end, area in zip(ends, outputs, strict=True)
        )
        return cls(steps, units, reached)


def spills(unit: Unit) -> bool:
    """Tell whether a unit is a dynamic array whose size may follow its inputs."""
    return unit.region.kind == FormulaKind.DYNAMIC and unit.region.extent != (1, 1)


def _window(area: Area) -> Moving:
    return Moving(area.sheet, area.top, area.left, area.height, area.width, ())


def _reads(program: Program, unit: Unit) -> set[int]:
    found = set(program.edges[unit.number])
    for scatter in unit.scattered:
        found |= met(program.owner, scatter)
    if unit.unknown:
        found.update(other.number for other in program.units)
    return found


def _touches(unit: Unit, inputs: Sequence[Area], sources: Marks) -> bool:
    """Tell whether a unit reads any of the input cells."""
    if unit.unknown:
        return True
    for read in unit.reads:
        window = view_window(read, unit.region)
        if any(_meet(window.bounds, area) for area in inputs) and sources.distinct(window):
            return True
    return any(_meet(scatter.bounds, area) for scatter in unit.scattered for area in inputs)


def _meet(one: Area, other: Area) -> bool:
    return (
        one.sheet == other.sheet
        and one.top < other.bottom
        and other.top < one.bottom
        and one.left < other.right
        and other.left < one.right
    )


def _reversed(edges: dict[int, set[int]]) -> dict[int, set[int]]:
    readers: dict[int, set[int]] = {number: set() for number in edges}
    for reader, producers in edges.items():
        for producer in producers:
            readers[producer].add(reader)
    return readers


def _closure(start: Iterable[int], edges: dict[int, set[int]]) -> set[int]:
    found = set(start)
    stack = list(found)
    while stack:
        new = edges[stack.pop()] - found
        found |= new
        stack += new
    return found
