"""The zip package of a workbook, opened without trust: every promise of its directory is checked on actual bytes.

Nothing is ever extracted to disk; a part is inflated only while it is read. Source of the layout: PKWARE APPNOTE 6.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from isal import isal_zlib  # as zlib, and two to four times faster
from isal.igzip_lib import IsalError

from .errors import FileRefused
from .records import record

END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PIECE = 1 << 18
STORED, DEFLATED = 0, 8
_ABSOLUTE = ("/xl/", "/_rels/", "/docProps/", "/customXml/")
ENCRYPTED_FLAG, UTF8_FLAG = 1, 1 << 11


@record
class Limits:
    """What a package may cost, counted on inflated bytes; raise them for files that are larger and trusted.

    ``ratio`` (inflated to compressed, for each part) counts once a part is past ``free`` bytes. Sheets of real
    workbooks stay under 40:1, even where a million rows hold the same value, because the cell addresses differ.
    """

    entries: int = 10_000
    inflated: int = 1 << 30
    ratio: int = 100
    free: int = 1 << 20
    depth: int = 256  # nested XML elements
    token: int = 1 << 25  # bytes of one XML tag, or of one cell's text
    texts: int = 1 << 26  # characters of the texts that formulas make
    steps: int = 1 << 20  # that LAMBDAs and circular references may repeat while the workbook is computed

    @classmethod
    def none(cls) -> Limits:
        """Return limits that no file reaches."""
        return cls(*(1 << 62,) * 8)


DEFAULT_LIMITS = Limits()


@record
class Entry:
    """One file of the archive: where its local header and data lie, and its record of the central directory."""

    name: str
    header: int
    start: int
    compressed: int
    size: int
    crc: int
    method: int
    flags: int
    record: bytes


@dataclass(slots=True)
class Package:
    """An open package. Part names have no leading slash and compare without case, as the packaging standard says."""

    data: bytes
    name: str
    limits: Limits
    entries: dict[str, Entry] = field(default_factory=dict)  # by folded name
    comment: bytes = b""
    directory: int = 0  # where it begins
    _inflated: int = 0
    _checked: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, data: bytes, name: str, limits: Limits) -> Package:
        """Read the directory of an archive; `FileRefused` where it is damaged, hostile, or something else."""
        package = cls(data, name, limits)
        refused = _not_a_package(data)
        if refused:
            package.refuse(refused)
        try:
            package._read_directory()
        except struct.error:
            package.refuse("the zip directory is truncated")
        return package

    def refuse(self, what: str) -> NoReturn:
        """Raise `FileRefused` for this file."""
        raise FileRefused(self.name, what)

    def find(self, part: str) -> Entry | None:
        """Return the entry of a part, or None."""
        return self.entries.get(part.casefold())

    def read(self, part: str) -> bytes:
        """Return the inflated bytes of a part; `FileRefused` where it is missing."""
        return b"".join(self.stream(part))

    def stream(self, part: str, piece: int = _PIECE) -> Iterator[bytes]:
        """Yield the inflated bytes of a part in pieces, counting them against the limits and checking size and CRC."""
        entry = self.find(part)
        if entry is None:
            self.refuse(f"part {part} is missing")
        crc = count = 0
        for data in self._inflate(entry, piece):
            count += len(data)
            self._count(entry, count, len(data))
            crc = isal_zlib.crc32(data, crc)
            yield data
        if count != entry.size:
            self.refuse(f"part {entry.name} holds {count} bytes where the directory says {entry.size}")
        if crc != entry.crc:
            self.refuse(f"part {entry.name} is damaged: its checksum is wrong")
        self._checked.add(entry.name)

    def unread(self) -> list[Entry]:
        """Return the entries that have not been read to their end."""
        return [entry for entry in self.entries.values() if entry.name not in self._checked]

    def _count(self, entry: Entry, count: int, more: int) -> None:
        limits = self.limits
        if entry.name not in self._checked:
            self._inflated += more
        if self._inflated > limits.inflated:
            self.refuse(f"it inflates to more than {limits.inflated} bytes; a limit, which can be raised")
        if count > limits.free and count > limits.ratio * entry.compressed:
            self.refuse(
                f"part {entry.name} inflates to more than {limits.ratio} times its size; a limit, which can be raised"
            )

    def _inflate(self, entry: Entry, piece: int) -> Iterator[bytes]:
        source = memoryview(self.data)[entry.start : entry.start + entry.compressed]
        if entry.method == STORED:
            yield from (bytes(source[at : at + piece]) for at in range(0, len(source), piece))
            return
        inflater = isal_zlib.decompressobj(-15)
        try:
            for at in range(0, len(source), _PIECE):
                waiting: bytes | memoryview = source[at : at + _PIECE]
                while waiting and not inflater.eof:
                    yield inflater.decompress(waiting, piece)
                    waiting = inflater.unconsumed_tail
            while not inflater.eof and (rest := inflater.decompress(b"", piece)):
                yield rest
        except IsalError:  # type: ignore[misc]  # its stub calls the class an instance
            self.refuse(f"part {entry.name} is damaged: it does not inflate")
        if not inflater.eof:
            self.refuse(f"part {entry.name} is truncated")

    def _read_directory(self) -> None:
        count, offset, end = self._find_directory()
        if count > self.limits.entries:
            self.refuse(f"it has {count} entries, more than {self.limits.entries}; a limit, which can be raised")
        found: list[Entry] = []
        at = offset
        for _ in range(count):
            entry, at = self._read_entry(at, end)
            found.append(entry)
        self.directory = offset
        self._check_overlaps(sorted(found, key=lambda entry: entry.header), offset)
        for entry in found:
            if entry.name.casefold() in self.entries:
                self.refuse(f"it has two entries named {entry.name}")
            self.entries[entry.name.casefold()] = entry

    def _find_directory(self) -> tuple[int, int, int]:
        """Return the number of entries, and where the directory begins and ends."""
        data = self.data
        at = data.rfind(b"PK\x05\x06", max(0, len(data) - END.size - 0xFFFF))
        if at < 0:
            self.refuse("it is a truncated zip archive: its directory is missing")
        _, disk, first_disk, _, count, size, offset, comment = END.unpack_from(data, at)
        self.comment = data[at + END.size : at + END.size + comment]
        end = at
        locator = at - _END64_LOCATOR.size
        large = 0xFFFF in (count, disk) or 0xFFFFFFFF in (size, offset)
        if large and locator >= 0 and data[locator : locator + 4] == b"PK\x06\x07":
            end = int(_END64_LOCATOR.unpack_from(data, locator)[2])
            signature, *_, disk, first_disk, _, count, size, offset = _END64.unpack_from(data, end)
            if signature != b"PK\x06\x06":
                self.refuse("its zip64 directory is damaged")
        if disk or first_disk:
            self.refuse("it is one volume of a zip archive in several")
        if offset + size > end:
            self.refuse("it is a truncated zip archive: its directory is not where it should be")
        return count, offset, end

    def _read_entry(self, at: int, end: int) -> tuple[Entry, int]:
        data = self.data
        fields = CENTRAL.unpack_from(data, at)
        signature, _, _, flags, method, _, _, crc, compressed, size, *lengths, _, _, _, header = fields
        name_length, extra_length, comment_length = lengths
        after = at + CENTRAL.size + name_length + extra_length + comment_length
        if signature != b"PK\x01\x02" or after > end:
            self.refuse("its zip directory is damaged")
        raw_name = data[at + CENTRAL.size : at + CENTRAL.size + name_length]
        extra = data[at + CENTRAL.size + name_length : after - comment_length]
        size, compressed, header = _zip64_sizes(extra, size, compressed, header)
        name = self._part_name(raw_name.decode("utf-8" if flags & UTF8_FLAG else "cp437", "replace"))
        if flags & ENCRYPTED_FLAG:
            self.refuse(f"part {name} is encrypted")
        if method not in (STORED, DEFLATED):
            self.refuse(f"part {name} is compressed by method {method}; only stored and deflated parts are read")
        start = self._local_data(name, raw_name, header)
        record = data[at:after]
        return Entry(name, header, start, compressed, size, crc, method, flags, record), after

    def _local_data(self, name: str, raw_name: bytes, header: int) -> int:
        """Return where an entry's data begins, by its local header, which must say what the directory says."""
        signature, *_, name_length, extra_length = LOCAL.unpack_from(self.data, header)
        at = header + LOCAL.size
        if signature != b"PK\x03\x04" or self.data[at : at + name_length] != raw_name:
            self.refuse(f"part {name} is not where the zip directory says")
        return at + int(name_length) + int(extra_length)

    def _check_overlaps(self, entries: list[Entry], directory: int) -> None:
        followers = [*(entry.header for entry in entries), directory][1:]
        for entry, follower in zip(entries, followers, strict=True):
            if entry.start + entry.compressed > follower:
                self.refuse(f"part {entry.name} reaches into what follows it")

    def _part_name(self, name: str) -> str:
        """Return an entry's name as a part name; names that would leave the package are refused."""
        plain = name.replace("\\", "/")
        if plain.startswith(_ABSOLUTE):  # so do part names begin; XlsxWriter writes one so
            plain = plain[1:]
        if plain.startswith("/") or ".." in plain.split("/") or ":" in plain.split("/")[0] or "\0" in plain:
            self.refuse(f"it has an entry outside the package: {name!r}")
        return plain


def _zip64_sizes(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Replace sizes that do not fit in 32 bits by those of the zip64 extra field."""
    values = [size, compressed, header]
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            wide = [i for i, value in enumerate(values) if value == 0xFFFFFFFF]
            for place, i in enumerate(wide):
                values[i] = int(struct.unpack_from("<Q", extra, at + 4 + 8 * place)[0])
        at += 4 + length
    return values[0], values[1], values[2]


def _not_a_package(data: bytes) -> str | None:
    """Say what a file is that is not a zip archive, or None."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    if not data:
        return "it is empty"
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            return "it is encrypted; open it with its password in a spreadsheet program and save it without"
        if any(stream.encode("utf-16-le") in data for stream in ("Workbook", "Book")):
            return "it is an old binary workbook (.xls); save it as .xlsx"
        return "it is an OLE compound file, not a workbook of the .xlsx kind"
    if data[:2] == b"\x09\x08" or data[:4] in (b"\x09\x04\x06\x00", b"\x09\x02\x06\x00", b"\x09\x00\x04\x00"):
        return "it is an old binary workbook (.xls); save it as .xlsx"
    return "it is not a workbook: a zip archive was expected"
