"""LibreOffice as a judge of the lessons: a hard recalculation there gives the stored values, with no error cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from .lesson_set import NAMES, made
from .oracles import Sheets, libreoffice, need_libreoffice, stored_values


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Sheets, Sheets]]:
    """The stored and the recalculated values of every lesson, from one start of LibreOffice."""
    need_libreoffice()
    folder = tmp_path_factory.mktemp("lessons")
    paths: list[Path] = [folder / f"{name}.xlsx" for name in NAMES]
    for path in paths:
        path.write_bytes(made(path.stem))
    recalculated = libreoffice(paths)
    return {path.stem: (stored_values(path), theirs) for path, theirs in zip(paths, recalculated, strict=True)}


@pytest.mark.parametrize("name", NAMES)
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
