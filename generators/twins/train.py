"""The twin of ``train``: autograd and torch.optim.SGD, step by step."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


def train(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    classes = source.numbers("class_digits")
    count = len(classes)
    images = [torch.from_numpy(source.numbers(f"digit_{k}"))[None, None] for k in range(count)]
    targets = [torch.tensor([int(source.number(f"target_{k}"))]) for k in range(count)]
    first, second, dense = parameters = _start(source, count)
    optimiser = torch.optim.SGD(parameters, lr=source.number("learning_rate"))
    expected: dict[str, Floats] = {}
    losses = []
    for step in range(len(source.computed("step_numbers"))):
        image, target = images[step % count], targets[step % count]
        optimiser.zero_grad()
        _record_weights(expected, step, "", [parameter.detach() for parameter in parameters])
        before1 = F.conv2d(image, first)
        conv1 = F.relu(before1)
        before2 = F.conv2d(conv1, second)
        conv2 = F.relu(before2)
        pooled = F.max_pool2d(conv2, 2)
        logits = F.linear(pooled.flatten(1), dense)
        for kept in (before1, before2, pooled, logits):
            kept.retain_grad()
        loss = F.cross_entropy(logits, target)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        _record_weights(expected, step, "grad_", [_grad(parameter) for parameter in parameters])
        layers = {"conv1": conv1, "conv2": conv2, "pool": pooled}
        layers |= {"grad_conv1": _grad(before1), "grad_conv2": _grad(before2), "grad_pool": _grad(pooled)}
        for name, layer in layers.items():
            for channel, values in enumerate(layer[0].detach()):
                expected[f"{name}_{channel}_step_{step}"] = values.numpy()
        for out, slices in enumerate(second.detach().flip(2, 3)):
            for into, values in enumerate(slices):
                expected[f"turned_{out}_{into}_step_{step}"] = values.numpy().copy()
        row = logits.detach()[0]
        columns = {
            "logits": row,
            "powers": torch.exp(row - row.max()),
            "softmax": F.softmax(row, 0),
            "slopes": _grad(logits)[0],
        }
        expected |= {f"{name}_step_{step}": values[:, None].numpy() for name, values in columns.items()}
        expected[f"classes_step_{step}"] = classes
        expected[f"image_step_{step}"] = image[0, 0].numpy()
        expected[f"target_step_{step}"] = target[:, None].double().numpy()
        expected[f"loss_step_{step}"] = np.array([[loss.item()]])
        optimiser.step()
    expected["step_numbers"] = np.arange(1.0, len(losses) + 1)[:, None]
    expected["losses"] = np.array(losses)[:, None]
    expected["first_epoch"], expected["last_epoch"] = (
        np.array([[np.mean(part)]]) for part in (losses[:count], losses[-count:])
    )
    return expected


def _start(source: Source, classes: int) -> list[torch.Tensor]:
    first = torch.stack([torch.from_numpy(source.numbers(f"start_first_{c}"))[None] for c in (0, 1)])
    slices = [[torch.from_numpy(source.numbers(f"start_second_{o}_{c}")) for c in (0, 1)] for o in (0, 1)]
    second = torch.stack([torch.stack(row) for row in slices])
    panels = [
        [torch.from_numpy(source.numbers(f"start_dense_{k}_{c}")).flatten() for c in (0, 1)] for k in range(classes)
    ]
    dense = torch.stack([torch.cat(row) for row in panels])
    return [tensor.clone().requires_grad_() for tensor in (first, second, dense)]


def _grad(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad.clone()


def _record_weights(expected: dict[str, Floats], step: int, prefix: str, values: list[torch.Tensor]) -> None:
    first, second, dense = (value.clone() for value in values)
    for channel in (0, 1):
        expected[f"{prefix}first_{channel}_step_{step}"] = first[channel, 0].numpy()
        for into in (0, 1):
            expected[f"{prefix}second_{channel}_{into}_step_{step}"] = second[channel, into].numpy()
        for k, row in enumerate(dense):
            expected[f"{prefix}dense_{k}_{channel}_step_{step}"] = row.reshape(2, 5, 5)[channel].numpy()
