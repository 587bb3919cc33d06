"""A formula's text as the cell shows it: a member of a shared formula has its master's, moved to where it stands."""

from __future__ import annotations

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Sheet

from .lexer import FormulaError
from .parser import parse
from .syntax import Slot
from .unparse import unparse


def formula_text(sheet: Sheet, index: int) -> str:
    """Return the text of formula ``index``, without ``=``."""
    formulas = sheet.formulas
    text = formulas.source(index)
    master = int(formulas.master[index])
    if master < 0:
        return text
    down = int(formulas.row[index]) - int(formulas.row[master])
    across = int(formulas.column[index]) - int(formulas.column[master])
    return moved(text, down, across)


def moved(text: str, down: int, across: int) -> str:
    """Return a formula's text as it reads when copied to a cell further down and across.

    References that would leave the sheet wrap around its edge, as in a shared formula. Text that does not parse stays.

    >>> moved("SUM(A1:$B$2)*C$3", 2, 1)
    'SUM(B3:$B$2)*D$3'
    """
    try:
        formula = parse(text)
    except FormulaError:
        return text
    coordinates = [coordinate for slot in formula.slots for coordinate in _moved(slot, down, across)]
    return unparse(formula, coordinates)


def _moved(slot: Slot, down: int, across: int) -> tuple[int, int]:
    row = slot.row if slot.row_absolute else (slot.row + down) % MAX_ROWS
    column = slot.column if slot.column_absolute else (slot.column + across) % MAX_COLUMNS
    return row, column
