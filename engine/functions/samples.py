"""Samples: the numbers of a range or of several arguments, and the errors that come in their place."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Kind, Values

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


def first_error(*arrays: Values) -> Error | None:
    """Return the first error value in the arrays, row by row, or None."""
    for values in arrays:
        if values.kind is not None:
            at = np.flatnonzero(values.kind.ravel() == Kind.ERROR)
            if at.size:
                return ERRORS_BY_CODE[int(values.data.ravel()[at[0]])]
    return None


def sample(values: Values) -> Floats | Error:
    """Return the numbers of an array (n,), text, logicals and empty cells left out, or its first error."""
    if values.kind is None:
        return values.data.ravel()
    error = first_error(values)
    return error if error is not None else values.data[values.kind == Kind.NUMBER]


def paired(first: Values, second: Values) -> tuple[Floats, Floats] | Error:
    """Return two samples (n,), (n,) of the places where both hold numbers.

    #N/A where the arrays differ in how many cells they have; their first error, if any.
    """
    error = first_error(first, second)
    if error is not None:
        return error
    if first.data.size != second.data.size:
        return Error.NA
    if first.kind is None and second.kind is None:
        return first.data.ravel(), second.data.ravel()
    both = (first.kinds.ravel() == Kind.NUMBER) & (second.kinds.ravel() == Kind.NUMBER)
    return first.data.ravel()[both], second.data.ravel()[both]


def error_codes(arrays: tuple[Values, ...] | list[Values]) -> NDArray[np.uint8] | None:
    """Return the code of the first error over the last two axes, in argument order, (..., 1, 1).

    None where there is none.
    """
    codes: NDArray[np.uint8] | None = None
    for values in arrays:
        if values.kind is None or not (values.kind == Kind.ERROR).any():
            continue
        bad = (values.kind == Kind.ERROR).reshape(*values.shape[:-2], -1)
        payload = np.broadcast_to(values.data, values.shape).reshape(bad.shape)
        at = bad.argmax(axis=-1)[..., None]
        found = np.where(bad.any(axis=-1), np.take_along_axis(payload, at, axis=-1)[..., 0], 0).astype(np.uint8)
        found = found[..., None, None]
        codes = found if codes is None else np.where(codes == 0, found, codes)
    return codes


def numbers_or_zero(values: Values) -> Floats:
    """Return the payloads with everything that is not a number as 0."""
    return values.data if values.kind is None else np.where(values.kind == Kind.NUMBER, values.data, 0.0)
