"""Regions: every formula is in exactly one, and fills of all shapes are found whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine.regions import Region, find_regions
from sheetgrad.engine.syntax import Formula, Missing
from sheetgrad.sheets.model import FormulaKind

FORMULA = Formula(Missing(), ())


def regions_of(positions: list[tuple[int, ...]]) -> list[Region]:
    """Find regions among positions (row, column, slots …), given row-major."""
    table = np.array(sorted(positions))
    extents = np.ones((len(table), 2), dtype=int)
    return find_regions(0, FORMULA, FormulaKind.NORMAL, table[:, :2], table[:, 2:], extents)


def block(
    top: int, left: int, height: int, width: int, row_step: int = 1, column_step: int = 1
) -> list[tuple[int, int]]:
    return [(top + i * row_step, left + j * column_step) for i in range(height) for j in range(width)]


FILLS = {
    "a sliding window": [(r, c, r - 1, c - 5, r + 1, c - 3) for r, c in block(3, 10, 6, 7)],
    "a broadcast": [(r, c, 0, 0) for r, c in block(3, 10, 6, 7)],
    "a pooling lattice": [(r, c, r, c - 9, r + 1, c - 8) for r, c in block(4, 20, 4, 5, 2, 2)],
    "compact pooling": [(r, c, 2 * r, 2 * c, 2 * r + 1, 2 * c + 1) for r, c in block(4, 40, 4, 5)],
    "a transposed copy": [(r, c, c, r) for r, c in block(30, 2, 5, 4)],
    "im2col": [(r, c, r // 7 + c // 3, r % 7 + c % 3) for r, c in block(0, 0, 35, 9)],
    "two channels below one another": [
        (r + 30 * k, c, r + 20 * k, c - 8) for k in range(2) for r, c in block(2, 12, 5, 5)
    ],
    "an epoch a block": [(r, c + 12 * e, r, c + 12 * e - 12, 0, 0) for e in range(9) for r, c in block(2, 15, 4, 5)],
    "one column": [(r, 4, r - 1, 4, r, 3) for r in range(1, 50)],
    "one cell": [(5, 5, 1, 1)],
}


@pytest.mark.parametrize("name", FILLS)
def test_a_fill_is_one_region(name: str) -> None:
    positions = FILLS[name]
    (region,) = regions_of(positions)
    assert sorted(map(tuple, region.positions().tolist())) == sorted(positions)


def test_a_hole_splits_a_fill_into_few_regions() -> None:
    positions = [(r, c, r, c - 10) for r, c in block(0, 20, 10, 10) if (r, c) != (4, 25)]
    assert len(regions_of(positions)) <= 4


def test_fills_side_by_side_with_other_references_stay_apart() -> None:
    left = [(r, c, r, c - 10) for r, c in block(0, 20, 6, 4)]
    right = [(r, c, 9 - r, c + 50) for r, c in block(0, 24, 6, 3)]
    assert sorted(region.size for region in regions_of(left + right)) == [18, 24]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_formula_is_in_exactly_one_region(data: st.DataObject) -> None:
    cells = data.draw(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1))
    positions = [
        (row, column, *data.draw(st.sampled_from([(row, column), (0, 0), (2 * row, column), (3, column + 1)])))
        for row, column in sorted(cells)
    ]
    found = [tuple(position) for region in regions_of(positions) for position in region.positions().tolist()]
    assert sorted(found) == sorted(positions)


def test_extents_are_kept_apart() -> None:
    table = np.array([(0, 0, 9, 9), (0, 4, 9, 13), (0, 8, 9, 17)])
    extents = np.array([(2, 3), (2, 3), (2, 2)])
    regions = find_regions(0, FORMULA, FormulaKind.ARRAY, table[:, :2], table[:, 2:], extents)
    assert sorted((region.extent, region.size) for region in regions) == [((2, 2), 1), ((2, 3), 2)]


def test_references_without_a_pattern_are_kept_in_tables() -> None:
    positions = [(r, c, (r * r * 7) % 97, c - 5) for r, c in block(0, 10, 100, 2)]
    (region,) = regions_of(positions)
    assert set(region.tables) == {2}
    assert sorted(map(tuple, region.positions().tolist())) == sorted(positions)
