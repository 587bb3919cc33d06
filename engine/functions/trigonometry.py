"""Trigonometric and hyperbolic functions. Angles are in radians; from 2^27 on they give #NUM!, as in Excel.

Excel's SIN, COS and TAN are those of the x87 unit, which reduces angles with a pi of 66 bits: near multiples of a right
angle their values differ from the true ones by up to 2.5e-20 per right angle (SIN(PI()) is 1.22514845490862E-16).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Failing, Number, Result, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]

_LARGEST_ANGLE = 2.0**27
_EXCESS = 2.508278806334166e-20  # half of (0xC90FDAA22168C235 / 2^62 - pi)


@elementwise()
def SIN(number: Number) -> Result:
    """Sine; #NUM! from 2^27 on. Source: Microsoft support, SIN function."""
    return _of_angle(_sin, number)


@elementwise()
def COS(number: Number) -> Result:
    """Cosine; #NUM! from 2^27 on. Source: Microsoft support, COS function."""
    return _of_angle(_cos, number)


@elementwise()
def TAN(number: Number) -> Result:
    """Tangent; #NUM! from 2^27 on. Source: Microsoft support, TAN function."""
    return _of_angle(_tan, number)


@elementwise()
def SEC(number: Number) -> Result:
    """Secant; #NUM! from 2^27 on. Source: Microsoft support, SEC function."""
    return _of_angle(lambda angle: 1 / _cos(angle), number)


@elementwise()
def CSC(number: Number) -> Result:
    """Cosecant; #DIV/0! at 0, #NUM! from 2^27 on. Source: Microsoft support, CSC function."""
    return _unless_zero(number, lambda angle: 1 / _sin(angle))


@elementwise()
def COT(number: Number) -> Result:
    """Cotangent; #DIV/0! at 0, #NUM! from 2^27 on. Source: Microsoft support, COT function."""
    return _unless_zero(number, lambda angle: 1 / _tan(angle))


@elementwise()
def ASIN(number: Number) -> Result:
    """Arc sine; #NUM! outside [-1, 1]. Source: Microsoft support, ASIN function."""
    return fail(np.arcsin(np.clip(number, -1, 1)), np.abs(number) > 1, Error.NUM)


@elementwise()
def ACOS(number: Number) -> Result:
    """Arc cosine; #NUM! outside [-1, 1]. Source: Microsoft support, ACOS function."""
    return fail(np.arccos(np.clip(number, -1, 1)), np.abs(number) > 1, Error.NUM)


@elementwise()
def ATAN(number: Number) -> Result:
    """Arc tangent. Source: Microsoft support, ATAN function."""
    return np.arctan(number)


@elementwise()
def ATAN2(x_num: Number, y_num: Number) -> Result:
    """Angle of the point (x, y), in (-pi, pi]; #DIV/0! at the origin. Source: Microsoft support, ATAN2 function."""
    return fail(np.arctan2(y_num, x_num), (x_num == 0) & (y_num == 0), Error.DIV0)


@elementwise()
def ACOT(number: Number) -> Result:
    """Arc cotangent, in (0, pi). Source: Microsoft support, ACOT function."""
    return np.arctan2(1.0, number)


@elementwise()
def SINH(number: Number) -> Result:
    """Hyperbolic sine; #NUM! where it overflows. Source: Microsoft support, SINH function."""
    return _bounded(np.sinh, number)


@elementwise()
def COSH(number: Number) -> Result:
    """Hyperbolic cosine; #NUM! where it overflows. Source: Microsoft support, COSH function."""
    return _bounded(np.cosh, number)


@elementwise()
def TANH(number: Number) -> Result:
    """Hyperbolic tangent. Source: Microsoft support, TANH function."""
    return np.tanh(number)


@elementwise()
def SECH(number: Number) -> Result:
    """Hyperbolic secant. Source: Microsoft support, SECH function."""
    return 1 / np.cosh(np.clip(number, -710, 710))


@elementwise()
def CSCH(number: Number) -> Result:
    """Hyperbolic cosecant; #DIV/0! at 0. Source: Microsoft support, CSCH function."""
    safe = np.where(number == 0, 1.0, np.clip(number, -710, 710))
    return fail(1 / np.sinh(safe), number == 0, Error.DIV0)


@elementwise()
def COTH(number: Number) -> Result:
    """Hyperbolic cotangent; #DIV/0! at 0. Source: Microsoft support, COTH function."""
    return fail(1 / np.tanh(np.where(number == 0, 1.0, number)), number == 0, Error.DIV0)


@elementwise()
def ASINH(number: Number) -> Result:
    """Inverse hyperbolic sine. Source: Microsoft support, ASINH function."""
    return np.arcsinh(number)


@elementwise()
def ACOSH(number: Number) -> Result:
    """Inverse hyperbolic cosine; #NUM! below 1. Source: Microsoft support, ACOSH function."""
    return fail(np.arccosh(np.maximum(number, 1)), number < 1, Error.NUM)


@elementwise()
def ATANH(number: Number) -> Result:
    """Inverse hyperbolic tangent; #NUM! outside (-1, 1). Source: Microsoft support, ATANH function."""
    bad = np.abs(number) >= 1
    return fail(np.arctanh(np.where(bad, 0.0, number)), bad, Error.NUM)


@elementwise()
def ACOTH(number: Number) -> Result:
    """Inverse hyperbolic cotangent; #NUM! within [-1, 1]. Source: Microsoft support, ACOTH function."""
    bad = np.abs(number) <= 1
    return fail(np.arctanh(1 / np.where(bad, 2.0, number)), bad, Error.NUM)


@elementwise()
def RADIANS(angle: Number) -> Result:
    """Degrees as radians. Source: Microsoft support, RADIANS function."""
    return angle * (np.pi / 180)


@elementwise()
def DEGREES(angle: Number) -> Result:
    """Radians as degrees. Source: Microsoft support, DEGREES function."""
    return angle * (180 / np.pi)


def _excess(angle: Floats) -> Floats:
    return np.rint(angle * (2 / np.pi)) * _EXCESS


def _sin(angle: Floats) -> Floats:
    return np.asarray(np.sin(angle) - _excess(angle) * np.cos(angle))


def _cos(angle: Floats) -> Floats:
    return np.asarray(np.cos(angle) + _excess(angle) * np.sin(angle))


def _tan(angle: Floats) -> Floats:
    return np.asarray(_sin(angle) / _cos(angle))


def _of_angle(function: Callable[[Floats], Floats], angle: Floats) -> Failing:
    large = np.abs(angle) >= _LARGEST_ANGLE
    return fail(function(np.where(large, 1.0, angle)), large, Error.NUM)


def _unless_zero(angle: Floats, function: Callable[[Floats], Floats]) -> Failing:
    return fail(_of_angle(function, np.where(angle == 0, 1.0, angle)), angle == 0, Error.DIV0)


def _bounded(function: Callable[[Floats], Floats], number: Floats) -> Failing:
    with np.errstate(over="ignore"):
        found = function(number)
    return fail(found, np.isinf(found), Error.NUM)
