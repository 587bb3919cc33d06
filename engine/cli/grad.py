"""Differentiate one cell of a workbook with respect to ranges: through lookups, conditions, pooling, recurrences.

The derivative is that of what the formulas compute at the workbook's values. A function on the way that has none is
named with its cells. Needs torch: install sheetgrad[torch].
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from sheetgrad.sheets.errors import UsageError

from .messages import progress
from .parsing import add_file, assignments, opened
from .tables import show_cells

EXAMPLES = """\
  sheetgrad grad conv.xlsx --of 'conv!J40' --wrt 'conv!BI11:BK13'
  sheetgrad grad collab.xlsx --of dot_rmse --wrt 'dotprod!B25:F39,dotprod!H19:V23' --format json
  sheetgrad grad collab.xlsx --of 'dotprod!J41' --wrt 'dotprod!B25:F39' -o slopes.npz
  sheetgrad grad collab.xlsx --of 'dotprod!J41' --wrt 'dotprod!B25:F39' -o slopes.xlsx
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    parser.add_argument("--of", required=True, metavar="PLACE", help="the cell to differentiate")
    parser.add_argument(
        "--wrt", required=True, action="append", metavar="PLACES", help="ranges of numbers, with commas between them"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PLACE=VALUE", help="a value for this computation"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what RAND and its kin draw from (default 0)")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default table)")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, help="save as .npz, or .xlsx: each slope where its cell is"
    )


def run(options: Namespace) -> int:
    """Differentiate, and print or save."""
    from ..solver_models import split_places

    output: Path | None = options.output
    if output is not None and output.suffix.lower() not in (".npz", ".xlsx"):
        raise UsageError(f"{output}: expected .npz or .xlsx")
    if output is not None and output.exists() and Path(options.file).exists() and output.samefile(options.file):
        raise UsageError(f"{output} is the input")
    places = [place for text in options.wrt for place in split_places(text)]
    with progress(f"differentiating {options.file}"):
        workbook = opened(options)
        found = workbook.gradient(options.of, places, set=assignments(options.set), seed=options.seed)
    if output is not None:
        _save(workbook, found, output)
    elif options.format == "json":
        slopes = {place: slope.tolist() for place, slope in found.items()}
        print(
            json.dumps({"schema": "sheetgrad.gradient/1", "file": workbook.name, "of": options.of, "gradient": slopes})
        )
    else:
        _show(workbook, found)
    return 0


def _show(workbook: Any, found: dict[str, Any]) -> None:
    for number, (place, slope) in enumerate(found.items()):
        if number:
            print()
        if len(found) > 1:
            print(place)
        show_cells(workbook.area(place), slope, "{:.6g}".format)


def _save(workbook: Any, found: dict[str, Any], output: Path) -> None:
    """Write the slopes, all or nothing."""
    import io

    import numpy as np

    from sheetgrad.sheets.target import write_atomically

    buffer = io.BytesIO()
    if output.suffix.lower() == ".npz":
        np.savez(buffer, **found)
    else:
        import xlsxwriter

        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
            sheets: dict[int, Any] = {}
            for place, slope in found.items():
                area = workbook.area(place)
                if area.sheet not in sheets:
                    sheets[area.sheet] = book.add_worksheet(workbook.sheets[area.sheet])
                for row, line in enumerate(slope.tolist()):
                    sheets[area.sheet].write_row(area.top + row, area.left, line)
    write_atomically(output, [buffer.getvalue()])
