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
        torch.tensor([float(str(row[k])) for row in rows], dtype=torch.float64) for k in (0, 1, 3, 4, 6, 7)
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
    linear = F.linear(x, torch.from_numpy(source.numbers("weights")))
    before = x @ torch.from_numpy(source.numbers("net_weights"))
    net = F.relu(before) @ torch.from_numpy(source.numbers("net_second"))
    target = survived[:, None]
    panels = {name: column[:, None].double() for name, column in columns.items()}
    panels |= {
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
    expected = {name: values.numpy() for name, values in panels.items()}
    return expected | {"linear_difference": np.zeros((1, 1))}


def _accuracy(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((predicted > 0.5) == (target == 1)).double().mean().reshape(1, 1)
