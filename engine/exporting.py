"""A workbook as source code: one function of arrays, on numpy or on torch, that needs nothing else."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import UsageError

from .gradients import Differentiable
from .selection import resolve
from .tape import Operation, Tape

if TYPE_CHECKING:
    from .workbook import Workbook

Library = Literal["numpy", "torch"]

# Operation → its expression; {0}, {1} … are arrays, {f0} … fixed arguments, {xp} the library.
SHARED: dict[str, str] = {
    **{sign: f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*")},
    "/": "{0} / {1}",
    "^": "{0} ** {1}",
    "final +": "snapped({0} + {1}, {0}, {1})",
    "final -": "snapped({0} - {1}, {0}, {1})",
    "negate": "0.0 - {0}",
    "percent": "{0} / 100.0",
    **{
        sign: f"as_number({test})"
        for sign, test in {
            "=": "same({0}, {1})",
            "<>": "~same({0}, {1})",
            "<": "({0} < {1}) & ~same({0}, {1})",
            ">": "({0} > {1}) & ~same({0}, {1})",
            "<=": "({0} < {1}) | same({0}, {1})",
            ">=": "({0} > {1}) | same({0}, {1})",
        }.items()
    },
    **{
        name: f"{{xp}}.{name.lower()}({{0}})"
        for name in ("ABS", "SQRT", "EXP", "LOG10", "SIN", "COS", "TAN", "SINH", "COSH", "TANH")
    },
    "LN": "{xp}.log({0})",
    **{name: f"{{xp}}.arc{name[1:].lower()}({{0}})" for name in ("ASIN", "ACOS", "ATAN", "ASINH", "ACOSH", "ATANH")},
    "ATAN2": "{xp}.arctan2({1}, {0})",
    "MOD": "{0} - {1} * {xp}.floor({0} / {1})",
    "RADIANS": "{xp}.deg2rad({0})",
    "DEGREES": "{xp}.rad2deg({0})",
    "N": "{0}",
    "where": "{xp}.where({0}, {1}, {2})",
    "if": "{xp}.where({0} != 0, {1}, {2})",
    "reshape": "{0}.reshape({f0})",
    "expand": "{xp}.broadcast_to({0}, {f0})",
    "transpose": "{0}.swapaxes(-1, -2)",
    "move": "{xp}.moveaxis({0}, {f0}, {f1})",
    "sum": "{0}.sum(-1)",
    "product": "{0}.prod(-1)",
    "greatest": "{xp}.amax({0}, -1)",
    "least": "{xp}.amin({0}, -1)",
    "sum of cells": "{0}.sum((-2, -1))[..., None, None]",
    "matmul": "{0} @ {1}",
    "contract": '{xp}.einsum("...ij,...ij->...", {0}, {1})[..., None, None]',
    "running sum": "{xp}.cumsum({0}, -1)",
    "running product": "{xp}.cumprod({0}, -1)",
    "inverse": "{xp}.linalg.inv({0})",
    "determinant": "{xp}.linalg.det({0})[..., None, None]",
    "deviations": "deviations({0}, {1}, {2})",
}
OWN: dict[Library, dict[str, str]] = {
    "numpy": {
        "running greatest": "np.maximum.accumulate({0}, -1)",
        "running least": "np.minimum.accumulate({0}, -1)",
    },
    "torch": {
        "running greatest": "torch.cummax({0}, -1).values",
        "running least": "torch.cummin({0}, -1).values",
        "move": "torch.movedim({0}, {f0}, {f1})",
    },
}
HELPERS: dict[str, Mapping[Library, str]] = {
    "same": {
        "numpy": "def same(a, b):  # equal to 15 digits\n    return np.abs(a - b) <= np.abs(a) * 5e-15",
        "torch": "def same(a, b):  # equal to 15 digits\n    return (a - b).abs() <= a.abs() * 5e-15",
    },
    "as_number": {
        "numpy": "def as_number(test):\n    return test.astype(np.float64)",
        "torch": "def as_number(test):\n    return test.double()",
    },
    "snapped": {
        "numpy": "def snapped(result, a, b):  # a last sum that all but cancels is zero\n"
        "    near = np.minimum(np.abs(a), np.abs(b)) * 2.0**-50\n"
        "    return np.where(np.abs(result) < near, 0.0, result)",
        "torch": "def snapped(result, a, b):  # a last sum that all but cancels is zero\n"
        "    near = torch.minimum(a.abs(), b.abs()) * 2.0**-50\n"
        "    return torch.where(result.abs() < near, 0.0, result)",
    },
    "windows": {
        "numpy": "def windows(x, start, shape, strides):  # a view of x's elements: windows that move in steps\n"
        "    flat = np.ascontiguousarray(x).reshape(-1)[start:]\n"
        "    return np.lib.stride_tricks.as_strided(flat, shape, [step * flat.itemsize for step in strides])",
        "torch": "def windows(x, start, shape, strides):  # a view of x's elements: windows that move in steps\n"
        "    return torch.as_strided(x.contiguous(), shape, strides, start)",
    },
    "deviations": dict.fromkeys(
        ("numpy", "torch"),
        "def deviations(x, y, counts):\n    n = counts.sum(-1)[..., None]\n"
        "    dx = (x - (x * counts).sum(-1)[..., None] / n) * counts\n"
        "    dy = (y - (y * counts).sum(-1)[..., None] / n) * counts\n    return (dx * dy).sum(-1)",
    ),
}
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
        self.templates = {**SHARED, **OWN[library]}
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
        helpers = [each[self.library] for word, each in HELPERS.items() if f"{word}(" in text]
        ends = f"{', '.join(self.inputs)} to {', '.join(self.outputs)}"
        told = f"{PurePath(self.name).name}: {ends}, as a function of arrays."
        title = f'"""{told}"""' if told.isprintable() and not set(told) & set('"\\') else repr(told)
        return "\n\n\n".join([f"{title}\n\n{IMPORTS[self.library]}", *helpers, text])

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
        template = self.templates.get(operation.name)
        if template is None:
            what = "a function computed on numpy" if operation.name == "callback" else operation.name
            raise UsageError(f"{self.name}: {what} cannot be written out as source")
        fixed = {f"f{number}": repr(argument) for number, argument in enumerate(operation.fixed)}
        return template.format(*arrays, xp=self.xp, **fixed)

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
        while name in self.names.values() or re.fullmatch(r"[vc]\d+", name):
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
