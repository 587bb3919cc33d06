"""Arguments of a call: evaluated values with where they came from, and the parameters they go to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TypeAlias

import numpy as np

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Kind, Values

from .functions.declare import Function, Parameter

# Where an argument is left empty between commas, most functions take the default; these, older, take 0, "" or FALSE.
_EMPTY_WHEN_MISSING = frozenset(
    {"DOLLAR", "FIXED", "HLOOKUP", "LEFT", "LEFTB", "LOG", "MATCH", "RIGHT", "RIGHTB", "VLOOKUP"}
)


class WrongArity(ValueError):
    """A function was given too few or too many arguments."""


@record
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


EMPTY = Values(np.zeros((1, 1)), np.zeros((1, 1), dtype=np.uint8))
MISSING = Argument(EMPTY, missing=True)
_NOT_AVAILABLE = Argument(Values(np.full((1, 1), float(Error.NA.code)), np.full((1, 1), np.uint8(Kind.ERROR))))

Bound: TypeAlias = list[tuple[Parameter, "Argument | None"]]


def bind(function: Function, arguments: Sequence[Argument]) -> Bound:
    """Return each parameter with its argument, None where the default stands in; raise `WrongArity`."""
    return [
        (parameter, _present(function, parameter, argument))
        for parameter, argument in zip_longest(parameters(function, len(arguments)), arguments)
    ]


@lru_cache(maxsize=4096)
def parameters(function: Function, count: int) -> tuple[Parameter, ...]:
    """Return the parameter that each of ``count`` arguments goes to, then those left out; raise `WrongArity`.

    A repeated parameter takes the markers of the ``pairs`` parameters before it in turn where pairs > 1:
    ``COUNTIFS(range, criterion, *rest)`` with ``pairs=2`` alternates.
    """
    own = [parameter for parameter in function.parameters if parameter.marker != "context"]
    least, most = function.arity
    fixed = [parameter for parameter in own if not parameter.repeats]
    # The last of a group may be left out where it has a default: SORTBY(array, by, order, by).
    whole_groups = all(parameter.required for parameter in fixed[-function.pairs :])
    uneven = most is None and whole_groups and (count - len(fixed)) % function.pairs
    if count < least or (most is not None and count > most) or uneven:
        raise WrongArity(f"{function.name} takes {_spell_arity(least, most, function.pairs)}, not {count}")
    repeated = next((parameter for parameter in own if parameter.repeats), None)
    if repeated is None or count <= len(fixed):
        return tuple(fixed)
    extra = count - len(fixed)
    if function.pairs == 1:
        return (*fixed, *(repeated for _ in range(extra)))
    group = fixed[-function.pairs :]
    markers = [group[i % function.pairs].marker for i in range(extra)]
    return (*fixed, *(Parameter(repeated.name, marker, repeated.default, True) for marker in markers))


def _spell_arity(least: int, most: int | None, pairs: int) -> str:
    if most is None:
        return f"at least {least} arguments" + (f" and groups of {pairs} more" if pairs > 1 else "")
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
