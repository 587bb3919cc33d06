"""Where a piece of a formula is evaluated: its cell, its coordinates, the names in force; what LAMBDA makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TypeAlias

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Values

from .references import Reference
from .syntax import Node


class Mode(IntEnum):
    """How a reference is taken where one value is expected."""

    SCALAR = 0  # by implicit intersection, as in ordinary formulas
    FORCED = 1  # as an array, inside SUMPRODUCT and its like; IF's condition still intersects
    ARRAY = 2  # as an array: array formulas, dynamic formulas, defined names


@dataclass(frozen=True, slots=True)
class Frame:
    """The surroundings of a node. ``slots``: the coordinates row, column, row, column … of the tree's references."""

    slots: Sequence[int]
    sheet: int
    row: int
    column: int
    mode: Mode
    names: Mapping[str, Operand] = field(default_factory=dict)  # LET and LAMBDA names, case-folded
    draws: Mapping[int, int] = field(default_factory=dict)  # id of a random call → its number in the formula
    depth: int = 0  # LAMBDA calls around

    def in_mode(self, mode: Mode) -> Frame:
        """Return the frame with another mode."""
        return self if mode == self.mode else replace(self, mode=mode)

    def forced(self) -> Frame:
        """Return the frame for an argument that is evaluated as an array."""
        return self if self.mode != Mode.SCALAR else replace(self, mode=Mode.FORCED)

    def naming(self, names: Mapping[str, Operand]) -> Frame:
        """Return the frame with more names in force."""
        return replace(self, names={**self.names, **names})


@record
class Closure:
    """A LAMBDA with the frame it was made in."""

    parameters: tuple[str, ...]
    body: Node
    frame: Frame


@record
class Builtin:
    """A function of Excel given by its name, as in ``BYROW(A1:C3,SUM)``."""

    name: str


@record
class Omitted:
    """The value of a LAMBDA's parameter that the call left out."""


OMITTED = Omitted()

Operand: TypeAlias = "Values | Reference | Closure | Builtin | Omitted"
