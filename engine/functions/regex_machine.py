"""A regular expression matcher whose time is bounded: pattern size times text length, whatever the pattern.

Python's own matcher takes exponential time on patterns such as ``(a+)+$``. This one runs the same syntax tree as a
program with an explicit stack and remembers each (instruction, place) that led nowhere, so none is tried twice.
Patterns with back-references cannot be remembered so; they, and whatever takes too long, are given up with `TooLong`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

STEPS = 4_000_000
_LARGEST_PROGRAM = 20_000
_FEW = 8  # repetitions that cannot slow a match down much
_SPANS = list[int]


class TooLong(Exception):
    """Matching was given up."""


class Unsupported(Exception):
    """The pattern uses what the machine does not have."""


@dataclass(slots=True)
class Program:
    """Instructions: (operation, operand, operand). ``remember``: no back-references, so failures may be remembered."""

    code: list[tuple[str, Any, Any]] = field(default_factory=list)
    groups: int = 1
    remember: bool = True

    def search(self, text: str, start: int, budget: list[int], filled: bool = False) -> _SPANS | None:
        """Return the spans of the leftmost match from ``start`` on (start and end of group 0, 1, …; -1 for none).

        With ``filled`` a match at ``start`` itself must not be empty.
        """
        failed: set[int] = set()
        for at in range(start, len(text) + 1):
            found = self._run(text, at, failed, budget, start if filled else -1)
            if found is not None:
                return found
        return None

    def _run(self, text: str, at: int, failed: set[int], budget: list[int], barred: int = -1) -> _SPANS | None:
        code, width = self.code, len(text) + 1
        spans = [-1] * (2 * self.groups)
        stack = [(0, at)]  # (instruction, place), or (-1 - slot, the slot's old value)
        while stack:
            pc, place = stack.pop()
            if pc < 0:
                spans[-1 - pc] = place
                continue
            while True:
                budget[0] -= 1
                if budget[0] < 0:
                    raise TooLong
                if self.remember:
                    key = pc * width + place
                    if key in failed:
                        break
                    failed.add(key)
                operation, x, y = code[pc]
                if operation == "char":
                    if place >= len(text) or not x(text[place]):
                        break
                    pc, place = pc + 1, place + 1
                elif operation == "split":
                    stack.append((y, place))
                    pc = x
                elif operation == "jump":
                    pc = x
                elif operation == "save":
                    stack.append((-1 - x, spans[x]))
                    spans[x] = place
                    pc += 1
                elif operation == "test":
                    if not x(text, place, spans, budget):
                        break
                    pc += 1
                elif operation == "back":
                    piece = text[spans[2 * x] : spans[2 * x + 1]] if spans[2 * x + 1] >= 0 else None
                    if piece is None or not text.startswith(piece, place):
                        break
                    pc, place = pc + 1, place + len(piece)
                elif place == at == barred:
                    break
                else:
                    spans[0], spans[1] = at, place
                    return spans
        return None


def assemble(pattern: str, flags: int = 0) -> Program:
    """Compile a pattern to a program; raises `Unsupported` or `re.error`."""
    tree = parser.parse(pattern, flags)
    program = Program(groups=tree.state.groups)
    _Assembler(program, tree.state.flags).sequence(tree)
    program.code.append(("match", None, None))
    return program


def degree(pattern: str, flags: int = 0) -> int:
    """Return by which power of a text's length Python's own matcher may slow down; 99 for exponentially."""
    return 1 + _degree(parser.parse(pattern, flags), False)


def _degree(tree: Any, repeated: bool) -> int:
    total = 0
    for operation, operand in tree:
        if operation in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            low, high, body = operand
            open_ended = high - low > _FEW
            total += 99 if high > low and repeated else int(open_ended) + _degree(body, repeated or high > _FEW)
        elif operation is c.SUBPATTERN:
            total += _degree(operand[3], repeated)
        elif operation is c.BRANCH:
            total += 99 if repeated else max(_degree(branch, repeated) for branch in operand[1])
        elif operation in (c.ASSERT, c.ASSERT_NOT):
            total += _degree(operand[1], repeated)
        elif operation is c.ATOMIC_GROUP:
            total += _degree(operand, repeated)
    return min(total, 98)


class _Assembler:
    """Turns the nodes of Python's regular expression parser into instructions."""

    def __init__(self, program: Program, flags: int) -> None:
        self.program, self.flags = program, flags

    def emit(self, operation: str, x: Any = None, y: Any = None) -> int:
        if len(self.program.code) > _LARGEST_PROGRAM:
            raise Unsupported
        self.program.code.append((operation, x, y))
        return len(self.program.code) - 1

    def sequence(self, tree: Any) -> None:
        for operation, operand in tree:
            self.node(operation, operand)

    def node(self, operation: Any, operand: Any) -> None:
        if operation in (c.LITERAL, c.NOT_LITERAL, c.ANY, c.IN):
            self.emit("char", _test(operation, operand, self.flags))
        elif operation is c.BRANCH:
            self.branch(operand[1])
        elif operation is c.SUBPATTERN:
            self.group(operand)
        elif operation in (c.MAX_REPEAT, c.MIN_REPEAT):
            self.repeat(operand, lazy=operation is c.MIN_REPEAT)
        elif operation is c.AT:
            self.emit("test", _anchor(operand, self.flags))
        elif operation in (c.ASSERT, c.ASSERT_NOT) and operand[0] > 0:
            self.lookahead(operand[1], operation is c.ASSERT)
        elif operation is c.GROUPREF and not self.flags & re.IGNORECASE:
            self.program.remember = False
            self.emit("back", operand)
        else:
            raise Unsupported

    def branch(self, branches: list[Any]) -> None:
        ends = []
        for body in branches[:-1]:
            split = self.emit("split")
            self.sequence(body)
            ends.append(self.emit("jump"))
            self.program.code[split] = ("split", split + 1, len(self.program.code))
        self.sequence(branches[-1])
        for end in ends:
            self.program.code[end] = ("jump", len(self.program.code), None)

    def group(self, operand: Any) -> None:
        number, added, removed, body = operand
        if added or removed:
            raise Unsupported
        if number is None:
            self.sequence(body)
            return
        self.emit("save", 2 * number)
        self.sequence(body)
        self.emit("save", 2 * number + 1)

    def repeat(self, operand: Any, lazy: bool) -> None:
        low, high, body = operand
        for _ in range(low):
            self.sequence(body)
        if high is c.MAXREPEAT:
            split = self.emit("split")
            self.sequence(body)
            self.emit("jump", split)
            self.fork(split, lazy)
            return
        splits = []
        for _ in range(high - low):
            splits.append(self.emit("split"))
            self.sequence(body)
        for split in splits:
            self.fork(split, lazy)

    def fork(self, split: int, lazy: bool) -> None:
        into, past = split + 1, len(self.program.code)
        self.program.code[split] = ("split", past, into) if lazy else ("split", into, past)

    def lookahead(self, body: Any, wanted: bool) -> None:
        inner = Program(groups=self.program.groups)
        _Assembler(inner, self.flags).sequence(body)
        inner.code.append(("match", None, None))

        def test(text: str, place: int, spans: _SPANS, budget: list[int]) -> bool:
            return (inner._run(text, place, set(), budget) is not None) is wanted

        self.emit("test", test)


def _test(operation: Any, operand: Any, flags: int) -> Callable[[str], bool]:
    """Return a test of one character, made by Python's own matcher of one character."""
    if operation is c.ANY:
        return (lambda character: True) if flags & re.DOTALL else (lambda character: character != "\n")
    if operation in (c.LITERAL, c.NOT_LITERAL) and not flags & re.IGNORECASE:
        letter, same = chr(operand), operation is c.LITERAL
        return lambda character: (character == letter) is same
    known: dict[str, bool] = {}
    members = operand if operation is c.IN else [(operation, operand)]

    def test(character: str) -> bool:
        found = known.get(character)
        if found is None:
            variants = {character}
            if flags & re.IGNORECASE:
                variants |= {character.lower(), character.upper()}
            found = known[character] = _among(members, variants)
        return found

    return test


def _among(members: list[Any], variants: set[str]) -> bool:
    negated = False
    hit = False
    for operation, operand in members:
        if operation is c.NEGATE:
            negated = True
        elif operation is c.NOT_LITERAL:
            return not any(ord(v) == operand for v in variants if len(v) == 1)
        else:
            hit = hit or any(_member(operation, operand, v) for v in variants if len(v) == 1)
    return hit is not negated


def _member(operation: Any, operand: Any, character: str) -> bool:
    if operation is c.LITERAL:
        return bool(ord(character) == operand)
    if operation is c.RANGE:
        return bool(operand[0] <= ord(character) <= operand[1])
    category = {
        c.CATEGORY_DIGIT: character.isdecimal(),
        c.CATEGORY_SPACE: character.isspace(),
        c.CATEGORY_WORD: character.isalnum() or character == "_",
    }
    if operand in category:
        return category[operand]
    opposite = {
        c.CATEGORY_NOT_DIGIT: c.CATEGORY_DIGIT,
        c.CATEGORY_NOT_SPACE: c.CATEGORY_SPACE,
        c.CATEGORY_NOT_WORD: c.CATEGORY_WORD,
    }
    if operation is not c.CATEGORY or operand not in opposite:
        raise Unsupported
    return not category[opposite[operand]]


def _anchor(kind: Any, flags: int) -> Callable[[str, int, _SPANS, list[int]], bool]:
    def word(text: str, place: int) -> bool:
        before = place > 0 and (text[place - 1].isalnum() or text[place - 1] == "_")
        after = place < len(text) and (text[place].isalnum() or text[place] == "_")
        return before != after

    lines = bool(flags & re.MULTILINE)
    if kind is c.AT_BEGINNING:
        return lambda text, place, spans, budget: place == 0 or (lines and text[place - 1] == "\n")
    if kind is c.AT_BEGINNING_STRING:
        return lambda text, place, spans, budget: place == 0
    if kind is c.AT_END:
        return lambda text, place, spans, budget: (
            place == len(text) or (text[place] == "\n" and (lines or place == len(text) - 1))
        )
    if kind is c.AT_END_STRING:
        return lambda text, place, spans, budget: place == len(text)
    if kind in (c.AT_BOUNDARY, c.AT_NON_BOUNDARY):
        return lambda text, place, spans, budget: word(text, place) is (kind is c.AT_BOUNDARY)
    raise Unsupported


def all_matches(program: Program, text: str) -> Iterator[_SPANS]:
    """Yield the spans of all matches, left to right, none overlapping."""
    budget = [STEPS]
    found = program.search(text, 0, budget)
    while found is not None:
        yield found
        found = program.search(text, found[1], budget, filled=found[0] == found[1])
