"""Calls over the loops of a lifted fill, the leading axes: place by place where a body takes no more than (r, c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Kind, Kinds, Values

from .arguments import Argument, Bound

Loops: TypeAlias = tuple[int, ...]


class Decline(Exception):
    """The values met at run time are not what the array program allows; the region's cells are computed one by one."""


def loops_of(bound: Bound) -> Loops:
    found = np.broadcast_shapes(*(argument.values.shape[:-2] for _, argument in bound if argument is not None), ())
    return found if any(size > 1 for size in found) else ()


def varying(argument: Argument) -> Loops:
    """Return the loop axes of an array, with 1 for each along which it is repeated by stride 0."""
    values = argument.values
    strides, kind = values.data.strides, values.kind
    same = [stride == 0 and (kind is None or kind.strides[i] == 0) for i, stride in enumerate(strides[:-2])]
    return tuple(1 if alike else size for alike, size in zip(same, values.shape[:-2], strict=True))


def first_of_loops(values: Values) -> Values:
    at = (0,) * (values.data.ndim - 2)
    return Values(values.data[at], None if values.kind is None else values.kind[at])


def at_place(bound: Bound, at: tuple[int, ...]) -> Bound:
    """Return the arguments at one place of the loops, (r, c) each."""
    return [(p, None if argument is None else _argument_at(argument, at)) for p, argument in bound]


def _argument_at(argument: Argument, at: tuple[int, ...]) -> Argument:
    first, *rest = (_values_at(part, at) for part in argument.parts)
    return Argument(first, argument.reference, argument.missing, tuple(rest))


def _values_at(values: Values, at: tuple[int, ...]) -> Values:
    lead = values.shape[:-2]
    own = tuple(0 if size == 1 else i for i, size in zip(at[len(at) - len(lead) :], lead, strict=True))
    return Values(values.data[own], None if values.kind is None else values.kind[own])


def over_loops(loops: Loops, compute: Callable[[tuple[int, ...]], Values]) -> Values:
    """Compute place by place and stack; raise `Decline` where the results differ in size."""
    results = [compute(at) for at in np.ndindex(*loops)]
    if any(result.shape != results[0].shape for result in results):
        raise Decline("arrays of different sizes along the fill")
    shape = (*loops, *results[0].shape)
    data = np.stack([result.data for result in results]).reshape(shape)
    if all(result.kind is None for result in results):
        return Values(data)
    return Values(data, np.stack([result.kinds for result in results]).reshape(shape))


def over_some_loops(loops: Loops, changing: Loops, bound: Bound, compute: Callable[[Bound], Values]) -> Values:
    """Compute place by place of those loops that ``changing`` has a length for, all others at once, and put together.

    Raises `Decline` where the results differ in size.
    """
    data: NDArray[np.float64] | None = None
    kinds: Kinds | None = None
    for at in np.ndindex(*changing):
        part = [(p, None if argument is None else _argument_part(argument, at, changing)) for p, argument in bound]
        found = compute(part)
        if data is None or kinds is None:
            data, kinds = np.zeros((*loops, *found.shape[-2:])), np.zeros((*loops, *found.shape[-2:]), dtype=np.uint8)
        if found.shape[-2:] != data.shape[-2:]:
            raise Decline("arrays of different sizes along the fill")
        place = tuple(slice(i, i + 1) if size > 1 else slice(None) for i, size in zip(at, changing, strict=True))
        data[place], kinds[place] = found.data, found.kinds
    assert data is not None
    assert kinds is not None
    return Values(data, None if (kinds == Kind.NUMBER).all() else kinds)


def _argument_part(argument: Argument, at: tuple[int, ...], changing: Loops) -> Argument:
    first, *rest = (_values_part(part, at, changing) for part in argument.parts)
    return Argument(first, argument.reference, argument.missing, tuple(rest))


def _values_part(values: Values, at: tuple[int, ...], changing: Loops) -> Values:
    lead = values.shape[:-2]
    own = tuple(
        slice(i, i + 1) if size > 1 and length > 1 else slice(None)
        for i, size, length in zip(at[len(at) - len(lead) :], changing[len(at) - len(lead) :], lead, strict=True)
    )
    return Values(values.data[own], None if values.kind is None else values.kind[own])
