"""A batch machine that tells which items are settled alike: the same nodes evaluated, to the same kinds everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Kind, Values

from ..context import Context
from ..ir import Node, walk
from ..random import mixed
from ..regions import Region
from ..windows import Frame
from .batch import BatchEvaluation, BatchMachine
from .layers import Layers


class SettlingMachine(BatchMachine):
    """Computes regions for every item, and a mark for each: items with the same mark have the same kinds everywhere."""

    def __init__(self, layers: Layers, context: Context) -> None:
        super().__init__(layers, context)
        self.marks = np.zeros(layers.size, dtype=np.uint64)
        self.evaluations = 0

    def evaluation(self, region: Region, program: Node, frame: Frame, common: frozenset[int]) -> BatchEvaluation:
        places = {id(node): place for place, node in enumerate(walk(program))}
        return SettlingEvaluation(self, places, region, frame, common, program)

    def settle_cells(self) -> None:
        """Add the kinds of the cells themselves to the marks."""
        for number, overlay in enumerate(self.layers.overlays):
            data, kinds = np.moveaxis(overlay.data, -1, 0), np.moveaxis(overlay.all_kinds(), -1, 0)
            plain = (overlay.kind == Kind.NUMBER).all() and not overlay.mixed.any()
            self.note(-1 - number, Values(data, None if plain else kinds))

    def note(self, at: int, values: Values | None) -> None:
        """Add what was found at one point to the marks; None stands for what all items share."""
        where = np.uint64(at & 0xFFFFFFFFFFFFFFFF)
        self.marks += mixed(0, np.asarray(where))
        if values is None or values.kind is None:
            return
        codes = _codes(values)
        if len(codes) > 1 and (codes == codes[:1]).all():
            codes = codes[:1]
        self.marks += codes @ mixed(int(where), np.arange(1, codes.shape[1] + 1, dtype=np.uint64))


class SettlingEvaluation(BatchEvaluation):
    """One evaluation of one program over a batch, noted node by node."""

    def __init__(
        self,
        machine: SettlingMachine,
        places: dict[int, int],
        region: Region,
        frame: Frame,
        common: frozenset[int],
        root: Node | None = None,
    ) -> None:
        super().__init__(machine.layers, machine.context, region, frame, common, root)
        self.machine = machine
        self.places = places
        self.number = machine.evaluations
        machine.evaluations += 1

    def value(self, node: Node) -> Values:
        """Evaluate a node."""
        known = id(node) in self.kept
        found = super().value(node)
        if not known:
            shared = found.data.ndim < len(self.frame.counts) + 3  # it has no axis of items
            self.machine.note(self.number << 32 | self.places[id(node)], None if shared else found)
        return found

    def within(self, frame: Frame) -> BatchEvaluation:
        return SettlingEvaluation(self.machine, self.places, self.region, frame, self.common)


def _codes(values: Values) -> NDArray[np.uint64]:
    """Return 0 for numbers and other codes for other kinds, errors and texts apart: (items or 1, places)."""
    kinds = values.kinds
    if len(kinds) > 1 and (kinds.strides[0] == 0 or (kinds == kinds[:1]).all()):
        kinds = kinds[:1]
    codes = (kinds != Kind.NUMBER) * ((1 + kinds.astype(np.uint64)) << np.uint64(40))
    told = (kinds == Kind.ERROR) | (kinds == Kind.TEXT)
    if told.any():
        codes = codes + np.where(told, values.data, 0.0).astype(np.uint64)
    return np.ascontiguousarray(codes).reshape(len(codes), -1)
