"""Recompute workbooks and compare every formula cell with the value that the file stores.

Cells that draw random numbers or read the clock are taken at their stored values, so that all that depends on them is
compared. Links to other workbooks and formulas without a stored value are left out. Exit code 1 where cells differ;
of several workbooks the highest code of any, and one that cannot be read does not keep the others from being checked.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sheetgrad.sheets.errors import SheetgradError, UsageError

from ..compare import Comparison, shown
from ..workbook import Result
from .exits import Exit
from .formats import jsonable
from .messages import complain, progress
from .parsing import add_computation, add_trust, opened
from .reports import report
from .tables import show

EXAMPLES = """\
  sheetgrad check budget.xlsx
  sheetgrad check budget.xlsx --rtol 1e-6 --limit 100
  sheetgrad check budget.xlsx --json | jq .different
  sheetgrad check models/ more.xlsx              every workbook below a folder, and one more
"""
ENDINGS = (".xlsx", ".xlsm")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="workbooks, .xlsx or .xlsm, or folders: all that lie below them"
    )
    add_trust(parser)
    parser.add_argument("--rtol", type=float, default=1e-9, metavar="R", help="relative tolerance (default 1e-9)")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="differences to list (default 20; 0: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with all differences")
    add_computation(parser)


def run(options: Namespace) -> int:
    """Recompute and compare."""
    if not options.rtol >= 0 or options.limit < 0:
        raise UsageError("--rtol and --limit take numbers of 0 and more")
    files = _expanded(options.files)
    if files == options.files and len(files) == 1:
        code, found = _checked(files[0], options)
        if options.json:
            print(json.dumps(found, allow_nan=False))
        return code
    codes, objects = [Exit.RIGHT], []
    for file in files:
        try:
            code, found = _checked(file, options)
            objects.append(found)
        except SheetgradError as error:
            complain(str(error))
            code = Exit(error.exit_code)
        codes.append(code)
    sums = {name: sum(found[name] for found in objects) for name in ("formulas", "compared", "equal", "different")}
    if options.json:
        print(json.dumps({"schema": "sheetgrad.check/1", "files": objects, **sums}, allow_nan=False))
    else:
        print(f"\n{len(objects):,} of {len(files):,} workbooks: {_counts(sums)}")
    return max(codes)


def _expanded(names: Sequence[str]) -> list[str]:
    """Return the workbooks that names stand for, those of folders in order."""
    files = []
    for name in names:
        folder = Path(name)
        if not name or not folder.is_dir():
            files.append(name)
            continue
        inside = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
        if not inside:
            raise UsageError(f"{name}: no workbooks lie below this folder")
        files += [str(path) for path in inside]
    return files


def _checked(file: str, options: Namespace) -> tuple[Exit, dict[str, Any]]:
    """Recompute one workbook, report and show what differs; return the exit code and the JSON object."""
    with progress(f"checking {file}"):
        result = opened(options, file).recompute(
            seed=options.seed, now=options.now, backend=options.backend, lenient=options.lenient
        )
        comparison = result.comparison(options.rtol)
    code = report(result, lenient=options.lenient)
    found = _object(file, result, comparison)
    if not options.json:
        _print(found, comparison, options.limit)
    return code or (Exit.DIFFERENT if comparison.differences else Exit.RIGHT), found


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


def _print(found: Mapping[str, Any], comparison: Comparison, limit: int) -> None:
    differences = comparison.differences
    listed = differences[:limit] if limit > 0 else differences
    if listed:
        rows = [[str(d.place), shown(d.stored), shown(d.computed), f"={d.formula}"] for d in listed]
        show(["cell", "stored", "computed", "formula"], rows)
        if len(listed) < len(differences):
            print(f"… and {len(differences) - len(listed):,} more (--limit 0 lists all)")
        print()
    bare = f" ({comparison.bare:,} have no stored value)" if comparison.bare else ""
    print(f"{found['file']}: {_counts(found)}{bare}")


def _counts(found: Mapping[str, Any]) -> str:
    return (
        f"{found['formulas']:,} formula cells, {found['compared']:,} compared, {found['equal']:,} equal, "
        f"{found['different']:,} different"
    )
