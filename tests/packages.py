"""Small workbook packages written part by part, for tests of reading and writing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"

CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)


def relations(links: Mapping[str, tuple[str, str]]) -> str:
    """Return a relationship part: id → (last word of the type, target)."""
    items = "".join(
        f'<Relationship Id="{key}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for key, (kind, target) in links.items()
    )
    return f'<Relationships xmlns="{PACKAGE_RELATIONS}">{items}</Relationships>'


def workbook_xml(inner: str = "", sheets: tuple[str, ...] = ("Sheet1",)) -> str:
    """Return a workbook part with sheets rId1, rId2 …, and what else stands in it."""
    listed = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1))
    return f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets>{inner}</workbook>'


def sheet_xml(rows: str) -> str:
    """Return a sheet part around rows."""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def row(cells: str, number: int = 1) -> str:
    """Return a row of cells."""
    return f'<row r="{number}">{cells}</row>'


def shared_strings(*items: str) -> str:
    """Return a shared strings part from the insides of its items."""
    return f'<sst xmlns="{MAIN}">' + "".join(f"<si>{item}</si>" for item in items) + "</sst>"


def parts(rows: str = "", extra: Mapping[str, str | bytes | None] | None = None) -> dict[str, bytes]:
    """Return the parts of a workbook of one sheet; ``extra`` adds, replaces, or (None) leaves out."""
    found: dict[str, str | bytes | None] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": workbook_xml(),
        "xl/_rels/workbook.xml.rels": relations(
            {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId9": ("sharedStrings", "sharedStrings.xml")}
        ),
        "xl/sharedStrings.xml": shared_strings("<t>zero</t>", "<t>one</t>"),
        SHEET: sheet_xml(rows),
    }
    found.update(extra or {})
    return {name: text.encode() if isinstance(text, str) else text for name, text in found.items() if text is not None}


def zipped(contents: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def book(rows: str = "", extra: Mapping[str, str | bytes | None] | None = None) -> bytes:
    """Return the bytes of a workbook of one sheet with these rows."""
    return zipped(parts(rows, extra))
