"""``python -m benchmarks``: this engine beside its peers and the floors, on the same files, in one run.

CPU seconds (interpreter start included in "whole"), medians, engines in turns, every number compared.
"""

from __future__ import annotations

import json
import platform
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from .engines import ENGINES, FLOORS
from .running import Measured, floors, jsonable, measure
from .workloads import WORKLOADS, Workload, chosen


def main() -> None:
    """Run the workloads and show the table."""
    options = _options()
    results = []
    for workload in chosen(options.only, options.quick):
        print(f"{workload.name}: {workload.title} …", file=sys.stderr, flush=True)
        measured = measure(workload, options.engines, options.repeats, options.timeout)
        limits = [] if options.no_floors else floors(workload, list(FLOORS), 1, options.timeout)
        results.append((workload, measured, limits))
        if not options.json:
            show(workload, measured, limits)
    if options.json:
        print(json.dumps(_object(results), allow_nan=False))


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help=f"a workload: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="leave out the large workloads")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="runs of each engine (default 3)")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="limit of a run (default 300)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="the engines to run")
    parser.add_argument("--no-floors", action="store_true", help="leave out what only reads, and bare arrays")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def show(workload: Workload, measured: list[Measured], limits: list[Measured]) -> None:
    """Print the table of one workload: CPU seconds, and how many times ours each takes."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    ours = measured[0]
    table = Table(title=f"{workload.name}: {workload.title}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for header in ("engine", "load", "lift", "compute", "save", "whole", "MB", "compute ×", "whole ×", "numbers"):
        table.add_column(header, justify="left" if header in ("engine", "numbers") else "right")
    for each in [*measured, *limits]:
        table.add_row(
            each.engine,
            *map(_seconds, (each.load, each.lift, each.compute, each.save, each.total)),
            "" if each.memory is None else f"{each.memory:.0f}",
            _ratio(each.compute, ours.compute),
            _ratio(each.total, ours.total) if each in measured else "",
            each.failure or _verdict(each),
            style="dim" if each in limits else None,
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def _ratio(value: float | None, ours: float | None) -> str:
    return f"{value / ours:.2f}" if value and ours else ""


def _verdict(each: Measured) -> str:
    if each.cells is None:
        return ""
    return f"{each.cells:,} equal" if not each.different else f"{each.different:,} of {each.cells:,} differ"


def _object(results: list[tuple[Workload, list[Measured], list[Measured]]]) -> dict[str, Any]:
    return {
        "schema": "sheetgrad.benchmarks/1",
        "machine": {"cpu": _processor(), "cores": _cores(), "python": platform.python_version()},
        "workloads": [
            {
                "name": workload.name,
                "title": workload.title,
                "engines": [jsonable(each) for each in measured],
                "floors": [jsonable(each) for each in limits],
            }
            for workload, measured, limits in results
        ],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _cores() -> int:
    import os

    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
