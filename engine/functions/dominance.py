"""Sums and extremes over intervals of an array, and over those of its places that lie in a window besides.

Sums are put together from blocks of powers of two, never from differences of running sums: these would lose small
numbers beside large ones that are not in the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Floats

Places: TypeAlias = NDArray[np.int64]


def interval_sums(x: Floats, low: Places, high: Places) -> Floats:
    """Return the sums of ``x[low:high]``, (m,), for x (n,).

    >>> interval_sums(np.array([1e30, 1.0, 2.0, 3.0]), np.array([1, 2]), np.array([4, 2]))
    array([6., 0.])
    """
    found, at, length = np.zeros(len(low)), low, high - low
    width = 1
    while width <= length.max(initial=0):
        # ``x[i]`` is the sum of ``width`` places from i on
        here = (length & width) != 0
        found[here] += x[at[here]]
        at = np.where(here, at + width, at)
        x = x[:-width] + x[width:] if len(x) > width else x[:0]
        width *= 2
    return found


def interval_least(x: Floats, low: Places, high: Places, empty: float) -> Floats:
    """Return the least of ``x[low:high]``, (m,); ``empty`` for an empty interval."""
    found, length = np.full(len(low), empty), high - low
    width = 1
    while len(x) and width <= length.max(initial=0):
        # ``x[i]`` is the least of ``width`` places from i on; two of these cover a span of up to twice that.
        here = (length >= width) & (length < 2 * width)
        found[here] = np.minimum(x[low[here]], x[high[here] - width])
        x = np.minimum(x[:-width], x[width:]) if len(x) > width else x[:0]
        width *= 2
    return found


@dataclass(slots=True)
class Dominance:
    """The places ``order[low:high]`` that lie in ``[start, stop)``, for m of such pairs at once.

    A wavelet matrix: the order is parted by one binary digit of the places after the other, and every
    interval of it follows the digits of ``stop`` (Claude, Navarro, Ordóñez: The wavelet matrix, 2015).
    """

    order: Places  # (n,): a permutation
    low: Places
    high: Places
    start: Places
    stop: Places

    def count(self) -> Floats:
        """Return how many there are."""
        ones = np.ones(len(self.order))
        before = 0.0 if not self.start.any() else self._below(self.start, ones, counts=True)
        return self._below(self.stop, ones, counts=True) - before

    def sum(self, x: Floats) -> Floats:
        """Return the sums of x (n,)."""
        if self.start.any():
            return np.array([float(x[rows].sum()) for rows in self._rows()])
        return self._below(self.stop, x[self.order], counts=False)

    def least(self, x: Floats, empty: float) -> Floats:
        """Return the least of x (n,), ``empty`` where there is none."""
        if self.start.any():
            return np.array([float(x[rows].min(initial=empty)) for rows in self._rows()])
        found = np.full(len(self.low), empty)
        for digit, x_here, low, high in self._parts(self.stop, x[self.order]):
            least = interval_least(x_here, low[digit], high[digit], empty)
            found[digit] = np.minimum(found[digit], least)
        return found

    def _rows(self) -> list[Places]:
        rows = [self.order[low:high] for low, high in zip(self.low.tolist(), self.high.tolist(), strict=True)]
        edges = zip(rows, self.start.tolist(), self.stop.tolist(), strict=True)
        return [each[(each >= start) & (each < stop)] for each, start, stop in edges]

    def _below(self, bound: Places, x: Floats, counts: bool) -> Floats:
        found = np.zeros(len(self.low))
        for digit, x_here, low, high in self._parts(bound, x):
            added = (high - low)[digit] if counts else interval_sums(x_here, low[digit], high[digit])
            found[digit] += added
        return found

    def _parts(self, bound: Places, x: Floats) -> list[tuple[NDArray[np.bool_], Floats, Places, Places]]:
        """Return disjoint intervals that hold the places below a bound: for whom, of which arrangement, from, to."""
        places, low, high = self.order, self.low, self.high
        parts = []
        for shift in reversed(range(max(len(places), 1).bit_length())):
            zero = (places >> shift) & 1 == 0
            zeros = np.concatenate([[0], np.cumsum(zero)])
            ordered = np.concatenate([np.flatnonzero(zero), np.flatnonzero(~zero)])
            places, x = places[ordered], x[ordered]
            digit = (bound >> shift) & 1 == 1
            low_zero, high_zero = zeros[low], zeros[high]
            parts.append((digit, x, low_zero, high_zero))
            low = np.where(digit, zeros[-1] + low - low_zero, low_zero)
            high = np.where(digit, zeros[-1] + high - high_zero, high_zero)
        return parts
