"""Sweeps: how regions that read one another are computed turn by turn.

Each unit is given one of its loops as time, and an offset, such that whatever a cell reads lies at an earlier time, or
at the same time and earlier in the order of units. Where units read one another within one time, a further loop is
swept inside.
Epochs of training are such a loop, and so are the rows of a running sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import methodcaller
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .distinct import distinct_values
from .footprints import Marks, met, view_window
from .graphs import strong_components
from .grid import TooManyCells
from .ir import Growing, View
from .steps import Sweep, Turns, Unit, Whole
from .windows import Frame, Moving, moving, target

MOST_PLACES = 1 << 25  # windows with more cells than this over all loops are not followed
MOST_TRIES, MOST_UNITS = 12, 256  # of more units than this, nobody has yet seen a sweep
NEVER = -(1 << 30)

Lags: TypeAlias = dict[tuple[int, int], int]  # (reader, producer) → the most that what is read is later than the reader
Level: TypeAlias = tuple[Marks, Mapping[int, Turns]]  # the time of each cell, and the turns of each unit


def find_sweep(units: Sequence[Unit], owner: Marks, outer: tuple[Level, ...] = ()) -> Sweep | None:
    """Find loops along which the units can be computed turn by turn, inside the turns of ``outer`` sweeps."""
    if len(units) > MOST_UNITS or any(unit.program is None for unit in units):
        return None
    tries = 0
    for loops in _assignments(units, owner, outer):
        for forward in (True, False):
            sweep = _sweep(units, loops, forward, owner, outer)
            tries += 1
            if sweep is not None:
                return sweep
            if tries >= MOST_TRIES:
                return None
    return None


def _sweep(
    units: Sequence[Unit], loops: Mapping[int, int], forward: bool, owner: Marks, outer: tuple[Level, ...]
) -> Sweep | None:
    """Try one choice of loops: find the offsets, then order the units within a turn."""
    turns = {unit.number: _turns(unit, loops[unit.number], forward, 0) for unit in units}
    lags = _lags(units, (_times(turns, owner), turns), owner, outer)
    if lags is None:
        return None
    offsets = _offsets(list(turns), lags)
    if offsets is None:
        return None
    turns = {unit.number: _turns(unit, loops[unit.number], forward, offsets[unit.number]) for unit in units}
    tight: dict[int, set[int]] = {number: set() for number in turns}
    for (reader, producer), lag in lags.items():
        if lag + offsets[producer] == offsets[reader]:
            tight[reader].add(producer)
    body: list[Whole | Sweep] = []
    for component in strong_components(tight):
        if len(component) == 1 and component[0] not in tight[component[0]]:
            body.append(Whole(turns[component[0]].unit))
            continue
        inner = find_sweep([turns[number].unit for number in component], owner, (*outer, (_times(turns, owner), turns)))
        if inner is None:
            return None
        body.append(inner)
    return Sweep(turns, tuple(body))


def _turns(unit: Unit, loop: int, forward: bool, first: int) -> Turns:
    return Turns(unit, loop, first, unit.region.counts[loop] if loop >= 0 else 1, forward)


def _assignments(units: Sequence[Unit], owner: Marks, outer: tuple[Level, ...]) -> Iterator[dict[int, int]]:
    """Yield choices of one loop for each unit, starting from each loop of the unit with the most, few turns first."""
    taken = {unit.number: {level[1][unit.number].loop for level in outer} for unit in units}
    reads = {unit.number: list(_moves(unit, owner)) for unit in units}
    seen: set[tuple[int, ...]] = set()
    for seed in sorted(units, key=lambda unit: -len(unit.region.counts)):
        free = set(range(len(seed.region.counts))) - taken[seed.number]
        for loop in sorted(free, key=seed.region.counts.__getitem__):
            chosen = _spread(units, reads, seed.number, loop, taken)
            key = tuple(chosen[unit.number] for unit in units)
            if key not in seen:
                seen.add(key)
                yield chosen


def _moves(unit: Unit, owner: Marks) -> Iterator[tuple[tuple[tuple[int, int], ...], list[int]]]:
    """Yield, for each read of a unit, how it moves along each loop and which units it meets."""
    for read in unit.reads:
        steps = read.steps if isinstance(read, View) else tuple(zip(*_outer_steps(read), strict=True))
        yield steps, owner.distinct(view_window(read, unit.region))
    for scatter in unit.scattered:
        yield scatter.steps or ((0, 0),) * len(unit.region.counts), sorted(met(owner, scatter))


def _outer_steps(read: Growing) -> tuple[list[int], list[int]]:
    """Return the steps of whichever corner moves."""
    pairs = list(zip(read.steps, read.last_steps, strict=True))
    return [first[0] or last[0] for first, last in pairs], [first[1] or last[1] for first, last in pairs]


def _spread(
    units: Sequence[Unit],
    reads: Mapping[int, list[tuple[tuple[tuple[int, int], ...], list[int]]]],
    seed: int,
    loop: int,
    taken: Mapping[int, set[int]],
) -> dict[int, int]:
    """Give every unit the loop that moves in step with the seed's: what is read moves as its own cells do."""
    by_number = {unit.number: unit for unit in units}
    chosen = {seed: loop}
    changed = True
    while changed:
        changed = False
        for reader, moves in reads.items():
            for steps, producers in moves:
                for producer in producers:
                    if producer not in by_number or (producer in chosen) == (reader in chosen):
                        continue
                    if reader in chosen:
                        step = steps[chosen[reader]] if chosen[reader] >= 0 else (0, 0)
                        match = _loop_moving(by_number[producer], step, taken[producer])
                        known = producer
                    else:
                        step = _step(by_number[producer], chosen[producer])
                        candidates = [at for at, own in enumerate(steps) if own == step and own != (0, 0)]
                        match = next((at for at in candidates if at not in taken[reader]), None)
                        known = reader
                    if match is not None:
                        chosen[known] = match
                        changed = True
    return {unit.number: chosen.get(unit.number, -1) for unit in units}


def _step(unit: Unit, loop: int) -> tuple[int, int]:
    if loop < 0:
        return 0, 0
    return int(unit.region.steps[loop, 0]), int(unit.region.steps[loop, 1])


def _loop_moving(unit: Unit, step: tuple[int, int], taken: set[int]) -> int | None:
    if step == (0, 0):
        return None
    return next((at for at in range(len(unit.region.counts)) if _step(unit, at) == step and at not in taken), None)


def _times(turns: Mapping[int, Turns], owner: Marks) -> Marks:
    """Return the time of every cell of the units."""
    times = Marks(owner.grid, NEVER)
    for turn in turns.values():
        times.write(target(turn.unit.region, Frame.whole(turn.unit.region)), _own_times(turn))
    return times


def _own_times(turn: Turns) -> NDArray[np.int64]:
    """Return the times of a unit's formulas: (*loops, 1, 1), of length 1 but along the timed loop."""
    shape = [1] * (len(turn.unit.region.counts) + 2)
    if turn.loop >= 0:
        shape[turn.loop] = turn.count
    index = np.arange(turn.count)
    return (turn.first + (index if turn.forward else -index)).reshape(shape)


def _offsets(numbers: list[int], lags: Lags) -> dict[int, int] | None:
    """Return the least offsets that put every producer no later than its reader, or None where a circle forbids it."""
    offsets = dict.fromkeys(numbers, 0)
    for _ in range(len(numbers) + 1):
        changed = False
        for (reader, producer), lag in lags.items():
            if offsets[producer] + lag > offsets[reader]:
                offsets[reader] = offsets[producer] + lag
                changed = True
        if not changed:
            return offsets
    return None


def _lags(units: Sequence[Unit], level: Level, owner: Marks, outer: tuple[Level, ...]) -> Lags | None:
    """Return how much later than its reader anything read is at most; None where no offsets can make up for it."""
    lags: Lags = {}
    numbers = {unit.number for unit in units}
    for unit in units:
        for lag, who in _read_lags(unit, level, owner, outer):
            if lag is None:
                return None
            if not lag.size:
                continue
            for producer in distinct_values(who).tolist():
                if producer in numbers:
                    key = unit.number, producer
                    lags[key] = max(lags.get(key, NEVER), int(lag[who == producer].max()))
        if _offsets(list(numbers), lags) is None:
            return None
    return lags


def _read_lags(
    unit: Unit, level: Level, owner: Marks, outer: tuple[Level, ...]
) -> Iterator[tuple[NDArray[np.int64] | None, NDArray[np.int32]]]:
    """Yield the lags of each read of a unit, cell by cell, and who computes what is read, within one outer turn."""
    for read in unit.reads:
        if isinstance(read, Growing):
            yield from _growing_lags(read, unit, level, owner, outer)
            continue
        window = moving(read, Frame.whole(unit.region))
        if _places(window) > MOST_PLACES:
            yield None, np.empty(0, dtype=np.int32)
            return
        try:
            lag = _lag(methodcaller("look", window), unit, level, owner, outer)
        except TooManyCells:
            yield None, np.empty(0, dtype=np.int32)
            return
        yield lag
    for scatter in unit.scattered:
        yield _lag(methodcaller("gather", scatter), unit, level, owner, outer)


def _lag(
    look: Callable[[Marks], NDArray[np.int32]], unit: Unit, level: Level, owner: Marks, outer: tuple[Level, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Compare the times of what is read (``look`` reads marks) with the reader's own."""
    times, turns = level
    when = look(times)
    here = when != NEVER
    lag = when.astype(np.int64) - _own_times(turns[unit.number])
    who = np.broadcast_to(look(owner), lag.shape)
    here = np.broadcast_to(here, lag.shape)
    for outer_times, outer_turns in outer:
        same = look(outer_times) == _own_times(outer_turns[unit.number])
        lag, who, here, same = np.broadcast_arrays(lag, who, here, same)
        here = here & same
    return lag[here], who[here]


def _growing_lags(
    read: Growing, unit: Unit, level: Level, owner: Marks, outer: tuple[Level, ...]
) -> Iterator[tuple[NDArray[np.int64] | None, NDArray[np.int32]]]:
    """Follow a growing window by what each turn adds to it: the latest it holds is a running maximum."""
    times, turns = level
    turn = turns[unit.number]
    if turn.loop < 0 or outer or not turn.forward:
        yield None, np.empty(0, dtype=np.int32)
        return
    down, across = read.last_steps[turn.loop]
    if read.steps[turn.loop] != (0, 0) or down < 0 or across < 0 or (down and across):
        yield None, np.empty(0, dtype=np.int32)
        return
    whole = view_window(read, unit.region).bounds
    axis, step = (0, down) if down else (1, across)
    if whole.height * whole.width > MOST_PLACES:
        yield None, np.empty(0, dtype=np.int32)
        return
    when, who = times.read(whole).astype(np.int64), owner.read(whole)
    first = (whole.height if axis == 0 else whole.width) - step * (turn.count - 1)
    ends = first + step * np.arange(turn.count) - 1
    own = _own_times(turn).ravel()
    for producer in owner.distinct(view_window(read, unit.region)):
        latest = np.where(who == producer, when, NEVER).max(axis=1 - axis)
        latest = np.maximum.accumulate(latest)[ends]
        met = latest != NEVER
        yield (latest - own)[met], np.full(int(met.sum()), producer, dtype=np.int32)


def _places(window: Moving) -> int:
    return int(np.prod([loop[0] for loop in window.loops], dtype=np.int64)) * window.height * window.width
