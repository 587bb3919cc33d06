"""A recorded computation: what an array program does to arrays of numbers, operation by operation, all else fixed.

Kinds, masks and places of cells are settled when the tape is recorded, so it can be run again, and differentiated, on
plain arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record


class Operations(Protocol):
    """The array library that a tape runs on."""

    @property
    def table(self) -> Mapping[str, Any]:
        """Operation → function of arrays, then of fixed arguments."""

    def number(self, array: NDArray[np.float64]) -> Any:
        """Make an array of numbers."""

    def fixed(self, argument: Any) -> Any:
        """Make a fixed argument ready: masks and indices become arrays of the library."""

    def moved(self, array: Any) -> Any:
        """Bring an array of the same kind of library here."""


@record
class Operation:
    """One operation: the slots it takes its arrays from, and what is fixed."""

    name: str
    slots: tuple[int, ...]
    fixed: tuple[Any, ...]
    ready: tuple[Any, ...]  # the fixed arguments as the library has them


@dataclass(slots=True)
class Tape:
    """Slots hold arrays: constants, parameters (both without an operation) and results."""

    library: Operations
    arrays: list[Any] = field(default_factory=list)
    operations: list[Operation | None] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)  # slots that hold what cells hold → the cells
    frozen: list[str] = field(default_factory=list)  # what a run with other parameters would have to decide anew
    untold: bool = False  # some of that may change although all values keep their kinds

    def constant(self, array: NDArray[np.float64]) -> int:
        """Add a constant."""
        return self._add(self.library.number(np.asarray(array, dtype=np.float64)), None)

    def parameter(self, array: Any) -> int:
        """Add a parameter, an array of the library; runs may give it another value."""
        slot = self._add(array, None)
        self.parameters.append(slot)
        return slot

    def record(self, name: str, slots: Sequence[int], *fixed: Any) -> int:
        """Do an operation and note it down."""
        ready = tuple(self.library.fixed(argument) for argument in fixed)
        operation = Operation(name, tuple(slots), fixed, ready)
        return self._add(self.library.table[name](*(self.arrays[slot] for slot in slots), *ready), operation)

    def freeze(self, what: str, told: bool = False) -> None:
        """Note what a run with other parameters would have to decide anew; ``told``: the kinds of values tell when."""
        self.frozen.append(what)
        self.untold |= not told

    def shape(self, slot: int) -> tuple[int, ...]:
        """Return the shape of an array."""
        return tuple(self.arrays[slot].shape)

    def run(self, parameters: Sequence[Any]) -> list[Any]:
        """Do everything again with other parameters; return all arrays by slot."""
        arrays = list(self.arrays)
        for slot, value in zip(self.parameters, parameters, strict=True):
            arrays[slot] = value
        table = self.library.table
        for slot, operation in self._live():
            taken = [arrays[number] for number in operation.slots]
            arrays[slot] = table[operation.name](*taken, *operation.ready)
        return arrays

    def prune(self, wanted: Sequence[int]) -> None:
        """Forget what the wanted slots do not need, and fold what depends on no parameter; only `run` makes results."""
        needed = set(wanted)
        for slot in range(len(self.operations) - 1, -1, -1):
            operation = self.operations[slot]
            if slot in needed and operation is not None:
                needed.update(operation.slots)
        live = set(self.parameters)
        for slot, operation in enumerate(self.operations):
            if operation is not None and (slot not in needed or live.isdisjoint(operation.slots)):
                self.operations[slot] = None
            elif operation is not None:
                live.add(slot)
            if (slot not in needed or self.operations[slot] is not None) and slot not in self.parameters:
                self.arrays[slot] = None  # it is not needed, or every run makes it anew

    def move(self, library: Operations) -> None:
        """Go on with another library, as another device or precision; parameters stay what they are."""
        self.library = library
        for slot, operation in enumerate(self.operations):
            if operation is not None:
                ready = tuple(library.fixed(argument) for argument in operation.fixed)
                self.operations[slot] = Operation(operation.name, operation.slots, operation.fixed, ready)
            elif slot not in self.parameters and self.arrays[slot] is not None:
                self.arrays[slot] = library.moved(self.arrays[slot])

    def _live(self) -> list[tuple[int, Operation]]:
        return [(slot, operation) for slot, operation in enumerate(self.operations) if operation is not None]

    def _add(self, array: Any, operation: Operation | None) -> int:
        self.arrays.append(array)
        self.operations.append(operation)
        return len(self.arrays) - 1
