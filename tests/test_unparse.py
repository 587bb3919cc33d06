"""Trees back to text: parse∘unparse is the identity."""

from __future__ import annotations

import pytest
from hypothesis import assume, given

from sheetgrad.engine.parser import FormulaError, parse
from sheetgrad.engine.unparse import unparse
from tests.formula_texts import formulas

# Texts that are written exactly as they were read.
KEPT = [
    "-2^2",
    "2^-3",
    "-(2^2)",
    "(1+2)*3",
    "1-(2-3)",
    "1-2-3",
    "-(5%)",
    "-5%",
    "--1",
    "SUM((A1,B1),(A1,(B1,C1)))",
    "(A1,B1) C1",
    "A1:(B1:C2)",
    "(A):(B)",
    "(@A1):B1",
    "A1#:B2#",
    "IF(A1,,2)",
    "F(,)",
    "'It''s'!$A1:B$2",
    "'a b:c d'!A:C",
    "'[1]a b'!A1",
    "[1]S!1:$3",
    "[1]!name",
    "'A1'!B2",
    '{1,-2;"a""b",#N/A}',
    "T[[#Headers],[a]:[b]]",
    "T[[#All],[#Totals]]",
    "T[a'#b]",
    "T[]",
    "LAMBDA(x,x+1)(2)",
    "1E-300",
    "1.7976931348623157E+308",
    "0.1",
    "TRUE",
]


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    assert unparse(parse(text)) == text


# (read, written)
REWRITTEN = [
    (" sum( a1 ,1. )", "SUM(A1,1)"),
    ("((1))", "1"),
    ("A1,B1", "(A1,B1)"),
    ("[@a]", "[[#This Row],[a]]"),
    ("_xlfn.SINGLE(A1:A3)", "@A1:A3"),
    ("_xlfn.ANCHORARRAY(A1)", "A1#"),
    ("_xlpm.f(1)", "(f)(1)"),
    ("Sheet1!A1:Sheet1!B2", "Sheet1!A1:B2"),
    ("#REF!A1", "#REF!"),
]


@pytest.mark.parametrize(("text", "written"), REWRITTEN)
def test_rewritten(text: str, written: str) -> None:
    assert unparse(parse(text)) == written


def test_other_coordinates() -> None:
    assert unparse(parse("SUM($A1:B$2)+C:C"), [9, 0, 1, 3, 0, 4, 0, 5]) == "SUM($A10:D$2)+E:F"


def test_long_chains_do_not_recurse() -> None:
    text = "1" + "+1" * 4000
    assert unparse(parse(text)) == text


@given(formulas)
def test_parse_of_unparse_is_the_identity(text: str) -> None:
    try:
        formula = parse(text)
    except FormulaError:
        assume(False)
    assert parse(unparse(formula)) == formula
