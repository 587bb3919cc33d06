"""Evaluating one formula: a walk over its tree that yields values and references.

What a node means is here; what order cells come in is `reference`'s, what operators and functions do with values is
`operators`' and `call`'s, and the functions that take references, lambdas or only some of their arguments are in
`special_forms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area, FormulaKind
from sheetgrad.sheets.values import Error, Kind, Scalar, Values

from . import operators
from .call import MISSING, Argument, WrongArity, apply, parameters
from .context import Context, Place
from .formulary import Parsed, moved_slots, read_formula
from .frames import OMITTED, Builtin, Closure, Frame, Mode, Omitted, Operand
from .functions import find
from .functions.declare import Function, Parameter
from .grid import Piece, TooManyCells
from .lexer import FormulaError
from .names import Names
from .references import Reference, clipped, implicit_cell, intersection, rectangle, span, union
from .services import Withheld
from .syntax import (
    ArrayConstant,
    Binary,
    Call,
    Cell,
    ColumnSpan,
    ErrorLiteral,
    Invoke,
    Logical,
    Missing,
    Name,
    Node,
    Number,
    Prefix,
    Rectangle,
    RowSpan,
    Structured,
    Text,
    Unary,
)
from .work import CALL, FUNCTION, OPERATOR, WorkExceeded, cost

if TYPE_CHECKING:
    from sheetgrad.sheets.pivots import Pivot

    from .reference import CellEvaluator

MAX_CALLS_DEEP = 1_024  # LAMBDA calls within one another
MAX_NAMES = 1 << 14  # defined names that one formula reads, those within names counted
MAX_NESTED_CALLS = 1 << 15  # of them, those deeper than any but recursion brings about
NESTED = 32
PIECEWISE = 1 << 16  # samples over larger areas are read block by block, without the gaps

_ARRAY_MARKERS = frozenset({"array", "matrix"})
_PLACED_MARKERS = frozenset({"array", "matrix", "range"})  # where an element stands counts
_SCALAR_MARKERS = frozenset({"number", "strict", "text", "logical", "any"})
_COUNTED_BEYOND = frozenset({"COUNTBLANK", "COUNTIF", "COUNTIFS"})  # empty cells beyond the used area count, too
_RESIZED = frozenset({"SUMIF", "AVERAGEIF"})  # their third argument takes the shape of the first
_FILLING = (FormulaKind.ARRAY, FormulaKind.DYNAMIC)


class Pending(Exception):
    """A formula reads cells whose formulas have yet to run."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__(numbers)
        self.numbers = numbers


class Unbounded(Exception):
    """LAMBDAs call one another without end; the formula gets #NUM!."""


class Evaluation:
    """Evaluates nodes for a `CellEvaluator`, which knows the grid and what has yet to run."""

    def __init__(self, cells: CellEvaluator) -> None:
        from .special_forms import FORMS

        self._forms = FORMS
        self.cells = cells
        self.workbook = cells.workbook
        self.grid = cells.grid
        self.context: Context = cells.context
        self.names = Names(cells.workbook)
        self.errors = {error: Values.of(error, cells.context.strings) for error in Error}
        self.empty = MISSING.values
        self._calls = 0
        self._nested_calls = 0
        self._unfolded = 0
        self._open: list[tuple[int | None, str]] = []
        self._named: dict[str, Parsed | None] = {}
        self._handlers: dict[type, Callable[[Any, Frame], Operand]] = {
            Number: lambda node, frame: Values(np.array([[node.value]])),
            Text: lambda node, frame: self.scalar(node.value),
            Logical: lambda node, frame: self.scalar(node.value),
            ErrorLiteral: lambda node, frame: self.errors[node.value],
            Missing: lambda node, frame: self.empty,
            ArrayConstant: self._array_constant,
            Cell: self._cell,
            Rectangle: self._rectangle,
            ColumnSpan: self._columns,
            RowSpan: self._rows,
            Name: self._name,
            Structured: self._structured,
            Unary: self._unary,
            Binary: self._binary,
            Call: self._call,
            Invoke: self._invoke,
        }

    # A formula

    def formula(self, tree: Node, frame: Frame) -> Values:
        """Return the value of a whole formula: (1, 1) for an ordinary one. Its cell's own errors become values here."""
        self._calls = self._nested_calls = self._unfolded = 0
        self._open.clear()
        row, column = np.array([[frame.row]]), np.array([[frame.column]])
        self.context.place = Place(frame.sheet, row, column)
        self.context.draws = 0
        try:
            operand = self._binary(tree, frame, final=True) if isinstance(tree, Binary) else self.evaluate(tree, frame)
            values = self.settle(operand, frame)
        except Withheld:
            return self._stored(frame)
        except WorkExceeded:
            self.cells.outcome.exhausted.add((frame.sheet, frame.row, frame.column))
            return self.errors[Error.NUM]
        except (TooManyCells, Unbounded, RecursionError, MemoryError, ArithmeticError):
            return self.errors[Error.NUM]
        if frame.mode == Mode.SCALAR and values.data.size > 1:
            return element(values, 0, 0)
        return values

    def _stored(self, frame: Frame) -> Values:
        """Return the stored value of a formula that needs what is not in the file."""
        key = frame.sheet, frame.row, frame.column
        number = self.cells.formulas.at(key)
        assert number is not None
        self.cells.outcome.external.add(key)
        values = self.grid.read(self.cells.formulas.area(self.cells.formulas.entry(number)))
        return self.errors[Error.CONNECT] if (values.kinds == Kind.EMPTY).all() else values

    def evaluate(self, node: Node, frame: Frame) -> Operand:
        """Evaluate a node to values, a reference or a function; references are not yet read."""
        return self._handlers[type(node)](node, frame)

    def values(self, node: Node, frame: Frame) -> Values:
        """Evaluate a node to values; in scalar mode references intersect with the formula's cell."""
        return self.settle(self.evaluate(node, frame), frame)

    def settle(self, operand: Operand, frame: Frame) -> Values:
        """Turn an operand into values, as an argument that wants them does."""
        if isinstance(operand, Values):
            return operand
        if isinstance(operand, Reference):
            if frame.mode != Mode.SCALAR:
                return self.whole(operand)
            cell = implicit_cell(operand, frame.row, frame.column)
            return self.errors[cell] if isinstance(cell, Error) else self.read(cell)
        if isinstance(operand, Omitted):
            return self.empty
        return self.errors[Error.CALC]

    def whole(self, operand: Operand) -> Values:
        """Turn an operand into values with all cells of a reference; #VALUE! for several areas."""
        if not isinstance(operand, Reference):
            if isinstance(operand, Values):
                return operand
            return self.empty if isinstance(operand, Omitted) else self.errors[Error.CALC]
        area = operand.single
        return self.errors[Error.VALUE] if area is None else self.read(self.clip(area))

    def read(self, area: Area) -> Values:
        """Read an area of the grid, once the formulas in it have run."""
        pieces = self.grid.pieces(area)
        waiting = self.cells.marks.among(pieces)
        if waiting:
            self.cells.wait_for(waiting)
        if area.height == area.width == 1:
            return _one_cell(pieces)
        return self.grid.read(area)

    def settle_area(self, area: Area) -> None:
        """Make sure that the formulas in an area have run; `Pending` where they have not."""
        waiting = self.cells.marks.within(area)
        if waiting:
            self.cells.wait_for(waiting)

    def clip(self, area: Area) -> Area:
        """Cut whole rows and columns at the last cell that any sheet of the workbook uses."""
        if area.bottom < MAX_ROWS and area.right < MAX_COLUMNS:
            return area
        used = [self.grid.used(sheet) for sheet in range(len(self.workbook.sheets))]
        return clipped(area, max(each.bottom for each in used), max(each.right for each in used))

    def scalar(self, value: Scalar) -> Values:
        """Wrap a Python scalar."""
        return Values.of(value, self.context.strings)

    def error(self, error: Error) -> Values:
        """Return an error value, (1, 1)."""
        return self.errors[error]

    # Literals and references

    def _array_constant(self, node: ArrayConstant, frame: Frame) -> Operand:
        return Values.from_rows([[literal.value for literal in row] for row in node.rows], self.context.strings)

    def _cell(self, node: Cell, frame: Frame) -> Operand:
        row, column = frame.slots[2 * node.slot], frame.slots[2 * node.slot + 1]
        return self._placed(node.prefix, frame, (row, column, row, column))

    def _rectangle(self, node: Rectangle, frame: Frame) -> Operand:
        first, last = 2 * node.first, 2 * node.last
        slots = frame.slots
        return self._placed(node.prefix, frame, (slots[first], slots[first + 1], slots[last], slots[last + 1]))

    def _columns(self, node: ColumnSpan, frame: Frame) -> Operand:
        left, right = frame.slots[2 * node.first + 1], frame.slots[2 * node.last + 1]
        return self._placed(node.prefix, frame, (0, left, MAX_ROWS - 1, right))

    def _rows(self, node: RowSpan, frame: Frame) -> Operand:
        top, bottom = frame.slots[2 * node.first], frame.slots[2 * node.last]
        return self._placed(node.prefix, frame, (top, 0, bottom, MAX_COLUMNS - 1))

    def _placed(self, prefix: Prefix | None, frame: Frame, corners: tuple[int, int, int, int]) -> Operand:
        """Return the reference between two corners on the sheets that the prefix names."""
        if prefix is None:
            area = rectangle(frame.sheet, *corners)
            return self.errors[Error.REF] if area is None else Reference((area,))
        if prefix.book is not None and prefix.book != "0":
            return self._external(prefix, corners)
        sheets = self.sheets(prefix)
        areas = [area for sheet in sheets if (area := rectangle(sheet, *corners)) is not None]
        return Reference(tuple(areas)) if areas else self.errors[Error.REF]

    def sheets(self, prefix: Prefix) -> range:
        """Return the indices of the sheets that a prefix names; none where one does not exist."""
        first = self.workbook.sheet_index(prefix.sheet)
        last = first if prefix.last is None else self.workbook.sheet_index(prefix.last)
        if first is None or last is None:
            return range(0)
        return range(min(first, last), max(first, last) + 1)

    def _external(self, prefix: Prefix, corners: tuple[int, int, int, int]) -> Values:
        """Return cells of another workbook as the file remembers them."""
        area = rectangle(0, *corners)
        folded = prefix.sheet.casefold()
        for (book, sheet), values in self.workbook.external.items():
            if area is not None and book == prefix.book and sheet.casefold() == folded:
                return _cut(values, area)
        return self.errors[Error.REF]

    def _structured(self, node: Structured, frame: Frame) -> Operand:
        found = self.names.areas(node, frame.sheet, frame.row, frame.column)
        return self.errors[found] if isinstance(found, Error) else Reference(found)

    # Names

    def _name(self, node: Name, frame: Frame) -> Operand:
        if node.prefix is None:
            local = frame.names.get(node.name.casefold())
            if local is not None:
                return local
        elif node.prefix.book not in (None, "0"):
            return self.errors[Error.REF]
        sheet = frame.sheet
        if node.prefix is not None and node.prefix.book is None:
            index = self.workbook.sheet_index(node.prefix.sheet)
            if index is None:
                return self.errors[Error.REF]
            sheet = index
        return self._defined(node.name, sheet, frame)

    def _defined(self, word: str, sheet: int, frame: Frame) -> Operand:
        name = self.names.find(word, sheet)
        if name is None:
            table = self.names.table(word)
            if table is not None:
                return self._structured(Structured(table.name), frame)
            known = find(word.upper())
            return Builtin(word.upper()) if known is not None else self.errors[Error.NAME]
        key = name.sheet, name.name
        parsed = self.named(name.text)
        if parsed is None or key in self._open:
            return self.errors[Error.NAME]
        self._unfolded += 1
        if self._unfolded > MAX_NAMES:
            raise Unbounded
        self._open.append(key)
        slots = moved_slots(parsed.formula, frame.row, frame.column)
        try:
            return self.evaluate(
                parsed.formula.tree,
                Frame(slots, sheet, frame.row, frame.column, Mode.ARRAY, draws=parsed.draws, depth=frame.depth),
            )
        finally:
            self._open.pop()

    def named(self, text: str) -> Parsed | None:
        """Return the tree of a defined name's formula, or None where it does not parse."""
        if text not in self._named:
            try:
                self._named[text] = read_formula(text)
            except FormulaError:
                self._named[text] = None
        return self._named[text]

    # Operators

    def _unary(self, node: Unary, frame: Frame) -> Operand:
        if node.operator == "@":
            return self._single(self.evaluate(node.operand, frame.in_mode(Mode.ARRAY)), frame)
        if node.operator == "#":
            return self._spill(self.evaluate(node.operand, frame))
        values = self.values(node.operand, frame)
        if frame.depth:
            self.context.work.spend_on(OPERATOR, values)
        return operators.unary(node.operator, values, self.context)

    def _single(self, operand: Operand, frame: Frame) -> Operand:
        if isinstance(operand, Reference):
            cell = implicit_cell(operand, frame.row, frame.column)
            return self.errors[cell] if isinstance(cell, Error) else Reference((cell,))
        return element(operand, 0, 0) if isinstance(operand, Values) else operand

    def _spill(self, operand: Operand) -> Operand:
        """Return what the array formula at a reference's first cell fills; #REF! where there is none."""
        if not isinstance(operand, Reference) or operand.single is None:
            return operand if isinstance(operand, Values) and _is_error(operand) else self.errors[Error.REF]
        area = operand.single
        number = self.cells.formulas.at((area.sheet, area.top, area.left))
        if number is None:
            return self.errors[Error.REF]
        entry = self.cells.formulas.entry(number)
        if entry.key != (area.sheet, area.top, area.left) or entry.kind not in _FILLING:
            return self.errors[Error.REF]
        self.settle_area(Area(area.sheet, area.top, area.left, area.top + 1, area.left + 1))
        return Reference((self.cells.formulas.area(entry),))

    def _binary(self, node: Binary, frame: Frame, final: bool = False) -> Operand:
        # A chain a+b+c… leans to the left as deep as it is long: it is walked in a loop.
        chain: list[Binary] = []
        first: Node = node
        while isinstance(first, Binary):
            chain.append(first)
            first = first.left
        operand = self.evaluate(first, frame)
        for step in reversed(chain):
            operand = self._step(step, operand, frame, final and step is node)
        return operand

    def _step(self, node: Binary, left: Operand, frame: Frame, final: bool) -> Operand:
        if node.operator in (":", ",", " "):
            return self._combined(node.operator, left, self.evaluate(node.right, frame))
        a, b = self.settle(left, frame), self.values(node.right, frame)
        result = operators.binary(node.operator, a, b, self.context, final=final)
        if frame.depth:
            self.context.work.spend_on(OPERATOR, result)
        return result

    def _combined(self, operator: str, left: Operand, right: Operand) -> Operand:
        for operand in (left, right):
            if isinstance(operand, Values) and _is_error(operand):
                return operand
        if not isinstance(left, Reference) or not isinstance(right, Reference):
            return self.errors[Error.VALUE]
        if operator == ",":
            return union(left, right)
        found = span(left, right) if operator == ":" else intersection(left, right)
        return self.errors[found] if isinstance(found, Error) else found

    # Calls

    def _call(self, node: Call, frame: Frame) -> Operand:
        name = node.name
        if frame.names:
            local = frame.names.get(name.casefold())
            if isinstance(local, Closure | Builtin):
                return self.invoke(local, self.operands(node.arguments, frame), frame)
        form = self._forms.get(name)
        if form is not None:
            return self._checked_form(form, node, frame)
        function = find(name)
        if function is None:
            return self._call_by_name(node, frame)
        try:
            wanted = parameters(function, len(node.arguments))
        except WrongArity:
            return self.errors[Error.VALUE]
        operands = [
            None if isinstance(argument, Missing) else self._operand(argument, parameter.marker, frame)
            for parameter, argument in zip(wanted, node.arguments, strict=False)
        ]
        return self.apply(function, operands, frame, draw=frame.draws.get(id(node), 0))

    def _checked_form(self, form: Any, node: Call, frame: Frame) -> Operand:
        function = find(node.name)
        if function is not None:
            least, most = function.arity
            if len(node.arguments) < least or (most is not None and len(node.arguments) > most):
                return self.errors[Error.VALUE]
        if frame.depth:
            self.context.work.spend(FUNCTION)
        result: Operand = form(self, node.arguments, frame)
        return result

    def _operand(self, node: Node, marker: str, frame: Frame) -> Operand:
        return self.evaluate(node, frame.forced() if marker in _ARRAY_MARKERS else frame)

    def apply(
        self,
        function: Function,
        operands: Sequence[Operand | None],
        frame: Frame,
        draw: int = 0,
        *,
        called: bool = False,
    ) -> Values:
        """Call a function with evaluated operands; None is an argument left empty. Raises `WrongArity`."""
        wanted = parameters(function, len(operands))
        given = list(operands)
        if function.name in _RESIZED and len(given) > 2:
            given[2] = _resized(given[0], given[2])
        arguments = [
            MISSING if operand is None else self._argument(operand, parameter, frame)
            for parameter, operand in zip(wanted, given, strict=False)
        ]
        self.context.draws = draw + self._calls * max(len(frame.draws), 1)
        result = apply(function, arguments, self.context)
        if frame.depth or called:
            self._spend(arguments, result)
        if function.name in _COUNTED_BEYOND:
            beyond = self._beyond(operands)
            if beyond:
                return self._counting_beyond(function, arguments, result, beyond)
        return result

    def _spend(self, arguments: list[Argument], result: Values) -> None:
        self.context.work.spend_on(FUNCTION, result)
        larger = [part for argument in arguments for part in argument.parts if part.data.size > result.data.size]
        if larger:
            self.context.work.spend(sum(map(cost, larger)))

    def _beyond(self, operands: Sequence[Operand | None]) -> int:
        """Return how many cells of whole rows and columns were not read because no sheet uses them."""
        areas = [operand.areas[0] for operand in operands if isinstance(operand, Reference)]
        counts = {area.height * area.width - (read := self.clip(area)).height * read.width for area in areas}
        return max(counts, default=0) if len(counts - {0}) == 1 else 0

    def _counting_beyond(self, function: Function, arguments: list[Argument], result: Values, beyond: int) -> Values:
        """Add what a count gives for one empty cell, as many times as cells were not read."""
        markers = [parameter.marker for parameter in parameters(function, len(arguments))]
        one = [
            Argument(self.empty, reference=True) if marker == "range" else argument
            for marker, argument in zip(markers, arguments, strict=True)
        ]
        each = apply(function, one, self.context)
        return operators.binary("+", result, Values(each.data * beyond, each.kind), self.context)

    def _argument(self, operand: Operand, parameter: Parameter, frame: Frame) -> Argument:
        if not isinstance(operand, Reference):
            return Argument(self.settle(operand, frame))
        if parameter.marker in _SCALAR_MARKERS:
            return Argument(self.settle(operand, frame), reference=True)
        if operand.single is not None and (parameter.marker in _PLACED_MARKERS and not parameter.repeats):
            return Argument(self.whole(operand), reference=True)
        parts = [part for area in operand.areas for part in self._parts(area)]
        if parameter.marker in _PLACED_MARKERS and not parameter.repeats:
            return Argument(_one_column(parts), reference=True)
        return Argument(parts[0], reference=True, rest=tuple(parts[1:]))

    def _parts(self, area: Area) -> list[Values]:
        """Read an area; a large one block by block, which leaves out empty cells: no part says where it stood."""
        area = self.clip(area)
        if area.height * area.width <= PIECEWISE:
            return [self.read(area)]
        self.settle_area(area)
        return [values for _, values in self.grid.filled(area)] or [self.empty]

    def _call_by_name(self, node: Call, frame: Frame) -> Operand:
        """Call a defined name that is a LAMBDA; other words are #NAME?."""
        callee = self._defined(node.name, frame.sheet, frame) if self.names.find(node.name, frame.sheet) else None
        if callee is None:
            return self.errors[Error.NAME]
        return self.invoke(callee, self.operands(node.arguments, frame), frame)

    def _invoke(self, node: Invoke, frame: Frame) -> Operand:
        return self.invoke(self.evaluate(node.callee, frame), self.operands(node.arguments, frame), frame)

    def operands(self, nodes: Iterable[Node], frame: Frame) -> list[Operand | None]:
        """Evaluate arguments for a LAMBDA; None where one is left empty."""
        return [None if isinstance(node, Missing) else self.evaluate(node, frame) for node in nodes]

    def invoke(self, callee: Operand, operands: Sequence[Operand | None], frame: Frame) -> Operand:
        """Call a LAMBDA or a function given by name; #VALUE! for too many arguments, #NUM! for endless recursion."""
        if isinstance(callee, Builtin):
            function = find(callee.name)
            assert function is not None
            if function.shape == "special":
                return self.errors[Error.VALUE]
            try:
                return self.apply(function, operands, frame, called=True)
            except WrongArity:
                return self.errors[Error.VALUE]
        if not isinstance(callee, Closure):
            return callee if isinstance(callee, Values) and _is_error(callee) else self.errors[Error.VALUE]
        if len(operands) > len(callee.parameters):
            return self.errors[Error.VALUE]
        self._calls += 1
        self._nested_calls += frame.depth > NESTED
        if frame.depth >= MAX_CALLS_DEEP or self._nested_calls > MAX_NESTED_CALLS:
            raise Unbounded
        self.context.work.spend(CALL)
        given = [*operands, *[None] * (len(callee.parameters) - len(operands))]
        names = {
            name: OMITTED if operand is None else operand
            for name, operand in zip(callee.parameters, given, strict=True)
        }
        inner = callee.frame
        body = Frame(
            inner.slots,
            inner.sheet,
            inner.row,
            inner.column,
            inner.mode,
            {**inner.names, **names},
            inner.draws,
            frame.depth + 1,
        )
        return self.evaluate(callee.body, body)

    # What formulas name

    @cached_property
    def pivots(self) -> list[Pivot]:
        """The workbook's pivot tables, read when first asked for."""
        from sheetgrad.sheets.pivots import read_pivots

        return read_pivots(self.workbook)

    def unknown(self, parsed: Parsed, sheet: int) -> list[str]:
        """Return the functions that a formula names and that do not exist."""
        words = {word.upper() for word in parsed.names}  # among them those that LET and LAMBDA define
        return [
            name for name in sorted(parsed.calls - words) if find(name) is None and self.names.find(name, sheet) is None
        ]

    def volatile(self, parsed: Parsed, sheet: int, around: frozenset[str] = frozenset()) -> bool:
        """Tell whether a formula draws random numbers or reads the clock, itself or by way of a defined name."""
        for call in parsed.calls:
            function = find(call)
            if function is not None and function.volatile:
                return True
        for word in (parsed.names | parsed.calls) - around:
            name = self.names.find(word, sheet)
            inner = None if name is None else self.named(name.text)
            if inner is not None and self.volatile(inner, sheet, around | {word}):
                return True
        return False


def _one_column(parts: Sequence[Values]) -> Values:
    """Return the elements of several areas below one another, for functions to which their places mean nothing."""
    data = np.concatenate([part.data.ravel() for part in parts])[:, None]
    return Values(data, np.concatenate([part.kinds.ravel() for part in parts])[:, None])


def _one_cell(pieces: Sequence[Piece]) -> Values:
    if not pieces:
        return MISSING.values
    block, inside = pieces[0].block, pieces[0].inside
    kind = block.kind[inside]
    return Values(block.data[inside]) if kind[0, 0] == Kind.NUMBER else Values(block.data[inside], kind)


def element(values: Values, row: int, column: int) -> Values:
    """Return one element of a 2-D array, (1, 1)."""
    data, kind = values.data[row : row + 1, column : column + 1], values.kind
    if kind is None or kind[row, column] == Kind.NUMBER:
        return Values(data)
    return Values(data, kind[row : row + 1, column : column + 1])


def _is_error(values: Values) -> bool:
    return values.data.size == 1 and values.kind is not None and bool((values.kind == Kind.ERROR).all())


def _cut(values: Values, area: Area) -> Values:
    """Return an area of values that begin at A1; cells beyond them are empty."""
    area = clipped(area, *values.shape)
    data = np.zeros(area.shape)
    kind = np.zeros(area.shape, dtype=np.uint8)
    inside = values.data[area.top : area.bottom, area.left : area.right]
    rows, columns = inside.shape
    data[:rows, :columns] = inside
    kind[:rows, :columns] = values.kinds[area.top : area.bottom, area.left : area.right]
    return Values(data, kind)


def _resized(first: Operand | None, third: Operand | None) -> Operand | None:
    """Return the third argument's reference with the shape of the first's."""
    if not isinstance(first, Reference) or not isinstance(third, Reference):
        return third
    shape, area = first.single, third.single
    if shape is None or area is None or shape.shape == area.shape:
        return third
    bottom, right = min(area.top + shape.height, MAX_ROWS), min(area.left + shape.width, MAX_COLUMNS)
    return Reference((Area(area.sheet, area.top, area.left, bottom, right),))
