"""The operators of formulas over whole arrays: arithmetic, ``&``, comparisons, and their prefix and suffix forms.

Where both operands fail, the left one's error stands. Numbers follow IEEE 754 as far as Excel does; what it does
differently is written at each place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Floats, Kind, Values

from .broadcasting import fit
from .coercion import Codes, afford, merge_codes, numbers, texts, wrap
from .collation import text_ranks
from .context import Context

Logicals: TypeAlias = NDArray[np.bool_]

_DIV0, _NUM = np.uint8(Error.DIV0.code), np.uint8(Error.NUM.code)
_SNAP = 2.0**-50  # a final sum this far below its operands is zero; Excel's exact figure is not published
_NEAR = 1e-14  # numbers farther apart than this, relatively, differ within 15 digits

_PLAIN: dict[str, np.ufunc] = {"+": np.add, "-": np.subtract, "*": np.multiply}
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "=": np.equal,
    "<>": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_EMPTY_AS = np.array([Kind.NUMBER, Kind.NUMBER, Kind.TEXT, Kind.BOOL, Kind.ERROR], dtype=np.uint8)


def binary(operator: str, left: Values, right: Values, context: Context, *, final: bool = False) -> Values:
    """Apply ``+ - * / ^ & = <> < <= > >=`` to two arrays: (..., r, c) each, broadcast by Excel's rule.

    ``final``: this is the last operation of its formula, where Excel takes a sum or difference that all but
    cancels for zero: ``=0.5-0.4-0.1`` is 0, ``=1*(0.5-0.4-0.1)`` is not.
    """
    if left.data.shape != right.data.shape:
        left, right = fit((left, right))
    if operator in _COMPARISONS:
        return _compare(operator, left, right, context)
    if operator == "&":
        return _concatenate(left, right, context)
    a, a_codes = numbers(left, context.strings, context.date1904)
    b, b_codes = numbers(right, context.strings, context.date1904)
    codes = merge_codes(a_codes, b_codes)
    with np.errstate(all="ignore"):
        if operator in _PLAIN:
            result = _PLAIN[operator](a, b)
            if final and operator != "*":
                result = _snap(result, a, b)
        elif operator == "/":
            result, codes = _divide(a, b, codes)
        elif operator == "^":
            result, codes = power(a, b, codes)
        else:
            raise ValueError(f"unknown operator {operator!r}")
    return wrap(result, codes, context.strings)


def unary(operator: str, operand: Values, context: Context) -> Values:
    """Apply ``-x``, ``+x`` (which changes nothing) or ``x%``."""
    if operator == "+":
        return operand
    data, codes = numbers(operand, context.strings, context.date1904)
    # 0 - x, not -x: Excel has no negative zero
    return wrap(np.subtract(0.0, data) if operator == "-" else data / 100.0, codes, context.strings)


def power(base: Floats, exponent: Floats, codes: Codes = None) -> tuple[Floats, Codes]:
    """Raise to a power: 0^0 is #NUM!, 0 to a negative power #DIV/0!; negative bases take odd roots, whole powers."""
    with np.errstate(all="ignore"):
        result = np.power(base, exponent)
        if np.isnan(result).any():
            root = np.rint(1.0 / exponent)
            odd = (base < 0) & (np.mod(root, 2) == 1) & (np.abs(1.0 / exponent - root) < 1e-12)
            result = np.where(odd, -np.power(np.abs(base), exponent), result)
    zero = base == 0
    if zero.any():
        own = np.where(zero & (exponent == 0), _NUM, np.where(zero & (exponent < 0), _DIV0, np.uint8(0)))
        return np.where(own != 0, 0.0, result), merge_codes(codes, own)
    return result, codes


def _divide(a: Floats, b: Floats, codes: Codes) -> tuple[Floats, Codes]:
    zero = b == 0
    if not zero.any():
        return np.divide(a, b), codes
    own = np.where(np.broadcast_to(zero, np.broadcast_shapes(a.shape, b.shape)), _DIV0, np.uint8(0))
    return np.divide(a, np.where(zero, 1.0, b)), merge_codes(codes, own)


def _snap(result: Floats, a: Floats, b: Floats) -> Floats:
    cancelled = (np.abs(result) < np.abs(a) * _SNAP) & (np.abs(result) < np.abs(b) * _SNAP)
    return np.where(cancelled, 0.0, result) if cancelled.any() else result


def _concatenate(left: Values, right: Values, context: Context) -> Values:
    a, a_codes = texts(left, context.strings)
    b, b_codes = texts(right, context.strings)
    afford(np.broadcast_shapes(a.shape, b.shape), a, b)
    return wrap(np.asarray(a + b), merge_codes(a_codes, b_codes), context.strings)


def _compare(operator: str, left: Values, right: Values, context: Context) -> Values:
    test = _COMPARISONS[operator]
    if left.kind is None and right.kind is None:
        return _logical(compare_numbers(test, left.data, right.data), None)
    sign = _signs(left, right, context)
    return _logical(test(sign, 0), merge_codes(_errors(left), _errors(right)))


def compare_numbers(test: Callable[..., Any], a: Floats, b: Floats) -> Logicals:
    """Compare numbers as Excel does: alike when they agree to 15 significant digits.

    >>> bool(compare_numbers(np.equal, np.array(0.1 + 0.2), np.array(0.3)))
    True
    """
    result: Logicals = test(a, b)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(np.subtract(a, b))
        near = (distance <= np.abs(a) * _NEAR) & (distance != 0)
    if near.any():
        a, b, near = np.broadcast_arrays(a, b, near)
        alike = [f"{x:.14e}" == f"{y:.14e}" for x, y in zip(a[near].tolist(), b[near].tolist(), strict=True)]
        result = np.array(result)
        result[near] = np.where(alike, test(0, 0), result[near])
    return result


def _logical(result: Logicals, codes: Codes) -> Values:
    if codes is None:
        return Values(result.astype(np.float64), np.full(result.shape, Kind.BOOL, dtype=np.uint8))
    failed = np.broadcast_to(codes != 0, result.shape)
    return Values(
        np.where(failed, codes, result).astype(np.float64),
        np.where(failed, np.uint8(Kind.ERROR), np.uint8(Kind.BOOL)),
    )


def _errors(values: Values) -> Codes:
    if values.kind is None:
        return None
    failed = values.kind == Kind.ERROR
    return np.where(failed, values.data, 0.0).astype(np.uint8) if failed.any() else None


def _signs(left: Values, right: Values, context: Context) -> NDArray[np.int8]:
    """Order two arrays of any kinds: -1, 0 or 1.

    Numbers come before texts, texts before logicals; empty is the other's 0, "" or FALSE.
    """
    a, b = np.broadcast_arrays(left.data, right.data)
    a_kind, b_kind = np.broadcast_arrays(left.kinds, right.kinds)
    a_as, b_as = a_kind, b_kind
    if not (a_kind.all() and b_kind.all()):
        a_as = np.where(a_kind == Kind.EMPTY, _EMPTY_AS[b_kind], a_kind)
        b_as = np.where(b_kind == Kind.EMPTY, _EMPTY_AS[a_kind], b_kind)
        nothing = float(context.strings.intern(""))
        a = np.where(a_kind == Kind.EMPTY, np.where(a_as == Kind.TEXT, nothing, 0.0), a)
        b = np.where(b_kind == Kind.EMPTY, np.where(b_as == Kind.TEXT, nothing, 0.0), b)
    sign = np.sign(a_as.astype(np.int8) - b_as.astype(np.int8))
    both = a_as == b_as
    numeric = both & (a_as == Kind.NUMBER)
    if numeric.any():
        x, y = a[numeric], b[numeric]
        sign[numeric] = compare_numbers(np.greater, x, y).astype(np.int8) - compare_numbers(np.less, x, y)
    logical = both & (a_as == Kind.BOOL)
    if logical.any():
        sign[logical] = np.sign(a[logical] - b[logical])
    textual = both & (a_as == Kind.TEXT)
    if textual.any():
        ranks = text_ranks(np.stack([a[textual], b[textual]]), context.strings)
        sign[textual] = np.sign(ranks[0] - ranks[1])
    return np.asarray(sign, dtype=np.int8)
