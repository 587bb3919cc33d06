"""Walking over syntax trees without recursion, and what evaluators want to know of a tree before they run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from .syntax import Binary, Call, Cell, ColumnSpan, Invoke, Name, Node, Prefix, Rectangle, RowSpan, Unary

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


def random_calls(tree: Node) -> list[Call]:
    """Return the calls that draw random numbers, in the order of `walk`: their places number their draws."""
    return [node for node in walk(tree) if isinstance(node, Call) and node.name in RANDOM]


def prefix_of(node: Node) -> Prefix | None:
    """Return the sheet prefix of a node, where it can have one."""
    return node.prefix if isinstance(node, Cell | Rectangle | ColumnSpan | RowSpan | Name) else None
