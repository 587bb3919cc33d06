"""The twin of ``optimisers``: torch.optim, point by point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source

MEMORIES = {
    "momentum": {"s": "momentum_buffer"},
    "rmsprop": {"v": "square_avg"},
    "adam": {"m": "exp_avg", "v": "exp_avg_sq"},
}


def optimisers(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    number = source.number
    kinds: dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]] = {
        "sgd": lambda p: torch.optim.SGD(p, lr=number("sgd_lr")),
        "momentum": lambda p: torch.optim.SGD(p, lr=number("momentum_lr"), momentum=number("momentum_share")),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=number("rmsprop_lr"), alpha=number("rmsprop_alpha")),
        "adam": lambda p: torch.optim.Adam(
            p, lr=number("adam_lr"), betas=(number("adam_first"), number("adam_second"))
        ),
    }
    expected: dict[str, Floats] = {}
    for name, kind in kinds.items():
        expected |= _run(source, name, kind)
    xs = torch.from_numpy(source.numbers("x"))
    ends = torch.stack([xs.min(), xs.max()])
    lines = [a * ends + b for a, b, _ in (torch.from_numpy(expected[f"{name}_end"])[0] for name in kinds)]
    return expected | {"line_x": ends[:, None].numpy(), "lines": torch.stack(lines, dim=1).numpy()}


def _run(source: Source, name: str, kind: Callable[[list[torch.Tensor]], torch.optim.Optimizer]) -> dict[str, Floats]:
    xs, ys = torch.from_numpy(source.numbers("x")[:, 0]), torch.from_numpy(source.numbers("y")[:, 0])
    parameters = [torch.tensor(source.number(f"start_{p}"), dtype=torch.float64, requires_grad=True) for p in "ab"]
    optimiser = kind(parameters)
    memories = MEMORIES.get(name, {})
    rows: dict[str, list[list[float]]] = {
        key: [] for key in ("step", "point", "before", "prediction", "loss", "gradient", "after", "rmse", *memories)
    }
    for step in range(len(source.computed(f"{name}_step"))):
        x, y = xs[step % len(xs)], ys[step % len(ys)]
        optimiser.zero_grad()
        prediction = parameters[0] * x + parameters[1]
        loss = F.mse_loss(prediction, y)
        loss.backward()  # type: ignore[no-untyped-call]
        rows["before"].append([p.item() for p in parameters])
        optimiser.step()
        rows["step"].append([step + 1.0])
        rows["point"].append([x.item(), y.item()])
        rows["prediction"].append([prediction.item()])
        rows["loss"].append([loss.item()])
        rows["gradient"].append([p.grad.item() for p in parameters if p.grad is not None])
        rows["after"].append([p.item() for p in parameters])
        rows["rmse"].append([F.mse_loss(parameters[0] * xs + parameters[1], ys).sqrt().item()])
        for letter, key in memories.items():
            kept = [optimiser.state[p].get(key) for p in parameters]
            rows[letter].append([float("nan") if value is None else value.item() for value in kept])
    expected = {f"{name}_{key}": np.array(values) for key, values in rows.items()}
    if name == "momentum" and source.number("momentum_share") == 0:
        expected["momentum_s"] = expected["momentum_gradient"]
    last = [*rows["after"][-1], *rows["rmse"][-1]]
    return expected | {f"{name}_end": np.array([last])}
