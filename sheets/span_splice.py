"""Numbers put in the place of others where the reader found these to stand: nothing is scanned a second time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .model import Sheet
from .package import Package
from .plain_rows import Positions
from .rendering import Changes, keys, number_texts
from .values import Floats, Kind

_PIECE = 1 << 20


def number_spans(sheet: Sheet, changes: Changes) -> tuple[Positions, Positions] | None:
    """Return where the texts of all changed values begin and end in the sheet's XML; None where that is not enough.

    It is enough if numbers alone change, and only to other numbers, so that nothing but their texts does.
    """
    spans, cells = sheet.value_spans, sheet.cells
    if spans is None or changes.fills or not changes.stored.all() or (changes.kind != Kind.NUMBER).any():
        return None
    at = np.searchsorted(keys(cells), changes.key)
    start, length, kind = spans.start[at], spans.length[at], cells.kind[at]
    if (length < 0).any() or ((kind != Kind.NUMBER) & (kind != Kind.EMPTY)).any() or (np.diff(start) <= 0).any():
        return None
    return start, start + length


def splice_numbers(package: Package, part: str, starts: Positions, ends: Positions, data: Floats) -> Iterator[bytes]:
    """Yield a sheet's XML with numbers in the place of texts, piece by piece."""
    at = done = 0  # bytes and numbers that have been yielded
    rest = b""
    for piece in package.stream(part, _PIECE):
        text = rest + piece
        due = int(np.searchsorted(ends, at + len(text), "right"))
        cut = min(int(starts[due]) - at, len(text)) if due < len(starts) else len(text)
        yield _with_numbers(text[:cut], starts[done:due] - at, ends[done:due] - at, data[done:due])
        rest, at, done = text[cut:], at + cut, due
    yield rest


def _with_numbers(text: bytes, starts: Positions, ends: Positions, data: Floats) -> bytes:
    pieces: list[bytes] = [b""] * (2 * len(starts) + 1)
    froms, tos = [0, *ends.tolist()], [*starts.tolist(), len(text)]
    pieces[0::2] = [text[start:end] for start, end in zip(froms, tos, strict=True)]
    pieces[1::2] = number_texts(data)
    return b"".join(pieces)
