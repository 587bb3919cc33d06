"""Matrices against Excel's documentation and numpy, one at a time and in stacks."""

from __future__ import annotations

import numpy as np
import pytest

from sheetgrad.engine.call import Argument, apply
from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.functions import find
from sheetgrad.sheets.values import Error, Strings, Values
from tests.formula_tables import CALC, DIV0, NUM, VALUE, Table, check, joined, name, table

MATRICES = table(
    "Microsoft support, MMULT, MINVERSE, MDETERM, MUNIT, TRANSPOSE, SEQUENCE functions",
    [
        ("ARRAYTOTEXT(MMULT({1,3;7,2},{2,0;0,2}),1)", "{2,6;14,4}"),
        ("ARRAYTOTEXT(MMULT({3,0;2,0},{2,0;0,2}),1)", "{6,0;4,0}"),
        ("MMULT({1,2},{3,4})", VALUE),
        ('MMULT({1,"a"},{3;4})', VALUE),
        ("MMULT(d!A1:B1,{3;4})", VALUE),
        ("MMULT({1,TRUE},{3;4})", VALUE),
        ("ARRAYTOTEXT(MINVERSE({4,-1;2,0}),1)", "{0,0.5;-1,2}"),
        ("MINVERSE({1,2;2,4})", NUM),
        ("MINVERSE({1,2,3;4,5,6})", VALUE),
        ("MDETERM({1,3,8,5;1,3,6,1;1,1,1,0;7,3,10,2})", 88),
        ("MDETERM({3,6,1;1,1,0;3,10,2})", 1),
        ("MDETERM({3,6;1,1})", -3),
        ("MDETERM({1,3,8,5;1,3,6,1})", VALUE),
        ("ARRAYTOTEXT(MUNIT(2),1)", "{1,0;0,1}"),
        ("MUNIT(0)", VALUE),
        ("MUNIT(1E+6)", NUM),
        ('ARRAYTOTEXT(TRANSPOSE({1,"b";TRUE,#N/A}),1)', '{1,TRUE;"b",#N/A}'),
        ("ARRAYTOTEXT(SEQUENCE(2,3),1)", "{1,2,3;4,5,6}"),
        ("ARRAYTOTEXT(SEQUENCE(3,,10,-5),1)", "{10;5;0}"),
        ("ARRAYTOTEXT(SEQUENCE(,2,,0.5),1)", "{1,1.5}"),
        ("SEQUENCE(0)", CALC),
        ("SEQUENCE(-1)", VALUE),
        ("SEQUENCE(1E+6,1E+4)", NUM),
        ("SUM(MMULT({1,2},d!C1:C2))", DIV0),
    ],
    {"A1": 1, "C1": 3, "C2": "=1/0"},
)


@pytest.mark.parametrize(("each", "index"), joined(MATRICES), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


def call(function: str, *matrices: np.ndarray) -> Values:
    declared = find(function)
    assert declared is not None
    origin = np.zeros((1, 1), dtype=np.int64)
    return apply(declared, [Argument(Values(m)) for m in matrices], Context(Strings(), Place(0, origin, origin)))


def test_stacks_of_matrices() -> None:
    """A lifted fill of products is one product of stacks; singular members fail alone."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(5, 2, 3, 4)), rng.normal(size=(2, 4, 6))
    assert np.allclose(call("MMULT", a, b).data, np.einsum("lmij,mjk->lmik", a, b), rtol=1e-13)
    squares = rng.normal(size=(4, 3, 3))
    squares[2] = 0
    inverses = call("MINVERSE", squares)
    assert np.allclose(inverses.data[0] @ squares[0], np.eye(3), atol=1e-12)
    assert (inverses.data[2] == Error.NUM.code).all()
    assert call("MDETERM", squares).data[2, 0, 0] == 0
    assert call("TRANSPOSE", a).shape == (5, 2, 4, 3)
