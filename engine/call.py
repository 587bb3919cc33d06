"""Calling functions: arguments are coerced, broadcast and checked for errors here, so that bodies see plain arrays.

`apply` serves both evaluators. Arguments may have any number of leading axes (the loops of a lifted fill);
the result has them too. What each shape of function gets is told in `functions.declare`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Floats, Kind, Scalar, Values

from . import coercion
from .broadcasting import fit
from .coercion import Codes, merge_codes
from .context import Context
from .functions.declare import Failing, Function, Parameter

Mask: TypeAlias = NDArray[np.bool_]
Loops: TypeAlias = tuple[int, ...]

_ARRAYS = frozenset({"array", "range", "matrix"})
_SAMPLES = frozenset({"numbers", "numbers_a", "counted", "logicals", "stricts"})
_EMPTY = Values(np.zeros((1, 1)), np.zeros((1, 1), dtype=np.uint8))

# Where an argument is left empty between commas, most functions take the default; these, older, take 0, "" or FALSE.
_EMPTY_WHEN_MISSING = frozenset(
    {"DOLLAR", "FIXED", "HLOOKUP", "LEFT", "LEFTB", "LOG", "MATCH", "RIGHT", "RIGHTB", "VLOOKUP"}
)


class WrongArity(ValueError):
    """A function was given too few or too many arguments."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One evaluated argument of a call.

    ``values``: (..., r, c). ``reference``: it came from a reference, where SUM counts numbers only. ``missing``: it was
    left empty. ``rest``: more parts of the same argument, for unions and whole columns that are read block by block.
    """

    values: Values
    reference: bool = False
    missing: bool = False
    rest: tuple[Values, ...] = ()

    @property
    def parts(self) -> tuple[Values, ...]:
        return (self.values, *self.rest)


MISSING = Argument(_EMPTY, missing=True)
_NOT_AVAILABLE = Argument(Values(np.full((1, 1), float(Error.NA.code)), np.full((1, 1), np.uint8(Kind.ERROR))))

Bound: TypeAlias = list[tuple[Parameter, "Argument | None"]]


def apply(function: Function, arguments: Sequence[Argument], context: Context) -> Values:
    """Call a function: coerce, broadcast, pass errors on, and return its values with the arguments' leading axes.

    Raises `WrongArity` for a wrong number of arguments. NaN and infinity in a result become #NUM!, texts longer than
    32,767 characters #VALUE!.
    """
    bound = [
        (parameter, _present(function, parameter, argument))
        for parameter, argument in zip_longest(parameters(function, len(arguments)), arguments)
    ]
    with np.errstate(all="ignore"):
        return _SHAPES[function.shape](function, bound, context)


@lru_cache(maxsize=4096)
def parameters(function: Function, count: int) -> tuple[Parameter, ...]:
    """Return the parameter that each of ``count`` arguments goes to, then those left out; raise `WrongArity`.

    A repeated parameter takes the markers of the ``pairs`` parameters before it in turn where pairs > 1:
    ``COUNTIFS(range, criterion, *rest)`` with ``pairs=2`` alternates.
    """
    own = [parameter for parameter in function.parameters if parameter.marker != "context"]
    least, most = function.arity
    if count < least or (most is not None and count > most):
        raise WrongArity(f"{function.name} takes {_spell_arity(least, most)}, not {count}")
    fixed = [parameter for parameter in own if not parameter.repeats]
    repeated = next((parameter for parameter in own if parameter.repeats), None)
    if repeated is None or count <= len(fixed):
        return tuple(fixed)
    extra = count - len(fixed)
    if function.pairs == 1:
        return (*fixed, *(repeated for _ in range(extra)))
    group = fixed[-function.pairs :]
    markers = [group[i % function.pairs].marker for i in range(extra)]
    return (*fixed, *(Parameter(repeated.name, marker, repeated.default, True) for marker in markers))


def _spell_arity(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} arguments"
    return f"{least} arguments" if least == most else f"{least} to {most} arguments"


def _present(function: Function, parameter: Parameter, argument: Argument | None) -> Argument | None:
    """Return None where the default stands in for an argument."""
    if argument is not None and argument.missing and parameter.marker == "strict" and parameter.required:
        return _NOT_AVAILABLE
    if argument is None or not argument.missing or parameter.required or parameter.repeats:
        return argument
    if parameter.default is None or function.name not in _EMPTY_WHEN_MISSING:
        return None
    return argument


def _call_body(function: Function, prepared: Sequence[Any], context: Context) -> Any:
    """Call the body with prepared arguments, the context at its place among them."""
    if not function.wants_context:
        return function.body(*prepared)
    markers = [parameter.marker for parameter in function.parameters]
    place = markers.index("context")
    if place == len(markers) - 1:
        return function.body(*prepared, **{function.parameters[place].name: context})
    return function.body(*prepared[:place], context, *prepared[place:])


def _elementwise(function: Function, bound: Bound, context: Context) -> Values:
    given = [
        argument.values for parameter, argument in bound if argument is not None and parameter.marker not in _ARRAYS
    ]
    given = list(fit(given)) if len(given) > 1 else given
    fitted = iter(given)
    prepared: list[Any] = []
    codes: Codes = None
    for parameter, argument in bound:
        if argument is None:
            prepared.append(_default_array(parameter, context))
        elif parameter.marker in _ARRAYS:
            prepared.append(argument.values)
        else:
            ready, own = _coerce(next(fitted), parameter.marker, context)
            prepared.append(ready)
            codes = merge_codes(codes, own)
    shape = np.broadcast_shapes(*(values.shape for values in given)) if given else (1, 1)
    if len(given) > 1:
        prepared = [_spread(ready, shape) for ready in prepared]
    return _finish(_call_body(function, prepared, context), codes, shape, context)


def _coerce(values: Values, marker: str, context: Context) -> tuple[Any, Codes]:
    if marker == "number":
        return coercion.numbers(values, context.strings, context.date1904)
    if marker == "strict":
        read, codes = coercion.numbers(values, context.strings, context.date1904)
        logical = values.kinds == Kind.BOOL
        return read, merge_codes(codes, np.where(logical, np.uint8(Error.VALUE.code), np.uint8(0)) if logical.any() else None)
    if marker == "text":
        return coercion.texts(values, context.strings)
    if marker == "logical":
        return coercion.logicals(values, context.strings)
    return values, None


def _default_array(parameter: Parameter, context: Context) -> Any:
    default = parameter.default
    if default is None:
        return None
    if parameter.marker in _ARRAYS or parameter.marker == "any":
        return Values.of(default, context.strings)
    if parameter.marker == "text":
        return np.array(default, dtype=object)
    return np.array(default, dtype=bool if parameter.marker == "logical" else np.float64)


def _spread(ready: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(ready, Values):
        if ready.shape == shape:
            return ready
        kind = None if ready.kind is None else np.broadcast_to(ready.kind, shape)
        return Values(np.broadcast_to(ready.data, shape), kind)
    return np.broadcast_to(ready, shape) if ready is not None and ready.shape != shape else ready


def _reduction(function: Function, bound: Bound, context: Context) -> Values:
    """Numbers arrive as (..., 1, 1, n), scalars as (..., r, c): so the result has rows and columns again."""
    prepared: list[Any] = []
    codes: Codes = None
    repeated: list[tuple[Floats, Mask | None]] = []
    shapes: list[tuple[int, ...]] = [(1, 1)]
    for parameter, argument in bound:
        if argument is None:
            prepared.append(_default_array(parameter, context) if parameter.marker not in _SAMPLES else None)
            continue
        if parameter.marker in _SAMPLES:
            parts = []
            for part in argument.parts:
                x, valid, own = _sampled(part, argument, parameter.marker, context)
                parts.append((x, valid))
                codes = merge_codes(codes, own)
            repeated += parts
            if not parameter.repeats:
                prepared.append(_join(parts))
                repeated = []
            shapes.append(parts[0][0].shape[:-1])
        elif parameter.repeats:
            prepared += argument.parts
        else:
            ready, own = _coerce(argument.values, parameter.marker, context)
            prepared.append(ready)
            codes = merge_codes(codes, own)
            shapes.append(argument.values.shape)
    if repeated or any(p.repeats and p.marker in _SAMPLES for p in function.parameters):
        prepared += _join(repeated)
    return _finish(_call_body(function, prepared, context), codes, np.broadcast_shapes(*shapes), context)


def sample(values: Values, reference: bool, marker: str, context: Context) -> tuple[Floats, Mask | None, Codes]:
    """Return what of an array counts: numbers (..., 1, 1, n), which of them count (None: all), first errors (..., 1, 1).

    In references and arrays numbers count; for AVERAGEA's kind of functions also logicals, and texts as 0; for AND's kind
    also logicals. A single value given directly is converted, and text that cannot be is #VALUE!.
    """
    kind, data = values.kind, values.data
    shape = (*data.shape[:-2], 1, 1, data.shape[-2] * data.shape[-1])
    if kind is None:
        return data.reshape(shape), None, None
    if not reference and shape[-1] == 1:
        x, codes = _coerce(values, "logical" if marker == "logicals" else "number", context)
        return x.astype(np.float64).reshape(shape), None, codes
    codes = _first_errors(values)
    valid = kind == Kind.NUMBER
    if marker not in ("numbers", "counted"):
        valid = valid | (kind == Kind.BOOL)
    x = np.where(valid, data, 0.0)
    if marker == "numbers_a":
        valid = valid | (kind == Kind.TEXT)
    return x.reshape(shape), None if valid.all() else valid.reshape(shape), codes


def _sampled(values: Values, argument: Argument, marker: str, context: Context) -> tuple[Floats, Mask | None, Codes]:
    if marker == "stricts":
        return _strict_sample(values, argument, context)
    x, valid, codes = sample(values, argument.reference, marker, context)
    if marker == "counted" and codes is not None:
        # Of a reference, the errors are not among what counts already.
        return x, (codes == 0)[..., None] if valid is None else valid, None
    return x, valid, codes


def _strict_sample(values: Values, argument: Argument, context: Context) -> tuple[Floats, Mask | None, Codes]:
    """Like `sample` for the functions of the old Analysis ToolPak: everything is converted, in references too; an empty
    cell does not count when it is the whole argument, and is 0 in a range; an argument left empty is #N/A."""
    shape = (*values.shape[:-2], 1, 1, values.shape[-2] * values.shape[-1])
    x, codes = _coerce(values, "strict", context)
    if argument.missing:
        codes = np.full(values.shape, np.uint8(Error.NA.code))
    empty = values.kinds == Kind.EMPTY
    valid = ~empty.reshape(shape) if shape[-1] == 1 and empty.any() else None
    return x.reshape(shape), valid, None if codes is None else _first_codes(codes)


def _first_codes(codes: NDArray[np.uint8]) -> Codes:
    """Return the first error code over the last two axes: (..., 1, 1)."""
    flat = codes.reshape(*codes.shape[:-2], -1)
    return np.take_along_axis(flat, (flat != 0).argmax(axis=-1)[..., None], axis=-1)[..., None]


def _first_errors(values: Values) -> Codes:
    """Return the code of the first error over the last two axes, row by row: (..., 1, 1)."""
    failed = values.kinds == Kind.ERROR
    if not failed.any():
        return None
    flat = failed.reshape(*failed.shape[:-2], -1)
    data = np.broadcast_to(values.data, failed.shape).reshape(flat.shape)
    first = np.take_along_axis(np.where(flat, data, 0.0), flat.argmax(axis=-1)[..., None], axis=-1)
    return first.astype(np.uint8)[..., None]


def _join(parts: list[tuple[Floats, Mask | None]]) -> tuple[Floats, Mask | None]:
    """Join samples along the last axis; leading axes broadcast."""
    if not parts:
        return np.zeros((1, 1, 0)), None
    if len(parts) == 1:
        return parts[0]
    lead = np.broadcast_shapes(*(x.shape[:-1] for x, _ in parts))
    x = np.concatenate([np.broadcast_to(x, (*lead, x.shape[-1])) for x, _ in parts], axis=-1)
    if all(valid is None for _, valid in parts):
        return x, None
    masks = [np.True_ if valid is None else valid for _, valid in parts]
    spread = [np.broadcast_to(mask, (*lead, x.shape[-1])) for mask, (x, _) in zip(masks, parts, strict=True)]
    return x, np.concatenate(spread, axis=-1)


def _lookup(function: Function, bound: Bound, context: Context) -> Values:
    arrays = [(i, argument) for i, (p, argument) in enumerate(bound) if argument is not None and p.marker in _ARRAYS]
    loops = np.broadcast_shapes(*(_varying(argument) for _, argument in arrays)) if arrays else ()
    if not any(size > 1 for size in loops):
        return _flat_lookup(function, bound, context)
    return _over_loops(_loops_of(bound), lambda at: _flat_lookup(function, _at(bound, at), context))


def _flat_lookup(function: Function, bound: Bound, context: Context) -> Values:
    """Call a lookup function once: arrays do not vary along the loops, scalars are flattened to (m,)."""
    given = [argument.values for p, argument in bound if argument is not None and p.marker not in _ARRAYS]
    given = list(fit(given)) if len(given) > 1 else given
    fitted = iter(given)
    shape = np.broadcast_shapes(*(values.shape for values in given)) if given else (1, 1)
    prepared: list[Any] = []
    codes: Codes = None
    for parameter, argument in bound:
        if argument is None:
            ready = _default_array(parameter, context)
            if parameter.marker not in _ARRAYS and ready is not None:
                ready = _flatten(ready, shape)
        elif parameter.marker in _ARRAYS:
            ready, own = _whole_array(_first_of_loops(argument.values), parameter.marker)
            codes = merge_codes(codes, own)
        else:
            ready, own = _coerce(next(fitted), parameter.marker, context)
            ready = _flatten(ready, shape)
            codes = merge_codes(codes, own)
        prepared.append(ready)
    result = _call_body(function, prepared, context)
    return _finish(_unflatten(result, shape), codes, shape, context)


def _flatten(ready: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(ready, Values):
        spread = _spread(ready, shape)
        return Values(spread.data.reshape(-1), None if spread.kind is None else spread.kind.reshape(-1))
    return np.broadcast_to(ready, shape).reshape(-1)


def _unflatten(result: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(result, Failing):
        return Failing(_unflatten(result.result, shape), _unflatten(result.codes, shape))
    if isinstance(result, Values):
        if result.data.ndim == 3:
            return _blocks(result, shape)
        if result.data.size == 1:
            return Values(result.data.reshape(1, 1), None if result.kind is None else result.kind.reshape(1, 1))
        return Values(result.data.reshape(shape), None if result.kind is None else result.kind.reshape(shape))
    if isinstance(result, np.ndarray):
        return result.reshape(shape) if result.size > 1 else result.reshape(1, 1)
    return result


def _blocks(result: Values, shape: tuple[int, ...]) -> Values:
    """Lay out a block (m, r, c) for each lookup value: whole for a single value, its first cell in an array of values."""
    if shape[-2:] != (1, 1):
        return _unflatten(Values(result.data[:, 0, 0], result.kinds[:, 0, 0]), shape)  # type: ignore[no-any-return]
    full = (*shape[:-2], *result.shape[1:])
    return Values(result.data.reshape(full), None if result.kind is None else result.kind.reshape(full))


def _array(function: Function, bound: Bound, context: Context) -> Values:
    loops = _loops_of(bound)
    scalars = [argument.values for p, argument in bound if argument is not None and p.marker not in _ARRAYS]
    if function.batched and all(values.data.size == 1 for values in scalars):
        return _whole_call(function, bound, context)
    if loops:
        return _over_loops(loops, lambda at: _array(function, _at(bound, at), context))
    if all(values.data.size == 1 for values in scalars):
        return _whole_call(function, bound, context)
    return _lifted(function, bound, context)


def _whole_call(function: Function, bound: Bound, context: Context) -> Values:
    prepared: list[Any] = []
    codes: Codes = None
    for parameter, argument in bound:
        own: Codes = None
        if argument is None:
            prepared.append(parameter.default)
        elif parameter.marker in _ARRAYS:
            for part in argument.parts if parameter.repeats else (argument.values,):
                ready, own = _whole_array(part, parameter.marker)
                prepared.append(ready)
                codes = merge_codes(codes, own)
        else:
            ready, own = _coerce(argument.values, parameter.marker, context)
            prepared.append(_python_scalars(ready, context)[0])
            codes = merge_codes(codes, own)
    if codes is not None and codes.size == 1:
        return _finish(_error(int(codes.ravel()[0])), None, (1, 1), context)
    return _finish(_call_body(function, prepared, context), codes, (1, 1), context)


def _whole_array(values: Values, marker: str) -> tuple[Any, Codes]:
    if marker != "matrix":
        return values, None
    kind = values.kind
    if kind is None or (kind == Kind.NUMBER).all():
        return values.data, None
    codes = _first_errors(values)
    strange = ((kind != Kind.NUMBER) & (kind != Kind.ERROR)).any(axis=(-2, -1), keepdims=True)
    own = np.where(strange, np.uint8(Error.VALUE.code), np.uint8(0))
    return np.where(kind == Kind.NUMBER, values.data, 0.0), merge_codes(codes, own)


def _lifted(function: Function, bound: Bound, context: Context) -> Values:
    """Call an array function with arrays where it takes scalars: once an element, of each result the first element."""
    places = [i for i, (p, argument) in enumerate(bound) if argument is not None and p.marker not in _ARRAYS]
    fitted = dict(zip(places, fit([_values_of(bound[i]) for i in places]), strict=True))
    shape = np.broadcast_shapes(*(values.shape for values in fitted.values()))
    spread = {i: _spread(values, shape) for i, values in fitted.items()}
    data, kind = np.zeros(shape), np.zeros(shape, dtype=np.uint8)
    for at in np.ndindex(*shape):
        one = [
            (p, Argument(_element(spread[i], at)) if i in spread else argument) for i, (p, argument) in enumerate(bound)
        ]
        result = _whole_call(function, one, context)
        data[at], kind[at] = result.data[0, 0], result.kinds[0, 0]
    return Values(data, kind)


def _values_of(pair: tuple[Parameter, Argument | None]) -> Values:
    assert pair[1] is not None
    return pair[1].values


def _element(values: Values, at: tuple[int, ...]) -> Values:
    data = np.array([[values.data[at]]])
    return Values(data) if values.kind is None else Values(data, np.array([[values.kind[at]]]))


def _scalar(function: Function, bound: Bound, context: Context) -> Values:
    given = [argument.values for _, argument in bound if argument is not None]
    given = list(fit(given)) if len(given) > 1 else given
    fitted = iter(given)
    shape = np.broadcast_shapes(*(values.shape for values in given)) if given else (1, 1)
    size = int(np.prod(shape))
    codes: Codes = None
    columns: list[list[Any]] = []
    for parameter, argument in bound:
        if argument is None:
            columns.append([parameter.default] * size)
            continue
        ready, own = _coerce(_spread(next(fitted), shape), parameter.marker, context)
        columns.append(_python_scalars(ready, context))
        codes = merge_codes(codes, own)
    failed = [0] * size if codes is None else np.broadcast_to(codes, shape).ravel().tolist()
    rows: list[tuple[Any, ...]] = list(zip(*columns, strict=True)) if columns else [()]
    known: dict[tuple[Any, ...], Scalar] = {}
    results: list[Scalar] = []
    for row, code in zip(rows, failed, strict=True):
        key = (*row, *map(type, row))  # 1 and TRUE are equal in Python
        if code:
            results.append(_error(code))
        elif not function.volatile and key in known:
            results.append(known[key])
        else:
            known[key] = _plain(_call_body(function, row, context), context)
            results.append(known[key])
    built = Values.from_rows([results], context.strings)
    kind = None if built.kind is None else built.kind.reshape(shape)
    return _finish(Values(built.data.reshape(shape), kind), None, shape, context)


def _python_scalars(ready: Any, context: Context) -> list[Any]:
    if isinstance(ready, Values):
        return [ready.scalar(context.strings, at) for at in np.ndindex(*ready.shape)]
    found: list[Any] = ready.ravel().tolist()
    return found


def _plain(result: Any, context: Context) -> Scalar:
    if isinstance(result, Values):
        return result.scalar(context.strings)
    if isinstance(result, np.generic | np.ndarray):
        return result.item()  # type: ignore[no-any-return]
    if isinstance(result, str) and len(result) > coercion.LONGEST_TEXT:
        return Error.VALUE
    return result  # type: ignore[no-any-return]


def _loops_of(bound: Bound) -> Loops:
    found = np.broadcast_shapes(*(argument.values.shape[:-2] for _, argument in bound if argument is not None), ())
    return found if any(size > 1 for size in found) else ()


def _varying(argument: Argument) -> Loops:
    """Return the loop axes of an array, with 1 for each along which it is repeated by stride 0."""
    values = argument.values
    strides, kind = values.data.strides, values.kind
    same = [stride == 0 and (kind is None or kind.strides[i] == 0) for i, stride in enumerate(strides[:-2])]
    return tuple(1 if alike else size for alike, size in zip(same, values.shape[:-2], strict=True))


def _first_of_loops(values: Values) -> Values:
    at = (0,) * (values.data.ndim - 2)
    return Values(values.data[at], None if values.kind is None else values.kind[at])


def _at(bound: Bound, at: tuple[int, ...]) -> Bound:
    """Return the arguments at one place of the loops, (r, c) each."""
    return [(p, None if argument is None else _argument_at(argument, at)) for p, argument in bound]


def _argument_at(argument: Argument, at: tuple[int, ...]) -> Argument:
    first, *rest = (_values_at(part, at) for part in argument.parts)
    return Argument(first, argument.reference, argument.missing, tuple(rest))


def _values_at(values: Values, at: tuple[int, ...]) -> Values:
    lead = values.shape[:-2]
    own = tuple(0 if size == 1 else i for i, size in zip(at[len(at) - len(lead) :], lead, strict=True))
    return Values(values.data[own], None if values.kind is None else values.kind[own])


def _over_loops(loops: Loops, compute: Callable[[tuple[int, ...]], Values]) -> Values:
    """Compute place by place and stack; results of different sizes are padded with #N/A to the largest."""
    results = [compute(at) for at in np.ndindex(*loops)]
    height = max(result.shape[-2] for result in results)
    width = max(result.shape[-1] for result in results)
    data = np.full((len(results), height, width), float(Error.NA.code))
    kind = np.full(data.shape, np.uint8(Kind.ERROR))
    for i, result in enumerate(results):
        rows, columns = result.shape[-2:]
        data[i, :rows, :columns], kind[i, :rows, :columns] = result.data, result.kinds
    shape = (*loops, height, width)
    numeric = (kind == Kind.NUMBER).all()
    return Values(data.reshape(shape), None if numeric else kind.reshape(shape))


def _finish(result: Any, codes: Codes, shape: tuple[int, ...], context: Context) -> Values:
    """Turn what a body returned into `Values` of at least the given shape; arguments' errors come before the body's."""
    if isinstance(result, Values):
        found = _overlay(result, codes)
    elif isinstance(result, Error):
        found = _overlay(Values.of(result, context.strings), codes)
    elif isinstance(result, Failing):
        found = coercion.wrap(
            _at_least_2d(result.result), merge_codes(codes, np.atleast_2d(result.codes)), context.strings
        )
    else:
        found = coercion.wrap(_at_least_2d(result), codes, context.strings)
    full = np.broadcast_shapes(found.shape, shape) if _broadcasts(found.shape, shape) else found.shape
    return found if full == found.shape else _spread(found, full)


def _at_least_2d(result: Any) -> NDArray[Any]:
    array = np.asarray(result, dtype=object) if isinstance(result, str) else np.asarray(result)
    return array if array.ndim >= 2 else np.atleast_2d(array)


def _broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a == b or a == 1 or b == 1 for a, b in zip(reversed(one), reversed(other), strict=False))


def _overlay(values: Values, codes: Codes) -> Values:
    finite = np.isfinite(values.data)
    if not finite.all():
        codes = merge_codes(codes, np.where(finite, np.uint8(0), np.uint8(Error.NUM.code)))
    if codes is None or not codes.any():
        return values
    failed = codes != 0
    data = np.where(failed, codes.astype(np.float64), values.data)
    return Values(data, np.where(failed, np.uint8(Kind.ERROR), values.kinds))


def _error(code: int) -> Error:
    from sheetgrad.sheets.values import ERRORS_BY_CODE

    return ERRORS_BY_CODE[code]


_SHAPES: dict[str, Callable[[Function, Bound, Context], Values]] = {
    "elementwise": _elementwise,
    "reduction": _reduction,
    "lookup": _lookup,
    "array": _array,
    "scalar": _scalar,
}
