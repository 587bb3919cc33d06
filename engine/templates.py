"""Templates: formulas that are equal once the coordinates of their references are masked, a whole sheet at once.

Texts of one length are cut out of the buffer as the rows of a byte matrix. Rows that agree once every letter is read
as "A" and every digit as "0" have their references at the same places, so one of them is cut into tokens (by the
parser's own expression), and the coordinates of all are sums over columns of the matrix. With those columns blanked,
equal rows are one template. Hashes only sort rows, equality is checked on the bytes; and a template's first text is
parsed and its slots are compared with the matrix's. What does not fit goes the slow way, one formula at a time.

Where rows of one shape make many templates of few formulas each, it is numbers typed into the formulas that keep them
apart. Those are then blanked, too, and read as columns like the coordinates (`syntax.Given`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, FormulaKind, Formulas, Ints

from .coordinates import SHAPES, Coordinate, Flags, coordinates_of, numbers_of
from .distinct import distinct_values, numbered
from .lexer import TOKENS
from .parser import FormulaError, mask, parse
from .syntax import Formula, Slot
from .trees import open_numbers

_CHUNK: Final = 1 << 21  # bytes of text that are looked at together: they stay in the cache
_FEW: Final = 6  # rows of one shape that are quicker one by one
_MALFORMED: Final = b"\3"  # begin the keys of what went the slow way
_PARSED: Final = b"\4"
_NUMBER: Final = b"\5"  # stands for a number in a key
_RESERVED: Final = 6  # bytes below are `MASKS` and the three above; XML allows none of them
# More templates than MANY, of less than FRAGMENT formulas each, differ in their numbers rather than in what they do.
_MANY: Final = 32
_FRAGMENT: Final = 64
_LONG: Final = 256  # a number of more digits may be too large

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Formulas that are a template's members, copied up or down their columns."""

    of: Ints  # (c,) which members
    member: Ints  # (c,) indices into `Formulas`
    row: Ints  # (c,)

    @classmethod
    def none(cls) -> Copies:
        """Return no copies."""
        return cls(*(np.empty(0, dtype=np.int32) for _ in range(3)))


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Formulas of one sheet and kind (NORMAL and SHARED are one) that differ in the coordinates of references only.

    ``slots`` holds for each member the coordinates of every slot of ``formula.tree``: row, column, row, column …
    Whether a reference is absolute (``$``) may differ between members; ``formula.slots`` tells it of the first.
    Spans (``A:C``, ``1:3``) are references like any other; their counting coordinates may differ between members.
    """

    formula: Formula | FormulaError  # as the first member has it
    kind: FormulaKind
    members: Ints  # (n,) indices into `Formulas`, ascending
    places: Ints  # (n, 2) row and column of each member's anchor
    slots: Ints  # (n, 2 * number of slots)
    numbers: Floats  # (n, g) what each formula has in place of the g `syntax.Given` of the tree
    relative: NDArray[np.bool_]  # (n, 2 * number of slots) which coordinates move when a member is copied
    copies: Copies  # of members, in the same column

    def expanded(self) -> Template:
        """Return the same template with its copies as members."""
        copies = self.copies
        if not len(copies.row):
            return self
        down = copies.row - self.places[copies.of, 0]
        slots = self.slots[copies.of].astype(np.int64)
        slots[:, ::2] = (slots[:, ::2] + down[:, None] * self.relative[copies.of, ::2]) % MAX_ROWS
        places = np.stack([copies.row, self.places[copies.of, 1]], axis=1)
        members = np.concatenate([self.members, copies.member])
        order = np.argsort(members)
        return Template(
            self.formula,
            self.kind,
            members[order],
            np.concatenate([self.places, places])[order],
            np.concatenate([self.slots, slots.astype(np.int32)])[order],
            np.concatenate([self.numbers, self.numbers[copies.of]])[order],
            np.concatenate([self.relative, self.relative[copies.of]])[order],
            Copies.none(),
        )

    def taken(self, kept: NDArray[np.bool_]) -> Template:
        """Return the same template with those members alone that are among the ``kept`` of `Formulas`."""
        here = kept[self.members]
        members, places, slots, numbers = self.members[here], self.places[here], self.slots[here], self.numbers[here]
        return Template(self.formula, self.kind, members, places, slots, numbers, self.relative[here], Copies.none())


def templates(formulas: Formulas) -> list[Template]:
    """Group the formulas of a sheet (all but data tables) into templates, in the order of their first members.

    The copies of a formula take its slots, moved; one that leaves the sheet comes in at its other end. The first copy
    in another column is a member, of which those below it are copies.
    """
    if not len(formulas):
        return []
    moved = formulas.master >= 0
    moved &= formulas.master[formulas.master] < 0
    found: list[Template] = []
    for kinds in ((FormulaKind.NORMAL, FormulaKind.SHARED), (FormulaKind.ARRAY,), (FormulaKind.DYNAMIC,)):
        members = np.flatnonzero(np.isin(formulas.kind, kinds))
        if len(members):
            grouper = _Grouper(formulas)
            grouper.add(members[~moved[members]])
            found += grouper.templates(kinds[0], members[moved[members]])
    return sorted(found, key=lambda template: int(template.members[0]))


class _Plan(NamedTuple):
    """What the formulas of one shape have at which places."""

    fields: tuple[Coordinate, ...]
    numbers: tuple[tuple[int, int], ...]  # where numbers without exponents stand; none where one is of another form


@dataclass(slots=True)
class _Piece:
    """Members of a template whose references are absolute in the same places."""

    members: Rows
    slots: Ints
    flags: Flags
    numbers: Floats


@dataclass(slots=True)
class _Draft:
    """A template in the making."""

    formula: Formula | FormulaError
    parsed: int  # the member it was parsed from
    pieces: list[_Piece] = field(default_factory=list)


class _Grouper:
    """Collects the formulas of one kind."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self.drafts: dict[bytes, _Draft] = {}
        self.plans: dict[bytes, _Plan] = {}

    # Collecting

    def add(self, members: Rows) -> None:
        """Take formulas that have a text of their own."""
        if np.frombuffer(self.formulas.text, dtype=np.uint8).min(initial=255) < _RESERVED:
            for member in members.tolist():
                self._add_slowly(member)
            return
        bounds = self.formulas.bounds
        lengths = bounds[members + 1] - bounds[members]
        text = np.frombuffer(self.formulas.text + bytes(8), dtype=np.uint8)
        shapes = np.frombuffer(self.formulas.text.translate(SHAPES) + bytes(8), dtype=np.uint8)
        order = np.argsort(lengths, kind="stable")
        for alike in np.split(members[order], np.flatnonzero(np.diff(lengths[order])) + 1):
            length = int(bounds[alike[0] + 1] - bounds[alike[0]]) if len(alike) else 0
            rows = max(_CHUNK // (length + 8), 1)
            for at in range(0, len(alike), rows):
                self._add_alike(alike[at : at + rows], length, text, shapes)

    def _add_alike(self, members: Rows, length: int, text: Bytes, shapes: Bytes) -> None:
        """Take formulas of one length."""
        if len(members) < _FEW or not length:
            self._add_singly(members)
            return
        starts = self.formulas.bounds[members]
        rows = _cut(shapes, starts, length)
        for group in _equal_rows(rows):
            if len(group) == 1:
                self._add_alone(int(members[group[0]]))
            elif len(group) < _FEW:
                self._add_singly(members[group])
            else:
                self._add_shape(members[group], _cut(text, starts[group], length), length)

    def _add_shape(self, members: Rows, rows: Bytes, length: int) -> None:
        """Take formulas of one shape; ``rows`` (m, width) are their texts."""
        first = rows[0, :length].tobytes()
        shape = first.translate(SHAPES)
        plan = self.plans.get(shape)
        if plan is None:
            plan = self.plans[shape] = _Plan(tuple(coordinates_of(first)), tuple(_numbers(first)))
        fields = plan.fields
        slots, valid = _decode(rows, fields)
        if not valid.all():
            self._add_singly(members[~valid])
            members, rows, slots = members[valid], rows[valid], slots[valid]
            if not len(members):
                return
        flags = tuple(flag for part in fields for flag in part.flags)
        for part in fields:
            rows[:, part.start : part.end] = 0
        groups, numbers = _equal_rows(rows), np.empty((len(rows), 0))
        marks = [(part.start, part.end, part.mark) for part in fields]
        if plan.numbers and len(groups) > _MANY and len(rows) < _FRAGMENT * len(groups):
            numbers = _decode_numbers(rows, plan.numbers)
            for start, end in plan.numbers:
                rows[:, start:end] = 0
            groups = _equal_rows(rows)
            marks = sorted([*marks, *((start, end, _NUMBER) for start, end in plan.numbers)])
        for group in groups:
            key = _key(rows[group[0], :length].tobytes(), marks)
            self._take(key, members[group], slots[group], flags, numbers[group])

    def _take(self, key: bytes, members: Rows, slots: Ints, flags: Flags, numbers: Floats) -> None:
        draft = self.drafts.get(key)
        if draft is None:
            draft = self._draft(key, int(members[0]), slots[0], flags, numbers.shape[1])
        if draft is None:
            for member in members.tolist():
                self._add_slowly(member)
            return
        if isinstance(draft.formula, FormulaError):
            slots, flags, numbers = slots[:, :0], (), numbers[:, :0]
        draft.pieces.append(_Piece(members, slots, flags, numbers))

    def _draft(self, key: bytes, member: int, slots: Ints, flags: Flags, numbers: int) -> _Draft | None:
        """Start a template by parsing its first text; None where the parser sees other references or numbers."""
        try:
            formula = parse(self._source(member))
        except FormulaError as error:
            draft = self.drafts[key] = _Draft(error, member)
            return draft
        if not _agrees(formula.slots, slots, flags):
            return None
        if numbers:
            tree, count = open_numbers(formula.tree)
            if count != numbers:
                return None
            formula = Formula(tree, formula.slots)
        draft = self.drafts[key] = _Draft(formula, member)
        return draft

    def _source(self, member: int) -> str:
        bounds = self.formulas.bounds
        return self.formulas.text[int(bounds[member]) : int(bounds[member + 1])].decode("utf-8", "replace")

    def _add_singly(self, members: Rows) -> None:
        """Take formulas one by one, with the same masks."""
        text, bounds = self.formulas.text, self.formulas.bounds
        for member in members.tolist():
            source = text[bounds[member] : bounds[member + 1]]
            fields = list(coordinates_of(source))
            coordinates = [number for part in fields for number in numbers_of(source, part)]
            rows, columns = coordinates[::2], coordinates[1::2]
            if fields and (min(rows) < 0 or max(rows) >= MAX_ROWS or max(columns) >= MAX_COLUMNS):
                self._add_slowly(member)
                continue
            slots = np.array([coordinates], dtype=np.int32).reshape(1, 2 * len(fields))
            flags = tuple(flag for part in fields for flag in part.flags)
            key = _key(source, [(part.start, part.end, part.mark) for part in fields])
            self._take(key, np.array([member]), slots, flags, np.empty((1, 0)))

    def _add_alone(self, member: int) -> None:
        """Take a formula that none is like in shape: it has to be parsed, which finds its references as well."""
        source = self._source(member)
        try:
            formula, masked = mask(source)
        except FormulaError:
            formula, masked = None, ""
        if formula is None or not source.isascii():
            self._add_singly(np.array([member]))
        else:
            self._add_parsed(member, formula, masked.encode())

    def _add_slowly(self, member: int) -> None:
        """Take a formula as the parser alone sees it."""
        source = self._source(member)
        try:
            formula, masked = mask(source)
        except FormulaError as error:
            draft = self.drafts.setdefault(_MALFORMED + source.encode(), _Draft(error, member))
            none = np.empty((1, 0), dtype=np.int32)
            draft.pieces.append(_Piece(np.array([member]), none, (), none.astype(np.float64)))
            return
        self._add_parsed(member, formula, _PARSED + masked.encode())

    def _add_parsed(self, member: int, formula: Formula, key: bytes) -> None:
        draft = self.drafts.get(key)
        if draft is None:
            draft = self.drafts[key] = _Draft(formula, member)
        coordinates = [number for slot in formula.slots for number in (slot.row, slot.column)]
        flags = tuple(flag for slot in formula.slots for flag in (slot.row_absolute, slot.column_absolute))
        slots = np.array([coordinates], dtype=np.int32).reshape(1, len(flags))
        draft.pieces.append(_Piece(np.array([member]), slots, flags, np.empty((1, 0))))

    # Finishing

    def templates(self, kind: FormulaKind, moved: Rows) -> Iterator[Template]:
        """Yield the templates, with ``moved`` copies of formulas added to those that they copy."""
        drafts = list(self.drafts.values())
        by_draft = self._moved_by_draft(drafts, moved)
        for number, draft in enumerate(drafts):
            if number not in by_draft and len(draft.pieces) == 1 and len(draft.pieces[0].members) == 1:
                yield self._alone(draft, kind)
                continue
            copies = by_draft.get(number, moved[:0])
            heads = self._heads(copies)
            first = distinct_values(heads[self.formulas.master[heads] >= 0])
            pieces = draft.pieces + (self._move(draft.pieces, first) if len(first) else [])
            copied = copies != heads
            yield self._finish(draft, kind, pieces, copies[copied], heads[copied])

    def _heads(self, copies: Rows) -> Rows:
        """Return the head of each copy: its master, or in another column the first copy there."""
        formulas, master = self.formulas, self.formulas.master[copies].astype(np.int64)
        heads = master.copy()
        elsewhere = np.flatnonzero(formulas.column[copies] != formulas.column[master])
        if len(elsewhere):
            key = master[elsewhere] * MAX_COLUMNS + formulas.column[copies[elsewhere]]
            first, inverse = numbered(key)
            heads[elsewhere] = copies[elsewhere][first][inverse]
        return heads

    def _moved_by_draft(self, drafts: Sequence[_Draft], moved: Rows) -> dict[int, Rows]:
        if not len(moved):
            return {}
        draft_of = np.full(len(self.formulas), -1, dtype=np.int64)
        for number, draft in enumerate(drafts):
            for piece in draft.pieces:
                draft_of[piece.members] = number
        numbers = draft_of[self.formulas.master[moved]]
        order = np.argsort(numbers, kind="stable")
        groups = np.split(moved[order], np.flatnonzero(np.diff(numbers[order])) + 1)
        return {int(draft_of[self.formulas.master[group[0]]]): group for group in groups}

    def _move(self, pieces: Sequence[_Piece], members: Rows) -> list[_Piece]:
        """Move the masters' slots to the members of their shared formulas."""
        masters = np.concatenate([piece.members for piece in pieces])
        order = np.argsort(masters)
        own = self.formulas.master[members]
        at = order[np.searchsorted(masters, own, sorter=order)]
        slots = np.concatenate([piece.slots for piece in pieces])[at].astype(np.int64)
        numbers = np.concatenate([piece.numbers for piece in pieces])[at]
        owner = np.repeat(np.arange(len(pieces)), [len(piece.members) for piece in pieces])[at]
        relative = ~np.array([piece.flags for piece in pieces], dtype=bool).reshape(len(pieces), slots.shape[1])[owner]
        for axis, size in ((0, MAX_ROWS), (1, MAX_COLUMNS)):
            place = self.formulas.row if axis == 0 else self.formulas.column
            distance = place[members].astype(np.int64) - place[own]
            slots[:, axis::2] = (slots[:, axis::2] + distance[:, None] * relative[:, axis::2]) % size
        return [
            _Piece(
                members[owner == number],
                slots[owner == number].astype(np.int32),
                pieces[number].flags,
                numbers[owner == number],
            )
            for number in distinct_values(owner).tolist()
        ]

    def _alone(self, draft: _Draft, kind: FormulaKind) -> Template:
        """Return the template of one formula that nothing copies."""
        (piece,) = draft.pieces
        member = int(piece.members[0])
        places = np.array([[self.formulas.row[member], self.formulas.column[member]]], dtype=np.int32)
        relative = ~np.array([piece.flags], dtype=np.bool_)
        members = piece.members.astype(np.int32)
        return Template(draft.formula, kind, members, places, piece.slots, piece.numbers, relative, Copies.none())

    def _finish(
        self, draft: _Draft, kind: FormulaKind, pieces: Sequence[_Piece], copies: Rows, heads: Rows
    ) -> Template:
        members = np.concatenate([piece.members for piece in pieces])
        slots = np.concatenate([piece.slots for piece in pieces]) if len(pieces) > 1 else pieces[0].slots
        numbers = np.concatenate([piece.numbers for piece in pieces]) if len(pieces) > 1 else pieces[0].numbers
        flags = np.array([piece.flags for piece in pieces], dtype=np.bool_).reshape(len(pieces), slots.shape[1])
        relative = np.repeat(~flags, [len(piece.members) for piece in pieces], axis=0)
        formula = draft.formula
        first = int(members.argmin())
        if isinstance(formula, Formula) and members[first] != draft.parsed:
            formula = Formula(formula.tree, _slots(slots[first].tolist(), tuple((~relative[first]).tolist())))
        if len(members) > 1 and (np.diff(members) < 0).any():
            order = np.argsort(members)
            members, slots, numbers, relative = members[order], slots[order], numbers[order], relative[order]
        places = np.empty((len(members), 2), dtype=np.int32)
        places[:, 0] = self.formulas.row[members]
        places[:, 1] = self.formulas.column[members]
        of = np.searchsorted(members, heads).astype(np.int32)
        copied = Copies(of, copies.astype(np.int32), self.formulas.row[copies])
        template = Template(formula, kind, members.astype(np.int32), places, slots, numbers, relative, copied)
        return template.expanded() if _wraps(template) else template


def _wraps(template: Template) -> bool:
    """Tell whether a copy's references leave the sheet."""
    copies, rows = template.copies, template.slots[:, ::2]
    if not len(copies.row) or not rows.shape[1]:
        return False
    moving = template.relative[:, ::2]
    low, high = np.where(moving, rows, MAX_ROWS).min(axis=1), np.where(moving, rows, -1).max(axis=1)
    down = copies.row - template.places[copies.of, 0]
    return bool((low[copies.of] + down < 0).any() or (high[copies.of] + down >= MAX_ROWS).any())


def _slots(coordinates: Sequence[int], flags: Flags) -> tuple[Slot, ...]:
    return tuple(
        Slot(coordinates[at], coordinates[at + 1], flags[at], flags[at + 1]) for at in range(0, len(coordinates), 2)
    )


def _cut(buffer: Bytes, starts: Rows, length: int) -> Bytes:
    """Return the texts that start at ``starts`` as rows, padded with zeros to whole 64-bit words."""
    width = -(-length // 8) * 8
    windows = np.ndarray(len(buffer) - width + 1, dtype=f"V{width}", buffer=buffer, strides=(1,))
    rows = windows[starts].view(np.uint8).reshape(len(starts), width)
    rows[:, length:] = 0
    return rows


def _equal_rows(rows: Bytes) -> list[Rows]:
    """Group equal rows: their indices, ascending; rows that a hash fails to tell apart stand alone."""
    words = rows.view(np.uint64)
    if (words == words[0]).all():
        return [np.arange(len(rows))]
    weights = np.arange(1, words.shape[1] + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    weights = ((weights ^ (weights >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)) | np.uint64(1)
    first, inverse = numbered((words * weights).sum(axis=1))
    honest = (words == words[first[inverse]]).all(axis=1)
    alone = [np.array([row]) for row in np.flatnonzero(~honest)]
    kept = np.flatnonzero(honest)
    order = kept[np.argsort(inverse[kept], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1) + alone


def _numbers(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the numbers of a formula stand; none where one has an exponent, or stands in an array."""
    if b"{" in text:
        return
    found = [token for token in TOKENS.finditer(text.decode("latin-1")) if token.lastgroup == "number"]
    if all(len(token[0]) < _LONG and token[0].replace(".", "").isdigit() for token in found):
        yield from (token.span() for token in found)


def _decode_numbers(rows: Bytes, spans: Sequence[tuple[int, int]]) -> Floats:
    """Return the numbers (m, n) that the rows hold at n places."""
    numbers = np.empty((len(rows), len(spans)))
    for k, (start, end) in enumerate(spans):
        numbers[:, k] = np.ascontiguousarray(rows[:, start:end]).view(f"S{end - start}").ravel().astype(np.float64)
    return numbers


def _decode(rows: Bytes, fields: Sequence[Coordinate]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the coordinates (m, 2 * fields) that the rows hold at ``fields``, and which rows lie on the sheet."""
    slots = np.zeros((2 * len(fields), len(rows)), dtype=np.int32)
    valid = np.ones(len(rows), dtype=bool)
    for k, part in enumerate(fields):
        if part.digits[0] < part.digits[1]:
            slots[2 * k] = _sum(rows, part.digits, 10, 15) - 1
            valid &= (slots[2 * k] >= 0) & (slots[2 * k] < MAX_ROWS)
        if part.letters[0] < part.letters[1]:
            slots[2 * k + 1] = _sum(rows, part.letters, 26, 31) - 1
            valid &= slots[2 * k + 1] < MAX_COLUMNS
    return np.ascontiguousarray(slots.T), valid


def _sum(rows: Bytes, span: tuple[int, int], base: int, bits: int) -> Ints:
    """Read columns ``span`` as numbers of a base; the lower ``bits`` of a character are its digit."""
    total = np.zeros(len(rows), dtype=np.int32)
    for column in range(*span):
        total *= base
        total += rows[:, column] & bits
    return total


def _key(text: bytes, masks: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return a text with marks in the place of what is masked: (start, end, mark), from left to right."""
    parts: list[bytes] = []
    position = 0
    for start, end, mark in masks:
        parts += (text[position:start], mark)
        position = end
    return b"".join(parts) + text[position:]


def _agrees(parsed: Sequence[Slot], slots: Ints, flags: Flags) -> bool:
    """Tell whether the parser's slots are the coordinates that were found."""
    coordinates = [number for slot in parsed for number in (slot.row, slot.column)]
    absolute = tuple(flag for slot in parsed for flag in (slot.row_absolute, slot.column_absolute))
    return coordinates == slots.tolist() and absolute == flags
