"""Where lookup values stand in a vector: what MATCH, VLOOKUP, XLOOKUP and their kin share.

All functions take m lookup values and n places at once and return int64 positions (m,), -1 where nothing was found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.collation import text_ranks
from sheetgrad.engine.wildcards import has_wildcards, wildcard
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Floats, Kind, Kinds, Strings, Values

from ..distinct import distinct_values

Positions = NDArray[np.int64]
NOWHERE = -1
_FEW = 4  # so many lookup values are found by scanning rather than by sorting
_EMPTY_GROUP = 5


@record
class Keys:
    """Values as comparable keys: by ``group`` (number 1, text 2, logical 3, error 4, empty 5), then by ``key``."""

    group: Kinds  # (n,)
    key: Floats  # (n,)

    def __len__(self) -> int:
        return len(self.key)

    def __getitem__(self, index: NDArray[np.bool_] | Positions) -> Keys:
        return Keys(self.group[index], self.key[index])


def equality_keys(values: Values, strings: Strings) -> Keys:
    """Return keys that are equal where Excel's ``=`` says so and the kinds agree; text is compared case-folded."""
    kinds, data = values.kinds, values.data
    texts = kinds == Kind.TEXT
    if texts.any():
        data = data.copy()
        data[texts] = strings.folded(data[texts].astype(np.int64))
    return Keys(_groups(kinds), data)


def order_keys(strings: Strings, *arrays: Values) -> list[Keys]:
    """Return keys of several arrays that compare as Excel sorts; texts get their rank among all texts there are."""
    masks = [values.kinds == Kind.TEXT for values in arrays]
    ids = np.concatenate([values.data[mask] for values, mask in zip(arrays, masks, strict=True)])
    ranks = np.split(text_ranks(ids, strings).astype(np.float64), np.cumsum([mask.sum() for mask in masks])[:-1])
    keys = []
    for values, mask, own in zip(arrays, masks, ranks, strict=True):
        key = values.data.copy() if len(own) else values.data
        if len(own):
            key[mask] = own
        keys.append(Keys(_groups(values.kinds), key))
    return keys


def total_ranks(*keys: Keys) -> list[Positions]:
    """Return ranks that order several key arrays as one: equal keys get equal ranks, across kinds as Excel sorts."""
    group = np.concatenate([each.group for each in keys])
    key = np.concatenate([each.key for each in keys])
    order = np.lexsort((key, group))
    steps = (np.diff(group[order]) != 0) | (np.diff(key[order]) != 0)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(steps)]) if len(order) else []
    return np.split(ranks, np.cumsum([len(each) for each in keys])[:-1])


def find_equal(sought: Keys, places: Keys, last: bool = False) -> Positions:
    """Find equal values of the same kind: the first, or the last."""
    found = np.full(len(sought), NOWHERE, dtype=np.int64)
    if len(sought) <= _FEW:
        for i in range(len(sought)):
            hits = np.flatnonzero((places.key == sought.key[i]) & (places.group == sought.group[i]))
            if len(hits):
                found[i] = hits[-1 if last else 0]
        return found
    for group in distinct_values(sought.group):
        mine, theirs = np.flatnonzero(sought.group == group), np.flatnonzero(places.group == group)
        if len(theirs):
            found[mine] = _find_sorted(sought.key[mine], theirs, places.key[theirs], last)
    return found


def _find_sorted(sought: Floats, indices: Positions, keys: Floats, last: bool) -> Positions:
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    at = np.searchsorted(ordered, sought, side="right") - 1 if last else np.searchsorted(ordered, sought)
    at = np.clip(at, 0, len(ordered) - 1)
    return np.where(ordered[at] == sought, indices[order[at]], NOWHERE)


def find_within(sought: Keys, places: Keys, start: Positions, stop: Positions) -> Positions:
    """Find the first equal value of the same kind in windows of the places, counted from each window's start."""
    held, wanted = total_ranks(places, sought)
    order = np.argsort(held, kind="stable")
    size = len(held) + 1
    arranged = held[order] * size + order
    at = np.searchsorted(arranged, wanted * size + start)
    found = arranged[np.minimum(at, len(arranged) - 1)]
    return np.where((at < len(arranged)) & (found < wanted * size + stop), found - wanted * size - start, NOWHERE)


def first_within(hits: Positions, start: Positions, stop: Positions) -> Positions:
    """Return the first of some places, in order, in each window: counted from the window's start."""
    after = np.append(hits, np.iinfo(np.int64).max)[np.searchsorted(hits, start)]
    return np.where(after < stop, after - start, NOWHERE)


def hits(accepts: Callable[[str], bool], places: Values, strings: Strings) -> Positions:
    """Return the places of the texts that a test accepts, each distinct text tested once."""
    texts = np.flatnonzero(places.kinds == Kind.TEXT)
    distinct, where = np.unique(places.data[texts].astype(np.int64), return_inverse=True)
    accepted = np.array([accepts(strings.texts[i]) for i in distinct], dtype=bool)
    return texts[accepted[where]] if len(distinct) else texts


def find_ascending(sought: Keys, places: Keys) -> Positions:
    """Find the last place not above each value as Excel's binary search does, also where the data is not sorted.

    Only values of the same kind are compared: the search steps over others.
    """
    found = np.full(len(sought), NOWHERE, dtype=np.int64)
    for group in distinct_values(sought.group):
        mine, same = np.flatnonzero(sought.group == group), np.flatnonzero(places.group == group)
        if len(same):
            found[mine] = _bisect(sought.key[mine], places.key, same)
    return found


def _bisect(sought: Floats, keys: Floats, same: Positions) -> Positions:
    size = len(keys)
    following = np.full(size, size, dtype=np.int64)  # the next place of the same kind, itself included
    following[same] = same
    following = np.minimum.accumulate(following[::-1])[::-1]
    low, high = np.zeros(len(sought), dtype=np.int64), np.full(len(sought), size - 1, dtype=np.int64)
    best = np.full(len(sought), NOWHERE, dtype=np.int64)
    for _ in range(size.bit_length() + 1):
        middle = np.clip((low + high) // 2, 0, size - 1)
        at = following[middle]
        fits = (low <= high) & (at <= high) & (keys[np.minimum(at, size - 1)] <= sought)
        best = np.where(fits, at, best)
        low, high = np.where(fits, at + 1, low), np.where(fits | (low > high), high, middle - 1)
    return best


def find_descending(sought: Keys, places: Keys) -> Positions:
    """Find the last place not below each value, reading from the top until a value of the same kind is below it."""
    found = np.full(len(sought), NOWHERE, dtype=np.int64)
    for group in distinct_values(sought.group):
        mine, same = np.flatnonzero(sought.group == group), np.flatnonzero(places.group == group)
        if not len(same):
            continue
        falling = -np.minimum.accumulate(places.key[same])
        stop = np.searchsorted(falling, -sought.key[mine])
        reached = np.minimum(stop, len(same) - 1)
        equal = (stop < len(same)) & (places.key[same[reached]] == sought.key[mine])
        found[mine] = np.where(equal, same[reached], np.where(stop > 0, same[stop - 1], NOWHERE))
    return found


def find_nearest(sought: Keys, places: Keys, larger: bool, last: bool = False) -> Positions:
    """Find equal values, else the next smaller (larger) one wherever it stands; empty cells match empty values only."""
    found = find_equal(sought, places, last)
    usable = np.flatnonzero(places.group < Kind.ERROR)
    if not len(usable):
        return found
    wanted, held = total_ranks(sought, places[usable])
    order = np.argsort(held, kind="stable")
    ordered = held[order]
    at = np.searchsorted(ordered, wanted) if larger else np.searchsorted(ordered, wanted, side="right") - 1
    missing = (found == NOWHERE) & (at >= 0) & (at < len(ordered)) & (sought.group != _EMPTY_GROUP)
    value = ordered[np.clip(at, 0, len(ordered) - 1)]
    at = np.searchsorted(ordered, value, side="right") - 1 if last else np.searchsorted(ordered, value)
    return np.where(missing, usable[order[at]], found)


def find_bisecting(sought: Keys, places: Keys, descending: bool, mode: int) -> Positions:
    """Find values in data said to be sorted across kinds: mode 0 equal, -1 or next smaller, 1 or next larger.

    Of equal values it finds the first, in descending data the last: it reads that from its end.
    """
    if not len(places):
        return np.full(len(sought), NOWHERE, dtype=np.int64)
    wanted, held = total_ranks(sought, places)
    if descending:
        found = _bisect_up(wanted, held[::-1], places.group[::-1], mode)
        return np.where(found == NOWHERE, NOWHERE, len(held) - 1 - found)
    return _bisect_up(wanted, held, places.group, mode)


def _bisect_up(wanted: Positions, held: Positions, group: Kinds, mode: int) -> Positions:
    low, high = np.zeros(len(wanted), dtype=np.int64), np.full(len(wanted), len(held), dtype=np.int64)
    for _ in range(len(held).bit_length() + 1):
        middle = np.minimum((low + high) // 2, len(held) - 1)
        below = (held[middle] < wanted) & (low < high)
        low, high = np.where(below, middle + 1, low), np.where(below | (low >= high), high, middle)
    at = np.minimum(low, len(held) - 1)
    equal = (low < len(held)) & (held[at] == wanted)
    near = low if mode > 0 else low - 1
    usable = (near >= 0) & (near < len(held)) & (mode != 0)
    usable &= group[np.clip(near, 0, len(held) - 1)] < Kind.ERROR
    return np.where(equal, low, np.where(usable, near, NOWHERE))


def find_wildcards(sought: Values, places: Values, strings: Strings, last: bool = False) -> Positions:
    """Find texts that are patterns with wildcards; places of other lookup values stay -1."""
    return find_matching(sought, places, strings, last, lambda text: wildcard(text).matches)


def is_pattern(values: Values, strings: Strings) -> NDArray[np.bool_]:
    """Tell which lookup values are texts with wildcards."""
    texts = values.kinds == Kind.TEXT
    if texts.any():
        texts = texts.copy()
        ids, where = np.unique(values.data[texts].astype(np.int64), return_inverse=True)
        texts[texts] = np.array([has_wildcards(strings.texts[i]) for i in ids])[where]
    return texts


def find_matching(
    sought: Values, places: Values, strings: Strings, last: bool, matcher: Callable[[str], Callable[[str], bool]]
) -> Positions:
    """Find the first (last) text that ``matcher(lookup text)`` accepts; lookup values that are no text find nothing."""
    found = np.full(len(sought.data), NOWHERE, dtype=np.int64)
    texts = np.flatnonzero(places.kinds == Kind.TEXT)
    distinct, where = np.unique(places.data[texts].astype(np.int64), return_inverse=True)
    held = [strings.texts[i] for i in distinct]
    wanted = np.flatnonzero(sought.kinds == Kind.TEXT)
    for pattern in distinct_values(sought.data[wanted]):
        accepts = matcher(strings.texts[int(pattern)])
        accepted = np.array([accepts(text) for text in held], dtype=bool)
        hits = texts[accepted[where]] if len(held) else texts
        if len(hits):
            found[wanted[sought.data[wanted] == pattern]] = hits[-1 if last else 0]
    return found


def _groups(kinds: Kinds) -> Kinds:
    return np.where(kinds == Kind.EMPTY, np.uint8(_EMPTY_GROUP), kinds)
