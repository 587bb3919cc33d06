"""Runs of engines in processes of their own: CPU seconds, peak memory, and whether all give the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from .arrays import BARE
from .workloads import Workload, workbook

ROOT = Path(__file__).parents[1]
RTOL = 1e-9


@dataclass(slots=True)
class Run:
    """One run of one engine: CPU seconds by stage and as a whole, peak memory in MB, and how it failed if it did."""

    stages: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    memory: float = 0.0
    failure: str = ""


@dataclass(slots=True)
class Measured:
    """Medians over the runs of one engine on one workload."""

    engine: str
    load: float | None = None
    lift: float | None = None  # finding the array program; other engines parse formulas while they load
    compute: float | None = None
    save: float | None = None
    total: float | None = None
    memory: float | None = None
    runs: int = 0
    failure: str = ""
    cells: int | None = None  # numbers compared with the first engine's
    different: int | None = None


def measure(workload: Workload, engines: Sequence[str], repeats: int, timeout: float) -> list[Measured]:
    """Run the engines in turns and return their medians; the first engine's numbers are what the others are held to."""
    source = workbook(workload)
    runs: dict[str, list[Run]] = {engine: [] for engine in engines}
    with tempfile.TemporaryDirectory(prefix="sheetgrad-bench-") as folder:
        outputs = {engine: Path(folder) / f"{engine}.xlsx" for engine in engines}
        for turn in range(repeats):
            for engine in engines:
                if turn and runs[engine][-1].failure:
                    continue  # it would time out, or fail, again
                outputs[engine].unlink(missing_ok=True)
                runs[engine].append(spawn(["benchmarks.engines", engine, str(source), str(outputs[engine])], timeout))
        found = [_medians(engine, runs[engine]) for engine in engines]
        _compare(found, outputs)
    return found


def floors(workload: Workload, names: Sequence[str], repeats: int, timeout: float) -> list[Measured]:
    """Measure what only reads, and the arithmetic on bare arrays."""
    source = str(workbook(workload))
    found = []
    for name in names:
        runs = [spawn(["benchmarks.engines", name, source, os.devnull], timeout) for _ in range(repeats)]
        found.append(_medians(name, runs))
    for library in BARE.get(workload.name, {}):
        run = spawn(["benchmarks.arrays", workload.name, library], timeout)
        found.append(Measured(f"bare {library}", compute=run.stages.get("compute"), runs=1, failure=run.failure))
    return found


def spawn(arguments: Sequence[str], timeout: float) -> Run:
    """Run a module of the benchmark as a process, and count what it costs."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / ".view"), str(ROOT)))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs a package has its bytecode
    command = [sys.executable, "-m", *arguments]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, env=environment, cwd=ROOT, start_new_session=True
        )
        timer = Timer(timeout, process.kill)
        timer.start()
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        said.seek(0)
        complaint = said.read().decode(errors="replace").strip()
    run = Run(total=usage.ru_utime + usage.ru_stime)
    if process.returncode:
        slow = process.returncode == -9
        run.failure = f"over {timeout:.0f} s" if slow else (complaint.splitlines() or ["failed"])[-1][:200]
    else:
        report = json.loads(output.splitlines()[-1])
        run.stages, run.memory = report["stages"], report["memory"]
    return run


def _medians(engine: str, runs: Sequence[Run]) -> Measured:
    failure = next((run.failure for run in runs if run.failure), "")
    if failure:
        return Measured(engine, runs=len(runs), failure=failure)
    stages = {stage: median(run.stages[stage] for run in runs) for stage in runs[0].stages}
    total, memory = median(run.total for run in runs), median(run.memory for run in runs)
    return Measured(engine, total=total, memory=memory, runs=len(runs), **stages)


def _compare(found: list[Measured], outputs: dict[str, Path]) -> None:
    """Hold every engine's saved numbers to the first engine's, all cells."""
    right = next((each for each in found if not each.failure), None)
    if right is None:
        return
    expected = dict(_numbers(outputs[right.engine]))
    for each in found:
        if each is right or each.failure:
            continue
        each.cells = each.different = 0
        for place, value in _numbers(outputs[each.engine]):
            other = expected.get(place)
            if other is not None:
                each.cells += 1
                each.different += abs(value - other) > RTOL * max(abs(value), abs(other), 1e-6)
        each.different += max(len(expected) - each.cells, 0)


def _numbers(path: Path) -> Iterator[tuple[tuple[int, int, int], float]]:
    """Yield the numbers that a workbook stores, by (sheet, row, column)."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(path))
    for index in range(len(book.sheet_names)):
        sheet = book.get_sheet_by_index(index)
        for row, line in enumerate(sheet.to_python(skip_empty_area=False)):
            for column, value in enumerate(line):
                if isinstance(value, float):
                    yield (index, row, column), value


def jsonable(measured: Measured) -> dict[str, Any]:
    """Return a measurement for JSON."""
    return asdict(measured)
