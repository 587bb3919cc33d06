"""The twin of ``titanic``."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


def titanic(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    rows = source.texts("passenger_data")
    survived, pclass, age, fare, siblings, parents = (
        torch.tensor([float(row[k]) for row in rows], dtype=torch.float64)  # type: ignore[arg-type]
        for k in (0, 1, 3, 4, 6, 7)
    )
    sex, port = ([str(row[k]).casefold() for row in rows] for k in (2, 5))
    columns = {
        "Age_N": age / age.max(),
        "log_Fare": torch.log10(fare + 1),
        "Pclass_1": pclass == 1,
        "Pclass_2": pclass == 2,
        "Embark_S": torch.tensor([name == "s" for name in port]),
        "Embark_C": torch.tensor([name == "c" for name in port]),
        "Male": torch.tensor([name == "male" for name in sex]),
        "Ones": torch.ones(len(rows)),
    }
    x = torch.stack([siblings, parents, *(column.double() for column in columns.values())], dim=1)
    target = survived[:, None]
    expected = {name: column[:, None].double().numpy() for name, column in columns.items()}
    return expected | _models(source, x, target) | _descent(source, x, target) | _net_descent(source, x, target)


def _models(source: Source, x: torch.Tensor, target: torch.Tensor) -> dict[str, Floats]:
    """Return the panels of the models that Solver changes: no sigmoid, squared error."""
    linear = F.linear(x, torch.from_numpy(source.numbers("weights")))
    before = x @ torch.from_numpy(source.numbers("net_weights"))
    net = F.relu(before) @ torch.from_numpy(source.numbers("net_second"))
    panels = {
        "Linear": linear,
        "Loss": F.mse_loss(linear, target, reduction="none"),
        "mean_loss": F.mse_loss(linear, target).reshape(1, 1),
        "accuracy": _accuracy(linear, target),
        "net_before": before,
        "net_hidden": F.relu(before),
        "net_prediction": net,
        "net_errors": F.mse_loss(net, target, reduction="none"),
        "net_loss": F.mse_loss(net, target).reshape(1, 1),
        "net_accuracy": _accuracy(net, target),
        "linear_again": linear,
    }
    return {name: values.numpy() for name, values in panels.items()} | {"linear_difference": np.zeros((1, 1))}


def _descent(source: Source, x: torch.Tensor, target: torch.Tensor) -> dict[str, Floats]:
    """Return the panels of the sheet descent: torch.optim.SGD on the linear model with a sigmoid."""
    weights = torch.from_numpy(source.numbers("weights")).requires_grad_()
    optimiser = torch.optim.SGD([weights], lr=source.number("learning_rate"))
    steps = source.computed("step_numbers").shape[1]
    expected: dict[str, Floats] = {}
    kept: dict[str, list[torch.Tensor]] = {"weights": [], "losses": [], "accuracy": []}
    for step in range(steps):
        optimiser.zero_grad()
        chance = torch.sigmoid(F.linear(x, weights))
        loss = F.binary_cross_entropy(chance, target)
        loss.backward()  # type: ignore[no-untyped-call]
        expected[f"chance_step_{step}"] = chance.detach().numpy()
        kept["weights"].append(weights.detach().T.clone())
        expected[f"gradient_step_{step}"] = _grad(weights).T.numpy().copy()
        kept["losses"].append(loss.detach().reshape(1, 1))
        kept["accuracy"].append(_accuracy(chance, target))
        optimiser.step()
    expected |= {f"descent_{name}": torch.cat(columns, 1).numpy() for name, columns in kept.items()}
    expected["step_numbers"] = np.arange(1.0, steps + 1)[None]
    return expected | _ends("descent", expected["descent_losses"], expected["descent_accuracy"])


def _net_descent(source: Source, x: torch.Tensor, target: torch.Tensor) -> dict[str, Floats]:
    """Return the panels of the sheet net descent: torch.optim.SGD on the net with a sigmoid."""
    starts = {"first": "net_weights", "second": "net_second", "bias": "start_bias"}
    parameters = {name: torch.from_numpy(source.numbers(start)).requires_grad_() for name, start in starts.items()}
    optimiser = torch.optim.SGD(list(parameters.values()), lr=source.number("net_learning_rate"))
    steps = source.computed("net_step_numbers").shape[1]
    expected: dict[str, Floats] = {}
    for step in range(steps):
        optimiser.zero_grad()
        before = x @ parameters["first"]
        before.retain_grad()
        hidden = F.relu(before)
        chance = torch.sigmoid(hidden @ parameters["second"] + parameters["bias"])
        loss = F.binary_cross_entropy(chance, target)
        loss.backward()  # type: ignore[no-untyped-call]
        panels = {"hidden": hidden, "chance": chance, "back": _grad(before), "loss": loss.reshape(1, 1)}
        panels |= {"accuracy": _accuracy(chance, target)} | parameters
        panels |= {f"grad_{name}": _grad(parameter) for name, parameter in parameters.items()}
        expected |= {f"net_{name}_step_{step}": values.detach().numpy().copy() for name, values in panels.items()}
        optimiser.step()
    for name, panel in (("net_losses", "loss"), ("net_accuracies", "accuracy")):
        expected[name] = np.concatenate([expected[f"net_{panel}_step_{step}"] for step in range(steps)], axis=1)
    expected["net_step_numbers"] = np.arange(1.0, steps + 1)[None]
    return expected | _ends("net", expected["net_losses"], expected["net_accuracies"])


def _ends(name: str, losses: Floats, accuracies: Floats) -> dict[str, Floats]:
    ends = {"first_loss": losses[:, :1], "last_loss": losses[:, -1:], "last_accuracy": accuracies[:, -1:]}
    return {f"{name}_{kind}": values for kind, values in ends.items()}


def _accuracy(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((predicted > 0.5) == (target == 1)).double().mean().reshape(1, 1)


def _grad(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad
