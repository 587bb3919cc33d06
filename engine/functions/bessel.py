"""Bessel functions of whole order; #NUM! for a negative order."""

from __future__ import annotations

import numpy as np

from sheetgrad.sheets.values import Error

from .declare import Result, Strict, elementwise, fail


@elementwise()
def BESSELJ(x: Strict, n: Strict) -> Result:
    """Bessel function of the first kind; #NUM! for a negative order. (Support: BESSELJ function)"""
    from scipy.special import jv

    order = np.trunc(n)
    return fail(np.asarray(jv(order, x)), order < 0, Error.NUM)


@elementwise()
def BESSELY(x: Strict, n: Strict) -> Result:
    """Bessel function of the second kind; #NUM! for a negative order or unless x is positive. (Support: BESSELY function)"""
    from scipy.special import yv

    order = np.trunc(n)
    return fail(np.asarray(yv(order, x)), (order < 0) | (x <= 0), Error.NUM)


@elementwise()
def BESSELI(x: Strict, n: Strict) -> Result:
    """Modified Bessel function of the first kind; #NUM! for a negative order. (Support: BESSELI function)"""
    from scipy.special import iv

    order = np.trunc(n)
    return fail(np.asarray(iv(order, x)), order < 0, Error.NUM)


@elementwise()
def BESSELK(x: Strict, n: Strict) -> Result:
    """Modified Bessel function of the second kind; #NUM! for a negative order or unless x is positive. (Support: BESSELK function)"""
    from scipy.special import kv

    order = np.trunc(n)
    return fail(np.asarray(kv(order, x)), (order < 0) | (x <= 0), Error.NUM)
