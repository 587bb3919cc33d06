"""``sheetgrad batch``: tables in, tables out, the same as one recompute a row; resumed, refused, repeated."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.engine.batch_outputs import Parts
from sheetgrad.engine.cli import main
from sheetgrad.engine.compiled import streams

from .books import file_of

LOAN = {
    "A1": 100,
    "A2": 0.1,
    "A3": 2,
    "B1": "=-PMT(A2,A3,A1)",
    "B2": "=B1*A3-A1",
    "B3": '=IF(A1>150,"big",B1)',
    "B4": "=7",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loan.xlsx").write_bytes(file_of({"s": LOAN}))
    with (tmp_path / "in.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "amount", "rate"])
        writer.writerows([[f"n{i}", 90 + 20 * i, 0.05 + i / 100] for i in range(7)])
    return tmp_path


def batch(folder: Path, *arguments: str, source: str = "in.csv", out: str = "out.csv") -> int:
    given = [str(folder / "loan.xlsx"), "--inputs", str(folder / source), "-o", str(folder / out), *arguments]
    return main(["batch", *given])


MAPS = ("--map", "amount=s!A1", "--map", "rate=s!A2")


def test_a_row_gives_what_one_recompute_gives(folder: Path) -> None:
    assert batch(folder, *MAPS, "--outputs", "s!B1:B2,s!B3", "--block", "3") == 0
    with (folder / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["s!B1", "s!B2", "s!B3"]
    book = open_workbook(str(folder / "loan.xlsx"))
    for i, row in enumerate(rows):
        one = book.recompute(set={"s!A1": 90 + 20 * i, "s!A2": 0.05 + i / 100})
        assert [float(row["s!B1"]), float(row["s!B2"])] == pytest.approx([one["s!B1"], one["s!B2"]], rel=1e-12)
        assert (
            row["s!B3"] == one["s!B3"]
            if isinstance(one["s!B3"], str)
            else float(row["s!B3"]) == pytest.approx(one["s!B3"])
        )
    assert not (folder / "out.csv.parts").exists()


def test_npz_in_and_out_with_ranges(folder: Path) -> None:
    loans = np.array([[[100.0], [0.1], [2]], [[200], [0.2], [3]]])
    np.savez(folder / "in.npz", loans=loans)
    assert batch(folder, "--map", "loans=s!A1:A3", "--outputs", "s!B1:B2", source="in.npz", out="out.npz") == 0
    found = np.load(folder / "out.npz")["s!B1:B2"]
    assert found.shape == (2, 2, 1)
    assert found[0, 0, 0] == pytest.approx(100 * 0.1 / (1 - 1.1**-2))


def test_a_pattern_fills_a_range(folder: Path) -> None:
    (folder / "in.csv").write_text("x1,x2,x3\n100,0.1,2\n")
    assert batch(folder, "--map", "x*=s!A1:A3", "--outputs", "s!B1") == 0
    assert float((folder / "out.csv").read_text().splitlines()[1]) == pytest.approx(100 * 0.1 / (1 - 1.1**-2))


def test_whole_columns_come_out_as_far_as_cells_go(folder: Path) -> None:
    assert batch(folder, *MAPS, "--outputs", "s!B:B") == 0
    assert (folder / "out.csv").read_text().splitlines()[0] == "s!B1,s!B2,s!B3,s!B4"


def test_parquet_in_and_out(folder: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"amount": [100, 120], "rate": [0.1, 0.2]}), folder / "in.parquet")
    assert batch(folder, *MAPS, "--outputs", "s!B1", source="in.parquet", out="out.parquet") == 0
    assert parquet.read_table(folder / "out.parquet").column("s!B1")[0].as_py() == pytest.approx(
        100 * 0.1 / (1 - 1.1**-2)
    )


def test_an_interrupted_run_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved: list[int] = []
    keep = Parts.save

    def save(self: Parts, number: int, block: object) -> None:
        if len(saved) == 2:
            raise KeyboardInterrupt
        saved.append(number)
        keep(self, number, block)  # type: ignore[arg-type]

    monkeypatch.setattr(Parts, "save", save)
    arguments = (*MAPS, "--outputs", "s!B1", "--block", "2")
    assert batch(folder, *arguments) == 130
    assert not (folder / "out.csv").exists()
    assert batch(folder, *MAPS, "--outputs", "s!B2", "--block", "2") == 2
    assert "other inputs or options" in capsys.readouterr().err
    monkeypatch.setattr(Parts, "save", lambda self, number, block: (saved.append(number), keep(self, number, block)))
    assert batch(folder, *arguments) == 0
    assert saved == [0, 1, 2, 3]
    assert len((folder / "out.csv").read_text().splitlines()) == 8


REFUSED = {
    "a missing column": ((*MAPS[:2], "--map", "rates=s!A2"), "no column 'rates'; did you mean 'rate'?", 2),
    "a column of texts": (("--map", "name=s!A1"), "line 2: 'name' is 'n0', which is no number", 2),
    "no dependence": ((*MAPS, "--outputs", "s!B4"), "s!B4 depends on none of s!A1, s!A2", 2),
    "a place that is none": (("--map", "amount=t!A1"), "no sheet called 't'", 2),
    "no place": (("--map", "amount"), "expected COLUMN=PLACE", 2),
    "a range for a column": (("--map", "amount=s!A1:A2"), "1 columns, but s!A1:A2 has 2 cells", 2),
    "no map": ((), "needs --map", 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_line_and_writes_nothing(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message, code = REFUSED[name]
    outputs = () if "--outputs" in arguments else ("--outputs", "s!B1")
    assert batch(folder, *arguments, *outputs) == code
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["in.csv", "loan.xlsx"]


@pytest.mark.parametrize(("source", "text", "message"), [("in.csv", "", "it is empty"), ("in.csv", "amount,rate\n", "no rows"),
    ("in.csv", "amount,rate\n1\n", "line 2 has 1 fields"), ("in.csv", "amount,rate\n1,inf\n", "no cell can hold"), ("in.npz", "x", "no npz"),
    ("in.txt", "x", "expected .csv"), ("gone.csv", None, "no such file")])  # fmt: skip
def test_bad_tables(
    folder: Path, source: str, text: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (folder / source).write_text(text)
    assert batch(folder, *MAPS, "--outputs", "s!B1", source=source) in (2, 3)
    assert message in capsys.readouterr().err


def test_repeats_draw_from_streams_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "b.xlsx"
    book.write_bytes(file_of({"s": {"A1": "=RAND()", "A2": "=RAND()+A1", "B1": "=SUM(A1:A2)", "B2": "=3"}}))
    arguments = [
        "batch",
        str(book),
        "--repeat",
        "2000",
        "--seed",
        "5",
        "--outputs",
        "s!B1",
        "-o",
        str(tmp_path / "o.npz"),
    ]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    drawn = np.load(tmp_path / "o.npz")["s!B1"].ravel()
    workbook = open_workbook(str(book))
    for item in (0, 1, 1999):
        assert drawn[item] == workbook.recompute(seed=int(streams(5, 2000)[item]))["s!B1"]
    # 2 U + V of two uniforms: mean 1.5, variance 5/12; four standard errors of the mean
    assert abs(drawn.mean() - 1.5) < 4 * np.sqrt(5 / 12 / 2000)
    assert f"{drawn.mean():.6g}" in out
    assert out.count("█") > 10
    assert (streams(5, 10) == streams(5, 2000)[:10]).all()
    assert main([*arguments[:-4], "--outputs", "s!B2"]) == 2
    assert "draws no random numbers" in capsys.readouterr().err


def test_rows_that_must_be_computed_one_by_one_are_right_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, table, out = tmp_path / "b.xlsx", tmp_path / "in.csv", tmp_path / "out.csv"
    book.write_bytes(file_of({"s": {"A1": 1, **{f"F{r}": r * r for r in range(1, 5)}, "B1": '=INDIRECT("F"&A1)*2'}}))
    table.write_text("n\n3\n1\n4\n")
    assert (
        main(["batch", str(book), "--inputs", str(table), "--map", "n=s!A1", "--outputs", "s!B1", "-o", str(out)]) == 0
    )
    assert out.read_text().split() == ["s!B1", "18.0", "2.0", "32.0"]
    err = capsys.readouterr().err
    assert "one after the other" in err
    assert err.count("\n") == 1


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    import os
    import signal
    import subprocess
    import sys
    import time

    book, table = tmp_path / "b.xlsx", tmp_path / "in.npz"
    book.write_bytes(file_of({"s": {"A1": 1, **{f"F{r}": r * r for r in range(1, 5)}, "B1": '=INDIRECT("F"&A1)+A1'}}))
    numbers = np.arange(400) % 4 + 1.0
    np.savez(table, n=numbers)
    arguments = ["batch", str(book), "--inputs", str(table), "--map", "n=s!A1", "--outputs", "s!B1", "--block", "4"]
    command = [sys.executable, "-m", "sheetgrad.engine", *arguments, "-o", str(tmp_path / "out.npz")]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stderr=subprocess.DEVNULL
    )
    parts = tmp_path / "out.npz.parts"
    while process.poll() is None and len(list(parts.glob("*.npz"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out.npz").exists()
    done = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert 3 <= len(done) < 100
    kept: list[int] = []
    save = Parts.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "save", lambda self, number, block: (kept.append(number), save(self, number, block)))
        assert main([*arguments, "-o", str(tmp_path / "out.npz")]) == 0
    assert len(kept) == 100 - len(done)
    assert (np.load(tmp_path / "out.npz")["s!B1"].ravel() == numbers**2 + numbers).all()
    assert not parts.exists()
