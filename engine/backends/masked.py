"""Sums of products of equalities, ``SUMPRODUCT((A1:A99=D1)*B1:B99)``: filled down, each value is gathered once.

Equal places are found by sorting, so n formulas on m places cost a sort of each, not n times m tests. Where equality is
not plain, as between texts and numbers or numbers that differ beyond 15 digits, the formula is computed as it stands.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Floats, Kind, Strings, Values

from ..coercion import numbers
from ..distinct import distinct_values
from ..ir import Apply, Node
from ..masks import Masked, factors_of
from .windowed import Evaluation

MANY = 1 << 16  # tests from which on sorting is worth it
MOST_PARTS = 4096
_NEAR = 1e-14  # see `operators`

Places: TypeAlias = NDArray[np.int64]


def masked(evaluation: Evaluation, node: Apply) -> Values | None:
    """Evaluate a sum of products of equalities; None where it is not of the kind, or too small."""
    found = factors_of(node)
    if found is None:
        return None
    frame, sized = evaluation.frame, [*(view for view, _ in found.tests), *found.weights]
    if sized[0].height * sized[0].width * prod(frame.counts) < MANY:
        return None
    moving = sorted({loop for view in sized for loop, step in enumerate(view.steps) if step != (0, 0)})
    moving = [loop for loop in moving if frame.counts[loop] > 1]
    parts = list(product(*(range(frame.counts[loop]) for loop in moving)))
    if len(parts) > MOST_PARTS:
        return None
    result = np.zeros((*frame.counts, 1, 1))
    for at in parts:
        part, place = frame, [slice(None)] * len(frame.counts)
        for loop, index in zip(moving, at, strict=True):
            part, place[loop] = part.at(loop, frame.starts[loop] + index), slice(index, index + 1)
        sums = _sums(evaluation.within(part), found)
        if sums is None:
            return None
        result[tuple(place)] = sums
    return Values(result)


def _sums(evaluation: Evaluation, found: Masked) -> Floats | None:
    """Return the sums of a part of the fill in which no range moves: (*loops, 1, 1), or None."""
    strings = evaluation.context.strings
    joined: Places | None = None
    wanted = np.zeros((1, 1), dtype=np.int64)
    for view, key in found.tests:
        pair = _classes(evaluation.value(view), evaluation.value(key), strings)
        if pair is None:
            return None
        count = max(int(pair[0].max(initial=0)), int(pair[1].max(initial=0))) + 1
        own = pair[0] if joined is None else joined * count + pair[0]
        asked = wanted * count + pair[1]
        distinct, joined = np.unique(own, return_inverse=True)
        at = np.minimum(np.searchsorted(distinct, asked), len(distinct) - 1)
        wanted = np.where(distinct[at] == asked, at, len(distinct))
        joined = joined.ravel()
    assert joined is not None
    weight = np.ones(len(joined))
    for each in found.weights:
        plain = _plain(evaluation, each)
        if plain is None:
            return None
        weight = weight * plain.ravel()
    totals = np.append(np.bincount(joined, weights=weight, minlength=int(joined.max()) + 1), 0.0)
    sums = totals[np.minimum(wanted, len(totals) - 1)]
    for node in found.scales:
        plain = _plain(evaluation, node)
        if plain is None:
            return None
        sums = sums * plain
    return sums if np.isfinite(weight).all() and np.isfinite(sums).all() else None


def _plain(evaluation: Evaluation, node: Node) -> Floats | None:
    """Return the numbers of a node, or None where one is an error."""
    data, codes = numbers(evaluation.value(node), evaluation.context.strings, evaluation.context.date1904)
    return data if codes is None and np.isfinite(data).all() else None


def _classes(places: Values, keys: Values, strings: Strings) -> tuple[Places, Places] | None:
    """Number what is equal: of places, flat, and of keys, (*loops, 1, 1); None where equality is not plain."""
    kinds = {*distinct_values(places.kinds).tolist(), *distinct_values(keys.kinds).tolist()}
    if kinds <= {int(Kind.EMPTY), int(Kind.NUMBER)}:
        held, sought = places.data.ravel(), keys.data
    elif kinds == {int(Kind.TEXT)}:
        held, sought = (strings.folded(each.data.astype(np.int64)).astype(np.float64) for each in (places, keys))
        held = held.ravel()
    else:
        return None
    distinct = distinct_values(np.concatenate([held, sought.ravel()]))
    if kinds != {int(Kind.TEXT)} and (np.diff(distinct) <= np.abs(distinct[1:]) * 4 * _NEAR).any():
        return None
    return np.searchsorted(distinct, held), np.searchsorted(distinct, sought)
