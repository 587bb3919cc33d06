"""Functions that round: ROUND, INT, MROUND, the CEILING and FLOOR families, EVEN, ODD.

Decimal digits are meant: what lies within two units in the last place of a tie, or of a whole number, is taken to be
it, because 0.285 * 100 is 28.499999999999996 in binary while Excel rounds the decimal number that it shows.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Number, Result, Strict, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]

_EXACT = 2.0**47  # from here on two units in the last place are too near to a half


@elementwise()
def ROUND(number: Number, num_digits: Number) -> Result:
    """Round to decimal places, halves away from zero; negative places round left of the point.

    Source: Microsoft support, ROUND function.

    >>> ROUND(np.array([2.675, -1.5]), np.array([2.0, 0.0]))
    array([ 2.68, -2.  ])
    """
    return _at_digits(number, num_digits, lambda scaled: np.floor(_nudge(scaled) + 0.5))


@elementwise()
def ROUNDUP(number: Number, num_digits: Number) -> Result:
    """Round away from zero to decimal places. Source: Microsoft support, ROUNDUP function."""
    return _at_digits(number, num_digits, lambda scaled: _ceil(scaled))


@elementwise()
def ROUNDDOWN(number: Number, num_digits: Number) -> Result:
    """Round towards zero to decimal places. Source: Microsoft support, ROUNDDOWN function."""
    return _at_digits(number, num_digits, lambda scaled: _floor(scaled))


@elementwise()
def TRUNC(number: Number, num_digits: Number = 0.0) -> Result:
    """Cut off towards zero after decimal places. Source: Microsoft support, TRUNC function."""
    return ROUNDDOWN(number, num_digits)


@elementwise()
def INT(number: Number) -> Result:
    """Round down to a whole number. Source: Microsoft support, INT function."""
    return np.floor(number)


@elementwise()
def EVEN(number: Number) -> Result:
    """Round away from zero to an even whole number. Source: Microsoft support, EVEN function."""
    return np.sign(number) * np.ceil(np.abs(number) / 2) * 2


@elementwise()
def ODD(number: Number) -> Result:
    """Round away from zero to an odd whole number; ODD(0) is 1. Source: Microsoft support, ODD function."""
    size = np.ceil((np.maximum(np.abs(number), 1) - 1) / 2) * 2 + 1
    return np.where(number < 0, -size, size)


@elementwise()
def MROUND(number: Strict, multiple: Strict) -> Result:
    """Round to a multiple, halves away from zero; 0 for the multiple 0; #NUM! where the signs differ.

    Source: Microsoft support, MROUND function.
    """
    count = np.floor(_nudge(np.abs(_over(number, multiple))) + 0.5)
    return fail(_times(count, np.abs(multiple)) * np.sign(number), number * multiple < 0, Error.NUM)


@elementwise()
def CEILING(number: Number, significance: Number) -> Result:
    """Round up to a multiple; negative with a negative multiple: away from zero; #NUM! for a positive number with a
    negative multiple. Source: Microsoft support, CEILING function."""
    return fail(_up(number, significance), (number > 0) & (significance < 0), Error.NUM)


@elementwise()
def FLOOR(number: Number, significance: Number) -> Result:
    """Round down to a multiple; negative with a negative multiple: towards zero; #NUM! for a positive number with a
    negative multiple, #DIV/0! for the multiple 0 of anything but 0. Source: Microsoft support, FLOOR function."""
    found = fail(_down(number, significance), (number > 0) & (significance < 0), Error.NUM)
    return fail(found, (significance == 0) & (number != 0), Error.DIV0)


@elementwise("CEILING.MATH")
def ceiling_math(number: Number, significance: Number = 1.0, mode: Number = 0.0) -> Result:
    """Round up to a multiple, its sign ignored; with a mode other than 0 negative numbers go away from zero.
    Source: Microsoft support, CEILING.MATH function."""
    step = np.abs(significance)
    return np.where((number < 0) & (mode != 0), _down(number, step), _up(number, step))


@elementwise("FLOOR.MATH")
def floor_math(number: Number, significance: Number = 1.0, mode: Number = 0.0) -> Result:
    """Round down to a multiple, its sign ignored; with a mode other than 0 negative numbers go towards zero.
    Source: Microsoft support, FLOOR.MATH function."""
    step = np.abs(significance)
    return np.where((number < 0) & (mode != 0), _up(number, step), _down(number, step))


@elementwise("CEILING.PRECISE", "ISO.CEILING")
def ceiling_precise(number: Number, significance: Number = 1.0) -> Result:
    """Round up to a multiple whatever the signs; 0 for the multiple 0.

    Source: Microsoft support, CEILING.PRECISE function, ISO.CEILING function.
    """
    return _up(number, np.abs(significance))


@elementwise("FLOOR.PRECISE")
def floor_precise(number: Number, significance: Number = 1.0) -> Result:
    """Round down to a multiple whatever the signs.

    0 for the multiple 0. Source: Microsoft support, FLOOR.PRECISE function.
    """
    return _down(number, np.abs(significance))


def _nudge(scaled: Floats) -> Floats:
    return np.where(scaled < _EXACT, scaled + 2 * np.spacing(scaled), scaled)


def _floor(number: Floats) -> Floats:
    near = np.rint(number)
    return np.where(np.abs(near - number) <= 2 * np.spacing(np.abs(number)), near, np.floor(number))


def _ceil(number: Floats) -> Floats:
    return -_floor(-number)


def _up(number: Floats, step: Floats) -> Floats:
    return _times(_ceil(_over(number, step)), step)


def _down(number: Floats, step: Floats) -> Floats:
    return _times(_floor(_over(number, step)), step)


def _over(number: Floats, step: Floats) -> Floats:
    return number / np.where(step == 0, 1.0, step)


def _times(count: Floats, step: Floats) -> Floats:
    """Multiply by a step, through its reciprocal where that is whole: 3 * 0.1 is 0.30000000000000004, 3 / 10 is 0.3."""
    with np.errstate(divide="ignore"):
        reciprocal = 1 / step
    whole = (np.rint(reciprocal) == reciprocal) & (np.abs(reciprocal) < 1e15) & (np.abs(reciprocal) > 1)
    return np.where(whole, count / np.where(whole, reciprocal, 1.0), count * step)


def _at_digits(number: Floats, digits: Floats, rounded: object) -> Floats:
    assert callable(rounded)
    places = np.clip(np.trunc(digits), -308, 308)
    size = np.abs(number)
    if not places.any():
        return np.copysign(rounded(size), number) + 0.0
    scale = 10.0 ** np.abs(places)
    with np.errstate(over="ignore"):
        scaled = np.where(places >= 0, size * scale, size / scale)
    whole = rounded(scaled)
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.where(places >= 0, whole / scale, whole * scale)
    return np.where((places > 0) & (scaled >= 2.0**52), number, np.copysign(found, number) + 0.0)
