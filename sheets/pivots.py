"""Pivot tables as GETPIVOTDATA needs them: which cell of a sheet shows which data of which items.

Layout: ECMA-376 part 1, §18.10. Nothing is aggregated anew: a pivot table shows what it showed when it was refreshed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from .addresses import parse_range
from .errors import BadReference, FileRefused
from .markup import Node, read_tree, unescape
from .model import Area, Workbook
from .package import Limits, Package
from .records import record
from .relationships import relationships

_DATA = -2  # stands among row or column fields for the data fields, where there are several

Caption = float | str | bool


@record
class Line:
    """A row or column of a pivot table's body: the item of each field that it is about, by index."""

    items: tuple[tuple[int, int], ...]  # (field, item)
    data: int  # which data field it shows
    subtotal: bool


@record
class Pivot:
    """A pivot table: where it stands, its fields with their items, what each row and column of its body shows."""

    area: Area
    fields: tuple[str, ...]
    items: tuple[tuple[Caption | None, ...], ...]  # of each field
    data: tuple[tuple[str, str], ...]  # of each data field its name and its source's
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    first: tuple[int, int]  # row and column of the body's first cell on the sheet
    pages: tuple[tuple[int, int | None], ...]  # filtered field and its item; None where all are shown


def read_pivots(workbook: Workbook) -> list[Pivot]:
    """Read the pivot tables of a workbook's sheets; those that cannot be understood are left out."""
    if workbook.package is None:
        return []
    try:
        package = Package.open(workbook.package, workbook.name, Limits.none())
        return [
            pivot
            for index, sheet in enumerate(workbook.sheets)
            for link in relationships(package, sheet.part)
            if link.kind == "pivotTable" and not link.external and package.find(link.target) is not None
            for pivot in _pivots(package, link.target, index)
        ]
    except FileRefused:
        return []


def _pivots(package: Package, part: str, sheet: int) -> Iterator[Pivot]:
    cache = next((link.target for link in relationships(package, part) if link.kind == "pivotCacheDefinition"), "")
    if package.find(cache) is None:
        return
    root = read_tree(package, part)
    place = next(iter(root.all("location")), None)
    try:
        address = parse_range(place.get("ref") if place is not None else "")
    except BadReference:
        return
    assert place is not None
    fields = list(read_tree(package, cache).all("cacheFields", "cacheField"))
    names = tuple(unescape(field.get("name")) for field in fields)
    shared = [_shared(field) for field in fields]
    shown = zip(root.all("pivotFields", "pivotField"), shared, strict=False)
    items = tuple(tuple(_captions(node, values)) for node, values in shown)
    data = [(unescape(node.get("name")), node.number("fld", -1)) for node in root.all("dataFields", "dataField")]
    yield Pivot(
        Area(sheet, address.top, address.left, address.bottom, address.right),
        names,
        items,
        tuple((name, names[at] if 0 <= at < len(names) else "") for name, at in data),
        tuple(_lines(root, "rowFields", "rowItems")),
        tuple(_lines(root, "colFields", "colItems")),
        (address.top + place.number("firstDataRow", 1), address.left + place.number("firstDataCol", 1)),
        tuple(_pages(root)),
    )


def _shared(field: Node) -> list[Caption | None]:
    """Return the distinct values of a field; of a grouped one, the names of its groups."""
    for path in (("fieldGroup", "groupItems"), ("sharedItems",)):
        values = [_caption(child) for parent in field.all(*path) for child in parent.children]
        if values:
            return values
    return []


def _caption(node: Node) -> Caption | None:
    text = unescape(node.get("v"))
    if node.name == "n":
        try:
            return float(text)
        except ValueError:
            return None
    if node.name == "b":
        return text in ("1", "true")
    if node.name == "d":
        return _serial(text)
    return text if node.name in ("s", "e") else None


def _serial(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return (moment - datetime(1899, 12, 30)).total_seconds() / 86_400


def _captions(field: Node, values: Sequence[Caption | None]) -> Iterable[Caption | None]:
    for item in field.all("items", "item"):
        at = item.number("x", -1)
        renamed = item.get("n")
        yield unescape(renamed) if renamed else values[at] if 0 <= at < len(values) else None


def _lines(root: Node, fields: str, items: str) -> Iterator[Line]:
    """Yield the lines along one axis; each repeats the first ``r`` items of the line before."""
    along = [node.number("x", -1) for node in root.all(fields, "field")]
    before: list[int] = []
    for node in root.all(items, "i"):
        own = [child.number("v", 0) for child in node.children if child.name == "x"]
        kind = node.get("t", "data")
        before = before[: node.number("r", 0)] + own
        known = [] if kind == "grand" else zip(along, before, strict=False)
        at = tuple((field, item) for field, item in known if field != _DATA)
        yield Line(at, node.number("i", 0), kind != "data")


def _pages(root: Node) -> Iterator[tuple[int, int | None]]:
    for node in root.all("pageFields", "pageField"):
        item = node.number("item", -1)
        yield node.number("fld", -1), item if item >= 0 else None
