"""The engines and the floors, each run as a process of its own: ``python -m benchmarks.engines NAME INPUT OUTPUT``.

A run prints one JSON object: CPU seconds of each stage. What the process costs as a whole, its parent measures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

Stages = dict[str, float]  # stage → CPU seconds


class Clock:
    """CPU seconds between laps."""

    def __init__(self) -> None:
        self.stages: Stages = {}
        self._last = process_time()

    def lap(self, stage: str) -> None:
        """Give the time since the last lap to ``stage``."""
        now = process_time()
        self.stages[stage] = now - self._last
        self._last = now


def sheetgrad(source: Path, target: Path) -> Stages:
    """This project, as its command line does it."""
    from sheetgrad.engine import cli, open_workbook  # noqa: F401  the command line's settings
    from sheetgrad.sheets.package import Limits

    clock = Clock()
    workbook = open_workbook(source, limits=Limits.none())
    clock.lap("load")
    workbook.prepare()
    clock.lap("lift")
    result = workbook.recompute()
    clock.lap("compute")
    result.save(target)
    clock.lap("save")
    return clock.stages


def ironcalc(source: Path, target: Path) -> Stages:
    """IronCalc, by its Python package."""
    import ironcalc as engine

    clock = Clock()
    model = engine.load_from_xlsx(str(source), "en", "UTC", "en")
    clock.lap("load")
    model.evaluate()
    clock.lap("compute")
    model.save_to_xlsx(str(target))
    clock.lap("save")
    return clock.stages


def formualizer(source: Path, target: Path) -> Stages:
    """Formualizer, by its Python package."""
    import formualizer as engine

    clock = Clock()
    workbook = engine.load_workbook(str(source))
    clock.lap("load")
    workbook.evaluate_all()
    clock.lap("compute")
    target.write_bytes(workbook.to_xlsx_bytes())
    clock.lap("save")
    return clock.stages


def inflate(source: Path, _: Path) -> Stages:
    """The floor of reading: inflating every part."""
    import zipfile

    clock = Clock()
    with zipfile.ZipFile(source) as package:
        for name in package.namelist():
            package.read(name)
    clock.lap("load")
    return clock.stages


def expat(source: Path, _: Path) -> Stages:
    """Inflating, and a bare scan of the sheets' XML by expat with handlers that do nothing."""
    import zipfile
    from xml.parsers.expat import ParserCreate

    clock = Clock()
    with zipfile.ZipFile(source) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/"):
                parser = ParserCreate()
                parser.StartElementHandler = _nothing
                parser.CharacterDataHandler = _nothing
                parser.Parse(package.read(name), True)
    clock.lap("load")
    return clock.stages


def deflate(source: Path, _: Path) -> Stages:
    """The floor of writing: deflating the sheets' XML as they are, by zlib at its fastest level."""
    import zipfile
    import zlib

    with zipfile.ZipFile(source) as package:
        sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/")]
    clock = Clock()
    for sheet in sheets:
        zlib.compress(sheet, 1)
    clock.lap("save")
    return clock.stages


def calamine(source: Path, _: Path) -> Stages:
    """python-calamine: values only, no formulas."""
    from python_calamine import CalamineWorkbook

    clock = Clock()
    workbook = CalamineWorkbook.from_path(str(source))
    for index in range(len(workbook.sheet_names)):
        workbook.get_sheet_by_index(index).to_python()
    clock.lap("load")
    return clock.stages


def openpyxl(source: Path, _: Path) -> Stages:
    """openpyxl in its read-only mode, formulas as they stand."""
    from openpyxl import load_workbook

    clock = Clock()
    workbook = load_workbook(source, read_only=True)
    for sheet in workbook.worksheets:
        for _row in sheet.iter_rows(values_only=True):
            pass
    clock.lap("load")
    return clock.stages


def _nothing(*_: object) -> None:
    pass


def peak_memory() -> float:
    """Return this process's peak memory in MB (what a parent is told counts the parent's own memory at the fork)."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


ENGINES: dict[str, Callable[[Path, Path], Stages]] = {
    "sheetgrad": sheetgrad,
    "ironcalc": ironcalc,
    "formualizer": formualizer,
}
FLOORS: dict[str, Callable[[Path, Path], Stages]] = {
    "inflate": inflate,
    "expat": expat,
    "calamine": calamine,
    "openpyxl": openpyxl,
    "deflate": deflate,
}


if __name__ == "__main__":
    name, source, target = sys.argv[1:]
    stages = {**ENGINES, **FLOORS}[name](Path(source), Path(target))
    print(json.dumps({"stages": stages, "memory": peak_memory()}))
