"""Broken and hostile files through the command line: exit code 3, one line that names file and reason, nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sheetgrad.engine.cli import main
from tests.hostile_files import HOSTILE
from tests.packages import book, row, workbook_xml

ROOT = Path(__file__).resolve().parent.parent
MEMORY = 300 << 20
PROGRAM = """
import sys
from sheetgrad.engine.cli import main
code = main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""
WORST = ["too many entries", "bomb as strings", "bomb of empty cells", "bomb of names", "bomb of one formula"]


def test_there_is_one_for_each_threat() -> None:
    names = [name for name, _, _ in HOSTILE]
    assert len(names) == len(set(names)) >= 120


@pytest.mark.parametrize(("make", "fault"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_refused_in_one_line(
    make: Callable[[], bytes], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, path = make(), tmp_path / "book.xlsx"
    path.write_bytes(data)
    code = main(["recompute", str(path), "-o", str(tmp_path / "out.xlsx")])
    out, message = capsys.readouterr()
    assert (code, out) == (3, "")
    assert message.startswith(f"sheetgrad: {path}: ")
    assert message.count("\n") == 1
    assert len(message) < len(str(path)) + 330
    assert any(word in message for word in fault.split("|")), message
    assert os.listdir(tmp_path) == ["book.xlsx"]
    assert path.read_bytes() == data


@pytest.mark.parametrize("command", ["check", "explain", "verify", "recompute"])
def test_every_command_refuses(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(made("DOCTYPE in a sheet"))
    assert main([command, str(path)]) == 3
    assert "DOCTYPE" in capsys.readouterr().err


@pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="the system does not tell a process's peak of memory"
)
@pytest.mark.parametrize("name", WORST)
def test_as_a_program_within_the_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(made(name))
    code, message, peak = measured(["recompute", str(path), "-o", str(tmp_path / "out.xlsx")])
    assert code == 3
    assert message.count("\n") == 1
    assert peak < MEMORY
    assert os.listdir(tmp_path) == ["book.xlsx"]


def test_a_file_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of texts, formulas and sheet names are spelled out on stdout and stderr."""
    path = tmp_path / "book.xlsx"
    cells = '<c r="A1" t="str"><v>_x001B_[2J\u202e</v></c><c r="B1"><f>A1&amp;""</f><v>1</v></c><c r="C1"><f>NOPE\x9b(1)</f></c>'
    path.write_bytes(book(row(cells), {"xl/workbook.xml": workbook_xml(sheets=("S\x9b[31m",))}))
    assert main(["check", str(path)]) == 4
    assert main(["recompute", str(path), "--get", "S\x9b[31m!A1"]) == 4
    out, message = capsys.readouterr()
    for text in (out, message):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
        assert "\\x9b[31m" in text or "\\x1b[2J" in text


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no endless file")
def test_an_endless_file_is_not_read_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "/dev/zero"]) == 3
    assert "not a workbook" in capsys.readouterr().err


def made(name: str) -> bytes:
    return next(make for own, make, _ in HOSTILE if own == name)()


def measured(arguments: list[str]) -> tuple[int, str, int]:
    """Run the command as a program; return its exit code, what it said, and its peak of resident memory in bytes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
    return done.returncode, done.stderr, int(done.stdout.split()[-1]) << 10
