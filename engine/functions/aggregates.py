"""Sums, counts, means, extremes: the reductions that most formulas end in. All work over any number of leading axes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Kind, Values

from .declare import Array, Context, Counted, Failing, Numbers, NumbersA, Range, Result, array, fail, reduction
from .samples import error_codes, numbers_or_zero, sample

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@reduction()
def SUM(*numbers: Numbers) -> Result:
    """Sum of the numbers.

    text, logicals and empty cells in references count for nothing. Source: Microsoft support, SUM function.
    """
    return np.asarray(numbers[0].sum(axis=-1))


@reduction()
def SUMSQ(*numbers: Numbers) -> Result:
    """Sum of squares. Source: Microsoft support, SUMSQ function."""
    return np.square(numbers[0]).sum(axis=-1)


@reduction()
def AVERAGE(*numbers: Numbers) -> Result:
    """Mean of the numbers; #DIV/0! where there are none. Source: Microsoft support, AVERAGE function."""
    return _mean(*numbers)


@reduction()
def AVERAGEA(*values: NumbersA) -> Result:
    """Mean with text as 0 and logicals as 0 and 1; #DIV/0! of nothing. Source: Microsoft support, AVERAGEA function."""
    return _mean(*values)


@reduction()
def MAX(*numbers: Numbers) -> Result:
    """Greatest number; 0 where there are none. Source: Microsoft support, MAX function."""
    return _greatest(*numbers)


@reduction()
def MIN(*numbers: Numbers) -> Result:
    """Least number; 0 where there are none. Source: Microsoft support, MIN function."""
    return _least(*numbers)


@reduction()
def MAXA(*values: NumbersA) -> Result:
    """Greatest value with text as 0 and logicals as 0 and 1; 0 of nothing. Source: Microsoft support, MAXA function."""
    return _greatest(*values)


@reduction()
def MINA(*values: NumbersA) -> Result:
    """Least value with text as 0 and logicals as 0 and 1; 0 of nothing. Source: Microsoft support, MINA function."""
    return _least(*values)


@reduction()
def COUNT(*values: Counted) -> Result:
    """How many numbers there are.

    errors, and text that is no number, are stepped over. Source: Microsoft support, COUNT function.
    """
    x, valid = values
    return np.full(x.shape[:-1], float(x.shape[-1])) if valid is None else valid.sum(axis=-1).astype(np.float64)


@array(batched=True)
def COUNTA(*values: Range) -> Result:
    """How many values there are, errors and "" included. Source: Microsoft support, COUNTA function."""
    return sum(np.asarray((each.kinds != Kind.EMPTY).sum(axis=(-2, -1), keepdims=True), np.float64) for each in values)


@array(batched=True)
def COUNTBLANK(range: Range, context: Context) -> Result:
    """Number of cells that are empty or hold "". Source: Microsoft support, COUNTBLANK function."""
    kinds = range.kinds
    blank = (kinds == Kind.EMPTY) | ((kinds == Kind.TEXT) & (range.data == context.strings.intern("")))
    return blank.sum(axis=(-2, -1), keepdims=True).astype(np.float64)


@array(batched=True)
def SUMPRODUCT(*arrays: Array) -> Result:
    """Sum of the products of corresponding elements, all that is not a number counting 0; #VALUE! where the arrays
    differ in shape. Source: Microsoft support, SUMPRODUCT function."""
    if len({values.shape[-2:] for values in arrays}) > 1:
        return Error.VALUE
    product = numbers_or_zero(arrays[0])
    for values in arrays[1:]:
        product = np.multiply(product, numbers_or_zero(values), order="C")
    return _with_errors(_total(product), arrays)


@array(batched=True)
def SUMX2MY2(array_x: Array, array_y: Array) -> Result:
    """Sum of x² - y² over pairs of numbers.

    #N/A where the arrays differ in size. Source: Microsoft support, SUMX2MY2 function.
    """
    return _over_pairs(array_x, array_y, lambda x, y: x * x - y * y)


@array(batched=True)
def SUMX2PY2(array_x: Array, array_y: Array) -> Result:
    """Sum of x² + y² over pairs of numbers.

    #N/A where the arrays differ in size. Source: Microsoft support, SUMX2PY2 function.
    """
    return _over_pairs(array_x, array_y, lambda x, y: x * x + y * y)


@array(batched=True)
def SUMXMY2(array_x: Array, array_y: Array) -> Result:
    """Sum of (x - y)² over pairs of numbers.

    #N/A where the arrays differ in size. Source: Microsoft support, SUMXMY2 function.
    """
    return _over_pairs(array_x, array_y, lambda x, y: np.square(x - y))


@array()
def PERCENTOF(data_subset: Array, data_all: Array) -> Result:
    """Sum of a part divided by the sum of all; #DIV/0! where that is 0. Source: Microsoft support, PERCENTOF."""
    part, whole = sample(data_subset), sample(data_all)
    if isinstance(part, Error):
        return part
    if isinstance(whole, Error):
        return whole
    total = whole.sum()
    return Error.DIV0 if total == 0 else np.array([[part.sum() / total]])


def _mean(x: Floats, valid: Mask | None) -> Failing:
    count = np.asarray(x.shape[-1] if valid is None else valid.sum(axis=-1))
    return fail(x.sum(axis=-1) / np.maximum(count, 1), count == 0, Error.DIV0)


def _greatest(x: Floats, valid: Mask | None) -> Floats:
    if x.shape[-1] == 0:
        return np.zeros(x.shape[:-1])
    if valid is None:
        return np.asarray(x.max(axis=-1))
    return np.where(valid.any(axis=-1), np.where(valid, x, -np.inf).max(axis=-1), 0.0)


def _least(x: Floats, valid: Mask | None) -> Floats:
    return 0.0 - _greatest(-x, valid)


def _total(x: Floats) -> Floats:
    """Sum over rows and columns, (..., 1, 1), in one order whatever the leading axes."""
    flat = np.ascontiguousarray(x).reshape(*x.shape[:-2], -1)
    return np.asarray(flat.sum(axis=-1))[..., None, None]


def _with_errors(found: Floats, arrays: tuple[Values, ...]) -> Floats | Failing:
    codes = error_codes(arrays)
    return found if codes is None else Failing(found, np.broadcast_to(codes, found.shape).astype(np.uint8))


def _over_pairs(first: Values, second: Values, term: object) -> Result:
    assert callable(term)
    if first.shape[-2] * first.shape[-1] != second.shape[-2] * second.shape[-1]:
        return Error.NA
    x, y = numbers_or_zero(first), numbers_or_zero(second)
    if first.shape[-2:] != second.shape[-2:]:
        x, y = x.reshape(*x.shape[:-2], 1, -1), y.reshape(*y.shape[:-2], 1, -1)
    terms = term(x, y)
    for values in (first, second):
        if values.kind is not None:
            terms = np.where((values.kind == Kind.NUMBER).reshape(*values.shape[:-2], *x.shape[-2:]), terms, 0.0)
    return _with_errors(_total(terms), (first, second))
