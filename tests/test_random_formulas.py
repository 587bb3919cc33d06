"""The array program and the reference evaluator agree on random formulas of all functions, filled, of every kind."""

from __future__ import annotations

import math
from random import Random

import pytest

from sheetgrad.engine.workbook import evaluator
from sheetgrad.sheets.addresses import cell_name, parse_cell
from sheetgrad.sheets.values import Scalar

from .formulas import Book, Contents, computed
from .random_formulas import ACROSS, APART, DOWN, Content, Formulas

FILLS = 12  # of one workbook, below one another
_TOP, _LEFT = 20, 10  # where they begin
_KINDS = ("=", "=", "=", "{=", "~=")


def workbook(seed: int) -> dict[str, Content]:
    """Return the cells of a workbook: a block of inputs, and fills of random formulas that read it."""
    formulas, random = Formulas(seed), Random(-seed - 1)
    cells, row = formulas.cells(), _TOP
    for _ in range(FILLS):
        kind, texts = random.choice(_KINDS), formulas.fill(random.randint(1, 4))
        apart = APART if kind == "~=" else 1
        for i in range(DOWN):
            for j in range(ACROSS):
                text = kind + texts[i][j] + ("}" if kind == "{=" else "")
                cells[cell_name(row + i * apart, _LEFT + j * apart)] = text
        row += (DOWN + 1) * apart
    return cells


def same(a: Scalar, b: Scalar) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-11, abs_tol=1e-11)
    return type(a) is type(b) and a == b


def spilled(book: Book, place: str) -> list[list[Scalar]]:
    area = book.outcome.spills.get((0, *parse_cell(place)))
    if area is None:
        return [[book[place]]]
    found: list[list[Scalar]] = book[f"{cell_name(area.top, area.left)}:{cell_name(area.bottom - 1, area.right - 1)}"]
    return found


@pytest.mark.parametrize("seed", range(16))
def test_both_evaluators_agree(seed: int) -> None:
    cells = workbook(seed)
    first, second = (computed(cells, evaluator=evaluator(backend)) for backend in ("reference", "numpy"))
    different = []
    for place, text in cells.items():
        a, b = spilled(first, place), spilled(second, place)
        alike = [len(row) for row in a] == [len(row) for row in b]
        if not alike or not all(same(x, y) for r, s in zip(a, b, strict=True) for x, y in zip(r, s, strict=True)):
            different.append(f"{place} {text}: {a} and {b}")
    assert not different


# Fills that once differed: what has other sizes in one cell of a fill than in another, or stands still along it.
CELLS: Contents = {
    "A1": 1, "A2": -1, "A3": 2, "A4": -3, "B1": 1, "B2": 2, "B3": 3, "B4": "y", "C1": "x", "C2": 5, "C4": 7, "D1": 2,
}  # fmt: skip
FORMULAS = [
    "SUM(FILTER($B$1:$C$4,$A$1:$A$4>A#))",
    "SUM(FILTER($B$1:$C$4,$A$1:$A$4>A#,9)+1)",
    "ARRAYTOTEXT(IFS(A#>0,$B$1:$B$3,TRUE,7))",
    'SUM(IF(A#>0,C1,"3"))',
    'SUM(IF(A#>0,C#,"3"),CHOOSE(1+(A#>0),C#,TRUE))',
    "COUNT(IFS(A#>0,C#,TRUE,B#))",
    "SUM(IF($A$1:$A$2>A#,$B$1:$C$3,5))",
    "SUM(IFERROR($A$1:$A$2/(A#>0),$B$1:$C$3))",
    "SUM(CHOOSE(1+(A#>0),$B$1:$B$3,5)*1)",
    "MMULT($A1:$B1,INDEX($A$1:$B$2,0,2))",
    "SUMPRODUCT(INDEX($A$1:$C$4,0,1+(A#>0)),$A$1:$A$4)",
    "SUM(INDEX($A$1:$C$4,0,0))+A#",
    "INDEX($A$1:$C$4,A#,B#)",
    "ARRAYTOTEXT(INDEX($A$1:$C$4,A#,0))",
    "SUM(INDEX($A$1:$C$4,2,$D$1-1+(A#<0)*0))",
    "SUM(INDEX($B$1:$C$4,1,B#-1))",
    "SORT($B$1:$B$4)",
    "SUM(SORTBY($A$1:$B$4,$A$1:$A$4,-1))",
    "ARRAYTOTEXT($A$1:$B$2,0)",
    "DROP($A$1:$C$3,1)",
    "EXPAND($B$1:$B$2,3,3,0)",
    "VSTACK($A$1:$A$2,$B$1:$B$3)",
    "UNIQUE(SORT($A$4))",
    "ARRAYTOTEXT(MMULT($A1:$B2,$A$1:$B$2),1)",
    'IF(MINVERSE($A$1:$B$2)>("x"<=$C#),$D$1:$D$3,A#)',
    "@ISNUMBER($B$3:$C$4)",
    "SUM(TAKE($B$1:$B$3,A#)+1)",
    "SUM(SEQUENCE(ABS(A#))+1)",
]


@pytest.mark.parametrize("kind", ["=", "{=", "~="])
@pytest.mark.parametrize("formula", FORMULAS)
def test_both_evaluators_agree_on_a_fill(formula: str, kind: str) -> None:
    close = "}" if kind == "{=" else ""
    fill = {f"Z{10 * i}": kind + formula.replace("#", str(i)) + close for i in range(1, 5)}
    first, second = (computed({**CELLS, **fill}, evaluator=evaluator(each)) for each in ("reference", "numpy"))
    assert [spilled(first, place) for place in fill] == [spilled(second, place) for place in fill]


# Outermost choices between arrays of different sizes, in areas that are smaller and larger than these.
CHOICES = [
    'IF($A#="",0,MMULT($A$1:$B$2,$C$2:$D$3))',
    'IF($A#="x",0,MMULT($A$1:$B$2,$C#:$D#))',
    "IF($A#>0,IF($B#>1,{1,2},9),{1;2})",
    "IF($A#>0,IFERROR({1,2}/($B#-1),5),$A$1:$B$1)",
    "CHOOSE(1+($A#>0),{1,2,3},{1;2},4)",
    "IFERROR(1/($A#-1),{1,2})",
    "IF({1,0}>$A#,{1,2,3},$B#)",
    "IF($A#>0,{1,2},NA())+1",
    'IF($C#+0>0,{1,2,3},"")',
]


@pytest.mark.parametrize("extent", [(1, 1), (1, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("formula", CHOICES)
def test_both_evaluators_agree_on_areas(formula: str, extent: tuple[int, int]) -> None:
    areas = [f"{cell_name(10 * i, 10)}:{cell_name(10 * i + extent[0] - 1, 9 + extent[1])}" for i in range(1, 5)]
    fill = {area: "{=" + formula.replace("#", str(i)) + "}" for i, area in enumerate(areas, 1)}
    first, second = (computed({**CELLS, **fill}, evaluator=evaluator(each)) for each in ("reference", "numpy"))
    assert [first[area] for area in areas] == [second[area] for area in areas]
