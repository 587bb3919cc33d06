"""Arrays on a tape: matrices, conditional aggregates, lookups and what moves elements, least squares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Kind, Values

from .arguments import Argument as CallArgument
from .call import apply
from .functions import find
from .functions.criteria import criterion, meets
from .ir import Apply
from .sample_bodies import CORES, number_of, numbers_only, weights_of
from .tracing import Dual, Untraceable

if TYPE_CHECKING:
    from .tracing import _Trace

Body: TypeAlias = "Callable[[_Trace, Apply, Sequence[Dual], Values], int]"

MOST_WEIGHTS = 1 << 24


def _matrix(name: str) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        return trace.record(name, [trace.shaped(trace.number(dual), dual.values.shape) for dual in duals])

    return body


def _transposed(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot = trace.shaped(trace.number(duals[0]), duals[0].values.shape)
    return trace.record("transpose", [slot])


# Conditions and lookups


def _conditional(reduce: str, first: bool) -> Body:
    """SUMIFS and its kin; ``first``: the measured range comes first, else last (SUMIF, AVERAGEIF)."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        measured = duals[0] if first or len(duals) < 3 else duals[2]
        tests = list(duals[1:] if first else duals[:2])
        if any(dual.slot is not None for dual in tests):
            trace.tape.freeze(f"{node.function} in {trace.where()}")
        met = _met(trace, tests[::2], tests[1::2])  # (*loops, r, c, cells)
        lead = measured.values.shape[:-2]
        flat = (*lead, 1, 1, measured.values.shape[-2] * measured.values.shape[-1])
        counted = met & (measured.values.kinds == Kind.NUMBER).reshape(flat)
        slot = trace.record("reshape", [trace.shaped(numbers_only(trace, measured), measured.values.shape)], flat)
        if reduce in ("greatest", "least"):
            neutral = -np.inf if reduce == "greatest" else np.inf
            spread = trace.shaped(slot, counted.shape)
            found = trace.record(reduce, [trace.masked(spread, counted, neutral)])
            return trace.masked(found, np.asarray(counted.any(axis=-1)))
        if all(size == 1 for size in lead):
            weights = counted.astype(np.float64).reshape(-1, counted.shape[-1]).T
            found = trace.record("matmul", [trace.record("reshape", [slot], (1, flat[-1])), trace.constant(weights)])
            found = trace.record("reshape", [found], counted.shape[:-1])
        else:
            found = trace.record("sum", [trace.record("*", [slot, weights_of(trace, counted)])])
        return trace.record("/", [found, number_of(trace, counted)]) if reduce == "mean" else found

    return body


def _met(trace: _Trace, ranges: Sequence[Dual], criteria: Sequence[Dual]) -> NDArray[np.bool_]:
    """Return which cells of the ranges meet each tuple of criteria: (*loops, r, c, cells)."""
    found: NDArray[np.bool_] | None = None
    for tested, each in zip(ranges, criteria, strict=True):
        cells = tested.values
        flat = (*cells.shape[:-2], 1, 1, cells.shape[-2] * cells.shape[-1])
        size = int(np.prod(np.broadcast_shapes(flat, (*each.values.shape, 1))))
        if size > MOST_WEIGHTS:
            raise Untraceable("conditions on too many cells at once")
        met = _met_one(trace, cells, flat, each.values)
        found = met if found is None else found & met
    assert found is not None
    return found


def _met_one(trace: _Trace, cells: Values, flat: tuple[int, ...], criteria: Values) -> NDArray[np.bool_]:
    """Test each distinct criterion on all cells at once."""
    context, kinds = trace.tracer.context, criteria.kinds
    pairs = np.stack([criteria.data.ravel(), kinds.ravel()], axis=1)
    distinct, which = np.unique(pairs, axis=0, return_inverse=True)
    masks = []
    for payload, kind in distinct.tolist():
        scalar = Values(np.array([[payload]]), np.array([[kind]], dtype=np.uint8)).scalar(context.strings)
        found = meets(cells, criterion(scalar, context.date1904), context.strings, context.date1904)
        masks.append(found.reshape(flat))
    if all(size == 1 for size in flat[:-1]):
        table = np.stack([mask.ravel() for mask in masks])
        return np.asarray(table[which.ravel()].reshape(*criteria.shape, -1))
    place = which.reshape(*criteria.shape, 1)
    result = masks[0] & (place == 0)
    for number, mask in enumerate(masks[1:], 1):
        result |= mask & (place == number)
    return np.asarray(result)


def _moved(*tables: int) -> Body:
    """Functions that only choose or move elements: called on the numbers of the elements, they tell which go where.

    ``tables``: the arguments whose elements are moved. The first column (or row) that VLOOKUP searches stays as it is.
    """

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        function = find(node.function)
        assert function is not None
        moved = [at for at in tables if at < len(duals)]
        if any(dual.slot is not None for at, dual in enumerate(duals) if at not in moved):
            trace.tape.freeze(f"{node.function} in {trace.where()}")
        if node.function in ("VLOOKUP", "HLOOKUP") and duals[1].slot is not None:
            trace.tape.freeze(f"{node.function} in {trace.where()}")
        parts, start, arguments = [], 1, []
        for at, (dual, argument) in enumerate(zip(duals, node.arguments, strict=True)):
            given = dual.values
            if at in moved:
                parts.append(trace.record("reshape", [trace.shaped(trace.number(dual), given.shape)], (-1,)))
                given = _numbered(given, start, node.function)
                start += given.data.size
            arguments.append(CallArgument(given, argument.from_reference, argument.missing))
        result = apply(function, arguments, trace.tracer.context)
        known = (result.kinds == Kind.NUMBER) & (values.kinds <= Kind.BOOL)
        index = np.where(np.broadcast_to(known, result.shape), result.data - 1, 0).astype(np.int64)
        slot = parts[0] if len(parts) == 1 else trace.record("cat", parts)
        return trace.tracer.gathered(slot, index)

    return body


def _numbered(values: Values, start: int, function: str) -> Values:
    places = np.arange(start, start + values.data.size, dtype=np.float64).reshape(values.shape)
    if function not in ("VLOOKUP", "HLOOKUP"):
        return Values(places)
    kinds = np.full(values.shape, Kind.NUMBER, dtype=np.uint8)
    searched = (..., slice(0, 1)) if function == "VLOOKUP" else (..., slice(0, 1), slice(None))
    places[searched], kinds[searched] = values.data[searched], values.kinds[searched]
    return Values(places, kinds)


def _sorted(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    """SORT and UNIQUE: which row (or column) of the table each of the result's came from."""
    table = duals[0]
    size = table.values.shape[-2:]
    if table.values.data.size != size[0] * size[1]:
        raise Untraceable(f"{node.function} along a fill")
    slot = trace.shaped(trace.number(table), table.values.shape)
    if any(dual.slot is not None for dual in duals):
        trace.tape.freeze(f"{node.function} in {trace.where()}")
    across = _true(trace, duals[3 if node.function == "SORT" else 1 :][:1])
    places = np.arange(table.values.data.size).reshape(size)
    places = places.T if across else places
    lines = _matched(*(_lines(each, across) for each in (table.values, values)))
    index = places[lines]
    return trace.tracer.gathered(slot, (index.T if across else index).reshape(values.shape))


def _lines(values: Values, across: bool) -> NDArray[np.float64]:
    """Return the rows (or columns) with payloads beside kinds: (lines, n, 2)."""
    data, kinds = (each.reshape(values.shape[-2:]) for each in (values.data, values.kinds.astype(np.float64)))
    return np.dstack([data.T, kinds.T] if across else [data, kinds])


def _true(trace: _Trace, duals: Sequence[Dual]) -> bool:
    """Tell whether an argument that may be left out is true."""
    return bool(duals) and bool((duals[0].values.data != 0).all())


def _matched(given: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the line of ``given`` that each of ``found`` equals, of equal ones each once where there are enough."""
    free: dict[bytes, list[int]] = {}
    for number, line in enumerate(given):
        free.setdefault(line.tobytes(), []).append(number)
    chosen = []
    for line in found:
        numbers = free.get(line.tobytes())
        if not numbers:
            raise Untraceable("elements that cannot be told apart")
        chosen.append(numbers.pop(0) if len(numbers) > 1 else numbers[0])
    return np.array(chosen)


def _database(name: str) -> Body:
    """DSUM and its kin: the reduction ``name`` over the field of the records that meet the criteria."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        from .functions.database import field_column, records

        database, field, criteria = (dual.values for dual in duals)
        if any(np.prod(each.shape[:-2]) > 1 for each in (database, field, criteria)) or duals[1].slot is not None:
            raise Untraceable(f"{node.function} along a fill")
        context = trace.tracer.context
        flat, table = (
            Values(each.data.reshape(each.shape[-2:]), each.kinds.reshape(each.shape[-2:]))
            for each in (database, criteria)
        )
        column = field_column(flat, field.scalar(context.strings) if field.data.size == 1 else None, context)
        if not isinstance(column, int):
            raise Untraceable(f"{node.function} of no field")
        trace.tape.freeze(f"{node.function} in {trace.where()}")
        chosen = records(flat, table, context) & (flat.kinds[1:, column] == Kind.NUMBER)
        places = ((np.flatnonzero(chosen) + 1) * flat.shape[1] + column).reshape(1, 1, -1)
        slot = trace.tracer.gathered(trace.number(duals[0]), places)
        return CORES[name](trace, slot, np.ones(places.shape, dtype=np.bool_))

    return body


def _least_squares(exponential: bool, predict: bool) -> Body:
    """LINEST, LOGEST (coefficients, the last first), TREND and GROWTH (heights at new places)."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        y, regressors, by_rows = _observations(trace, node, duals, exponential)
        const = len(duals) <= (3 if predict else 2) or _true(trace, duals[3 if predict else 2 :][:1])
        stats = not predict and _true(trace, duals[3:4])
        if stats:
            raise Untraceable(f"{node.function} with statistics")
        slopes = trace.record("least squares", [y, regressors], const)  # (..., k + 1): intercept last
        if not predict:
            turned = np.array([*range(trace.tape.shape(slopes)[-1] - 2, -1, -1), trace.tape.shape(slopes)[-1] - 1])
            shape = trace.tape.shape(slopes)
            index = np.arange(int(np.prod(shape))).reshape(shape)[..., turned]
            found = trace.tracer.gathered(slopes, index[..., None, :])
        else:
            found = _heights(trace, duals, slopes, regressors, by_rows, values)
        return trace.record("EXP", [found]) if exponential else found

    return body


def _observations(trace: _Trace, node: Apply, duals: Sequence[Dual], exponential: bool) -> tuple[int, int, bool]:
    """Return y (..., n), regressors (..., n, k), and whether each regressor is a row."""
    ys = duals[0].values
    rows, columns = ys.shape[-2:]
    y = trace.shaped(trace.number(duals[0]), ys.shape)
    if exponential:
        y = trace.record("LN", [y])
    given = duals[1] if len(duals) > 1 and not node.arguments[1].missing else None
    shape: tuple[int, ...] = (rows, columns)
    if given is None:
        x = trace.constant(np.arange(1.0, rows * columns + 1).reshape(rows, columns))
    else:
        x, shape = trace.shaped(trace.number(given), given.values.shape), given.values.shape[-2:]
    lead, by_rows = trace.tape.shape(x)[:-2], rows == 1 and columns > 1
    if rows == 1 and shape[1] == columns and not (columns == 1 and shape[0] == rows):
        x = trace.record("transpose", [x])
    elif not (columns == 1 and shape[0] == rows):
        x = trace.record("reshape", [x], (*lead, rows * columns, 1))
    return trace.record("reshape", [y], (*ys.shape[:-2], rows * columns)), x, by_rows


def _heights(trace: _Trace, duals: Sequence[Dual], slopes: int, regressors: int, by_rows: bool, values: Values) -> int:
    """Return the fitted heights at the new places, or at the known ones."""
    known = len(duals) < 3 or duals[2].values.kinds.max() == Kind.EMPTY
    new = regressors
    if not known:
        own = trace.shaped(trace.number(duals[2]), duals[2].values.shape)
        one = trace.tape.shape(regressors)[-1] == 1
        flat = (*duals[2].values.shape[:-2], -1, 1)
        new = trace.record("reshape", [own], flat) if one else trace.record("transpose", [own]) if by_rows else own
    found = trace.record("heights", [new, slopes])
    lead = np.broadcast_shapes(trace.tape.shape(found)[:-1])
    return trace.record("reshape", [found], (*lead, *values.shape[-2:]))


ARRAY_BODIES: Mapping[str, Body] = {
    "MMULT": _matrix("matmul"),
    "MINVERSE": _matrix("inverse"),
    "MDETERM": _matrix("determinant"),
    "TRANSPOSE": _transposed,
    "SUMIF": _conditional("sum", False),
    "SUMIFS": _conditional("sum", True),
    "AVERAGEIF": _conditional("mean", False),
    "AVERAGEIFS": _conditional("mean", True),
    "MAXIFS": _conditional("greatest", True),
    "MINIFS": _conditional("least", True),
    "VLOOKUP": _moved(1),
    "HLOOKUP": _moved(1),
    "LOOKUP": _moved(2),
    "XLOOKUP": _moved(2, 3),
    **dict.fromkeys(
        ("CHOOSECOLS", "CHOOSEROWS", "TAKE", "DROP", "TOCOL", "TOROW"),
        _moved(0),
    ),
    **dict.fromkeys(("FILTER", "WRAPROWS", "WRAPCOLS"), _moved(0, 2)),
    "EXPAND": _moved(0, 3),
    **dict.fromkeys(("HSTACK", "VSTACK"), _moved(*range(64))),
    "SORTBY": _moved(0),
    **dict.fromkeys(("SORT", "UNIQUE"), _sorted),
    **{
        f"D{name}": _database(name)
        for name in ("SUM", "AVERAGE", "MAX", "MIN", "PRODUCT", "STDEV", "STDEVP", "VAR", "VARP", "GET")
    },
    "LINEST": _least_squares(False, False),
    "LOGEST": _least_squares(True, False),
    "TREND": _least_squares(False, True),
    "GROWTH": _least_squares(True, True),
}
