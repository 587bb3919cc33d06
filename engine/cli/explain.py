"""Show what a workbook's formulas are as an array program: templates, regions, steps, and what stays cell by cell."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from .messages import progress
from .parsing import add_file, opened
from .tables import show

EXAMPLES = """\
  sheetgrad explain conv.xlsx
  sheetgrad explain model.xlsx --json | jq .fallback_cells
"""


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
    steps = explained["steps"]
    if steps:
        headers = list(steps[0])
        show(headers, [[_text(step.get(header)) for header in headers] for step in steps])
        print()
    print(
        f"{workbook.name}: {explained['formulas']:,} formulas, {explained['templates']:,} templates, "
        f"{explained['regions']:,} regions, {explained['fallback_cells']:,} cells computed one by one"
    )
    return 0


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
