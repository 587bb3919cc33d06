"""Bits, complex numbers, CONVERT and Bessel functions against Excel's documentation and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from tests.formula_tables import DIV0, NA, NUM, VALUE, Table, check, joined, name, table

BITS = table(
    "Microsoft support, the pages of BITAND, BITLSHIFT, DELTA and their kin",
    [
        ("BITAND(13,25)", 9),
        ("BITAND(-1,1)", NUM),
        ("BITAND(1.5,1)", NUM),
        ("BITAND(2^48,1)", NUM),
        ("BITOR(23,10)", 31),
        ("BITXOR(5,3)", 6),
        ("BITLSHIFT(4,2)", 16),
        ("BITLSHIFT(2^47,1)", NUM),
        ("BITLSHIFT(1,54)", NUM),
        ("BITRSHIFT(13,2)", 3),
        ("BITRSHIFT(13,-2)", 52),
        ("DELTA(5,4)", 0),
        ("DELTA(5,5)", 1),
        ("DELTA(0.5,0)", 0),
        ("DELTA(TRUE,1)", VALUE),
        ("GESTEP(5,4)", 1),
        ("GESTEP(-4,-5)", 1),
        ("GESTEP(-1)", 0),
    ],
)

COMPLEX = table(
    "Microsoft support, COMPLEX and the IM functions",
    [
        ("COMPLEX(3,4)", "3+4i"),
        ('COMPLEX(3,4,"j")', "3+4j"),
        ("COMPLEX(0,1)", "i"),
        ("COMPLEX(1,0)", "1"),
        ("COMPLEX(1,-1)", "1-i"),
        ('COMPLEX(1,2,"k")', VALUE),
        ('IMREAL("6-9i")', 6),
        ('IMAGINARY("0-j")', -1),
        ("IMAGINARY(4)", 0),
        ('IMREAL("6-9")', NUM),
        ("IMREAL(TRUE)", VALUE),
        ('IMABS("5+12i")', 13),
        ('IMARGUMENT("3+4i")', 0.927295218001612),
        ('IMARGUMENT("0")', DIV0),
        ('IMCONJUGATE("3+4i")', "3-4i"),
        ('IMSUM("3+4i","5-3i")', "8+i"),
        ('IMSUM("3+4i","5-3j")', VALUE),
        ('IMSUM({"1+i","2","3i"})', "3+4i"),
        ('IMSUB("13+4i","5+3i")', "8+i"),
        ('IMPRODUCT("3+4i","5-3i")', "27+11i"),
        ('IMPRODUCT("1+2i",30)', "30+60i"),
        ('IMDIV("-238+240i","10+24i")', "5+12i"),
        ('IMDIV("1","0")', NUM),
        ('IMPOWER("0",0)', NUM),
        ('IMREAL(IMPOWER("2+3i",3))', -46),
        ('IMREAL(IMSQRT("1+i"))', 1.09868411346781),
        ('IMAGINARY(IMEXP("1+i"))', 2.28735528717884),
        ('IMREAL(IMLN("3+4i"))', 1.6094379124341),
        ('IMREAL(IMLOG10("3+4i"))', 0.698970004336019),
        ('IMAGINARY(IMLOG2("3+4i"))', 1.33780421245098),
        ("IMLN(0)", NUM),
        ('IMREAL(IMSIN("4+3i"))', -7.61923172032141),
        ('IMAGINARY(IMCOS("1+i"))', -0.988897705762865),
        ('IMREAL(IMTAN("4+3i"))', 0.00490825806749606),
        ('IMREAL(IMSINH("4+3i"))', -27.0168132580039),
        ('IMAGINARY(IMCOSH("4+3i"))', 3.85115333481178),
        ('IMREAL(IMSEC("4+3i"))', -0.0652940278579471),
        ('IMAGINARY(IMSECH("4+3i"))', -0.00516434460775318),
        ('IMREAL(IMCSC("4+3i"))', -0.0754898329158637),
        ('IMAGINARY(IMCSCH("4+3i"))', -0.0051744731840194),
        ('IMREAL(IMCOT("4+3i"))', 0.00490118239430447),
        ("IMCSC(0)", NUM),
    ],
)

UNITS = table(
    "Microsoft support, CONVERT function; definitions of the units",
    [
        ('CONVERT(1,"lbm","kg")', 0.45359237),
        ('CONVERT(68,"F","C")', 20),
        ('CONVERT(2.5,"ft","sec")', NA),
        ('CONVERT(CONVERT(100,"ft","m"),"ft","m")', 9.290304),
        ('CONVERT(1,"mi","km")', 1.609344),
        ('CONVERT(1,"km2","m2")', 1e6),
        ('CONVERT(1,"m^3","l")', 1000),
        ('CONVERT(1,"kibyte","bit")', 8192),
        ('CONVERT(1,"kim","m")', NA),
        ('CONVERT(1,"Mft","m")', NA),
        ('CONVERT(0,"K","C")', -273.15),
        ('CONVERT(100,"C","Reau")', 80),
        ('CONVERT(1,"Wh","J")', 3600),
        ('CONVERT(1,"kn","km/hr")', 1.852),
        ('CONVERT(1,"gal","in3")', 231),
        ('CONVERT(1,"day","hr")', 24),
        ('CONVERT(1,"G","g")', NA),
        ('CONVERT(TRUE,"m","m")', VALUE),
    ],
)


@pytest.mark.parametrize(("each", "index"), joined(BITS, COMPLEX, UNITS), ids=name)
def test_formula(each: Table, index: int) -> None:
    check(each, index)


BESSEL = {"J": special.jv, "Y": special.yv, "I": special.iv, "K": special.kv}


@pytest.mark.parametrize("kind", BESSEL)
@pytest.mark.parametrize("order", [0, 1, 2, 5, 11])
def test_bessel_functions_to_the_digits_that_excel_has(kind: str, order: int) -> None:
    """Excel's approximations keep some seven digits of the true values, BESSELJ(x,1) beyond 8 five."""
    arguments = np.array([0.01, 0.5, 2, 3.7, 7.9, 8.1, 12, 30])
    formulas = [(f"BESSEL{kind}({x},{order})", 0.0) for x in arguments]
    found = np.array(table("", formulas).results(), dtype=np.float64)
    wanted = BESSEL[kind](order, arguments)
    amplitude = np.sqrt(2 / (np.pi * arguments)) if kind in "JY" else np.zeros(8)
    assert (np.abs(found - wanted) <= 4e-5 * np.maximum(np.abs(wanted), amplitude)).all()


BESSEL_CASES = table(
    "Microsoft support, BESSELI, BESSELJ, BESSELK, BESSELY functions: nine digits",
    [
        ("ROUND(BESSELI(1.5,1),9)", 0.981666428),
        ("ROUND(BESSELJ(1.9,2),9)", 0.329925829),
        ("ROUND(BESSELK(1.5,1),9)", 0.277387804),
        ("ROUND(BESSELY(2.5,1),9)", 0.145918138),
        ("BESSELJ(-1.9,1)+BESSELJ(1.9,1)", 0),
        ("BESSELI(0,3)", 0),
        ("BESSELY(0,1)", NUM),
        ("BESSELK(-1,1)", NUM),
        ("BESSELJ(1,-1)", NUM),
        ("BESSELJ(TRUE,1)", VALUE),
        ("BESSELI(1000,1)", NUM),
    ],
)


@pytest.mark.parametrize(("each", "index"), joined(BESSEL_CASES), ids=name)
def test_bessel_functions_as_printed(each: Table, index: int) -> None:
    check(each, index)
