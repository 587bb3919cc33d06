"""Bessel functions of whole order.

Excel computes them from polynomial and rational approximations that are good to some 1e-8, and by recurrence for higher
orders; so do we, to give Excel's values. Source of the approximations: Abramowitz and Stegun, Handbook of Mathematical
Functions, 9.8 (I, K), and Hart, Computer Approximations, 1968 (J, Y).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Failing, Result, Strict, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]
OneOrder: TypeAlias = Callable[[Floats], Floats]

_TWO_OVER_PI = 0.636619772
_QUARTER_PI, _THREE_QUARTERS_PI = 0.785398164, 2.356194491
_ACCURACY = 40  # where downward recurrence starts, for about eight digits
_LARGE = 1e10
_MOST = 100_000  # the highest order that recurrence is run to

# Coefficients of ascending powers.
_J0_ABOVE = (57568490574.0, -13362590354.0, 651619640.7, -11214424.18, 77392.33017, -184.9052456)
_J0_BELOW = (57568490411.0, 1029532985.0, 9494680.718, 59272.64853, 267.8532712, 1.0)
_J1_ABOVE = (72362614232.0, -7895059235.0, 242396853.1, -2972611.439, 15704.48260, -30.16036606)
_J1_BELOW = (144725228442.0, 2300535178.0, 18583304.74, 99447.43394, 376.9991397, 1.0)
_Y0_ABOVE = (-2957821389.0, 7062834065.0, -512359803.6, 10879881.29, -86327.92757, 228.4622733)
_Y0_BELOW = (40076544269.0, 745249964.8, 7189466.438, 47447.26470, 226.1030244, 1.0)
_Y1_ABOVE = (-0.4900604943e13, 0.1275274390e13, -0.5153438139e11, 0.7349264551e9, -0.4237922726e7, 0.8511937935e4)
_Y1_BELOW = (0.2499580570e14, 0.4244419664e12, 0.3733650367e10, 0.2245904002e8, 0.1020426050e6, 0.3549632885e3, 1.0)
_P0 = (1.0, -0.1098628627e-2, 0.2734510407e-4, -0.2073370639e-5, 0.2093887211e-6)
_Q0 = (-0.1562499995e-1, 0.1430488765e-3, -0.6911147651e-5, 0.7621095161e-6, -0.934945152e-7)
_P1 = (1.0, 0.183105e-2, -0.3516396496e-4, 0.2457520174e-5, -0.240337019e-6)
_P1_OF_J = (*_P1[:3], *_P1[2:])  # Excel's BESSELJ(x,1) has the third coefficient twice: off by 5e-7 at x = 10
_Q1 = (0.04687499995, -0.2002690873e-3, 0.8449199096e-5, -0.88228987e-6, 0.105787412e-6)
_I0_NEAR = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2)
_I0_FAR = (
    0.39894228, 0.1328592e-1, 0.225319e-2, -0.157565e-2, 0.916281e-2, -0.2057706e-1,
    0.2635537e-1, -0.1647633e-1, 0.392377e-2,
)  # fmt: skip
_I1_NEAR = (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3)
_I1_FAR = (
    0.39894228, -0.3988024e-1, -0.362018e-2, 0.163801e-2, -0.1031555e-1, 0.2282967e-1,
    -0.2895312e-1, 0.1787654e-1, -0.420059e-2,
)  # fmt: skip
_K0_NEAR = (-0.57721566, 0.42278420, 0.23069756, 0.3488590e-1, 0.262698e-2, 0.10750e-3, 0.74e-5)
_K0_FAR = (1.25331414, -0.7832358e-1, 0.2189568e-1, -0.1062446e-1, 0.587872e-2, -0.251540e-2, 0.53208e-3)
_K1_NEAR = (1.0, 0.15443144, -0.67278579, -0.18156897, -0.1919402e-1, -0.110404e-2, -0.4686e-4)
_K1_FAR = (1.25331414, 0.23498619, -0.3655620e-1, 0.1504268e-1, -0.780353e-2, 0.325614e-2, -0.68245e-3)


@elementwise()
def BESSELJ(x: Strict, n: Strict) -> Result:
    """Bessel function of the first kind; #NUM! for a negative order. Source: Microsoft support, BESSELJ function."""
    return _of_order(_j, x, np.trunc(n))


@elementwise()
def BESSELI(x: Strict, n: Strict) -> Result:
    """Modified Bessel function of the first kind; #NUM! for a negative order or overflow.

    Source: Microsoft support, BESSELI function.
    """
    return _of_order(_i, x, np.trunc(n))


@elementwise()
def BESSELY(x: Strict, n: Strict) -> Result:
    """Bessel function of the second kind; #NUM! for a negative order or unless x is positive.

    Source: Microsoft support, BESSELY function.
    """
    found = _of_order(lambda order, at: _upward(order, at, _y0, _y1, -1.0), np.where(x > 0, x, 1.0), np.trunc(n))
    return fail(found, x <= 0, Error.NUM)


@elementwise()
def BESSELK(x: Strict, n: Strict) -> Result:
    """Modified Bessel function of the second kind; #NUM! for a negative order or unless x is positive.

    Source: Microsoft support, BESSELK function.
    """
    found = _of_order(lambda order, at: _upward(order, at, _k0, _k1, 1.0), np.where(x > 0, x, 1.0), np.trunc(n))
    return fail(found, x <= 0, Error.NUM)


def _of_order(function: Callable[[int, Floats], Floats], x: Floats, order: Floats) -> Failing:
    """Compute order by order: recurrences run over all places of one order at once."""
    x, order = np.broadcast_arrays(x, order)
    found = np.zeros(x.shape)
    bad = (order < 0) | (order > _MOST)
    for n in np.unique(order[~bad]):
        here = ~bad & (order == n)
        found[here] = function(int(n), x[here])
    return fail(found, bad, Error.NUM)


def _series(coefficients: tuple[float, ...], x: Floats) -> Floats:
    total = np.full(x.shape, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = coefficient + x * total
    return total


def _wave(x: Floats, phase: float, p: tuple[float, ...], q: tuple[float, ...], sine: bool) -> Floats:
    """Evaluate the expansion for |x| ≥ 8 that J (cosine) and Y (sine) share."""
    z = 8 / x
    angle = x - phase
    lead, other = (np.sin(angle), np.cos(angle)) if sine else (np.cos(angle), -np.sin(angle))
    return np.asarray(np.sqrt(_TWO_OVER_PI / x) * (lead * _series(p, z * z) + z * other * _series(q, z * z)))


def _j0(x: Floats) -> Floats:
    size, square = np.abs(x), x * x
    near = _series(_J0_ABOVE, square) / _series(_J0_BELOW, square)
    return np.where(size < 8, near, _wave(np.maximum(size, 8), _QUARTER_PI, _P0, _Q0, sine=False))


def _j1(x: Floats) -> Floats:
    size, square = np.abs(x), x * x
    near = x * _series(_J1_ABOVE, square) / _series(_J1_BELOW, square)
    far = _wave(np.maximum(size, 8), _THREE_QUARTERS_PI, _P1_OF_J, _Q1, sine=False)
    return np.where(size < 8, near, np.sign(x) * far)


def _y0(x: Floats) -> Floats:
    square = x * x
    near = _series(_Y0_ABOVE, square) / _series(_Y0_BELOW, square) + _TWO_OVER_PI * _j0(x) * np.log(x)
    return np.where(x < 8, near, _wave(np.maximum(x, 8), _QUARTER_PI, _P0, _Q0, sine=True))


def _y1(x: Floats) -> Floats:
    square = x * x
    near = x * _series(_Y1_ABOVE, square) / _series(_Y1_BELOW, square) + _TWO_OVER_PI * (_j1(x) * np.log(x) - 1 / x)
    return np.where(x < 8, near, _wave(np.maximum(x, 8), _THREE_QUARTERS_PI, _P1, _Q1, sine=True))


def _i0(x: Floats) -> Floats:
    size = np.abs(x)
    large = np.maximum(size, 3.75)
    far = np.exp(large) / np.sqrt(large) * _series(_I0_FAR, 3.75 / large)
    return np.where(size < 3.75, _series(_I0_NEAR, (x / 3.75) ** 2), far)


def _i1(x: Floats) -> Floats:
    size = np.abs(x)
    large = np.maximum(size, 3.75)
    far = np.exp(large) / np.sqrt(large) * _series(_I1_FAR, 3.75 / large)
    return np.sign(x) * np.where(size < 3.75, size * _series(_I1_NEAR, (x / 3.75) ** 2), far)


def _k0(x: Floats) -> Floats:
    near = -np.log(x / 2) * _i0(x) + _series(_K0_NEAR, x * x / 4)
    return np.where(x <= 2, near, np.exp(-x) / np.sqrt(x) * _series(_K0_FAR, 2 / x))


def _k1(x: Floats) -> Floats:
    near = np.log(x / 2) * _i1(x) + _series(_K1_NEAR, x * x / 4) / x
    return np.where(x <= 2, near, np.exp(-x) / np.sqrt(x) * _series(_K1_FAR, 2 / x))


def _upward(order: int, x: Floats, zero: OneOrder, one: OneOrder, sign: float) -> Floats:
    """Run f(n+1) = 2n/x f(n) ± f(n-1) up from the orders 0 and 1."""
    before, now = zero(x), one(x)
    if order == 0:
        return before
    for n in range(1, order):
        before, now = now, 2 * n / x * now + sign * before
    return now


def _j(order: int, x: Floats) -> Floats:
    if order < 2:
        return _j1(x) if order else _j0(x)
    size = np.maximum(np.abs(x), 1e-300)
    found = np.where(size > order, _upward(order, size, _j0, _j1, -1.0), _downward_j(order, np.minimum(size, order)))
    odd = -1.0 if order % 2 else 1.0
    return np.where(x == 0, 0.0, np.where(x < 0, odd, 1.0) * found)


def _downward_j(order: int, x: Floats) -> Floats:
    """Run the recurrence down to order 0 and scale by J0 + 2 J2 + 2 J4 … = 1."""
    before, now = np.zeros(x.shape), np.ones(x.shape)
    total, found = np.zeros(x.shape), np.zeros(x.shape)
    for n in range(2 * ((order + int((_ACCURACY * order) ** 0.5)) // 2), 0, -1):
        before, now = now, 2 * n / x * now - before
        shrink = np.where(np.abs(now) > _LARGE, 1 / _LARGE, 1.0)
        before, now, found, total = before * shrink, now * shrink, found * shrink, total * shrink
        if n % 2:
            total = total + now
        if n == order:
            found = before
    return found / (2 * total - now)


def _i(order: int, x: Floats) -> Floats:
    """Run the recurrence down to order 0 and scale by I0."""
    if order < 2:
        return _i1(x) if order else _i0(x)
    size = np.maximum(np.abs(x), 1e-300)
    before, now, found = np.zeros(x.shape), np.ones(x.shape), np.zeros(x.shape)
    for n in range(2 * (order + int((_ACCURACY * order) ** 0.5)), 0, -1):
        before, now = now, before + 2 * n / size * now
        shrink = np.where(np.abs(now) > _LARGE, 1 / _LARGE, 1.0)
        before, now, found = before * shrink, now * shrink, found * shrink
        if n == order:
            found = before
    odd = -1.0 if order % 2 else 1.0
    return np.where(x == 0, 0.0, np.where(x < 0, odd, 1.0) * found * _i0(x) / now)
