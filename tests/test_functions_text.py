"""Text functions, number formats and numerals against Excel's documentation."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine.formats import format_value
from sheetgrad.engine.formats.codes import BadFormat
from sheetgrad.engine.functions.patterns import matcher
from sheetgrad.engine.functions.regex_machine import all_matches, assemble
from sheetgrad.engine.numerals import format_general, parse_number
from sheetgrad.sheets.values import Scalar
from tests.formula_tables import DIV0, NA, VALUE, Table, check, joined, name, table

SINGLE = table(
    "Microsoft support, the text functions' pages",
    [
        ('LEN("Phoenix, AZ")', 11),
        ('LEN("")', 0),
        ('LEN("😀")', 2),
        ("LEN(TRUE)", 4),
        ('LEFT("Sale Price",4)', "Sale"),
        ('LEFT("Sweden")', "S"),
        ('LEFT("abc",0)', ""),
        ('LEFT("abc",-1)', VALUE),
        ('RIGHT("Stock Number",6)', "Number"),
        ('RIGHT("abc",9)', "abc"),
        ('MID("Fluid Flow",7,20)', "Flow"),
        ('MID("Fluid Flow",20,5)', ""),
        ('MID("abc",0,1)', VALUE),
        ('UPPER("Total straße")', "TOTAL STRAßE"),
        ('LOWER("E. E. Cummings")', "e. e. cummings"),
        ('PROPER("2-way street it\'s 76BudGet")', "2-Way Street It'S 76Budget"),
        ('TRIM("  First   Quarter ")', "First Quarter"),
        ('CLEAN(CHAR(9)&"Monthly report"&CHAR(10))', "Monthly report"),
        ('CONCATENATE("a",1,TRUE)', "a1TRUE"),
        ('EXACT("word","Word")', False),
        ('EXACT("1",1)', True),
        ('T("Rainfall")', "Rainfall"),
        ("T(19)", ""),
        ('FIND("M","Miriam McGovern",3)', 8),
        ('FIND("m","Miriam McGovern")', 6),
        ('FIND("x","abc")', VALUE),
        ('FIND("","abc",4)', 4),
        ('FIND("","abc",5)', VALUE),
        ('SEARCH("e","Statements",6)', 7),
        ('SEARCH("c?d","abCXd")', 3),
        ('SEARCH("~?","what?")', 5),
        ('SUBSTITUTE("Sales Data","Sales","Cost")', "Cost Data"),
        ('SUBSTITUTE("Quarter 1, 2011","1","2",3)', "Quarter 1, 2012"),
        ('SUBSTITUTE("abc","b","x",0)', VALUE),
        ('REPLACE("abcdefghijk",6,5,"*")', "abcde*k"),
        ('REPLACE("2009",3,2,"10")', "2010"),
        ('REPT("*-",3)', "*-*-*-"),
        ('REPT("ab",20000)', VALUE),
        ("CHAR(65)", "A"),
        ("CHAR(128)", "€"),
        ("CHAR(0)", VALUE),
        ('CODE("A")', 65),
        ('CODE("€")', 128),
        ("UNICHAR(66)", "B"),
        ("UNICHAR(0)", VALUE),
        ("UNICHAR(55296)", NA),
        ('UNICODE("😀")', 128512),
        ('ENCODEURL("a b/ü")', "a%20b%2F%C3%BC"),
        ('HYPERLINK("https://a.example","here")', "here"),
    ],
)

NUMERIC = table(
    "Microsoft support, VALUE, NUMBERVALUE, FIXED, DOLLAR, TEXT, VALUETOTEXT functions",
    [
        ('VALUE("$1,000")', 1000),
        ('VALUE("16:48:00")-VALUE("12:00:00")', 0.2),
        ('VALUE("x")', VALUE),
        ("VALUE(TRUE)", VALUE),
        ('NUMBERVALUE("2.500,27",",",".")', 2500.27),
        ('NUMBERVALUE("9%%")', 0.0009),
        ('NUMBERVALUE("")', 0),
        ('NUMBERVALUE("1.2.3")', VALUE),
        ("FIXED(1234.567,1)", "1,234.6"),
        ("FIXED(1234.567,-1)", "1,230"),
        ("FIXED(-1234.567,-1,TRUE)", "-1230"),
        ("FIXED(44.332)", "44.33"),
        ("DOLLAR(1234.567,2)", "$1,234.57"),
        ("DOLLAR(-1234.567,-2)", "($1,200)"),
        ("DOLLAR(-0.123,4)", "($0.1230)"),
        ("USDOLLAR(1234.567,2)", "$1,234.57"),
        ("BAHTTEXT(1234)", "หนึ่งพันสองร้อยสามสิบสี่บาทถ้วน"),
        ("BAHTTEXT(0)", "ศูนย์บาทถ้วน"),
        ("BAHTTEXT(-21.25)", "ลบยี่สิบเอ็ดบาทยี่สิบห้าสตางค์"),
        ("BAHTTEXT(0.5)", "ห้าสิบสตางค์"),
        ("BAHTTEXT(11000000)", "สิบเอ็ดล้านบาทถ้วน"),
        ("BAHTTEXT(1E15)", VALUE),
        ('TEXT(1234.567,"$#,##0.00")', "$1,234.57"),
        ('TEXT("0.285","0.0%")', "28.5%"),
        ('TEXT(TRUE,"0.0")', "TRUE"),
        ('TEXT("x","0.0")', "x"),
        ('TEXT(-1,"yyyy")', VALUE),
        ('TEXT(1/0,"0")', DIV0),
        ('VALUETOTEXT("Hello",1)', '"Hello"'),
        ('VALUETOTEXT("Hello",0)', "Hello"),
        ("VALUETOTEXT(1,2)", VALUE),
    ],
)

ARRAYS = table(
    "Microsoft support, CONCAT, TEXTJOIN, TEXTSPLIT, TEXTBEFORE, TEXTAFTER, ARRAYTOTEXT functions",
    [
        ('CONCAT({"a",1;TRUE,"b"})', "a1TRUEb"),
        ('CONCAT({"a",#N/A})', NA),
        ('TEXTJOIN(", ",TRUE,{"a","","b"})', "a, b"),
        ('TEXTJOIN(", ",FALSE,{"a","","b"})', "a, , b"),
        ('TEXTJOIN({",",";"},TRUE,{1;2;3;4})', "1,2;3,4"),
        ('TEXTJOIN("-",TRUE,REPT("a",32767),"b")', VALUE),
        ('ARRAYTOTEXT(TEXTSPLIT("1,2;3",",",";"),1)', '{"1","2";"3",#N/A}'),
        ('ARRAYTOTEXT(TEXTSPLIT("Do. Or do not.",". ",,TRUE),1)', '{"Do","Or do not."}'),
        ('ARRAYTOTEXT(TEXTSPLIT("1x2X3","x",,,1),1)', '{"1","2","3"}'),
        ('ARRAYTOTEXT(TEXTSPLIT("a-b+c",{"-","+"}),1)', '{"a","b","c"}'),
        ('TEXTSPLIT("abc","")', VALUE),
        ('TEXTBEFORE("Little Red Riding Hood\'s red hood","hood")', "Little Red Riding Hood's red "),
        ('TEXTBEFORE("Red riding hood\'s, red hood","Red",-2,1)', ""),
        ('TEXTAFTER("Red riding hood\'s, red hood","red",-2,1)', " riding hood's, red hood"),
        ('TEXTAFTER("abc","x")', NA),
        ('TEXTAFTER("abc","x",1,0,1)', ""),
        ('TEXTBEFORE("abc","x",1,0,1)', "abc"),
        ('TEXTAFTER("abc","x",,,,"none")', "none"),
        ('TEXTAFTER("a-b","-",0)', VALUE),
        ('ARRAYTOTEXT({TRUE,"x";1234.5,#VALUE!})', "TRUE, x, 1234.5, #VALUE!"),
        ('ARRAYTOTEXT({TRUE,"x";1234.5,#VALUE!},1)', '{TRUE,"x";1234.5,#VALUE!}'),
    ],
)

PATTERNS = table(
    "Microsoft support, REGEXTEST, REGEXEXTRACT, REGEXREPLACE functions",
    [
        ('REGEXTEST("alfalfa","[a-z]")', True),
        ('REGEXTEST("alfalfa","[A-Z]")', False),
        ('REGEXTEST("alfalfa","[A-Z]",1)', True),
        ('REGEXTEST("a","(")', VALUE),
        ('ARRAYTOTEXT(REGEXEXTRACT("DylanWilliams","[A-Z][a-z]+",1),1)', '{"Dylan","Williams"}'),
        ('ARRAYTOTEXT(REGEXEXTRACT("k=v","(\\w)=(\\w)",2),1)', '{"k","v"}'),
        ('REGEXEXTRACT("abc","\\d")', NA),
        ('REGEXREPLACE("SoniaBrown","([A-Z][a-z]+)([A-Z][a-z]+)","$2, $1")', "Brown, Sonia"),
        ('REGEXREPLACE("aaa","a","b",-1)', "aab"),
        ('REGEXTEST("x1","[[:digit:]]")', True),
        ('REGEXTEST("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab","^(a+)+$")', False),
    ],
)


@pytest.mark.parametrize(("cases", "index"), joined(SINGLE, NUMERIC, ARRAYS, PATTERNS), ids=name)
def test_tables(cases: Table, index: int) -> None:
    check(cases, index)


# (value, code, shown); source: Microsoft support, TEXT function and "Number format codes"; ECMA-376 part 1, §18.8.31.
FORMATS: list[tuple[Scalar, str, str | None]] = [
    (1234.59, "####.#", "1234.6"),
    (8.9, "#.000", "8.900"),
    (0.631, "0.#", "0.6"),
    (12, "#.0#", "12.0"),
    (1234.568, "#.0#", "1234.57"),
    (44.398, "???.???", " 44.398"),
    (2.8, "???.???", "  2.8  "),
    (5.25, "# ???/???", "5   1/4  "),
    (5.3, "# ???/???", "5   3/10 "),
    (12000, "#,###", "12,000"),
    (12000, "#,", "12"),
    (12200000, "0.0,,", "12.2"),
    (12200000, "0.00E+00", "1.22E+07"),
    (12200000, "##0.0E+0", "12.2E+6"),
    (999.96, "##0.0E+0", "1.0E+3"),
    (0, "0.00E+00", "0.00E+00"),
    (4.34, "# ?/?", "4 1/3"),
    (4, "# ?/?", "4    "),
    (0.5, "0 ?/8", "0 4/8"),
    (1.75, "?/?", "7/4"),
    (1234567898, "[<=9999999]###-####;(###) ###-####", "(123) 456-7898"),
    (1234567, "[<=9999999]###-####;(###) ###-####", "123-4567"),
    (1234, "0000000", "0001234"),
    (-5, "0;(0)", "(5)"),
    (-0.2, "0", "0"),
    (-5, "[<100]0.0;0", "-5.0"),
    (0, '0;-0;"zero"', "zero"),
    ("a", '0;0;0;"<"@">"', "<a>"),
    ("a", "@@", "aa"),
    (7, ";;;", ""),
    (2.675, "0.00", "2.68"),
    (0.5, '0.0" of "0', "0.5 of 0"),
    (3, "0_)x", "3 x"),
    (3, r"0\h", "3h"),
    (3, "[$€-407]0", "€3"),
    (41181.75, "m/d/yy h:mm", "9/29/12 18:00"),
    (41181.75, "d-mmm-yyyy h:mm AM/PM", "29-Sep-2012 6:00 PM"),
    (41181, "dddd, mmmm dd, yyyy", "Saturday, September 29, 2012"),
    (41181, "mmmmm", "S"),
    (0.5, "h A/P", "12 P"),
    (1.5, "[h]:mm:ss", "36:00:00"),
    (0.0125, "[m]", "18"),
    (0.000011574, "ss.00", "01.00"),
    (0.25, "mm:ss", "00:00"),
    (60, "yyyy-mm-dd ddd", "1900-02-29 Wed"),
    (1e-9, "General", "0.000000001"),
    (1e-10, "General", "1E-10"),
    (123456789.123, "General", "123456789.1"),
    (12, 'General" apples"', "12 apples"),
    (5, "mm##", None),
    (5, "[Foo]0", None),
    (5, "0E0", None),
    (2958466, "d", None),
    (5, "0;0;0;0;0", None),
    (5, "0" * 300, None),
]


@pytest.mark.parametrize(("value", "code", "shown"), FORMATS)
def test_formats(value: float | str, code: str, shown: str | None) -> None:
    if shown is None:
        with pytest.raises(BadFormat):
            format_value(value, code)
    else:
        assert format_value(value, code) == shown


@settings(max_examples=200, deadline=None)
@given(st.text('0#?.,%/E+-;:"\\_*[]@ymdhsAP <>=$h', max_size=40), st.floats(-1e6, 1e6) | st.just("text"))
def test_any_code_gives_a_text_or_is_refused(code: str, value: float | str) -> None:
    with suppress(BadFormat):
        assert isinstance(format_value(value, code), str)


# (text, number); source: what Excel with US settings makes of such an entry (Microsoft support, VALUE function).
NUMERALS: list[tuple[str, float | None]] = [
    ("1,234.5", 1234.5),
    ("12,34", None),
    ("-$1.50", -1.5),
    ("($1,234)", -1234.0),
    ("12%", 0.12),
    ("%12", 0.12),
    ("1e3", 1000.0),
    ("1E400", None),
    (".5", 0.5),
    ("5.", 5.0),
    (".", None),
    ("", None),
    ("abc", None),
    ("TRUE", None),
    ("--1", None),
    ("1 1/2", 1.5),
    ("1 1/0", None),
    ("\u00a05", None),
    ("٣", None),
    ("1234567890123456789", 1234567890123450000.0),
    ("1/31/2020", 43861.0),
    ("2020-01-31", 43861.0),
    ("31-Jan-20", 43861.0),
    ("January 31, 2020", 43861.0),
    ("1/31", 45322.0),
    ("Jan-45", 16438.0),
    ("13/1/2020", None),
    ("2/30/2020", None),
    ("2/29/1900", 60.0),
    ("1/1/1899", None),
    ("6:00", 0.25),
    ("6:00 PM", 0.75),
    ("12:00 AM", 0.0),
    ("13:00 PM", None),
    ("36:00", 1.5),
    ("1/31/2020 18:00", 43861.75),
]


@pytest.mark.parametrize(("text", "number"), NUMERALS)
def test_numerals(text: str, number: float | None) -> None:
    assert parse_number(text, year=2024) == number


def test_dates_of_the_1904_system() -> None:
    assert parse_number("1/1/1904", date1904=True) == 0.0
    assert parse_number("12/31/1903", date1904=True) is None
    assert format_value(0, "yyyy-mm-dd ddd", date1904=True) == "1904-01-01 Fri"


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_general_text_reads_back_to_fifteen_digits(value: float) -> None:
    read = parse_number(format_general(value))
    assert read is not None
    assert abs(read - value) <= 5e-15 * abs(value) + 5e-324


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|a)*b", "(.*)(.*)(.*)(.*)x", "(?:a?){30}a{30}b", "(a*)*b"])
def test_hostile_patterns_end(pattern: str) -> None:
    assert not matcher(pattern)("a" * 3_000 + "c")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", "(a|ab)", "a*", "b+?", "a{1,2}", "$"]), max_size=5
    ),
    st.text("ab1 ", max_size=8),
)
def test_the_bounded_machine_matches_as_python_does(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    wanted = [found.span() for found in re.finditer(pattern, text)]
    assert [tuple(spans[:2]) for spans in all_matches(assemble(pattern), text)] == wanted
