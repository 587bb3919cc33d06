"""Every lesson: the array program against the reference evaluator, cell for cell, and against ironcalc."""

from __future__ import annotations

from pathlib import Path

import pytest

from sheetgrad.generators.commands import generate, lessons
from tests import oracles

SMALL: dict[str, dict[str, int]] = {"conv": {"size": 14}, "collab": {"epochs": 2}}
NAMES = [lesson.name for lesson in lessons()]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, oracles.Sheets]]:
    """Each lesson's workbook, and what the array program makes of it."""
    folder = tmp_path_factory.mktemp("lessons")
    found = {}
    for name in NAMES:
        path = generate(name, folder / f"{name}.xlsx", **SMALL.get(name, {}))
        found[name] = path, oracles.ours(path, "numpy")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_evaluators_agree(name: str, computed: dict[str, tuple[Path, oracles.Sheets]]) -> None:
    path, arrays = computed[name]
    reference = oracles.ours(path, "reference")
    assert {sheet: cells.keys() for sheet, cells in arrays.items()} == {
        sheet: cells.keys() for sheet, cells in reference.items()
    }
    assert oracles.disagreements(arrays, reference, rtol=1e-13) == []


@pytest.mark.parametrize("name", NAMES)
def test_ironcalc_agrees(name: str, computed: dict[str, tuple[Path, oracles.Sheets]]) -> None:
    path, arrays = computed[name]
    judged = oracles.ironcalc(path)
    # ironcalc 0.9.1 gives #VALUE! for SUMXMY2 over text, and for what depends on it; no lesson has error values of its own.
    known = {sheet: {at: value for at, value in cells.items() if value != "#VALUE!"} for sheet, cells in judged.items()}
    assert sum(map(len, known.values())) > 0.9 * sum(map(len, judged.values()))
    assert oracles.disagreements(arrays, known, rtol=1e-8) == []  # its error function has nine digits
