"""Excel's broadcasting: along rows and columns a 1 is repeated, an array that is shorter than another ends in #N/A.

Axes before the last two are loops of a lifted fill; they broadcast as numpy does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetgrad.sheets.values import Error, Kind, Values

from .grid import CELL_BUDGET, TooManyCells


def fit(arrays: Sequence[Values]) -> Sequence[Values]:
    """Pad arrays with #N/A until numpy's broadcasting does what Excel's would; arrays that fit come back as they are.

    >>> a, b = Values(np.ones((1, 3))), Values(np.ones((2, 2)))
    >>> [x.shape for x in fit([a, b])]
    [(1, 3), (2, 3)]
    """
    height, width = arrays[0].data.shape[-2:]
    fitting = True
    for array in arrays[1:]:
        rows, columns = array.data.shape[-2:]
        fitting &= (rows == height or rows == 1 or height == 1) and (columns == width or columns == 1 or width == 1)
        height, width = max(height, rows), max(width, columns)
    if height * width > max(CELL_BUDGET, *(array.data.shape[-2] * array.data.shape[-1] for array in arrays)):
        raise TooManyCells
    if fitting:
        return arrays
    return [_pad(array, height, width) for array in arrays]


def pad(values: Values, height: int, width: int) -> Values:
    """Extend an array to (..., height, width): single rows and columns are repeated, the rest is #N/A. Cuts nothing."""
    padded = _pad(values, height, width)
    shape = (*padded.shape[:-2], height, width)
    kind = None if padded.kind is None else np.broadcast_to(padded.kind, shape)
    return Values(np.broadcast_to(padded.data, shape), kind)


def _pad(values: Values, height: int, width: int) -> Values:
    rows, columns = values.shape[-2:]
    full = rows if rows == 1 else max(rows, height), columns if columns == 1 else max(columns, width)
    if full == (rows, columns):
        return values
    data = np.full((*values.shape[:-2], *full), float(Error.NA.code))
    kind = np.full(data.shape, np.uint8(Kind.ERROR))
    data[..., :rows, :columns] = values.data
    kind[..., :rows, :columns] = values.kinds
    return Values(data, kind)
