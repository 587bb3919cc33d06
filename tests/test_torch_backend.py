"""The torch backend gives what the reference evaluator gives: formula by formula, on random fills, on recurrences, on a lesson."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sheetgrad.engine import open_workbook, reference
from sheetgrad.engine.workbook import evaluator
from sheetgrad.sheets.values import Kind

from .books import Content, book_of, computed, differences, file_of
from .differentiable_formulas import CELLS, PROCEDURES, formulas
from .lesson_books import lesson_book
from .test_agreement import INPUTS, RECURRENCES, sheets

pytest.importorskip("torch")


@pytest.mark.parametrize("array", [False, True])
def test_functions_on_torch_are_the_reference_s(array: bool) -> None:
    cells = {f"Z{row}": f"{{={formula}}}" if array else f"={formula}" for row, formula in enumerate(formulas(), 1)}
    workbook = book_of({"s": {**CELLS, **cells}})
    found, outcome = computed(workbook, evaluator("torch"))
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, found, defined, 1e-11) == []
    known = {f"{name} has no torch body" for name in PROCEDURES}
    assert outcome.untraced.keys() <= known


def test_a_function_without_a_body_is_named_with_its_cells() -> None:
    result = open_workbook(file_of({"s": {"A1": 0.3, "A2": "=BESSELJ(A1,2)", "A3": "=A2*2"}})).recompute(
        backend="torch"
    )
    assert result.outcome.untraced == {"BESSELJ has no torch body": [(0, 1, 0)]}
    assert result["s!A3"] == pytest.approx(2 * result["s!A2"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheets())
def test_torch_agrees_with_the_reference_on_random_fills(cells: dict[str, Content]) -> None:
    workbook = book_of({"s": cells})
    found, _ = computed(workbook, evaluator("torch"))
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, found, defined, 1e-11) == []


@pytest.mark.parametrize("name", RECURRENCES)
def test_torch_agrees_on_recurrences(name: str) -> None:
    workbook = book_of({"s": {**INPUTS, **RECURRENCES[name]}})
    found, _ = computed(workbook, evaluator("torch"))
    defined, _ = computed(workbook, reference.evaluate)
    assert differences(workbook, found, defined) == []


def test_the_lesson_on_torch_in_both_precisions() -> None:
    import torch

    from sheetgrad.engine.backends.torch import evaluate

    book = open_workbook(lesson_book("conv"))
    double, single = book.recompute(backend="torch"), open_workbook(lesson_book("conv"))
    plain = book.recompute(now=datetime(2024, 5, 6))
    np.testing.assert_allclose(double["softmax"], plain["softmax"], rtol=1e-12)
    assert not double.outcome.untraced
    grid, outcome = computed(single.model, lambda *given: evaluate(*given, dtype=torch.float32))
    area = single.area("softmax")
    assert not outcome.untraced
    error = np.abs(grid.read(area).data - plain["softmax"]).max()
    assert 0 < error < 1e-5
    assert (grid.read(area).kinds == Kind.NUMBER).all()
