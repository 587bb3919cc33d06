"""Random numbers that depend only on the seed, the cell and the draw: the same on every evaluator, in any order.

Each draw is a SplitMix64 hash (Steele, Lea, Flood 2014) of (seed, sheet, row, column, draw, element).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .context import Context

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(context: Context, height: int = 1, width: int = 1) -> NDArray[np.float64]:
    """Draw uniforms in [0, 1) for each cell at the context's place: (..., height, width)."""
    place = context.place
    state = _mix(np.uint64(context.seed & 0xFFFFFFFFFFFFFFFF), np.uint64(place.sheet))
    state = _mix(_mix(state, place.row.astype(np.uint64)), place.column.astype(np.uint64))
    state = _mix(state, np.uint64(context.draws))
    context.draws += 1
    element = np.arange(height * width, dtype=np.uint64).reshape(height, width)
    return (_mix(state, element) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def mixed(seed: int, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a seed for each of many streams."""
    return np.asarray(_mix(np.uint64(seed & 0xFFFFFFFFFFFFFFFF), words))


def _mix(state: NDArray[np.uint64] | np.uint64, word: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = np.asarray((state ^ word) + _GOLDEN)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
