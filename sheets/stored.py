"""The texts of stored values, decoded many at a time by the type that their cells have in common."""

from __future__ import annotations

import numpy as np

from .columns import SheetContext
from .markup import unescape
from .plain_rows import NotPlain
from .value_texts import ValueTexts
from .values import ERRORS_BY_TEXT, Error, Floats, Kind

NUMBER, SHARED, STRING, BOOL, ERROR, INLINE_STRING = range(6)
TYPES = {b"n": NUMBER, b"s": SHARED, b"str": STRING, b"b": BOOL, b"e": ERROR, b"inlineStr": INLINE_STRING}
ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))  # "&" at last
KIND_OF = np.array([Kind.NUMBER, Kind.TEXT, Kind.TEXT, Kind.BOOL, Kind.ERROR, Kind.TEXT], dtype=np.uint8)


def payloads(form: int, values: ValueTexts, context: SheetContext) -> Floats:
    """Return the payloads of values of one type; a number without a text is 0. Raises `NotPlain`."""
    if form == NUMBER:
        data, there = np.zeros(len(values.start)), values.length > 0
        data[there] = values.taken(there).numbers()
        return data
    texts = values.texts()
    if form == SHARED:
        return _shared(texts, context)
    if form == BOOL:
        return _bools(texts)
    if form == ERROR:
        errors = [ERRORS_BY_TEXT.get(text.decode().strip(), Error.UNKNOWN) for text in texts]
        return np.array([error.code for error in errors], dtype=np.float64)
    if any(b"&" in text for text in set(texts)):
        texts = without_entities(b"\0".join(texts)).split(b"\0")
    return context.strings.intern_all(unescape(text.decode()) for text in texts)


def _shared(texts: list[bytes], context: SheetContext) -> Floats:
    if not all(texts) or not b"".join(texts).isdigit() or max(map(len, texts)) > 9:
        raise NotPlain
    number = np.array([int(text) for text in texts], dtype=np.int64)
    if number.max() >= len(context.shared):
        raise NotPlain
    return context.shared[number]


def _bools(texts: list[bytes]) -> Floats:
    if not set(texts) <= {b"0", b"1"}:
        raise NotPlain
    return np.array([text == b"1" for text in texts], dtype=np.float64)


def without_entities(joined: bytes) -> bytes:
    """Resolve XML's five entities. Raises where others stand there."""
    *others, (amp, character) = ENTITIES
    for entity, other in others:
        joined = joined.replace(entity, other)
    if joined.count(b"&") != joined.count(amp):
        raise NotPlain
    return joined.replace(amp, character)
