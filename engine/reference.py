"""The reference evaluator: one cell at a time, on demand, slow and obviously right. It is what every result means.

A formula is evaluated by walking its tree. Where it reads cells whose own formulas have yet to run, it is given up
(`Pending`), those run first, and it starts over; so chains of any length need no recursion. The order found that way is
Tarjan's, which also finds the true cycles (strongly connected components of the reads that were made).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from sheetgrad.sheets.model import Area, FormulaKind, Workbook
from sheetgrad.sheets.values import Error, Kind, Values

from .context import Context
from .cycles import closed_path, iterate
from .data_tables import fill_data_table
from .evaluation import Evaluation, Pending
from .formulary import Entry, Formulary
from .frames import Frame, Mode
from .grid import Grid
from .marks import Marks
from .outcome import CellKey, Outcome
from .spilling import spill_array, spill_dynamic
from .syntax import Node
from .trees import random_calls

Compile: TypeAlias = Callable[[Sequence[int]], Mapping[int, Callable[[], bool]]]

__all__ = ["CellEvaluator", "evaluate"]

RECURSION_LIMIT = 40_000  # Python frames; one LAMBDA call within another takes about ten
_ROUNDS_OF_SPILLS = 5


def evaluate(workbook: Workbook, grid: Grid, context: Context) -> Outcome:
    """Compute all formulas of a workbook; the values are left in the grid."""
    outcome = Outcome()
    evaluator = CellEvaluator(workbook, grid, context, outcome)
    for _ in range(_ROUNDS_OF_SPILLS):
        evaluator.grown = False
        outcome.cycles.clear()
        evaluator.compute(evaluator.formulas.keys())
        # A spill that grew may have been read, as empty cells, before it grew.
        if not evaluator.grown:
            break
    return outcome


@dataclass(slots=True)
class _Visit:
    """A formula under way: its place in Tarjan's order and what it waits for."""

    number: int
    low: int
    waiting: list[int] = field(default_factory=list)


class CellEvaluator:
    """Evaluates formula cells on demand; cells outside the given set are read from the grid as they stand."""

    def __init__(self, workbook: Workbook, grid: Grid, context: Context, outcome: Outcome) -> None:
        self.workbook = workbook
        self.grid = grid
        self.context = context
        self.outcome = outcome
        self.compiled: Compile = lambda numbers: {}  # what computes formulas once more, for those that are iterated
        self.formulas = Formulary(workbook)
        self.marks = Marks(grid)
        self.spilled = 0  # cells that dynamic arrays fill, all together
        self.grown = False  # a spill filled cells beyond those it was known to fill
        self.evaluation = Evaluation(self)
        self._order: dict[int, int] = {}  # formula → its index in Tarjan's order, while it is under way
        self._clock = 0
        self._edges: dict[int, set[int]] = {}
        self._reading: set[int] = set()
        self._noted: set[int] = set()

    def compute(self, cells: Iterable[CellKey], wanted: Iterable[CellKey] | None = None) -> None:
        """Compute the formulas of these cells (members of array formulas stand for the whole), precedents first.

        With ``wanted``, only those of them that the wanted cells need.
        """
        numbers = self._numbers(cells)
        entries = [self.formulas.entry(number) for number in numbers]
        self.marks.add((entry.number, self.formulas.area(entry)) for entry in entries)
        for entry in entries:
            if entry.number not in self._noted:
                self._note(entry)
        with deep_recursion():
            for number in numbers if wanted is None else self._numbers(wanted):
                if number in self.marks:
                    self._run(number)

    def _numbers(self, cells: Iterable[CellKey]) -> list[int]:
        return list(dict.fromkeys(number for cell in cells if (number := self.formulas.at(cell)) is not None))

    def compute_formula(self, tree: Node, slots: Sequence[int], kind: FormulaKind, place: CellKey) -> Values:
        """Evaluate one formula as if it stood at ``place``; ``slots``: row, column, row, column … of its references."""
        mode = Mode.ARRAY if kind in (FormulaKind.ARRAY, FormulaKind.DYNAMIC) else Mode.SCALAR
        draws = {id(node): i for i, node in enumerate(random_calls(tree))}
        frame = Frame(slots, *place, mode, draws=draws)
        with deep_recursion():
            return self.evaluation.formula(tree, frame)

    def wait_for(self, numbers: list[int]) -> None:
        """Take notice that the formula under way reads cells of other formulas that have yet to run."""
        new = [number for number in numbers if number not in self._order]
        if new:
            raise Pending(new)
        self._reading.update(numbers)

    def _note(self, entry: Entry) -> None:
        """Report what can be said of a formula without running it."""
        self._noted.add(entry.number)
        if entry.kind == FormulaKind.DATA_TABLE:
            return
        parsed = self.formulas.parsed(entry)
        if parsed is None:
            self.outcome.malformed[entry.key] = self.formulas.why(entry)
            return
        for name in self.evaluation.unknown(parsed, entry.sheet):
            self.outcome.unsupported.setdefault(name, []).append(entry.key)
        if self.evaluation.volatile(parsed, entry.sheet):
            self.outcome.volatile.add(entry.key)
        if parsed.external:
            self.outcome.external.add(entry.key)

    def _run(self, root: int) -> None:
        """Compute a formula and all that it waits for."""
        path = [self._visit(root)]
        component: list[int] = []
        results: dict[int, Values] = {}
        while path:
            visit = path[-1]
            while visit.waiting and visit.waiting[-1] not in self.marks:
                visit.waiting.pop()
            if visit.waiting:
                child = visit.waiting.pop()
                if child in self._order:
                    self._edges[visit.number].add(child)
                    visit.low = min(visit.low, self._order[child])
                else:
                    path.append(self._visit(child))
                continue
            self._reading = set()
            try:
                results[visit.number] = self._value(visit.number)
            except Pending as pending:
                visit.waiting = pending.numbers[::-1]
                continue
            self._edges[visit.number] |= self._reading
            for read in self._edges[visit.number]:
                visit.low = min(visit.low, self._order.get(read, visit.low))
            path.pop()
            component.append(visit.number)
            if path:
                self._edges[path[-1].number].add(visit.number)
                path[-1].low = min(path[-1].low, visit.low)
            if visit.low == self._order[visit.number]:
                at = self._start(component, visit.number)
                members = component[at:]
                del component[at:]
                self._settle(members, results)

    def _start(self, component: list[int], root: int) -> int:
        """Return where the finished component begins: all formulas entered since its root."""
        least = self._order[root]
        at = len(component)
        while at and self._order[component[at - 1]] >= least:
            at -= 1
        return at

    def _visit(self, number: int) -> _Visit:
        self._clock += 1
        self._order[number] = self._clock
        self._edges[number] = set()
        return _Visit(number, self._clock)

    def _settle(self, members: list[int], results: dict[int, Values]) -> None:
        """Store the values of a component: of one formula its value; true cycles are reported, or iterated."""
        edges = {number: self._edges.pop(number) for number in members}
        for number in members:
            del self._order[number]
            self.marks.remove(number)
        first = members[0]
        if len(members) == 1 and first not in edges[first]:
            self.store(first, results.pop(first))
            return
        for number in members:
            results.pop(number, None)
        path = [self.formulas.entry(number).key for number in closed_path(edges, min(members))]
        if self.workbook.calculation.iterate:
            cut_off = iterate(self, sorted(members))
            if cut_off:
                self.outcome.unfinished.append((path, cut_off))
            return
        self.outcome.cycles.append(path)
        for number in members:
            area = self.formulas.entry(number).area
            self.grid.write(area, Values(np.zeros(area.shape)))

    def recompute(self, number: int) -> Values:
        """Evaluate a formula again, running first what it turns out to wait for."""
        while True:
            self._reading = set()
            try:
                return self._value(number)
            except Pending as pending:
                for other in pending.numbers:
                    if other in self.marks:
                        self._run(other)

    def _value(self, number: int) -> Values:
        entry = self.formulas.entry(number)
        if entry.kind == FormulaKind.DATA_TABLE and not entry.oversized:
            return fill_data_table(self, entry)
        parsed = None if entry.oversized else self.formulas.parsed(entry)
        if parsed is None:
            return Values.of(Error.NUM if entry.oversized else Error.NAME, self.context.strings)
        mode = Mode.ARRAY if entry.kind in (FormulaKind.ARRAY, FormulaKind.DYNAMIC) else Mode.SCALAR
        frame = Frame(self.formulas.slots(entry), *entry.key, mode, draws=parsed.draws)
        return self.evaluation.formula(parsed.formula.tree, frame)

    def store(self, number: int, values: Values) -> None:
        """Write a formula's value to its cells."""
        entry = self.formulas.entry(number)
        if entry.kind == FormulaKind.DYNAMIC:
            spill_dynamic(self, entry, values)
        elif entry.kind == FormulaKind.ARRAY:
            self.grid.write(entry.area, spill_array(values, entry.area))
        elif entry.kind == FormulaKind.DATA_TABLE:
            self.grid.write(entry.area, values)
        else:
            self._write_cell(entry.area, first_value(values))

    def _write_cell(self, area: Area, value: Values) -> None:
        pieces = self.grid.pieces(area)
        if not pieces:
            self.grid.write(area, value)
            self.marks.repaint()
            return
        block, inside = pieces[0].block, pieces[0].inside
        self.grid.own(block)
        block.data[inside] = value.data
        block.kind[inside] = Kind.NUMBER if value.kind is None else value.kind


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let LAMBDAs call one another as deep as `MAX_CALLS_DEEP` while formulas are evaluated."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def first_value(values: Values) -> Values:
    """Return the first element of an array, (1, 1); an empty cell is 0 as a formula's value."""
    data, kind = values.data[:1, :1], values.kind
    if kind is None:
        return Values(data)
    return Values(data) if kind[0, 0] in (Kind.NUMBER, Kind.EMPTY) else Values(data, kind[:1, :1])
