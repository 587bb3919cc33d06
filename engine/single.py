"""What of an array program is one value in each turn of the loops, and what is the same value in all turns."""

from __future__ import annotations

from .functions import find
from .ir import Apply, Choose, Const, Contract, Given, Node, Operate, Pick, Place, Recover, Select, View, children


def single(node: Node) -> bool:
    """Tell whether a node stands for one value in each turn, as far as that can be told before it runs."""
    match node:
        case Const() | Contract() | Given():
            return True
        case View(height=height, width=width):
            return (height, width) == (1, 1)
        case Place(count=count):
            return count == 1
        case Pick(_, row, column):
            return row is not None and column is not None and single(row) and single(column)
        case Operate() | Select() | Choose() | Recover():
            return all(single(part) for part in children(node))
        case Apply(function, arguments, _):
            found = find(function)
            if found is None or found.shape == "array":
                return False
            return found.shape != "elementwise" or all(single(argument.node) for argument in arguments)
    return False


def still(node: Node) -> bool:
    """Tell whether a node has the same value in all turns."""
    match node:
        case Const():
            return True
        case View(steps=steps):
            return not any(map(any, steps))
        case Place(steps=steps):
            return not any(steps)
        case Apply(function, _, _):
            found = find(function)
            return found is not None and not found.wants_context and all(map(still, children(node)))
        case Operate() | Select() | Choose() | Recover() | Pick() | Contract():
            return all(map(still, children(node)))
    return False
