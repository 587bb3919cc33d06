"""The twin of ``tabular``: the trained network by functional calls, the training by modules and torch.optim.SGD."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .source import NotAnInput, Source

NAMES = ("days", "regions", "first", "first_bias", "second", "second_bias")


def tabular(source: Source) -> dict[str, Any]:
    """Return the expected panels."""
    names = {kind: [str(row[0]).casefold() for row in source.texts(f"{kind}_names")] for kind in ("day", "region")}
    rows = source.texts("categories")
    day, region = (
        torch.tensor([_index(listed, str(row[k])) for row in rows]) for k, listed in enumerate(names.values())
    )
    at = {
        name: torch.from_numpy(source.numbers(name))
        for name in ("first", "first_bias", "second", "second_bias", "day_matrix", "region_matrix", "numbers", "sales")
    }
    days, regions = F.embedding(day, at["day_matrix"]), F.embedding(region, at["region_matrix"])
    normal = (at["numbers"] - at["numbers"].mean(0)) / at["numbers"].std(0)
    hidden = F.relu(F.linear(torch.cat([days, regions, normal], 1), at["first"].T, at["first_bias"][0]))
    predicted = F.linear(hidden, at["second"].T, at["second_bias"][0])
    hot = F.one_hot(day, len(names["day"])).double()
    panels = {
        "ids": torch.stack([day, region], 1).double() + 1,
        "days": days,
        "regions": regions,
        "normalised": normal,
        "hidden": hidden,
        "prediction": predicted,
        "errors": F.mse_loss(predicted, at["sales"], reduction="none"),
        "rmse": F.mse_loss(predicted, at["sales"]).sqrt().reshape(1, 1),
        "day_one_hot": hot,
        "day_product": F.linear(hot, at["day_matrix"].T),
        "day_lookup": days,
    }
    expected: dict[str, Any] = {name: values.numpy() for name, values in panels.items()}
    for kind, listed in names.items():
        expected[f"{kind}_rule"] = np.array([[min(600.0, round(1.6 * len(listed) ** 0.56))]])
    expected["day_of_row"] = np.array([[row[0]] for row in rows], dtype=object)
    expected["day_difference"] = np.zeros((1, 1))
    return expected | _training(source, (day, region), normal, at["sales"])


def _index(listed: list[str], name: str) -> int:
    if name.casefold() not in listed:
        raise NotAnInput(f"the table has a category {name!r} that is not in its list: {', '.join(listed)}")
    return listed.index(name.casefold())


class Network(nn.Module):
    """Two embeddings and two linear layers, from the start that the workbook holds."""

    def __init__(self, start: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.days = nn.Embedding(*_shape(start["days"]), _weight=start["days"])
        self.regions = nn.Embedding(*_shape(start["regions"]), _weight=start["regions"])
        self.first = _linear(start["first"], start["first_bias"])
        self.second = _linear(start["second"], start["second_bias"])

    def forward(self, day: torch.Tensor, region: torch.Tensor, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return every layer's output, each keeping its gradient."""
        inputs = torch.cat([self.days(day), self.regions(region), numbers], 1)
        before = self.first(inputs)
        hidden = F.relu(before)
        layers = {"inputs": inputs, "before": before, "hidden": hidden, "prediction": self.second(hidden)}
        for layer in layers.values():
            layer.retain_grad()
        return layers

    def panels(self) -> dict[str, torch.Tensor]:
        """Return the parameters as the workbook names them, linear layers as torch lays them out."""
        parameters = (self.days.weight, self.regions.weight, self.first.weight, self.first.bias)
        return dict(zip(NAMES, (*parameters, self.second.weight, self.second.bias), strict=True))


def _shape(matrix: torch.Tensor) -> tuple[int, int]:
    return matrix.shape[0], matrix.shape[1]


def _linear(matrix: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    layer = nn.Linear(*_shape(matrix), dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(matrix.T)
        layer.bias.copy_(bias[0])
    return layer


def _training(
    source: Source, categories: tuple[torch.Tensor, ...], numbers: torch.Tensor, sales: torch.Tensor
) -> dict[str, Any]:
    """Return the expected panels of every step of gradient descent."""
    network = Network({name: torch.from_numpy(source.numbers(f"start_{name}")) for name in NAMES})
    optimiser = torch.optim.SGD(network.parameters(), lr=source.number("learning_rate"))
    expected: dict[str, Any] = {}
    losses, steps = [], len(source.computed("step_numbers"))
    for step in range(steps):
        optimiser.zero_grad()
        layers = network(*categories, numbers)
        loss = F.mse_loss(layers["prediction"], sales)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        panels = {name: _laid_out(name, weight.detach()) for name, weight in network.panels().items()}
        panels |= {f"grad_{name}": _laid_out(name, _grad(weight)) for name, weight in network.panels().items()}
        panels |= {name: layers[name].detach() for name in ("inputs", "hidden", "prediction")}
        panels |= {"slopes": _grad(layers["prediction"]), "grad_hidden": _grad(layers["before"])}
        panels |= {"grad_inputs": _grad(layers["inputs"])[:, :5], "loss": loss.detach().reshape(1, 1)}
        expected |= {f"{name}_step_{step}": values.numpy().copy() for name, values in panels.items()}
        optimiser.step()
    curve = np.array(losses)[:, None]
    expected |= {"losses": curve, "first_rmse": np.sqrt(curve[:1]), "last_rmse": np.sqrt(curve[-1:])}
    expected["step_numbers"] = np.arange(1.0, steps + 1)[:, None]
    expected["learnt_days"] = expected[f"days_step_{steps - 1}"]
    return expected


def _laid_out(name: str, parameter: torch.Tensor) -> torch.Tensor:
    """Return a parameter as the sheet shows it: matrices inputs by outputs, biases as rows."""
    if "bias" in name:
        return parameter[None]
    return parameter if name in ("days", "regions") else parameter.T


def _grad(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad
