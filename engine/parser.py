"""Formula text to syntax tree: an operator-precedence parser with stacks of its own.

Nothing here recurses, so no formula can exhaust Python's stack; trees are nevertheless kept shallow enough for
evaluators that do recurse: `MAX_NESTING` levels, where a chain of binary operators (``A1+A2+…``, left-deep)
counts as one level, to be walked in a loop along `Binary.left`.

Grammar: ECMA-376 part 1, §18.17; the precedence of operators is Excel's ("Calculation operators and precedence
in Excel", support.microsoft.com), where negation binds tighter than ``^``: ``-2^2`` is 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS
from sheetgrad.sheets.values import ERRORS_BY_TEXT, Error

from .lexer import CELL, TOKENS, FormulaError, column_number, on_sheet
from .literals import OpenArray, read_literal
from .syntax import (
    Binary,
    Call,
    Cell,
    ColumnSpan,
    ErrorLiteral,
    Formula,
    Invoke,
    Missing,
    Name,
    Node,
    Prefix,
    Rectangle,
    RowSpan,
    Slot,
    Structured,
    Unary,
)

__all__ = ["MASKS", "MAX_NESTING", "PRECEDENCE", "FormulaError", "mask", "parse"]

MAX_NESTING: Final = 256
LONGEST: Final = 1 << 16  # characters; Excel takes 8,192, but files spell functions and sheets out

PRECEDENCE: Final = {
    ":": 10,
    " ": 9,
    ",": 8,
    "@": 7,  # prefix
    "negate": 6,  # prefix - and +
    "%": 5,  # postfix
    "^": 4,
    "*": 3,
    "/": 3,
    "+": 2,
    "-": 2,
    "&": 1,
    "=": 0,
    "<>": 0,
    "<": 0,
    "<=": 0,
    ">": 0,
    ">=": 0,
}
_TRIMMED: Final = {".:": "_TRO_LEADING", ":.": "_TRO_TRAILING", ".:.": "_TRO_ALL"}
_PREFIXES: Final = frozenset({PRECEDENCE["@"], PRECEDENCE["negate"]})
_INFIX: Final = frozenset(PRECEDENCE) - {" ", ",", "@", "negate", "%"}  # what only stands between operands
_JOINING: Final = frozenset({":", " ", ","})
_BARRIER: Final = -1  # the precedence of an open parenthesis on the operator stack
# What a file puts before newer functions and before parameters; it stays where no name, or no plain one, would be left.
_FUNCTION_PREFIX = re.compile(r"(?:_xlfn\.|_xlws\.|__?xludf\.)+(?![0-9.?]|\Z|_xl)", re.IGNORECASE)
_PARAMETER_PREFIX = re.compile(
    r"_xl(?:pm|op|eta)\.(?![0-9.?]|\Z|_xl|[A-Z]{1,3}[0-9]+\Z|(?:TRUE|FALSE)\Z)", re.IGNORECASE | re.ASCII
)
_LOST_REFERENCE = re.compile(r"[$\w\\\[]|#REF!", re.IGNORECASE)
_BOOK = re.compile(r"([^\[\]]*)\[([^\[\]]*)\]([^\[\]]*)")
_REFERENCE_TOKENS = frozenset({"area", "cell", "columns", "rows", "name", "function", "structured", "error", "trimmed"})
MASKS: Final = {"cell": "\0", "area": "\0", "columns": "\1", "rows": "\2"}  # stand for coordinates in a template's key
_LOST = Prefix("#REF!")  # what is left of a sheet that was deleted; a sheet's name cannot be that
_REFERENCES = (Cell, Rectangle, ColumnSpan, RowSpan, Name, Structured, Call, Invoke)


def parse(text: str) -> Formula:
    """Parse a formula as stored in files: English names, commas; no leading ``=`` (one is allowed).

    Raises `FormulaError`, and nothing else, where the text does not follow the grammar. Takes linear time.

    >>> parse("-A1^2").tree
    Binary(operator='^', left=Unary(operator='-', operand=Cell(slot=0, prefix=None)), right=Number(value=2.0))
    """
    return _Parser(text).formula()


def mask(text: str) -> tuple[Formula, str]:
    """Parse a formula and return with it its text with the coordinates of all references masked: its template's key.

    >>> mask("SUM($A$1:B2)+C3")[1]
    'SUM(\\x00:\\x00)+\\x00'
    """
    parser = _Parser(text)
    formula = parser.formula()
    pieces: list[str] = []
    position = 0
    for start, end, mark in parser.masks:
        pieces += (text[position:start], mark)
        position = end
    return formula, "".join(pieces) + text[position:]


@dataclass(slots=True)
class _Frame:
    """An open parenthesis: of a call (``name``), of a called value (``callee``), or plain."""

    position: int
    name: str | None = None
    callee: Node | None = None
    arguments: list[Node] = field(default_factory=list)
    depth: int = 0  # of the deepest argument, or of the callee

    @property
    def calls(self) -> bool:
        return self.name is not None or self.callee is not None


class _Parser:
    """The state of one parse: operands, operators and open parentheses, and what the next token may be."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.slots: list[Slot] = []
        self.masks: list[tuple[int, int, str]] = []  # the parts of the text that are coordinates
        self.operands: list[tuple[Node, int]] = []  # with the depth of each
        self.operators: list[tuple[int, str, int]] = [(_BARRIER, "", 0)]  # precedence, symbol, position
        self.frames: list[_Frame] = []
        self.expecting = True  # an operand must come next
        self.spaced = False  # a space came last
        self.closed = False  # a closing parenthesis came last
        self.prefix: tuple[Prefix | None, str] | None = None  # waiting for its reference
        self.array: OpenArray | None = None  # the array constant being read

    def formula(self) -> Formula:
        if len(self.text) > LONGEST:
            raise FormulaError(f"it is longer than {LONGEST:,} characters", LONGEST)
        position = 1 if self.text.startswith("=") else 0
        for token in TOKENS.finditer(self.text, position):
            kind, text = token.lastgroup or "", token[0]
            if self.array is not None:
                self._element(kind, text, position)
            elif self.prefix is not None and kind not in _REFERENCE_TOKENS:
                raise FormulaError("a reference is missing after the sheet's name", position)
            else:
                _HANDLERS[kind](self, text, position)
                self.spaced = kind == "space"
                self.closed = text == ")"
            position += len(text)
        return Formula(self._finish(), tuple(self.slots))

    def _finish(self) -> Node:
        end = len(self.text)
        if self.array is not None:
            raise FormulaError("the array constant is not closed", self.array.position)
        if self.frames:
            raise FormulaError("the parenthesis is not closed", self.frames[-1].position)
        if self.prefix is not None or self.expecting:
            raise FormulaError("the formula ends where a value is expected" if end else "the formula is empty", end)
        self._reduce(0)
        return self.operands[0][0]

    # Operands and operators

    def _begin(self, position: int) -> None:
        """Make ready for an operand: one that follows another across a space is intersected with it."""
        if self.expecting:
            return
        if not self.spaced:
            raise FormulaError("an operator is missing", position)
        self._binary(" ", position)

    def _push(self, node: Node, position: int, depth: int = 1) -> None:
        self._begin(position)
        self.operands.append((node, depth))
        self.expecting = False

    def _binary(self, symbol: str, position: int) -> None:
        if self.expecting:
            raise FormulaError(f"a value is missing before {symbol!r}", position)
        precedence = PRECEDENCE[symbol]
        self._reduce(precedence)
        self.operators.append((precedence, symbol, position))
        self.expecting = True

    def _reduce(self, floor: int) -> None:
        """Apply the waiting operators that bind at least as tightly as ``floor``."""
        operators = self.operators
        while operators[-1][0] >= floor:
            precedence, symbol, position = operators.pop()
            right, right_depth = self.operands.pop()
            if precedence in _PREFIXES:
                self._store(Unary(symbol, right), right_depth + 1, position)
            else:
                left, depth = self.operands.pop()
                self._store(_joined(symbol, left, right, position), max(depth, right_depth + 1), position)

    def _store(self, node: Node, depth: int, position: int) -> None:
        if depth > MAX_NESTING:
            raise FormulaError(f"the formula is nested more than {MAX_NESTING} levels deep", position)
        self.operands.append((node, depth))

    def _operator(self, symbol: str, position: int) -> None:
        if symbol in _INFIX and not self.expecting:
            self._binary(symbol, position)
        elif symbol == "(":
            self._open(position)
        elif symbol == ")":
            self._close(position)
        elif symbol == "," and self.frames and self.frames[-1].calls:
            self._argument(position)
        elif symbol == "{":
            self._begin(position)
            self.array = OpenArray(position)
        elif symbol == "@":
            self._begin(position)
            self.operators.append((PRECEDENCE["@"], symbol, position))
        elif self.expecting and symbol in "+-":
            self.operators.append((PRECEDENCE["negate"], symbol, position))
        elif symbol in "%#":
            self._postfix(symbol, position)
        elif symbol in PRECEDENCE:
            self._binary(symbol, position)
        else:
            raise FormulaError(f"{symbol!r} does not belong here", position)

    def _postfix(self, symbol: str, position: int) -> None:
        if self.expecting:
            raise FormulaError(f"a value is missing before {symbol!r}", position)
        if symbol == "%":
            self._reduce(PRECEDENCE["%"])
        node, depth = self.operands.pop()
        if symbol == "#" and not _is_reference(node):
            raise FormulaError("only a reference can have '#'", position)
        self._store(Unary(symbol, node), depth + 1, position)

    # Parentheses and calls

    def _open(self, position: int) -> None:
        if self.closed and not self.expecting:
            callee, depth = self.operands.pop()
            self._enter(_Frame(position, callee=callee, depth=depth))
        else:
            self._begin(position)
            self._enter(_Frame(position))

    def _enter(self, frame: _Frame) -> None:
        self.frames.append(frame)
        self.operators.append((_BARRIER, "(", frame.position))
        self.expecting = True

    def _argument(self, position: int) -> None:
        frame = self.frames[-1]
        if self.expecting:
            if self.operators[-1][0] != _BARRIER:
                raise FormulaError("the argument ends where a value is expected", position)
            frame.arguments.append(Missing())
            return
        self._reduce(0)
        node, depth = self.operands.pop()
        frame.arguments.append(node)
        frame.depth = max(frame.depth, depth)
        self.expecting = True

    def _close(self, position: int) -> None:
        if not self.frames:
            raise FormulaError("the parenthesis was never opened", position)
        frame = self.frames[-1]
        if frame.calls:
            if frame.arguments or not self.expecting or self.operators[-1][0] != _BARRIER:
                self._argument(position)
            self._store(_called(frame), frame.depth + 1, frame.position)
        elif self.expecting:
            raise FormulaError("a value is missing before ')'", position)
        else:
            self._reduce(0)
        self.frames.pop()
        self.operators.pop()
        self.expecting = False

    # Tokens

    def _space(self, text: str, position: int) -> None:
        pass

    def _bad(self, text: str, position: int) -> None:
        unclosed = {'"': "text", "'": "sheet's name", "[": "bracket"}.get(text)
        raise FormulaError(f"the {unclosed} is not closed" if unclosed else f"{text!r} does not belong here", position)

    def _text(self, text: str, position: int) -> None:
        self._push(read_literal("text", text, position), position)

    def _number(self, text: str, position: int) -> None:
        self._push(read_literal("number", text, position), position)

    def _error(self, text: str, position: int) -> None:
        literal = ErrorLiteral(ERRORS_BY_TEXT[text.upper()])
        if self.prefix is not None and literal.value is not Error.REF:
            raise FormulaError("a reference is missing after the sheet's name", position)
        if literal.value is Error.REF and _LOST_REFERENCE.match(self.text, position + len(text)):
            self._begin(position)
            self.prefix = (_LOST, text)  # the reference that follows is lost with its sheet
        else:
            self.prefix = None
            self._push(literal, position)

    def _prefix(self, text: str, position: int) -> None:
        self._begin(position)
        self.prefix = (_read_prefix(text), text)

    def _take_prefix(self) -> Prefix | None:
        taken, self.prefix = self.prefix, None
        return taken[0] if taken is not None else None

    def _name(self, text: str, position: int) -> None:
        prefix = self._take_prefix()
        if prefix is None and text.upper() in ("TRUE", "FALSE"):
            self._push(read_literal("name", text, position), position)
        elif prefix == _LOST:
            self._push(ErrorLiteral(Error.REF), position)
        else:
            self._push(Name(_without(_PARAMETER_PREFIX, text), prefix), position)

    def _structured(self, text: str, position: int) -> None:
        from .structured import parse_structured  # few workbooks have tables

        prefix = self._take_prefix()
        node: Node = parse_structured(text, position)
        if prefix is not None and prefix.book is not None:
            node = Name(text, prefix)  # a table of another workbook: its values are not to be had
        elif prefix == _LOST:
            node = ErrorLiteral(Error.REF)
        self._push(node, position)

    def _function(self, text: str, position: int) -> None:
        written = self.prefix
        prefix = self._take_prefix()
        self._begin(position)
        name = text[:-1]
        parameter = _without(_PARAMETER_PREFIX, name)
        if parameter != name:
            self._enter(_Frame(position, callee=Name(parameter, prefix), depth=1))
            return
        name = _without(_FUNCTION_PREFIX, name)
        if written is not None:
            name = written[1] + name
        self._enter(_Frame(position, name=name.upper()))

    # References

    def _cell(self, text: str, position: int) -> None:
        slot = _read_cell(text)
        prefix = self._take_prefix()
        if not on_sheet(slot.row, slot.column):
            if "$" in text:
                raise FormulaError(f"{text} lies beyond the sheet", position)
            self._push(Name(text, prefix), position)
            return
        node = Cell(len(self.slots), prefix)
        self._push(ErrorLiteral(Error.REF) if prefix == _LOST else node, position)
        self.slots.append(slot)
        self.masks.append((position, position + len(text), MASKS["cell"]))

    def _area(self, text: str, position: int) -> None:
        first, last = text.split(":")
        slots = _read_cell(first), _read_cell(last)
        splits = self.prefix is None and self.expecting and self.operators[-1][1] == ":"
        if splits or not all(on_sheet(slot.row, slot.column) for slot in slots):
            # F():A1:B2 is (F():A1):B2; and what lies beyond the sheet may be names
            self._cell(first, position)
            self._binary(":", position + len(first))
            self._cell(last, position + len(first) + 1)
            return
        number = len(self.slots)
        self._reference(Rectangle(number, number + 1, self._take_prefix()), slots, text, position, "cell")

    def _columns(self, text: str, position: int) -> None:
        first, last = text.split(":")
        numbers = column_number(first.lstrip("$")), column_number(last.lstrip("$"))
        if max(numbers) >= MAX_COLUMNS:
            if "$" in text:
                raise FormulaError(f"{text} lies beyond the sheet", position)
            self._name(first, position)
            self._binary(":", position + len(first))
            self._name(last, position + len(first) + 1)
            return
        slots = Slot(0, numbers[0], True, first[0] == "$"), Slot(0, numbers[1], True, last[0] == "$")
        number = len(self.slots)
        self._reference(ColumnSpan(number, number + 1, self._take_prefix()), slots, text, position, "columns")

    def _rows(self, text: str, position: int) -> None:
        first, last = text.split(":")
        rows = int(first.lstrip("$")) - 1, int(last.lstrip("$")) - 1
        if not all(on_sheet(row, 0) for row in rows):
            raise FormulaError(f"{text} lies beyond the sheet", position)
        slots = Slot(rows[0], 0, first[0] == "$", True), Slot(rows[1], 0, last[0] == "$", True)
        number = len(self.slots)
        self._reference(RowSpan(number, number + 1, self._take_prefix()), slots, text, position, "rows")

    def _trimmed(self, text: str, position: int) -> None:
        """Take ``A1:.E10`` as what files spell ``_TRO_TRAILING(A1:E10)``."""
        first, sign, last = re.split(r"(\.?:\.?)", text)
        slots, masks = len(self.slots), len(self.masks)
        read = self._area if CELL.fullmatch(first) else self._rows if first[-1].isdigit() else self._columns
        read(f"{first}:{last}", position)
        if len(self.slots) != slots + 2 or len(self.masks) != masks + 2:
            raise FormulaError(f"{text} lies beyond the sheet", position)
        self.masks[-1] = position + len(first) + len(sign), position + len(text), self.masks[-1][2]
        node, depth = self.operands.pop()
        self._store(Call(_TRIMMED[sign], (node,)), depth + 1, position)

    def _reference(
        self,
        node: Rectangle | ColumnSpan | RowSpan,
        slots: tuple[Slot, ...],
        text: str,
        position: int,
        kind: str,
    ) -> None:
        self._push(ErrorLiteral(Error.REF) if node.prefix == _LOST else node, position)
        self.slots += slots
        middle = text.find(":")
        self.masks.append((position, position + middle, MASKS[kind]))
        self.masks.append((position + middle + 1, position + len(text), MASKS[kind]))

    def _element(self, kind: str, text: str, position: int) -> None:
        """Take one token of an array constant."""
        assert self.array is not None
        if kind != "space" and self.array.take(kind, text, position):
            self._push(self.array.constant(), self.array.position)
            self.array = None


_HANDLERS: Final[dict[str, Callable[[_Parser, str, int], None]]] = {
    kind: getattr(_Parser, f"_{kind}") for kind in TOKENS.groupindex
}


def _without(prefix: re.Pattern[str], name: str) -> str:
    match = prefix.match(name) if name[0] == "_" else None
    return name[match.end() :] if match is not None else name


def _read_cell(text: str) -> Slot:
    match = CELL.fullmatch(text)
    assert match is not None
    column_sign, letters, row_sign, digits = match.groups()
    return Slot(int(digits) - 1, column_number(letters), bool(row_sign), bool(column_sign))


def _read_prefix(text: str) -> Prefix | None:
    """Read a sheet prefix with its ``!``; None where it names nothing (``!A1``: the sheet it is read from).

    Programs other than Excel also write ``$a!``, ``$a.``, and ``'a':'b'!`` for ``'a:b'!``.
    """
    name = text[:-1].removeprefix("$").replace("':'", ":")
    name = name[1:-1].replace("''", "'") if name[:1] == "'" else name
    if not name:
        return None
    book = None
    match = _BOOK.fullmatch(name)
    if match is not None:
        folder, file, name = match.groups()
        book = folder + file
    first, colon, last = name.partition(":")
    return Prefix(first, last if colon else None, book)


def _is_reference(node: Node) -> bool:
    """Tell whether a node can yield a reference; a lost one (#REF!) counts."""
    if isinstance(node, Binary):
        return node.operator in (":", " ", ",")
    if isinstance(node, Unary):
        return node.operator in ("@", "#")
    return isinstance(node, _REFERENCES) or (isinstance(node, ErrorLiteral) and node.value is Error.REF)


def _joined(symbol: str, left: Node, right: Node, position: int) -> Node:
    """Join two operands; two corners of one sheet make a rectangle."""
    if symbol not in _JOINING:
        return Binary(symbol, left, right)
    for node in (left, right):
        if not _is_reference(node):
            raise FormulaError(f"{symbol!r} joins references only", position)
        if symbol == ":" and isinstance(node, Name) and CELL.fullmatch(node.name):
            _check_name(node.name, position)
    if symbol == ":" and isinstance(left, Cell) and isinstance(right, Cell) and right.prefix in (None, left.prefix):
        return Rectangle(left.slot, right.slot, left.prefix)
    return Binary(symbol, left, right)


def _check_name(name: str, position: int) -> None:
    """Refuse what is no name in a range but a row beyond the sheet, as in ``A1:A1048577``."""
    slot = _read_cell(name)
    if slot.column < MAX_COLUMNS and slot.row >= MAX_ROWS:
        raise FormulaError(f"{name} lies beyond the sheet", position)


def _called(frame: _Frame) -> Node:
    arguments = tuple(frame.arguments)
    if frame.callee is not None:
        return Invoke(frame.callee, arguments)
    assert frame.name is not None
    if frame.name == "SINGLE" and len(arguments) == 1:
        return Unary("@", arguments[0])
    if frame.name == "ANCHORARRAY" and len(arguments) == 1 and _is_reference(arguments[0]):
        return Unary("#", arguments[0])
    return Call(frame.name, arguments)
