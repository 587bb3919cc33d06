"""Exported source gives the workbook's numbers, on numpy and on torch, by itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import main
from sheetgrad.engine.exporting import to_source
from sheetgrad.engine.source_texts import Library
from sheetgrad.engine.workbook import Workbook
from sheetgrad.sheets.errors import UsageError

from .books import file_of
from .differentiable_formulas import CELLS, formulas
from .lesson_books import lesson_book
from .lesson_set import NAMES, made

torch = pytest.importorskip("torch")


def function(source: str) -> Any:
    scope: dict[str, Any] = {}
    exec(compile(source, "<exported>", "exec"), scope)
    return scope["compute"]


def test_the_lesson_as_source() -> None:
    book = open_workbook(lesson_book("conv"))
    image = np.random.default_rng(2).random((28, 28)).round(2)
    expected = book.recompute(set={"image": image})["softmax"]
    on_numpy, on_torch = (to_source(book, ["image"], ["softmax"], library) for library in ("numpy", "torch"))
    np.testing.assert_allclose(function(on_numpy)(image), expected, rtol=1e-12)
    np.testing.assert_allclose(function(on_torch)(torch.tensor(image)).numpy(), expected, rtol=1e-12)
    assert "import torch" not in on_numpy
    assert "# conv!AH3:BG57" in on_numpy


def typed_and_computed(book: Workbook) -> tuple[list[str], list[str]]:
    """Return the names of panels that hold typed numbers, and of those that hold formulas."""
    typed, computed = [], []
    for name in book.names:
        if "!" in name or name.startswith(("check", "sheetgrad")):
            continue
        area = book.area(name)
        formulas = book.model.sheets[area.sheet].formulas
        inside = (formulas.row >= area.top) & (formulas.row < area.bottom)
        inside &= (formulas.column >= area.left) & (formulas.column < area.right)
        if np.asarray(book[name], dtype=object).size and all(
            isinstance(x, float) for x in np.ravel(book[name]).tolist()
        ):
            (computed if inside.any() else typed).append(name)
    return typed, computed


@pytest.mark.parametrize("name", NAMES)
def test_every_lesson_as_source(name: str) -> None:
    book = open_workbook(made(name))
    inputs, outputs = typed_and_computed(book)
    values, found = book.recompute(), 0
    given = [np.atleast_2d(np.asarray(values[place], dtype=np.float64)) for place in inputs]
    for number, place in enumerate(outputs[:: -max(len(outputs) // 3, 1)]):
        library: Library = ("numpy", "torch")[number % 2]  # type: ignore[assignment]
        try:
            source = to_source(book, inputs, [place], library)
        except UsageError as error:
            if "does not depend" in str(error) or "other values would change" in str(error):
                continue
            raise
        arrays = given if library == "numpy" else [torch.tensor(each) for each in given]
        with np.errstate(all="ignore"):
            result = np.asarray(function(source)(*arrays))
        expected = np.atleast_2d(np.asarray(values[place], dtype=np.float64))
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12, err_msg=f"{place} on {library}")
        found += 1
    assert found >= 1


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_formulas_as_source(library: Any) -> None:
    texts = formulas()
    values = open_workbook(
        file_of({"s": {**CELLS, **{f"Z{row}": f"{{={text}}}" for row, text in enumerate(texts, 1)}}})
    ).recompute()
    inputs = [values["s!A1:C4"], values["s!E1:G4"]]
    given = inputs if library == "numpy" else [torch.tensor(each) for each in inputs]
    refused, wrong = [], []
    for row, text in enumerate(texts, 1):
        book = open_workbook(file_of({"s": {**CELLS, "Z1": f"{{={text}}}"}}))
        try:
            source = to_source(book, ["s!A1:C4", "s!E1:G4"], ["s!Z1"], library)
        except UsageError:
            refused.append(text)
            continue
        with np.errstate(all="ignore"):
            found = float(np.asarray(function(source)(*given)).item())
        if not abs(found - values[f"s!Z{row}"]) <= 1e-11 * max(abs(found), 1):
            wrong.append(f"{text}: {found}, not {values[f's!Z{row}']}")
    assert wrong == []
    assert len(refused) < len(texts) / 2, refused


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book, out = tmp_path / 'a".xlsx', tmp_path / "f.py"
    book.write_bytes(file_of({"s": {"A1": 3, "B1": "=A1^2+1", "B2": "=IMABS(COMPLEX(A1,2))"}}))
    arguments = ["export", str(book), "--to", "python", "--inputs", "s!A1", "--outputs"]
    assert main([*arguments, "s!B1", "-o", str(out)]) == 0
    assert function(out.read_text())(np.array([[4.0]])) == 17
    assert main([*arguments, "s!B1"]) == 0
    assert function(capsys.readouterr().out)(np.array([[2.0]])) == 5
    assert main([*arguments, "s!B2"]) == 2
    assert "IMABS reads a text made of numbers: s!B2" in capsys.readouterr().err


def test_inputs_are_not_called_what_the_source_uses_itself() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("s")
        sheet.write_column("A1", [2, 3])
        sheet.write_formula("B1", "=SQRT(np)+sum*A1")
        book.define_name("np", "=s!$A$1")
        book.define_name("sum", "=s!$A$2")
    source = to_source(open_workbook(file.getvalue()), ["np", "sum"], ["s!B1"])
    assert function(source)(np.array([[4.0]]), np.array([[5.0]])).item() == 2 + 5 * 4
