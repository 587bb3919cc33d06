"""Regular expressions for REGEXTEST, REGEXEXTRACT, REGEXREPLACE and match mode 3: PCRE2's spelling read as Python's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import accumulate, islice

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Scalar, Values

from . import regex_machine as machine
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
_LONGEST, _DEEPEST = 8_191, 100
LONGEST = 32_767
_QUICK = 10_000_000  # steps that Python's matcher may take
_GROUP = re.compile(r"\$(?:(\d{1,2}|\$)|\{(\w+)\})", re.ASCII)


class Pattern:
    """A compiled pattern. Python's matcher runs it where that is sure to be quick, else the bounded machine."""

    def __init__(self, source: str, flags: int) -> None:
        self.source, self.flags = source, flags
        self.compiled = re.compile(source, flags)
        self.degree = machine.degree(source, flags)

    @cached_property
    def program(self) -> machine.Program:
        return machine.assemble(self.source, self.flags)

    def matches(self, text: str) -> Iterator[Match]:
        """Yield all matches; raises `machine.TooLong` where they would take too long."""
        if len(text) ** self.degree <= _QUICK:
            for found in self.compiled.finditer(text):
                yield Match(text, [at for i in range(self.compiled.groups + 1) for at in found.span(i)])
            return
        try:
            program = self.program
        except machine.Unsupported:
            raise machine.TooLong from None
        for spans in machine.all_matches(program, text):
            yield Match(text, spans)


@record
class Match:
    """A match: start and end of the whole, then of each group (-1 where it took no part)."""

    text: str
    spans: list[int]

    @property
    def groups(self) -> list[str]:
        return [self.group(i) for i in range(len(self.spans) // 2)]

    def group(self, number: int) -> str:
        start, end = self.spans[2 * number : 2 * number + 2]
        return self.text[start:end] if start >= 0 else ""


def _depth(pattern: str) -> int:
    """Return how deep groups may lie within one another, parentheses that are characters counted too."""
    return max(accumulate((1 if c == "(" else -1 if c == ")" else 0) for c in pattern), default=0)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, ignore_case: bool = False) -> Pattern | None:
    """Compile a pattern, or return None where it is not one."""
    if len(pattern) > _LONGEST or _depth(pattern) > _DEEPEST:
        return None
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    pattern = re.sub(r"\[:(\w+):\]", lambda match: _POSIX.get(match[1], match[0]), pattern)
    try:
        return Pattern(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, RecursionError, OverflowError):
        return None


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text holds a match; nothing matches a pattern that is none."""
    compiled = compile_pattern(pattern)

    def test(text: str) -> bool:
        try:
            return compiled is not None and next(compiled.matches(text), None) is not None
        except machine.TooLong:
            return False

    return test


def _found(text: str, pattern: str, ignore_case: bool, first: bool) -> list[Match] | None:
    """Return the first match or all of them; None for a pattern that is none or takes too long."""
    compiled = compile_pattern(pattern, ignore_case)
    if compiled is None:
        return None
    try:
        return list(islice(compiled.matches(text), 1 if first else None))
    except machine.TooLong:
        return None


@scalar()
def REGEXTEST(text: Text, pattern: Text, case_sensitivity: Number = 0) -> Scalar:
    """Whether a text holds a match; #VALUE! for a pattern that is none.

    Source: Microsoft support, REGEXTEST function.
    """
    found = _found(text, pattern, bool(case_sensitivity), first=True)
    return Error.VALUE if found is None else bool(found)


@array()
def REGEXEXTRACT(
    text: Text, pattern: Text, return_mode: Number = 0, case_sensitivity: Number = 0, context: Context = None
) -> Result:
    """First match (0), all matches (1), or the groups of the first match (2) in a row; #N/A where there is none.

    #VALUE! for a pattern or mode that is none. Source: Microsoft support, REGEXEXTRACT function.
    """
    found = _found(text, pattern, bool(case_sensitivity), first=int(return_mode) != 1)
    if found is None or int(return_mode) not in (0, 1, 2):
        return Error.VALUE
    pieces = found[0].groups[1:] if found and int(return_mode) == 2 else [match.group(0) for match in found]
    return Values.from_rows([pieces], context.strings) if pieces else Error.NA


@scalar()
def REGEXREPLACE(
    text: Text, pattern: Text, replacement: Text, occurrence: Number = 0, case_sensitivity: Number = 0
) -> Scalar:
    """Text with all matches (0) or one of them (from the end where negative) replaced; $1 stands for a group.

    #VALUE! for a pattern that is none. Source: Microsoft support, REGEXREPLACE function.
    """
    matches = _found(text, pattern, bool(case_sensitivity), first=False)
    if matches is None:
        return Error.VALUE
    wanted = int(occurrence)
    if wanted:
        at = wanted - 1 if wanted > 0 else len(matches) + wanted
        matches = matches[at : at + 1] if 0 <= at < len(matches) else []
    names = compile_pattern(pattern, bool(case_sensitivity)).compiled.groupindex  # type: ignore[union-attr]
    pieces, end, length = [], 0, 0
    for match in matches:
        pieces += [text[end : match.spans[0]], _expanded(replacement, match, names)]
        end = match.spans[1]
        length += len(pieces[-1]) + len(pieces[-2])
        if length > LONGEST:
            return Error.VALUE
    return "".join(pieces) + text[end:]


def _expanded(replacement: str, match: Match, names: Mapping[str, int]) -> str:
    """Put groups in the places of $1, ${1}, ${name} and $0; $$ is a dollar sign."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "$":
            return "$"
        number = int(name) if name.isdigit() else names.get(name, -1)
        return match.group(number) if 0 <= number < len(match.spans) // 2 else found[0]

    return _GROUP.sub(group, replacement)
