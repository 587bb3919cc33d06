"""The array program gives what the reference evaluator gives, cell for cell, on fills of all kinds."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter.utility import xl_rowcol_to_cell

from sheetgrad.engine import arrays, open_workbook, reference
from sheetgrad.engine.arrays import place_of
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.program import build
from sheetgrad.engine.steps import units_of
from sheetgrad.sheets.values import Error

from .books import Content, book_of, cell, computed, differences, file_of

SIZE = 9  # the input block: A1:I9

OTHERS: list[Content] = [None, "", "x", "Y", "12", True, False, Error.NA, Error.DIV0]


def inputs(seed: int, plain: bool) -> dict[str, Content]:
    """Fill the input block: numbers, and unless ``plain`` blanks, texts, logicals and errors among them."""
    random = Random(seed)

    def content() -> Content:
        if not plain and random.random() < 0.3:
            return random.choice(OTHERS)
        return random.choice([random.randint(-3, 5), round(random.uniform(-50, 50), 3)])

    return {ref(row, column): content() for row in range(SIZE) for column in range(SIZE)}


def ref(row: int, column: int, fixed_row: bool = False, fixed_column: bool = False) -> str:
    return str(xl_rowcol_to_cell(row, column, fixed_row, fixed_column))


@st.composite
def references(draw: st.DrawFn) -> tuple[int, int, int, int, bool, bool, int, int]:
    """Where a reference starts, its size, which corners are fixed, and how far it moves a step."""
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return (
        draw(st.integers(0, 3)),
        draw(st.integers(0, 3)),
        height,
        width,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from([1, 1, 2, 0])),
        draw(st.sampled_from([1, 1, 2, 0])),
    )


def spelled(reference: tuple[int, int, int, int, bool, bool, int, int], i: int, j: int) -> str:
    row, column, height, width, fixed_row, fixed_column, down, across = reference
    top = row if fixed_row else row + i * down
    left = column if fixed_column else column + j * across
    if (height, width) == (1, 1):
        return ref(top, left, fixed_row, fixed_column)
    return (
        f"{ref(top, left, fixed_row, fixed_column)}:{ref(top + height - 1, left + width - 1, fixed_row, fixed_column)}"
    )


TEMPLATES = [
    "{a}+{b}*2",
    "MAX(0,SUM({A}*{B}))",
    "SUM({A})-SUM({B})",
    "SUMPRODUCT({A},{B})",
    "SUMPRODUCT(({A}>1)*{B})",
    "IF({a}>{b},{a}-1,{b}/{a})",
    'IF({a}="",0,{a}&"|"&{b})',
    "IFERROR({a}/{b},-1)",
    "AVERAGE({A})+COUNT({B})+COUNTA({A})",
    "MAX({A})-MIN({B})",
    "INDEX({A},1,1)+{b}",
    "SUM(INDEX({A}*{b},0))-MAX(INDEX({B},0))",
    "SUM(INDEX(({A}>1)*{B},))",
    "INDEX($A$1:$I$9,1+ABS(INT({a})),2)",
    "OFFSET($A$1,ABS(INT({a})),1)",
    "SUM(OFFSET($B$2,COUNT({A}),0,2,2))",
    "MATCH({a},$A$1:$A$9,0)",
    "VLOOKUP({a},$A$1:$C$9,2,TRUE)",
    "COUNTIF({A},{b})",
    'SUMIF({A},">0",{B})',
    "CHOOSE(1+MOD(COUNT({A}),2),{a},{b})",
    "ROW({A})*100+COLUMN()",
    "ROWS({A})+COLUMNS({B})",
    "SUM($A$1:{b})",
    "AVERAGE({b}:$I$9)",
    "-{a}^2%",
    "{a}={b}",
    "AND({a}>0,{b}<3)",
    'TEXT({a},"0.0")&LEN({b})',
    "ROUND({a},1)+EXP({b}/100)",
    "SQRT({a})",
    "MMULT({A},TRANSPOSE({A}))",
    "RAND()*0+{a}",
    "MEDIAN({A})",
    "LET(p,{a},p*p+{b})",
    "{A}+{b}",
    "IFNA(MATCH({b},{A},0),0)",
    "SUMXMY2({A},{A})",
]


@st.composite
def sheets(draw: st.DrawFn) -> dict[str, Content]:
    """An input block and two or three fills that read it, and one another."""
    cells = inputs(draw(st.integers(0, 10_000)), draw(st.booleans()))
    for fill in range(draw(st.integers(1, 3))):
        template = draw(st.sampled_from(TEMPLATES))
        chosen = {name: draw(references()) for name in "AB"}
        small = {name: (*draw(references())[:2], 1, 1, *draw(references())[4:]) for name in "ab"}
        reads_before = fill > 0 and draw(st.booleans())
        array = draw(st.booleans())
        left = 10 + 4 * fill
        for i in range(draw(st.integers(1, 4))):
            for j in range(draw(st.integers(1, 3))):
                words = {name: spelled(spec, i, j) for name, spec in {**chosen, **small}.items()}
                if reads_before:
                    words["a"] = ref(i, left - 4 + j)
                formula = f"={template.format(**words)}"
                cells[ref(i, left + j)] = f"{{{formula}}}" if array else formula
    return cells


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheets())
def test_arrays_agree_with_the_reference_on_random_fills(cells: dict[str, Content]) -> None:
    workbook = book_of({"s": cells})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


def column(formula: str, rows: int, **more: Content) -> dict[str, Content]:
    """Fill ``formula`` down column C from row 2; {r} is the row, {p} the row above."""
    return {**{f"C{row}": formula.format(r=row, p=row - 1) for row in range(2, rows + 2)}, **more}


INPUTS: dict[str, Content] = {
    f"{name}{row}": ((row * 7 + ord(name)) % 11) / 4 - 1 for name in "AB" for row in range(1, 41)
}

# Each: cells besides INPUTS, and the number of regions that may be computed cell by cell.
RECURRENCES: dict[str, dict[str, Content]] = {
    "running sum": column("=C{p}+A{r}", 38, C1=0.5),
    "running sum that cancels": column("=C{p}-A{r}", 3, C1=0.3, A2=0.1, A3=0.1, A4=0.1),
    "Park and Miller": column("=MOD(16807*C{p},2147483647)", 30, C1=12345),
    "upwards": {**{f"C{row}": f"=C{row + 1}*0.5+A{row}" for row in range(1, 30)}, "C30": 1},
    "momentum in two columns": {
        **{f"C{row}": f"=0.9*C{row - 1}+A{row}" for row in range(2, 30)},
        **{f"D{row}": f"=D{row - 1}-0.1*C{row}" for row in range(2, 30)},
        "C1": 0,
        "D1": 1,
    },
    "descent through an array in INDEX": column("=C{p}-0.05*SUM(INDEX((C{p}*A$1:A$9-B$1:B$9)*A$1:A$9,0))/ROWS(A$1:A$9)", 20, C1=0),
    "Fibonacci": column("=C{p}+IF(ROW()>3,INDEX(C$1:C{p},ROW()-2),0)", 20, C1=1),
    "growing sum of itself": column("=SUM(C$1:C{p})/2+1", 20, C1=1),
    "scattered references to earlier rows": {
        **{f"C{row}": f"=C{(row * row * 7) % (row - 1) + 1}*0.5+A{(row * 13) % 40 + 1}" for row in range(2, 60)},
        "C1": 1,
    },
    "scattered windows": {f"C{row}": f"=SUM(A{(row * 17) % 37 + 1}:B{(row * 17) % 37 + 3})" for row in range(2, 80)},
    "a maximum so far": column("=MAX(C{p},A{r},B{r})", 30, C1=-9),
    "text on the way": column('=C{p}&"a"', 5, C1="z"),
    "an error on the way": column("=C{p}+1/A{r}", 8, C1=0, A5=0),
    "wavefront": {
        **{
            xl_rowcol_to_cell(r, c): f"={xl_rowcol_to_cell(r - 1, c)}+{xl_rowcol_to_cell(r, c - 1)}"
            for r in range(1, 8)
            for c in range(4, 9)
        },
        **{xl_rowcol_to_cell(0, c): c for c in range(3, 9)},
        **{xl_rowcol_to_cell(r, 3): r for r in range(1, 8)},
    },
    "epochs side by side": {
        **{
            xl_rowcol_to_cell(
                r, 4 + 3 * e + c
            ): f"={xl_rowcol_to_cell(r, 4 + 3 * (e - 1) + c)}*0.9+{xl_rowcol_to_cell(9, 4 + 3 * (e - 1))}"
            for e in range(1, 6)
            for r in range(4)
            for c in range(2)
        },
        **{
            xl_rowcol_to_cell(
                9, 4 + 3 * e
            ): f"=SUM({xl_rowcol_to_cell(0, 4 + 3 * e)}:{xl_rowcol_to_cell(3, 5 + 3 * e)})/10"
            for e in range(6)
        },
        **{xl_rowcol_to_cell(r, 4 + c): r - c for r in range(4) for c in range(2)},
    },
}


@pytest.mark.parametrize("name", RECURRENCES)
def test_arrays_agree_with_the_reference_on_recurrences(name: str) -> None:
    workbook = book_of({"s": {**INPUTS, **RECURRENCES[name]}})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


@pytest.mark.parametrize("name", sorted(RECURRENCES.keys() - {"text on the way", "an error on the way"}))
def test_recurrences_need_no_fallback(name: str) -> None:
    found = arrays.explain(book_of({"s": {**INPUTS, **RECURRENCES[name]}}))
    assert found["fallback_cells"] == 0, found["steps"]


def test_unrelated_formulas_that_look_like_a_fill_lift_alone() -> None:
    cells: dict[str, Content] = {**INPUTS, "D1": "=LARGE(A1:A5,1)", "E1": "=LARGE(A1:B9,1)", "D9": "=INDEX(A1:A9,3)"}
    cells |= {"E9": "=INDEX(A1:B1,2)", "G1:H2": "{=MMULT(A1:B2,A1:B2)}", "G5:H6": "{=MMULT(A1:C2,A5:B7)}"}
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []
    assert arrays.explain(workbook)["fallback_cells"] == 0


def test_a_true_cycle_is_reported_by_both() -> None:
    workbook = book_of({"s": {"A1": "=B1+1", "B1": "=C1*2", "C1": "=A1", "D1": "=1+1"}})
    for evaluate in (arrays.evaluate, reference.evaluate):
        grid, outcome = computed(workbook, evaluate)
        (cycle,) = outcome.cycles
        assert cycle[0] == cycle[-1]
        assert set(cycle) == {(0, 0, 0), (0, 0, 1), (0, 0, 2)}
        assert cell(workbook, grid, "D1") == 2.0


def test_random_numbers_are_the_same_on_both() -> None:
    workbook = book_of({"s": {f"A{row}": "=RAND()+IF(RAND()>0.5,RAND(),0)" for row in range(1, 30)}})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate, seed=3) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []
    other, _ = computed(workbook, arrays.evaluate, seed=4)
    assert len(differences(workbook, lifted, other)) == 29


def test_single_products_agree() -> None:
    cells: dict[str, Content] = {
        "A1": -45.952,
        "C1": "=MAX(0,SUM(A1*A1))",
        "C3": "=SUMPRODUCT(A1:B2,A1:B2)",
        "C5": "{=MMULT(A1:A1,A1:A1)}",
    }
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []


def test_the_lesson_layout_lifts_whole() -> None:
    cells: dict[str, Content] = {ref(r, c): (r * c) % 7 / 7 for r in range(12) for c in range(12)}
    cells |= {ref(r, 12 + c): r - c for r in range(3) for c in range(3)}
    cells |= {
        ref(r, 16 + c): f"{{=MAX(0,SUM({ref(r, c)}:{ref(r + 2, c + 2)}*$M$1:$O$3))}}"
        for r in range(10)
        for c in range(10)
    }
    cells |= {
        ref(r, 28 + c): f"=MAX({ref(2 * r, 16 + 2 * c)}:{ref(2 * r + 1, 17 + 2 * c)})"
        for r in range(5)
        for c in range(5)
    }
    workbook = book_of({"s": cells})
    program = build(workbook, Grid.of(workbook))
    assert len(program.units) == 2
    assert all(unit.program is not None for unit in program.units)


def test_a_changed_input_recomputes_what_depends_on_it_only() -> None:
    cells: dict[str, Content] = {
        **INPUTS,
        **RECURRENCES["momentum in two columns"],
        "F1": "=SUM(A1:A40)",
        "G1": "=F1*B1",
    }
    cells |= {f"H{row}": f"=MAX(B{row}:B{row + 2})" for row in range(1, 20)}
    book = file_of({"s": cells})
    kept = open_workbook(book)
    kept.recompute()
    for place, value in (("s!B1", 7.5), ("s!A3", -2.0), ("s!C1", 1.0), ("s!Z99", 3.0)):
        again, fresh = kept.recompute(set={place: value}), open_workbook(book).recompute(set={place: value})
        assert differences(kept.model, again.grid, fresh.grid) == [], place
    program = kept._kept[frozenset()].program
    kept.recompute(set={"s!B1": 2.0})
    ran = {place_of(unit.region, ["s"]) for step in program.steps for unit in units_of(step)}
    assert ran == {"s!G1", "s!H1:H19"}


def test_conditions_inside_sumproduct_intersect() -> None:
    cells: dict[str, Content] = {**INPUTS, "D2": "=SUMPRODUCT(IF(A1:A4>0,B1*2,B1))", "D9": "=SUMPRODUCT(IF(A1:A4>0,1,2))"}
    cells |= {"E2": "=SUMPRODUCT(IFERROR(A1:A4/B1:B4,0))", "F2": "{=SUMPRODUCT(IF(A1:A4>0,B1:B4,0))}"}
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []
    assert cell(workbook, lifted, "D9") is Error.VALUE
