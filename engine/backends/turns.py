"""Sweeps of few cells a turn that are no plain numbers: texts carried down, flags, IFERROR, rounding.

Every formula of a turn is a function on Python's own values (`backends.scalars`), called turn by turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Kind, encode

from ..grid import TooManyCells
from ..looping import Decline
from ..steps import Sweep, Turns, Unit, Whole
from .numpy import Machine
from .scalar_operations import Cells, Unsuited
from .scalars import FEW, ScalarProgram, cells_of, compile_scalar

MOST_TURNS = 1 << 22
NUMBER = int(Kind.NUMBER)


@record
class Turning:
    """A unit of a sweep: its compiled program, how far apart its turns are along each loop, and those of one time."""

    program: ScalarProgram
    strides: tuple[int, ...]
    inner: tuple[int, ...]


def run_turns(sweep: Sweep, machine: Machine) -> bool:
    """Compute a sweep turn by turn on Python's values; False where the general machine has to."""
    units = {unit.number: unit for unit in sweep.units}
    if any(unit.offsets or unit.region.size > MOST_TURNS for unit in units.values()):
        return False
    cells, turning = cells_of(machine), {}
    for unit, timed in _timed(sweep):
        found = _turning(unit, timed, cells)
        if found is None:
            return False
        turning[unit.number] = found
    for each in turning.values():
        cells.flat.own(each.program.block)
    try:
        _run(sweep, turning, cells, dict.fromkeys(turning, 0))
    except (Unsuited, Decline, TooManyCells, ArithmeticError, MemoryError, RecursionError):
        return False
    return True


def _turning(unit: Unit, timed: set[int], cells: Cells) -> Turning | None:
    region = unit.region
    inner = [loop for loop in range(len(region.counts)) if loop not in timed]
    if unit.program is None or math.prod(region.counts[loop] for loop in inner) > FEW:
        return None
    program = compile_scalar(region, unit.nodes, unit.common, cells.flat, region.size)
    if program is None:
        return None
    strides = tuple(math.prod(region.counts[loop + 1 :]) for loop in range(len(region.counts)))
    turns = product(*(range(0, region.counts[loop] * strides[loop], strides[loop]) for loop in inner))
    return Turning(program, strides, tuple(map(sum, turns)))


def _timed(sweep: Sweep) -> list[tuple[Unit, set[int]]]:
    """Return each unit with the loops that are swept around it."""
    found = []
    for item in sweep.body:
        if isinstance(item, Whole):
            found.append((item.unit, {sweep.turns[item.unit.number].loop}))
        else:
            found += [(unit, {*timed, sweep.turns[unit.number].loop}) for unit, timed in _timed(item)]
    return found


def _run(sweep: Sweep, turning: Mapping[int, Turning], cells: Cells, bases: Mapping[int, int]) -> None:
    """Compute a sweep from the turns ``bases`` of its units on; those that take no part at a time have none."""
    for time in sweep.times:
        now = {}
        for number, turn in sweep.turns.items():
            index = turn.index(time)
            if index is not None and number in bases:
                now[number] = bases[number] + _further(turn, turning[number], index)
        for item in sweep.body:
            if isinstance(item, Sweep):
                _run(item, turning, cells, now)
            elif item.unit.number in now:
                _compute(turning[item.unit.number], cells, now[item.unit.number])


def _further(turn: Turns, unit: Turning, index: int) -> int:
    return index * unit.strides[turn.loop] if turn.loop >= 0 else 0


def _compute(unit: Turning, cells: Cells, first: int) -> None:
    """Compute and store the cells of a time."""
    program = unit.program
    data, kinds = cells.data[program.block], cells.kinds[program.block]
    for further in unit.inner:
        turn = first + further
        cells.begin(program.region, program.common, turn, program.turns[turn])
        value = program.root(cells)
        payload, kind = (value, NUMBER) if type(value) is float else encode(value, cells.strings)
        at = program.places[turn]
        data[at], kinds[at] = payload, kind or NUMBER  # an empty result is 0
