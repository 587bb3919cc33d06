"""Functions that rearrange whole arrays: sorting, filtering, taking, stacking, wrapping. Empty cells stay empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.grid import CELL_BUDGET, TooManyCells
from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Floats, Kind, Kinds, Scalar, Values, encode

from . import search
from .declare import Any, Array, Context, Logical, Number, Result, array

Integers = NDArray[np.int64]


@array()
def SORT(
    values: Array, sort_index: Array = None, sort_order: Array = None, by_col: Logical = False, context: Context = None
) -> Result:
    """Rows (columns) of an array sorted by one or several of its columns (rows); ties keep their order.

    Numbers < text < logicals < errors in either order turned round, empty last in both; #VALUE! for an index outside or
    another order than ±1. Source: Microsoft support, SORT function.
    """
    table = _transposed(values) if by_col else values
    indices, orders = _numbers(sort_index, [1.0]), _numbers(sort_order, [1.0])
    if isinstance(indices, Error):
        return indices
    if isinstance(orders, Error):
        return orders
    if len(orders) == 1:
        orders = orders * len(indices)
    if len(orders) != len(indices) or any(not 1 <= int(i) <= table.shape[1] for i in indices):
        return Error.VALUE
    order = _sorting([_column(table, int(index) - 1) for index in indices], orders, context)
    if isinstance(order, Error):
        return order
    result = _rows(table, order)
    return _transposed(result) if by_col else result


@array(pairs=2)
def SORTBY(values: Array, by_array: Array, sort_order: Number = 1, *rest: Any, context: Context = None) -> Result:
    """Rows (columns) of an array sorted by other columns (rows); ties keep their order.

    #VALUE! where sizes differ or an order is not ±1. Source: Microsoft support, SORTBY function.
    """
    keys, orders = [by_array], [float(sort_order)]
    for at in range(0, len(rest), 2):
        keys.append(rest[at])
        orders.append(float(rest[at + 1]) if at + 1 < len(rest) else 1.0)
    across = keys[0].shape[0] == 1 and keys[0].shape[1] == values.shape[1] and values.shape[1] > 1
    table = _transposed(values) if across else values
    if any(1 not in key.shape or key.data.size != table.shape[0] for key in keys):
        return Error.VALUE
    order = _sorting([_flat(key) for key in keys], orders, context)
    if isinstance(order, Error):
        return order
    result = _rows(table, order)
    return _transposed(result) if across else result


@array()
def FILTER(values: Array, include: Array, if_empty: Any = Error.CALC, context: Context = None) -> Result:
    """Rows (columns) of an array where another is TRUE; ``if_empty``, or #CALC!, where none is.

    #VALUE! where the lengths differ or a condition is text; errors in it pass.
    Source: Microsoft support, FILTER function.
    """
    across = include.shape[0] == 1 and include.shape[1] == values.shape[1] and values.shape[0] != 1
    across |= include.shape == (1, values.shape[1]) and values.shape[0] == 1 and values.shape[1] > 1
    table = _transposed(values) if across else values
    condition = _flat(include)
    if 1 not in include.shape or condition.data.size != table.shape[0]:
        return Error.VALUE
    kinds = condition.kinds
    if (kinds == Kind.ERROR).any():
        return ERRORS_BY_CODE[int(condition.data[kinds == Kind.ERROR][0])]
    if (kinds == Kind.TEXT).any():
        return Error.VALUE
    chosen = np.flatnonzero(condition.data != 0)
    if not len(chosen):
        return Values.of(if_empty, context.strings)
    result = _rows(table, chosen)
    return _transposed(result) if across else result


@array()
def UNIQUE(values: Array, by_col: Logical = False, exactly_once: Logical = False, context: Context = None) -> Result:
    """Distinct rows (columns) in order of first appearance, case ignored; or those that appear once.

    #CALC! where none does. Source: Microsoft support, UNIQUE function.
    """
    table = _transposed(values) if by_col else values
    keys = search.equality_keys(_flat(table), context.strings)
    rows = np.stack([keys.group, keys.key], axis=-1).reshape(table.shape[0], -1)
    _, first, counts = np.unique(rows, axis=0, return_index=True, return_counts=True)
    chosen = np.sort(first[counts == 1] if exactly_once else first)
    if not len(chosen):
        return Error.CALC
    result = _rows(table, chosen)
    return _transposed(result) if by_col else result


@array()
def TAKE(values: Array, rows: Number = None, columns: Number = None) -> Result:
    """First (last, where negative) rows and columns; #CALC! for 0. Source: Microsoft support, TAKE function."""
    return _part(values, _taken(values.shape[0], rows), _taken(values.shape[1], columns))


@array()
def DROP(values: Array, rows: Number = None, columns: Number = None) -> Result:
    """All but the first (last, where negative) rows and columns; #CALC! where nothing is left.

    Source: Microsoft support, DROP function.
    """
    return _part(values, _dropped(values.shape[0], rows), _dropped(values.shape[1], columns))


@array()
def CHOOSECOLS(values: Array, col_num1: Array, *more: Array) -> Result:
    """Given columns, from the end where negative; #VALUE! for 0 and beyond. Source: Microsoft support, CHOOSECOLS."""
    return _chosen(values, 1, (col_num1, *more))


@array()
def CHOOSEROWS(values: Array, row_num1: Array, *more: Array) -> Result:
    """Given rows, from the end where negative; #VALUE! for 0 and beyond. Source: Microsoft support, CHOOSEROWS."""
    return _chosen(values, 0, (row_num1, *more))


@array()
def HSTACK(array1: Array, *more: Array) -> Result:
    """Arrays side by side, short ones filled up with #N/A. Source: Microsoft support, HSTACK function."""
    return _stacked((array1, *more), 1)


@array()
def VSTACK(array1: Array, *more: Array) -> Result:
    """Arrays one below another, narrow ones filled up with #N/A. Source: Microsoft support, VSTACK function."""
    return _stacked((array1, *more), 0)


@array()
def TOCOL(values: Array, ignore: Number = 0, scan_by_column: Logical = False) -> Result:
    """All values in one column, by rows or by columns; ignores 1 empty, 2 errors, 3 both.

    #CALC! where nothing is left, #VALUE! for another ``ignore``. Source: Microsoft support, TOCOL function.
    """
    return _line(values, ignore, scan_by_column, down=True)


@array()
def TOROW(values: Array, ignore: Number = 0, scan_by_column: Logical = False) -> Result:
    """All values in one row, by rows or by columns; ignores 1 empty, 2 errors, 3 both.

    #CALC! where nothing is left, #VALUE! for another ``ignore``. Source: Microsoft support, TOROW function.
    """
    return _line(values, ignore, scan_by_column, down=False)


@array()
def WRAPROWS(vector: Array, wrap_count: Number, pad_with: Any = Error.NA, context: Context = None) -> Result:
    """A row or column wrapped into rows of a length; #VALUE! for a wider array, #NUM! for a length below 1.

    Source: Microsoft support, WRAPROWS function.
    """
    return _wrapped(vector, wrap_count, pad_with, context)


@array()
def WRAPCOLS(vector: Array, wrap_count: Number, pad_with: Any = Error.NA, context: Context = None) -> Result:
    """A row or column wrapped into columns of a length; #VALUE! for a wider array, #NUM! for a length below 1.

    Source: Microsoft support, WRAPCOLS function.
    """
    result = _wrapped(vector, wrap_count, pad_with, context)
    return result if isinstance(result, Error) else _transposed(result)


@array()
def EXPAND(
    values: Array, rows: Number = None, columns: Number = None, pad_with: Any = Error.NA, context: Context = None
) -> Result:
    """Array filled up to a size; #VALUE! for a smaller size than it has. Source: Microsoft support, EXPAND function."""
    height = values.shape[0] if rows is None else int(rows)
    width = values.shape[1] if columns is None else int(columns)
    if height < values.shape[0] or width < values.shape[1]:
        return Error.VALUE
    return _filled_up(values, height, width, pad_with, context)


def _sorting(columns: Sequence[Values], orders: Sequence[float], context: Context) -> Integers | Error:
    """Return the order of rows by several key columns."""
    if any(order not in (1.0, -1.0) for order in orders):
        return Error.VALUE
    keys: list[NDArray[np.int64]] = []
    for values, order in zip(columns, orders, strict=True):
        (own,) = search.order_keys(context.strings, values)
        (ranks,) = search.total_ranks(own)
        empty = values.kinds == Kind.EMPTY
        keys += [empty.astype(np.int64), np.where(empty, 0, ranks * int(order))]
    return np.lexsort(keys[::-1])


def _numbers(values: Values | None, default: list[float]) -> list[float] | Error:
    if values is None:
        return default
    kinds = values.kinds
    if (kinds == Kind.ERROR).any():
        return ERRORS_BY_CODE[int(values.data[kinds == Kind.ERROR][0])]
    if (kinds == Kind.TEXT).any():
        return Error.VALUE
    found: list[float] = np.trunc(values.data).ravel().tolist()
    return found


def _part(values: Values, rows: slice | Error, columns: slice | Error) -> Values | Error:
    if isinstance(rows, Error) or isinstance(columns, Error):
        return Error.CALC
    return Values(values.data[rows, columns], None if values.kind is None else values.kind[rows, columns])


def _taken(size: int, count: float | None) -> slice | Error:
    if count is None:
        return slice(0, size)
    whole = int(max(min(count, size), -size))
    return Error.CALC if whole == 0 else slice(0, whole) if whole > 0 else slice(size + whole, size)


def _dropped(size: int, count: float | None) -> slice | Error:
    if count is None:
        return slice(0, size)
    whole = int(max(min(count, size), -size))
    if abs(whole) == size:
        return Error.CALC
    return slice(whole, size) if whole >= 0 else slice(0, size + whole)


def _chosen(values: Values, axis: int, given: Sequence[Values]) -> Values | Error:
    indices: list[int] = []
    for each in given:
        numbers = _numbers(each, [])
        if isinstance(numbers, Error):
            return numbers
        indices += [int(number) for number in numbers]
    size = values.shape[axis]
    if any(not 1 <= abs(index) <= size for index in indices):
        return Error.VALUE
    places = np.array([index - 1 if index > 0 else size + index for index in indices])
    if axis == 0:
        return _rows(values, places)
    return _transposed(_rows(_transposed(values), places))


def _stacked(arrays: Sequence[Values], axis: int) -> Values:
    """Join arrays along an axis; along the other the shorter ones are filled up with #N/A."""
    other = 1 - axis
    size = max(values.shape[other] for values in arrays)
    length = sum(values.shape[axis] for values in arrays)
    shape = (length, size) if axis == 0 else (size, length)
    _afford(*shape)
    data = np.full(shape, float(Error.NA.code))
    kind = np.full(shape, np.uint8(Kind.ERROR))
    at = 0
    for values in arrays:
        rows, columns = values.shape
        place = (slice(at, at + rows), slice(0, columns)) if axis == 0 else (slice(0, rows), slice(at, at + columns))
        data[place], kind[place] = values.data, values.kinds
        at += values.shape[axis]
    return _tidy(data, kind)


def _line(values: Values, ignore: float, scan_by_column: bool, down: bool) -> Values | Error:
    if int(ignore) not in (0, 1, 2, 3):
        return Error.VALUE
    flat = _flat(_transposed(values) if scan_by_column else values)
    kinds = flat.kinds
    left = np.ones(len(kinds), dtype=bool)
    if int(ignore) & 1:
        left &= kinds != Kind.EMPTY
    if int(ignore) & 2:
        left &= kinds != Kind.ERROR
    if not left.any():
        return Error.CALC
    shape = (-1, 1) if down else (1, -1)
    return _tidy(flat.data[left].reshape(shape), kinds[left].reshape(shape))


def _wrapped(vector: Values, count: float, pad_with: Scalar, context: Context) -> Values | Error:
    if 1 not in vector.shape:
        return Error.VALUE
    if count < 1:
        return Error.NUM
    size = vector.data.size
    width = int(min(count, size))
    height = -(-size // width)
    flat = _flat(vector)
    line = _filled_up(Values(flat.data[None, :], flat.kinds[None, :]), 1, height * width, pad_with, context)
    return _tidy(line.data.reshape(height, width), line.kinds.reshape(height, width))


def _filled_up(values: Values, height: int, width: int, pad_with: Scalar, context: Context) -> Values:
    _afford(height, width)
    payload, kind_of_pad = encode(pad_with, context.strings)
    data = np.full((height, width), payload)
    kind = np.full((height, width), np.uint8(kind_of_pad))
    rows, columns = values.shape
    data[:rows, :columns], kind[:rows, :columns] = values.data, values.kinds
    return _tidy(data, kind)


def _afford(height: int, width: int) -> None:
    if height * width > CELL_BUDGET:
        raise TooManyCells


def _tidy(data: Floats, kind: Kinds) -> Values:
    return Values(data, None if (kind == Kind.NUMBER).all() else kind)


def _transposed(values: Values) -> Values:
    return Values(values.data.T, None if values.kind is None else values.kind.T)


def _flat(values: Values) -> Values:
    return Values(values.data.reshape(-1), None if values.kind is None else values.kind.reshape(-1))


def _column(values: Values, index: int) -> Values:
    return Values(values.data[:, index], None if values.kind is None else values.kind[:, index])


def _rows(values: Values, index: Integers) -> Values:
    return Values(values.data[index], None if values.kind is None else values.kind[index])
