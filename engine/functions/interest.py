"""Conversions of interest rates and prices: EFFECT, NOMINAL, RRI, PDURATION, DOLLARDE, DOLLARFR."""

from __future__ import annotations

import math

from sheetgrad.sheets.values import Error, Scalar

from .declare import Number, Strict, scalar


@scalar()
def EFFECT(nominal_rate: Strict, npery: Strict) -> Scalar:
    """Effective yearly rate of a nominal one compounded npery times; #NUM! for numbers out of range.

    Source: Microsoft support, EFFECT function.
    """
    times = int(npery)
    return Error.NUM if nominal_rate <= 0 or times < 1 else _power(1 + nominal_rate / times, times, -1.0)


@scalar()
def NOMINAL(effect_rate: Strict, npery: Strict) -> Scalar:
    """Nominal yearly rate of an effective one compounded npery times; #NUM! for numbers out of range.

    Source: Microsoft support, NOMINAL function.
    """
    times = int(npery)
    return Error.NUM if effect_rate <= 0 or times < 1 else ((1 + effect_rate) ** (1 / times) - 1) * times


@scalar()
def RRI(nper: Number, pv: Number, fv: Number) -> Scalar:
    """Rate at which one value grows to another; #NUM! for numbers out of range.

    Source: Microsoft support, RRI function.
    """
    if nper <= 0 or pv == 0 or fv / pv < 0:
        return Error.NUM
    return float((fv / pv) ** (1 / nper) - 1)


@scalar()
def PDURATION(rate: Number, pv: Number, fv: Number) -> Scalar:
    """Periods in which one value grows to another; #NUM! for numbers that are not positive.

    Source: Microsoft support, PDURATION function.
    """
    if rate <= 0 or pv <= 0 or fv <= 0:
        return Error.NUM
    return (math.log(fv) - math.log(pv)) / math.log1p(rate)


@scalar()
def DOLLARDE(fractional_dollar: Strict, fraction: Strict) -> Scalar:
    """Price in decimals of one in fractions (1.02 sixteenths is 1.125); #NUM! below 0, #DIV/0! below 1.

    Source: Microsoft support, DOLLARDE function.
    """
    parts = _parts(fraction)
    if isinstance(parts, Error):
        return parts
    whole = math.trunc(fractional_dollar)
    return whole + (fractional_dollar - whole) * _scale(parts) / parts


@scalar()
def DOLLARFR(decimal_dollar: Strict, fraction: Strict) -> Scalar:
    """Price in fractions of one in decimals (1.125 is 1.02 sixteenths); #NUM! below 0, #DIV/0! below 1.

    Source: Microsoft support, DOLLARFR function.
    """
    parts = _parts(fraction)
    if isinstance(parts, Error):
        return parts
    whole = math.trunc(decimal_dollar)
    return whole + (decimal_dollar - whole) * parts / _scale(parts)


def _parts(fraction: float) -> int | Error:
    if fraction < 0:
        return Error.NUM
    return int(fraction) or Error.DIV0


def _scale(parts: int) -> float:
    return float(10 ** len(str(parts - 1)) if parts > 1 else 1)


def _power(base: float, exponent: float, plus: float) -> float | Error:
    try:
        return float(base**exponent) + plus
    except OverflowError:
        return Error.NUM
