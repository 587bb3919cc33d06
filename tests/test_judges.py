"""Both evaluators against LibreOffice and ironcalc, on workbooks laid out like the lessons and on long fills."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import xlsxwriter

from benchmarks import workloads
from tests import oracles


def semantics(path: Path) -> None:
    """Write formulas whose meaning engines get wrong, those on which Excel, LibreOffice and ironcalc are of one mind."""
    formulas = (
        "=-2^2", "=2^3^2", "=A1+1", '=A2&""', "=A3*2", '=IF(A1="",1,2)', "=SUM(A1:A6)", "=COUNT(A1:B4)",
        "=COUNTA(A1:A6)", "=COUNTBLANK(A1:A6)", "=A4/0", "=IFERROR(A4/0,7)", "=ISERROR(A6)", '=SUMPRODUCT((A2:A4="x")*1)',
        "=SUMPRODUCT(B1:B6,B1:B6)", "=AVERAGE(B1:B6)", "=MATCH(5,B1:B6,1)", "=VLOOKUP(4,B1:C6,2,FALSE)", "=INDEX(B1:C6,3,2)",
        "=SUM(INDEX(B1:C6,0,2))", "=SUM(OFFSET(B1,1,0,2,2))", "=ROUND(2.5,0)+ROUND(-2.5,0)", "=MOD(-7,3)", "=INT(-2.5)",
        "=LEFT(A2,1)&MID(\"abcdef\",2,3)", '=COUNTIF(B1:B6,">3")', '=SUMIF(B1:B6,"<=4",C1:C6)', "=RANK(4,B1:B6)",
        "=STDEV(B1:B6)", "=LARGE(B1:B6,2)", "=MEDIAN(B1:B6)", "=SUMXMY2(B1:B6,C1:C6)", "=CHOOSE(2,10,20,30)", "=1=1.0",
        '=TEXT(1234.5678,"#,##0.00")', "=EXP(1)-LN(2)", "=SIGN(-3)*ABS(-4)", "=AND(TRUE,1)", "=OR(FALSE,0)", "=NA()",
        "=LEN(\"héllo\")", "=50%+1", '="a"<"B"', "=ROW(B5)+COLUMN(C1)", "=TANH(0.5)", "=_xlfn.NORM.S.INV(0.975)",
        "=PI()*RADIANS(180)", "=CEILING(2.1,1)+FLOOR(2.9,1)", "=POWER(2,0.5)", "=TRUNC(-2.7)", "=SQRT(2)", "=MAX(B1:C6)",
    )  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("s")
        sheet.write_column("A2", ["x", 3, 4, True])
        sheet.write_formula("A6", "=1/0", None, "#DIV/0!")
        sheet.write_column("B1", [1, 2, 3, 4, 6, 9])
        sheet.write_column("C1", [10, 20, 30, 40, 60, 90])
        for row, formula in enumerate(formulas):
            sheet.write_formula(row, 4, formula)
        sheet.write_array_formula("G1:H2", "{=MMULT(B1:C2,B3:C4)}")
        sheet.write_array_formula("G4:L5", "{=TRANSPOSE(B1:C6)}")
        sheet.write_array_formula("G7:H8", "{=MINVERSE(B1:C2+{1,0;0,1})}")
        sheet.write_array_formula("G10:G15", "{=IF(B1:B6>2,C1:C6,-1)}")


BOOKS: dict[str, Callable[[Path], None]] = {
    "network": partial(workloads.network, size=14),
    "fill": partial(workloads.fill, rows=60),
    "sgd": partial(workloads.sequential_sgd, ratings=90, factors=3),
    "sgd-direct": partial(workloads.sequential_sgd, ratings=90, factors=3, direct=True),
    "descent": partial(workloads.gradient_descent, ratings=30, factors=2),
    "lookups": partial(workloads.lookups, rows=50),
    "distinct": partial(workloads.distinct, formulas=40),
    "semantics": semantics,
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every workbook, written once."""
    folder = tmp_path_factory.mktemp("judged")
    paths = {name: folder / f"{name}.xlsx" for name in BOOKS}
    for name, make in BOOKS.items():
        make(paths[name])
    return paths


@pytest.fixture(scope="module")
def office(books: dict[str, Path]) -> dict[str, oracles.Sheets]:
    """What LibreOffice says of every workbook."""
    oracles.need_libreoffice()
    return dict(zip(books, oracles.libreoffice(books.values()), strict=True))


def test_libreoffice_recalculates_on_load() -> None:
    oracles.need_libreoffice()
    assert oracles.libreoffice_recalculates()


@pytest.mark.parametrize("backend", ["reference", "numpy"])
@pytest.mark.parametrize("name", BOOKS)
def test_agrees_with_libreoffice(
    name: str, backend: str, books: dict[str, Path], office: dict[str, oracles.Sheets]
) -> None:
    assert oracles.disagreements(oracles.ours(books[name], backend), office[name]) == []


@pytest.mark.parametrize("backend", ["reference", "numpy"])
@pytest.mark.parametrize("name", BOOKS)
def test_agrees_with_ironcalc(name: str, backend: str, books: dict[str, Path]) -> None:
    judged = oracles.ironcalc(books[name])
    assert oracles.disagreements(oracles.ours(books[name], backend), judged) == []


def test_network_is_what_numpy_computes(books: dict[str, Path]) -> None:
    # XlsxWriter stored numpy's values beside the formulas.
    stored = oracles.stored_values(books["network"])
    assert oracles.disagreements(oracles.ours(books["network"], "numpy"), stored) == []


def test_a_disagreement_is_seen() -> None:
    left: oracles.Sheets = {"s": {(0, 0): 1.0, (0, 1): "a", (1, 0): True}}
    right: oracles.Sheets = {"s": {(0, 0): 1.0 + 1e-9, (0, 1): "A", (1, 0): 1.0}}
    assert len(oracles.disagreements(left, right)) == 3
