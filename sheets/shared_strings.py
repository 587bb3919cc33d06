"""The shared strings of a workbook (ECMA-376 §18.4): runs joined, phonetic guides left out."""

from __future__ import annotations

import re
from array import array

import numpy as np

from .markup import Parser, short_name, unescape
from .package import Package
from .plain_rows import NotPlain
from .sheet_stream import PIECE, RowPieces, opens_markup
from .stored import without_entities
from .values import Floats, Strings

_OPENINGS = (b"<si><t>", b'<si><t xml:space="preserve">')
_CLOSING = b"</t></si>"
_FORBIDDEN = re.compile(rb"[\x01-\x08\x0b-\x1f]|\xef\xbf[\xbe\xbf]")  # what XML must not hold


def read_shared_strings(package: Package, part: str, strings: Strings, plain: bool = True) -> Floats:
    """Intern the shared strings and return their payloads by number.

    Those without runs are read many at a time, others by way of expat; ``plain`` False reads all of them so.
    """
    reader = _StringsReader(package, part, strings)
    pieces = RowPieces(package.stream(part, PIECE), b"<si>", b"</si>")
    head = pieces.head().removesuffix(b"<si>") if plain else b""
    reader.parser.feed(head)
    if reader.between_items and b"<sst" in head and (reader.parser.encoding or "utf-8").lower() == "utf-8":
        pieces.rest = b"<si>" + pieces.rest
        for text in pieces:
            found = _plain_texts(text)
            if found is not None:
                reader.found.extend(strings.intern_all(found))
                continue
            reader.parser.feed(text)
            if not reader.between_items or opens_markup(text):
                break
    elif head:
        pieces.rest = b"<si>" + pieces.rest
    reader.parser.feed(pieces.rest)
    for piece in pieces.pieces:
        reader.parser.feed(piece)
    reader.parser.close()
    return np.array(reader.found, dtype=np.float64)


class _StringsReader:
    """Reads shared strings by way of expat: ``found`` holds their payloads."""

    def __init__(self, package: Package, part: str, strings: Strings) -> None:
        self.parser = Parser(package, part)
        self.parser.expat.StartElementHandler = self._start
        self.parser.expat.EndElementHandler = self._end
        self.found = array("d")
        self._depth = package.limits.depth
        self._strings = strings
        self._stack: list[str] = []
        self._pieces: list[str] = []
        self._names: dict[str, str] = {}

    @property
    def between_items(self) -> bool:
        """Whether the parser stands directly in the list."""
        return len(self._stack) == 1

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        short = self._names.get(name) or self._names.setdefault(name, short_name(name))
        if len(self._stack) > self._depth:
            self.parser.refuse_depth()
        self._stack.append(short)
        if short == "si":
            self._pieces.clear()
        elif short == "t" and "rPh" not in self._stack:
            self.parser.listen()

    def _end(self, _name: str) -> None:
        short = self._stack.pop()
        if short == "t" and "rPh" not in self._stack:
            self._pieces.append(self.parser.heard())
        elif short == "si":
            self.found.append(self._strings.intern(unescape("".join(self._pieces))))


def _plain_texts(text: bytes) -> list[str] | None:
    """Return the strings of items that hold one text each and nothing else; None where other things stand there."""
    items = text.split(_CLOSING)
    if items.pop() or text.count(b"<") != 4 * len(items) or b"\r" in text or b"]]>" in text:
        return None
    joined = b"\0".join([item[item.find(b">", 5) + 1 :] for item in items if item.startswith(_OPENINGS)])
    try:
        found = (without_entities(joined) if b"&" in joined else joined).decode().split("\0")
    except (NotPlain, UnicodeDecodeError):
        return None
    plain = len(found) == len(items) and not _FORBIDDEN.search(joined)
    return [unescape(item) for item in found] if plain else None
