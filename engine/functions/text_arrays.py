"""Text functions over whole arrays and around delimiters: CONCAT, TEXTJOIN, TEXTSPLIT, TEXTBEFORE, TEXTAFTER."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from sheetgrad.engine.coercion import texts
from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Kind, Scalar, Values, encode

from .declare import Any, Array, Context, Logical, Number, Result, Text, array

LONGEST = 32_767


@array()
def CONCAT(text1: Array, *more: Array, context: Context = None) -> Result:
    """All values of all arguments joined, row by row; #VALUE! beyond 32,767 characters.

    Source: Microsoft support, CONCAT.
    """
    return _joined([""], False, (text1, *more), context)


@array()
def TEXTJOIN(
    delimiter: Array, ignore_empty: Logical = True, text1: Array = None, *more: Array, context: Context = None
) -> Result:
    """All values of all arguments joined with delimiters, used in turn; #VALUE! beyond 32,767 characters.

    Source: Microsoft support, TEXTJOIN function.
    """
    delimiters = _plain(delimiter, context)
    if isinstance(delimiters, Error):
        return delimiters
    return _joined(delimiters, bool(ignore_empty), (text1, *more), context)


@array()
def TEXTSPLIT(
    text: Text,
    col_delimiter: Array = None,
    row_delimiter: Array = None,
    ignore_empty: Logical = False,
    match_mode: Number = 0,
    pad_with: Any = Error.NA,
    context: Context = None,
) -> Result:
    """Text split into rows and columns at delimiters; short rows are filled up with ``pad_with``.

    #VALUE! without a delimiter or for an empty one, #CALC! where nothing is left.
    Source: Microsoft support, TEXTSPLIT function.
    """
    if int(match_mode) not in (0, 1):
        return Error.VALUE
    columns, rows = _delimiters(col_delimiter, context), _delimiters(row_delimiter, context)
    for found in (columns, rows):
        if isinstance(found, Error):
            return found
    if isinstance(columns, Error) or isinstance(rows, Error) or not (columns or rows):
        return Error.VALUE
    lines = _split(text, rows, match_mode == 1) if rows else [text]
    lines = [line for line in lines if line or not ignore_empty]
    cells = [_split(line, columns, match_mode == 1) if columns else [line] for line in lines]
    if ignore_empty:
        cells = [kept for row in cells if (kept := [cell for cell in row if cell])]
    if not cells:
        return Error.CALC
    return _padded(cells, pad_with, context)


@array()
def TEXTBEFORE(
    text: Text,
    delimiter: Array,
    instance_num: Number = None,
    match_mode: Number = 0,
    match_end: Number = 0,
    if_not_found: Any = Error.NA,
    context: Context = None,
) -> Result:
    """Text before a delimiter, counted from the end where negative; #N/A (or ``if_not_found``) where it is not.

    #VALUE! for instance 0 or a mode that is none. Source: Microsoft support, TEXTBEFORE function.
    """
    place = _occurrence(text, delimiter, instance_num, match_mode, match_end, context)
    if isinstance(place, Error):
        return place
    return (
        Values.of("" if if_not_found is None else if_not_found, context.strings) if place is None else text[: place[0]]
    )


@array()
def TEXTAFTER(
    text: Text,
    delimiter: Array,
    instance_num: Number = None,
    match_mode: Number = 0,
    match_end: Number = 0,
    if_not_found: Any = Error.NA,
    context: Context = None,
) -> Result:
    """Text after a delimiter, counted from the end where negative; #N/A (or ``if_not_found``) where it is not.

    #VALUE! for instance 0 or a mode that is none. Source: Microsoft support, TEXTAFTER function.
    """
    place = _occurrence(text, delimiter, instance_num, match_mode, match_end, context)
    if isinstance(place, Error):
        return place
    return (
        Values.of("" if if_not_found is None else if_not_found, context.strings) if place is None else text[place[1] :]
    )


def _instead(if_not_found: Scalar, context: Context) -> Values:
    """Return ``if_not_found``; an empty cell there is an empty text."""
    return Values.of("" if if_not_found is None else if_not_found, context.strings)


def _plain(values: Values, context: Context) -> list[str] | Error:
    """Return the values as texts, row by row, or the first error among them."""
    kinds = values.kinds
    if (kinds == Kind.ERROR).any():
        return ERRORS_BY_CODE[int(values.data[kinds == Kind.ERROR][0])]
    found: list[str] = texts(values, context.strings)[0].ravel().tolist()
    return found


def _joined(
    delimiters: list[str], ignore_empty: bool, arrays: Sequence[Values | None], context: Context
) -> str | Error:
    pieces: list[str] = []
    for values in arrays:
        if values is None:
            continue
        plain = _plain(values, context)
        if isinstance(plain, Error):
            return plain
        pieces += [piece for piece in plain if piece] if ignore_empty else plain
        if sum(map(len, pieces)) > LONGEST:
            return Error.VALUE
    between = [delimiters[i % len(delimiters)] for i in range(len(pieces) - 1)]
    if sum(map(len, pieces)) + sum(map(len, between)) > LONGEST:
        return Error.VALUE
    return "".join(piece + delimiter for piece, delimiter in zip(pieces, [*between, ""], strict=False))


def _delimiters(values: Values | None, context: Context) -> list[str] | Error:
    if values is None:
        return []
    found = _plain(values, context)
    return Error.VALUE if not isinstance(found, Error) and "" in found else found


def _pattern(delimiters: Sequence[str], ignore_case: bool) -> re.Pattern[str]:
    # The longest first: at one place the longer delimiter wins.
    ordered = sorted(delimiters, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE if ignore_case else 0)


def _split(text: str, delimiters: Sequence[str], ignore_case: bool) -> list[str]:
    return _pattern(delimiters, ignore_case).split(text)


def _padded(cells: list[list[str]], pad_with: Scalar, context: Context) -> Values:
    width = max(map(len, cells))
    payload, kind_of_pad = encode(pad_with, context.strings)
    data = np.full((len(cells), width), payload)
    kind = np.full(data.shape, np.uint8(kind_of_pad))
    for i, row in enumerate(cells):
        data[i, : len(row)] = context.strings.intern_all(row)
        kind[i, : len(row)] = Kind.TEXT
    return Values(data, kind)


def _occurrence(
    text: str, delimiter: Values, instance_num: float | None, match_mode: float, match_end: float, context: Context
) -> tuple[int, int] | Error | None:
    """Return where the wanted delimiter begins and ends; None where there are not so many."""
    delimiters = _plain(delimiter, context)
    if isinstance(delimiters, Error):
        return delimiters
    instance = 1 if instance_num is None else int(instance_num // 1)
    if int(match_mode) not in (0, 1) or int(match_end) not in (0, 1) or instance == 0:
        return Error.VALUE
    if "" in delimiters:
        return (0, 0) if instance > 0 else (len(text), len(text))
    if instance_num is not None and (abs(instance) > len(text) or min(map(len, delimiters)) > len(text)):
        return Error.VALUE
    places = [match.span() for match in _pattern(delimiters, match_mode == 1).finditer(text)]
    if match_end:
        places = [*places, (len(text), len(text))] if instance > 0 else [(0, 0), *places]
    if abs(instance) > len(places):
        return None
    return places[instance - 1 if instance > 0 else instance]
