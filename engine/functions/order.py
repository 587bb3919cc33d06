"""Order statistics: MEDIAN, LARGE, RANK, PERCENTILE, QUARTILE, PERCENTRANK, MODE, FREQUENCY, TRIMMEAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error

from .declare import Failing, Number, Numbers, Range, Result, array, fail, reduction
from .samples import sample

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@reduction()
def MEDIAN(*numbers: Numbers) -> Result:
    """Middle number, or the mean of the two middle ones; #NUM! of none. Source: Microsoft support, MEDIAN function."""
    x = _ordered(numbers)
    return _interpolate(x, (x.count - 1) / 2, x.count == 0)


@reduction()
def LARGE(array: Numbers, k: Number) -> Result:
    """The k-th greatest number (k rounded up); #NUM! where there is no such.

    Source: Microsoft support, LARGE function.
    """
    x = _ordered(array)
    return _pick(x, x.count - np.ceil(k))


@reduction()
def SMALL(array: Numbers, k: Number) -> Result:
    """The k-th least number (k rounded up); #NUM! where there is no such. Source: Microsoft support, SMALL function."""
    return _pick(_ordered(array), np.ceil(k) - 1)


@reduction("RANK.EQ", "RANK")
def rank_eq(number: Number, ref: Numbers, order: Number = 0.0) -> Result:
    """Place of a number among those of a range, the greatest first or, with an order other than 0, the least first.

    Equal numbers share the best place; #N/A where it is not among them. Source: Microsoft support, RANK.EQ function.
    """
    return _rank(number, _ordered(ref), order, 0.0)


@reduction("RANK.AVG")
def rank_avg(number: Number, ref: Numbers, order: Number = 0.0) -> Result:
    """Like RANK.EQ, but equal numbers get the mean of their places. Source: Microsoft support, RANK.AVG function."""
    return _rank(number, _ordered(ref), order, 0.5)


@reduction("PERCENTILE.INC", "PERCENTILE")
def percentile_inc(array: Numbers, k: Number) -> Result:
    """The k-th percentile, k in [0, 1], interpolated between n - 1 gaps; #NUM! outside or of no number.

    Source: Microsoft support, PERCENTILE.INC function.
    """
    x = _ordered(array)
    return _interpolate(x, k * (x.count - 1), (k < 0) | (k > 1))


@reduction("PERCENTILE.EXC")
def percentile_exc(array: Numbers, k: Number) -> Result:
    """The k-th percentile, interpolated between n + 1 gaps; #NUM! unless 1/(n+1) ≤ k ≤ n/(n+1).

    Source: Microsoft support, PERCENTILE.EXC function.
    """
    x = _ordered(array)
    place = k * (x.count + 1) - 1
    return _interpolate(x, place, (k <= 0) | (k >= 1) | (place < -1e-12) | (place > x.count - 1 + 1e-12))


@reduction("QUARTILE.INC", "QUARTILE")
def quartile_inc(array: Numbers, quart: Number) -> Result:
    """Quartile 0 (least) to 4 (greatest), interpolated as PERCENTILE.INC; #NUM! for others.

    Source: Microsoft support, QUARTILE.INC function.
    """
    return percentile_inc(array, np.trunc(quart) / 4)


@reduction("QUARTILE.EXC")
def quartile_exc(array: Numbers, quart: Number) -> Result:
    """Quartile 1 to 3, interpolated as PERCENTILE.EXC.

    #NUM! for others. Source: Microsoft support, QUARTILE.EXC function.
    """
    return percentile_exc(array, np.trunc(quart) / 4)


@reduction("PERCENTRANK.INC", "PERCENTRANK")
def percentrank_inc(array: Numbers, x: Number, significance: Number = 3.0) -> Result:
    """Share of the numbers below x, in [0, 1], cut to digits.

    #N/A outside their span, #NUM! of no number or for less than one digit. Source: Microsoft support, PERCENTRANK.INC
    function.
    """
    return _percent_rank(array, x, significance, lambda place, n: np.where(n == 1, 1.0, place / np.maximum(n - 1, 1)))


@reduction("PERCENTRANK.EXC")
def percentrank_exc(array: Numbers, x: Number, significance: Number = 3.0) -> Result:
    """Share of the numbers below x, in (0, 1), cut to digits.

    #N/A outside their span, #NUM! of no number or for less than one digit. Source: Microsoft support, PERCENTRANK.EXC
    function.
    """
    return _percent_rank(array, x, significance, lambda place, n: (place + 1) / (n + 1))


@reduction()
def TRIMMEAN(array: Numbers, percent: Number) -> Result:
    """Mean without a share of the numbers, half of it at each end, an even number of them; #NUM! outside [0, 1).

    Source: Microsoft support, TRIMMEAN function.
    """
    x = _ordered(array)
    bad = (percent < 0) | (percent >= 1) | (x.count == 0)
    cut = np.where(bad, 0.0, np.floor(percent * x.count / 2 + 1e-9))
    place = np.arange(x.numbers.shape[-1])
    kept = (place >= cut[..., None]) & (place < (x.count - cut)[..., None])
    total = np.where(kept, x.numbers, 0.0).sum(axis=-1)
    return fail(total / np.maximum(x.count - 2 * cut, 1), bad, Error.NUM)


@array("MODE.SNGL", "MODE")
def mode_sngl(*numbers: Range) -> Result:
    """The number that comes most often, the first such.

    #N/A where none comes twice. Source: Microsoft support, MODE.SNGL function.
    """
    found = _modes(numbers)
    return found if isinstance(found, Error) else found[:1].reshape(1, 1)


@array("MODE.MULT")
def mode_mult(*numbers: Range) -> Result:
    """All numbers that come most often, as a column in order of appearance; #N/A where none comes twice.

    Source: Microsoft support, MODE.MULT function.
    """
    found = _modes(numbers)
    return found if isinstance(found, Error) else found.reshape(-1, 1)


@array()
def FREQUENCY(data_array: Range, bins_array: Range) -> Result:
    """Count the data up to each bin and above the one before, and above the last: (bins + 1, 1).

    Source: Microsoft support, FREQUENCY function.
    """
    data, bins = sample(data_array), sample(bins_array)
    if isinstance(data, Error):
        return data
    if isinstance(bins, Error):
        return bins
    order = np.argsort(bins, kind="stable")
    ordered = bins[order]
    upto = np.searchsorted(np.sort(data), ordered, side="right")
    counts = np.empty(len(bins) + 1)
    counts[order] = np.diff(upto, prepend=0)
    counts[-1] = len(data) - (upto[-1] if len(bins) else 0)
    return counts.reshape(-1, 1)


@record
class _Ordered:
    """Samples in ascending order, (..., n): infinities stand at the end for what does not count. ``count``: (...)."""

    numbers: Floats
    count: Floats

    def below(self, x: Floats, upto: bool) -> Floats:
        """Return how many numbers lie below each x (..., r, c), with ``upto`` also those equal to it."""
        if self.numbers.size == self.numbers.shape[-1]:
            found = np.searchsorted(self.numbers.ravel(), x, side="right" if upto else "left")
            return np.asarray(found, dtype=np.float64)
        compare = np.less_equal if upto else np.less
        return np.asarray(compare(self.numbers, x[..., None]).sum(axis=-1), dtype=np.float64)

    def at(self, place: Floats) -> Floats:
        """Return the number at each place (..., r, c), 0 for a place beyond the last."""
        n = self.numbers.shape[-1]
        if n == 0:
            return np.zeros(np.broadcast_shapes(self.count.shape, place.shape))
        shape = np.broadcast_shapes(self.count.shape, place.shape)
        index = np.broadcast_to(np.clip(place, 0, n - 1).astype(np.int64), shape)
        found = np.take_along_axis(np.broadcast_to(self.numbers, (*shape, n)), index[..., None], axis=-1)[..., 0]
        return np.where(np.isinf(found), 0.0, found)


def _ordered(sample: tuple[Floats, Mask | None]) -> _Ordered:
    """Sort samples, those that repeat along a loop once."""
    x, valid = sample
    alone = tuple(
        slice(1) if stride == 0 and (valid is None or valid.strides[i] == 0) else slice(None)
        for i, stride in enumerate(x.strides[:-1])
    )
    x, valid = x[alone], None if valid is None else valid[alone]
    if valid is None:
        return _Ordered(np.sort(x, axis=-1), np.full(x.shape[:-1], float(x.shape[-1])))
    return _Ordered(np.sort(np.where(valid, x, np.inf), axis=-1), valid.sum(axis=-1).astype(np.float64))


def _pick(x: _Ordered, place: Floats) -> Failing:
    return fail(x.at(place), (place < 0) | (place >= x.count), Error.NUM)


def _rank(number: Floats, x: _Ordered, order: Floats, share: float) -> Failing:
    below, upto = x.below(number, upto=False), x.below(number, upto=True)
    better = np.where(order == 0, x.count - upto, below)
    return fail(better + 1 + share * (upto - below - 1), upto == below, Error.NA)


def _interpolate(x: _Ordered, place: Floats, bad: Mask) -> Failing:
    at = np.clip(np.where(bad, 0.0, place), 0, np.maximum(x.count - 1, 0))
    near = np.rint(at)
    at = np.where(np.abs(at - near) < 1e-10, near, at)
    low = np.floor(at)
    floor, ceiling = x.at(low), x.at(np.minimum(low + 1, np.maximum(x.count - 1, 0)))
    return fail(floor + (at - low) * (ceiling - floor), bad | (x.count == 0), Error.NUM)


def _percent_rank(
    array: tuple[Floats, Mask | None], x: Floats, significance: Floats, share: Callable[[Floats, Floats], Floats]
) -> Failing:
    ordered = _ordered(array)
    count, digits = ordered.count, np.trunc(significance)
    outside = (x < ordered.at(np.zeros((1, 1)))) | (x > ordered.at(count - 1))
    below = ordered.below(x, upto=False)
    above, before = ordered.at(below), ordered.at(below - 1)
    exact = above == x
    gap = np.where(exact | (above == before), 1.0, above - before)
    place = np.where(exact, below, below - 1 + (x - before) / gap)
    scale = 10.0 ** np.clip(digits, 1, 15)
    rank = np.floor(share(place, count) * scale + 1e-9) / scale
    return fail(fail(rank, (digits < 1) | (count == 0), Error.NUM), outside, Error.NA)


def _modes(numbers: tuple[Range, ...]) -> Floats | Error:
    samples = []
    for values in numbers:
        x = sample(values)
        if isinstance(x, Error):
            return x
        samples.append(x)
    distinct, first, count = np.unique(np.concatenate(samples), return_index=True, return_counts=True)
    if not len(count) or count.max() < 2:
        return Error.NA
    most = count == count.max()
    return np.asarray(distinct[most][np.argsort(first[most])])
