"""LibreOffice as a judge of the lessons: a hard recalculation there gives the stored values, with no error cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sheetgrad.generators.commands import generate, lessons

from .oracles import Sheets, libreoffice, need_libreoffice, stored_values

SMALL: dict[str, dict[str, Any]] = {"collab": {"epochs": 3}}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Sheets, Sheets]]:
    """The stored and the recalculated values of every lesson, from one start of LibreOffice."""
    need_libreoffice()
    folder = tmp_path_factory.mktemp("lessons")
    names = [lesson.name for lesson in lessons()]
    paths: list[Path] = [generate(name, folder / f"{name}.xlsx", **SMALL.get(name, {})) for name in names]
    recalculated = libreoffice(paths)
    return {name: (stored_values(path), theirs) for name, path, theirs in zip(names, paths, recalculated, strict=True)}


@pytest.mark.parametrize("name", [lesson.name for lesson in lessons()])
def test_libreoffice_agrees(name: str, judged: dict[str, tuple[Sheets, Sheets]]) -> None:
    stored, theirs = judged[name]
    different = []
    for sheet, cells in stored.items():
        scale = max((abs(value) for value in cells.values() if isinstance(value, float)), default=1.0)
        for place, value in cells.items():
            found = theirs[sheet].get(place, "")
            if isinstance(value, float) and isinstance(found, float):
                if abs(found - value) > 1e-12 * max(abs(value), scale * 1e-3):
                    different.append((sheet, place, value, found))
            elif value != found:
                different.append((sheet, place, value, found))
    assert different == []
    errors = [value for cells in theirs.values() for value in cells.values() if str(value).startswith("#")]
    assert errors == []
