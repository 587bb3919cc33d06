"""Special functions on torch with derivatives in every argument, and roots that the host finds.

Torch has the incomplete gamma function without a derivative in its first argument, and no incomplete beta function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Body: TypeAlias = Callable[..., Tensor]
Slope: TypeAlias = Callable[..., Tensor]
OnHost: TypeAlias = Callable[..., NDArray[np.float64]]

STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))  # the five-point difference, of fourth order
NUDGE = 1e-3
ROUNDS = 300  # of the continued fraction
TINY = 1e-300


def holds(test: Tensor) -> bool:
    """Tell whether a test holds everywhere; False where that cannot be told, as for a tensor without data."""
    try:
        return bool(test.all())
    except RuntimeError:  # mapped over a batch by vmap, or on the meta device
        return False


class OfHost(torch.autograd.Function):
    """A function computed on the host by numpy, constant as far as derivatives go; leading axes are its loops."""

    @staticmethod
    def forward(function: OnHost, *tensors: Tensor) -> Tensor:
        arrays = (tensor.detach().cpu().double().numpy() for tensor in tensors)
        with np.errstate(all="ignore"):
            found = np.array(function(*arrays), dtype=np.float64)
        return torch.as_tensor(found, device=tensors[0].device).to(tensors[0].dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> tuple[None, ...]:
        return (None,) * len(ctx.needs_input_grad)

    @staticmethod
    def vmap(info: Any, in_dims: Sequence[int | None], function: OnHost, *tensors: Tensor) -> tuple[Tensor, int]:
        """Put the batch before all loops of all arguments."""
        found = _applied(OfHost, function, *_leading(in_dims[1:], tensors))
        return found.expand(info.batch_size, *found.shape[1:]), 0


def _leading(dims: Sequence[int | None], tensors: Sequence[Tensor]) -> list[Tensor]:
    """Move the batch of each tensor before the loops of all: every one gets as many axes."""
    rank = max(each.ndim - (dim is not None) for each, dim in zip(tensors, dims, strict=True))
    given = []
    for tensor, dim in zip(tensors, dims, strict=True):
        moved = tensor[None] if dim is None else tensor.movedim(dim, 0)
        given.append(moved.reshape(moved.shape[0], *(1,) * (rank + 1 - moved.ndim), *moved.shape[1:]))
    return given


def _applied(function: type[torch.autograd.Function], *arguments: Any) -> Tensor:
    return cast(Tensor, function.apply(*arguments))  # type: ignore[no-untyped-call]


def on_host(function: OnHost, *tensors: Tensor) -> Tensor:
    """Compute on the host; the derivative is 0."""
    return _applied(OfHost, function, *tensors)


class _Procedure(torch.autograd.Function):
    """A function on the host whose derivatives are five-point differences there.

    ``whole``: an element of the result depends on all elements of the last two axes, not on the one at its place only.
    """

    @staticmethod
    def forward(function: OnHost, whole: bool, *tensors: Tensor) -> Tensor:
        return on_host(function, *tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.function, ctx.whole, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Any, ...]:
        arrays = [tensor.detach().cpu().double().numpy() for tensor in ctx.saved_tensors]
        pull = slope.detach().cpu().double().numpy()
        found = []
        for at, tensor in enumerate(ctx.saved_tensors):
            own = _pulled(ctx.function, arrays, at, pull, ctx.whole) if ctx.needs_input_grad[2 + at] else None
            found.append(None if own is None else torch.as_tensor(own, device=tensor.device).to(tensor.dtype))
        return None, None, *found

    @staticmethod
    def vmap(
        info: Any, in_dims: Sequence[int | None], function: OnHost, whole: bool, *tensors: Tensor
    ) -> tuple[Tensor, int]:
        """Put the batch before all loops of all arguments."""
        found = _applied(_Procedure, function, whole, *_leading(in_dims[2:], tensors))
        return found.expand(info.batch_size, *found.shape[1:]), 0


def procedure(function: OnHost, whole: bool, *tensors: Tensor) -> Tensor:
    """Compute on the host, with derivatives by differences."""
    return _applied(_Procedure, function, whole, *tensors)


def _pulled(
    function: OnHost, arrays: Sequence[NDArray[np.float64]], at: int, pull: NDArray[np.float64], whole: bool
) -> NDArray[np.float64]:
    """Return the gradient of one argument, for the gradient of the result."""
    x = arrays[at]
    steps = np.where(x == 0, NUDGE, NUDGE * np.abs(x))
    masks: list[Any] = [(slice(None),) * x.ndim]
    if whole:
        masks = [(..., slice(r, r + 1), slice(c, c + 1)) for r, c in np.ndindex(*x.shape[-2:])]
    found = np.zeros(x.shape)
    for mask in masks:
        total = np.zeros(pull.shape)
        for times, weight in STENCIL:
            nudged = x.copy()
            nudged[mask] += times * steps[mask]
            with np.errstate(all="ignore"):
                total = total + weight * function(*arrays[:at], nudged, *arrays[at + 1 :])
        part = pull * total
        if whole:
            part = part.sum(axis=(-2, -1), keepdims=True)
        found[mask] = _summed(part, found[mask].shape) / steps[mask]
    return found


def _summed(array: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Sum over the axes that broadcasting made."""
    extra = array.ndim - len(shape)
    array = array.sum(axis=tuple(range(extra)))
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and array.shape[axis] > 1)
    return np.asarray(array.sum(axis=axes, keepdims=True) if axes else array)


def root(start: Tensor, residual: Tensor, slope: Tensor) -> Tensor:
    """Return a root x with its derivatives, from the residual g(x, arguments) and dg/dx there: dx = -dg / (dg/dx)."""
    way = residual / slope.detach()
    return start.detach() - (way - way.detach())


class _Sloped(torch.autograd.Function):
    """An elementwise function of tensors of one shape, whose derivatives are given.

    Those that are None are five-point differences, in double precision.
    """

    @staticmethod
    def forward(body: Body, slopes: Sequence[Slope | None], *tensors: Tensor) -> Tensor:
        return body(*tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.body, ctx.slopes, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Any, ...]:
        given: tuple[Tensor, ...] = ctx.saved_tensors
        found: list[Tensor | None] = []
        for at, tensor in enumerate(given):
            if not ctx.needs_input_grad[2 + at]:
                found.append(None)
                continue
            own = ctx.slopes[at]
            exact = _difference(ctx.body, given, at) if own is None else own(*given)
            found.append((slope * exact).sum_to_size(tensor.shape))
        return None, None, *found

    @staticmethod
    def vmap(
        info: Any, in_dims: Sequence[Any], body: Body, slopes: Sequence[Slope | None], *tensors: Tensor
    ) -> tuple[Tensor, int]:
        """Run on the whole batch at once, as plain tensors: the body may look at them."""
        return _applied(_Sloped, body, slopes, *spread(*_leading(in_dims[2:], tensors))), 0


def spread(*tensors: Tensor) -> list[Tensor]:
    """Broadcast tensors against one another."""
    shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
    return [tensor.expand(shape) for tensor in tensors]


def sloped(body: Body, *slopes: Slope | None) -> Body:
    """Give a function derivatives: one for each argument, None for differences."""

    def run(*tensors: Tensor) -> Tensor:
        return _applied(_Sloped, body, slopes, *spread(*tensors))

    return run


def _difference(body: Body, given: Sequence[Tensor], at: int) -> Tensor:
    wide = [tensor.double() for tensor in given]
    step = NUDGE * wide[at].abs()
    step = torch.where(step == 0, NUDGE, step)
    total = torch.zeros_like(wide[at])
    for times, weight in STENCIL:
        total = total + weight * body(*wide[:at], wide[at] + times * step, *wide[at + 1 :])
    return (total / step).to(given[at].dtype)


def betaln(a: Tensor, b: Tensor) -> Tensor:
    """Logarithm of the beta function."""
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def xlogy(x: Tensor, y: Tensor) -> Tensor:
    """x log y, 0 where x is 0."""
    none = x == 0
    return torch.where(none, 0.0, x * torch.log(torch.where(none, 1.0, y)))


def gamma_density(a: Tensor, x: Tensor) -> Tensor:
    """Density of the gamma distribution with scale 1."""
    return torch.exp(xlogy(a - 1, x) - x - torch.lgamma(a))


def beta_density(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """Density of the beta distribution on [0, 1]."""
    return torch.exp(xlogy(a - 1, x) + xlogy(b - 1, 1 - x) - betaln(a, b))


gammainc: Body = sloped(torch.special.gammainc, None, gamma_density)
gammaincc: Body = sloped(torch.special.gammaincc, None, lambda a, x: -gamma_density(a, x))


def _betainc(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """Regularised incomplete beta function by its continued fraction, on the side where that converges fast."""
    turned = x > (a + 1) / (a + b + 2)
    a, b = torch.where(turned, b, a), torch.where(turned, a, b)
    x = torch.where(turned, 1 - x, x)
    front = torch.exp(xlogy(a, x) + xlogy(b, 1 - x) - betaln(a, b)) / a
    part = front * _fraction(a, b, x)
    return torch.where(turned, 1 - part, part)


def _fraction(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """DLMF 8.17.22 by Lentz's method."""
    tiny = max(TINY, torch.finfo(x.dtype).tiny)

    def kept(value: Tensor) -> Tensor:
        return torch.where(value.abs() < tiny, tiny, value)

    c = torch.ones_like(x)
    d = 1 / kept(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / kept(1 + term * d)
            c = kept(1 + term / c)
            step = c * d
            found = found * step
        if holds((step - 1).abs() <= torch.finfo(x.dtype).eps):
            break
    return found


betainc: Body = sloped(_betainc, None, None, beta_density)


def betaincinv(a: Tensor, b: Tensor, p: Tensor) -> Tensor:
    """The x with betainc(a, b, x) = p."""
    from scipy.special import betaincinv as inverse

    start = on_host(inverse, *spread(a, b, p))
    return root(start, betainc(a, b, start) - p, beta_density(a, b, start))


def gammaincinv(a: Tensor, p: Tensor) -> Tensor:
    """The x with gammainc(a, x) = p."""
    from scipy.special import gammaincinv as inverse

    start = on_host(inverse, *spread(a, p))
    return root(start, gammainc(a, start) - p, gamma_density(a, start))
