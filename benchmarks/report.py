"""The JSON of a benchmark run put into docs/performance.md as tables: ``python -m benchmarks.report RUN.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

Engine = dict[str, Any]
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
READING, WRITING = ("inflate", "expat", "calamine", "openpyxl"), ("deflate",)
ARITHMETIC = ("bare numpy", "bare torch")
BEGIN, END = "<!-- tables: made by make performance -->", "<!-- end of tables -->"


def tables(run: dict[str, Any]) -> str:
    """Return the engines' table and the floors' table."""
    return f"{engines(run['workloads'])}\n{floors(run['workloads'])}"


def engines(workloads: Sequence[dict[str, Any]]) -> str:
    """Return the table of engines: CPU seconds of computing and of the whole process, memory, ratios."""
    lines = [
        "| workload | engine | load | lift | compute | save | whole | MB | whole, × ours | compute, × ours | numbers |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for workload in workloads:
        ours = workload["engines"][0]
        for engine in workload["engines"]:
            title = workload["title"] if engine is ours else ""
            lines.append(_row([title, engine["engine"], *_engine(engine, ours)]))
    return "\n".join(lines) + "\n"


def floors(workloads: Sequence[dict[str, Any]]) -> str:
    """Return the table of floors: what reading and writing alone cost, and the arithmetic on bare arrays."""
    headers = ["our load", *READING, "our save", *WRITING, "our compute", *ARITHMETIC]
    lines = [_row(["workload", *headers]), _row(["---", *["---:"] * len(headers)])]
    for workload in workloads:
        if not workload["floors"]:
            continue
        ours, found = workload["engines"][0], {floor["engine"]: floor for floor in workload["floors"]}
        cells = [workload["title"]]
        for stage, names in (("load", READING), ("save", WRITING), ("compute", ARITHMETIC)):
            floors_of_stage = [seconds(found[name][stage]) if name in found else "" for name in names]
            cells += [seconds(ours[stage]), *floors_of_stage]
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def seconds(value: float | None) -> str:
    """Return CPU seconds with two or three digits.

    >>> seconds(0.01234), seconds(1.234), seconds(123.4), seconds(None)
    ('12 ms', '1.23 s', '123 s', '')
    """
    if value is None:
        return ""
    if value < 0.1:
        return f"{value * 1000:.2g} ms" if value < 0.01 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def _engine(engine: Engine, ours: Engine) -> list[str]:
    if engine["failure"]:
        return [*[""] * 8, engine["failure"].partition(":")[0]]
    stages = [seconds(engine.get(stage)) for stage in ("load", "lift", "compute", "save", "total")]
    ratios = [_ratio(engine[stage], ours[stage]) if engine is not ours else "" for stage in ("total", "compute")]
    return [*stages, f"{engine['memory']:.0f}", *ratios, _verdict(engine)]


def _ratio(value: float | None, ours: float | None) -> str:
    return f"{value / ours:.2f}" if value and ours else ""


def _verdict(engine: Engine) -> str:
    if engine["cells"] is None:
        return ""
    return f"{engine['cells']:,} equal" if not engine["different"] else f"{engine['different']:,} differ"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine(run: dict[str, Any]) -> str:
    """Return one line on where the run was made."""
    told = run["machine"]
    runs = sorted({engine["runs"] for workload in run["workloads"] for engine in workload["engines"]})
    told_runs = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else f"{runs[0]}"
    return (
        f"Machine: {told['cpu']}, {told['cores']} cores, Python {told['python']}. "
        f"Medians of {told_runs} runs, the largest workloads of fewest, engines in turns, {date.today().isoformat()}.\n"
    )


def replaced(document: str, run: dict[str, Any]) -> str:
    """Return the document with what stands between its marks replaced by the run's tables."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{machine(run)}\n{tables(run)}{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(), json.loads(Path(sys.argv[1]).read_text())))
