"""Constants in formulas: numbers, texts, logicals, errors, and arrays of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sheetgrad.sheets.values import ERRORS_BY_TEXT

from .lexer import FormulaError
from .syntax import ArrayConstant, ErrorLiteral, Logical, Number, Text

Literal: TypeAlias = Number | Text | Logical | ErrorLiteral


def read_literal(kind: str, text: str, position: int) -> Literal:
    """Read a token that is a constant."""
    if kind == "number":
        value = float(text)
        if value == float("inf"):
            raise FormulaError("the number is too large", position)
        return Number(value)
    if kind == "text":
        return Text(text[1:-1].replace('""', '"'))
    if kind == "error":
        return ErrorLiteral(ERRORS_BY_TEXT[text.upper()])
    if kind == "name" and text.upper() in ("TRUE", "FALSE"):
        return Logical(text.upper() == "TRUE")
    raise FormulaError(f"{text!r} does not belong in an array constant", position)


@dataclass(slots=True)
class OpenArray:
    """An array constant as far as it has been read; it opens at ``position``."""

    position: int
    rows: list[list[Literal]] = field(default_factory=lambda: [[]])
    sign: str = ""
    waiting: bool = True  # for an element

    def take(self, kind: str, text: str, position: int) -> bool:
        """Take one token, and tell whether it closes the constant."""
        if kind == "operator" and text in ",;}" and not self.waiting:
            if text == ";":
                self.rows.append([])
            self.waiting = text != "}"
            return not self.waiting
        if kind == "operator" and text in "+-" and self.waiting and not self.sign:
            self.sign = text
            return False
        literal = read_literal(kind, text, position) if self.waiting else None
        if literal is None or (self.sign and not isinstance(literal, Number)):
            raise FormulaError(f"{text!r} does not belong in an array constant", position)
        self.rows[-1].append(Number(-literal.value) if self.sign == "-" and isinstance(literal, Number) else literal)
        self.sign, self.waiting = "", False
        return False

    def constant(self) -> ArrayConstant:
        """Return what was read."""
        if len({len(row) for row in self.rows}) > 1:
            raise FormulaError("the rows of the array constant differ in length", self.position)
        return ArrayConstant(tuple(tuple(row) for row in self.rows))
