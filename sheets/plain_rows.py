"""Rows of sheet XML in the plain form, scanned with numpy: all tags of a piece at once, none of them one by one.

The plain form is what nearly every program writes: no prefix, no comments, ``r`` first in rows and cells, double
quotes, formulas before values. `scan` proves by a grammar over all tags that a piece is well-formed and plain, or
returns None, and then expat decides. All positions are byte offsets into the piece.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .model import MAX_COLUMNS, MAX_ROWS
from .records import record

Positions: TypeAlias = NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Mask: TypeAlias = NDArray[np.bool_]

PADDING = bytes(32)  # must follow the rows, so that whole words can be read near the end
ROW, ROW_EMPTY, ROW_END, CELL, CELL_EMPTY, CELL_END, FORMULA, FORMULA_EMPTY, FORMULA_END = range(1, 10)
VALUE, VALUE_EMPTY, VALUE_END, INLINE, INLINE_END, TEXT, TEXT_EMPTY, TEXT_END = range(10, 18)
_FOLLOWERS = {
    ROW: (CELL, CELL_EMPTY, ROW_END),
    ROW_EMPTY: (ROW, ROW_EMPTY),
    ROW_END: (ROW, ROW_EMPTY),
    CELL: (FORMULA, FORMULA_EMPTY, VALUE, VALUE_EMPTY, INLINE, CELL_END),
    CELL_EMPTY: (CELL, CELL_EMPTY, ROW_END),
    CELL_END: (CELL, CELL_EMPTY, ROW_END),
    FORMULA: (FORMULA_END,),
    FORMULA_EMPTY: (VALUE, VALUE_EMPTY, CELL_END),
    FORMULA_END: (VALUE, VALUE_EMPTY, CELL_END),
    VALUE: (VALUE_END,),
    VALUE_EMPTY: (CELL_END,),
    VALUE_END: (CELL_END,),
    INLINE: (TEXT, TEXT_EMPTY),
    INLINE_END: (CELL_END,),
    TEXT: (TEXT_END,),
    TEXT_EMPTY: (INLINE_END,),
    TEXT_END: (INLINE_END,),
}


def _follow_table() -> Mask:
    table = np.zeros(32 * 32, dtype=np.bool_)
    for tag, followers in _FOLLOWERS.items():
        for follower in followers:
            table[tag * 32 + follower] = True
    return table


def _tag_table() -> Bytes:
    """Return the tag for each pair of bytes that may stand after a "<", 0 for all others."""
    table = np.zeros(1 << 16, dtype=np.uint8)
    for pair, tag in (
        (b"ro", ROW), (b"/r", ROW_END), (b"c ", CELL), (b"/c", CELL_END), (b"f ", FORMULA), (b"f>", FORMULA),
        (b"f/", FORMULA), (b"/f", FORMULA_END), (b"v>", VALUE), (b"v/", VALUE), (b"v ", VALUE), (b"/v", VALUE_END),
        (b"is", INLINE), (b"/i", INLINE_END), (b"t>", TEXT), (b"t/", TEXT), (b"t ", TEXT), (b"/t", TEXT_END),
    ):  # fmt: skip
        table[pair[0] << 8 | pair[1]] = tag
    return table


_MAY_FOLLOW = _follow_table()
_TAGS = _tag_table()
_MAY_BE_EMPTY = np.isin(np.arange(32), (ROW, CELL, FORMULA, VALUE, TEXT))
_HOLDS_TEXT = np.isin(np.arange(32), (FORMULA, VALUE, TEXT))
_LENGTHS = np.zeros(32, dtype=np.int64)  # from "<" to ">", of tags that have no attributes
for _tag in (CELL_END, FORMULA_END, VALUE_END, VALUE_EMPTY, TEXT_END, TEXT_EMPTY, INLINE):
    _LENGTHS[_tag] = 3
_LENGTHS[INLINE_END], _LENGTHS[ROW_END] = 4, 5


def word(text: bytes) -> np.uint64:
    """Return up to eight bytes as the integer that a little-endian word holds."""
    return np.uint64(int.from_bytes(text, "little"))


_LOW = [np.uint64((1 << 8 * count) - 1) for count in range(9)]  # masks of the first 0 to 8 bytes of a word
_LOW_TABLE = np.array(_LOW, dtype=np.uint64)
_ROW_START, _CELL_START, _ROW_CLOSED = word(b'row r="'), word(b'c r="'), word(b"/row>")
_SPACED = (word(b"xml:s"), word(b'pace="pr'), word(b'eserve">'))
_SPACED_TAGS = (word(b"<v "), word(b"<t "))
_ZEROS = word(b"0" * 8)
_SEVENS = np.uint64(0x7F7F7F7F7F7F7F7F)
_TEN_UP = np.uint64(0x7676767676767676)
_TOPS = np.uint64(0x8080808080808080)
_ONE, _THREE, _EIGHT, _SIXTEEN, _SIXTY_FOUR = (np.uint64(number) for number in (1, 3, 8, 16, 64))
_LETTER_BITS = np.uint64(0x404040)
_BYTE = np.uint64(0xFF)


class NotPlain(Exception):
    """Something stands in the rows that only the general way understands."""


@record
class PlainRows:
    """A scanned piece: its tags in order, and where its cells stand.

    Arrays over tags: ``tag``, ``start`` (at "<"), ``end`` (at ">"). Cells and rows refer to tags by number.
    """

    text: bytes
    octets: Bytes
    words: Words  # the eight bytes from each position on
    tag: Bytes
    start: Positions
    end: Positions
    row_tag: Positions  # (rows,) numbers of tags
    row_number: Positions  # (rows,) zero-based
    row_tail: Positions  # (rows,) where the attributes after r begin
    cell: Positions  # (cells,) numbers of tags
    row: Positions  # (cells,) zero-based
    column: Positions  # (cells,)
    tail: Positions  # (cells,) where the attributes after r begin
    formula: Positions  # (cells,) number of the formula's tag, -1 where there is none
    value: Positions  # (cells,) number of the tag after the formula: a value's, or the cell's end; an empty cell itself

    def slices(self, starts: Positions, ends: Positions) -> list[bytes]:
        """Return pieces of the text."""
        text = self.text
        return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def scan(text: bytes) -> PlainRows | None:
    """Scan whole rows, followed by `PADDING`; None where they are not of the plain form."""
    array = np.frombuffer(text, dtype=np.uint8)
    start = np.flatnonzero(array == ord("<"))
    if not len(start) or not _only_spaces(array[: len(text) - len(PADDING)]):
        return None
    words: Words = np.ndarray((len(text) - 7,), dtype="<u8", buffer=text, strides=(1,))
    tags = _tags(words, array, start)
    if tags is None or not _is_utf8(text):
        return None
    tag, end = tags
    rows = _rows(words, array, tag, start)
    cells = _cells(words, array, tag, start)
    if rows is None or cells is None:
        return None
    formula, value = _contents(tag, cells[0])
    return PlainRows(text, array, words, tag, start, end, *rows, *cells, formula, value)


def digits(words: Words, at: Positions) -> tuple[Positions, Positions]:
    """Return the numbers of up to eight digits that begin at positions, and how many digits each has."""
    found = words[at] ^ _ZEROS
    others = ((found & _SEVENS) + _TEN_UP | found) & _TOPS
    count = np.bitwise_count((others & (~others + _ONE)) - _ONE).astype(np.uint64) >> _THREE
    value = found << (_SIXTY_FOUR - (count << _THREE))
    value = (value * np.uint64(10) + (value >> _EIGHT)) & np.uint64(0x00FF00FF00FF00FF)
    value = (value * np.uint64(100) + (value >> _SIXTEEN)) & np.uint64(0x0000FFFF0000FFFF)
    value = (value * np.uint64(10_000) + (value >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    return value.astype(np.int64), count.astype(np.int64)


def references(words: Words, at: Positions) -> tuple[Positions, Positions, Positions, Mask]:
    """Return row, column and end of the cell addresses that begin at positions, and which of them are addresses."""
    first = words[at]
    letters = np.bitwise_count(first & _LETTER_BITS).astype(np.int64)
    column = np.zeros(len(at), dtype=np.int64)
    right = letters > 0
    for place in range(3):
        letter = (first & _BYTE).astype(np.int64) - 64
        first = first >> _EIGHT
        here = letters > place
        right &= ~here | ((letter > 0) & (letter <= 26))
        column = np.where(here, column * 26 + letter, column)
    number, count = digits(words, at + letters)
    right &= (count > 0) & (count < 8) & (number > 0) & (number <= MAX_ROWS) & (column <= MAX_COLUMNS)
    return number - 1, column - 1, at + letters + count, right


def masked(words: Words, at: Positions, length: Positions) -> Words:
    """Return the first ``length`` bytes (0 to 8) from positions on, zeros after them."""
    return words[at] & _LOW_TABLE[np.clip(length, 0, 8)]


def _only_spaces(array: Bytes) -> bool:
    """Whether control characters are tabs and line feeds alone (a carriage return would have to become a line feed)."""
    if array.min() >= 32:
        return True
    odd = array[array < 32]
    return bool(((odd == 9) | (odd == 10)).all())


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return False
    return "\ufffe" not in decoded and "\uffff" not in decoded


def _tags(words: Words, array: Bytes, start: Positions) -> tuple[Bytes, Positions] | None:
    """Return what each tag is and where it ends, if they follow each other as the grammar wants."""
    tag = _TAGS[array[start + 1].astype(np.int32) << 8 | array[start + 2]]
    ends = np.flatnonzero(array == ord(">"))
    if not tag.all() or len(ends) < len(start):
        return None
    if len(ends) > len(start):  # some ">" stand in texts, as they may, but not after "]]"
        if ((array[ends - 1] == ord("]")) & (array[ends - 2] == ord("]"))).any():
            return None
        ends = ends[np.minimum(np.searchsorted(ends, start), len(ends) - 1)]
    if not ((ends > start).all() and (ends[:-1] < start[1:]).all()):
        return None
    opening = _MAY_BE_EMPTY[tag]
    tag = tag + (opening & (array[ends - 1] == ord("/"))).astype(np.uint8)
    if tag[0] not in (ROW, ROW_EMPTY) or tag[-1] not in (ROW_END, ROW_EMPTY):
        return None
    if not _MAY_FOLLOW[tag[:-1].astype(np.int32) * 32 + tag[1:]].all() or not _bare(words, tag, start, ends):
        return None
    holds_text = _HOLDS_TEXT[tag[:-1]]
    return (tag, ends) if _blank(array, ends[:-1][~holds_text] + 1, start[1:][~holds_text]) else None


def _bare(words: Words, tag: Bytes, start: Positions, end: Positions) -> bool:
    """Whether tags that have no attributes have none: closing ones, and those of values (but to keep spaces)."""
    length = end - start
    wanted = _LENGTHS[tag]
    blank = words[start] & _LOW[5]
    blank_empty = ((tag == VALUE_EMPTY) & (blank == word(b"<v />"))) | ((tag == TEXT_EMPTY) & (blank == word(b"<t />")))
    if not ((wanted == length) | (wanted == 0) | blank_empty).all():
        return False
    spaced = start[((tag == VALUE) | (tag == TEXT)) & (length != 2)]
    opened = words[spaced] & _LOW[3]
    known = (opened == _SPACED_TAGS[0]) | (opened == _SPACED_TAGS[1])
    if not (known & (words[spaced] >> _SIXTEEN + _EIGHT == _SPACED[0])).all():
        return False
    if not ((words[spaced + 8] == _SPACED[1]) & (words[spaced + 16] == _SPACED[2])).all():
        return False
    slash = (tag == FORMULA_EMPTY) & ((words[start] & _LOW[3]) == word(b"<f/"))
    named = start[(tag == INLINE) | (tag == INLINE_END)]
    opened = (words[named] & _LOW[4]) == word(b"<is>")
    return bool((length[slash] == 3).all() and (opened | ((words[named] & _LOW[5]) == word(b"</is>"))).all())


def _blank(array: Bytes, start: Positions, end: Positions) -> bool:
    """Whether only white space stands between tags."""
    wide = start < end
    if not wide.any():
        return True
    start, end = start[wide], end[wide]
    for offset in range(int((end - start).max())):
        if offset == 64:
            return False
        inside = start + offset < end
        if (array[start[inside] + offset] > 32).any():
            return False
    return True


def _rows(words: Words, array: Bytes, tag: Bytes, start: Positions) -> tuple[Positions, Positions, Positions] | None:
    which = np.flatnonzero((tag == ROW) | (tag == ROW_EMPTY))
    closing = start[tag == ROW_END] + 1
    at = start[which] + 1
    number, count = digits(words, at + 7)
    tail = at + 7 + count
    plain = ((words[at] & _LOW[7]) == _ROW_START) & (count > 0) & (count < 8) & (number > 0) & (number <= MAX_ROWS)
    plain &= array[tail] == ord('"')
    closed = (words[closing] & _LOW[5]) == _ROW_CLOSED
    return (which, number - 1, tail + 1) if plain.all() and closed.all() else None


def _cells(
    words: Words, array: Bytes, tag: Bytes, start: Positions
) -> tuple[Positions, Positions, Positions, Positions] | None:
    which = np.flatnonzero((tag == CELL) | (tag == CELL_EMPTY))
    at = start[which] + 1
    row, column, end, right = references(words, at + 5)
    plain = right & ((words[at] & _LOW[5]) == _CELL_START) & (array[end] == ord('"'))
    return (which, row, column, end + 1) if plain.all() else None


def _contents(tag: Bytes, cell: Positions) -> tuple[Positions, Positions]:
    """Return the tags of each cell's formula and of what follows the formula."""
    filled = tag[cell] == CELL
    after = np.minimum(cell + 1, len(tag) - 1)
    long = filled & (tag[after] == FORMULA)
    short = filled & (tag[after] == FORMULA_EMPTY)
    return np.where(long | short, after, -1), cell + filled + 2 * long + short
