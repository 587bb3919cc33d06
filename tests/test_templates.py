"""Templates of a sheet: the bulk path finds what parsing formula by formula finds."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetgrad.engine.parser import FormulaError, mask
from sheetgrad.engine.syntax import Formula
from sheetgrad.engine.templates import Template, templates
from sheetgrad.sheets.addresses import column_name
from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, FormulaKind, Formulas
from tests.formula_texts import formulas


def sheet(
    texts: Sequence[str], kinds: Sequence[int] | None = None, masters: Sequence[int] | None = None, width: int = 7
) -> Formulas:
    """Lay out formulas row by row."""
    count = len(texts)
    lengths = [len(text.encode()) for text in texts]
    row, column = np.divmod(np.arange(count, dtype=np.int32), width)
    return Formulas(
        row=row,
        column=column,
        kind=np.zeros(count, dtype=np.uint8) if kinds is None else np.array(kinds, dtype=np.uint8),
        area=np.stack([row, column, row + 1, column + 1], axis=1),
        master=np.full(count, -1, dtype=np.int32) if masters is None else np.array(masters, dtype=np.int32),
        text="".join(texts).encode(),
        bounds=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def naive(formulas: Formulas, member: int) -> tuple[str | None, list[int]]:
    """Return a formula's key and slots (None where it does not parse) from its own text alone."""
    try:
        formula, key = mask(formulas.source(member))
    except FormulaError:
        return None, []
    master = int(formulas.master[member])
    down = int(formulas.row[member] - formulas.row[master]) if master >= 0 else 0
    right = int(formulas.column[member] - formulas.column[master]) if master >= 0 else 0
    coordinates = []
    for slot in formula.slots:
        coordinates.append((slot.row + down * (not slot.row_absolute)) % MAX_ROWS)
        coordinates.append((slot.column + right * (not slot.column_absolute)) % MAX_COLUMNS)
    return key, coordinates


def assert_naive(formulas: Formulas, found: list[Template]) -> None:
    """Check templates against parsing every formula."""
    seen: list[int] = []
    of_key: dict[tuple[str, int], int] = {}
    for number, template in enumerate(found):
        members = template.members.tolist()
        assert members == sorted(members)
        seen += members
        np.testing.assert_array_equal(template.places[:, 0], formulas.row[template.members])
        np.testing.assert_array_equal(template.places[:, 1], formulas.column[template.members])
        for position, member in enumerate(members):
            key, coordinates = naive(formulas, member)
            assert (key is None) == isinstance(template.formula, FormulaError), formulas.source(member)
            assert template.slots[position].tolist() == coordinates, formulas.source(member)
            if key is not None:
                assert of_key.setdefault((key, template.kind), number) == number, formulas.source(member)
        if isinstance(template.formula, Formula):
            slots = [coordinate for slot in template.formula.slots for coordinate in (slot.row, slot.column)]
            assert slots == template.slots[0].tolist()
    assert sorted(seen) == list(range(len(formulas)))
    assert len(set(of_key.values())) == len(of_key)
    firsts = [int(template.members[0]) for template in found]
    assert firsts == sorted(firsts)


def test_a_fill_is_one_template() -> None:
    places = [(row, column) for row in range(120) for column in range(60)]
    texts = [
        f"MAX(0,SUM({column_name(c)}{r + 3}:{column_name(c + 2)}{r + 5}*$BI$11:$BK$13)+{r % 3})" for r, c in places
    ]
    found = templates(sheet(texts, width=60))
    assert [len(template.members) for template in found] == [2400, 2400, 2400]
    rows, columns = np.array([(r, c) for r, c in places if r % 3 == 0]).T
    expected = [rows + 2, columns, rows + 4, columns + 2, 0 * rows + 10, 0 * rows + 60, 0 * rows + 12, 0 * rows + 62]
    np.testing.assert_array_equal(found[0].slots, np.stack(expected, axis=1))


# Formulas of one shape (letters and digits in the same places) that must not be taken for one another.
LOOKALIKES = [
    ["SUM(A1)", "MAX(B2)", "SUM(C3)"] * 9,
    ["A1+1E5", "B2+2E5", "C3+2E6"] * 9,
    ['A1&"A1"', 'A1&"B1"', 'B1&"A1"'] * 9,
    ["'A1'!B1", "'A2'!B1", "'A2'!B2"] * 9,
    ["T[A1]+A1", "T[A2]+A1", "T[A1]+A3"] * 9,
    ["LOG10(A1)", "LOG11(A1)", "LOG10(A2)"] * 9,
    ["XFD1", "XFE1", "XFD2", "ZZZ9", "$XFD2", "$XFE2"] * 9,
    ["A0+A1", "A1+A0", "A2+A3"] * 9,
    ["A1048576", "A1048577", "B1000000", "A9999999"] * 9,
    ["#REF!A1", "#REF!B2", "#NUM!A1"] * 9,
    ["1A5", "1E5", "1E6"] * 9,
    ["A:A", "B:B", "A:XFD", "$A:B", "XFD:XFE"] * 9,
    ["1:1", "2:3", "0:1", "$1:2"] * 9,
    ["A1", "$A1", "A$1", "$A$1", "a1"] * 9,
    ["SUM(A1", "SUM(B1", "MAX(C1"] * 9,
    ["", "", "A1"] * 9,
    ["A1", "\0", "malformed", "\3"] * 9,
    ["A1+B2", "$A1+1", "A1:B2", "SIN(1", "(A1)*", "#REF!", "#N/A1", "#A1+1", "A1#+1", "A0+B2", "é1+1", "é+B1", "A.:.B"],
    [*["A1+B2"] * 9, "A10+B2", "A1+$B$200", "AA1+BB2", "ab1+x2", "A1-B2", "A1+(B2)", "A1+B2()", "A0001+B2", "A12+B2"],
]


@pytest.mark.parametrize("texts", LOOKALIKES, ids=lambda texts: repr(texts[0]))
def test_lookalikes(texts: list[str]) -> None:
    formulas = sheet(texts)
    assert_naive(formulas, [template.expanded() for template in templates(formulas)])


def test_kinds_are_apart_and_data_tables_left_out() -> None:
    kinds = [FormulaKind.NORMAL, FormulaKind.ARRAY, FormulaKind.DYNAMIC, FormulaKind.DATA_TABLE]
    found = templates(sheet(["A1", "A2", "A3", ""], kinds))
    assert [(template.kind, template.members.tolist()) for template in found] == [
        (FormulaKind.NORMAL, [0]),
        (FormulaKind.ARRAY, [1]),
        (FormulaKind.DYNAMIC, [2]),
    ]


def test_shared_members_take_their_masters_slots() -> None:
    texts = ["A1+$B$1+C:C", "", "", "B3+$B$1+C:C", ""]
    kinds = [FormulaKind.NORMAL, FormulaKind.SHARED, FormulaKind.SHARED, FormulaKind.NORMAL, FormulaKind.SHARED]
    found = templates(sheet(texts, kinds, [-1, 0, 0, -1, 3], width=2))
    assert len(found) == 1
    assert found[0].members.tolist() == [0, 1, 3, 4]
    assert [column.tolist() for column in (found[0].copies.of, found[0].copies.member, found[0].copies.row)] == [
        [0],
        [2],
        [1],
    ]
    found = [found[0].expanded()]
    assert found[0].members.tolist() == [0, 1, 2, 3, 4]
    assert found[0].slots.tolist() == [
        [0, 0, 0, 1, 0, 2, 0, 2],
        [0, 1, 0, 1, 0, 3, 0, 3],
        [1, 0, 0, 1, 0, 2, 0, 2],
        [2, 1, 0, 1, 0, 2, 0, 2],
        [3, 0, 0, 1, 0, 1, 0, 1],
    ]


def test_shared_members_that_leave_the_sheet_come_in_at_the_other_end() -> None:
    found = templates(sheet(["XFD1048576", ""], [0, 1], [-1, 0], width=1))
    assert found[0].slots.tolist() == [[1048575, 16383], [0, 16383]]


def test_malformed_shared_formulas_do_not_fail_the_sheet() -> None:
    found = templates(sheet(["A1", "", ""], [0, 1, 1], [-1, -1, 1]))
    assert [type(template.formula) for template in found] == [Formula, FormulaError]
    assert found[1].expanded().members.tolist() == [1, 2]


def test_no_formulas() -> None:
    assert templates(sheet([])) == []


def _vary(text: str, chance: random.Random) -> str:
    """Return a text of the same shape, with other digits and letters in places."""
    return "".join(
        chance.choice("123456789")
        if letter in "123456789" and chance.random() < 0.4
        else chance.choice("ABXF")
        if letter in "ABXF" and chance.random() < 0.2
        else letter
        for letter in text
    )


@given(st.lists(formulas, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_bulk_equals_naive(texts: list[str], chance: random.Random) -> None:
    varied = [_vary(text, chance) for text in texts for _ in range(chance.choice([1, 2, 9]))]
    chance.shuffle(varied)
    kinds: list[int] = []
    masters: list[int] = []
    written: list[str] = []
    for number, text in enumerate(varied):
        earlier = [at for at in range(number) if kinds[at] == FormulaKind.NORMAL]
        shared = bool(earlier) and chance.random() < 0.3
        kinds.append(FormulaKind.SHARED if shared else chance.choice([FormulaKind.NORMAL] * 4 + [FormulaKind.ARRAY]))
        masters.append(chance.choice(earlier) if shared else -1)
        written.append("" if shared else text)
    formulas = sheet(written, kinds, masters)
    assert_naive(formulas, [template.expanded() for template in templates(formulas)])
