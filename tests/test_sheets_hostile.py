"""Files that are broken or mean harm: each is refused with exit code 3 and one line that names the file and the fault."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from sheetgrad.sheets import sheet_stream
from sheetgrad.sheets.errors import FileRefused
from sheetgrad.sheets.model import Cells
from sheetgrad.sheets.package import Limits
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.writer import written_bytes
from tests.hostile_files import GOOD, GOOD_ROWS, HOSTILE, WORKBOOK
from tests.packages import CONTENT_TYPES, MAIN, book, relations, row, workbook_xml, zipped


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
