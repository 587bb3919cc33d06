"""``compile(backend="torch")``: a batch's numbers on torch, and every item the same as one recompute of it."""

from __future__ import annotations

from datetime import datetime
from random import Random

import numpy as np
import pytest

from sheetgrad.engine import batch_tapes
from sheetgrad.engine.batch_tapes import TapedBatch
from sheetgrad.engine.compiled import Compiled
from sheetgrad.engine.workbook import Workbook
from sheetgrad.sheets.addresses import cell_name
from sheetgrad.sheets.values import Floats, Values

from .formulas import Content, workbook_of
from .random_formulas import ACROSS, DOWN, Formulas

pytest.importorskip("torch")

CELLS: dict[str, Content] = {
    "A1": 1, "A2": 2, "A3": 3, "A4": 4,
    "D1": 1, "D2": 2, "D3": 4, "D4": 8, "E1": 10, "E2": 20, "E3": 40, "E4": 80, "F1": "x", "F2": "y", "F4": True,
}  # fmt: skip
# formula → whether all items are settled in so few ways that torch computes each
FORMULAS = {
    "A1*A2+SUM(A1:A4)": True,
    "A1/A2": True,
    "SQRT(A1)+LN(A2)": True,
    "IFERROR(A1/A2,A3)": True,
    "IFERROR(LN(A1),A2*3)+A4": True,
    "IFNA(A1/A2,7)": True,
    "IF(A1>0,A2,A3*2)": True,
    "IF(A1>0,A2,A3/A4)": True,
    "IF(A1>0,LN(A1),A2)": True,
    'IF(A1>0,A2,"no")': True,
    'IF(A1>A2,"x","y")&"z"': False,
    'IF(A1,A2,"")': True,
    "IF(A1/A2>1,A3,A4)": False,
    "MAX(0,A1)*MIN(A2:A4)": True,
    "INDEX(E1:E4,MATCH(A3,D1:D4,0))": True,
    "VLOOKUP(A3,D1:E4,2,TRUE)*A1": False,
    "VLOOKUP(A3,D1:F4,3)": False,
    "LOOKUP(A3,D1:D4,A1:A4)": False,
    "COUNTIF(A1:A4,\">0\")+A1": True,
    "SUMIF(A1:A4,\">0\")*A2": False,
    "SUMPRODUCT((A1:A4>0)*A1:A4)": True,
    "CHOOSE(A3,A1,A2,5)": False,
    "OFFSET(D1,A3,0)*A1": False,
    "SUM(SORT(A1:A4)*D1:D4)": False,
    "LARGE(A1:A4,2)+SUM(A1:INDEX(A1:A4,2))": False,
    "ROUND(A1,1)+MOD(A2,3)": True,
    "ISERROR(A1/A2)*A3": True,
    'TEXT(A1,"0.0")+1': False,
    "AND(A1>0,A2>0)+A3": True,
    "A1=A2": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _unchecked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch's numbers stand even where they are far from numpy's, so that what they are is seen."""
    if "near" not in request.node.name:
        monkeypatch.setattr(batch_tapes, "NEAR", 1e6)


def compiled(cells: dict[str, Content], inputs: str, outputs: list[str], backend: str) -> Compiled:
    return Compiled(Workbook(workbook_of({"S": cells})), [inputs], outputs, datetime(2026, 1, 1), backend)


def outputs_of(function: Compiled, items: Floats) -> list[object]:
    return [value for found in function.run([Values(items)], len(items)) for value in found[0].ravel().tolist()]


def alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-10 * max(1.0, abs(one))
    return type(one) is type(other) and one == other


def items(seed: int, height: int, width: int) -> Floats:
    """Return inputs of many signs, zeros among them, and some that nearly agree."""
    random = np.random.default_rng(seed)
    shape = (12, height, width)
    found = np.where(random.random(shape) < 0.5, random.integers(-3, 7, shape), random.normal(2, 4, shape).round(2))
    found[6:9] = found[0] + random.normal(0, 1e-3, (3, height, width))
    return found


@pytest.mark.parametrize("formula", FORMULAS)
def test_items_that_are_settled_otherwise_are_right(formula: str) -> None:
    cells = {**CELLS, "Z1": "=" + formula, "Z2": "=Z1", "Z3": "=IFERROR(Z2*2,A1)"}
    given = items(1, 4, 1)
    function = compiled(cells, "A1:A4", ["Z1:Z3"], "torch")
    found = outputs_of(function, given)
    expected = outputs_of(compiled(cells, "A1:A4", ["Z1:Z3"], "reference"), given)
    assert [pair for pair in zip(found, expected, strict=True) if not alike(*pair)] == []
    if FORMULAS[formula]:
        assert isinstance(function._batch, TapedBatch)
        assert function.sequential is None
        assert function._batch._tapes
        assert None not in function._batch._tapes.values()


@pytest.mark.parametrize("start", range(0, 60, 10))
def test_random_fills_are_right(start: int) -> None:
    different = []
    for seed in range(start, start + 10):
        formulas = Formulas(seed)
        texts = formulas.fill(Random(seed).randint(1, 3))
        cells = formulas.cells()
        cells |= {cell_name(20 + i, 10 + j): "=" + texts[i][j] for i in range(DOWN) for j in range(ACROSS)}
        given = items(seed, 8, 3)
        one, other = (
            outputs_of(compiled(cells, "A1:C8", ["K21:L23"], backend), given) for backend in ("numpy", "torch")
        )
        if not all(map(alike, one, other)):
            different.append(f"{seed}: {texts[0][0]}")
    assert different == []


def test_numbers_are_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch's product be wrong: every item that is no error shows it."""
    from sheetgrad.engine.backends.torch_operations import TABLE

    monkeypatch.setitem(TABLE, "*", lambda a, b: a * b + 1)
    function = compiled({"A1": 1, "A2": 2, "B1": "=A1*A2+1/A1"}, "A1:A2", ["B1"], "torch")
    given = np.array([[[2.0], [3.0]], [[0.0], [3.0]], [[4.0], [5.0]]])
    found = outputs_of(function, given)
    assert (found[0], found[2]) == (7.5, 21.25)
    assert str(found[1]) == "#DIV/0!"


def test_steps_that_rounding_decides_are_numpys_numbers_near_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetgrad.engine.backends.torch_operations import TABLE

    monkeypatch.setitem(TABLE, "/", lambda a, b: a / b * (1 - 1e-15))
    function = compiled({"A1": 4, "A2": 2, "B1": "=COMBIN(5,A1/A2)", "B2": "=A1/A2"}, "A1:A2", ["B1:B2"], "torch")
    found = outputs_of(function, np.array([[[4.0], [2.0]], [[9.0], [2.0]]]))
    assert (found[0], found[2]) == (10.0, 5.0)
    assert found[1] == 2 * (1 - 1e-15)
