"""New values spliced into a sheet's XML by way of expat: for any prefix and encoding, and for cells not there yet.

`fast_splice` does the same for sheets of the plain form, many cells at a time.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .addresses import cell_name
from .model import MAX_COLUMNS
from .package import Package
from .rendering import CELL_TYPE, Changes, retyped, value_elements
from .sheet_xml import CELL, FORMULA, INLINE, ROW, SHEET_DATA, VALUE, SheetWalker
from .values import Strings

_TAG = re.compile(rb"""<([^\s/>]+)(?:[^"'>]|"[^"]*"|'[^']*')*?(/?)>""")
_DECLARED = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PIECE = 1 << 20
_ROWS = 4096  # new rows that are rendered at a time


def splice(package: Package, part: str, sheet: str, xml: bytes, changes: Changes, strings: Strings) -> bytes:
    """Return a sheet's XML with new values: nothing else is touched but ``t`` and ``vm`` of the cells that change."""
    text, encoding = _as_utf8(xml)
    locator = CellLocator(package, part, sheet, text, changes, strings, encoding is not None)
    for at in range(0, len(text), _PIECE):
        locator.feed(text[at : at + _PIECE])
    locator.close()
    result = locator.result()
    return result if encoding is None else _encoded(result, encoding)


class CellLocator(SheetWalker):
    """Walks a sheet, all of it at hand as UTF-8, and notes the edits that put new values into it."""

    def __init__(
        self,
        package: Package,
        part: str,
        sheet: str,
        xml: bytes,
        changes: Changes,
        strings: Strings,
        recoded: bool = False,
        row_at: int = -1,
    ) -> None:
        super().__init__(package, part, sheet, "utf-8" if recoded else None)
        self.row_at = row_at
        self.xml = xml
        self.edits: list[tuple[int, int, bytes]] = []
        self.changes = changes
        self.strings = strings
        self.missing: dict[int, list[int]] = {}  # row → columns, both in order
        for key in changes.key[~changes.stored].tolist():
            self.missing.setdefault(key // MAX_COLUMNS, []).append(key % MAX_COLUMNS)
        self._rows: list[tuple[int, int]] = []  # (row, where it begins), kept only where rows may be missing
        self._row_tag = (0, 0, b"", False)
        self._cell: tuple[int, int, bytes, bool] | None = None
        self._change = -1
        self._spans: dict[int, tuple[int, int]] = {}
        self._begun = (0, 0, b"", False)
        self._data_tag = (0, 0, b"", False)

    def begin(self, inside: int, attributes: dict[str, str]) -> None:
        if inside == CELL:
            self._begin_cell()
        elif inside in (FORMULA, VALUE, INLINE):
            if self._cell is not None:
                self._begun = self._tag()
        elif inside == ROW:
            if self.missing:
                self._row_tag = self._tag()
                self._rows.append((self.row_at, self._row_tag[0]))
        elif inside == SHEET_DATA:
            self._data_tag = self._tag()

    def end(self, inside: int) -> None:
        if inside == CELL:
            if self._cell is not None:
                self._end_cell(self._cell)
        elif inside in (FORMULA, VALUE, INLINE):
            if self._cell is not None:
                self._spans[inside] = (self._begun[0], self._element_end(self._begun))
        elif inside == ROW:
            if self.missing:
                self._fill(self._row_tag, self.missing.pop(self.row_at, []))
        elif inside == SHEET_DATA:
            self.add_rows()

    def result(self) -> bytes:
        """Return the XML with all edits made."""
        pieces: list[bytes] = []
        at = 0
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:1]):
            pieces += (self.xml[at:start], new)
            at = end
        return b"".join([*pieces, self.xml[at:]])

    def _tag(self) -> tuple[int, int, bytes, bool]:
        """Return where the tag that the parser is at begins and ends, its name as written, and whether it is empty."""
        start = self.parser.expat.CurrentByteIndex
        match = _TAG.match(self.xml, start)
        if match is None:
            self.package.refuse(f"sheet {self.sheet!r} has a tag that cannot be followed")
        return start, match.end(), match[1], bool(match[2])

    def _element_end(self, tag: tuple[int, int, bytes, bool]) -> int:
        return tag[1] if tag[3] else self.xml.index(b">", self.parser.expat.CurrentByteIndex) + 1

    def _begin_cell(self) -> None:
        self._spans = {}
        self._cell = None
        waiting = self.missing.get(self.row_at)
        change = self.changes.find(self.row_at, self.column_at)
        if waiting or change >= 0:
            tag = self._tag()
            before = bisect_left(waiting, self.column_at) if waiting else 0
            if waiting and before:
                self.edits.append((tag[0], tag[0], self._new_cells(tag[2], self.row_at, waiting[:before])))
                del waiting[:before]
            if change >= 0:
                self._cell, self._change = tag, change

    def _end_cell(self, tag: tuple[int, int, bytes, bool]) -> None:
        start, end, name, empty = tag
        kind, element = self._rendered(self._change, name)
        old = self.xml[start:end]
        new = retyped(old, kind)
        if empty:
            closed = new[:-2].rstrip() + b">" + element + b"</" + name + b">" if element else new
            self.edits.append((start, end, closed))
            return
        if new != old:
            self.edits.append((start, end, new))
        formula_end = self._spans.get(FORMULA, (0, end))[1]
        value = self._spans.get(VALUE, (formula_end, formula_end))
        self.edits.append((*value, element))
        if INLINE in self._spans:
            self.edits.append((*self._spans[INLINE], b""))

    def _fill(self, tag: tuple[int, int, bytes, bool], columns: list[int]) -> None:
        """Add the cells that are still missing to the end of a row."""
        if not columns:
            return
        _, end, name, empty = tag
        cell = name[: -len(b"row")] + b"c"
        cells = self._new_cells(cell, self.row_at, columns)
        if empty:
            self.edits.append((end - 2, end, b">" + cells + b"</" + name + b">"))
        else:
            at = self.parser.expat.CurrentByteIndex
            self.edits.append((at, at, cells))

    def add_rows(self) -> None:
        """Add the rows that are missing, each before the first one that is greater, or where the walker is."""
        _, end, name, empty = self._data_tag
        prefix = name[: -len(b"sheetData")]
        reached = np.maximum.accumulate(np.array([row for row, _ in self._rows], dtype=np.int64))
        new: list[bytes] = []
        for row, xml in self._new_rows(prefix):
            first = int(np.searchsorted(reached, row, "right")) if len(reached) else 0
            if first < len(reached):
                at = self._rows[first][1]
                self.edits.append((at, at, xml))
            else:
                new.append(xml)
        if new and empty:
            self.edits.append((end - 2, end, b">" + b"".join(new) + b"</" + name + b">"))
        elif new:
            at = self.parser.expat.CurrentByteIndex
            self.edits.append((at, at, b"".join(new)))

    def _new_rows(self, prefix: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the rows that the sheet does not have yet, in order, with their XML."""
        rows = sorted(row for row, columns in self.missing.items() if columns)
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            keys = [row * MAX_COLUMNS + column for row in some for column in self.missing[row]]
            cells = iter(self._cells(prefix + b"c", np.array(keys, dtype=np.int64)))
            for row in some:
                inside = b"".join(islice(cells, len(self.missing[row])))
                yield row, b'<%brow r="%d">%b</%brow>' % (prefix, row + 1, inside, prefix)

    def _new_cells(self, name: bytes, row: int, columns: Sequence[int]) -> bytes:
        """Return cells of a row that the sheet does not have yet."""
        return b"".join(self._cells(name, row * MAX_COLUMNS + np.asarray(columns, dtype=np.int64)))

    def _cells(self, name: bytes, keys: NDArray[np.int64]) -> list[bytes]:
        at = np.searchsorted(self.changes.key, keys)
        kinds = self.changes.kind[at]
        elements = value_elements(self.changes.data[at], kinds, self.strings)
        forms = [b' t="%b"' % CELL_TYPE[kind] if CELL_TYPE[kind] else b"" for kind in kinds.tolist()]
        places = zip(*(part.tolist() for part in np.divmod(keys, MAX_COLUMNS)), strict=True)
        return [
            b'<%b r="%b"%b>%b</%b>' % (name, cell_name(*place).encode(), form, _prefixed(element, name), name)
            for place, form, element in zip(places, forms, elements, strict=True)
        ]

    def _rendered(self, change: int, name: bytes) -> tuple[bytes, bytes]:
        """Return the type and the value element of a change, for a cell of that name."""
        data, kind = self.changes.data[change : change + 1], self.changes.kind[change : change + 1]
        return CELL_TYPE[int(kind[0])], _prefixed(value_elements(data, kind, self.strings)[0], name)


def _prefixed(element: bytes, cell_name: bytes) -> bytes:
    """Give a ``<v>`` element the prefix of its cell's name."""
    prefix = cell_name[:-1]
    return b"<" + prefix + element[1:-2] + prefix + element[-2:] if prefix and element else element


def _as_utf8(xml: bytes) -> tuple[bytes, str | None]:
    """Return a document as UTF-8, and the encoding it was in if that was another."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if xml.startswith(mark):
            return xml[2:].decode(encoding).encode(), "bom " + encoding
    for start, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if xml.startswith(start):
            return xml.decode(encoding).encode(), encoding
    declared = _DECLARED.match(xml[:256])
    if declared is None or codecs.lookup(declared[1].decode()).name == "utf-8":
        return xml, None
    return xml.decode(declared[1].decode()).encode(), declared[1].decode()


def _encoded(text: bytes, encoding: str) -> bytes:
    if encoding.startswith("bom "):
        return "\ufeff".encode(encoding[4:]) + text.decode().encode(encoding[4:])
    return text.decode().encode(encoding, "xmlcharrefreplace")
