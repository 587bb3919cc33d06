"""Files that are broken or mean harm: each is refused with exit code 3 and one line that names the file and the fault."""

from __future__ import annotations

import io
import os
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from sheetgrad.sheets import sheet_stream
from sheetgrad.sheets.errors import FileRefused
from sheetgrad.sheets.model import Cells
from sheetgrad.sheets.package import Limits
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.writer import written_bytes
from tests.packages import (
    CONTENT_TYPES,
    MAIN,
    SHEET,
    book,
    parts,
    relations,
    row,
    shared_strings,
    sheet_xml,
    workbook_xml,
    zipped,
)

GOOD_ROWS = row('<c r="A1"><v>1</v></c><c r="B1" t="s"><v>1</v></c><c r="C1"><f>A1+1</f><v>2</v></c>')
GOOD = book(GOOD_ROWS)
WORKBOOK = "xl/workbook.xml"
STRINGS = "xl/sharedStrings.xml"
BOMB = bytes(30 << 20)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://example.invalid/x.dtd"> %p;]>'


def with_part(name: str, text: str | bytes | None, rows: str = GOOD_ROWS) -> Callable[[], bytes]:
    return lambda: book(rows, {name: text})


def with_rows(rows: str) -> Callable[[], bytes]:
    return lambda: book(rows)


def with_doctype(part: str, doctype: str = LAUGHS, encoding: str = "utf-8") -> Callable[[], bytes]:
    def make() -> bytes:
        text = parts(GOOD_ROWS).get(part, b"<a/>").decode()
        declared = "utf-16" if encoding.startswith("utf-16") else "utf-8"
        return book(GOOD_ROWS, {part: f'<?xml version="1.0" encoding="{declared}"?>{doctype}{text}'.encode(encoding)})

    return make


def renamed(name: str) -> Callable[[], bytes]:
    """Add an entry with a name that zipfile itself would tidy up."""

    def make() -> bytes:
        placeholder = "x" * len(name.encode())
        return zipped({**parts(GOOD_ROWS), placeholder: b"evil"}).replace(placeholder.encode(), name.encode())

    return make


def directory_field(part: str, offset: int, layout: str, value: int) -> Callable[[], bytes]:
    """Change a field of an entry's directory record (offsets of APPNOTE 4.3.12)."""

    def make() -> bytes:
        data = bytearray(GOOD)
        at = data.rindex(part.encode()) - 46
        struct.pack_into(layout, data, at + offset, value)
        return bytes(data)

    return make


def end_field(offset: int, layout: str, value: int) -> Callable[[], bytes]:
    """Change a field of the end of the directory (offsets of APPNOTE 4.3.16)."""

    def make() -> bytes:
        data = bytearray(GOOD)
        struct.pack_into(layout, data, data.rindex(b"PK\x05\x06") + offset, value)
        return bytes(data)

    return make


def flipped(part: str) -> Callable[[], bytes]:
    """Store the parts uncompressed and flip one bit in the middle of one: only its checksum can tell."""

    def make() -> bytes:
        contents = parts(GOOD_ROWS, {"xl/media/image1.png": bytes(range(256)) * 8})
        data = bytearray(zipped(contents, zipfile.ZIP_STORED))
        at = data.index(part.encode()) + len(part) + len(contents[part]) // 2
        data[at] ^= 1
        return bytes(data)

    return make


def with_duplicate(name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        placeholder = "xl/worksheets/sheet2.xml"
        return zipped({**parts(GOOD_ROWS), placeholder: b"<a/>"}).replace(placeholder.encode(), name.encode())

    return make


def many_entries() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts(GOOD_ROWS).items():
            archive.writestr(name, data)
        for number in range(10_001):
            archive.writestr(f"junk/{number}", b"")
    return buffer.getvalue()


def overlapping() -> bytes:
    """Let two directory records share the same data, as quoted-overlap bombs do."""
    data = bytearray(zipped({**parts(GOOD_ROWS), "a1": b"x" * 2000, "a2": b"y" * 2000}))
    directory = data.rindex(b"PK\x05\x06")
    first = data.index(b"a1", data.index(b"PK\x01\x02")) - 46
    second = data.index(b"a2", data.index(b"PK\x01\x02")) - 46
    assert first < second < directory
    header = struct.unpack_from("<L", data, first + 42)[0]
    struct.pack_into("<L", data, first + 20, struct.unpack_from("<L", data, first + 20)[0] + 60)
    assert data[header : header + 4] == b"PK\x03\x04"
    return bytes(data)


DEEP = "<a>" * 300 + "</a>" * 300
HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "empty"),
    ("text", lambda: b"a,b,c\n1,2,3\n", "not a workbook"),
    ("web page", lambda: b"<html><table></table></html>", "not a workbook"),
    ("first bytes only", lambda: b"PK\x03\x04", "truncated"),
    ("nothing but an empty archive", lambda: b"PK\x05\x06" + bytes(18), "Content_Types"),
    ("a tenth", lambda: GOOD[: len(GOOD) // 10], "truncated"),
    ("a half", lambda: GOOD[: len(GOOD) // 2], "truncated"),
    ("directory cut", lambda: GOOD[:-30], "truncated"),
    ("last byte missing", lambda: GOOD[:-1], "truncated"),
    ("beginning missing", lambda: b"PK\x03\x04" + GOOD[200:], "zip"),
    ("zip within text", lambda: b"hello" + GOOD, "not a workbook"),
    ("bit flipped in the sheet", flipped(SHEET), "checksum"),
    ("bit flipped in a picture", flipped("xl/media/image1.png"), "checksum"),
    ("wrong checksum", directory_field(SHEET, 16, "<L", 12345), "checksum"),
    ("size too small", directory_field(SHEET, 24, "<L", 10), "where the directory says"),
    ("size too large", directory_field(SHEET, 24, "<L", 1 << 31), "where the directory says"),
    ("compressed size cut", directory_field(SHEET, 20, "<L", 20), "truncated"),
    ("compressed size beyond the file", directory_field(SHEET, 20, "<L", 1 << 30), "reaches into"),
    ("header beyond the file", directory_field(SHEET, 42, "<L", 1 << 30), "truncated"),
    ("header of another entry", directory_field(SHEET, 42, "<L", 0), "not where the zip directory says"),
    ("unknown compression", directory_field(SHEET, 10, "<H", 12), "compressed by method 12"),
    ("encrypted entry", directory_field(SHEET, 8, "<H", 1), "encrypted"),
    ("fewer records than counted", end_field(10, "<H", 60), "directory is truncated"),
    ("directory beyond the file", end_field(16, "<L", 1 << 30), "truncated"),
    ("several volumes", end_field(4, "<H", 1), "several"),
    ("zip64 without its directory", end_field(16, "<L", 0xFFFFFFFF), "truncated"),
    ("two sheets of one name", with_duplicate(SHEET), "two entries"),
    ("two names but for case", with_duplicate(SHEET.upper()), "two entries"),
    ("overlapping entries", overlapping, "reaches into"),
    ("too many entries", many_entries, "10001|10007"),
    ("parent folder", renamed("../../evil.xml"), "outside the package"),
    ("parent folder within", renamed("xl/../../../evil"), "outside the package"),
    ("root", renamed("/etc/passwd"), "outside the package"),
    ("drive", renamed("C:evil.xml"), "outside the package"),
    ("backslashes", renamed("..\\..\\evil.xml"), "outside the package"),
    ("NUL in a name", renamed("xl/a\0b.xml"), "outside the package"),
    ("bomb as sheet", with_part(SHEET, BOMB), "100 times"),
    ("bomb as strings", with_part(STRINGS, shared_strings(f"<t>{' ' * (30 << 20)}</t>")), "100 times"),
    ("bomb as picture", with_part("xl/media/image1.png", BOMB), "100 times"),
    ("bomb of spaces in a sheet", with_rows(" " * (20 << 20)), "100 times"),
    ("bomb of empty cells", with_rows("<row>" + "<c/>" * 16_000 + "</row>" + "<row/>" * (4 << 20)), "100 times"),
    ("password", lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100), "encrypted"),
    ("old binary", lambda: OLE + "Workbook".encode("utf-16-le") + bytes(100), ".xls)"),
    ("older binary", lambda: b"\x09\x08\x10\x00" + bytes(600), ".xls)"),
    ("other compound file", lambda: OLE + "WordDocument".encode("utf-16-le"), "OLE"),
    ("binary workbook", lambda: book("", {"_rels/.rels": relations({"r": ("officeDocument", "xl/workbook.bin")})}), ".xlsb"),
    ("OpenDocument", lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
    ("a text document", with_part(WORKBOOK, '<document xmlns="urn:w"/>'), "no workbook"),
    ("content types missing", with_part("[Content_Types].xml", None), "Content_Types"),
    ("package relationships missing", with_part("_rels/.rels", None), "_rels/.rels is missing"),
    ("no main part", with_part("_rels/.rels", relations({})), "no main part"),
    ("workbook missing", with_part(WORKBOOK, None), "xl/workbook.xml is missing"),
    ("workbook relationships missing", with_part("xl/_rels/workbook.xml.rels", None), "has no part"),
    ("sheet missing", with_part(SHEET, None), "sheet1.xml is missing"),
    ("strings missing", with_part(STRINGS, None), "sharedStrings.xml is missing"),
    ("no sheets", with_part(WORKBOOK, workbook_xml(sheets=())), "no worksheet"),
    ("two sheets of one part", with_part(WORKBOOK, workbook_xml(sheets=("a", "b")).replace("rId2", "rId1")), "share part"),
    ("very long sheet name", with_part(WORKBOOK, workbook_xml(sheets=("n" * 9000,)), row('<c r="A0"/>')), "nnnn …"),
    ("two sheets called alike", with_part(WORKBOOK, workbook_xml(sheets=("a", "A"))), "two sheets"),
    (
        "sheet outside the package",
        with_part("xl/_rels/workbook.xml.rels", relations({"rId1": ("worksheet", "../../../etc/passwd")})),
        "outside the package",
    ),
    (
        "sheet elsewhere",
        with_part(
            "xl/_rels/workbook.xml.rels",
            relations({"rId1": ("worksheet", "http://example.invalid/s.xml")}).replace("/>", ' TargetMode="External"/>'),
        ),
        "has no part",
    ),
    ("DOCTYPE in a sheet", with_doctype(SHEET), "DOCTYPE"),
    ("DOCTYPE, external entity", with_doctype(SHEET, OUTSIDE), "DOCTYPE"),
    ("DOCTYPE, parameter entity", with_doctype(SHEET, PARAMETER), "DOCTYPE"),
    ("DOCTYPE, bare", with_doctype(SHEET, "<!DOCTYPE worksheet>"), "DOCTYPE"),
    ("DOCTYPE in the workbook", with_doctype(WORKBOOK), "DOCTYPE"),
    ("DOCTYPE in strings", with_doctype(STRINGS), "DOCTYPE"),
    ("DOCTYPE in relationships", with_doctype("_rels/.rels"), "DOCTYPE"),
    ("DOCTYPE in content types", with_doctype("[Content_Types].xml"), "DOCTYPE"),
    ("DOCTYPE in a carried part", with_doctype("xl/styles.xml"), "DOCTYPE"),
    ("DOCTYPE after a BOM", with_doctype(SHEET, encoding="utf-8-sig"), "DOCTYPE"),
    ("DOCTYPE in UTF-16", with_doctype(SHEET, encoding="utf-16"), "DOCTYPE"),
    ("DOCTYPE in UTF-16 big-endian", with_doctype(WORKBOOK, OUTSIDE, "utf-16-be"), "DOCTYPE"),
    ("DOCTYPE in a carried part in UTF-16", with_doctype("xl/styles.xml", encoding="utf-16"), "DOCTYPE"),
    ("deep sheet", with_rows(DEEP), "deeper"),
    ("deep cell", with_rows(row(f'<c r="A1">{DEEP}</c>')), "deeper"),
    ("deep workbook", with_part(WORKBOOK, workbook_xml(DEEP)), "deeper"),
    ("deep strings", with_part(STRINGS, shared_strings(DEEP)), "deeper"),
    ("deep relationships", with_part("_rels/.rels", relations({}).replace("</", DEEP + "</")), "deeper"),
    ("sheet that ends too soon", with_part(SHEET, sheet_xml(GOOD_ROWS)[:-20]), "not well-formed"),
    ("tags crossed", with_rows('<row r="1"><c r="A1"></row></c>'), "not well-formed"),
    ("value not closed", with_rows('<row r="1"><c r="A1"><v>1</c></row>'), "not well-formed"),
    ("attribute twice", with_rows('<row r="1"><c r="A1" r="A2"><v>1</v></c></row>'), "not well-formed"),
    ("type twice", with_rows('<row r="1"><c r="A1" t="s" t="n"><v>1</v></c></row>'), "not well-formed"),
    ("unknown entity", with_rows('<row r="1"><c r="A1"><f>&x;</f></c></row>'), "not well-formed"),
    ("bare ampersand", with_rows('<row r="1"><c r="A1"><f>A1&B1</f></c></row>'), "not well-formed"),
    ("control character", with_rows('<row r="1"><c r="A1"><f>\x01</f></c></row>'), "not well-formed"),
    ("not UTF-8", with_part(SHEET, sheet_xml(row('<c r="A1"><f>"é"</f></c>')).encode("latin-1")), "not well-formed"),
    ("surrogate in UTF-8", with_part(SHEET, sheet_xml(row('<c r="A1"><f>@</f>'
        '</c>')).encode().replace(b"@", b"\xed\xa0\x80")), "well-f"),
    ("end of a CDATA section that has not begun", with_rows(row('<c r="A1"><f>A1]]>2</f></c>')), "not well-formed"),
    ("prefix not declared", with_rows('<row r="1"><x:c r="A1"/></row>'), "not well-formed"),
    ("empty sheet part", with_part(SHEET, b""), "not well-formed"),
    ("unknown encoding", with_part(SHEET, '<?xml version="1.0" encoding="utf-7"?><a/>'), "encoding"),
    ("codec that is no encoding", with_part(SHEET, '<?xml version="1.0" encoding="zip"?><a/>'), "encoding"),
    ("cell without a place", with_rows(row('<c r="11"><v>1</v></c>')), "no address"),
    ("cell in row 0", with_rows(row('<c r="A0"><v>1</v></c>')), "beyond"),
    ("cell in row 1048577", with_rows(row('<c r="A1048577"><v>1</v></c>')), "beyond"),
    ("cell in column XFE", with_rows(row('<c r="XFE1"><v>1</v></c>')), "beyond"),
    ("row 0", with_rows('<row r="0"/>' + GOOD_ROWS), "numbered '0'"),
    ("row 1048577", with_rows('<row r="1048577"></row>'), "numbered '1048577'"),
    ("row -1", with_rows('<row r="-1"></row>'), "numbered '-1'"),
    ("row of many digits", with_rows(f'<row r="{"9" * 5000}"></row>'), "numbered '9999"),
    ("16385 cells in a row", with_rows("<row>" + "<c/>" * 16_385 + "</row>"), "beyond"),
    ("shared string that is not there", with_rows(row('<c r="B7" t="s"><v>2</v>'
        '</c>')), "cell B7 refers to shared string '2'"),
    ("shared string below zero", with_rows(row('<c r="B7" t="s"><v>-1</v></c>')), "shared string '-1'"),
    ("shared string without a number", with_rows(row('<c r="B7" t="s"><v></v></c>')), "shared string ''"),
    ("unknown type", with_rows(row('<c r="B7" t="x"><v>2</v></c>')), "cell B7 has type 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "fault"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_refused_in_one_line(make: Callable[[], bytes], fault: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(make())
    with pytest.raises(FileRefused) as refusal:
        read_workbook(path)
    message = str(refusal.value)
    assert refusal.value.exit_code == 3
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 310
    assert any(word in message for word in fault.split("|")), message
    assert os.listdir(tmp_path) == ["book.xlsx"]


def test_the_good_workbook_is_read() -> None:
    assert len(read_workbook(GOOD).sheets[0].formulas) == 1


@pytest.mark.parametrize(
    "case", ["bomb as sheet", "bomb as strings", "bomb of empty cells", "bomb of spaces in a sheet"]
)
def test_bombs_cost_little_memory(case: str) -> None:
    data = next(make for name, make, _ in HOSTILE if name == case)()
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused):
            read_workbook(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 << 20


LIMITED = [
    ("entries", Limits(entries=3), "more than 3"),
    ("inflated", Limits(inflated=1 << 20, ratio=10_000), "more than 1048576 bytes"),
    ("token", Limits(token=1000), "1000"),
]


@pytest.mark.parametrize(("limits", "fault"), [case[1:] for case in LIMITED], ids=[case[0] for case in LIMITED])
def test_limits_can_be_set(limits: Limits, fault: str) -> None:
    noise = random.Random(0).randbytes(1 << 20).hex()
    data = book(row(f"<c r='A1' t='str'><v>{noise}</v></c>"))
    with pytest.raises(FileRefused, match=fault):
        read_workbook(data, limits)
    assert len(read_workbook(data).sheets[0].cells.row) == 1


def test_a_tag_without_end_is_not_gathered_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_stream, "_LONGEST", 1 << 16)
    monkeypatch.setattr(sheet_stream, "_TARGET", 1 << 16)
    noise = random.Random(0).randbytes(1 << 20).hex()
    with pytest.raises(FileRefused, match="tag longer"):
        read_workbook(book(f'<row r="1" x="{noise}"/>'), Limits(token=100_000))


def test_trees_of_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sheetgrad.sheets.markup._MOST_NODES", 100)
    with pytest.raises(FileRefused, match="more than 100 elements"):
        read_workbook(book("", {WORKBOOK: workbook_xml("<x/>" * 101)}))


def test_raised_limits_let_a_large_file_in() -> None:
    data = book(" " * (2 << 20) + GOOD_ROWS)
    with pytest.raises(FileRefused):
        read_workbook(data)
    assert len(read_workbook(data, Limits(ratio=10_000)).sheets[0].cells.row) == 3


@pytest.mark.parametrize("path", ["missing.xlsx", "folder", "with\0nul"])
def test_what_cannot_be_opened_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileRefused, match="cannot be read"):
        read_workbook(str(tmp_path / path))


def real_book() -> bytes:
    """Return a workbook with most kinds of cells and parts."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        sheet = target.add_worksheet("data")
        for number in range(20):
            sheet.write_row(number, 0, [number, number / 7, f"text {number % 3}", number % 2 == 0])
            sheet.write_formula(number, 5, f"=A{number + 1}*2", None, number * 2)
            sheet.write_array_formula(number, 6, number, 7, "{=A1:B1}", None, 1)
        sheet.add_table("A30:B33", {"columns": [{"header": "a"}, {"header": "b"}]})
        target.add_chart({"type": "line"})
        target.define_name("p", "=data!$A$1")
    return buffer.getvalue()


@pytest.mark.parametrize("seed", range(8))
def test_mutants_are_read_or_refused(seed: int) -> None:
    """Flip, cut, double and swap bytes, in the archive and in its parts: never another exception, and what is read is written."""
    chance = random.Random(seed)
    original = real_book()
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(40):
        if chance.random() < 0.4:
            data = mutated(original, chance)
        else:
            name = chance.choice([name for name in contents if "theme" not in name])
            data = zipped({**contents, name: mutated(contents[name], chance)})
        try:
            found = read_workbook(data)
        except FileRefused:
            continue
        cells = found.sheets[0].cells
        written_bytes(found, {0: Cells(cells.row, cells.column, cells.data + 1, cells.kind.clip(0, 1))})


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one small harm done."""
    at, length = chance.randrange(len(data)), chance.choice([1, 1, 2, 8, 60])
    piece = data[at : at + length]
    return data[:at] + chance.choice(
        [b"", piece * 2, piece[::-1], chance.randbytes(length), bytes([piece[0] ^ 1 << chance.randrange(8)]), b"<", b'"', b"&"]
    ) + data[at + length :]  # fmt: skip


def test_no_other_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to another workbook and an external relationship lie in the file: neither is followed."""
    links = relations({"rId1": ("externalLinkPath", "file:///etc/passwd")}).replace("/>", ' TargetMode="External"/>')
    extra = {
        WORKBOOK: workbook_xml('<externalReferences><externalReference r:id="rId5"/></externalReferences>'),
        "xl/_rels/workbook.xml.rels": relations(
            {
                "rId1": ("worksheet", "worksheets/sheet1.xml"),
                "rId9": ("sharedStrings", "sharedStrings.xml"),
                "rId5": ("externalLink", "externalLinks/externalLink1.xml"),
            }
        ),
        "xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>',
        "xl/externalLinks/_rels/externalLink1.xml.rels": links,
        "[Content_Types].xml": CONTENT_TYPES,
    }
    path = tmp_path / "book.xlsx"
    path.write_bytes(book(GOOD_ROWS, extra))
    opened: list[object] = []
    genuine = open

    def watched(file: object, *arguments: object, **options: object) -> object:
        opened.append(file)
        return genuine(file, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("builtins.open", watched)
    read_workbook(path)
    assert opened == [path]
