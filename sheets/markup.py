"""The XML of package parts, parsed by expat without trust: no DOCTYPE, no deep nesting, no endless tokens.

Elements of the spreadsheet namespace (transitional or Strict, whatever the prefix) go by their local names;
attributes of the relationships namespace begin with ``r:``; all others keep "namespace name".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from .errors import FileRefused
from .package import Package

_PLAIN_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
    "http://schemas.openxmlformats.org/package/2006/content-types",
)
_RELATION_NAMESPACES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_MOST_NODES = 300_000  # a tree of more would take memory out of all proportion
_LARGEST_TREE = 1 << 26
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("cp037"))
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def short_name(name: str) -> str:
    """Return the name by which the project knows an expat name ("namespace local")."""
    namespace, _, local = name.rpartition(" ")
    if namespace in _PLAIN_NAMESPACES:
        return local
    return f"r:{local}" if namespace in _RELATION_NAMESPACES else name


def unescape(text: str) -> str:
    """Resolve the ``_xHHHH_`` escapes of spreadsheet strings (ECMA-376 §22.9.2.19, ST_Xstring).

    >>> unescape("a_x000D_b_x005F_x0041_")
    'a\\rb_x0041_'
    """
    if "_x" not in text:
        return text
    return (
        _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )


class Parser:
    """An expat parser over one part. Set ``start``, ``end`` and ``text`` of ``expat``; then feed and close."""

    __slots__ = ("_fed", "_heard", "_length", "_package", "_part", "encoding", "expat")

    def __init__(self, package: Package, part: str, encoding: str | None = None) -> None:
        self._package = package
        self._part = part
        self._fed = 0
        self._heard: list[str] = []
        self._length = 0
        self.encoding: str | None = None
        self.expat = expat.ParserCreate(encoding, " ")
        self.expat.buffer_text = True
        self.expat.StartDoctypeDeclHandler = self._refuse_doctype
        self.expat.XmlDeclHandler = self._note_encoding

    def feed(self, data: bytes) -> None:
        """Parse some more of the part."""
        self._parse(data, False)
        self._fed += len(data)
        if self._fed - self.expat.CurrentByteIndex > self._package.limits.token + len(data):
            self._package.refuse(f"part {self._part} has a tag longer than {self._package.limits.token} bytes")

    def close(self) -> None:
        """Parse to the end: whatever is still open is an error."""
        self._parse(b"", True)
        parser = (
            self.expat
        )  # its handlers refer back to their owner, and would keep all of it until garbage is collected
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.StartDoctypeDeclHandler = parser.XmlDeclHandler = None

    def listen(self) -> None:
        """Begin to gather text."""
        self._heard = []
        self._length = 0
        self.expat.CharacterDataHandler = self._hear

    def heard(self) -> str:
        """Return the text since `listen`, and gather no more."""
        self.expat.CharacterDataHandler = None
        return "".join(self._heard)

    def refuse_depth(self) -> None:
        """Refuse the file for elements that are nested too deep."""
        self._package.refuse(f"part {self._part} nests elements deeper than {self._package.limits.depth}")

    def _parse(self, data: bytes, final: bool) -> None:
        try:
            self.expat.Parse(data, final)
        except expat.ExpatError as error:
            why = expat.ErrorString(error.code)
            self._package.refuse(f"part {self._part} is not well-formed XML: {why}")
        except (ValueError, LookupError, UnicodeError):
            self._package.refuse(f"part {self._part} is in an encoding that is not known")

    def _hear(self, text: str) -> None:
        self._heard.append(text)
        self._length += len(text)
        if self._length > self._package.limits.token:
            self._package.refuse(f"part {self._part} has a text of more than {self._package.limits.token} characters")

    def _refuse_doctype(self, *_: Any) -> None:
        self._package.refuse(f"part {self._part} has a DOCTYPE, which workbooks must not have")

    def _note_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.encoding = encoding


@dataclass(slots=True)
class Node:
    """An element of a small part: its name, attributes, children, and its text joined."""

    name: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean attribute (xsd:boolean)."""
        return is_true(self.attributes[name]) if name in self.attributes else default

    def number(self, name: str, default: int) -> int:
        """Return an integer attribute, or the default where it is absent or no number."""
        text = self.attributes.get(name, "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default

    def all(self, *path: str) -> Iterable[Node]:
        """Yield the descendants at a path of names."""
        level = [self]
        for name in path:
            level = [child for node in level for child in node.children if child.name == name]
        return level


def is_true(text: str) -> bool:
    """Read an xsd:boolean."""
    return text.strip() in ("1", "true", "on")


def read_tree(package: Package, part: str) -> Node:
    """Parse a small part as a tree and return its root."""
    parser = Parser(package, part)
    root = Node("", {})
    stack = [root]
    texts: list[list[str]] = [[]]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > package.limits.depth:
            parser.refuse_depth()
        if count > _MOST_NODES:
            package.refuse(f"part {part} has more than {_MOST_NODES} elements")
        node = Node(short_name(name), {short_name(key): value for key, value in attributes.items()})
        stack[-1].children.append(node)
        stack.append(node)
        texts.append([])

    def end(_name: str) -> None:
        stack.pop().text = "".join(texts.pop())

    def text(data: str) -> None:
        texts[-1].append(data)

    parser.expat.StartElementHandler = start
    parser.expat.EndElementHandler = end
    parser.expat.CharacterDataHandler = text
    size = 0
    for piece in package.stream(part):
        size += len(piece)
        if size > _LARGEST_TREE:
            package.refuse(f"part {part} has more than {_LARGEST_TREE} bytes")
        parser.feed(piece)
    parser.close()
    return root.children[0]


class _PrologEnd(Exception):
    """The root element has been reached."""


def refuse_doctype(package: Package, part: str, beginning: bytes) -> None:
    """Refuse a part that is carried, not parsed, if a DOCTYPE stands before its root; nothing else in it matters."""
    parser = expat.ParserCreate()

    def doctype(*_: Any) -> None:
        package.refuse(f"part {part} has a DOCTYPE, which workbooks must not have")

    def start(*_: Any) -> None:
        raise _PrologEnd

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    try:
        parser.Parse(beginning, False)
    except _PrologEnd:
        return
    except (expat.ExpatError, ValueError, LookupError):
        # An encoding that expat does not know is one that another reader may.
        if any(mark in beginning.replace(b"\0", b"") for mark in _DOCTYPES):
            doctype()


__all__ = ["FileRefused", "Node", "Parser", "is_true", "read_tree", "refuse_doctype", "short_name", "unescape"]
