"""Which places of some ranges meet which of many tuples of criteria, without testing every place against every tuple.

Few tuples are tested one by one (`Masks`). Of many, the equalities are looked up among the sorted distinct values of
their ranges, and inequalities (or beginnings, ``abc*``) on one range cut an interval out of its sorted order; so each
tuple's places are one interval of a permutation of all places (`Spans`), and 100,000 criteria on 100,000 cells cost a
sort. Criteria of other forms beside these are tested only within the interval (`Scans`).

Where each tuple counts only places of a window of its own, as in ``COUNTIF($A$1:A9,A9)`` filled down, equal places
are an interval still, in the order of the sheet; an interval of numbers within a window is a count in two dimensions
(`dominance`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from sheetgrad.sheets.values import Floats, Strings, Values

from .criteria import EQUAL, ORDER, OTHER, PREFIX, Criteria
from .dominance import Dominance, interval_least, interval_sums
from .tables import Mask, Places, Table

Windows: TypeAlias = tuple[Places, Places]  # for each tuple: its first place, and the one after its last, (m,) each

_FEW = 1 << 22  # tests (tuples times places) that are done one by one
_FEW_MASKS = 8  # distinct tuples that are tested everywhere, though each is asked for through many windows


class Groups(Protocol):
    """The places that meet each of m tuples of criteria; every method returns (m,)."""

    def count(self) -> Floats:
        """Return how many places meet each tuple."""

    def sum(self, x: Floats) -> Floats:
        """Return the sums of x (n,) over the places."""

    def least(self, x: Floats, empty: float) -> Floats:
        """Return the least of x (n,) over the places, ``empty`` where there is none."""


def group(
    ranges: Sequence[Values],
    tests: Sequence[Criteria],
    strings: Strings,
    date1904: bool,
    windows: Windows | None = None,
) -> Groups:
    """Group the places of ranges of one shape, (r, c) each, by the m criteria on each range."""
    merged = _merge_alike(ranges)
    made = {id(values): Table(values, strings, date1904) for values in merged}
    tables = [made[id(values)] for values in merged]
    size = ranges[0].data.size
    first, places = _distinct(tests)
    if windows is not None and len(first) <= _FEW_MASKS:
        return Masks(tables, [each[first] for each in tests], places, windows)
    if windows is not None:
        places = np.arange(len(places))
    else:
        tests = [each[first] for each in tests]
        if len(first) * size <= _FEW or len(first) <= 2:
            return _Parts([(np.arange(len(first)), Scans(tables, tests))], places)
    forms = np.stack([each.form for each in tests])
    parts: list[tuple[Places, Groups]] = []
    for form in dict.fromkeys(map(tuple, np.unique(forms, axis=1).T.tolist())):
        at = np.flatnonzero((forms == np.array(form)[:, None]).all(axis=0))
        own = None if windows is None else (windows[0][at], windows[1][at])
        parts.append((at, _sorted(tables, [each[at] for each in tests], form, own)))
    return _Parts(parts, places)


def _distinct(tests: Sequence[Criteria]) -> tuple[Places, Places]:
    """Return which tuples are the first of their kind, and for each tuple which of these it is."""
    if len(tests[0]) == 1:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    known = np.zeros(len(tests[0]), dtype=np.int64)
    for each in tests:
        _, kinds = np.unique(each.operator * np.uint8(8) + each.kind, return_inverse=True)
        _, payloads = np.unique(each.payload, return_inverse=True)
        _, known = np.unique(
            (known * (int(kinds.max()) + 1) + kinds) * (len(known) + 1) + payloads, return_inverse=True
        )
    _, first, places = np.unique(known, return_index=True, return_inverse=True)
    return first, places


@dataclass(slots=True)
class _Parts(Groups):
    """Tuples in several parts, each once; ``places`` (m,) tells which of them each tuple asked for is."""

    parts: list[tuple[Places, Groups]]
    places: Places

    def count(self) -> Floats:
        return self._gather([groups.count() for _, groups in self.parts])

    def sum(self, x: Floats) -> Floats:
        return self._gather([groups.sum(x) for _, groups in self.parts])

    def least(self, x: Floats, empty: float) -> Floats:
        return self._gather([groups.least(x, empty) for _, groups in self.parts])

    def _gather(self, found: list[Floats]) -> Floats:
        whole = np.empty(sum(len(at) for at, _ in self.parts))
        for (at, _), part in zip(self.parts, found, strict=True):
            whole[at] = part
        return whole[self.places]


@dataclass(slots=True)
class Scans(Groups):
    """Tuples tested one by one, each within ``order[low:high]`` or, without an order, everywhere."""

    tables: list[Table]
    tests: list[Criteria]
    order: Places | None = None
    low: Places | None = None
    high: Places | None = None

    def count(self) -> Floats:
        return np.array([float(np.count_nonzero(self._kept(i))) for i in range(len(self.tests[0]))])

    def sum(self, x: Floats) -> Floats:
        return np.array([float(self._of(x, i).sum()) for i in range(len(self.tests[0]))])

    def least(self, x: Floats, empty: float) -> Floats:
        return np.array([float(self._of(x, i).min(initial=empty)) for i in range(len(self.tests[0]))])

    def _of(self, x: Floats, i: int) -> Floats:
        return (x if self.order is None else x[self._rows(i)])[self._kept(i)]

    def _rows(self, i: int) -> Places:
        assert self.order is not None
        assert self.low is not None
        assert self.high is not None
        return self.order[self.low[i] : self.high[i]]

    def _kept(self, i: int) -> Mask:
        masks = _masks(self.tables, self.tests, i)
        return _all([mask[self._rows(i)] for mask in masks] if self.order is not None else masks)


@dataclass(slots=True)
class Masks(Groups):
    """Few distinct tuples: each is tested everywhere, and looked at through the windows of those that ask for it."""

    tables: list[Table]
    tests: list[Criteria]
    places: Places  # which of the tests each tuple is
    windows: Windows

    def count(self) -> Floats:
        return self._each(lambda mask, spans: spans.sum(mask.astype(np.float64)))

    def sum(self, x: Floats) -> Floats:
        return self._each(lambda mask, spans: spans.sum(np.where(mask, x, 0.0)))

    def least(self, x: Floats, empty: float) -> Floats:
        return self._each(lambda mask, spans: spans.least(np.where(mask, x, empty), empty))

    def _each(self, reduce: Callable[[Mask, Spans], Floats]) -> Floats:
        found = np.zeros(len(self.places))
        order = np.arange(self.tables[0].size)
        for i in range(len(self.tests[0])):
            mine = np.flatnonzero(self.places == i)
            spans = Spans(order, self.windows[0][mine], self.windows[1][mine], apart=False)
            found[mine] = reduce(_all(_masks(self.tables, self.tests, i)), spans)
        return found


def _masks(tables: list[Table], tests: list[Criteria], i: int) -> list[Mask]:
    return [table.mask(each.test(i, table.strings)) for table, each in zip(tables, tests, strict=True)]


def _all(masks: list[Mask]) -> Mask:
    kept = masks[0]
    for mask in masks[1:]:
        kept = kept & mask
    return kept


@dataclass(slots=True)
class Spans(Groups):
    """Tuples whose places are ``order[low:high]``; ``apart``: no two overlap unless they are the same."""

    order: Places
    low: Places
    high: Places
    apart: bool

    def count(self) -> Floats:
        return (self.high - self.low).astype(np.float64)

    def sum(self, x: Floats) -> Floats:
        arranged = x[self.order]
        return self._at_starts(np.add, arranged) if self.apart else interval_sums(arranged, self.low, self.high)

    def least(self, x: Floats, empty: float) -> Floats:
        return interval_least(x[self.order], self.low, self.high, empty)

    def _at_starts(self, reduce: np.ufunc, arranged: Floats) -> Floats:
        found = np.zeros(len(self.low))
        some = np.flatnonzero(self.high > self.low)
        if len(some):
            starts = np.unique(np.append(self.low[some], self.high[some]))
            totals = reduce.reduceat(arranged, starts[starts < len(arranged)])
            found[some] = totals[np.searchsorted(starts, self.low[some])]
        return found


def _merge_alike(ranges: Sequence[Values]) -> list[Values]:
    """Let ranges that hold the same values be the same object, so that their criteria can share a sorted order."""
    found: list[Values] = []
    for values in ranges:
        found.append(next((one for one in found if _alike(one, values)), values))
    return found


def _alike(one: Values, other: Values) -> bool:
    if one.data.ctypes.data == other.data.ctypes.data and one.data.strides == other.data.strides:
        return True
    return np.array_equal(one.data, other.data) and np.array_equal(one.kinds, other.kinds)


def _sorted(tables: list[Table], tests: list[Criteria], form: tuple[int, ...], windows: Windows | None) -> Groups:
    equal = [i for i, each in enumerate(form) if each == EQUAL]
    ordered = [i for i, each in enumerate(form) if each in (ORDER, PREFIX)]
    if len({(id(tables[i]), form[i]) for i in ordered}) > 1 or (windows is not None and OTHER in form):
        ordered = []
    rest = [i for i in range(len(form)) if i not in equal and i not in ordered]
    if windows is not None and rest:
        first, places = _distinct(tests)
        return Masks(tables, [each[first] for each in tests], places, windows)
    if not equal and not ordered:
        return Scans(tables, tests)
    classes, wanted = _combined(tables, tests, equal)
    keys, first, last = classes, wanted, wanted + 1
    if ordered:
        table, kind = tables[ordered[0]], form[ordered[0]]
        ranks = table.ranks(kind)
        count = int(ranks.max(initial=0)) + 2
        bounds = [table.ranks_of(tests[i], kind) for i in ordered]
        keys = classes * count + ranks
        first = wanted * count + np.max([low for low, _ in bounds], axis=0)
        last = wanted * count + np.min([high for _, high in bounds], axis=0)
    nowhere = (wanted < 0) | (last <= first)
    order = np.argsort(keys, kind="stable")
    if windows is not None:
        start, stop = (np.where(nowhere, 0, edge) for edge in windows)
        if ordered:
            low, high = (np.searchsorted(keys[order], np.where(nowhere, 0, edge)) for edge in (first, last))
            return Dominance(order, low, np.where(nowhere, low, high), start, stop)
        within, size = keys[order] * (len(keys) + 1) + order, len(keys) + 1
        low, high = (np.searchsorted(within, np.where(nowhere, 0, wanted) * size + edge) for edge in (start, stop))
        return Spans(order, low, np.where(nowhere, low, np.maximum(low, high)), apart=False)
    arranged = keys[order]
    low, high = np.searchsorted(arranged, first), np.searchsorted(arranged, last)
    low, high = np.where(nowhere, 0, low), np.where(nowhere, 0, high)
    if rest:
        return Scans([tables[i] for i in rest], [tests[i] for i in rest], order, low, high)
    return Spans(order, low, high, apart=not ordered)


def _combined(tables: list[Table], tests: list[Criteria], equal: list[int]) -> tuple[Places, Places]:
    """Return the joint class of each place over several ranges, and the one each tuple asks for (-1: none)."""
    classes = np.zeros(tables[0].size, dtype=np.int64)
    wanted = np.zeros(len(tests[0]), dtype=np.int64)
    for i in equal:
        own, asked = tables[i].classes, tables[i].classes_of(tests[i])
        count = int(own.max(initial=0)) + 1
        joint, classes = np.unique(classes * count + own, return_inverse=True)
        keys = wanted * count + asked
        at = np.minimum(np.searchsorted(joint, keys), len(joint) - 1)
        wanted = np.where((wanted >= 0) & (asked >= 0) & (joint[at] == keys), at, -1)
    return classes, wanted
