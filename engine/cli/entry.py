"""Find the command, run it, turn every expected failure into one line and an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from sheetgrad.sheets.errors import SheetgradError

from .exits import Exit
from .messages import complain
from .parsing import Parser

# Command → the module that has it, and what the overview says. The module is imported when the command is called.
COMMANDS: dict[str, tuple[str, str]] = {
    "generate": ("sheetgrad.engine.cli.generate", "write a lesson workbook: every panel a live formula"),
    "recompute": ("sheetgrad.engine.cli.recompute", "compute a workbook; save it, or print ranges of it"),
    "check": ("sheetgrad.engine.cli.check", "recompute and compare with the values the file stores"),
    "verify": ("sheetgrad.engine.cli.verify", "recompute a lesson and compare every panel with torch"),
    "grad": ("sheetgrad.engine.cli.grad", "differentiate a cell with respect to ranges"),
    "solve": ("sheetgrad.engine.cli.solve", "optimise, with the model that Excel's Solver stored or one of your own"),
    "batch": ("sheetgrad.engine.cli.batch", "run a workbook for every row of a table, or many times (Monte Carlo)"),
    "export": ("sheetgrad.engine.cli.export", "write the formulas out as a Python function of arrays"),
    "explain": ("sheetgrad.engine.cli.explain", "show the regions and the array program of a workbook"),
}

# New objects between two looks for cycles. A run leaves hardly any cycles behind; at Python's 700 it would look through
# all that it has just imported and read, again and again.
GARBAGE = 100_000

OVERVIEW = (
    """\
A spreadsheet is an array program written cell by cell: sheetgrad reads a workbook, finds the array program that its
filled formulas spell out, runs it on numpy or torch, and writes the values back without touching anything else.""",
    """\
  sheetgrad generate conv -o conv.xlsx                 a convolutional network as live formulas
  sheetgrad recompute conv.xlsx -o new.xlsx            compute all formulas, save the values
  sheetgrad recompute conv.xlsx --get 'conv!conv1_1'   print a range or a defined name
  sheetgrad check budget.xlsx                          are the stored values what the formulas give?
  sheetgrad verify conv.xlsx                           does torch agree, panel by panel?

exit codes:
  0 right   1 differences   2 usage   3 unreadable or refused file   4 a function it does not have   5 a cycle
""",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if arguments is None:
        gc.set_threshold(GARBAGE)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a terminal need not know all of a file's characters
        elif sys.stdout is None:  # closed by whoever started the command
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        atexit.register(gc.freeze)  # or leaving would look for cycles in everything once more, a tenth of a short run
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
    except SheetgradError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted; nothing more was written")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output is gone: say nothing, not even when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    except MemoryError:
        complain("there is not enough memory")
        return Exit.REFUSED
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return Exit.REFUSED
    except SystemExit as stop:  # argparse after --help (0) and after a usage error (2)
        return int(stop.code or 0)
    return code


def _run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        return _guide(arguments)
    module = import_module(COMMANDS[name][0])
    parser = Parser(f"sheetgrad {name}", module.__doc__ or "", module.EXAMPLES)
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(arguments[1:]))
    return code


def _guide(arguments: list[str]) -> int:
    """Answer ``--help`` and ``--version``; say which command was meant."""
    parser = _overview()
    if not arguments:
        parser.print_help(sys.stderr)
    elif arguments[0].startswith("-"):
        parser.parse_args(arguments)
    else:
        from difflib import get_close_matches

        close = get_close_matches(arguments[0], COMMANDS, n=1)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}"
        complain(f"no command {arguments[0]!r}; {meant}")
    return Exit.USAGE


def _overview() -> Parser:
    summaries = "\n".join(f"  {name:10} {summary}" for name, (_, summary) in COMMANDS.items())
    parser = Parser("sheetgrad", f"{OVERVIEW[0]}\n\ncommands:\n{summaries}", OVERVIEW[1])
    parser.usage = "sheetgrad COMMAND ...    (sheetgrad COMMAND --help tells more)"
    parser.add_argument("--version", action="version", version=_version(), help="print the version")
    return parser


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"sheetgrad {version('sheetgrad')}"
    except PackageNotFoundError:
        return "sheetgrad (not installed)"
