"""The reference evaluator: order, cycles, iteration, spills, names, tables, data tables, and what it reports."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetgrad.engine.cycles import closed_path
from sheetgrad.engine.grid import Grid
from sheetgrad.engine.names import Names
from sheetgrad.engine.outcome import Outcome
from sheetgrad.engine.parser import parse
from sheetgrad.engine.reference import CellEvaluator
from sheetgrad.engine.references import Reference, implicit_cell, intersection, span, union
from sheetgrad.engine.trees import random_calls, walk
from sheetgrad.sheets.model import Area, Calculation, DataTable, DefinedName, FormulaKind, Table, Workbook
from sheetgrad.sheets.values import Error, Scalar, Values

from .formulas import Book, column, computed, context_of, workbook_of

# Order


def test_chain_in_either_direction() -> None:
    down = {"A1": 1.0, **{f"A{i}": f"=A{i - 1}+1" for i in range(2, 2001)}}
    up = {"A2000": 1.0, **{f"A{i}": f"=A{i + 1}+1" for i in range(1, 2000)}}
    assert computed(down)["A2000"] == 2000.0
    assert computed(up)["A1"] == 2000.0


@given(st.permutations(range(12)))
def test_order_of_cells_does_not_matter(order: list[int]) -> None:
    """A chain through cells in any order has the same values."""
    cells = {f"A{order[0] + 1}": 1.0}
    cells |= {f"A{new + 1}": f"=2*A{old + 1}" for old, new in pairwise(order)}
    assert computed(cells)[f"A{order[-1] + 1}"] == 2.0**11


def test_only_the_branch_that_is_taken_is_read() -> None:
    book = computed({"A1": "=IF(TRUE,1,A1)", "A2": "=IFERROR(3,A2)", "A3": "=CHOOSE(1,4,A3)"})
    assert (book["A1"], book["A2"], book["A3"]) == (1.0, 3.0, 4.0)
    assert book.outcome.cycles == []


def test_a_reference_that_is_not_read_makes_no_cycle() -> None:
    book = computed({"A1": "=ROW(A1)+ROWS(A1:A5)"})
    assert book["A1"] == 6.0
    assert book.outcome.cycles == []


# Cycles


def test_ring_is_a_closed_path_and_its_cells_are_zero() -> None:
    size = 500
    book = computed({f"A{i + 1}": f"=A{(i + 1) % size + 1}+1" for i in range(size)})
    assert book.outcome.cycles == [[(0, i, 0) for i in range(size)] + [(0, 0, 0)]]
    assert {row[0] for row in book[f"A1:A{size}"]} == {0.0}


def test_cells_after_a_cycle_compute_with_its_zeros() -> None:
    book = computed({"A1": "=B1", "B1": "=A1", "C1": "=A1+5", "D1": 7, "E1": "=D1*2"})
    assert (book["C1"], book["E1"]) == (5.0, 14.0)
    assert book.outcome.cycles == [[(0, 0, 0), (0, 0, 1), (0, 0, 0)]]


def test_two_rings_that_share_a_cell_are_one_cycle() -> None:
    book = computed({"A1": "=B1+C1", "B1": "=A1", "C1": "=A1"})
    assert len(book.outcome.cycles) == 1
    assert book["A1:C1"] == [[0.0, 0.0, 0.0]]


def test_self_reference_within_a_range() -> None:
    assert computed({"A3": "=SUM(A:A)"}).outcome.cycles == [[(0, 2, 0), (0, 2, 0)]]


def test_iteration_converges() -> None:
    settings = Calculation(iterate=True, rounds=100, tolerance=1e-9)
    book = computed({"A1": "=B1*0.5+1", "B1": "=A1*0.5+1"}, calculation=settings)
    assert book.outcome.cycles == []
    assert book["A1"] == pytest.approx(2.0, abs=1e-8)


def test_iteration_runs_its_rounds_from_the_stored_values() -> None:
    settings = Calculation(iterate=True, rounds=7, tolerance=0.001)
    assert computed({"A1": "=A1+1"}, calculation=settings)["A1"] == 7.0


def test_iteration_goes_in_sheet_order() -> None:
    """After one round B1 has seen A1's new value, A1 only B1's old one."""
    settings = Calculation(iterate=True, rounds=1)
    book = computed({"A1": "=B1+1", "B1": "=A1+10"}, calculation=settings)
    assert (book["A1"], book["B1"]) == (1.0, 11.0)


@pytest.mark.parametrize(
    ("edges", "start", "path"),
    [
        ({1: {1}}, 1, [1, 1]),
        ({1: {2}, 2: {3}, 3: {1, 2}}, 2, [2, 3, 2]),
        ({1: {2, 3}, 2: {4}, 3: {1}, 4: {1}}, 1, [1, 3, 1]),
    ],
)
def test_closed_path_is_shortest(edges: dict[int, set[int]], start: int, path: list[int]) -> None:
    assert closed_path(edges, start) == path


# Spills


def test_spill_is_read_by_the_hash() -> None:
    book = computed({"A1:A3": "~=_xlfn.SEQUENCE(3)", "C1": "=SUM(_xlfn.ANCHORARRAY(A1))", "D1": "=SUM(A1#)"})
    assert (book["C1"], book["D1"]) == (6.0, 6.0)
    assert book.outcome.spills == {(0, 0, 0): Area(0, 0, 0, 3, 1)}


def test_spill_that_is_blocked() -> None:
    book = computed({"A1": "~={1;2;3}", "A3": "x"})
    assert book["A1"] is Error.SPILL
    assert book["A2:A3"] == [[None], ["x"]]


def test_spill_grows_beyond_what_the_file_knew_and_is_seen_by_all() -> None:
    book = computed({"A1": "=SUM(B1:B9)", "B1:B2": "~=_xlfn.SEQUENCE(4)"})
    assert book["A1"] == 10.0
    assert book["B1:B5"] == [[1.0], [2.0], [3.0], [4.0], [None]]


def test_spill_shrinks_and_leaves_nothing_behind() -> None:
    book = computed({"B1:B4": "~=_xlfn.SEQUENCE(D1)", "D1": 2, "C1": "=COUNTA(B1:B9)"})
    assert book["B1:B4"] == [[1.0], [2.0], [None], [None]]
    assert book["C1"] == 2.0


def test_hash_on_a_cell_without_array() -> None:
    assert computed({"A1": 1, "B1": "=SUM(A1#)"})["B1"] is Error.REF


# Names and tables

NAMES = [
    DefinedName("rate", "S!$A$1"),
    DefinedName("rate", "T!$A$1", sheet=1),
    DefinedName("left", "S!A1"),  # relative: as seen from A1
    DefinedName("above", "INDEX(S!$A:$A,ROW()-1)"),
    DefinedName("twice", "LAMBDA(x,x*2)"),
    DefinedName("fact", "LAMBDA(n,IF(n<2,1,n*fact(n-1)))"),
    DefinedName("loop", "loop+1"),
    DefinedName("ping", "pong"),
    DefinedName("pong", "ping"),
    DefinedName("both", "S!$A$1:$A$2"),
    DefinedName("broken", "SUM(("),
]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=RATE*1", 5.0),
        ("=T!rate", 50.0),
        ("=twice(4)", 8.0),
        ("=fact(6)", 720.0),
        ("=SUM(both)", 11.0),
        ("=loop", Error.NAME),
        ("=ping", Error.NAME),
        ("=broken", Error.NAME),
        ("=nothing", Error.NAME),
        ("=nothing(1)", Error.NAME),
    ],
)
def test_defined_names(formula: str, expected: Scalar) -> None:
    found = computed({"A1": 5, "A2": 6, "D4": formula}, {"T": {"A1": 50}}, names=NAMES)
    assert found["D4"] == expected


def test_names_of_the_own_sheet_come_first_and_relative_names_move() -> None:
    book = computed({"A1": 5, "A2": 6, "B2": "=left", "B3": "=above"}, {"T": {"A1": 50, "B1": "=rate"}}, names=NAMES)
    # `left` says A1 as seen from A1: from B2 it is B2 itself, a cycle; `above` is column A of the row above.
    assert book["T!B1"] == 50.0
    assert book["B3"] == 6.0
    assert book.outcome.cycles == [[(0, 1, 1), (0, 1, 1)]]


TABLE = Table("Sales", Area(0, 0, 0, 5, 2), ("item", "net"), totals_rows=1)
SALES = {"A1": "item", "B1": "net", "A2": "a", "B2": 1, "A3": "b", "B3": 2, "A4": "c", "B4": 4, "A5": "all", "B5": 7}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=SUM(Sales[net])", 7.0),
        ("=SUM(Sales[#All])", 14.0),
        ("=COUNTA(Sales[#Headers])", 2.0),
        ("=SUM(Sales[[#Totals],[net]])", 7.0),
        ("=COUNTA(Sales[[#Headers],[#Data],[item]])", 4.0),
        ("=Sales[[#This Row],[net]]*10", 20.0),
        ("=Sales[@net]*10", 20.0),
        ("=SUM(Sales[[item]:[net]])", 7.0),
        ("=SUM(SALES)", 7.0),
        ("=SUM(Sales[gross])", Error.REF),
        ("=SUM(Nobody[net])", Error.REF),
    ],
)
def test_structured_references(formula: str, expected: Scalar) -> None:
    assert computed({**SALES, "D3": formula}, tables=[TABLE])["D3"] == expected


def test_a_table_row_from_another_sheet() -> None:
    book = computed(SALES, {"T": {"C3": "=Sales[@net]", "C9": "=Sales[@net]"}}, tables=[TABLE])
    assert book["T!C3"] == 2.0
    assert book["T!C9"] is Error.VALUE


def test_inside_the_table_its_name_may_be_left_out() -> None:
    names = Names(replace(workbook_of({"S": SALES}), tables=[TABLE]))
    formula = parse("[@net]")
    assert names.areas(formula.tree, 0, 2, 1) == (Area(0, 2, 1, 3, 2),)  # type: ignore[arg-type]


def test_three_dimensional_references_and_other_books() -> None:
    external = {("1", "Data"): Values(np.array([[1.0, 2.0], [3.0, 4.0]]))}
    cells = {"A1": 1, "B1": "=SUM(S:U!A1)", "B2": "=[1]Data!B2+1", "B3": "=SUM([1]Data!A1:B9)", "B4": "=[2]Data!A1"}
    book = computed(cells, {"T": {"A1": 20}, "U": {"A1": 300}}, external=external)
    assert (book["B1"], book["B2"], book["B3"], book["B4"]) == (321.0, 5.0, 10.0, Error.REF)
    assert book.outcome.external == {(0, 1, 1), (0, 2, 1), (0, 3, 1)}


# Shared formulas and data tables


def test_members_of_a_shared_formula_move_with_their_cells() -> None:
    workbook = workbook_of({"S": {**column([1, 2, 3]), "B1": "=A1*$A$1", "B2": "=1", "B3": "=1"}})
    formulas = workbook.sheets[0].formulas
    formulas.kind[1:] = FormulaKind.SHARED
    formulas.master[1:] = 0
    grid, outcome = Grid.of(workbook), Outcome()
    CellEvaluator(workbook, grid, context_of(workbook), outcome).compute([(0, 0, 1), (0, 1, 1), (0, 2, 1)])
    assert Book(workbook, grid, outcome)["B1:B3"] == [[1.0], [2.0], [3.0]]


def data_table(cells: dict[str, float | str], table: DataTable) -> Book:
    """Compute a workbook with a what-if table."""
    area = table.area
    corner = "B3"
    workbook = workbook_of({"S": {**cells, corner: "=0"}})
    sheet = workbook.sheets[0]
    at = [i for i in range(len(sheet.formulas)) if int(sheet.formulas.row[i]) == area.top]
    sheet.formulas.kind[at[0]] = FormulaKind.DATA_TABLE
    sheet.formulas.area[at[0]] = (area.top, area.left, area.bottom, area.right)
    sheet.data_tables = (table,)
    grid, outcome = Grid.of(workbook), Outcome()
    evaluator = CellEvaluator(workbook, grid, context_of(workbook), outcome)
    evaluator.compute(evaluator.formulas.keys())
    return Book(workbook, grid, outcome)


def test_one_way_data_table() -> None:
    """The formula in B2 for each input of column A put into D1."""
    cells: dict[str, float | str] = {"D1": 100.0, "D2": "=D1+1", "B2": "=D2*2", "A3": 1.0, "A4": 5.0}
    table = DataTable(Area(0, 2, 1, 4, 2), "D1", None, two_dimensional=False, row_input=False)
    book = data_table(cells, table)
    assert book["B3:B4"] == [[4.0], [12.0]]
    assert (book["B2"], book["D1"]) == (202.0, 100.0)


def test_two_way_data_table() -> None:
    """The formula in A2 for each input of row 2 put into D1 and of column A put into E1."""
    cells: dict[str, float | str] = {
        "D1": 0.0,
        "E1": 0.0,
        "A2": "=D1*10+E1",
        "B2": 1.0,
        "C2": 2.0,
        "A3": 3.0,
        "A4": 4.0,
    }
    table = DataTable(Area(0, 2, 1, 4, 3), "D1", "E1", two_dimensional=True, row_input=True)
    assert data_table(cells, table)["B3:C4"] == [[13.0, 23.0], [14.0, 24.0]]


# What is reported


def test_bad_cells_are_reported_and_the_rest_is_computed() -> None:
    book = computed({"A1": "=1+", "A2": "=FOO(1)+BAR()", "A3": "=FOO(2)", "A4": "=2*3", "A5": "=SIN()"})
    assert (book["A1"], book["A2"], book["A3"], book["A4"]) == (Error.NAME, Error.NAME, Error.NAME, 6.0)
    assert book["A5"] is Error.VALUE
    assert list(book.outcome.malformed) == [(0, 0, 0)]
    assert book.outcome.unsupported == {"BAR": [(0, 1, 0)], "FOO": [(0, 1, 0), (0, 2, 0)]}


def test_volatile_cells_are_reported_through_names_too() -> None:
    names = [DefinedName("now_plus", "NOW()+1")]
    book = computed({"A1": "=RAND()", "A2": "=now_plus", "A3": "=A1", "A4": "=1"}, names=names)
    assert book.outcome.volatile == {(0, 0, 0), (0, 1, 0)}


def test_random_draws_depend_on_cell_and_call_only() -> None:
    cells = {"A1": "=RAND()", "A2": "=IF(B1,RAND(),RAND())", "A3": "=RAND()-RAND()"}
    first = computed({**cells, "B1": True})
    second = computed({**cells, "B1": False, "C1": "=RAND()"})
    assert first["A1"] == second["A1"]
    assert first["A2"] != second["A2"]
    assert first["A3"] != 0.0
    assert first["A1"] != first["A2"]


def test_each_call_of_a_lambda_draws_anew() -> None:
    book = computed({"A1:A3": "~=MAP({1;2;3},LAMBDA(x,RAND()))"})
    assert len({row[0] for row in book["A1:A3"]}) == 3


def test_random_calls_come_in_the_order_of_the_tree() -> None:
    tree = parse("RAND()+SUM(RANDBETWEEN(1,RAND()),A1)").tree
    assert [call.name for call in random_calls(tree)] == ["RAND", "RANDBETWEEN", "RAND"]
    assert [type(node).__name__ for node in walk(tree)][:3] == ["Binary", "Call", "Call"]


# Bounds


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=SUM(_xlfn.SEQUENCE(1000000,1000000))", Error.NUM),
        ("=LET(f,LAMBDA(f,n,f(f,n+1)+f(f,n+1)),f(f,1))", Error.NUM),
        ("=ROWS(A:XFD)", 1048576.0),
        ("=SUMPRODUCT(T!A:XFD*1)", Error.NUM),
        ("=" + "-" * 200 + "1", 1.0),
        ("=" + "(" * 200 + "1" + ")" * 200, 1.0),
        ("=" + "+".join(["1"] * 4000), 4000.0),
    ],
)
def test_formula_bombs_are_bounded(formula: str, expected: Scalar) -> None:
    book = computed({"A1": formula}, {"T": {"XFD1048576": 1}})
    assert book["A1"] == expected


def test_an_array_formula_over_a_whole_sheet_is_its_own_cell() -> None:
    book = computed({"A1:XFD1048576": "{=1}", "B2": "=A1"})
    assert book["A1:B2"] == [[Error.NUM, None], [None, Error.NUM]]


def test_sum_over_a_whole_sheet_costs_what_is_filled() -> None:
    assert computed({"A1": "=SUM(T!A:XFD)"}, {"T": {"A1": 1, "XFD1048576": 2}})["A1"] == 3.0


# Subsets of cells, single formulas


def test_a_subset_reads_the_rest_of_the_grid_as_it_stands() -> None:
    workbook = workbook_of({"S": {"A1": "=1", "A2": "=A1+1", "A3": "=A2+1"}})
    grid = Grid.of(workbook)
    grid.write(Area(0, 0, 0, 1, 1), Values(np.array([[10.0]])))
    outcome = Outcome()
    CellEvaluator(workbook, grid, context_of(workbook), outcome).compute([(0, 2, 0), (0, 1, 0)])
    assert Book(workbook, grid, outcome)["A1:A3"] == [[10.0], [11.0], [12.0]]


def test_one_formula_at_any_place() -> None:
    workbook = workbook_of({"S": column([1, 2, 3])})
    evaluator = CellEvaluator(workbook, Grid.of(workbook), context_of(workbook), Outcome())
    tree = parse("A1*2+ROW()").tree
    found = evaluator.compute_formula(tree, [2, 0], FormulaKind.NORMAL, (0, 6, 6))
    assert found.rows(workbook.strings) == [[13.0]]


# References


def test_operators_on_references() -> None:
    a, b = Reference((Area(0, 0, 0, 2, 2),)), Reference((Area(0, 1, 1, 5, 5),))
    assert union(a, b).areas == (a.areas[0], b.areas[0])
    assert intersection(a, b) == Reference((Area(0, 1, 1, 2, 2),))
    assert span(a, b) == Reference((Area(0, 0, 0, 5, 5),))
    assert intersection(a, Reference((Area(1, 0, 0, 9, 9),))) is Error.NULL
    assert span(a, Reference((Area(1, 0, 0, 9, 9),))) is Error.VALUE


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (Area(0, 5, 5, 6, 6), Area(0, 5, 5, 6, 6)),  # a single cell is itself
        (Area(0, 0, 7, 9, 8), Area(0, 3, 7, 4, 8)),  # of a column the cell in the row
        (Area(0, 8, 0, 9, 9), Area(0, 8, 2, 9, 3)),  # of a row the cell in the column
        (Area(0, 5, 7, 9, 8), Error.VALUE),
        (Area(0, 0, 0, 9, 9), Error.VALUE),
    ],
)
def test_implicit_intersection(area: Area, expected: Area | Error) -> None:
    assert implicit_cell(Reference((area,)), 3, 2) == expected


def test_stored_values_of_other_cells_are_kept() -> None:
    workbook: Workbook = workbook_of({"S": {"A1": "text", "B1": True, "C1": Error.NA, "D1": "=A1"}})
    grid = Grid.of(workbook)
    CellEvaluator(workbook, grid, context_of(workbook), Outcome()).compute([(0, 0, 3)])
    assert grid.read(Area(0, 0, 0, 1, 4)).rows(workbook.strings) == [["text", True, Error.NA, "text"]]
