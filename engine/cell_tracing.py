"""Tracing cells that have no array program together, one by one."""

from __future__ import annotations

from collections.abc import Sequence

from sheetgrad.sheets.model import Workbook

from .footprints import view_window
from .grid import Grid
from .ir import Node, Pool, View, walk
from .lift import Lifter
from .names import Names
from .outcome import CellKey
from .passes import FAST, mark_final, rewrite
from .regions import Region
from .steps import Unit
from .tracing import Tracer


class CellTrace:
    """Traces units without an array program cell by cell: alone, a cell's ranges neither grow nor turn."""

    def __init__(self, workbook: Workbook, grid: Grid, tracer: Tracer) -> None:
        self.workbook = workbook
        self.grid = grid
        self.tracer = tracer
        used = [grid.used(index) for index in range(len(workbook.sheets))]
        self.used = max((area.bottom for area in used), default=0), max((area.right for area in used), default=0)
        self.names, self.pool = Names(workbook), Pool()

    def trace(self, units: Sequence[Unit]) -> None:
        """Trace all cells, what they read among themselves first."""
        waiting: dict[CellKey, Region] = {}
        for unit in units:
            for region in unit.region.parts():
                waiting[region.sheet, int(region.origin[0]), int(region.origin[1])] = region
        while waiting:
            self._cell(next(iter(waiting)), waiting)

    def _cell(self, cell: CellKey, waiting: dict[CellKey, Region]) -> None:
        path: list[tuple[CellKey, Region, Node]] = [self._lifted(cell, waiting)]
        while path:
            _, region, program = path[-1]
            needed = next((other for other in self._reads(region, program) if other in waiting), None)
            if needed is not None:
                path.append(self._lifted(needed, waiting))
                continue
            path.pop()
            self.tracer.run(region, program)

    def _lifted(self, cell: CellKey, waiting: dict[CellKey, Region]) -> tuple[CellKey, Region, Node]:
        region = waiting.pop(cell)
        lifter = Lifter(self.workbook, self.names, region, self.used, self.pool)
        return cell, region, rewrite(mark_final(lifter.lift()), FAST, self.pool)[-1]

    @staticmethod
    def _reads(region: Region, program: Node) -> list[CellKey]:
        found = []
        for node in walk(program):
            if isinstance(node, View):
                area = view_window(node, region).bounds
                found += [
                    (area.sheet, row, column)
                    for row in range(area.top, area.bottom)
                    for column in range(area.left, area.right)
                ]
        return found
