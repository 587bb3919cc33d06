"""A package written anew with some parts replaced: all others keep their compressed bytes, headers included."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from isal import isal_zlib

from .package import CENTRAL, DEFLATED, END, LOCAL, Entry, Package

_LEVEL = 1  # the higher ones make sheets hardly smaller
_LARGEST = (1 << 32) - 2
_MOST_GROWTH = 1 << 30  # bytes that a part may have more than before: no reader would take it back otherwise
_HAS_DESCRIPTOR = 8
_ZIP64_VERSION = 45


class StartAgain(Exception):
    """A way to make a part's contents found, perhaps late, that it cannot; the next way is to be tried."""


Ways: TypeAlias = Sequence[Callable[[], Iterable[bytes]]]


def rewritten(package: Package, replaced: Mapping[str, Ways]) -> Iterator[bytes]:
    """Yield the bytes of a package with other contents for some parts.

    ``replaced``: by part name, ways to make its contents in pieces, of which the first that does not give up counts.
    """
    contents = {part.casefold(): ways for part, ways in replaced.items()}
    entries = sorted(package.entries.values(), key=lambda entry: entry.header)
    ends = [*(entry.header for entry in entries[1:]), package.directory]
    records: dict[int, bytes] = {}
    at = 0
    for entry, end in zip(entries, ends, strict=True):
        ways = contents.get(entry.name.casefold())
        if ways is None:
            written: list[bytes] = [package.data[entry.header : end]]
            records[entry.header] = _record(
                entry, at, entry.flags, entry.method, entry.crc, entry.compressed, entry.size
            )
        else:
            written, records[entry.header] = _replaced(package, entry, at, ways)
        for piece in written:
            yield piece
            at += len(piece)
        if at > _LARGEST:
            package.refuse("what is to be written is larger than 4 GiB")
    directory = b"".join(records[entry.header] for entry in package.entries.values())
    count = len(records)
    if count >= 0xFFFF or at + len(directory) > _LARGEST:
        package.refuse("what is to be written is larger than a plain zip archive can be")
    yield directory
    yield END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), at, len(package.comment)) + package.comment


def _replaced(package: Package, entry: Entry, at: int, ways: Ways) -> tuple[list[bytes], bytes]:
    """Return the local header and data of an entry with new contents, and its directory record."""
    data, crc, size = _deflated(ways, min(entry.size + _MOST_GROWTH, _LARGEST))
    if data is None:
        package.refuse(f"part {entry.name} would have more than {size} bytes with its new values")
    compressed = sum(map(len, data))
    flags = entry.flags & ~_HAS_DESCRIPTOR
    signature, version, _, _, time, date, *_, name_length, extra_length = LOCAL.unpack_from(package.data, entry.header)
    name_at = entry.header + LOCAL.size
    name = package.data[name_at : name_at + name_length]
    extra = _without_zip64(package.data[name_at + name_length : name_at + name_length + extra_length])
    header = LOCAL.pack(signature, version, flags, DEFLATED, time, date, crc, compressed, size, len(name), len(extra))
    return [header + name + extra, *data], _record(entry, at, flags, DEFLATED, crc, compressed, size)


def _deflated(ways: Ways, most: int) -> tuple[list[bytes] | None, int, int]:
    """Return deflated contents, and the checksum and size of what they hold; None where that is more than ``most``."""
    for way in ways:
        compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -15)
        crc = size = 0
        data = []
        try:
            for piece in way():
                crc = isal_zlib.crc32(piece, crc)
                size += len(piece)
                if size > most:
                    return None, crc, most
                data.append(compressor.compress(piece))
        except StartAgain:
            continue
        return [*data, compressor.flush()], crc, size
    raise StartAgain


def _record(entry: Entry, at: int, flags: int, method: int, crc: int, compressed: int, size: int) -> bytes:
    """Return an entry's directory record for its new place."""
    signature, made, needed, _, _, time, date, _, _, _, name_length, extra_length, *rest = CENTRAL.unpack_from(
        entry.record
    )
    name = entry.record[CENTRAL.size : CENTRAL.size + name_length]
    extra = _without_zip64(entry.record[CENTRAL.size + name_length : CENTRAL.size + name_length + extra_length])
    comment = entry.record[CENTRAL.size + name_length + extra_length :]
    head = (signature, made, needed, flags, method, time, date, crc, compressed, size, len(name), len(extra))
    return CENTRAL.pack(*head, *rest[:-1], at) + name + extra + comment


def _without_zip64(extra: bytes) -> bytes:
    kept, at = b"", 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag != 1:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept + extra[at:]
