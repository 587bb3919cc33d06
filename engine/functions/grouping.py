"""Which places of some ranges meet which of many tuples of criteria, without testing every place against every tuple.

Few tuples are tested one by one (`Scans`). Of many, the equalities are looked up among the sorted distinct values of
their ranges, and inequalities (or beginnings, ``abc*``) on one range cut an interval out of its sorted order; so each
tuple's places are one interval of a permutation of all places (`Spans`), and 100,000 criteria on 100,000 cells cost a
sort. Criteria of other forms beside these are tested only within the interval.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.numerals import parse_number
from sheetgrad.engine.wildcards import has_wildcards
from sheetgrad.sheets.values import Floats, Kind, Strings, Values, encode

from .criteria import ORDERINGS, Criterion, meets

Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]
Criteria: TypeAlias = tuple[Criterion, ...]

_FEW = 1 << 22  # tests (tuples times places) that are done one by one
_KEPT = 1 << 28  # bytes of masks that are remembered


class Groups(ABC):
    """The places that meet each of m tuples of criteria; every method returns (m,)."""

    @abstractmethod
    def count(self) -> Floats:
        """Return how many places meet each tuple."""

    @abstractmethod
    def sum(self, x: Floats) -> Floats:
        """Return the sums of x (n,) over the places."""

    @abstractmethod
    def least(self, x: Floats, empty: float) -> Floats:
        """Return the least of x (n,) over the places, ``empty`` where there is none."""


def group(
    ranges: Sequence[Values], criteria: Sequence[Sequence[Criterion]], strings: Strings, date1904: bool
) -> Groups:
    """Group the places of ranges of one shape, (r, c) each, by the m criteria on each range."""
    merged = _merge_alike(ranges)
    made = {id(values): _Table(values, strings, date1904) for values in merged}
    tables = [made[id(values)] for values in merged]
    tuples = list(zip(*criteria, strict=True))
    index = {each: i for i, each in enumerate(dict.fromkeys(tuples))}
    distinct = list(index)
    places = np.array([index[each] for each in tuples], dtype=np.int64)
    if len(distinct) * ranges[0].data.size <= _FEW or len(distinct) <= 2:
        return _Parts([(np.arange(len(distinct)), Scans(tables, distinct))], places)
    forms: dict[tuple[str, ...], list[int]] = {}
    for i, each in enumerate(distinct):
        forms.setdefault(tuple(map(_form, each)), []).append(i)
    return _Parts(
        [(np.array(at), _sorted(tables, [distinct[i] for i in at], form)) for form, at in forms.items()], places
    )


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


class _Table:
    """One range: its masks by criterion, the class of equal values of each place, the rank of each number."""

    def __init__(self, values: Values, strings: Strings, date1904: bool) -> None:
        kind = None if values.kind is None else values.kind.ravel()
        self.values = Values(values.data.ravel(), kind)
        self.strings = strings
        self.date1904 = date1904
        self._masks: dict[Criterion, Mask] = {}

    @property
    def size(self) -> int:
        return self.values.data.size

    def mask(self, test: Criterion) -> Mask:
        """Return which places meet a criterion, (n,)."""
        found = self._masks.get(test)
        if found is None:
            found = meets(self.values, test, self.strings, self.date1904)
            if (len(self._masks) + 1) * self.size <= _KEPT:
                self._masks[test] = found
        return found

    @cached_property
    def _classes(self) -> tuple[NDArray[np.complex128], Places]:
        """Return the distinct values as kind + payload·i, sorted, and which of them each place holds."""
        data, kinds = self.values.data.copy(), self.values.kinds.astype(np.float64)
        texts = self.values.kinds == Kind.TEXT
        if texts.any():
            distinct, places = np.unique(data[texts].astype(np.int64), return_inverse=True)
            kind, payload = self._text_keys(distinct)
            kinds[texts], data[texts] = kind[places], payload[places]
        values, places = np.unique(kinds + 1j * data, return_inverse=True)
        return values, places

    def _text_keys(self, texts: Places) -> tuple[Floats, Floats]:
        """Return kind and payload by which texts equal others: a text that reads as a number is that number."""
        read = [parse_number(self.strings.texts[text], date1904=self.date1904) for text in texts.tolist()]
        numeric = np.array([number is not None for number in read])
        numbers = np.array([0.0 if number is None else number for number in read])
        folded = self.strings.folded(texts)
        return np.where(numeric, float(Kind.NUMBER), float(Kind.TEXT)), np.where(numeric, numbers, folded)

    @property
    def classes(self) -> Places:
        return self._classes[1]

    def classes_of(self, tests: Sequence[Criterion]) -> Places:
        """Return the class that meets each equality, -1 where no place does."""
        values = self._classes[0]
        payload, kind = np.array([encode(test.operand, self.strings) for test in tests], dtype=np.float64).T
        texts = kind == Kind.TEXT
        payload[texts] = self.strings.folded(payload[texts].astype(np.int64))
        keys = kind + 1j * payload
        at = np.minimum(np.searchsorted(values, keys), len(values) - 1)
        return np.where(values[at] == keys, at, -1)

    @cached_property
    def numbers(self) -> tuple[Floats, Places]:
        """The distinct numbers, sorted, and the rank of each place's; those without a number come last."""
        distinct = np.unique(self.values.data[self.values.kinds == Kind.NUMBER])
        ranks = np.searchsorted(distinct, self.values.data)
        return distinct, np.where(self.values.kinds == Kind.NUMBER, ranks, len(distinct))

    @cached_property
    def texts(self) -> tuple[list[str], Places]:
        """The distinct texts with case folded, sorted, and the rank of each place's; those without a text come last."""
        here = self.values.kinds == Kind.TEXT
        ids, places = np.unique(self.values.data[here], return_inverse=True)
        folded = [self.strings.texts[int(i)].casefold() for i in ids]
        distinct = sorted(set(folded))
        order = {text: rank for rank, text in enumerate(distinct)}
        ranks = np.full(self.size, len(distinct))
        ranks[here] = np.array([order[text] for text in folded], dtype=np.int64)[places]
        return distinct, ranks

    def ranks(self, form: str) -> Places:
        """Return the rank of each place among the numbers or the texts, whichever a form of criteria cuts."""
        return self.numbers[1] if form == "order" else self.texts[1]

    def ranks_of(self, test: Criterion, form: str) -> tuple[int, int]:
        """Return the half-open interval of ranks that meets an inequality, or a text's beginning."""
        if form == "prefix":
            start = str(test.operand)[:-1].casefold()
            texts = self.texts[0]
            return bisect_left(texts, start), bisect_left(texts, True, key=lambda text: text[: len(start)] > start)
        numbers = self.numbers[0]
        side = "left" if test.operator in ("<", ">=") else "right"
        cut = int(np.searchsorted(numbers, test.operand, side=side))  # type: ignore[call-overload]
        return (0, cut) if test.operator in ("<", "<=") else (cut, len(numbers))


@dataclass(slots=True)
class Scans(Groups):
    """Tuples tested one by one, each within ``order[low:high]`` or, without an order, everywhere."""

    tables: list[_Table]
    tuples: Sequence[Criteria]
    order: Places | None = None
    low: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    high: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def count(self) -> Floats:
        return np.array([float(np.count_nonzero(self._kept(i))) for i in range(len(self.tuples))])

    def sum(self, x: Floats) -> Floats:
        return np.array([float(self._of(x, i).sum()) for i in range(len(self.tuples))])

    def least(self, x: Floats, empty: float) -> Floats:
        return np.array([float(self._of(x, i).min(initial=empty)) for i in range(len(self.tuples))])

    def _of(self, x: Floats, i: int) -> Floats:
        return (x if self.order is None else x[self._rows(i)])[self._kept(i)]

    def _rows(self, i: int) -> Places:
        assert self.order is not None
        return self.order[self.low[i] : self.high[i]]

    def _kept(self, i: int) -> Mask:
        masks = [table.mask(test) for table, test in zip(self.tables, self.tuples[i], strict=True)]
        if self.order is not None:
            rows = self._rows(i)
            masks = [mask[rows] for mask in masks]
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
        if self.apart:
            return self._at_starts(np.add, arranged)
        # Differences of running sums cancel; the wider type keeps what float64 would lose.
        running = np.concatenate([[0], np.cumsum(arranged.astype(np.longdouble))])
        return (running[self.high] - running[self.low]).astype(np.float64)

    def least(self, x: Floats, empty: float) -> Floats:
        arranged = x[self.order]
        found = np.full(len(self.low), empty)
        length = self.high - self.low
        width = 1
        while len(arranged) and width <= length.max(initial=0):
            # ``arranged[i]`` is the least of ``width`` places from i on; two of these cover a span of up to twice that.
            here = (length >= width) & (length < 2 * width)
            found[here] = np.minimum(arranged[self.low[here]], arranged[self.high[here] - width])
            arranged = np.minimum(arranged[:-width], arranged[width:]) if len(arranged) > width else arranged[:0]
            width *= 2
        return found

    def _at_starts(self, reduce: np.ufunc, arranged: Floats) -> Floats:
        found = np.zeros(len(self.low))
        some = np.flatnonzero(self.high > self.low)
        if len(some):
            starts = np.unique(np.append(self.low[some], self.high[some]))
            totals = reduce.reduceat(arranged, starts[starts < len(arranged)])
            found[some] = totals[np.searchsorted(starts, self.low[some])]
        return found


def _form(test: Criterion) -> str:
    operand = test.operand
    if test.operator in ORDERINGS:
        return "order" if isinstance(operand, float) else "other"
    if test.operator != "=" or operand == "":
        return "other"
    if not isinstance(operand, str) or not has_wildcards(operand):
        return "equal"
    return "prefix" if operand.endswith("*") and not has_wildcards(operand[:-1]) else "other"


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


def _sorted(tables: list[_Table], tuples: list[Criteria], form: tuple[str, ...]) -> Groups:
    equal = [i for i, each in enumerate(form) if each == "equal"]
    ordered = [i for i, each in enumerate(form) if each in ("order", "prefix")]
    if len({(id(tables[i]), form[i]) for i in ordered}) > 1:
        ordered = []
    rest = [i for i in range(len(form)) if i not in equal and i not in ordered]
    if not equal and not ordered:
        return Scans(tables, tuples)
    classes, wanted = _combined(tables, tuples, equal)
    if ordered:
        table, kind = tables[ordered[0]], form[ordered[0]]
        ranks = table.ranks(kind)
        count = int(ranks.max(initial=0)) + 2
        keys = classes * count + ranks
        bounds = np.array([_intersect(table, [each[i] for i in ordered], kind) for each in tuples], dtype=np.int64)
        first, last = wanted * count + bounds[:, 0], wanted * count + bounds[:, 1]
    else:
        keys, first, last = classes, wanted, wanted + 1
    order = np.argsort(keys, kind="stable")
    arranged = keys[order]
    low, high = np.searchsorted(arranged, first), np.searchsorted(arranged, last)
    low, high = np.where(wanted < 0, 0, low), np.where(wanted < 0, 0, np.maximum(low, high))
    if rest:
        return Scans([tables[i] for i in rest], [tuple(each[i] for i in rest) for each in tuples], order, low, high)
    return Spans(order, low, high, apart=not ordered)


def _combined(tables: list[_Table], tuples: list[Criteria], equal: list[int]) -> tuple[Places, Places]:
    """Return the joint class of each place over several ranges, and the one each tuple asks for (-1: none)."""
    classes = np.zeros(tables[0].size, dtype=np.int64)
    wanted = np.zeros(len(tuples), dtype=np.int64)
    for i in equal:
        own, asked = tables[i].classes, tables[i].classes_of([each[i] for each in tuples])
        count = int(own.max(initial=0)) + 1
        joint, classes = np.unique(classes * count + own, return_inverse=True)
        keys = wanted * count + asked
        at = np.minimum(np.searchsorted(joint, keys), len(joint) - 1)
        wanted = np.where((wanted >= 0) & (asked >= 0) & (joint[at] == keys), at, -1)
    return classes, wanted


def _intersect(table: _Table, tests: list[Criterion], form: str) -> tuple[int, int]:
    intervals = [table.ranks_of(test, form) for test in tests]
    return max(low for low, _ in intervals), min(high for _, high in intervals)
