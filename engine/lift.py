"""From a region's formula to its array program: each reference becomes a window that moves with the fill's loops.

A formula is lifted only where the array program is known to mean the same as the cell-by-cell definition; otherwise
`Unliftable` says why, and the region's cells are computed one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, FormulaKind, Workbook
from sheetgrad.sheets.records import record, replaced
from sheetgrad.sheets.values import Error, Scalar

from . import syntax
from .call import WrongArity, parameters
from .functions import find
from .ir import (
    Apply,
    Argument,
    Choose,
    Const,
    ConstArray,
    Given,
    Growing,
    Indirect,
    Node,
    Offset,
    Operate,
    Pick,
    Place,
    Pool,
    Recover,
    Scattered,
    Select,
    View,
)
from .lexer import FormulaError
from .looping import Decline
from .names import Names
from .parser import parse
from .passes import RUNNING
from .regions import Region
from .spelling import Spelling
from .trees import RANDOM, children, random_calls

MOST_NAMES, MOST_UNFOLDED = 16, 1024  # names within names, and all that a formula comes to
ARITHMETIC = frozenset("+-*/^&=<>") | {"<>", "<=", ">="}


class Unliftable(Exception):
    """A formula, or a part of one, has no array program; the message says why."""


@record
class Affine:
    """A whole number that moves along loops: ``start + sum(index[l] * steps[l])``."""

    start: int
    steps: tuple[int, ...]

    def bounds(self, counts: Sequence[int]) -> tuple[int, int]:
        """Return the least and the greatest value over all loops."""
        ends = [(count - 1) * step for count, step in zip(counts, self.steps, strict=True)]
        return self.start + sum(min(end, 0) for end in ends), self.start + sum(max(end, 0) for end in ends)

    def __sub__(self, other: Affine) -> Affine:
        return Affine(self.start - other.start, tuple(a - b for a, b in zip(self.steps, other.steps, strict=True)))


SCATTERED = Affine(-1, ())  # stands for a coordinate that follows no loop


@record
class Window:
    """A reference with moving corners, both inclusive."""

    sheet: int
    top: Affine
    left: Affine
    bottom: Affine
    right: Affine
    whole_columns: bool = False
    whole_rows: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: its slots, whether arrays are evaluated as arrays, and LET's names."""

    slots: tuple[tuple[Affine, Affine], ...]
    arrays: bool
    lets: dict[str, Node] = field(default_factory=dict)
    depth: int = 0
    by_parameter: bool = False  # only a parameter around the expression wants arrays

    @property
    def forced(self) -> Scope:
        """The scope inside a parameter that makes its argument an array."""
        return self if self.arrays else replaced(self, arrays=True, by_parameter=True)

    @property
    def condition(self) -> Scope:
        """The scope of IF's condition: a parameter around it, as SUMPRODUCT's, does not make that an array."""
        return replaced(self, arrays=False, by_parameter=False) if self.by_parameter else self


REFERRING = frozenset(
    {syntax.Cell, syntax.Rectangle, syntax.ColumnSpan, syntax.RowSpan, syntax.Structured, syntax.Binary, syntax.Name}
)
SPELLED = frozenset({syntax.Cell, syntax.Rectangle, syntax.ColumnSpan, syntax.RowSpan, syntax.Name})
Special: TypeAlias = "Callable[[Lifter, syntax.Call, Scope], Node]"


class Lifter:
    """Lifts the formula of one region."""

    def __init__(self, workbook: Workbook, names: Names, region: Region, used: tuple[int, int], pool: Pool) -> None:
        self.workbook = workbook
        self.names = names
        self.region = region
        self.unfolded = 0
        self.used = used  # rows and columns that are used on any sheet: whole rows and columns end there
        self.pool = pool
        self.spelling = Spelling(workbook, names, region.sheet, used)
        self._origin: list[int] = region.origin.tolist()
        self._steps = tuple(zip(*region.steps.tolist(), strict=True)) or ((),) * len(self._origin)

    @cached_property
    def _draws(self) -> dict[int, int]:
        return {id(call): index for index, call in enumerate(random_calls(self.region.formula.tree))}

    def lift(self) -> Node:
        """Return the region's array program; raises `Unliftable`."""
        arrays = self.region.kind in (FormulaKind.ARRAY, FormulaKind.DYNAMIC)
        scope = Scope(tuple(self._slot(k) for k in range(len(self.region.formula.slots))), arrays)
        try:
            return self.value(self.region.formula.tree, scope)
        except RecursionError:
            raise Unliftable("the formula is nested too deeply") from None

    # references

    def _affine(self, index: int) -> Affine:
        if index in self.region.tables:
            return SCATTERED
        return Affine(self._origin[index], self._steps[index])

    def _slot(self, slot: int) -> tuple[Affine, Affine]:
        return self._affine(2 + 2 * slot), self._affine(3 + 2 * slot)

    @property
    def place(self) -> tuple[Affine, Affine]:
        """The row and column of the cell itself."""
        return self._affine(0), self._affine(1)

    def fixed(self, value: int) -> Affine:
        return Affine(value, (0,) * len(self.region.counts))

    def sheets(self, prefix: syntax.Prefix | None) -> tuple[int, ...]:
        """Return the sheets a prefix names: one, or several for a 3-D reference."""
        if prefix is None:
            return (self.region.sheet,)
        if prefix.book is not None:
            raise Unliftable("reference to another workbook")
        ends = [self.workbook.sheet_index(name) for name in (prefix.sheet, prefix.last or prefix.sheet)]
        if ends[0] is None or ends[1] is None:
            raise Unliftable(f"there is no sheet {prefix.sheet!r}")
        return tuple(range(min(ends[0], ends[1]), max(ends[0], ends[1]) + 1))

    def windows(self, node: syntax.Node, scope: Scope) -> list[Window] | None:
        """Return the windows of a reference (several: a union or a 3-D reference), or None for anything else."""
        if type(node) not in REFERRING:
            return self._spelled(node, scope) if isinstance(node, syntax.Call) and node.name == "INDIRECT" else None
        if self.region.tables and self.scattered(node, scope) is not None:
            return None
        match node:
            case syntax.Cell(slot, prefix):
                row, column = scope.slots[slot]
                return [Window(sheet, row, column, row, column) for sheet in self.sheets(prefix)]
            case syntax.Rectangle(first, last, prefix):
                (top, left), (bottom, right) = self._ordered(scope.slots[first], scope.slots[last])
                return [Window(sheet, top, left, bottom, right) for sheet in self.sheets(prefix)]
            case syntax.ColumnSpan(first, last, prefix):
                left, right = self._in_order(scope.slots[first][1], scope.slots[last][1])
                top, bottom = self.fixed(0), self.fixed(MAX_ROWS - 1)
                return [Window(sheet, top, left, bottom, right, whole_columns=True) for sheet in self.sheets(prefix)]
            case syntax.RowSpan(first, last, prefix):
                top, bottom = self._in_order(scope.slots[first][0], scope.slots[last][0])
                left, right = self.fixed(0), self.fixed(MAX_COLUMNS - 1)
                return [Window(sheet, top, left, bottom, right, whole_rows=True) for sheet in self.sheets(prefix)]
            case syntax.Structured():
                return self._structured(node)
            case syntax.Binary(",", left, right):
                parts = self.windows(left, scope), self.windows(right, scope)
                return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]
            case syntax.Name(name, prefix) if name.casefold() not in scope.lets:
                tree, inner = self._named(name, prefix, scope)
                return self.windows(tree, inner)
        return None

    def _spelled(self, call: syntax.Call, scope: Scope) -> list[Window] | None:
        """Return the windows of INDIRECT of a text that stands in the formula, if it spells a reference."""
        text = call.arguments[0] if 1 <= len(call.arguments) <= 2 else None
        if not isinstance(text, syntax.Text):
            return None
        if not _in_a1_style(call):
            return self._spelled_by_numbers(text.value)
        try:
            formula = parse(text.value.strip())
        except FormulaError:
            return None
        if type(formula.tree) not in SPELLED or text.value.lstrip().startswith("="):
            return None
        slots = tuple((self.fixed(slot.row), self.fixed(slot.column)) for slot in formula.slots)
        return self.windows(formula.tree, replaced(scope, slots=slots, lets={}))

    def _spelled_by_numbers(self, text: str) -> list[Window] | None:
        """Return the window of a text in R1C1 style, which may move with the cell itself."""
        try:
            sheet, *numbers = self.spelling.one(text, a1=False)
        except Decline as reason:
            raise Unliftable(str(reason)) from None
        if sheet < 0:
            return None
        own = (*self.place, *self.place)
        corners = [
            Affine(number + place.start, place.steps) if relative else self.fixed(number)
            for number, relative, place in zip(numbers[:4], numbers[4:], own, strict=True)
        ]
        for edge, most in zip(corners, (MAX_ROWS, MAX_COLUMNS) * 2, strict=True):
            low, high = edge.bounds(self.region.counts)
            if low < 0 or high >= most:
                raise Unliftable("INDIRECT of cells off the sheet")
        (top, left), (bottom, right) = self._ordered((corners[0], corners[1]), (corners[2], corners[3]))
        return [Window(sheet, top, left, bottom, right)]

    def scattered(self, node: syntax.Node, scope: Scope) -> Scattered | None:
        """Return the node that gathers a reference which follows no loop, or None for any other."""
        match node:
            case syntax.Cell(slot, prefix):
                first = last = slot
            case syntax.Rectangle(first, last, prefix):
                pass
            case _:
                return None
        if SCATTERED not in (*scope.slots[first], *scope.slots[last]):
            return None
        sheets = self.sheets(prefix)
        sizes = [
            self.region.coordinate(2 + 2 * last + axis) - self.region.coordinate(2 + 2 * first + axis)
            for axis in (0, 1)
        ]
        if len(sheets) > 1 or any((size != size.flat[0]).any() or size.flat[0] < 0 for size in sizes):
            raise Unliftable("ranges of differing sizes that follow no pattern")
        height, width = (int(size.flat[0]) + 1 for size in sizes)
        return self.pool(Scattered(sheets[0], first, height, width))

    def _in_order(self, first: Affine, last: Affine) -> tuple[Affine, Affine]:
        low, high = (last - first).bounds(self.region.counts)
        if low >= 0:
            return first, last
        if high <= 0:
            return last, first
        raise Unliftable("the corners of a range change sides")

    def _ordered(
        self, first: tuple[Affine, Affine], last: tuple[Affine, Affine]
    ) -> tuple[tuple[Affine, Affine], tuple[Affine, Affine]]:
        top, bottom = self._in_order(first[0], last[0])
        left, right = self._in_order(first[1], last[1])
        return (top, left), (bottom, right)

    def _structured(self, node: syntax.Structured) -> list[Window]:
        row, column = self.place
        low, high = row.bounds(self.region.counts)
        areas = self.names.areas(node, self.region.sheet, low, column.start)
        if node.this_row:
            last = self.names.areas(node, self.region.sheet, high, column.start)
            if isinstance(areas, Error) or isinstance(last, Error):
                raise Unliftable("a structured reference outside its table")
            return [Window(area.sheet, row, self.fixed(area.left), row, self.fixed(area.right - 1)) for area in areas]
        if isinstance(areas, Error):
            raise Unliftable("a structured reference that names nothing")
        return [self._still(area.sheet, area.top, area.left, area.bottom - 1, area.right - 1) for area in areas]

    def _still(self, sheet: int, top: int, left: int, bottom: int, right: int) -> Window:
        return Window(sheet, self.fixed(top), self.fixed(left), self.fixed(bottom), self.fixed(right))

    def _named(self, name: str, prefix: syntax.Prefix | None, scope: Scope) -> tuple[syntax.Node, Scope]:
        """Return the tree of a defined name and the scope it is read in."""
        (sheet,) = self.sheets(prefix)
        defined = self.names.find(name, sheet)
        if defined is None:
            raise Unliftable(f"the name {name!r} is not defined")
        if scope.depth > MOST_NAMES:
            raise Unliftable(f"the name {name!r} leads back to itself")
        self.unfolded += 1
        if self.unfolded > MOST_UNFOLDED:
            raise Unliftable(f"names within names, more than {MOST_UNFOLDED:,} altogether")
        try:
            formula = parse(defined.text)
        except FormulaError as error:
            raise Unliftable(f"the name {name!r} is malformed: {error}") from None
        slots = []
        for slot in formula.slots:
            if not (slot.row_absolute and slot.column_absolute):
                raise Unliftable(f"the name {name!r} is relative to the cell")
            slots.append((self.fixed(slot.row), self.fixed(slot.column)))
        return formula.tree, replaced(scope, slots=tuple(slots), depth=scope.depth + 1, lets={}, arrays=True)

    def view(self, window: Window, cut: bool = True) -> View | Growing:
        """Return the node that reads a window; ``cut``: whole rows and columns end where the workbook's cells do."""
        steps = tuple(zip(window.top.steps, window.left.steps, strict=True))
        last_steps = tuple(zip(window.bottom.steps, window.right.steps, strict=True))
        bottom = min(window.bottom.start, self.used[0] - 1) if window.whole_columns and cut else window.bottom.start
        right = min(window.right.start, self.used[1] - 1) if window.whole_rows and cut else window.right.start
        height, width = max(bottom - window.top.start + 1, 1), max(right - window.left.start + 1, 1)
        row, column = window.top.start, window.left.start
        if steps == last_steps:
            return self.pool(View(window.sheet, row, column, height, width, steps))
        return self.pool(Growing(window.sheet, row, column, height, width, steps, last_steps))

    def intersected(self, window: Window) -> Node:
        """Return the one cell of a window in the row or column of the cell itself (implicit intersection)."""
        tall, wide = (window.bottom.start > window.top.start), (window.right.start > window.left.start)
        if window.top.steps != window.bottom.steps or window.left.steps != window.right.steps:
            raise Unliftable("implicit intersection of a range that grows")
        if not tall and not wide:
            return self.view(window)
        if tall and wide:
            return Const(Error.VALUE)
        own = self.place[0] if tall else self.place[1]
        first, last = (window.top, window.bottom) if tall else (window.left, window.right)
        before, after = (own - first).bounds(self.region.counts), (last - own).bounds(self.region.counts)
        if before[1] < 0 or after[1] < 0:
            return Const(Error.VALUE)
        if before[0] < 0 or after[0] < 0:
            raise Unliftable("implicit intersection fails for a part of the fill")
        if tall:
            return self.view(Window(window.sheet, own, window.left, own, window.right))
        return self.view(Window(window.sheet, window.top, own, window.bottom, own))

    def reads(self) -> tuple[tuple[View | Growing, ...], bool]:
        """Return what the formula may read when it is not lifted, and whether it may read anything at all."""
        scope = Scope(tuple(self._slot(k) for k in range(len(self.region.formula.slots))), arrays=True)
        found: list[Window] = []
        known = self._collect(self.region.formula.tree, scope, found)
        return tuple(dict.fromkeys(self.view(window) for window in found)), not known

    def _collect(self, root: syntax.Node, scope: Scope, found: list[Window]) -> bool:
        """Add the windows of all references in a tree; return whether these are all it can read."""
        known = True
        stack = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, syntax.Call) and node.name in ("OFFSET", "INDIRECT"):
                known = False
            try:
                if isinstance(node, syntax.Name):
                    tree, inner = self._named(node.name, node.prefix, scope)
                    known &= self._collect(tree, inner, found)
                    continue
                if isinstance(node, syntax.Binary) and node.operator == ":":
                    inside: list[Window] = []
                    known &= self._collect(node.left, scope, inside) and self._collect(node.right, scope, inside)
                    found += self._around(inside)
                    continue
                windows = self.windows(node, scope)
            except Unliftable:
                known &= not isinstance(node, syntax.Name) or self.names.find(node.name, self.region.sheet) is None
                windows = []
            if windows is None and isinstance(node, syntax.Cell | syntax.Rectangle):
                found += self._around_tables(node)
            elif windows is None:
                stack += children(node)
            else:
                found += windows
        return known

    def _around_tables(self, node: syntax.Cell | syntax.Rectangle) -> list[Window]:
        """Return one window over all cells that a reference without a pattern may meet."""
        ends = (node.slot,) if isinstance(node, syntax.Cell) else (node.first, node.last)
        rows, columns = ([self.region.coordinate(2 + 2 * end + axis) for end in ends] for axis in (0, 1))
        top, bottom = min(int(each.min()) for each in rows), max(int(each.max()) for each in rows)
        left, right = min(int(each.min()) for each in columns), max(int(each.max()) for each in columns)
        return [self._still(sheet, top, left, bottom, right) for sheet in self.sheets(node.prefix)]

    def _around(self, windows: list[Window]) -> list[Window]:
        """Return one window that holds all others (they lie on one sheet, or the range is an error)."""
        if not windows:
            return []
        low = [tuple(edge.bounds(self.region.counts)[0] for edge in (w.top, w.left)) for w in windows]
        high = [tuple(edge.bounds(self.region.counts)[1] for edge in (w.bottom, w.right)) for w in windows]
        top, left = (self.fixed(min(corner[axis] for corner in low)) for axis in (0, 1))
        bottom, right = (self.fixed(max(corner[axis] for corner in high)) for axis in (0, 1))
        return [Window(windows[0].sheet, top, left, bottom, right)]

    # values

    def value(self, node: syntax.Node, scope: Scope) -> Node:
        """Lift an expression where one value is expected: references are intersected unless arrays are wanted."""
        if isinstance(node, syntax.Binary) and node.operator in ARITHMETIC:
            return self.pool(Operate(node.operator, (self.value(node.left, scope), self.value(node.right, scope))))
        if isinstance(node, syntax.Cell) and node.prefix is None and not self.region.tables:
            return self._cell(*scope.slots[node.slot])
        if isinstance(node, syntax.Number):
            return self.pool(Const(node.value))
        windows = self.windows(node, scope)
        if windows is not None:
            if len(windows) != 1:
                raise Unliftable("a union or 3-D reference where a value is expected")
            if not scope.arrays:
                return self.intersected(windows[0])
            return self._fixed_size(self.view(windows[0]))
        lifted = self._expression(node, scope)
        if not scope.arrays and isinstance(lifted, Indirect):
            return self.taken(lifted, "cell")
        if not scope.arrays and isinstance(lifted, View | Growing) and (lifted.height, lifted.width) != (1, 1):
            raise Unliftable("implicit intersection of a computed reference")
        if not scope.arrays and _is_line(lifted):
            raise Unliftable("implicit intersection of a computed reference")
        return lifted

    def _cell(self, row: Affine, column: Affine) -> Node:
        """Lift a cell of the region's own sheet."""
        steps = tuple(zip(row.steps, column.steps, strict=True))
        return self.pool(View(self.region.sheet, row.start, column.start, 1, 1, steps))

    def whole(self, node: syntax.Node, scope: Scope, cut: bool = True) -> list[Node]:
        """Lift an argument that takes whole ranges; several nodes for unions and 3-D references."""
        windows = self.windows(node, scope)
        if windows is not None:
            return [self.view(window, cut) for window in windows]
        return [self._expression(node, scope)]

    def taken(self, node: Node, takes: str) -> Node:
        """Say what the areas may be like that only a run tells."""
        return self.pool(replaced(node, takes=takes)) if isinstance(node, Offset | Indirect) else node

    @staticmethod
    def _fixed_size(node: Node) -> Node:
        if isinstance(node, Growing):
            raise Unliftable("a range that grows along the fill")
        return node

    def _expression(self, node: syntax.Node, scope: Scope) -> Node:
        if isinstance(node, syntax.Call):
            return self._call(node, scope)
        match node:
            case syntax.Number(value) | syntax.Text(value) | syntax.Logical(value) | syntax.ErrorLiteral(value):
                return self.pool(Const(value))
            case syntax.Given(index):
                return self.pool(Given(index, tuple(range(len(self.region.counts)))))
            case syntax.Missing():
                return self.pool(Const(None))
            case syntax.ArrayConstant(rows):
                return self.pool(ConstArray(tuple(tuple(Const(item.value) for item in row) for row in rows)))
            case syntax.Unary("@", operand):
                if self.windows(operand, scope) is None:
                    raise Unliftable("@ of what is computed")
                return self.value(operand, replaced(scope, arrays=False))
            case syntax.Unary("#", _):
                raise Unliftable("a spill reference")
            case syntax.Unary(operator, operand):
                return self.pool(Operate(f"unary {operator}", (self.value(operand, scope),)))
            case syntax.Binary(operator, _, _) if operator in ARITHMETIC:
                return self.value(node, scope)
            case syntax.Binary():
                raise Unliftable("a computed range")
            case syntax.Cell() | syntax.Rectangle():
                found = self.scattered(node, scope)
                assert found is not None, "other references are windows"
                return found
            case syntax.Name(name, prefix):
                if name.casefold() in scope.lets:
                    return scope.lets[name.casefold()]
                tree, inner = self._named(name, prefix, scope)
                return self.value(tree, inner)
        raise Unliftable(f"{type(node).__name__} has no array form")

    def _call(self, call: syntax.Call, scope: Scope) -> Node:
        special = SPECIAL.get(call.name)
        if special is not None:
            return special(self, call, scope)
        function = find(call.name)
        if function is None:
            raise Unliftable(f"{call.name} is not a function it has")
        if function.shape == "special":
            raise Unliftable(f"{call.name} has no array form")
        try:
            expected = parameters(function, len(call.arguments))[: len(call.arguments)]
        except WrongArity as error:
            raise Unliftable(str(error)) from None
        arguments: list[Argument] = []
        for argument, parameter in zip(call.arguments, expected, strict=True):
            first = arguments[0].node if arguments else None
            arguments += self._arguments(argument, parameter.marker, scope, first, call.name)
        draw = self._draws[id(call)] if call.name in RANDOM and id(call) in self._draws else -1
        return self.pool(Apply(call.name, tuple(arguments), draw))

    def _arguments(self, node: syntax.Node, marker: str, scope: Scope, first: Node | None, name: str) -> list[Argument]:
        if isinstance(node, syntax.Missing):
            return [Argument(self.pool(Const(None)), missing=True)]
        if marker in ("number", "strict", "text", "logical", "any"):
            lifted = self.value(node, scope)
            return [Argument(lifted, from_reference=is_reference(lifted))]
        if marker in ("reference", "lambda"):
            raise Unliftable(f"{name} takes a {marker}")
        inner = scope.forced if marker in ("array", "matrix") else scope
        nodes = self.whole(node, inner, cut=name not in COUNTED_BEYOND)
        if len(nodes) > 1 and marker not in ("numbers", "numbers_a", "counted", "stricts", "logicals"):
            raise Unliftable(f"{name} of a union or 3-D reference")
        if name in RESIZED and isinstance(first, View | Growing) and isinstance(nodes[0], View | Growing):
            nodes = [self.pool(_resized(nodes[0], first))]
        if marker not in ("array", "matrix"):
            takes = "areas" if marker == "numbers" else "whole" if name in COUNTED_BEYOND else "range"
            nodes = [self.taken(part, takes) for part in nodes]
        if marker not in ("array", "matrix", "range") and any(map(_chooses_kinds, nodes)):
            raise Unliftable("a choice between a reference and a value")
        if any(isinstance(part, Growing) for part in nodes) and name not in RUNNING | WINDOWED:
            raise Unliftable(f"{name} of a range that grows along the fill")
        return [Argument(part, from_reference=is_reference(part)) for part in nodes]


def _resized(node: View | Growing, like: View | Growing) -> View | Growing:
    """Return a range from the same first corner, as large as another."""
    if isinstance(like, View):
        return View(node.sheet, node.row, node.column, like.height, like.width, node.steps)
    last_steps = tuple(
        (own[0] + last[0] - first[0], own[1] + last[1] - first[1])
        for own, first, last in zip(node.steps, like.steps, like.last_steps, strict=True)
    )
    return Growing(node.sheet, node.row, node.column, like.height, like.width, node.steps, last_steps)


def is_reference(node: Node) -> bool:
    """Tell whether a node's values come straight from cells (SUM's rule differs for them)."""
    if type(node) in (Operate, Const, Apply):
        return False
    match node:
        case View() | Growing() | Offset() | Indirect() | Scattered():
            return True
        case Pick(table, _, _):
            return is_reference(table)
        case Select() | Choose():
            parts = _options(node)
            read = [is_reference(part) for part in parts]
            return any(read) and all(own or _is_number(part) for own, part in zip(read, parts, strict=True))
    return False


def _options(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(_, then, otherwise):
            return then, otherwise
        case Choose(_, options):
            return options
    return ()


def _is_number(node: Node) -> bool:
    """Tell whether a node gives a number or an error, which SUM takes alike from a cell and by itself."""
    match node:
        case Const(value):
            return isinstance(value, Error | float)
        case Operate(operator, _):
            return operator in ("+", "-", "*", "/", "^", "unary -", "unary %")
    return False


def _chooses_kinds(node: Node) -> bool:
    """Tell whether a node is a reference for some cells of a fill, and for others a value that SUM takes otherwise."""
    parts = _options(node)
    return bool(parts) and not is_reference(node) and any(is_reference(part) or _chooses_kinds(part) for part in parts)


def _is_line(node: Node) -> bool:
    if type(node) in (Operate, Const, Apply):
        return False
    match node:
        case Pick(_, row, column):
            return row is None or column is None
        case Offset(height=height, width=width) | Scattered(height=height, width=width):
            return (height, width) != (1, 1)
        case Select(_, then, otherwise):
            return any(
                _is_line(part) or (isinstance(part, View) and (part.height, part.width) != (1, 1))
                for part in (then, otherwise)
            )
    return False


# Special forms


def _if(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    _expect(call, 2, 3)
    condition = lifter.value(call.arguments[0], scope.condition)
    then = _branch(lifter, call.arguments[1], scope)
    otherwise = _branch(lifter, call.arguments[2], scope) if len(call.arguments) > 2 else Const(False)
    return lifter.pool(Select(condition, then, otherwise))


def _branch(lifter: Lifter, node: syntax.Node, scope: Scope) -> Node:
    """Lift a branch: an empty one is 0; a whole range only where arrays are wanted."""
    if isinstance(node, syntax.Missing):
        return lifter.pool(Const(0.0))
    windows = None if scope.arrays else lifter.windows(node, scope)
    if windows is not None and any(_size(lifter, window) != (1, 1) for window in windows):
        raise Unliftable("a choice of ranges")
    return lifter.value(node, scope)


def _size(lifter: Lifter, window: Window) -> tuple[int, int]:
    view = lifter.view(window)
    return view.height, view.width


def _ifs(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    if len(call.arguments) % 2 or not call.arguments:
        raise Unliftable("IFS with an odd number of arguments")
    result: Node = lifter.pool(Const(Error.NA))
    for at in range(len(call.arguments) - 2, -1, -2):
        condition = lifter.value(call.arguments[at], scope)
        result = lifter.pool(Select(condition, _branch(lifter, call.arguments[at + 1], scope), result))
    return result


def _switch(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    if len(call.arguments) < 3:
        raise Unliftable("SWITCH with too few arguments")
    subject, rest = lifter.value(call.arguments[0], scope), call.arguments[1:]
    has_default = len(rest) % 2 == 1
    result = _branch(lifter, rest[-1], scope) if has_default else lifter.pool(Const(Error.NA))
    for at in range(len(rest) - 2 - has_default, -1, -2):
        same = lifter.pool(Operate("=", (subject, lifter.value(rest[at], scope))))
        result = lifter.pool(Select(same, _branch(lifter, rest[at + 1], scope), result))
    return result


def _choose(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    _expect(call, 2, 255)
    index = lifter.value(call.arguments[0], scope)
    return lifter.pool(Choose(index, tuple(_branch(lifter, option, scope) for option in call.arguments[1:])))


def _recover(only_na: bool) -> Special:
    def lift(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
        _expect(call, 2, 2)
        value = _branch(lifter, call.arguments[0], scope.condition)
        fallback = _branch(lifter, call.arguments[1], scope)
        return lifter.pool(Recover(value, fallback, only_na))

    return lift


def _place(axis: int) -> Special:
    def lift(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
        _expect(call, 0, 1)
        if not call.arguments:
            own = lifter.place[axis]
            return lifter.pool(Place(axis, own.start + 1, own.steps))
        window = _one_window(lifter, call.arguments[0], scope, call.name)
        view = lifter.view(window)
        if isinstance(view, Growing):
            raise Unliftable(f"{call.name} of a range that grows")
        first, count = (window.top, view.height) if axis == 0 else (window.left, view.width)
        return lifter.pool(Place(axis, first.start + 1, first.steps, count if scope.arrays else 1))

    return lift


def _extent(axis: int) -> Special:
    def lift(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
        _expect(call, 1, 1)
        window = _one_window(lifter, call.arguments[0], scope, call.name)
        count = window.bottom - window.top if axis == 0 else window.right - window.left
        if not any(count.steps):
            return lifter.pool(Const(float(count.start + 1)))
        return lifter.pool(Place(axis, count.start + 1, count.steps))

    return lift


def _index(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    _expect(call, 2, 3)
    tables = lifter.whole(call.arguments[0], scope.forced)
    if len(tables) != 1:
        raise Unliftable("INDEX of a union")
    table = lifter.taken(tables[0], "range")
    numbers = [_line_number(lifter, argument, scope) for argument in call.arguments[1:]]
    if numbers == [None]:
        numbers = [None, None]
    elif len(numbers) == 1:
        wide = _may_be_wide(table)
        if wide and not (isinstance(table, View | Growing) and table.height == 1):
            raise Unliftable("INDEX with one number of a table")
        one = lifter.pool(Const(1.0))
        numbers = [one, numbers[0]] if wide else [numbers[0], one]
    if isinstance(table, Growing) and None in numbers:
        raise Unliftable("INDEX of a whole line of a range that grows")
    if isinstance(table, View):
        numbers = [
            None if n is None and size > 1 else n or lifter.pool(Const(1.0))
            for n, size in zip(numbers, (table.height, table.width), strict=True)
        ]
    return lifter.pool(Pick(table, numbers[0], numbers[1]))


def _may_be_wide(table: Node) -> bool:
    """Tell whether a table may have more than one column (then one number means a column of a single row)."""
    if isinstance(table, Growing):
        return table.width > 1 or any(
            first[1] != last[1] for first, last in zip(table.steps, table.last_steps, strict=True)
        )
    return not isinstance(table, View) or table.width > 1


def _line_number(lifter: Lifter, node: syntax.Node, scope: Scope) -> Node | None:
    """Lift a row or column number; None where it is 0 or empty: the whole line."""
    if isinstance(node, syntax.Missing) or (isinstance(node, syntax.Number) and node.value == 0):
        return None
    return lifter.value(node, scope)


def _offset(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    _expect(call, 3, 5)
    base = lifter.view(_one_window(lifter, call.arguments[0], scope, "OFFSET"))
    if isinstance(base, Growing):
        raise Unliftable("OFFSET from a range that grows")
    size = [base.height, base.width]
    for at, argument in enumerate(call.arguments[3:]):
        if isinstance(argument, syntax.Missing):
            continue
        given = _whole_number(argument)
        if given is None or given < 1:
            raise Unliftable("OFFSET with a computed size")
        size[at] = given
    moves = [0 if isinstance(argument, syntax.Missing) else _whole_number(argument) for argument in call.arguments[1:3]]
    if moves[0] is not None and moves[1] is not None and base.row + moves[0] >= 0 and base.column + moves[1] >= 0:
        return lifter.pool(View(base.sheet, base.row + moves[0], base.column + moves[1], size[0], size[1], base.steps))
    inner = replaced(scope, arrays=False)
    rows, columns = (
        lifter.pool(Const(0.0)) if isinstance(argument, syntax.Missing) else lifter.value(argument, inner)
        for argument in call.arguments[1:3]
    )
    return lifter.pool(Offset(base, rows, columns, size[0], size[1]))


def _indirect(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    _expect(call, 1, 2)
    text = lifter.value(call.arguments[0], scope)
    return lifter.pool(Indirect(text, _in_a1_style(call), lifter.spelling, "cells"))


def _in_a1_style(call: syntax.Call) -> bool:
    match call.arguments[1:]:
        case ():
            return True
        case (syntax.Missing(),):
            return False
        case (syntax.Logical(value) | syntax.Number(value),):
            return bool(value)
        case (syntax.Call("TRUE" | "FALSE", ()),):
            return call.arguments[1] == syntax.Call("TRUE", ())
    raise Unliftable("INDIRECT in a computed style")


def _whole_number(node: syntax.Node) -> int | None:
    match node:
        case syntax.Number(value):
            return int(value)
        case syntax.Unary("-", syntax.Number(value)):
            return -int(value)
    return None


def _let(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
    if len(call.arguments) < 3 or len(call.arguments) % 2 == 0:
        raise Unliftable("LET with an even number of arguments")
    lets = dict(scope.lets)
    for name, value in zip(call.arguments[:-1:2], call.arguments[1:-1:2], strict=True):
        if not isinstance(name, syntax.Name):
            raise Unliftable("LET without a name")
        if isinstance(value, syntax.Call) and value.name == "LAMBDA":
            raise Unliftable("LAMBDA has no array form")
        inner = replaced(scope, lets=dict(lets))
        (lets[name.name.casefold()],) = lifter.whole(value, inner)
    return lifter.value(call.arguments[-1], replaced(scope, lets=lets))


def _constant(value: Scalar) -> Special:
    def lift(lifter: Lifter, call: syntax.Call, scope: Scope) -> Node:
        _expect(call, 0, 0)
        return lifter.pool(Const(value))

    return lift


def _one_window(lifter: Lifter, node: syntax.Node, scope: Scope, name: str) -> Window:
    windows = lifter.windows(node, scope)
    if windows is None or len(windows) != 1:
        raise Unliftable(f"{name} of a computed reference")
    return windows[0]


def _expect(call: syntax.Call, least: int, most: int) -> None:
    if not least <= len(call.arguments) <= most:
        raise Unliftable(f"{call.name} with {len(call.arguments)} arguments")


SPECIAL: dict[str, Special] = {
    "IF": _if,
    "IFS": _ifs,
    "SWITCH": _switch,
    "CHOOSE": _choose,
    "IFERROR": _recover(only_na=False),
    "IFNA": _recover(only_na=True),
    "ROW": _place(0),
    "COLUMN": _place(1),
    "ROWS": _extent(0),
    "COLUMNS": _extent(1),
    "INDEX": _index,
    "OFFSET": _offset,
    "INDIRECT": _indirect,
    "LET": _let,
    "TRUE": _constant(True),
    "FALSE": _constant(False),
    "PI": _constant(float(np.pi)),
    "NA": _constant(Error.NA),
}

COUNTED_BEYOND = frozenset({"COUNTBLANK", "COUNTIF", "COUNTIFS"})  # empty cells beyond all others count, too
RESIZED = frozenset({"SUMIF", "AVERAGEIF"})  # the third argument takes the size of the first
WINDOWED = frozenset(  # their ranges may grow along a fill
    {"COUNTIF", "COUNTIFS", "SUMIF", "SUMIFS", "AVERAGEIF", "AVERAGEIFS", "MAXIFS", "MINIFS", "MATCH"}
)
