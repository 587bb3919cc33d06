"""What a formula may ask of the world besides its arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Strings


@dataclass(frozen=True, slots=True)
class Place:
    """The cells that are being computed: ``row`` and ``column`` broadcast to the loops of a fill, (..., 1, 1)."""

    sheet: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]


@dataclass(slots=True)
class Context:
    """Shared by all formulas of one recomputation; ``place`` changes from formula to formula."""

    strings: Strings
    place: Place
    date1904: bool = False
    seed: int = 0
    now: datetime = field(default_factory=datetime.now)
    draws: int = 0  # random draws made so far by the formula at ``place``: the counter of its stream
