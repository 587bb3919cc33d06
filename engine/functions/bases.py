"""Numbers written in other systems: BASE, DECIMAL, BIN2DEC and its eleven kin, ROMAN, ARABIC."""

from __future__ import annotations

from sheetgrad.engine.coercion import numbers
from sheetgrad.engine.numerals import format_general
from sheetgrad.sheets.values import Error, Scalar, Strings, Values

from .declare import Any, Number, Strict, Text, scalar

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST = 2**53
_PLACES = 10  # digits of a number in two's complement, whatever its base
_LONGEST = 255

_ROMANS = (("M", 1000), ("D", 500), ("C", 100), ("L", 50), ("X", 10), ("V", 5), ("I", 1))
_VALUES = dict(_ROMANS)


@scalar()
def BASE(number: Number, radix: Number, min_length: Number = 0.0) -> Scalar:
    """Number in base 2 to 36 as text, with zeros in front up to a length.

    #NUM! for a negative number or one of 2^53 and more, another base, or a length outside 0 … 255. (Support: BASE
    function)

    >>> BASE(255.0, 16.0, 4.0)
    '00FF'
    """
    if not 0 <= number < _LARGEST or not 2 <= int(radix) <= 36 or not 0 <= int(min_length) <= _LONGEST:
        return Error.NUM
    return _in_base(int(number), int(radix)).rjust(int(min_length), "0")


@scalar()
def DECIMAL(text: Text, radix: Number) -> Scalar:
    """Value of a text in base 2 to 36; #NUM! for other digits or another base, #VALUE! for over 255 characters.
    Source: Microsoft support, DECIMAL function.

    >>> DECIMAL("ff", 16.0)
    255.0
    """
    base = int(radix)
    if len(text) > _LONGEST:
        return Error.VALUE
    digits = text.strip(" ").upper()
    if not 2 <= base <= 36:
        return Error.NUM
    digits = digits.removeprefix("0X") if base == 16 else digits
    if any(digit not in _DIGITS[:base] for digit in digits):
        return Error.NUM
    value = int(digits, base) if digits else 0
    return float(value) if value < 2**1023 else Error.NUM


@scalar()
def BIN2DEC(number: Any) -> Scalar:
    """Value of up to 10 binary digits, the tenth one's sign.

    #NUM! for others. Source: Microsoft support, BIN2DEC function.
    """
    return _as_float(_read(number, 2))


@scalar()
def OCT2DEC(number: Any) -> Scalar:
    """Value of up to 10 octal digits in two's complement.

    #NUM! for others. Source: Microsoft support, OCT2DEC function.
    """
    return _as_float(_read(number, 8))


@scalar()
def HEX2DEC(number: Any) -> Scalar:
    """Value of up to 10 hexadecimal digits in two's complement.

    #NUM! for others. Source: Microsoft support, HEX2DEC function.
    """
    return _as_float(_read(number, 16))


@scalar()
def BIN2OCT(number: Any, places: Strict = None) -> Scalar:
    """Binary number in octal digits; #NUM! for others or where the places do not suffice.

    Source: Microsoft support, BIN2OCT function.
    """
    return _rewritten(number, 2, 8, places)


@scalar()
def BIN2HEX(number: Any, places: Strict = None) -> Scalar:
    """Binary number in hexadecimal digits; #NUM! for others or where the places do not suffice.

    Source: Microsoft support, BIN2HEX function.
    """
    return _rewritten(number, 2, 16, places)


@scalar()
def OCT2BIN(number: Any, places: Strict = None) -> Scalar:
    """Octal number in binary digits; #NUM! outside -512 … 511 or where the places do not suffice.

    Source: Microsoft support, OCT2BIN function.
    """
    return _rewritten(number, 8, 2, places)


@scalar()
def OCT2HEX(number: Any, places: Strict = None) -> Scalar:
    """Octal number in hexadecimal digits; #NUM! for others or where the places do not suffice.

    Source: Microsoft support, OCT2HEX function.
    """
    return _rewritten(number, 8, 16, places)


@scalar()
def HEX2BIN(number: Any, places: Strict = None) -> Scalar:
    """Hexadecimal number in binary digits; #NUM! outside -512 … 511 or where the places do not suffice.

    Source: Microsoft support, HEX2BIN function.
    """
    return _rewritten(number, 16, 2, places)


@scalar()
def HEX2OCT(number: Any, places: Strict = None) -> Scalar:
    """Hexadecimal number in octal digits; #NUM! outside 30 bits or where the places do not suffice.

    Source: Microsoft support, HEX2OCT function.
    """
    return _rewritten(number, 16, 8, places)


@scalar()
def DEC2BIN(number: Strict, places: Strict = None) -> Scalar:
    """Whole part in binary digits; #NUM! outside -512 … 511 or where the places do not suffice.

    Source: Microsoft support, DEC2BIN function.

    >>> DEC2BIN(9.0, 4.0), DEC2BIN(-100.0)
    ('1001', '1110011100')
    """
    return _written(int(number), 2, places)


@scalar()
def DEC2OCT(number: Strict, places: Strict = None) -> Scalar:
    """Whole part in octal digits; #NUM! outside 30 bits or where the places do not suffice.

    Source: Microsoft support, DEC2OCT function.
    """
    return _written(int(number), 8, places)


@scalar()
def DEC2HEX(number: Strict, places: Strict = None) -> Scalar:
    """Whole part in hexadecimal digits; #NUM! outside 40 bits or where the places do not suffice.

    Source: Microsoft support, DEC2HEX function.
    """
    return _written(int(number), 16, places)


@scalar()
def ROMAN(number: Number, form: Any = 0.0) -> Scalar:
    """Number as a Roman numeral, shorter with form 1 to 4 (FALSE is 4, TRUE is 0).

    #VALUE! outside 0 … 3999 or for another form. Source: Microsoft support, ROMAN function.

    >>> [ROMAN(499.0, float(form)) for form in range(5)]
    ['CDXCIX', 'LDVLIV', 'XDIX', 'VDIV', 'ID']
    """
    level = _roman_form(form)
    if isinstance(level, Error):
        return level
    if not 0 <= number < 4000:
        return Error.VALUE
    rest, written = int(number), ""
    for place in range(0, len(_ROMANS), 2):
        written, rest = _roman_place(rest, place, level, written)
    return written


@scalar()
def ARABIC(text: Text) -> Scalar:
    """Value of a Roman numeral, with a minus sign if need be, "" for 0; #VALUE! for others.

    Source: Microsoft support, ARABIC function.
    """
    numeral = text.strip(" ").upper()
    negative = numeral.startswith("-")
    numeral = numeral.removeprefix("-")
    if len(numeral) > _LONGEST or any(letter not in _VALUES for letter in numeral):
        return Error.VALUE
    values = [_VALUES[letter] for letter in numeral]
    total = sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=False))
    return float(-total if negative else total)


def _in_base(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _bits(base: int) -> int:
    """Return how many bits the ten digits of a base hold."""
    return {2: 10, 8: 30, 16: 40}[base]


def _read(number: Scalar, base: int) -> int | Error:
    if isinstance(number, Error):
        return number
    if isinstance(number, bool):
        return Error.VALUE
    text = "" if number is None else number if isinstance(number, str) else format_general(number)
    digits = text.upper()
    if len(digits) > _PLACES or any(digit not in _DIGITS[:base] for digit in digits):
        return Error.NUM
    value = int(digits, base) if digits else 0
    return value - 2 ** _bits(base) if value >= 2 ** (_bits(base) - 1) else value


def _written(number: int, base: int, places: float | None) -> Scalar:
    limit = 2 ** (_bits(base) - 1)
    if not -limit <= number < limit or (places is not None and not 1 <= int(places) <= _PLACES):
        return Error.NUM
    if number < 0:
        return _in_base(number + 2 * limit, base)
    digits = _in_base(number, base)
    if places is None:
        return digits
    return digits.rjust(int(places), "0") if len(digits) <= int(places) else Error.NUM


def _rewritten(number: Scalar, source: int, target: int, places: float | None) -> Scalar:
    value = _read(number, source)
    return value if isinstance(value, Error) else _written(value, target, places)


def _as_float(value: int | Error) -> Scalar:
    return value if isinstance(value, Error) else float(value)


def _roman_form(form: Scalar) -> int | Error:
    if isinstance(form, bool):
        return 0 if form else 4
    strings = Strings()
    data, codes = numbers(Values.of(form, strings), strings)
    if codes is not None:
        return form if isinstance(form, Error) else Error.VALUE
    level = int(data[0, 0])
    return level if 0 <= level <= 4 else Error.VALUE


def _roman_place(rest: int, place: int, form: int, written: str) -> tuple[str, int]:
    """Write one decimal place; a 4 or 9 takes the least sign within ``form`` steps whose difference still fits."""
    digit = rest // _ROMANS[place][1]
    if digit % 5 != 4:
        five = _ROMANS[place - 1][0] if digit > 4 else ""
        return written + five + _ROMANS[place][0] * (digit % 5), rest % _ROMANS[place][1]
    above = _ROMANS[place - 1 if digit == 4 else place - 2]
    below = place
    while below < min(place + form, len(_ROMANS) - 1) and above[1] - _ROMANS[below + 1][1] <= rest:
        below += 1
    return written + _ROMANS[below][0] + above[0], rest - above[1] + _ROMANS[below][1]
