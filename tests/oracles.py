"""Other engines as judges: LibreOffice headless and ironcalc, each as {sheet: {(row, column): value}}, zero-based.

Values are float, str, bool, or an error's text such as "#N/A". A judge that is not installed skips the test, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.sheets.addresses import parse_cell
from sheetgrad.sheets.values import Error

Value: TypeAlias = "float | str | bool"
Sheets: TypeAlias = dict[str, dict[tuple[int, int], Value]]

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# Recalculate everything on load; without this LibreOffice shows the stored values and proves nothing.
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def need_libreoffice() -> str:
    """Return the path of LibreOffice's program, or skip the test."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed (Debian: libreoffice-calc)")
    return program


def libreoffice(paths: Iterable[Path]) -> list[Sheets]:
    """Recalculate workbooks in LibreOffice, all of them in one start of the program."""
    program, wanted = need_libreoffice(), list(paths)
    with tempfile.TemporaryDirectory(prefix="sheetgrad-office-") as folder:
        settings = Path(folder) / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS)
        output = Path(folder) / "out"
        command = [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore"]
        command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(output), *map(str, wanted)]
        environment = {**os.environ, "HOME": folder}
        subprocess.run(command, check=True, capture_output=True, timeout=600, env=environment)
        return [stored_values(output / f"{path.stem}.xlsx") for path in wanted]


def ironcalc(path: Path) -> Sheets:
    """Evaluate a workbook in ironcalc; its values are read back from the file that it saves."""
    engine = pytest.importorskip("ironcalc", reason="ironcalc is not installed")
    with tempfile.TemporaryDirectory(prefix="sheetgrad-ironcalc-") as folder:
        output = Path(folder) / "out.xlsx"
        model = engine.load_from_xlsx(str(path), "en", "UTC", "en")
        model.evaluate()
        model.save_to_xlsx(str(output))
        return stored_values(output)


def stored_values(path: Path) -> Sheets:
    """Read the values that a workbook stores, independently of the project's own reader."""
    with zipfile.ZipFile(path) as package:
        book = ElementTree.fromstring(package.read("xl/workbook.xml"))
        links = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target", "").removeprefix("/xl/") for link in links}
        texts = _shared_strings(package)
        return {
            sheet.get("name", ""): _cells(package.read(f"xl/{targets[sheet.get(LINK)]}"), texts)
            for sheet in book.iter(f"{MAIN}sheet")
        }


def _shared_strings(package: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in package.namelist():
        return []
    table = ElementTree.fromstring(package.read("xl/sharedStrings.xml"))
    return ["".join(text.text or "" for text in item.iter(f"{MAIN}t")) for item in table.iter(f"{MAIN}si")]


def _cells(xml: bytes, texts: list[str]) -> dict[tuple[int, int], Value]:
    found: dict[tuple[int, int], Value] = {}
    for cell in ElementTree.fromstring(xml).iter(f"{MAIN}c"):
        stored, kind = cell.find(f"{MAIN}v"), cell.get("t", "n")
        if kind == "inlineStr":
            found[parse_cell(cell.get("r", ""))] = "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
        elif stored is not None:
            found[parse_cell(cell.get("r", ""))] = _value(stored.text or "", kind, texts)
    return found


def _value(text: str, kind: str, texts: list[str]) -> Value:
    if kind == "s":
        return texts[int(text)]
    if kind == "b":
        return text == "1"
    return text if kind in ("str", "e") else float(text)


def ours(path: Path, backend: str) -> Sheets:
    """Compute a workbook with one of our evaluators: the values of all cells that hold something."""
    result = open_workbook(path).recompute(backend=backend)
    outcome = result.outcome
    assert (outcome.unsupported, outcome.malformed, outcome.cycles) == ({}, {}, [])
    found: Sheets = {}
    for index, name in enumerate(result.workbook.sheets):
        cells = found[name] = {}
        for block in result.grid.blocks(index):
            area = block.area
            values = result.grid.read(area).rows(result.grid.strings)
            for row, line in enumerate(values, area.top):
                filled = ((column, value) for column, value in enumerate(line, area.left) if value is not None)
                cells.update({(row, at): value.text if isinstance(value, Error) else value for at, value in filled})
    return found


def disagreements(left: Sheets, right: Sheets, rtol: float = 1e-12) -> list[str]:
    """Return where two judgements differ, over the cells that both have; numbers within ``rtol`` of the larger."""
    found = []
    for sheet, cells in left.items():
        others = right.get(sheet, {})
        found += [
            f"{sheet} row {place[0]} column {place[1]}: {cells[place]!r} and {others[place]!r}"
            for place in sorted(cells.keys() & others.keys())
            if not same(cells[place], others[place], rtol)
        ]
    return found


def same(left: Value, right: Value, rtol: float) -> bool:
    """Tell whether two values agree; what is left of subtracting equals counts as zero."""
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) <= rtol * max(abs(left), abs(right), 1e-3)
    return type(left) is type(right) and left == right


@cache
def libreoffice_recalculates() -> bool:
    """Prove the judge once: given a wrong stored value it must give the right one."""
    import xlsxwriter

    with tempfile.TemporaryDirectory(prefix="sheetgrad-judge-") as folder:
        path = Path(folder) / "wrong.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet("s")
            sheet.write_number("A1", 2)
            sheet.write_formula("A2", "=A1*21", None, 1)
        return libreoffice([path])[0]["s"][1, 0] == 42
