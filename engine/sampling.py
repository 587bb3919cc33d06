"""What of an argument counts in a reduction: the rules of SUM, AVERAGEA, COUNT, AND and the old Analysis ToolPak."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Floats, Kind, Values

from .arguments import Argument
from .coercion import Codes, convert
from .context import Context

Mask: TypeAlias = NDArray[np.bool_]
Sample: TypeAlias = tuple[Floats, "Mask | None"]  # numbers (..., 1, 1, n), and which of them count (None: all)

SAMPLED = frozenset(
    {"numbers", "numbers_a", "counted", "logicals", "stricts"}
)  # markers of parameters that take samples


def sampled(values: Values, argument: Argument, marker: str, context: Context) -> tuple[Floats, Mask | None, Codes]:
    if marker == "stricts":
        return _strict_sample(values, argument, context)
    x, valid, codes = _plain_sample(values, argument.reference, marker, context)
    if marker == "counted" and codes is not None:
        # Of a reference, the errors are not among what counts already.
        return x, (codes == 0)[..., None] if valid is None else valid, None
    return x, valid, codes


def _plain_sample(values: Values, reference: bool, marker: str, context: Context) -> tuple[Floats, Mask | None, Codes]:
    """Return the numbers (..., 1, 1, n), which of them count (None: all), and the first errors (..., 1, 1).

    In references and arrays numbers count; for AVERAGEA's kind of functions also logicals, and texts as 0; for AND's
    kind also logicals. A single value given directly is converted, and text that cannot be is #VALUE!.
    """
    kind, data = values.kind, values.data
    shape = (*data.shape[:-2], 1, 1, data.shape[-2] * data.shape[-1])
    if kind is None:
        return data.reshape(shape), None, None
    if not reference and shape[-1] == 1:
        x, codes = convert(values, "logical" if marker == "logicals" else "number", context)
        valid = None
        if marker == "logicals" and codes is not None:
            # "" does not count: OR("",TRUE) is TRUE.
            nothing = (kind == Kind.TEXT) & (data == context.strings.intern(""))
            valid, codes = ~nothing.reshape(shape), np.where(nothing, np.uint8(0), codes)
        return x.astype(np.float64).reshape(shape), valid, codes
    codes = first_errors(values)
    valid = kind == Kind.NUMBER
    if marker not in ("numbers", "counted"):
        valid = valid | (kind == Kind.BOOL)
    x = np.where(valid, data, 0.0)
    if marker == "numbers_a":
        valid = valid | (kind == Kind.TEXT)
    return x.reshape(shape), None if valid.all() else valid.reshape(shape), codes


def _strict_sample(values: Values, argument: Argument, context: Context) -> tuple[Floats, Mask | None, Codes]:
    """Like `sample` for the functions of the old Analysis ToolPak: everything is converted, in references too; an empty
    cell does not count when it is the whole argument, and is 0 in a range; an argument left empty is #N/A."""
    shape = (*values.shape[:-2], 1, 1, values.shape[-2] * values.shape[-1])
    x, codes = convert(values, "strict", context)
    if argument.missing:
        codes = np.full(values.shape, np.uint8(Error.NA.code))
    empty = values.kinds == Kind.EMPTY
    valid = ~empty.reshape(shape) if shape[-1] == 1 and empty.any() else None
    return x.reshape(shape), valid, None if codes is None else _first_codes(codes)


def join(parts: list[tuple[Floats, Mask | None]]) -> tuple[Floats, Mask | None]:
    """Join samples along the last axis; leading axes broadcast."""
    if not parts:
        return np.zeros((1, 1, 0)), None
    if len(parts) == 1:
        return parts[0]
    lead = np.broadcast_shapes(*(x.shape[:-1] for x, _ in parts))
    x = np.concatenate([np.broadcast_to(x, (*lead, x.shape[-1])) for x, _ in parts], axis=-1)
    if all(valid is None for _, valid in parts):
        return x, None
    masks = [np.True_ if valid is None else valid for _, valid in parts]
    spread = [np.broadcast_to(mask, (*lead, x.shape[-1])) for mask, (x, _) in zip(masks, parts, strict=True)]
    return x, np.concatenate(spread, axis=-1)


def first_errors(values: Values) -> Codes:
    """Return the code of the first error over the last two axes, row by row: (..., 1, 1)."""
    failed = values.kinds == Kind.ERROR
    if not failed.any():
        return None
    flat = failed.reshape(*failed.shape[:-2], -1)
    data = np.broadcast_to(values.data, failed.shape).reshape(flat.shape)
    first = np.take_along_axis(np.where(flat, data, 0.0), flat.argmax(axis=-1)[..., None], axis=-1)
    return first.astype(np.uint8)[..., None]


def _first_codes(codes: NDArray[np.uint8]) -> Codes:
    """Return the first error code over the last two axes: (..., 1, 1)."""
    flat = codes.reshape(*codes.shape[:-2], -1)
    return np.take_along_axis(flat, (flat != 0).argmax(axis=-1)[..., None], axis=-1)[..., None]
