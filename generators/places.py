"""Where things lie on a sheet, and how formulas spell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sheetgrad.sheets.addresses import column_name, parse_cell, quote_sheet

letters = cache(column_name)


def spell(row: int, column: int, anchors: str = "") -> str:
    """Return the A1 text of a zero-based cell; ``anchors`` of "r", "c" or "rc" puts the ``$`` signs.

    >>> spell(10, 29), spell(10, 29, "rc"), spell(10, 29, "r")
    ('AD11', '$AD$11', 'AD$11')
    """
    return f"{'$' if 'c' in anchors else ''}{letters(column)}{'$' if 'r' in anchors else ''}{row + 1}"


def locate(address: str) -> tuple[int, int]:
    """Return the zero-based row and column of an A1 text.

    >>> locate("AD11")
    (10, 29)
    """
    return parse_cell(address)


def bound(formula: Callable[..., str], *values: object) -> Callable[[int, int], str]:
    """Return a formula of row and column with its further arguments fixed: for formulas made in a loop.

    >>> bound(lambda i, j, name: f"{name}+{i}+{j}", "p")(1, 2)
    'p+1+2'
    """
    return lambda i, j: formula(i, j, *values)


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle on a sheet that formulas refer to; ``prefix`` is "" or the sheet's, such as ``digits!``."""

    sheet: str
    top: int
    left: int
    height: int
    width: int
    prefix: str = ""

    @property
    def bottom(self) -> int:
        """One past the last row."""
        return self.top + self.height

    @property
    def right(self) -> int:
        """One past the last column."""
        return self.left + self.width

    def cell(self, row: int = 0, column: int = 0, anchors: str = "") -> str:
        """Spell the cell at ``row``, ``column`` of the frame."""
        return self.prefix + spell(self.top + row, self.left + column, anchors)

    def window(self, row: int, column: int, height: int, width: int, anchors: str = "") -> str:
        """Spell ``height`` x ``width`` cells of the frame from ``row``, ``column`` on."""
        first = spell(self.top + row, self.left + column, anchors)
        last = spell(self.top + row + height - 1, self.left + column + width - 1, anchors)
        return f"{self.prefix}{first}:{last}"

    def all(self, anchors: str = "rc") -> str:
        """Spell the whole frame, absolute by default."""
        return self.window(0, 0, self.height, self.width, anchors)

    def row(self, row: int, anchors: str = "") -> str:
        """Spell a row of the frame."""
        return self.window(row, 0, 1, self.width, anchors)

    def column(self, column: int, anchors: str = "") -> str:
        """Spell a column of the frame."""
        return self.window(0, column, self.height, 1, anchors)

    def part(self, row: int, column: int, height: int, width: int) -> Frame:
        """Return the frame of some of its cells."""
        return Frame(self.sheet, self.top + row, self.left + column, height, width, self.prefix)

    def seen_from(self, sheet: str) -> Frame:
        """Return the same frame as formulas on ``sheet`` must spell it."""
        prefix = "" if sheet == self.sheet else f"{quote_sheet(self.sheet)}!"
        return Frame(self.sheet, self.top, self.left, self.height, self.width, prefix)

    @property
    def address(self) -> str:
        """The absolute address with its sheet, as defined names hold it."""
        there = self.seen_from("")
        return there.cell(0, 0, "rc") if self.height == self.width == 1 else there.all()
