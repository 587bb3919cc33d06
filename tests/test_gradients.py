"""Gradients equal central differences of the reference evaluator, and those that a lesson spells out as formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetgrad.engine import open_workbook
from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.reference import evaluate as define
from sheetgrad.sheets.addresses import parse_range
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area, Workbook

from .books import Content, book_of, file_of
from .differentiable_formulas import CELLS, formulas
from .lesson_books import lesson_book
from .lesson_set import made
from .test_agreement import SIZE, ref, references, spelled

torch = pytest.importorskip("torch")

STEP = 1e-5


def area_of(place: str) -> Area:
    address = parse_range(place)
    return Area(0, address.top, address.left, address.bottom, address.right)


def central_differences(workbook: Workbook, places: list[str], of: Area) -> list[np.ndarray]:
    """Return the derivatives of the cells ``of`` with respect to each cell of the places: (cells of, *place) each."""

    def values(area: Area, row: int, column: int, by: float) -> np.ndarray:
        grid = Grid.of(workbook)
        grid.read(area).data[row, column] += by
        origin = np.zeros((1, 1), dtype=np.int64)
        define(workbook, grid, Context(workbook.strings, Place(0, origin, origin)))
        return grid.read(of).data.ravel().copy()

    found = []
    for place in places:
        area = area_of(place)
        slopes = np.zeros((of.height * of.width, *area.shape))
        for row, column in np.ndindex(*area.shape):
            high, low = (values(area, row, column, sign * STEP) for sign in (1, -1))
            slopes[:, row, column] = (high - low) / (2 * STEP)
        found.append(slopes)
    return found


def test_every_function_s_gradient_is_the_reference_s_central_difference() -> None:
    texts = formulas()
    cells = {**CELLS, **{f"Z{row}": f"{{={formula}}}" for row, formula in enumerate(texts, 1)}}
    wrt = ["A1:C4", "E1:G4"]
    slopes = central_differences(book_of({"s": cells}), wrt, Area(0, 0, 25, len(texts), 26))
    wrong = []
    for row, formula in enumerate(texts):
        book = open_workbook(file_of({"s": {**CELLS, "Z1": f"{{={formula}}}"}}))
        try:
            found = book.gradient("s!Z1", [f"s!{place}" for place in wrt])
        except UsageError as error:
            wrong.append(f"{formula}: {error}")
            continue
        for place, slope in zip(wrt, slopes, strict=True):
            error = np.abs(found[f"s!{place}"] - slope[row]).max() / max(np.abs(slope[row]).max(), 1)
            if error > 1e-7:
                wrong.append(f"{formula} {place}: {error}")
    assert wrong == []


CHAINS = {
    "a fill": {**{f"B{r}": f"=EXP(A{r})*A{r + 1}" for r in range(1, 6)}, "C1": "=SUM(B1:B5)"},
    "a recurrence": {"B1": "=A1", **{f"B{r}": f"=0.5*B{r - 1}^2+A{r}" for r in range(2, 7)}, "C1": "=B6"},
    "growing sums": {**{f"B{r}": f"=SUM(A$1:A{r})^2" for r in range(1, 7)}, "C1": "=SUM(B1:B6)"},
    "growing means and greatest": {**{f"B{r}": f"=AVERAGE(A$1:A{r})*MAX(A$1:A{r})+SUMSQ(A$1:A{r})" for r in range(1, 7)}, "C1": "=B6*B3+B2"},
    "a growing product of two": {**{f"B{r}": f"=SUMPRODUCT(A$1:A{r},A$1:A{r})" for r in range(1, 7)}, "C1": "=B6*B2"},
    "pooling": {"B1": "=MAX(A1:A2)", "B2": "=MAX(A3:A4)", "B3": "=MAX(A5:A6)", "C1": "=B1*B2*B3"},
    "a look at itself": {"B1": "=A1", **{f"B{r}": f"=INDEX(B$1:B{r - 1},1)*A{r}" for r in range(2, 7)}, "C1": "=SUM(B1:B6)"},
    "one value for a whole condition": {"B1": "{=SUMPRODUCT(IF(K1:K4=0,A1*A2,A3))}", "B2": "{=SUM(IF(K1:K4=0,A1,A2))}", "C1": "=B1*B2"},
    "conditions on ranges that move": {**{f"B{r}": f"=A{r}^2" for r in range(1, 7)}, **{f"K{r}": r % 2 for r in range(1, 9)},
                                       **{f"D{r}": f'=SUMIF(K{r}:K{r + 2},1,B$1:B$3)*SUMIFS(B1:B6,K{r}:K{r + 5},"<1")' for r in range(1, 4)},
                                       "C1": "=SUM(D1:D3)"},
    "references without a pattern": {**{f"B{r}": f"=A{r % 6 + 1}*ROW()" for r in range(1, 201)},
                                     **{f"D{r}": f"=B{r**3 % 197 + 1}*B{r**2 % 193 + 1}" for r in range(1, 201)}, "C1": "=SUM(D1:D200)"},
    "two blocks": {"ZZ900": "=A1*A2", "C1": "=ZZ900*A3"},
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_gradients_through_many_cells(name: str) -> None:
    cells = {**{f"A{r}": value for r, value in enumerate([0.3, -0.4, 0.8, 0.1, 0.6, -0.2], 1)}, **CHAINS[name]}
    (slope,) = central_differences(book_of({"s": cells}), ["A1:A6"], Area(0, 0, 2, 1, 3))
    found = open_workbook(file_of({"s": cells})).gradient("s!C1", "s!A1:A6")
    np.testing.assert_allclose(found["s!A1:A6"], slope[0], atol=1e-8)


SMOOTH = ["{a}*{b}+1", "SUM({A}*{B})", "EXP({a}/3)+{b}^2", "MAX({A})-MIN({B})", "AVERAGE({A})*{b}", "SUM(MMULT({A},TRANSPOSE({A})))",
          "SUMPRODUCT({A},{A})", "IF({a}>{b},{a}^2,{b}*3)", "TANH({a})/(2+{b}^2)", "SUMXMY2({A},{A})+STDEV.P({A})*{a}", "SUM($A$1:{b})*{a}",
          "INDEX($A$1:$I$9,1+MOD(ABS(INT({a})),9),2)*{b}"]  # fmt: skip


@st.composite
def smooth_fills(draw: st.DrawFn) -> tuple[dict[str, Content], int]:
    """Numbers in A1:I9, and two fills that read them and one another; the seed of the numbers."""
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    cells: dict[str, Content] = {ref(r, c): float(random.uniform(-2, 2)) for r in range(SIZE) for c in range(SIZE)}
    for fill in range(2):
        template = draw(st.sampled_from(SMOOTH))
        chosen = {name: draw(references()) for name in "AB"}
        chosen["B"] = (*chosen["B"][:2], *chosen["A"][2:4], *chosen["B"][4:])
        small = {name: (*draw(references())[:2], 1, 1, *draw(references())[4:]) for name in "ab"}
        for i in range(3):
            for j in range(2):
                words = {name: spelled(spec, i, j) for name, spec in {**chosen, **small}.items()}
                if fill:
                    words["a"] = ref(i, 10 + j)
                cells[ref(i, 10 + 3 * fill + j)] = f"{{={template.format(**words)}}}"
    cells["Z1"] = "=SUM(K1:L3,N1:O3)"
    return cells, seed


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(smooth_fills())
def test_gradients_of_random_fills_are_directional_differences(fills: tuple[dict[str, Content], int]) -> None:
    cells, seed = fills
    book = open_workbook(file_of({"s": cells}))
    start = book["s!A1:I9"]
    way = np.random.default_rng(seed + 1).normal(size=start.shape)
    found = (book.gradient("s!Z1", "s!A1:I9")["s!A1:I9"] * way).sum()
    values = [
        book.recompute(set={"s!A1:I9": start + by * way}, backend="reference")["s!Z1"]
        for by in (1e-6, -1e-6, 2e-6, -2e-6)
    ]
    near, far = (values[0] - values[1]) / 2e-6, (values[2] - values[3]) / 4e-6
    if abs(near - far) < 1e-5 * max(abs(near), 1):  # no kink or step lies between
        assert found == pytest.approx(near, rel=1e-4, abs=1e-5)


def test_of_equal_arguments_the_first_has_the_gradient_of_max() -> None:
    book = open_workbook(file_of({"s": {"A1": 0, "A2": 2, "A3": 2, "B1": "=MAX(A1:A3)", "B2": "=MAX(0,A1)"}}))
    assert book.gradient("s!B1", "s!A1:A3")["s!A1:A3"].ravel().tolist() == [0, 1, 0]
    assert book.gradient("s!B2", "s!A1")["s!A1"].item() == 0  # as ReLU has it


def test_the_lesson_s_gradients_are_those_it_spells_out() -> None:
    book = open_workbook(lesson_book("collab", epochs=2))
    found = book.gradient("epochs!E4", ["bias!B26:F40", "bias!H19:V23"])
    values = book.recompute()
    scale = 2 * np.count_nonzero(values["epochs!X12:AL26"]) * values["epochs!E4"]  # of the sum of squares to the RMSE
    np.testing.assert_allclose(found["bias!B26:F40"], values["epochs!AN12:AR26"] / scale, atol=1e-14)
    np.testing.assert_allclose(found["bias!H19:V23"], values["epochs!X5:AL9"] / scale, atol=1e-14)


# Of the other lessons that train: the loss of the first step, and where its gradients stand as formulas.
SPELLED_OUT = {
    "train": ("loss_step_0", {f"start_{name}": f"grad_{name}_step_0" for name in (
        "first_0", "first_1", "second_0_0", "second_0_1", "second_1_0", "second_1_1", "dense_0_0", "dense_2_1", "dense_3_1")}),
    "collab-nn": ("loss_step_0", {f"start_{name}": f"grad_{name}_step_0" for name in (
        "users", "films", "first", "first_bias", "second", "second_bias")}),
    "tabular": ("loss_step_0", {f"start_{name}": f"grad_{name}_step_0" for name in (
        "days", "regions", "first", "first_bias", "second", "second_bias")}),
    "titanic": ("net_loss_step_0", {"net_weights": "net_grad_first_step_0", "net_second": "net_grad_second_step_0",
                                    "start_bias": "net_grad_bias_step_0"}),
}  # fmt: skip


@pytest.mark.parametrize("lesson", SPELLED_OUT)
def test_the_training_lessons_gradients_are_those_they_spell_out(lesson: str) -> None:
    loss, panels = SPELLED_OUT[lesson]
    book = open_workbook(made(lesson))
    found, values = book.gradient(loss, list(panels)), book.recompute()
    for weights, panel in panels.items():
        spelled_out = np.atleast_2d(np.asarray(values[panel], dtype=np.float64))
        assert np.abs(spelled_out).max() > 1e-3
        np.testing.assert_allclose(found[weights], spelled_out, rtol=1e-12, atol=1e-14, err_msg=panel)


def test_the_linear_descent_s_gradient_is_the_one_it_spells_out() -> None:
    book = open_workbook(made("titanic"))
    found, values = book.gradient("descent_first_loss", "weights"), book.recompute()
    np.testing.assert_allclose(found["weights"].ravel(), values["gradient_step_0"].ravel(), rtol=1e-12, atol=1e-14)


def test_through_training_the_gradient_is_a_difference_of_recomputations() -> None:
    book = open_workbook(lesson_book("collab", epochs=3))
    found = book.gradient("long!C2", ["bias!B26:C26"])["bias!B26:C26"]
    start = book["bias!B26"]
    high, low = (book.recompute(set={"bias!B26": start + by})["long!C2"] for by in (1e-4, -1e-4))
    assert found[0, 0] == pytest.approx((high - low) / 2e-4, rel=1e-6)


def test_gradients_of_the_network_s_loss() -> None:
    book = open_workbook(lesson_book("conv"))
    place = "conv!BI11:BK13"
    found = book.gradient("conv!J40", place)[place]
    loss = book.compile([place], ["conv!J40"])
    start = book.recompute()[place]
    nudges = np.eye(9).reshape(9, 3, 3) * 1e-6
    slopes = (loss(start + nudges) - loss(start - nudges)).ravel() / 2e-6
    np.testing.assert_allclose(found.ravel(), slopes, atol=1e-8)


REFUSED = {
    "text": ({"A1": 1, "B1": '=IF(A1>0,"a","b")'}, "s!B1", "s!A1", "B1 is no number"),
    "an error": ({"A1": 0, "B1": "=1/A1"}, "s!B1", "s!A1", "B1 is no number"),
    "a formula": ({"A1": "=1+1", "B1": "=A1*2"}, "s!B1", "s!A1", "s!A1 holds a formula"),
    "a word": ({"A1": "one", "B1": "=3"}, "s!B1", "s!A1", "s!A1 is no number"),
    "no way there": ({"A1": 1, "A2": 2, "B1": "=A2*2"}, "s!B1", "s!A1", "s!B1 does not depend on s!A1"),
    "no derivative": ({"A1": 0.5, "B1": "=IMABS(COMPLEX(A1,2))", "C1": "=B1"}, "s!C1", "s!A1", "IMABS reads a text made of numbers: s!B1"),
    "several cells": ({"A1": 1, "B1": "=A1"}, "s!A1:B1", "s!A1", "1 x 2"),
    "a cycle": ({"A1": 1, "B1": "=C1+A1", "C1": "=B1"}, "s!C1", "s!A1", "depend on themselves"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_gradient_is_refused(name: str) -> None:
    cells, of, wrt, message = REFUSED[name]
    with pytest.raises(UsageError, match=message):
        open_workbook(file_of({"s": cells})).gradient(of, wrt)


def test_whole_columns_end_where_cells_do() -> None:
    book = open_workbook(file_of({"s": {"A1": 1, "A2": 2, "B1": "=SUM(A:A)^2"}}))
    assert book.gradient("s!B1", "s!A:A")["s!A:A"].ravel().tolist() == [6, 6]
