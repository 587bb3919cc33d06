"""The distinct values of arrays: `numpy.unique` without the masked arrays that it imports first (20 ms)."""

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


def numbered(values: NDArray[Scalar]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each distinct value of a vector stands first, in their order, and the number of each value's own.

    >>> [found.tolist() for found in numbered(np.array([7, 3, 7, 5]))]
    [[1, 3, 0], [2, 0, 2, 1]]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.concatenate([np.ones(min(len(order), 1), dtype=np.bool_), ordered[1:] != ordered[:-1]])
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new], number
