"""The order of texts: Excel sorts and compares them without regard to case, signs before digits before letters.

The order of letters is that of their base letters first and their accents second; Windows' own tables know more.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Floats, Strings

# The order of ASCII's signs on Windows; letters and digits follow. Source: Microsoft's sort order for worksheets.
_SIGNS = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANK = {ord(sign): chr(1 + i) for i, sign in enumerate(" " + _SIGNS)}


@lru_cache(maxsize=1 << 16)
def sort_key(text: str) -> tuple[str, str]:
    """Return a key by which texts order as in Excel: equal keys exactly for texts that ``=`` calls equal.

    >>> sorted(["b", "A", "10", "_x", "B1", "é", "f"], key=sort_key)
    ['_x', '10', 'A', 'b', 'B1', 'é', 'f']
    """
    folded = text.casefold()
    if folded.isascii():
        return folded.translate(_RANK), folded
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return bare.translate(_RANK), folded


def text_ranks(ids: Floats | NDArray[np.int64], strings: Strings) -> NDArray[np.int64]:
    """Return numbers that order the texts of the given ids as Excel does; equal texts get equal numbers."""
    distinct, places = np.unique(ids, return_inverse=True)
    keys = [sort_key(strings.texts[int(i)]) for i in distinct]
    order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    ranks = np.array([order[key] for key in keys], dtype=np.int64)
    return ranks[places].reshape(np.shape(ids))
