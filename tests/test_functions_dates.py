"""Dates, information and database functions against Excel's documentation and against Python's calendar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine.serials import LAST_SERIAL, from_serial, to_serial
from tests.formula_tables import DIV0, NA, NUM, VALUE, Table, check, joined, name, table

DATES = table(
    "Microsoft support, the date and time functions' pages",
    [
        ("DATE(2008,1,2)", 39449),
        ("DATE(108,1,2)", 39449),
        ("DATE(2008,14,2)", 39846),
        ("DATE(2008,-3,2)", 39327),
        ("DATE(2008,1,35)", 39482),
        ("DATE(1900,2,29)", 60),
        ("DATE(1900,3,1)", 61),
        ("DATE(-1,1,1)", NUM),
        ("DATE(10000,1,1)", NUM),
        ("YEAR(39449)&-MONTH(39449)&-DAY(39449)", "2008-1-2"),
        ("DAY(0)", 0),
        ("DAY(60)", 29),
        ("DAY(-1)", NUM),
        ('MONTH("15-Apr-2011")', 4),
        ("TIME(16,48,10)", 0.70011574074074074),
        ("TIME(27,0,0)", 0.125),
        ("TIME(0,0,-1)", NUM),
        ("HOUR(0.75)", 18),
        ('MINUTE("12:45 PM")', 45),
        ('SECOND("4:48:18 PM")', 18),
        ("HOUR(0.9999999)", 0),
        ("WEEKDAY(39492)", 5),
        ("WEEKDAY(39492,2)", 4),
        ("WEEKDAY(39492,3)", 3),
        ("WEEKDAY(39492,14)", 1),
        ("WEEKDAY(39492,4)", NUM),
        ("WEEKDAY(1)", 1),
        ("WEEKNUM(40977)", 10),
        ("WEEKNUM(40977,2)", 11),
        ("WEEKNUM(40977,21)", 10),
        ("ISOWEEKNUM(40977)", 10),
        ("EDATE(40558,1)", 40589),
        ("EDATE(40574,1)", 40602),
        ("EDATE(40558,-1)", 40527),
        ("EDATE(40558,TRUE)", VALUE),
        ("EOMONTH(40544,1)", 40602),
        ("EOMONTH(40544,-3)", 40482),
        ("DAYS(44270,44228)", 42),
        ("DAYS360(40573,40575)", 1),
        ("DAYS360(40544,40908)", 360),
        ("DAYS360(40544,40575)", 30),
        ("YEARFRAC(40909,41120)", 0.58055555555555555),
        ("YEARFRAC(40909,41120,1)", 0.57650273224043716),
        ("YEARFRAC(40909,41120,3)", 0.57808219178082192),
        ("YEARFRAC(40909,41120,5)", NUM),
        ('DATEDIF(36892,37621,"Y")', 1),
        ('DATEDIF(DATE(2001,6,1),DATE(2002,8,15),"D")', 440),
        ('DATEDIF(DATE(2001,6,1),DATE(2002,8,15),"YD")', 75),
        ('DATEDIF(DATE(2001,6,1),DATE(2002,8,15),"MD")', 14),
        ('DATEDIF(2,1,"D")', NUM),
        ("NETWORKDAYS(41183,41334)", 110),
        ("NETWORKDAYS(41183,41334,41235)", 109),
        ("NETWORKDAYS(41183,41334,{41235;41247;41295})", 107),
        ("NETWORKDAYS.INTL(38718,38748)", 22),
        ("NETWORKDAYS.INTL(38776,38748)", -21),
        ("NETWORKDAYS.INTL(38718,38749,7,{38719;38733})", 22),
        ('NETWORKDAYS.INTL(38718,38749,"0010001",{38719;38733})', 20),
        ("WORKDAY(39722,151)", 39933),
        ("WORKDAY(39722,151,{39778;39786;39834})", 39938),
        ("WORKDAY(39722,-1)", 39721),
        ("WORKDAY.INTL(40909,30,0)", NUM),
        ("WORKDAY.INTL(40909,90,11)", 41013),
        ("WORKDAY.INTL(40909,30,17)", 40944),
        ('WORKDAY.INTL(40909,30,"1111111")', VALUE),
        ("WORKDAY(39722,1E9)", NUM),
        ('DATEVALUE("8/22/2011")', 40777),
        ('DATEVALUE("22-MAY-2011")', 40685),
        ('DATEVALUE("2011/02/23")', 40597),
        ('DATEVALUE("x")', VALUE),
        ('TIMEVALUE("2:24 AM")', 0.1),
        ('TIMEVALUE("22-Aug-2011 6:35 AM")', 0.27430555555555556),
        ("TODAY()", 45418),
        ("ROUND((NOW()-TODAY())*86400,3)", 7 * 3600 + 8 * 60 + 9),
    ],
)

INFORMATION = table(
    "Microsoft support, the information functions' pages",
    [
        ("ISBLANK(d!A1)", True),
        ('ISBLANK("")', False),
        ("ISNUMBER(d!A2)", True),
        ('ISTEXT("")', True),
        ("ISNONTEXT(d!A1)", True),
        ("ISLOGICAL(TRUE)", True),
        ("ISERROR(1/0)", True),
        ("ISERR(NA())", False),
        ("ISNA(NA())", True),
        ("ISEVEN(-1.5)", False),
        ("ISEVEN(0)", True),
        ('ISODD("3")', True),
        ("ISODD(TRUE)", VALUE),
        ("ISEVEN(1/0)", DIV0),
        ("N(TRUE)", 1),
        ('N("7")', 0),
        ("N(1/0)", DIV0),
        ("NA()", NA),
        ('TYPE(1)&TYPE("a")&TYPE(TRUE)&TYPE(1/0)&TYPE({1,2})', "1241664"),
        ("ERROR.TYPE(1/0)", 2),
        ("ERROR.TYPE(5)", NA),
        ('INFO("recalc")', "Automatic"),
        ('INFO("x")', VALUE),
    ],
    {"A2": 5},
)

# Microsoft support's orchard, shared by the pages of all database functions.
ORCHARD: dict[str, str | float | None] = dict(
    zip(
        (f"{column}{row}" for row in range(1, 11) for column in "ABCDEF"),
        [
            *("Tree", "Height", "Age", "Yield", "Profit", "Height"),
            *('="=Apple"', ">10", None, None, None, "<16"),
            *('="=Pear"', None, None, None, None, None),
            *("Tree", "Height", "Age", "Yield", "Profit", None),
            *("Apple", 18.0, 20.0, 14.0, 105.0, None),
            *("Pear", 12.0, 12.0, 10.0, 96.0, None),
            *("Cherry", 13.0, 14.0, 9.0, 105.0, None),
            *("Apple", 14.0, 15.0, 10.0, 75.0, None),
            *("Pear", 9.0, 8.0, 8.0, 76.8, None),
            *("Apple", 8.0, 9.0, 6.0, 45.0, None),
        ],
        strict=True,
    )
)

DATABASE = table(
    "Microsoft support, the database functions' pages",
    [
        ('DSUM(d!A4:E10,"Profit",d!A1:A2)', 225),
        ('DSUM(d!A4:E10,"Profit",d!A1:F2)', 75),
        ('DAVERAGE(d!A4:E10,"Yield",d!A1:B2)', 12),
        ("DAVERAGE(d!A4:E10,3,d!A4:E10)", 13),
        ('DCOUNT(d!A4:E10,"Age",d!A1:F2)', 1),
        ('DCOUNTA(d!A4:E10,"Profit",d!A1:F2)', 1),
        ("DCOUNT(d!A4:E10,,d!A1:A2)", 3),
        ('DGET(d!A4:E10,"Yield",d!A1:A3)', NUM),
        ('DGET(d!A4:E10,"Yield",d!A1:F2)', 10),
        ('DMAX(d!A4:E10,"Profit",d!A1:F3)', 96),
        ('DMIN(d!A4:E10,"Profit",d!A1:F3)', 75),
        ('DPRODUCT(d!A4:E10,"Yield",d!A1:F3)', 800),
        ('DSTDEV(d!A4:E10,"Yield",d!A1:A3)', 2.9664793948382651),
        ('DSTDEVP(d!A4:E10,"Yield",d!A1:A3)', 2.6532998322843202),
        ('DVAR(d!A4:E10,"Yield",d!A1:A3)', 8.8),
        ('DVARP(d!A4:E10,"Yield",d!A1:A3)', 7.04),
        ('DSUM(d!A4:E10,"Nuts",d!A1:A2)', VALUE),
        ('DSUM(d!A4:E4,"Profit",d!A1:A2)', VALUE),
    ],
    ORCHARD,
)


@pytest.mark.parametrize(("cases", "index"), joined(DATES, INFORMATION, DATABASE), ids=name)
def test_tables(cases: Table, index: int) -> None:
    check(cases, index)


def test_every_serial_is_a_date_and_back() -> None:
    serials = np.arange(LAST_SERIAL + 1)
    for date1904 in (False, True):
        held = serials[: len(serials) - (1462 if date1904 else 0)]
        assert (to_serial(*from_serial(held, date1904), date1904) == held).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(61, LAST_SERIAL))
def test_serials_are_days_as_python_counts_them(serial: int) -> None:
    day = date(1899, 12, 30) + timedelta(days=serial)
    assert tuple(int(part) for part in from_serial(serial)) == (day.year, day.month, day.day)
