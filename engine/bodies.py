"""Function calls on a tape: for each of Excel's functions with a derivative, the operations that compute its numbers.

A function that is constant between its steps (ROUND, MATCH, COUNTIF …) is computed on numpy and has the derivative 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Kind, Values

from .arguments import Argument as CallArgument
from .arguments import parameters
from .call import apply
from .coercion import numbers
from .functions import find
from .functions.criteria import criterion, meets
from .ir import Apply, View
from .sampling import SAMPLED, _plain_sample
from .tracing import Dual, Untraceable

if TYPE_CHECKING:
    from .tracing import _Trace

Body: TypeAlias = "Callable[[_Trace, Apply, Sequence[Dual], Values], int]"

STEPWISE = frozenset(
    [
        "ROUND",
        "ROUNDUP",
        "ROUNDDOWN",
        "TRUNC",
        "INT",
        "SIGN",
        "EVEN",
        "ODD",
        "MROUND",
        "CEILING",
        "FLOOR",
        "CEILING.MATH",
        "FLOOR.MATH",
        "CEILING.PRECISE",
        "FLOOR.PRECISE",
        "ISO.CEILING",
        "QUOTIENT",
        "MATCH",
        "XMATCH",
        "COUNT",
        "COUNTA",
        "COUNTBLANK",
        "COUNTIF",
        "COUNTIFS",
        "RANK",
        "RANK.EQ",
        "RANK.AVG",
        "AND",
        "OR",
        "NOT",
        "XOR",
        "ISNUMBER",
        "ISTEXT",
        "ISBLANK",
        "ISERROR",
        "ISERR",
        "ISNA",
        "ISLOGICAL",
        "ISNONTEXT",
        "ISEVEN",
        "ISODD",
        "TYPE",
        "ROWS",
        "COLUMNS",
        "FREQUENCY",
        "GCD",
        "LCM",
        "FACT",
        "YEAR",
        "MONTH",
        "DAY",
        "WEEKDAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "EOMONTH",
        "EDATE",
        "DATE",
        "MODE",
        "MODE.SNGL",
        "LEN",
        "EXACT",
        "DELTA",
        "GESTEP",
        "RANDBETWEEN",
        "RAND",
    ]
)
MOST_WEIGHTS = 1 << 24


def trace_call(trace: _Trace, node: Apply) -> Dual:
    """Trace a call; raise `Untraceable` where a number that depends on the parameters goes into a body without one."""
    values = trace.evaluation.value(node)
    duals = [trace.dual(argument.node) for argument in node.arguments]
    if all(dual.slot is None for dual in duals) or not _numeric(values):
        return Dual(values)
    body = BODIES.get(node.function)
    if body is not None:
        try:
            return Dual(values, body(trace, node, duals, values))
        except (ValueError, IndexError, RuntimeError) as error:  # sizes that do not fit: an error value, or partly one
            raise Untraceable(f"{node.function} of arrays of such sizes ({error})") from None
    if node.function in STEPWISE:
        return Dual(values, _stepwise(trace, node, duals))
    if trace.tracer.everything:
        trace.tracer.lacking.setdefault(node.function, []).append(trace.region)
        return Dual(values)
    raise Untraceable(f"{node.function} has no derivative here")


def _numeric(values: Values) -> bool:
    kind = values.kind
    return kind is None or bool(((kind == Kind.NUMBER) | (kind == Kind.BOOL)).any())


def _stepwise(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> int:
    """Compute on numpy, with kinds as they are."""
    function = find(node.function)
    assert function is not None
    live = [dual for dual in duals if dual.slot is not None]
    context, region, draw = trace.tracer.context, trace.region, node.draw
    place = trace.evaluation.context_place() if function.wants_context else None

    def body(*arrays: NDArray[np.float64]) -> NDArray[np.float64]:
        given = iter(arrays)
        arguments = []
        for dual, argument in zip(duals, node.arguments, strict=True):
            values = dual.values
            if dual.slot is not None:
                own = np.broadcast_to(next(given), values.shape)
                numeric = (values.kinds == Kind.NUMBER) | (values.kinds == Kind.BOOL)
                values = Values(np.where(numeric, own, values.data), values.kind)
            arguments.append(CallArgument(values, argument.from_reference, argument.missing))
        if place is not None:
            context.place, context.draws = place, max(draw, 0)
        return apply(function, arguments, context).data

    assert region is not None
    return trace.record("callback", [dual.slot for dual in live if dual.slot is not None], body)


# Elementwise


def _unary(name: str) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        return trace.record(name, [trace.number(duals[0])])

    return body


def _binary(name: str, swap: bool = False) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        slots = [trace.number(dual) for dual in duals[:2]]
        trace._fits(slots, node.function)
        return trace.record(name, slots[::-1] if swap else slots)

    return body


def _log(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    over = trace.record("LN", [trace.number(duals[0])])
    if len(duals) == 1:
        return trace.record("/", [over, trace.constant(np.log(10.0).reshape(1, 1))])
    return trace.record("/", [over, trace.record("LN", [trace.number(duals[1])])])


def _normal(distribution: bool) -> Body:
    """NORM.DIST(x, mean, deviation, cumulative) and NORM.S.DIST(z, cumulative)."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        slots = [trace.number(dual) for dual in duals]
        z = slots[0]
        if distribution:
            z = trace.record("/", [trace.record("-", [slots[0], slots[1]]), slots[2]])
        cumulative = duals[3 if distribution else 1]
        if cumulative.slot is not None or cumulative.values.data.size != 1:
            raise Untraceable(f"{node.function} with a computed choice")
        if cumulative.values.data.ravel()[0]:
            return trace.record("NORMSDIST", [z])
        density = trace.record("PHI", [z])
        return trace.record("/", [density, slots[2]]) if distribution else density

    return body


# Reductions


def sample(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> list[tuple[int, NDArray[np.bool_]]]:
    """Return for each argument its numbers (..., 1, 1, n) and which of them count, by the rule of its parameter."""
    function = find(node.function)
    assert function is not None
    expected = parameters(function, len(duals))
    found = []
    for dual, argument, parameter in zip(duals, node.arguments, expected, strict=False):
        if parameter.marker not in SAMPLED:
            continue
        context = trace.tracer.context
        x, valid, _ = _plain_sample(dual.values, argument.from_reference, parameter.marker, context)
        counts = np.ones(x.shape, dtype=np.bool_) if valid is None else np.broadcast_to(valid, x.shape)
        if dual.slot is None:
            found.append((trace.constant(np.where(counts, x, 0.0)), counts))
            continue
        direct = not argument.from_reference and x.shape[-1] == 1
        slot = trace.shaped(trace.number(dual) if direct else dual.slot, dual.values.shape)
        slot = trace.record("reshape", [slot], x.shape)
        found.append((slot if direct else trace.masked(slot, counts), counts))
    return found


def joined(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> tuple[int, NDArray[np.bool_]]:
    """Return all numbers of all arguments, (..., 1, 1, n), and which of them count."""
    parts = sample(trace, node, duals)
    if len(parts) == 1:
        return parts[0]
    lead = np.broadcast_shapes(*(counts.shape[:-1] for _, counts in parts))
    slots = [trace.shaped(slot, (*lead, counts.shape[-1])) for slot, counts in parts]
    masks = [np.broadcast_to(counts, (*lead, counts.shape[-1])) for _, counts in parts]
    return trace.record("join", slots), np.concatenate(masks, axis=-1)


def _counts(trace: _Trace, counts: NDArray[np.bool_]) -> int:
    return trace.constant(counts.astype(np.float64))


def _number_of(trace: _Trace, counts: NDArray[np.bool_], less: int = 0) -> int:
    return trace.constant(np.maximum(counts.sum(axis=-1) - less, 1).astype(np.float64))


def _sum(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    parts = [trace.record("sum", [slot]) for slot, _ in sample(trace, node, duals)]
    total = parts[0]
    for part in parts[1:]:
        total = trace.record("+", [total, part])
    return total


def _average(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    return trace.record("/", [trace.record("sum", [slot]), _number_of(trace, counts)])


def _extreme(name: str, neutral: float) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        slot, counts = joined(trace, node, duals)
        found = trace.record(name, [trace.masked(slot, counts, neutral)])
        return trace.masked(found, np.asarray(counts.any(axis=-1)))

    return body


def _product(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    found = trace.record("product", [trace.masked(slot, counts, 1.0)])
    return trace.masked(found, np.asarray(counts.any(axis=-1)))


def _sum_of_squares(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, _ = joined(trace, node, duals)
    return trace.record("sum", [trace.record("*", [slot, slot])])


def _spread(less: int | None, root: bool) -> Body:
    """Variances (``less``: what is taken from the count), their roots, and DEVSQ (None)."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        slot, counts = joined(trace, node, duals)
        found = trace.record("deviations", [slot, slot, _counts(trace, counts)])
        if less is not None:
            found = trace.record("/", [found, _number_of(trace, counts, less)])
        return trace.record("SQRT", [found]) if root else found

    return body


def _mean_deviation(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    return trace.record("absolute deviations", [slot, _counts(trace, counts)])


def _geometric(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    logs = trace.record("LN", [trace.masked(slot, counts, 1.0)])
    return trace.record("EXP", [trace.record("/", [trace.record("sum", [logs]), _number_of(trace, counts)])])


def _harmonic(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    inverse = trace.record("/", [_counts(trace, counts), trace.masked(slot, counts, 1.0)])
    return trace.record("/", [_number_of(trace, counts), trace.record("sum", [inverse])])


def _counting(trace: _Trace, slot: int, counts: NDArray[np.bool_]) -> int:
    """Return only what counts, where that is the same everywhere."""
    if counts.all():
        return slot
    lines = counts.reshape(-1, counts.shape[-1])
    if not (lines == lines[0]).all():
        raise Untraceable("an order among cells of which other ones count from place to place")
    index = np.arange(counts.size).reshape(counts.shape)[..., np.flatnonzero(lines[0])]
    return trace.tracer.gathered(slot, index)


def _median(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    return trace.record("middle", [_counting(trace, slot, counts)])


def _nth(largest: bool) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        ((slot, counts),) = sample(trace, node, duals)
        if duals[1].slot is not None:
            trace.tape.frozen.append(f"{node.function} in {trace.where()}")
        slot = _counting(trace, slot, counts)
        size = trace.tape.shape(slot)[-1]
        context = trace.tracer.context
        given = numbers(duals[1].values, context.strings, context.date1904)[0]
        places = np.clip(np.ceil(given).astype(np.int64) - 1, 0, size - 1)
        return trace.record("nth", [slot], size - 1 - places if largest else places)

    return body


# Products and pairs


def numbers_only(trace: _Trace, dual: Dual) -> int:
    """Return the numbers of an array, 0 for all else."""
    numeric = dual.values.kinds == Kind.NUMBER
    if dual.slot is None:
        return trace.constant(np.where(numeric, dual.values.data, 0.0))
    return trace.masked(trace.shaped(dual.slot, dual.values.shape), numeric)


def _sum_of_products(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    product = numbers_only(trace, duals[0])
    for dual in duals[1:]:
        product = trace.record("*", [product, numbers_only(trace, dual)])
    return trace.record("sum of cells", [product])


def _pairs(*names: str) -> Body:
    """SUMXMY2 and its kin: ``names`` are the operations from x and y to the term."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        if duals[0].values.shape[-2:] != duals[1].values.shape[-2:]:
            raise Untraceable(f"{node.function} of arrays whose sizes differ")
        both = (duals[0].values.kinds == Kind.NUMBER) & (duals[1].values.kinds == Kind.NUMBER)
        x, y = (numbers_only(trace, dual) for dual in duals)
        if names == ("-", "square"):
            term = trace.record("-", [x, y])
            term = trace.record("*", [term, term])
        else:
            term = trace.record(names[0], [trace.record("*", [x, x]), trace.record("*", [y, y])])
        return trace.record("sum of cells", [trace.masked(term, both)])

    return body


def _moments(trace: _Trace, duals: Sequence[Dual]) -> tuple[int, int, int, NDArray[np.bool_]]:
    """Return x and y flattened, what counts, and the mask."""
    if duals[0].values.data.shape[-2] * duals[0].values.data.shape[-1] != (
        duals[1].values.data.shape[-2] * duals[1].values.data.shape[-1]
    ):
        raise Untraceable("pairs of arrays whose sizes differ")
    flat, masks = [], []
    for dual in duals[:2]:
        shape = (*dual.values.shape[:-2], 1, 1, dual.values.shape[-2] * dual.values.shape[-1])
        slot = trace.shaped(numbers_only(trace, dual), dual.values.shape)
        flat.append(trace.record("reshape", [slot], shape))
        masks.append((dual.values.kinds == Kind.NUMBER).reshape(shape))
    counts = masks[0] & masks[1]
    return flat[0], flat[1], _counts(trace, counts), counts


def _covariance(less: int) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        x, y, weights, counts = _moments(trace, duals)
        return trace.record("/", [trace.record("deviations", [x, y, weights]), _number_of(trace, counts, less)])

    return body


def _correlation(squared: bool) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        x, y, weights, _ = _moments(trace, duals)
        both = trace.record("deviations", [x, y, weights])
        own = [trace.record("deviations", [each, each, weights]) for each in (x, y)]
        found = trace.record("/", [both, trace.record("SQRT", [trace.record("*", own)])])
        return trace.record("*", [found, found]) if squared else found

    return body


def _line(intercept: bool) -> Body:
    """SLOPE and INTERCEPT of known ys, known xs."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        y, x, weights, counts = _moments(trace, duals)
        both, own = (trace.record("deviations", [x, other, weights]) for other in (y, x))
        slope = trace.record("/", [both, own])
        if not intercept:
            return slope
        means = [
            trace.record("/", [trace.record("sum", [trace.record("*", [each, weights])]), _number_of(trace, counts)])
            for each in (y, x)
        ]
        return trace.record("-", [means[0], trace.record("*", [slope, means[1]])])

    return body


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
            trace.tape.frozen.append(f"{node.function} in {trace.where()}")
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
            found = trace.record("sum", [trace.record("*", [slot, _counts(trace, counted)])])
        return trace.record("/", [found, _number_of(trace, counted)]) if reduce == "mean" else found

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
            trace.tape.frozen.append(f"{node.function} in {trace.where()}")
        if node.function in ("VLOOKUP", "HLOOKUP") and duals[1].slot is not None:
            trace.tape.frozen.append(f"{node.function} in {trace.where()}")
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


# Money


def _annuity(solve: str) -> Body:
    """PV, FV and PMT from fv + pmt (1 + rate type) (g - 1)/rate + pv g = 0, g = (1 + rate)^nper."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        one, zero = trace.constant(np.ones((1, 1))), trace.constant(np.zeros((1, 1)))
        slots = [trace.number(dual) for dual in duals] + [zero] * (5 - len(duals))
        rate, nper, a, b, due = slots
        if duals[0].slot is None and not duals[0].values.data.all():
            factor, growth = nper, one
        else:
            growth = trace.record("^", [trace.record("+", [one, rate]), nper])
            late = trace.record("+", [one, trace.record("*", [rate, due])])
            factor = trace.record("*", [late, trace.record("/", [trace.record("-", [growth, one]), rate])])
        if solve == "PMT":  # pv, fv
            total = trace.record("+", [trace.record("*", [a, growth]), b])
            return trace.record("negate", [trace.record("/", [total, factor])])
        total = trace.record("*", [a, factor])  # pmt
        if solve == "FV":
            return trace.record("negate", [trace.record("+", [total, trace.record("*", [b, growth])])])
        return trace.record("negate", [trace.record("/", [trace.record("+", [total, b]), growth])])

    return body


def _present_value(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    rate = trace.record("+", [trace.constant(np.ones((1, 1))), trace.number(duals[0])])
    slot, counts = joined(trace, node, duals)
    shape = (*trace.tape.shape(rate)[:-2], 1, 1, 1)
    periods = trace.constant(np.maximum(np.cumsum(counts, axis=-1), 1).astype(np.float64))
    growth = trace.record("^", [trace.record("reshape", [rate], shape), periods])
    return trace.record("sum", [trace.record("/", [slot, growth])])


BODIES: dict[str, Body] = {
    **{
        name: _unary(name)
        for name in [
            "ABS",
            "SQRT",
            "EXP",
            "LN",
            "LOG10",
            "SIN",
            "COS",
            "TAN",
            "ASIN",
            "ACOS",
            "ATAN",
            "SINH",
            "COSH",
            "TANH",
            "ASINH",
            "ACOSH",
            "ATANH",
            "SEC",
            "CSC",
            "COT",
            "SECH",
            "CSCH",
            "COTH",
            "RADIANS",
            "DEGREES",
            "SQRTPI",
            "GAMMALN",
            "GAMMALN.PRECISE",
            "ERF.PRECISE",
            "ERFC",
            "ERFC.PRECISE",
            "NORMSDIST",
            "NORM.S.INV",
            "NORMSINV",
            "PHI",
            "GAUSS",
            "FISHER",
            "FISHERINV",
            "N",
        ]
    },
    "ATAN2": _binary("ATAN2"),
    "POWER": _binary("^"),
    "MOD": _binary("MOD"),
    "LOG": _log,
    "NORM.DIST": _normal(True),
    "NORMDIST": _normal(True),
    "NORM.S.DIST": _normal(False),
    "SUM": _sum,
    "AVERAGE": _average,
    "MAX": _extreme("greatest", -np.inf),
    "MIN": _extreme("least", np.inf),
    "PRODUCT": _product,
    "SUMSQ": _sum_of_squares,
    "DEVSQ": _spread(None, False),
    "AVEDEV": _mean_deviation,
    "GEOMEAN": _geometric,
    "HARMEAN": _harmonic,
    **{name: _spread(1, False) for name in ("VAR", "VAR.S")},
    **{name: _spread(0, False) for name in ("VARP", "VAR.P")},
    **{name: _spread(1, True) for name in ("STDEV", "STDEV.S")},
    **{name: _spread(0, True) for name in ("STDEVP", "STDEV.P")},
    "MEDIAN": _median,
    "LARGE": _nth(True),
    "SMALL": _nth(False),
    "SUMPRODUCT": _sum_of_products,
    "SUMXMY2": _pairs("-", "square"),
    "SUMX2MY2": _pairs("-"),
    "SUMX2PY2": _pairs("+"),
    **{name: _covariance(0) for name in ("COVAR", "COVARIANCE.P")},
    "COVARIANCE.S": _covariance(1),
    **{name: _correlation(False) for name in ("CORREL", "PEARSON")},
    "RSQ": _correlation(True),
    "SLOPE": _line(False),
    "INTERCEPT": _line(True),
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
    "XLOOKUP": _moved(2),
    **{
        name: _moved(0)
        for name in ("CHOOSECOLS", "CHOOSEROWS", "TAKE", "DROP", "TOCOL", "TOROW", "WRAPROWS", "WRAPCOLS", "FILTER")
    },
    **{name: _moved(*range(64)) for name in ("HSTACK", "VSTACK")},
    "SORTBY": _moved(0),
    "PV": _annuity("PV"),
    "FV": _annuity("FV"),
    "PMT": _annuity("PMT"),
    "NPV": _present_value,
}

__all__ = ["BODIES", "STEPWISE", "View", "trace_call"]
