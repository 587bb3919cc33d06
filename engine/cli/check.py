"""Recompute a workbook and compare every formula cell with the value that the file stores.

Cells that draw random numbers or read the clock are taken at their stored values, so that all that depends on them is
compared. Links to other workbooks and formulas without a stored value are left out. Exit code 1 where cells differ.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

from ..compare import Comparison, shown
from ..workbook import Result
from .exits import Exit
from .formats import jsonable
from .messages import progress
from .parsing import add_computation, add_file, opened
from .reports import report
from .tables import show

EXAMPLES = """\
  sheetgrad check budget.xlsx
  sheetgrad check budget.xlsx --rtol 1e-6 --limit 100
  sheetgrad check budget.xlsx --json | jq .different
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    parser.add_argument("--rtol", type=float, default=1e-9, metavar="R", help="relative tolerance (default 1e-9)")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="differences to list (default 20; 0: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with all differences")
    add_computation(parser)


def run(options: Namespace) -> int:
    """Recompute and compare."""
    with progress(f"checking {options.file}"):
        workbook = opened(options)
        result = workbook.recompute(
            seed=options.seed, now=options.now, backend=options.backend, lenient=options.lenient
        )
        comparison = result.comparison(options.rtol)
    code = report(result, lenient=options.lenient)
    if options.json:
        print(json.dumps(_object(options.file, result, comparison), allow_nan=False))
    else:
        _print(result, comparison, options.limit)
    return code or (Exit.DIFFERENT if comparison.differences else Exit.RIGHT)


def _object(file: str, result: Result, comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": "sheetgrad.check/1",
        "file": file,
        "formulas": comparison.formulas,
        "compared": comparison.compared,
        "equal": comparison.equal,
        "different": len(comparison.differences),
        "unsupported": {name: len(cells) for name, cells in sorted(result.outcome.unsupported.items())},
        "differences": [
            {
                "sheet": difference.sheet,
                "cell": difference.cell,
                "formula": difference.formula,
                "stored": jsonable(difference.stored),
                "computed": jsonable(difference.computed),
            }
            for difference in comparison.differences
        ],
        "seconds": asdict(result.seconds),
    }


def _print(result: Result, comparison: Comparison, limit: int) -> None:
    differences = comparison.differences
    listed = differences[:limit] if limit > 0 else differences
    if listed:
        rows = [[str(d.place), shown(d.stored), shown(d.computed), f"={d.formula}"] for d in listed]
        show(["cell", "stored", "computed", "formula"], rows)
        if len(listed) < len(differences):
            print(f"… and {len(differences) - len(listed):,} more (--limit 0 lists all)")
        print()
    print(
        f"{result.workbook.name}: {comparison.formulas:,} formula cells, {comparison.compared:,} compared, "
        f"{comparison.equal:,} equal, {len(differences):,} different"
    )
