"""Formulas of a few cells on Python's own values: no arrays are made where there is little to do at once.

Every node of such a program becomes a function of the cells (`scalar_operations`), which is called once for each turn
of the loops. What is an array, a range inside SUMPRODUCT, say, is left to the machine of `backends.numpy`. The same
functions compute those parts of a larger fill that are one value for all its cells.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Scalar, Values, encode

from ..call import Argument as CallArgument
from ..coercion import logicals
from ..grid import Flat, TooManyCells, all_numbers
from ..ir import (
    Apply,
    Choose,
    Const,
    Contract,
    Given,
    Node,
    Operate,
    Pick,
    Place,
    Recover,
    Select,
    Step,
    View,
    children,
)
from ..placing import Layout
from ..regions import Region
from ..single import singles, stills
from .numpy import Decline, Machine, _numeric
from .products import FOLDS
from .scalar_operations import (
    COMPARISONS,
    LOGICAL,
    NUMBER,
    ArrayRun,
    Cells,
    Run,
    Turn,
    Unsuited,
    compared,
    computed,
    decided,
    folded,
    joined,
    plain,
    reduced,
    unary,
    whole,
)
from .straight_helpers import HELPERS
from .straight_helpers import SCALAR as PLAIN

FEW = 12  # cells; more are quicker on arrays
SMALL_RANGE = 4096  # cells; larger ranges may be worth what is kept of them from call to call


@record
class ScalarProgram:
    """The compiled program of a few cells; it is good for grids of one layout."""

    region: Region
    common: frozenset[int]
    layout: tuple[Area, ...]
    turns: Sequence[Turn]
    block: int  # where the results go
    places: Sequence[int]
    root: Run

    def run(self, machine: Machine) -> bool:
        """Compute and store the cells; False where the general machine has to."""
        cells = cells_of(machine)
        if cells.flat.layout != self.layout:
            return False
        found: list[Scalar] = []
        try:
            for turn, index in enumerate(self.turns):
                cells.begin(self.region, self.common, turn, index)
                found.append(self.root(cells))
        except (Unsuited, Decline, TooManyCells, ArithmeticError, MemoryError, RecursionError):
            return False
        cells.flat.own(self.block)
        data, kinds = cells.data[self.block], cells.kinds[self.block]
        for at, value in zip(self.places, found, strict=True):
            payload, kind = (value, NUMBER) if type(value) is float else encode(value, cells.strings)
            data[at], kinds[at] = payload, kind or NUMBER  # an empty result is 0
        return True


@record
class Invariant:
    """A part of a fill's program that is one value for all its cells."""

    region: Region
    common: frozenset[int]
    layout: tuple[Area, ...]
    root: Run

    def value(self, machine: Machine) -> Values | None:
        """Return the value, (1, 1); None where the general machine has to compute it."""
        cells = cells_of(machine)
        if cells.flat.layout != self.layout:
            return None
        cells.begin(self.region, self.common, 0, (0,) * len(self.region.counts))
        try:
            return cells.wrapped(self.root(cells))
        except (Unsuited, Decline, TooManyCells, ArithmeticError, MemoryError, RecursionError):
            return None


@record
class Prepared:
    """What is found of a fill before it is computed: where it reads and writes, and what all its cells share."""

    layout: Layout
    invariants: Mapping[int, Invariant]  # by the identity of the node

    @classmethod
    def of(cls, region: Region, nodes: Sequence[Node], common: frozenset[int], flat: Flat) -> Prepared:
        """Prepare a region's program, given by its nodes, children before parents."""
        return cls(Layout.of(region, nodes, flat), compile_invariants(region, nodes, common, flat))


def cells_of(machine: Machine) -> Cells:
    """Return the cells of a machine's grid as it is laid out now."""
    cells: Cells | None = machine.cells
    if cells is None or cells.flat is not machine.grid.flat:
        cells = machine.cells = Cells(machine, machine.grid.flat)
    return cells


def compile_scalar(
    region: Region, nodes: Sequence[Node], common: frozenset[int], flat: Flat, most: int = FEW
) -> ScalarProgram | None:
    """Compile the program of a region of at most so many formulas; None where it is better off on arrays.

    ``nodes``: those of the program, children before parents.
    """
    if region.size > most or region.extent != (1, 1):
        return None
    program = nodes[-1]
    compiler = _Compiler(flat, common, region.counts, nodes)
    steps = [(int(down), int(across)) for down, across in region.steps[:, :2]]
    found = compiler.places(region.sheet, int(region.origin[0]), int(region.origin[1]), steps)
    if found is None or not compiler.single(program):
        return None
    try:
        root = compiler.scalar(program)
    except (Unsuited, RecursionError):
        return None
    return ScalarProgram(region, common, flat.layout, compiler.turns, *found, root)


def compile_invariants(
    region: Region, nodes: Sequence[Node], common: frozenset[int], flat: Flat
) -> dict[int, Invariant]:
    """Compile the largest parts of a program that are the same all over its loops, by the identity of their nodes."""
    compiler = _Compiler(flat, common, (1,) * len(region.counts), nodes)
    found, still = {}, stills(nodes)
    stack, seen = [nodes[-1]], set[int]()
    while stack:
        node = stack.pop()
        if id(node) in seen or isinstance(node, Const | View):
            continue
        seen.add(id(node))
        if not (compiler.single(node) and id(node) in still):
            stack += children(node)
            continue
        try:
            found[id(node)] = Invariant(region, common, flat.layout, compiler.scalar(node))
        except (Unsuited, RecursionError):
            stack += children(node)
    return found


class _Compiler:
    """Turns nodes into functions."""

    def __init__(self, flat: Flat, common: frozenset[int], counts: tuple[int, ...], nodes: Sequence[Node]) -> None:
        self.flat = flat
        self.common = common
        self.turns: Sequence[Turn] = list(product(*(range(count) for count in counts)))
        self._singles = singles(nodes)

    def moved(self, start: int, steps: Sequence[int]) -> Iterator[int]:
        """Yield a number that moves along the loops, turn by turn."""
        for index in self.turns:
            yield start + sum(map(operator.mul, index, steps))

    def corners(self, row: int, column: int, steps: Sequence[Step]) -> list[tuple[int, int]]:
        """Return a moving cell's row and column, turn by turn."""
        rows = self.moved(row, [step[0] for step in steps])
        return list(zip(rows, self.moved(column, [step[1] for step in steps]), strict=True))

    def places(self, sheet: int, row: int, column: int, steps: Sequence[Step]) -> tuple[int, list[int]] | None:
        """Return the block of a moving cell, and where in its memory the cell is turn by turn; None if in no one."""
        if len(self.turns) == 1:
            only = self.flat.find(sheet, row, column)
            return None if only is None else (only[0], [only[1]])
        found = [self.flat.find(sheet, *corner) for corner in self.corners(row, column, steps)]
        blocks = {place[0] for place in found if place is not None}
        if len(blocks) != 1 or None in found:
            return None
        return blocks.pop(), [place[1] for place in found if place is not None]

    def single(self, node: Node) -> bool:
        """Tell whether a node of the program stands for one value in each turn."""
        return id(node) in self._singles

    def scalar(self, node: Node) -> Run:
        """Compile a node of one value."""
        key, kind = id(node), type(node)
        made = COMPILERS[kind](self, node) if kind in COMPILERS and key in self._singles else _general(node)
        if key in self.common and kind not in (Const, View):
            return partial(_once, id(node), made)
        return made

    def values(self, node: Node) -> ArrayRun:
        """Compile an argument: whatever it is, as an array."""
        if self.single(node):
            run = self.scalar(node)
            return lambda cells: cells.wrapped(run(cells))
        if isinstance(node, View):
            return self.window(node)
        return lambda cells: cells.evaluation.value(node)

    def window(self, view: View) -> ArrayRun:
        """Compile the reading of a range."""
        first = self.places(view.sheet, view.row, view.column, view.steps)
        last = self.places(view.sheet, view.row + view.height - 1, view.column + view.width - 1, view.steps)
        if first is None or last is None or first[0] != last[0]:
            return lambda cells: cells.evaluation.view(view)
        block, area = first[0], self.flat.layout[first[0]]
        inside = [
            (
                slice(row - area.top, row - area.top + view.height),
                slice(left - area.left, left - area.left + view.width),
            )
            for row, left in self.corners(view.row, view.column, view.steps)
        ]

        def run(cells: Cells) -> Values:
            held, here = cells.flat.blocks[block], inside[cells.turn]
            kind = held.kind[here]
            return Values(held.data[here]) if all_numbers(kind) else Values(held.data[here], kind)

        return run

    def const(self, node: Const) -> Run:
        value = node.value
        return lambda cells: value

    def place(self, node: Place) -> Run:
        numbers = [float(number) for number in self.moved(node.start, node.steps)]
        return lambda cells: numbers[cells.turn]

    def view(self, node: View) -> Run:
        found = self.places(node.sheet, node.row, node.column, node.steps)
        if found is None:
            return _general(node)
        block, places = found
        if len(set(places)) > 1:
            return lambda cells: cells.read(block, places[cells.turn])
        at = places[0]

        def run(cells: Cells) -> Scalar:
            kind = cells.kinds[block][at]
            return cells.data[block][at] if kind == NUMBER else cells.read(block, at)

        return run

    def operate(self, node: Operate) -> Run:
        parts = [self.scalar(operand) for operand in node.operands]
        if node.operator.startswith("unary "):
            return unary(node.operator[6:], parts[0])
        if node.operator == "&":
            return joined(parts[0], parts[1])
        if node.operator in COMPARISONS:
            return compared(node.operator, parts[0], parts[1])
        return computed(node.operator, parts[0], parts[1], node.final)

    def select(self, node: Select) -> Run:
        condition, then, otherwise = (self.scalar(part) for part in (node.condition, node.then, node.otherwise))

        def run(cells: Cells) -> Scalar:
            test = condition(cells)
            if type(test) is not bool:
                if isinstance(test, Error):
                    return test
                held, codes = logicals(cells.wrapped(test), cells.strings)
                if codes is not None:
                    return Error.VALUE
                test = bool(held.item())
            return then(cells) if test else otherwise(cells)

        return run

    def choose(self, node: Choose) -> Run:
        index, options = self.scalar(node.index), [self.scalar(option) for option in node.options]

        def run(cells: Cells) -> Scalar:
            at = whole(cells, index(cells))
            if isinstance(at, Error):
                return at
            return options[at - 1](cells) if 1 <= at <= len(options) else Error.VALUE

        return run

    def recover(self, node: Recover) -> Run:
        value, fallback, only_na = self.scalar(node.value), self.scalar(node.fallback), node.only_na

        def run(cells: Cells) -> Scalar:
            found = value(cells)
            failed = found is Error.NA if only_na else isinstance(found, Error)
            return fallback(cells) if failed else found

        return run

    def pick(self, node: Pick) -> Run:
        table, row, column = node.table, node.row, node.column
        if not isinstance(table, View) or row is None or column is None:
            return _general(node)
        rows, columns = self.scalar(row), self.scalar(column)
        first = self.places(table.sheet, table.row, table.column, table.steps)
        last = self.places(table.sheet, table.row + table.height - 1, table.column + table.width - 1, table.steps)
        if first is None or last is None or first[0] != last[0]:
            return _general(node)
        (block, starts), across = first, self.flat.layout[first[0]].width
        height, width = table.height, table.width

        def run(cells: Cells) -> Scalar:
            down, right = rows(cells), columns(cells)
            if type(down) is not float or type(right) is not float:
                return cells.unwrapped(cells.evaluation.value(node))
            if not (1.0 <= down < height + 1 and 1.0 <= right < width + 1):
                return cells.unwrapped(cells.evaluation.value(node))
            return cells.read(block, starts[cells.turn] + (int(down) - 1) * across + int(right) - 1)

        return run

    def contract(self, node: Contract) -> Run:
        left, right, original = self.window(node.left), self.window(node.right), self.scalar(node.original)
        transposed = node.transposed

        def run(cells: Cells) -> Scalar:
            a, b = left(cells), right(cells)
            if _numeric(a, node.blanks) and _numeric(b, node.blanks):
                found = float(np.add.reduce(a.data * (b.data.T if transposed else b.data), axis=None))
                if math.isfinite(found):
                    return found
            return original(cells)

        return run

    def apply(self, node: Apply) -> Run:
        general = _general(node)  # not `call`: what fails at the bottom of a nest would be computed twice a level
        if node.function in FOLDS and node.arguments and not any(each.missing for each in node.arguments):
            return self.folded(node, general)
        if len(node.arguments) == PLAIN.get(node.function):
            return plain(HELPERS[f"{node.function.lower()}_"], self.arguments(node), general)
        if node.function in LOGICAL and all(self.single(each.node) for each in node.arguments):
            return decided(LOGICAL[node.function], self.arguments(node), general)
        return self.looked_up(node, general) or self.call(node)

    def arguments(self, node: Apply) -> list[Run]:
        return [self.scalar(argument.node) for argument in node.arguments]

    def call(self, node: Apply) -> Run:
        """Compile a call by the function's own body."""
        made = [(self.values(each.node), each.from_reference, each.missing) for each in node.arguments]

        def run(cells: Cells) -> Scalar:
            given = [CallArgument(values(cells), reference, missing) for values, reference, missing in made]
            return cells.unwrapped(cells.evaluation.call(node, given))

        return run

    def looked_up(self, node: Apply, general: Run) -> Run | None:
        """Compile an exact MATCH, or a count by criteria, in small ranges."""
        if node.function not in ("MATCH", "COUNTIF", "COUNTIFS"):
            return None
        from .scalar_lookups import counted, matched

        nodes = [each.node for each in node.arguments]
        match node.function, nodes:
            case "MATCH", [sought, View() as line, Const(0.0)] if self.single(sought) and 1 in (
                line.height,
                line.width,
            ):
                return matched(self.scalar(sought), self.window(line), general) if _small(line) else None
            case "COUNTIF" | "COUNTIFS", _ if len(nodes) % 2 == 0 and all(map(self.single, nodes[1::2])):
                ranges = [each for each in nodes[::2] if isinstance(each, View) and _small(each)]
                if len(ranges) == len(nodes) // 2:
                    windows, wanted = map(self.window, ranges), map(self.scalar, nodes[1::2])
                    return counted(list(zip(windows, wanted, strict=True)), general)
        return None

    def folded(self, node: Apply, general: Run) -> Run:
        """Compile a reduction of ranges and numbers."""
        if all(self.single(each.node) for each in node.arguments):
            return folded(FOLDS[node.function], node.function, self.arguments(node), general)
        if len(node.arguments) == 1 and isinstance(node.arguments[0].node, View):
            return reduced(FOLDS[node.function], node.function, self.window(node.arguments[0].node), general)
        return general

    def given(self, node: Given) -> Run:
        return lambda cells: float(cells.region.numbers[node.index][cells.index])


def _is_line(view: View) -> bool:
    return 1 in (view.height, view.width)


def _small(view: View) -> bool:
    return view.height * view.width <= SMALL_RANGE


def _general(node: Node) -> Run:
    return lambda cells: cells.unwrapped(cells.evaluation.value(node))


def _once(key: int, made: Run, cells: Cells) -> Scalar:
    """Compute a shared node once a formula."""
    if key not in cells.kept:
        cells.kept[key] = made(cells)
    return cells.kept[key]


COMPILERS: Mapping[type, Callable[[_Compiler, Any], Run]] = {
    Const: _Compiler.const,
    Given: _Compiler.given,
    Place: _Compiler.place,
    View: _Compiler.view,
    Operate: _Compiler.operate,
    Select: _Compiler.select,
    Choose: _Compiler.choose,
    Recover: _Compiler.recover,
    Pick: _Compiler.pick,
    Contract: _Compiler.contract,
    Apply: _Compiler.apply,
}
