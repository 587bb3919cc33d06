"""What the reader makes of sheets, plain and odd: ECMA-376 part 1, §18.3.1 (cells, formulas), §18.4 (strings)."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from sheetgrad.sheets import shared_strings as shared_strings_part
from sheetgrad.sheets import sheet_stream
from sheetgrad.sheets import sheet_xml as sheet_xml_reader
from sheetgrad.sheets.columns import Columns, SheetContext
from sheetgrad.sheets.model import Area, Calculation, DataTable, DefinedName, FormulaKind, Sheet, Table, Workbook
from sheetgrad.sheets.package import Limits, Package
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.values import Error, Kind, Strings, decode
from tests.packages import MAIN, RELATIONS, SHEET, STRICT, book, relations, row, shared_strings, sheet_xml, workbook_xml


def values(workbook: Workbook, sheet: int = 0) -> dict[tuple[int, int], Any]:
    """Return the stored values by place."""
    cells = workbook.sheets[sheet].cells
    columns = (cells.row.tolist(), cells.column.tolist(), cells.data.tolist(), cells.kind.tolist())
    return {(r, c): decode(data, kind, workbook.strings) for r, c, data, kind in zip(*columns, strict=True)}


def formulas(sheet: Sheet) -> dict[tuple[int, int], tuple[FormulaKind, str, tuple[int, ...]]]:
    """Return kind, text and area of formulas by place."""
    found = sheet.formulas
    return {
        (int(found.row[i]), int(found.column[i])): (
            FormulaKind(found.kind[i]),
            found.source(i),
            tuple(found.area[i].tolist()),
        )
        for i in range(len(found))
    }


VALUES: list[tuple[str, str, dict[tuple[int, int], Any]]] = [
    ("number", row('<c r="A1"><v>1.5</v></c>'), {(0, 0): 1.5}),
    ("number with an exponent", row('<c r="A1"><v>-1.5E-3</v></c>'), {(0, 0): -0.0015}),
    ("17 digits", row('<c r="A1"><v>0.10000000000000001</v></c>'), {(0, 0): 0.1}),
    ("nine digits", row('<c r="A1"><v>123456789</v></c>'), {(0, 0): 123456789.0}),
    ("largest", row('<c r="A1"><v>1.7976931348623157E+308</v></c>'), {(0, 0): 1.7976931348623157e308}),
    ("smallest", row('<c r="A1"><v>4.9406564584124654E-324</v></c>'), {(0, 0): 5e-324}),
    ("type n", row('<c r="A1" t="n"><v>7</v></c>'), {(0, 0): 7.0}),
    (
        "shared",
        row('<c r="A1" t="s"><v>1</v></c><c r="B1" t="s"><v>0</v></c>'),
        {(0, 0): "one", (0, 1): "zero"},
    ),
    ("inline", row('<c r="A1" t="inlineStr"><is><t>a</t></is></c>'), {(0, 0): "a"}),
    (
        "inline runs, phonetic guide left out",
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>a</t></r><r><rPr><b/></rPr><t xml:space="preserve"> b</t></r>'
        '<rPh sb="0" eb="1"><t>kana</t></rPh></is></c></row>',
        {(0, 0): "a b"},
    ),
    (
        "formula's text",
        row('<c r="A1" t="str"><f>B1</f><v>a &lt;b&gt; &amp;amp;</v></c>'),
        {(0, 0): "a <b> &amp;"},
    ),
    ("escaped", row('<c r="A1" t="str"><v>a_x000D_b_x005F_x0041_</v></c>'), {(0, 0): "a\rb_x0041_"}),
    ("surrogates", row('<c r="A1" t="str"><v>_xD83D__xDE00_</v></c>'), {(0, 0): "\U0001f600"}),
    ("spaces", row('<c r="A1" t="str"><v xml:space="preserve"> a </v></c>'), {(0, 0): " a "}),
    ("empty text", row('<c r="A1" t="str"><f>""</f><v></v></c>'), {(0, 0): ""}),
    ("empty text, short", row('<c r="A1" t="str"><f>""</f><v/></c>'), {(0, 0): ""}),
    ("no value", row('<c r="A1" t="str"><f>""</f></c>'), {(0, 0): None}),
    ("empty number", row('<c r="A1"><f>B1</f><v></v></c>'), {(0, 0): None}),
    ("styled only", row('<c r="A1" s="4"/>'), {(0, 0): None}),
    (
        "true, false",
        row('<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>'),
        {(0, 0): True, (0, 1): False},
    ),
    ("true spelled out", row('<c r="A1" t="b"><v>true</v></c>'), {(0, 0): True}),
    ("error", row('<c r="A1" t="e"><v>#DIV/0!</v></c>'), {(0, 0): Error.DIV0}),
    ("unknown error", row('<c r="A1" t="e"><v>#PYTHON!</v></c>'), {(0, 0): Error.UNKNOWN}),
    ("date", row('<c r="A1" t="d"><v>2024-02-29T12:00:00Z</v></c>'), {(0, 0): 45351.5}),
    ("early date", row('<c r="A1" t="d"><v>1900-01-01</v></c>'), {(0, 0): 1.0}),
    ("endless", row('<c r="A1"><v>1e999</v></c>'), {(0, 0): Error.NUM}),
    ("NaN", row('<c r="A1"><v>NaN</v></c>'), {(0, 0): Error.NUM}),
    ("no number", row('<c r="A1"><v>1_000</v></c>'), {(0, 0): Error.VALUE}),
    ("spaces around", row('<c r="A1"><v> 5 </v></c>'), {(0, 0): 5.0}),
    ("CDATA", '<row r="1"><c r="A1" t="str"><v><![CDATA[</row>]]></v></c></row>', {(0, 0): "</row>"}),
    ("comment", '<row r="1"><!-- </row> --><c r="A1"><v>3</v></c></row>', {(0, 0): 3.0}),
    ("far corner", '<row r="1048576"><c r="XFD1048576"><v>9</v></c></row>', {(1048575, 16383): 9.0}),
    (
        "cells without r",
        '<row r="2"><c><v>1</v></c><c r="D2"><v>2</v></c><c><v>3</v></c></row>',
        {(1, 0): 1.0, (1, 3): 2.0, (1, 4): 3.0},
    ),
    (
        "rows without r",
        '<row><c><v>1</v></c></row><row r="5"><c r="A5"><v>2</v></c></row><row><c><v>3</v></c></row>',
        {(0, 0): 1.0, (4, 0): 2.0, (5, 0): 3.0},
    ),
    (
        "out of order",
        '<row r="2"><c r="A2"><v>2</v></c></row><row r="1"><c r="B1"><v>1</v></c></row>',
        {(0, 1): 1.0, (1, 0): 2.0},
    ),
    ("the last of two", row('<c r="A1"><v>1</v></c><c r="A1" t="b"><v>0</v></c>'), {(0, 0): False}),
    ("lower case", row('<c r="b1"><v>1</v></c>'), {(0, 1): 1.0}),
    ("single quotes", "<row r='1'><c r='A1' t='b'><v>1</v></c></row>", {(0, 0): True}),
    ("white space between", '\n <row r="1">\n\t<c r="A1">\n<v>1</v> </c>\n</row>\n', {(0, 0): 1.0}),
    ("unknown elements", row('<c r="A1"><v>1</v><extLst><ext><v>5</v></ext></extLst></c>'), {(0, 0): 1.0}),
]


@pytest.mark.parametrize(("rows", "expected"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES])
def test_values(rows: str, expected: dict[tuple[int, int], Any]) -> None:
    found = values(read_workbook(book(rows)))
    assert found == expected
    assert {place: type(value) for place, value in found.items()} == {
        place: type(value) for place, value in expected.items()
    }


NORMAL, SHARED, ARRAY, DYNAMIC, TABLE = FormulaKind
FORMULAS: list[tuple[str, str, dict[tuple[int, int], tuple[FormulaKind, str, tuple[int, ...]]]]] = [
    ("plain", row('<c r="A1"><f>B1&lt;&gt;"&amp;"</f><v>1</v></c>'), {(0, 0): (NORMAL, 'B1<>"&"', (0, 0, 1, 1))}),
    ("numeric entity", row('<c r="A1"><f>B1&#60;2</f><v>1</v></c>'), {(0, 0): (NORMAL, "B1<2", (0, 0, 1, 1))}),
    ("not ASCII", row('<c r="A1"><f>"größe"</f></c>'), {(0, 0): (NORMAL, '"größe"', (0, 0, 1, 1))}),
    (
        "shared, master first",
        '<row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">B1</f></c></row><row r="2"><c r="A2">'
        '<f t="shared" si="0"/></c></row>',
        {(0, 0): (NORMAL, "B1", (0, 0, 1, 1)), (1, 0): (SHARED, "B1", (1, 0, 2, 1))},
    ),
    (
        "shared, master last",
        '<row r="2"><c r="A2"><f t="shared" ref="A1:A2" si="3">B2</f></c></row><row r="1"><c r="A1">'
        '<f t="shared" si="3"/></c></row>',
        {(0, 0): (SHARED, "B2", (0, 0, 1, 1)), (1, 0): (NORMAL, "B2", (1, 0, 2, 1))},
    ),
    ("shared without a master", row('<c r="A1"><f t="shared" si="0"/><v>1</v></c>'), {}),
    ("array", row('<c r="B1"><f t="array" ref="B1">A1:A2*2</f></c>'), {(0, 1): (ARRAY, "A1:A2*2", (0, 1, 1, 2))}),
    (
        "array over cells, members empty or with an empty formula",
        row('<c r="A1"><f t="array" ref="A1:B2" ca="1">RAND()</f><v>1</v></c><c r="B1"><v>2</v></c>')
        + '<row r="2"><c r="A2"><f ca="1"/><v>3</v></c><c r="B2"><f></f><v>4</v></c></row>',
        {(0, 0): (ARRAY, "RAND()", (0, 0, 2, 2))},
    ),
    ("array that does not begin here", row('<c r="B1"><f t="array" ref="A1:C3">1</f>'
        '</c>'), {(0, 1): (ARRAY, "1", (0, 1, 1, 2))}),
    ("array without ref", row('<c r="B1"><f t="array">1</f></c>'), {(0, 1): (ARRAY, "1", (0, 1, 1, 2))}),
    ("cm without metadata", row('<c r="B1" cm="1"><f t="array" ref="B1">1</f>'
                                '</c>'), {(0, 1): (ARRAY, "1", (0, 1, 1, 2))}),
    ("the last of two", row('<c r="A1"><f>1</f></c><c r="A1"><v>2</v></c>'), {}),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [case[1:] for case in FORMULAS], ids=[case[0] for case in FORMULAS])
def test_formulas(rows: str, expected: dict[tuple[int, int], tuple[FormulaKind, str, tuple[int, ...]]]) -> None:
    assert formulas(read_workbook(book(rows)).sheets[0]) == expected


ALL_ROWS = [case[1] for case in VALUES + FORMULAS]


def columns_of(data: bytes, plain: bool) -> tuple[list[Any], Strings]:
    """Read a book's sheet the plain way where it can be, or by expat alone."""
    strings = Strings()
    shared = strings.intern_all(["zero", "one"])
    context = SheetContext(0, "Sheet1", strings, shared, dynamic=frozenset({1}))
    package = Package.open(data, "test", Limits())
    columns: Columns = sheet_stream.read_sheet(package, SHEET, context, plain)
    cells, found = columns.finish()
    text = [strings.texts[int(d)] if k == Kind.TEXT else float(d) for d, k in zip(cells.data, cells.kind, strict=True)]
    arrays = (
        cells.row,
        cells.column,
        cells.kind,
        found.row,
        found.column,
        found.kind,
        found.area,
        found.master,
        found.bounds,
    )
    return [text, *(array.tolist() for array in arrays), found.text, columns.hidden_rows, columns.data_tables], strings


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_of_reading_give_the_same_columns(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few hundred bytes, plain and odd rows mixed: whatever is cut where, the columns stay."""
    monkeypatch.setattr(sheet_stream, "_TARGET", 300)
    monkeypatch.setattr(sheet_stream, "PIECE", 100)
    chance = random.Random(seed)
    plain = [
        f'<row r="{i}" spans="1:9" hidden="{i % 2}"><c r="A{i}" s="{i % 7}"><f>A{i}&gt;1</f>'
        f"<v>{chance.random()}</v></c>"
        f'<c r="AB{i}" s="3" t="s"><v>{i % 2}</v></c><c r="AC{i}" t="str"><v>t&lt;{i}</v></c><c r="XFD{i}" t="b">'
        f"<v>1</v></c>"
        f'<c r="AD{i}" cm="1"><f t="array" ref="AD{i}">A{i}*2</f><v>{i}</v></c><c r="AE{i}" t="e"><v>#N/A</v></c></row>'
        for i in range(10, 60)
    ]
    rows = plain + ALL_ROWS
    chance.shuffle(rows)
    data = book("".join(rows))
    assert columns_of(data, plain=True)[0] == columns_of(data, plain=False)[0]


def test_plain_rows_do_not_go_through_expat(monkeypatch: pytest.MonkeyPatch) -> None:
    """What XlsxWriter and openpyxl write is of the plain form, inline strings included."""
    seen: list[str] = []
    monkeypatch.setattr(sheet_stream.SheetReader, "begin", lambda self, inside, attributes: seen.append(inside))
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        sheet = target.add_worksheet()
        sheet.write_row(0, 0, [1, 2.5, "text", True])
        sheet.write_array_formula(1, 0, 1, 0, "{=SUM(A1:B1*2)}", None, 7)
        sheet.write_formula(1, 1, '=IF(A1<2,"a","b")', None, "a")
        sheet.write_dynamic_array_formula("C2:D2", "=A1:B1")
        sheet.set_row(3, 20, None, {"hidden": True})
        sheet.write_number(4, 0, 1)
    read_workbook(buffer.getvalue())
    copy = io.BytesIO()
    openpyxl.load_workbook(buffer).save(copy)
    read_workbook(copy.getvalue())
    assert set(seen) == {sheet_xml_reader.SHEET_DATA}


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252", "us-ascii"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    letter = "e" if encoding == "us-ascii" else "é"
    declared = encoding.removesuffix("-sig")
    declared = "utf-16" if declared.startswith("utf-16") else declared
    text = f'<?xml version="1.0" encoding="{declared}"?>' + sheet_xml(
        row(f'<c r="A1" t="str"><f>"{letter}"</f><v>{letter}</v></c>')
    )
    found = read_workbook(book("", {SHEET: text.encode(encoding)}))
    assert values(found) == {(0, 0): letter}
    assert found.sheets[0].formulas.text == f'"{letter}"'.encode()


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
@pytest.mark.parametrize("prefix", ["", "x:", "spreadsheet-ml:"])
def test_prefixes_and_strict_namespaces(prefix: str, namespace: str) -> None:
    declared = f'xmlns:{prefix[:-1]}="{namespace}"' if prefix else f'xmlns="{namespace}"'
    row = '<@row r="1"><@c r="A1" t="s"><@v>1</@v></@c><@c r="B1"><@f>A1</@f></@c></@row>'
    text = f"<@worksheet {declared}><@sheetData>{row}</@sheetData></@worksheet>".replace("@", prefix)
    strict_links = relations(
        {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId9": ("sharedStrings", "sharedStrings.xml")}
    )
    strict_links = strict_links.replace(RELATIONS, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    strict_book = workbook_xml().replace(MAIN, namespace)
    if namespace == STRICT:
        strict_book = strict_book.replace(RELATIONS, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    extra = {SHEET: text, "xl/workbook.xml": strict_book, "xl/_rels/workbook.xml.rels": strict_links}
    found = read_workbook(book("", extra))
    assert values(found) == {(0, 0): "one", (0, 1): None}
    assert found.sheets[0].formulas.text == b"A1"


def test_elements_of_foreign_namespaces_are_not_cells() -> None:
    text = sheet_xml('<x:row xmlns:x="urn:x" r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>')
    assert values(read_workbook(book("", {SHEET: text}))) == {}


@pytest.mark.parametrize(
    "dimension", ["", '<dimension ref="A1"/>', '<dimension ref="A1:XFD1048576"/>', '<dimension ref="?"/>']
)
def test_the_dimension_counts_for_nothing(dimension: str) -> None:
    text = sheet_xml('<row r="3"><c r="C3"><v>1</v></c></row>').replace("<sheetData>", dimension + "<sheetData>")
    assert values(read_workbook(book("", {SHEET: text}))) == {(2, 2): 1.0}


SHARED_STRINGS = [
    ("<t>a</t>", "a"),
    ("<t/>", ""),
    ("", ""),
    ("<r><t>a</t></r><r><t>b</t></r>", "ab"),
    ('<t>a</t><rPh sb="0" eb="1"><t>x</t></rPh><phoneticPr fontId="1"/>', "a"),
    ("<t>_x000a_</t>", "\n"),
    ('<t xml:space="preserve"> a </t>', " a "),
    ("<t>a\r\nb</t>", "a\nb"),
    ("<t>&#xE9;&lt;</t>", "é<"),
]


@pytest.mark.parametrize(("item", "expected"), SHARED_STRINGS)
def test_shared_strings(item: str, expected: str) -> None:
    data = book(row('<c r="A1" t="s"><v>1</v></c>'), {"xl/sharedStrings.xml": shared_strings("<t>0</t>", item)})
    assert values(read_workbook(data)) == {(0, 0): expected}


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_of_reading_shared_strings_give_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_stream, "_TARGET", 200)
    monkeypatch.setattr(shared_strings_part, "PIECE", 70)
    chance = random.Random(seed)
    plain = [
        "<t>a</t>",
        "<t>b &lt;&amp;lt;&gt;</t>",
        '<t xml:space="preserve"> c</t>',
        "<t>größe_x0041_</t>",
        "<t>></t>",
    ]
    odd = [item for item, _ in SHARED_STRINGS] + ["<!-- </si> --><t>x</t>", "<t><![CDATA[</t></si>]]></t>"]
    items = plain * 8 + chance.sample(odd, len(odd) if seed else 0)
    chance.shuffle(items)
    package = Package.open(book("", {"xl/sharedStrings.xml": shared_strings(*items)}), "test", Limits())
    found = []
    for way in (True, False):
        strings = Strings()
        ids = shared_strings_part.read_shared_strings(package, "xl/sharedStrings.xml", strings, way)
        found.append([strings.texts[int(number)] for number in ids])
    assert found[0] == found[1]
    assert len(found[0]) == len(items)


def test_names_settings_and_sheets() -> None:
    inner = (
        '<definedNames><definedName name="p">Sheet1!$A$1</definedName>'
        '<definedName name="q" localSheetId="2" hidden="1">5'
        '</definedName><definedName name="lost" localSheetId="1">1</definedName></definedNames>'
        '<calcPr iterate="1" iterateCount="7" iterateDelta="1E-4"/>'
    )
    workbook = workbook_xml(inner, ("Sheet1", "Chart", "Last")).replace(
        "<sheets>", '<workbookPr date1904="true"/><sheets>'
    )
    workbook = workbook.replace('name="Last"', 'name="Last" state="veryHidden"')
    links = {
        "rId1": ("worksheet", "/xl/worksheets/sheet1.xml"),
        "rId2": ("chartsheet", "c.xml"),
        "rId3": ("worksheet", "./a/../s2.xml"),
    }
    found = read_workbook(
        book(
            '<row r="1" hidden="1"><c r="A1" t="d"><v>1904-01-02</v></c></row>',
            {"xl/workbook.xml": workbook, "xl/_rels/workbook.xml.rels": relations(links), "xl/s2.xml": sheet_xml("")},
        )
    )
    assert [(sheet.name, sheet.hidden, sheet.part) for sheet in found.sheets] == [
        ("Sheet1", False, SHEET),
        ("Last", True, "xl/s2.xml"),
    ]
    assert found.names == [DefinedName("p", "Sheet1!$A$1"), DefinedName("q", "5", 1, True)]
    assert found.date1904
    assert found.calculation == Calculation(True, 7, 1e-4)
    assert values(found) == {(0, 0): 1.0}
    assert found.sheets[0].hidden_rows == {0}


def test_tables() -> None:
    table = (
        f'<table xmlns="{MAIN}" id="1" name="n" displayName="Sales" ref="B2:C5" totalsRowCount="1">'
        f'<tableColumns count="2">'
        '<tableColumn id="1" name="a_x000a_b"/><tableColumn id="2" name="c"/></tableColumns></table>'
    )
    extra = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations({"r": ("table", "../tables/t.xml")}),
        "xl/tables/t.xml": table,
    }
    assert read_workbook(book("", extra)).tables == [Table("Sales", Area(0, 1, 1, 5, 3), ("a\nb", "c"), 1, 1)]


def test_data_tables() -> None:
    rows = '<row r="2"><c r="B2"><f t="dataTable" ref="B2:C3" dt2D="1" dtr="1" r1="A1" r2="A2"/><v>4</v></c></row>'
    sheet = read_workbook(book(rows)).sheets[0]
    assert sheet.data_tables == (DataTable(Area(0, 1, 1, 3, 3), "A1", "A2", True, True),)
    assert formulas(sheet) == {(1, 1): (FormulaKind.DATA_TABLE, "", (1, 1, 3, 3))}


def metadata(*, dynamic: bool) -> str:
    """Return a metadata part as Excel writes it, with one block of cell and one of value metadata."""
    return (
        f'<metadata xmlns="{MAIN}" xmlns:xda="urn:xda" xmlns:xlrd="urn:xlrd"><metadataTypes count="2">'
        f'<metadataType name="XLDAPR"/>'
        '<metadataType name="XLRICHVALUE"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
        '<ext uri="u">'
        f'<xda:dynamicArrayProperties fDynamic="{int(dynamic)}" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
        '<futureMetadata name="XLRICHVALUE" count="1"><bk><extLst><ext uri="v"><xlrd:rvb i="0"/></ext></extLst>'
        "</bk></futureMetadata>"
        '<cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata>'
        '<valueMetadata count="1"><bk><rc t="2" v="0"/></bk></valueMetadata></metadata>'
    )


def with_metadata(*, dynamic: bool) -> dict[str, str | bytes | None]:
    links = {
        "rId1": ("worksheet", "worksheets/sheet1.xml"),
        "rId2": ("sheetMetadata", "metadata.xml"),
        "rId3": ("rdRichValue", "richData/rdrichvalue.xml"),
        "rId4": ("rdRichValueStructure", "richData/rdrichvaluestructure.xml"),
    }
    return {
        "xl/_rels/workbook.xml.rels": relations(links),
        "xl/metadata.xml": metadata(dynamic=dynamic),
        "xl/richData/rdrichvalue.xml": '<rvData xmlns="urn:r" count="1"><rv s="0"><v>8</v><v>3</v></rv></rvData>',
        "xl/richData/rdrichvaluestructure.xml": (
            '<rvStructures xmlns="urn:r" count="1"><s t="_error"><k n="errorType" t="i"/><k n="subType" t="i"/></s>'
            "</rvStructures>"
        ),
    }


@pytest.mark.parametrize(("dynamic", "kind"), [(True, FormulaKind.DYNAMIC), (False, FormulaKind.ARRAY)])
def test_dynamic_arrays_are_those_that_the_metadata_say(dynamic: bool, kind: FormulaKind) -> None:
    rows = row(
        '<c r="A1" cm="1"><f t="array" ref="A1:A2">B1:B2</f><v>1</v></c><c r="C1" cm="2">'
        '<f t="array" ref="C1">1</f></c>'
    )
    found = read_workbook(book(rows, with_metadata(dynamic=dynamic)))
    assert formulas(found.sheets[0]) == {
        (0, 0): (kind, "B1:B2", (0, 0, 2, 1)),
        (0, 2): (FormulaKind.ARRAY, "1", (0, 2, 1, 3)),
    }


def test_errors_younger_than_the_format_stand_in_the_metadata() -> None:
    rows = row('<c r="A1" t="e" vm="1"><v>#VALUE!</v></c><c r="B1" t="e"><v>#VALUE!</v></c>')
    assert values(read_workbook(book(rows, with_metadata(dynamic=True)))) == {(0, 0): Error.SPILL, (0, 1): Error.VALUE}


def test_linked_workbooks_keep_their_cached_values_and_are_not_opened() -> None:
    link = (
        f'<externalLink xmlns="{MAIN}" xmlns:r="{RELATIONS}"><externalBook r:id="rId1"><sheetNames>'
        f'<sheetName val="Data"/></sheetNames>'
        '<sheetDataSet><sheetData sheetId="0"><row r="1"><cell r="B1"><v>2</v></cell><cell r="A1" t="str"><v>x</v>'
        "</cell></row>"
        '<row r="2"><cell r="A2" t="b"><v>1</v></cell><cell r="B2" t="e"><v>#N/A</v></cell></row></sheetData>'
        "</sheetDataSet>"
        "</externalBook></externalLink>"
    )
    extra = {
        "xl/workbook.xml": workbook_xml('<externalReferences><externalReference r:id="rId5"/></externalReferences>'),
        "xl/_rels/workbook.xml.rels": relations(
            {
                "rId1": ("worksheet", "worksheets/sheet1.xml"),
                "rId5": ("externalLink", "externalLinks/externalLink1.xml"),
            }
        ),
        "xl/externalLinks/externalLink1.xml": link,
    }
    found = read_workbook(book("", extra))
    assert list(found.external) == [("1", "Data")]
    assert found.external["1", "Data"].rows(found.strings) == [["x", 2.0], [True, Error.NA]]


def test_macro_workbooks_are_read_as_well() -> None:
    links = relations({"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("vbaProject", "vbaProject.bin")})
    extra: Mapping[str, str | bytes | None] = {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0",
        "xl/_rels/workbook.xml.rels": links,
    }
    assert values(read_workbook(book(row('<c r="A1"><v>1</v></c>'), extra))) == {(0, 0): 1.0}


def test_openpyxl_workbooks_in_memory() -> None:
    source = openpyxl.Workbook()
    sheet = source.active
    sheet.title = "one"
    for place, value in {
        "A1": 1,
        "A2": "text",
        "A3": True,
        "A4": "#N/A",
        "A5": datetime(2024, 2, 29, 12),
        "A6": 2.5,
    }.items():
        sheet[place] = value
    sheet["B1"] = "=A1+1"
    sheet["B2"] = ArrayFormula("B2:B3", "=A1:A2*2")
    sheet["C1"] = DataTableFormula("C1:C2", r1="A1", t="dataTable")
    source.create_sheet("two").sheet_state = "hidden"
    source.defined_names["p"] = openpyxl.workbook.defined_name.DefinedName("p", attr_text="one!$A$1")
    found = read_workbook(source)
    assert [(s.name, s.hidden) for s in found.sheets] == [("one", False), ("two", True)]
    expected = {(0, 0): 1.0, (1, 0): "text", (2, 0): True, (3, 0): Error.NA, (4, 0): 45351.5, (5, 0): 2.5}
    assert {place: value for place, value in values(found).items() if value is not None} == expected
    assert formulas(found.sheets[0]) == {
        (0, 1): (FormulaKind.NORMAL, "A1+1", (0, 1, 1, 2)),
        (1, 1): (FormulaKind.ARRAY, "A1:A2*2", (1, 1, 3, 2)),
        (0, 2): (FormulaKind.DATA_TABLE, "", (0, 2, 2, 3)),
    }
    assert found.names == [DefinedName("p", "one!$A$1")]
    assert found.package is None


def test_openpyxl_agrees_on_a_workbook_that_xlsxwriter_wrote() -> None:
    chance = np.random.default_rng(5)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        for name in ("a", "b c"):
            sheet = target.add_worksheet(name)
            for row, column in chance.integers(0, 40, (150, 2)).tolist():
                sheet.write(row, column, [chance.random(), int(chance.integers(-9, 9)), f"t{row}<é>", True][row % 4])
            sheet.write_formula(50, 3, "=A1&B2", None, "x")
            sheet.write_array_formula(60, 0, 62, 1, "{=A1:B3*2}", None, 3)
    found = read_workbook(buffer.getvalue())
    stored = openpyxl.load_workbook(buffer, data_only=True)
    for index, sheet in enumerate(stored.worksheets):
        theirs = {(c.row - 1, c.column - 1): c.value for row in sheet.iter_rows() for c in row if c.value is not None}
        assert {place: value for place, value in values(found, index).items() if value is not None} == theirs
        assert found.sheets[index].name == sheet.title


def test_memory_follows_the_filled_cells() -> None:
    found = read_workbook(
        book('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    )
    assert len(found.sheets[0].cells.row) == 2
