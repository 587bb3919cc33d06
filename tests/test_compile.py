"""A compiled workbook gives for every item of a batch what one recomputation gives: on random fills, recurrences and the lesson."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetgrad.engine import open_workbook
from sheetgrad.engine.compiled import Compiled
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.values import Error, Values

from .books import Content, file_of
from .lesson_books import lesson_book
from .test_agreement import INPUTS, RECURRENCES, sheets

NOW = datetime(2024, 5, 6, 7, 8, 9)


def same(batch: np.ndarray[Any, Any], one: np.ndarray[Any, Any], rtol: float = 1e-12) -> bool:
    """Compare item by item: numbers within ``rtol``, everything else exactly."""
    for a, b in zip(batch.ravel().tolist(), one.ravel().tolist(), strict=True):
        if type(a) is not type(b):
            return False
        if isinstance(a, float) and not abs(a - b) <= rtol * max(abs(a), abs(b), 1.0):
            return False
        if not isinstance(a, float) and a != b:
            return False
    return True


def agrees(
    cells: dict[str, Content], place: str, outputs: str, items: np.ndarray[Any, Any], backend: str = "reference"
) -> Compiled:
    """Check a batch against one recomputation an item; return what computed it."""
    book = open_workbook(file_of({"s": cells}))
    compiled = Compiled(book, (place,), (outputs,), NOW)
    found = np.concatenate([chunk[0] for chunk in compiled.run([Values(items)], len(items))])
    for item, values in enumerate(found):
        one = book.recompute(set={place: items[item]}, backend=backend, now=NOW).array(outputs)
        assert same(values, one), (item, values.tolist(), one.tolist())
    return compiled


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheets(), st.integers(0, 1000))
def test_a_batch_agrees_with_the_reference_on_random_fills(cells: dict[str, Content], seed: int) -> None:
    random = np.random.default_rng(seed)
    items = np.where(
        random.random((3, 4, 3)) < 0.4, random.integers(-3, 4, (3, 4, 3)), random.normal(size=(3, 4, 3)) * 9
    )
    agrees(cells, "s!A1:C4", "s!K1:V4", items)


def test_cells_beside_a_fill_computed_cell_by_cell_stay_empty() -> None:
    cells: dict[str, Content] = {f"K{row}": f"=SUM($A$1:A{row})" for row in (1, 2, 3)}
    cells |= {f"L{row}": f"=SUM($A$1:B{row})" for row in (1, 3)} | {"A1": 1, "B3": "x"}
    agrees(cells, "s!A1:C4", "s!K1:L4", np.arange(24.0).reshape(2, 4, 3))


@pytest.mark.parametrize("name", RECURRENCES)
def test_a_batch_agrees_on_recurrences(name: str) -> None:
    items = np.array([[[0.25], [1.5]], [[-1.0], [0.0]], [[3.0], [0.5]]])
    agrees({**INPUTS, **RECURRENCES[name]}, "s!A4:A5", "s!C1:AA40", items)


CASES: dict[str, dict[str, Content]] = {
    "an error in one item": {"A1": 1, "B1": "=10/A1", "C1": "=IFERROR(B1,-1)", "D1": "=SUM(B1:B1)"},
    "kinds that differ": {"A1": 1, "B1": '=IF(A1>0,"up",A1)', "C1": "=ISTEXT(B1)", "D1": "=COUNT(B1)", "E1": "=SUM(B1:B1)"},
    "a lookup by input": {"A1": 1, **{f"F{r}": r * r for r in range(1, 9)}, "B1": "=INDEX(F1:F8,ABS(A1)+1)", "C1": "=MATCH(A1,F1:F8,1)"},
    "an offset by input": {"A1": 1, **{f"F{r}": r * r for r in range(1, 9)}, "B1": "=OFFSET(F1,ABS(A1),0)"},
    "an indirect read": {"A1": 1, "F1": 5, "F2": 6, "F3": 7, "B1": '=INDIRECT("F"&(1+ABS(A1)))'},
    "an area of computed size": {"A1": 1, "F1": 5, "F2": 6, "F3": 7, "B1": "=SUM(OFFSET(F1,0,0,1+ABS(A1),1))"},
    "cells one by one": {"A1": 1, "B1": "=REDUCE(A1,{1,2,3},LAMBDA(a,b,a*b))", "C1": "=B1+A1"},
    "a cycle": {"A1": 1, "B1": "=C1+A1", "C1": "=B1", "D1": "=A1*2"},
    "random numbers": {"A1": 1, "B1": "=A1+RAND()", "C1": "=RANDBETWEEN(A1,A1+10)"},
    "nothing in between": {"A1": 1, "B1": "=F1*2", "F1": 4},
    "a total over a table": {"A1": 1, **{f"F{r}": f"=A$1*{r}" for r in range(1, 9)}, "B1": "=SUM(F:F)", "C1": "=COUNTIF(F1:F9,\">0\")"},
    "running sums": {"A1": 1, **{f"F{r}": f"=A$1*{r}" for r in range(1, 9)}, **{f"G{r}": f"=SUM(F$1:F{r})" for r in range(1, 9)}, "B1": "=G8"},
    "references without a pattern": {"A1": 1, **{f"F{r}": "=A$1*ROW()" for r in range(1, 201)},
                                     **{f"G{r}": f"=F{r**3 % 197 + 1}*2+F{r**2 % 193 + 1}" for r in range(1, 201)}, "B1": "=SUM(G1:G200)"},
    "products of both": {"A1": 1, **{f"F{r}": f"=A$1*{r}" for r in range(1, 90)}, "B1": "=SUMPRODUCT(F1:F89,F1:F89)"},
    "products with constants": {"A1": 1, **{f"F{r}": f"=A$1*{r}" for r in range(1, 90)}, **{f"G{r}": r for r in range(1, 90)},
                                **{f"H{r}": f"=SUMPRODUCT(F$1:F$89,G$1:G$89)*{r}" for r in range(1, 4)}, "B1": "=H3"},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_batch_agrees(name: str) -> None:
    agrees(CASES[name], "s!A1", "s!B1:G8", np.array([2.0, 0.0, -1.0, 1.0]).reshape(4, 1, 1))


def test_lambdas_need_no_recomputation_an_item() -> None:
    compiled = agrees(CASES["cells one by one"], "s!A1", "s!C1", np.ones((3, 1, 1)))
    assert compiled.sequential is None


def test_what_cannot_be_batched_says_why() -> None:
    compiled = agrees(CASES["an indirect read"], "s!A1", "s!B1", np.ones((2, 1, 1)))
    assert compiled.sequential == "INDIRECT by what the inputs decide"
    compiled = agrees(CASES["an area of computed size"], "s!A1", "s!B1", np.ones((2, 1, 1)))
    assert compiled.sequential == "formulas whose reads only evaluation tells"


def test_chunks_are_bounded_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sheetgrad.engine.batching.CHUNK_BYTES", 200)
    square = open_workbook(file_of({"s": {"A1": 1, "B1": "=A1^2"}})).compile(["s!A1"], ["s!B1"])
    items = np.arange(100.0)
    assert square(items.reshape(-1, 1, 1)).ravel().tolist() == (items**2).tolist()
    assert square(3.0).tolist() == [[9.0]]


def test_values_that_no_cell_can_hold_are_refused() -> None:
    square = open_workbook(file_of({"s": {"A1": 1, "B1": "=A1^2"}})).compile(["s!A1"], ["s!B1"])
    with pytest.raises(UsageError, match="no cell can hold"):
        square(np.array([[[1.0]], [[np.nan]]]))


def test_errors_come_out_as_errors() -> None:
    f = open_workbook(file_of({"s": {"A1": 1, "B1": "=1/A1"}})).compile(["s!A1"], ["s!B1"])
    assert f(np.array([[[2.0]], [[0.0]]])).ravel().tolist() == [0.5, Error.DIV0]


def test_the_lesson_over_digits_agrees_with_one_recompute_each() -> None:
    book = open_workbook(lesson_book("conv"))
    f = book.compile(inputs=["image"], outputs=["softmax", "predicted"])
    images = np.random.default_rng(5).random((4, 28, 28)).round(3)
    softmax, predicted = f(images)
    for item in (0, 3):
        result = book.recompute(set={"image": images[item]})
        np.testing.assert_allclose(softmax[item], result["softmax"], rtol=1e-12)
        assert predicted[item, 0, 0] == result["predicted"]
