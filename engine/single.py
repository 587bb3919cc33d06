"""What of an array program is one value in each turn of the loops, and what is the same value in all turns."""

from __future__ import annotations

from collections.abc import Container, Iterable

from .functions import find
from .ir import Apply, Choose, Const, Contract, Given, Node, Operate, Pick, Place, Recover, Select, View, children


def singles(nodes: Iterable[Node]) -> set[int]:
    """Return, by identity, the nodes that stand for one value in each turn, as far as that can be told beforehand.

    ``nodes``: children before parents, as `ir.walk` yields them.
    """
    found: set[int] = set()
    for node in nodes:
        if _single(node, found):
            found.add(id(node))
    return found


def stills(nodes: Iterable[Node]) -> set[int]:
    """Return, by identity, the nodes that have the same value in all turns; ``nodes`` as in `singles`."""
    found: set[int] = set()
    for node in nodes:
        if _still(node, found):
            found.add(id(node))
    return found


def _single(node: Node, known: Container[int]) -> bool:
    match node:
        case View():
            return node.height == 1 and node.width == 1
        case Operate() | Select() | Choose() | Recover():
            return all(id(part) in known for part in children(node))
        case Const() | Contract() | Given():
            return True
        case Place():
            return node.count == 1
        case Pick(_, row, column):
            return id(row) in known and id(column) in known
        case Apply():
            found = find(node.function)
            if found is None or found.shape == "array":
                return False
            return found.shape != "elementwise" or all(id(argument.node) in known for argument in node.arguments)
    return False


def _still(node: Node, known: Container[int]) -> bool:
    match node:
        case Const():
            return True
        case View(steps=steps):
            return not any(map(any, steps))
        case Place(steps=steps):
            return not any(steps)
        case Apply(function, _, _):
            found = find(function)
            return found is not None and not found.wants_context and all(id(part) in known for part in children(node))
        case Operate() | Select() | Choose() | Recover() | Pick() | Contract():
            return all(id(part) in known for part in children(node))
    return False
