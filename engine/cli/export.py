"""Write a workbook's formulas out as source code: one function of arrays, on numpy or torch, that needs nothing else.

The function takes the inputs' cells, (rows, columns) each, and returns the outputs'. Needs torch, to
trace: install sheetgrad[torch].
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from sheetgrad.sheets.errors import UsageError

from .parsing import add_file, opened

EXAMPLES = """\
  sheetgrad export conv.xlsx --to python --inputs image --outputs softmax -o network.py
  sheetgrad export line.xlsx --to python --library torch --inputs 's!E1:E2' --outputs 's!E4'
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    parser.add_argument("--to", choices=("python",), default="python", help="the language (default python)")
    parser.add_argument("--library", choices=("numpy", "torch"), default="numpy", help="the arrays (default numpy)")
    parser.add_argument("--inputs", action="append", required=True, metavar="PLACES", help="the function's arguments")
    parser.add_argument("--outputs", action="append", required=True, metavar="PLACES", help="what it returns")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="save here instead of printing")


def run(options: Namespace) -> int:
    """Trace, write."""
    from ..solver_models import split_places
    from ..workbook import require_torch

    inputs, outputs = (
        [place for text in texts for place in split_places(text)] for texts in (options.inputs, options.outputs)
    )
    output: Path | None = options.output
    if output is not None and output.suffix != ".py":
        raise UsageError(f"{output}: expected .py")
    workbook = opened(options)
    require_torch("export")
    from ..exporting import to_source

    source = to_source(workbook, inputs, outputs, options.library)
    if output is None:
        print(source, end="")
        return 0
    from sheetgrad.sheets.target import write_atomically

    write_atomically(output, [source.encode()])
    return 0
