"""The package list, the documents' tables and the import rules against what is on disk."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = ("sheets", "engine", "generators")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
# What a stage may import of ours: the dependencies go one way.
ALLOWED = {"sheets": {"sheets"}, "engine": {"sheets", "engine"}, "generators": set(STAGES)}
# Modules that cost start-up time and are imported where they are used.
HEAVY = {"torch", "rich", "xlsxwriter", "openpyxl", "scipy", "lxml", "hypothesis"}
# What a plain run has no need of, unless numpy imports it.
NEEDLESS = {
    "asyncio", "csv", "doctest", "importlib_metadata", "numpy.ma", "numpy.random", "pathlib", "pkgutil",
    "random", "shutil", "string", "tempfile", "threading", "unittest", "urllib", "sheetgrad.engine.formats",
    "sheetgrad.engine.reference", "sheetgrad.engine.structured", "sheetgrad.engine.unparse",
    "sheetgrad.sheets.in_memory",
}  # fmt: skip


def modules(stage: str) -> list[Path]:
    return sorted(path for path in (ROOT / stage).rglob("*.py") if "__pycache__" not in path.parts)


def test_package_list_is_what_is_on_disk() -> None:
    inits = (path for stage in STAGES for path in modules(stage) if path.name == "__init__.py")
    folders = {path.parent.relative_to(ROOT) for path in inits}
    on_disk = {f"sheetgrad.{'.'.join(folder.parts)}" for folder in folders}
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == on_disk
    mapping = SETTINGS["tool"]["setuptools"]["package-dir"]
    assert mapping == {name: name.removeprefix("sheetgrad.").replace(".", "/") for name in sorted(on_disk)}


def test_modules_stand_in_packages() -> None:
    bare = {path.parent for stage in STAGES for path in modules(stage) if not (path.parent / "__init__.py").is_file()}
    assert bare <= {ROOT / "generators" / "data"}  # holds data, and the script that made some of it


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_go_one_way(stage: str) -> None:
    for path in modules(stage):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                assert parts[0] not in STAGES, f"{path}: import sheetgrad.{name}"
                assert parts[0] != "sheetgrad" or parts[1] in ALLOWED[stage], f"{path}: {name}"


def imported_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running ``code``."""
    report = "import sys; print(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return set(done.stderr.split())


RUN = "from sheetgrad.engine.cli import main\nmain({arguments})"


@pytest.mark.parametrize("arguments", [["--help"], ["recompute", "--help"], ["check", "--help"], ["explain", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(RUN.format(arguments=arguments)) & HEAVY == set()


def test_recompute_imports_nothing_heavy(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "model.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("s")
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_array_formula("B1", "{=SUM(A1:A3*2)}")
    arguments = ["recompute", str(path), "-o", str(tmp_path / "out.xlsx"), "--get", "s!B1"]
    imported = imported_by(RUN.format(arguments=arguments))
    assert (tmp_path / "out.xlsx").exists()
    assert (imported - imported_by("import numpy")) & (HEAVY | NEEDLESS) == set()


def test_overview_needs_no_numpy() -> None:
    assert "numpy" not in imported_by(RUN.format(arguments=["--help"]))
