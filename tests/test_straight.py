"""Recurrences as straight-line code: which sweeps become it, and that it means what the definition means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine import arrays, reference
from sheetgrad.sheets.values import Error

from .books import Content, book_of, computed, differences

ROWS = 40
INPUTS: dict[str, Content] = {f"A{row}": (row * 37 % 19) / 8 + 0.25 for row in range(1, ROWS + 1)}


def down(column: str, formula: str, first: int = 2, last: int = ROWS) -> dict[str, Content]:
    """Fill a formula down: ``{r}`` is the row, ``{p}`` the one above, ``{pp}`` the one above that, ``{n}`` the next."""
    return {f"{column}{r}": "=" + formula.format(r=r, p=r - 1, pp=r - 2, n=r + 1) for r in range(first, last + 1)}


TABLE: dict[str, Content] = {f"{column}1": 1 for column in "BCDEF"} | {f"A{row}": row for row in range(1, ROWS + 1)}
STRAIGHT: dict[str, dict[str, Content]] = {
    "rounded": {"B1": 1, **down("B", "ROUND(B{p}*0.9+A{r},2)")},
    "one term": {"B1": 1, **down("B", "B{p}*0.9+A{r}")},
    "two terms": {"B1": 1, "B2": 1, **down("B", "B{p}+B{pp}*0.5", 3)},
    "five terms back": {**dict.fromkeys([f"B{row}" for row in range(1, 6)], 1), **down("B", "B{p}-A{r}*0.1", 6)},
    "a window of four": {
        **dict.fromkeys([f"B{row}" for row in range(1, 5)], 2),
        **down("B", "AVERAGE(B{p}:B{p})+0.1", 5),
    },
    "backwards": {f"B{ROWS}": 1, **down("B", "B{n}*0.9+A{r}", 1, ROWS - 1)},
    "across": {"B1": 1, **{f"{b}1": f"={a}1*1.1" for a, b in zip("BCDEFGHIJK", "CDEFGHIJKL", strict=True)}},
    "two columns": {"B1": 1, "C1": 2, **down("B", "C{p}*0.9+A{r}"), **down("C", "B{r}-C{p}*0.1")},
    "one ends before the other": {"B1": 1, "C1": 2, **down("B", "C{p}*0.9+A{r}"), **down("C", "B{p}*0.5", 2, 30)},
    "rows and columns": {
        **TABLE,
        **{k: v for c, d in ("BC", "CD", "DE") for k, v in down(d, c + "{r}+" + d + "{p}").items()},
    },
    "running sum of itself": {"B1": 1, **down("B", "0.1*SUM(B$1:B{p})")},
    "running maximum": {"B1": 1, "C1": 1, **down("B", "MAX(C$1:C{p})*0.5"), **down("C", "SUM(B$1:C{p})-B{r}")},
    "looked up in the rows above": {"B1": 1, **down("B", "INDEX(B$1:B{p},1+MOD(A{r}*8,ROW()-1))+1")},
    "looked up by itself": {"B1": 1, **down("B", "MIN(9,INDEX(A$1:A{r},MAX(1,MIN(ROW(),B{p})))+0.25)")},
    "texts decide": {f"C{row}": "xy"[row % 2] for row in range(1, ROWS + 1)}
    | {"B1": 0, **down("B", 'IF(C{r}="x",B{p}+1,0)')},
    "any function of other cells": {"B1": 0, **down("B", "B{p}+VLOOKUP(A{r},$A$1:$A$40,1,FALSE)*LEN(A{r})")},
    "an error that is not chosen": {"A7": 0, "B1": 1, **down("B", "IF(A{r}=0,B{p},B{p}+1/A{r})")},
    "its row": {"B1": 1, **down("B", "B{p}*2/ROW()")},
    "random": {"B1": 1, **down("B", "B{p}+RAND()-0.5")},
    "products of windows": {
        "B1": 1,
        "C1": 2,
        **down("B", "SUMPRODUCT(B{p}:C{p},A{p}:B{p}*0.1+0.5)"),
        **down("C", "A{r}"),
    },
    "comparisons": {"B1": 0.3, **down("B", "IF(B{p}<=0.3,B{p}+0.1,IF(B{p}=0.4,0.1+0.2,B{p}-0.1))")},
    "AND and OR": {"B1": 1, **down("B", "IF(AND(B{p}>1,OR(A{r}>1,B{p}<3)),B{p}/2,B{p}+1)")},
    "what all but cancels": {"B1": 0.5, **down("B", "B{p}-0.1", 2, 12), **down("B", "B{p}+A{r}", 13)},
}
GENERAL: dict[str, dict[str, Content]] = {
    "a text on the way": {"A20": "x", "B1": 1, **down("B", "B{p}+A{r}")},
    "an error on the way": {"A20": 0, "B1": 1, **down("B", "B{p}+1/A{r}")},
    "an infinity on the way": {"B1": 10, **down("B", "1/(B{p}*1E308*A{r})+1")},
    "an error behind one that decides": {"A9": 0, "B1": 1, **down("B", "IF(AND(B{p}>5,1/A{r}>0),1,B{p}+1)")},
    "out of the table": {"B1": 1, **down("B", "INDEX(A$1:A$9,B{p})+B{p}")},
    "a text carried down": {"B1": "low", **down("B", 'IF(A{r}>1.5,"high",B{p})')},
    "flags": {"B1": True, **down("B", "AND(B{p},A{r}>0.3)")},
    "errors made good": {"A9": 0, "B1": 1, **down("B", "IFERROR(B{p}/A{r},0)")},
    "rounded up": {"B1": 1, **down("B", "ROUNDUP(B{p}*0.9+A{r},2)")},
    "dates": {"B1": 44000, **down("B", "EDATE(B{p},1)")},
    "two columns of texts and numbers": {"B1": 1, "C1": "a", **down("B", "LEN(C{p})"), **down("C", "C{p}&B{r}")},
    "texts joined": {"B1": "a", **down("B", 'B{p}&"x"')},
}


@pytest.mark.parametrize("name", STRAIGHT)
def test_a_recurrence_is_straight_line_code(name: str) -> None:
    workbook = book_of({"s": {**INPUTS, **STRAIGHT[name]}})
    steps = arrays.explain(workbook)["steps"]
    assert any(step.get("straight_line") for step in steps), steps
    assert not any(step["kind"] == "cells" for step in steps), steps


@pytest.mark.parametrize("name", STRAIGHT | GENERAL)
def test_a_recurrence_means_what_the_definition_means(name: str) -> None:
    workbook = book_of({"s": {**INPUTS, **(STRAIGHT | GENERAL)[name]}})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate, seed=5) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []


@pytest.mark.parametrize("name", GENERAL)
def test_what_are_not_numbers_is_left_to_the_general_machine(name: str) -> None:
    workbook = book_of({"s": {**INPUTS, **GENERAL[name]}})
    steps = arrays.explain(workbook)["steps"]
    assert not any(step.get("straight_line") for step in steps), steps


@pytest.mark.parametrize("name", sorted(GENERAL.keys() - {"out of the table"}))
def test_what_are_not_numbers_is_computed_on_values_turn_by_turn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("arrays of one cell were made for every turn")

    monkeypatch.setattr("sheetgrad.engine.program.run_sweep", refuse)
    arrays.explain(book_of({"s": {**INPUTS, **GENERAL[name]}}))


# Random recurrences over one to three columns, of inputs that are mostly numbers.

COLUMNS = "FGH"


def leaves(width: int) -> st.SearchStrategy[str]:
    own = st.sampled_from(COLUMNS[:width])
    return st.one_of(
        st.sampled_from(["A{r}", "B{r}", "C{r}", "$C$2", "0.5", "2", "0"]),
        own.map(lambda column: column + "{p}"),
        own.map(lambda column: column + "{pp}"),
        own.map(lambda column: f"INDEX({column}$1:{column}{{p}},$D{{r}})"),
        own.map(lambda column: f"SUM({column}$1:{column}{{p}})"),
        st.just(f"MAX({COLUMNS[0]}{{p}}:{COLUMNS[width - 1]}{{p}})"),
        st.just("SUMPRODUCT(F{pp}:F{p}*A{pp}:A{p})"),
    )


def expressions(width: int) -> st.SearchStrategy[str]:
    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        compare = st.sampled_from(["<", ">", "=", "<=", ">=", "<>"])
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda each: f"({''.join(each)})"),
            st.tuples(inner, compare, inner, inner).map(lambda each: f"IF({''.join(each[:3])},{each[0]},{each[3]})"),
            st.tuples(st.sampled_from(["AND", "OR"]), inner, inner, inner).map(
                lambda each: f"IF({each[0]}({each[1]}>0,{each[2]}<1),{each[3]},{each[1]})"
            ),
            st.tuples(st.sampled_from(["MIN", "MAX"]), inner, inner).map(
                lambda each: f"{each[0]}({each[1]},{each[2]})"
            ),
            inner.map(lambda each: f"ABS({each})"),
            inner.map(lambda each: f"INDEX(F$1:F{{p}},MAX(1,MIN({{p}},ABS({each}))))"),
        )

    return st.recursive(leaves(width), wider, max_leaves=6)


VALUES = st.one_of(
    *[st.sampled_from([-1.5, -1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0])] * 8, st.sampled_from([None, "x", True, Error.NA])
)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_random_recurrences_agree(data: st.DataObject) -> None:
    width, rows = data.draw(st.integers(1, 3)), data.draw(st.integers(4, 12))
    cells: dict[str, Content] = {f"{column}{row}": data.draw(VALUES) for row in range(1, rows + 1) for column in "ABC"}
    cells |= {f"D{row}": data.draw(st.integers(1, max(row - 1, 1))) for row in range(1, rows + 1)}
    for column in COLUMNS[:width]:
        formula = data.draw(expressions(width))
        cells |= {f"{column}1": 1, f"{column}2": 0.5, **down(column, formula, 3, rows)}
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined, rtol=1e-11) == []
