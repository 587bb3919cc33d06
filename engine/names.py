"""What a word in a formula stands for: defined names by scope, tables and their columns."""

from __future__ import annotations

from collections.abc import Iterable

from sheetgrad.sheets.model import Area, DefinedName, Table, Workbook
from sheetgrad.sheets.values import Error

from .syntax import Structured


class Names:
    """The defined names and tables of a workbook, found without regard to case."""

    def __init__(self, workbook: Workbook) -> None:
        self._names: dict[tuple[int | None, str], DefinedName] = {}
        for name in workbook.names:
            self._names.setdefault((name.sheet, name.name.casefold()), name)
        self._tables = {table.name.casefold(): table for table in workbook.tables}
        self._list = workbook.tables

    def find(self, name: str, sheet: int) -> DefinedName | None:
        """Return the name as a formula on ``sheet`` sees it: local to the sheet first, then the workbook's."""
        folded = name.casefold()
        return self._names.get((sheet, folded)) or self._names.get((None, folded))

    def table(self, name: str) -> Table | None:
        """Return the table called ``name``."""
        return self._tables.get(name.casefold())

    def areas(self, node: Structured, sheet: int, row: int, column: int) -> tuple[Area, ...] | Error:
        """Return the cells that a structured reference means for a formula at (sheet, row, column).

        #REF! for an unknown table or column, #VALUE! for ``[@…]`` beside the table's rows, #NULL! for parts it lacks.
        """
        table = self.table(node.table) if node.table is not None else self._around(sheet, row, column)
        if table is None:
            return Error.REF
        columns = _columns(table, node)
        if columns is None:
            return Error.REF
        spans = _rows(table, node, row)
        if isinstance(spans, Error):
            return spans
        left = table.area.left
        return tuple(Area(table.area.sheet, top, left + columns[0], bottom, left + columns[1]) for top, bottom in spans)

    def _around(self, sheet: int, row: int, column: int) -> Table | None:
        for table in self._list:
            area = table.area
            if area.sheet == sheet and area.top <= row < area.bottom and area.left <= column < area.right:
                return table
        return None


def _columns(table: Table, node: Structured) -> tuple[int, int] | None:
    """Return the first column and one past the last, counted within the table."""
    if node.first is None:
        return 0, table.area.width
    folded = [column.casefold() for column in table.columns]
    try:
        first = folded.index(node.first.casefold())
        last = first if node.last is None else folded.index(node.last.casefold())
    except ValueError:
        return None
    return min(first, last), max(first, last) + 1


def _rows(table: Table, node: Structured, row: int) -> list[tuple[int, int]] | Error:
    area = table.area
    data = area.top + table.header_rows, area.bottom - table.totals_rows
    if node.this_row:
        return [(row, row + 1)] if data[0] <= row < data[1] else Error.VALUE
    parts = {
        "headers": (area.top, data[0]),
        "data": data,
        "totals": (data[1], area.bottom),
        "all": (area.top, area.bottom),
    }
    wanted = [parts[item] for item in ("headers", "data", "totals", "all") if item in (node.items or {"data"})]
    joined = _join(span for span in wanted if span[0] < span[1])
    return joined or Error.REF


def _join(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join row spans that touch: ``[[#Headers],[#Data]]`` is one area."""
    joined: list[tuple[int, int]] = []
    for top, bottom in spans:
        if joined and top <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], bottom)
        else:
            joined.append((top, bottom))
    return joined
