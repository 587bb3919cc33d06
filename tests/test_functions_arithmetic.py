"""Arithmetic, rounding, trigonometry and number systems against Excel's documentation and Python's own arithmetic."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetgrad.engine.functions.bases import ARABIC, ROMAN
from sheetgrad.engine.functions.rounding import ROUND, ROUNDDOWN, ROUNDUP
from tests.formula_tables import DIV0, NA, NUM, VALUE, Table, check, joined, name, table

ROUNDING = table(
    "Microsoft support, the rounding functions' pages",
    [
        ("ROUND(2.15,1)", 2.2),
        ("ROUND(2.149,1)", 2.1),
        ("ROUND(-1.475,2)", -1.48),
        ("ROUND(21.5,-1)", 20),
        ("ROUND(626.3,-3)", 1000),
        ("ROUND(1.98,-1)", 0),
        ("ROUND(-50.55,-2)", -100),
        ("ROUND(1.005,2)", 1.01),
        ("ROUND(2.675,2)", 2.68),
        ("ROUND(0.5,0)", 1),
        ("ROUND(-0.5,0)", -1),
        ("ROUND(5E+300,2)", 5e300),
        ("ROUND(123.456,400)", 123.456),
        ('ROUND("2.5",0)', 3),
        ("ROUNDUP(3.2,0)", 4),
        ("ROUNDUP(76.9,0)", 77),
        ("ROUNDUP(3.14159,3)", 3.142),
        ("ROUNDUP(-3.14159,1)", -3.2),
        ("ROUNDUP(31415.92654,-2)", 31500),
        ("ROUNDUP(4.1,1)", 4.1),
        ("ROUNDDOWN(3.2,0)", 3),
        ("ROUNDDOWN(3.14159,3)", 3.141),
        ("ROUNDDOWN(-3.14159,1)", -3.1),
        ("ROUNDDOWN(31415.92654,-2)", 31400),
        ("ROUNDDOWN(4.35,2)", 4.35),
        ("TRUNC(8.9)", 8),
        ("TRUNC(-8.9)", -8),
        ("TRUNC(0.45)", 0),
        ("TRUNC(1.2345,2)", 1.23),
        ("INT(8.9)", 8),
        ("INT(-8.9)", -9),
        ("CEILING(2.5,1)", 3),
        ("CEILING(-2.5,-2)", -4),
        ("CEILING(-2.5,2)", -2),
        ("CEILING(1.5,0.1)", 1.5),
        ("CEILING(0.234,0.01)", 0.24),
        ("CEILING(2.5,-2)", NUM),
        ("CEILING(2.5,0)", 0),
        ("FLOOR(3.7,2)", 2),
        ("FLOOR(-2.5,-2)", -2),
        ("FLOOR(2.5,-2)", NUM),
        ("FLOOR(1.58,0.1)", 1.5),
        ("FLOOR(0.234,0.01)", 0.23),
        ("FLOOR(1,0)", DIV0),
        ("CEILING.MATH(24.3,5)", 25),
        ("CEILING.MATH(6.7)", 7),
        ("CEILING.MATH(-8.1,2)", -8),
        ("CEILING.MATH(-5.5,2,-1)", -6),
        ("CEILING.PRECISE(4.3)", 5),
        ("CEILING.PRECISE(-4.3)", -4),
        ("CEILING.PRECISE(4.3,2)", 6),
        ("CEILING.PRECISE(4.3,-2)", 6),
        ("CEILING.PRECISE(-4.3,-2)", -4),
        ("ISO.CEILING(4.3,0)", 0),
        ("FLOOR.MATH(24.3,5)", 20),
        ("FLOOR.MATH(6.7)", 6),
        ("FLOOR.MATH(-8.1,2)", -10),
        ("FLOOR.MATH(-5.5,2,-1)", -4),
        ("FLOOR.PRECISE(-3.2,-1)", -4),
        ("FLOOR.PRECISE(3.2)", 3),
        ("MROUND(10,3)", 9),
        ("MROUND(-10,-3)", -9),
        ("MROUND(1.3,0.2)", 1.4),
        ("MROUND(5,-2)", NUM),
        ("MROUND(5,0)", 0),
        ("MROUND(TRUE,2)", VALUE),
        ("MROUND(,2)", NA),
        ("EVEN(1.5)", 2),
        ("EVEN(3)", 4),
        ("EVEN(2)", 2),
        ("EVEN(-1)", -2),
        ("ODD(1.5)", 3),
        ("ODD(3)", 3),
        ("ODD(2)", 3),
        ("ODD(-1)", -1),
        ("ODD(-2)", -3),
        ("ODD(0)", 1),
    ],
)

ARITHMETIC = table(
    "Microsoft support, the pages of the math functions",
    [
        ("ABS(-4)", 4),
        ("SIGN(-0.00001)", -1),
        ("MOD(3,2)", 1),
        ("MOD(-3,2)", 1),
        ("MOD(3,-2)", -1),
        ("MOD(-3,-2)", -1),
        ("MOD(3,0)", DIV0),
        ("MOD(1E+20,3)", NUM),
        ("QUOTIENT(-10,3)", -3),
        ("QUOTIENT(5,0)", DIV0),
        ("EXP(1)", math.e),
        ("EXP(710)", NUM),
        ("LN(86)", math.log(86)),
        ("LN(0)", NUM),
        ("LOG(10)", 1),
        ("LOG(8,2)", 3),
        ("LOG(86,2.7182818)", 4.4543473428883),
        ("LOG(5,1)", DIV0),
        ("LOG(5,-1)", NUM),
        ("LOG10(1E+5)", 5),
        ("SQRT(-16)", NUM),
        ("SQRT(ABS(-16))", 4),
        ("SQRTPI(1)", math.sqrt(math.pi)),
        ("SQRTPI(-1)", NUM),
        ("POWER(5,2)", 25),
        ("POWER(98.6,3.2)", 98.6**3.2),
        ("POWER(0,0)", NUM),
        ("POWER(0,-1)", DIV0),
        ("POWER(-8,1/3)", -2),
        ("POWER(-8,0.5)", NUM),
        ("POWER(1E+200,2)", NUM),
        ("PI()", math.pi),
        ("PRODUCT(d!A1:A3)", 2250),
        ("PRODUCT(d!A1:A3,2)", 4500),
        ("PRODUCT(d!C1:C3)", 0),
        ("GCD(5,2)", 1),
        ("GCD(24,36)", 12),
        ("GCD(5,0)", 5),
        ("GCD(-1,3)", NUM),
        ('GCD("8",12)', 4),
        ("GCD(TRUE,3)", VALUE),
        ("LCM(5,2)", 10),
        ("LCM(24,36)", 72),
        ("LCM(24,0)", 0),
        ("LCM(2^52,3)", NUM),
        ("FACT(5)", 120),
        ("FACT(1.9)", 1),
        ("FACT(0)", 1),
        ("FACT(-1)", NUM),
        ("FACT(171)", NUM),
        ("FACTDOUBLE(6)", 48),
        ("FACTDOUBLE(7)", 105),
        ("FACTDOUBLE(-1)", 1),
        ("FACTDOUBLE(-2)", NUM),
        ("COMBIN(8,2)", 28),
        ("COMBIN(2,8)", NUM),
        ("COMBINA(4,3)", 20),
        ("COMBINA(10,3)", 220),
        ("PERMUT(100,3)", 970200),
        ("PERMUT(3,2)", 6),
        ("PERMUTATIONA(3,2)", 9),
        ("PERMUTATIONA(2,2)", 4),
        ("MULTINOMIAL(2,3,4)", 1260),
        ("MULTINOMIAL(2,-3)", NUM),
        ("SERIESSUM(PI()/4,0,2,d!B1:B4)", 0.7071032148228457),
        ("SERIESSUM(0,0,1,d!B1:B4)", NUM),
        ('SERIESSUM(1,0,1,{1,"a"})', VALUE),
    ],
    {"A1": 5, "A2": 15, "A3": 30, "B1": 1, "B2": "=-1/FACT(2)", "B3": "=1/FACT(4)", "B4": "=-1/FACT(6)"},
)

TRIGONOMETRY = table(
    "Python's math module; errors from Microsoft support",
    [
        ("SIN(PI()/6)", 0.5),
        ("COS(RADIANS(60))", 0.5),
        ("TAN(0.785)", math.tan(0.785)),
        ("SIN(2^27)", NUM),
        ("SIN(2^27-1)", math.sin(2**27 - 1)),
        ("SEC(1)", 1 / math.cos(1)),
        ("CSC(1)", 1 / math.sin(1)),
        ("COT(30)", 1 / math.tan(30)),
        ("COT(0)", DIV0),
        ("CSC(0)", DIV0),
        ("ASIN(-0.5)", math.asin(-0.5)),
        ("ASIN(1.1)", NUM),
        ("ACOS(-0.5)", math.acos(-0.5)),
        ("ATAN(1)", math.pi / 4),
        ("ATAN2(1,1)", math.pi / 4),
        ("ATAN2(-1,-1)", -3 * math.pi / 4),
        ("ATAN2(0,0)", DIV0),
        ("ACOT(2)", math.atan(0.5)),
        ("ACOT(-2)", math.pi - math.atan(0.5)),
        ("SINH(1)", math.sinh(1)),
        ("COSH(4)", math.cosh(4)),
        ("COSH(1000)", NUM),
        ("TANH(-2)", math.tanh(-2)),
        ("SECH(1)", 1 / math.cosh(1)),
        ("CSCH(1.5)", 1 / math.sinh(1.5)),
        ("COTH(2)", 1 / math.tanh(2)),
        ("COTH(0)", DIV0),
        ("ASINH(-2.5)", math.asinh(-2.5)),
        ("ACOSH(10)", math.acosh(10)),
        ("ACOSH(0.5)", NUM),
        ("ATANH(0.76159416)", math.atanh(0.76159416)),
        ("ATANH(1)", NUM),
        ("ACOTH(6)", math.atanh(1 / 6)),
        ("ACOTH(1)", NUM),
        ("DEGREES(PI())", 180),
        ("RADIANS(270)", 1.5 * math.pi),
    ],
)

SYSTEMS = table(
    "Microsoft support, the pages of the conversion functions",
    [
        ("BASE(7,2)", "111"),
        ("BASE(100,16)", "64"),
        ("BASE(15,2,10)", "0000001111"),
        ("BASE(-1,2)", NUM),
        ("BASE(1,37)", NUM),
        ('DECIMAL("FF",16)', 255),
        ("DECIMAL(111,2)", 7),
        ('DECIMAL("zap",36)', 45745),
        ('DECIMAL("9",8)', NUM),
        ("BIN2DEC(1100100)", 100),
        ("BIN2DEC(1111111111)", -1),
        ("BIN2DEC(2)", NUM),
        ("BIN2HEX(11111011,4)", "00FB"),
        ("BIN2HEX(1111111111)", "FFFFFFFFFF"),
        ("BIN2OCT(1001,3)", "011"),
        ("BIN2OCT(1111111111)", "7777777777"),
        ("DEC2BIN(9,4)", "1001"),
        ("DEC2BIN(-100)", "1110011100"),
        ("DEC2BIN(512)", NUM),
        ("DEC2BIN(9,2)", NUM),
        ("DEC2BIN(TRUE)", VALUE),
        ("DEC2HEX(100,4)", "0064"),
        ("DEC2HEX(-54)", "FFFFFFFFCA"),
        ("DEC2OCT(58,3)", "072"),
        ("DEC2OCT(-100)", "7777777634"),
        ('HEX2BIN("F",8)', "00001111"),
        ('HEX2BIN("FFFFFFFFFF")', "1111111111"),
        ('HEX2DEC("A5")', 165),
        ('HEX2DEC("FFFFFFFF5B")', -165),
        ('HEX2DEC("3DA408B9")', 1034160313),
        ('HEX2OCT("3B4E")', "35516"),
        ("OCT2BIN(3,3)", "011"),
        ("OCT2BIN(7777777000)", "1000000000"),
        ("OCT2DEC(54)", 44),
        ("OCT2DEC(7777777533)", -165),
        ("OCT2HEX(100,4)", "0040"),
        ("OCT2HEX(7777777533)", "FFFFFFFF5B"),
        ("ROMAN(499,0)", "CDXCIX"),
        ("ROMAN(499,1)", "LDVLIV"),
        ("ROMAN(499,2)", "XDIX"),
        ("ROMAN(499,3)", "VDIV"),
        ("ROMAN(499,4)", "ID"),
        ("ROMAN(499,FALSE)", "ID"),
        ("ROMAN(0)", ""),
        ("ROMAN(4000)", VALUE),
        ('ARABIC("LVII")', 57),
        ('ARABIC("mcmxii")', 1912),
        ('ARABIC("-X")', -10),
        ('ARABIC("")', 0),
        ('ARABIC("ABC")', VALUE),
    ],
)

DRAWS = table(
    "bounds that hold for any draw; Microsoft support, RANDBETWEEN and RANDARRAY functions",
    [
        ("RANDBETWEEN(3,3)", 3),
        ("RANDBETWEEN(2.5,3.5)", 3),
        ("RANDBETWEEN(4,3)", NUM),
        ("AND(RAND()>=0,RAND()<1)", True),
        ("ROWS(RANDARRAY(3,2))*10+COLUMNS(RANDARRAY(3,2))", 32),
        ("AND(RANDARRAY(5,5,2,4)>=2,RANDARRAY(5,5,2,4)<4)", True),
        ("SUM(RANDARRAY(5,5,2,4,TRUE))=SUM(INT(RANDARRAY(5,5,2,4,TRUE)))", False),
        ("MAX(RANDARRAY(30,30,2,4,TRUE))", 4),
        ("MIN(RANDARRAY(30,30,2,4,TRUE))", 2),
        ("RANDARRAY(2,2,5,1)", VALUE),
        ("RANDARRAY(2,2,0,1.5,TRUE)", VALUE),
    ],
)

TABLES = (ROUNDING, ARITHMETIC, TRIGONOMETRY, SYSTEMS, DRAWS)


@pytest.mark.parametrize(("each", "index"), joined(*TABLES), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


# SIN(PI()) and its kin as Excel stores them: the x87 unit's pi has 66 bits.
@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("SIN(PI())", 1.22514845490862e-16),
        ("COS(PI()/2)", 6.1257422745431e-17),
        ("TAN(PI())", -1.22514845490862e-16),
    ],
)
def test_near_multiples_of_a_right_angle(formula: str, value: float) -> None:
    (found,) = table("", [(formula, value)]).results()
    assert found == pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("function", "rounding"),
    [(ROUND, ROUND_HALF_UP), (ROUNDUP, ROUND_UP), (ROUNDDOWN, ROUND_DOWN)],
    ids=["ROUND", "ROUNDUP", "ROUNDDOWN"],
)
@given(
    number=st.integers(-(10**9), 10**9),
    scale=st.integers(0, 6),
    digits=st.integers(-4, 8),
)
def test_rounding_is_decimal(function: object, rounding: str, number: int, scale: int, digits: int) -> None:
    """Round numbers of up to ten decimal digits, as typed, exactly as decimal arithmetic does."""
    assert callable(function)
    typed = Decimal(number).scaleb(-scale)
    wanted = float(typed.quantize(Decimal(1).scaleb(-digits), rounding=rounding))
    found = function(np.array([float(typed)]), np.array([float(digits)]))[0]
    assert found == pytest.approx(wanted, rel=1e-15, abs=0)


@pytest.mark.parametrize("form", range(5))
def test_roman_numerals_stand_for_their_numbers(form: int) -> None:
    """Read back every numeral; in the classic form each sign comes at most three times in a row."""
    for number in range(1, 4000):
        numeral = ROMAN(float(number), float(form))
        assert ARABIC(numeral) == number
        if form == 0:
            assert not any(sign * 4 in numeral for sign in "IXC")
