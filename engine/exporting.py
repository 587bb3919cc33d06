"""A workbook as source code: one function of arrays, on numpy or on torch, that needs nothing else."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.values import Kind

from .functions.criteria import criterion
from .gradients import Differentiable
from .host_calls import HostCall
from .selection import resolve
from .source_texts import EXPRESSIONS, HELPERS, OWN, Library, helpers
from .tape import Operation, Tape

if TYPE_CHECKING:
    from .workbook import Workbook

TAKEN = frozenset({"np", "torch", "special", "compute", *HELPERS, *dir(builtins)})  # names that the source uses itself
IMPORTS: Mapping[Library, str] = {"numpy": "import numpy as np", "torch": "import torch"}


def to_source(
    workbook: Workbook, inputs: Sequence[str], outputs: Sequence[str], library: Library = "numpy", seed: int = 0
) -> str:
    """Return the source of a function ``compute`` of the inputs, (rows, columns) each, that returns the outputs.

    Kinds are settled as they are at the workbook's values. Raises `UsageError` where an operation has no source.
    """
    areas = [resolve(workbook.model, place) for place in inputs]
    function = Differentiable(
        workbook, areas, [resolve(workbook.model, place) for place in outputs], seed=seed, giving=len(areas)
    )
    tape, name = function.tape, workbook.name
    if tape.frozen:
        raise UsageError(f"{name}: other values would change what is read or chosen: {tape.frozen[0]}")
    for place, slot in zip(outputs, function.slots, strict=True):
        if slot is None:
            raise UsageError(f"{name}: {place} does not depend on the inputs")
    slots = [slot for slot in function.slots if slot is not None]
    tape.prune(slots)
    return _Writer(tape, library, name, list(inputs), list(outputs), slots).source()


class _Writer:
    """Writes a tape as source."""

    def __init__(
        self, tape: Tape, library: Library, name: str, inputs: list[str], outputs: list[str], slots: list[int]
    ) -> None:
        self.tape = tape
        self.library = library
        self.xp = "np" if library == "numpy" else "torch"
        self.name, self.inputs, self.outputs, self.slots = name, inputs, outputs, slots
        self.templates = {**EXPRESSIONS, **OWN[library]}
        self.names: dict[int, str] = {}
        self.constants: list[str] = []
        self.lines: list[str] = []

    def source(self) -> str:
        """Return the whole file."""
        arguments = []
        for slot, place in zip(self.tape.parameters, self.inputs, strict=True):
            self.names[slot] = self._fresh(place)
            arguments.append(self.names[slot])
        for slot, operation in enumerate(self.tape.operations):
            if operation is not None:
                self._operation(slot, operation)
        results = ", ".join(self._array(slot) for slot in self.slots)
        body = "\n".join(f"    {line}" for line in self.lines)
        text = f"{self.constants_text()}def compute({', '.join(arguments)}):\n{body}\n    return {results}\n"
        imports = IMPORTS[self.library]
        called = helpers(text, self.library)
        if self.library == "numpy" and any("special." in each for each in (text, *called)):
            imports += "\nfrom scipy import special"
        ends = f"{', '.join(self.inputs)} to {', '.join(self.outputs)}"
        told = f"{PurePath(self.name).name}: {ends}, as a function of arrays."
        title = f'"""{told}"""' if told.isprintable() and not set(told) & set('"\\') else repr(told)
        return "\n\n\n".join([f"{title}\n\n{imports}", *called, text])

    def constants_text(self) -> str:
        return "\n".join(self.constants) + "\n\n\n" if self.constants else ""

    def _operation(self, slot: int, operation: Operation) -> None:
        expression = self._expression(operation)
        name = f"v{slot}"
        label = self.tape.labels.get(slot)
        self.names[slot] = name
        self.lines.append(f"{name} = {expression}" + (f"  # {' '.join(label.split())}" if label else ""))

    def _expression(self, operation: Operation) -> str:
        arrays = [self._array(slot) for slot in operation.slots]
        if operation.name == "gather":
            return self._gather(arrays[0], *operation.fixed)
        if operation.name in ("cat", "join"):
            join = "concatenate" if self.library == "numpy" else "cat"
            parts = [f"{array}.reshape(-1)" for array in arrays] if operation.name == "cat" else arrays
            return f"{self.xp}.{join}([{', '.join(parts)}]{', -1' if operation.name == 'join' else ''})"
        if operation.name == "callback":
            return self._host_call(operation.fixed[0], arrays)
        return self._written(operation.name, arrays, operation.fixed)

    def _written(self, name: str, arrays: Sequence[str], fixed: Sequence[Any]) -> str:
        template = self.templates.get(name)
        if template is None:
            raise UsageError(f"{self.name}: {name} cannot be written out as {self.library} source")
        words = {f"f{number}": repr(argument) for number, argument in enumerate(fixed)}
        if "{c0}" in template:
            words["c0"] = self._constant(np.asarray(fixed[0]))
        special = "special" if self.library == "numpy" else "torch.special"
        return template.format(*arrays, xp=self.xp, special=special, options=", ".join(arrays[1:]), **words)

    def _host_call(self, call: HostCall, live: Sequence[str]) -> str:
        """Write a call on the host: MATCH among numbers, COUNTIF by one comparison."""
        given = iter(live)
        arrays = []
        for argument, own in zip(call.arguments, call.live, strict=True):
            values = argument.values
            plain = values.kind is None or bool((values.kind == Kind.NUMBER).all())
            arrays.append(next(given) if own else self._constant(np.array(values.data)) if plain else "")
        if call.function == "MATCH" and all(arrays) and not any(call.live[2:]):
            kinds = np.unique(call.arguments[2].values.data) if len(arrays) > 2 else np.ones(1)
            if len(kinds) == 1:
                return self._written("MATCH", arrays, [kinds.item()])
        if call.function == "COUNTIF" and call.live == (True, False) and call.arguments[1].values.data.size == 1:
            wanted = call.arguments[1].values.scalar(call.context.strings)
            test = criterion(wanted, call.context.date1904)
            if isinstance(test.operand, float):
                sign = {"=": "==", "<>": "!="}.get(test.operator, test.operator)
                return f"as_number({arrays[0]} {sign} {test.operand!r}).sum((-2, -1))[..., None, None]"
        raise UsageError(f"{self.name}: {call.function} as it is used here cannot be written out as source")

    def _gather(self, array: str, index: NDArray[np.int64], shape: tuple[int, ...]) -> str:
        """Write windows that move in steps as such; other places as a list."""
        found = _affine(index.reshape(shape))
        if found is not None:
            return f"windows({array}, {found[0]}, {shape}, {found[1]})"
        held = self._constant(np.asarray(index))
        return f"{array}.reshape(-1)[{held}].reshape({shape})"

    def _array(self, slot: int) -> str:
        if slot not in self.names:
            value = self.tape.arrays[slot].detach().cpu().numpy()
            self.names[slot] = self._constant(value)
        return self.names[slot]

    def _constant(self, value: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        make = "np.array" if self.library == "numpy" else "torch.tensor"
        double = ", dtype=torch.float64" if self.library == "torch" and value.dtype.kind == "f" else ""
        text = re.sub(r"\binf\b", 'float("inf")', repr(value.tolist()))
        if value.size > 1 and (value == value.ravel()[0]).all():
            one = re.sub(r"\binf\b", 'float("inf")', repr(value.ravel()[0].item()))
            text, full = one, f"{self.xp}.full({value.shape}, {one}{double})"
            self.constants.append(f"{name} = {full}")
        else:
            self.constants.append(f"{name} = {make}({text}{double})")
        return name

    def _fresh(self, place: str) -> str:
        """Return a name for an input: the workbook's, where it can be one."""
        name = re.sub(r"\W+", "_", place).strip("_").lower() or "x"
        name = f"x_{name}" if name[0].isdigit() or keyword.iskeyword(name) else name
        while name in self.names.values() or name in TAKEN or re.fullmatch(r"[vc]\d+", name):
            name += "_"
        return name


def _affine(index: NDArray[np.int64]) -> tuple[int, tuple[int, ...]] | None:
    """Return start and steps where an index moves in one step along each axis."""
    start = int(index.flat[0])
    steps = tuple(
        int(np.take(index, 1, axis=axis).flat[0]) - start if size > 1 else 0 for axis, size in enumerate(index.shape)
    )
    grids = np.ogrid[tuple(slice(size) for size in index.shape)]
    made = start + sum(grid * step for grid, step in zip(grids, steps, strict=True))
    return (start, steps) if np.all(made == index) and min(steps, default=0) >= 0 else None
