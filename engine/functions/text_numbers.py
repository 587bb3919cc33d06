"""Between numbers and texts: TEXT, VALUE, NUMBERVALUE, FIXED, DOLLAR, VALUETOTEXT, ARRAYTOTEXT."""

from __future__ import annotations

import re
from decimal import Decimal

from sheetgrad.engine.numerals import format_general, parse_number
from sheetgrad.sheets.values import Error, Scalar

from .declare import Any, Array, Context, Logical, Number, Result, Text, array, scalar

_NUMERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_MOST_DECIMALS = 127


@scalar()
def TEXT(value: Any, format_text: Text, context: Context = None) -> Scalar:
    """Value shown by a format code, in US English; #VALUE! for a code that is none or a date out of range.

    Source: Microsoft support, TEXT function; ECMA-376 part 1, §18.8.31.
    """
    from sheetgrad.engine.formats import format_value
    from sheetgrad.engine.formats.codes import BadFormat

    if isinstance(value, Error):
        return value
    shown = _shown(value, context)
    if isinstance(shown, bool):
        return "TRUE" if shown else "FALSE"
    try:
        return format_value(shown, format_text, context.date1904)
    except BadFormat:
        return Error.VALUE


@scalar()
def VALUE(text: Any, context: Context = None) -> Scalar:
    """Number that a text stands for; #VALUE! for logicals and for text that is no number.

    Source: Microsoft support, VALUE.
    """
    if text is None:
        return 0.0
    if isinstance(text, bool):
        return Error.VALUE
    if not isinstance(text, str):
        return text
    number = parse_number(text, date1904=context.date1904, year=context.now.year)
    return Error.VALUE if number is None else number


@scalar()
def NUMBERVALUE(text: Text, decimal_separator: Text = ".", group_separator: Text = ",") -> Scalar:
    """Number of a text written with the given separators; spaces count for nothing, every % divides by 100.

    #VALUE! for text that is no number. Source: Microsoft support, NUMBERVALUE function.
    """
    if not decimal_separator or not group_separator:
        return Error.VALUE
    text = "".join(text.split())
    if not text:
        return 0.0
    bare = text.rstrip("%")
    whole, point, decimals = bare.partition(decimal_separator[0])
    if decimal_separator[0] in decimals or group_separator[0] in decimals:
        return Error.VALUE
    numeral = whole.replace(group_separator[0], "") + ("." if point else "") + decimals
    if not _NUMERAL.fullmatch(numeral):
        return Error.VALUE
    return float(numeral) / 100.0 ** (len(text) - len(bare))


@scalar()
def FIXED(number: Number, decimals: Number = 2, no_commas: Logical = False) -> Scalar:
    """Number as text, rounded to decimals (left of the point where negative), with commas unless told otherwise.

    #VALUE! beyond 127 decimals. Source: Microsoft support, FIXED function.
    """
    digits = _rounded_digits(number, decimals, not no_commas)
    if isinstance(digits, Error):
        return digits
    return ("-" if number < 0 and digits.strip("0,.") else "") + digits


@scalar("DOLLAR", "USDOLLAR")
def DOLLAR(number: Number, decimals: Number = 2) -> Scalar:
    """Number as dollars and cents, negative ones in parentheses; #VALUE! beyond 127 decimals.

    Source: Microsoft support, DOLLAR function.
    """
    digits = _rounded_digits(number, decimals, True)
    if isinstance(digits, Error):
        return digits
    return f"(${digits})" if number < 0 and digits.strip("0,.") else f"${digits}"


@scalar()
def VALUETOTEXT(value: Any, format: Number = 0) -> Scalar:
    """Value as text: concise (0), or strict (1) with texts in quotes; #VALUE! for another format.

    Source: Microsoft support, VALUETOTEXT function.
    """
    return spell(value, strict=int(format) == 1) if int(format) in (0, 1) else Error.VALUE


@array()
def ARRAYTOTEXT(values: Array, format: Number = 0, context: Context = None) -> Result:
    """Array as text: concise (0) by commas, or strict (1) as an array constant; #VALUE! for another format.

    Source: Microsoft support, ARRAYTOTEXT function.
    """
    if int(format) not in (0, 1):
        return Error.VALUE
    strict = int(format) == 1
    rows = [[spell(value, strict) for value in row] for row in values.rows(context.strings)]
    if strict:
        return "{" + ";".join(",".join(row) for row in rows) + "}"
    return ", ".join(text for row in rows for text in row)


def spell(value: Scalar, strict: bool = False) -> str:
    """Return any scalar as text; strictly, texts stand in quotes as in a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Error):
        return value.text
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if strict else value
    return format_general(value)


def _shown(value: Scalar, context: Context) -> float | str | bool:
    """Return what TEXT shows: numeric text counts as its number, an empty cell as 0."""
    if isinstance(value, str):
        number = parse_number(value, date1904=context.date1904, year=context.now.year)
        return value if number is None else number
    return 0.0 if value is None else value  # type: ignore[return-value]


def _rounded_digits(number: float, decimals: float, commas: bool) -> str | Error:
    from sheetgrad.engine.formats.digits import exact, rounded

    places = int(decimals)
    if places > _MOST_DECIMALS:
        return Error.VALUE
    magnitude = rounded(exact(number), max(places, -_MOST_DECIMALS)) if places > -309 else Decimal(0)
    return f"{magnitude:,.{max(places, 0)}f}" if commas else f"{magnitude:.{max(places, 0)}f}"
