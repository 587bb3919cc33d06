"""``python -m benchmarks.changes``: one input changed in an open workbook, and everything that depends on it computed.

CPU seconds, medians over many changes, each to another number; what comes of it in one cell is compared.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import process_time

from .workloads import chosen, workbook

Change = Callable[[float], float]  # sets the input and returns the result


@dataclass(frozen=True, slots=True)
class Case:
    """An input to change and a result to look at: cells of one sheet."""

    workload: str
    title: str
    sheet: str
    place: str
    result: str


@dataclass(frozen=True, slots=True)
class Found:
    """CPU seconds of one engine for one change; ``result``: what the last change came to."""

    case: str
    engine: str
    seconds: float
    result: float
    cells: int | None = None  # formula cells that were computed again, where the engine tells


CASES = (
    Case("conv", "conv lesson, a kernel weight of the second layer", "conv", "BI11", "GE4"),
    Case("conv28", "two-sheet network, a kernel weight of the second layer", "conv", "BI11", "EJ2"),
    Case("fill100k", "fill of 100,000 rows, a number in the last row", "fill", "A100000", "E100000"),
    Case("fill100k", "fill of 100,000 rows, a number in the first row", "fill", "A1", "E100000"),
)


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m benchmarks.changes", description=__doc__)
    parser.add_argument("--repeats", type=int, default=20, metavar="N", help="changes of each input (default 20)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="the engines to run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = [each for case in CASES for each in measured(case, options.engines, options.repeats)]
    if options.json:
        print(json.dumps({"schema": "sheetgrad.benchmarks.changes/1", "changes": [asdict(each) for each in found]}))
        return
    for each in found:
        again = "" if each.cells is None else f"  {each.cells:,} cells computed again"
        print(f"{each.case:56} {each.engine:12} {each.seconds * 1000:9.2f} ms{again}")


def measured(case: Case, engines: Sequence[str], repeats: int) -> list[Found]:
    """Return the median of each engine; stops where results differ."""
    (workload,) = chosen([case.workload])
    found: list[Found] = []
    for engine in engines:
        change, cells = ENGINES[engine](workbook(workload), case)
        times = []
        for turn in range(repeats + 1):
            started = process_time()
            result = change(0.25 + turn / 8)
            times.append(process_time() - started)
        found.append(Found(case.title, engine, median(times[1:]), result, cells()))
        if abs(result - found[0].result) > 1e-9 * max(abs(result), 1e-6):
            raise SystemExit(f"{case.title}: {engine} has {result}, {found[0].engine} {found[0].result}")
    return found


def _sheetgrad(path: Path, case: Case) -> tuple[Change, Callable[[], int | None]]:
    from sheetgrad.engine import open_workbook
    from sheetgrad.engine.steps import units_of
    from sheetgrad.sheets.package import Limits

    book = open_workbook(path, limits=Limits.none())
    book.recompute()

    def change(value: float) -> float:
        result = book.recompute(set={f"{case.sheet}!{case.place}": value})
        return float(result[f"{case.sheet}!{case.result}"])

    def cells() -> int:
        (kept,) = book._kept.values()
        return sum(unit.region.cells for step in kept.program.steps for unit in units_of(step))

    return change, cells


def _ironcalc(path: Path, case: Case) -> tuple[Change, Callable[[], int | None]]:
    import ironcalc as engine

    model = engine.load_from_xlsx(str(path), "en", "UTC", "en")
    model.evaluate()
    sheet = next(at for at, found in enumerate(model.get_worksheets_properties()) if found["name"] == case.sheet)
    (row, column), result = _place(case.place), _place(case.result)

    def change(value: float) -> float:
        model.update_cell_with_number(sheet, row, column, value)
        model.evaluate()
        return float(model.get_cell_value(sheet, *result))

    return change, lambda: None


def _formualizer(path: Path, case: Case) -> tuple[Change, Callable[[], int | None]]:
    import formualizer as engine

    book = engine.load_workbook(str(path))
    book.evaluate_all()
    (row, column), result = _place(case.place), _place(case.result)

    def change(value: float) -> float:
        book.set_value(case.sheet, row, column, value)
        book.evaluate_all()
        return float(book.get_value(case.sheet, *result))

    return change, lambda: None


def _place(name: str) -> tuple[int, int]:
    """Return the row and column of a cell, from 1."""
    from sheetgrad.sheets.addresses import parse_cell

    row, column = parse_cell(name)
    return row + 1, column + 1


ENGINES: dict[str, Callable[[Path, Case], tuple[Change, Callable[[], int | None]]]] = {
    "sheetgrad": _sheetgrad,
    "ironcalc": _ironcalc,
    "formualizer": _formualizer,
}


if __name__ == "__main__":
    main()
