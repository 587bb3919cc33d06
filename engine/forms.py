"""The special forms: functions that take references or lambdas, or evaluate only some of their arguments.

A form gets its arguments as nodes and evaluates them itself. It is found by name in `FORMS`; what the function is for,
its parameters and its source are told by its declaration in `functions.special`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .frames import Frame, Operand
from .syntax import Missing, Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

Form: TypeAlias = "Callable[[Evaluation, tuple[Node, ...], Frame], Operand]"

FORMS: dict[str, Form] = {}


def form(*names: str) -> Callable[[Form], Form]:
    """Declare a special form under its names."""

    def declare(body: Form) -> Form:
        for name in names:
            FORMS[name] = body
        return body

    return declare


def given(arguments: tuple[Node, ...], index: int) -> Node | None:
    """Return an argument, or None where it is left out or left empty."""
    if index >= len(arguments) or isinstance(arguments[index], Missing):
        return None
    return arguments[index]
