"""Reductions on a tape: sums, means, spreads, order statistics of samples, and of pairs of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Floats, Kind, Values

from .arguments import parameters
from .coercion import numbers
from .functions import find
from .ir import Apply
from .sampling import SAMPLED, _plain_sample
from .tracing import Dual, Untraceable

if TYPE_CHECKING:
    from .tracing import _Trace

Mask: TypeAlias = NDArray[np.bool_]
Body: TypeAlias = "Callable[[_Trace, Apply, Sequence[Dual], Values], int]"
Core: TypeAlias = "Callable[[_Trace, int, Mask], int]"  # of numbers (..., 1, 1, n), and which of them count


def sample(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> list[tuple[int, Mask]]:
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
        kinds = dual.values.kinds.reshape(x.shape)  # AVERAGEA's kind counts texts, as 0
        found.append(
            (slot if direct else trace.masked(slot, counts & (kinds >= Kind.NUMBER) & (kinds != Kind.TEXT)), counts)
        )
    return found


def joined(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> tuple[int, Mask]:
    """Return all numbers of all arguments, (..., 1, 1, n), and which of them count."""
    parts = sample(trace, node, duals)
    if len(parts) == 1:
        return parts[0]
    lead = np.broadcast_shapes(*(counts.shape[:-1] for _, counts in parts))
    slots = [trace.shaped(slot, (*lead, counts.shape[-1])) for slot, counts in parts]
    masks = [np.broadcast_to(counts, (*lead, counts.shape[-1])) for _, counts in parts]
    return trace.record("join", slots), np.concatenate(masks, axis=-1)


def weights_of(trace: _Trace, counts: Mask) -> int:
    return trace.constant(counts.astype(np.float64))


def number_of(trace: _Trace, counts: Mask, less: int = 0) -> int:
    return trace.constant(np.maximum(counts.sum(axis=-1) - less, 1).astype(np.float64))


def _sum(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    parts = [trace.record("sum", [slot]) for slot, _ in sample(trace, node, duals)]
    total = parts[0]
    for part in parts[1:]:
        total = trace.record("+", [total, part])
    return total


def _of_all(core: Core) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        return core(trace, *joined(trace, node, duals))

    return body


def _total(trace: _Trace, slot: int, counts: Mask) -> int:
    return trace.record("sum", [slot])


def _mean(trace: _Trace, slot: int, counts: Mask) -> int:
    return trace.record("/", [trace.record("sum", [slot]), number_of(trace, counts)])


def _extreme(name: str, neutral: float) -> Core:
    def core(trace: _Trace, slot: int, counts: Mask) -> int:
        found = trace.record(name, [trace.masked(slot, counts, neutral)])
        return trace.masked(found, np.asarray(counts.any(axis=-1)))

    return core


def _product(trace: _Trace, slot: int, counts: Mask) -> int:
    found = trace.record("product", [trace.masked(slot, counts, 1.0)])
    return trace.masked(found, np.asarray(counts.any(axis=-1)))


def _sum_of_squares(trace: _Trace, slot: int, counts: Mask) -> int:
    return trace.record("sum", [trace.record("*", [slot, slot])])


def _spread(less: int | None, root: bool) -> Core:
    """Variances (``less``: what is taken from the count), their roots, and DEVSQ (None)."""

    def core(trace: _Trace, slot: int, counts: Mask) -> int:
        found = trace.record("deviations", [slot, slot, weights_of(trace, counts)])
        if less is not None:
            found = trace.record("/", [found, number_of(trace, counts, less)])
        return trace.record("SQRT", [found]) if root else found

    return core


def _mean_deviation(trace: _Trace, slot: int, counts: Mask) -> int:
    return trace.record("absolute deviations", [slot, weights_of(trace, counts)])


def _geometric(trace: _Trace, slot: int, counts: Mask) -> int:
    logs = trace.record("LN", [trace.masked(slot, counts, 1.0)])
    return trace.record("EXP", [trace.record("/", [trace.record("sum", [logs]), number_of(trace, counts)])])


def _harmonic(trace: _Trace, slot: int, counts: Mask) -> int:
    inverse = trace.record("/", [weights_of(trace, counts), trace.masked(slot, counts, 1.0)])
    return trace.record("/", [number_of(trace, counts), trace.record("sum", [inverse])])


def _counting(trace: _Trace, slot: int, counts: Mask) -> int:
    """Return only what counts, where that is the same everywhere."""
    if counts.all():
        return slot
    lines = counts.reshape(-1, counts.shape[-1])
    if not (lines == lines[0]).all():
        raise Untraceable("an order among cells of which other ones count from place to place")
    index = np.arange(counts.size).reshape(counts.shape)[..., np.flatnonzero(lines[0])]
    return trace.tracer.gathered(slot, index)


def _first(trace: _Trace, slot: int, counts: Mask) -> tuple[int, NDArray[np.int64]]:
    """Return numbers of which those that count are the first ones in order, and how many do, (..., 1, 1)."""
    size = counts.sum(axis=-1)
    return trace.masked(slot, counts | (size == 0)[..., None], np.inf), size


def _median(trace: _Trace, slot: int, counts: Mask) -> int:
    slot, size = _first(trace, slot, counts)
    low, high = (trace.record("nth", [slot], place) for place in (np.maximum(size - 1, 0) // 2, size // 2))
    return trace.record("/", [trace.record("+", [low, high]), _one(trace, 2)])


def _settled(trace: _Trace, node: Apply, dual: Dual) -> Floats:
    """Return a second argument as numbers; where it depends on the parameters a run with others is another one."""
    if dual.slot is not None:
        trace.tape.freeze(f"{node.function} in {trace.where()}")
    return numbers(dual.values, trace.tracer.context.strings, trace.tracer.context.date1904)[0]


def _nth(largest: bool) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        ((slot, counts),) = sample(trace, node, duals)
        slot, size = _first(trace, slot, counts)
        last = np.maximum(size - 1, 0)
        places = np.clip(np.ceil(_settled(trace, node, duals[1])).astype(np.int64) - 1, 0, last)
        return trace.record("nth", [slot], last - places if largest else places)

    return body


def _percentile(quarters: bool, inclusive: bool) -> Body:
    """PERCENTILE and QUARTILE: between the order statistics that a place lies between."""

    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        ((slot, counts),) = sample(trace, node, duals)
        slot = _counting(trace, slot, counts)
        count = trace.tape.shape(slot)[-1]
        share = trace.number(duals[1])
        if quarters:
            share = trace.record("/", [trace.record("TRUNC", [share, _one(trace, 0)]), _one(trace, 4)])
        place = trace.record("*", [share, _one(trace, count - 1 if inclusive else count + 1)])
        if not inclusive:
            place = trace.record("-", [place, _one(trace, 1)])
        return trace.record("between", [slot, place])

    return body


def _one(trace: _Trace, number: float) -> int:
    return trace.constant(np.full((1, 1), float(number)))


def _trimmed(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    ((slot, counts),) = sample(trace, node, duals)
    slot = _counting(trace, slot, counts)
    count = trace.tape.shape(slot)[-1]
    cut = np.floor(_settled(trace, node, duals[1]) * count / 2 + 1e-9)[..., None]
    place = np.arange(count)
    kept = ((place >= cut) & (place < count - cut)).astype(np.float64)
    ordered = trace.record("*", [trace.record("ordered", [slot]), trace.constant(kept)])
    return trace.record("/", [trace.record("sum", [ordered]), trace.constant(np.maximum(kept.sum(axis=-1), 1))])


def _moment(power: int, population: bool) -> Core:
    """SKEW (third) and KURT (fourth): the sum of a power of the deviations over that of the spread."""

    def core(trace: _Trace, slot: int, counts: Mask) -> int:
        weights, n = weights_of(trace, counts), np.maximum(counts.sum(axis=-1).astype(np.float64), power)
        lost = trace.constant(n - (not population))
        second = trace.record("/", [trace.record("deviations", [slot, slot, weights]), lost])
        own = trace.record("moment", [slot, weights], power)
        ratio = trace.record("/", [own, trace.record("^", [second, _one(trace, power / 2)])])
        if power == 3:
            return trace.record("*", [ratio, trace.constant(1 / n if population else n / ((n - 1) * (n - 2)))])
        scale = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3))
        less = 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
        return trace.record("-", [trace.record("*", [ratio, trace.constant(scale)]), trace.constant(less)])

    return core


def _logical(reduce: str) -> Core:
    """AND (least), OR (greatest) and XOR (sum) of what counts, 1 where it is not 0."""

    def core(trace: _Trace, slot: int, counts: Mask) -> int:
        true = trace.record("<>", [slot, _one(trace, 0)])
        found = trace.record(reduce, [trace.masked(true, counts, 1.0 if reduce == "least" else 0.0)])
        return trace.record("MOD", [found, _one(trace, 2)]) if reduce == "sum" else found

    return core


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


def _moments(trace: _Trace, duals: Sequence[Dual]) -> tuple[int, int, int, Mask]:
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
    return flat[0], flat[1], weights_of(trace, counts), counts


def _covariance(less: int) -> Body:
    def body(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
        x, y, weights, counts = _moments(trace, duals)
        return trace.record("/", [trace.record("deviations", [x, y, weights]), number_of(trace, counts, less)])

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
            trace.record("/", [trace.record("sum", [trace.record("*", [each, weights])]), number_of(trace, counts)])
            for each in (y, x)
        ]
        return trace.record("-", [means[0], trace.record("*", [slope, means[1]])])

    return body


def _forecast(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    x = trace.number(duals[0])
    slope, intercept = (_line(which)(trace, node, duals[1:], values) for which in (False, True))
    return trace.record("+", [intercept, trace.record("*", [slope, x])])


def _standard_error(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    y, x, weights, counts = _moments(trace, duals)
    both, own, other = (trace.record("deviations", [a, b, weights]) for a, b in ((x, y), (x, x), (y, y)))
    rest = trace.record("-", [other, trace.record("/", [trace.record("*", [both, both]), own])])
    return trace.record("SQRT", [trace.record("/", [rest, number_of(trace, counts, 2)])])


def _flat(trace: _Trace, dual: Dual) -> tuple[int, Mask]:
    """Return the numbers of an array, (..., 1, 1, n), 0 where there is none, and where there are any."""
    shape = (*dual.values.shape[:-2], 1, 1, dual.values.shape[-2] * dual.values.shape[-1])
    slot = trace.shaped(numbers_only(trace, dual), dual.values.shape)
    return trace.record("reshape", [slot], shape), (dual.values.kinds == Kind.NUMBER).reshape(shape)


def _variance(trace: _Trace, slot: int, counts: Mask) -> int:
    spread = trace.record("deviations", [slot, slot, weights_of(trace, counts)])
    return trace.record("/", [spread, number_of(trace, counts, 1)])


def _test_of_variances(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    first, second = (_flat(trace, dual) for dual in duals)
    ratio = trace.record("/", [_variance(trace, *first), _variance(trace, *second)])
    freedom = [trace.constant(np.maximum(counts.sum(axis=-1) - 1.0, 1)) for _, counts in (first, second)]
    return trace.record("two-tailed F", [ratio, *freedom])


def _test_of_means(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    sides, kind = (np.trunc(_settled(trace, node, dual)) for dual in duals[2:])
    if sides.size != 1 or kind.size != 1:
        raise Untraceable(f"{node.function} with several choices")
    pair = [_flat(trace, dual) for dual in duals[:2]]
    if kind.item() == 1:
        statistic, freedom = _paired(trace, duals)
    else:
        statistic, freedom = _unpaired(trace, pair, pooled=kind.item() == 2)
    below = trace.record("T.DIST.EXACT", [trace.record("negate", [trace.record("ABS", [statistic])]), freedom])
    return trace.record("*", [below, trace.constant(sides)])


def _paired(trace: _Trace, duals: Sequence[Dual]) -> tuple[int, int]:
    x, y, weights, counts = _moments(trace, duals)
    apart = trace.record("*", [trace.record("-", [x, y]), weights])
    error = trace.record("/", [_variance(trace, apart, counts), number_of(trace, counts)])
    statistic = trace.record("/", [_mean(trace, apart, counts), trace.record("SQRT", [error])])
    return statistic, number_of(trace, counts, 1)


def _unpaired(trace: _Trace, pair: Sequence[tuple[int, Mask]], pooled: bool) -> tuple[int, int]:
    sizes = [np.maximum(counts.sum(axis=-1).astype(np.float64), 2) for _, counts in pair]
    errors = [
        trace.record("/", [_variance(trace, *each), trace.constant(n)]) for each, n in zip(pair, sizes, strict=True)
    ]
    apart = trace.record("-", [_mean(trace, *pair[0]), _mean(trace, *pair[1])])
    if pooled:
        freedom = trace.constant(sizes[0] + sizes[1] - 2)
        parts = [trace.record("*", [e, trace.constant(n * (n - 1))]) for e, n in zip(errors, sizes, strict=True)]
        shared = trace.record("/", [trace.record("+", parts), freedom])
        total = trace.record("*", [shared, trace.constant(1 / sizes[0] + 1 / sizes[1])])
    else:
        total = trace.record("+", errors)
        squares = [
            trace.record("/", [trace.record("*", [e, e]), trace.constant(n - 1)])
            for e, n in zip(errors, sizes, strict=True)
        ]
        freedom = trace.record("/", [trace.record("*", [total, total]), trace.record("+", squares)])
    return trace.record("/", [apart, trace.record("SQRT", [total])]), freedom


def _test_of_counts(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    actual, expected, weights, counts = _moments(trace, duals)
    apart = trace.record("-", [actual, expected])
    safe = trace.masked(expected, counts, 1.0)
    term = trace.record("/", [trace.record("*", [trace.record("*", [apart, apart]), weights]), safe])
    rows, columns = duals[0].values.shape[-2:]
    freedom = (rows - 1) * (columns - 1) if rows > 1 and columns > 1 else rows * columns - 1
    return trace.record("CHISQ.DIST.RT", [trace.record("sum", [term]), _one(trace, freedom)])


def _test_of_a_mean(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = _flat(trace, duals[0])
    spread = trace.number(duals[2]) if len(duals) > 2 else trace.record("SQRT", [_variance(trace, slot, counts)])
    error = trace.record("/", [spread, trace.record("SQRT", [number_of(trace, counts)])])
    apart = trace.record("-", [trace.number(duals[1]), _mean(trace, slot, counts)])
    return trace.record("NORMSDIST", [trace.record("/", [apart, error])])


def _probability(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    """PROB: the places whose x lies between the limits; their probabilities are summed."""
    limits = [_settled(trace, node, dual)[..., None] for dual in duals[2:]]
    if duals[0].slot is not None:
        trace.tape.freeze(f"{node.function} in {trace.where()}")
    slot, counts = _flat(trace, duals[1])
    x = duals[0].values
    inside = counts & (x.kinds == Kind.NUMBER).reshape(*x.shape[:-2], 1, 1, -1)
    flat = x.data.reshape(*x.shape[:-2], 1, 1, -1)
    inside = inside & (flat >= limits[0]) & (flat <= limits[-1])
    return trace.record("sum", [trace.record("*", [slot, weights_of(trace, inside)])])


CORES: Mapping[str, Core] = {
    "SUM": _total,
    "GET": _total,
    **dict.fromkeys(("AVERAGE", "AVERAGEA"), _mean),
    **dict.fromkeys(("MAX", "MAXA"), _extreme("greatest", -np.inf)),
    **dict.fromkeys(("MIN", "MINA"), _extreme("least", np.inf)),
    "PRODUCT": _product,
    "SUMSQ": _sum_of_squares,
    "DEVSQ": _spread(None, False),
    "AVEDEV": _mean_deviation,
    "GEOMEAN": _geometric,
    "HARMEAN": _harmonic,
    **dict.fromkeys(("VAR", "VAR.S", "VARA"), _spread(1, False)),
    **dict.fromkeys(("VARP", "VAR.P", "VARPA"), _spread(0, False)),
    **dict.fromkeys(("STDEV", "STDEV.S", "STDEVA"), _spread(1, True)),
    **dict.fromkeys(("STDEVP", "STDEV.P", "STDEVPA"), _spread(0, True)),
    "SKEW": _moment(3, False),
    "SKEW.P": _moment(3, True),
    "KURT": _moment(4, False),
    "MEDIAN": _median,
    "AND": _logical("least"),
    "OR": _logical("greatest"),
    "XOR": _logical("sum"),
}


SAMPLE_BODIES: Mapping[str, Body] = {
    **{name: _of_all(core) for name, core in CORES.items() if name != "GET"},
    "SUM": _sum,
    "LARGE": _nth(True),
    "SMALL": _nth(False),
    **dict.fromkeys(("PERCENTILE", "PERCENTILE.INC"), _percentile(False, True)),
    "PERCENTILE.EXC": _percentile(False, False),
    **dict.fromkeys(("QUARTILE", "QUARTILE.INC"), _percentile(True, True)),
    "QUARTILE.EXC": _percentile(True, False),
    "TRIMMEAN": _trimmed,
    "SUMPRODUCT": _sum_of_products,
    "SUMXMY2": _pairs("-", "square"),
    "SUMX2MY2": _pairs("-"),
    "SUMX2PY2": _pairs("+"),
    **dict.fromkeys(("COVAR", "COVARIANCE.P"), _covariance(0)),
    "COVARIANCE.S": _covariance(1),
    **dict.fromkeys(("CORREL", "PEARSON"), _correlation(False)),
    "RSQ": _correlation(True),
    "SLOPE": _line(False),
    "INTERCEPT": _line(True),
    **dict.fromkeys(("FORECAST", "FORECAST.LINEAR"), _forecast),
    "STEYX": _standard_error,
    **dict.fromkeys(("F.TEST", "FTEST"), _test_of_variances),
    **dict.fromkeys(("T.TEST", "TTEST"), _test_of_means),
    **dict.fromkeys(("CHISQ.TEST", "CHITEST"), _test_of_counts),
    **dict.fromkeys(("Z.TEST", "ZTEST"), _test_of_a_mean),
    "PROB": _probability,
}
