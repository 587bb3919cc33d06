"""One range that criteria are held against: its classes of equal values, its order, its masks."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.numerals import parse_number
from sheetgrad.sheets.values import Floats, Kind, Strings, Values

from .criteria import AT_LEAST, AT_MOST, LESS, ORDER, PREFIX, Criteria, Criterion, meets

Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]

_KEPT = 1 << 28  # bytes of masks that are remembered


class Table:
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

    def classes_of(self, tests: Criteria) -> Places:
        """Return the class that meets each equality, -1 where no place does."""
        values, payload = self._classes[0], tests.payload
        texts = tests.kind == Kind.TEXT
        if texts.any():
            payload = payload.copy()
            payload[texts] = self.strings.folded(payload[texts].astype(np.int64))
        keys = tests.kind + 1j * payload
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

    def ranks(self, form: int) -> Places:
        """Return the rank of each place among the numbers or the texts, whichever a form of criteria cuts."""
        return self.numbers[1] if form == ORDER else self.texts[1]

    def ranks_of(self, tests: Criteria, form: int) -> tuple[Places, Places]:
        """Return the half-open intervals of ranks that meet inequalities, or texts' beginnings."""
        if form == PREFIX:
            return self._beginnings(tests)
        numbers = self.numbers[0]
        left, right = (np.searchsorted(numbers, tests.payload, side=side) for side in ("left", "right"))
        below = (tests.operator == LESS) | (tests.operator == AT_MOST)
        cut = np.where((tests.operator == LESS) | (tests.operator == AT_LEAST), left, right)
        return np.where(below, 0, cut), np.where(below, cut, len(numbers))

    def _beginnings(self, tests: Criteria) -> tuple[Places, Places]:
        texts = self.texts[0]
        ids, where = np.unique(tests.payload.astype(np.int64), return_inverse=True)
        starts = [self.strings.texts[text][:-1].casefold() for text in ids.tolist()]
        found = [(bisect_left(texts, start), _end_of(texts, start)) for start in starts]
        low, high = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return low[where], high[where]


def _end_of(texts: list[str], start: str) -> int:
    """Return where the sorted texts that begin so end."""
    return bisect_left(texts, True, key=lambda text: text[: len(start)] > start)
