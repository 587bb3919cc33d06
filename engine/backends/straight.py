"""Straight-line code for sweeps over single numbers: running sums, optimisers a row at a time, recurrences.

Where a turn of a sweep computes few cells, numpy's cost per operation would be most of the work. Such a sweep is
written out as Python over names and flat lists of numbers (`straight_writer`) and compiled. The code is made from the
array program alone: numbers of cells, operators of a fixed table and constants; no text of a workbook reaches it.
All that does not depend on the sweep is computed before it, by whole arrays. Anything that is not a plain number (text,
an error, a division by zero) stops the code, and the sweep is run by the general machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sheetgrad.sheets.values import Floats, Kind, Kinds, Values

from ..grid import Grid, TooManyCells
from ..looping import Decline
from ..steps import Sweep, Unit
from ..windows import Frame, Moving, moving, read, write
from .straight_columns import Columns, Evaluator
from .straight_helpers import BUILTINS, HELPERS
from .straight_places import Unsuited
from .straight_writer import Writer

_SNAP = 2.0**50  # see `operators.binary`


class Straight:
    """A compiled sweep."""

    def __init__(self, sweep: Sweep, careful: bool = False) -> None:
        self._sweep = sweep
        self._writer = Writer(sweep, careful)
        self._careful: Straight | None = None
        self.source = self._writer.source()
        scope: dict[str, Any] = {**HELPERS, "__builtins__": BUILTINS}
        try:
            exec(compile(self.source, "<sweep>", "exec"), scope)  # made from numbers and a fixed table, see above
        except (SyntaxError, RecursionError, MemoryError):  # nested too deeply for the compiler
            raise Unsuited from None
        self._run: Callable[..., None] = scope["run"]

    def execute(self, machine: Evaluator) -> bool:
        """Compute the sweep on the machine's grid; False where a value stands in the way."""
        try:
            arenas, kinds = self._arenas(machine.grid)
            columns = Columns(machine, self._writer.areas, kinds)
            held = [item for sheet in arenas for item in (arenas[sheet], kinds[sheet].tobytes())]
            self._run(*held, *(columns.of(column) for column in self._writer.columns))
            found = self._results(arenas)
        except (ArithmeticError, ValueError, TypeError, TooManyCells, Decline, Unsuited):
            return False
        if not all(np.isfinite(results).all() for _, _, results in found):
            return False
        for _, window, results in found:
            write(machine.grid, window, Values(results))
        if any(self._cancelled(machine.grid, unit, results) for unit, _, results in found):
            self._careful = self._careful or Straight(self._sweep, careful=True)
            return self._careful.execute(machine)
        return True

    def _arenas(self, grid: Grid) -> tuple[dict[int, list[float]], dict[int, Kinds]]:
        """Return the numbers of each sheet as a list, and their kinds; raises `Unsuited` where not all are numbers."""
        writer = self._writer
        arenas, kinds = {}, {}
        for sheet, area in writer.areas.items():
            values = grid.read(area)
            arenas[sheet], kinds[sheet] = values.data.ravel().tolist(), np.array(values.kinds)
        for _, window in writer.targets:
            window.strided(kinds[window.sheet], writer.areas[window.sheet])[...] = Kind.NUMBER
        for window, strict in writer.plain:
            seen = window.strided(kinds[window.sheet], writer.areas[window.sheet])
            if seen.max() > Kind.NUMBER or (strict and seen.min() < Kind.NUMBER):
                raise Unsuited
        return arenas, kinds

    def _results(self, arenas: dict[int, list[float]]) -> list[tuple[Unit, Moving, Floats]]:
        found = []
        for sheet, area in self._writer.areas.items():
            data = np.fromiter(arenas[sheet], np.float64, len(arenas[sheet])).reshape(area.shape)
            here = ((unit, window) for unit, window in self._writer.targets if window.sheet == sheet)
            found += [(unit, window, window.strided(data, area)) for unit, window in here]
        return found

    def _cancelled(self, grid: Grid, unit: Unit, results: Floats) -> bool:
        """Tell whether a sum that ends its formula may have all but cancelled, which Excel takes for zero."""
        operand = self._writer.ends.get(unit.number)
        if operand is None:
            return False
        other = np.abs(read(grid, moving(operand, Frame.whole(unit.region))).data)
        return bool(((np.abs(results) * _SNAP < other) & (results != 0)).any())


def straighten(sweep: Sweep) -> Straight | None:
    """Compile a sweep, or return None where it is not of the kind."""
    try:
        return Straight(sweep)
    except Unsuited:
        return None
