"""How a function of Excel is declared: one Python function whose annotations say how its arguments arrive.

```python
@elementwise()
def ATAN2(x_num: Number, y_num: Number) -> Result:
    '''Angle of the point (x, y) in radians; #DIV/0! at the origin. …'''
    return fail(np.arctan2(y_num, x_num), (x_num == 0) & (y_num == 0), Error.DIV0)
```

The function is known by its Python name, or by the name given to the decorator (``@elementwise("NORM.DIST")``).
Python defaults are Excel's defaults; a parameter without one is required; ``*rest`` repeats (``pairs=2`` repeats
in groups). A default of None in a typed parameter arrives as None when the argument is left out.

The caller (`engine.call`), and nobody else, evaluates arguments, coerces, intersects implicitly, broadcasts (#N/A where
shapes mismatch), passes errors on (the first in argument order), and turns results into `Values`. A body never
sees an error value unless its parameter is `Any` or `Array`/`Range`.

Four shapes of function, by what the body gets:

``elementwise``   Every scalar parameter arrives as an ndarray, all broadcast against one another, of any number of
                  axes: float64 (`Number`), bool (`Logical`), object array of str (`Text`), `Values` (`Any`).
                  Returns an ndarray of the broadcast shape (or what `Result` allows).
``reduction``     The repeated parameter (`Numbers`) arrives as (x, valid): x float64 of shape (..., 1, 1, n), all
                  arguments joined along the last axis, and valid a bool mask of the same shape, or None when every
                  element counts; elements that do not count hold 0. What counts is SUM's rule: in references and
                  arrays only numbers, as direct arguments also logicals and numeric text; the others are AVERAGEA's,
                  COUNT's and AND's. Scalar parameters arrive as (..., r, c). Returns (..., r, c).
``lookup``        Scalar parameters arrive 1-D (m,), broadcast against one another; `Array`/`Range` parameters arrive as
                  `Values` (r, c). Returns (m,): an ndarray or `Values`.
``array``         `Array`/`Range` parameters arrive as `Values`, `Matrix` ones as float64 (r, c) (#VALUE! unless all are
                  numbers); scalar parameters as Python scalars (float, str, bool, any Scalar for `Any`). Returns 2-D.
                  With ``batched=True`` arrays arrive as (..., r, c) and the body keeps the leading axes.
``scalar``        Everything arrives as Python scalars; called once an element: the definition is a procedure.
``special``       By reference, lazy or with lambdas: the evaluators know it by name; the declaration is for arity
                  and documentation, its body is never called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Literal, TypeAlias, get_args, get_origin, get_type_hints
from typing import Any as Anything

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Scalar, Values

Shape: TypeAlias = Literal["elementwise", "reduction", "lookup", "array", "scalar", "special"]

# Markers of parameters: how an argument is coerced before the body sees it. Their static type is loose because one
# marker arrives as an ndarray or as a Python scalar, by the function's shape.
Number: TypeAlias = Annotated[Anything, "number"]  # numeric text and logicals become numbers, empty 0, else #VALUE!
Strict: TypeAlias = Annotated[Anything, "strict"]  # a number, but logicals are #VALUE!: the old Analysis ToolPak
Text: TypeAlias = Annotated[Anything, "text"]  # numbers as General text, logicals TRUE/FALSE, empty ""
Logical: TypeAlias = Annotated[Anything, "logical"]  # numbers ≠ 0, "TRUE"/"FALSE", empty FALSE, else #VALUE!
Any: TypeAlias = Annotated[Anything, "any"]  # a scalar of any kind, errors included, as it is
Array: TypeAlias = Annotated[Anything, "array"]  # a whole array; its argument is evaluated as an array formula
Range: TypeAlias = Annotated[Anything, "range"]  # likewise, but does not force array evaluation
Matrix: TypeAlias = Annotated[Anything, "matrix"]  # a whole array of numbers only; forces array evaluation
Numbers: TypeAlias = Annotated[Anything, "numbers"]  # joined by SUM's rule, see above
NumbersA: TypeAlias = Annotated[Anything, "numbers_a"]  # joined by AVERAGEA's rule
Stricts: TypeAlias = Annotated[Anything, "stricts"]  # joined, each converted as Strict: GCD, LCM, MULTINOMIAL
Counted: TypeAlias = Annotated[Anything, "counted"]  # joined by COUNT's rule: steps over errors and text
Logicals: TypeAlias = Annotated[Anything, "logicals"]  # joined by AND's rule: numbers and logicals count
Reference: TypeAlias = Annotated[Anything, "reference"]  # a reference, not its values (special functions only)
Lambda: TypeAlias = Annotated[Anything, "lambda"]  # a function value (special functions only)
Context: TypeAlias = Annotated[Anything, "context"]  # `engine.context.Context`; takes no argument

Result: TypeAlias = "np.ndarray[Anything, Anything] | Values | Failing | Scalar"

_NO_DEFAULT = object()


@record
class Failing:
    """A body's result with error values at some places: ``codes`` holds `Error.code`s, 0 where the result stands."""

    result: NDArray[Anything]
    codes: NDArray[np.uint8]


def fail(result: NDArray[Anything] | Failing, where: NDArray[np.bool_] | bool, error: Error) -> Failing:
    """Mark places of a result as an error value; places already marked keep their first error."""
    codes = result.codes if isinstance(result, Failing) else np.zeros(np.shape(result), dtype=np.uint8)
    values = result.result if isinstance(result, Failing) else result
    return Failing(values, np.where(where & (codes == 0), np.uint8(error.code), codes))


@record
class Parameter:
    """One parameter of a function as declared."""

    name: str
    marker: str
    default: Anything
    repeats: bool

    @property
    def required(self) -> bool:
        return self.default is _NO_DEFAULT and not self.repeats


class Function:
    """A declared function of Excel. ``parameters`` is read off the body's annotations when first asked for."""

    __slots__ = ("_parameters", "_wants_context", "batched", "body", "name", "pairs", "shape", "volatile")

    def __init__(
        self, name: str, shape: Shape, body: Callable[..., Anything], pairs: int, volatile: bool, batched: bool
    ) -> None:
        self.name = name
        self.shape = shape
        self.body = body
        self.pairs = pairs
        self.volatile = volatile
        self.batched = batched
        self._parameters: tuple[Parameter, ...] | None = None
        self._wants_context: bool | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        if self._parameters is None:
            self._parameters = tuple(_parameters(self.body))
        return self._parameters

    @property
    def wants_context(self) -> bool:
        if self._wants_context is None:
            self._wants_context = any(parameter.marker == "context" for parameter in self.parameters)
        return self._wants_context

    @property
    def arity(self) -> tuple[int, int | None]:
        """The least and the greatest number of arguments (None: no limit)."""
        own = [parameter for parameter in self.parameters if parameter.marker != "context"]
        least = sum(parameter.required for parameter in own)
        if any(parameter.repeats for parameter in own):
            return least, None
        return least, len(own)


FUNCTIONS: dict[str, Function] = {}

Decorator: TypeAlias = Callable[[Callable[..., Anything]], Callable[..., Anything]]


def _declare(shape: Shape) -> Callable[..., Decorator]:
    def named(*names: str, pairs: int = 1, volatile: bool = False, batched: bool = False) -> Decorator:
        def decorate(body: Callable[..., Anything]) -> Callable[..., Anything]:
            for name in names or (body.__name__,):
                if name in FUNCTIONS:
                    raise ValueError(f"{name} is declared twice")
                FUNCTIONS[name] = Function(name, shape, body, pairs, volatile, batched)
            return body

        return decorate

    return named


elementwise = _declare("elementwise")
reduction = _declare("reduction")
lookup = _declare("lookup")
array = _declare("array")
scalar = _declare("scalar")
special = _declare("special")


def _parameters(body: Callable[..., Anything]) -> list[Parameter]:
    annotations = {name: hint for name, hint in body.__annotations__.items() if name != "return"}
    spelled = SimpleNamespace(__annotations__=annotations)
    hints = get_type_hints(spelled, body.__globals__, include_extras=True)
    found = []
    for parameter in inspect.signature(body).parameters.values():
        hint = hints[parameter.name]
        marker = get_args(hint)[1] if get_origin(hint) is Annotated else "any"
        default = _NO_DEFAULT if parameter.default is inspect.Parameter.empty else parameter.default
        found.append(Parameter(parameter.name, marker, default, parameter.kind is inspect.Parameter.VAR_POSITIONAL))
    return found
