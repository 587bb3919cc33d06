"""``python -m sheetgrad.generators.demo FOLDER``: every lesson made, recomputed, checked and verified, in one table."""

from __future__ import annotations

import sys
from dataclasses import astuple, dataclass
from pathlib import Path

from sheetgrad.engine.cli.messages import progress
from sheetgrad.engine.cli.tables import show
from sheetgrad.engine.workbook import open_workbook

from .commands import generate, lessons, verify

HEADERS = (
    "lesson",
    "formula cells",
    "regions",
    "computed in",
    "differ from stored",
    "panels",
    "differ from torch",
    "error",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of one lesson; ``differences`` and ``wrong`` should be 0."""

    lesson: str
    formulas: int
    regions: int
    seconds: float
    differences: int
    panels: int
    wrong: int
    error: float  # the greatest over all panels, relative to the panel's scale


def demonstrate(name: str, folder: Path) -> Shown:
    """Generate a lesson, recompute and save it, compare with the stored values and with torch."""
    path = generate(name, folder / f"{name}.xlsx")
    workbook = open_workbook(path)
    result = workbook.recompute()
    comparison = result.comparison()
    result.save(path)
    verified = verify(path)
    panels = verified["panels"]
    errors = [panel["max_abs_error"] / (panel["scale"] or 1.0) for panel in panels]
    return Shown(
        name,
        comparison.formulas,
        workbook.explain()["regions"],
        result.seconds.lift + result.seconds.compute,
        len(comparison.differences),
        len(panels),
        sum(not panel["ok"] for panel in panels),
        max(errors, default=0.0),
    )


def main(folder: Path) -> int:
    """Show every lesson; return 0 where all is right."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for lesson in lessons():
        with progress(f"{lesson.name}: generating, recomputing, verifying against torch"):
            found.append(demonstrate(lesson.name, folder))
    rows = [_row(*astuple(each)) for each in found]
    show(HEADERS, rows, right=range(1, len(HEADERS)))
    return 1 if any(each.differences or each.wrong for each in found) else 0


def _row(
    lesson: str, formulas: int, regions: int, seconds: float, differences: int, panels: int, wrong: int, error: float
) -> list[str]:
    cells = [f"{formulas:,}", str(regions), f"{seconds * 1000:.0f} ms", str(differences), str(panels), str(wrong)]
    return [lesson, *cells, f"{error:.0e}"]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo")))
