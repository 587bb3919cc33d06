"""Files that are odd and legal, through the command line: each computes as its plain twin would."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

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
