"""Values as the XML of a cell: ``<v>`` elements and the ``t`` that goes with them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import orjson
from numpy.typing import NDArray

from .addresses import parse_range, range_name
from .errors import BadReference
from .model import MAX_COLUMNS, MAX_ROWS, Area, Cells
from .records import record
from .values import ERRORS_BY_CODE, Error, Floats, Kind, Kinds, Strings

CELL_TYPE: dict[int, bytes] = {Kind.EMPTY: b"", Kind.NUMBER: b"", Kind.TEXT: b"str", Kind.BOOL: b"b", Kind.ERROR: b"e"}
_NEEDS_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s+ref=["']([A-Z0-9:]+)["']""")
_AT_ONCE = 1 << 16  # cells that are compared at a time: temporary arrays stay small
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")


@record
class Changes:
    """The values of one sheet that are to be written: sorted by place, each place once, none of them stored already."""

    key: NDArray[np.int64]  # row * MAX_COLUMNS + column
    data: Floats
    kind: Kinds
    stored: NDArray[np.bool_]  # whether the sheet has a cell there
    fills: Mapping[int, Area] = {}  # by place, what dynamic array formulas fill, where the file says otherwise

    def __len__(self) -> int:
        return len(self.key)

    def __bool__(self) -> bool:
        return bool(len(self.key) or self.fills)

    def find(self, row: int, column: int) -> int:
        """Return the number of a cell's change, or -1."""
        key = row * MAX_COLUMNS + column
        at = int(np.searchsorted(self.key, key))
        return at if at < len(self.key) and self.key[at] == key else -1

    def known(self) -> Changes:
        """Return the changes of cells that are there."""
        return self._of(self.stored)

    def missing(self) -> Changes:
        """Return the changes of cells that are still to be added."""
        return self._of(~self.stored)

    def between(self, before: int, last: int | None) -> Changes:
        """Return the changes of the rows after ``before`` up to ``last`` (None: to the sheet's end)."""
        ends = (before + 1) * MAX_COLUMNS, (MAX_ROWS if last is None else last + 1) * MAX_COLUMNS
        return self._of(slice(*np.searchsorted(self.key, ends)))

    def _of(self, which: slice | NDArray[np.bool_]) -> Changes:
        if isinstance(which, np.ndarray) and which.all():
            return self
        return Changes(self.key[which], self.data[which], self.kind[which], self.stored[which], self.fills)


def real_changes(stored: Cells, wanted: Cells, fills: Mapping[int, Area] | None = None) -> Changes:
    """Return what of ``wanted`` differs from the ``stored`` cells; of several values for a cell the last counts.

    A number that no cell can hold becomes #NUM!; zero has no sign.
    """
    key, data, kind = _in_order(wanted)
    endless = (kind == Kind.NUMBER) & ~np.isfinite(data)
    data[endless], kind[endless] = Error.NUM.code, Kind.ERROR
    data[kind == Kind.EMPTY] = 0
    there = keys(stored)
    same, found = np.empty(len(key), dtype=np.bool_), np.empty(len(key), dtype=np.bool_)
    for start in range(0, len(key), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        same[part], found[part] = _compared(stored, there, key[part], data[part], kind[part])
    if same.any():
        key = key[~same]  # one after the other: they may be large
        data = data[~same]
        kind = kind[~same]
        found = found[~same]
    return Changes(key, data, kind, found, fills or {})


def _in_order(cells: Cells) -> tuple[NDArray[np.int64], Floats, Kinds]:
    """Return the places, payloads and kinds of cells, sorted by place and each place once: the last one counts."""
    key = keys(cells)
    if (key[1:] > key[:-1]).all():
        return key, cells.data + 0.0, cells.kind.copy()
    order = np.argsort(key, kind="stable")
    key = key[order]
    last = np.append(key[1:] != key[:-1], True)
    return key[last], cells.data[order][last] + 0.0, cells.kind[order][last]


def _compared(
    stored: Cells, there: NDArray[np.int64], key: NDArray[np.int64], data: Floats, kind: Kinds
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which values a sheet holds already, and which it has a cell for; ``there``: the places of its cells."""
    if not len(there):
        return kind == Kind.EMPTY, np.zeros(len(key), dtype=np.bool_)
    at = np.minimum(np.searchsorted(there, key), len(there) - 1)
    found = there[at] == key
    same = (stored.kind[at] == kind) & ((stored.data[at] == data) | (kind == Kind.EMPTY))
    return np.where(found, same, kind == Kind.EMPTY), found


def value_elements(data: Floats, kind: Kinds, strings: Strings) -> list[bytes]:
    """Return the ``<v>`` element of each value, b"" for an empty one.

    Numbers are the shortest text that reads back as the same float64.
    """
    numbers = np.flatnonzero(kind == Kind.NUMBER)
    if len(numbers) == len(kind):
        return _number_elements(data)
    elements = [b""] * len(kind)
    for position, element in zip(numbers.tolist(), _number_elements(data[numbers]), strict=True):
        elements[position] = element
    others = np.flatnonzero(kind != Kind.NUMBER)
    made: dict[float, bytes] = {}
    for position, payload, what in zip(others.tolist(), data[others].tolist(), kind[others].tolist(), strict=True):
        if what == Kind.TEXT:
            if payload not in made:
                made[payload] = text_element(strings.texts[int(payload)])
            elements[position] = made[payload]
        elif what == Kind.BOOL:
            elements[position] = b"<v>1</v>" if payload else b"<v>0</v>"
        elif what == Kind.ERROR:
            elements[position] = b"<v>%b</v>" % ERRORS_BY_CODE[int(payload)].text.encode()
    return elements


def text_element(text: str) -> bytes:
    """Return the ``<v>`` element of a text: XML's escapes, and ``_xHHHH_`` for what XML cannot hold.

    >>> text_element("a<b"), text_element(" a")
    (b'<v>a&lt;b</v>', b'<v xml:space="preserve"> a</v>')
    """
    escaped = _NEEDS_ESCAPE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    space = b' xml:space="preserve"' if text != text.strip() or "\n" in text or "\t" in text else b""
    return b"<v%b>%b</v>" % (space, escaped.encode())


def retyped(tag: bytes, kind: bytes) -> bytes:
    """Return a cell's start tag with another ``t`` (none where ``kind`` is b""); metadata of the old value goes.

    >>> retyped(b'<c r="A1" s="2" t="s"/>', b""), retyped(b'<c r="A1" t="n">', b"str")
    (b'<c r="A1" s="2"/>', b'<c r="A1" t="str">')
    """
    found = False

    def attribute(match: re.Match[bytes]) -> bytes:
        nonlocal found
        if match[1] == b"vm":
            return b""
        if match[1] != b"t":
            return match[0]
        found = True
        if match[2][1:-1] == (kind or b"n"):
            return match[0]
        return b' t="%b"' % kind if kind else b""

    new = _ATTRIBUTE.sub(attribute, tag)
    if found or not kind:
        return new
    body = new.removesuffix(b">").removesuffix(b"/").rstrip()
    return body + b' t="%b"' % kind + (b"/>" if new.endswith(b"/>") else b">")


def referring(tag: bytes, area: Area) -> bytes:
    """Return a formula's start tag with another ``ref``; one that has none stays.

    >>> referring(b'<f t="array" ref="A1">', Area(0, 0, 0, 3, 1))
    b'<f t="array" ref="A1:A3">'
    """
    name = range_name(area.top, area.left, area.bottom, area.right).encode()

    def attribute(match: re.Match[bytes]) -> bytes:
        return b' ref="%b"' % name if match[1] == b"ref" else match[0]

    return _ATTRIBUTE.sub(attribute, tag)


def widened(head: bytes, changes: Changes) -> bytes:
    """Return what stands before a sheet's cells with a ``dimension`` that has room for those that are added."""
    found = list(_DIMENSION.finditer(head))
    new = changes.key[~changes.stored & (changes.kind != Kind.EMPTY)]
    if len(found) != 1 or not len(new) or b"<!--" in head:
        return head
    try:
        said = parse_range(found[0][1].decode("ascii", "replace"))
    except BadReference:
        return head
    row, column = np.divmod(new, MAX_COLUMNS)
    corners = min(said.top, int(row.min())), min(said.left, int(column.min()))
    name = range_name(*corners, max(said.bottom, int(row.max()) + 1), max(said.right, int(column.max()) + 1))
    return head[: found[0].start(1)] + name.encode() + head[found[0].end(1) :]


def _number_elements(data: Floats) -> list[bytes]:
    texts = number_texts(data)
    return (b"<v>" + b"</v>|<v>".join(texts) + b"</v>").split(b"|") if texts else []


def number_texts(data: Floats) -> list[bytes]:
    """Return the shortest text of each number that reads back as the same float64."""
    if not len(data):
        return []
    texts = orjson.dumps(np.ascontiguousarray(data), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] + b","
    return texts.replace(b".0,", b",").split(b",")[:-1]


def keys(cells: Cells) -> NDArray[np.int64]:
    """Return the places of cells, as in `Changes`."""
    key = cells.row.astype(np.int64)
    key *= MAX_COLUMNS
    key += cells.column
    return key
