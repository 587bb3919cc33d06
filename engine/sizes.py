"""How large the arrays of a program get, so that a region of many cells is computed in parts that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from .functions import find
from .ir import (
    Apply,
    Choose,
    Const,
    ConstArray,
    Contract,
    Given,
    Growing,
    Indirect,
    Node,
    Offset,
    Operate,
    Pick,
    Place,
    Prefix,
    Recover,
    Scattered,
    Select,
    View,
    children,
    walk,
)
from .masks import factors_of
from .windows import Frame

FEW_TURNS = 32  # an array of one turn is within the cell budget, or as large as the file
BUDGET = 1 << 22  # cells of one intermediate array, all turns of the loops together
Size = tuple[int, int, frozenset[int]]  # rows, columns, and the loops along which it varies


def parts(frame: Frame, sizes: frozenset[Size]) -> Iterator[Frame]:
    """Split a frame along its loops until no array that is computed in it is beyond the budget.

    >>> [part.counts for part in parts(Frame((0,), (5,)), frozenset({(1024, 1024, frozenset({0}))}))]
    [(3,), (2,)]
    """

    def cells_of(size: Size) -> int:
        return size[0] * size[1] * prod(frame.counts[loop] for loop in size[2])

    largest: Size = max(sizes, key=cells_of, default=(1, 1, frozenset()))
    cells, loops = cells_of(largest), largest[2]
    longest = max(loops, key=lambda loop: frame.counts[loop], default=-1)
    if cells <= BUDGET or longest < 0 or frame.counts[longest] == 1:
        yield frame
        return
    start, count = frame.starts[longest], frame.counts[longest]
    step = ceil(count / ceil(cells / BUDGET))
    for first in range(0, count, step):
        starts, counts = list(frame.starts), list(frame.counts)
        starts[longest], counts[longest] = start + first, min(step, count - first)
        yield from parts(Frame(tuple(starts), tuple(counts)), sizes)


def sizes_of(program: Node) -> frozenset[Size]:
    """Return the sizes of the arrays that a program computes cell by cell; windows are views and cost nothing."""
    known: dict[int, Size] = {}
    for node in walk(program):  # children come before parents
        known[id(node)] = _size(node, [known[id(child)] for child in _inputs(node)])
    reached, stack = {id(program): program}, [program]
    while stack:
        new = {id(child): child for child in _inputs(stack.pop()) if id(child) not in reached}
        reached |= new
        stack += new.values()
    arrays = (node for node in reached.values() if isinstance(node, Operate | Apply | Select | Choose | Recover))
    return frozenset(size for node in arrays if (size := known[id(node)])[:2] != (1, 1))


def _inputs(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Apply) and (found := factors_of(node)) is not None:
        return (*found.weights, *found.scales, *(part for test in found.tests for part in test))
    return (node.left, node.right) if isinstance(node, Contract) else children(node)


def _size(node: Node, given: list[Size]) -> Size:
    loops = frozenset[int]().union(*(size[2] for size in given))
    match node:
        case Const():
            return 1, 1, loops
        case Given():
            return 1, 1, frozenset(node.loops)
        case ConstArray():
            return len(node.rows), len(node.rows[0]), loops
        case View() | Growing():
            moving = frozenset(loop for loop, step in enumerate(node.steps) if step != (0, 0))
            return node.height, node.width, moving
        case Scattered():
            return node.height, node.width, loops
        case Offset():
            return node.height, node.width, loops | _size(node.base, [])[2]
        case Indirect():
            return 1, 1, loops  # what it comes to is added when a run tells
        case Place():
            moving = frozenset(loop for loop, step in enumerate(node.steps) if step)
            return (node.count, 1, moving) if node.axis == 0 else (1, node.count, moving)
        case Contract() | Prefix():
            return 1, 1, loops
        case Pick():
            lines = given[1:]
            rows, columns = (next(iter(lines), None) if node.row else None), (lines[-1] if node.column else None)
            return rows[0] if rows else given[0][0], columns[1] if columns else given[0][1], loops
        case Apply() if _condenses(node):
            return 1, 1, loops
    return max((size[0] for size in given), default=1), max((size[1] for size in given), default=1), loops


def _condenses(node: Apply) -> bool:
    """Tell whether a function gives one value for whole ranges, which a lookup searches and does not spread out."""
    function = find(node.function)
    return function is not None and function.shape in ("reduction", "lookup")
