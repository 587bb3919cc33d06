"""Values as the XML of a cell: ``<v>`` elements and the ``t`` that goes with them."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .model import MAX_COLUMNS, MAX_ROWS, Cells
from .records import record
from .values import ERRORS_BY_CODE, Error, Floats, Kind, Kinds, Strings

CELL_TYPE: dict[int, bytes] = {Kind.EMPTY: b"", Kind.NUMBER: b"", Kind.TEXT: b"str", Kind.BOOL: b"b", Kind.ERROR: b"e"}
_NEEDS_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_NUMBER = Kind.NUMBER.value


@record
class Changes:
    """The values of one sheet that are to be written: sorted by place, each place once, none of them stored already."""

    key: NDArray[np.int64]  # row * MAX_COLUMNS + column
    data: Floats
    kind: Kinds
    stored: NDArray[np.bool_]  # whether the sheet has a cell there

    def __len__(self) -> int:
        return len(self.key)

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
        row = self.key // MAX_COLUMNS
        return self._of((row > before) & (row <= (MAX_ROWS if last is None else last)))

    def _of(self, which: NDArray[np.bool_]) -> Changes:
        return Changes(self.key[which], self.data[which], self.kind[which], self.stored[which])


def real_changes(stored: Cells, wanted: Cells) -> Changes:
    """Return what of ``wanted`` differs from the ``stored`` cells; of several values for a cell the last counts.

    A number that no cell can hold becomes #NUM!; zero has no sign.
    """
    data = wanted.data + 0.0
    kind = wanted.kind.copy()
    endless = (kind == Kind.NUMBER) & ~np.isfinite(data)
    data[endless], kind[endless] = Error.NUM.code, Kind.ERROR
    data[kind == Kind.EMPTY] = 0
    key = _keys(wanted)
    order = np.argsort(key, kind="stable")
    key = key[order]
    last = np.append(key[1:] != key[:-1], True)[: len(key)]
    order, key = order[last], key[last]
    data, kind = data[order], kind[order]
    there = _keys(stored)
    at = np.minimum(np.searchsorted(there, key), max(len(there) - 1, 0))
    found = there[at] == key if len(there) else np.zeros(len(key), dtype=np.bool_)
    same = np.where(found, False, kind == Kind.EMPTY)
    if len(there):
        same |= found & (stored.kind[at] == kind) & ((stored.data[at] == data) | (kind == Kind.EMPTY))
    return Changes(key[~same], data[~same], kind[~same], found[~same])


def value_elements(data: Floats, kind: Kinds, strings: Strings) -> list[bytes]:
    """Return the ``<v>`` element of each value, b"" for an empty one.

    Numbers are the shortest text that reads back as the same float64.
    """
    if len(kind) and kind.min() == kind.max() == Kind.NUMBER:
        return _number_elements(data)
    elements = [b""] * len(kind)
    for position, (payload, what) in enumerate(zip(data.tolist(), kind.tolist(), strict=True)):
        if what == _NUMBER:
            text = repr(payload)
            elements[position] = b"<v>%b</v>" % (text[:-2] if text.endswith(".0") else text).encode()
        elif what == Kind.TEXT:
            elements[position] = text_element(strings.texts[int(payload)])
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


def _number_elements(data: Floats) -> list[bytes]:
    texts = repr(data.tolist())[1:-1] + ", "
    joined = "<v>" + texts.replace(".0, ", ", ").replace(", ", "</v>|<v>")
    return joined.encode().split(b"|")[:-1]


def _keys(cells: Cells) -> NDArray[np.int64]:
    return cells.row.astype(np.int64) * MAX_COLUMNS + cells.column
