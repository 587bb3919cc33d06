"""A workbook as a plain function of arrays: values of some ranges in, of others out, with a batch axis in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import cell_name, quote_sheet
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Values

from .batching import Batch, Unbatchable, to_python
from .overlay import Setting, overridden, without_formulas
from .selection import clipped, resolve

if TYPE_CHECKING:
    from .workbook import Workbook


@dataclass(slots=True)
class Compiled:
    """Values in, values out, for any number of items.

    ``sequential`` says why the items are computed one after the other, each a recomputation, where they are.
    """

    workbook: Workbook
    inputs: Sequence[str]
    outputs: Sequence[str]
    now: datetime
    backend: str = "numpy"
    random: bool = False
    sequential: str | None = None
    areas: list[Area] = field(default_factory=list)  # of the inputs
    kept: list[Area] = field(default_factory=list)  # of the outputs; whole rows and columns end where cells do
    _batch: Batch | None = None

    def __post_init__(self) -> None:
        model = self.workbook.model
        self.areas = [clipped(resolve(model, name), self.workbook._stored) for name in self.inputs]
        blank = [Setting(area, Values(np.zeros((1, 1)))) for area in self.areas]
        computed = without_formulas(model, overridden(model, blank))
        self.kept = [clipped(resolve(model, name), self.workbook._stored) for name in self.outputs]
        if self.backend == "numpy":
            self._batch = Batch(computed, self.areas, self.kept, self.now, self.random)
        elif self.backend == "torch":
            from .batch_tapes import TapedBatch

            self._batch = TapedBatch(computed, self.areas, self.kept, self.now, self.random)
        else:
            self.sequential = f"the {self.backend} backend takes one item at a time"

    def affected(self, given: Sequence[Values], seed: int = 0) -> tuple[bool, ...]:
        """Tell for each output whether the inputs affect it at all."""
        assert self._batch is not None
        try:
            return self._batch.prepare(given, seed).reached
        except Unbatchable as reason:
            self.sequential = str(reason)
            return (True,) * len(self.outputs)

    def missing(self) -> dict[str, list[str]]:
        """Return the functions that the workbook needs and the engine lacks, with their cells."""
        outcome = None if self._batch is None else self._batch.outcome
        sheets = self.workbook.sheets
        return {
            function: [f"{quote_sheet(sheets[sheet])}!{cell_name(row, column)}" for sheet, row, column in cells]
            for function, cells in (outcome.unsupported.items() if outcome is not None else ())
        }

    def chunks(self, size: int) -> Iterator[slice]:
        """Yield the pieces in which a batch is computed."""
        step = self._batch.chunk() if self._batch is not None and self.sequential is None else 1
        yield from (slice(start, min(start + step, size)) for start in range(0, size, step))

    def run(
        self, given: Sequence[Values], size: int, seed: int | NDArray[np.uint64] = 0
    ) -> Iterator[list[NDArray[Any]]]:
        """Yield the outputs (items, rows, columns) chunk by chunk, for inputs (items or 1, rows, columns)."""
        if self.sequential is None:
            self.affected([_part(values, slice(0, 1)) for values in given], _seed(seed, 0))
        for chunk in self.chunks(size):
            part = [_part(values, chunk) for values in given]
            seeds = seed if isinstance(seed, int) else seed[chunk]
            yield self._chunk(part, chunk.stop - chunk.start, seeds)

    def _chunk(self, given: Sequence[Values], size: int, seed: int | NDArray[np.uint64]) -> list[NDArray[Any]]:
        if self.sequential is None:
            assert self._batch is not None
            try:
                found = self._batch(given, size, seed)
            except Unbatchable as reason:
                self.sequential = str(reason)
            else:
                strings = self.workbook.model.strings
                arrays = [to_python(values, strings) for values in found]
                return [np.broadcast_to(array, (size, *array.shape[1:])) for array in arrays]
        return self._one_by_one(given, size, seed)

    def _one_by_one(self, given: Sequence[Values], size: int, seed: int | NDArray[np.uint64]) -> list[NDArray[Any]]:
        strings = self.workbook.model.strings
        runs = []
        for item in range(size):
            chosen = [to_python(_part(values, slice(item, item + 1)), strings)[0] for values in given]
            inputs = dict(zip(self.inputs, chosen, strict=True))
            result = self.workbook.recompute(set=inputs, seed=_seed(seed, item), now=self.now, backend=self.backend)
            runs.append([result.array(name) for name in self.outputs])
        return [np.stack(run) for run in zip(*runs, strict=True)]


def compiled(
    workbook: Workbook, inputs: Sequence[str], outputs: Sequence[str], seed: int, backend: str
) -> Callable[..., Any]:
    """Return the function that `Workbook.compile` promises."""
    compiled = Compiled(workbook, tuple(inputs), tuple(outputs), datetime.now(), backend)
    shapes = [area.shape for area in compiled.areas]

    def function(*arguments: object) -> Any:
        arrays, batch = _batched(workbook.name, inputs, shapes, arguments)
        given = [Values(array if array.ndim == 3 else array[None]) for array in arrays]
        parts = list(compiled.run(given, 1 if batch is None else batch, seed))
        found = [np.concatenate(part) for part in zip(*parts, strict=True)]
        if batch is None:
            found = [array[0] for array in found]
        return found[0] if len(found) == 1 else tuple(found)

    return function


def streams(seed: int, count: int) -> NDArray[np.uint64]:
    """Return a seed for each of ``count`` repeats: the first ones are the same however many there are."""
    from .random import mixed

    return mixed(seed, np.arange(count, dtype=np.uint64))


def _part(values: Values, chunk: slice) -> Values:
    if values.shape[0] == 1:
        return values
    return Values(values.data[chunk], None if values.kind is None else values.kind[chunk])


def _seed(seed: int | NDArray[np.uint64], item: int) -> int:
    return seed if isinstance(seed, int) else int(seed[item])


def _batched(
    name: str, inputs: Sequence[str], shapes: Sequence[tuple[int, int]], arguments: Sequence[object]
) -> tuple[list[NDArray[np.float64]], int | None]:
    """Return the arguments as arrays of 2 or 3 axes, and the size of the batch axis (None where there is none)."""
    if len(arguments) != len(inputs):
        raise UsageError(f"{len(inputs)} arrays expected ({', '.join(inputs)}), {len(arguments)} given")
    arrays, sizes = [], set()
    for place, shape, argument in zip(inputs, shapes, arguments, strict=True):
        array = np.asarray(argument, dtype=np.float64)
        array = array.reshape(shape) if array.ndim < 2 and array.size == shape[0] * shape[1] else array
        if array.ndim not in (2, 3) or array.shape[-2:] != shape:
            raise UsageError(f"{place!r} is {shape[0]} x {shape[1]} cells: an array of shape {array.shape} was given")
        if not np.isfinite(array).all():
            raise UsageError(f"{name}: {place!r} was given NaN or infinity, which no cell can hold")
        arrays.append(array)
        sizes |= {len(array)} if array.ndim == 3 else set()
    if len(sizes) > 1:
        raise UsageError(f"the arrays disagree about the size of the batch: {sorted(sizes)}")
    return arrays, sizes.pop() if sizes else None
