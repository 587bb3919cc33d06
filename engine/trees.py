"""Walking over syntax trees without recursion, and what evaluators want to know of a tree before they run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import is_
from typing import TypeAlias

from .syntax import (
    Binary,
    Call,
    Cell,
    ColumnSpan,
    Formula,
    Given,
    Invoke,
    Name,
    Node,
    Number,
    Prefix,
    Rectangle,
    RowSpan,
    Unary,
)

RANDOM = frozenset({"RAND", "RANDARRAY", "RANDBETWEEN"})

_Prefixed: TypeAlias = "Cell | Rectangle | ColumnSpan | RowSpan | Name"


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node, left to right."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Invoke):
        return (node.callee, *node.arguments)
    return ()


def walk(tree: Node) -> Iterator[Node]:
    """Yield all nodes, each before its parts, from left to right."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(children(node))


def mapped(tree: Node, change: Callable[[Node], Node]) -> Node:
    """Rebuild a tree with each of its leaves changed, from left to right; nodes above what stays are kept."""
    done: list[Node] = []
    waiting: list[tuple[Node, int]] = [(tree, -1)]  # with how many parts are done (-1: none is begun)
    while waiting:
        node, count = waiting.pop()
        parts = children(node)
        if not parts:
            done.append(change(node))
        elif count < 0:
            waiting.append((node, len(parts)))
            waiting += [(part, -1) for part in reversed(parts)]
        else:
            new = tuple(done[-count:])
            del done[-count:]
            done.append(node if all(map(is_, new, parts)) else _with_children(node, new))
    return done[0]


def _with_children(node: Node, parts: tuple[Node, ...]) -> Node:
    match node:
        case Call():
            return Call(node.name, parts)
        case Binary():
            return Binary(node.operator, *parts)
        case Unary():
            return Unary(node.operator, *parts)
        case Invoke():
            return Invoke(parts[0], parts[1:])
    return node


def open_numbers(tree: Node) -> tuple[Node, int]:
    """Put `Given` in the place of all numbers, counted from left to right; return how many there are.

    >>> open_numbers(Binary("+", Number(2.0), Binary("*", Cell(0), Number(3.0))))[1]
    2
    """
    count = 0

    def change(leaf: Node) -> Node:
        nonlocal count
        if not isinstance(leaf, Number):
            return leaf
        count += 1
        return Given(count - 1)

    return mapped(tree, change), count


def written(formula: Formula, numbers: Mapping[int, float]) -> Formula:
    """Return a formula with numbers in the place of those `Given`, as far as they are known.

    >>> from .syntax import Formula, Given, Unary
    >>> written(Formula(Unary("-", Given(0)), ()), {0: 2.5}).tree
    Unary(operator='-', operand=Number(value=2.5))
    """
    if not numbers:
        return formula

    def change(leaf: Node) -> Node:
        return Number(numbers[leaf.index]) if isinstance(leaf, Given) and leaf.index in numbers else leaf

    return Formula(mapped(formula.tree, change), formula.slots)


def random_calls(tree: Node) -> list[Call]:
    """Return the calls that draw random numbers, in the order of `walk`: their places number their draws."""
    return [node for node in walk(tree) if isinstance(node, Call) and node.name in RANDOM]


def prefix_of(node: Node) -> Prefix | None:
    """Return the sheet prefix of a node, where it can have one."""
    return node.prefix if isinstance(node, Cell | Rectangle | ColumnSpan | RowSpan | Name) else None
