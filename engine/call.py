"""Calling functions: arguments are coerced, broadcast and checked for errors here, so that bodies see plain arrays.

`apply` serves both evaluators. Arguments may have any number of leading axes (the loops of a lifted fill);
the result has them too. What each shape of function gets is told in `functions.declare`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import ERRORS_BY_CODE, Error, Kind, Scalar, Values

from .arguments import MISSING, Argument, Bound, WrongArity, bind, parameters
from .broadcasting import fit
from .coercion import FILL_BUDGET, LONGEST_TEXT, TEXT_BUDGET, Codes, convert, merge_codes, wrap
from .context import Context
from .functions.declare import Failing, Function, Parameter
from .grid import TooManyCells
from .looping import Decline, at_place, first_of_loops, loops_of, over_loops, over_some_loops, varying
from .sampling import SAMPLED, Sample, first_errors, join, sampled

__all__ = ["MISSING", "Argument", "WrongArity", "apply", "parameters"]

_ARRAYS = frozenset({"array", "range", "matrix"})


def apply(function: Function, arguments: Sequence[Argument], context: Context) -> Values:
    """Call a function: coerce, broadcast, pass errors on, and return its values with the arguments' leading axes.

    Raises `WrongArity` for a wrong number of arguments. NaN and infinity in a result become #NUM!, texts longer than
    32,767 characters #VALUE!.
    """
    bound = bind(function, arguments)
    with np.errstate(all="ignore"):
        return _SHAPES[function.shape](function, bound, context)


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
            ready, own = convert(next(fitted), parameter.marker, context)
            prepared.append(ready)
            codes = merge_codes(codes, own)
    shape = np.broadcast_shapes(*(values.shape for values in given)) if given else (1, 1)
    if len(given) > 1:
        prepared = [_spread(ready, shape) for ready in prepared]
    return _finish(_call_body(function, prepared, context), codes, shape, context)


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
    repeated: list[Sample] = []
    shapes: list[tuple[int, ...]] = [(1, 1)]
    for parameter, argument in bound:
        if argument is None:
            prepared.append(_default_array(parameter, context) if parameter.marker not in SAMPLED else None)
            continue
        if parameter.marker in SAMPLED:
            parts = []
            for part in argument.parts:
                x, valid, own = sampled(part, argument, parameter.marker, context)
                parts.append((x, valid))
                codes = merge_codes(codes, own)
            repeated += parts
            if not parameter.repeats:
                prepared.append(join(parts))
                repeated = []
            shapes.append(parts[0][0].shape[:-1])
        elif parameter.repeats:
            prepared += argument.parts
        else:
            ready, own = convert(argument.values, parameter.marker, context)
            prepared.append(ready)
            codes = merge_codes(codes, own)
            shapes.append(argument.values.shape)
    if repeated or any(p.repeats and p.marker in SAMPLED for p in function.parameters):
        prepared += join(repeated)
    return _finish(_call_body(function, prepared, context), codes, np.broadcast_shapes(*shapes), context)


def _lookup(function: Function, bound: Bound, context: Context) -> Values:
    arrays = [(i, argument) for i, (p, argument) in enumerate(bound) if argument is not None and p.marker in _ARRAYS]
    loops = np.broadcast_shapes(*(varying(argument) for _, argument in arrays)) if arrays else ()
    if not any(size > 1 for size in loops):
        return _flat_lookup(function, bound, context)
    every = loops_of(bound)
    changing = (1,) * (len(every) - len(loops)) + loops
    return over_some_loops(every, changing, bound, lambda part: _flat_lookup(function, part, context))


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
            ready, own = _whole_array(first_of_loops(argument.values), parameter.marker)
            codes = merge_codes(codes, own)
        else:
            ready, own = convert(next(fitted), parameter.marker, context)
            ready = _flatten(ready, shape)
            codes = merge_codes(codes, own)
        prepared.append(ready)
    result = _call_body(function, prepared, context)
    return _finish(_unflatten(result, shape), codes, shape, context)


def finished(result: Any, shape: tuple[int, ...], context: Context) -> Values:
    """Turn what a lookup's body returned for flat arguments (m,) into `Values` of a shape."""
    return _finish(_unflatten(result, shape), None, shape, context)


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
    """Lay out the block (m, r, c) of each lookup value: all of it for a single value, in an array its first cell."""
    if shape[-2:] != (1, 1):
        return _unflatten(Values(result.data[:, 0, 0], result.kinds[:, 0, 0]), shape)  # type: ignore[no-any-return]
    full = (*shape[:-2], *result.shape[1:])
    return Values(result.data.reshape(full), None if result.kind is None else result.kind.reshape(full))


def _array(function: Function, bound: Bound, context: Context) -> Values:
    loops = loops_of(bound)
    scalars = [argument.values for p, argument in bound if argument is not None and p.marker not in _ARRAYS]
    if function.batched and all(values.data.size == 1 for values in scalars):
        return _whole_call(function, bound, context)
    if loops:
        return over_loops(loops, lambda at: _array(function, at_place(bound, at), context))
    axes = max((argument.values.data.ndim - 2 for _, argument in bound if argument is not None), default=0)
    if axes > 0:  # the same all along the loops
        return _array(function, at_place(bound, (0,) * axes), context)
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
            ready, own = convert(argument.values, parameter.marker, context)
            prepared.append(_python_scalars(ready, context)[0])
            codes = merge_codes(codes, own)
    if codes is not None and codes.size == 1:
        return _finish(_error(int(codes.ravel()[0])), None, (1, 1), context)
    try:
        found = _finish(_call_body(function, prepared, context), codes, (1, 1), context)
    except ArithmeticError:
        return _finish(Error.NUM, codes, (1, 1), context)
    if codes is not None and codes.any() and found.shape[-2:] != (1, 1):
        raise Decline("an error in the place of an array in a part of the fill")
    return found


def _whole_array(values: Values, marker: str) -> tuple[Any, Codes]:
    if marker != "matrix":
        return values, None
    kind = values.kind
    if kind is None or (kind == Kind.NUMBER).all():
        return values.data, None
    codes = first_errors(values)
    strange = ((kind != Kind.NUMBER) & (kind != Kind.ERROR)).any(axis=(-2, -1), keepdims=True)
    own = np.where(strange, np.uint8(Error.VALUE.code), np.uint8(0))
    return np.where(kind == Kind.NUMBER, values.data, 0.0), merge_codes(codes, own)


def _lifted(function: Function, bound: Bound, context: Context) -> Values:
    """Call an array function with arrays where it takes scalars: once an element, of each result the first element."""
    places = [i for i, (p, argument) in enumerate(bound) if argument is not None and p.marker not in _ARRAYS]
    fitted = dict(zip(places, fit([_values_of(bound[i]) for i in places]), strict=True))
    shape = np.broadcast_shapes(*(values.shape for values in fitted.values()))
    spread = {i: _spread(values, shape) for i, values in fitted.items()}
    context.work.spend_on_each(shape)
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
    context.work.spend_on_each(shape)
    codes: Codes = None
    columns: list[list[Any]] = []
    for parameter, argument in bound:
        if argument is None:
            columns.append([parameter.default] * size)
            continue
        ready, own = convert(_spread(next(fitted), shape), parameter.marker, context)
        columns.append(_python_scalars(ready, context))
        codes = merge_codes(codes, own)
    failed = [0] * size if codes is None else np.broadcast_to(codes, shape).ravel().tolist()
    rows: list[tuple[Any, ...]] = list(zip(*columns, strict=True)) if columns else [()]
    known: dict[tuple[Any, ...], Scalar] = {}
    results: list[Scalar] = []
    characters, affordable = 0, min(TEXT_BUDGET * max(math.prod(shape[:-2]), 1), FILL_BUDGET)
    for row, code in zip(rows, failed, strict=True):
        key = (*row, *map(type, row))  # 1 and TRUE are equal in Python
        if code:
            results.append(_error(code))
        elif not function.volatile and key in known:
            results.append(known[key])
        else:
            try:
                result = _plain(_call_body(function, row, context), context)
            except ArithmeticError:
                result = Error.NUM
            known[key] = result
            results.append(result)
            characters += len(result) if isinstance(result, str) else 0
            if characters > affordable:
                raise TooManyCells
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
    if isinstance(result, str) and len(result) > LONGEST_TEXT:
        return Error.VALUE
    return result  # type: ignore[no-any-return]


def _finish(result: Any, codes: Codes, shape: tuple[int, ...], context: Context) -> Values:
    """Turn what a body returned into `Values` of at least the given shape; arguments' errors come before the body's."""
    if isinstance(result, Values):
        found = _overlay(result, codes)
    elif isinstance(result, Error):
        found = _overlay(Values.of(result, context.strings), codes)
    elif isinstance(result, Failing):
        found = wrap(_at_least_2d(result.result), merge_codes(codes, np.atleast_2d(result.codes)), context.strings)
    else:
        found = wrap(_at_least_2d(result), codes, context.strings)
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
    return ERRORS_BY_CODE[code]


_SHAPES: dict[str, Callable[[Function, Bound, Context], Values]] = {
    "elementwise": _elementwise,
    "reduction": _reduction,
    "lookup": _lookup,
    "array": _array,
    "scalar": _scalar,
}
