"""The whole set of lessons, each generated once for all tests, with options that keep them fast."""

from __future__ import annotations

from functools import cache
from typing import Any

from sheetgrad.generators.commands import generated, lessons

NAMES = [lesson.name for lesson in lessons()]
SMALL: dict[str, dict[str, Any]] = {
    "collab": {"epochs": 2},
    "train": {"epochs": 1},
    "collab-nn": {"epochs": 1},
    "tabular": {"steps": 3},
    "titanic": {"rows": 30, "steps": 3},
}


def options(name: str) -> dict[str, Any]:
    """Return the options a lesson is generated with here."""
    return SMALL.get(name, {})


@cache
def made(name: str) -> bytes:
    """Return a lesson's workbook."""
    return generated(name, **options(name))
