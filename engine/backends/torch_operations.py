"""The operations of a tape on torch. Where a derivative is infinite or undefined, at the edge of a domain, it is 0.

A body never sees a number outside its domain: there it gets a harmless one, so that no NaN gets into a gradient by way
of a branch that is not taken; the result there is an error value in the workbook, and not used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SAME = 5e-15  # numbers this close, relatively, agree to 15 digits
SNAP = 2.0**-50


class TorchLibrary:
    """Torch tensors of one dtype on one device."""

    def __init__(self, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        self.dtype = dtype
        self.device = torch.device(device)
        self.table: Mapping[str, Callable[..., Tensor]] = TABLE

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


def _guarded(
    body: Callable[[Tensor], Tensor], inside: Callable[[Tensor], Tensor], harmless: float
) -> Callable[[Tensor], Tensor]:
    """Keep a body within its domain; outside, and at its edge, the result is the body's value without a gradient."""

    def run(x: Tensor) -> Tensor:
        good = inside(x)
        if bool(good.all()):
            return body(x)
        edge = torch.nan_to_num(body(x.detach()), 0.0, 0.0, 0.0)
        return torch.where(good, body(torch.where(good, x, harmless)), edge)

    return run


def _divide(a: Tensor, b: Tensor) -> Tensor:
    zero = b == 0
    return a / torch.where(zero, 1.0, b) if bool(zero.any()) else a / b


def _power(base: Tensor, exponent: Tensor) -> Tensor:
    positive = base > 0
    if bool(positive.all()):
        return torch.pow(base, exponent)
    whole = torch.round(exponent) == exponent
    # base < 0 to whole powers, and to odd roots; base = 0 to positive powers
    result = torch.pow(torch.where(positive, base, 1.0), exponent)
    magnitude = torch.pow(torch.where(base < 0, -base, 1.0), exponent)
    odd = torch.where(whole, torch.remainder(exponent, 2) == 1, True)
    result = torch.where(base < 0, torch.where(odd, -magnitude, magnitude), result)
    # x^n at 0 for whole n ≥ 1 has a derivative: that of x for n = 1, else 0
    linear = (base == 0) & (exponent == 1)
    return torch.where(base == 0, torch.where(linear, base, 0.0), result)


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


def _middle(x: Tensor) -> Tensor:
    count = x.shape[-1]
    order = torch.argsort(x.detach(), dim=-1, stable=True)
    low, high = order[..., (count - 1) // 2, None], order[..., count // 2, None]
    return ((torch.gather(x, -1, low) + torch.gather(x, -1, high)) / 2).squeeze(-1)


def _gather(x: Tensor, index: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.index_select(x.reshape(-1), 0, index).view(shape)


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


def _callback(*arguments: Any) -> Tensor:
    """A function that is constant between its steps, computed on numpy; its derivative is 0."""
    *tensors, body = arguments
    found = body(*(tensor.detach().cpu().double().numpy() for tensor in tensors))
    return torch.as_tensor(np.array(found, dtype=np.float64), device=tensors[0].device).to(tensors[0].dtype)


def _modulo(a: Tensor, b: Tensor) -> Tensor:
    safe = torch.where(b == 0, 1.0, b)
    return a - safe * torch.floor(a / safe).detach()


def _ndtri(p: Tensor) -> Tensor:
    inside = (p > 0) & (p < 1)
    return cast(Tensor, torch.special.ndtri(torch.where(inside, p, 0.5)))


def _density(x: Tensor) -> Tensor:
    return torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _anywhere(x: Tensor) -> Tensor:
    return torch.ones_like(x, dtype=torch.bool)


def _within(low: float, high: float) -> Callable[[Tensor], Tensor]:
    return lambda x: (x > low) & (x < high)


UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "ABS": torch.abs,
    "SQRT": _guarded(torch.sqrt, lambda x: x > 0, 1.0),
    "EXP": torch.exp,
    "LN": _guarded(torch.log, lambda x: x > 0, 1.0),
    "LOG10": _guarded(torch.log10, lambda x: x > 0, 1.0),
    "SIN": torch.sin,
    "COS": torch.cos,
    "TAN": torch.tan,
    "ASIN": _guarded(torch.asin, _within(-1, 1), 0.0),
    "ACOS": _guarded(torch.acos, _within(-1, 1), 0.0),
    "ATAN": torch.atan,
    "SINH": torch.sinh,
    "COSH": torch.cosh,
    "TANH": torch.tanh,
    "ASINH": torch.asinh,
    "ACOSH": _guarded(torch.acosh, lambda x: x > 1, 2.0),
    "ATANH": _guarded(torch.atanh, _within(-1, 1), 0.0),
    "SEC": lambda x: 1 / torch.cos(x),
    "CSC": lambda x: _divide(torch.ones_like(x), torch.sin(x)),
    "COT": lambda x: _divide(torch.cos(x), torch.sin(x)),
    "SECH": lambda x: 1 / torch.cosh(x),
    "CSCH": lambda x: _divide(torch.ones_like(x), torch.sinh(x)),
    "COTH": lambda x: _divide(torch.cosh(x), torch.sinh(x)),
    "RADIANS": torch.deg2rad,
    "DEGREES": torch.rad2deg,
    "SQRTPI": _guarded(lambda x: torch.sqrt(x * math.pi), lambda x: x > 0, 1.0),
    "GAMMALN": _guarded(torch.lgamma, lambda x: x > 0, 1.0),
    "GAMMALN.PRECISE": _guarded(torch.lgamma, lambda x: x > 0, 1.0),
    "GAMMA": _guarded(lambda x: torch.exp(torch.lgamma(x)), lambda x: x > 0, 1.0),
    "ERF.PRECISE": torch.erf,
    "ERFC": torch.erfc,
    "ERFC.PRECISE": torch.erfc,
    "NORMSDIST": torch.special.ndtr,
    "NORM.S.INV": _ndtri,
    "NORMSINV": _ndtri,
    "PHI": _density,
    "GAUSS": lambda x: torch.special.ndtr(x) - 0.5,
    "FISHER": _guarded(torch.atanh, _within(-1, 1), 0.0),
    "FISHERINV": torch.tanh,
    "N": lambda x: x,
}


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


def _contract(a: Tensor, b: Tensor) -> Tensor:
    return torch.einsum("...ij,...ij->...", a, b)[..., None, None]


TABLE: dict[str, Callable[..., Tensor]] = {
    **UNARY,
    "+": torch.add,
    "-": torch.sub,
    "final +": lambda a, b: _snapped(a + b, a, b),
    "final -": lambda a, b: _snapped(a - b, a, -b),
    "*": torch.mul,
    "/": _divide,
    "^": _power,
    "negate": lambda x: 0.0 - x,
    "percent": lambda x: x / 100.0,
    **{operator: _compare(operator) for operator in ("=", "<>", "<", ">", "<=", ">=")},
    "ATAN2": lambda x, y: torch.atan2(y, x),
    "MOD": _modulo,
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
    "middle": _middle,
    "nth": _nth,
    "running sum": lambda x: torch.cumsum(x, -1),
    "running product": lambda x: torch.cumprod(x, -1),
    "running greatest": lambda x: torch.cummax(x, -1).values,
    "running least": lambda x: torch.cummin(x, -1).values,
    "sum of cells": lambda x: x.sum(dim=(-2, -1), keepdim=True),
    "matmul": _matmul,
    "contract": _contract,
    "callback": _callback,
    "inverse": torch.linalg.inv,
    "determinant": lambda x: torch.linalg.det(x)[..., None, None],
}
