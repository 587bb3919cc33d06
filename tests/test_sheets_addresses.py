"""A1 text and zero-based places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import quote_sheetname

from sheetgrad.sheets.addresses import (
    Address,
    cell_name,
    column_index,
    column_name,
    parse_cell,
    parse_range,
    quote_sheet,
    split_sheet,
)
from sheetgrad.sheets.errors import BadReference, SheetgradError
from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS

RANGES = [
    ("A1", Address(None, 0, 0, 1, 1)),
    ("$B$2:$C$3", Address(None, 1, 1, 3, 3)),
    ("c3:B2", Address(None, 1, 1, 3, 3)),
    ("A3:C1", Address(None, 0, 0, 3, 3)),
    ("B:C", Address(None, 0, 1, MAX_ROWS, 3)),
    ("2:5", Address(None, 1, 0, 5, MAX_COLUMNS)),
    ("conv!AH3", Address("conv", 2, 33, 3, 34)),
    ("'a b'!A1:C3", Address("a b", 0, 0, 3, 3)),
    ("'it''s'!A1", Address("it's", 0, 0, 1, 1)),
    ("'a!b'!A1", Address("a!b", 0, 0, 1, 1)),
    ("conv!A1:conv!B2", Address("conv", 0, 0, 2, 2)),
    ("XFD1048576", Address(None, MAX_ROWS - 1, MAX_COLUMNS - 1, MAX_ROWS, MAX_COLUMNS)),
]
BAD = [
    "", "A", "1", "A0", "A1048577", "XFE1", "AAAA1", "A1:", ":A1", "A1:B", "A:2", "!A1", "'a!A1", "a b", "A1 B2",
    "A1:B2:C3",     "1A", "A-1", "é1", "A１",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RANGES)
def test_ranges_are_read(text: str, expected: Address) -> None:
    assert parse_range(text) == expected


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_range_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadReference) as refusal:
        parse_range(text)
    assert repr(text.strip()) in str(refusal.value) or repr(text) in str(refusal.value)
    assert refusal.value.exit_code == 2
    assert isinstance(refusal.value, SheetgradError)


@given(st.integers(0, MAX_COLUMNS - 1))
def test_columns_are_named_as_openpyxl_names_them(column: int) -> None:
    assert column_name(column) == get_column_letter(column + 1)
    assert column_index(column_name(column)) == column


@given(st.integers(0, MAX_ROWS - 1), st.integers(0, MAX_COLUMNS - 1))
def test_cells_survive_the_way_to_text_and_back(row: int, column: int) -> None:
    assert parse_cell(cell_name(row, column)) == (row, column)


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=31))
def test_quoted_sheet_names_are_found_again(name: str) -> None:
    if name.strip() == name and not name.startswith("'"):
        assert split_sheet(f"{quote_sheet(name)}!A1") == (name, "A1")
    assert split_sheet(f"{quote_sheetname(name)}!A1") == (name, "A1")


@pytest.mark.parametrize("name", ["A1", "R1C1", "rc", "R", "C", "c5", "TRUE", "1x", "a b", "x-y", "XFD9", "it's"])
def test_names_that_a_formula_would_misread_are_quoted(name: str) -> None:
    assert quote_sheet(name).startswith("'")


@pytest.mark.parametrize("name", ["conv", "Sheet1x", "_a", "a.b", "größe"])
def test_plain_names_stand_bare(name: str) -> None:
    assert quote_sheet(name) == name
