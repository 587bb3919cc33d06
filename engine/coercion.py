"""Values to numbers, texts and logicals, as Excel converts them unasked: whole arrays of any number of axes.

Each conversion returns the payloads and the error codes beside them: uint8 `Error.code`s, 0 where there is a value, or
None where no element is an error. Payloads under an error are 0, "" or FALSE. Arrays of plain numbers pass untouched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Floats, Kind, Kinds, Strings, Values

from .context import Context
from .distinct import distinct_values
from .grid import TooManyCells
from .numerals import format_general, parse_number

Codes: TypeAlias = "NDArray[np.uint8] | None"
Objects: TypeAlias = NDArray[np.object_]

LONGEST_TEXT = 32_767
FILL_BUDGET = 1 << 26  # the most characters of the texts that a fill makes at once
TEXT_BUDGET = 1 << 24  # the most characters of all texts of one array that a formula makes
_VALUE = np.uint8(Error.VALUE.code)


def numbers(values: Values, strings: Strings, date1904: bool = False) -> tuple[Floats, Codes]:
    """Convert to numbers: numeric text is read, logicals are 0 or 1, empty is 0; other text is #VALUE!."""
    kind = values.kind
    if kind is None:
        return values.data, None
    highest = kind.max(initial=0)
    if highest <= Kind.NUMBER:
        return np.where(kind == Kind.NUMBER, values.data, 0.0), None
    data = np.where((kind == Kind.NUMBER) | (kind == Kind.BOOL), values.data, 0.0)
    codes = _error_codes(values.data, kind) if highest == Kind.ERROR else None
    texts_at = kind == Kind.TEXT
    if texts_at.any():
        read, bad = _read_texts(values.data[texts_at], lambda text: parse_number(text, date1904=date1904), strings)
        data[texts_at] = read
        codes = _mark(codes, texts_at, bad)
    return data, codes


def logicals(values: Values, strings: Strings) -> tuple[NDArray[np.bool_], Codes]:
    """Convert to logicals: numbers other than 0 are TRUE, empty is FALSE; texts but TRUE and FALSE are #VALUE!."""
    kind = values.kind
    if kind is None:
        return values.data != 0, None
    data = ((kind == Kind.NUMBER) | (kind == Kind.BOOL)) & (values.data != 0)
    highest = kind.max(initial=0)
    codes = _error_codes(values.data, kind) if highest == Kind.ERROR else None
    texts_at = kind == Kind.TEXT
    if highest >= Kind.TEXT and texts_at.any():
        read, bad = _read_texts(values.data[texts_at], _text_logical, strings)
        data[texts_at] = read != 0
        codes = _mark(codes, texts_at, bad)
    return data, codes


def texts(values: Values, strings: Strings) -> tuple[Objects, Codes]:
    """Convert to an object array of str: numbers in General format, logicals TRUE and FALSE, empty ""."""
    kind, data = values.kinds, values.data
    result: Objects = np.empty(data.shape, dtype=object)
    if data.size == 1:
        at = (0,) * data.ndim
        result[at], code = _one_text(float(data[at]), int(kind[at]), strings)
        return result, np.full(data.shape, code, dtype=np.uint8) if code else None
    result[...] = ""
    for each in distinct_values(kind).tolist():
        here = kind == each
        if each == Kind.NUMBER:
            result[here] = _distinct(data[here], format_general)
        elif each == Kind.TEXT:
            result[here] = _distinct(data[here], lambda payload: strings.texts[int(payload)])
        elif each == Kind.BOOL:
            result[here] = np.where(data[here] != 0, "TRUE", "FALSE").astype(object)
    return result, _error_codes(data, kind) if kind.max(initial=0) == Kind.ERROR else None


def convert(values: Values, marker: str, context: Context) -> tuple[Any, Codes]:
    """Convert to what a parameter with the given marker takes (see `functions.declare`); most take `Values`."""
    if marker == "number":
        return numbers(values, context.strings, context.date1904)
    if marker == "strict":
        read, codes = numbers(values, context.strings, context.date1904)
        logical = values.kinds == Kind.BOOL
        return read, merge_codes(codes, np.where(logical, _VALUE, np.uint8(0)) if logical.any() else None)
    if marker == "text":
        return texts(values, context.strings)
    if marker == "logical":
        return logicals(values, context.strings)
    return values, None


def merge_codes(first: Codes, second: Codes) -> Codes:
    """Combine the error codes of two operands: where both fail, the first one's error stands."""
    if first is None:
        return second
    if second is None:
        return first
    return np.where(first != 0, first, second)


def wrap(result: NDArray[Any], codes: Codes, strings: Strings) -> Values:
    """Make `Values` of plain results: float, bool or str; NaN and infinity become #NUM!, overlong text #VALUE!."""
    result = np.asarray(result)
    if result.dtype == object or result.dtype.kind == "U":
        return _with_codes(*_wrap_texts(result, strings), Kind.TEXT, codes)
    if result.dtype == bool:
        return _with_codes(result.astype(np.float64), None, Kind.BOOL, codes)
    data = result if result.dtype == np.float64 else result.astype(np.float64)
    if codes is None and data.size == 1 and math.isfinite(data.item()):
        return Values(data)
    finite = np.isfinite(data)
    if finite.all():
        return Values(data) if codes is None else _with_codes(data, None, Kind.NUMBER, codes)
    unfit = np.where(finite, np.uint8(0), np.uint8(Error.NUM.code))
    return _with_codes(data, unfit, Kind.NUMBER, codes)


def afford(shape: tuple[int, ...], *parts: NDArray[Any]) -> None:
    """Raise `TooManyCells` where texts joined element by element would be beyond the budget, turn by turn of a fill."""
    if math.prod(shape) * LONGEST_TEXT <= TEXT_BUDGET:
        return
    total = np.zeros((1, 1))
    for part in parts:
        lengths = np.fromiter(map(len, part.ravel().tolist()), dtype=np.float64, count=part.size)
        total = total + lengths.reshape(part.shape)
    turns = np.broadcast_to(total, shape).sum(axis=(-2, -1))
    if turns.max(initial=0) > TEXT_BUDGET or turns.sum() > FILL_BUDGET:
        raise TooManyCells


def _with_codes(data: Floats, own: Codes, kind: Kind, codes: Codes) -> Values:
    codes = merge_codes(codes, own)
    if codes is None:
        return Values(data, np.full(data.shape, kind, dtype=np.uint8))
    shape = np.broadcast_shapes(data.shape, codes.shape)
    failed = np.broadcast_to(codes != 0, shape)
    if kind == Kind.NUMBER and not failed.any():
        return Values(np.broadcast_to(data, shape))
    return Values(
        np.where(failed, codes.astype(np.float64), data), np.where(failed, np.uint8(Kind.ERROR), np.uint8(kind))
    )


def _wrap_texts(result: Objects, strings: Strings) -> tuple[Floats, Codes]:
    flat = result.ravel().tolist()
    ids = strings.intern_all(flat).reshape(result.shape)
    if all(len(text) <= LONGEST_TEXT for text in flat):
        return ids, None
    long = np.array([len(text) > LONGEST_TEXT for text in flat]).reshape(result.shape)
    return ids, np.where(long, _VALUE, np.uint8(0))


def _error_codes(data: Floats, kind: Kinds) -> NDArray[np.uint8]:
    return np.where(kind == Kind.ERROR, data, 0.0).astype(np.uint8)


def _mark(codes: Codes, where: NDArray[np.bool_], bad: NDArray[np.bool_]) -> Codes:
    if not bad.any():
        return codes
    marked = np.zeros(where.shape, dtype=np.uint8) if codes is None else codes
    marked[where] = np.where(bad, _VALUE, np.uint8(0))
    return marked


def _read_texts(ids: Floats, read: Callable[[str], float | None], strings: Strings) -> tuple[Floats, NDArray[np.bool_]]:
    """Read each distinct text once; return the numbers (0 where unreadable) and what was unreadable."""
    distinct, places = np.unique(ids, return_inverse=True)
    found = [read(strings.texts[int(i)]) for i in distinct]
    bad = np.array([number is None for number in found])
    table = np.array([0.0 if number is None else number for number in found])
    return table[places], bad[places]


def _text_logical(text: str) -> float | None:
    return {"TRUE": 1.0, "FALSE": 0.0}.get(text.strip().upper())


def _distinct(payloads: Floats, write: Callable[[float], str]) -> Objects:
    distinct, places = np.unique(payloads, return_inverse=True)
    table: Objects = np.empty(len(distinct), dtype=object)
    table[:] = [write(payload) for payload in distinct.tolist()]
    found: Objects = table[places]
    return found


def _one_text(payload: float, kind: int, strings: Strings) -> tuple[str, int]:
    if kind == Kind.TEXT:
        return strings.texts[int(payload)], 0
    if kind == Kind.NUMBER:
        return format_general(payload), 0
    if kind == Kind.BOOL:
        return "TRUE" if payload else "FALSE", 0
    return "", int(payload) if kind == Kind.ERROR else 0
