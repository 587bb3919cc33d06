"""Gradients of random formulas of all functions are directional differences of the reference evaluator, or refused."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from sheetgrad.engine.gradients import gradient
from sheetgrad.engine.workbook import Workbook
from sheetgrad.sheets.addresses import cell_name
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.values import Floats

from .formulas import Content, computed, workbook_of
from .random_formulas import ACROSS, DOWN, Formulas

pytest.importorskip("torch")

INPUTS, STEP = "A1:C8", 1e-5


def value(cells: dict[str, Content], inputs: Floats) -> object:
    """Return Z1, by the definition, for other inputs."""
    changed: dict[str, Content] = {cell_name(row, column): float(x) for (row, column), x in np.ndenumerate(inputs)}
    return computed({**cells, **changed})["Z1"]


def slope(cells: dict[str, Content], inputs: Floats, way: Floats) -> float | None:
    """Return the slope of Z1 along a way; None where it is no number, or no smooth one, nearby."""
    values = [value(cells, inputs + step * STEP * way) for step in (1, -1, 2, -2, 0)]
    if not all(isinstance(each, float) for each in values):
        return None
    up, down, far_up, far_down, here = (float(each) for each in values)  # type: ignore[arg-type]
    near, far = (up - down) / (2 * STEP), (far_up - far_down) / (4 * STEP)
    size = max(abs(near), 1.0)
    smooth = abs(near - far) <= 1e-5 * size and abs(up + down - 2 * here) / STEP <= 0.1 * size
    return (4 * near - far) / 3 if smooth else None


def judged(cells: dict[str, Content], seed: int) -> str:
    """Compare the gradient of Z1 along a random way."""
    random = np.random.default_rng(seed)
    inputs = random.uniform(0.3, 3.5, (8, 3)) if seed % 3 else random.normal(1, 2, (8, 3))
    cells = {**cells, **{cell_name(row, column): float(x) for (row, column), x in np.ndenumerate(inputs)}}
    way = random.normal(size=inputs.shape)
    expected = slope(cells, inputs, way)
    if expected is None:
        return "no slope"
    try:
        slopes = gradient(Workbook(workbook_of({"S": cells})), "S!Z1", [f"S!{INPUTS}"])[f"S!{INPUTS}"]
    except UsageError as refusal:
        if "does not depend" in str(refusal) and expected:
            return f"{cells['Z1']}: no dependence, but a slope of {expected}"
        return "refused"
    found = float((slopes * way).sum())
    noise = 1e-15 * abs(float(value(cells, inputs))) / STEP  # type: ignore[arg-type]
    if found == pytest.approx(expected, rel=1e-5, abs=1e-7 + noise):
        return "right" if expected else "flat"
    return f"{cells['K21']}: {found} is not {expected}"


def test_gradients_of_random_formulas() -> None:
    found: Counter[str] = Counter()
    for seed in range(150):
        formulas, random = Formulas(seed), Random(seed)
        cells = formulas.cells()
        for place, content in cells.items():
            if type(content) in (int, float) and abs(content) > 100:  # type: ignore[arg-type]
                cells[place] = random.uniform(1, 5)
        texts = formulas.fill(random.randint(1, 4))
        start, end = random.choice((("=", ""), ("{=", "}")))
        for row in range(DOWN):
            for column in range(ACROSS):
                cells[cell_name(20 + row, 10 + column)] = start + texts[row][column] + end
        cells["Z1"] = random.choice(("=K21+0", "=SUM(K21:L23)+K21*L23"))
        found[judged(cells, seed)] += 1
    assert set(found) <= {"right", "flat", "refused", "no slope"}
    assert found["right"] > 25


# What random formulas showed to be wrong: each is right now, or refused by name.
CELLS: dict[str, Content] = {f"D{row}": text for row, text in enumerate([1.5, "x", None, 8, 2.5, None, 3, 4], 1)}
FORMULAS = {
    "CEILING(A1*9,B1)+FLOOR(A2*9,B2)+MROUND(A3*9,B3)": "right",
    "CEILING(9,0.1)*A1": "right",
    "XLOOKUP(77,B4:B7,B3:B6,C1,0,1)*A1": "right",
    "XLOOKUP(77,B4:B7,B3:B6,10,0,1)*A1": "right",
    "SUMPRODUCT(EXPAND(A1:B2,3,3,C1)*C2:C4)": "right",
    "SUMPRODUCT(EXPAND(A1:B2,3,3,0)*C2:C4)": "right",
    "SUMPRODUCT(WRAPROWS(A1:A5,2,C1)*C2:C4)": "right",
    'FILTER(A1:A3,A1:A3>99,C1)*A1': "right",
    "LARGE(C1:D2,2)*A1": "right",
    "MEDIAN(A1:D3)*A1": "right",
    "OFFSET(A1,ROWS(A1:A2),1)*B1": "right",
    "SUM(OFFSET(A1,COUNT(D$1:D$8)-5,1,2,2))*C1": "right",
    'INDIRECT("A"&ROW()-20)*B1': "right",
    'SUM(INDIRECT("A"&ROW()-20&":B4"))*B1': "right",
    'MAX(A1&"3")+A2': "refused",
    'SUM(D1:D4,A1&"3",A2)': "refused",
}  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_gradients_that_were_wrong(formula: str) -> None:
    fills = {f"K{row}": "=" + moved(formula, row - 21) for row in range(21, 24)}
    assert judged({**CELLS, **fills, "Z1": "=SUM(K21:K23)+K21*K23"}, 4) == FORMULAS[formula]


def moved(formula: str, by: int) -> str:
    """Return a formula filled so far down."""
    import re

    return re.sub(r"\b([A-D])(\d)\b", lambda found: f"{found[1]}{int(found[2]) + by}", formula)
