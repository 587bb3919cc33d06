"""The texts of values in rows of XML: found, cut out and read, many at a time."""

from __future__ import annotations

import numpy as np
import orjson

from .plain_rows import Mask, NotPlain, Positions
from .records import record
from .values import Floats

_WORD = 8
_NUMERIC = b"0123456789.eE+-,"


@record
class ValueTexts:
    """Values ``<v>…</v>`` of a piece of a part: where their texts begin in it, and how long they are."""

    piece: bytes
    at: int  # where the piece begins in its part
    start: Positions  # (n,)
    length: Positions  # (n,)

    @classmethod
    def of(cls, piece: bytes, at: int) -> ValueTexts:
        """Find all values of a piece. Raises `NotPlain` where beginnings and ends do not go together."""
        octets = np.frombuffer(b"  " + piece, dtype=np.uint8)
        found = _pairs(piece, b"v>")
        before = octets[found + 1]
        start = found[before == ord("<")] + len("v>")
        end = found[(before == ord("/")) & (octets[found] == ord("<"))] - len("</")
        if len(start) != len(end) or (start > end).any() or (end[:-1] > start[1:]).any():
            raise NotPlain
        return cls(piece, at, start, end - start)

    def taken(self, which: Mask | slice) -> ValueTexts:
        """Return some of the values."""
        return ValueTexts(self.piece, self.at, self.start[which], self.length[which])

    def texts(self) -> list[bytes]:
        """Return the texts."""
        ends = self.start + self.length
        return [self.piece[start:end] for start, end in zip(self.start.tolist(), ends.tolist(), strict=True)]

    def numbers(self) -> Floats:
        """Return the numbers that the texts, none of them empty, stand for. Raises `NotPlain` where one is none."""
        if not len(self.start):
            return np.zeros(0)
        cut = np.frombuffer(self.piece, dtype=np.uint8)[self._places(1)]
        cut[np.cumsum(self.length + 1) - 1] = ord(",")  # in place of the "<" that follows each text
        return _numbers(cut[:-1].tobytes(), len(self.start))

    def cut_out(self) -> bytes:
        """Return the piece without the texts."""
        kept = np.ones(len(self.piece), dtype=np.bool_)
        kept[self._places(0)] = False
        return np.frombuffer(self.piece, dtype=np.uint8)[kept].tobytes()

    def _places(self, more: int) -> Positions:
        """Return the places of all bytes of the texts, and of so many that follow each."""
        length = self.length + more
        ends = np.cumsum(length)
        return np.repeat(self.start - (ends - length), length) + np.arange(ends[-1] if len(ends) else 0)


def _pairs(text: bytes, pair: bytes) -> Positions:
    """Return where a text has two characters."""
    wanted = int.from_bytes(pair, "little")
    found = []
    for shift in (0, 1):
        count = max(len(text) - shift, 0) // 2
        words = np.ndarray((count,), dtype="<u2", buffer=text, offset=min(shift, len(text)))
        found.append(2 * _set(words == wanted) + shift)
    places = np.concatenate(found)
    places.sort()
    return places


def _set(flags: Mask) -> Positions:
    """Return where few flags of many are set."""
    padded = np.zeros(-(-len(flags) // _WORD) * _WORD, dtype=np.bool_)
    padded[: len(flags)] = flags
    some = np.flatnonzero(padded.view(np.uint64))
    row, column = np.nonzero(padded.reshape(-1, _WORD)[some])
    return np.asarray(some[row] * _WORD + column)


def _numbers(texts: bytes, count: int) -> Floats:
    """Return the numbers that so many texts between commas stand for. Raises `NotPlain` where one is none."""
    if texts.translate(None, _NUMERIC) or texts.count(b",") != count - 1:
        raise NotPlain
    try:
        return np.array(orjson.loads(b"[%b]" % texts), dtype=np.float64)
    except orjson.JSONDecodeError:  # JSON knows no "1." nor "+1"
        pass
    try:
        found = np.array([float(text) for text in texts.split(b",")])
    except ValueError:
        raise NotPlain from None
    if not np.isfinite(found).all():
        raise NotPlain
    return found
