"""The Python API: opening, selecting, setting, saving, comparing, compiling."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter

from sheetgrad.engine import Difference, Result, Workbook, open_workbook
from sheetgrad.sheets.errors import BadReference, FileRefused, UsageError
from sheetgrad.sheets.package import Limits
from sheetgrad.sheets.values import Error
from tests.books import Content, file_of
from tests.oracles import stored_values

BACKENDS = ("reference", "numpy")


def book(fill: Any) -> bytes:
    """Return the bytes of a workbook of one sheet, ``s``, that ``fill`` writes."""
    file = BytesIO()
    with xlsxwriter.Workbook(file) as made:
        fill(made.add_worksheet("s"), made)
    return file.getvalue()


@pytest.fixture
def wb() -> Workbook:
    def fill(sheet: Any, made: Any) -> None:
        sheet.write_row("A1", [1, 2, 3])
        sheet.write_row("A2", [4, "x", True])
        sheet.write_formula("D1", "=SUM(A1:C1)", None, 6)
        sheet.write_formula("D2", "=A2/0", None, "#DIV/0!")
        sheet.write_array_formula("A4:C4", "{=A1:C1^2}", None, 1)
        sheet.write_number("B4", 4)
        sheet.write_number("C4", 9)
        made.define_name("inputs", "=s!$A$1:$C$1")
        made.define_name("s!local", "=s!$D$1")
        made.define_name("alias", "=inputs")
        made.define_name("two", "=s!$A$1,s!$C$1")

    return open_workbook(book(fill))


def test_names_and_sheets(wb: Workbook) -> None:
    assert wb.sheets == ["s"]
    assert wb.names["inputs"] == "s!$A$1:$C$1"
    assert wb.names["s!local"] == "s!$D$1"


@pytest.mark.parametrize(
    ("reference", "values"),
    [("s!A1:C1", [[1, 2, 3]]), ("inputs", [[1, 2, 3]]), ("alias", [[1, 2, 3]]), ("INPUTS", [[1, 2, 3]]), ("A1:C1", [[1, 2, 3]]),
     ("S!$C$1:A1", [[1, 2, 3]]), ("s!A2:D2", [[4, "x", True, Error.DIV0]]), ("s!A4:C4", [[1, 4, 9]]), ("s!A3:B3", [[None, None]]),
     ("s!1:1", [[1, 2, 3, 6]]), ("s!C:C", [[3], [True], [None], [9]])],
)  # fmt: skip
@pytest.mark.parametrize("backend", BACKENDS)
def test_select(wb: Workbook, backend: str, reference: str, values: list[list[object]]) -> None:
    found = wb.recompute(backend=backend)[reference]
    assert isinstance(found, np.ndarray)
    assert found.tolist() == values
    assert found.dtype == (
        np.float64 if all(type(value) is int for value in values[0]) and len(values) == 1 else object
    )


def test_one_cell_is_a_scalar(wb: Workbook) -> None:
    result = wb.recompute()
    assert [result["s!D1"], result["s!local"], result["s!D2"], result["s!B2"], result["s!C2"], result["s!Z9"]] == [
        6.0, 6.0, Error.DIV0, "x", True, None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "message"),
    [("nothing", "neither a range nor a defined name"), ("t!A1", "no sheet called 't'"), ("two", "not one range"),
     ("inptus", "did you mean 'inputs'"), ("s!A0", "A0"), ("s!A1#", "spills nothing"), ("", "neither")],
)  # fmt: skip
def test_select_of_what_is_not_there(wb: Workbook, reference: str, message: str) -> None:
    with pytest.raises(BadReference, match=message):
        wb.recompute()[reference]


@pytest.mark.parametrize("backend", BACKENDS)
def test_set(wb: Workbook, backend: str) -> None:
    def total(**settings: object) -> object:
        return wb.recompute(set=settings, backend=backend)["s!D1"]  # type: ignore[arg-type]

    assert total() == 6
    assert total(**{"s!A1": 10}) == 15
    assert total(inputs=5) == 15
    assert total(inputs=[1.5, 2.5, 3.5]) == 7.5
    assert total(inputs=np.array([[1, 1, 1]])) == 3
    assert total(inputs=[["a", True, 2]]) == 2
    assert total(**{"s!C1": None}) == 3
    assert total(**{"s!C1": Error.NA}) == Error.NA
    assert total(**{"s!D1": "over"}) == "over"
    assert total() == 6


def test_set_takes_dates(wb: Workbook) -> None:
    result = wb.recompute(set={"s!A1": date(2024, 2, 29), "s!B1": datetime(2024, 2, 29, 12)})
    assert [result["s!A1"], result["s!B1"]] == [45351.0, 45351.5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"inputs": [1, 2]}, "1 x 3"), ({"inputs": [[1], [2]]}, "1 x 3"), ({"s!A1": float("nan")}, "no cell can hold"),
     ({"inputs": np.array([1, np.inf, 2])}, "no cell can hold"), ({"s!B4": 1}, "one array formula"), ({"s!q": 1}, "neither")],
)  # fmt: skip
def test_set_of_what_does_not_fit(wb: Workbook, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        wb.recompute(set=settings)


def test_set_of_a_whole_array_formula(wb: Workbook) -> None:
    assert wb.recompute(set={"s!A4:C4": 7})["s!A4:C4"].tolist() == [[7, 7, 7]]


def test_set_of_a_shared_formulas_master() -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in range(1, 5):
        sheet[f"A{row}"] = row
    sheet["B1"] = "=A1*10"
    saved = BytesIO()
    made.save(saved)
    shared = with_shared_formula(saved.getvalue())
    for backend in BACKENDS:
        result = open_workbook(shared).recompute(set={"Sheet!B1": -1}, backend=backend)
        assert result["Sheet!B1:B4"].ravel().tolist() == [-1, 20, 30, 40]


def with_shared_formula(package: bytes) -> bytes:
    """Make B1 the master of a shared formula over B1:B4."""
    from zipfile import ZipFile

    out = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                data = data.replace("<f>A1*10</f>", '<f t="shared" ref="B1:B4" si="0">A1*10</f>')
                for row in (2, 3, 4):
                    data = data.replace(f'<c r="A{row}"', f'<c r="A{row}" id="{row}"', 1)
                    cell = f'<c r="B{row}"><f t="shared" si="0"/><v/></c></row>'
                    head, mark, tail = data.partition(f'id="{row}"')
                    data = head.rstrip() + mark.replace(f'id="{row}"', "") + tail.replace("</row>", cell, 1)
            new.writestr(name, data)
    return out.getvalue()


def test_an_open_workbook_never_changes(wb: Workbook) -> None:
    before = wb["s!A1:D2"].tolist()
    wb.recompute(set={"inputs": 0})
    assert wb["s!A1:D2"].tolist() == before


def test_sources(tmp_path: Path, wb: Workbook) -> None:
    data = book(lambda sheet, _: sheet.write_formula("A1", "=6*7"))
    path = tmp_path / "model.xlsx"
    path.write_bytes(data)
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active["A1"] = "=6*7"
    for source in (data, path, str(path), made):
        opened = open_workbook(source)
        assert opened.recompute()[f"{opened.sheets[0]}!A1"] == 42


def test_an_openpyxl_workbook_can_be_saved(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active["A1"] = "=6*7"
    open_workbook(made).recompute().save(tmp_path / "out.xlsx")
    assert stored_values(tmp_path / "out.xlsx")["Sheet"] == {(0, 0): 42}


def test_save_then_open(tmp_path: Path, wb: Workbook) -> None:
    wb.recompute(set={"s!A1": 5}).save(tmp_path / "out.xlsx")
    again = open_workbook(tmp_path / "out.xlsx")
    assert again["s!A1:D1"].tolist() == [[5, 2, 3, 10]]
    assert again["s!A4:C4"].tolist() == [[25, 4, 9]]
    assert again.recompute().compare() == []


def test_save_into_a_missing_folder(tmp_path: Path, wb: Workbook) -> None:
    with pytest.raises(FileRefused, match="cannot be written"):
        wb.recompute().save(tmp_path / "gone" / "out.xlsx")


@pytest.mark.parametrize("backend", BACKENDS)
def test_compare(backend: str) -> None:
    def fill(sheet: Any, _: Any) -> None:
        sheet.write_formula("A1", "=1/3", None, 0.3333333333)  # 1e-10 off, relative
        sheet.write_formula("A2", "=1+1", None, 3)
        sheet.write_formula("A3", '="2"', None, "2")
        sheet.write_formula("A4", "=1=1", None, True)
        sheet.write_formula("A5", "=0.1+0.2-0.3", None, 0)  # stored as Excel snaps it
        sheet.write_formula("A6", "=NA()", None, "#N/A")

    result = open_workbook(book(fill)).recompute(backend=backend)
    assert result.compare() == [Difference("s", "A2", "1+1", 3.0, 2.0)]
    assert [each.cell for each in result.compare(rtol=1e-12)] == ["A1", "A2"]
    assert str(result.compare()[0]) == "s!A2: stored 3.0, computed 2.0 by =1+1"


def test_compare_names_a_shared_formulas_member() -> None:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in range(1, 5):
        made.active[f"A{row}"] = row
    made.active["B1"] = "=A1*10"
    saved = BytesIO()
    made.save(saved)
    data = with_shared_formula(saved.getvalue())
    from zipfile import ZipFile

    out = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<f t="shared" si="0"/><v/>', b'<f t="shared" si="0"/><v>1</v>'))
    found = open_workbook(out.getvalue()).recompute().compare()
    assert [(each.cell, each.formula) for each in found] == [("B2", "A2*10"), ("B3", "A3*10"), ("B4", "A4*10")]


def test_same_seed_same_values() -> None:
    workbook = open_workbook(book(lambda sheet, _: sheet.write_formula("A1", "=RAND()")))
    draws = {
        (seed, backend): workbook.recompute(seed=seed, backend=backend)["s!A1"]
        for seed in (1, 2)
        for backend in BACKENDS
    }
    assert draws[1, "numpy"] == draws[1, "reference"] != draws[2, "numpy"]


def test_dynamic_array_spills() -> None:
    workbook = open_workbook(book(lambda sheet, _: sheet.write_dynamic_array_formula("B2", "=SEQUENCE(3)", None, 1)))
    result = workbook.recompute()
    assert result["s!B2#"].tolist() == [[1], [2], [3]]
    assert isinstance(result, Result)


def test_compile_is_a_function_of_arrays(wb: Workbook) -> None:
    squares = wb.compile(inputs=["inputs"], outputs=["s!A4:C4"])
    assert squares([1, 2, 3]).tolist() == [[1, 4, 9]]
    assert squares(np.arange(6).reshape(2, 1, 3)).tolist() == [[[0, 1, 4]], [[9, 16, 25]]]


def test_one_place_needs_no_list(wb: Workbook) -> None:
    assert wb.compile("s!A1", "s!D1")(7.0).tolist() == wb.compile(["s!A1"], ["s!D1"])(7.0).tolist() == [[12.0]]


def test_what_is_no_value_is_refused_by_name(wb: Workbook) -> None:
    with pytest.raises(UsageError, match="no cell can hold"):
        wb.recompute(set={"s!A1": object()})  # type: ignore[dict-item]


def test_a_result_shows_its_workbook(wb: Workbook) -> None:
    assert repr(wb.recompute()) == f"<Result of {wb!r}>"


def test_compile_with_several_inputs_and_outputs(wb: Workbook) -> None:
    f = wb.compile(inputs=["s!A1", "s!B1:C1"], outputs=["s!D1", "s!A4:C4"])
    total, squares = f(np.array([[[1.0]], [[2.0]]]), [[10, 20]])
    assert total.ravel().tolist() == [31, 32]
    assert squares.tolist() == [[[1, 100, 400]], [[4, 100, 400]]]


@pytest.mark.parametrize("arguments", [(), ([1, 2],), (np.zeros((2, 2, 3)),), ([1, 2, 3], [1])])
def test_compiled_refuses_what_does_not_fit(wb: Workbook, arguments: tuple[object, ...]) -> None:
    with pytest.raises(UsageError):
        wb.compile(inputs=["inputs"], outputs=["s!D1"])(*arguments)


def test_unknown_backend(wb: Workbook) -> None:
    with pytest.raises(UsageError, match="abacus"):
        wb.recompute(backend="abacus")


def test_limits() -> None:
    data = book(lambda sheet, _: sheet.write("A1", 1))
    with pytest.raises(FileRefused):
        open_workbook(data, limits=Limits(entries=2))
    assert open_workbook(data, limits=Limits.none()).sheets == ["s"]


def test_results_are_not_changed_by_later_ones() -> None:
    book = open_workbook(file_of({"s": {"A1": 1, "B1": "=A1*2", "B2": "=B1+1", "Z99": 5, "Z98": "=Z99+B2"}}))
    first, second = book.recompute(), book.recompute(set={"s!A1": 10})
    third = book.recompute(set={"s!Z99": 7})
    again = book.recompute()
    assert [found["s!B2"] for found in (first, second, third, again)] == [3.0, 21.0, 3.0, 3.0]
    assert [found["s!Z98"] for found in (first, second, third, again)] == [8.0, 26.0, 10.0, 8.0]
    assert [found["s!A1"] for found in (first, second, third, again)] == [1.0, 10.0, 1.0, 1.0]


def test_cells_that_nothing_writes_are_not_copied() -> None:
    cells: dict[str, Content] = {f"A{row}": row for row in range(1, 200)}
    book = open_workbook(file_of({"data": cells, "model": {"A1": "=SUM(data!A1:A199)", "B1": 2, "C1": "=A1*B1"}}))
    first, second = book.recompute(), book.recompute(set={"model!B1": 3})
    (one,), (other,) = first.grid.blocks(0), second.grid.blocks(0)
    assert one.data is other.data
    (one,), (other,) = first.grid.blocks(1), second.grid.blocks(1)
    assert one.data is not other.data
