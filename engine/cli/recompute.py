"""Compute every formula of a workbook: save it with -o or --in-place, print ranges with --get, or see that it works.

Only the values of formula cells are rewritten (and of cells that --set names); everything else in the file stays byte
for byte. A formula that cannot be read gets its error value and a warning; the rest is computed.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sheetgrad.sheets.errors import UsageError

from ..workbook import Result
from .formats import FORMATS, show_values
from .messages import complain, progress
from .parsing import add_computation, add_file, assignments, opened
from .reports import report

EXAMPLES = """\
  sheetgrad recompute model.xlsx -o out.xlsx
  sheetgrad recompute model.xlsx --set 'Inputs!B2=0.5' --get 'Summary!A1:C3'
  sheetgrad recompute conv.xlsx --get 'conv!softmax' --format json
  sheetgrad recompute conv.xlsx --get 'conv!conv1_1' --format npz > conv1.npz
  sheetgrad recompute dropout.xlsx --seed 7 --in-place
"""
WORKBOOKS = {".xlsx", ".xlsm", ".xltx", ".xltm"}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "-o", "--output", metavar="OUT", help="save here; a file that is there is replaced, all or nothing"
    )
    target.add_argument("--in-place", action="store_true", help="save over FILE itself")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PLACE=VALUE",
        help="a cell, a range or a defined name, and its value; a formula there gives way; may be repeated",
    )
    parser.add_argument(
        "--get",
        action="append",
        default=[],
        metavar="PLACE",
        help="print a range (Sheet!A1:C3), a defined name, or a spill (Sheet!A1#); may be repeated",
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="how --get prints (default table)")
    add_computation(parser)


def run(options: Namespace) -> int:
    """Recompute, report, print, save."""
    inputs = assignments(options.set)
    target = _target(options)
    with progress(f"computing {options.file}"):
        workbook = opened(options)
        for place in options.get:
            workbook.area(place)
        result = workbook.recompute(
            set=inputs, seed=options.seed, now=options.now, backend=options.backend, lenient=options.lenient
        )
    code = report(result, inputs, lenient=options.lenient)
    if options.in_place and code:
        complain(f"{options.file}: not written: in place only what computes completely, or with --lenient")
        target = None
    if target is not None:
        with progress(f"writing {target}"):
            result.save(target)
    if options.get:
        show_values(result, options.get, options.format)
    elif target is None:
        _summary(result)
    return code


def _target(options: Namespace) -> str | None:
    source: str = options.file
    if options.in_place:
        return source
    output: str | None = options.output
    if output is None:
        return None
    if os.path.exists(output) and os.path.exists(source) and os.path.samefile(output, source):
        raise UsageError(f"{output} is the input: say --in-place to write over it")
    if os.path.splitext(output)[1].lower() not in WORKBOOKS:
        raise UsageError(f"{output} is no workbook's name: expected .xlsx or .xlsm")
    return output


def _summary(result: Result) -> None:
    """Say what was computed where nothing was asked for."""
    comparison = result.comparison()
    changed = len(comparison.differences)
    print(
        f"{result.workbook.name}: {comparison.formulas:,} formula cells computed in {result.seconds.compute:.2f} s; "
        f"{changed:,} differ from the stored values. Nothing written: -o OUT saves, --get PLACE prints."
    )
