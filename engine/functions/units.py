"""Texts as Excel counts them: in UTF-16 units, so that a character beyond U+FFFF counts as two."""

from __future__ import annotations


def to_units(text: str) -> str:
    """Spell characters beyond U+FFFF as two surrogates, so that indices count as Excel counts.

    >>> len(to_units("a😀"))
    3
    """
    if text.isascii() or max(text) <= "\uffff":
        return text
    coded = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(coded[i] | coded[i + 1] << 8) for i in range(0, len(coded), 2))


def from_units(text: str) -> str:
    """Join surrogate pairs again.

    >>> from_units(to_units("a😀"))
    'a😀'
    """
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
