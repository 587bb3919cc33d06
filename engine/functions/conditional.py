"""SUMIF, COUNTIFS, MAXIFS and their kin. All criteria of a fill arrive at once and share one pass over each range."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sheetgrad.sheets.values import Error, Floats, Kind, Values

from .criteria import Criteria
from .declare import Any, Context, Failing, Range, Result, fail, lookup
from .grouping import Groups, Windows, group

Test = tuple[Values, Values]  # a range (r, c) and the criteria on it (m,)


@lookup()
def COUNTIF(context: Context, range: Range, criteria: Any) -> Result:
    """Number of cells that meet a criterion. Source: Microsoft support, COUNTIF function."""
    return _groups([(range, criteria)], context).count()


@lookup(pairs=2)
def COUNTIFS(context: Context, criteria_range: Range, criteria: Any, *more: Any) -> Result:
    """Number of places at which all ranges meet their criteria; #VALUE! where the ranges differ in shape.

    Source: Microsoft support, COUNTIFS function.
    """
    tests = _tests(criteria_range, criteria, *more)
    return _groups(tests, context).count() if _alike(tests) else Error.VALUE


@lookup()
def SUMIF(context: Context, range: Range, criteria: Any, sum_range: Range = None) -> Result:
    """Sum of the numbers at the places that meet a criterion; the sum range is taken from its top left corner in the
    shape of the range. Source: Microsoft support, SUMIF function."""
    return _sum(_groups([(range, criteria)], context), _same_place(sum_range, range))


@lookup(pairs=2)
def SUMIFS(context: Context, sum_range: Range, criteria_range: Range, criteria: Any, *more: Any) -> Result:
    """Sum of the numbers at the places at which all ranges meet their criteria.

    #VALUE! where the ranges differ in shape. Source: Microsoft support, SUMIFS function.
    """
    return _by_places(_sum, sum_range, _tests(criteria_range, criteria, *more), context)


@lookup()
def AVERAGEIF(context: Context, range: Range, criteria: Any, average_range: Range = None) -> Result:
    """Mean of the numbers at the places that meet a criterion; #DIV/0! where there is none.

    Source: Microsoft support, AVERAGEIF function.
    """
    return _mean(_groups([(range, criteria)], context), _same_place(average_range, range))


@lookup(pairs=2)
def AVERAGEIFS(context: Context, average_range: Range, criteria_range: Range, criteria: Any, *more: Any) -> Result:
    """Mean of the numbers at the places at which all ranges meet their criteria.

    #DIV/0! where there is none, #VALUE! where the ranges differ in shape. Source: Microsoft support, AVERAGEIFS
    function.
    """
    return _by_places(_mean, average_range, _tests(criteria_range, criteria, *more), context)


@lookup(pairs=2)
def MAXIFS(context: Context, max_range: Range, criteria_range: Range, criteria: Any, *more: Any) -> Result:
    """Greatest number at the places at which all ranges meet their criteria, 0 where there is none.

    #VALUE! where the ranges differ in shape. Source: Microsoft support, MAXIFS function.
    """
    return _by_places(_greatest, max_range, _tests(criteria_range, criteria, *more), context)


@lookup(pairs=2)
def MINIFS(context: Context, min_range: Range, criteria_range: Range, criteria: Any, *more: Any) -> Result:
    """Least number at the places at which all ranges meet their criteria, 0 where there is none.

    #VALUE! where the ranges differ in shape. Source: Microsoft support, MINIFS function.
    """
    return _by_places(_least, min_range, _tests(criteria_range, criteria, *more), context)


def _tests(*given: Values) -> list[Test]:
    return list(zip(given[::2], given[1::2], strict=True))


def _alike(tests: Sequence[Test]) -> bool:
    return all(tested.shape == tests[0][0].shape for tested, _ in tests)


def _groups(tests: Sequence[Test], context: Context, windows: Windows | None = None) -> Groups:
    """Group the places of the ranges by the criteria tuples they meet."""
    read = [Criteria.read(criteria, context.strings, context.date1904) for _, criteria in tests]
    return group([tested for tested, _ in tests], read, context.strings, context.date1904, windows)


def within(function: str, measured: Values, tests: list[Test], windows: Windows, context: Context) -> Result:
    """Compute one of the functions for m windows onto its ranges, which are places of the ranges from start to stop.

    ``measured`` is what is summed, of the shape of the ranges that are tested; COUNTIF does not look at it.
    """
    return _REDUCTIONS[function](_groups(tests, context, windows), measured)


def _by_places(
    reduce: Callable[[Groups, Values], Result], measured: Values, tests: list[Test], context: Context
) -> Result:
    if not _alike(tests) or measured.shape != tests[0][0].shape:
        return Error.VALUE
    return reduce(_groups(tests, context), measured)


def _same_place(measured: Values | None, tested: Values) -> Values:
    """Cut or extend the second range of SUMIF to the shape of the first, from its top left corner."""
    if measured is None or measured.shape == tested.shape:
        return tested if measured is None else measured
    data, kind = np.zeros(tested.shape), np.zeros(tested.shape, dtype=np.uint8)
    rows, columns = (min(a, b) for a, b in zip(measured.shape, tested.shape, strict=True))
    data[:rows, :columns] = measured.data[:rows, :columns]
    kind[:rows, :columns] = measured.kinds[:rows, :columns]
    return Values(data, kind)


def _payload(measured: Values, empty: float) -> Floats:
    flat = measured.data.ravel()
    return flat if measured.kind is None else np.where(measured.kind.ravel() == Kind.NUMBER, flat, empty)


def _numbers(measured: Values) -> Floats:
    return np.asarray(measured.kinds.ravel() == Kind.NUMBER, dtype=np.float64)


def _with_errors(found: Floats | Failing, groups: Groups, measured: Values) -> Result:
    """An error value at a place that counts is the result; the first one stands."""
    if measured.kind is None or not (measured.kind == Kind.ERROR).any():
        return found
    bad = measured.kind.ravel() == Kind.ERROR
    places = np.where(bad, np.arange(bad.size), bad.size).astype(np.float64)
    first = groups.least(places, float(bad.size)).astype(np.int64)
    codes = np.append(np.where(bad, measured.data.ravel(), 0.0), 0.0)[first].astype(np.uint8)
    if isinstance(found, Failing):
        return Failing(found.result, np.where(codes != 0, codes, found.codes))
    return Failing(found, codes)


def _sum(groups: Groups, measured: Values) -> Result:
    return _with_errors(groups.sum(_payload(measured, 0.0)), groups, measured)


def _mean(groups: Groups, measured: Values) -> Result:
    count = groups.count() if measured.kind is None else groups.sum(_numbers(measured))
    total = groups.sum(_payload(measured, 0.0))
    return _with_errors(fail(total / np.maximum(count, 1), count == 0, Error.DIV0), groups, measured)


def _least(groups: Groups, measured: Values) -> Result:
    least = groups.least(_payload(measured, np.inf), np.inf)
    return _with_errors(np.where(np.isinf(least), 0.0, least), groups, measured)


def _greatest(groups: Groups, measured: Values) -> Result:
    greatest = -groups.least(-_payload(measured, -np.inf), np.inf)
    return _with_errors(np.where(np.isinf(greatest), 0.0, greatest), groups, measured)


def _number_of(groups: Groups, measured: Values) -> Result:
    return groups.count()


_REDUCTIONS: Mapping[str, Callable[[Groups, Values], Result]] = {
    "COUNTIF": _number_of,
    "COUNTIFS": _number_of,
    "SUMIF": _sum,
    "SUMIFS": _sum,
    "AVERAGEIF": _mean,
    "AVERAGEIFS": _mean,
    "MAXIFS": _greatest,
    "MINIFS": _least,
}
