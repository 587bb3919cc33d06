"""Database functions: statistics of one field over the records that meet criteria laid out as a table.

A record meets the criteria where any row of the table below its headings holds: all its cells under field names.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Floats, Kind, Scalar, Values

from .criteria import criterion, meets
from .declare import Any, Context, Range, Result, array


@array()
def DSUM(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Sum of a field over the records chosen; #VALUE! for no such field. Source: Microsoft support, DSUM function."""
    return _statistic(database, field, criteria, context, lambda x: float(x.sum()))


@array()
def DAVERAGE(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Mean of a field over the records chosen; #DIV/0! for none. Source: Microsoft support, DAVERAGE function."""
    return _statistic(database, field, criteria, context, lambda x: float(x.mean()) if len(x) else Error.DIV0)


@array()
def DCOUNT(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Number of records chosen with a number in the field, or of all chosen without a field.

    Source: Microsoft support, DCOUNT function.
    """
    if field is None:
        return _count_records(database, criteria, context)
    return _statistic(database, field, criteria, context, lambda x: float(len(x)), errors=False)


@array()
def DCOUNTA(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Number of records chosen with anything in the field, or of all chosen without a field.

    Source: Microsoft support, DCOUNTA function.
    """
    if field is None:
        return _count_records(database, criteria, context)
    cells = _chosen(database, field, criteria, context)
    return cells if isinstance(cells, Error) else float((cells.kinds != Kind.EMPTY).sum())


@array()
def DGET(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """The field's one value in the records chosen; #VALUE! for none, #NUM! for several.

    Source: Microsoft support, DGET.
    """
    cells = _chosen(database, field, criteria, context)
    if isinstance(cells, Error):
        return cells
    if cells.data.size != 1:
        return Error.NUM if cells.data.size else Error.VALUE
    return Values(cells.data.reshape(1, 1), cells.kinds.reshape(1, 1))


@array()
def DMAX(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Greatest number of a field over the records chosen, 0 for none. Source: Microsoft support, DMAX function."""
    return _statistic(database, field, criteria, context, lambda x: float(x.max()) if len(x) else 0.0)


@array()
def DMIN(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Least number of a field over the records chosen, 0 for none. Source: Microsoft support, DMIN function."""
    return _statistic(database, field, criteria, context, lambda x: float(x.min()) if len(x) else 0.0)


@array()
def DPRODUCT(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Product of a field over the records chosen, 0 for none. Source: Microsoft support, DPRODUCT function."""
    return _statistic(database, field, criteria, context, lambda x: float(x.prod()) if len(x) else 0.0)


@array()
def DSTDEV(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Standard deviation of a sample; #DIV/0! for fewer than two numbers.

    Source: Microsoft support, DSTDEV function.
    """
    return _statistic(database, field, criteria, context, lambda x: _deviation(x, 1, root=True))


@array()
def DSTDEVP(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Standard deviation of a population; #DIV/0! for no numbers. Source: Microsoft support, DSTDEVP function."""
    return _statistic(database, field, criteria, context, lambda x: _deviation(x, 0, root=True))


@array()
def DVAR(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Variance of a sample; #DIV/0! for fewer than two numbers. Source: Microsoft support, DVAR function."""
    return _statistic(database, field, criteria, context, lambda x: _deviation(x, 1, root=False))


@array()
def DVARP(database: Range, field: Any, criteria: Range, context: Context = None) -> Result:
    """Variance of a population; #DIV/0! for no numbers. Source: Microsoft support, DVARP function."""
    return _statistic(database, field, criteria, context, lambda x: _deviation(x, 0, root=False))


def _statistic(
    database: Values,
    field: Scalar,
    criteria: Values,
    context: Context,
    compute: Callable[[Floats], float | Error],
    errors: bool = True,
) -> float | Error:
    """Compute on the numbers of the field; with ``errors`` the first error value among them is the result."""
    cells = _chosen(database, field, criteria, context)
    if isinstance(cells, Error):
        return cells
    failed = cells.kinds == Kind.ERROR
    if errors and failed.any():
        return ERRORS_BY_CODE[int(cells.data[failed][0])]
    return compute(cells.data[cells.kinds == Kind.NUMBER])


def _deviation(x: Floats, lost: int, root: bool) -> float | Error:
    if len(x) <= lost:
        return Error.DIV0
    variance = float(((x - x.mean()) ** 2).sum() / (len(x) - lost))
    return math.sqrt(variance) if root else variance


def _chosen(database: Values, field: Scalar, criteria: Values, context: Context) -> Values | Error:
    """Return the field's cells in the records that meet the criteria, (n,)."""
    column = field_column(database, field, context)
    if isinstance(column, Error):
        return column
    if database.shape[0] < 2:
        return Error.VALUE
    chosen = records(database, criteria, context)
    return Values(database.data[1:, column][chosen], database.kinds[1:, column][chosen])


def _count_records(database: Values, criteria: Values, context: Context) -> float | Error:
    return Error.VALUE if database.shape[0] < 2 else float(records(database, criteria, context).sum())


def records(database: Values, criteria: Values, context: Context) -> NDArray[np.bool_]:
    """Tell which records meet the criteria."""
    headings = _headings(database, context)
    wanted = _headings(criteria, context)
    rows = criteria.rows(context.strings)[1:]
    columns = {
        name: Values(database.data[1:, i], database.kinds[1:, i]) for i, name in reversed(list(enumerate(headings)))
    }
    chosen = np.zeros(database.shape[0] - 1, dtype=bool)
    for row in rows:
        fits = np.ones(len(chosen), dtype=bool)
        for name, cell in zip(wanted, row, strict=True):
            if cell is None:
                continue
            if name not in columns:
                # Under a heading that is no field stands a formula's result, which holds for all records or for none.
                fits &= isinstance(cell, bool | float) and bool(cell) and name != ""
            else:
                test = criterion(cell, context.date1904, prefix=True)
                fits &= meets(columns[name], test, context.strings, context.date1904)
        chosen |= fits
    return chosen


def field_column(database: Values, field: Scalar, context: Context) -> int | Error:
    if isinstance(field, Error):
        return field
    if isinstance(field, str):
        headings = _headings(database, context)
        name = field.strip().casefold()
        return headings.index(name) if name in headings else Error.VALUE
    index = int(field or 0)
    return index - 1 if 1 <= index <= database.shape[1] else Error.VALUE


def _headings(table: Values, context: Context) -> list[str]:
    from .text_numbers import spell

    first = Values(table.data[:1], table.kinds[:1]).rows(context.strings)[0]
    return [spell(cell).strip().casefold() for cell in first]
