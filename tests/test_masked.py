"""Sums of products of equalities: gathered by sorting where equality is plain, as they stand where it is not."""

from __future__ import annotations

import pytest

from sheetgrad.engine import arrays, reference
from sheetgrad.engine.backends import masked, numpy
from sheetgrad.engine.backends.windowed import Evaluation
from sheetgrad.engine.ir import Apply
from sheetgrad.sheets.values import Error, Values

from .books import Content, book_of, computed, differences

ROWS = 24
KEYS: dict[str, list[Content]] = {
    "numbers": [1, 2, 3, 2.5, 2],
    "texts": ["a", "A", "b", "ab", "B"],
    "blanks": [1, None, 0, None, 2],
    "mixed": [1, "a", None, "1", 2],
    "logicals": [True, False, 1, 0, True],
    "errors": [1, 2, Error.NA, 2, 1],
    "nearly equal": ["=0.1+0.2", 0.3, 0.4, 0.3, "=0.7-0.4"],
}
FORMULAS = [
    "SUMPRODUCT((A$1:A$24=A{r})*F$1:F$24)",
    "SUMPRODUCT((A{r}=A$1:A$24)*(B$1:B$24=B{r})*F$1:F$24)",
    "SUMPRODUCT((A$1:A$24=A{r})*(B$1:B$24=B{r}))",
    "SUMPRODUCT((A$1:A$24=A{r})*F$1:F$24*F{r}*2)",
    "SUMPRODUCT((A$1:A$24=A{r})*B$1:B$24)",
    "SUMPRODUCT((A$1:B$24=A{r})*F$1:G$24)",
    "1-SUMPRODUCT((A$1:A$24=A{r})*F$1:F$24)/2",
]


def cells_of(keys: list[Content], formula: str) -> dict[str, Content]:
    cells: dict[str, Content] = {}
    for row in range(1, ROWS + 1):
        cells |= {f"A{row}": keys[row * 7 % 5], f"B{row}": keys[row * row % 5]}
        cells |= {f"F{row}": (row * 37 % 11) / 4 - 1, f"G{row}": row % 3}
        cells[f"H{row}"] = "=" + formula.format(r=row)
    return cells


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Sort however few the places are, and note for each call whether they were."""
    found: list[bool] = []

    def noting(evaluation: Evaluation, node: Apply) -> Values | None:
        result = masked.masked(evaluation, node)
        found.append(result is not None)
        return result

    monkeypatch.setattr(masked, "MANY", 1)
    monkeypatch.setattr(numpy, "masked", noting)
    return found


def both(cells: dict[str, Content]) -> list[str]:
    workbook = book_of({"s": cells})
    (lifted, _), (defined, _) = (computed(workbook, each.evaluate) for each in (arrays, reference))
    return differences(workbook, lifted, defined)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("keys", KEYS)
def test_sums_of_equalities_agree_with_the_definition(keys: str, formula: str, taken: list[bool]) -> None:
    assert both(cells_of(KEYS[keys], formula)) == []
    if keys in ("mixed", "errors", "nearly equal"):
        assert not any(taken)
    if keys in ("numbers", "blanks"):
        assert taken == [True]


def test_ranges_may_move_along_another_loop(taken: list[bool]) -> None:
    cells = cells_of([1, 2, 3, 4, 5], "A{r}")
    cells |= {f"{c}{r}": f"=SUMPRODUCT(($A$1:$A$24=$B{r})*F$1:F$24)" for c in "KL" for r in range(1, ROWS + 1)}
    assert both(cells) == []
    assert taken == [True]


def test_array_formulas_are_gathered_too(taken: list[bool]) -> None:
    cells = cells_of([1, 2, 3, 4, 5], "A{r}")
    cells |= {f"K{r}": f"{{=SUM((A$1:A$24=B{r})*F$1:F$24)}}" for r in range(1, ROWS + 1)}
    assert both(cells) == []
    assert taken == [True]


def test_what_is_not_gathered_is_computed_in_parts(monkeypatch: pytest.MonkeyPatch, taken: list[bool]) -> None:
    monkeypatch.setattr("sheetgrad.engine.sizes.BUDGET", 100)
    assert both(cells_of(KEYS["mixed"], FORMULAS[0])) == []
    assert taken == [False]
