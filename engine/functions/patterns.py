"""Regular expressions for REGEXTEST, REGEXEXTRACT, REGEXREPLACE and match mode 3: PCRE2's spelling read as Python's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from sheetgrad.sheets.values import Error, Scalar, Values

from .declare import Context, Number, Result, Text, array, scalar

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
LONGEST = 32_767
_GROUP = re.compile(r"\$(?:(\d{1,2}|\$)|\{(\w+)\})", re.ASCII)


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


@scalar()
def REGEXTEST(text: Text, pattern: Text, case_sensitivity: Number = 0) -> Scalar:
    """Whether a text holds a match; #VALUE! for a pattern that is none. Source: Microsoft support, REGEXTEST function."""
    compiled = compile_pattern(pattern, bool(case_sensitivity))
    return Error.VALUE if compiled is None else compiled.search(text) is not None


@array()
def REGEXEXTRACT(
    text: Text, pattern: Text, return_mode: Number = 0, case_sensitivity: Number = 0, context: Context = None
) -> Result:
    """First match (0), all matches (1), or the groups of the first match (2) in a row; #N/A where there is none.

    #VALUE! for a pattern or mode that is none. Source: Microsoft support, REGEXEXTRACT function.
    """
    compiled = compile_pattern(pattern, bool(case_sensitivity))
    if compiled is None or int(return_mode) not in (0, 1, 2):
        return Error.VALUE
    if int(return_mode) == 1:
        found = [match[0] for match in compiled.finditer(text)]
    else:
        first = compiled.search(text)
        found = [] if first is None else [first[0]] if return_mode < 1 else [group or "" for group in first.groups()]
    return Values.from_rows([found], context.strings) if found else Error.NA


@scalar()
def REGEXREPLACE(
    text: Text, pattern: Text, replacement: Text, occurrence: Number = 0, case_sensitivity: Number = 0
) -> Scalar:
    """Text with all matches (0) or one of them (from the end where negative) replaced; $1 stands for a group.

    #VALUE! for a pattern that is none. Source: Microsoft support, REGEXREPLACE function.
    """
    compiled = compile_pattern(pattern, bool(case_sensitivity))
    if compiled is None:
        return Error.VALUE
    matches = list(compiled.finditer(text))
    wanted = int(occurrence)
    if wanted:
        at = wanted - 1 if wanted > 0 else len(matches) + wanted
        matches = matches[at : at + 1] if 0 <= at < len(matches) else []
    pieces, end = [], 0
    for match in matches:
        pieces += [text[end : match.start()], _expanded(replacement, match)]
        end = match.end()
        if sum(map(len, pieces)) > LONGEST:
            return Error.VALUE
    return "".join(pieces) + text[end:]


def _expanded(replacement: str, match: re.Match[str]) -> str:
    """Put groups in the places of $1, ${1}, ${name} and $0; $$ is a dollar sign."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "$":
            return "$"
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except (IndexError, KeyError):
            return found[0]

    return _GROUP.sub(group, replacement)
