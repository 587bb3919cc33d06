"""Arithmetic: ABS, MOD, EXP, LN, POWER, products, divisors, factorials and what is counted with them."""

from __future__ import annotations

import math
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.operators import power as raised
from sheetgrad.sheets.values import Error

from .declare import Failing, Number, Numbers, Range, Result, Strict, Stricts, array, elementwise, fail, reduction
from .samples import first_error

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

_WHOLE = 2.0**53


@elementwise()
def ABS(number: Number) -> Result:
    """Absolute value. Source: Microsoft support, ABS function."""
    return np.abs(number)


@elementwise()
def SIGN(number: Number) -> Result:
    """1, 0 or -1 by the sign. Source: Microsoft support, SIGN function."""
    return np.sign(number)


@elementwise()
def MOD(number: Number, divisor: Number) -> Result:
    """Remainder with the sign of the divisor; #DIV/0! for the divisor 0, #NUM! beyond 1125900000000 divisors.

    Source: Microsoft support, MOD function.
    """
    safe = np.where(divisor == 0, 1.0, divisor)
    quotient = np.floor(number / safe)
    rest = np.mod(number, safe)
    return fail(fail(rest, divisor == 0, Error.DIV0), np.abs(quotient) >= 1125900000000, Error.NUM)


@elementwise()
def QUOTIENT(numerator: Strict, denominator: Strict) -> Result:
    """Whole part of a division; #DIV/0! for the denominator 0. Source: Microsoft support, QUOTIENT function."""
    return fail(np.trunc(numerator / np.where(denominator == 0, 1.0, denominator)), denominator == 0, Error.DIV0)


@elementwise()
def EXP(number: Number) -> Result:
    """e raised to a number; #NUM! where that overflows. Source: Microsoft support, EXP function."""
    with np.errstate(over="ignore"):
        found = np.exp(number)
    return fail(found, np.isinf(found), Error.NUM)


@elementwise()
def LN(number: Number) -> Result:
    """Natural logarithm; #NUM! unless positive. Source: Microsoft support, LN function."""
    return fail(np.log(_positive(number)), number <= 0, Error.NUM)


@elementwise()
def LOG10(number: Number) -> Result:
    """Logarithm to base 10; #NUM! unless positive. Source: Microsoft support, LOG10 function."""
    return fail(np.log10(_positive(number)), number <= 0, Error.NUM)


@elementwise()
def LOG(number: Number, base: Number = 10.0) -> Result:
    """Logarithm to a base.

    #NUM! unless both are positive, #DIV/0! for the base 1. Source: Microsoft support, LOG function.
    """
    bottom = np.where(base == 1, 10.0, _positive(base))
    safe = _positive(number)
    plain = np.log(safe) / np.log(bottom)
    found = np.where(bottom == 10, np.log10(safe), np.where(bottom == 2, np.log2(safe), plain))
    return fail(fail(found, (number <= 0) | (base <= 0), Error.NUM), base == 1, Error.DIV0)


@elementwise()
def SQRT(number: Number) -> Result:
    """Square root; #NUM! where negative. Source: Microsoft support, SQRT function."""
    return fail(np.sqrt(np.maximum(number, 0.0)), number < 0, Error.NUM)


@elementwise()
def SQRTPI(number: Strict) -> Result:
    """Square root of a number times pi; #NUM! where negative. Source: Microsoft support, SQRTPI function."""
    return fail(np.sqrt(np.maximum(number, 0.0) * np.pi), number < 0, Error.NUM)


@elementwise()
def POWER(number: Number, power: Number) -> Result:
    """A number raised to a power.

    #NUM! for 0^0, a fractional power of a negative number (but for odd roots) and overflow, #DIV/0! for 0 to a negative
    power. Source: Microsoft support, POWER function.
    """
    found, codes = raised(number, power)
    return found if codes is None else Failing(found, codes)


@elementwise()
def PI() -> Result:
    """The number pi. Source: Microsoft support, PI function."""
    return math.pi


@reduction()
def PRODUCT(*numbers: Numbers) -> Result:
    """Product of the numbers; 0 where there are none. Source: Microsoft support, PRODUCT function."""
    x, valid = numbers
    with np.errstate(over="ignore"):
        if valid is None:
            return x.prod(axis=-1) if x.shape[-1] else np.zeros(x.shape[:-1])
        return np.where(np.any(valid, axis=-1), np.where(valid, x, 1.0).prod(axis=-1), 0.0)


@reduction()
def GCD(*numbers: Stricts) -> Result:
    """Greatest common divisor of the whole parts.

    #NUM! where negative or 2^53 and more. Source: Microsoft support, GCD function.
    """
    x, valid = numbers
    whole, bad = _wholes(x)
    found = fail(np.gcd.reduce(whole, axis=-1, initial=0).astype(np.float64), np.any(bad, axis=-1), Error.NUM)
    return fail(found, _none(valid), Error.VALUE)


@reduction()
def LCM(*numbers: Stricts) -> Result:
    """Least common multiple of the whole parts, 0 where one is 0; #NUM! where negative or the result is 2^53 and more.
    Source: Microsoft support, LCM function."""
    x, valid = numbers
    whole, bad = _wholes(x)
    if valid is not None:
        whole = np.where(valid, whole, 1)
    found = np.ones(whole.shape[:-1])
    for i in range(whole.shape[-1]):
        now = np.where(found < _WHOLE, found, 1.0).astype(np.int64)
        step = whole[..., i]
        shared = np.maximum(np.gcd(now, step), 1)
        found = np.where(found < _WHOLE, (now // shared).astype(np.float64) * step, found)
    return fail(fail(found, bad.any(axis=-1) | (found >= _WHOLE), Error.NUM), _none(valid), Error.VALUE)


@elementwise()
def FACT(number: Number) -> Result:
    """Factorial of the whole part; #NUM! where negative or above 170. Source: Microsoft support, FACT function."""
    return _from_table(_factorials(), np.trunc(number), 0)


@elementwise()
def FACTDOUBLE(number: Strict) -> Result:
    """Double factorial of the whole part, 1 for -1.

    #NUM! below that or above 300. Source: Microsoft support, FACTDOUBLE function.
    """
    return _from_table(_double_factorials(), np.trunc(number) + 1, 0)


@elementwise()
def COMBIN(number: Number, number_chosen: Number) -> Result:
    """Number of combinations.

    #NUM! where negative or more are chosen than there are. Source: Microsoft support, COMBIN function.
    """
    n, k = np.trunc(number), np.trunc(number_chosen)
    bad = (n < 0) | (k < 0) | (k > n)
    return _finite(fail(_combinations(np.where(bad, 0.0, n), np.where(bad, 0.0, k)), bad, Error.NUM))


@elementwise()
def COMBINA(number: Number, number_chosen: Number) -> Result:
    """Number of combinations with repetition; #NUM! where negative, or some are chosen of none.

    Source: Microsoft support, COMBINA function.
    """
    n, k = np.trunc(number), np.trunc(number_chosen)
    bad = (n < 0) | (k < 0) | ((n == 0) & (k > 0))
    return _finite(fail(_combinations(np.where(bad | (n == 0), 0.0, n + k - 1), np.where(bad, 0.0, k)), bad, Error.NUM))


@elementwise()
def PERMUT(number: Number, number_chosen: Number) -> Result:
    """Number of permutations; #NUM! where none to choose from, negative, or more are chosen than there are.

    Source: Microsoft support, PERMUT function.
    """
    n, k = np.trunc(number), np.trunc(number_chosen)
    bad = (n < 0) | (k < 0) | (k > n)
    from scipy.special import poch

    n, k = np.where(bad, 0.0, n), np.where(bad, 0.0, k)
    with np.errstate(over="ignore"):
        found = poch(n - k + 1, k)
    return _finite(fail(_snap(found), bad, Error.NUM))


@elementwise()
def PERMUTATIONA(number: Number, number_chosen: Number) -> Result:
    """Number of permutations with repetition; #NUM! where negative.

    Source: Microsoft support, PERMUTATIONA function.
    """
    n, k = np.trunc(number), np.trunc(number_chosen)
    bad = (n < 0) | (k < 0)
    with np.errstate(over="ignore"):
        found = np.power(np.where(bad, 1.0, n), np.where(bad, 1.0, k))
    return _finite(fail(found, bad, Error.NUM))


@reduction()
def MULTINOMIAL(*numbers: Stricts) -> Result:
    """Factorial of the sum over the product of factorials, of whole parts; #NUM! where negative.

    Source: Microsoft support, MULTINOMIAL function.
    """
    whole = np.trunc(numbers[0])
    bad = (whole < 0).any(axis=-1)
    safe = np.maximum(whole, 0.0)
    tops = np.cumsum(safe, axis=-1)
    return _finite(fail(_snap(_combinations(tops, safe).prod(axis=-1)), bad, Error.NUM))


@array()
def SERIESSUM(x: Strict, n: Strict, m: Strict, coefficients: Range) -> Result:
    """Sum of the coefficients times x^n, x^(n+m), x^(n+2m) ….

    #VALUE! unless all coefficients are numbers, #NUM! for 0 to a power that is not positive. (Support: SERIESSUM
    function)
    """
    error = first_error(coefficients)
    if error is not None:
        return error
    if coefficients.kind is not None and (coefficients.kind != 1).any():
        return Error.VALUE
    steps = n + m * np.arange(coefficients.data.size)
    if x == 0 and (steps <= 0).any():
        return Error.NUM
    with np.errstate(all="ignore"):
        found = float((coefficients.data.ravel() * np.power(float(x), steps)).sum())
    return found if math.isfinite(found) else Error.NUM


def _positive(number: Floats) -> Floats:
    return np.where(number > 0, number, 1.0)


def _finite(found: Failing) -> Failing:
    return fail(found, ~np.isfinite(found.result), Error.NUM)


def _none(valid: Mask | None) -> Mask | bool:
    return False if valid is None else np.asarray(~valid.any(axis=-1))


def _wholes(x: Floats) -> tuple[NDArray[np.int64], Mask]:
    bad = (x < 0) | (x >= _WHOLE)
    return np.where(bad, 0.0, np.trunc(x)).astype(np.int64), bad


def _snap(found: Floats) -> Floats:
    """Counts are whole numbers, which floating-point products may miss by a hair."""
    return np.where(np.abs(found) < 1e15, np.rint(found), found)


def _combinations(n: Floats, k: Floats) -> Floats:
    from scipy.special import binom

    return _snap(np.asarray(binom(n, k)))


def _from_table(table: Floats, index: Floats, least: int) -> Failing:
    bad = (index < least) | (index >= len(table))
    return fail(table[np.where(bad, 0.0, index).astype(np.int64)], bad, Error.NUM)


@cache
def _factorials() -> Floats:
    return np.array([float(math.factorial(n)) for n in range(171)])


@cache
def _double_factorials() -> Floats:
    """Double factorials from that of -1 on."""
    exact = [1, 1]
    for n in range(1, 301):
        exact.append(n * exact[n - 1])
    return np.array([float(number) for number in exact])
