"""Excel's wildcards: ``?`` one character, ``*`` any number, ``~`` before a character takes it literally.

Matching takes time linear in the text for patterns without ``?``, and at worst text times pattern: a star never
backtracks, because the leftmost place of each piece between stars leaves the most room for the rest.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sheetgrad.sheets.records import record


@record
class Wildcard:
    """A pattern taken apart at its stars: pieces that must follow one another. Case is folded on both sides."""

    pieces: tuple[re.Pattern[str], ...]
    lengths: tuple[int, ...]

    def matches(self, text: str) -> bool:
        """Tell whether the whole text fits the pattern."""
        text = fold(text)
        first = self.pieces[0].match(text)
        if first is None:
            return False
        if len(self.pieces) == 1:
            return first.end() == len(text)
        end = self._follow(text, 1, first.end(), len(self.pieces) - 1)
        start = len(text) - self.lengths[-1]
        return end is not None and end <= start and self.pieces[-1].match(text, start) is not None

    def find(self, text: str, start: int = 0) -> int:
        """Return where the first match at or after ``start`` begins, or -1."""
        text = fold(text)
        first = self.pieces[0].search(text, start)
        if first is None or self._follow(text, 1, first.end(), len(self.pieces)) is None:
            return -1
        return first.start()

    def _follow(self, text: str, piece: int, at: int, stop: int) -> int | None:
        for pattern in self.pieces[piece:stop]:
            found = pattern.search(text, at)
            if found is None:
                return None
            at = found.end()
        return at


@lru_cache(maxsize=4096)
def wildcard(pattern: str) -> Wildcard:
    """Compile a pattern.

    >>> wildcard("a*~*").matches("ABC*"), wildcard("?at").matches("at"), wildcard("b?d").find("abcde")
    (True, False, 1)
    """
    pieces, lengths = [], []
    for piece in _pieces(fold(pattern)):
        pieces.append(re.compile("".join("." if c is None else re.escape(c) for c in piece), re.DOTALL))
        lengths.append(len(piece))
    return Wildcard(tuple(pieces), tuple(lengths))


def fold(text: str) -> str:
    """Fold case one character for one, so that places stay what they are."""
    if text.isascii():
        return text.lower()
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def has_wildcards(text: str) -> bool:
    """Tell whether a text must be read as a pattern (an escape counts: ``~?`` means a question mark)."""
    return "*" in text or "?" in text or "~" in text


def _pieces(pattern: str) -> list[list[str | None]]:
    """Split a pattern at its stars; None stands for ``?``."""
    pieces: list[list[str | None]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "~":
            pieces[-1] += [following for following in (next(characters, None),) if following is not None]
        elif character == "*":
            pieces.append([])
        else:
            pieces[-1].append(None if character == "?" else character)
    # A run of stars is one star; the first and the last piece stay, they anchor the ends.
    return [piece for i, piece in enumerate(pieces) if piece or i in (0, len(pieces) - 1)]
