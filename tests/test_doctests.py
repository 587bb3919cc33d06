"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = ("sheets", "engine", "generators")


def names() -> list[str]:
    paths = (path for stage in STAGES for path in (ROOT / stage).rglob("*.py"))
    kept = (path.relative_to(ROOT).with_suffix("") for path in sorted(paths) if path.stem not in ("__init__", "__main__"))
    return [".".join(("sheetgrad", *path.parts)) for path in kept]


@pytest.mark.parametrize("name", names())
def test_examples(name: str) -> None:
    module = import_module(name)
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
