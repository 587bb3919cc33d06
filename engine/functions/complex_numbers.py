"""Complex numbers as texts, ``3+4i``: COMPLEX and the IM functions.

A text that is no complex number gives #NUM!, a logical #VALUE!. Results carry the suffix of the (first) argument.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable, Iterable

from sheetgrad.engine.numerals import format_general
from sheetgrad.sheets.values import Error, Scalar, Values

from .declare import Any, Context, Range, Result, Strict, array, scalar

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_COMPLEX = re.compile(rf"(?P<real>[+-]?{_NUMBER})?(?:(?P<imaginary>[+-]?(?:{_NUMBER})?)(?P<suffix>[ij]))?", re.ASCII)
_REAL = re.compile(rf"[+-]?{_NUMBER}", re.ASCII)

Parsed = tuple[complex, str]  # the number and its suffix, "" where none is written


@scalar()
def COMPLEX(real_num: Strict, i_num: Strict, suffix: Any = "i") -> Scalar:
    """Complex number as text; #VALUE! for a suffix other than i or j. Source: Microsoft support, COMPLEX function.

    >>> COMPLEX(3.0, -1.0, "i"), COMPLEX(0.0, 1.5, "j")
    ('3-i', '1.5j')
    """
    if isinstance(suffix, Error):
        return suffix
    letter = suffix or "i" if suffix is None or isinstance(suffix, str) else ""
    return _spell(complex(real_num, i_num), letter) if letter in ("i", "j") else Error.VALUE


@scalar()
def IMREAL(inumber: Any) -> Scalar:
    """Real part. Source: Microsoft support, IMREAL function."""
    return _real_of(inumber, lambda z: z.real)


@scalar()
def IMAGINARY(inumber: Any) -> Scalar:
    """Imaginary part. Source: Microsoft support, IMAGINARY function."""
    return _real_of(inumber, lambda z: z.imag)


@scalar()
def IMABS(inumber: Any) -> Scalar:
    """Absolute value. Source: Microsoft support, IMABS function."""
    return _real_of(inumber, abs)


@scalar()
def IMARGUMENT(inumber: Any) -> Scalar:
    """Angle in radians; #DIV/0! for 0. Source: Microsoft support, IMARGUMENT function."""
    return _real_of(inumber, lambda z: cmath.phase(z) if z else Error.DIV0)


@scalar()
def IMCONJUGATE(inumber: Any) -> Scalar:
    """Complex conjugate. Source: Microsoft support, IMCONJUGATE function."""
    return _complex_of(inumber, lambda z: complex(z.real, -z.imag))


@scalar()
def IMEXP(inumber: Any) -> Scalar:
    """Exponential. Source: Microsoft support, IMEXP function."""
    return _complex_of(inumber, lambda z: cmath.rect(math.exp(z.real), z.imag))


@scalar()
def IMLN(inumber: Any) -> Scalar:
    """Natural logarithm; #NUM! for 0. Source: Microsoft support, IMLN function."""
    return _complex_of(inumber, cmath.log)


@scalar()
def IMLOG10(inumber: Any) -> Scalar:
    """Logarithm to base 10; #NUM! for 0. Source: Microsoft support, IMLOG10 function."""
    return _complex_of(inumber, lambda z: cmath.log(z) / math.log(10))


@scalar()
def IMLOG2(inumber: Any) -> Scalar:
    """Logarithm to base 2; #NUM! for 0. Source: Microsoft support, IMLOG2 function."""
    return _complex_of(inumber, lambda z: cmath.log(z) / math.log(2))


@scalar()
def IMSQRT(inumber: Any) -> Scalar:
    """Square root. Source: Microsoft support, IMSQRT function."""
    return _complex_of(inumber, lambda z: cmath.rect(math.sqrt(abs(z)), cmath.phase(z) / 2))


@scalar()
def IMPOWER(inumber: Any, number: Strict) -> Scalar:
    """Power with a real exponent.

    #NUM! for 0 to a power that is not positive. Source: Microsoft support, IMPOWER function.
    """
    return _complex_of(inumber, lambda z: _power(z, number))


@scalar()
def IMSIN(inumber: Any) -> Scalar:
    """Sine. Source: Microsoft support, IMSIN function."""
    return _complex_of(inumber, cmath.sin)


@scalar()
def IMCOS(inumber: Any) -> Scalar:
    """Cosine. Source: Microsoft support, IMCOS function."""
    return _complex_of(inumber, cmath.cos)


@scalar()
def IMTAN(inumber: Any) -> Scalar:
    """Tangent. Source: Microsoft support, IMTAN function."""
    return _complex_of(inumber, cmath.tan)


@scalar()
def IMSEC(inumber: Any) -> Scalar:
    """Secant. Source: Microsoft support, IMSEC function."""
    return _complex_of(inumber, lambda z: 1 / cmath.cos(z))


@scalar()
def IMCSC(inumber: Any) -> Scalar:
    """Cosecant; #NUM! for 0. Source: Microsoft support, IMCSC function."""
    return _complex_of(inumber, lambda z: 1 / cmath.sin(z))


@scalar()
def IMCOT(inumber: Any) -> Scalar:
    """Cotangent; #NUM! for 0. Source: Microsoft support, IMCOT function."""
    return _complex_of(inumber, lambda z: 1 / cmath.tan(z))


@scalar()
def IMSINH(inumber: Any) -> Scalar:
    """Hyperbolic sine. Source: Microsoft support, IMSINH function."""
    return _complex_of(inumber, cmath.sinh)


@scalar()
def IMCOSH(inumber: Any) -> Scalar:
    """Hyperbolic cosine. Source: Microsoft support, IMCOSH function."""
    return _complex_of(inumber, cmath.cosh)


@scalar()
def IMSECH(inumber: Any) -> Scalar:
    """Hyperbolic secant. Source: Microsoft support, IMSECH function."""
    return _complex_of(inumber, lambda z: 1 / cmath.cosh(z))


@scalar()
def IMCSCH(inumber: Any) -> Scalar:
    """Hyperbolic cosecant; #NUM! for 0. Source: Microsoft support, IMCSCH function."""
    return _complex_of(inumber, lambda z: 1 / cmath.sinh(z))


@scalar()
def IMSUB(inumber1: Any, inumber2: Any) -> Scalar:
    """Difference; #VALUE! where the suffixes differ. Source: Microsoft support, IMSUB function."""
    return _folded([inumber1, inumber2], lambda a, b: a - b)


@scalar()
def IMDIV(inumber1: Any, inumber2: Any) -> Scalar:
    """Quotient; #NUM! by 0, #VALUE! where the suffixes differ. Source: Microsoft support, IMDIV function."""
    return _folded([inumber1, inumber2], lambda a, b: a / b)


@array()
def IMSUM(context: Context, *inumbers: Range) -> Result:
    """Sum.

    empty cells of ranges count for nothing; #VALUE! where suffixes differ. Source: Microsoft support, IMSUM function.
    """
    return _folded(_elements(context, inumbers), lambda a, b: a + b)


@array()
def IMPRODUCT(context: Context, *inumbers: Range) -> Result:
    """Product; a single empty cell is 0, those of ranges count for nothing; #VALUE! where suffixes differ.

    Source: Microsoft support, IMPRODUCT function.
    """
    return _folded(_elements(context, inumbers), lambda a, b: a * b)


def _elements(context: Context, arrays: Iterable[Values]) -> list[Scalar]:
    found: list[Scalar] = []
    for values in arrays:
        elements = [value for row in values.rows(context.strings) for value in row]
        found += elements if len(elements) == 1 else [value for value in elements if value is not None]
    return found


def _parse(value: Scalar) -> Parsed | Error:
    if isinstance(value, Error):
        return value
    if isinstance(value, bool):
        return Error.VALUE
    if value is None or isinstance(value, float):
        return complex(value or 0.0), ""
    text = value.strip(" ")
    if _REAL.fullmatch(text):
        return complex(float(text)), ""
    match = _COMPLEX.fullmatch(text)
    if match is None or match["suffix"] is None:
        return Error.NUM
    real, imaginary = match["real"], match["imaginary"]
    if real and not imaginary:
        # "3i": what reads as a real part is the imaginary one.
        real, imaginary = None, real
    if real and imaginary[0] not in "+-":
        return Error.NUM
    size = float(imaginary + "1") if imaginary in ("", "+", "-") else float(imaginary)
    return complex(float(real or 0), size), match["suffix"]


def _spell(z: complex, suffix: str) -> Scalar:
    if not (math.isfinite(z.real) and math.isfinite(z.imag)):
        return Error.NUM
    real, imaginary = format_general(z.real + 0.0), format_general(z.imag + 0.0)
    if imaginary in ("0", "-0"):
        return real.replace("-0", "0") if real == "-0" else real
    size = imaginary.removeprefix("-")
    tail = ("" if size == "1" else size) + (suffix or "i")
    if real in ("0", "-0"):
        return ("-" if imaginary.startswith("-") else "") + tail
    return real + ("-" if imaginary.startswith("-") else "+") + tail


def _attempt(function: Callable[[complex], complex | float | Error], z: complex) -> complex | float | Error:
    try:
        return function(z)
    except (ArithmeticError, ValueError):
        return Error.NUM


def _real_of(value: Scalar, function: Callable[[complex], float | Error]) -> Scalar:
    parsed = _parse(value)
    if isinstance(parsed, Error):
        return parsed
    found = _attempt(function, parsed[0])
    return found if isinstance(found, Error) else found.real


def _complex_of(value: Scalar, function: Callable[[complex], complex | Error]) -> Scalar:
    parsed = _parse(value)
    if isinstance(parsed, Error):
        return parsed
    found = _attempt(function, parsed[0])
    return found if isinstance(found, Error) else _spell(complex(found), parsed[1])


def _power(z: complex, power: float) -> complex | Error:
    if z == 0:
        return 0j if power > 0 else Error.NUM
    return cmath.rect(abs(z) ** power, power * cmath.phase(z))


def _folded(values: list[Scalar], combine: Callable[[complex, complex], complex]) -> Scalar:
    total: complex | None = None
    suffix = ""
    for value in values:
        parsed = _parse(value)
        if isinstance(parsed, Error):
            return parsed
        z, own = parsed
        if own and suffix and own != suffix:
            return Error.VALUE
        suffix = suffix or own
        try:
            total = z if total is None else combine(total, z)
        except ArithmeticError:
            return Error.NUM
    return _spell(total or 0j, suffix)
