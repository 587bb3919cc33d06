"""Formulas that would eat all memory or never end: each has a bounded answer, the same from both evaluators."""

from __future__ import annotations

import io
import os
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import main
from sheetgrad.sheets.package import Limits
from sheetgrad.sheets.values import Error, Scalar
from tests.packages import MAIN, SHEET, book, row, workbook_xml
from tests.test_hostile import MEMORY, measured

BACKENDS = ("numpy", "reference")
TWICE = "_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.f,_xlpm.n,_xlpm.f(_xlpm.f,_xlpm.n+1)+_xlpm.f(_xlpm.f,_xlpm.n+1)),_xlpm.f(_xlpm.f,1))"
LONG = '<c r="D1" t="str"><v>' + "a" * 32_767 + "</v></c>"

# Formula → value. Where Excel's documentation states a limit (32,767 characters of a cell, 1,048,576 x 16,384 cells, dates up
# to the year 9999) the error is the one that it names; arrays that Excel has no memory for are #NUM!.
BOMBS: list[tuple[str, Scalar]] = [
    ('REPT("x",32768)', Error.VALUE),
    ('REPT("x",1E9)', Error.VALUE),
    ('LEN(REPT("x",32767))', 32767.0),
    ('REPT("x",20000)&REPT("y",20000)', Error.VALUE),
    ('CONCAT(REPT("x",20000),REPT("x",20000))', Error.VALUE),
    ('SUBSTITUTE(REPT("a",32767),"a","bbbbbbbb")', Error.VALUE),
    ('_xlfn.TEXTJOIN(REPT("x",1000),TRUE,ROW(1:1000))', Error.VALUE),
    ('SUMPRODUCT(LEN(REPT("x"&ROW(1:100000),3000)))', Error.NUM),
    ('SUMPRODUCT(LEN(REPT("x",300)&ROW(1:100000)))', Error.NUM),
    ('LEN(_xlfn.REDUCE("x",_xlfn.SEQUENCE(100),_xlfn.LAMBDA(_xlpm.a,_xlpm.b,_xlpm.a&_xlpm.a)))', Error.VALUE),
    ("SUM(_xlfn.SEQUENCE(1048576,16384))", Error.NUM),
    ("SUM(_xlfn.SEQUENCE(1E300))", Error.NUM),
    ("SUM(_xlfn.RANDARRAY(10000,10000))", Error.NUM),
    ("SUM(_xlfn.MUNIT(1E5))", Error.NUM),
    ("SUM(_xlfn.EXPAND(1,1048576,16384,0))", Error.NUM),
    ("SUM(_xlfn.MAKEARRAY(1E5,1E5,_xlfn.LAMBDA(_xlpm.a,_xlpm.b,1)))", Error.NUM),
    ("ROWS(_xlfn.REDUCE(1,_xlfn.SEQUENCE(100),_xlfn.LAMBDA(_xlpm.a,_xlpm.b,_xlfn.VSTACK(_xlpm.a,_xlpm.a))))", Error.NUM),
    ("SUMPRODUCT(ROW(1:1048576)*COLUMN(A:XFD))", Error.NUM),
    ("SUM(MMULT(ROW(1:1000000),COLUMN(A:XFD)))", Error.NUM),
    ("SUM(B:XFD)", 0.0),
    ('COUNTIF(B:XFD,">1")', 0.0),
    ('SUMIF(B:XFD,">1",B:XFD)', 0.0),
    ("COUNTBLANK(F:XFD)", 16379.0 * 1048576),
    ("ROWS(B:XFD)*COLUMNS(B:XFD)", 16383.0 * 1048576),
    ("SUM(OFFSET(B2,0,0,1048575,16000))", 0.0),
    ('SUM(INDIRECT("F1:XFD1048576"))', 0.0),
    ("VLOOKUP(3,F:XFD,2,0)", Error.NA),
    ("MATCH(5,F:F,0)", Error.NA),
    ("INDEX(F:XFD,1048576,16379)", 0.0),
    ("_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.f,_xlpm.f(_xlpm.f)),_xlpm.f(_xlpm.f))", Error.NUM),
    (TWICE, Error.NUM),
    ("endless(1)", Error.NUM),
    ("LEN(n_39)", Error.NUM),
    ("ring_a", Error.NAME),
    ('COUNTIF(D1,"' + "*a" * 60 + 'b")', 0.0),
    ('SEARCH("' + "a*" * 60 + 'b",D1)', Error.VALUE),
    ('MATCH("*a*a*a*a*a*a*a*a*ab",D1:D1,0)', Error.NA),
    ('_xlfn.REGEXTEST(D1,"(a+)+$b")', False),
    ('_xlfn.REGEXTEST(D1,"(a|a)*b")', False),
    ('_xlfn.REGEXTEST(D1,REPT("(",4000)&"a"&REPT(")",4000))', Error.VALUE),
    ('TEXT(1,REPT("0",8000))', Error.VALUE),
    ('TEXT(1,"0."&REPT("0",20000))', Error.VALUE),
    ('TEXT("a",REPT("@",30000))', Error.VALUE),
    ('TEXT(1,REPT("?/",4000)&"?")', Error.VALUE),
    ('TEXT(2958466,"yyyy")', Error.VALUE),
    ("DATE(1E9,1,1)", Error.NUM),
    ("DATE(9999,13,1)", Error.NUM),
    ("DATE(1,1E300,1)", Error.NUM),
    ("EDATE(1,1E9)", Error.NUM),
    ("EOMONTH(2958465,1)", Error.NUM),
    ("WORKDAY(1,1E15)", Error.NUM),
    ("YEAR(1E300)", Error.NUM),
    ("TIME(1E300,1,1)", Error.NUM),
    ('DATEVALUE(REPT("1/",15000))', Error.VALUE),
    ("PRICE(1,2958465,0.1,0.1,100,4)", Error.NUM),
    ("CUMIPMT(0.1,1E9,1,1,1E9,0)", Error.NUM),
    ("DB(1,0,1E9,1E9)", 0.0),
    ("FACT(171)", Error.NUM),
    ("POWER(1E300,1E300)", Error.NUM),
    ("(" * 4000 + "1" + ")" * 4000, 1.0),
    ("1" + "+1" * 4000, 4001.0),
    ("1" + "^1" * 4000, 1.0),
    ("SUM(" * 1000 + "1" + ")" * 1000, Error.NAME),
    ("-" * 8000 + "1", Error.NAME),
    ("{" * 4000, Error.NAME),
    ("1" * 5000, Error.NAME),
    ("(" * 100_000, Error.NAME),
    ("XNPV(0.1)(1,2)", Error.VALUE),
    ("_xlfn.LET(_xlpm.f,XNPV,_xlpm.f(1,2))", Error.VALUE),
    ("SUM(_xlfn.BYROW({1;2},XNPV))", Error.VALUE),
]  # fmt: skip
NAMES = (
    "".join(f'<definedName name="n_{i}">{escape(f"n_{i - 1}&n_{i - 1}") if i else "&quot;ha&quot;"}</definedName>' for i in range(40))
    + '<definedName name="ring_a">ring_b</definedName><definedName name="ring_b">ring_a+1</definedName>'
    + '<definedName name="endless">_xlfn.LAMBDA(_xlpm.x,endless(_xlpm.x))</definedName>'
)


def bombs() -> bytes:
    """Return a workbook with every bomb in column A, one a row, and a long text in D1."""
    rows = [row(f'<c r="A{i}"><f>{escape(f)}</f></c>{LONG if i == 1 else ""}', i) for i, (f, _) in enumerate(BOMBS, 1)]
    return book("".join(rows), {"xl/workbook.xml": workbook_xml(f"<definedNames>{NAMES}</definedNames>")})


@pytest.fixture(scope="module", params=BACKENDS)
def answers(request: pytest.FixtureRequest) -> list[Scalar]:
    result = open_workbook(bombs()).recompute(backend=request.param)
    return [result[f"Sheet1!A{number}"] for number in range(1, len(BOMBS) + 1)]


@pytest.mark.parametrize("number", range(len(BOMBS)), ids=[formula[:50] for formula, _ in BOMBS])
def test_formula_bombs_have_an_answer(answers: list[Scalar], number: int) -> None:
    assert answers[number] == BOMBS[number][1]


def array(place: str, ref: str, formula: str, kind: str = "array", more: str = "") -> str:
    return f'<c r="{place}"><f t="{kind}" ref="{ref}"{more}>{formula}</f><v>0</v></c>'


def many(formula: str, count: int) -> str:
    return "".join(row(formula.replace("#", str(i)), i) for i in range(1, count + 1))


WHOLE = "A1:XFD1048576"
MERGES = "<mergeCells>" + f'<mergeCell ref="{WHOLE}"/>' * 1000 + "</mergeCells>"
TWO = row("<c r='A1'><f>1+1</f></c>")
MERGED = f'<worksheet xmlns="{MAIN}"><sheetData>{TWO}</sheetData>{MERGES}</worksheet>'
# Rows (or a whole sheet) → the value of A1: areas that the file claims and does not fill cost nothing.
AREAS: dict[str, tuple[bytes, Scalar]] = {
    "array over the sheet": (book(row(array("A1", WHOLE, "1"))), Error.NUM),
    "array that reads the sheet": (book(row(array("A1", WHOLE, "B1:XFD1048576+1"))), Error.NUM),
    "array over four columns": (book(row(array("A1", "A1:D1048576", "1"))), Error.NUM),
    "arrays over one another": (book(many(array("A#", "A#:Z60000", "1"), 300)), Error.NUM),
    "arrays row by row": (book(many(array("A#", "A#:XFD#", "1"), 200)), 1.0),
    "shared formula over the sheet": (book(row(array("A1", WHOLE, "B1+1", "shared", ' si="0"'))), 1.0),
    "shared formulas over one another": (book(many(array("A#", WHOLE, "B1+1", "shared", ' si="#"'), 500)), 1.0),
    "data table over the sheet": (book(row(array("A1", WHOLE, "", "dataTable", ' dt2D="1" r1="B1" r2="C1"'))), Error.NUM),
    "merges over the sheet": (book("", {SHEET: MERGED}), 2.0),
    "fill from corner to corner": (book(TWO + row("<c r='XFD1048576'><f>1+1</f></c>", 1048576)), 2.0),
    "spans in a fill": (book(many("<c r='A#'><f>SUM(B#:XFD1048576)+COUNTIF(B:XFD,C2)</f></c>", 300)), 0.0),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", AREAS)
def test_areas_cost_what_is_filled(name: str, backend: str, tmp_path: Path) -> None:
    data, expected = AREAS[name]
    workbook = open_workbook(data)
    result = workbook.recompute(backend=backend)
    assert result["Sheet1!A1"] == expected
    result.compare()
    result.save(tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").stat().st_size < len(data) + (8 << 20)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fill_of_large_arrays_is_computed_in_parts(backend: str) -> None:
    rows = "".join(
        row(f'<c r="A{i}"><v>{i % 7}</v></c><c r="B{i}"><f>SUMPRODUCT((A$1:A$3000=A{i})*1)</f></c>', i) for i in range(1, 3001)
    )
    found = open_workbook(book(rows)).recompute(backend=backend)["Sheet1!B1:B7"]
    assert found.ravel().tolist() == [429, 429, 429, 429, 428, 428, 428]  # 3000 = 7 * 428 + 4


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not tell a process's peak of memory")
@pytest.mark.parametrize("backend", BACKENDS)
def test_bombs_as_a_program_within_the_memory(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "bombs.xlsx"
    path.write_bytes(bombs())
    code, said, peak = measured(["recompute", str(path), "-o", str(tmp_path / "out.xlsx"), "--backend", backend])
    assert code == 0
    assert "Traceback" not in said
    assert peak < MEMORY


@pytest.mark.parametrize("backend", BACKENDS)
def test_spills_are_bounded_all_together(backend: str) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        sheet = target.add_worksheet("s")
        for column in range(12):
            sheet.write_dynamic_array_formula(0, column, 0, column, f"=SEQUENCE(1048576)+{column}", None, 0)
    result = open_workbook(buffer.getvalue()).recompute(backend=backend)
    first = [result[f"s!{letter}1"] for letter in "ABCDEFGHIJKL"]
    assert first == [1.0, 2.0, 3.0, 4.0] + [Error.NUM] * 8  # 2**22 cells are four whole columns
    assert result["s!D1048576"] == 1048579.0


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not tell a process's peak of memory")
def test_spills_are_saved_within_the_memory(tmp_path: Path) -> None:
    """A whole column; what was saved is what is found again."""
    path, out = tmp_path / "spills.xlsx", tmp_path / "out.xlsx"
    with xlsxwriter.Workbook(path) as target:
        target.add_worksheet("s").write_dynamic_array_formula("A1", "=SEQUENCE(1048576)+1", None, 0)
    code, said, peak = measured(["recompute", str(path), "-o", str(out)])
    assert (code, said.count("Traceback")) == (0, 0)
    assert peak < MEMORY
    again = open_workbook(out)
    assert again["s!A1048576"] == 1048577.0
    assert again.model.sheets[0].formulas.area[0].tolist() == [0, 0, 1048576, 1]


LAMBDA, MANY = "_xlfn.LAMBDA", "_xlfn.SEQUENCE(3000)"
FIBONACCI = f"_xlfn.LET(_xlpm.f,{LAMBDA}(_xlpm.f,_xlpm.n,IF(_xlpm.n<2,1,_xlpm.f(_xlpm.f,_xlpm.n-1)+_xlpm.f(_xlpm.f,_xlpm.n-2))),_xlpm.f(_xlpm.f,30))"
# Formulas that repeat what they do, within the limits on arrays and on recursion.
REPEATED = {
    "REDUCE in REDUCE": f"_xlfn.REDUCE(0,{MANY},{LAMBDA}(_xlpm.a,_xlpm.b,_xlpm.a+_xlfn.REDUCE(0,{MANY},{LAMBDA}(_xlpm.c,_xlpm.d,_xlpm.c+_xlpm.d))))",
    "MAKEARRAY": f"SUM(_xlfn.MAKEARRAY(2000,2000,{LAMBDA}(_xlpm.a,_xlpm.b,_xlpm.a*_xlpm.b)))",
    "a function given by name": "SUM(_xlfn.MAP(_xlfn.SEQUENCE(1000000),ABS))",
    "large arrays in MAP": f"SUM(_xlfn.MAP({MANY},{LAMBDA}(_xlpm.a,SUM(_xlfn.SEQUENCE(4000000)))))",
    "recursion that branches": FIBONACCI,
    "texts of a large array": 'SUM(FIND("9",_xlfn.SEQUENCE(1000000)&"9"))',
}


@pytest.mark.parametrize("name", REPEATED)
def test_repeated_work_is_bounded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The formula is named, the others are computed. A smaller limit than the default keeps the test short."""
    monkeypatch.setattr("sheetgrad.engine.work.DEFAULT_LIMITS", Limits(steps=50_000))
    path = tmp_path / "book.xlsx"
    path.write_bytes(book(row(f"<c r='A1'><f>{escape(REPEATED[name])}</f></c><c r='B1'><f>1+1</f></c>")))
    assert main(["recompute", str(path), "--get", "Sheet1!A1", "--get", "Sheet1!B1"]) == 0
    out, message = capsys.readouterr()
    assert out.splitlines() == ["Sheet1!A1  #NUM!", "Sheet1!B1  2"]
    assert message.count("\n") == 1
    assert "Sheet1!A1: more is repeated" in message


def test_more_may_be_repeated_where_the_limit_says_so() -> None:
    summed = f"_xlfn.REDUCE(0,{MANY},{LAMBDA}(_xlpm.a,_xlpm.b,_xlpm.a+_xlpm.b))"
    data = book(row(f"<c r='A1'><f>{summed}</f></c>"))
    few = open_workbook(data, limits=Limits(steps=10_000)).recompute()
    assert (few["Sheet1!A1"], few.outcome.exhausted) == (Error.NUM, {(0, 0, 0)})
    assert open_workbook(data, limits=Limits(steps=20_000)).recompute()["Sheet1!A1"] == 3000 * 3001 / 2


def ring(count: int, rounds: int, formula: str) -> bytes:
    cells = "".join(row(f"<c r='A{i}'><f>{formula.replace('#', str(i % count + 1))}</f></c>", i) for i in range(1, count + 1))
    settings = f'<calcPr iterate="1" iterateCount="{rounds}" iterateDelta="0"/>'
    return book(cells, {"xl/workbook.xml": workbook_xml(settings)})


def test_iteration_without_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sheetgrad.engine.work.DEFAULT_LIMITS", Limits(steps=0))
    path, out = tmp_path / "ring.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(ring(100, 32_767, "A#+1"))
    assert main(["recompute", str(path), "-o", str(out)]) == 5
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    # each formula adds 128 steps, and takes 16 of them in the first two rounds, then 1
    assert "iteration stopped after round 98;" in message
    assert "--no-limits" in message


@pytest.mark.parametrize("formula", ["A#*0.5+1", 'IF(ROW()=1,A#&amp;"",A#)', "SQRT(A#)-ROW()", "IFERROR(1/A#,3)", "RAND()+A#*0", "SUM(A1:A5)/9+A#"])
def test_compiled_rounds_are_the_rounds_of_the_reference(formula: str) -> None:
    data = ring(5, 30, formula)
    found, wanted = (open_workbook(data).recompute(backend=backend).array("Sheet1!A1:A5") for backend in BACKENDS)
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_texts_are_bounded_all_together(backend: str, tmp_path: Path) -> None:
    """A small file of a fill that makes 32,000 characters in each of its cells; the rest is #NUM!, and said to be."""
    path, out = tmp_path / "texts.xlsx", tmp_path / "out.xlsx"
    fill = '<c r="A1"><f t="shared" ref="A1:A100" si="0">REPT("x",32000)&amp;ROW()</f></c>'
    rest = "".join(row(f'<c r="A{i}"><f t="shared" si="0"/></c>', i) for i in range(2, 101))
    path.write_bytes(book(row(fill) + rest))
    result = open_workbook(path, limits=Limits(texts=1 << 20)).recompute(backend=backend)
    assert result.outcome.crowded
    assert len(result["Sheet1!A9"]) == 32_001
    assert result["Sheet1!A100"] == Error.NUM
    result.save(out)
    assert open_workbook(out, limits=Limits.none())["Sheet1!A9"] == result["Sheet1!A9"]


def test_what_is_saved_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One long text in very many cells costs nothing to compute, but would make a file that nobody reads."""
    monkeypatch.setattr("sheetgrad.sheets.archive._MOST_GROWTH", 1 << 20)
    path, out = tmp_path / "texts.xlsx", tmp_path / "out.xlsx"
    fill = '<c r="A1"><f t="shared" ref="A1:A40" si="0">REPT("x",32000)</f></c>'
    rest = "".join(row(f'<c r="A{i}"><f t="shared" si="0"/></c>', i) for i in range(2, 41))
    path.write_bytes(book(row(fill) + rest))
    assert main(["recompute", str(path), "-o", str(out)]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["texts.xlsx"]


def test_many_bad_formulas_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.xlsx"
    path.write_bytes(book(many("<c r='A#'><f>1+(#</f></c>", 200)))
    assert main(["recompute", str(path)]) == 0
    message = capsys.readouterr().err
    assert message.count("\n") == 51
    assert "150 more" in message


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_choice_of_ranges_is_read_whole(backend: str) -> None:
    """SUM of the range that CHOOSE or IF gives, not of the cell in the formula's own row."""
    cells = "".join(row(f'<c r="A{i}"><v>{i}</v></c>', i) for i in (2, 3, 4))
    formulas = "<c r='B1'><f>SUM(CHOOSE(2,A1:A2,A1:A3,A1:A4))</f></c><c r='C1'><f>SUM(IF(A1>0,A1:A4,A1:A2))</f></c>"
    result = open_workbook(book(row(f"<c r='A1'><v>1</v></c>{formulas}") + cells)).recompute(backend=backend)
    assert (result["Sheet1!B1"], result["Sheet1!C1"]) == (6.0, 10.0)
