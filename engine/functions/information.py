"""What a value is: the IS functions, N, TYPE, ERROR.TYPE. Those of references (ISREF, CELL …) are in `special`."""

from __future__ import annotations

import numpy as np

from sheetgrad.sheets.values import Error, Kind, Scalar, Values

from .declare import Any, Context, Failing, Range, Result, Text, array, elementwise, fail, scalar


@elementwise()
def ISBLANK(value: Any) -> Result:
    """Whether a cell is empty; "" is not. Source: Microsoft support, IS functions."""
    return value.kinds == Kind.EMPTY


@elementwise()
def ISNUMBER(value: Any) -> Result:
    """Whether a value is a number. Source: Microsoft support, IS functions."""
    return value.kinds == Kind.NUMBER


@elementwise()
def ISTEXT(value: Any) -> Result:
    """Whether a value is a text. Source: Microsoft support, IS functions."""
    return value.kinds == Kind.TEXT


@elementwise()
def ISNONTEXT(value: Any) -> Result:
    """Whether a value is no text; an empty cell is none. Source: Microsoft support, IS functions."""
    return value.kinds != Kind.TEXT


@elementwise()
def ISLOGICAL(value: Any) -> Result:
    """Whether a value is TRUE or FALSE. Source: Microsoft support, IS functions."""
    return value.kinds == Kind.BOOL


@elementwise()
def ISERROR(value: Any) -> Result:
    """Whether a value is an error. Source: Microsoft support, IS functions."""
    return value.kinds == Kind.ERROR


@elementwise()
def ISERR(value: Any) -> Result:
    """Whether a value is an error other than #N/A. Source: Microsoft support, IS functions."""
    return (value.kinds == Kind.ERROR) & (value.data != Error.NA.code)


@elementwise()
def ISNA(value: Any) -> Result:
    """Whether a value is #N/A. Source: Microsoft support, IS functions."""
    return (value.kinds == Kind.ERROR) & (value.data == Error.NA.code)


@elementwise()
def ISEVEN(number: Any, context: Context = None) -> Result:
    """Whether the whole part of a number is even; #VALUE! for logicals and text.

    Source: Microsoft support, ISEVEN function.
    """
    return _parity(number, 0, context)


@elementwise()
def ISODD(number: Any, context: Context = None) -> Result:
    """Whether the whole part of a number is odd; #VALUE! for logicals and text.

    Source: Microsoft support, ISODD function.
    """
    return _parity(number, 1, context)


@elementwise()
def N(value: Any) -> Result:
    """Number of a value: logicals 0 or 1, other kinds 0, errors as they are. Source: Microsoft support, N function."""
    kinds = value.kinds
    data = np.where((kinds == Kind.TEXT) | (kinds == Kind.EMPTY), 0.0, value.data)
    return Values(data, np.where(kinds == Kind.ERROR, kinds, np.uint8(Kind.NUMBER)))


@scalar()
def NA() -> Scalar:
    """The error #N/A. Source: Microsoft support, NA function."""
    return Error.NA


@array()
def TYPE(value: Range) -> Result:
    """Kind of a value: 1 number or empty, 2 text, 4 logical, 16 error, 64 array.

    Source: Microsoft support, TYPE function.
    """
    if value.data.size != 1:
        return np.array([[64.0]])
    return np.array([1.0, 1.0, 2.0, 4.0, 16.0])[value.kinds]


@elementwise("ERROR.TYPE")
def ERROR_TYPE(error_val: Any) -> Result:
    """Number of an error value; #N/A for anything else. Source: Microsoft support, ERROR.TYPE function."""
    return fail(error_val.data, error_val.kinds != Kind.ERROR, Error.NA)


@scalar()
def INFO(type_text: Text) -> Scalar:
    """Facts of the environment that do not depend on the machine; #VALUE! for others.

    Source: Microsoft support, INFO.
    """
    known: dict[str, Scalar] = {
        "numfile": 1.0,
        "origin": "$A:$A$1",
        "osversion": "Windows (64-bit) NT 10.00",
        "recalc": "Automatic",
        "release": "16.0",
        "system": "pcdos",
    }
    return known.get(type_text.lower(), Error.VALUE)


def _parity(number: Any, remainder: int, context: Context) -> Failing:
    from sheetgrad.engine.coercion import numbers

    data, codes = numbers(number, context.strings, context.date1904)
    result = fail(np.mod(np.trunc(data), 2) == remainder, number.kinds == Kind.BOOL, Error.VALUE)
    return result if codes is None else Failing(result.result, np.where(codes != 0, codes, result.codes))
