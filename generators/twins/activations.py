"""The twin of ``activations``: torch's functions, and their derivatives by autograd."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


def activations(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    count = len(source.computed("x"))
    start, step, slope = (source.number(name) for name in ("start", "step", "slope"))
    points = source.given("x", np.asarray(start + step * np.arange(count), dtype=np.float64)[:, None])
    functions = {
        "relu": F.relu,
        "leaky_relu": lambda x: F.leaky_relu(x, slope),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "mish": F.mish,
        "gelu": F.gelu,
    }
    expected = {"x": points}
    for name, function in functions.items():
        x = torch.from_numpy(points.copy()).requires_grad_()
        y: torch.Tensor = function(x)  # type: ignore[no-untyped-call]
        (slopes,) = torch.autograd.grad(y.sum(), x)
        expected[name], expected[f"{name}_slope"] = y.detach().numpy(), slopes.numpy()
    return expected
