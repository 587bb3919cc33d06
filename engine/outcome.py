"""What an evaluator reports besides the values it leaves in the grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sheetgrad.sheets.model import Area

CellKey: TypeAlias = tuple[int, int, int]  # sheet index, row, column; zero-based


@dataclass(slots=True)
class Outcome:
    """Filled in by an evaluator: what could not be computed as written, and what spilled where."""

    unsupported: dict[str, list[CellKey]] = field(default_factory=dict)  # function name → cells whose formula names it
    malformed: dict[CellKey, str] = field(default_factory=dict)  # formulas that do not parse → why
    cycles: list[list[CellKey]] = field(default_factory=list)  # each a closed path of cells: first = last
    spills: dict[CellKey, Area] = field(default_factory=dict)  # dynamic array formulas → the area they fill
    volatile: set[CellKey] = field(default_factory=set)  # cells whose formula draws random numbers or reads the clock
    external: set[CellKey] = field(default_factory=set)  # cells whose formula reads another workbook
    unfinished: list[tuple[list[CellKey], int]] = field(
        default_factory=list
    )  # cycles whose iteration was cut off → round
    crowded: bool = False  # formulas have made more text than a workbook may hold
    exhausted: set[CellKey] = field(default_factory=set)  # cells whose LAMBDAs were stopped: see `work`
    untraced: dict[str, list[CellKey]] = field(default_factory=dict)  # why numbers are numpy's, not torch's → cells
    lift: float = 0.0  # seconds that finding the array program took
