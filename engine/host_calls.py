"""Calls of Excel's functions on plain arrays of numbers, kinds as they were settled: for tapes that run on the host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Kind, Values

from .arguments import Argument
from .call import apply
from .context import Context, Kept
from .functions import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ir import Apply
    from .tracing import Dual, _Trace


@record
class HostCall:
    """One call: its arguments as they were, of which those that are ``live`` get other numbers."""

    function: str
    arguments: tuple[Argument, ...]
    live: tuple[bool, ...]
    context: Context

    @classmethod
    def of(cls, trace: _Trace, node: Apply, duals: Sequence[Dual]) -> HostCall:
        """Return the call of a node that is traced."""
        arguments = tuple(
            Argument(dual.values, argument.from_reference, argument.missing)
            for dual, argument in zip(duals, node.arguments, strict=True)
        )
        function = find(node.function)
        assert function is not None
        context = trace.tracer.context
        place = trace.evaluation.context_place() if function.wants_context else context.place
        own = replace(context, place=place, draws=max(node.draw, 0), kept=Kept(), changed=None)
        return cls(node.function, arguments, tuple(dual.slot is not None for dual in duals), own)

    @property
    def whole(self) -> bool:
        """Tell whether an element of the result depends on more than the elements at its place."""
        function = find(self.function)
        assert function is not None
        return function.shape not in ("elementwise", "scalar")

    def __call__(self, *arrays: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the numbers of the result; arrays may have more axes in front than the arguments had."""
        given = iter(arrays)
        arguments = [
            _with_numbers(argument, next(given)) if live else argument
            for argument, live in zip(self.arguments, self.live, strict=True)
        ]
        function = find(self.function)
        assert function is not None
        return apply(function, arguments, replace(self.context)).data


def _with_numbers(argument: Argument, numbers: NDArray[np.float64]) -> Argument:
    """Return an argument with other numbers where it holds numbers or logicals."""
    values = argument.values
    shape = np.broadcast_shapes(numbers.shape, values.shape)
    if values.kind is None:
        return Argument(Values(np.broadcast_to(numbers, shape)), argument.reference, argument.missing)
    own = (values.kind == Kind.NUMBER) | (values.kind == Kind.BOOL)
    kind = np.broadcast_to(values.kind, shape)
    return Argument(Values(np.where(own, numbers, values.data), kind), argument.reference, argument.missing)
