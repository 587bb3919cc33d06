"""Conditional aggregates and MATCH over windows that grow or slide along a fill: all turns at once, as defined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine import arrays, reference
from sheetgrad.sheets.values import Error, Scalar

from .books import Content, book_of, computed, differences

ROWS = 12
FORMULAS = [
    "COUNTIF($A$1:A{r},A{r})",
    "COUNTIF($A$1:$A{r},E{r})",
    "COUNTIF($A$1:B{r},A{r})",
    "COUNTIF(A{r}:A$12,A{r})",
    "COUNTIF(A{r}:A{more},A{r})",
    'IF(COUNTIF($A$1:A{r},A{r})>1,"again","first")',
    "SUMIF($A$1:A{r},A{r},$F$1:F{r})",
    "SUMIF($A$1:A{r},A{r},$F$1)",
    "SUMIF($A$1:A{r},A{r},$B$1:B{r})",
    'SUMIF($F$1:F{r},">"&F{r})',
    'COUNTIFS($A$1:A{r},A{r},$F$1:F{r},"<"&F{r})',
    "COUNTIFS($A$1:A{r},A{r},$E$1:E{r},E{r})",
    "SUMIFS($F$1:F{r},$A$1:A{r},A{r},$B$1:B{r},B{r})",
    "SUMIFS(F{r}:F{more},A{r}:A{more},A{r})",
    "MAXIFS($F$1:F{r},$A$1:A{r},A{r})",
    'MAXIFS($F$1:F{r},$F$1:F{r},"<"&F{r})',
    'MINIFS($F$1:F{r},$A$1:A{r},">1")',
    "AVERAGEIF($A$1:A{r},A{r},$F$1:F{r})",
    'AVERAGEIFS($F$1:F{r},$B$1:B{r},B{r},$F$1:F{r},">0")',
    "MATCH(A{r},$A$1:A{r},0)",
    "MATCH(E{r},$A$1:A{r},0)",
    "MATCH(E{r},A{r}:A$12,0)",
]
VALUES: list[Content] = [1, 2, 3, 2.5, "a", "A", "b", "ab", "1", "1e0", None, True, False, Error.NA, "", "x?", 0]
CRITERIA: list[Content] = [">1", "<2", "<>a", "a*", "=", ">=a", "<>", 1, "?", ">", "*", "~*", True]


def filled(formula: str) -> dict[str, Content]:
    return {f"H{row}": "=" + formula.format(r=row, more=row + 4) for row in range(1, ROWS + 1)}


def both(cells: dict[str, Content]) -> list[str]:
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    return differences(workbook, lifted, defined, rtol=1e-11)


@pytest.mark.parametrize("formula", FORMULAS)
@given(st.data())
@settings(max_examples=4, deadline=None)
def test_windows_agree_with_the_definition(formula: str, data: st.DataObject) -> None:
    cells: dict[str, Content] = {}
    for row in range(1, ROWS + 6):
        cells |= {f"{column}{row}": data.draw(st.sampled_from(VALUES)) for column in "AB"}
        cells[f"E{row}"] = data.draw(st.sampled_from(CRITERIA))
        cells[f"F{row}"] = data.draw(st.sampled_from([-1.5, 0.0, 0.25, 1e9, 3]))
    assert both({**cells, **filled(formula)}) == []


@pytest.mark.parametrize("formula", FORMULAS)
def test_windows_are_computed_all_at_once(formula: str) -> None:
    cells: dict[str, Content] = {f"{column}{row}": row % 3 for column in "ABEF" for row in range(1, ROWS + 6)}
    explained = arrays.explain(book_of({"s": {**cells, **filled(formula)}}))
    assert [step["kind"] for step in explained["steps"]] == ["region"]
    assert explained["fallback_cells"] == 0


def test_windows_may_grow_across_and_lie_side_by_side() -> None:
    keys: list[Scalar] = [1.0, "a", 2.0, "A", 1.0, True, 1.0, 2.0, "b", None]
    across: dict[str, Content] = {f"{c}1": key for c, key in zip("ABCDEFGHIJ", keys, strict=True)}
    across |= {f"{c}2": i for i, c in enumerate("ABCDEFGHIJ")}
    across |= {f"{c}4": f"=COUNTIF($A$1:{c}1,{c}1)+SUMIF($A1:{c}1,{c}1,$A2:{c}2)" for c in "ABCDEFGHIJ"}
    assert both(across) == []
    down: dict[str, Content] = {f"{c}{r}": (r * 7 + ord(c)) % 4 for c in "ABC" for r in range(1, 9)}
    down |= {
        f"{o}{r}": f"=COUNTIF({c}$1:{c}{r},{c}{r})" for c, o in zip("ABC", "EFG", strict=True) for r in range(1, 9)
    }
    assert both(down) == []


def test_windows_may_hold_what_a_sweep_computes() -> None:
    cells: dict[str, Content] = {"A1": 1, **{f"A{r}": f"=COUNTIF(A$1:A{r - 1},A{r - 1})" for r in range(2, 20)}}
    assert both(cells) == []


def test_fills_of_one_shape_whose_windows_differ_are_computed_apart() -> None:
    cells: dict[str, Content] = {f"A{r}": r * 5 % 7 for r in range(1, 31)}
    cells |= {f"C{r}": f"=COUNTIF($A$1:A{r},A{r})" for r in range(1, 31)}
    cells |= {f"E{r}": f"=COUNTIF($A$1:$A$30,A{r})" for r in range(1, 31)}
    assert both(cells) == []
    assert arrays.explain(book_of({"s": cells}))["fallback_cells"] == 0
