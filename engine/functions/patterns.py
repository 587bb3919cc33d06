"""Regular expressions for REGEXTEST, REGEXEXTRACT, REGEXREPLACE and match mode 3: PCRE2's spelling read as Python's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_POSIX = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
    "blank": r" \t",
}
_LONGEST = 8_191


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, ignore_case: bool = False) -> re.Pattern[str] | None:
    """Compile a pattern, or return None where it is not one."""
    if len(pattern) > _LONGEST:
        return None
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    pattern = re.sub(r"\[:(\w+):\]", lambda match: _POSIX.get(match[1], match[0]), pattern)
    try:
        return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError):
        return None


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text holds a match; nothing matches a pattern that is none."""
    compiled = compile_pattern(pattern)
    return lambda text: compiled is not None and compiled.search(text) is not None
