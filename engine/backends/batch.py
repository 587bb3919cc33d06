"""Runs array programs for a whole batch at once: the machine of `backends.numpy` with one more axis before the loops.

Every value is (items or 1, *loops, rows, columns), laid out with the items innermost (`backends.layers`); reductions
over small windows go cell of the window by cell of the window, so that numpy always works along the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Floats, Kind, Values

from ..broadcasting import pad
from ..coercion import wrap
from ..context import Context
from ..grid import CELL_BUDGET, TooManyCells
from ..ir import Apply, Contract, Growing, Node, Pick, Prefix, View, shared, walk
from ..regions import Region
from ..windows import Frame, Scatter, moving, target
from .layers import Layers
from .numpy import EVALUATORS, Decline, Indices, _Evaluation, _failing, _numeric, line_codes
from .prefixes import run_prefix
from .products import FEW_TAPS, by_taps

MORE_TAPS = 4096  # the same for products whose sides both vary along the batch


class BatchMachine:
    """Computes regions for every item of a batch."""

    def __init__(self, layers: Layers, context: Context) -> None:
        self.layers = layers
        self.context = context

    def run(
        self, region: Region, program: Node, frame: Frame | None = None, common: frozenset[int] | None = None
    ) -> None:
        """Compute a region, or a part of its loops, for all items; raises `Decline`."""
        frame = frame or Frame.whole(region)
        common = shared(walk(program)) if common is None else common
        place = target(region, frame)
        try:
            evaluation = self.evaluation(region, program, frame, common)
            values = evaluation.value(program)
            self.layers.write(place, _filling(values, region, tuple(loop[0] for loop in place.loops)))
        except TooManyCells:
            raise Decline("an array beyond the cell budget") from None

    def evaluation(self, region: Region, program: Node, frame: Frame, common: frozenset[int]) -> BatchEvaluation:
        """Return what evaluates a program for all items."""
        return BatchEvaluation(self.layers, self.context, region, frame, common, program)


def _filling(values: Values, region: Region, counts: tuple[int, ...]) -> Values:
    """Fit results to what a region's formulas fill: (items or 1, *counts, height, width); an empty result is 0."""
    height, width = region.extent
    data, kind = values.data, values.kind
    if values.shape[-2:] != (height, width):
        if region.kind.name == "DYNAMIC":
            raise Decline("it spills over other cells than before")
        cut = Values(data[..., :height, :width], None if kind is None else kind[..., :height, :width])
        values = pad(cut, height, width)
        data, kind = values.data, values.kind
    if kind is not None and not kind.all():
        kind = np.where(kind == Kind.EMPTY, np.uint8(Kind.NUMBER), kind)
    items = data.shape[0] if data.ndim == len(counts) + 3 else 1
    shape = (items, *counts, height, width)
    return Values(np.broadcast_to(data, shape), None if kind is None else np.broadcast_to(kind, shape))


class BatchEvaluation(_Evaluation):
    """One evaluation of one program over a batch."""

    grid: Layers  # type: ignore[assignment]

    def __init__(
        self,
        grid: Layers,
        context: Context,
        region: Region,
        frame: Frame,
        common: frozenset[int],
        root: Node | None = None,
    ) -> None:
        super().__init__(grid, context, region, frame, common)  # type: ignore[arg-type]
        self.root = root

    def value(self, node: Node) -> Values:
        """Evaluate a node."""
        key = id(node)
        found = self.kept.get(key)
        if found is None:
            found = BATCH_EVALUATORS[type(node)](self, node)
            if key in self.common:
                self.kept[key] = found
        return found

    def view(self, node: View) -> Values:
        return self.grid.read(moving(node, self.frame))

    def growing(self, node: Growing) -> Values:
        raise Decline("a range that grows along the fill")

    def sorted(self, node: Apply) -> Values | None:
        return None

    def within(self, frame: Frame) -> BatchEvaluation:
        return BatchEvaluation(self.grid, self.context, self.region, frame, self.common)

    def apply(self, node: Apply) -> Values:
        seeds: Any = self.context.seed
        if isinstance(seeds, np.ndarray):  # one for each item
            self.context.seed = seeds.reshape((-1, *(1,) * (len(self.frame.counts) + 2)))  # type: ignore[assignment]
            try:
                return super().apply(node)
            finally:
                self.context.seed = seeds  # type: ignore[assignment]
        return super().apply(node)

    def contract(self, node: Contract) -> Values:
        left, right = self.value(node.left), self.value(node.right)
        if _numeric(left, node.blanks) and _numeric(right, node.blanks):
            with np.errstate(all="ignore"):
                result = contract(left.data, np.swapaxes(right.data, -1, -2) if node.transposed else right.data)
            if np.isfinite(result).all():
                return Values(result)
        return self.value(node.original)

    def prefix(self, node: Prefix) -> Values:
        result = run_prefix(node, self.grid.read, self.frame)
        if result is None:
            raise Decline("a running reduction over errors, or along several loops")
        return wrap(result[0], result[1], self.context.strings)

    def pick_growing(self, node: Pick, table: Growing) -> Values:
        lines = []
        for axis, (part, size) in enumerate(((node.row, table.height), (node.column, table.width))):
            steps = [(first[axis], last[axis]) for first, last in zip(table.steps, table.last_steps, strict=True)]
            line = self.line(part, self.along(size, tuple(last - first for first, last in steps)))
            start = self.along((table.row, table.column)[axis], tuple(first for first, _ in steps))
            lines.append(replace(line, index=line.index + start))
        cells = self._cells(table.sheet, lines[0].index, lines[1].index)
        return _failing(cells, line_codes(*lines))

    def gathered(self, scatter: Scatter) -> Values:
        return self._cells(scatter.sheet, *scatter.places())

    def _cells(self, sheet: int, rows: Indices, columns: Indices) -> Values:
        """Read cells at computed places, which may differ from item to item."""
        top, left = int(rows.min()), int(columns.min())
        values = self.grid.read_area(Area(sheet, top, left, int(rows.max()) + 1, int(columns.max()) + 1))
        rank = len(self.frame.counts) + 3
        item = np.arange(values.shape[0]).reshape((-1, *(1,) * (rank - 1)))
        at = item, rows - top, columns - left
        return Values(values.data[at], None if values.kind is None else values.kind[at])


def contract(left: Floats, right: Floats) -> Floats:
    """Sum ``left * right`` over the last two axes, (items or 1, *loops, m, n) each, giving (items, *loops, 1, 1)."""
    rank = max(left.ndim, right.ndim)
    left, right = (side.reshape((1,) * (rank - side.ndim) + side.shape) for side in (left, right))
    taps = left.shape[-1] * left.shape[-2]
    shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    apart = all(a == 1 or b == 1 for a, b in zip(left.shape[:-2], right.shape[:-2], strict=True))
    if taps > FEW_TAPS and apart:
        return _by_product(left, right)
    if taps <= (MORE_TAPS if math.prod(shape) >= FEW_TAPS else 0) and math.prod(shape) <= CELL_BUDGET:
        return by_taps(left, right)
    return np.asarray(np.einsum("...ij,...ij->...", left, right))[..., None, None]


def _by_product(left: Floats, right: Floats) -> Floats:
    """One matrix product: no axis varies on both sides."""
    if left.shape[0] > 1:
        left, right = right, left
    taps = left.shape[-1] * left.shape[-2]
    rows = left.reshape(-1, taps)  # (places of left, taps)
    places = right.shape[:-2]
    columns = np.moveaxis(right, (-2, -1, 0), (0, 1, -1)).reshape(taps, -1)  # (taps, loops of right · items)
    product = (rows @ columns).reshape((*left.shape[:-2], *places[1:], places[0]))
    # axes: left's batch (1), left's loops, right's loops, items; of each loop only one side's is longer than 1
    loops = len(places) - 1
    product = np.moveaxis(product, -1, 0)[:, 0]  # (items, left's loops, right's loops)
    order = [0] + [axis for loop in range(loops) for axis in (1 + loop, 1 + loops + loop)]
    full = tuple(max(a, b) for a, b in zip(left.shape[1:-2], places[1:], strict=True))
    return _merge_pairs(product.transpose(order), full)[..., None, None]


def _merge_pairs(array: NDArray[Any], full: tuple[int, ...]) -> NDArray[Any]:
    """Drop from each pair of loop axes the one of length 1."""
    drop = tuple(1 + 2 * loop + (1 if array.shape[2 + 2 * loop] == 1 else 0) for loop in range(len(full)))
    return np.squeeze(array, axis=drop)


BATCH_EVALUATORS: Mapping[type, Callable[[BatchEvaluation, Any], Values]] = {
    **EVALUATORS,
    View: BatchEvaluation.view,
    Apply: BatchEvaluation.apply,
    Pick: BatchEvaluation.pick,
    Contract: BatchEvaluation.contract,
    Prefix: BatchEvaluation.prefix,
}
