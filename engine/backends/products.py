"""Sums of products over windows: the convolutions, dot products and matrix products of lifted fills."""

from __future__ import annotations

import numpy as np

from sheetgrad.sheets.values import Floats

FEW_TAPS = 64  # windows up to this many cells are summed tap by tap over all places at once


def contract(left: Floats, right: Floats, transposed: bool) -> Floats:
    """Sum ``left * right`` over the last two axes: (*loops, m, n) each, giving (*loops, 1, 1).

    ``transposed``: the right windows are (n, m). Loops of length 1 broadcast.
    """
    if transposed:
        right = np.swapaxes(right, -1, -2)
    places = max(left.size, right.size) // max(left.shape[-1] * left.shape[-2], 1)
    taps = left.shape[-1] * left.shape[-2]
    if taps <= FEW_TAPS and places >= taps:
        return _by_taps(left, right)
    return _by_product(left, right)


def _by_taps(left: Floats, right: Floats) -> Floats:
    """Add up one product for each place in the window; the order of addition is the reference's."""
    height, width = left.shape[-2:]
    shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    total = np.zeros(shape)
    term = np.empty(shape)
    for row in range(height):
        for column in range(width):
            np.multiply(left[..., row, column], right[..., row, column], out=term)
            total += term
    return total[..., None, None]


def _by_product(left: Floats, right: Floats) -> Floats:
    """Use a matrix product over the loops that only one side has; einsum where they share some."""
    loops = left.ndim - 2
    size = left.shape[-2] * left.shape[-1]
    a_only = [left.shape[loop] > 1 and right.shape[loop] == 1 for loop in range(loops)]
    shared = any(left.shape[loop] > 1 and right.shape[loop] > 1 for loop in range(loops))
    if shared:
        return np.asarray(np.einsum("...ij,...ij->...", left, right))[..., None, None]
    product = left.reshape(-1, size) @ right.reshape(-1, size).T  # (places of left, places of right)
    shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    own = [left.shape[loop] for loop in range(loops) if a_only[loop]]
    other = [right.shape[loop] for loop in range(loops) if not a_only[loop]]
    order = np.argsort([loop for loop in range(loops) if a_only[loop]] + [loop for loop in range(loops) if not a_only[loop]])
    return np.transpose(product.reshape((*own, *other)), order).reshape((*shape, 1, 1))
