"""GROUPBY, PIVOTBY, PERCENTOF and trimmed ranges, against Microsoft's documentation."""

from __future__ import annotations

import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.sheets.values import Error

from .books import file_of
from .formula_tables import CALC, DIV0, NA, REF, VALUE, Table, check, joined, name, table
from .formulas import computed

SALES = {
    "A1": "Reg", "B1": "Prod", "C1": "Amt",
    "A2": "N", "B2": "a", "C2": 1,
    "A3": "S", "B3": "b", "C3": 2,
    "A4": "n", "B4": "b", "C4": 3,
    "A5": "E", "B5": "a", "C5": 4,
    "A6": "S", "B6": "a", "C6": 5,
    "A7": "N", "B7": "a", "C7": 6,
    "E3": 1, "F5": 2, "E9": '=""',
}  # fmt: skip


def shown(formula: str) -> str:
    return f"ARRAYTOTEXT({formula},1)"


GROUPS = table(
    "Microsoft support, GROUPBY and PERCENTOF functions",
    [
        (shown("GROUPBY(d!A2:A7,d!C2:C7,SUM)"), '{"E",4;"N",10;"S",7;"Total",21}'),
        (shown("GROUPBY(d!A1:A7,d!C1:C7,SUM)"), '{"E",4;"N",10;"S",7;"Total",21}'),
        (shown("GROUPBY(d!A1:A7,d!C1:C7,SUM,3,0)"), '{"Reg","Amt";"E",4;"N",10;"S",7}'),
        (shown("GROUPBY(d!A2:A7,d!C2:C7,LAMBDA(x,MAX(x)),0,0,-2)"), '{"N",6;"S",5;"E",4}'),
        (
            shown("GROUPBY(d!A2:B7,d!C2:C7,SUM,0,2)"),
            '{"E","a",4;"E","",4;"N","a",7;"N","b",3;"N","",10;"S","a",5;"S","b",2;"S","",7;"Grand Total","",21}',
        ),
        (
            shown("GROUPBY(d!A2:B7,d!C2:C7,SUM,0,-2,-3)"),
            '{"Grand Total","",21;"N","",10;"N","a",7;"N","b",3;"S","",7;"S","a",5;"S","b",2;"E","",4;"E","a",4}',
        ),
        (
            shown("GROUPBY(d!A2:B7,d!C2:C7,SUM,0,0,-3,,1)"),
            '{"N","a",7;"S","a",5;"E","a",4;"N","b",3;"S","b",2}',
        ),
        (shown('GROUPBY(d!A2:A7,d!C2:C7,SUM,0,0,,d!B2:B7="b")'), '{"n",3;"S",2}'),
        (shown("GROUPBY(d!A2:A7,d!C2:C7,HSTACK(SUM,COUNT),0,0)"), '{"","SUM","COUNT";"E",4,1;"N",10,3;"S",7,2}'),
        ("GROUPBY(d!A2:A7,d!C2:C6,SUM)", VALUE),
        ("GROUPBY(d!A2:A7,d!C2:C7,SUM,0,3)", VALUE),
        ("GROUPBY(d!A2:A7,d!C2:C7,7)", VALUE),
        ('GROUPBY(d!A2:A7,d!C2:C7,SUM,0,0,,d!B2:B7="z")', CALC),
        ("PERCENTOF(d!C2:C3,d!C2:C7)", 1 / 7),
        ("PERCENTOF(1,{0,0})", DIV0),
        ("PERCENTOF(1,NA())", NA),
    ],
    SALES,
)

PIVOTS = table(
    "Microsoft support, PIVOTBY function",
    [
        (
            shown("PIVOTBY(d!A2:A7,d!B2:B7,d!C2:C7,SUM)"),
            '{"","a","b","Total";"E",4,"",4;"N",7,3,10;"S",5,2,7;"Total",16,5,21}',
        ),
        (shown("PIVOTBY(d!A2:A7,d!B2:B7,d!C2:C7,SUM,0,0,,0)"), '{"","a","b";"E",4,"";"N",7,3;"S",5,2}'),
        (
            shown("PIVOTBY(d!A2:A7,d!B2:B7,d!C2:C7,PERCENTOF,0,0,,0,,,1)"),
            '{"","a","b";"E",1,"";"N",0.7,0.3;"S",' + "0.714285714285714,0.285714285714286}",
        ),
    ],
    SALES,
)

TRIMMED = table(
    "Microsoft support, TRIMRANGE function",
    [
        ("ROWS(d!E1:.F12)", 9),
        ("ROWS(d!E1.:F12)", 10),
        ("ROWS(d!E1.:.F12)", 7),
        ("ROWS(d!E:.E)", 9),
        ("COLUMNS(d!1:.1)", 3),
        ("ROW(d!E1.:.F12)", 3),
        ("SUM(d!E.:.F)", 3),
        ("SUM(_xlfn._TRO_ALL(d!E1:F12))", 3),
        ("ROWS(_xlfn._TRO_LEADING(d!E1:F12))", 10),
        ("ROWS(_xlfn._TRO_TRAILING(d!E1:F12))", 9),
        ("ROWS(TRIMRANGE(d!E1:F12,1,0))", 10),
        ("COLUMNS(TRIMRANGE(d!D1:F12,0))", 2),
        ("TRIMRANGE(d!H1:J9)", REF),
        ("TRIMRANGE(d!E1:F12,4)", VALUE),
        ("ISREF(TRIMRANGE(d!E1:F12))", True),
    ],
    SALES,
)


@pytest.mark.parametrize(("cases", "index"), joined(GROUPS, PIVOTS, TRIMMED), ids=name)
def test_tables(cases: Table, index: int) -> None:
    check(cases, index)


def test_groups_spill_and_follow_their_data() -> None:
    book = computed({**SALES, "H1": "~=GROUPBY(A2:A7,C2:C7,SUM,0,0)"})
    assert book["H1:I3"] == [["E", 4.0], ["N", 10.0], ["S", 7.0]]


def test_what_needs_a_service_keeps_its_stored_value() -> None:
    formulas = {
        "A1": '=WEBSERVICE("http://a.example")',
        "A2": '=IF(B1=1,CUBEVALUE("c","[m]"),7)',
        "A3": "=A2+1",
        "B1": 1,
    }
    result = open_workbook(file_of({"s": formulas})).recompute()
    assert (result["s!A1"], result["s!A2"], result["s!A3"]) == (0.0, 0.0, 1.0)  # XlsxWriter stores 0
    assert not result.outcome.unsupported
    assert result.outcome.external == {(0, 0, 0), (0, 1, 0)}
    assert open_workbook(file_of({"s": {**formulas, "B1": 2}})).recompute()["s!A3"] == 8.0


def test_what_needs_a_service_and_stores_nothing_is_no_connection() -> None:
    assert computed({"A1": '=IFERROR(RTD("p",,"t"),1)'})["A1"] is Error.CONNECT


def test_what_google_sheets_leaves_for_excel() -> None:
    # Source: .xlsx files that Google Sheets exports.
    book = computed({"A1": '=IFERROR(__xludf.DUMMYFUNCTION("QUERY(B1:C9)"),42)', "A2": '=__xludf.DUMMYFUNCTION("x")'})
    assert book["A1:A2"] == [[42.0], [Error.NAME]]
    assert not book.outcome.unsupported


@pytest.mark.parametrize(
    "reference", ["$S.A1", "$S.$A$1", "$'S'.A1", "$S!A1", "SUM('S':'S'!A1)", "SUM('S:S'!A1)", "SUM($S.A1:A1)"]
)
def test_prefixes_of_other_programs(reference: str) -> None:
    assert computed({"A1": 5, "B1": f"={reference}"})["B1"] == 5.0
