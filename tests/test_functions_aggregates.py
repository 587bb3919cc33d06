"""Sums, means, order statistics and spread against Excel's documentation, and over loops against one sample at a time."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from sheetgrad.engine.call import Argument, apply
from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.functions import find
from sheetgrad.sheets.values import Kind, Strings, Values
from tests.formula_tables import DIV0, NA, NUM, VALUE, Table, check, joined, name, table

# A: numbers. B: one of each kind. C: empty.
MIXED = {"A1": 1, "A2": 2, "A3": 4, "B1": 3, "B2": "text", "B3": True, "B4": "5", "B5": '=""', "B6": "=1/0", "B8": -2}

SUMS = table(
    "Microsoft support, SUM, COUNT, AVERAGE, MAX functions: what counts in references and as direct arguments",
    [
        ("SUM(d!A1:A3)", 7),
        ("SUM(d!A1:A3,d!B1:B5,d!B8)", 8),
        ('SUM("5",15,TRUE)', 21),
        ('SUM("x")', VALUE),
        ("SUM(d!B1:B8)", DIV0),
        ("SUM(d!C1:C9)", 0),
        ('SUM({1,"2",TRUE})', 1),
        ("SUM(1E+308,1E+308)", NUM),
        ("SUMSQ(3,4)", 25),
        ("COUNT(d!B1:B8)", 2),
        ('COUNT("5",TRUE,"x",1/0,3)', 3),
        ("COUNTA(d!B1:B8)", 7),
        ("COUNTA(1,d!B7)", 1),
        ("COUNTBLANK(d!B1:B8)", 2),
        ("AVERAGE(d!A1:A3)", 7 / 3),
        ("AVERAGE(d!C1:C9)", DIV0),
        ("AVERAGE(d!B2:B5)", DIV0),
        ("AVERAGEA(d!B1:B5)", 0.8),
        ("AVERAGEA(d!C1:C2)", DIV0),
        ("MAX(d!B1:B5)", 3),
        ("MAX(d!C1:C9)", 0),
        ("MAX(-5,-2)", -2),
        ("MIN(d!B1:B5,d!B8)", -2),
        ("MIN(5,TRUE)", 1),
        ("MAXA(0,d!B3)", 1),
        ("MINA(d!A1:A3,d!B2)", 0),
        ("MAX(d!B6,1)", DIV0),
    ],
    MIXED,
)

PRODUCTS = table(
    "Microsoft support, SUMPRODUCT, SUMX2MY2, SUMX2PY2, SUMXMY2 functions",
    [
        ("SUMPRODUCT({3,4;8,6;1,9},{2,7;6,7;5,3})", 156),
        ("SUMPRODUCT(d!A1:A3,d!B1:B3)", 3),
        ("SUMPRODUCT({1,2},{1;2})", VALUE),
        ("SUMPRODUCT(d!A1:A3,d!B4:B6)", DIV0),
        ("SUMPRODUCT((d!A1:A3>1)*d!A1:A3)", 6),
        ("SUMPRODUCT(--(d!A1:A3>1),d!A1:A3)", 6),
        ("SUMX2MY2({2,3,9,1,8,7,5},{6,5,11,7,5,4,4})", -55),
        ("SUMX2PY2({2,3,9,1,8,7,5},{6,5,11,7,5,4,4})", 521),
        ("SUMXMY2({2,3,9,1,8,7,5},{6,5,11,7,5,4,4})", 79),
        ("SUMXMY2({1,2},{1,2,3})", NA),
        ('SUMXMY2({1,2},{4,"a"})', 9),
    ],
    MIXED,
)

ORDERS = table(
    "Microsoft support, the pages of LARGE, RANK, PERCENTILE, QUARTILE, PERCENTRANK, MEDIAN, MODE, FREQUENCY, TRIMMEAN",
    [
        ("LARGE({3,4;5,2;3,4;5,6;4,7},3)", 5),
        ("LARGE({3,4;5,2;3,4;5,6;4,7},7)", 4),
        ("LARGE({1,2},0)", NUM),
        ("LARGE({1,2},3)", NUM),
        ("SUM(LARGE({3,5,3,5,4},{1,2}))", 10),
        ("SMALL({3,4,5,2,3,4,6,4,7},4)", 4),
        ("SMALL({1,4,8,3,7,12,54,8,23},2)", 3),
        ("RANK(d!A2,d!A1:A5,1)", 3),
        ("RANK(7,d!A1:A5,1)", 5),
        ("RANK.EQ(3.5,d!A1:A5)", 2),
        ("RANK.AVG(3.5,d!A1:A5)", 2.5),
        ("RANK(8,d!A1:A5)", NA),
        ("PERCENTILE({1,2,3,4},0.3)", 1.9),
        ("PERCENTILE.INC({1,3,2,4},0.3)", 1.9),
        ("PERCENTILE({1,2},1.1)", NUM),
        ("PERCENTILE.EXC({1,2,3,6,6,6,7,8,9},0.25)", 2.5),
        ("PERCENTILE.EXC({1,2,3,6,6,6,7,8,9},0)", NUM),
        ("PERCENTILE.EXC({1,2,3,6,6,6,7,8,9},0.01)", NUM),
        ("QUARTILE({1,2,4,7,8,9,10,12},1)", 3.5),
        ("QUARTILE({1,2},5)", NUM),
        ("QUARTILE.EXC({6,7,15,36,39,40,41,42,43,47,49},1)", 15),
        ("QUARTILE.EXC({6,7,15,36,39,40,41,42,43,47,49},3)", 43),
        ("PERCENTRANK({13,12,11,8,4,3,2,1,1,1},2)", 0.333),
        ("PERCENTRANK.INC({13,12,11,8,4,3,2,1,1,1},8)", 0.666),
        ("PERCENTRANK({13,12,11,8,4,3,2,1,1,1},5)", 0.583),
        ("PERCENTRANK({1,2},3)", NA),
        ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},7)", 0.7),
        ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},5.43)", 0.381),
        ("PERCENTRANK.EXC({1,2,3,6,6,6,7,8,9},5.43,1)", 0.3),
        ("MEDIAN(1,2,3,4,5)", 3),
        ("MEDIAN(1,2,3,4,5,6)", 3.5),
        ('MEDIAN("x")', VALUE),
        ("MEDIAN(d!C1:C2)", NUM),
        ("MODE({5.6,4,4,3,2,4})", 4),
        ("MODE.SNGL({3,2,2,3})", 3),
        ("MODE({1,2,3})", NA),
        ("SUM(MODE.MULT({1,2,3,4,3,2,1,2,3,5,6,1}))", 6),
        ("SUM(FREQUENCY({79,85,78,85,50,81,95,88,97},{70,79,89})*{1;10;100;1000})", 2421),
        ("SUM(FREQUENCY({1,2,3},{3,1})*{1;10;100})", 12),
        ("TRIMMEAN({4,5,6,7,2,3,4,5,1,2,3},0.2)", 34 / 9),
        ("TRIMMEAN({1,2},1)", NUM),
    ],
    {"A1": 7, "A2": 3.5, "A3": 3.5, "A4": 1, "A5": 2},
)

STRENGTHS = "1345,1301,1368,1322,1310,1370,1318,1350,1303,1299"
SPREADS = table(
    "Microsoft support, the pages of STDEV, VAR, DEVSQ, AVEDEV, SKEW, KURT, GEOMEAN, HARMEAN",
    [
        (f"STDEV({STRENGTHS})", 27.4639157198435),
        (f"STDEV.S({STRENGTHS})", 27.4639157198435),
        (f"STDEV.P({STRENGTHS})", 26.0545581424825),
        (f"STDEVA({STRENGTHS})", 27.4639157198435),
        (f"STDEVPA({STRENGTHS})", 26.0545581424825),
        (f"VAR({STRENGTHS})", 754.266666666667),
        (f"VARP({STRENGTHS})", 678.84),
        ("VAR(1)", DIV0),
        ("VARP(1)", 0),
        ("VARA(1,TRUE)", 0),
        ("DEVSQ(4,5,8,7,11,4,3)", 48),
        ("AVEDEV(4,5,6,7,5,4,3)", 1.02040816326531),
        ("SKEW(3,4,5,2,3,4,5,6,4,7)", 0.359543071406797),
        ("SKEW(1,2)", DIV0),
        ("SKEW(2,2,2)", DIV0),
        ("SKEW.P(3,4,5,2,3,4,5,6,4,7)", 0.303193339354144),
        ("KURT(3,4,5,2,3,4,5,6,4,7)", -0.151799637208416),
        ("KURT(1,2,3)", DIV0),
        ("GEOMEAN(4,5,8,7,11,4,3)", 5.47698696965696),
        ("GEOMEAN(1,0)", NUM),
        ("HARMEAN(4,5,8,7,11,4,3)", 5.02837596206029),
        ("HARMEAN(1,-1)", NUM),
    ],
)

TABLES = (SUMS, PRODUCTS, ORDERS, SPREADS)


@pytest.mark.parametrize(("each", "index"), joined(*TABLES), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


SAMPLES = ["SUM", "SUMSQ", "COUNT", "COUNTA", "COUNTBLANK", "AVERAGE", "AVERAGEA", "MAX", "MIN", "MAXA", "MINA", "MEDIAN", "PRODUCT", "STDEV", "VARP", "DEVSQ", "AVEDEV", "SKEW", "KURT", "GEOMEAN", "HARMEAN", "GCD", "LCM", "MULTINOMIAL", "SUMPRODUCT", "MODE"]
WITH_A_NUMBER = ["LARGE", "SMALL", "PERCENTILE", "PERCENTILE.EXC", "QUARTILE", "PERCENTRANK", "PERCENTRANK.EXC", "TRIMMEAN"]


def context() -> Context:
    origin = np.zeros((1, 1), dtype=np.int64)
    return Context(Strings(), Place(0, origin, origin))


def windows(seed: int) -> Values:
    """Return (3, 2, 4, 5) windows of small whole numbers and empty cells."""
    rng = np.random.default_rng(seed)
    kind = rng.choice([Kind.EMPTY, Kind.NUMBER, Kind.NUMBER], (3, 2, 4, 5)).astype(np.uint8)
    return Values(np.where(kind == Kind.NUMBER, rng.integers(1, 9, kind.shape), 0).astype(np.float64), kind)


@pytest.mark.parametrize("function", [*SAMPLES, *WITH_A_NUMBER, "RANK", "RANK.AVG"])
def test_over_loops_as_one_by_one(function: str) -> None:
    """The windows of a fill, taken at once, give what each gives alone."""
    declared, world, samples = find(function), context(), windows(1)
    assert declared is not None
    numbers = Values(
        np.random.default_rng(2).integers(1, 5, (3, 2, 1, 1)) / (10.0 if "PERCENTILE" in function else 1.0)
    )

    def given(sample: Values, number: Values) -> list[Argument]:
        if function.startswith("RANK"):
            return [Argument(number, True), Argument(sample, True)]
        return [Argument(sample, True)] + ([Argument(number, True)] if function in WITH_A_NUMBER else [])

    together = apply(declared, given(samples, numbers), world)
    for at in np.ndindex(3, 2):
        alone = apply(declared, given(Values(samples.data[at], samples.kinds[at]), Values(numbers.data[at])), world)
        assert together.scalar(world.strings, (*at, 0, 0)) == alone.scalar(world.strings)


def test_ranks_in_a_fixed_range_need_one_sort() -> None:
    """100,000 ranks in one range of 100,000 numbers: the range repeats along the loop with stride 0."""
    declared = find("RANK")
    assert declared is not None
    numbers = np.random.default_rng(3).permutation(100_000).astype(np.float64)
    fixed = Values(np.broadcast_to(numbers[:, None], (100_000, 100_000, 1)))
    found = apply(declared, [Argument(Values(numbers[:, None, None]), True), Argument(fixed, True)], context())
    assert (found.data.ravel() == 100_000 - numbers).all()


def test_spread_of_random_samples() -> None:
    """Compare with Python's statistics module."""
    x = np.random.default_rng(4).normal(50, 3, 40)
    formulas = [(f"{function}(d!A1:A40)", 0.0) for function in ("STDEV.S", "VAR.P", "MEDIAN", "GEOMEAN", "HARMEAN")]
    found = table("", formulas, {f"A{i + 1}": float(value) for i, value in enumerate(x)}).results()
    sample = x.tolist()
    wanted = [
        statistics.stdev(sample),
        statistics.pvariance(sample),
        statistics.median(sample),
        statistics.geometric_mean(sample),
        statistics.harmonic_mean(sample),
    ]
    assert found == pytest.approx(wanted, rel=1e-12)
