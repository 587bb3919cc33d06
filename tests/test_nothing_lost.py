"""What a recomputation leaves alone: every other part byte for byte, and all of a sheet but ``<v>`` and ``t`` of formula cells."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xlsxwriter

from sheetgrad.engine import open_workbook
from sheetgrad.engine.cli import main
from tests.packages import MAIN, zipped
from tests.test_odd_files import prefixed

ROOT = Path(__file__).resolve().parent.parent
TAG = f"{{{MAIN}}}"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def charts(book: Any, sheet: Any) -> None:
    for number, kind in enumerate(("line", "pie", "scatter", "column")):
        chart = book.add_chart({"type": kind})
        chart.add_series({"categories": "=data!$A$1:$A$5", "values": "=data!$B$1:$B$5", "trendline": {"type": "linear"} if kind == "scatter" else None})
        chart.set_title({"name": "=data!$A$1"})
        sheet.insert_chart(20 * number, 12, chart)
    sheets = book.add_chartsheet("only a chart")
    alone = book.add_chart({"type": "bar"})
    alone.add_series({"categories": "=data!$A$1:$A$5", "values": "=data!$B$1:$B$5"})
    sheets.set_chart(alone)


def pictures(book: Any, sheet: Any) -> None:
    sheet.insert_image("H2", "a.png", {"image_data": io.BytesIO(PIXEL), "description": "dot"})
    sheet.embed_image("J2", "a.png", {"image_data": io.BytesIO(PIXEL)})
    sheet.insert_textbox("H9", "text in a box")
    sheet.insert_button("H15", {"caption": "press"})


def comments(book: Any, sheet: Any) -> None:
    sheet.write_comment("A1", "first\nline", {"author": "somebody", "visible": True})
    sheet.write_comment("B2", "x" * 300)


def formats(book: Any, sheet: Any) -> None:
    red = book.add_format({"font_color": "red", "num_format": "0.00;[Red]-0.00", "rotation": 30})
    sheet.conditional_format("A1:A5", {"type": "data_bar", "data_bar_2010": True, "bar_border_color": "#63C384"})
    sheet.conditional_format("B1:B5", {"type": "3_color_scale"})
    sheet.conditional_format("B1:B5", {"type": "icon_set", "icon_style": "5_arrows"})
    sheet.conditional_format("B1:B5", {"type": "formula", "criteria": "=$A1>2", "format": red})
    sheet.set_column("A:B", 14, red, {"level": 1, "collapsed": True})
    sheet.set_row(3, 40, red, {"hidden": True, "level": 2})


def validations(book: Any, sheet: Any) -> None:
    sheet.data_validation("D1", {"validate": "list", "source": ["a", "b & c", "<d>"]})
    sheet.data_validation("D2", {"validate": "custom", "value": "=A1>2", "input_title": "T", "error_message": "no"})


def sparklines(book: Any, sheet: Any) -> None:
    sheet.add_sparkline("E1", {"range": "data!A1:B1", "type": "column", "markers": True})


def tables(book: Any, sheet: Any) -> None:
    columns = [{"header": "a", "total_function": "sum"}, {"header": "b & c", "formula": "=prices[[#This Row],[a]]*2"}]
    sheet.add_table("A30:B34", {"columns": columns, "total_row": True, "name": "prices", "data": [[1], [2], [3]]})
    sheet.freeze_panes(1, 1)


def texts(book: Any, sheet: Any) -> None:
    bold = book.add_format({"bold": True})
    sheet.write_rich_string("A40", "plain ", bold, "bold", " ünï <&> ", bold, "\u2028end")
    sheet.write_string("A41", "  spaces  ")
    sheet.write_url("A42", "https://example.invalid/?a=1&b=2", string="link", tip="tip")
    sheet.write_url("A43", "internal:data!A1")


def names_and_pages(book: Any, sheet: Any) -> None:
    book.define_name("rate", "=0.25")
    book.define_name("data!local", "=data!$A$1:$A$5")
    sheet.autofilter("A1:B5")
    sheet.set_header("&L&P of &N&C&A & more", {"scale_with_doc": False})
    sheet.set_footer("&R&D")
    sheet.print_area("A1:C20")
    sheet.repeat_rows(0, 1)
    sheet.set_h_pagebreaks([10, 20])
    sheet.protect("secret", {"format_cells": True})
    sheet.ignore_errors({"number_stored_as_text": "A1:A5"})
    sheet.set_landscape()
    sheet.outline_settings(False, False, False, True)
    book.set_properties({"title": "T & t", "comments": "<c>"})
    book.set_custom_property("checked", True)
    book.set_custom_property("ratio", 0.5)


FEATURES: list[Callable[[Any, Any], None]] = [
    charts, pictures, comments, formats, validations, sparklines, tables, texts, names_and_pages
]  # fmt: skip
# Parts that no library writes, as Excel names them; each must come out as it went in.
UNKNOWN = {
    "xl/pivotCache/pivotCacheDefinition1.xml": f'<pivotCacheDefinition xmlns="{MAIN}" refreshOnLoad="1"/>'.encode(),
    "xl/pivotCache/pivotCacheRecords1.xml": f'<pivotCacheRecords xmlns="{MAIN}" count="0"/>'.encode(),
    "xl/pivotTables/pivotTable1.xml": f'<?xml version="1.0"?>\r\n<pivotTableDefinition xmlns="{MAIN}"  name="p" />'.encode(),
    "xl/slicers/slicer1.xml": b'<slicers xmlns="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"/>',
    "xl/slicerCaches/slicerCache1.xml": b"<!-- odd --><slicerCacheDefinition/>",
    "xl/threadedComments/threadedComment1.xml": b"<ThreadedComments/>",
    "xl/persons/person.xml": b"<personList/>",
    "xl/printerSettings/printerSettings1.bin": bytes(range(256)),
    "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(300),
    "xl/customProperty1.bin": b"\0\1\2",
    "customXml/item1.xml": b"<b:Sources xmlns:b='urn:x'>\n</b:Sources>",
    "xl/media/odd name \xe9.bin": b"no xml < at all",
    "docMetadata/LabelInfo.xml": b"<clbl:labelList xmlns:clbl='urn:y'/>",
    "empty": b"",
}


def workbook(features: list[Callable[[Any, Any], None]], macros: bool = False) -> bytes:
    """Return a workbook with these features, formulas of every kind of result, and parts that nobody knows."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("data")
        style = book.add_format({"bg_color": "yellow"})
        for number in range(5):
            sheet.write_row(number, 0, [number + 1, number / 2, "text"])
        sheet.write_formula("F1", "=SUM(A1:A5)", style, 0)
        sheet.write_formula("F2", '="<"&C1&">"', style, "")
        sheet.write_formula("F3", "=A1>3", None, True)
        sheet.write_formula("F4", "=1/(A1-1)", style, "#DIV/0!")
        sheet.write_array_formula("G1:G3", "{=A1:A3*2}", style, 0)
        sheet.write_formula("F6", "=IF(A1>3,1,C1)", None, "text")
        quiet = book.add_worksheet("no formulas")
        quiet.write("A1", 1)
        other = book.add_worksheet("it's & more")
        other.write_formula("A1", "=data!F1+1", None, 0)
        for feature in features:
            feature(book, sheet)
    made = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = source.read(item)
            if macros and item.filename == "[Content_Types].xml":
                data = data.replace(b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml")
            target.writestr(item, data)
        for name, data in UNKNOWN.items():
            target.writestr(name, data, zipfile.ZIP_STORED if name.endswith(".bin") else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def everything() -> bytes:
    return workbook(FEATURES)


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def without_values(xml: bytes, inputs: set[str]) -> str:
    """Return a sheet's XML, parsed and written again, without ``<v>`` and ``t`` of formula cells and of inputs."""
    root = ElementTree.fromstring(xml)
    filled = {cell.get("r") for cell in root.iter(f"{TAG}c") if cell.find(f"{TAG}f") is not None} | inputs | {"G2", "G3"}
    for cell in root.iter(f"{TAG}c"):
        if cell.get("r") in filled:
            cell.attrib.pop("t", None)
            for value in cell.findall(f"{TAG}v"):
                cell.remove(value)
    return ElementTree.canonicalize(ElementTree.tostring(root, encoding="unicode"))


@pytest.mark.parametrize("features", [*([feature] for feature in FEATURES), FEATURES], ids=[*(f.__name__ for f in FEATURES), "all"])
def test_only_values_of_formulas_change(features: list[Callable[[Any, Any], None]], tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    original = workbook(features)
    path.write_bytes(original)
    assert main(["recompute", str(path), "-o", str(out), "--set", "data!A1=7"]) == 0
    assert path.read_bytes() == original
    before, after = contents(original), contents(out.read_bytes())
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet3.xml"}
    for name in changed:
        assert without_values(before[name], {"A1"}) == without_values(after[name], {"A1"})
    result = open_workbook(out)
    assert (result["data!F1"], result["data!F2"], result["data!F3"], result["data!F6"]) == (21.0, "<text>", True, 1.0)
    assert result["'it''s & more'!A1"] == 22.0


def test_macros_stay(tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsm", tmp_path / "out.xlsm"
    path.write_bytes(workbook([comments], macros=True))
    assert main(["recompute", str(path), "-o", str(out), "--set", "data!A1=7"]) == 0
    before, after = contents(path.read_bytes()), contents(out.read_bytes())
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet3.xml"}


def test_the_same_values_give_the_same_file(tmp_path: Path) -> None:
    path, first, second = tmp_path / "book.xlsx", tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    path.write_bytes(everything())
    assert main(["recompute", str(path), "-o", str(first)]) == 0
    assert main(["recompute", str(first), "-o", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("odd", [False, True], ids=["plain", "prefixed"])
@pytest.mark.parametrize(("count", "filled"), [(5, "B2:B6"), (2, "B2:B3"), (1, "B2"), (3, "B2:B4")])
def test_a_spill_that_changes_takes_its_ref_along(count: int, filled: str, odd: bool, tmp_path: Path) -> None:
    """Cells that a formula no longer fills are emptied, and what it fills now is not taken for constants."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        sheet.write("A1", 3)
        sheet.write_dynamic_array_formula("B2:B4", "=SEQUENCE(A1)*10", None, 10)
        sheet.write("B3", 20)
        sheet.write("B4", 30)
        sheet.write_formula("C9", "=SUM(_xlfn.ANCHORARRAY(B2))", None, 60)
    parts = contents(buffer.getvalue())
    name = "xl/worksheets/sheet1.xml"
    if odd:
        parts[name] = prefixed(parts[name].decode()).encode()
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(zipped(parts))
    assert main(["recompute", str(path), "-o", str(out), "--set", f"s!A1={count}"]) == 0
    before, after = contents(path.read_bytes()), contents(out.read_bytes())
    assert {part for part in before if before[part] != after[part]} == ({name} if count != 3 else set())
    root = ElementTree.fromstring(after[name])
    formula = next(each for each in root.iter(f"{TAG}f") if each.get("t") == "array")
    assert formula.get("ref") == filled
    assert len(list(root.iter(f"{TAG}v"))) == 2 + count
    result = open_workbook(out).recompute()
    assert result.compare() == []
    assert result["s!C9"] == 5.0 * count * (count + 1)


def test_cells_that_are_added_lie_in_the_dimension(tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("s").write_dynamic_array_formula("B2", "=SEQUENCE(7,3)", None, 1)
    assert main(["recompute", str(path), "-o", str(out)]) == 0
    assert b'<dimension ref="B2:D8"/>' in contents(out.read_bytes())["xl/worksheets/sheet1.xml"]


def large() -> bytes:
    """Return a workbook whose saving takes a moment."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("s")
        for number in range(4000):
            sheet.write(number, 0, number)
            for column in range(1, 8):
                sheet.write_formula(number, column, f"=A{number + 1}/7+{column}", None, 0)
    return buffer.getvalue()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="killing a process at a given moment needs a POSIX system")
@pytest.mark.parametrize("in_place", [False, True], ids=["-o", "--in-place"])
def test_killed_during_the_save(in_place: bool, tmp_path: Path) -> None:
    """At any moment the target is the whole old file or the whole new one, and nothing else is there."""
    source, target = tmp_path / "in.xlsx", tmp_path / ("in.xlsx" if in_place else "out.xlsx")
    old = large()
    source.write_bytes(old)
    target.write_bytes(old)
    new = None
    program = (
        "import sys, os, signal, threading\n"
        "from sheetgrad.engine.cli import main\n"
        "from sheetgrad.sheets import target\n"
        "wait, fill = float(sys.argv[1]), target._fill\n"
        "def late(*a):\n"
        "    threading.Timer(wait, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "    fill(*a)\n"
        "target._fill = late\n"
        "main(sys.argv[2:])\n"
        "os._exit(0)\n"
    )
    where = ["--in-place"] if in_place else ["-o", str(target)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    ends = []
    for wait in (0.0, 0.002, 0.01, 0.03, 0.06, 60.0):
        source.write_bytes(old)
        target.write_bytes(old)
        command = [sys.executable, "-c", program, str(wait), "recompute", str(source), *where]
        ends.append(subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60).returncode)
        assert set(os.listdir(tmp_path)) == {source.name, target.name}
        found = target.read_bytes()
        if found != old:
            new = new or found
            assert found == new
            assert open_workbook(found)["s!B8"] == 2.0
    assert ends[0] == -signal.SIGKILL
    assert ends[-1] == 0
    assert new is not None


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.xlsx"
    old = everything()
    path.write_bytes(old)
    genuine, written = os.write, [0]

    def full(handle: int, data: Any) -> int:
        written[0] += len(data)
        if written[0] > 5000:
            raise OSError(28, "No space left on device")
        return genuine(handle, data)

    monkeypatch.setattr(os, "write", full)
    for where in (["--in-place"], ["-o", str(tmp_path / "out.xlsx")]):
        assert main(["recompute", str(path), "--set", "data!A1=7", *where]) == 3
        assert capsys.readouterr().err.count("\n") == 1
        assert os.listdir(tmp_path) == ["book.xlsx"]
        assert path.read_bytes() == old


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, target = tmp_path / "book.xlsx", tmp_path / "folder.xlsx"
    path.write_bytes(everything())
    target.mkdir()
    assert main(["recompute", str(path), "-o", str(target)]) == 3
    assert "folder.xlsx" in capsys.readouterr().err
    assert os.listdir(target) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_what_is_no_file_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, pipe = tmp_path / "book.xlsx", tmp_path / "pipe.xlsx"
    path.write_bytes(everything())
    os.mkfifo(pipe)
    assert main(["recompute", str(path), "-o", str(pipe)]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["book.xlsx", "pipe.xlsx"]
    assert pipe.is_fifo()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="the system has no links")
def test_a_link_stays_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "book.xlsx", tmp_path / "link.xlsx"
    path.write_bytes(everything())
    path.chmod(0o640)
    link.symlink_to(path.name)
    assert main(["recompute", str(link), "--set", "data!A1=7", "--in-place"]) == 0
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert open_workbook(path)["data!F1"] == 21.0


def test_the_input_is_opened_for_reading_only(tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(everything())
    path.chmod(0o444)
    os.utime(path, (1e9, 1e9))
    assert main(["recompute", str(path), "-o", str(out), "--set", "data!A1=7"]) == 0
    assert path.stat().st_mtime == 1e9
    assert time.time() - out.stat().st_mtime < 3600
