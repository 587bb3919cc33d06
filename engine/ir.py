"""The array program: what a region computes, as a tree of whole-array operations.

Every node stands for a `Values` of shape (*loops, rows, columns), where a loop along which nothing changes
may have length 1. Nodes are immutable and compare by structure; `Pool` makes equal nodes one object, so a shared
subexpression is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Scalar

if TYPE_CHECKING:
    from .spelling import Spelling

Step: TypeAlias = tuple[int, int]  # how far a reference moves (rows, columns) from one turn of a loop to the next


@record
class Const:
    """A literal; 1 x 1."""

    value: Scalar

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(other.value) is type(self.value) and other.value == self.value


@record
class Given:
    """The numbers that the formulas themselves hold, one each (`Region.given`); they vary along ``loops``; 1 x 1."""

    index: int
    loops: tuple[int, ...]


@record
class ConstArray:
    """An array constant."""

    rows: tuple[tuple[Const, ...], ...]


@record
class View:
    """A window of ``height`` x ``width`` cells at (row, column) on a sheet, moved by ``steps[l]`` along loop l."""

    sheet: int
    row: int
    column: int
    height: int
    width: int
    steps: tuple[Step, ...]


@record
class Growing:
    """A window whose first corner moves by ``steps`` and whose last by ``last_steps``: ``SUM($A$1:A2)`` filled down."""

    sheet: int
    row: int
    column: int
    height: int
    width: int
    steps: tuple[Step, ...]
    last_steps: tuple[Step, ...]


@record
class Place:
    """The number of a row (``axis`` 0) or column (1), from 1: ``start`` moved by ``steps``; ``count`` in a line."""

    axis: int
    start: int
    steps: tuple[int, ...]
    count: int = 1


@record
class Operate:
    """An operator of `engine.operators` on one or two operands. ``final``: nothing in its formula comes after it."""

    operator: str
    operands: tuple[Node, ...]
    final: bool = False


@record
class Argument:
    """An argument of a call: whether it is a reference, and whether it was left empty."""

    node: Node
    from_reference: bool = False
    missing: bool = False


@record
class Apply:
    """A declared function on its arguments. ``draw`` numbers the random calls of a formula (-1: not random)."""

    function: str
    arguments: tuple[Argument, ...]
    draw: int = -1


@record
class Select:
    """IF: ``then`` where the condition holds, ``otherwise`` where not, the condition's error where it is one."""

    condition: Node
    then: Node
    otherwise: Node


@record
class Choose:
    """CHOOSE: the option whose one-based number is ``index``; #VALUE! elsewhere."""

    index: Node
    options: tuple[Node, ...]


@record
class Recover:
    """IFERROR (or IFNA): ``fallback`` where ``value`` is an error (or #N/A)."""

    value: Node
    fallback: Node
    only_na: bool


@record
class Pick:
    """INDEX: the element of ``table`` at one-based ``row`` and ``column``; None takes a whole line."""

    table: Node
    row: Node | None
    column: Node | None


@record
class Offset:
    """OFFSET: a window of fixed size, moved from ``base`` by computed rows and columns; where to, only a run tells.

    ``takes``: "cells", where errors among areas decline; "range", where any error does; "areas", where none does.
    """

    base: View
    rows: Node
    columns: Node
    height: int
    width: int
    takes: str = "cells"


@record
class Indirect:
    """INDIRECT: the areas that computed texts spell, in A1 style or R1C1; where and how large, only a run tells.

    ``takes``: "cell", where anything larger declines; "cells", where areas of different sizes do; "range", where errors
    do, too; "whole", where whole columns and rows do as well, which else end where the workbook's cells do; "areas",
    where what a smaller one lacks is empty.
    """

    text: Node
    a1: bool
    spelling: Spelling
    takes: str


@record
class Scattered:
    """Windows of one size whose first cells, at slot ``slot`` of the formula, follow no pattern: a gather."""

    sheet: int
    slot: int
    height: int
    width: int


@record
class Contract:
    """The sum over a window of the product of two windows of one size: a dot product, a convolution, a matrix product.

    Valid where both windows hold numbers (``blanks``: or nothing); elsewhere, and where the sum
    is not finite, ``original`` is computed instead.
    """

    left: View
    right: View
    transposed: bool  # the right window is (n, m) to the left's (m, n)
    blanks: bool
    original: Node


@record
class Prefix:
    """A running reduction: ``function`` (SUM, COUNT …) of a window that grows down or to the right along one loop."""

    function: str
    window: Growing


Node: TypeAlias = (
    Const
    | Given
    | ConstArray
    | View
    | Growing
    | Place
    | Operate
    | Apply
    | Select
    | Choose
    | Recover
    | Pick
    | Offset
    | Indirect
    | Scattered
    | Contract
    | Prefix
)
AnyNode = TypeVar("AnyNode", bound="Node")
LEAVES: Final = frozenset({Const, View, Place, Growing, ConstArray, Scattered, Given})


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes that a node takes its values from, in order."""
    if type(node) in LEAVES:
        return ()
    match node:
        case Operate():
            return node.operands
        case Apply():
            return tuple([argument.node for argument in node.arguments])
        case Select():
            return node.condition, node.then, node.otherwise
        case Choose():
            return node.index, *node.options
        case Recover():
            return node.value, node.fallback
        case Pick():
            return tuple(part for part in (node.table, node.row, node.column) if part is not None)
        case Offset():
            return node.rows, node.columns
        case Indirect():
            return (node.text,)
        case Contract():
            return node.left, node.right, node.original
        case Prefix():
            return (node.window,)
    return ()


def walk(root: Node) -> Iterator[Node]:
    """Yield every node of a tree once, children before parents."""
    seen: set[int] = set()
    opened: list[Node] = []  # nodes whose children are not all done: None on the stack stands where the last one's are
    stack: list[Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            yield opened.pop()
        elif id(node) not in seen:
            seen.add(id(node))
            if type(node) in LEAVES:
                yield node
                continue
            opened.append(node)
            stack.append(None)
            stack += children(node)


class Pool:
    """Makes structurally equal nodes the same object, if their children are from the pool."""

    def __init__(self) -> None:
        self._nodes: dict[Any, Node] = {}

    def __call__(self, node: AnyNode) -> AnyNode:
        return self._nodes.setdefault(_key(node), node)  # type: ignore[return-value]


def _key(node: Node) -> Any:
    """Return what tells a node from others: its children by identity, so that nests are not walked again and again."""
    match node:
        case View():
            return View, node.sheet, node.row, node.column, node.height, node.width, node.steps
        case Const(value):
            return Const, type(value), value
        case Operate(operator, operands, final):
            return Operate, operator, tuple(map(id, operands)), final
        case Apply(function, arguments, draw):
            return Apply, function, tuple([(id(a.node), a.from_reference, a.missing) for a in arguments]), draw
        case Select(condition, then, otherwise):
            return Select, id(condition), id(then), id(otherwise)
    return node


def deciding(node: Offset | Indirect) -> Iterator[Node]:
    """Yield the nodes that decide where a reference leads."""
    for part in children(node):
        yield from walk(part)


def shared(nodes: Iterable[Node]) -> frozenset[int]:
    """Return the identities of those nodes of a program that more than one parent uses."""
    once: set[int] = set()
    more: set[int] = set()
    for node in nodes:
        for child in children(node):
            (more if id(child) in once else once).add(id(child))
    return frozenset(more)


def describe(node: Node) -> str:
    """Return a node's operation with its main attributes, in one line."""
    parts = []
    for name in node.__match_args__:
        value = getattr(node, name)
        if isinstance(value, str | int | float | bool) and name != "original":
            parts.append(f"{name}={value}")
    return f"{type(node).__name__}({', '.join(parts)})"
