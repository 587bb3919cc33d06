"""The steps of a computation: a unit at once, a sweep over units turn by turn, or cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sheetgrad.sheets.records import record

from .ir import Growing, Indirect, Node, Offset, View
from .regions import Region
from .sizes import Size
from .windows import Scatter

if TYPE_CHECKING:
    from .backends.scalars import Prepared, ScalarProgram


@dataclass(slots=True, eq=False)
class Unit:
    """A region in the schedule. ``program`` None: computed cell by cell, because of ``reason``."""

    number: int
    region: Region
    program: Node | None
    reason: str = ""
    reads: tuple[View | Growing, ...] = ()
    offsets: tuple[Offset | Indirect, ...] = ()  # whose places are known only once their arguments are computed
    unknown: bool = False  # it may read any cell
    volatile: bool = False
    fixed: tuple[Scatter, ...] = ()  # where references that follow no loop read
    scattered: tuple[Scatter, ...] = ()  # the same, and where the offsets turned out to read
    common: frozenset[int] = frozenset()  # the nodes of the program that are used more than once, by identity
    sizes: frozenset[Size] | None = None  # of the arrays that the program computes, where they matter
    nodes: Sequence[Node] = ()  # of the program, children before parents
    scalar: ScalarProgram | None = None  # of a few cells: what computes them without arrays
    prepared: Prepared | None = None  # of a larger fill: what is found before it is computed


@record
class Whole:
    """Compute a unit at once."""

    unit: Unit


@record
class Turns:
    """When a unit takes part in a sweep: index i of ``loop`` at ``first + i``, backwards ``first - i`` (-1: once)."""

    unit: Unit
    loop: int
    first: int
    count: int
    forward: bool = True

    def index(self, time: int) -> int | None:
        """Return the index of the loop to compute at a time, or None."""
        index = time - self.first if self.forward else self.first - time
        return index if 0 <= index < self.count else None

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last time."""
        last = self.first + (self.count - 1 if self.forward else 1 - self.count)
        return min(self.first, last), max(self.first, last)


@record
class Sweep:
    """Compute units turn by turn; within a turn the ``body`` in order: units, or sweeps along a further loop."""

    turns: dict[int, Turns]  # by the number of the unit
    body: tuple[Whole | Sweep, ...]

    @property
    def times(self) -> range:
        """All turns, in order."""
        spans = [turn.span for turn in self.turns.values()]
        return range(min(first for first, _ in spans), max(last for _, last in spans) + 1)

    @property
    def units(self) -> list[Unit]:
        return [turn.unit for turn in self.turns.values()]


@record
class CellOrder:
    """Compute units cell by cell, on demand."""

    units: tuple[Unit, ...]


Step: TypeAlias = Whole | Sweep | CellOrder


def units_of(step: Step) -> Sequence[Unit]:
    """Return the units that a step computes."""
    match step:
        case Whole(unit):
            return (unit,)
        case Sweep():
            return step.units
        case CellOrder(units):
            return units
