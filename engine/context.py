"""What a formula may ask of the world besides its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area, Workbook
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Strings

from .grid import Grid
from .work import Work


@record
class Place:
    """The cells that are being computed: ``row`` and ``column`` broadcast to the loops of a fill, (..., 1, 1)."""

    sheet: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]


@dataclass(slots=True)
class Kept:
    """What is kept of a workbook from one recomputation to the next: its array program, and the values that it gave.

    ``steady``: what a computation gave from the stored inputs, with its seed; None where nothing was computed yet, or
    where it may not be taken up again, because values decide the order or the clock is read.
    """

    program: Any = None
    layout: tuple[Area, ...] = ()
    fresh: Grid | None = None  # the stored values, laid out
    steady: tuple[int, Grid] | None = None

    def start(self, workbook: Workbook, seed: int, changed: Sequence[Area]) -> tuple[Grid, tuple[Area, ...] | None]:
        """Return a grid to compute on, and the areas that are all that has changed in it (None: compute everything)."""
        if self.steady is None or self.steady[0] != seed:
            return (Grid.of(workbook) if self.fresh is None else self.fresh.copy()), None
        return self.steady[1].copy(), tuple(changed)


@dataclass(slots=True)
class Context:
    """Shared by all formulas of one recomputation; ``place`` changes from formula to formula."""

    strings: Strings
    place: Place
    date1904: bool = False
    seed: int = 0
    now: datetime = field(default_factory=datetime.now)
    kept: Kept = field(default_factory=lambda: Kept())
    as_stored: bool = False  # the grid holds the stored inputs and no others
    changed: tuple[Area, ...] | None = None  # all is computed but what depends on these areas; None: nothing is
    work: Work = field(default_factory=Work)
    draws: int = 0  # random draws made so far by the formula at ``place``: the counter of its stream
