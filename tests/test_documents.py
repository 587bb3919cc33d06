"""The documents say what is true: tables are current, links lead somewhere, commands print what they are said to print."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

COMMANDS = ("generate", "recompute", "check", "verify", "grad", "solve", "batch", "export", "explain")


def test_functions_table_is_current() -> None:
    from sheetgrad.engine.functions import load_all

    spec = spec_from_file_location("functions_table", ROOT / "docs" / "functions_table.py")
    assert spec is not None
    assert spec.loader is not None
    table = module_from_spec(spec)
    spec.loader.exec_module(table)
    assert (ROOT / "docs" / "functions.md").read_text() == table.page(load_all()), "run make docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@cache
def options() -> dict[str, set[str]]:
    """Return the options that each command's help shows."""
    helps = {command: run(f"sheetgrad {command} --help", ROOT) for command in COMMANDS}
    return {command: set(re.findall(r"(?<![\w-])-[-\w]+", text)) for command, text in helps.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_options_named_in_documents_exist(document: Path) -> None:
    known = options()
    for line in re.findall(r"sheetgrad (\w+ [^`\n#|]*)", document.read_text()):
        command, _, rest = line.partition(" ")
        for option in re.findall(r"(?<=\s)--?[a-z][-a-z]*", f" {rest}") if command in known else ():
            assert option in known[command], f"sheetgrad {command} has no {option}"


def sessions() -> list[str]:
    """Return the console blocks of the README: commands after ``$``, and what they print."""
    return re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


def test_readme_shows_the_commands() -> None:
    assert sum(session.count("$ sheetgrad ") for session in sessions()) >= 4


def test_readme_commands_print_what_it_says(tmp_path: Path) -> None:
    for session in sessions():
        for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            printed = run(command, tmp_path)
            same = doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            assert same, f"$ {command}\n{printed}"


def test_readme_python_runs(tmp_path: Path) -> None:
    run("sheetgrad generate conv -o conv.xlsx", tmp_path)
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL):
        before = Path.cwd()
        try:
            os.chdir(tmp_path)
            examples = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
            assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples).failed == 0
        finally:
            os.chdir(before)


def run(command: str, folder: Path) -> str:
    """Run a shell command in which ``sheetgrad`` is this checkout's; return what it prints on both streams."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view"), "COLUMNS": "120"}
    program = command.replace("sheetgrad ", f"{sys.executable} -m sheetgrad.engine ", 1)
    done = subprocess.run(program, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
