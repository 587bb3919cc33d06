"""The commands about lessons, generate and verify, and what the command line does when it is interrupted or watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import check, main, messages
from sheetgrad.engine.cli.messages import Line
from sheetgrad.generators import checks, commands
from sheetgrad.generators.commands import lessons
from sheetgrad.generators.lessons import LESSONS

SMALLEST = "entropy"  # the lesson that is generated fastest


def called(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesson") / f"{SMALLEST}.xlsx"
    assert main(["generate", SMALLEST, "-o", str(path)]) == 0
    return path


def test_list_names_every_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "generate", "--list")
    assert (code, err) == (0, "")
    for each in lessons():
        assert f"{each.name}: {each.description}" in out
        for option in each.options:
            assert f"--{option.name.replace('_', '-')}" in out


def test_generate_prints_what_it_wrote(capsys: pytest.CaptureFixture[str], lesson: Path) -> None:
    copy = lesson.with_name("again.xlsx")
    assert called(capsys, "generate", SMALLEST, "-o", copy) == (0, f"{copy}\n", "")
    assert copy.read_bytes() == lesson.read_bytes()


def test_generate_says_that_checks_need_torch(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    path = tmp_path / "without.xlsx"
    code, out, err = called(capsys, "generate", SMALLEST, "-o", path)
    assert (code, out) == (0, f"{path}\n")
    assert err == "sheetgrad: warning: torch is not installed: what was generated has no sheet check\n"
    assert "check" not in [sheet.name for sheet in open_workbook(path).model.sheets]


def test_generate_does_not_overwrite(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.xlsx"
    path.write_text("precious")
    code, out, err = called(capsys, "generate", SMALLEST, "-o", path)
    assert (code, out, path.read_text()) == (2, "", "precious")
    assert "--force" in err
    assert called(capsys, "generate", SMALLEST, "-o", path, "--force")[0] == 0
    assert open_workbook(path).sheets


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["nosuch"], "nosuch"), ([], "needs a lesson"), (["conv", "--digit", "1000"], "1000"), (["conv", "--epochs", "3"], "epochs"),
     (["conv", "--digit", "x"], "digit"), (["all", "--digit", "3"], "digit"), (["conv", "-o", "x.csv"], ".xlsx")],
)  # fmt: skip
def test_generate_refuses(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = called(capsys, "generate", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert word in err
    assert list(tmp_path.iterdir()) == []


def test_generate_all(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "generate", lambda name, path: Path(path).write_text(name))
    folder = tmp_path / "new" / "folder"
    code, out, _ = called(capsys, "generate", "all", "-o", folder)
    assert code == 0
    assert {path.stem: path.read_text() for path in folder.iterdir()} == {each.name: each.name for each in lessons()}
    assert out.splitlines() == [str(folder / f"{each.name}.xlsx") for each in lessons()]


def test_check_and_verify_of_a_lesson(capsys: pytest.CaptureFixture[str], lesson: Path) -> None:
    assert called(capsys, "check", lesson)[0] == 0
    code, out, err = called(capsys, "verify", lesson, "--json")
    found = json.loads(out)
    assert (code, err, found["ok"], found["lesson"], found["schema"]) == (0, "", True, SMALLEST, "sheetgrad.verify/1")
    assert all(panel.keys() >= {"name", "range", "cells", "max_abs_error"} for panel in found["panels"])
    code, out, _ = called(capsys, "verify", lesson)
    assert code == 0
    assert "agrees with torch" in out


def test_verify_of_a_wrong_lesson(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lesson: Path
) -> None:
    report = commands.verify(lesson)
    wrong = {**report, "panels": [{**report["panels"][0], "ok": False}, *report["panels"][1:]], "ok": False}
    monkeypatch.setattr(commands, "verify", lambda _: wrong)
    code, out, _ = called(capsys, "verify", lesson)
    assert code == 1
    assert "DIFFERS" in out
    assert "differs from torch" in out
    assert called(capsys, "verify", lesson, "--json")[0] == 1


def test_verify_takes_a_file_or_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert called(capsys, "verify")[0] == 2
    monkeypatch.setattr(commands, "lessons", lambda: [each for each in LESSONS if each.name == "entropy"])
    code, out, _ = called(capsys, "verify", "--all")
    assert code == 0
    assert "F.cross_entropy" in out
    assert "1 lessons, " in out


def test_verify_of_no_lesson(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "plain.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("s").write("A1", 1)
    code, out, err = called(capsys, "verify", path)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert "plain.xlsx" in err


def test_interrupt_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lesson: Path
) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "opened", interrupted)
    code, out, err = called(capsys, "check", lesson)
    assert (code, out, len(err.splitlines())) == (130, "", 1)


def test_progress_shows_only_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PATIENCE", 0.0)
    with messages.progress("working"):
        pass
    assert capsys.readouterr().err == ""


def test_a_line_of_progress_waits_and_goes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Line() as line:
        line.show("early")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sheetgrad.engine.cli.messages.PATIENCE", 0.0)
    with Line() as line:
        line.show("1 row")
    assert capsys.readouterr().err == "\r\x1b[K1 row\r\x1b[K"


def test_progress_waits_a_second(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with messages.progress("quick work"):
        pass
    assert capsys.readouterr().err == ""
