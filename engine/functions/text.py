"""Functions of single texts: parts, case, search and replacement, characters. Positions count UTF-16 units."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any as Anything

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.coercion import afford
from sheetgrad.engine.wildcards import fold, has_wildcards, wildcard
from sheetgrad.sheets.values import Error, Kind, Scalar, Values

from .declare import Any, Context, Number, Result, Text, elementwise, fail, scalar
from .units import from_units, to_units

LONGEST = 32_767
_CODE_PAGE = "cp1252"
_UNDEFINED = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})  # codes that Windows-1252 leaves free


@elementwise("LEN", "LENB")
def LEN(text: Text) -> Result:
    """Length of a text in UTF-16 units. Source: Microsoft support, LEN, LENB functions."""
    return _map(_length, text).astype(np.float64)


@elementwise("LEFT", "LEFTB")
def LEFT(text: Text, num_chars: Number = 1) -> Result:
    """First characters of a text; #VALUE! for a negative number. Source: Microsoft support, LEFT, LEFTB functions."""
    return fail(
        _map(lambda t, n: from_units(to_units(t)[: max(int(n), 0)]), text, num_chars), num_chars < 0, Error.VALUE
    )


@elementwise("RIGHT", "RIGHTB")
def RIGHT(text: Text, num_chars: Number = 1) -> Result:
    """Last characters of a text; #VALUE! for a negative number. Source: Microsoft support, RIGHT, RIGHTB functions."""
    return fail(_map(_right, text, num_chars), num_chars < 0, Error.VALUE)


@elementwise("MID", "MIDB")
def MID(text: Text, start_num: Number, num_chars: Number) -> Result:
    """Characters from a place (from 1); #VALUE! for a place below 1 or a negative number.

    Source: Microsoft support, MID.
    """
    return fail(_map(_middle, text, start_num, num_chars), (start_num < 1) | (num_chars < 0), Error.VALUE)


@elementwise()
def UPPER(text: Text) -> Result:
    """Text in capitals. Source: Microsoft support, UPPER function."""
    return _map(_upper, text)


@elementwise()
def LOWER(text: Text) -> Result:
    """Text in small letters. Source: Microsoft support, LOWER function."""
    return _map(str.lower, text)


@elementwise()
def PROPER(text: Text) -> Result:
    """Text with a capital after every character that is no letter. Source: Microsoft support, PROPER function."""
    return _map(str.title, text)


@elementwise()
def TRIM(text: Text) -> Result:
    """Text without spaces at the ends and with single ones inside. Source: Microsoft support, TRIM function."""
    return _map(lambda t: " ".join(word for word in t.split(" ") if word), text)


@elementwise()
def CLEAN(text: Text) -> Result:
    """Text without the control characters 0 to 31. Source: Microsoft support, CLEAN function."""
    return _map(lambda t: "".join(c for c in t if c >= " "), text)


@elementwise()
def CONCATENATE(text1: Text, *texts: Text) -> Result:
    """Texts joined, value by value. Source: Microsoft support, CONCATENATE function."""
    joined = text1
    for text in texts:
        afford(np.broadcast_shapes(joined.shape, text.shape), joined, text)
        joined = joined + text
    return joined


@elementwise()
def EXACT(text1: Text, text2: Text) -> Result:
    """Whether two texts are the same, case included. Source: Microsoft support, EXACT function."""
    return np.asarray(text1 == text2, dtype=bool)


@elementwise()
def T(value: Any, context: Context = None) -> Result:
    """The value where it is a text, else ""; errors stay. Source: Microsoft support, T function."""
    kinds = value.kinds
    stays = (kinds == Kind.TEXT) | (kinds == Kind.ERROR)
    empty = float(context.strings.intern(""))
    return Values(np.where(stays, value.data, empty), np.where(stays, kinds, np.uint8(Kind.TEXT)))


@scalar("FIND", "FINDB")
def FIND(find_text: Text, within_text: Text, start_num: Number = 1) -> Scalar:
    """Place of a text in another, case and all; #VALUE! where it is not.

    Source: Microsoft support, FIND, FINDB functions.
    """
    within, start = to_units(within_text), int(start_num) - 1
    if not 0 <= start <= len(within):
        return Error.VALUE
    found = within.find(to_units(find_text), start)
    return Error.VALUE if found < 0 else found + 1.0


@scalar("SEARCH", "SEARCHB")
def SEARCH(find_text: Text, within_text: Text, start_num: Number = 1) -> Scalar:
    """Place of a text in another, by wildcards and whatever the case; #VALUE! where it is not.

    Source: Microsoft support, SEARCH, SEARCHB functions.
    """
    within, start = to_units(within_text), int(start_num) - 1
    if not 0 <= start <= len(within):
        return Error.VALUE
    if has_wildcards(find_text):
        found = wildcard(to_units(find_text)).find(within, start)
    else:
        found = fold(within).find(fold(to_units(find_text)), start)
    return Error.VALUE if found < 0 else found + 1.0


@scalar()
def SUBSTITUTE(text: Text, old_text: Text, new_text: Text, instance_num: Number = None) -> Scalar:
    """Text with every occurrence (or only the given one) of another replaced; #VALUE! for an instance below 1.

    Source: Microsoft support, SUBSTITUTE function.
    """
    if instance_num is not None and instance_num < 1:
        return Error.VALUE
    if not old_text:
        return text
    if instance_num is None:
        too_long = len(text) + text.count(old_text) * (len(new_text) - len(old_text)) > LONGEST
        return Error.VALUE if too_long else text.replace(old_text, new_text)
    at = -len(old_text)
    for _ in range(int(min(instance_num, LONGEST))):
        at = text.find(old_text, at + len(old_text))
        if at < 0:
            return text
    return text[:at] + new_text + text[at + len(old_text) :]


@scalar("REPLACE", "REPLACEB")
def REPLACE(old_text: Text, start_num: Number, num_chars: Number, new_text: Text) -> Scalar:
    """Text with the characters from a place on replaced; #VALUE! for a place below 1 or a negative number.

    Source: Microsoft support, REPLACE, REPLACEB functions.
    """
    if start_num < 1 or num_chars < 0:
        return Error.VALUE
    units, start = to_units(old_text), int(min(start_num, LONGEST + 1)) - 1
    return from_units(units[:start] + to_units(new_text) + units[start + int(min(num_chars, LONGEST)) :])


@scalar()
def REPT(text: Text, number_times: Number) -> Scalar:
    """Text repeated; #VALUE! for a negative number or beyond 32,767 characters.

    Source: Microsoft support, REPT function.
    """
    if number_times < 0 or len(text) * int(number_times) > LONGEST:
        return Error.VALUE
    return str(text) * int(number_times)


@scalar()
def CHAR(number: Number) -> Scalar:
    """Character of a code from 1 to 255 in Windows-1252; #VALUE! for others.

    Source: Microsoft support, CHAR function.
    """
    code = int(number)
    if not 1 <= code <= 255:
        return Error.VALUE
    return bytes([code]).decode(_CODE_PAGE) if code not in _UNDEFINED else chr(code)


@scalar()
def CODE(text: Text) -> Scalar:
    """Code of the first character in Windows-1252, 63 for one that is not there; #VALUE! for "".

    Source: Microsoft support, CODE function.
    """
    if not text:
        return Error.VALUE
    if ord(text[0]) in _UNDEFINED:
        return float(ord(text[0]))
    return float(text[0].encode(_CODE_PAGE, "replace")[0])


@scalar()
def UNICHAR(number: Number) -> Scalar:
    """Character of a Unicode number; #VALUE! for 0 and beyond, #N/A for surrogates.

    Source: Microsoft support, UNICHAR.
    """
    code = int(number)
    if not 1 <= code <= 0x10FFFF:
        return Error.VALUE
    return Error.NA if 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE else chr(code)


@scalar()
def UNICODE(text: Text) -> Scalar:
    """Unicode number of the first character; #VALUE! for "". Source: Microsoft support, UNICODE function."""
    return float(ord(text[0])) if text else Error.VALUE


@scalar()
def ASC(text: Text) -> Scalar:
    """Text with full-width letters and katakana made half-width. Source: Microsoft support, ASC function."""
    return "".join(_half_widths().get(c, c) for c in text)


@scalar("DBCS", "JIS")
def DBCS(text: Text) -> Scalar:
    """Text with half-width letters and katakana made full-width. Source: Microsoft support, DBCS function."""
    full = {half: full for full, half in _half_widths().items()}
    return "".join(full.get(c, c) for c in text)


@scalar()
def ENCODEURL(text: Text) -> Scalar:
    """Text with all but letters, digits and ``-_.~`` escaped as UTF-8.

    Source: Microsoft support, ENCODEURL function.
    """
    from urllib.parse import quote

    return quote(text, safe="")


@elementwise()
def HYPERLINK(link_location: Text, friendly_name: Any = None, context: Context = None) -> Result:
    """What a link's cell shows: the friendly name, or the address. Source: Microsoft support, HYPERLINK function."""
    if friendly_name is None:
        return link_location
    kinds = friendly_name.kinds
    return Values(friendly_name.data, np.where(kinds == Kind.EMPTY, np.uint8(Kind.NUMBER), kinds))


def _map(function: Callable[..., Anything], *arrays: NDArray[Anything]) -> NDArray[Anything]:
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(to_units(text))


def _right(text: str, count: float) -> str:
    units = to_units(text)
    return from_units(units[max(len(units) - max(int(count), 0), 0) :])


def _middle(text: str, start: float, count: float) -> str:
    first = max(int(start), 1) - 1
    return from_units(to_units(text)[first : first + max(int(count), 0)])


def _upper(text: str) -> str:
    # Letters whose capital is more than one letter (ß) stay as they are in Excel.
    return text.upper() if text.isascii() else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


@lru_cache(maxsize=1)
def _half_widths() -> dict[str, str]:
    """Return full-width characters with their half-width forms."""
    pairs = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)} | {"\u3000": " "}
    for code in range(0xFF61, 0xFFA0):
        pairs[unicodedata.normalize("NFKC", chr(code))] = chr(code)
    for base in "カキクケコサシスセソタチツテトハヒフヘホウ":
        for mark, half in (("\u3099", "ﾞ"), ("\u309a", "ﾟ")):
            composed = unicodedata.normalize("NFC", base + mark)
            if len(composed) == 1:
                pairs[composed] = pairs[base] + half
    return pairs
