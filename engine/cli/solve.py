"""Optimise a workbook as Excel's Solver would: with the model that the file stores, or one given here.

Changing cells get the values found, and everything is recomputed. Bounds and smooth models: L-BFGS-B with the
workbook's own gradients; linear models, whole numbers too: HiGHS; other constraints: SLSQP; the evolutionary engine,
and cells all different: differential evolution. Needs torch: install sheetgrad[torch].
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from sheetgrad.sheets.errors import UsageError

from .exits import Exit
from .messages import Line, complain
from .parsing import add_file, opened
from .recompute import WORKBOOKS
from .reports import report

if TYPE_CHECKING:
    from ..solver_models import Goal, SolverModel
    from ..workbook import Workbook

EXAMPLES = """\
  sheetgrad solve collab.xlsx --sheet dotprod -o solved.xlsx        the model that Solver stored
  sheetgrad solve line.xlsx --objective 's!E4' --changing 's!E1:E2' --minimize -o fitted.xlsx
  sheetgrad solve mix.xlsx --objective profit --changing 'plan!B2:B9' --maximize \\
      --constraint 'plan!D2:D4<=plan!E2:E4' --constraint 'plan!B2:B9 int' --nonnegative -o best.xlsx
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="save the solved workbook here")
    parser.add_argument(
        "--sheet", metavar="NAME", help="the sheet whose stored model is meant, where there are several"
    )
    parser.add_argument("--objective", metavar="PLACE", help="the cell to optimise, instead of a stored model")
    parser.add_argument(
        "--changing", action="append", default=[], metavar="PLACES", help="the cells to change, commas between ranges"
    )
    parser.add_argument(
        "--constraint",
        action="append",
        default=[],
        metavar="TEXT",
        help="'PLACE<=VALUE', 'PLACE>=PLACE', 'PLACE=VALUE', 'PLACE int', 'PLACE bin' or 'PLACE dif'; may be repeated",
    )
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument("--minimize", action="store_true", help="make the objective small (the default)")
    goal.add_argument("--maximize", action="store_true", help="make the objective large")
    goal.add_argument("--value", type=float, metavar="X", help="bring the objective to X")
    parser.add_argument(
        "--nonnegative", action="store_true", help="changing cells without a lower bound stay at 0 or above"
    )
    parser.add_argument(
        "--engine", choices=("grg", "lp", "evolutionary"), help="Solver's engine (default: the stored model's, or grg)"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="X", help="stop after X seconds (default: the model's, or none)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="stop after N rounds (default 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what RAND and its kin draw from (default 0)")


def run(options: Namespace) -> int:
    """Solve, say how it went, save."""
    output: Path = options.output
    if output.suffix.lower() not in WORKBOOKS:
        raise UsageError(f"{output} is no workbook's name: expected .xlsx or .xlsm")
    if output.exists() and Path(options.file).exists() and output.samefile(options.file):
        raise UsageError(f"{output} is the input")
    if options.rounds is not None and options.rounds < 1:
        raise UsageError("--rounds takes a number of 1 and more")
    if options.value is not None and not isfinite(options.value):
        raise UsageError(f"--value {options.value}: no cell can come to that")
    workbook = opened(options)
    from ..workbook import require_torch

    model = _limited(_model(workbook, options), options)
    require_torch("solve")
    from ..solving import solve

    with Line() as line:
        solution = solve(workbook, model, seed=options.seed, progress=_shown_on(line), rounds=options.rounds)
    code = report(solution.result)
    if code:
        complain(f"{options.file}: not written: the workbook does not compute completely")
        return code
    solution.result.save(output)
    place = workbook.place(model.objective)
    print(f"{place}: {solution.before:.10g} before, {solution.after:.10g} after")
    rounds = "1 round" if solution.rounds == 1 else f"{solution.rounds:,} rounds"
    print(f"{solution.method}, {rounds}: {solution.reason}")
    return Exit.RIGHT


def _model(workbook: Workbook, options: Namespace) -> SolverModel:
    from ..solver_models import SolverModel, areas, spoken, stored_model

    if options.objective is None:
        if options.changing or options.constraint or options.maximize or options.value is not None:
            raise UsageError("--changing, --constraint and a goal go with --objective: a stored model has its own")
        return stored_model(workbook.model, options.sheet)
    if not options.changing:
        raise UsageError("--objective needs --changing: the cells that may change")
    (objective,) = areas(workbook.model, [options.objective])[:1]
    goal: Goal = "max" if options.maximize else "value" if options.value is not None else "min"
    constraints = tuple(spoken(workbook.model, text) for text in options.constraint)
    changing = areas(workbook.model, options.changing)
    return SolverModel(objective, goal, changing, options.value or 0.0, constraints, options.nonnegative)


def _limited(model: SolverModel, options: Namespace) -> SolverModel:
    """Put what the options say before what the model does."""
    from dataclasses import replace

    if options.seconds is not None:
        if not options.seconds > 0:
            raise UsageError("--seconds takes a number above 0")
        model = replace(model, limits=replace(model.limits, seconds=options.seconds))
    return model if options.engine is None else replace(model, engine=options.engine)


def _shown_on(line: Line) -> Callable[[int, float], None]:
    """Return what shows the search."""
    return lambda rounds, objective: line.show(f"round {rounds:,}: {objective:.8g}")
