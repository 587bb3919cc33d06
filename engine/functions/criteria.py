"""Criteria of COUNTIF, SUMIFS, DSUM …, such as ``5``, ``">=3"``, ``"<>"``, ``"a*"``, and which cells meet them.

Rules Source: Microsoft support, COUNTIF function; Examples of criteria.: an operator in front of a text is taken off;
what is left is read as a number, a logical or an error value where it can be. ``=`` and ``<>`` compare texts without
regard to case and with wildcards; the inequalities compare values of one kind only. For ``=``, not for ``<>``, a text
that reads as a number equals it. An empty cell as criterion means 0; ``"="`` is met by empty cells, ``""`` also by
empty texts, ``"<>"`` by cells that hold something.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.collation import sort_key
from sheetgrad.engine.numerals import parse_number
from sheetgrad.engine.wildcards import has_wildcards, wildcard
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import ERRORS_BY_TEXT, Error, Floats, Kind, Kinds, Scalar, Strings, Values, decode, encode

from ..distinct import distinct_values

Mask: TypeAlias = NDArray[np.bool_]

ORDERINGS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FEW = 64  # texts that are sooner tested than sorted
_OPERATORS = ("<>", "<=", ">=", "=", "<", ">")
DIFFERS, AT_MOST, AT_LEAST, EQUALS, LESS, _ = range(len(_OPERATORS))
EQUAL, ORDER, PREFIX, OTHER = range(4)  # what the places that meet a criterion have in common, see `Criteria`
_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


@record
class Criterion:
    """An operator and what it compares with. ``operand`` None: emptiness.

    ``""`` (with "="): emptiness or an empty text.

    ``kind`` tells TRUE from 1, which are equal in Python.
    """

    operator: str
    operand: Scalar
    kind: Kind

    @classmethod
    def of(cls, operator: str, operand: Scalar) -> Criterion:
        return cls(operator, operand, _kind(operand))


def criterion(scalar: Scalar, date1904: bool = False, prefix: bool = False) -> Criterion:
    """Read a criterion. With ``prefix`` a bare text means "begins with", as in the database functions.

    >>> test = criterion(">=3")
    >>> test.operator, test.operand, criterion("<>").operand
    ('>=', 3.0, None)
    """
    if scalar is None:
        return Criterion.of("=", 0.0)
    if not isinstance(scalar, str):
        return Criterion.of("=", scalar)
    sign = next((sign for sign in _OPERATORS if scalar.startswith(sign)), "")
    rest = scalar[len(sign) :]
    if not rest:
        return Criterion.of(sign or "=", None if sign else "")
    operand = _operand(rest, date1904)
    if prefix and not sign and isinstance(operand, str):
        operand += "*"
    return Criterion.of(sign or "=", operand)


@record
class Criteria:
    """Many criteria on one range, (m,) each: operators by their place in the table, operands as kinds and payloads.

    ``form``: EQUAL values meet it, those in an interval of the numbers (ORDER) or of the texts (PREFIX), or OTHER.
    """

    form: NDArray[np.uint8]
    operator: NDArray[np.uint8]
    kind: Kinds
    payload: Floats

    @classmethod
    def read(cls, values: Values, strings: Strings, date1904: bool) -> Criteria:
        """Read criteria (m,); each distinct text once."""
        size = len(values.data)
        form, operator = np.full(size, EQUAL, dtype=np.uint8), np.full(size, EQUALS, dtype=np.uint8)
        if values.kind is None:
            return cls(form, operator, np.full(size, Kind.NUMBER, dtype=np.uint8), values.data)
        kind = np.where(values.kind == Kind.EMPTY, np.uint8(Kind.NUMBER), values.kind)
        payload = np.where(values.kind == Kind.EMPTY, 0.0, values.data)
        texts = np.flatnonzero(kind == Kind.TEXT)
        if len(texts):
            distinct = distinct_values(payload[texts])
            tests = [criterion(strings.texts[int(text)], date1904) for text in distinct.tolist()]
            at = np.searchsorted(distinct, payload[texts])
            form[texts] = np.array([_form(test) for test in tests])[at]
            operator[texts] = np.array([_OPERATORS.index(test.operator) for test in tests])[at]
            kind[texts] = np.array([test.kind for test in tests])[at]
            payload[texts] = np.array([encode(test.operand, strings)[0] for test in tests])[at]
        return cls(form, operator, kind, payload)

    def __len__(self) -> int:
        return len(self.form)

    def __getitem__(self, index: NDArray[np.int64]) -> Criteria:
        return Criteria(self.form[index], self.operator[index], self.kind[index], self.payload[index])

    def test(self, at: int, strings: Strings) -> Criterion:
        """Return one criterion."""
        operand = decode(float(self.payload[at]), int(self.kind[at]), strings)
        return Criterion(_OPERATORS[self.operator[at]], operand, Kind(self.kind[at]))


def _form(test: Criterion) -> int:
    operand = test.operand
    if test.operator in ORDERINGS:
        return ORDER if isinstance(operand, float) else OTHER
    if test.operator != "=" or operand == "":
        return OTHER
    if not isinstance(operand, str) or not has_wildcards(operand):
        return EQUAL
    return PREFIX if operand.endswith("*") and not has_wildcards(operand[:-1]) else OTHER


def meets(values: Values, test: Criterion, strings: Strings, date1904: bool = False) -> Mask:
    """Tell for each element of an array of any shape whether it meets a criterion."""
    if test.operator == "=":
        found = _equals(values, test.operand, strings)
        if test.kind == Kind.NUMBER and values.kind is not None:
            number = test.operand
            found |= _of_texts(values, lambda text: parse_number(text, date1904=date1904) == number, strings)
        return found
    if test.operator == "<>":
        return ~_equals(values, test.operand, strings)
    return _ordered(values, test, strings)


def _kind(operand: Scalar) -> Kind:
    if operand is None:
        return Kind.EMPTY
    if isinstance(operand, bool):
        return Kind.BOOL
    if isinstance(operand, str):
        return Kind.TEXT
    return Kind.ERROR if isinstance(operand, Error) else Kind.NUMBER


def _operand(text: str, date1904: bool) -> Scalar:
    number = float(text) if _PLAIN.fullmatch(text) else parse_number(text, date1904=date1904)
    if number is not None:
        return number
    upper = text.upper()
    if upper in ("TRUE", "FALSE"):
        return upper == "TRUE"
    return ERRORS_BY_TEXT.get(upper, text)


def _equals(values: Values, operand: Scalar, strings: Strings) -> Mask:
    kinds, data = values.kinds, values.data
    if operand is None:
        return np.asarray(kinds == Kind.EMPTY)
    if isinstance(operand, str):
        found = _of_texts(values, _text_test(operand), strings)
        return found | (kinds == Kind.EMPTY) if operand == "" else found
    payload, kind = encode(operand, strings)
    return np.asarray((kinds == kind) & (data == payload))


def _text_test(operand: str) -> Callable[[str], bool]:
    if has_wildcards(operand):
        return wildcard(operand).matches
    folded = operand.casefold()
    return lambda text: text.casefold() == folded


def _ordered(values: Values, test: Criterion, strings: Strings) -> Mask:
    compare, operand = ORDERINGS[test.operator], test.operand
    kinds, data = values.kinds, values.data
    if operand is None or isinstance(operand, Error):
        return np.zeros(data.shape, dtype=np.bool_)
    if isinstance(operand, str):
        key = sort_key(operand)
        return _of_texts(values, lambda text: bool(compare(sort_key(text), key)), strings)
    payload, kind = encode(operand, strings)
    return np.asarray((kinds == kind) & compare(data, payload))


def _of_texts(values: Values, test: Callable[[str], bool], strings: Strings) -> Mask:
    """Test each distinct text once."""
    found = np.zeros(values.shape, dtype=np.bool_)
    where = values.kinds == Kind.TEXT
    if where.any():
        ids = values.data[where]
        if len(ids) <= _FEW:
            found[where] = [test(strings.texts[int(i)]) for i in ids]
            return found
        distinct, places = np.unique(ids, return_inverse=True)
        found[where] = np.array([test(strings.texts[int(i)]) for i in distinct])[places]
    return found
