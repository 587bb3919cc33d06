"""How much a recomputation may repeat: what LAMBDAs call and what circular references iterate is counted, and bounded.

Most other work grows with the file. These two grow without it, and so do functions that are computed element by element
on arrays larger than the file: they share one account, the same on every machine.
A step stands for some microseconds: what computing a compiled formula once more costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sheetgrad.sheets.model import Workbook
from sheetgrad.sheets.package import DEFAULT_LIMITS, Limits
from sheetgrad.sheets.values import Kind, Values

from .grid import TooManyCells

STEPS_PER_FORMULA = 128  # what each formula of the file adds to the account
LEAST_SIZE = 1 << 14  # cells; up to so many an array is never a large one
TEXT_PER_FORMULA = 256  # characters that each formula adds to what may be made
CALL, OPERATOR, FUNCTION, FORMULA = 2, 3, 6, 16  # what a LAMBDA's call costs, those within it, and a formula of a cycle
_CELLS, _TEXTS = 256, 4  # numbers, or texts, of an array that cost one step more
_SMALL = 4


class WorkExceeded(TooManyCells):
    """There are not so many steps left on the account; the formula that is being computed gets #NUM!."""


@dataclass(slots=True)
class Work:
    """The account of one recomputation. ``size``: how many cells the file has; larger arrays it did not pay for."""

    left: int = DEFAULT_LIMITS.steps
    size: int = 1 << 62

    @classmethod
    def of(cls, workbook: Workbook, limits: Limits | None) -> Work:
        """Open the account of a workbook."""
        cells = sum(len(sheet.cells.row) for sheet in workbook.sheets)
        steps = (limits or DEFAULT_LIMITS).steps + STEPS_PER_FORMULA * _formulas(workbook)
        return cls(steps, max(cells, LEAST_SIZE))

    def spend(self, steps: int) -> None:
        """Take steps off the account; raises `WorkExceeded` where there are none left."""
        if self.left < steps:
            raise WorkExceeded
        self.left -= steps

    def spend_on_each(self, shape: tuple[int, ...]) -> None:
        """Take off what a function costs that is computed element by element, where the array is a large one."""
        if math.prod(shape[-2:]) > self.size:
            self.spend(FUNCTION * math.prod(shape))

    def spend_on(self, steps: int, values: Values) -> None:
        """Take steps off the account, and what the size of an array adds."""
        self.spend(steps + (cost(values) if values.data.size > _SMALL else 0))


@contextmanager
def room_for_texts(workbook: Workbook, limits: Limits | None) -> Iterator[Callable[[], bool]]:
    """Bound the characters of the texts that formulas make in the block; what is yielded tells if that was too few."""
    strings = workbook.strings
    strings.room = (limits or DEFAULT_LIMITS).texts + TEXT_PER_FORMULA * _formulas(workbook)
    crowded = False
    try:
        yield lambda: crowded
    finally:
        crowded = strings.room < 0
        strings.room = math.inf


def _formulas(workbook: Workbook) -> int:
    return sum(len(sheet.formulas) for sheet in workbook.sheets)


def cost(values: Values) -> int:
    """Return the steps that the size of an array adds."""
    size = values.data.size
    if values.kind is None:
        return size // _CELLS
    return size // _CELLS + int((values.kind == Kind.TEXT).sum()) // _TEXTS
