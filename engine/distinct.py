"""The distinct values of an array in order: `numpy.unique` without the masked arrays that it imports first (20 ms)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def distinct_values(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return each value once, in order (no NaN may be among them).

    >>> distinct_values(np.array([[3, 1], [3, 2]]))
    array([1, 2, 3])
    """
    ordered: NDArray[Any] = np.sort(values, axis=None)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if ordered.size else ordered
