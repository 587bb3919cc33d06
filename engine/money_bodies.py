"""Cash flows and rates on a tape. A rate found by iteration is the host's, its derivatives follow from its equation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Kind, Values

from .host_calls import HostCall
from .ir import Apply
from .sample_bodies import joined
from .tracing import Dual, Untraceable

if TYPE_CHECKING:
    from .tracing import _Trace

Body: TypeAlias = "Callable[[_Trace, Apply, Sequence[Dual], Values], int]"


def _discounted(trace: _Trace, flows: int, rate: int, periods: int) -> int:
    """Sum flows (..., 1, 1, n) over (1 + rate)^periods; rates are (..., r, c)."""
    one = trace.constant(np.ones((1, 1, 1)))
    growth = trace.record("^", [trace.record("+", [one, _stretched(trace, rate)]), periods])
    return trace.record("sum", [trace.record("/", [flows, growth])])


def _stretched(trace: _Trace, slot: int) -> int:
    return trace.record("reshape", [slot], (*trace.tape.shape(slot), 1))


def _present_value(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    slot, counts = joined(trace, node, duals)
    periods = trace.constant(np.maximum(np.cumsum(counts, axis=-1), 1).astype(np.float64))
    return _discounted(trace, slot, trace.number(duals[0]), periods)


def _line(trace: _Trace, dual: Dual) -> int:
    """Return all elements of an array as (..., 1, 1, n)."""
    shape = dual.values.shape
    return trace.record(
        "reshape", [trace.shaped(trace.number(dual), shape)], (*shape[:-2], 1, 1, shape[-2] * shape[-1])
    )


def _years(trace: _Trace, node: Apply, dual: Dual) -> int:
    """Return the years of 365 days from the first date."""
    if dual.slot is not None:
        trace.tape.freeze(f"{node.function} in {trace.where()}")
    days = np.floor(np.where(dual.values.kinds == Kind.NUMBER, dual.values.data, 0.0))
    days = days.reshape(*days.shape[:-2], 1, 1, -1)
    return trace.constant((days - days[..., :1]) / 365.0)


def _dated_value(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    return _discounted(trace, _line(trace, duals[1]), trace.number(duals[0]), _years(trace, node, duals[2]))


def _flows(trace: _Trace, node: Apply, dual: Dual) -> tuple[int, NDArray[np.float64]]:
    """Return the cash flows, 0 where there is no number, and how many come before each."""
    kinds = dual.values.kinds.reshape(*dual.values.shape[:-2], 1, 1, -1) == Kind.NUMBER
    line = trace.masked(_line(trace, dual), kinds)
    return line, np.maximum(np.cumsum(kinds, axis=-1) - 1.0, 0.0)


def _rate_of_return(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    line, places = _flows(trace, node, duals[0])
    return _implied(trace, node, duals, line, trace.constant(places))


def _dated_rate(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    return _implied(trace, node, duals, _line(trace, duals[0]), _years(trace, node, duals[1]))


def _implied(trace: _Trace, node: Apply, duals: Sequence[Dual], line: int, periods: int) -> int:
    """The host's root of the discounted sum, corrected to first order."""
    live = [dual.slot for dual in duals if dual.slot is not None]
    start = trace.record("callback", live, HostCall.of(trace, node, duals))
    worth = _discounted(trace, line, start, periods)
    one = trace.constant(np.ones((1, 1, 1)))
    weighted = trace.record(
        "*", [line, trace.record("/", [periods, trace.record("+", [one, _stretched(trace, start)])])]
    )
    slope = trace.record("negate", [_discounted(trace, weighted, start, periods)])
    return trace.record("root", [start, worth, slope])


def _modified_rate(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    line, places = _flows(trace, node, duals[0])
    last = places.max(axis=-1, keepdims=True)
    if (last != last.ravel()[0]).any():
        raise Untraceable("MIRR of flows of which other ones count from place to place")
    numbers = duals[0].values.data.reshape(places.shape)
    trace.tape.freeze(f"MIRR in {trace.where()}")
    won = trace.constant((numbers > 0).astype(np.float64))
    lost = trace.constant((numbers < 0).astype(np.float64))
    paid = _discounted(trace, trace.record("*", [line, lost]), trace.number(duals[1]), trace.constant(places))
    gained = trace.record("*", [line, won])
    earned = _discounted(trace, gained, trace.number(duals[2]), trace.constant(places - last))
    ratio = trace.record("negate", [trace.record("/", [earned, paid])])
    one = trace.constant(np.ones((1, 1)))
    power = trace.constant(1 / np.maximum(last[..., 0], 1))
    return trace.record("-", [trace.record("^", [ratio, power]), one])


def _grown(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    """FVSCHEDULE: a principal grown by a series of rates."""
    one = trace.constant(np.ones((1, 1, 1)))
    grown = trace.record("product", [trace.record("+", [one, _line(trace, duals[1])])])
    return trace.record("*", [trace.number(duals[0]), grown])


def _power_series(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    """SERIESSUM: coefficients times x^n, x^(n+m), x^(n+2m) …"""
    x, n, m = (_stretched(trace, trace.number(dual)) for dual in duals[:3])
    line = _line(trace, duals[3])
    steps = trace.constant(np.arange(float(trace.tape.shape(line)[-1])).reshape(1, 1, -1))
    powers = trace.record("^", [x, trace.record("+", [n, trace.record("*", [m, steps])])])
    return trace.record("sum", [trace.record("*", [line, powers])])


MONEY_BODIES: Mapping[str, Body] = {
    "NPV": _present_value,
    "XNPV": _dated_value,
    "IRR": _rate_of_return,
    "XIRR": _dated_rate,
    "MIRR": _modified_rate,
    "FVSCHEDULE": _grown,
    "SERIESSUM": _power_series,
}
