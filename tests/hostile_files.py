"""Files that are broken or mean harm, one for each threat: how to make it, and a word of the reason it is refused for."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

from tests.packages import (
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


def zip64(count: int | None = None, size: int | None = None, offset: int | None = None) -> Callable[[], bytes]:
    """Give the directory a zip64 end (APPNOTE 4.3.14 and 15), with what is given instead of what is right."""

    def make() -> bytes:
        end = GOOD.rindex(b"PK\x05\x06")
        tail = bytearray(GOOD[end:])
        right = struct.unpack_from("<H2L", tail, 10)
        said = [own if given is None else given for own, given in zip(right, (count, size, offset), strict=True)]
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, said[0], *said)
        struct.pack_into("<2H2L", tail, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        return GOOD[:end] + record + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + bytes(tail)

    return make


def with_entry(name: str, method: int = zipfile.ZIP_DEFLATED) -> Callable[[], bytes]:
    """Add an entry compressed in some way."""

    def make() -> bytes:
        buffer = io.BytesIO(GOOD)
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"x" * 100, method)
        return buffer.getvalue()

    return make


def two_of(first: str, second: str) -> Callable[[], bytes]:
    """Add two entries."""
    return lambda: zipped({**parts(GOOD_ROWS), first: b"1", second: b"2"})


def twice_the_same_data() -> bytes:
    """Let two directory records lead to one entry, as bombs of overlapping files do."""
    data = bytearray(zipped({**parts(GOOD_ROWS), "a1": b"x" * 2000, "a2": b"x" * 2000}))
    directory = data.index(b"PK\x01\x02")
    first, second = (data.index(name, directory) - 46 for name in (b"a1", b"a2"))
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def with_table(target: str) -> Callable[[], bytes]:
    """Let the sheet name a table somewhere."""
    return with_part("xl/worksheets/_rels/sheet1.xml.rels", relations({"r1": ("table", target)}))


def encoded_as(encoding: str) -> Callable[[], bytes]:
    """Say that a sheet is in some encoding."""
    return with_part(SHEET, f'<?xml version="1.0" encoding="{encoding}"?>{sheet_xml(GOOD_ROWS)}')


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
    ("gzip", lambda: b"\x1f\x8b\x08" + bytes(200), "not a workbook"),
    ("7-Zip", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(200), "not a workbook"),
    ("PDF", lambda: b"%PDF-1.7\n" + bytes(200), "not a workbook"),
    ("picture", lambda: b"\x89PNG\r\n\x1a\n" + bytes(200), "not a workbook"),
    ("one NUL", lambda: b"\0", "not a workbook"),
    ("a gigabyte claimed by the zip64 directory", end_field(12, "<L", 0xFFFFFFFF), "truncated"),
    ("no entries counted", end_field(10, "<H", 0), "Content_Types"),
    ("directory at the beginning", end_field(16, "<L", 0), "damaged"),
    ("header within the data of another", directory_field(SHEET, 42, "<L", 60), "not where the zip directory says"),
    ("entry without a name", renamed("/"), "outside the package"),
    ("network share", renamed("\\\\host\\share\\evil"), "outside the package"),
    ("bomb of one formula", with_rows(row(f"<c r='A1'><f>{'(' * (20 << 20)}</f></c>")), "100 times"),
    ("bomb of merges", with_part(SHEET, sheet_xml("").replace("</work", "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 900_000 + "</mergeCells></work")), "100 times"),
    ("bomb of names", with_part(WORKBOOK, workbook_xml("<definedNames>" + '<definedName name="a">1</definedName>' * 700_000 + "</definedNames>")), "100 times"),
    ("DOCTYPE in UTF-16 without a mark", with_doctype(SHEET, encoding="utf-16-le"), "DOCTYPE"),
    ("DOCTYPE in UTF-32", with_doctype(SHEET, encoding="utf-32"), "not well-formed|encoding|DOCTYPE"),
    ("DOCTYPE in a carried part in UTF-32", with_doctype("xl/styles.xml", encoding="utf-32"), "encoding|DOCTYPE|not well-formed"),
    ("DOCTYPE in a carried part in EBCDIC", with_part("xl/styles.xml", ('<?xml version="1.0" encoding="cp037"?>' + LAUGHS + "<a/>").encode("cp037")), "DOCTYPE"),
    ("DOCTYPE in EBCDIC", with_part(SHEET, ('<?xml version="1.0" encoding="cp037"?>' + LAUGHS + "<a/>").encode("cp037")), "not well-formed|encoding"),
    ("DOCTYPE in UTF-7", with_part(SHEET, ('<?xml version="1.0" encoding="utf-7"?>' + LAUGHS).encode("utf-7")), "encoding|not well-formed|DOCTYPE"),
    ("DOCTYPE in a table", with_doctype("xl/tables/table1.xml"), "DOCTYPE"),
    ("DOCTYPE in a drawing", with_doctype("xl/drawings/vmlDrawing1.vml"), "DOCTYPE"),
    ("DOCTYPE in a chart", with_doctype("xl/charts/chart1.xml", OUTSIDE), "DOCTYPE"),
    ("DOCTYPE in a link's relationships", with_doctype("xl/externalLinks/_rels/externalLink1.xml.rels"), "DOCTYPE"),
    ("DOCTYPE after a comment", with_doctype(SHEET, "<!-- x -->" + LAUGHS), "DOCTYPE"),
    ("DOCTYPE after a long comment", with_doctype(SHEET, f"<!-- {'x' * 300_000} -->" + LAUGHS), "DOCTYPE|100 times"),
    ("deep sheet in UTF-16", with_part(SHEET, ('<?xml version="1.0" encoding="utf-16"?>' + sheet_xml(DEEP)).encode("utf-16")), "deeper"),
    ("UTF-8 called UTF-16", with_part(SHEET, '<?xml version="1.0" encoding="utf-16"?>' + sheet_xml(GOOD_ROWS)), "not well-formed|encoding"),
    ("odd number of bytes in UTF-16", with_part(SHEET, ('<?xml version="1.0" encoding="utf-16"?>' + sheet_xml(GOOD_ROWS)).encode("utf-16") + b"<"), "not well-formed|encoding"),
    ("NUL in a sheet", with_rows(GOOD_ROWS + "\0"), "not well-formed"),
    ("two roots", with_part(SHEET, sheet_xml("") + sheet_xml("")), "not well-formed"),
    ("cell in a column of four letters", with_rows(row('<c r="AAAA1"/>')), "beyond|no address"),
    ("cell that is a range", with_rows(row('<c r="A1:B2"><v>1</v></c>')), "no address"),
    ("cell with a minus", with_rows(row('<c r="A-1"><v>1</v></c>')), "no address"),
    ("cell of many digits", with_rows(row(f'<c r="A{"1" * 400}"><v>1</v></c>')), "beyond|no address"),
    ("row that is no number", with_rows('<row r="one"></row>'), "numbered 'one'"),
    ("row with a fraction", with_rows('<row r="1.5"></row>'), "numbered '1.5'"),
    ("shared string far away", with_rows(row(f'<c r="B7" t="s"><v>{"9" * 50}</v></c>')), "shared string"),
    ("strings that are no strings", with_part(STRINGS, "<a"), "not well-formed"),
    ("relationships that are none", with_part("xl/_rels/workbook.xml.rels", "no"), "not well-formed"),
    ("entry in bzip2", with_entry("xl/x.bin", zipfile.ZIP_BZIP2), "method 12"),
    ("entry in LZMA", with_entry("xl/x.bin", zipfile.ZIP_LZMA), "method 14"),
    ("strong encryption", directory_field(SHEET, 8, "<H", 0x41), "encrypted"),
    ("zip64 of very many entries", zip64(count=1 << 60), "entries, more than"),
    ("zip64 of a huge directory", zip64(size=(1 << 64) - 1), "truncated"),
    ("zip64 of a directory far away", zip64(offset=1 << 63), "truncated"),
    ("zip64 of a directory before the file", zip64(offset=(1 << 64) - 1), "truncated"),
    ("an end of the directory in the comment", lambda: GOOD[:-2] + struct.pack("<H", 22) + b"PK\x05\x06" + bytes(18), "Content_Types"),
    ("far more than a comment behind the directory", lambda: GOOD + b"x" * 70_000, "truncated"),
    ("two records of one entry", twice_the_same_data, "not where the zip directory says"),
    ("two names but for case, beyond ASCII", two_of("xl/\u00c9.bin", "xl/\u00e9.bin"), "two entries"),
    ("two names but for the root", two_of("xl/q.bin", "/xl/q.bin"), "two entries"),
    ("table outside the package", with_table("../../../../etc/passwd"), "outside the package"),
    ("table outside the package, escaped", with_table("..%2f..%2f..%2f..%2fetc/passwd"), "outside the package"),
    ("table outside the package, by backslashes", with_table("..\\..\\..\\..\\etc\\passwd"), "outside the package"),
    ("sheet without a relationship", with_part(WORKBOOK, workbook_xml().replace('r:id="rId1"', "")), "has no part"),
    ("very many sheets", with_part(WORKBOOK, workbook_xml(sheets=tuple(f"s{i}" for i in range(20_000)))), "has no part"),
    ("encoding of several bytes a character", encoded_as("shift_jis"), "encoding"),
    ("encoding that is a transformation", encoded_as("rot13"), "encoding"),
    ("encoding that does not exist", encoded_as("klingon"), "encoding"),
    ("reference to character 0", with_rows(row("<c r='A1'><f>&#0;</f></c>")), "not well-formed"),
    ("reference to half a character", with_rows(row("<c r='A1'><f>&#xD800;</f></c>")), "not well-formed"),
    ("workbook cut", with_part(WORKBOOK, workbook_xml()[:-5]), "not well-formed"),
]  # fmt: skip
