"""Function calls on a tape: for each of Excel's functions with a numeric body, the operations that compute it.

A function without a body here is one of three kinds. What follows from kinds alone (ISTEXT, COUNT) is constant. What
moves in steps (MATCH, COUNTIF) is computed on the host, and has the derivative 0. Other procedures (PRICE, VDB) are
computed on the host, too; their derivatives are five-point differences. The torch backend names these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sheetgrad.sheets.values import Kind, Values

from .arguments import Argument as CallArgument
from .arguments import bind
from .array_bodies import ARRAY_BODIES
from .coercion import logicals
from .functions import find
from .host_calls import HostCall
from .ir import Apply
from .money_bodies import MONEY_BODIES
from .sample_bodies import SAMPLE_BODIES
from .tracing import Dual, Untraceable

if TYPE_CHECKING:
    from .functions.declare import Parameter
    from .tracing import _Trace

Body: TypeAlias = "Callable[[_Trace, Apply, Sequence[Dual], Values], int]"

# What follows from kinds alone.
BY_KINDS = """
COUNT COUNTA COUNTBLANK ISNUMBER ISTEXT ISBLANK ISERROR ISERR ISNA ISLOGICAL ISNONTEXT TYPE ERROR.TYPE ROWS COLUMNS
NA INFO MUNIT ADDRESS
"""
# What changes in steps.
STEPWISE = """
MATCH XMATCH COUNTIF COUNTIFS RANK RANK.EQ RANK.AVG PERCENTRANK PERCENTRANK.INC PERCENTRANK.EXC FREQUENCY MODE
MODE.SNGL MODE.MULT GCD LCM FACT FACTDOUBLE COMBIN COMBINA PERMUT PERMUTATIONA MULTINOMIAL BINOM.INV CRITBINOM
HYPGEOM.DIST HYPGEOMDIST YEAR MONTH DAY WEEKDAY WEEKNUM ISOWEEKNUM HOUR MINUTE SECOND EOMONTH EDATE DATE DATEDIF
DATEVALUE DAYS DAYS360 YEARFRAC NETWORKDAYS NETWORKDAYS.INTL WORKDAY WORKDAY.INTL COUPDAYBS COUPDAYS COUPDAYSNC
COUPNCD COUPNUM COUPPCD LEN LENB CODE UNICODE FIND FINDB SEARCH SEARCHB EXACT TIME TIMEVALUE
RANDBETWEEN RAND RANDARRAY SEQUENCE ARABIC BIN2DEC DECIMAL HEX2DEC OCT2DEC DCOUNT DCOUNTA
REGEXTEST
"""
# What makes numbers of texts.
READING = """
VALUE NUMBERVALUE DATEVALUE TIMEVALUE BIN2DEC OCT2DEC HEX2DEC DECIMAL ARABIC CODE UNICODE IMABS IMAGINARY IMARGUMENT
IMREAL
"""
FIXED, STEPS, READERS = (frozenset(names.split()) for names in (BY_KINDS, STEPWISE, READING))


def trace_call(trace: _Trace, node: Apply) -> Dual:
    """Trace a call; raise `Untraceable` where a number that depends on the parameters goes into a body without one."""
    values = trace.evaluation.value(node)
    duals = [trace.dual(argument.node) for argument in node.arguments]
    if values.kind is not None and (values.kind == Kind.TEXT).any() and node.function not in BODIES:
        return Dual(values, spelled=trace.spells(duals))
    texts = [dual for dual, argument in zip(duals, node.arguments, strict=True) if not argument.from_reference]
    if node.function not in FIXED | STEPS:
        trace.refuse_spelled(texts, node.function)  # texts in cells are no numbers to SUM and its kin
    if node.function in READERS:
        trace.refuse_spelled(duals, node.function)
    if all(dual.slot is None for dual in duals) or node.function in FIXED or not _numeric(values):
        return Dual(values)
    body = BODIES.get(node.function, _elementwise if node.function in trace.tape.library.table else None)
    if body is not None:
        try:
            return Dual(values, body(trace, node, duals, values))
        except (ValueError, IndexError, RuntimeError) as error:  # sizes that do not fit: an error value, or partly one
            raise Untraceable(f"{node.function} of arrays of such sizes ({error})") from None
        except Untraceable:
            if trace.tracer.everything:
                raise
    return Dual(values, _on_host(trace, node, duals))


def _numeric(values: Values) -> bool:
    kind = values.kind
    return kind is None or bool(((kind == Kind.NUMBER) | (kind == Kind.BOOL)).any())


def _on_host(trace: _Trace, node: Apply, duals: Sequence[Dual]) -> int | None:
    call = HostCall.of(trace, node, duals)
    live = [dual.slot for dual in duals if dual.slot is not None]
    if node.function in STEPS:
        return trace.record("callback", live, call)
    if trace.tracer.everything:
        trace.tracer.lacking.setdefault(node.function, []).append(trace.region)
        return None
    return trace.record("procedure", live, call)


def _elementwise(trace: _Trace, node: Apply, duals: Sequence[Dual], values: Values) -> int:
    """Record the library's operation that has the function's name, with all parameters.

    Where the result is an error the arguments are those of a place where it is none, so that no NaN gets into
    gradients.
    """
    function = find(node.function)
    assert function is not None
    bound = bind(
        function,
        [
            CallArgument(dual.values, argument.from_reference, argument.missing)
            for dual, argument in zip(duals, node.arguments, strict=True)
        ],
    )
    slots = []
    for at, (parameter, argument) in enumerate(bound):
        slot = _parameter(trace, parameter, None if argument is None else duals[at])
        if slot is not None:
            slots.append(slot)
    trace._fits(slots, node.function)
    good = (values.kinds == Kind.NUMBER) | (values.kinds == Kind.BOOL)
    if not good.all():
        index = np.arange(good.size).reshape(good.shape)
        index = np.where(good, index, index[good][0])
        slots = [trace.tracer.gathered(trace.shaped(slot, good.shape), index) for slot in slots]
    return trace.record(node.function, slots)


def _parameter(trace: _Trace, parameter: Parameter, dual: Dual | None) -> int | None:
    """Return the numbers of an argument, or of a parameter's default; None where there is none."""
    if dual is None:
        return None if parameter.default is None else trace.constant(np.full((1, 1), float(parameter.default)))
    if parameter.marker == "logical" and dual.slot is None:
        return trace.constant(logicals(dual.values, trace.tracer.context.strings)[0].astype(np.float64))
    return trace.number(dual)


BODIES: Mapping[str, Body] = {**SAMPLE_BODIES, **ARRAY_BODIES, **MONEY_BODIES}
