"""A workbook as a `torch.nn.Module`: some cells are its parameters, some its inputs, some its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.values import Kind

from .backends.torch_operations import TorchLibrary
from .gradients import Differentiable
from .selection import clipped, resolve

if TYPE_CHECKING:
    from .workbook import Workbook


class WorkbookModule(nn.Module):
    """The formulas between some cells and others. ``forward`` takes the inputs' values and returns the outputs'.

    Kinds are settled when the module is made: where an error or a text would become a number, or the reverse, with
    other values, that is not seen.
    """

    def __init__(
        self,
        workbook: Workbook,
        inputs: Sequence[str] = (),
        parameters: Sequence[str] = (),
        outputs: Sequence[str] = (),
        *,
        dtype: torch.dtype = torch.float64,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.places = {"inputs": tuple(inputs), "parameters": tuple(parameters), "outputs": tuple(outputs)}
        areas = [clipped(resolve(workbook.model, place), workbook._stored) for place in (*inputs, *parameters)]
        function = Differentiable(
            workbook,
            areas,
            [resolve(workbook.model, place) for place in outputs],
            seed=seed,
            giving=len(inputs),
            dtype=dtype,
        )
        if function.tape.frozen:
            raise UsageError(
                f"{workbook.name}: other values would change what is read or chosen: {function.tape.frozen[0]}"
            )
        for place, slot, kinds in zip(outputs, function.slots, function.kinds, strict=True):
            if slot is None:
                raise UsageError(f"{workbook.name}: {place} does not depend on the inputs and parameters")
            if not (kinds == Kind.NUMBER).all():
                raise UsageError(f"{workbook.name}: {place} holds what is no number")
        self._tape = function.tape
        self._slots = [slot for slot in function.slots if slot is not None]
        self._tape.prune(self._slots)
        self._shapes = [area.shape for area in areas[: len(inputs)]]
        starts = function.start[len(inputs) :]
        self.cells = nn.ParameterList(nn.Parameter(torch.tensor(start, dtype=dtype)) for start in starts)
        self._home: Tensor
        self.register_buffer("_home", torch.zeros((), dtype=dtype), persistent=False)
        self._where = dtype, torch.device("cpu")

    def forward(self, *inputs: Tensor) -> Any:
        """Return the outputs, (rows, columns) each, a tuple where there are several.

        Inputs are (rows, columns), or (items, rows, columns): if any is, so are the outputs, and the others are the
        same for all items.
        """
        self._follow()
        batched = self._batched(inputs)
        given = [tensor.to(self._home) for tensor in inputs]
        if any(batched):
            once = torch.func.vmap(self._once, in_dims=tuple(0 if each else None for each in batched))
            found = once(*given)
        else:
            found = self._once(*given)
        return found[0] if len(found) == 1 else found

    def _once(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        arrays = self._tape.run([*inputs, *self.cells])
        return tuple(arrays[slot] for slot in self._slots)

    def _batched(self, inputs: Sequence[Tensor]) -> list[bool]:
        """Tell which inputs have a batch axis. Raises `UsageError` for shapes that do not fit."""
        places = self.places["inputs"]
        if len(inputs) != len(places):
            raise UsageError(f"{len(places)} inputs expected ({', '.join(places)}), {len(inputs)} given")
        sizes = set()
        for place, shape, tensor in zip(places, self._shapes, inputs, strict=True):
            if tensor.ndim not in (2, 3) or tuple(tensor.shape[-2:]) != shape:
                given = tuple(tensor.shape)
                raise UsageError(f"{place!r} is {shape[0]} x {shape[1]} cells: a tensor of shape {given} was given")
            sizes |= {len(tensor)} if tensor.ndim == 3 else set()
        if len(sizes) > 1:
            raise UsageError(f"the tensors disagree about the size of the batch: {sorted(sizes)}")
        return [tensor.ndim == 3 for tensor in inputs]

    def _follow(self) -> None:
        """Bring the constants to where the parameters have been moved."""
        here = self._home.dtype, self._home.device
        if here != self._where:
            self._tape.move(TorchLibrary(*here))
            self._where = here

    def learned(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the parameters by place, (rows, columns) each."""
        values = (cell.detach().double().cpu().numpy() for cell in self.cells)
        return dict(zip(self.places["parameters"], values, strict=True))
