"""The loops of straight-line code while they are written: what each turn takes along, computes, keeps and stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, groupby

from .straight_places import Moves, Spot, Unsuited

LONGEST = 60_000  # characters of one line
FEW_GATHERED = 3  # fewer neighbours than this are read one by one


@dataclass(slots=True)
class Loop:
    """A loop while its body is written."""

    depth: int
    times: range
    outer: Loop | None
    active: set[int] = field(default_factory=set)  # the units that take part
    taken: dict[str, str] = field(default_factory=dict)  # what the loop runs over → the name of each item
    before: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    ahead: dict[Spot, tuple[int, str]] = field(default_factory=dict)  # cells of a turn → their unit and name
    names: dict[Spot, str] = field(default_factory=dict)  # those that are computed already
    kept: dict[tuple[Spot, int], str] = field(default_factory=dict)  # those of so many turns back → the name

    @property
    def outwards(self) -> Iterator[Loop]:
        """This loop and those around it."""
        loop: Loop | None = self
        while loop is not None:
            yield loop
            loop = loop.outer

    def at(self, depth: int) -> Loop:
        """Return this loop or the one around it at a depth."""
        return next(loop for loop in self.outwards if loop.depth == depth)

    def rendered(self) -> list[str]:
        """Return the lines of the loop."""
        names, ranges = list(self.taken.values()), list(self.taken)
        if len(names) > 1:
            header = f"for {', '.join(names)} in zip({', '.join(ranges)}):"
        else:
            header = f"for {names[0] if names else '_'} in {ranges[0] if ranges else f'range({len(self.times)})'}:"
        shifted = []
        for (spot, back), name in sorted(self.kept.items(), key=lambda each: -each[0][1]):
            shifted.append(f"{name} = {self.kept[spot, back - 1] if back > 1 else self.ahead[spot][1]}")
        return [*self.before, header, *indented([*self.body, *shifted])]


def indented(lines: list[str]) -> list[str]:
    """Return lines one step further in."""
    return ["    " + line for line in lines]


class Loops:
    """The loop that is being written, its statements, and the names of indices."""

    def __init__(self) -> None:
        self.loop = Loop(0, range(1), None)
        self._numbers = count()
        self._pending: list[tuple[Spot, str, int]] = []  # cells that are computed and not yet stored, by unit
        self._gathering: list[tuple[str, int, str, int]] = []  # name, sheet, place, offset: not yet written
        self._gathers: dict[str, tuple[int, str, int]] = {}

    def name(self, letter: str) -> str:
        """Return a new name."""
        return f"{letter}{next(self._numbers)}"

    # statements

    def assign(self, name: str, code: str) -> None:
        """Write an assignment; a gather waits for its neighbours."""
        if code in self._gathers:
            self._gathering.append((name, *self._gathers[code]))
        else:
            self.emit(f"{name} = {code}")

    def emit(self, *lines: str) -> None:
        """Write lines, after the gathers that wait."""
        waiting, self._gathering = self._gathering, []
        for _, run in groupby(enumerate(waiting), lambda each: (*each[1][1:3], each[1][3] - each[0])):
            self.loop.body += _gathered([gather for _, gather in run])
        if any(len(line) > LONGEST for line in lines):
            raise Unsuited
        self.loop.body += lines

    def computed(self, spot: Spot, name: str, unit: int) -> None:
        """Note a cell that has been assigned, to be stored with its neighbours."""
        self.loop.names[spot] = name
        self._pending.append((spot, name, unit))

    def settle(self, units: set[int] | None = None) -> None:
        """Store what is computed but not yet stored, if any of it is of some units."""
        if units is not None and not any(unit in units for _, _, unit in self._pending):
            return
        ordered = sorted(self._pending, key=lambda each: (each[0].sheet, each[0].moves, each[0].base))
        self._pending = []
        for _, run in groupby(enumerate(ordered), lambda each: _line_of(each[1][0], each[0])):
            together = [(spot, name) for _, (spot, name, _) in run]
            spot, name = together[0]
            if len(together) == 1:
                self.emit(f"{self.at(spot)} = {name}")
                continue
            first, last = self.index(spot), self.index(spot, len(together))
            self.emit(f"m{spot.sheet}[{first}:{last}] = {', '.join(name for _, name in together)}")
        self.emit()

    # places

    def at(self, spot: Spot) -> str:
        """Return the expression of a cell of an arena."""
        return f"m{spot.sheet}[{self.index(spot)}]"

    def gather(self, sheet: int, place: str, offset: int) -> str:
        """Return the expression of a cell whose place is a name or a computed index."""
        code = f"m{sheet}[{place} + {offset}]" if offset else f"m{sheet}[{place}]"
        self._gathers[code] = sheet, place, offset
        return code

    def index(self, spot: Spot, shift: int = 0) -> str:
        """Return the expression of a spot's index, so many cells further."""
        return self.sum(spot.base + shift, spot.moves)

    def sum(self, base: int, moves: Moves, loop: Loop | None = None) -> str:
        """Return the expression of a base and what each variable adds to it."""
        terms = [self._pointer(loop or self.loop, tuple(move for move in moves if move[0][0] == "t"))]
        terms += [f"{name}*{stride}" for name, stride in moves if name[0] == "j"]
        terms = [term for term in terms if term]
        if base or not terms:
            terms.append(str(base))
        return " + ".join(terms)

    def _pointer(self, loop: Loop | None, moves: Moves) -> str:
        """Return the name of a sum of times and strides, which the loop of the innermost of them counts."""
        if not moves:
            return ""
        deepest = max(moves, key=lambda move: int(move[0][1:]))
        assert loop is not None
        loop = loop.at(int(deepest[0][1:]))
        outer = self._pointer(loop.outer, tuple(move for move in moves if move is not deepest))
        stride = deepest[1]
        before = f"{outer} + " if outer else ""
        counted = f"range({before}{loop.times.start * stride}, {before}{loop.times.stop * stride}, {stride})"
        if counted not in loop.taken:
            loop.taken[counted] = self.name("p")
        return loop.taken[counted]


def _line_of(spot: Spot, position: int) -> tuple[object, ...]:
    """Return what neighbours at successive positions have in common."""
    return spot.sheet, spot.moves, spot.base - position


def _gathered(run: list[tuple[str, int, str, int]]) -> list[str]:
    """Write the gathers of cells that lie side by side."""
    _, sheet, place, offset = run[0]
    if len(run) < FEW_GATHERED:
        return [f"{name} = m{sheet}[{place} + {offset}]" for name, _, _, offset in run]
    first = f"{place} + {offset}" if offset else place
    return [f"{', '.join(each[0] for each in run)} = m{sheet}[{first}:{place} + {offset + len(run)}]"]
