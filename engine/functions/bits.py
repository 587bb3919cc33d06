"""Bits of whole numbers below 2^48, and the step functions DELTA and GESTEP."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Failing, Number, Result, Strict, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

_LARGEST = 2.0**48
_FARTHEST = 53


@elementwise()
def BITAND(number1: Number, number2: Number) -> Result:
    """Bitwise and; #NUM! unless both are whole numbers in [0, 2^48). Source: Microsoft support, BITAND function."""
    return _of_bits(np.bitwise_and, number1, number2)


@elementwise()
def BITOR(number1: Number, number2: Number) -> Result:
    """Bitwise or; #NUM! unless both are whole numbers in [0, 2^48). Source: Microsoft support, BITOR function."""
    return _of_bits(np.bitwise_or, number1, number2)


@elementwise()
def BITXOR(number1: Number, number2: Number) -> Result:
    """Bitwise exclusive or.

    #NUM! unless both are whole numbers in [0, 2^48). Source: Microsoft support, BITXOR function.
    """
    return _of_bits(np.bitwise_xor, number1, number2)


@elementwise()
def BITLSHIFT(number: Number, shift_amount: Number) -> Result:
    """Number shifted left (right for a negative amount).

    #NUM! unless the number and the result are whole numbers in [0, 2^48), or beyond 53 places. (Support: BITLSHIFT
    function)
    """
    return _shifted(number, np.trunc(shift_amount))


@elementwise()
def BITRSHIFT(number: Number, shift_amount: Number) -> Result:
    """Number shifted right (left for a negative amount).

    errors as BITLSHIFT. Source: Microsoft support, BITRSHIFT function.
    """
    return _shifted(number, -np.trunc(shift_amount))


@elementwise()
def DELTA(number1: Strict, number2: Strict = 0.0) -> Result:
    """1 where two numbers are equal, else 0. Source: Microsoft support, DELTA function."""
    return np.asarray(number1 == number2, dtype=np.float64)


@elementwise()
def GESTEP(number: Strict, step: Strict = 0.0) -> Result:
    """1 where a number is at least the step, else 0. Source: Microsoft support, GESTEP function."""
    return np.asarray(number >= step, dtype=np.float64)


def _unfit(number: Floats) -> Mask:
    return (number < 0) | (number >= _LARGEST) | (number != np.floor(number))


def _of_bits(operation: np.ufunc, number1: Floats, number2: Floats) -> Failing:
    bad = _unfit(number1) | _unfit(number2)
    first, second = (np.where(bad, 0.0, number).astype(np.int64) for number in (number1, number2))
    return fail(operation(first, second).astype(np.float64), bad, Error.NUM)


def _shifted(number: Floats, left: Floats) -> Failing:
    found = np.floor(number * np.exp2(np.clip(left, -_FARTHEST, _FARTHEST)))
    return fail(found, _unfit(number) | (np.abs(left) > _FARTHEST) | (found >= _LARGEST), Error.NUM)
