"""Every lesson: the array program against the reference evaluator, cell for cell; and against ironcalc where it can."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from sheetgrad.generators.commands import generate, lessons
from tests import oracles

# The reference evaluator takes its time: few steps show the same formulas.
SMALL: dict[str, dict[str, int]] = {
    "conv": {"size": 14},
    "collab": {"epochs": 2},
    "matmul": {"side": 6},
    "optimisers": {"epochs": 1},
    "train": {"epochs": 1},
    "collab-nn": {"epochs": 1, "batch": 103},
    "tabular": {"steps": 2},
    "titanic": {"steps": 2, "rows": 20},
}
CHECK = "check"  # the sheet that shows how far a lesson is from torch: what it holds is rounding
NAMES = [lesson.name for lesson in lessons()]
# The lessons all of whose formulas ironcalc 0.9.1 has right: elsewhere SUMXMY2 over text is #VALUE! in it, and more.
IRONCALC = ("conv", "dropout", "activations", "optimisers", "embeddings", "matmul")


@cache
def computed(name: str) -> tuple[Path, oracles.Sheets]:
    """Return a lesson's workbook, and what the array program makes of it."""
    path = Path(mkdtemp(prefix="sheetgrad-lesson-")) / f"{name}.xlsx"
    generate(name, path, **SMALL.get(name, {}))
    return path, oracles.ours(path, "numpy")


@pytest.mark.parametrize("name", NAMES)
def test_evaluators_agree(name: str) -> None:
    path, arrays = computed(name)
    reference = oracles.ours(path, "reference")
    assert {sheet: set(cells) for sheet, cells in arrays.items()} == {
        sheet: set(cells) for sheet, cells in reference.items()
    }
    reference.pop(CHECK, None)
    assert oracles.disagreements(arrays, reference, rtol=1e-11) == []  # sums are added in another order, step after step


@pytest.mark.parametrize("name", IRONCALC)
def test_ironcalc_agrees(name: str) -> None:
    path, arrays = computed(name)
    judged = oracles.ironcalc(path)
    numbers = {sheet: {at: v for at, v in cells.items() if isinstance(v, float)} for sheet, cells in judged.items()}
    assert sum(map(len, numbers.values())) > 1000 or name in ("activations", "embeddings")
    assert oracles.disagreements(numbers, arrays, rtol=1e-8) == []  # its error function has nine digits
