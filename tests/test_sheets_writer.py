"""What the writer changes, and that it changes nothing else."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.sheets import fast_splice, sheet_stream
from sheetgrad.sheets.errors import FileRefused, UsageError
from sheetgrad.sheets.model import Cells, Workbook
from sheetgrad.sheets.package import Limits, Package
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.rendering import Changes, real_changes
from sheetgrad.sheets.splice import splice
from sheetgrad.sheets.target import write_atomically
from sheetgrad.sheets.values import Error, Scalar, decode, encode
from sheetgrad.sheets.writer import write_values, written_bytes
from tests.packages import MAIN, SHEET, book, parts, row, sheet_xml, zipped

Place = tuple[int, int]


def cells_of(workbook: Workbook, wanted: Mapping[Place, Scalar]) -> Cells:
    """Return new values by place as columns."""
    encoded = [encode(value, workbook.strings) for value in wanted.values()]
    return Cells(
        np.array([r for r, _ in wanted], dtype=np.int32),
        np.array([c for _, c in wanted], dtype=np.int32),
        np.array([data for data, _ in encoded], dtype=np.float64),
        np.array([kind for _, kind in encoded], dtype=np.uint8),
    )


def stored(workbook: Workbook, sheet: int = 0) -> dict[Place, Scalar]:
    """Return the stored values by place."""
    cells = workbook.sheets[sheet].cells
    columns = (cells.row.tolist(), cells.column.tolist(), cells.data.tolist(), cells.kind.tolist())
    return {(r, c): decode(data, kind, workbook.strings) for r, c, data, kind in zip(*columns, strict=True)}


def sheet_of(data: bytes, part: str = SHEET) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(part)


def rewritten(rows: str, wanted: Mapping[Place, Scalar]) -> str:
    """Return the rows of a sheet after new values were written."""
    workbook = read_workbook(book(rows))
    new = sheet_of(written_bytes(workbook, {0: cells_of(workbook, wanted)})).decode()
    head, tail = sheet_xml("@").split("@")
    assert new.startswith(head)
    assert new.endswith(tail)
    return new[len(head) : len(new) - len(tail)]


F = "<f>B1</f>"
CASES: list[tuple[str, str, Scalar, str]] = [
    ("number", f'<c r="A1">{F}<v>1</v></c>', 2.5, f'<c r="A1">{F}<v>2.5</v></c>'),
    ("whole number", f'<c r="A1">{F}<v>1</v></c>', 3.0, f'<c r="A1">{F}<v>3</v></c>'),
    ("shortest text", f'<c r="A1">{F}<v>1</v></c>', 0.1 + 0.2, f'<c r="A1">{F}<v>0.30000000000000004</v></c>'),
    ("large", f'<c r="A1">{F}<v>1</v></c>', 1e300, f'<c r="A1">{F}<v>1e+300</v></c>'),
    ("zero has no sign", f'<c r="A1">{F}<v>1</v></c>', -0.0, f'<c r="A1">{F}<v>0</v></c>'),
    ("infinity is no number", f'<c r="A1">{F}<v>1</v></c>', float("inf"), f'<c r="A1" t="e">{F}<v>#NUM!</v></c>'),
    ("NaN is no number", f'<c r="A1">{F}<v>1</v></c>', float("nan"), f'<c r="A1" t="e">{F}<v>#NUM!</v></c>'),
    ("no value before", f'<c r="A1">{F}</c>', 2.0, f'<c r="A1">{F}<v>2</v></c>'),
    ("empty value before", f'<c r="A1">{F}<v></v></c>', 2.0, f'<c r="A1">{F}<v>2</v></c>'),
    ("short empty value before", f'<c r="A1">{F}<v/></c>', 2.0, f'<c r="A1">{F}<v>2</v></c>'),
    ("text", f'<c r="A1" s="4">{F}<v>1</v></c>', "a<&>b", f'<c r="A1" s="4" t="str">{F}<v>a&lt;&amp;&gt;b</v></c>'),
    ("text before", f'<c r="A1" t="str" s="4">{F}<v>x</v></c>', 1.0, f'<c r="A1" s="4">{F}<v>1</v></c>'),
    ("other text", f'<c r="A1" t="str">{F}<v>x</v></c>', "y", f'<c r="A1" t="str">{F}<v>y</v></c>'),
    ("spaces", f'<c r="A1" t="str">{F}<v>x</v></c>', " y", f'<c r="A1" t="str">{F}<v xml:space="preserve"> y</v></c>'),
    ("spaces before", f'<c r="A1" t="str">{F}<v xml:space="preserve"> x</v>'
                      f'</c>', "y", f'<c r="A1" t="str">{F}<v>y</v></c>'),
    ("control", f'<c r="A1" t="str">{F}<v>x</v>'
                f'</c>', "\x01\r_x0041_", f'<c r="A1" t="str">{F}<v>_x0001__x000D__x005F_x0041_</v></c>'),
    ("empty text", f'<c r="A1">{F}<v>1</v></c>', "", f'<c r="A1" t="str">{F}<v></v></c>'),
    ("true", f'<c r="A1">{F}<v>1</v></c>', True, f'<c r="A1" t="b">{F}<v>1</v></c>'),
    ("false", f'<c r="A1" t="b">{F}<v>1</v></c>', False, f'<c r="A1" t="b">{F}<v>0</v></c>'),
    ("error", f'<c r="A1">{F}<v>1</v></c>', Error.DIV0, f'<c r="A1" t="e">{F}<v>#DIV/0!</v></c>'),
    ("error gone", f'<c r="A1" t="e" cm="1" vm="2">{F}<v>#VALUE!</v></c>', 1.0, f'<c r="A1" cm="1">{F}<v>1</v></c>'),
    ("empty", f'<c r="A1" t="str">{F}<v>x</v></c>', None, f'<c r="A1">{F}</c>'),
    ("type n", f'<c r="A1" t="n">{F}<v>1</v></c>', 2.0, f'<c r="A1" t="n">{F}<v>2</v></c>'),
    ("shared string", '<c r="A1" s="1" t="s"><v>1</v></c>', 2.0, '<c r="A1" s="1"><v>2</v></c>'),
    ("shared string to text", '<c r="A1" t="s"><v>1</v></c>', "two", '<c r="A1" t="str"><v>two</v></c>'),
    ("inline string", '<c r="A1" t="inlineStr"><is><t>x</t></is></c>', 2.0, '<c r="A1"><v>2</v></c>'),
    ("empty inline string", '<c r="A1" t="inlineStr"><is><t/></is></c>', 2.0, '<c r="A1"><v>2</v></c>'),
    ("rich inline string", '<c r="A1" t="inlineStr"><is><r><t>x</t></r></is></c>', 2.0, '<c r="A1"><v>2</v></c>'),
    ("styled cell", '<c r="A1" s="3"/>', 2.0, '<c r="A1" s="3"><v>2</v></c>'),
    ("styled cell to text", '<c r="A1" s="3" />', "x", '<c r="A1" s="3" t="str"><v>x</v></c>'),
    ("cell with nothing in it", '<c r="A1" s="3"></c>', 2.0, '<c r="A1" s="3"><v>2</v></c>'),
    ("array", '<c r="A1"><f t="array" ref="A1">B1:B2*2</f><v>0</v></c>', 2.0, '<c r="A1">'
        '<f t="array" ref="A1">B1:B2*2</f><v>2</v></c>'),
    ("array member", '<c r="A1"><f ca="1"/><v>0</v></c>', 2.0, '<c r="A1"><f ca="1"/><v>2</v></c>'),
    ("raw greater-than", '<c r="A1"><f>B1>2</f><v>0</v></c>', True, '<c r="A1" t="b"><f>B1>2</f><v>1</v></c>'),
    ("single quotes", "<c r='A1' t='str'><f>1</f><v>0</v></c>", 5.0, "<c r='A1'><f>1</f><v>5</v></c>"),
    ("extension kept", '<c r="A1"><v>1</v><extLst><ext/></extLst></c>', 5.0, '<c r="A1"><v>5</v><extLst><ext/>'
        '</extLst></c>'),
    ("comment kept", '<c r="A1"><!-- <v> --><v>1</v></c>', 5.0, '<c r="A1"><!-- <v> --><v>5</v></c>'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "value", "after"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_cells(before: str, value: Scalar, after: str) -> None:
    neighbour = '<c r="C1" t="b"><v>1</v></c>'
    assert rewritten(row(before + neighbour), {(0, 0): value}) == row(after + neighbour)


INSERTIONS: list[tuple[str, str, dict[Place, Scalar], str]] = [
    ("before", row('<c r="B1"><v>1</v></c>'), {(0, 0): 5.0}, row('<c r="A1"><v>5</v></c><c r="B1"><v>1</v></c>')),
    ("between", row('<c r="A1"/><c r="C1"/>'), {(0, 1): "x"}, row('<c r="A1"/><c r="B1" t="str"><v>x</v></c>'
        '<c r="C1"/>')),
    ("after", row('<c r="A1"/>'), {(0, 2): 1.0, (0, 1): 2.0}, row('<c r="A1"/><c r="B1"><v>2</v></c><c r="C1">'
        '<v>1</v></c>')),
    ("in an empty row", '<row r="1" ht="9"/>', {(0, 0): True}, '<row r="1" ht="9"><c r="A1" t="b"><v>1</v></c></row>'),
    ("in a row without cells", '<row r="1"></row>', {(0, 0): 1.0}, row('<c r="A1"><v>1</v></c>')),
    ("row before", row('<c r="A3"/>', 3), {(0, 0): 1.0}, row('<c r="A1"><v>1</v></c>') + row('<c r="A3"/>', 3)),
    ("row after", row('<c r="A1"/>'), {(2, 1): 1.0}, row('<c r="A1"/>') + row('<c r="B3"><v>1</v></c>', 3)),
    (
        "rows around",
        row('<c r="A3"/>', 3) + '<row r="5"/>',
        {(0, 0): 1.0, (3, 1): 2.0, (4, 0): 3.0, (6, 0): 4.0},
        row('<c r="A1"><v>1</v></c>')
        + row('<c r="A3"/>', 3)
        + row('<c r="B4"><v>2</v></c>', 4)
        + row('<c r="A5"><v>3</v></c>', 5)
        + row('<c r="A7"><v>4</v></c>', 7),
    ),
    ("in an empty sheet", "", {(1, 1): 1.0}, row('<c r="B2"><v>1</v></c>', 2)),
    ("nothing to add", row('<c r="A1"/>'), {(5, 5): None}, row('<c r="A1"/>')),
    ("cells without r", "<row><c><v>1</v></c></row>", {(0, 0): 2.0, (0, 1): 3.0}, '<row><c><v>2</v></c><c r="B1">'
        '<v>3</v></c></row>'),
    (
        "rows out of order",
        row('<c r="A5"/>', 5) + row('<c r="A2"/>', 2),
        {(1, 1): 1.0, (3, 0): 2.0},
        row('<c r="A4"><v>2</v></c>', 4) + row('<c r="A5"/>', 5) + row('<c r="A2"/><c r="B2"><v>1</v></c>', 2),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "new", "after"), [case[1:] for case in INSERTIONS], ids=[case[0] for case in INSERTIONS]
)
def test_cells_that_are_not_there_are_added(before: str, new: dict[Place, Scalar], after: str) -> None:
    assert rewritten(before, new) == after


def test_a_sheet_without_rows_in_short_form() -> None:
    data = book("", {SHEET: f'<worksheet xmlns="{MAIN}"><sheetData/><x/></worksheet>'})
    workbook = read_workbook(data)
    new = sheet_of(written_bytes(workbook, {0: cells_of(workbook, {(0, 0): 1.0})})).decode()
    assert '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData><x/>' in new


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "us-ascii"]
)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_encodings_and_prefixes_stay(encoding: str, prefix: str) -> None:
    declared = encoding.removesuffix("-sig")
    declared = "utf-16" if declared.startswith("utf-16") else declared
    namespace = f'xmlns:x="{MAIN}"' if prefix else f'xmlns="{MAIN}"'
    letter = "e" if encoding == "us-ascii" else "é"

    def text(value: str, more: str) -> str:
        return (
            f'<?xml version="1.0" encoding="{declared}"?><@worksheet {namespace}><@sheetData><@row r="1">'
            f'<@c r="A1" t="str">'
            f'<@f>"{letter}"</@f><@v>{value}</@v></@c>{more}</@row></@sheetData></@worksheet>'
        ).replace("@", prefix)

    workbook = read_workbook(book("", {SHEET: text("x", "").encode(encoding)}))
    new = sheet_of(written_bytes(workbook, {0: cells_of(workbook, {(0, 0): "ü€", (0, 1): 1.0})}))
    assert new == text("ü€", '<@c r="B1"><@v>1</@v></@c>').encode(encoding, "xmlcharrefreplace")


def rich_book() -> bytes:
    """Return a workbook with as many kinds of parts as XlsxWriter makes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        sheet, other = target.add_worksheet("data"), target.add_worksheet("other one")
        for number in range(30):
            sheet.write_number(number, 0, number / 7)
            sheet.write_formula(number, 1, f"=A{number + 1}*2", None, 0)
            sheet.write_formula(number, 2, f'=IF(A{number + 1}<2,"low","high")', None, "low")
            sheet.write_array_formula(number, 3, number, 3, f"{{=SUM(A1:A{number + 1}*2)}}", None, 1)
        sheet.write_rich_string("G1", "a ", target.add_format({"bold": True}), "bold", " text")
        sheet.write_comment("A1", "a comment")
        sheet.conditional_format("A1:A9", {"type": "data_bar", "data_bar_2010": True})
        sheet.data_validation("H1", {"validate": "list", "source": ["a", "b"]})
        sheet.add_sparkline("I1", {"range": "data!A1:A9"})
        sheet.add_table("K1:L4", {"columns": [{"header": "p"}, {"header": "q"}]})
        sheet.merge_range("N1:O2", "merged")
        sheet.write_url("Q1", "https://example.invalid/")
        sheet.autofilter("A1:C9")
        chart = target.add_chart({"type": "line"})
        chart.add_series({"values": "=data!$A$1:$A$9"})
        other.insert_chart("A1", chart)
        other.write_formula("A1", "=data!A1", None, 0)
        other.write_dynamic_array_formula("C1:C3", "=data!A1:A3")
        target.define_name("p", "=data!$A$1")
        target.set_properties({"title": "t"})
    return buffer.getvalue()


def events(xml: bytes) -> list[tuple[Any, ...]]:
    """Return all that stands in a sheet, but the values and types of cells."""
    found: list[tuple[Any, ...]] = []
    for event, node in ElementTree.iterparse(io.BytesIO(xml), ("start", "end")):
        name = node.tag.rpartition("}")[2]
        attributes = {key: value for key, value in node.attrib.items() if not (name == "c" and key in ("t", "vm"))}
        if name not in ("v", "is"):
            found.append((event, node.tag, attributes, (node.text or "") if event == "end" else None))
    return found


def raw_parts(data: bytes) -> dict[str, bytes]:
    """Return the compressed bytes of all parts with their local headers."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        starts = {info.filename: info.header_offset for info in archive.infolist()}
    package = Package.open(data, "test", Limits())
    return {entry.name: data[starts[entry.name] : entry.start + entry.compressed] for entry in package.entries.values()}


@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl, of what it does not keep
def test_every_other_part_stays_byte_for_byte() -> None:
    data = rich_book()
    workbook = read_workbook(data)
    formulas = workbook.sheets[0].formulas
    places = list(zip(formulas.row.tolist(), formulas.column.tolist(), strict=True))
    wanted: dict[Place, Scalar] = {place: [1.25, "text", True, Error.NA][i % 4] for i, place in enumerate(places)}
    new = written_bytes(workbook, {0: cells_of(workbook, wanted)})
    before, after = raw_parts(data), raw_parts(new)
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} == {SHEET}
    assert events(sheet_of(data)) == events(sheet_of(new))
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.testzip() is None
    again = read_workbook(new)
    assert stored(again) == {**stored(workbook), **wanted}
    theirs = openpyxl.load_workbook(io.BytesIO(new), data_only=True)["data"]
    assert all(
        theirs.cell(r + 1, c + 1).value == (value.text if isinstance(value, Error) else value)
        for (r, c), value in wanted.items()
    )


def test_the_file_stays_as_it_is_where_no_value_changes(tmp_path: Path) -> None:
    data = rich_book()
    workbook = read_workbook(data)
    same = {index: sheet.cells for index, sheet in enumerate(workbook.sheets)}
    assert written_bytes(workbook, same) == data
    changed = {0: cells_of(workbook, {(0, 1): 9.0}), 1: workbook.sheets[1].cells}
    before, after = raw_parts(data), raw_parts(written_bytes(workbook, changed))
    assert {name for name in before if before[name] != after[name]} == {SHEET}


def test_archives_with_descriptors_comments_and_odd_entries() -> None:
    """Sizes behind the data (written to a stream), a comment, stored parts, folders: all of it stays."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.data += bytes(piece)
            return len(piece)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts(row('<c r="A1"><f>1+1</f><v>0</v></c>')).items():
            archive.writestr(name, text)
        archive.writestr("xl/media/", b"")
        archive.writestr("xl/media/a.png", bytes(range(256)), zipfile.ZIP_STORED)
        archive.comment = b"a comment"
    workbook = read_workbook(stream.data)
    new = written_bytes(workbook, {0: cells_of(workbook, {(0, 0): 2.0})})
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"a comment"
        assert archive.read("xl/media/a.png") == bytes(range(256))
    assert stored(read_workbook(new)) == {(0, 0): 2.0}


texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, st.sampled_from(list(Error)))
places = st.tuples(st.integers(0, 30), st.integers(0, 30))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(places, scalars, max_size=25), st.dictionaries(places, scalars, max_size=25))
def test_what_is_written_is_read(first: dict[Place, Scalar], second: dict[Place, Scalar]) -> None:
    workbook = read_workbook(book(row('<c r="A1"><v>1</v></c>')))
    once = read_workbook(written_bytes(workbook, {0: cells_of(workbook, first)}))
    twice = read_workbook(written_bytes(once, {0: cells_of(once, second)}))
    expected = {place: value for place, value in {(0, 0): 1.0, **first, **second}.items() if value is not None}
    assert {place: value for place, value in stored(twice).items() if value is not None} == expected


def mixed_rows() -> Iterator[str]:
    odd = [
        '<row r="{0}"><c r="A{0}"><v>1</v></c><!-- x --></row>',
        "<row r='{0}'><c r='A{0}'><f>B1</f><v>1</v></c></row>",
        '<row r="{0}" ht="3"/>',
        '<row r="{0}"><c r="A{0}" vm="1" t="e"><v>#VALUE!</v></c><c r="B{0}" t="inlineStr"><is><r><t>x</t></r></is>'
        "</c></row>",
    ]
    for i in range(1, 120):
        if i % 9 == 4:
            yield odd[i // 9 % 4].format(i)
        elif i % 11:
            yield (
                f'<row r="{i}" spans="1:3"><c r="A{i}" s="{i % 5}"><f>B{i}&lt;1</f><v>{i / 3}</v></c>'
                f'<c r="B{i}" t="str"><v>é</v></c>'
                f'<c r="D{i}" s="1"/></row>'
            )


@pytest.mark.parametrize("added", [False, True])
def test_both_ways_of_writing_give_the_same_bytes(added: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few hundred bytes, plain and odd rows mixed: whatever is cut where, the bytes stay."""
    monkeypatch.setattr(sheet_stream, "_TARGET", 500)
    monkeypatch.setattr(fast_splice, "PIECE", 100)
    rows = [text for text in mixed_rows() if "<!--" not in text and (not added or "vm=" not in text)]
    rows = [text for text in rows if not added or "<row r='" not in text]
    data = book("".join(rows))
    workbook = read_workbook(data)
    values: list[Scalar] = [2.5, "text", True, Error.NA, None, 7.0]
    wanted = {place: values[i % 6] for i, place in enumerate(stored(workbook)) if i % 3}
    if added:
        wanted |= {(r, c): 1.0 for r in range(0, 140, 7) for c in (0, 2, 5)}
    changes: Changes = real_changes(workbook.sheets[0].cells, cells_of(workbook, wanted))
    package = Package.open(data, "test", Limits())
    pieces = list(fast_splice.splice_pieces(package, SHEET, "Sheet1", changes, workbook.strings))
    assert len(pieces) > 10
    whole = splice(package, SHEET, "Sheet1", sheet_of(data), changes, workbook.strings)
    assert b"".join(pieces) == b"".join(whole)


def test_plain_rows_are_not_spliced_by_way_of_expat(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("spliced by way of expat")

    monkeypatch.setattr("sheetgrad.sheets.splice.CellLocator.__init__", refuse)
    data = rich_book()
    workbook = read_workbook(data)
    wanted: dict[Place, Scalar] = {(r, c): value for r in range(30) for c, value in enumerate([2.0, 3.0, "x", True])}
    assert stored(read_workbook(written_bytes(workbook, {0: cells_of(workbook, wanted)})))[0, 2] == "x"


def test_what_cannot_be_spliced_piece_by_piece_is_spliced_whole() -> None:
    rows = "".join(mixed_rows())
    workbook = read_workbook(book(rows))
    wanted: dict[Place, Scalar] = {(r, 0): 0.5 for r in range(130)}
    again = read_workbook(written_bytes(workbook, {0: cells_of(workbook, wanted)}))
    assert stored(again) == {**stored(workbook), **wanted}


def test_openpyxl_workbooks_are_saved_by_openpyxl_and_then_filled_in() -> None:
    source = openpyxl.Workbook()
    source.active["A1"] = 2
    source.active["B1"] = "=A1*2"
    source.create_sheet("two")["A1"] = "=1+1"
    workbook = read_workbook(source)
    new = written_bytes(workbook, {0: cells_of(workbook, {(0, 1): 4.0}), 1: cells_of(workbook, {(0, 0): 2.0})})
    filled = openpyxl.load_workbook(io.BytesIO(new), data_only=True)
    assert (filled.worksheets[0]["B1"].value, filled["two"]["A1"].value) == (4, 2)
    assert openpyxl.load_workbook(io.BytesIO(new))["two"]["A1"].value == "=1+1"


def test_a_workbook_from_nowhere_cannot_be_written() -> None:
    workbook = read_workbook(openpyxl.Workbook())
    workbook.origin = None
    with pytest.raises(UsageError):
        written_bytes(workbook, {})


def test_the_target_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(book(row('<c r="A1"><v>1</v></c>')))
    path.chmod(0o640)
    link = tmp_path / "link.xlsx"
    link.symlink_to(path)
    workbook = read_workbook(path)
    write_values(workbook, {0: cells_of(workbook, {(0, 0): 2.0})}, link)
    assert stored(read_workbook(path)) == {(0, 0): 2.0}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["book.xlsx", "link.xlsx"]


@pytest.mark.parametrize("nameless", [True, False])
def test_a_write_that_fails_leaves_all_as_it_was(
    tmp_path: Path, nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not nameless:
        monkeypatch.setattr("sheetgrad.sheets.target._write_nameless", lambda path, pieces: False)
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"old")

    def failing() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(FileRefused, match=re.escape(f"{path}: it cannot be written: No space left on device")):
        write_atomically(path, failing())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["book.xlsx"]
    write_atomically(path, iter([b"new ", b"file"]))
    assert path.read_bytes() == b"new file"
    assert os.listdir(tmp_path) == ["book.xlsx"]


@pytest.mark.parametrize("target", ["missing/book.xlsx", "."])
def test_a_target_that_cannot_be_is_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(FileRefused, match="cannot be written"):
        write_atomically(tmp_path / target, iter([b"x"]))
    assert os.listdir(tmp_path) == []


def test_duplicate_changes_the_last_counts() -> None:
    workbook = read_workbook(book(row('<c r="A1"><v>1</v></c>')))
    cells = Cells(np.zeros(2, np.int32), np.zeros(2, np.int32), np.array([5.0, 6.0]), np.ones(2, np.uint8))
    assert stored(read_workbook(written_bytes(workbook, {0: cells}))) == {(0, 0): 6.0}


def test_zipped_parts_may_be_stored() -> None:
    data = zipped(parts(row('<c r="A1"><v>1</v></c>')), zipfile.ZIP_STORED)
    workbook = read_workbook(data)
    assert stored(read_workbook(written_bytes(workbook, {0: cells_of(workbook, {(0, 0): 2.0})}))) == {(0, 0): 2.0}
