"""Files that are odd and legal, through the command line: each computes as its plain twin would."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sheetgrad.engine.cli import main
from tests.packages import MAIN, RELATIONS, SHEET, STRICT, book, parts, relations, row, sheet_xml, workbook_xml, zipped

CELLS = '<c r="A1"><v>2</v></c><c r="B1"><f>A1*3</f></c>'
BOM = b"\xef\xbb\xbf"


def spelled(text: str, encoding: str, bom: bytes = b"") -> bytes:
    return bom + f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)


def prefixed(xml: str) -> str:
    """Write a sheet with a prefix for every element."""
    for name in ("worksheet", "sheetData", "row", "c", "v", "f"):
        xml = xml.replace(f"<{name}", f"<x:{name}").replace(f"</{name}>", f"</x:{name}>")
    return xml.replace("xmlns=", "xmlns:x=").replace("x:cx", "cx")


def strict() -> bytes:
    """Return a workbook of the Strict kind: other namespaces for the same things."""
    main, kin = STRICT, "http://purl.oclc.org/ooxml/officeDocument/relationships"
    contents = parts(row(CELLS))
    return zipped({name: data.replace(MAIN.encode(), main.encode()).replace(RELATIONS.encode(), kin.encode()) for name, data in contents.items()})


def chain(count: int) -> str:
    """Return a column of cells that each add to the one above; B1 is the last of them."""
    links = (f"<f>A{i - 1}+{i % 2}</f></c>" if i > 2 else "<v>6</v></c>" for i in range(2, count + 1))
    rows = "".join(row(f'<c r="A{i}">{link}', i) for i, link in enumerate(links, 2))
    return row(f"<c r='B1'><f>A{count}</f></c>") + rows


def commented(comment: bytes) -> bytes:
    buffer = io.BytesIO(book(row(CELLS)))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = comment
    return buffer.getvalue()


class Stream(io.RawIOBase):
    """A file that can only be written to its end."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written.append(bytes(data))
        return len(data)


def streamed() -> bytes:
    """Return an archive whose local headers know no sizes: these stand behind the data."""
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts(row(CELLS)).items():
            archive.writestr(name, data)
    return b"".join(stream.written)


LONG = "A1*3" + "+0" * ((8191 - 4) // 2)
# Name → file, and what B1 is
ODD: dict[str, tuple[Callable[[], bytes], float]] = {
    "plain": (lambda: book(row(CELLS)), 6),
    "cells without r": (lambda: book("<row><c><v>2</v></c><c><f>A1*3</f></c></row>"), 6),
    "rows out of order": (lambda: book(row('<c r="A2"><v>1</v></c>', 2) + row(CELLS)), 6),
    "cells out of order": (lambda: book(row('<c r="B1"><f>A1*3</f></c><c r="A1"><v>2</v></c>')), 6),
    "UTF-16": (lambda: book("", {SHEET: spelled(sheet_xml(row(CELLS)), "utf-16")}), 6),
    "UTF-16 workbook": (lambda: book(row(CELLS), {"xl/workbook.xml": spelled(workbook_xml(), "utf-16")}), 6),
    "byte order mark": (lambda: book("", {SHEET: BOM + sheet_xml(row(CELLS)).encode()}), 6),
    "Latin-1": (lambda: book("", {SHEET: spelled(sheet_xml(row(CELLS + "<c r='C1' t='str'><v>é</v></c>")), "iso-8859-1")}), 6),
    "prefixes": (lambda: book("", {SHEET: prefixed(sheet_xml(row(CELLS)))}), 6),
    "Strict": (strict, 6),
    "a dimension that lies": (lambda: book("", {SHEET: sheet_xml(row(CELLS)).replace("<sheetData>", '<dimension ref="XFD1048576"/><sheetData>')}), 6),
    "comments and processing instructions": (lambda: book("", {SHEET: "<!-- a --><?b c?>" + sheet_xml(row(CELLS + "<!-- <c> -->"))}), 6),
    "CDATA": (lambda: book(row('<c r="A1"><v>2</v></c><c r="B1"><f><![CDATA[A1*3]]></f></c>')), 6),
    "the last cell": (lambda: book(row("<c r='B1'><f>XFD1048576*3</f></c>") + row('<c r="XFD1048576"><v>2</v></c>', 1048576)), 6),
    "formula of 8,191 characters": (lambda: book(row(f'<c r="A1"><v>2</v></c><c r="B1"><f>{LONG}</f></c>')), 6),
    "chain of 20,000 cells": (lambda: book(chain(20_000)), 6 + 9999),
    "deep parentheses": (lambda: book(row(f'<c r="A1"><v>2</v></c><c r="B1"><f>{"(" * 2000}A1{")" * 2000}*3</f></c>')), 6),
    "absolute targets": (lambda: book(row(CELLS), {"xl/_rels/workbook.xml.rels": relations({"rId1": ("worksheet", "/xl/worksheets/sheet1.xml")}), "xl/sharedStrings.xml": None}), 6),
    "empty rows and cells": (lambda: book("<row/><row/>" + '<row r="5"><c r="A5"/></row>' + row(CELLS)), 6),
    "one bad cell": (lambda: book(row(CELLS + '<c r="C1"><f>A1*(</f></c><c r="D1" t="e"><v>#WHAT!</v></c>')), 6),
    "a value in CDATA": (lambda: book(row('<c r="A1"><v><![CDATA[2]]></v></c><c r="B1"><f>A1*3</f></c>')), 6),
    "a comment and an instruction in a value": (lambda: book(row('<c r="A1"><v>1<!-- x -->0<?y z?>0</v></c><c r="B1"><f>A1*0.06</f></c>')), 6),
    "a value before its formula": (lambda: book(row('<c r="A1"><v>2</v></c><c r="B1"><v>9</v><f>A1*3</f></c>')), 6),
    "cells of another namespace": (lambda: book(row('<x:c xmlns:x="urn:x" r="A1"><x:v>7</x:v></x:c>' + CELLS)), 6),
    "styles and metadata that are not there": (lambda: book(row('<c r="A1" s="99999999999" vm="-1"><v>2</v></c><c r="B1" s="-1" cm="99999999999"><f>A1*3</f></c>')), 6),
    "areas that lie": (lambda: book(row(CELLS + '<c r="C1"><f t="array" ref="Q9:A1">1</f></c><c r="D1"><f t="array" ref="D1:D99999999">1</f></c>')), 6),
    "shared formulas without a master": (lambda: book(row(CELLS + f'<c r="C1"><f t="shared" si="{"9" * 5000}"/><v>1</v></c>')), 6),
    "names in a ring": (lambda: book(row(CELLS + "<c r='C1'><f>a+b</f></c>"), {"xl/workbook.xml": workbook_xml('<definedNames><definedName name="a">b</definedName><definedName name="b">a</definedName></definedNames>')}), 6),
    "a relationship to itself": (lambda: book(row(CELLS), {"xl/worksheets/_rels/sheet1.xml.rels": relations({"r1": ("table", "sheet1.xml"), "r2": ("table", "http://192.0.2.1/t.xml")})}), 6),
    "very many attributes": (lambda: book(row(CELLS) + '<row r="2" ' + " ".join(f'a{i}="{i * 7919}"' for i in range(20_000)) + "/>"), 6),
    "a long comment of the archive": (lambda: commented(b"c" * 65_535), 6),
    "a folder and a link as entries": (lambda: zipped({**parts(row(CELLS)), "xl/media/": b"", "xl/link": b"/etc/passwd"}), 6),
    "an archive written as a stream": (lambda: streamed(), 6),
    "stored uncompressed": (lambda: zipped(parts(row(CELLS)), 0), 6),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_files_compute(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, expected = ODD[name]
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(make())
    assert main(["recompute", str(path), "-o", str(out), "--get", "Sheet1!B1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"]["Sheet1!B1"] in (expected, [[expected]])
    assert main(["check", str(out)]) == 0


def test_a_ring_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ring.xlsx"
    path.write_bytes(book("".join(row(f'<c r="A{i}"><f>A{i % 5000 + 1}+1</f></c>', i) for i in range(1, 5001))))
    assert main(["recompute", str(path)]) == 5
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "circular" in message
    assert len(message) < 1000


def test_macro_workbooks_compute(tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsm", tmp_path / "out.xlsm"
    path.write_bytes(book(row(CELLS), {"xl/vbaProject.bin": bytes(100)}))
    assert main(["recompute", str(path), "-o", str(out)]) == 0
    assert out.exists()
