"""Runs array programs on numpy: one method a node, each giving `Values` of shape (*loops, rows, columns)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area
from sheetgrad.sheets.values import Error, Floats, Kind, Values

from .. import operators
from ..broadcasting import fit, pad
from ..call import Argument as CallArgument
from ..call import apply
from ..coercion import logicals, merge_codes, numbers, texts, wrap
from ..context import Context
from ..context import Place as ContextPlace
from ..functions import find
from ..grid import Grid, TooManyCells, all_numbers
from ..ir import (
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
    shared,
    walk,
)
from ..looping import Decline
from ..masks import MASKED, factors_of
from ..regions import Region
from ..sizes import FEW_TURNS, Size, parts, sizes_of
from ..windows import Frame, Scatter, moving, read, scatter_of, target, write
from .masked import masked
from .prefixes import run_prefix
from .products import FOLDS, contract, fold
from .windowed import WINDOWED, windowed

if TYPE_CHECKING:
    from ..placing import Placed
    from .scalars import Prepared

Indices: TypeAlias = NDArray[np.int64]
_BEYOND = 2.0**40
SORTED = WINDOWED | MASKED  # functions that may test many places in many turns


@dataclass(frozen=True, slots=True)
class Line:
    """Rows or columns that INDEX picks: zero-based and clipped, error codes, and which lie outside of the table."""

    index: Indices
    codes: NDArray[np.uint8] | None = None
    below: NDArray[np.bool_] | None = None
    beyond: NDArray[np.bool_] | None = None


def line_codes(rows: Line, columns: Line) -> NDArray[np.uint8] | None:
    """Return INDEX's error codes: those of its arguments first, then #VALUE! below 0, then #REF! beyond the table."""
    codes = merge_codes(rows.codes, columns.codes)
    for line in (rows, columns):
        if line.below is not None:
            codes = merge_codes(codes, np.where(line.below, np.uint8(Error.VALUE.code), np.uint8(0)))
    for line in (rows, columns):
        if line.beyond is not None:
            codes = merge_codes(codes, np.where(line.beyond, np.uint8(Error.REF.code), np.uint8(0)))
    return codes


class Machine:
    """Computes regions on a grid."""

    def __init__(self, grid: Grid, context: Context) -> None:
        self.grid = grid
        self.context = context
        self.cells: Any = None  # the state of `backends.scalars`

    def run(
        self,
        region: Region,
        program: Node,
        frame: Frame | None = None,
        common: frozenset[int] | None = None,
        sizes: frozenset[Size] | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        """Compute a region, or a part of its loops, and store the results; raises `Decline`.

        ``common`` and ``sizes``: the program's shared nodes and `sizes_of` it, where they are known. ``prepared``: what
        else was found beforehand.
        """
        if prepared is not None and prepared.layout.areas != self.grid.flat.layout:
            prepared = None
        for part in _parts(program, frame or Frame.whole(region), sizes):
            here = prepared if part.counts == region.counts else None
            values = _filling(self.value(region, program, part, common, here), region, part.counts)
            try:
                if here is not None and here.layout.target is not None:
                    here.layout.target.write(self.grid.flat, values)
                else:
                    write(self.grid, target(region, part), values)
            except TooManyCells:
                raise Decline("its cells lie too far apart") from None

    def value(
        self,
        region: Region,
        program: Node,
        frame: Frame,
        common: frozenset[int] | None = None,
        prepared: Prepared | None = None,
    ) -> Values:
        """Evaluate an array program in a region's frame."""
        common = shared(walk(program)) if common is None else common
        evaluation = _Evaluation(self.grid, self.context, region, frame, common)
        evaluation.root = program
        if prepared is not None:
            evaluation.views = prepared.layout.views
            evaluation.invariants = {key: partial(each.value, self) for key, each in prepared.invariants.items()}
        try:
            return evaluation.value(program)
        except (TooManyCells, MemoryError, RecursionError, ArithmeticError):
            raise Decline("an array beyond the cell budget") from None

    def scatters(self, region: Region, node: Offset | Indirect) -> Sequence[Scatter]:
        """Return where an offset or a text leads over a whole region; raises `Decline`."""
        evaluation = _Evaluation(self.grid, self.context, region, Frame.whole(region), frozenset())
        try:
            if isinstance(node, Indirect):
                return evaluation.spelled_areas(node)[0]
            rows, columns, _ = evaluation.offset_places(node)
        except (TooManyCells, MemoryError, RecursionError, ArithmeticError):
            raise Decline("an array beyond the cell budget") from None
        return (Scatter(node.base.sheet, rows, columns, node.height, node.width, steps=node.base.steps),)


def _parts(program: Node, frame: Frame, sizes: frozenset[Size] | None) -> Iterable[Frame]:
    """Split a frame where the arrays in between would be too large; a few cells are never split."""
    if prod(frame.counts) < FEW_TURNS:
        return (frame,)
    return parts(frame, sizes_of(program) if sizes is None else sizes)


def _at_edge(node: Node) -> bool:
    """Tell whether a window may be whole columns or rows, of which only what is used is read."""
    return isinstance(node, Indirect) or (isinstance(node, View) and (node.row == 0 or node.column == 0))


def _filling(values: Values, region: Region, counts: tuple[int, ...]) -> Values:
    """Fit results to what formulas fill: a scalar formula takes the first element, an array is cut or padded."""
    height, width = region.extent
    rows, columns = values.shape[-2:]
    if (rows, columns) != (height, width):
        if region.kind.name == "DYNAMIC":
            raise Decline("it spills over other cells than before")
        values = Values(
            values.data[..., :height, :width], None if values.kind is None else values.kind[..., :height, :width]
        )
        values = pad(values, height, width)
    shape = (*counts, height, width)
    if values.data.shape == shape:
        return values
    kind = None if values.kind is None else np.broadcast_to(values.kind, shape)
    return Values(np.broadcast_to(values.data, shape), kind)


class _Evaluation:
    """One evaluation of one program; shared subexpressions are kept while it lasts."""

    def __init__(self, grid: Grid, context: Context, region: Region, frame: Frame, common: frozenset[int]) -> None:
        self.grid = grid
        self.context = context
        self.region = region
        self.frame = frame
        self.common = common
        self.kept: dict[int, Values] = {}
        self.root: Node | None = None  # what is evaluated, where its result goes to cells
        self.views: Mapping[int, Placed] = {}
        self.invariants: Mapping[int, Callable[[], Values | None]] = {}

    def value(self, node: Node) -> Values:
        """Evaluate a node."""
        key = id(node)
        found = self.kept.get(key)
        if found is None:
            if key in self.invariants:
                found = self.invariants[key]()
            if found is None:
                found = EVALUATORS[type(node)](self, node)
            if key in self.common:
                self.kept[key] = found
        return found

    # sources

    def const(self, node: Const) -> Values:
        return Values.of(node.value, self.context.strings)

    def given(self, node: Given) -> Values:
        return Values(self.region.given(node.index, self.frame.starts, self.frame.counts)[..., None, None])

    def const_array(self, node: ConstArray) -> Values:
        return Values.from_rows([[item.value for item in row] for row in node.rows], self.context.strings)

    def view(self, node: View) -> Values:
        placed = self.views.get(id(node))
        return read(self.grid, moving(node, self.frame)) if placed is None else placed.read(self.grid.flat)

    def growing(self, node: Growing) -> Values:
        raise Decline("a range that grows along the fill")

    def along(self, start: int, steps: tuple[int, ...]) -> Indices:
        """Return ``start`` moved by ``steps`` along the frame's loops: (*loops, 1, 1), of length 1 where it stays."""
        found = np.full((1,) * (len(steps) + 2), start, dtype=np.int64)
        for loop, (step, first, count) in enumerate(zip(steps, self.frame.starts, self.frame.counts, strict=True)):
            if step:
                shape = [1] * (len(steps) + 2)
                shape[loop] = count
                found = found + (np.arange(first, first + count) * step).reshape(shape)
        return found

    def place(self, node: Place) -> Values:
        line = np.arange(node.count)
        lines = self.along(node.start, node.steps) + (line[:, None] if node.axis == 0 else line)
        return Values(lines.astype(np.float64))

    # operations

    def operate(self, node: Operate) -> Values:
        if node.operator.startswith("unary "):
            return operators.unary(node.operator[6:], self.value(node.operands[0]), self.context)
        left, right = (self.value(operand) for operand in node.operands)
        return operators.binary(node.operator, left, right, self.context, final=node.final)

    def apply(self, node: Apply) -> Values:
        if node.function in SORTED:
            found = self.sorted(node)
            if found is None:
                found = self.apply_in_parts(node)
            if found is not None:
                return found
        return self.apply_whole(node)

    def apply_in_parts(self, node: Apply) -> Values | None:
        """Call a function part by part of the fill, where its arguments are beyond the budget; None where they are not.

        That only happens where `sorted` should have spared them, so `sizes` does not count them.
        """
        frames = [] if factors_of(node) is None else list(parts(self.frame, sizes_of(node.arguments[0].node)))
        if len(frames) < 2:
            return None
        results = [self.within(frame).apply_whole(node) for frame in frames]
        lead = results[0].data.shape[: -2 - len(self.frame.counts)]
        shape = (*lead, *self.frame.counts, *results[0].shape[-2:])
        data, kind = np.zeros(shape), np.zeros(shape, dtype=np.uint8)
        for frame, result in zip(frames, results, strict=True):
            edges = zip(frame.starts, frame.counts, self.frame.starts, strict=True)
            loops = [slice(at - first, at - first + count) for at, count, first in edges]
            place: tuple[Any, ...] = (..., *loops, slice(None), slice(None))
            data[place], kind[place] = result.data, result.kinds
        return Values(data, kind)

    def apply_whole(self, node: Apply) -> Values:
        """Call a function with its arguments as they are."""
        arguments = [
            CallArgument(self.value(argument.node), reference=argument.from_reference, missing=argument.missing)
            for argument in node.arguments
        ]
        return self.call(node, arguments)

    def sorted(self, node: Apply) -> Values | None:
        """Call a function for all turns of the fill by sorting what it tests, where it can be."""
        return windowed(self, node) if node.function in WINDOWED else masked(self, node)

    def within(self, frame: Frame) -> _Evaluation:
        """Return an evaluation of a part of the frame."""
        return _Evaluation(self.grid, self.context, self.region, frame, self.common)

    def call(self, node: Apply, arguments: Sequence[CallArgument]) -> Values:
        """Call the function of a node."""
        function = find(node.function)
        assert function is not None, f"{node.function} was there when the formula was lifted"
        if node.function in FOLDS and all(argument.values.kind is None for argument in arguments):
            folded = fold(node.function, [argument.values.data for argument in arguments])
            if folded is not None:
                return wrap(folded, None, self.context.strings)
        if function.wants_context:
            self.context.place = self.context_place()
            self.context.draws = max(node.draw, 0)
        return apply(function, arguments, self.context)

    def context_place(self) -> ContextPlace:
        rows, columns = (
            self.along(int(self.region.origin[axis]), tuple(int(step) for step in self.region.steps[:, axis]))
            for axis in (0, 1)
        )
        return ContextPlace(self.region.sheet, rows, columns)

    # choices

    def select(self, node: Select) -> Values:
        condition, codes = logicals(self.value(node.condition), self.context.strings)
        if codes is None and condition.all():
            return self._like(self.value(node.then), condition)
        if codes is None and not condition.any():
            return self._like(self.value(node.otherwise), condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        self._check_even(node, condition.shape, (then, otherwise), codes)
        return _where(condition, then, otherwise, codes)

    @staticmethod
    def _like(values: Values, condition: NDArray[np.bool_]) -> Values:
        """Let a branch that is taken everywhere have at least the rows and columns of the condition."""
        if condition.shape[-2:] == (1, 1) or condition.shape[-2:] == values.shape[-2:]:
            return values
        return _where(np.ones(condition.shape, dtype=bool), values, values, None)

    def _check_even(
        self, node: Node, shape: tuple[int, ...], chosen: Sequence[Values], codes: NDArray[np.uint8] | None
    ) -> None:
        """Raise `Decline` where what is chosen has other sizes in one cell of a fill than in another.

        It makes no difference where an area of cells that is no larger takes the result.
        """
        sizes = {values.shape[-2:] for values in chosen}
        if shape[-2:] == (1, 1):
            uneven = len(sizes) > 1 or (codes is not None and bool(codes.any()) and bool(sizes - {(1, 1)}))
        else:
            uneven = any(rows > shape[-2] or columns > shape[-1] for rows, columns in sizes)
        if not uneven:
            return
        most = (max(length) for length in zip(shape[-2:], *sizes, strict=True))
        covered = all(length in (1, max(length, own)) for length, own in zip(most, self.region.extent, strict=True))
        root = self.root if covered and self.region.kind.name != "DYNAMIC" else None
        if root is None or not any(each is node for each in _outermost(root)):
            raise Decline("a choice between arrays of different sizes")

    def choose(self, node: Choose) -> Values:
        data, codes = numbers(self.value(node.index), self.context.strings, self.context.date1904)
        index = np.trunc(data)
        chosen: list[Values] = []
        result = Values.of(Error.VALUE, self.context.strings)
        for number, option in enumerate(node.options, 1):
            here = index == number
            if here.any():
                value = self.value(option)
                chosen.append(value)
                result = value if here.all() else _where(here, value, result, None)
        self._check_even(node, index.shape, chosen, codes)
        return _failing(self._like(result, index > 0), codes)

    def recover(self, node: Recover) -> Values:
        value = self.value(node.value)
        if value.kind is None:
            return value
        failed = value.kind == Kind.ERROR
        if node.only_na:
            failed &= value.data == Error.NA.code
        if not failed.any():
            return value
        fallback = self.value(node.fallback)
        if fallback.shape[-2:] != (1, 1):
            self._check_even(node, value.shape, (value, fallback), None)
        return _where(failed, fallback, value, None)

    # lookups by position

    def pick(self, node: Pick) -> Values:
        if isinstance(node.table, Growing):
            return self.pick_growing(node, node.table)
        table = self.value(node.table)
        rows, columns = self.rows_of(node, table.shape[-2]), self.line(node.column, table.shape[-1])
        codes = line_codes(rows, columns)
        cut = _at_edge(node.table) and not (rows.beyond is None and columns.beyond is None)
        if codes is not None and (cut or node.row is None or node.column is None):
            raise Decline("INDEX of a line, or of whole columns or rows, beyond the cells there are")
        return _failing(_gather(table, rows.index, columns.index), codes)

    def pick_growing(self, node: Pick, table: Growing) -> Values:
        """Read single cells of a window that grows: only the chosen ones are looked at."""
        lines = []
        for axis, (part, size) in enumerate(((node.row, table.height), (node.column, table.width))):
            steps = [(first[axis], last[axis]) for first, last in zip(table.steps, table.last_steps, strict=True)]
            line = self.line(part, self.along(size, tuple(last - first for first, last in steps)))
            start = self.along((table.row, table.column)[axis], tuple(first for first, _ in steps))
            lines.append(replace(line, index=line.index + start))
        rows, columns = (line.index for line in lines)
        top, left = int(rows.min()), int(columns.min())
        values = self.grid.read(Area(table.sheet, top, left, int(rows.max()) + 1, int(columns.max()) + 1))
        at = rows - top, columns - left
        found = Values(values.data[at], None if values.kind is None else values.kind[at])
        return _failing(found, line_codes(*lines))

    def rows_of(self, node: Pick, height: int) -> Line:
        """Return the rows that INDEX picks, downwards where it takes all."""
        return Line(np.arange(height)[:, None]) if node.row is None else self.line(node.row, height)

    def line(self, node: Node | None, size: int | Indices) -> Line:
        """Return which rows or columns INDEX picks of so many; None for all, to the right."""
        if node is None:
            return Line(np.arange(int(size)))
        data, codes = numbers(self.value(node), self.context.strings, self.context.date1904)
        index = _whole_numbers(data)
        if ((index == 0) & (codes == 0 if codes is not None else True)).any():
            raise Decline("INDEX of a whole line chosen at run time")
        below, beyond = index < 0, index > size
        outside = below.any() or beyond.any()
        return Line(np.clip(index - 1, 0, size - 1), codes, below if outside else None, beyond if outside else None)

    def offset(self, node: Offset) -> Values:
        rows, columns, codes = self.offset_places(node)
        lone = (node.height, node.width) == (1, 1) and node.takes == "cells"
        if codes is not None and codes.any() and not (lone or node.takes == "areas"):
            raise Decline("OFFSET that leads nowhere, where a range is expected")
        return _failing(self.gathered(Scatter(node.base.sheet, rows, columns, node.height, node.width)), codes)

    def indirect(self, node: Indirect) -> Values:
        """Read areas on one sheet or several; an error is one cell, with empty ones around it in larger areas."""
        areas, codes = self.spelled_areas(node)
        if not areas:
            return Values(codes.astype(np.float64), np.full(codes.shape, int(Kind.ERROR), dtype=np.uint8))
        failed = codes != 0
        if len(areas) == 1 and areas[0].own is None and not failed.any():
            return self.gathered(areas[0])
        data, kind = np.zeros(()), np.zeros((), dtype=np.uint8)
        for area in areas:
            read, mask = self.gathered(area), area.mask
            here = True if mask is None else mask
            data, kind = np.where(here, read.data, data), np.where(here, read.kinds, kind)
        first = (..., slice(1), slice(1))
        data[first] = np.where(failed, codes, data[first])
        kind[first] = np.where(failed, np.uint8(Kind.ERROR), kind[first])
        return Values(data) if all_numbers(kind) else Values(data, kind)

    def spelled_areas(self, node: Indirect) -> tuple[list[Scatter], NDArray[np.uint8]]:
        """Return the areas that texts spell, sheet by sheet, and error codes (#REF! where one spells none)."""
        words, codes = texts(self.value(node.text), self.context.strings)
        if words.shape[-2:] != (1, 1):
            raise Decline("INDIRECT of several texts at once")
        place = self.context_place()
        areas, codes = node.spelling.scatters(words, codes, node.a1, (place.row, place.column), node.takes)
        if node.takes == "cell" and any((area.height, area.width) != (1, 1) for area in areas):
            raise Decline("INDIRECT of a range where a value is expected")
        if node.takes in ("range", "whole") and codes.any():
            raise Decline("INDIRECT of a text that is no reference, where a range is expected")
        return areas, codes

    def scattered(self, node: Scattered) -> Values:
        return self.gathered(scatter_of(node, self.region, self.frame))

    def gathered(self, scatter: Scatter) -> Values:
        """Read windows at scattered places: (*loops, height, width)."""
        area, at = scatter.bounds, scatter.inside
        values = self.grid.read(area)
        return Values(values.data[at], None if values.kind is None else values.kind[at])

    def offset_places(self, node: Offset) -> tuple[Indices, Indices, NDArray[np.uint8] | None]:
        """Return the first row and column of each displaced window, and error codes (#REF! off the sheet)."""
        moves, codes = [], None
        for part in (node.rows, node.columns):
            data, own = numbers(self.value(part), self.context.strings, self.context.date1904)
            moves.append(_whole_numbers(data))
            codes = merge_codes(codes, own)
        rows = self.along(node.base.row, tuple(step[0] for step in node.base.steps)) + moves[0]
        columns = self.along(node.base.column, tuple(step[1] for step in node.base.steps)) + moves[1]
        outside = (rows < 0) | (columns < 0) | (rows + node.height > MAX_ROWS) | (columns + node.width > MAX_COLUMNS)
        if outside.any():
            codes = merge_codes(codes, np.where(outside, np.uint8(Error.REF.code), np.uint8(0)))
        if codes is not None:
            failed = codes != 0
            rows, columns = np.where(failed, node.base.row, rows), np.where(failed, node.base.column, columns)
        return rows, columns, codes

    # reductions

    def contract(self, node: Contract) -> Values:
        left, right = self.value(node.left), self.value(node.right)
        if _numeric(left, node.blanks) and _numeric(right, node.blanks):
            with np.errstate(all="ignore"):
                result = contract(left.data, right.data, node.transposed)
            if np.isfinite(result).all():
                return Values(result)
        return self.value(node.original)

    def prefix(self, node: Prefix) -> Values:
        result = run_prefix(node, partial(read, self.grid), self.frame)
        if result is None:
            raise Decline("a running reduction over errors, or along several loops")
        return wrap(result[0], result[1], self.context.strings)


def _whole_numbers(data: Floats) -> Indices:
    """Cut off what is behind the point; what is beyond all sheets stays so."""
    return np.trunc(data).clip(-_BEYOND, _BEYOND).astype(np.int64)


def _numeric(values: Values, blanks: bool) -> bool:
    return values.kind is None or (blanks and bool(values.kind.max(initial=0) <= Kind.NUMBER))


def _failing(values: Values, codes: NDArray[np.uint8] | None) -> Values:
    """Put error codes over values."""
    return values if codes is None else _where(np.ones(codes.shape, dtype=bool), values, values, codes)


def _outermost(node: Node) -> Iterator[Node]:
    """Yield the choices whose results go to cells as they are: the outermost one, and those that it chooses from."""
    match node:
        case Select(_, then, otherwise) | Recover(then, otherwise, _):
            yield from (node, *_outermost(then), *_outermost(otherwise))
        case Choose(_, options):
            yield from (node, *(each for option in options for each in _outermost(option)))


def _where(condition: NDArray[np.bool_], then: Values, otherwise: Values, codes: NDArray[np.uint8] | None) -> Values:
    """Choose element by element, by Excel's broadcasting; error codes stand over both."""
    chooser = Values(condition.astype(np.float64))
    chooser, then, otherwise = fit((chooser, then, otherwise))
    taken = chooser.data != 0
    data = np.where(taken, then.data, otherwise.data)
    padded = chooser.kind is not None
    if then.kind is None and otherwise.kind is None and codes is None and not padded:
        return Values(data)
    kind = np.where(taken, then.kinds, otherwise.kinds)
    if padded:
        unfit = chooser.kinds == Kind.ERROR
        data, kind = np.where(unfit, chooser.data, data), np.where(unfit, np.uint8(Kind.ERROR), kind)
    if codes is not None:
        if padded and codes.ndim >= 2:
            full = np.zeros((*codes.shape[:-2], *chooser.shape[-2:]), dtype=np.uint8)
            full[..., : condition.shape[-2], : condition.shape[-1]] = codes
            codes = full
        failed = codes != 0
        data = np.where(failed, codes.astype(np.float64), data)
        kind = np.where(failed, np.uint8(Kind.ERROR), kind)
    return Values(data, kind)


def _gather(table: Values, rows: Indices, columns: Indices) -> Values:
    """Take elements of (*loops, r, c) at rows and columns that may vary along the loops."""
    loops = table.shape[:-2]
    if all(length == 1 for length in loops):
        data = table.data.reshape(table.shape[-2:])
        kind = None if table.kind is None else table.kind.reshape(table.shape[-2:])
        at: tuple[Any, ...] = (rows, columns)
    else:
        data, kind = table.data, table.kind
        grids = np.ogrid[tuple(slice(length) for length in loops)]
        at = (*(grid[..., None, None] for grid in grids), rows, columns)
    return Values(data[at], None if kind is None else kind[at])


EVALUATORS: Mapping[type, Callable[[_Evaluation, Any], Values]] = {
    Const: _Evaluation.const,
    Given: _Evaluation.given,
    ConstArray: _Evaluation.const_array,
    View: _Evaluation.view,
    Growing: _Evaluation.growing,
    Place: _Evaluation.place,
    Operate: _Evaluation.operate,
    Apply: _Evaluation.apply,
    Select: _Evaluation.select,
    Choose: _Evaluation.choose,
    Recover: _Evaluation.recover,
    Pick: _Evaluation.pick,
    Offset: _Evaluation.offset,
    Indirect: _Evaluation.indirect,
    Scattered: _Evaluation.scattered,
    Contract: _Evaluation.contract,
    Prefix: _Evaluation.prefix,
}

__all__ = ["Decline", "Floats", "Machine"]
