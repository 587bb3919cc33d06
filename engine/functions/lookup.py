"""MATCH, XMATCH, VLOOKUP, HLOOKUP, LOOKUP, XLOOKUP and ADDRESS; the searching itself is in `search`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import column_name, quote_sheet
from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS
from sheetgrad.sheets.values import Error, Floats, Kind, Kinds, Values

from ..distinct import distinct_values
from ..wildcards import wildcard
from . import search
from .declare import Any, Array, Context, Failing, Logical, Number, Range, Result, Text, fail, lookup, scalar
from .patterns import matcher
from .search import NOWHERE, Positions


@lookup()
def MATCH(lookup_value: Any, lookup_array: Range, match_type: Number = 1, context: Context = None) -> Result:
    """Position of a value in a row or column: type 1 the largest not above, 0 equal, -1 the smallest not below.

    #N/A where nothing matches or the array has both rows and columns. Source: Microsoft support, MATCH function.
    """
    places = _vector(lookup_array)
    if places is None:
        return _or_errors(_errors(len(lookup_value.data), Error.NA), lookup_value)
    found = np.full(len(lookup_value.data), NOWHERE, dtype=np.int64)
    for sign in distinct_values(np.sign(match_type)):
        here = np.flatnonzero(np.sign(match_type) == sign)
        found[here] = _match(_pick(lookup_value, here), places, int(sign), context)
    return _or_errors(_positions(found), lookup_value)


def match_within(
    given: list[Values], places: Values, windows: tuple[Positions, Positions], context: Context
) -> Result | None:
    """Do MATCH of type 0 for m windows onto one line; None for other types.

    ``given``: lookup values and, unless it is left out, match types, (m,) each.
    """
    values = _empty_as_zero(given[0])
    exact = len(given) > 1 and given[1].kind is None and not given[1].data.any()
    if not exact or places.shape[1] != 1:
        return None
    line, (start, stop) = _flat(places), windows
    sought, held = (search.equality_keys(each, context.strings) for each in (values, line))
    found = search.find_within(sought, held, start, stop)
    patterns = np.flatnonzero(search.is_pattern(values, context.strings))
    for text in distinct_values(values.data[patterns]):
        here = patterns[values.data[patterns] == text]
        hits = search.hits(wildcard(context.strings.texts[int(text)]).matches, line, context.strings)
        found[here] = search.first_within(hits, start[here], stop[here])
    return _or_errors(_positions(found), values)


@lookup()
def XMATCH(
    lookup_value: Any, lookup_array: Array, match_mode: Number = 0, search_mode: Number = 1, context: Context = None
) -> Result:
    """Position of a value in a row or column, by XLOOKUP's match and search modes.

    #N/A where nothing matches; #VALUE! for a mode there is not or an array with both rows and columns.
    Source: Microsoft support, XMATCH function.
    """
    found, wrong = _extended(lookup_value, _vector(lookup_array), match_mode, search_mode, context)
    return _or_errors(fail(fail(found + 1.0, wrong, Error.VALUE), found == NOWHERE, Error.NA), lookup_value)


@lookup()
def VLOOKUP(
    lookup_value: Any, table_array: Range, col_index_num: Number, range_lookup: Logical = True, context: Context = None
) -> Result:
    """Value in the given column of the row whose first cell matches: approximately (sorted) or exactly (wildcards).

    #N/A where nothing matches, #VALUE! for a column below 1, #REF! beyond the table.
    Source: Microsoft support, VLOOKUP function.
    """
    return _table_lookup(lookup_value, table_array, col_index_num, range_lookup, context)


@lookup()
def HLOOKUP(
    lookup_value: Any, table_array: Range, row_index_num: Number, range_lookup: Logical = True, context: Context = None
) -> Result:
    """Value in the given row of the column whose first cell matches: VLOOKUP turned by 90 degrees.

    #N/A where nothing matches, #VALUE! for a row below 1, #REF! beyond the table.
    Source: Microsoft support, HLOOKUP function.
    """
    return _table_lookup(lookup_value, _transposed(table_array), row_index_num, range_lookup, context)


@lookup()
def LOOKUP(lookup_value: Any, lookup_vector: Array, result_vector: Array = None, context: Context = None) -> Result:
    """Value beside the largest one not above the lookup value, in sorted data; errors and other kinds are stepped over.

    Without a result vector: searches the longer side's first line and returns from the last.
    #N/A where nothing matches. Source: Microsoft support, LOOKUP function.
    """
    table = lookup_vector if lookup_vector.shape[0] >= lookup_vector.shape[1] else _transposed(lookup_vector)
    found = _match(lookup_value, _column(table, 0), 1, context)
    results = _column(table, -1) if result_vector is None else _flat(result_vector)
    return _or_errors(_gather(results, np.where(found < len(results.data), found, NOWHERE)), lookup_value)


@lookup()
def XLOOKUP(
    lookup_value: Any,
    lookup_array: Array,
    return_array: Array,
    if_not_found: Any = None,
    match_mode: Number = 0,
    search_mode: Number = 1,
    context: Context = None,
) -> Result:
    """Row (column) of the return array beside the match: (m,) where it is one cell wide, else (m, rows, columns).

    Match mode 0 equal, -1 or next smaller, 1 or next larger, 2 wildcards, 3 regular expression; search mode 1 from the
    first, -1 from the last, ±2 bisecting. #N/A (or ``if_not_found``) where nothing matches, #VALUE! where
    the arrays' lengths differ or a mode is none. Source: Microsoft support, XLOOKUP function.
    """
    places = _vector(lookup_array)
    lines = None if places is None else _lines(return_array, lookup_array)
    count = len(lookup_value.data)
    if places is None or lines is None:
        return _or_errors(fail(np.zeros(count), np.full(count, True), Error.VALUE), lookup_value)
    found, wrong = _extended(lookup_value, places, match_mode, search_mode, context)
    result = _gather(lines, found)
    if if_not_found is not None:
        result = _overlay(result, if_not_found, found == NOWHERE)
    result = _overlay(result, _errors(count, Error.VALUE), wrong)
    return _overlay(result, lookup_value, lookup_value.kinds == Kind.ERROR)


@scalar()
def ADDRESS(
    row_num: Number, column_num: Number, abs_num: Number = 1, a1: Logical = True, sheet_text: Text = None
) -> Result:
    """Text of a cell's address; abs_num 1 $A$1, 2 A$1, 3 $A1, 4 A1; a1 FALSE for R1C1.

    #VALUE! for a place outside the sheet or another abs_num. Source: Microsoft support, ADDRESS function.
    """
    row, column, style = int(row_num), int(column_num), int(abs_num)
    if not (1 <= row <= MAX_ROWS and 1 <= column <= MAX_COLUMNS and 1 <= style <= 4):
        return Error.VALUE
    fixed_row, fixed_column = style in (1, 2), style in (1, 3)
    if a1:
        address = f"{'$' * fixed_column}{column_name(column - 1)}{'$' * fixed_row}{row}"
    else:
        address = (f"R{row}" if fixed_row else f"R[{row}]") + (f"C{column}" if fixed_column else f"C[{column}]")
    return address if sheet_text is None else f"{quote_sheet(sheet_text)}!{address}"


def _match(sought: Values, places: Values, sign: int, context: Context) -> Positions:
    """Find by MATCH's rule; an empty lookup value counts as 0."""
    sought = _empty_as_zero(sought)
    if sign == 0:
        return _equal_or_pattern(sought, places, False, context)
    mine, theirs = search.order_keys(context.strings, sought, places)
    return (search.find_ascending if sign > 0 else search.find_descending)(mine, theirs)


def _equal_or_pattern(sought: Values, places: Values, last: bool, context: Context) -> Positions:
    strings = context.strings
    found = search.find_equal(search.equality_keys(sought, strings), search.equality_keys(places, strings), last)
    patterns = np.flatnonzero(search.is_pattern(sought, strings))
    if len(patterns):
        found[patterns] = search.find_wildcards(_pick(sought, patterns), places, strings, last)
    return found


def _extended(
    sought: Values, places: Values | None, match_mode: Floats, search_mode: Floats, context: Context
) -> tuple[Positions, NDArray[np.bool_]]:
    """Find by XLOOKUP's rule: positions, and where the modes or the array are wrong."""
    modes, ways = np.trunc(match_mode).astype(np.int64), np.trunc(search_mode).astype(np.int64)
    wrong = ~np.isin(modes, (-1, 0, 1, 2, 3)) | ~np.isin(ways, (-2, -1, 1, 2)) | ((modes >= 2) & (abs(ways) == 2))
    found = np.full(len(modes), NOWHERE, dtype=np.int64)
    if places is None:
        return found, np.full(len(modes), True)
    for mode, way in {(int(mode), int(way)) for mode, way in zip(modes, ways, strict=True)}:
        here = np.flatnonzero((modes == mode) & (ways == way) & ~wrong)
        if len(here):
            found[here] = _extended_search(_pick(sought, here), places, mode, way, context)
    return found, wrong


def _extended_search(sought: Values, places: Values, mode: int, way: int, context: Context) -> Positions:
    strings, last = context.strings, way < 0
    if mode == 2:
        return _equal_or_pattern(sought, places, last, context)
    if mode == 3:
        return search.find_matching(sought, places, strings, last, matcher)
    if abs(way) == 2:
        mine, theirs = search.order_keys(strings, sought, places)
        return search.find_bisecting(mine, theirs, last, mode)
    if mode == 0:
        return search.find_equal(search.equality_keys(sought, strings), search.equality_keys(places, strings), last)
    mine, theirs = search.order_keys(strings, sought, places)
    return search.find_nearest(mine, theirs, mode > 0, last)


def _table_lookup(
    sought: Values, table: Values, index: Floats, approximately: NDArray[np.bool_], context: Context
) -> Values:
    """Look up in a table's first column and return from column ``index`` (from 1)."""
    places = _column(table, 0)
    found = np.full(len(index), NOWHERE, dtype=np.int64)
    for sign in (1, 0):
        here = np.flatnonzero(approximately == bool(sign))
        if len(here):
            found[here] = _match(_pick(sought, here), places, sign, context)
    columns = np.trunc(index)
    inside = (columns >= 1) & (columns <= table.shape[1])
    at = np.where(inside, columns, 1).astype(np.int64) - 1
    result = _blank_out(table.data[found, at], table.kinds[found, at], found)
    result = _overlay(result, _errors(len(index), Error.REF), columns > table.shape[1])
    result = _overlay(result, _errors(len(index), Error.VALUE), columns < 1)
    return _overlay(result, sought, sought.kinds == Kind.ERROR)


def _vector(values: Values) -> Values | None:
    """Return a row or a column as (n,), None for anything wider."""
    return _flat(values) if 1 in values.shape else None


def _flat(values: Values) -> Values:
    return Values(values.data.reshape(-1), None if values.kind is None else values.kind.reshape(-1))


def _column(values: Values, index: int) -> Values:
    return Values(values.data[:, index], None if values.kind is None else values.kind[:, index])


def _transposed(values: Values) -> Values:
    return Values(values.data.T, None if values.kind is None else values.kind.T)


def _lines(returned: Values, looked: Values) -> Values | None:
    """Return what stands beside each place looked at, (n,) or (n, rows, columns); None where lengths differ."""
    data, kinds = returned.data, returned.kinds
    if looked.shape[1] == 1 and looked.shape[0] == data.shape[0]:
        data, kinds = data[:, None, :], kinds[:, None, :]
    elif looked.shape[0] == 1 and looked.shape[1] == data.shape[1]:
        data, kinds = data.T[:, :, None], kinds.T[:, :, None]
    else:
        return None
    return _flat(Values(data, kinds)) if data.shape[1:] == (1, 1) else Values(data, kinds)


def _pick(values: Values, index: Positions) -> Values:
    return Values(values.data[index], None if values.kind is None else values.kind[index])


def _empty_as_zero(values: Values) -> Values:
    if values.kind is None or not (values.kind == Kind.EMPTY).any():
        return values
    return Values(values.data, np.where(values.kind == Kind.EMPTY, np.uint8(Kind.NUMBER), values.kind))


def _gather(values: Values, found: Positions) -> Values:
    return _blank_out(values.data[found], values.kinds[found], found)


def _blank_out(data: Floats, kind: Kinds, found: Positions) -> Values:
    """Put #N/A where nothing was found."""
    return _overlay(Values(data, kind), _errors(len(found), Error.NA), found == NOWHERE)


def _errors(count: int, error: Error) -> Values:
    return Values(np.full(count, float(error.code)), np.full(count, np.uint8(Kind.ERROR)))


def _overlay(values: Values, other: Values, where: NDArray[np.bool_]) -> Values:
    """Take from ``other`` (m,) where told; of a block (m, rows, columns) every cell becomes that value."""
    if not where.any():
        return values
    spread = (slice(None),) + (None,) * (values.data.ndim - 1)
    kind = np.where(where[spread], other.kinds[spread], values.kinds)
    return Values(np.where(where[spread], other.data[spread], values.data), kind)


def _positions(found: Positions) -> Failing:
    return fail(found + 1.0, found == NOWHERE, Error.NA)


def _or_errors(result: Values | Failing, sought: Values) -> Values | Failing:
    """Let errors among the lookup values stand in the result."""
    failed = sought.kinds == Kind.ERROR
    if not failed.any():
        return result
    if isinstance(result, Values):
        return _overlay(result, sought, failed)
    return Failing(result.result, np.where(failed, sought.data, result.codes).astype(np.uint8))
