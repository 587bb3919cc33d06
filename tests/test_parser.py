"""The grammar: what each form of formula is parsed to, and that nothing but `FormulaError` ever comes out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetgrad.engine.parser import MAX_NESTING, FormulaError, mask, parse
from sheetgrad.engine.syntax import (
    ArrayConstant,
    Binary,
    Call,
    Cell,
    ColumnSpan,
    ErrorLiteral,
    Invoke,
    Logical,
    Missing,
    Name,
    Node,
    Number,
    Prefix,
    Rectangle,
    RowSpan,
    Slot,
    Structured,
    Text,
    Unary,
)
from sheetgrad.sheets.errors import SheetgradError
from sheetgrad.sheets.values import Error
from tests.formula_texts import formulas

REF = ErrorLiteral(Error.REF)
ONE, TWO, THREE = Number(1.0), Number(2.0), Number(3.0)
A = Name("a")

# Source: "Calculation operators and precedence in Excel" (support.microsoft.com).
OPERATORS: list[tuple[str, Node]] = [
    ("-2^2", Binary("^", Unary("-", TWO), TWO)),
    ("2^3^2", Binary("^", Binary("^", TWO, THREE), TWO)),
    ("2^-3", Binary("^", TWO, Unary("-", THREE))),
    ("2^-3^2", Binary("^", Binary("^", TWO, Unary("-", THREE)), TWO)),
    ("1-2-3", Binary("-", Binary("-", ONE, TWO), THREE)),
    ("1-(2-3)", Binary("-", ONE, Binary("-", TWO, THREE))),
    ("1+2*3", Binary("+", ONE, Binary("*", TWO, THREE))),
    ("1&2+3", Binary("&", ONE, Binary("+", TWO, THREE))),
    ("1=2&3", Binary("=", ONE, Binary("&", TWO, THREE))),
    ("1<2=TRUE", Binary("=", Binary("<", ONE, TWO), Logical(True))),
    ("1<>2", Binary("<>", ONE, TWO)),
    ("-2%", Unary("%", Unary("-", TWO))),
    ("2%%", Unary("%", Unary("%", TWO))),
    ("2^3%", Binary("^", TWO, Unary("%", THREE))),
    ("--1", Unary("-", Unary("-", ONE))),
    ("+1", Unary("+", ONE)),
    (" 1\n+ 2 ", Binary("+", ONE, TWO)),
    ("((1))", ONE),
    ("=1", ONE),
]


@pytest.mark.parametrize(("text", "tree"), OPERATORS)
def test_operators(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


# Source: ECMA-376 part 1, §18.17.2.2 (constants).
CONSTANTS: list[tuple[str, Node]] = [
    ("1.", ONE),
    (".5", Number(0.5)),
    ("1E+5", Number(1e5)),
    ("1e-2", Number(0.01)),
    ('"a""b"', Text('a"b')),
    ('""', Text("")),
    ("true", Logical(True)),
    ("#N/A", ErrorLiteral(Error.NA)),
    ("#div/0!", ErrorLiteral(Error.DIV0)),
    ("#NAME?", ErrorLiteral(Error.NAME)),
    ("#GETTING_DATA", ErrorLiteral(Error.GETTING_DATA)),
    ("{1,-2;+3,TRUE}", ArrayConstant(((ONE, Number(-2.0)), (THREE, Logical(True))))),
    ('{ "a;b" , #REF! }', ArrayConstant(((Text("a;b"), REF),))),
]


@pytest.mark.parametrize(("text", "tree"), CONSTANTS)
def test_constants(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


# Sources: ECMA-376 part 1, §18.17.2.3 to .5 (references, names, functions); prefixes as Excel 365 writes them.
REFERENCES: list[tuple[str, Node]] = [
    ("a1", Cell(0)),
    ("A1:$B$2", Rectangle(0, 1)),
    ("A1 : B2", Rectangle(0, 1)),
    ("(A1):(B2)", Rectangle(0, 1)),
    ("A1:B2:C3", Binary(":", Rectangle(0, 1), Cell(2))),
    ("A:C", ColumnSpan(0, 1)),
    ("$1:3", RowSpan(0, 1)),
    ("A1 B1", Binary(" ", Cell(0), Cell(1))),
    ("A1:B2 C3", Binary(" ", Rectangle(0, 1), Cell(2))),
    ("(A1,B1)", Binary(",", Cell(0), Cell(1))),
    ("A1,B1", Binary(",", Cell(0), Cell(1))),
    ("SUM((A1,B1),a)", Call("SUM", (Binary(",", Cell(0), Cell(1)), A))),
    ("A1:INDEX(B1,2)", Binary(":", Cell(0), Call("INDEX", (Cell(1), TWO)))),
    ("INDEX(a,1):INDEX(a,2)", Binary(":", Call("INDEX", (A, ONE)), Call("INDEX", (A, TWO)))),
    ("OFFSET(A1,1,1):B2", Binary(":", Call("OFFSET", (Cell(0), ONE, ONE)), Cell(1))),
    ("-A1:B2", Unary("-", Rectangle(0, 1))),
    ("@A1:B2", Unary("@", Rectangle(0, 1))),
    ("-@A1%", Unary("%", Unary("-", Unary("@", Cell(0))))),
    ("A1#", Unary("#", Cell(0))),
    ("A1:B2#", Binary(":", Cell(0), Unary("#", Cell(1)))),
    ("Sheet1!A1", Cell(0, Prefix("Sheet1"))),
    ("Täble!A1", Cell(0, Prefix("Täble"))),
    ("'It''s'!A1", Cell(0, Prefix("It's"))),
    ("Sheet1:Sheet3!A1", Cell(0, Prefix("Sheet1", "Sheet3"))),
    ("'a b:c d'!A1:B2", Rectangle(0, 1, Prefix("a b", "c d"))),
    ("[1]Sheet1!A1", Cell(0, Prefix("Sheet1", None, "1"))),
    ("'[1]a b'!A:A", ColumnSpan(0, 1, Prefix("a b", None, "1"))),
    ("'C:\\x\\[b.xlsx]s'!A1", Cell(0, Prefix("s", None, "C:\\x\\b.xlsx"))),
    ("[1]!name", Name("name", Prefix("", None, "1"))),
    ("Sheet1!A1:Sheet1!B2", Rectangle(0, 1, Prefix("Sheet1"))),
    ("A1:Sheet1!B2", Binary(":", Cell(0), Cell(1, Prefix("Sheet1")))),
    ("Sheet1!name", Name("name", Prefix("Sheet1"))),
    ("a.b\\c?", Name("a.b\\c?")),
    ("XFE1", Name("XFE1")),
    ("TAX2023", Cell(0)),
    ("#REF!", REF),
    ("Sheet1!#REF!", REF),
    ("#REF!$A$1:B2", REF),
    ("#REF!name", REF),
    ("#REF!+A1", Binary("+", REF, Cell(0))),
    ("A1:#REF!", Binary(":", Cell(0), REF)),
]


@pytest.mark.parametrize(("text", "tree"), REFERENCES)
def test_references(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


CALLS: list[tuple[str, Node]] = [
    ("now()", Call("NOW", ())),
    ("IF(a,,2)", Call("IF", (A, Missing(), TWO))),
    ("F(,)", Call("F", (Missing(), Missing()))),
    ("F(1,)", Call("F", (ONE, Missing()))),
    ("TRUE()", Call("TRUE", ())),
    ("LOG10(1)+LOG10", Binary("+", Call("LOG10", (ONE,)), Cell(0))),
    ("A1(2)", Call("A1", (TWO,))),
    ("_xlfn.STDEV.S(1)", Call("STDEV.S", (ONE,))),
    ("_xlfn._xlws.SORT(a)", Call("SORT", (A,))),
    ("_xludf.MINE(1)", Call("MINE", (ONE,))),
    ("_xlfn.SINGLE(A1)", Unary("@", Cell(0))),
    ("_xlfn.ANCHORARRAY(A1)", Unary("#", Cell(0))),
    ("_xlfn.LET(_xlpm.a,1,_xlpm.a+1)", Call("LET", (A, ONE, Binary("+", A, ONE)))),
    ("_xlfn.LAMBDA(_xlpm.a,_xlpm.a)(2)", Invoke(Call("LAMBDA", (A, A)), (TWO,))),
    ("_xlpm.a(1)(2)", Invoke(Invoke(A, (ONE,)), (TWO,))),
    ("[1]!mine(1)", Call("[1]!MINE", (ONE,))),
]


@pytest.mark.parametrize(("text", "tree"), CALLS)
def test_calls(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


# Source: "Using structured references with Excel tables" (support.microsoft.com).
STRUCTURED: list[tuple[str, Node]] = [
    ("T[col]", Structured("T", "col")),
    ("T[]", Structured("T")),
    ("T[ a b ]", Structured("T", " a b ")),
    ("[@col]", Structured(None, "col", this_row=True)),
    ("T[@]", Structured("T", this_row=True)),
    ("T[@[a b]]", Structured("T", "a b", this_row=True)),
    ("T[@[a]:[b]]", Structured("T", "a", "b", this_row=True)),
    ("T[[#This Row],[a]]", Structured("T", "a", this_row=True)),
    ("T[#All]", Structured("T", items=frozenset({"all"}))),
    ("T[[#Headers],[a]:[b]]", Structured("T", "a", "b", frozenset({"headers"}))),
    ("T[ [#headers] , [#Data] , [a] ]", Structured("T", "a", None, frozenset({"headers", "data"}))),
    ("T[[a]:[b]]", Structured("T", "a", "b")),
    ("T['#a''b'[']]", Structured("T", "#a'b[]")),
    ("T[#REF!]", REF),
    ("#REF![a]", REF),
    ("[1]!T[a]", Name("T[a]", Prefix("", None, "1"))),
]


@pytest.mark.parametrize(("text", "tree"), STRUCTURED)
def test_structured_references(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


def test_slots_are_numbered_left_to_right() -> None:
    formula = parse("SUM($B3:C$4,D:$E)*Sheet2!$2:3+XFD1048576")
    assert formula.slots == (
        Slot(2, 1, False, True),
        Slot(3, 2, True, False),
        Slot(0, 3, True, False),
        Slot(0, 4, True, True),
        Slot(1, 0, True, True),
        Slot(2, 0, False, True),
        Slot(1048575, 16383, False, False),
    )


def test_mask_leaves_everything_but_coordinates() -> None:
    assert mask("IF($A$1>LOG10(1),\"A1\",'B2'!C3:d4)+T[E5]+F:F")[1] == ("IF(\0>LOG10(1),\"A1\",'B2'!\0:\0)+T[E5]+\1:\1")


# (text, what the message says, where)
MALFORMED: list[tuple[str, str, int]] = [
    ("", "the formula is empty", 0),
    ("1+", "ends where a value", 2),
    ("*1", "a value is missing before '*'", 0),
    ("SUM(1", "the parenthesis is not closed", 0),
    ("1)", "never opened", 1),
    ("()", "a value is missing", 1),
    ("SUM(-,1)", "the argument ends", 5),
    ("1 2", "joins references only", 2),
    ("A1:2", "joins references only", 2),
    ('1"a"', "an operator is missing", 1),
    ('"a', "the text is not closed", 0),
    ("'a", "the sheet's name is not closed", 0),
    ("T[a", "the bracket is not closed", 1),
    ("Sheet1!1", "a reference is missing", 7),
    ("Sheet1!", "ends where a value", 7),
    ("A1:A1048577", "A1048577 lies beyond the sheet", 2),
    ("$XFE$1", "lies beyond the sheet", 0),
    ("1048577:1048577", "lies beyond the sheet", 0),
    ("{1,2;3}", "differ in length", 0),
    ("{1,}", "does not belong in an array constant", 3),
    ("{A1}", "does not belong in an array constant", 1),
    ("{1", "the array constant is not closed", 0),
    ("T[[a],[b]]", "no span", 0),
    ("T[#Some]", "no part of a table", 0),
    ("1E999", "too large", 0),
    ("1#", "only a reference", 1),
    ("1;2", "does not belong here", 1),
]


@pytest.mark.parametrize(("text", "message", "position"), MALFORMED)
def test_malformed(text: str, message: str, position: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.position == position
    assert isinstance(caught.value, SheetgradError)


def test_plain_parentheses_may_be_as_deep_as_a_formula_is_long() -> None:
    assert parse("(" * 4000 + "1" + ")" * 4000).tree == ONE


def test_chains_may_be_as_long_as_a_formula() -> None:
    node = parse("1" + "+1" * 4000).tree
    for _ in range(4000):
        assert isinstance(node, Binary)
        node = node.left
    assert node == ONE


@pytest.mark.parametrize("text", ["-" * 8000 + "1", "F(" * 2000 + ")" * 2000, "1^(" * 2000 + "1" + ")" * 2000])
def test_deep_trees_are_refused(text: str) -> None:
    with pytest.raises(FormulaError, match=f"more than {MAX_NESTING} levels"):
        parse(text)


def test_nesting_that_excel_allows() -> None:
    parse("1+(2*IF(A1>1,1," * 64 + "1" + "))" * 64)


@pytest.mark.parametrize(
    "text",
    ["'" * 8000, '"' * 8001, "[" * 8000, "a[" * 4000, "[[a]" + "[a]" * 2000, "A1:" * 2700, "a:" * 4000, "1" * 8000],
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


@given(formulas, st.randoms(use_true_random=False))
def test_mutated_formulas_parse_or_raise_formula_error(text: str, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(text))
        text = text[:at] + chance.choice(["", *"A1$:!'\"[](){},;+-%@# .\\é0E\n"]) + text[at + chance.randint(0, 2) :]
    position = 0
    slots: tuple[Slot, ...] = ()
    try:
        slots = parse(text).slots
    except FormulaError as error:
        position = error.position
    assert 0 <= position <= len(text)
    assert all(slot.row >= 0 and slot.column >= 0 for slot in slots)
