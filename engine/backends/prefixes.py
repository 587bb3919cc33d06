"""Running reductions: ``SUM($A$1:A2)`` filled down is one cumulative sum, not n sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Floats, Kind, Values

from ..ir import Prefix
from ..windows import Frame, Moving


@record
class Running:
    """How a running reduction is done: its longest window, the axis reduced at once, and where each result is."""

    window: Moving
    across: int
    loop: int  # counted from the end of (*loops, longest)
    at: NDArray[np.int64]

    def placed(self, line: NDArray[Any]) -> NDArray[Any]:
        """Return the results of the places, (*loops), from those of all cells of the line, (*loops, longest)."""
        found = line[..., self.at]
        return found if found.ndim == 1 else _swap_in(found, self.loop)


def running(node: Prefix, frame: Frame) -> Running | None:
    """Plan a running reduction, or None: the window must grow at its last row or last column along exactly one loop."""
    window = node.window
    growth = [
        (last[0] - first[0], last[1] - first[1]) for first, last in zip(window.steps, window.last_steps, strict=True)
    ]
    growing = [loop for loop, grown in enumerate(growth) if grown != (0, 0)]
    if len(growing) != 1 or min(growth[growing[0]]) < 0 or max(growth[growing[0]]) < 1 or min(growth[growing[0]]) != 0:
        return None
    loop = growing[0]
    if window.steps[loop] != (0, 0):
        return None
    down = growth[loop][0] > 0
    start, count, step = frame.starts[loop], frame.counts[loop], max(growth[loop])
    longest = (window.height if down else window.width) + step * (start + count - 1)
    row, column = window.row, window.column
    loops = []
    for other, (moved, first, turns) in enumerate(zip(window.steps, frame.starts, frame.counts, strict=True)):
        row, column = row + moved[0] * first, column + moved[1] * first
        loops.append((turns if other != loop and moved != (0, 0) else 1, *moved))
    height, width = (longest, window.width) if down else (window.height, longest)
    at = (window.height if down else window.width) - 1 + step * np.arange(start, start + count)
    seen = Moving(window.sheet, row, column, height, width, tuple(loops))
    return Running(seen, -1 if down else -2, loop - len(loops) - 1, at)


def run_prefix(
    node: Prefix, read: Callable[[Moving], Values], frame: Frame
) -> tuple[Floats, NDArray[np.uint8] | None] | None:
    """Compute a running reduction: results (*loops, 1, 1) with error codes, or None where it must be done otherwise.

    ``read`` may put axes of its own, as a batch, before the loops; the results have them too.
    """
    plan = running(node, frame)
    if plan is None:
        return None
    values = read(plan.window)
    if values.kind is not None and (values.kind == Kind.ERROR).any():
        return None
    valid = (values.kinds == Kind.NUMBER) if values.kind is not None else None
    line, codes = _RUNS[node.function](values.data, valid, plan.across)  # (*loops, longest)
    return plan.placed(line)[..., None, None], None if codes is None else plan.placed(codes)[..., None, None]


def _swap_in(array: NDArray[np.generic], loop: int) -> NDArray[np.generic]:
    """Put the last axis, which runs along ``loop`` (counted from the end), in that loop's place, which had length 1."""
    return np.moveaxis(np.squeeze(array, axis=loop), -1, loop + 1)


Run = Callable[[Floats, "NDArray[np.bool_] | None", int], "tuple[Floats, NDArray[np.uint8] | None]"]


def _sums(data: Floats, valid: NDArray[np.bool_] | None, across: int) -> tuple[Floats, None]:
    kept = data if valid is None else np.where(valid, data, 0.0)
    return np.add.accumulate(kept.sum(axis=across), axis=-1), None


def _counts(data: Floats, valid: NDArray[np.bool_] | None, across: int) -> tuple[Floats, None]:
    kept = np.ones(data.shape) if valid is None else valid.astype(np.float64)
    return np.add.accumulate(kept.sum(axis=across), axis=-1), None


def _squares(data: Floats, valid: NDArray[np.bool_] | None, across: int) -> tuple[Floats, None]:
    return _sums(data * data, valid, across)


def _averages(data: Floats, valid: NDArray[np.bool_] | None, across: int) -> tuple[Floats, NDArray[np.uint8] | None]:
    count = _counts(data, valid, across)[0]
    none = count == 0
    average = _sums(data, valid, across)[0] / np.where(none, 1.0, count)
    return average, np.where(none, np.uint8(Error.DIV0.code), np.uint8(0)) if none.any() else None


def _extreme(accumulate: np.ufunc, neutral: float) -> Run:
    def run(data: Floats, valid: NDArray[np.bool_] | None, across: int) -> tuple[Floats, None]:
        kept = data if valid is None else np.where(valid, data, neutral)
        found = accumulate.accumulate(accumulate.reduce(kept, axis=across), axis=-1)
        return np.where(_counts(data, valid, across)[0] == 0, 0.0, found), None

    return run


_RUNS: dict[str, Run] = {
    "SUM": _sums,
    "COUNT": _counts,
    "SUMSQ": _squares,
    "AVERAGE": _averages,
    "MAX": _extreme(np.maximum, -np.inf),
    "MIN": _extreme(np.minimum, np.inf),
    "PRODUCT": _extreme(np.multiply, 1.0),
}
