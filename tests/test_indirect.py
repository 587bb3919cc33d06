"""INDIRECT over a fill: texts that spell references are read as arrays, and mean what they mean cell by cell."""

from __future__ import annotations

from random import Random

import pytest

from sheetgrad.engine import arrays, open_workbook, reference
from sheetgrad.sheets.model import DefinedName
from sheetgrad.sheets.values import Error

from .books import Content, book_of, cell, computed, differences, file_of

ROWS = 24
NUMBERS: dict[str, Content] = {f"A{row}": row * row / 4 - 9 for row in range(1, ROWS + 1)}
OTHER: dict[str, Content] = {f"{name}{row}": 100 * ord(name) + row for name in "AB" for row in range(1, ROWS + 1)}

# A formula filled down column H (its row is {r}), and what column C holds beside it.
LIFTED: dict[str, tuple[str, list[Content]]] = {
    "its own row": ('=INDIRECT("A"&ROW())+1', []),
    "a text of the cell beside": ("=INDIRECT(C{r})*2", [f"A{row * 7 % ROWS + 1}" for row in range(ROWS)]),
    "a sheet by number": ('=INDIRECT("T"&C{r}&"!B2")', [1 + row % 3 for row in range(ROWS)]),
    "a quoted sheet": ("=SUM(INDIRECT(\"'two words'!A1:B\"&C{r}))", [2 for _ in range(ROWS)]),
    "rows from to, by number": ('=SUM(INDIRECT("R"&C{r}&"C1:R"&ROW()&"C1",FALSE))', [1 + r // 2 for r in range(ROWS)]),
    "relative by number": ('=INDIRECT("R["&-C{r}&"]C[-7]",FALSE)', [row % 2 for row in range(ROWS)]),
    "growing": ('=SUM(INDIRECT("A1:A"&ROW()))', []),
    "a constant": ('=INDIRECT("$A$3")+A{r}', []),
    "a constant in R1C1": ('=INDIRECT("RC[-7]",0)', []),
    "whole columns": ('=SUM(INDIRECT("A:A"))-A{r}', []),
    "no reference among them": ("=INDIRECT(C{r})", ["A1", "", None, 7, "A0", "x y", "A1+1", "-5", True, "nowhere!A1"]),
    "errors among them": ("=IFERROR(SUM(INDIRECT(C{r})),-1)", ["A1:A3", Error.NA, "#REF!", "ZZZ9", "A4:B4", "A9"]),
    "a name": ("=SUM(INDIRECT(C{r}))", ["here", "There", "A2:A4", "nobody"] * 4),
    "corners in any order": ("=SUM(INDIRECT(C{r}))", ["B4:A2", "$A$9:B$3", "a5", " A6 "] * 4),
    "whole columns by letter": ("=SUM(INDIRECT(C{r}))", ["A:A", "A1:A2", "T1!2:2", "B:A", "$1:$3"] * 4),
    "a lookup in whole columns": ('=IFERROR(VLOOKUP(A{r}+9,INDIRECT(C{r}&"!A:B"),2),0)', ["T1", "T2", "T3"] * 8),
    "a lookup in the sheet that is named": (
        '=VLOOKUP(A{r},INDIRECT(C{r}&"!A1:B9"),2,TRUE)',
        ["T1", "T2", "T3", "T1"] * 6,
    ),
    "an index": ('=INDEX(INDIRECT(C{r}&"!A1:B9"),2,2)', ["T1", "T2"] * 8),
    "counted": ('=COUNTIF(INDIRECT("A"&C{r}&":A"&C{r}+4),">0")', [1 + row % 9 for row in range(ROWS)]),
    "formulas below": ('=INDIRECT("K"&C{r})', [ROWS - row for row in range(ROWS)]),
    "its own column above": ('=IF(ROW()<3,1,SUM(INDIRECT("H"&C{r}&":H"&ROW()-1)))', [max(1, r - 2) for r in range(ROWS)]),
    "its own column below": ('=IF(ROW()>9,ROW(),INDIRECT("H"&ROW()+1))+C{r}', [1 for _ in range(ROWS)]),
    "a text that a text leads to": ("=INDIRECT(INDIRECT(C{r}))", ["C1", "A2"] + [f"C{row}" for row in range(1, 9)]),
    "an offset by what a text leads to": ('=OFFSET(A1,INDIRECT("N"&C{r})/25,0)', [1 + row % 5 for row in range(ROWS)]),
    "a reference that follows no pattern": ("", []),
}
# What cannot be computed at once still has the right values.
ONE_BY_ONE: dict[str, tuple[str, list[Content]]] = {
    "a range where a value is expected": ("=INDIRECT(C{r})", ["A1:A9", "A1"] * 8),
    "several texts": ('=SUMPRODUCT(INDIRECT("A"&A{r}:A{r}+{{1;2}}))', []),
    "a computed style": ("=INDIRECT(C{r},A1>0)", ["A1"] * 8),
    "counted, errors among them": ("=COUNTIF(INDIRECT(C{r}),1)", ["A1:A2", "no", "A1:A3"] * 4),
    "counted texts, errors among them": ("=COUNTA(INDIRECT(C{r}))", ["A1:A2", "no", "A1:A2"] * 4),
    "rows of areas": ("=ROWS(INDIRECT(C{r}))", ["A1:A2", "A1:A3"] * 4),
    "whole columns whose blanks count": ('=COUNTBLANK(INDIRECT(C{r}))', ["A:A", "B:B"] * 4),
    "beyond whole columns": ('=INDEX(INDIRECT(C{r}),A{r}+99,1)', ["A:A", "B:B"] * 4),
    "a ring": ('=INDIRECT("H"&25-ROW())+1', []),
    "texts that it computes itself": ('=IF(ROW()=1,"H1",IF(ROW()=2,"A2",INDIRECT("H"&LEN(H1))))', []),
}


def cells_of(formula: str, beside: list[Content]) -> dict[str, Content]:
    """Return a sheet with a formula filled down column H as far as column C goes."""
    rows = range(1, (len(beside) or ROWS) + 1)
    cells = NUMBERS | {f"C{row}": content for row, content in zip(rows, beside, strict=False)}
    cells |= {f"K{row}": f"=A{row}^2+L{row}" for row in range(1, ROWS + 1)}
    cells |= {f"N{row}": f'=INDIRECT("K"&{row}+ROW()-ROW())' for row in range(1, ROWS + 1)}
    if not formula:  # texts that no loop leads to
        cells |= {f"C{row}": f"A{row}" for row in range(1, ROWS + 1)}
        return cells | {f"H{row}": f"=INDIRECT(C{(row * row * 5) % 23 + 1})" for row in rows}
    return cells | {f"H{row}": formula.format(r=row) for row in rows}


def both(cells: dict[str, Content]) -> tuple[list[str], int]:
    """Return where the evaluators differ, and how many cells the array program leaves to the reference."""
    workbook = book_of({"s": cells, "T1": OTHER, "T2": {**OTHER, "B2": "=s!A2*2"}, "T3": OTHER, "two words": OTHER})
    workbook.names += [DefinedName("here", "s!$A$2:$B$3"), DefinedName("there", "T1!$B$2"), DefinedName("one", "1+1")]
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    return differences(workbook, lifted, defined), int(arrays.explain(workbook)["fallback_cells"])


@pytest.mark.parametrize("name", LIFTED)
def test_fills_are_computed_at_once(name: str) -> None:
    assert both(cells_of(*LIFTED[name])) == ([], 0)


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_what_is_computed_one_by_one_is_the_same(name: str) -> None:
    differing, one_by_one = both(cells_of(*ONE_BY_ONE[name]))
    assert differing == []
    assert one_by_one > 0


@pytest.mark.parametrize("formula", ["COUNTA({})", 'COUNTIF({},">0")', "INDEX({},3,1)", "SUM({})", "COUNTBLANK({})", "MAX({}*2)"])
def test_offsets_that_lead_nowhere_are_one_error(formula: str) -> None:
    moves: list[Content] = [1, -9, Error.NA, 0, 2, "x"]
    cells = NUMBERS | {f"C{row}": move for row, move in enumerate(moves, 1)}
    for row in range(1, 7):
        cells[f"H{row}"] = "=" + formula.format(f"OFFSET(A{row},C{row},0,2,1)")
        cells[f"J{row}"] = "{=" + formula.format(f"OFFSET(A{row},C{row},0,2,1)") + "}"
    assert both(cells)[0] == []


def test_texts_lead_where_they_say() -> None:
    cells: dict[str, Content] = {"A1": 5, "A2": 7, "B1": "A2", "B2": "t!A1", "B3": "R1C1", "B4": "A1:A2"}
    cells |= {f"C{row}": f"=SUM(INDIRECT(B{row}))" for row in range(1, 5)}
    workbook = book_of({"s": cells, "t": {"A1": 11}})
    for evaluate in (arrays.evaluate, reference.evaluate):
        grid, _ = computed(workbook, evaluate)
        assert [cell(workbook, grid, f"C{row}") for row in range(1, 5)] == [7, 11, Error.REF, 12]


def test_other_inputs_are_another_chance() -> None:
    workbook = open_workbook(file_of({"s": {"A1": 3, "A2": "A1", "A3": 4, "B1": "=INDIRECT(A2)", "C1": "=B1*2"}}))
    assert workbook.recompute(set={"s!A2": "A1:A3"})["s!C1"] == 6
    assert workbook.recompute(set={"s!A2": "A3"})["s!C1"] == 8
    assert workbook.recompute()["s!C1"] == 6


FORMS = (
    "INDIRECT({t})",
    "SUM(INDIRECT({t}))",
    "COUNT(INDIRECT({t}),{a})",
    "MAX(INDIRECT({t}),1)+{a}",
    "IFERROR(INDIRECT({t}),{a})",
    'IF({a}>0,INDIRECT({t}),"no")',
    'SUM(INDIRECT("A"&{n}&":B"&{n}+1))',
    'AVERAGE(INDIRECT("A"&{n}&":B4"))',
    'INDIRECT("R"&{n}&"C[-1]",FALSE)',
    'SUM(INDIRECT("R[-"&{n}&"]C1:RC2",FALSE))',
    'COUNTA(INDIRECT("t!A1:A"&{n}))',
    'INDIRECT("t!"&{t})&"|"',
    'COUNTIF(INDIRECT("A1:A"&{n}),{a})',
    "LET(v,INDIRECT({t}),SUM(v)*2)",
    "SUMPRODUCT(INDIRECT({t})*{a})",
    "MATCH({a},INDIRECT({t}),0)",
    'ISERROR(INDIRECT("E"&{n}))',
    'SUM(INDIRECT("E"&{n}),{a})',
    'SUM(INDIRECT("D"&{n}))+1',
    'SUM(INDIRECT("t!A:A"),INDIRECT({n}&":"&{n}+1))',
    'SUMIF(INDIRECT("t!B:B"),">"&{a},INDIRECT("t!A:A"))',
    'COUNTIF(INDIRECT("B:B"),"")+MATCH({a},INDIRECT("A:A"),0)',
)
SPELT = ("A1", "b2", "$A$3", "A1:B2", "B3:A1", "t!A2", "t!A1:B1", "E2", "D3", "", "x", "R1C1", "A0", "1:1", "here", "=A1", "A:B", "t!2:3")


@pytest.mark.parametrize("seed", range(120))
def test_random_fills_agree(seed: int) -> None:
    random = Random(seed)
    odd: list[Content] = [None, "", "x", True, Error.NA, 3]
    plain = random.random() < 0.5
    cells: dict[str, Content] = {
        f"{name}{row}": random.choice(odd) if random.random() < 0.2 and not plain else random.randint(-2, 5)
        for name in "AB"
        for row in range(1, 9)
    }
    spelt = random.sample(SPELT[:9] if plain else SPELT, 3)
    cells |= {f"C{row}": random.choice(spelt) for row in range(1, 9)}
    texts, numbers = ("C{r}", "$C$2", '"A"&ROW()', '"E"&ROW()+1'), ("ROW()", "ABS(A{r})", "2", "1+MOD(ROW(),3)", "9-ROW()")
    for name in "DE":
        form = "=" + random.choice(FORMS).format(t=random.choice(texts), n=random.choice(numbers), a="{a}")
        array = random.random() < 0.3
        for row in range(1, 9):
            formula = form.format(r=row, a=f"A{row}")
            cells[f"{name}{row}"] = f"{{{formula}}}" if array else formula
    workbook = book_of({"s": cells, "t": {f"{name}{row}": f"=s!A{row}*2" for name in "AB" for row in range(1, 9)}})
    workbook.names.append(DefinedName("here", "s!$A$2:$B$3"))
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []
