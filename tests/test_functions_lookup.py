"""Lookups and array functions against Excel's documentation and against plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine.collation import sort_key
from sheetgrad.engine.functions import search
from sheetgrad.engine.wildcards import wildcard
from sheetgrad.sheets.values import Scalar, Strings, Values
from tests.formula_tables import CALC, DIV0, NA, REF, VALUE, Table, check, joined, name, table

MATCHES = table(
    "Microsoft support, MATCH function",
    [
        ("MATCH(39,{25;38;40;41},1)", 2),
        ("MATCH(41,{25;38;40;41},0)", 4),
        ("MATCH(40,{25;38;40;41},-1)", NA),
        ("MATCH(2,{1;2;2;2;3},1)", 4),
        ("MATCH(0,{1;2;3},1)", NA),
        ("MATCH(2,{3;2;2;1},-1)", 2),
        ("MATCH(2.5,{4;3;2;1},-1)", 2),
        ('MATCH("b*",{"abc","Bob","bb"},0)', 2),
        ('MATCH("a~*",{"abc","a*"},0)', 2),
        ('MATCH("?b",{"abc","Bb"},0)', 2),
        ('MATCH("2",{1,2,3},0)', NA),
        ("MATCH(1,{TRUE,1},0)", 2),
        ("MATCH(TRUE,{1,TRUE},0)", 2),
        ("MATCH(5,{1,2;3,5},0)", NA),
        ('MATCH(9.99E+307,{1;"a";3;"b"},1)', 3),
        ("MATCH(1/0,{1,2},0)", DIV0),
        ("MATCH(d!A4,d!A1:A3,0)", NA),
        ("MATCH(0,d!A1:A6,0)", 6),
    ],
    {"A1": 1, "A3": "x", "A5": "", "A6": 0},
)

# Where the data is unsorted the halving search decides: worked out by hand, step by step.
UNSORTED = table(
    "halving by hand: middle 5 of 1…9, then upper or lower half",
    [
        ("MATCH(4,{1;9;2;8;3;7;4;6;5},1)", 7),
        ("MATCH(8,{1;9;2;8;3;7;4;6;5},1)", 9),
        ("MATCH(2,{5;1;3;2;4},1)", NA),
    ],
)

TABLES = table(
    "Microsoft support, VLOOKUP, HLOOKUP, LOOKUP functions",
    [
        ('VLOOKUP(2,{1,"a";2,"b";3,"c"},2,FALSE)', "b"),
        ('VLOOKUP(2.7,{1,"a";2,"b";3,"c"},2)', "b"),
        ('VLOOKUP(0,{1,"a";2,"b"},2)', NA),
        ('VLOOKUP(2,{1,"a";2,"b"},3,FALSE)', REF),
        ('VLOOKUP(2,{1,"a";2,"b"},0,FALSE)', VALUE),
        ('VLOOKUP("FONT*",{"Fontana",1;"Other",2},2,FALSE)', 1),
        ('HLOOKUP("Axles",{"Axles","Bearings";4,4;5,7},2,TRUE)', 4),
        ('HLOOKUP("B",{"Axles","Bearings";4,4;5,7},3,TRUE)', 5),
        ('HLOOKUP(3,{1,2,3;"a","b","c"},2,TRUE)', "c"),
        ('LOOKUP(4.19,{4.14;4.19;5.17},{"red";"orange";"yellow"})', "orange"),
        ('LOOKUP(7.66,{4.14;4.19;5.17},{"red";"orange";"yellow"})', "yellow"),
        ('LOOKUP(0,{4.14;4.19;5.17},{"red";"orange";"yellow"})', NA),
        ('LOOKUP("C",{"a","b","c","d";1,2,3,4})', 3),
        ('LOOKUP("bump",{"a",1;"b",2;"c",3})', 2),
        ("LOOKUP(2,1/{0,1,0,1,0},{10,20,30,40,50})", 40),
    ],
)

XLOOKUPS = table(
    "Microsoft support, XLOOKUP, XMATCH functions",
    [
        ('XLOOKUP("b",{"a";"b"},{1;2})', 2),
        ('XLOOKUP("z",{"a";"b"},{1;2},"none")', "none"),
        ('XLOOKUP("z",{"a";"b"},{1;2})', NA),
        ("XLOOKUP(46523,{9700;39475;84200},{0.1;0.22;0.24},0,1,1)", 0.24),
        ("XLOOKUP(46523,{9700;39475;84200},{0.1;0.22;0.24},0,-1)", 0.22),
        ('XLOOKUP("b*",{"abc";"bcd";"bx"},{1;2;3},,2)', 2),
        ('XLOOKUP("b*",{"abc";"bcd";"bx"},{1;2;3},,2,-1)', 3),
        ('XLOOKUP("b*",{"abc";"b*"},{1;2})', 2),
        ('XLOOKUP("^b.$",{"abc";"bcd";"bx"},{1;2;3},,3)', 3),
        ("XLOOKUP(2,{1;2;2},{10;20;30},,0,-1)", 30),
        ("XLOOKUP(2,{1;2;3},{1;2})", VALUE),
        ("XLOOKUP(2,{1;2;3},{1;2;3},,7)", VALUE),
        ("ARRAYTOTEXT(XLOOKUP(2,{1;2;3},{1,10;2,20;3,30}),1)", "{2,20}"),
        ("ARRAYTOTEXT(XLOOKUP(2,{1,2,3},{1,2,3;10,20,30}),1)", "{2;20}"),
        ("SUM(XLOOKUP({1;3},{1;2;3},{10;20;30}))", 40),
        ("ARRAYTOTEXT(XLOOKUP({1;3},{1;2;3},{10,1;20,2;30,3}),1)", "{10;30}"),
        ("XMATCH(4,{5;3;1},1)", 1),
        ("XMATCH(4,{5;3;1},-1)", 2),
        ("XMATCH(25,{10,20,30},1,2)", 3),
        ("XMATCH(25,{30,20,10},-1,-2)", 2),
        ("XMATCH(2,{1,2;3,4})", VALUE),
        ('XMATCH("x",{1,2},-1)', 2),
    ],
)

ADDRESSES = table(
    "Microsoft support, ADDRESS function",
    [
        ("ADDRESS(2,3)", "$C$2"),
        ("ADDRESS(2,3,2)", "C$2"),
        ("ADDRESS(2,3,2,FALSE)", "R2C[3]"),
        ('ADDRESS(2,3,1,FALSE,"[Book1]Sheet1")', "'[Book1]Sheet1'!R2C3"),
        ('ADDRESS(2,3,1,FALSE,"EXCEL SHEET")', "'EXCEL SHEET'!R2C3"),
        ("ADDRESS(1048576,16384,4)", "XFD1048576"),
        ("ADDRESS(0,3)", VALUE),
        ("ADDRESS(1,16385)", VALUE),
        ("ADDRESS(1,1,5)", VALUE),
    ],
)

ARRAYS = table(
    "Microsoft support, the dynamic array functions",
    [
        ("ARRAYTOTEXT(SORT({3;1;2}),1)", "{1;2;3}"),
        ("ARRAYTOTEXT(SORT({3,1,2},1,-1,TRUE),1)", "{3,2,1}"),
        ('ARRAYTOTEXT(SORT({"b",2;"a",1;"A",3}),1)', '{"a",1;"A",3;"b",2}'),
        ("ARRAYTOTEXT(SORT({2,1;1,2;2,0},{1,2},{1,-1}),1)", "{1,2;2,1;2,0}"),
        ('ARRAYTOTEXT(SORT({TRUE;"a";2;#N/A}),1)', '{2;"a";TRUE;#N/A}'),
        ("SORT({1;2},3)", VALUE),
        ("SORT({1;2},1,0)", VALUE),
        ("ARRAYTOTEXT(SORTBY({1;2;3},{3;1;2}),1)", "{2;3;1}"),
        ("ARRAYTOTEXT(SORTBY({1;2;3},{1;1;0},-1,{1;2;3},-1),1)", "{2;1;3}"),
        ("SORTBY({1;2;3},{1;2})", VALUE),
        ("ARRAYTOTEXT(FILTER({1;2;3},{TRUE;FALSE;TRUE}),1)", "{1;3}"),
        ("ARRAYTOTEXT(FILTER({1,2;3,4},{0,1}),1)", "{2;4}"),
        ('FILTER({1;2},{FALSE;FALSE},"none")', "none"),
        ("FILTER({1;2},{FALSE;FALSE})", CALC),
        ("FILTER({1;2},{TRUE;TRUE;TRUE})", VALUE),
        ('ARRAYTOTEXT(UNIQUE({"a";"A";"b";1;"1"}),1)', '{"a";"b";1;"1"}'),
        ("ARRAYTOTEXT(UNIQUE({1,2,1},TRUE),1)", "{1,2}"),
        ("ARRAYTOTEXT(UNIQUE({1;2;1},FALSE,TRUE),1)", "{2}"),
        ("ARRAYTOTEXT(TAKE({1,2,3;4,5,6},1,-2),1)", "{2,3}"),
        ("TAKE({1;2},0)", CALC),
        ("ARRAYTOTEXT(DROP({1;2;3},-1),1)", "{1;2}"),
        ("DROP({1;2},2)", CALC),
        ("ARRAYTOTEXT(CHOOSECOLS({1,2,3;4,5,6},-1,1),1)", "{3,1;6,4}"),
        ("ARRAYTOTEXT(CHOOSEROWS({1;2;3},{3,1}),1)", "{3;1}"),
        ("CHOOSEROWS({1;2},3)", VALUE),
        ("ARRAYTOTEXT(HSTACK({1;2},3),1)", "{1,3;2,#N/A}"),
        ("ARRAYTOTEXT(VSTACK({1,2},3),1)", "{1,2;3,#N/A}"),
        ("ARRAYTOTEXT(TOCOL({1,2;3,#N/A},2,TRUE),1)", "{1;3;2}"),
        ("ARRAYTOTEXT(TOROW({1,2;3,4}),1)", "{1,2,3,4}"),
        ("ARRAYTOTEXT(WRAPROWS({1,2,3},2),1)", "{1,2;3,#N/A}"),
        ("ARRAYTOTEXT(WRAPCOLS({1,2,3},2,0),1)", "{1,3;2,0}"),
        ("WRAPROWS({1,2;3,4},2)", VALUE),
        ("ARRAYTOTEXT(EXPAND({1,2},2,3,0),1)", "{1,2,0;0,0,0}"),
        ("EXPAND({1,2},1,1)", VALUE),
        ("ARRAYTOTEXT(TRIMRANGE(d!A1:C4),1)", "{1,;,2}"),
    ],
    {"B2": 1, "C3": 2},
)


@pytest.mark.parametrize(("cases", "index"), joined(MATCHES, UNSORTED, TABLES, XLOOKUPS, ADDRESSES, ARRAYS), ids=name)
def test_tables(cases: Table, index: int) -> None:
    check(cases, index)


SCALARS = st.one_of(
    st.integers(-3, 3).map(float), st.sampled_from(["a", "A", "b", "-1", ""]), st.booleans(), st.just(None)
)


def column(values: list[Scalar], strings: Strings) -> Values:
    found = Values.from_rows([values], strings)
    return Values(found.data[0], None if found.kind is None else found.kind[0])


def equal(a: Scalar, b: Scalar) -> bool:
    """Tell whether a lookup finds one value in another: same kind, texts case-folded."""
    if isinstance(a, str) and isinstance(b, str):
        return a.casefold() == b.casefold()
    return type(a) is type(b) and a == b


@settings(max_examples=60, deadline=None)
@given(st.lists(SCALARS, min_size=1, max_size=8), st.lists(SCALARS, min_size=1, max_size=8), st.booleans())
def test_equal_values_are_found_as_a_loop_finds_them(sought: list[Scalar], places: list[Scalar], last: bool) -> None:
    strings = Strings()
    keys = [search.equality_keys(column(values, strings), strings) for values in (sought, places)]
    order = range(len(places) - 1, -1, -1) if last else range(len(places))
    wanted = [next((i for i in order if equal(value, places[i])), -1) for value in sought]
    assert search.find_equal(keys[0], keys[1], last).tolist() == wanted


def rank(value: Scalar) -> tuple[int, Any]:
    """Return where a value sorts: numbers, texts, logicals."""
    if isinstance(value, str):
        return 2, sort_key(value)
    return (3, value) if isinstance(value, bool) else (1, value)


@settings(max_examples=60, deadline=None)
@given(st.lists(SCALARS, min_size=1, max_size=8), SCALARS.filter(lambda v: v is not None), st.booleans())
def test_nearest_values_are_found_as_a_loop_finds_them(places: list[Scalar], value: Scalar, larger: bool) -> None:
    strings = Strings()
    keys = search.order_keys(strings, column([value], strings), column(places, strings))
    fits = [
        (rank(held), i)
        for i, held in enumerate(places)
        if held is not None and (rank(held) >= rank(value) if larger else rank(held) <= rank(value))
    ]
    if fits:
        best = (min if larger else max)(key for key, _ in fits)
        wanted = next(i for key, i in fits if key == best)
    else:
        wanted = -1
    assert search.find_nearest(keys[0], keys[1], larger).tolist() == [wanted]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30).map(sorted), st.integers(-7, 7))
def test_sorted_data_is_searched_as_numpy_searches_it(places: list[int], value: int) -> None:
    strings = Strings()
    keys = search.order_keys(strings, column([float(value)], strings), column([float(p) for p in places], strings))
    assert search.find_ascending(*keys).tolist() == [int(np.searchsorted(places, value, side="right")) - 1]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a*", "Abc", True),
        ("*c", "abc", True),
        ("a*c", "abcb", False),
        ("a*b*", "axxbxx", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("~*", "*", True),
        ("~?x", "?x", True),
        ("*aab", "aaab", True),
        ("a*a", "a", False),
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert wildcard(pattern).matches(text) is fits


def test_hostile_wildcards_do_not_backtrack() -> None:
    assert not wildcard("*a" * 2_000 + "b").matches("a" * 30_000)
