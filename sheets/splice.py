"""New values spliced into a sheet's XML by way of expat: for any prefix and encoding, and for cells not there yet.

`fast_splice` does the same for sheets of the plain form, many cells at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

import numpy as np

from .model import MAX_COLUMNS
from .new_cells import Added, NewCells, prefixed
from .package import Package
from .records import record
from .rendering import CELL_TYPE, Changes, referring, retyped, value_elements, widened
from .sheet_xml import CELL, FORMULA, INLINE, ROW, SHEET_DATA, VALUE, SheetWalker
from .values import Kind, Strings

_TAG = re.compile(rb"""<([^\s/>]+)(?:[^"'>]|"[^"]*"|'[^']*')*?(/?)>""")
_DECLARED = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PIECE = 1 << 20
_JOINED = 1 << 18


def splice(package: Package, part: str, sheet: str, xml: bytes, changes: Changes, strings: Strings) -> Iterator[bytes]:
    """Yield a sheet's XML with new values: nothing else is touched but ``t`` and ``vm`` of the cells that change."""
    text, encoding = _as_utf8(xml)
    locator = CellLocator(package, part, sheet, text, changes, strings, encoding is not None)
    for at in range(0, len(text), _PIECE):
        locator.feed(text[at : at + _PIECE])
    locator.close()
    yield from locator.pieces() if encoding is None else _encoded(locator.pieces(), encoding)


@record
class NewValue:
    """The value element of a change, which is made when it is written; its cell's name has a prefix."""

    change: int
    prefix: bytes


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
        start: int = 0,
    ) -> None:
        super().__init__(package, part, sheet, "utf-8" if recoded else None)
        self.row_at = row_at
        self.xml = xml
        self.start = start
        self.edits: list[tuple[int, int, bytes | Added | NewValue]] = []
        self.changes = changes
        self.strings = strings
        self.missing = NewCells(changes, strings)
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
            if inside == FORMULA and self.changes.fills:
                self._refer()
        elif inside == ROW:
            if len(self.missing):
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
            if len(self.missing):
                self._fill(self._row_tag)
        elif inside == SHEET_DATA:
            self.add_rows()

    def pieces(self) -> Iterator[bytes]:
        """Yield the XML from ``start`` on with all edits made, in pieces of some size."""
        waiting: list[bytes] = []
        size = 0
        for piece in self._edited():
            waiting.append(piece)
            size += len(piece)
            if size >= _JOINED:
                yield b"".join(waiting)
                waiting, size = [], 0
        yield b"".join(waiting)

    def _edited(self) -> Iterator[bytes]:
        at = self.start
        if not at and self._data_tag[1]:
            at = self._data_tag[0]
            yield widened(self.xml[:at], self.changes)
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:1]):
            yield self.xml[at:start]
            if isinstance(new, Added):
                yield from self.missing.xml(new)
            else:
                yield new if isinstance(new, bytes) else self._element(new)
            at = end
        yield self.xml[at:]

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
        first, last = self.missing.take(self.row_at, self.column_at) if len(self.missing) else (0, 0)
        change = self.changes.find(self.row_at, self.column_at)
        if first < last or change >= 0:
            tag = self._tag()
            if first < last:
                self.edits.append((tag[0], tag[0], Added(first, last, tag[2][: -len(b"c")], False)))
            if change >= 0:
                self._cell, self._change = tag, change

    def _end_cell(self, tag: tuple[int, int, bytes, bool]) -> None:
        start, end, name, empty = tag
        kind = int(self.changes.kind[self._change])
        element = NewValue(self._change, name[: -len(b"c")])
        old = self.xml[start:end]
        new = retyped(old, CELL_TYPE[kind])
        if empty:
            opened = new if kind == Kind.EMPTY else new[:-2].rstrip() + b">"
            self.edits.append((start, end, opened))
            if kind != Kind.EMPTY:
                self.edits += [(end, end, element), (end, end, b"</" + name + b">")]
            return
        if new != old:
            self.edits.append((start, end, new))
        formula_end = self._spans.get(FORMULA, (0, end))[1]
        value = self._spans.get(VALUE, (formula_end, formula_end))
        self.edits.append((*value, element))
        if INLINE in self._spans:
            self.edits.append((*self._spans[INLINE], b""))

    def _refer(self) -> None:
        """Let a formula say what it fills now."""
        area = self.changes.fills.get(self.row_at * MAX_COLUMNS + self.column_at)
        if area is not None:
            start, end, *_ = self._tag()
            self.edits.append((start, end, referring(self.xml[start:end], area)))

    def _fill(self, tag: tuple[int, int, bytes, bool]) -> None:
        """Add the cells that are still missing to the end of a row."""
        first, last = self.missing.take(self.row_at, MAX_COLUMNS)
        if first < last:
            self._insert(tag, [Added(first, last, tag[2][: -len(b"row")], False)])

    def add_rows(self) -> None:
        """Add the rows that are missing, each before the first one that is greater, or where the walker is."""
        prefix = self._data_tag[2][: -len(b"sheetData")]
        reached = np.maximum.accumulate(np.array([row for row, _ in self._rows], dtype=np.int64))
        ends = []
        for first, last, following in self.missing.left(reached):
            new = Added(first, last, prefix, True)
            if following < len(reached):
                at = self._rows[following][1]
                self.edits.append((at, at, new))
            else:
                ends.append(new)
        if ends:
            self._insert(self._data_tag, ends)

    def _insert(self, tag: tuple[int, int, bytes, bool], new: list[Added]) -> None:
        """Note that new cells come to the end of an element, which the walker is at."""
        _, end, name, empty = tag
        at = end if empty else self.parser.expat.CurrentByteIndex
        if empty:
            self.edits.append((end - 2, end, b">"))
        self.edits += [(at, at, each) for each in new]
        if empty:
            self.edits.append((end, end, b"</" + name + b">"))

    def _element(self, new: NewValue) -> bytes:
        part = slice(new.change, new.change + 1)
        elements = value_elements(self.changes.data[part], self.changes.kind[part], self.strings)
        return prefixed(elements, new.prefix)[0]


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


def _encoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield pieces of UTF-8, none of which ends within a character, in another encoding."""
    if encoding.startswith("bom "):
        encoding = encoding[4:]
        yield "\ufeff".encode(encoding)
    for piece in pieces:
        yield piece.decode().encode(encoding, "xmlcharrefreplace")
