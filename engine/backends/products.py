"""Sums of products over windows: the convolutions, dot products and matrix products of lifted fills."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from sheetgrad.sheets.values import Floats

LONG, CACHED = 8, 1 << 14  # the loop that is cut into stretches has this many turns; a stretch has this many places
FEW_TAPS = 64  # windows up to this many cells are summed tap by tap over all places at once


def contract(left: Floats, right: Floats, transposed: bool) -> Floats:
    """Sum ``left * right`` over the last two axes: (*loops, m, n) each, giving (*loops, 1, 1).

    ``transposed``: the right windows are (n, m). Loops of length 1 broadcast.
    """
    if transposed:
        right = np.swapaxes(right, -1, -2)
    taps = left.shape[-1] * left.shape[-2]
    places = max(left.size, right.size) // max(taps, 1)
    if taps > FEW_TAPS or places < taps or (places * taps <= CACHED and _apart(left, right)):
        return _by_product(left, right)
    return by_taps(left, right)


def _apart(left: Floats, right: Floats) -> bool:
    """Tell whether no loop is both sides'."""
    return all(a == 1 or b == 1 for a, b in zip(left.shape[:-2], right.shape[:-2], strict=True))


def by_taps(left: Floats, right: Floats) -> Floats:
    """Add up one product for each place in the window, in the reference's order, a stretch of places at a time.

    The result is laid out as the sides are: its innermost loop in memory need not be the last one.
    """
    shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    inwards = sorted(range(len(shape)), key=lambda loop: -sum(_step(side, loop) for side in (left, right)))
    total = np.empty([shape[loop] for loop in inwards]).transpose(np.argsort(inwards))
    axis = next((loop for loop in inwards if shape[loop] >= LONG), 0)
    size = shape[axis] if shape else 1
    stretch = max(1, CACHED * size // max(total.size, 1))
    for start in range(0, size, stretch):
        here = (*(slice(None),) * axis, slice(start, start + stretch)) if shape else (...,)
        a, b = (side[here] if shape and side.shape[axis] > 1 else side for side in (left, right))
        _add_up(a, b, total[here])
    return total[..., None, None]


def _step(side: Floats, loop: int) -> int:
    """Return how far apart in memory the turns of a loop are, 0 where the side does not follow it."""
    return abs(side.strides[loop]) if side.shape[loop] > 1 else 0


def _add_up(left: Floats, right: Floats, total: Floats) -> None:
    """Write the sum over windows of products into ``total``, (*loops)."""
    height, width = left.shape[-2:]
    np.multiply(left[..., 0, 0], right[..., 0, 0], out=total)
    term = np.empty_like(total)
    for tap in range(1, height * width):
        row, column = divmod(tap, width)
        np.multiply(left[..., row, column], right[..., row, column], out=term)
        np.add(total, term, out=total)


def _by_product(left: Floats, right: Floats) -> Floats:
    """Use a matrix product over the loops that only one side has; einsum where they share some."""
    size = left.shape[-2] * left.shape[-1]
    if left.size == right.size == size or not _apart(left, right):
        return np.asarray(np.einsum("...ij,...ij->...", left, right))[..., None, None]
    product = left.reshape(-1, size) @ right.reshape(-1, size).T  # (places of left, places of right)
    lengths = list(zip(left.shape[:-2], right.shape[:-2], strict=True))
    loops = [loop for loop, (own, _) in enumerate(lengths) if own > 1]
    loops += [loop for loop, (own, _) in enumerate(lengths) if own == 1]
    found = product.reshape([max(lengths[loop]) for loop in loops])
    return found.transpose(sorted(range(len(loops)), key=loops.__getitem__))[..., None, None]


def fold(function: str, parts: Sequence[Floats]) -> Floats | None:
    """Reduce windows of plain numbers, (*loops, r, c) each, to (*loops, 1, 1): small ones cell of the window by cell.

    None where ``function`` is not of this kind.
    """
    step = FOLDS.get(function)
    if step is None or not parts or not all(part.size for part in parts):
        return None
    if function == "SUMSQ":
        parts = [part * part for part in parts]
    taps = sum(part.shape[-2] * part.shape[-1] for part in parts)
    places = max(part.size // (part.shape[-2] * part.shape[-1]) for part in parts)
    if taps > FEW_TAPS or places < taps:
        whole = reduce(step, [np.asarray(step.reduce(part, axis=(-2, -1), keepdims=True)) for part in parts])
        return np.asarray(whole / taps if function == "AVERAGE" else whole)
    cells = sorted((cell for part in parts for cell in _cells(part)), key=lambda cell: -cell.size)
    total, owned = cells[0], False
    for cell in cells[1:]:
        if owned:
            step(total, cell, out=total)
        else:
            total = step(total, cell)
            owned = total.shape == np.broadcast_shapes(*(each.shape for each in cells))
    return np.asarray(total / taps if function == "AVERAGE" else total)


def _cells(part: Floats) -> Iterator[Floats]:
    for row in range(part.shape[-2]):
        for column in range(part.shape[-1]):
            yield part[..., row : row + 1, column : column + 1]


FOLDS: dict[str, np.ufunc] = {"SUM": np.add, "SUMSQ": np.add, "AVERAGE": np.add, "MAX": np.maximum, "MIN": np.minimum}
