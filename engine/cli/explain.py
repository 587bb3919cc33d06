"""Show what a workbook's formulas are as an array program: templates, regions, steps, and what stays cell by cell."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from .messages import progress
from .parsing import add_file, opened
from .tables import show

EXAMPLES = """\
  sheetgrad explain conv.xlsx
  sheetgrad explain model.xlsx --json | jq .fallback_cells
"""
WIDEST = 80  # characters of a formula in the table; JSON has all


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace) -> int:
    """Plan, and show the plan."""
    with progress(f"planning {options.file}"):
        workbook = opened(options)
        explained = workbook.explain()
    if options.json:
        print(json.dumps(explained, allow_nan=False))
        return 0
    rows = [
        [str(number), *_row(step, region)]
        for number, step in enumerate(explained["steps"], 1)
        for region in step["regions"]
    ]
    if rows:
        show(["step", "how", "range", "cells", "loops", "formula"], rows, right=(0, 3))
        print()
    print(
        f"{workbook.name}: {explained['formulas']:,} formulas, {explained['templates']:,} templates, "
        f"{explained['regions']:,} regions, {explained['fallback_cells']:,} cells computed one by one"
    )
    return 0


def _row(step: dict[str, Any], region: dict[str, Any]) -> list[str]:
    """Return how a region is computed, where it lies, its loops (count and step of each), and its formula."""
    loops = " × ".join(f"{loop['count']:,}{_step(loop)}" for loop in region["loops"])
    return [_how(step, region), region["range"], f"{region['cells']:,}", loops, _cut(region["formula"])]


def _how(step: dict[str, Any], region: dict[str, Any]) -> str:
    if "fallback" in region:
        return f"cell by cell: {region['fallback']}"
    if step["kind"] != "sweep":
        return "at once"
    return f"{step['turns']:,} turns" + (", straight line" if step.get("straight_line") else "")


def _step(loop: dict[str, Any]) -> str:
    """Return how far a loop moves, where that is not one row or one column."""
    rows, columns = loop["rows"], loop["columns"]
    if (rows, columns) in ((1, 0), (0, 1)):
        return ""
    moves = [f"{rows} down"] * bool(rows) + [f"{columns} across"] * bool(columns)
    return f" by {' '.join(moves)}"


def _cut(formula: str) -> str:
    return formula if len(formula) <= WIDEST else f"{formula[: WIDEST - 1]}…"
