"""Conditional aggregates and MATCH over windows that grow or slide along a fill: ``COUNTIF($A$1:A9,A9)`` filled down.

The windows of all turns are intervals of one range, so that range is sorted once, for all turns together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Values

from ..call import finished
from ..context import Context
from ..grid import Grid
from ..ir import Apply, Growing, Node, View
from ..regions import Region
from ..windows import Frame

LONG = 1 << 12  # cells of all windows together from which on sliding ones are done here, too

Places: TypeAlias = NDArray[np.int64]

CONDITIONAL: Mapping[str, tuple[int | None, int]] = {  # where the measured range is, and the first that is tested
    "COUNTIF": (None, 0),
    "COUNTIFS": (None, 0),
    "SUMIF": (2, 0),
    "AVERAGEIF": (2, 0),
    "SUMIFS": (0, 1),
    "AVERAGEIFS": (0, 1),
    "MAXIFS": (0, 1),
    "MINIFS": (0, 1),
}
WINDOWED = frozenset(CONDITIONAL) | {"MATCH"}


class Evaluation(Protocol):
    """An evaluation of a program in a frame."""

    grid: Grid
    context: Context
    region: Region
    frame: Frame

    def value(self, node: Node) -> Values:
        """Evaluate a node."""

    def within(self, frame: Frame) -> Evaluation:
        """Return an evaluation of a part of the frame."""


@record
class Window:
    """A range over all turns of a loop, its lines down or across, and from which to which line each turn reads."""

    values: Values  # (lines, cells of a line)
    start: Places
    stop: Places


def windowed(evaluation: Evaluation, node: Apply) -> Values | None:
    """Evaluate a call with windows that change along a loop; None where it is not of the kind."""
    ranges = [argument.node for i, argument in enumerate(node.arguments) if i in _ranges(node)]
    frame = evaluation.frame
    grows = any(isinstance(each, Growing) for each in ranges)
    changing = {loop for each in ranges for loop in _changing(each, frame, grows)}
    if not (grows or (changing and _long(ranges, frame))) or not all(
        isinstance(each, View | Growing) for each in ranges
    ):
        return None
    loop = max(changing, key=frame.counts.__getitem__)
    others = [other for other in changing if other != loop]
    if not others:
        return _along(evaluation, node, loop)
    return _parts(evaluation, node, loop, others)


def _parts(evaluation: Evaluation, node: Apply, loop: int, others: Sequence[int]) -> Values | None:
    """Evaluate turn by turn of all loops but one along which windows change."""
    frame = evaluation.frame
    data, kind = np.zeros((*frame.counts, 1, 1)), np.zeros((*frame.counts, 1, 1), dtype=np.uint8)
    for at in product(*(range(frame.counts[other]) for other in others)):
        part, place = frame, [slice(None)] * len(frame.counts)
        for other, index in zip(others, at, strict=True):
            part, place[other] = part.at(other, frame.starts[other] + index), slice(index, index + 1)
        found = _along(evaluation.within(part), node, loop)
        if found is None:
            return None
        data[tuple(place)], kind[tuple(place)] = found.data, found.kinds
    return Values(data, kind)


def _along(evaluation: Evaluation, node: Apply, loop: int) -> Values | None:
    frame, taken = evaluation.frame, _ranges(node)
    windows = {i: _window(evaluation, node.arguments[i].node, loop) for i in taken if i < len(node.arguments)}
    first = next(iter(windows.values()))
    criteria = [evaluation.value(each.node) for i, each in enumerate(node.arguments) if i not in taken]
    if first is None or any(values.shape[-2:] != (1, 1) for values in criteria):
        return None
    shape = (*frame.counts, 1, 1)
    across = first.values.shape[1]
    turn = [1] * len(shape)
    turn[loop] = frame.counts[loop]
    start, stop = (np.broadcast_to((line * across).reshape(turn), shape).ravel() for line in (first.start, first.stop))
    ready = {i: each.values for i, each in windows.items() if each is not None and _alike(each, first)}
    if len(ready) < len(windows):
        return None
    flat = [_flat(values, shape) for values in criteria]
    if node.function == "MATCH":
        from ..functions.lookup import match_within

        result = match_within(flat, ready[1], (start, stop), evaluation.context)
    else:
        measured, tested = CONDITIONAL[node.function]
        tests = list(zip([ready[i] for i in sorted(ready) if i != measured and i >= tested], flat, strict=True))
        measure = tests[0][0] if measured is None or measured not in ready else ready[measured]
        from ..functions.conditional import within

        result = within(node.function, measure, tests, (start, stop), evaluation.context)
    return None if result is None else finished(result, shape, evaluation.context)


def _ranges(node: Apply) -> Sequence[int]:
    """Return which arguments are ranges."""
    if node.function == "MATCH":
        return (1,)
    measured, tested = CONDITIONAL[node.function]
    own = [] if measured is None or measured >= len(node.arguments) else [measured]
    last = len(node.arguments) if measured != 2 else 2
    return sorted([*own, *range(tested, last, 2)])


def _changing(node: Node, frame: Frame, grows: bool) -> set[int]:
    """Return the loops along which a window changes, also those of one turn where one grows."""
    if not isinstance(node, View | Growing):
        return set()
    last_steps = node.last_steps if isinstance(node, Growing) else node.steps
    moves = zip(frame.counts, node.steps, last_steps, strict=True)
    return {loop for loop, (count, *steps) in enumerate(moves) if (count > 1 or grows) and steps != [(0, 0)] * 2}


def _long(ranges: Sequence[Node], frame: Frame) -> bool:
    """Tell whether windows that slide are worth sorting."""
    cells = max((each.height * each.width for each in ranges if isinstance(each, View)), default=0)
    return cells * max(frame.counts, default=1) > LONG


def _window(evaluation: Evaluation, node: Node, loop: int) -> Window | None:
    """Read a range over all turns of a loop, or None where it changes down and across."""
    assert isinstance(node, View | Growing)
    last_steps = node.last_steps if isinstance(node, Growing) else node.steps
    corner, end = [node.row, node.column], [node.row + node.height, node.column + node.width]
    for first, last, at in zip(node.steps, last_steps, evaluation.frame.starts, strict=True):
        for axis in (0, 1):
            corner[axis] += first[axis] * at
            end[axis] += last[axis] * at
    axis = 0 if node.steps[loop][0] or last_steps[loop][0] else 1
    if node.steps[loop][1 - axis] or last_steps[loop][1 - axis]:
        return None
    turns = np.arange(evaluation.frame.counts[loop])
    start, stop = corner[axis] + node.steps[loop][axis] * turns, end[axis] + last_steps[loop][axis] * turns
    low, high = int(start.min()), int(stop.max())
    corner[axis], end[axis] = low, high
    values = evaluation.grid.read(Area(node.sheet, corner[0], corner[1], end[0], end[1]))
    if axis == 1:
        values = Values(values.data.T, None if values.kind is None else values.kind.T)
    return Window(values, start - low, stop - low)


def _alike(one: Window, other: Window) -> bool:
    same = np.array_equal(one.start, other.start) and np.array_equal(one.stop, other.stop)
    return same and one.values.shape == other.values.shape


def _flat(values: Values, shape: tuple[int, ...]) -> Values:
    data: Any = np.broadcast_to(values.data, shape).ravel()
    return Values(data, None if values.kind is None else np.broadcast_to(values.kind, shape).ravel())
