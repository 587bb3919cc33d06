"""Writes a sweep over single numbers as Python: nested loops, a statement for each formula of a turn.

A cell that an earlier formula of the turn computed, or a turn before, is a local name; columns that were computed
before the sweep are taken along by the loop; only what lies elsewhere is read from an arena, a flat list of a sheet's
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area

from ..footprints import view_window
from ..ir import Growing, Node, Operate, Pick, Prefix, Scattered, Step, View, walk
from ..steps import Sweep, Turns, Unit, Whole
from ..windows import Frame, Moving, moving, scatter_of, target
from .straight_columns import Column
from .straight_expressions import MOST_TERMS, At, Expressions
from .straight_loops import Loop, Loops, indented
from .straight_places import MOST_ARENA, Cell, Spot, Static, Unsuited, Written, varies

FEW_CELLS = 96  # a unit with more cells a turn is faster on numpy
MOST_STATEMENTS = 768  # a turn with more formulas is written with loops, and without names
MOST_PHASES = 16  # parts of a sweep in which different units take part
MOST_LAG = 4  # a cell this many turns back is kept in a name


@dataclass(slots=True)
class Writer:
    """Writes one sweep; ``careful``: with Excel's zero in every formula, else it is looked for afterwards (`ends`)."""

    sweep: Sweep
    careful: bool = False
    areas: dict[int, Area] = field(default_factory=dict)
    columns: dict[Column, str] = field(default_factory=dict)
    plain: dict[tuple[Moving, bool], None] = field(default_factory=dict)  # read in arenas; whether none may be empty
    targets: list[tuple[Unit, Moving]] = field(default_factory=list)
    ends: dict[int, View] = field(default_factory=dict)  # unit → an operand of the sum that ends its formula
    _loops: Loops = field(default_factory=Loops)
    _looped: bool = False
    _leaders: dict[tuple[int, int], tuple[Cell, NDArray[np.int64]]] = field(default_factory=dict)
    _scattered: dict[tuple[int, int], tuple[NDArray[np.int64], set[int]]] = field(default_factory=dict)
    _running: dict[tuple[object, ...], str] = field(default_factory=dict)
    _written: Written = field(init=False)
    _static: Static = field(init=False)
    _expressions: Expressions = field(init=False)

    def source(self) -> str:
        """Return the text of a function ``run`` that computes the sweep: of arenas, their kinds, and columns."""
        self._survey()
        self._expressions = Expressions(self)
        lines = self._sweep(self.sweep, {}, None)
        names = [name for sheet in self.areas for name in (f"m{sheet}", f"k{sheet}")] + list(self.columns.values())
        return f"def run({', '.join(names)}):\n" + "\n".join(indented(lines)) + "\n"

    # what is read and written

    def _survey(self) -> None:
        """Find the area of each sheet that is read or written; refuse what is too wide, or too much a turn."""
        for unit in self.sweep.units:
            if unit.region.extent != (1, 1) or unit.offsets:
                raise Unsuited
            self.targets.append((unit, target(unit.region, Frame.whole(unit.region))))
        sizes = [
            math.prod(n for loop, n in enumerate(unit.region.counts) if loop not in loops)
            for unit, loops in _timed(self.sweep, ())
        ]
        if max(sizes) > FEW_CELLS:
            raise Unsuited
        self._looped = sum(sizes) > MOST_STATEMENTS
        self._written = Written(self.sweep.units)
        self._static = Static(self._written)
        windows = [window.bounds for _, window in self.targets]
        windows += [area for unit in self.sweep.units for area in self._read_in_arenas(unit)]
        for sheet in sorted({area.sheet for area in windows}):
            self.areas[sheet] = Area.around([area for area in windows if area.sheet == sheet])
        written = sum(unit.region.size for unit in self.sweep.units)
        if sum(area.height * area.width for area in self.areas.values()) > min(64 * written + 65_536, MOST_ARENA):
            raise Unsuited

    def _read_in_arenas(self, unit: Unit) -> Iterator[Area]:
        assert unit.program is not None
        nodes = list(walk(unit.program))
        tables = {id(node.table) for node in nodes if isinstance(node, Pick) and not self._static(unit, node)}
        for node in nodes:
            if isinstance(node, View | Growing) and (id(node) in tables or not self._static(unit, node)):
                yield view_window(node, unit.region).bounds
            elif isinstance(node, Scattered) and not self._static(unit, node):
                yield scatter_of(node, unit.region, Frame.whole(unit.region)).bounds

    # loops

    def _sweep(self, sweep: Sweep, outer: Mapping[int, tuple[Turns, ...]], around: Loop | None) -> list[str]:
        turns = {number: (*outer.get(number, ()), turn) for number, turn in sweep.turns.items()}
        cuts = sorted({cut for turn in sweep.turns.values() for cut in (turn.span[0], turn.span[1] + 1)})
        if len(cuts) > MOST_PHASES:
            raise Unsuited
        depth = 1 if around is None else around.depth + 1
        lines: list[str] = []
        for start, stop in pairwise(cuts):
            lines += self._phase(sweep, Loop(depth, range(start, stop), around), turns)
        return lines

    def _phase(self, sweep: Sweep, loop: Loop, turns: Mapping[int, tuple[Turns, ...]]) -> list[str]:
        """Write the turns of a sweep in which the same units take part."""
        first, last = loop.times.start, loop.times.stop - 1
        loop.active = {n for n, turn in sweep.turns.items() if turn.span[0] <= first and last <= turn.span[1]}
        whole = [item.unit for item in sweep.body if isinstance(item, Whole) and item.unit.number in loop.active]
        cells = {unit.number: list(self._cells(unit, turns[unit.number])) for unit in whole}
        around, self._loops.loop = self._loops.loop, loop
        for cell in (cell for own in cells.values() for cell in own if not self._looped):
            loop.ahead[self._target(cell)] = cell.unit.number, self._loops.name("v")
        for item in sweep.body:
            if isinstance(item, Whole):
                for cell in cells.get(item.unit.number, ()):
                    self._formula(cell)
            elif item.turns.keys() <= loop.active:
                self._loops.settle()
                self._loops.emit(*self._sweep(item, turns, loop))
            elif not loop.active.isdisjoint(item.turns):
                raise Unsuited
        self._loops.settle()
        self._loops.loop = around
        return loop.rendered()

    def _cells(self, unit: Unit, turns: tuple[Turns, ...]) -> Iterator[Cell]:
        inner = [loop for loop in range(len(unit.region.counts)) if all(turn.loop != loop for turn in turns)]
        if self._looped:
            yield Cell(unit, turns, {loop: f"j{loop}" for loop in inner})
            return
        for index in product(*(range(unit.region.counts[loop]) for loop in inner)):
            yield Cell(unit, turns, dict(zip(inner, index, strict=True)))

    # statements

    def _formula(self, cell: Cell) -> None:
        unit, spot = cell.unit, self._target(cell)
        assert unit.program is not None
        if not self._looped:
            _, name = self._loops.loop.ahead[spot]
            self._assign(cell, name, unit.program)
            self._loops.computed(spot, name, unit.number)
            return
        loop = self._loops.loop
        lines, loop.body = loop.body, []
        self._assign(cell, "v", unit.program)
        self._loops.emit(f"{self._loops.at(spot)} = v")
        for inner in reversed(list(cell.inner)):
            loop.body = [f"for j{inner} in range({unit.region.counts[inner]}):", *indented(loop.body)]
        loop.body = lines + loop.body

    def _assign(self, cell: Cell, name: str, program: Node) -> None:
        if isinstance(program, Operate) and program.final:
            end = next((each for each in program.operands if isinstance(each, View)), None)
            if self.careful or end is None:
                self._careful_sum(cell, name, program)
                return
            self.ends[cell.unit.number] = end
        self._loops.assign(name, self._expressions.number(cell, program))

    def _careful_sum(self, cell: Cell, name: str, program: Operate) -> None:
        left, right = (self._expressions.arithmetic(cell, operand) for operand in program.operands)
        self._loops.emit(
            f"a = {left}",
            f"b = {right}",
            f"{name} = a {program.operator} b",
            f"q = {name} * {2.0**50!r}",
            # Excel's zero: see `operators.binary`; q outgrows a at once unless the two all but cancelled
            f"if (-a < q < a or a < q < -a) and abs(q) < abs(b): {name} = 0.0",
        )

    # places

    def _spot(self, cell: Cell, sheet: int, row: int, column: int, steps: Sequence[Step]) -> Spot:
        area = self.areas[sheet]
        strides = [(loop, rows * area.width + columns) for loop, (rows, columns) in enumerate(steps)]
        return Spot(sheet, *cell.moves(strides, (row - area.top) * area.width + column - area.left))

    def _target(self, cell: Cell) -> Spot:
        region = cell.unit.region
        steps = [(int(rows), int(columns)) for rows, columns in region.steps[:, :2]]
        return self._spot(cell, region.sheet, int(region.origin[0]), int(region.origin[1]), steps)

    # what expressions ask for

    def static(self, cell: Cell, node: Node) -> bool:
        """Tell whether a node reads nothing that the sweep writes."""
        return self._static(cell.unit, node)

    def column(self, cell: Cell, node: Node, at: At, kind: str) -> str:
        """Return the name of an element of a static node."""
        return self._column(cell, node, at, kind, varies(node, cell.unit.region))

    def _column(self, cell: Cell, node: Node, at: At, kind: str, varying: frozenset[int]) -> str:
        """Name an element of what is computed before the sweep, which changes along some loops."""
        deep = [(depth, turn) for depth, turn in enumerate(cell.turns, 1) if turn.loop in varying]
        looped = [loop for loop, index in cell.inner.items() if isinstance(index, str) and loop in varying]
        order = (*(turn.loop for _, turn in deep), *looped)
        index: list[int | None] = [0] * len(cell.unit.region.counts)
        for loop in varying:
            own = cell.inner.get(loop)
            index[loop] = own if isinstance(own, int) else None
        backward = tuple(turn.loop for _, turn in deep if not turn.forward)
        column = Column(cell.unit, node, at, kind, tuple(index), order, backward)
        name = self.columns.setdefault(column, f"c{len(self.columns)}")
        for depth, turn in deep:
            name = self._taken(name, depth, turn)
        return name + "".join(f"[j{loop}]" for loop in looped)

    def _taken(self, name: str, depth: int, turn: Turns) -> str:
        """Let the loop of a depth run over a column, and return the name of its items."""
        loop = self._loops.loop.at(depth)
        low = loop.times.start - turn.span[0]
        part = name if len(loop.times) == turn.count else f"{name}[{low}:{low + len(loop.times)}]"
        if part not in loop.taken:
            loop.taken[part] = self._loops.name("x")
        return loop.taken[part]

    def read(self, cell: Cell, view: View, at: At, strict: bool) -> str:
        """Return the expression of a cell of a window that the sweep writes."""
        window = moving(view, Frame.whole(cell.unit.region))
        return self._read(cell, (view.sheet, view.row + at[0], view.column + at[1]), view.steps, window, strict)

    def _read(
        self, cell: Cell, place: tuple[int, int, int], steps: Sequence[Step], window: Moving, strict: bool
    ) -> str:
        spot = self._spot(cell, *place, steps)
        for loop in self._loops.loop.outwards:
            if spot in loop.names:
                return loop.names[spot]
        self.plain[window, strict] = None
        writers = self._written.writers(window)
        kept = self._kept(spot, writers)
        if kept is not None:
            return kept
        self._loops.settle(writers)
        return self._loops.at(spot)

    def _kept(self, spot: Spot, writers: set[int]) -> str | None:
        """Return the name of a cell that one of the last turns computed, or None for any other."""
        loop = self._loops.loop
        stride = dict(spot.moves).get(f"t{loop.depth}", 0)
        for lag in range(1, MOST_LAG + 1) if stride else ():
            later = Spot(spot.sheet, spot.base + lag * stride, spot.moves)
            if later in loop.ahead and not (writers - {loop.ahead[later][0]}) & loop.active:
                for back in range(1, lag + 1):
                    if (later, back) not in loop.kept:
                        name = loop.kept[later, back] = self._loops.name("w")
                        first = later.base + (loop.times.start - back) * stride
                        rest = tuple(move for move in spot.moves if move[0] != f"t{loop.depth}")
                        loop.before.append(f"{name} = m{spot.sheet}[{self._loops.sum(first, rest, loop.outer)}]")
                return loop.kept[later, lag]
        return None

    def gathered(self, cell: Cell, node: Scattered, at: At) -> str:
        """Return the expression of a cell whose place stands in a table; side by side, they share the first's place."""
        region, key = cell.unit.region, (cell.unit.number, id(node))
        places, writers = self._scattered.get(key) or self._scattered.setdefault(key, self._table(cell.unit, node))
        self._loops.settle(writers)
        every = frozenset(range(len(region.counts)))
        offset = at[0] * self.areas[node.sheet].width + at[1]
        if self._looped:
            return self._loops.gather(node.sheet, self._column(cell, node, (0, 0), "place", every), offset)
        own: list[Any] = [cell.inner.get(loop, slice(None)) for loop in range(len(region.counts))]
        mine = places[tuple(own)]
        leader, first = self._leaders.get(key, (cell, mine))
        if leader.turns != cell.turns or not (mine - first == (mine - first).flat[0]).all():
            leader, first = cell, mine
        self._leaders[key] = leader, first
        place = self._column(leader, node, (0, 0), "place", every)
        return self._loops.gather(node.sheet, place, offset + int((mine - first).flat[0]))

    def _table(self, unit: Unit, node: Scattered) -> tuple[NDArray[np.int64], set[int]]:
        """Return the places that a gather reads, (*loops, 1, 1), and the units that write there."""
        area, scatter = self.areas[node.sheet], scatter_of(node, unit.region, Frame.whole(unit.region))
        places = np.broadcast_to(scatter.rows * area.width + scatter.columns, (*unit.region.counts, 1, 1))
        return places, self._written.of(*scatter.places(), node.sheet)

    def picked(self, cell: Cell, node: Pick) -> str:
        """Return the expression of a cell whose place is computed before the sweep."""
        table, region = node.table, cell.unit.region
        assert isinstance(table, View | Growing)
        assert node.row is not None
        assert node.column is not None
        self._loops.settle(self._written.writers(view_window(table, region)))
        chosen = varies(node.row, region) | varies(node.column, region)
        last_steps = table.last_steps if isinstance(table, Growing) else table.steps
        moved, offset = set(chosen), 0
        for loop, (step, last) in enumerate(zip(table.steps, last_steps, strict=True)):
            own = cell.inner.get(loop)
            if isinstance(own, int) and loop not in chosen and step == last:
                offset += own * (step[0] * self.areas[table.sheet].width + step[1])
            elif (step, last) != ((0, 0), (0, 0)):
                moved.add(loop)
        place = self._column(cell, node, (0, 0), "place", frozenset(moved))
        return self._loops.gather(table.sheet, place, offset)

    def found(self, cell: Cell, table: View | Growing, row: str | int, column: str | int) -> str:
        """Return the expression of a cell at a row and column, counted from 1, that the sweep computes."""
        self._loops.settle(self._written.writers(view_window(table, cell.unit.region)))
        places = []
        last_steps = table.last_steps if isinstance(table, Growing) else table.steps
        for axis, (line, size) in enumerate(((row, table.height), (column, table.width))):
            grown = [last[axis] - first[axis] for first, last in zip(table.steps, last_steps, strict=True)]
            limit = self._loops.sum(*cell.moves(list(enumerate(grown)), size))
            if isinstance(line, str):
                places.append(f"line({line}, {limit})")
            elif limit.isdigit() and 1 <= line <= int(limit):
                places.append(str(line - 1))
            else:
                raise Unsuited
        base = self._loops.index(self._spot(cell, table.sheet, table.row, table.column, table.steps))
        sheet = table.sheet
        return f"pick(m{sheet}, k{sheet}, {base} + {places[0]}*{self.areas[sheet].width} + {places[1]})"

    def running(self, cell: Cell, node: Prefix) -> str:
        """Return the name of a running reduction: what each turn adds to the window is added to it."""
        loop = self._loops.loop
        key = id(node), loop.depth, loop.times.start, cell.unit.number, tuple(cell.inner.values())
        if key not in self._running:
            if self._looped or node.function not in _RUNNING:
                raise Unsuited
            self._running[key] = self._added(cell, node)
        return self._running[key]

    def _added(self, cell: Cell, node: Prefix) -> str:
        """Write what a running reduction starts from, before the loop, and what each turn adds to it."""
        window, turn, loop = node.window, cell.turns[-1], self._loops.loop
        axis, grown = _growth(window, turn)
        size, across = (window.height, window.width) if axis == 0 else (window.width, window.height)
        if grown > size or grown * across > MOST_TERMS:
            raise Unsuited
        total, strict = self._loops.name("a"), node.function != "SUM"
        before = size - grown + grown * (loop.times.start - turn.first)
        lines = []
        for line in range(across):
            row, column = (window.row, window.column + line) if axis == 0 else (window.row + line, window.column)
            start = self._spot(cell, window.sheet, row, column, window.steps)
            step = self.areas[window.sheet].width if axis == 0 else 1
            first, end = (self._loops.sum(start.base + n * step, start.moves, loop.outer) for n in (0, before))
            lines.append(f"*m{window.sheet}[{first}:{end}:{step}]")
        neutral, combined = _RUNNING[node.function]
        loop.before.append(f"{total} = {combined}([{neutral}, {', '.join(lines)}])")
        whole = view_window(window, cell.unit.region)
        added = []
        for at in product(range(size - grown, size), range(across)):
            down, right = at if axis == 0 else (at[1], at[0])
            place = window.sheet, window.row + down, window.column + right
            added.append(self._read(cell, place, window.last_steps, whole, strict))
        self._loops.emit(f"{total} = {combined}([{total}, {', '.join(added)}])")
        return total


def _growth(window: Growing, turn: Turns) -> tuple[int, int]:
    """Return the axis and the lines by which a window grows each turn; raises `Unsuited` for any other growth."""
    for loop, (first, last) in enumerate(zip(window.steps, window.last_steps, strict=True)):
        if loop != turn.loop and first != last:
            raise Unsuited
    down, across = window.last_steps[turn.loop]
    if turn.loop < 0 or not turn.forward or window.steps[turn.loop] != (0, 0) or min(down, across) != 0:
        raise Unsuited
    return (0, down) if down else (1, across)


_RUNNING = {"SUM": ("0.0", "sum"), "MAX": ("-1e999", "max"), "MIN": ("1e999", "min")}


def _timed(sweep: Sweep, outer: tuple[Sweep, ...]) -> Iterator[tuple[Unit, set[int]]]:
    """Yield each unit with the loops that are swept around it."""
    around = (*outer, sweep)
    for item in sweep.body:
        if isinstance(item, Whole):
            yield item.unit, {level.turns[item.unit.number].loop for level in around}
        else:
            yield from _timed(item, around)
