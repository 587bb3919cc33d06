"""The order of computation: dependencies between regions, and sweeps along an axis where regions depend on each other.

Regions that read one another (or themselves) are not yet a cycle. A sweep walks rows, columns or blocks of them in the order in which
every dependence points backwards, or stays within one turn and is acyclic there; each turn computes whole slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .backends.windows import Frame, Moving, moving, target
from .footprints import Marks, view_window
from .grid import Grid
from .ir import Growing, Node, Offset, View
from .regions import Region

MOST_PLACES = 1 << 25  # windows with more cells than this over all loops are not followed turn by turn
NEVER = -(1 << 30)


@dataclass(slots=True, eq=False)
class Unit:
    """A region in the schedule. ``program`` None: computed cell by cell, because of ``reason``."""

    number: int
    region: Region
    program: Node | None
    reason: str = ""
    reads: tuple[View | Growing, ...] = ()
    offsets: tuple[Offset, ...] = ()  # windows whose places are known only once their arguments are computed
    unknown: bool = False  # it may read any cell
    volatile: bool = False
    scattered: list[Scatter] = field(default_factory=list)  # where the offsets turned out to read


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Windows of one size at computed places: first ``rows`` and ``columns`` are (*loops, 1, 1)."""

    sheet: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    height: int
    width: int

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows (*loops, height, 1) and columns (*loops, 1, width) of all cells."""
        return self.rows + np.arange(self.height)[:, None], self.columns + np.arange(self.width)


@dataclass(frozen=True, slots=True)
class Whole:
    """Compute a unit at once."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class Turns:
    """When a unit takes part in a sweep: index i of ``loop`` at time ``first + i * every`` (loop -1: once)."""

    unit: Unit
    loop: int
    first: int
    every: int
    count: int

    def index(self, time: int) -> int | None:
        """Return the index of the loop to compute at a time, or None."""
        turn, rest = divmod(time - self.first, self.every)
        return turn if rest == 0 and 0 <= turn < self.count else None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Compute units turn by turn along ``axis`` (0 down the rows, 1 across the columns), ``period`` cells each turn."""

    axis: int
    period: int
    turns: tuple[Turns, ...]  # in the order in which they stand within a turn

    @property
    def times(self) -> range:
        """All turns, in order."""
        return range(
            min(turn.first for turn in self.turns),
            max(turn.first + turn.every * (turn.count - 1) for turn in self.turns) + 1,
        )


@dataclass(frozen=True, slots=True)
class CellOrder:
    """Compute units cell by cell, on demand."""

    units: tuple[Unit, ...]


Step: TypeAlias = Whole | Sweep | CellOrder


def schedule(units: Sequence[Unit], edges: dict[int, set[int]], grid: Grid, owner: Marks) -> Iterator[Step]:
    """Yield steps in an order in which everything is computed before it is read.

    ``edges[n]``: the numbers of the units that unit n reads; those not among ``units`` are done already.
    """
    by_number = {unit.number: unit for unit in units}
    for group in strong_components({number: edges[number] & by_number.keys() for number in by_number}):
        first = by_number[group[0]]
        if len(group) == 1 and group[0] not in edges[group[0]]:
            yield Whole(first) if first.program is not None else CellOrder((first,))
        else:
            members = [by_number[number] for number in sorted(group)]
            yield find_sweep(members, edges, grid, owner) or CellOrder(tuple(members))


def strong_components(edges: dict[int, set[int]]) -> Iterator[list[int]]:
    """Yield the strongly connected components of a graph, each after those it points to (Tarjan 1972, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in edges:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(sorted(edges[root])))]
        while work:
            node, successors = work[-1]
            for successor in successors:
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(sorted(edges[successor]))))
                    break
                if successor in on_stack:
                    low[node] = min(low[node], index[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node) if stack[-1] != node else len(stack) - 1
                    component = stack[cut:]
                    del stack[cut:]
                    on_stack.difference_update(component)
                    yield component


def find_sweep(units: Sequence[Unit], edges: dict[int, set[int]], grid: Grid, owner: Marks) -> Sweep | None:
    """Find an axis, a direction and a period along which the units can be computed turn by turn."""
    if any(unit.program is None for unit in units):
        return None
    for axis, period in _candidates(units):
        for forward in (True, False):
            turns = _turns(units, axis, period, forward)
            if turns is None:
                continue
            order = _order(turns, edges, grid, owner)
            if order is not None:
                return Sweep(axis, period if forward else -period, tuple(order))
    return None


def _candidates(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """Return axes and periods worth trying: the steps of the units' loops, long ones first (few turns), and 1."""
    found = {(0, 1), (1, 1)}
    for unit in units:
        for step in unit.region.steps[:, :2].tolist():
            for axis in (0, 1):
                if step[axis] and not step[1 - axis]:
                    found.add((axis, abs(step[axis])))
    return sorted(found, key=lambda candidate: -candidate[1])


def _turns(units: Sequence[Unit], axis: int, period: int, forward: bool) -> list[Turns] | None:
    """Give each unit its times: the place along the axis divided by the period."""
    start = min(int(unit.region.origin[axis]) for unit in units)
    found = []
    for unit in units:
        region = unit.region
        steps = region.steps[:, axis].tolist()
        timed = [loop for loop, step in enumerate(steps) if step and step % period == 0]
        if len(timed) > 1:
            return None
        phase = (int(region.origin[axis]) - start) % period
        spread = [(count - 1) * step for loop, (count, step) in enumerate(zip(region.counts, steps)) if loop not in timed]
        if phase + sum(min(s, 0) for s in spread) < 0 or phase + sum(max(s, 0) for s in spread) >= period:
            return None
        first = (int(region.origin[axis]) - start) // period
        loop, count, every = (timed[0], region.counts[timed[0]], steps[timed[0]] // period) if timed else (-1, 1, 1)
        if not forward:
            first, every = -first, -every
        if every < 0:
            return None
        found.append(Turns(unit, loop, first, every, count))
    return found


def _order(turns: list[Turns], edges: dict[int, set[int]], grid: Grid, owner: Marks) -> list[Turns] | None:
    """Order units within a turn, or return None where a dependence points forwards or in a circle."""
    times = Marks(grid, NEVER)
    for turn in turns:
        place = target(turn.unit.region, Frame.whole(turn.unit.region))
        times.write(place, _time_of(turn, len(place.loops)))
    by_number = {turn.unit.number: turn for turn in turns}
    same_turn: dict[int, set[int]] = {number: set() for number in by_number}
    for turn in turns:
        members = edges[turn.unit.number] & by_number.keys()
        for lag, producers in _lags(turn, times, owner):
            if lag.size and lag.max() > 0:
                return None
            if lag.size:
                same_turn[turn.unit.number] |= set(np.unique(producers[lag == 0]).tolist()) & members
    ordered = []
    for component in strong_components(same_turn):
        if len(component) > 1 or component[0] in same_turn[component[0]]:
            return None
        ordered.append(by_number[component[0]])
    return ordered


def _time_of(turn: Turns, loops: int) -> NDArray[np.int64]:
    """Return the times of a unit's formulas: (*loops, 1, 1), of length 1 but along the timed loop."""
    times = np.full((1,) * (loops + 2), turn.first, dtype=np.int64)
    if turn.loop < 0:
        return times
    shape = [1] * (loops + 2)
    shape[turn.loop] = turn.count
    return times + (np.arange(turn.count) * turn.every).reshape(shape)


def _lags(turn: Turns, times: Marks, owner: Marks) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """Yield, for each read of a unit: how much later than itself what it reads is computed, and by whom."""
    region = turn.unit.region
    own = _time_of(turn, len(region.counts))
    for read in turn.unit.reads:
        for window, at in _followed(read, turn):
            if any(down or across for _, down, across in window.loops) or own.size > 1 or True:
                size = int(np.prod([loop[0] for loop in window.loops], dtype=np.int64)) * window.height * window.width
                if size > MOST_PLACES:
                    yield np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int32)
                    return
                area = window.bounds
                when = window.strided(times.read(area), area).astype(np.int64)
                who = window.strided(owner.read(area), area)
                met = when != NEVER
                lag = np.where(met, when - (own if at is None else at), NEVER)
                yield lag[lag != NEVER], np.broadcast_to(who, lag.shape)[lag != NEVER]
    for scatter in turn.unit.scattered:
        rows, columns = scatter.places()
        top, left = int(rows.min()), int(columns.min())
        window = Moving(scatter.sheet, top, left, int(rows.max()) + 1 - top, int(columns.max()) + 1 - left, ())
        when = times.read(window.bounds)[rows - top, columns - left].astype(np.int64)
        who = owner.read(window.bounds)[rows - top, columns - left]
        lag = np.where(when != NEVER, when - own, NEVER)
        yield lag[lag != NEVER], who[lag != NEVER]


def _followed(read: View | Growing, turn: Turns) -> Iterator[tuple[Moving, NDArray[np.int64] | None]]:
    """Yield the windows to follow along the loops, with the time of the reader where it is not the unit's own array."""
    region = turn.unit.region
    if isinstance(read, View):
        yield moving(read, Frame.whole(region)), None
        return
    if turn.loop < 0:
        yield view_window(read, region), None
        return
    for index in range(turn.count):
        part = Frame.whole(region).at(turn.loop, index)
        yield _growing_window(read, part), np.array(turn.first + index * turn.every)


def _growing_window(read: Growing, frame: Frame) -> Moving:
    first = Moving(read.sheet, read.row, read.column, 1, 1, ())
    row, column = first.row, first.column
    last_row, last_column = read.row + read.height - 1, read.column + read.width - 1
    top, left, bottom, right = row, column, last_row, last_column
    for (down, across), (last_down, last_across), start, count in zip(
        read.steps, read.last_steps, frame.starts, frame.counts, strict=True
    ):
        ends = (start, start + count - 1)
        top += min(down * end for end in ends)
        left += min(across * end for end in ends)
        bottom += max(last_down * end for end in ends)
        right += max(last_across * end for end in ends)
    return Moving(read.sheet, top, left, bottom - top + 1, right - left + 1, ())
