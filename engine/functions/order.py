"""Order statistics: MEDIAN, LARGE, RANK, PERCENTILE, QUARTILE, PERCENTRANK, MODE, FREQUENCY, TRIMMEAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Failing, Number, Numbers, Range, Result, array, fail, lookup, reduction
from .samples import sample

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@reduction()
def MEDIAN(*numbers: Numbers) -> Result:
    """Middle number, or the mean of the two middle ones; #NUM! of none. (Support: MEDIAN function)"""
    x, valid = numbers
    if x.shape[-1] == 0:
        return fail(np.zeros(x.shape[:-1]), True, Error.NUM)
    count = np.full(x.shape[:-1], x.shape[-1]) if valid is None else valid.sum(axis=-1)
    ordered = np.sort(x if valid is None else np.where(valid, x, np.inf), axis=-1)
    safe = np.maximum(count, 1)[..., None]
    low = np.take_along_axis(ordered, (safe - 1) // 2, axis=-1)[..., 0]
    high = np.take_along_axis(ordered, safe // 2, axis=-1)[..., 0]
    low, high = np.where(count == 0, 0.0, low), np.where(count == 0, 0.0, high)
    return fail(low + (high - low) / 2, count == 0, Error.NUM)


@lookup()
def LARGE(array: Range, k: Number) -> Result:
    """The k-th greatest number (k rounded up); #NUM! where there is no such. (Support: LARGE function)"""
    x = _ordered(array)
    return x if isinstance(x, Error) else _pick(x, len(x) - np.ceil(k))


@lookup()
def SMALL(array: Range, k: Number) -> Result:
    """The k-th least number (k rounded up); #NUM! where there is no such. (Support: SMALL function)"""
    x = _ordered(array)
    return x if isinstance(x, Error) else _pick(x, np.ceil(k) - 1)


@lookup("RANK.EQ", "RANK")
def rank_eq(number: Number, ref: Range, order: Number = 0.0) -> Result:
    """Place of a number among the numbers of a range, the greatest first or, with an order other than 0, the least first;
    equal numbers share the best place; #N/A where it is not among them. (Support: RANK.EQ function)"""
    return _rank(number, ref, order, 0.0)


@lookup("RANK.AVG")
def rank_avg(number: Number, ref: Range, order: Number = 0.0) -> Result:
    """Like RANK.EQ, but equal numbers get the mean of their places. (Support: RANK.AVG function)"""
    return _rank(number, ref, order, 0.5)


@lookup("PERCENTILE.INC", "PERCENTILE")
def percentile_inc(array: Range, k: Number) -> Result:
    """The k-th percentile, k in [0, 1], interpolated between n - 1 gaps; #NUM! outside or of no number. (Support: PERCENTILE.INC function)"""
    x = _ordered(array)
    if isinstance(x, Error):
        return x
    return _interpolate(x, k * (len(x) - 1), (k < 0) | (k > 1))


@lookup("PERCENTILE.EXC")
def percentile_exc(array: Range, k: Number) -> Result:
    """The k-th percentile, interpolated between n + 1 gaps; #NUM! unless 1/(n+1) ≤ k ≤ n/(n+1). (Support: PERCENTILE.EXC function)"""
    x = _ordered(array)
    if isinstance(x, Error):
        return x
    place = k * (len(x) + 1) - 1
    return _interpolate(x, place, (place < -1e-12) | (place > len(x) - 1 + 1e-12))


@lookup("QUARTILE.INC", "QUARTILE")
def quartile_inc(array: Range, quart: Number) -> Result:
    """Quartile 0 (least) to 4 (greatest), interpolated as PERCENTILE.INC; #NUM! for others. (Support: QUARTILE.INC function)"""
    return percentile_inc(array, np.trunc(quart) / 4)


@lookup("QUARTILE.EXC")
def quartile_exc(array: Range, quart: Number) -> Result:
    """Quartile 1 to 3, interpolated as PERCENTILE.EXC; #NUM! for others. (Support: QUARTILE.EXC function)"""
    whole = np.trunc(quart)
    found = percentile_exc(array, whole / 4)
    return fail(found, (whole < 1) | (whole > 3), Error.NUM) if isinstance(found, Failing) else found


@lookup("PERCENTRANK.INC", "PERCENTRANK")
def percentrank_inc(array: Range, x: Number, significance: Number = 3.0) -> Result:
    """Share of the numbers below x, in [0, 1], cut to digits; #N/A outside their span, #NUM! of none or for less
    than one digit. (Support: PERCENTRANK.INC function)"""
    return _percent_rank(array, x, significance, lambda place, n: place / max(n - 1, 1))


@lookup("PERCENTRANK.EXC")
def percentrank_exc(array: Range, x: Number, significance: Number = 3.0) -> Result:
    """Share of the numbers below x, in (0, 1), cut to digits; #N/A outside their span, #NUM! of none or for less
    than one digit. (Support: PERCENTRANK.EXC function)"""
    return _percent_rank(array, x, significance, lambda place, n: (place + 1) / (n + 1))


@lookup()
def TRIMMEAN(array: Range, percent: Number) -> Result:
    """Mean without a share of the numbers, half of it at each end, an even number of them; #NUM! outside [0, 1).
    (Support: TRIMMEAN function)"""
    x = _ordered(array)
    if isinstance(x, Error):
        return x
    bad = (percent < 0) | (percent >= 1) | (len(x) == 0)
    cut = np.where(bad, 0, np.floor(np.where(bad, 0.0, percent) * len(x) / 2 + 1e-9)).astype(np.int64)
    means = {int(c): float(x[c : len(x) - c].mean()) if len(x) else 0.0 for c in np.unique(cut)}
    return fail(np.array([means[int(c)] for c in cut]), bad, Error.NUM)


@array("MODE.SNGL", "MODE")
def mode_sngl(*numbers: Range) -> Result:
    """The number that comes most often, the first such; #N/A where none comes twice. (Support: MODE.SNGL function)"""
    found = _modes(numbers)
    return found if isinstance(found, Error) else found[:1].reshape(1, 1)


@array("MODE.MULT")
def mode_mult(*numbers: Range) -> Result:
    """All numbers that come most often, as a column in order of appearance; #N/A where none comes twice. (Support: MODE.MULT function)"""
    found = _modes(numbers)
    return found if isinstance(found, Error) else found.reshape(-1, 1)


@array()
def FREQUENCY(data_array: Range, bins_array: Range) -> Result:
    """Count the data up to each bin and above the one before, and above the last: (bins + 1, 1). (Support: FREQUENCY function)"""
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


def _ordered(array: Range) -> Floats | Error:
    x = sample(array)
    return x if isinstance(x, Error) else np.sort(x)


def _pick(ordered: Floats, place: Floats) -> Failing:
    bad = (place < 0) | (place >= len(ordered))
    if not len(ordered):
        return fail(np.zeros(place.shape), True, Error.NUM)
    return fail(ordered[np.where(bad, 0, place).astype(np.int64)], bad, Error.NUM)


def _rank(number: Floats, ref: Range, order: Floats, share: float) -> Result:
    x = _ordered(ref)
    if isinstance(x, Error):
        return x
    below = np.searchsorted(x, number, side="left")
    upto = np.searchsorted(x, number, side="right")
    better = np.where(order == 0, len(x) - upto, below)
    ties = upto - below
    return fail(better + 1 + share * (ties - 1), ties == 0, Error.NA)


def _interpolate(ordered: Floats, place: Floats, bad: Mask) -> Failing:
    if not len(ordered):
        return fail(np.zeros(place.shape), True, Error.NUM)
    at = np.clip(np.where(bad, 0.0, place), 0, len(ordered) - 1)
    near = np.rint(at)
    at = np.where(np.abs(at - near) < 1e-10, near, at)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, len(ordered) - 1)
    return fail(ordered[low] + (at - low) * (ordered[high] - ordered[low]), bad, Error.NUM)


def _percent_rank(array: Range, x: Floats, significance: Floats, share: Callable[[Floats, int], Floats]) -> Result:
    ordered = _ordered(array)
    if isinstance(ordered, Error):
        return ordered
    digits = np.trunc(significance)
    if not len(ordered):
        return fail(np.zeros(x.shape), True, Error.NUM)
    outside = (x < ordered[0]) | (x > ordered[-1])
    inside = np.where(outside, ordered[0], x)
    below = np.searchsorted(ordered, inside, side="left")
    found = ordered[below] == inside
    before = np.maximum(below - 1, 0)
    gap = np.where(found, 1.0, ordered[below] - ordered[before])
    place = np.where(found, below, before + (inside - ordered[before]) / gap)
    scale = 10.0 ** np.clip(digits, 1, 15)
    rank = np.floor(share(place, len(ordered)) * scale + 1e-9) / scale
    alone = (len(ordered) == 1) & (share(np.ones(1), 2)[0] == 1)
    return fail(fail(np.where(alone, 1.0, rank), digits < 1, Error.NUM), outside, Error.NA)


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
