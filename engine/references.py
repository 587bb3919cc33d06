"""References as values: areas of cells, joined, intersected and spanned before anything is read from them."""

from __future__ import annotations

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error

VAST = 1 << 22  # cells; more are not read, if they can be left out


@record
class Reference:
    """One area or several: a union, or the same cells on the sheets of a 3-D reference."""

    areas: tuple[Area, ...]

    @property
    def single(self) -> Area | None:
        """The area, where there is just one."""
        return self.areas[0] if len(self.areas) == 1 else None


def rectangle(sheet: int, row: int, column: int, other_row: int, other_column: int) -> Area | None:
    """Return the area between two corners in any order, or None where a corner lies off the sheet."""
    top, bottom = (row, other_row) if row <= other_row else (other_row, row)
    left, right = (column, other_column) if column <= other_column else (other_column, column)
    if top < 0 or left < 0 or bottom >= MAX_ROWS or right >= MAX_COLUMNS:
        return None
    return Area(sheet, top, left, bottom + 1, right + 1)


def union(first: Reference, second: Reference) -> Reference:
    """Join two references: ``(A1:B2,C3)``. Cells in both count twice, as in Excel."""
    return Reference(first.areas + second.areas)


def intersection(first: Reference, second: Reference) -> Reference | Error:
    """Return the cells in both: ``A1:C3 B2:D4``; #NULL! where there are none.

    >>> a, b = Reference((Area(0, 0, 0, 3, 3),)), Reference((Area(0, 1, 1, 4, 4),))
    >>> intersection(a, b).areas
    (Area(sheet=0, top=1, left=1, bottom=3, right=3),)
    """
    common = [shared for a in first.areas for b in second.areas if (shared := overlap(a, b)) is not None]
    return Reference(tuple(common)) if common else Error.NULL


def span(first: Reference, second: Reference) -> Reference | Error:
    """Return the smallest rectangle around both: the ``:`` of ``INDEX(…):B9``; #VALUE! across sheets."""
    areas = first.areas + second.areas
    if any(area.sheet != areas[0].sheet for area in areas):
        return Error.VALUE
    top, left = min(area.top for area in areas), min(area.left for area in areas)
    bottom, right = max(area.bottom for area in areas), max(area.right for area in areas)
    return Reference((Area(areas[0].sheet, top, left, bottom, right),))


def overlap(a: Area, b: Area) -> Area | None:
    """Return the cells that two areas share, or None."""
    if a.sheet != b.sheet:
        return None
    top, left = max(a.top, b.top), max(a.left, b.left)
    bottom, right = min(a.bottom, b.bottom), min(a.right, b.right)
    return Area(a.sheet, top, left, bottom, right) if top < bottom and left < right else None


def implicit_cell(reference: Reference, row: int, column: int) -> Area | Error:
    """Return the one cell that implicit intersection at (row, column) picks; #VALUE! where there is none.

    A single cell is itself; of a column the cell in the same row, of a row the cell in the same column.
    """
    area = reference.single
    if area is None:
        return Error.VALUE
    if area.height == 1 and area.width == 1:
        return area
    if area.width == 1 and area.top <= row < area.bottom:
        return Area(area.sheet, row, area.left, row + 1, area.left + 1)
    if area.height == 1 and area.left <= column < area.right:
        return Area(area.sheet, area.top, column, area.top + 1, column + 1)
    return Error.VALUE


def clipped(area: Area, rows: int, columns: int) -> Area:
    """Cut whole columns at the last used row and whole rows at the last used column (kept: at least one cell).

    An area that is vast even so is cut wherever it reaches the end of the sheet.
    """
    bottom = max(area.top + 1, min(area.bottom, rows)) if area.height == MAX_ROWS else area.bottom
    right = max(area.left + 1, min(area.right, columns)) if area.width == MAX_COLUMNS else area.right
    if (bottom - area.top) * (right - area.left) > VAST:
        bottom = max(area.top + 1, min(bottom, rows)) if bottom == MAX_ROWS else bottom
        right = max(area.left + 1, min(right, columns)) if right == MAX_COLUMNS else right
    return Area(area.sheet, area.top, area.left, bottom, right)
