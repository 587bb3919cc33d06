"""What a cell can hold: kinds, error values, interned strings, and whole arrays of them.

A scalar in Python is ``None`` (empty), ``float``, ``str``, ``bool`` or ``Error``. An array is a
`Values`: float64 payloads beside uint8 kinds. Text is interned in the workbook's `Strings`, so the
payload of a text is its number there; a logical's is 0 or 1; an error's is its `Error.code`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .records import record

Floats: TypeAlias = NDArray[np.float64]
Kinds: TypeAlias = NDArray[np.uint8]


class Kind(IntEnum):
    """The five kinds of cell content; empty, "", 0 and FALSE are four different things."""

    EMPTY = 0
    NUMBER = 1
    TEXT = 2
    BOOL = 3
    ERROR = 4


class Error(Enum):
    """An Excel error value; ``code`` is what ERROR.TYPE returns for it."""

    NULL = (1, "#NULL!")
    DIV0 = (2, "#DIV/0!")
    VALUE = (3, "#VALUE!")
    REF = (4, "#REF!")
    NAME = (5, "#NAME?")
    NUM = (6, "#NUM!")
    NA = (7, "#N/A")
    GETTING_DATA = (8, "#GETTING_DATA")
    SPILL = (9, "#SPILL!")
    CONNECT = (10, "#CONNECT!")
    BLOCKED = (11, "#BLOCKED!")
    UNKNOWN = (12, "#UNKNOWN!")
    FIELD = (13, "#FIELD!")
    CALC = (14, "#CALC!")

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return self.text


ERRORS_BY_CODE: dict[int, Error] = {error.code: error for error in Error}
ERRORS_BY_TEXT: dict[str, Error] = {error.text: error for error in Error}

Scalar: TypeAlias = float | str | bool | Error | None


class TooMuchText(MemoryError):
    """Formulas have made more text than a workbook may hold."""


class Strings:
    """Interned texts of one workbook: text ↔ number, with the case-folded number of each.

    ``room``: how many characters may still be interned; beyond it `intern` raises `TooMuchText`.
    """

    __slots__ = ("_folded", "_ids", "room", "texts")

    def __init__(self) -> None:
        self.room: float = math.inf
        self.texts: list[str] = []
        self._ids: dict[str, int] = {}
        self._folded: list[int] = []

    def __len__(self) -> int:
        return len(self.texts)

    def intern(self, text: str) -> int:
        """Return the number of ``text``, giving it one if it is new."""
        found = self._ids.get(text)
        if found is None:
            self.room -= len(text)
            if self.room < 0:
                raise TooMuchText
            found = self._ids[text] = len(self.texts)
            self.texts.append(text)
        return found

    def intern_all(self, texts: Iterable[str]) -> Floats:
        """Return the numbers of many texts as float64 payloads."""
        intern = self.intern
        return np.array([intern(text) for text in texts], dtype=np.float64)

    def folded(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each text number that of its case-folded text: equal exactly when Excel's ``=`` says so."""
        position = len(self._folded)
        while position < len(self.texts):
            self._folded.append(self.intern(self.texts[position].casefold()))
            position += 1
        return np.asarray(self._folded, dtype=np.int64)[ids]


@record
class Values:
    """An array of cell values; the last two axes are rows and columns, any before them are loops of a fill.

    ``data``: float64 payloads. ``kind``: uint8 `Kind`s of the same shape, or None where all are numbers.
    """

    data: Floats
    kind: Kinds | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def kinds(self) -> Kinds:
        """The kinds, spelled out even where all are numbers (a read-only broadcast then)."""
        if self.kind is None:
            return np.broadcast_to(np.uint8(Kind.NUMBER), self.data.shape)
        return self.kind

    @classmethod
    def of(cls, scalar: Scalar, strings: Strings) -> Values:
        """Wrap one scalar as a 1 x 1 array."""
        payload, kind = encode(scalar, strings)
        data = np.array([[payload]])
        return cls(data) if kind == Kind.NUMBER else cls(data, np.array([[kind]], dtype=np.uint8))

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[Scalar]], strings: Strings) -> Values:
        """Build a 2-D array from rows of scalars (all rows of one length)."""
        pairs = [[encode(scalar, strings) for scalar in row] for row in rows]
        data = np.array([[payload for payload, _ in row] for row in pairs], dtype=np.float64)
        kind = np.array([[kind for _, kind in row] for row in pairs], dtype=np.uint8)
        return cls(data, None if (kind == Kind.NUMBER).all() else kind)

    def scalar(self, strings: Strings, index: tuple[int, ...] | None = None) -> Scalar:
        """Return the Python scalar at ``index`` (the first element by default)."""
        at = index if index is not None else (0,) * self.data.ndim
        kind = Kind.NUMBER if self.kind is None else self.kind[at]
        return decode(float(self.data[at]), int(kind), strings)

    def rows(self, strings: Strings) -> list[list[Scalar]]:
        """Return a 2-D array as rows of Python scalars."""
        kinds = self.kinds
        return [
            [decode(p, k, strings) for p, k in zip(data, kind, strict=True)]
            for data, kind in zip(self.data.tolist(), kinds.tolist(), strict=True)
        ]


def encode(scalar: Scalar, strings: Strings) -> tuple[float, int]:
    """Return the payload and kind of a Python scalar."""
    if scalar is None:
        return 0.0, Kind.EMPTY
    if isinstance(scalar, bool | np.bool_):
        return float(scalar), Kind.BOOL
    if isinstance(scalar, str):
        return float(strings.intern(scalar)), Kind.TEXT
    if isinstance(scalar, Error):
        return float(scalar.code), Kind.ERROR
    return float(scalar), Kind.NUMBER


def decode(payload: float, kind: int, strings: Strings) -> Scalar:
    """Return the Python scalar of a payload and kind."""
    if kind == Kind.NUMBER:
        return payload
    if kind == Kind.EMPTY:
        return None
    if kind == Kind.TEXT:
        return strings.texts[int(payload)]
    if kind == Kind.BOOL:
        return bool(payload)
    return ERRORS_BY_CODE[int(payload)]
