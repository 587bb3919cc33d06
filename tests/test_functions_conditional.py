"""COUNTIF, SUMIFS and their kin: criteria against Excel's documentation, many criteria against testing each alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine.functions.criteria import Criteria, Criterion, criterion, meets
from sheetgrad.engine.functions.dominance import Dominance
from sheetgrad.engine.functions.grouping import Groups, Masks, Scans, Spans, Windows, group
from sheetgrad.sheets.values import Error, Scalar, Strings, Values
from tests.formula_tables import DIV0, NA, VALUE, Table, check, joined, name, table

# A: one of each kind of value. B: what goes with them.
KINDS = {
    "A1": 3, "A2": "apple", "A3": True, "A4": "3", "A5": '=""', "A6": "=1/0", "A8": "APPLE", "A9": "apple pie", "A10": "a*",
    "B1": 1, "B2": 2, "B3": 4, "B4": 8, "B5": 16, "B6": 32, "B7": 64, "B8": 128, "B9": 256, "B10": 512,
}  # fmt: skip

# Each sum of powers of two tells which cells were met.
CRITERIA = table(
    "Microsoft support, COUNTIF function and its notes on wildcards, blanks and numbers as text",
    [
        ("SUMIF(d!A1:A10,3,d!B1:B10)", 1 + 8),
        ('SUMIF(d!A1:A10,"3",d!B1:B10)', 1 + 8),
        ('SUMIF(d!A1:A10,"=3",d!B1:B10)', 1 + 8),
        ('SUMIF(d!A1:A10,">2",d!B1:B10)', 1),
        ('SUMIF(d!A1:A10,"<>3",d!B1:B10)', 1023 - 1),
        ('SUMIF(d!A1:A10,"apple",d!B1:B10)', 2 + 128),
        ('SUMIF(d!A1:A10,"<>apple",d!B1:B10)', 1023 - 2 - 128),
        ('SUMIF(d!A1:A10,"app*",d!B1:B10)', 2 + 128 + 256),
        ('SUMIF(d!A1:A10,"?pple",d!B1:B10)', 2 + 128),
        ('SUMIF(d!A1:A10,"a~*",d!B1:B10)', 512),
        ('SUMIF(d!A1:A10,"*",d!B1:B10)', 2 + 8 + 16 + 128 + 256 + 512),
        ("SUMIF(d!A1:A10,TRUE,d!B1:B10)", 4),
        ('SUMIF(d!A1:A10,"true",d!B1:B10)', 4),
        ('SUMIF(d!A1:A10,"",d!B1:B10)', 16 + 64),
        ('SUMIF(d!A1:A10,"=",d!B1:B10)', 64),
        ('SUMIF(d!A1:A10,"<>",d!B1:B10)', 1023 - 64),
        ('SUMIF(d!A1:A10,"#DIV/0!",d!B1:B10)', 32),
        ('SUMIF(d!A1:A10,">=apple",d!B1:B10)', 2 + 128 + 256),
        ("SUMIF(d!A1:A10,d!A7,d!B1:B10)", 0),
        ("COUNTIF(d!A1:A10,d!A2)", 2),
        ('COUNTIF(d!A1:A10,"<>")', 9),
        ('SUM(COUNTIF(d!A1:A10,{3,"apple"}))', 4),
    ],
    KINDS,
)

KIN = table(
    "Microsoft support, SUMIFS, AVERAGEIF, AVERAGEIFS, COUNTIFS, MAXIFS, MINIFS functions",
    [
        ('SUMIFS(d!A2:A9,d!B2:B9,"=A*",d!C2:C9,"Tom")', 20),
        ('SUMIFS(d!A2:A9,d!B2:B9,"<>Bananas",d!C2:C9,"Tom")', 30),
        ('SUMIFS(d!A2:A9,d!B2:B8,"=A*")', VALUE),
        ('COUNTIFS(d!B2:B9,"=A*",d!C2:C9,"Tom")', 2),
        ('COUNTIFS(d!A2:A9,">4",d!A2:A9,"<15")', 3),
        ('COUNTIFS(d!A2:A9,">4",d!B2:B8,"x")', VALUE),
        ('AVERAGEIF(d!A2:A9,">10")', (15 + 22 + 12 + 33) / 4),
        ('AVERAGEIF(d!B2:B9,"Bananas",d!A2:A9)', (22 + 12) / 2),
        ('AVERAGEIF(d!B2:B9,"Plums",d!A2:A9)', DIV0),
        ('AVERAGEIFS(d!A2:A9,d!B2:B9,"Artichokes",d!C2:C9,"Sarah")', 3),
        ('MAXIFS(d!A2:A9,d!C2:C9,"Tom")', 15),
        ('MAXIFS(d!A2:A9,d!C2:C9,"Nobody")', 0),
        ('MINIFS(d!A2:A9,d!C2:C9,"Sarah")', 3),
        ('SUMIF(d!C2:C9,"Tom",d!A2)', 5 + 15 + 12 + 10),
        ('SUMIF(d!A2:A9,">10")', 15 + 22 + 12 + 33),
        ('SUMIFS(d!D2:D9,d!C2:C9,"Tom")', NA),
        ('SUMIFS(d!D2:D9,d!C2:C9,"Sarah")', 7),
        ('MAXIFS(d!D2:D9,d!C2:C9,"Tom")', NA),
    ],
    {
        "A1": "Quantity Sold", "B1": "Product", "C1": "Salesperson", "D1": "Other",
        "A2": 5, "B2": "Apples", "C2": "Tom", "D2": "=NA()",
        "A3": 4, "B3": "Apples", "C3": "Sarah", "D3": 7,
        "A4": 15, "B4": "Artichokes", "C4": "Tom",
        "A5": 3, "B5": "Artichokes", "C5": "Sarah",
        "A6": 22, "B6": "Bananas", "C6": "Sarah",
        "A7": 12, "B7": "Bananas", "C7": "Tom", "D7": "text",
        "A8": 10, "B8": "Carrots", "C8": "Tom",
        "A9": 33, "B9": "Carrots", "C9": "Sarah",
    },
)  # fmt: skip

TABLES = (CRITERIA, KIN)


@pytest.mark.parametrize(("each", "index"), joined(*TABLES), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


CONTENTS: list[Scalar] = [None, 1.0, 2.0, 3.5, "a", "A", "ab", "2", "", True, False, Error.NA]
TESTS = [
    *CONTENTS,
    "=",
    "<>",
    "<>a",
    "a*",
    "ab*",
    "2*",
    "*b",
    "?",
    ">1",
    "<=2",
    ">=3",
    "<0",
    ">a",
    "<>2",
    "true",
    "=#N/A",
]


def by_hand(value: Scalar, test: Criterion, strings: Strings) -> bool:
    """Test one cell alone."""
    return bool(meets(Values.of(value, strings), test, strings)[0, 0])


@settings(deadline=None)
@given(
    cells=st.lists(st.tuples(st.sampled_from(CONTENTS), st.sampled_from(CONTENTS)), min_size=1, max_size=12),
    tests=st.lists(
        st.tuples(st.sampled_from(TESTS), st.sampled_from(TESTS), st.sampled_from(TESTS)), min_size=3, max_size=12
    ),
)
def test_groups_are_the_cells_that_meet_each_tuple(
    cells: list[tuple[Scalar, Scalar]], tests: list[tuple[Scalar, Scalar, Scalar]]
) -> None:
    """Sorted orders and intervals find the places that testing cell by cell finds; the first range is asked twice."""
    strings = Strings()
    first, second = ([row[i] for row in cells] for i in (0, 1))
    ranges = [Values.from_rows([[value] for value in column], strings) for column in (first, second, first)]
    read = [criteria([row[i] for row in tests], strings) for i in range(3)]
    x = np.arange(len(cells)) * 1.5 - 3
    start = np.arange(len(tests)) * 7 % 5 % len(cells)
    windows = np.minimum(start, len(cells) - start), len(cells) - start
    nothing = np.zeros(len(tests), dtype=np.int64)
    prefixes = nothing, len(cells) - start
    everything = nothing, nothing + len(cells)
    for found, (low, high) in (
        (group(ranges, read, strings, False), everything),
        (sorted_always(ranges, read, strings), everything),
        (group(ranges, read, strings, False, windows), windows),
        (sorted_always(ranges, read, strings, windows), windows),
        (sorted_always(ranges, read, strings, prefixes), prefixes),
    ):
        for m, row in enumerate(tests):
            a, b, c = (criterion(test) for test in row)
            met = [
                by_hand(first[i], a, strings) and by_hand(second[i], b, strings) and by_hand(first[i], c, strings)
                for i in range(len(cells))
            ]
            inside = np.arange(len(cells))
            chosen = x[np.array(met) & (inside >= low[m]) & (inside < high[m])]
            assert found.count()[m] == len(chosen)
            assert found.sum(x)[m] == pytest.approx(chosen.sum())
            assert found.least(x, 99.0)[m] == chosen.min(initial=99.0)


def criteria(scalars: list[Scalar], strings: Strings) -> Criteria:
    """Read criteria as the functions do."""
    column = Values.from_rows([[scalar] for scalar in scalars], strings)
    return Criteria.read(Values(column.data[:, 0], None if column.kind is None else column.kind[:, 0]), strings, False)


def sorted_always(
    ranges: list[Values], read: list[Criteria], strings: Strings, windows: Windows | None = None
) -> Groups:
    """Group by sorting however few the tests are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sheetgrad.engine.functions.grouping._FEW", -1)
        patch.setattr("sheetgrad.engine.functions.grouping._FEW_MASKS", -1)
        return group(ranges, read, strings, False, windows)


@pytest.mark.parametrize(
    ("tests", "kind"),
    [
        (["x{}"], Spans),
        ([">{}"], Spans),
        (["x{}", "<{}"], Spans),
        (["x{}*"], Spans),
        (["x{}", "x{}*"], Spans),
        (["x{}", "*{}"], Scans),
        (["*{}"], Scans),
    ],
)
def test_many_criteria_are_sorted_not_scanned(tests: list[str], kind: type) -> None:
    """Equalities, and inequalities on one range, never test every cell against every criterion."""
    strings = Strings()
    column = Values(np.arange(3000.0)[:, None])
    ranges = [column] * len(tests)
    read = [criteria([test.format(i) for i in range(3000)], strings) for test in tests]
    found = group(ranges, read, strings, False)
    (_, part), *others = found.parts  # type: ignore[attr-defined]
    assert isinstance(part, kind)
    assert not others


@pytest.mark.parametrize(
    ("tests", "kind"), [(["x{}"], Spans), ([">{}"], Dominance), (["x{}", "<{}"], Dominance), (["x{}", "*{}"], Masks)]
)
def test_many_criteria_through_windows_are_sorted(tests: list[str], kind: type) -> None:
    """A window for each criterion, as COUNTIF($A$1:A9,A9) has, does not make it test every cell."""
    strings = Strings()
    ranges = [Values(np.arange(3000.0)[:, None])] * len(tests)
    read = [criteria([test.format(i) for i in range(3000)], strings) for test in tests]
    found = group(ranges, read, strings, False, (np.zeros(3000, dtype=np.int64), np.arange(3000)))
    (_, part), *others = found.parts  # type: ignore[attr-defined]
    assert isinstance(part, kind)
    assert not others


def test_100_000_criteria_on_100_000_cells() -> None:
    """Count each value among all of them, as numbers and as texts."""
    strings = Strings()
    numbers = np.random.default_rng(1).integers(0, 40_000, 100_000).astype(np.float64)
    counts = np.bincount(numbers.astype(np.int64))[numbers.astype(np.int64)]
    found = group([Values(numbers[:, None])], [Criteria.read(Values(numbers), strings, False)], strings, False)
    assert (found.count() == counts).all()
    named = {value: f"key {value:.0f}" for value in np.unique(numbers).tolist()}
    texts = Values(
        strings.intern_all([named[value] for value in numbers.tolist()])[:, None], np.full((100_000, 1), 2, np.uint8)
    )
    found = group([texts], [criteria([f"=KEY {value:.0f}" for value in numbers.tolist()], strings)], strings, False)
    assert (found.count() == counts).all()


def test_sums_between_bounds_do_not_cancel() -> None:
    """A tiny sum beside huge ones keeps its digits."""
    strings = Strings()
    keys = np.arange(5000.0)
    x = np.where(keys == 2500, 1e-3, 1e9)
    read = [criteria([text.format(key + i) for key in keys], strings) for i, text in enumerate((">={:.0f}", "<{:.0f}"))]
    found = group([Values(keys[:, None])] * 2, read, strings, False)
    assert found.sum(x)[2500] == pytest.approx(1e-3, rel=1e-3)
    assert found.least(x, 0.0)[2500] == 1e-3
