"""From the array program to a tape: which numbers flow where, all else settled by a computation that is finished.

The grid already holds every value. A region is traced by evaluating its nodes once more on numpy, for the kinds, while
the numbers that depend on the parameters are followed on the tape. A cell remembers the slot, and the place in it, that
its number came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import cell_name, quote_sheet, range_name
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Floats, Kind, Values

from .backends.numpy import Machine, _Evaluation, _gather
from .backends.prefixes import running
from .coercion import logicals, numbers
from .context import Context
from .footprints import Marks
from .grid import Grid
from .ir import (
    Apply,
    Choose,
    Const,
    ConstArray,
    Contract,
    Given,
    Growing,
    Indirect,
    Node,
    Offset,
    Operate,
    Pick,
    Place,
    Prefix,
    Recover,
    Scattered,
    Select,
    View,
    walk,
)
from .regions import Region
from .tape import Tape
from .windows import Frame, Moving, moving, read, scatter_of, target

CONSTANT = Const | ConstArray | Given | Place
CONSTANT_CELL, SPELLED = -1, -2  # marks of cells that have no slot; texts made of numbers that are followed
COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})


class Untraceable(Exception):
    """What a number goes through has no derivative that is known; the message names it."""


@record
class Dual:
    """What a node gives: its values, and the slot of the tape that holds its numbers (None: they are constant).

    ``spelled``: texts among the values were made of numbers that are followed; what reads numbers from them is lost.
    """

    values: Values
    slot: int | None = None
    spelled: bool = False


class Tracer:
    """Traces units onto a tape. A `program.Runner`: sweeps are traced turn by turn."""

    def __init__(
        self, grid: Grid, context: Context, tape: Tape, sheets: Sequence[str], everything: bool = False
    ) -> None:
        self.grid = grid
        self.sheets = sheets
        self.context = context
        self.tape = tape
        self.everything = everything  # constants are followed, too: to compute all there is on the tape
        self.lacking: dict[
            str, list[Region]
        ] = {}  # what had to be taken as constant → where, if everything is followed
        self.slots = Marks(grid, CONSTANT_CELL)
        self.places = Marks(grid, 0)
        self._constants: dict[tuple[Any, ...], int] = {}

    def run(
        self, region: Region, program: Node, frame: Frame | None = None, common: frozenset[int] | None = None
    ) -> None:
        """Trace a region, or a part of its loops. Raises `Untraceable`, `Decline`."""
        frame = frame or Frame.whole(region)
        trace = _Trace(self, region, frame, frozenset(id(node) for node in walk(program)))
        trace.evaluation.root = program
        found = trace.dual(program)
        window = target(region, frame)
        counts = tuple(loop[0] for loop in window.loops)
        shape = (*counts, *region.extent)
        if found.spelled:
            self.slots.write(window, SPELLED)
            return
        if found.slot is None:
            if not self.everything:
                self.slots.write(window, CONSTANT_CELL)
                return
            found = Dual(found.values, trace.number(found))
        height, width = region.extent
        slot = trace.cut(found, height, width, shape)
        area = window.bounds
        place = f"{quote_sheet(self.sheets[area.sheet])}!{range_name(area.top, area.left, area.bottom, area.right)}"
        self.tape.labels.setdefault(slot, place)
        self.place(window, slot)

    def place(self, window: Moving, slot: int) -> None:
        """Note that the cells of a window hold a slot's numbers, in order."""
        shape = (*(loop[0] for loop in window.loops), window.height, window.width)
        self.slots.write(window, slot)
        self.places.write(window, np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape))

    def parameter(self, area: Area, array: Any) -> int:
        """Make the cells of an area a parameter."""
        slot = self.tape.parameter(array)
        self.grid.cover([area])
        self.place(Moving(area.sheet, area.top, area.left, area.height, area.width, ()), slot)
        return slot

    def read(self, window: Moving, values: Values) -> int | None:
        """Return a slot with the numbers of a window, or None where they are constant."""
        return self.cells(self.slots.look(window), self.places.look(window), values)

    def cells(self, slots: NDArray[np.int32], places: NDArray[np.int32], values: Values) -> int | None:
        """Return a slot with the numbers at places of slots; ``values`` are those of the cells that have none."""
        distinct = np.unique(slots)
        if distinct[-1] < 0:
            return self.constant(values.data) if self.everything else None
        if len(distinct) == 1:
            return self.gathered(int(distinct[0]), places)
        parts: list[int] = []
        index, start = np.zeros(slots.shape, dtype=np.int64), 0
        for slot in distinct.tolist():
            here = slots == slot
            if slot < 0:
                part = self.constant(np.broadcast_to(values.data, slots.shape)[here])
                index[here] = start + np.arange(int(here.sum()))
            else:
                part = slot
                index[here] = start + places[here]
            parts.append(part)
            start += int(np.prod(self.tape.shape(part)))
        return self.gathered(self.tape.record("cat", parts), index)

    def gathered(self, slot: int, index: NDArray[Any]) -> int:
        """Return a slot with the elements of another at flat places."""
        shape = self.tape.shape(slot)
        flat = np.ascontiguousarray(index).ravel().astype(np.int64)
        if flat.size == int(np.prod(shape)) and (flat == np.arange(flat.size)).all():
            return slot if shape == index.shape else self.tape.record("reshape", [slot], tuple(index.shape))
        return self.tape.record("gather", [slot], flat, tuple(index.shape))

    def constant(self, array: Floats | float) -> int:
        """Return a slot with a constant; equal ones share one."""
        array = np.asarray(array, dtype=np.float64)
        key = (array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tape.constant(array)
        return self._constants[key]


class _Trace:
    """The trace of one program in one frame."""

    def __init__(self, tracer: Tracer, region: Region, frame: Frame, nodes: frozenset[int]) -> None:
        self.tracer = tracer
        self.tape = tracer.tape
        self.region = region
        self.frame = frame
        self.evaluation = _Evaluation(tracer.grid, tracer.context, region, frame, nodes)
        self.kept: dict[int, Dual] = {}

    def dual(self, node: Node) -> Dual:
        """Trace a node."""
        found = self.kept.get(id(node))
        if found is None:
            method = METHODS.get(type(node))
            if method is None and not isinstance(node, CONSTANT):
                raise Untraceable(f"{type(node).__name__} of its array program has no derivative")
            found = method(self, node) if method is not None else Dual(self.evaluation.value(node))
            self.kept[id(node)] = found
        return found

    def record(self, name: str, slots: Sequence[int], *fixed: Any) -> int:
        return self.tape.record(name, slots, *fixed)

    def constant(self, array: Floats | float) -> int:
        return self.tracer.constant(array)

    def spells(self, duals: Sequence[Dual]) -> bool:
        """Note that a text is made of numbers that are followed, if any of these is one."""
        if all(dual.slot is None and not dual.spelled for dual in duals) or self.tracer.everything:
            return False
        self.tape.freeze(f"a text made of numbers in {self.where()}")
        return True

    def refuse_spelled(self, duals: Sequence[Dual], what: str) -> None:
        """Refuse to read numbers from texts that were made of numbers."""
        if any(dual.spelled for dual in duals):
            raise Untraceable(f"{what} reads a text made of numbers")

    def number(self, dual: Dual) -> int:
        """Return a slot with what a value is as a number: empty 0, logicals 0 or 1, numeric text read."""
        values = dual.values
        context = self.tracer.context
        if dual.spelled and (values.kinds == Kind.TEXT).any():
            self.refuse_spelled([dual], "a calculation")
        if dual.slot is None:
            return self.constant(numbers(values, context.strings, context.date1904)[0])
        if values.kind is None:
            return dual.slot
        own = (values.kind == Kind.NUMBER) | (values.kind == Kind.BOOL)
        if own.all():
            return dual.slot
        return self.masked(dual.slot, own, numbers(values, context.strings, context.date1904)[0])

    def masked(self, slot: int, mask: NDArray[np.bool_], other: Floats | float = 0.0) -> int:
        """Return a slot with its numbers where a mask holds, and constants elsewhere."""
        if mask.all():
            return slot
        rest = self.constant(np.where(mask, 0.0, other))
        return self.record("where", [self.flags(mask), slot, rest])

    def flags(self, mask: NDArray[np.bool_]) -> int:
        """Return a slot with a mask."""
        key = ("mask", mask.shape, mask.tobytes())
        found = self.tracer._constants.get(key)
        if found is None:
            found = self.tracer._constants[key] = self.tape._add(self.tape.library.fixed(np.array(mask)), None)
        return found

    def shaped(self, slot: int, shape: tuple[int, ...]) -> int:
        """Return a slot broadcast to a shape."""
        return slot if self.tape.shape(slot) == shape else self.record("expand", [slot], shape)

    def cut(self, dual: Dual, height: int, width: int, shape: tuple[int, ...]) -> int:
        """Return what fills the cells of a region: cut, or repeated, to (*counts, height, width)."""
        assert dual.slot is not None
        own = self.tape.shape(dual.slot)
        rows, columns = own[-2:]
        if (rows, columns) != (height, width) and not (rows in (1, height) and columns in (1, width)):
            size = int(np.prod(own))
            index = np.arange(size).reshape(own)[..., :height, :width]
            padded = np.zeros((*own[:-2], height, width), dtype=np.int64)  # what is beyond holds #N/A
            padded[..., : index.shape[-2], : index.shape[-1]] = index
            return self.shaped(self.tracer.gathered(dual.slot, padded), shape)
        return self.shaped(dual.slot, shape)

    # nodes

    def view(self, node: View) -> Dual:
        values, window = self.evaluation.value(node), moving(node, self.frame)
        return Dual(values, self.tracer.read(window, values), bool((self.tracer.slots.look(window) == SPELLED).any()))

    def operate(self, node: Operate) -> Dual:
        values = self.evaluation.value(node)
        duals = [self.dual(operand) for operand in node.operands]
        if node.operator == "unary +":
            return duals[0]
        if node.operator == "&":
            return Dual(values, spelled=self.spells(duals))
        if all(dual.slot is None for dual in duals):
            if node.operator not in COMPARISONS:
                self.refuse_spelled(duals, node.operator)
            return Dual(values)
        if node.operator in COMPARISONS:
            return Dual(values, self._comparison(node, values, duals))
        slots = [self.number(dual) for dual in duals]
        self._fits(slots, node.operator)
        name = {"unary -": "negate", "unary %": "percent"}.get(node.operator, node.operator)
        if node.final and name in ("+", "-"):
            name = f"final {name}"
        return Dual(values, self.record(name, slots))

    def _fits(self, slots: Sequence[int], what: str, shape: tuple[int, ...] = ()) -> None:
        try:
            np.broadcast_shapes(shape, *(self.tape.shape(slot) for slot in slots))
        except ValueError:
            raise Untraceable(f"{what} of arrays whose sizes differ") from None

    def _comparison(self, node: Operate, values: Values, duals: Sequence[Dual]) -> int:
        plain = [dual.values.kind is None or bool((dual.values.kind <= Kind.NUMBER).all()) for dual in duals]
        if not all(plain):
            self.tape.freeze(f"a comparison in {self.where()}")
            return self.constant(np.array(values.data))
        slots = [self.number(dual) for dual in duals]
        self._fits(slots, node.operator)
        return self.record(node.operator, slots)

    def where(self) -> str:
        """Return the first cell of the region in which this is, for messages."""
        sheet = self.tracer.sheets[self.region.sheet]
        return f"{quote_sheet(sheet)}!{cell_name(int(self.region.origin[0]), int(self.region.origin[1]))}"

    def apply(self, node: Apply) -> Dual:
        from .bodies import trace_call

        return trace_call(self, node)

    def select(self, node: Select) -> Dual:
        values = self.evaluation.value(node)
        condition = self.dual(node.condition)
        data, codes = logicals(condition.values, self.tracer.context.strings)
        holds = data & (codes == 0) if codes is not None else data
        taken = [branch for branch, met in ((node.then, holds), (node.otherwise, ~holds)) if met.any()]
        live = condition.slot is not None
        then, otherwise = (self._branch(branch, branch in taken) for branch in (node.then, node.otherwise))
        if then is None or otherwise is None:
            self.tape.freeze(f"a choice in {self.where()}")
            only = then or otherwise
            return Dual(values, None if only is None else only.slot)
        if then.slot is None and otherwise.slot is None and not live:
            return Dual(values)
        if not live and len(taken) == 1:
            return Dual(values, (then if taken[0] is node.then else otherwise).slot)
        slots = [self.number(then), self.number(otherwise)]
        self._fits(slots, "IF", holds.shape)
        if live and codes is None and self._numeric(condition):
            assert condition.slot is not None
            if not self._alike(then, otherwise):
                self.tape.freeze(f"a choice in {self.where()}", told=True)
            return Dual(values, self.record("if", [condition.slot, *slots]))
        if live:
            self.tape.freeze(f"a choice in {self.where()}")
        return Dual(values, self.record("where", [self.flags(np.asarray(holds)), *slots]))

    @staticmethod
    def _numeric(dual: Dual) -> bool:
        kind = dual.values.kind
        return kind is None or bool(((kind == Kind.NUMBER) | (kind == Kind.BOOL)).all())

    @staticmethod
    def _alike(one: Dual, other: Dual) -> bool:
        """Tell whether two branches hold numbers alike, so that which is taken changes no kind."""
        return all(dual.values.kind is None or bool((dual.values.kind == Kind.NUMBER).all()) for dual in (one, other))

    def _branch(self, node: Node, taken: bool) -> Dual | None:
        """Trace a branch; one that is not taken anywhere may turn out impossible."""
        if taken:
            return self.dual(node)
        try:
            return self.dual(node)
        except Exception:
            return None

    def choose(self, node: Choose) -> Dual:
        values = self.evaluation.value(node)
        index = self.dual(node.index)
        options = [self._branch(option, False) for option in node.options]
        known = [option for option in options if option is not None]
        if index.slot is None and all(option.slot is None for option in known):
            return Dual(values)
        if len(known) < len(options):
            raise Untraceable("CHOOSE between options of which some have no derivative")
        slots = [self.number(index), *(self.number(option) for option in known)]
        self._fits(slots, "CHOOSE")
        return Dual(values, self.record("chosen", slots))

    def recover(self, node: Recover) -> Dual:
        values = self.evaluation.value(node)
        value = self.dual(node.value)
        kind = value.values.kind
        if kind is None or not (failed := kind == Kind.ERROR).any():
            if value.slot is not None:
                self.tape.freeze(f"IFERROR in {self.where()}", told=True) if kind is not None else None
            return Dual(values, value.slot)
        if node.only_na:
            from sheetgrad.sheets.values import Error

            failed = failed & (value.values.data == Error.NA.code)
        fallback = self.dual(node.fallback)
        if value.slot is None and fallback.slot is None:
            return Dual(values)
        slots = [self.number(fallback), self.number(value)]
        self._fits(slots, "IFERROR")
        return Dual(values, self.record("where", [self.flags(failed), *slots]))

    def pick(self, node: Pick) -> Dual:
        values = self.evaluation.value(node)
        if isinstance(node.table, Growing):
            return Dual(values, self._pick_growing(node, node.table, values))
        table = self.dual(node.table)
        if table.slot is None:
            parts = [self.dual(part) for part in (node.row, node.column) if part is not None]
            if all(part.slot is None for part in parts):
                return Dual(values)
            table = Dual(table.values, self.number(table))
        assert table.slot is not None
        slot = self.shaped(table.slot, table.values.shape)
        lines = [None if part is None else self.dual(part) for part in (node.row, node.column)]
        if any(line is not None and line.slot is not None for line in lines) and None not in lines:
            return Dual(values, self.record("at", [slot, *(self.number(line) for line in lines if line is not None)]))
        if any(line is not None and line.slot is not None for line in lines):
            self.tape.freeze(f"INDEX in {self.where()}")
        rows = self.evaluation.rows_of(node, table.values.shape[-2]).index
        columns = self.evaluation.line(node.column, table.values.shape[-1]).index
        places = np.arange(table.values.data.size, dtype=np.float64).reshape(table.values.shape)
        index = _gather(Values(places), rows, columns).data
        return Dual(values, self.tracer.gathered(slot, index))

    def _pick_growing(self, node: Pick, table: Growing, values: Values) -> int | None:
        lines = []
        for axis, (part, size) in enumerate(((node.row, table.height), (node.column, table.width))):
            steps = [(first[axis], last[axis]) for first, last in zip(table.steps, table.last_steps, strict=True)]
            growth = self.evaluation.along(size, tuple(last - first for first, last in steps))
            if part is not None and self.dual(part).slot is not None:
                self.tape.freeze(f"INDEX in {self.where()}")
            index = self.evaluation.line(part, growth).index
            start = self.evaluation.along((table.row, table.column)[axis], tuple(first for first, _ in steps))
            lines.append(index + start)
        return self._scattered(table.sheet, lines[0], lines[1], values)

    def offset(self, node: Offset) -> Dual:
        values = self.evaluation.value(node)
        if any(self.dual(part).slot is not None for part in (node.rows, node.columns)):
            self.tape.freeze(f"OFFSET in {self.where()}")
        rows, columns, _ = self.evaluation.offset_places(node)
        at = rows + np.arange(node.height)[:, None], columns + np.arange(node.width)
        return Dual(values, self._scattered(node.base.sheet, *at, values))

    def indirect(self, node: Indirect) -> Dual:
        values = self.evaluation.value(node)
        text = self.dual(node.text)
        if text.slot is not None or text.spelled:
            self.tape.freeze(f"INDIRECT in {self.where()}")
        slots, places = np.full((), CONSTANT_CELL, dtype=np.int32), np.zeros((), dtype=np.int32)
        for area in self.evaluation.spelled_areas(node)[0]:
            found, at = self.tracer.slots.gather(area), self.tracer.places.gather(area)
            here = True if area.mask is None else area.mask
            slots, places = np.where(here, found, slots), np.where(here, at, places)
        shape = values.data.shape
        return Dual(values, self.tracer.cells(np.broadcast_to(slots, shape), np.broadcast_to(places, shape), values))

    def scattered(self, node: Scattered) -> Dual:
        values = self.evaluation.value(node)
        scatter = scatter_of(node, self.region, self.frame)
        return Dual(values, self._scattered(scatter.sheet, *scatter.places(), values))

    def _scattered(self, sheet: int, rows: NDArray[Any], columns: NDArray[Any], values: Values) -> int | None:
        top, left = int(rows.min()), int(columns.min())
        area = Area(sheet, top, left, int(rows.max()) + 1, int(columns.max()) + 1)
        at = rows - top, columns - left
        slots, places = self.tracer.slots.read(area)[at], self.tracer.places.read(area)[at]
        return self.tracer.cells(slots, places, values)

    def contract(self, node: Contract) -> Dual:
        values = self.evaluation.value(node)
        left, right = self.dual(node.left), self.dual(node.right)
        if left.slot is None and right.slot is None:
            return Dual(values)
        for side in (left, right):
            kind = side.values.kind
            if kind is not None and not (
                kind.max(initial=0) <= Kind.NUMBER and (node.blanks or kind.min() == Kind.NUMBER)
            ):
                return self.dual(node.original)
        slots = [self.number(left), self.number(right)]
        if node.transposed:
            slots[1] = self.record("transpose", [slots[1]])
        return Dual(values, self.record("contract", slots))

    def prefix(self, node: Prefix) -> Dual:
        values = self.evaluation.value(node)
        plan = running(node, self.frame)
        assert plan is not None
        cells = read(self.tracer.grid, plan.window)
        slot = self.tracer.read(plan.window, cells)
        if slot is None:
            return Dual(values)
        valid = cells.kinds == Kind.NUMBER
        return Dual(values, self._running(node.function, slot, valid, plan))

    def _running(self, function: str, slot: int, valid: NDArray[np.bool_], plan: Any) -> int:
        neutral = {"MAX": -np.inf, "MIN": np.inf, "PRODUCT": 1.0}.get(function, 0.0)
        slot = self.masked(slot, valid, neutral)
        if function == "COUNT":
            slot = self.constant(valid.astype(np.float64))
        if function == "SUMSQ":
            slot = self.record("*", [slot, slot])
        shape = self.tape.shape(slot)
        last = len(shape) - 1
        across = last + 1 + plan.across
        one = {"MAX": "greatest", "MIN": "least", "PRODUCT": "product"}.get(function, "sum")
        line = self.record(one, [self.record("move", [slot], across, last)])  # (*loops, longest)
        run = {"MAX": "running greatest", "MIN": "running least", "PRODUCT": "running product"}.get(
            function, "running sum"
        )
        line = self.record(run, [line])
        if function == "AVERAGE":
            counts = np.add.accumulate(valid.sum(axis=plan.across), axis=-1)
            line = self.record("/", [line, self.constant(counts.astype(np.float64))])
        places = np.arange(int(np.prod(self.tape.shape(line)))).reshape(self.tape.shape(line))
        return self.tracer.gathered(line, plan.placed(places)[..., None, None])


METHODS: Mapping[type, Callable[[_Trace, Any], Dual]] = {
    View: _Trace.view,
    Operate: _Trace.operate,
    Apply: _Trace.apply,
    Select: _Trace.select,
    Choose: _Trace.choose,
    Recover: _Trace.recover,
    Pick: _Trace.pick,
    Offset: _Trace.offset,
    Indirect: _Trace.indirect,
    Scattered: _Trace.scattered,
    Contract: _Trace.contract,
    Prefix: _Trace.prefix,
}

__all__ = ["Dual", "Machine", "Tracer", "Untraceable"]
