"""Rewriting an array program into a faster one of the same values: passes are lists of named rules.

A rule looks at one node whose children are already rewritten, and returns a replacement or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sheetgrad.sheets.records import replaced

from .ir import (
    Apply,
    Argument,
    Choose,
    Contract,
    Growing,
    Indirect,
    Node,
    Offset,
    Operate,
    Pick,
    Pool,
    Prefix,
    Recover,
    Select,
    View,
    walk,
)

Rule: TypeAlias = Callable[[Node], "Node | None"]

RUNNING = frozenset({"SUM", "COUNT", "MAX", "MIN", "AVERAGE", "PRODUCT", "SUMSQ"})


def sum_of_product(node: Node) -> Node | None:
    """SUM(a*b) and SUMPRODUCT(a*b) of two windows of one size are a contraction; an empty cell is 0 there."""
    match node:
        case Apply("SUM" | "SUMPRODUCT", (Argument(Operate("*", (View() as left, View() as right))),)):
            return _contraction(left, right, node, transposed=False, blanks=True)
    return None


def sumproduct(node: Node) -> Node | None:
    """SUMPRODUCT(a,b) of two windows of one size is a contraction."""
    match node:
        case Apply("SUMPRODUCT", (Argument(View() as left), Argument(View() as right))):
            return _contraction(left, right, node, transposed=False, blanks=True)
    return None


def row_times_column(node: Node) -> Node | None:
    """MMULT of a row and a column is a contraction; an empty cell is #VALUE! there."""
    match node:
        case Apply("MMULT", (Argument(View(height=1) as left), Argument(View(width=1) as right))):
            return _contraction(left, right, node, transposed=True, blanks=False)
    return None


def _contraction(left: View, right: View, original: Node, transposed: bool, blanks: bool) -> Node | None:
    shape = (right.width, right.height) if transposed else (right.height, right.width)
    if (left.height, left.width) != shape:
        return None
    return Contract(left, right, transposed, blanks, original)


def running_reduction(node: Node) -> Node | None:
    """A reduction of one growing window is a scan."""
    match node:
        case Apply(function, (Argument(Growing() as window),)) if function in RUNNING:
            return Prefix(function, window)
    return None


HEADS = RUNNING | {"SUMPRODUCT", "MMULT"}  # the functions that the rules look for
FAST: Sequence[Rule] = (sum_of_product, sumproduct, row_times_column, running_reduction)


def rewrite(root: Node, rules: Sequence[Rule], pool: Pool) -> Sequence[Node]:
    """Apply rules bottom-up, once, and return the new program's nodes, the root last; equal results are one object."""
    nodes = list(walk(root))
    calls = [node for node in nodes if type(node) is Apply and node.function in HEADS]
    if not any(rule(call) is not None for call in calls for rule in rules):
        return nodes  # the rules look at windows, which no rule replaces
    done: dict[int, Node] = {}
    for node in nodes:
        rebuilt = pool(_with_children(node, done))
        for rule in rules:
            found = rule(rebuilt)
            if found is not None:
                rebuilt = pool(found)
                break
        done[id(node)] = rebuilt
    return list(walk(done[id(root)]))


def mark_final(root: Node) -> Node:
    """Mark an addition or subtraction that ends its formula: Excel takes one that all but cancels for zero."""
    if isinstance(root, Operate) and root.operator in ("+", "-"):
        return Operate(root.operator, root.operands, final=True)
    return root


def _with_children(node: Node, done: dict[int, Node]) -> Node:
    """Rebuild a node on its rewritten children."""

    def new(child: Node) -> Node:
        return done[id(child)]

    match node:
        case Operate(_, operands, _):
            return Operate(node.operator, tuple(new(operand) for operand in operands), node.final)
        case Apply(_, arguments, _):
            again = tuple(Argument(new(a.node), a.from_reference, a.missing) for a in arguments)
            return Apply(node.function, again, node.draw)
        case Select(condition, then, otherwise):
            return Select(new(condition), new(then), new(otherwise))
        case Choose(index, options):
            return Choose(new(index), tuple(new(option) for option in options))
        case Recover(value, fallback, _):
            return replaced(node, value=new(value), fallback=new(fallback))
        case Pick(table, row, column):
            return Pick(new(table), None if row is None else new(row), None if column is None else new(column))
        case Offset(_, rows, columns):
            return replaced(node, rows=new(rows), columns=new(columns))
        case Indirect(text, _, _, _):
            return replaced(node, text=new(text))
    return node
