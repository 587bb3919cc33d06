"""Sums of products of equalities, ``SUMPRODUCT((A1:A99=D1)*B1:B99)``, taken apart."""

from __future__ import annotations

from collections.abc import Iterator

from sheetgrad.sheets.records import record

from .ir import Apply, Const, Node, Operate, View, walk

MASKED = frozenset({"SUMPRODUCT", "SUM"})


@record
class Masked:
    """The factors of a product: ranges held against keys, weights of the ranges' shape, and single numbers."""

    tests: tuple[tuple[View, Node], ...]
    weights: tuple[View, ...]
    scales: tuple[Node, ...]


def factors_of(node: Apply) -> Masked | None:
    """Return the factors of a sum of products of equalities, None for any other call."""
    if node.function not in MASKED or len(node.arguments) != 1 or not isinstance(node.arguments[0].node, Operate):
        return None
    tests: list[tuple[View, Node]] = []
    weights: list[View] = []
    scales: list[Node] = []
    factors = list(_flattened(node.arguments[0].node))
    for factor in factors:
        match factor:
            case Operate("=", (View() as view, key)) if _wide(view) and _single(key):
                tests.append((view, key))
            case Operate("=", (key, View() as view)) if _wide(view) and _single(key):
                tests.append((view, key))
            case View() if _wide(factor):
                weights.append(factor)
            case _ if _single(factor):
                scales.append(factor)
            case _:
                return None
    shapes = {(view.height, view.width) for view in (*(view for view, _ in tests), *weights)}
    if not tests or len(shapes) > 1 or len(factors) < 2:
        return None
    return Masked(tuple(tests), tuple(weights), tuple(scales))


def _flattened(node: Node) -> Iterator[Node]:
    if isinstance(node, Operate) and node.operator == "*":
        for operand in node.operands:
            yield from _flattened(operand)
    else:
        yield node


def _wide(view: View) -> bool:
    return (view.height, view.width) != (1, 1)


def _single(node: Node) -> bool:
    """Tell whether a node is made of single cells and constants, so that it is one value."""
    for part in walk(node):
        if isinstance(part, View) and _wide(part):
            return False
        if not isinstance(part, View | Operate | Const):
            return False
    return True
