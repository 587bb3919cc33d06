"""The twin of ``collab-nn``: autograd and torch.optim.SGD, batch by batch."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source

NAMES = ("users", "films", "first", "first_bias", "second", "second_bias")


def collab_nn(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    data = torch.from_numpy(source.numbers("data"))
    low, high = source.number("lowest"), source.number("highest")
    parameters = {name: torch.from_numpy(source.numbers(f"start_{name}")).requires_grad_() for name in NAMES}
    optimiser = torch.optim.SGD(list(parameters.values()), lr=source.number("learning_rate"))
    steps = len(source.computed("step_numbers"))
    size = len(source.computed("prediction_step_0"))
    expected: dict[str, Floats] = {}
    losses = []
    for step in range(steps):
        batch = data[size * (step % (len(data) // size)) :][:size]
        user, film, rating = batch[:, 0].long() - 1, batch[:, 1].long() - 1, batch[:, 2]
        optimiser.zero_grad()
        for name, parameter in parameters.items():
            expected[f"{name}_step_{step}"] = parameter.detach().numpy().copy()
        inputs = torch.cat([F.embedding(user, parameters["users"]), F.embedding(film, parameters["films"])], dim=1)
        before = F.linear(inputs, parameters["first"].T, parameters["first_bias"][0])
        hidden = F.relu(before)
        total = F.linear(hidden, parameters["second"].T, parameters["second_bias"][0])
        for kept in (inputs, before, total):
            kept.retain_grad()
        predicted = low + (high - low) * torch.sigmoid(total)
        loss = F.mse_loss(predicted[:, 0], rating)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        panels = {
            "batch": batch,
            "inputs": inputs,
            "hidden": hidden,
            "prediction": predicted,
            "loss": loss.reshape(1, 1),
        }
        panels |= {"slopes": _grad(total), "grad_hidden": _grad(before), "grad_inputs": _grad(inputs)}
        panels |= {f"grad_{name}": _grad(parameter) for name, parameter in parameters.items()}
        expected |= {f"{name}_step_{step}": values.detach().numpy().copy() for name, values in panels.items()}
        optimiser.step()
    batches = len(data) // size
    expected["epoch_numbers"] = np.arange(1.0, steps // batches + 1)[:, None]
    expected["epoch_losses"] = np.array(losses).reshape(-1, batches).mean(1)[:, None]
    expected["step_numbers"] = np.arange(1.0, steps + 1)[:, None]
    expected["losses"] = np.array(losses)[:, None]
    expected["rmse"] = np.sqrt(expected["losses"])
    for name in ("users", "films"):
        count = len(parameters[name])
        expected[f"size_{name}"] = np.array([[min(600, round(1.6 * count**0.56))]], dtype=np.float64)
    return expected


def _grad(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad
