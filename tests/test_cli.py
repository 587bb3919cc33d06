"""The command line: what it prints, what it writes, and its exit codes, down to every kind of bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import entry, main
from tests.oracles import stored_values

ROOT = Path(__file__).parents[1]
BACKENDS = ["--backend", "reference"], ["--backend", "numpy"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Runner:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capsys)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small workbook: inputs, a name, an array formula, text, an error, all with their true values stored."""
    path = tmp_path / "model.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("in put")
        sheet.write_column("A1", [1, 2, 3])
        sheet.write_formula("B1", "=SUM(A1:A3)", None, 6)
        sheet.write_formula("B2", '=A1&"x"', None, "1x")
        sheet.write_formula("B3", "=A1/0", None, "#DIV/0!")
        sheet.write_array_formula("C1:C3", "{=A1:A3*2}", None, 2)
        sheet.write_number("C2", 4)
        sheet.write_number("C3", 6)
        book.add_worksheet("other").write_formula("A1", "='in put'!B1>5", None, True)
        book.define_name("total", "='in put'!$B$1")
        book.define_name("doubled", "='in put'!$C$1:$C$3")
    return path


def formulas(path: Path, cells: dict[str, tuple[str, object]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("s")
        for cell, (formula, stored) in cells.items():
            sheet.write_formula(cell, formula, None, stored)
    return path


# --- recompute ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_get_prints_a_value(run: Runner, model: Path, backend: Sequence[str]) -> None:
    assert run("recompute", model, "--get", "total", *backend) == Ran(0, "6\n", "")


def test_get_of_a_range_is_a_table(run: Runner, model: Path) -> None:
    ran = run("recompute", model, "--get", "'in put'!A1:B2")
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()] == [["A", "B"], ["1", "1", "6"], ["2", "2", "1x"]]


def test_set_changes_what_depends_on_it(run: Runner, model: Path) -> None:
    assert run("recompute", model, "--set", "'in put'!A3=10", "--get", "total").out == "13\n"
    assert run("recompute", model, "--set", "'in put'!A3=10", "--get", "doubled", "--format", "csv").out == "2.0\n4.0\n20.0\n"


def test_set_of_a_formula_cell_warns_and_overrides(run: Runner, model: Path) -> None:
    ran = run("recompute", model, "--set", "total=100", "--get", "total")
    assert (ran.code, ran.out) == (0, "100\n")
    assert "model.xlsx" in ran.err
    assert "'in put'!B1" in ran.err


def test_get_as_json(run: Runner, model: Path) -> None:
    ran = run("recompute", model, "--get", "'in put'!B1:B3", "--get", "total", "--get", "other!A1", "--format", "json")
    assert json.loads(ran.out) == {
        "schema": "sheetgrad.values/1",
        "file": str(model),
        "values": {"'in put'!B1:B3": [[6.0], ["1x"], [{"error": "#DIV/0!"}]], "total": 6.0, "other!A1": True},
    }


def test_get_as_npz(model: Path) -> None:
    done = shell("recompute", str(model), "--get", "doubled", "--get", "'in put'!B1:B3", "--format", "npz")
    assert done.returncode == 0
    with np.load(BytesIO(done.stdout), allow_pickle=False) as arrays:
        assert arrays["doubled"].tolist() == [[2.0], [4.0], [6.0]]
        assert arrays["'in put'!B1:B3"].tolist() == [["6"], ["1x"], ["#DIV/0!"]]


def test_output_is_written_and_input_is_not(run: Runner, model: Path, tmp_path: Path) -> None:
    before, out = model.read_bytes(), tmp_path / "out.xlsx"
    assert run("recompute", model, "-o", out, "--set", "'in put'!A1=7") == Ran(0, "", "")
    assert model.read_bytes() == before
    values = stored_values(out)
    assert values["in put"][0, 0] == 7
    assert [values["in put"][row, 2] for row in range(3)] == [14, 4, 6]
    assert values["in put"][1, 1] == "7x"
    assert values["in put"][2, 1] == "#DIV/0!"
    assert values["other"][0, 0] is True


def test_every_other_part_stays(run: Runner, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    run("recompute", model, "-o", out, "--set", "'in put'!A1=7")
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(out) as new:
        assert old.namelist() == new.namelist()
        changed = {name for name in old.namelist() if old.read(name) != new.read(name)}
    assert changed == {"xl/worksheets/sheet1.xml"}


def test_output_that_exists_is_replaced(run: Runner, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    out.write_bytes(b"old")
    assert run("recompute", model, "-o", out).code == 0
    assert stored_values(out)["in put"][0, 1] == 6


def test_in_place(run: Runner, model: Path) -> None:
    assert run("recompute", model, "--in-place", "--set", "'in put'!A1=0") == Ran(0, "", "")
    assert stored_values(model)["in put"][0, 1] == 5
    assert [path.name for path in model.parent.iterdir()] == ["model.xlsx"]


def test_summary_where_nothing_is_asked(run: Runner, model: Path) -> None:
    ran = run("recompute", model)
    assert ran.code == 0
    assert "7 formula cells" in ran.out


def test_seed_decides_random_numbers(run: Runner, tmp_path: Path) -> None:
    path = formulas(tmp_path / "r.xlsx", {"A1": ("=RAND()", 0)})
    one, again, two = (run("recompute", path, "--get", "s!A1", "--seed", seed).out for seed in ("1", "1", "2"))
    assert one == again != two


def test_now_decides_the_clock(run: Runner, tmp_path: Path) -> None:
    path = formulas(tmp_path / "n.xlsx", {"A1": ("=YEAR(TODAY())", 0), "A2": ("=NOW()", 0)})
    assert run("recompute", path, "--get", "s!A1", "--now", "2031-05-06").out == "2031\n"
    assert run("recompute", path, "--get", "s!A2", "--now", "2024-02-29T12:00").out == "45351.5\n"


# --- check ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_check_of_a_right_workbook(run: Runner, model: Path, backend: Sequence[str]) -> None:
    ran = run("check", model, *backend)
    assert (ran.code, ran.err) == (0, "")
    assert "7 formula cells, 7 compared, 7 equal, 0 different" in ran.out


@pytest.mark.parametrize("backend", BACKENDS)
def test_check_finds_differences(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    path = formulas(tmp_path / "wrong.xlsx", {"A1": ("=1+1", 3), "A2": ('="a"', "b"), "A3": ("=2*3", 6)})
    ran = run("check", path, "--json", *backend)
    found = json.loads(ran.out)
    assert ran.code == 1
    assert found.keys() == {
        "schema", "file", "formulas", "compared", "equal", "different", "unsupported", "differences", "seconds"
    }  # fmt: skip
    assert (found["schema"], found["file"]) == ("sheetgrad.check/1", str(path))
    assert [found[key] for key in ("formulas", "compared", "equal", "different")] == [3, 3, 1, 2]
    assert found["differences"] == [
        {"sheet": "s", "cell": "A1", "formula": "1+1", "stored": 3.0, "computed": 2.0},
        {"sheet": "s", "cell": "A2", "formula": '"a"', "stored": "b", "computed": "a"},
    ]
    assert found["seconds"].keys() == {"read", "lift", "compute", "write"}


def test_check_says_where(run: Runner, tmp_path: Path) -> None:
    path = formulas(tmp_path / "wrong.xlsx", {"B7": ("=1+1", 3)})
    ran = run("check", path)
    assert ran.code == 1
    assert "s!B7" in ran.out


def test_check_takes_files_and_folders(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "books" / "old").mkdir(parents=True)
    right = formulas(tmp_path / "right.xlsx", {"A1": ("=1+1", 2)})
    formulas(tmp_path / "books" / "b.xlsx", {"A1": ("=1+1", 2), "A2": ("=2+2", 4)})
    formulas(tmp_path / "books" / "old" / "wrong.XLSM", {"A1": ("=1+1", 3)})
    (tmp_path / "books" / "a.xlsx").write_bytes(b"no workbook")
    ran = run("check", right, tmp_path / "books")
    assert ran.code == 3
    assert ran.err.splitlines() == [
        f"sheetgrad: {tmp_path / 'books' / 'a.xlsx'}: it is not a workbook: a zip archive was expected"
    ]
    assert ran.out.splitlines()[-1] == "3 of 4 workbooks: 4 formula cells, 4 compared, 3 equal, 1 different"
    found = json.loads(run("check", tmp_path / "books", right, "--json").out)
    assert [found[key] for key in ("formulas", "compared", "equal", "different")] == [4, 4, 3, 1]
    assert [Path(each["file"]).name for each in found["files"]] == ["b.xlsx", "wrong.XLSM", "right.xlsx"]
    empty = run("check", tmp_path / "books" / "old", tmp_path / "nowhere.xlsx")
    assert empty.code == 3
    (tmp_path / "none").mkdir()
    assert run("check", tmp_path / "none").code == 2


def test_check_tells_what_has_no_stored_value(run: Runner, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = 1, "=A1+1"
    book.save(tmp_path / "bare.xlsx")
    ran = run("check", tmp_path / "bare.xlsx")
    assert ran.code == 0
    assert ran.out.endswith("1 formula cells, 0 compared, 0 equal, 0 different (1 have no stored value)\n")


def test_check_tolerance(run: Runner, tmp_path: Path) -> None:
    path = formulas(tmp_path / "near.xlsx", {"A1": ("=1/3", 0.3333)})
    assert run("check", path).code == 1
    assert run("check", path, "--rtol", "1e-3").code == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_check_takes_volatile_cells_as_stored(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    right = {"A1": ("=RAND()", 0.25), "A2": ("=A1*2", 0.5), "A3": ("=NOW()", 45000), "A4": ("=INT(A3)", 45000)}
    ran = run("check", formulas(tmp_path / "right.xlsx", right), "--json", *backend)
    found = json.loads(ran.out)
    assert (ran.code, found["formulas"], found["compared"]) == (0, 4, 2)
    wrong = {"A1": ("=RAND()", 0.25), "A2": ("=A1*2", 0.6)}
    assert run("check", formulas(tmp_path / "wrong.xlsx", wrong), *backend).code == 1


# --- what cannot be computed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_missing_function_is_named_with_its_cells(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    cells = {"A1": ("=NO.SUCH(1)", 5), "A2": ("=A1+1", 6), "A3": ("=1+1", 2)}
    path, out = formulas(tmp_path / "m.xlsx", cells), tmp_path / "out.xlsx"
    ran = run("recompute", path, "-o", out, *backend)
    assert ran.code == 4
    assert "m.xlsx" in ran.err
    assert "NO.SUCH" in ran.err
    assert "s!A1" in ran.err
    assert stored_values(out)["s"] == {(0, 0): "#NAME?", (1, 0): "#NAME?", (2, 0): 2}
    assert run("check", path, *backend).code == 4
    assert json.loads(run("check", path, "--json", *backend).out)["unsupported"] == {"NO.SUCH": 1}


@pytest.mark.parametrize("backend", BACKENDS)
def test_lenient_keeps_stored_values(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    path = formulas(tmp_path / "m.xlsx", {"A1": ("=NO.SUCH(1)", 5), "A2": ("=A1+1", 6)})
    ran = run("recompute", path, "--lenient", "--get", "s!A1:A2", "--format", "csv", *backend)
    assert (ran.code, ran.out) == (0, "5.0\n6.0\n")
    assert "NO.SUCH" in ran.err


def test_in_place_writes_nothing_where_a_function_is_missing(run: Runner, tmp_path: Path) -> None:
    path = formulas(tmp_path / "m.xlsx", {"A1": ("=NO.SUCH(1)", 5)})
    before = path.read_bytes()
    ran = run("recompute", path, "--in-place")
    assert (ran.code, path.read_bytes()) == (4, before)
    assert "not written" in ran.err


@pytest.mark.parametrize("backend", BACKENDS)
def test_cycle_is_reported_with_its_path(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    cells = {"A1": ("=B1+1", 0), "B1": ("=C1*2", 0), "C1": ("=A1", 0), "D1": ("=3*4", 0)}
    path = formulas(tmp_path / "ring.xlsx", cells)
    ran = run("recompute", path, "--get", "s!D1", *backend)
    assert (ran.code, ran.out) == (5, "12\n")
    assert all(cell in ran.err for cell in ("ring.xlsx", "s!A1", "s!B1", "s!C1", "→"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_bad_formula_does_not_fail_the_workbook(run: Runner, tmp_path: Path, backend: Sequence[str]) -> None:
    path = formulas(tmp_path / "bad.xlsx", {"A1": ("=1+*2(", 0), "A2": ("=1+1", 0)})
    ran = run("recompute", path, "--get", "s!A2", *backend)
    assert (ran.code, ran.out) == (0, "2\n")
    assert "bad.xlsx: s!A1" in ran.err


# --- explain --------------------------------------------------------------------------------------------------------


def test_explain_json(run: Runner, model: Path) -> None:
    ran = run("explain", model, "--json")
    found = json.loads(ran.out)
    assert ran.code == 0
    assert found.keys() >= {"schema", "formulas", "templates", "regions", "fallback_cells", "steps"}
    assert found["schema"] == "sheetgrad.explain/1"
    assert found["fallback_cells"] == 0


def test_explain_is_readable(run: Runner, model: Path) -> None:
    ran = run("explain", model)
    assert ran.code == 0
    assert "templates" in ran.out


# --- bad input ------------------------------------------------------------------------------------------------------


def assert_refused(ran: Ran, code: int, *words: str) -> None:
    """One line on stderr that has the words, nothing on stdout, the right exit code."""
    assert (ran.code, ran.out) == (code, "")
    assert len(ran.err.splitlines()) == 1
    for word in ("sheetgrad: ", *words):
        assert word in ran.err


COMMANDS = ("recompute", "check", "explain", "verify")


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_file(run: Runner, tmp_path: Path, command: str) -> None:
    assert_refused(run(command, tmp_path / "gone.xlsx"), 3, "gone.xlsx")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", [b"", b"hello,world\n1,2\n", b"%PDF-1.7\n", b"PK\x03\x04garbage"])
def test_not_a_workbook(run: Runner, tmp_path: Path, command: str, content: bytes) -> None:
    path = tmp_path / "odd.xlsx"
    path.write_bytes(content)
    assert_refused(run(command, path), 3, "odd.xlsx")


def test_a_folder(run: Runner, tmp_path: Path) -> None:
    assert_refused(run("recompute", tmp_path), 3, str(tmp_path))


def test_encrypted_and_old_formats_are_named(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "secret.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))
    assert_refused(run("check", path), 3, "secret.xlsx")


def test_zip_that_is_no_workbook(run: Runner, tmp_path: Path) -> None:
    path = tmp_path / "photos.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("cat.txt", "miaow")
    assert_refused(run("check", path), 3, "photos.xlsx")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_truncated(run: Runner, model: Path, tmp_path: Path, part: float) -> None:
    whole, out = model.read_bytes(), tmp_path / "out.xlsx"
    model.write_bytes(whole[: int(len(whole) * part)])
    assert_refused(run("recompute", model, "-o", out), 3, "model.xlsx")
    assert not out.exists()


@pytest.mark.parametrize(
    ("reference", "word"),
    [("nosheet!A1=1", "nosheet"), ("nothing=1", "nothing"), ("'in put'!A0=1", "A0"), ("A1=1", "A1"), ("total", "total"),
     ("'in put'!XFE1=1", "XFE1"), ("=1", "names no place"), ("'in put'!A:XFD=1", "too many cells"), ("'in put'!C1=1", "C1:C3"), ("'in put!A1=1", "in put")],
)  # fmt: skip
def test_bad_set(run: Runner, model: Path, tmp_path: Path, reference: str, word: str) -> None:
    out = tmp_path / "out.xlsx"
    assert_refused(run("recompute", model, "-o", out, "--set", reference), 2, word)
    assert not out.exists()


@pytest.mark.parametrize("reference", ["nosheet!A1", "nothing", "'in put'!A1:", "'in put'!A1#"])
def test_bad_get(run: Runner, model: Path, reference: str) -> None:
    assert_refused(run("recompute", model, "--get", reference), 2, reference.rpartition("!")[2].rstrip("#:"))


@pytest.mark.parametrize(
    "arguments",
    [["recompute"], ["recompute", "FILE", "--frob"], ["recompute", "FILE", "--now", "tomorrow"], ["frobnicate"],
     ["recompute", "FILE", "--backend", "abacus"], ["recompute", "FILE", "--seed", "x"], ["check", "FILE", "--rtol", "x"],
     ["check", "FILE", "--rtol", "-1"], ["check", "FILE", "--rtol", "nan"], ["check", "FILE", "--limit", "-1"],
     ["recompute", "FILE", "-o", "FILE"], ["recompute", "FILE", "-o", "x.csv"], ["recompute", "FILE", "-o", "x.xlsx", "--in-place"]],
)  # fmt: skip
def test_bad_usage(run: Runner, model: Path, arguments: list[str]) -> None:
    assert_refused(run(*(str(model) if argument == "FILE" else argument for argument in arguments)), 2)


def test_no_command_shows_the_help(run: Runner) -> None:
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert "examples:" in ran.err


def test_a_misspelt_command_is_guessed(run: Runner) -> None:
    assert "recompute" in run("recompile").err


def test_output_into_a_missing_folder(run: Runner, model: Path, tmp_path: Path) -> None:
    ran = run("recompute", model, "-o", tmp_path / "no" / "out.xlsx")
    assert_refused(ran, 3, "out.xlsx")


@pytest.mark.parametrize("command", ["", *entry.COMMANDS])
def test_help_has_examples(run: Runner, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "examples:" in ran.out


def test_version(run: Runner) -> None:
    assert run("--version").out.startswith("sheetgrad ")


# --- as a program ---------------------------------------------------------------------------------------------------


def shell(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    command = [sys.executable, "-m", "sheetgrad.engine", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment, **options)  # type: ignore[call-overload,no-any-return]


def test_module_is_the_command(model: Path) -> None:
    done = shell("recompute", str(model), "--get", "total")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"6\n", b"")


def test_closed_stdout_is_quiet(model: Path) -> None:
    done = shell("recompute", str(model), "--get", "total", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_empty_name_is_no_folder(run: Runner) -> None:
    assert_refused(run("check", ""), 3, "cannot be read")


def test_closed_pipe_is_quiet(model: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    command = [sys.executable, "-m", "sheetgrad.engine", "recompute", str(model), "--get", "'in put'!A1:C9999"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() in (0, 141)


def test_api_gives_what_the_command_prints(run: Runner, model: Path) -> None:
    printed = json.loads(run("recompute", model, "--get", "doubled", "--format", "json").out)["values"]["doubled"]
    assert open_workbook(model).recompute()["doubled"].tolist() == printed
