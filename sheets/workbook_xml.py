"""The parts around the sheets: workbook, tables, metadata."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .addresses import parse_range
from .errors import BadReference
from .markup import Node, read_tree, unescape
from .model import Area, Calculation, DefinedName, Table
from .package import Package
from .records import record
from .relationships import Relationship, relationships
from .values import ERRORS_BY_CODE, Error

_DYNAMIC = "XLDAPR"
_RICH = "XLRICHVALUE"


@record
class SheetEntry:
    """A worksheet as the workbook part lists it; ``tab`` counts chart sheets too, as the sheet numbers of names do."""

    name: str
    part: str
    hidden: bool
    tab: int


@record
class WorkbookPart:
    """What the workbook part says."""

    part: str
    sheets: list[SheetEntry]
    names: list[DefinedName]
    date1904: bool
    calculation: Calculation
    links: list[Relationship]
    external: list[str]  # parts of linked workbooks, in the order of their numbers in formulas

    def linked(self, kind: str) -> str | None:
        """Return the first part that the workbook refers to by a kind of relationship."""
        return next((link.target for link in self.links if link.kind == kind and not link.external), None)


def read_workbook_part(package: Package, part: str) -> WorkbookPart:
    """Read the workbook part: its sheets, names and settings."""
    root = read_tree(package, part)
    if root.name != "workbook":
        package.refuse(f"part {part} is no workbook of the .xlsx kind")
    links = relationships(package, part)
    by_id = {link.id: link for link in links}
    sheets = _sheets(package, root, by_id)
    if not sheets:
        package.refuse("it has no worksheet")
    properties = next(iter(root.all("workbookPr")), Node("", {}))
    external = [by_id.get(node.get("r:id")) for node in root.all("externalReferences", "externalReference")]
    return WorkbookPart(
        part,
        sheets,
        list(_names(root, sheets)),
        properties.flag("date1904"),
        _calculation(next(iter(root.all("calcPr")), Node("", {}))),
        links,
        [link.target if link is not None else "" for link in external],
    )


def _sheets(package: Package, root: Node, links: dict[str, Relationship]) -> list[SheetEntry]:
    entries: list[SheetEntry] = []
    seen: set[str] = set()
    seen_parts: set[str] = set()
    for tab, node in enumerate(root.all("sheets", "sheet")):
        name = node.get("name")
        if name.casefold() in seen:
            package.refuse(f"it has two sheets named {name[:40]!r}")
        seen.add(name.casefold())
        link = links.get(node.get("r:id"))
        if link is None or link.external:
            package.refuse(f"sheet {name[:40]!r} has no part in the package")
        if link.kind != "worksheet":
            continue
        if link.target.casefold() in seen_parts:
            package.refuse(f"two sheets share part {link.target}")
        seen_parts.add(link.target.casefold())
        if package.find(link.target) is None:
            package.refuse(f"part {link.target} is missing, which holds sheet {name[:40]!r}")
        entries.append(SheetEntry(name, link.target, node.get("state", "visible") != "visible", tab))
    return entries


def _names(root: Node, sheets: list[SheetEntry]) -> Iterator[DefinedName]:
    by_tab = {entry.tab: index for index, entry in enumerate(sheets)}
    for node in root.all("definedNames", "definedName"):
        text = node.text.strip()
        local = node.number("localSheetId", -1)
        if local >= 0 and local not in by_tab:
            continue
        yield DefinedName(node.get("name"), text.removeprefix("="), by_tab.get(local), node.flag("hidden"))


def _calculation(node: Node) -> Calculation:
    default = Calculation()
    try:
        tolerance = float(node.get("iterateDelta", str(default.tolerance)))
    except ValueError:
        tolerance = default.tolerance
    if not (math.isfinite(tolerance) and tolerance >= 0):
        tolerance = default.tolerance
    rounds = min(max(node.number("iterateCount", default.rounds), 1), 32_767)
    return Calculation(node.flag("iterate"), rounds, tolerance)


def read_tables(package: Package, sheet: int, part: str, seen: set[str]) -> list[Table]:
    """Read the tables of a sheet's part that are not ``seen`` yet; one whose range cannot be understood is left out."""
    found = []
    for link in relationships(package, part):
        if link.kind != "table" or link.external or link.target.casefold() in seen:
            continue
        seen.add(link.target.casefold())
        if package.find(link.target) is not None:
            table = _table(read_tree(package, link.target), sheet)
            if table is not None:
                found.append(table)
    return found


def _table(root: Node, sheet: int) -> Table | None:
    try:
        address = parse_range(root.get("ref"))
    except BadReference:
        return None
    area = Area(sheet, address.top, address.left, address.bottom, address.right)
    columns = tuple(unescape(node.get("name")) for node in root.all("tableColumns", "tableColumn"))
    name = root.get("displayName") or root.get("name")
    return Table(name, area, columns, root.number("headerRowCount", 1), root.number("totalsRowCount", 0))


@record
class Metadata:
    """What cell and value metadata mean: which ``cm`` mark dynamic arrays, which ``vm`` which error."""

    dynamic: frozenset[int] = frozenset()
    rich_errors: tuple[tuple[int, Error], ...] = ()


def read_metadata(package: Package, part: str, links: list[Relationship]) -> Metadata:
    """Read the metadata part (ECMA-376 §18.9): indices count from 1 in cells, from 0 in blocks."""
    root = read_tree(package, part)
    types = [node.get("name") for node in root.all("metadataTypes", "metadataType")]
    future = {node.get("name"): list(node.all("bk")) for node in root.all("futureMetadata")}
    dynamic = set()
    for index, name, value in _records(root, "cellMetadata", types):
        blocks = future.get(name, [])
        if name == _DYNAMIC and value < len(blocks) and _is_dynamic(blocks[value]):
            dynamic.add(index)
    errors = []
    rich = read_rich_errors(package, links)
    for index, name, value in _records(root, "valueMetadata", types):
        blocks = future.get(name, [])
        if name == _RICH and value < len(blocks):
            number = next(
                (node.number("i", -1) for node in _descendants(blocks[value]) if node.name.endswith("rvb")), -1
            )
            if number in rich:
                errors.append((index, rich[number]))
    return Metadata(frozenset(dynamic), tuple(errors))


def _records(root: Node, name: str, types: list[str]) -> Iterator[tuple[int, str, int]]:
    """Yield (number from 1, type name, value) of each block of cell or value metadata."""
    for index, block in enumerate(root.all(name, "bk"), 1):
        for each in block.all("rc"):
            at = each.number("t", 0) - 1
            if 0 <= at < len(types):
                yield index, types[at], each.number("v", 0)


def _is_dynamic(block: Node) -> bool:
    return any(node.name.endswith(" dynamicArrayProperties") and node.flag("fDynamic") for node in _descendants(block))


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _descendants(child)


def read_rich_errors(package: Package, links: list[Relationship]) -> dict[int, Error]:
    """Return which rich values are errors ([MS-XLSX] 2.3.6.1.3: ``_error`` structures with an ``errorType``)."""
    values = next((link.target for link in links if link.kind == "rdRichValue"), "")
    structures = next((link.target for link in links if link.kind == "rdRichValueStructure"), "")
    if package.find(values) is None or package.find(structures) is None:
        return {}
    keys = [_error_key(node) for node in read_tree(package, structures).children]
    found: dict[int, Error] = {}
    for number, value in enumerate(read_tree(package, values).children):
        structure = value.number("s", -1)
        at = keys[structure] if 0 <= structure < len(keys) else -1
        if 0 <= at < len(value.children) and (text := value.children[at].text.strip()).isdigit():
            error = ERRORS_BY_CODE.get(int(text) + 1)  # the file counts error types from 0, ERROR.TYPE from 1
            if error is not None:
                found[number] = error
    return found


def _error_key(structure: Node) -> int:
    """Return the place of the error type among a structure's keys, -1 where it is no error."""
    if structure.get("t") != "_error":
        return -1
    names = [node.get("n") for node in structure.children]
    return names.index("errorType") if "errorType" in names else -1
