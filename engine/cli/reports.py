"""What a recomputation could not do as written, said on stderr, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sheetgrad.sheets.addresses import cell_name, quote_sheet

from ..outcome import CellKey
from ..workbook import Result, Workbook
from .exits import Exit
from .messages import complain, some, warn

MOST_WARNINGS = 50  # formulas that cannot be read, each by itself


def report(result: Result, inputs: Iterable[str] = (), *, lenient: bool = False) -> Exit:
    """Name every missing function, unreadable formula and cycle with its cells; return what the exit code is.

    With ``lenient`` missing functions are warnings.
    """
    workbook, outcome = result.workbook, result.outcome
    _overridden(result, inputs)
    for cell, why in sorted(outcome.malformed.items())[:MOST_WARNINGS]:
        warn(f"{workbook.name}: {place(workbook, cell)}: {why}")
    if len(outcome.malformed) > MOST_WARNINGS:
        warn(f"{workbook.name}: {len(outcome.malformed) - MOST_WARNINGS:,} more formulas cannot be read")
    for name, cells in sorted(outcome.unsupported.items()):
        kept = "; the stored values stay" if lenient else ""
        say = warn if lenient else complain
        say(f"{workbook.name}: no function {name}: needed by {some(places(workbook, cells))}{kept}")
    for why, cells in sorted(outcome.untraced.items()):
        warn(f"{workbook.name}: computed on numpy, not torch: {why}: {some(places(workbook, cells))}")
    if outcome.exhausted:
        stopped = some(places(workbook, sorted(outcome.exhausted)))
        warn(f"{workbook.name}: {stopped}: more is repeated than a workbook may; a limit, which --no-limits lifts")
    if outcome.crowded:
        warn(f"{workbook.name}: formulas make more text than a workbook may; a limit, which --no-limits lifts")
    for path, rounds in outcome.unfinished:
        where = chain(places(workbook, path))
        complain(
            f"{workbook.name}: iteration stopped after round {rounds:,}; a limit, which --no-limits lifts: {where}"
        )
    for path in outcome.cycles:
        complain(f"{workbook.name}: circular reference: {chain(places(workbook, path))}")
    if outcome.cycles or outcome.unfinished:
        return Exit.CYCLE
    return Exit.UNSUPPORTED if outcome.unsupported and not lenient else Exit.RIGHT


def place(workbook: Workbook, cell: CellKey) -> str:
    """Return a cell as text, ``Sheet!A1``."""
    sheet, row, column = cell
    return f"{quote_sheet(workbook.sheets[sheet])}!{cell_name(row, column)}"


def places(workbook: Workbook, cells: Sequence[CellKey]) -> list[str]:
    """Return cells as texts."""
    return [place(workbook, cell) for cell in cells]


def chain(cells: Sequence[str], most: int = 12) -> str:
    """Join the cells of a cycle, its middle left out where it is long.

    >>> chain(["A1", "B1", "A1"])
    'A1 → B1 → A1'
    """
    if len(cells) <= most:
        return " → ".join(cells)
    left_out = len(cells) - most
    return " → ".join([*cells[: most // 2], f"… {left_out:,} more …", *cells[-(most // 2) :]])


def _overridden(result: Result, inputs: Iterable[str]) -> None:
    workbook = result.workbook
    for reference in inputs:
        area = workbook.area(reference)
        gone = sorted(
            cell
            for cell in result.held
            if cell[0] == area.sheet and area.top <= cell[1] < area.bottom and area.left <= cell[2] < area.right
        )
        if gone:
            cells = some(places(workbook, gone))
            warn(f"{workbook.name}: --set puts a value where a formula is, for this run: {cells}")
