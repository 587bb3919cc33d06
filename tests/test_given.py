"""Numbers typed into formulas: where only they keep formulas apart, they are columns of one region."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sheetgrad.engine import arrays, open_workbook, reference
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.program import build

from .books import Content, book_of, computed, differences, file_of

ROWS = range(11, 80)  # two digits: rows of one shape

TEMPLATES = [
    "ROUND(A{r}*{m}+B{r}*{n},1)-{m}",
    "INDEX($A$1:$B$99,{n},1)",
    "INDEX($A$1:$B$99,{m},{k})",
    "OFFSET($A$1,{n},{k})+{m}",
    "SUM(OFFSET($A$1,{n},0,{k}+1,1))",
    "VLOOKUP({n},$C$1:$D$99,2)",
    'COUNTIF($A$1:$A$99,">"&{m})',
    '{n}&"x"&A{r}&{m}%',
    "-{n}^2+{m}/{k}",
    "IF(A{r}>{n},{m},{n}.5)",
    "SUM(A{r}:B{r},{n},{m})",
    "{{{n},{m}}}*A{r}",
    "{m}=A{r}+{n}",
    "E{p}*0.{n}+{m}",
    "IFERROR(A{r}/({n}-{m}),{n})",
    "CHOOSE({k}+1,A{r},B{r},{n})",
    "{n}E{k}+A{r}",
    "SUMPRODUCT($A$1:$A$9*{n},$B$1:$B$9)+{m}.25",
    "LET(p,{n},p*A{r}+{m})",
    "RAND()*0+{n}*A{r}",
    "DATE(2000+{n},{k},{m})",
]


def cells(templates: list[str], seed: int, plain: bool = True) -> dict[str, Content]:
    """Fill column E with the templates in turn, with numbers of their own in each row."""
    random = Random(seed)
    found: dict[str, Content] = {f"{name}{row}": random.randint(-9, 9) / 4 for name in "AB" for row in range(1, 100)}
    found |= {f"C{row}": row for row in range(1, 100)}
    found |= {f"D{row}": random.random() for row in range(1, 100)}
    found["E10"] = 1
    if not plain:
        found |= {f"A{random.randint(1, 99)}": content for content in ("x", "12", True, None, "")}
    for row in ROWS:
        words = {"r": row, "p": row - 1, "n": random.randint(10, 99), "m": random.randint(10, 99)}
        found[f"E{row}"] = "=" + templates[row % len(templates)].format(**words, k=random.randint(0, 2))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=2), st.integers(0, 9999), st.booleans())
def test_arrays_agree_with_the_reference(templates: list[str], seed: int, plain: bool) -> None:
    workbook = book_of({"s": cells(templates, seed, plain)})
    lifted, _ = computed(workbook, arrays.evaluate)
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, lifted, defined) == []


@pytest.mark.parametrize("template", [each for each in TEMPLATES if "{{" not in each and "E{k}" not in each])
def test_formulas_that_differ_in_numbers_are_one_region(template: str) -> None:
    workbook = book_of({"s": cells([template], 5)})
    assert len(build(workbook, Grid.of(workbook)).units) == 1


def test_a_number_that_all_share_is_a_constant() -> None:
    workbook = book_of({"s": cells(["ROUND(A{r}*{m}+B{r}*{n},1)"], 5)})
    (unit,) = build(workbook, Grid.of(workbook)).units
    assert sorted(unit.region.numbers) == [0, 1]  # and not the digits of ROUND


def test_fills_of_one_formula_keep_their_numbers() -> None:
    found: dict[str, Content] = {f"{name}{row}": f"=A{row}*{n}" for n, name in enumerate("CDEFGH") for row in ROWS}
    workbook = book_of({"s": found})
    assert all(not unit.region.numbers for unit in build(workbook, Grid.of(workbook)).units)


def test_explain_shows_the_first_formula() -> None:
    found: dict[str, Content] = {f"E{row}": f"=A{row}*{row + 9}.5" for row in ROWS}
    (step,) = arrays.explain(book_of({"s": found}))["steps"]
    assert step["regions"][0]["formula"] == "=A11*20.5"


def test_a_recurrence_is_straight_line_code() -> None:
    workbook = book_of({"s": cells(["E{p}*0.{n}+{m}"], 7)})
    (step,) = arrays.explain(workbook)["steps"]
    assert step["straight_line"]


@pytest.mark.parametrize("template", ["ROUND(A{r}*{m}+B{r}*{n},1)-{m}", "E{p}*0.{n}+A{r}*{m}"])
def test_batches_see_the_numbers(template: str) -> None:
    workbook = open_workbook(file_of({"s": cells([template], 3)}))
    f = workbook.compile(["s!A11:A79"], ["s!E11:E79"])
    columns = np.random.default_rng(2).normal(size=(3, 69, 1))
    for column, found in zip(columns, f(columns), strict=True):
        expected = workbook.recompute(set={"s!A11:A79": column})["s!E11:E79"]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gradients_see_the_numbers() -> None:
    pytest.importorskip("torch")
    found: dict[str, Content] = {f"E{row}": f"=A$1^2*{row + 9}.5" for row in ROWS}
    workbook = open_workbook(file_of({"s": {"A1": 3, **found, "F1": "=SUM(E11:E79)"}}))
    assert workbook.gradient("s!F1", "s!A1")["s!A1"].item() == 2 * 3 * sum(row + 9.5 for row in ROWS)


def test_digits_beyond_all_numbers_are_no_number() -> None:
    found: dict[str, Content] = {f"E{row}": f"=A{row}*{str(row) * 160}" for row in ROWS}
    workbook = book_of({"s": found})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    assert differences(workbook, lifted, defined) == []
