"""Straight-line code for sweeps over single numbers: running sums, optimisers a row at a time, recurrences.

Where a turn of a sweep computes few cells, numpy's cost per operation would be most of the work. Such a sweep is
written out as Python over one flat list of numbers per sheet and compiled. The code is made from the array program
alone: numbers of cells, operators of a fixed table and constants passed beside it; no text of a workbook reaches it.
Anything that is not a plain number (text, an error, a division by zero) stops it, and the sweep is run by the general
machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Kind, Kinds, Values

from ..distinct import distinct_values
from ..grid import Grid, TooManyCells
from ..ir import Apply, Argument, Const, Contract, Given, Growing, Node, Operate, Pick, Scattered, Select, View
from ..steps import Sweep, Turns, Unit, Whole
from ..windows import Frame, Moving, moving, scatter_of, target, write

FEW_CELLS = 96  # a unit with more cells a turn is faster on numpy
MOST_TERMS = 64  # windows up to this many cells are written out
MOST_ARENA = 1 << 24
LONGEST = 60_000  # characters of one expression

Code: TypeAlias = tuple[str, bool]  # an expression, and whether it is a logical


class Unsuited(Exception):
    """A sweep that straight-line code cannot express."""


class Unfit(ArithmeticError):
    """A value met at run time that is not a plain number."""


@record
class Straight:
    """A compiled sweep: run it on arenas, one list of numbers and one bytes of kinds per sheet."""

    areas: Mapping[int, Area]
    run: Callable[..., None]
    constants: list[Any]  # numbers, and tables of places
    source: str
    plain: tuple[
        tuple[Moving, bool], ...
    ]  # windows that are read, and whether each cell must be a number (or may be empty)
    spots: tuple[tuple[int, NDArray[np.int64]], ...]  # single cells that are read, by sheet and place in its arena
    targets: tuple[Moving, ...]

    def execute(self, grid: Grid) -> bool:
        """Compute the sweep on a grid; False where a value stands in the way."""
        arenas, kinds = {}, {}
        for sheet, area in self.areas.items():
            try:
                values = grid.read(area)
            except TooManyCells:
                return False
            arenas[sheet] = values.data.ravel().tolist()
            kinds[sheet] = np.array(values.kinds)
        for window in self.targets:
            area = self.areas[window.sheet]
            window.strided(kinds[window.sheet], area)[...] = Kind.NUMBER
        if not all(
            _plain(window, strict, kinds[window.sheet], self.areas[window.sheet]) for window, strict in self.plain
        ):
            return False
        if any(kinds[sheet].ravel()[places].max() > Kind.NUMBER for sheet, places in self.spots):
            return False
        held = [item for sheet in self.areas for item in (arenas[sheet], kinds[sheet].tobytes())]
        try:
            self.run(*held, *self.constants)
        except (ArithmeticError, ValueError):
            return False
        return self._store(grid, arenas)

    def _store(self, grid: Grid, arenas: Mapping[int, list[float]]) -> bool:
        results = []
        for sheet, area in self.areas.items():
            data = np.array(arenas[sheet]).reshape(area.shape)
            results += [(window, window.strided(data, area)) for window in self.targets if window.sheet == sheet]
        if not all(np.isfinite(found).all() for _, found in results):
            return False
        for window, found in results:
            write(grid, window, Values(found))
        return True


def _plain(window: Moving, strict: bool, kinds: Kinds, area: Area) -> bool:
    seen = window.strided(kinds, area)
    return bool(seen.max() <= Kind.NUMBER and (not strict or seen.min() == Kind.NUMBER))


def straighten(sweep: Sweep) -> Straight | None:
    """Compile a sweep, or return None where it is not of the kind."""
    try:
        writer = _Writer(sweep)
        source = writer.source()
    except Unsuited:
        return None
    scope: dict[str, Any] = dict(_HELPERS)
    exec(compile(source, "<sweep>", "exec"), scope)  # made from numbers and a fixed table, see above
    return Straight(
        writer.areas,
        scope["run"],
        writer.constants,
        source,
        tuple(writer.plain),
        tuple(writer.spots),
        tuple(writer.targets),
    )


@dataclass(slots=True)
class _Cell:
    """The unit that is being written: its name for the place in each loop and how each window moves."""

    unit: Unit
    timed: dict[int, Turns]  # loop → its turns
    inner: list[int]  # the loops within a turn


@dataclass(slots=True)
class _Writer:
    sweep: Sweep
    areas: dict[int, Area] = field(default_factory=dict)
    constants: list[Any] = field(default_factory=list)
    spots: list[tuple[int, NDArray[np.int64]]] = field(default_factory=list)
    plain: list[tuple[Moving, bool]] = field(default_factory=list)
    targets: list[Moving] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def source(self) -> str:
        """Return the text of a function ``run`` that computes the sweep on its arenas."""
        self._survey()
        self._sweep(self.sweep, {}, 1)
        names = [name for sheet in self.areas for name in (f"m{sheet}", f"k{sheet}")]
        names += [f"c{index}" for index in range(len(self.constants))]
        return f"def run({', '.join(names)}):\n" + "\n".join(self.lines) + "\n"

    def _survey(self) -> None:
        """Find the area of each sheet that is read or written, and refuse what is too wide or too much a turn."""
        windows: list[Moving] = []
        for unit in self.sweep.units:
            if unit.region.extent != (1, 1) or unit.offsets:
                raise Unsuited
            windows += [Moving(s.sheet, s.bounds.top, s.bounds.left, *s.bounds.shape, ()) for s in unit.fixed]
            frame = Frame.whole(unit.region)
            self.targets.append(target(unit.region, frame))
            windows += [self.targets[-1], *(_whole(read, unit) for read in unit.reads)]
        for unit, loops in _timed(self.sweep, ()):
            cells = math.prod(n for loop, n in enumerate(unit.region.counts) if loop not in loops)
            if cells > FEW_CELLS:
                raise Unsuited
        for sheet in sorted({window.sheet for window in windows}):
            bounds = [window.bounds for window in windows if window.sheet == sheet]
            self.areas[sheet] = Area(
                sheet,
                min(area.top for area in bounds),
                min(area.left for area in bounds),
                max(area.bottom for area in bounds),
                max(area.right for area in bounds),
            )
        written = sum(unit.region.size for unit in self.sweep.units)
        if sum(area.height * area.width for area in self.areas.values()) > min(64 * written + 65_536, MOST_ARENA):
            raise Unsuited

    def _sweep(self, sweep: Sweep, outer: dict[int, dict[int, Turns]], depth: int) -> None:
        times = sweep.times
        self._line(depth, f"for t{depth} in range({times.start}, {times.stop}):")
        for item in sweep.body:
            inside = {number: dict(loops) for number, loops in outer.items()}
            for number, turn in sweep.turns.items():
                inside.setdefault(number, {})[turn.loop] = turn
            if isinstance(item, Sweep):
                self._guarded_sweep(item, sweep, inside, depth)
            else:
                self._unit(item.unit, sweep.turns[item.unit.number], times, inside[item.unit.number], depth)

    def _guarded_sweep(self, item: Sweep, sweep: Sweep, inside: dict[int, dict[int, Turns]], depth: int) -> None:
        spans = {sweep.turns[number].span for number in item.turns}
        if spans != {(sweep.times.start, sweep.times.stop - 1)}:
            raise Unsuited
        self._indices(sweep, depth)
        self._sweep(item, inside, depth + 1)

    def _indices(self, sweep: Sweep, depth: int) -> None:
        """Set the index of the timed loop of every unit of a sweep that holds an inner one."""
        for number, turn in sweep.turns.items():
            if turn.loop >= 0:
                sign = f"t{depth} - {turn.first}" if turn.forward else f"{turn.first} - t{depth}"
                self._line(depth + 1, f"i{number}_{turn.loop} = {sign}")

    def _unit(self, unit: Unit, turn: Turns, times: range, timed: dict[int, Turns], depth: int) -> None:
        depth += 1
        low, high = turn.span
        if (low, high) != (times.start, times.stop - 1):
            self._line(depth, f"if {low} <= t{depth - 1} <= {high}:")
            depth += 1
        if turn.loop >= 0:
            here = f"t{depth - 1}" if (low, high) == (times.start, times.stop - 1) else f"t{depth - 2}"
            sign = f"{here} - {turn.first}" if turn.forward else f"{turn.first} - {here}"
            self._line(depth, f"i{unit.number}_{turn.loop} = {sign}")
        inner = [loop for loop in range(len(unit.region.counts)) if loop not in timed]
        for loop in inner:
            self._line(depth, f"for i{unit.number}_{loop} in range({unit.region.counts[loop]}):")
            depth += 1
        assert unit.program is not None
        self._store(unit, unit.program, depth)

    def _store(self, unit: Unit, program: Node, depth: int) -> None:
        place = target(unit.region, Frame.whole(unit.region))
        where = self._at(unit, place, 0, 0)
        if isinstance(program, Operate) and program.final:
            left, right = (self._number(unit, operand) for operand in program.operands)
            self._line(depth, f"a = {left}")
            self._line(depth, f"b = {right}")
            self._line(depth, f"r = a {program.operator} b")
            # Excel's zero: see `operators.binary`; q outgrows a at once unless the two all but cancelled
            self._line(depth, f"q = r * {2.0**50!r}")
            self._line(depth, "if -a < q < a or a < q < -a:")
            self._line(depth + 1, "if abs(q) < abs(b): r = 0.0")
            self._line(depth, f"{where} = r")
            return
        self._line(depth, f"{where} = {self._number(unit, program)}")

    def _line(self, depth: int, text: str) -> None:
        if len(text) > LONGEST:
            raise Unsuited
        self.lines.append("    " * depth + text)

    # expressions

    def _at(self, unit: Unit, window: Moving, down: int, across: int, name: str = "m") -> str:
        area = self.areas[window.sheet]
        width = area.width
        terms = [str((window.row - area.top + down) * width + window.column - area.left + across)]
        for loop, (count, rows, columns) in enumerate(window.loops):
            step = rows * width + columns
            if count > 1 and step:
                terms.append(f"i{unit.number}_{loop}" if step == 1 else f"i{unit.number}_{loop}*{step}")
        return f"{name}{window.sheet}[{'+'.join(terms)}]"

    def _number(self, unit: Unit, node: Node) -> str:
        code, logical = self._code(unit, node)
        if logical:
            raise Unsuited
        return code

    def _condition(self, unit: Unit, node: Node) -> str:
        code, logical = self._code(unit, node)
        return code if logical else f"({code} != 0.0)"

    def _code(self, unit: Unit, node: Node) -> Code:
        match node:
            case Const(bool() as value):
                return str(value), True
            case Const(float() as value):
                return self._constant(value), False
            case Given(index, _):
                return self._given(unit, index), False
            case View(height=1, width=1):
                return self._read(unit, node, strict=False)[0], False
            case Scattered(height=1, width=1):
                return self._gathered(unit, node), False
            case Operate(operator, operands, _):
                return self._operation(unit, operator, operands)
            case Select(condition, then, otherwise):
                return self._choice(unit, condition, then, otherwise)
            case Contract(left, right, transposed, _, _):
                return self._product(unit, left, right, transposed), False
            case Pick(View() | Growing() as table, row, column) if row is not None and column is not None:
                return self._picked(unit, table, row, column), False
            case Apply(function, arguments, -1):
                return self._call(unit, function, arguments)
        raise Unsuited

    def _constant(self, value: float) -> str:
        self.constants.append(value)
        return f"c{len(self.constants) - 1}"

    def _read(self, unit: Unit, view: View, strict: bool) -> list[str]:
        """Return the expressions of all cells of a window, row by row."""
        window = moving(view, Frame.whole(unit.region))
        if view.height * view.width > MOST_TERMS:
            raise Unsuited
        self.plain.append((window, strict))
        return [self._at(unit, window, down, across) for down in range(view.height) for across in range(view.width)]

    def _gathered(self, unit: Unit, node: Scattered) -> str:
        """Read a cell whose place stands in a table, turn by turn."""
        scatter, area, counts = (
            scatter_of(node, unit.region, Frame.whole(unit.region)),
            self.areas[node.sheet],
            unit.region.counts,
        )
        places = (scatter.rows - area.top) * area.width + scatter.columns - area.left
        self.spots.append((node.sheet, distinct_values(places)))
        return f"m{node.sheet}[{self._table(unit, np.broadcast_to(places, (*counts, 1, 1)))}]"

    def _given(self, unit: Unit, index: int) -> str:
        return self._table(unit, unit.region.numbers[index])

    def _table(self, unit: Unit, held: NDArray[Any]) -> str:
        """Return the expression of what a table, one element a formula, holds this turn."""
        self.constants.append(held.ravel().tolist())
        counts = unit.region.counts
        strides = [math.prod(counts[loop + 1 :]) for loop in range(len(counts))]
        index = "+".join(f"i{unit.number}_{loop}*{stride}" for loop, stride in enumerate(strides)) or "0"
        return f"c{len(self.constants) - 1}[{index}]"

    def _operation(self, unit: Unit, operator: str, operands: tuple[Node, ...]) -> Code:
        if operator in _COMPARE:
            left, right = (self._number(unit, operand) for operand in operands)
            return f"{_COMPARE[operator]}({left}, {right})", True
        parts = [self._arithmetic(unit, operand) for operand in operands]
        if operator == "unary -":
            return f"(0.0 - {parts[0]})", False
        if operator == "unary +":
            return parts[0], False
        if operator == "unary %":
            return f"({parts[0]} / 100.0)", False
        if operator == "^":
            return f"power({parts[0]}, {parts[1]})", False
        if operator in ("+", "-", "*", "/"):
            return f"({parts[0]} {operator} {parts[1]})", False
        raise Unsuited

    def _arithmetic(self, unit: Unit, node: Node) -> str:
        code, logical = self._code(unit, node)
        return f"float({code})" if logical else code

    def _choice(self, unit: Unit, condition: Node, then: Node, otherwise: Node) -> Code:
        test = self._condition(unit, condition)
        (a, a_logical), (b, b_logical) = self._code(unit, then), self._code(unit, otherwise)
        if a_logical != b_logical:
            raise Unsuited
        return f"({a} if {test} else {b})", a_logical

    def _product(self, unit: Unit, left: View, right: View, transposed: bool) -> str:
        a = self._read(unit, left, strict=transposed)
        b = self._read(unit, right, strict=transposed)
        return f"({' + '.join(f'{x}*{y}' for x, y in zip(a, b, strict=True))})"

    def _picked(self, unit: Unit, table: View | Growing, row: Node, column: Node) -> str:
        """Read a cell whose place is computed; what lies there is looked at when it is known."""
        places = []
        for node, size, steps in ((row, table.height, 0), (column, table.width, 1)):
            grown = 0 if isinstance(table, View) else self._growth(unit, table, steps)
            limit = str(size) if not grown else f"{size}+{grown}"
            if isinstance(node, Const) and isinstance(node.value, float) and not grown:
                index = int(node.value)
                if not 1 <= index <= size:
                    raise Unsuited
                places.append(str(index - 1))
            else:
                places.append(f"line({self._number(unit, node)}, {limit})")
        area = self.areas[table.sheet]
        first = Moving(table.sheet, table.row, table.column, 1, 1, _loops(table.steps, unit))
        base = self._at(unit, first, 0, 0)[len(f"m{table.sheet}[") : -1]
        where = f"{base}+{places[0]}*{area.width}+{places[1]}"
        return f"pick(m{table.sheet}, k{table.sheet}, {where})"

    def _growth(self, unit: Unit, table: Growing, axis: int) -> str:
        terms = []
        for loop, (first, last) in enumerate(zip(table.steps, table.last_steps, strict=True)):
            grown = last[axis] - first[axis]
            if grown:
                terms.append(f"i{unit.number}_{loop}*{grown}")
        return "+".join(terms)

    def _call(self, unit: Unit, function: str, arguments: tuple[Argument, ...]) -> Code:
        if function in _LOGICAL:
            parts = [
                self._condition(unit, argument.node) for argument in arguments if not isinstance(argument.node, View)
            ]
            if len(parts) < len(arguments):
                raise Unsuited
            return f"({_LOGICAL[function].join(parts)})", True
        if function == "NOT":
            return f"(not {self._condition(unit, arguments[0].node)})", True
        if function in _SCALAR and len(arguments) == _SCALAR[function]:
            return f"{function.lower()}_({', '.join(self._arithmetic(unit, a.node) for a in arguments)})", False
        if function in _REDUCTIONS:
            terms = [term for argument in arguments for term in self._terms(unit, argument, function != "SUM")]
            if not terms:
                raise Unsuited
            return _REDUCTIONS[function](terms), False
        raise Unsuited

    def _terms(self, unit: Unit, argument: Argument, strict: bool) -> Iterator[str]:
        if isinstance(argument.node, View):
            yield from self._read(unit, argument.node, strict)
        else:
            yield self._number(unit, argument.node)


def _whole(read: View | Growing, unit: Unit) -> Moving:
    from ..footprints import view_window

    return view_window(read, unit.region)


def _loops(steps: tuple[tuple[int, int], ...], unit: Unit) -> tuple[tuple[int, int, int], ...]:
    return tuple((count, *step) for count, step in zip(unit.region.counts, steps, strict=True))


def _timed(sweep: Sweep, outer: tuple[Sweep, ...]) -> Iterator[tuple[Unit, set[int]]]:
    """Yield each unit with the loops that are swept around it."""
    around = (*outer, sweep)
    for item in sweep.body:
        if isinstance(item, Whole):
            yield item.unit, {level.turns[item.unit.number].loop for level in around}
        else:
            yield from _timed(item, around)


# What the code calls. Comparisons are Excel's: numbers that agree to 15 digits are equal.


def _same(a: float, b: float) -> bool:
    if a == b:
        return True
    return abs(a - b) <= abs(a) * 1e-14 and f"{a:.14e}" == f"{b:.14e}"


def _less(a: float, b: float) -> bool:
    return a < b and not _same(a, b)


def _power(base: float, exponent: float) -> float:
    if base == 0.0 and exponent <= 0.0:
        raise Unfit
    return math.pow(base, exponent)


def _line(index: float, size: int) -> int:
    at = int(index)
    if not 1 <= at <= size:
        raise Unfit
    return at - 1


def _pick(numbers: list[float], kinds: bytes, at: int) -> float:
    if kinds[at] > Kind.NUMBER:
        raise Unfit
    return numbers[at]


def _mod(number: float, divisor: float) -> float:
    if abs(number) >= 1125900000000 * abs(divisor):
        raise Unfit
    return number % divisor


def _sign(number: float) -> float:
    return float((number > 0) - (number < 0))


_COMPARE = {"=": "same", "<>": "differ", "<": "less", ">": "more", "<=": "at_most", ">=": "at_least"}
_LOGICAL = {"AND": " and ", "OR": " or "}
_SCALAR = {"ABS": 1, "SQRT": 1, "EXP": 1, "LN": 1, "TANH": 1, "INT": 1, "SIGN": 1, "MOD": 2, "POWER": 2}
_REDUCTIONS: dict[str, Callable[[list[str]], str]] = {
    "SUM": lambda terms: f"({' + '.join(terms)})",
    "MAX": lambda terms: f"max({', '.join(terms)})" if len(terms) > 1 else terms[0],
    "MIN": lambda terms: f"min({', '.join(terms)})" if len(terms) > 1 else terms[0],
    "AVERAGE": lambda terms: f"(({' + '.join(terms)}) / {len(terms)})",
}
_HELPERS: dict[str, Any] = {
    "__builtins__": {"range": range, "abs": abs, "max": max, "min": min, "float": float},
    "same": _same,
    "differ": lambda a, b: not _same(a, b),
    "less": _less,
    "more": lambda a, b: _less(b, a),
    "at_most": lambda a, b: not _less(b, a),
    "at_least": lambda a, b: not _less(a, b),
    "power": _power,
    "line": _line,
    "pick": _pick,
    "abs_": abs,
    "sqrt_": math.sqrt,
    "exp_": math.exp,
    "ln_": math.log,
    "tanh_": math.tanh,
    "int_": lambda number: float(math.floor(number)),
    "sign_": _sign,
    "mod_": _mod,
    "power_": _power,
}
