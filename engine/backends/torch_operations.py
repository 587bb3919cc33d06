"""The operations of a tape on torch. Where a derivative is infinite or undefined, at the edge of a domain, it is 0.

A body never sees a number outside its domain: there it gets a harmless one, so that no NaN gets into a gradient by way
of a branch that is not taken; the result there is an error value in the workbook, and not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .torch_distributions import DISTRIBUTIONS, f_above, t_below
from .torch_elementwise import ELEMENTWISE, divide, power
from .torch_special import on_host, procedure, root

SAME = 5e-15  # numbers this close, relatively, agree to 15 digits
SNAP = 2.0**-50


class TorchLibrary:
    """Torch tensors of one dtype on one device."""

    def __init__(self, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        self.dtype = dtype
        self.device = torch.device(device)

    @property
    def table(self) -> Mapping[str, Callable[..., Tensor]]:
        return TABLE

    def number(self, array: NDArray[np.float64]) -> Tensor:
        return torch.tensor(np.ascontiguousarray(array), dtype=self.dtype, device=self.device)

    def fixed(self, argument: Any) -> Any:
        if not isinstance(argument, np.ndarray):
            return argument
        if argument.dtype == np.float64:
            return self.number(argument)
        return torch.as_tensor(np.ascontiguousarray(argument), device=self.device)

    def moved(self, array: Tensor) -> Tensor:
        return array.detach().to(self.device, self.dtype if array.is_floating_point() else array.dtype)


def _snapped(result: Tensor, a: Tensor, b: Tensor) -> Tensor:
    size = result.detach().abs()
    gone = (size < a.detach().abs() * SNAP) & (size < b.detach().abs() * SNAP)
    return result - (result * gone).detach()


def _alike(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs() <= a.abs() * SAME


def _compare(operator: str) -> Callable[[Tensor, Tensor], Tensor]:
    def run(a: Tensor, b: Tensor) -> Tensor:
        a, b = a.detach(), b.detach()
        same = _alike(a, b)
        found = {
            "=": lambda: same,
            "<>": lambda: ~same,
            "<": lambda: (a < b) & ~same,
            ">": lambda: (a > b) & ~same,
            "<=": lambda: (a < b) | same,
            ">=": lambda: (a > b) | same,
        }[operator]()
        return found.to(a.dtype)

    return run


def _first_greatest(x: Tensor) -> Tensor:
    """The greatest along the last axis; of equals the first one gets the gradient, as in torch's max pooling."""
    return torch.gather(x, -1, x.detach().argmax(dim=-1, keepdim=True)).squeeze(-1)


def _nth(x: Tensor, places: Tensor) -> Tensor:
    """The elements at ``places`` (…, r, c) of each line (…, 1, 1, n) in ascending order."""
    order = torch.argsort(x.detach(), dim=-1, stable=True)
    shape = np.broadcast_shapes(x.shape[:-1], places.shape)
    lines = torch.gather(x, -1, order).expand(*shape, x.shape[-1])
    return torch.gather(lines, -1, places.expand(shape)[..., None]).squeeze(-1)


def _gather(x: Tensor, index: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.index_select(x.reshape(-1), 0, index).reshape(shape)


def _cat(*parts: Tensor) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


def _at(table: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Elements of (*loops, r, c) at one-based rows and columns that are computed."""
    r = rows.detach().trunc().long().clamp(1, table.shape[-2]) - 1
    c = columns.detach().trunc().long().clamp(1, table.shape[-1]) - 1
    loops = table.shape[:-2]
    grids = [
        torch.arange(size, device=table.device).view([-1 if axis == at else 1 for axis in range(len(loops))] + [1, 1])
        for at, size in enumerate(loops)
    ]
    return table[(*grids, r, c)]


def _chosen(index: Tensor, *options: Tensor) -> Tensor:
    number = index.detach().trunc()
    result = torch.zeros_like(options[0])
    for at, option in enumerate(options, 1):
        result = torch.where(number == at, option, result)
    return result


def _deviations(x: Tensor, y: Tensor, counts: Tensor) -> Tensor:
    """The sum of products of deviations from the means, over what counts (0 or 1) along the last axis."""
    n = counts.sum(-1, keepdim=True).clamp(min=1)
    dx = (x - (x * counts).sum(-1, keepdim=True) / n) * counts
    dy = (y - (y * counts).sum(-1, keepdim=True) / n) * counts
    return (dx * dy).sum(-1)


def _absolute_deviations(x: Tensor, counts: Tensor) -> Tensor:
    n = counts.sum(-1, keepdim=True).clamp(min=1)
    return (((x - (x * counts).sum(-1, keepdim=True) / n) * counts).abs() / n).sum(-1)


def _between(x: Tensor, places: Tensor) -> Tensor:
    """The elements at ``places`` (…, r, c) of each line in ascending order, interpolated."""
    ordered, last = _ordered(x), x.shape[-1] - 1
    places = places.clamp(0, last)
    near = torch.round(places.detach())
    places = torch.where((places.detach() - near).abs() < 1e-10, places + (near - places).detach(), places)
    low = torch.floor(places.detach())
    shape = np.broadcast_shapes(x.shape[:-1], places.shape)
    lines = ordered.expand(*shape, x.shape[-1])
    floor, ceiling = (
        torch.gather(lines, -1, at.clamp(0, last).long().expand(shape)[..., None]).squeeze(-1) for at in (low, low + 1)
    )
    return floor + (places - low) * (ceiling - floor)


def _ordered(x: Tensor) -> Tensor:
    return torch.gather(x, -1, torch.argsort(x.detach(), dim=-1, stable=True))


def _moment(x: Tensor, counts: Tensor, power: int) -> Tensor:
    n = counts.sum(-1, keepdim=True).clamp(min=1)
    return (((x - (x * counts).sum(-1, keepdim=True) / n) * counts) ** power).sum(-1)


def _least_squares(y: Tensor, x: Tensor, const: bool) -> Tensor:
    """Slopes and intercept, (…, k + 1), of y (…, n) on regressors (…, n, k); the intercept is last, 0 without one."""
    shape = np.broadcast_shapes(y.shape[:-1], x.shape[:-2])
    y, x = y.expand(*shape, y.shape[-1]), x.expand(*shape, *x.shape[-2:])
    means = (x.mean(-2), y.mean(-1)) if const else (torch.zeros_like(x[..., 0, :]), torch.zeros_like(y[..., 0]))
    q, r = torch.linalg.qr(x - means[0][..., None, :])
    right = q.transpose(-1, -2) @ (y - means[1][..., None])[..., None]
    slopes = torch.linalg.solve_triangular(r, right, upper=True)[..., 0]
    intercept = means[1] - (means[0] * slopes).sum(-1)
    return torch.cat([slopes, intercept[..., None]], -1)


def _heights(x: Tensor, coefficients: Tensor) -> Tensor:
    """The plane's heights (…, n) over places (…, n, k)."""
    return (x @ coefficients[..., :-1, None])[..., 0] + coefficients[..., -1:]


def _two_tailed(ratio: Tensor, freedom1: Tensor, freedom2: Tensor) -> Tensor:
    above = f_above(ratio, freedom1, freedom2)
    return 2 * torch.minimum(above, 1 - above)


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


def _contract(a: Tensor, b: Tensor) -> Tensor:
    return torch.einsum("...ij,...ij->...", a, b)[..., None, None]


TABLE: dict[str, Callable[..., Tensor]] = {
    **ELEMENTWISE,
    **DISTRIBUTIONS,
    "+": torch.add,
    "-": torch.sub,
    "final +": lambda a, b: _snapped(a + b, a, b),
    "final -": lambda a, b: _snapped(a - b, a, -b),
    "*": torch.mul,
    "/": divide,
    "^": power,
    "negate": lambda x: 0.0 - x,
    "percent": lambda x: x / 100.0,
    **{operator: _compare(operator) for operator in ("=", "<>", "<", ">", "<=", ">=")},
    "where": torch.where,
    "if": lambda condition, a, b: torch.where(condition.detach() != 0, a, b),
    "chosen": _chosen,
    "gather": _gather,
    "cat": _cat,
    "at": _at,
    "expand": lambda x, shape: x.expand(shape),
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x: x.transpose(-1, -2),
    "move": lambda x, source, to: torch.movedim(x, source, to),
    "sum": lambda x: x.sum(dim=-1),
    "product": lambda x: x.prod(dim=-1),
    "join": lambda *parts: torch.cat(parts, dim=-1),
    "deviations": _deviations,
    "absolute deviations": _absolute_deviations,
    "greatest": _first_greatest,
    "least": lambda x: -_first_greatest(-x),
    "nth": _nth,
    "running sum": lambda x: torch.cumsum(x, -1),
    "running product": lambda x: torch.cumprod(x, -1),
    "running greatest": lambda x: torch.cummax(x, -1).values,
    "running least": lambda x: torch.cummin(x, -1).values,
    "sum of cells": lambda x: x.sum(dim=(-2, -1), keepdim=True),
    "matmul": _matmul,
    "contract": _contract,
    "ordered": _ordered,
    "between": _between,
    "moment": _moment,
    "least squares": _least_squares,
    "heights": _heights,
    "two-tailed F": _two_tailed,
    "T.DIST.EXACT": t_below,
    "root": root,
    "callback": lambda *arguments: on_host(arguments[-1], *arguments[:-1]),
    "procedure": lambda *arguments: procedure(arguments[-1], arguments[-1].whole, *arguments[:-1]),
    "inverse": torch.linalg.inv,
    "determinant": lambda x: torch.linalg.det(x)[..., None, None],
}
