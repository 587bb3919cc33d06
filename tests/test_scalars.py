"""Formulas of one cell are computed without arrays, and come to what the reference evaluator gives."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetgrad.engine import arrays, open_workbook, reference
from sheetgrad.engine.backends.numpy import Machine
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.program import build
from sheetgrad.sheets.values import Error

from .books import Content, book_of, cell, computed, differences, file_of

INPUTS: list[Content] = [None, 0, 1, -1, 2.5, 1e-9, 1024.5, -300.25, 0.1 + 0.2, 0.3, 3, 1234567.125]
ODD: list[Content] = ["", "x", "12", "TRUE", True, False, Error.NA, Error.DIV0, "Ünï"]

LEAVES = ["{a}", "{b}", "{c}", "2", "0", "0.3", '"x"', "TRUE", '""', "1E300", "ROW()", "{r}", "SUM({r})"]
NODES = [
    *("({}+{})", "({}-{})", "({}*{})", "({}/{})", "({}^{})", "({}&{})", "({}={})", "({}<>{})", "({}<{})", "({}>={})"),
    *("-{}", "{}%", "+{}", "IF({},{},{})", "IFERROR({},{})", "IFNA({},{})", "CHOOSE({},{},{})"),
    *("SUM({},{})", "MAX({},{})", "MIN({},{r})", "AVERAGE({},{r})", "SUMSQ({},{r})", "COUNT({},{r})"),
    *("ABS({})", "INT({})", "SQRT({})", "EXP({})", "LN({})", "MOD({},{})", "ROUND({},{})", "SIGN({})", "POWER({},{})"),
    *("AND({},{})", "OR({},{})", "NOT({})", "INDEX({r},{},1)", "INDEX({r},{})", "MATCH({},{r},0)", "LEN({})"),
    *("COUNTIF({r},{})", "SUMPRODUCT({r},{r})", "LET(p,{},p+p*p)", "ISNUMBER({})", "IFS({},{},TRUE,{})"),
]


def expression(random: Random, depth: int) -> str:
    """Return a formula with cells and a range still to be filled in."""
    if depth == 0 or random.random() < 0.2:
        return random.choice(LEAVES)
    node = random.choice(NODES).replace("{r}", "\0")
    return node.format(*(expression(random, depth - 1) for _ in range(node.count("{}")))).replace("\0", "{r}")


def cells(seed: int, odd: float) -> dict[str, Content]:
    """Fill A1:D9 with values of all kinds, and column F with formulas of which no two are alike."""
    random = Random(seed)
    found = {
        f"{name}{row}": random.choice(ODD if random.random() < odd else INPUTS)
        for name in "ABCD"
        for row in range(1, 10)
    }
    for row in range(1, 30, 2):
        places = [f"{random.choice('ABCD')}{random.randint(1, 9)}" for _ in range(3)]
        above = f"F{row - 2}" if row > 2 else "A1"
        top = random.randint(1, 6)
        words = {"a": places[0], "b": places[1], "c": above, "r": f"B{top}:B{top + 3}"}
        found[f"F{row}"] = "=" + expression(random, 3).format(**words)
    return found


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_single_formulas_agree_with_the_reference(seed: int, odd: float) -> None:
    workbook = book_of({"s": cells(seed, odd)})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


FAST: dict[str, Content] = {
    "A1": 2,
    "A2": "text",
    "A3": 0.5,
    "B1": "=A1*A3+2^A1-1",
    "B3": '=IF(A1>A3,A2&"|"&A1,-A1)',
    "B5": "=SUM(A1,A3)+MAX(D1:D9)",
    "B7": "=INDEX(D1:D9,A1)",
    "B9": "=ROUND(A1/3,2)",
    "B11": "=IFERROR(A1/0,MATCH(3,D1:D9,0))",
    "B13": "=SUMPRODUCT(D1:D3,D4:D6)",
    "B15": "=AND(A1>1,A3<1)",
    "B17": "=CHOOSE(A1,1,A2)",
    "C1": "=ABS(B1)+SQRT(A1)",
    **{f"D{row}": row for row in range(1, 10)},
}


def test_single_formulas_make_no_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    workbook = book_of({"s": FAST})
    defined, _ = computed(workbook, reference.evaluate)
    monkeypatch.setattr(Machine, "run", lambda *_, **__: pytest.fail("on arrays"))
    lifted, _ = computed(workbook, arrays.evaluate)
    assert differences(workbook, lifted, defined) == []


def test_fills_are_computed_on_arrays() -> None:
    workbook = book_of({"s": {**FAST, **{f"E{row}": f"=D{row}*2" for row in range(1, 30)}}})
    units = build(workbook, Grid.of(workbook)).units
    assert {unit.region.size for unit in units if unit.scalar is None} == {29}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=1E300*1E300", Error.NUM),
        ("=A1/(A1-2)", Error.DIV0),
        ("=(0-8)^(1/3)", -2.0),
        ("=0^0", Error.NUM),
        ("=0.5-0.4-0.1", 0.0),
        ("=0.1+0.2=0.3", True),
        ('=A2="TEXT"', True),
        ("=A9+1", 1.0),
        ("=A9", 0.0),
        ('=A9&""', ""),
        ("=LN(-1)", Error.NUM),
        ("=EXP(1000)", Error.NUM),
        ("=INDEX(D1:D9,99)", Error.REF),
        ("=Z99", 0.0),
    ],
)
def test_what_is_no_plain_number(formula: str, expected: object) -> None:
    workbook = book_of({"s": {**FAST, "F1": formula}})
    grid, _ = computed(workbook, arrays.evaluate)
    found = cell(workbook, grid, "F1")
    assert found == pytest.approx(expected) if isinstance(found, float) else found == expected


def test_cells_set_beyond_all_others() -> None:
    workbook = open_workbook(file_of({"s": {"A1": 1, "B1": "=A1+Z99", "B3": "=B1*2"}}))
    assert workbook.recompute()["s!B3"] == 2.0
    assert workbook.recompute(set={"s!Z99": 5})["s!B3"] == 12.0
    assert workbook.recompute(set={"s!A1": 2})["s!B3"] == 4.0


LOOKUPS = [
    "MATCH({v},$A$1:$A$9,0)",
    "MATCH({v},$A$1:$D$1,0)",
    "COUNTIF($A$1:$C$9,{v})",
    "COUNTIFS($A$1:$A$9,{v},$B$1:$B$9,{w})",
    'COUNTIF($A$1:$A$9,">"&{v})',
]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.6]))
def test_single_lookups_agree_with_the_reference(seed: int, odd: float) -> None:
    random = Random(seed)
    found = {place: content for place, content in cells(seed, odd).items() if place[0] != "F"}
    words = ['"X"', '"ünï"', '"?"', '"<>"', '""', "12", "TRUE", "NA()", '"*"', '"12"', '">0"', *found]
    for row in range(1, 40, 2):
        template = random.choice(LOOKUPS)
        found[f"F{row}"] = "=" + template.format(v=random.choice(words), w=random.choice(words))
    workbook = book_of({"s": found})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


SMALL = ["{a}*2+{b}", "SUM({r})-{a}", "INDEX($B$1:$D$9,{k},2)+{a}", 'IF({a}>{b},{a}&"!",ROW())', "SUMPRODUCT({r},{r})"]
SMALL += ["MAX($B$1:$B$4)*{a}", "IFERROR({a}/{b},COLUMN())", "CHOOSE(1+MOD(ROW(),2),{a},{b})", "COUNTIF({r},{a})+$A$1"]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from(SMALL), st.integers(2, 14), st.sampled_from([0.0, 0.3]))
def test_small_fills_agree_with_the_reference(seed: int, template: str, count: int, odd: float) -> None:
    found = {place: content for place, content in cells(seed, odd).items() if place[0] != "F"}
    for turn in range(count):
        row, column = divmod(turn, 3)
        name = "FGH"[column]
        words = {"a": f"{'ABC'[column]}{row + 1}", "b": f"B{row + 2}", "k": turn % 3 + 1, "r": f"B{row + 1}:B{row + 3}"}
        found[f"{name}{row + 1}"] = "=" + template.format(**words)
    workbook = book_of({"s": found})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_what_is_one_value_for_all_of_a_fill_agrees(seed: int, odd: float) -> None:
    random = Random(seed)
    found = {place: content for place, content in cells(seed, odd).items() if place[0] != "F"}
    still = expression(random, 2).format(a="$A$1", b="$B$2", c="$C$3", r="$B$2:$B$5")
    template = random.choice(["{s}+A{r}", "IF(A{r}>1,{s},{s}&B{r})", "SUM(A{r},{s})", "IFERROR(B{r}/{s},{s})"])
    found |= {f"F{row}": "=" + template.format(s=still, r=row % 9 + 1) for row in range(1, 20)}
    workbook = book_of({"s": found})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


def test_a_fill_computes_what_all_share_once() -> None:
    found: dict[str, Content] = {f"F{row}": f"=A{row}*(2*$D$1-1+$D$2)" for row in range(1, 20)}
    book = book_of({"s": {**FAST, **found}})
    (unit,) = (unit for unit in build(book, Grid.of(book)).units if unit.region.size == len(found))
    assert unit.prepared is not None
    assert len(unit.prepared.invariants) == 1
