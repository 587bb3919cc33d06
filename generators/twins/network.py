"""The twins of ``conv`` and ``dropout``: the network by torch's own operators, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source

MULTIPLIER, MODULUS = 16807, 2**31 - 1


@dataclass(slots=True)
class Weights:
    """The weights of the network, in torch's shapes."""

    first: torch.Tensor  # (2, 1, 3, 3)
    second: torch.Tensor  # (2, 2, 3, 3)
    dense: torch.Tensor  # (classes, 2 * side * side)
    classes: list[int]


def conv(source: Source) -> dict[str, Floats]:
    """Return the expected panels of ``conv``."""
    expected: dict[str, Floats] = {}
    weights = _weights(source, expected)
    image = _image(source, expected)
    hidden = _convolutions(image, weights, expected)
    _head(source, hidden, weights, expected)
    if source.has("stride"):
        _strides(source, image, weights.first, expected)
    return expected


def _strides(source: Source, image: torch.Tensor, kernels: torch.Tensor, expected: dict[str, Floats]) -> None:
    """Add the panels of the sheet strides."""
    stride, padding = int(source.number("stride")), int(source.number("padding"))
    output = F.relu(F.conv2d(image, kernels, stride=stride, padding=padding))
    pooling, means = source.text("pooling"), F.avg_pool2d(output, 2)
    pooled = means if pooling == "average" else F.max_pool2d(output, 2)
    side, half = output.shape[-1], pooled.shape[-1]
    expected["padded"] = F.pad(image, (1, 1, 1, 1))[0, 0].numpy()
    expected["output_side"], expected["pooled_side"] = _cell(torch.tensor(side)), _cell(torch.tensor(half))
    _channels("strided", F.pad(output[0], (0, 28 - side, 0, 28 - side), value=float("nan")), expected)
    room = (0, 14 - half, 0, 14 - half)
    _channels("pooled", F.pad(pooled[0], room, value=float("nan")), expected)
    shown = means[0] if pooling == "concat" else torch.full_like(means[0], float("nan"))
    _channels("pooled_mean", F.pad(shown, room, value=float("nan")), expected)
    both = [F.adaptive_max_pool2d(output, 1), F.adaptive_avg_pool2d(output, 1)]
    expected["concat_pooling"] = torch.cat(both, dim=1).reshape(4, 1).numpy()
    place = int(source.number("position")) - 1
    row, column = min(place // side, side - 1), place % side
    window = F.unfold(image, 3, padding=padding, stride=stride)[0, :, side * row + column].reshape(3, 3)
    products = window * kernels[0, 0]
    walk = {"row": torch.tensor(row + 1), "column": torch.tensor(column + 1), "window": window, "kernel": kernels[0, 0]}
    walk |= {"products": products, "sum": products.sum(), "output": F.relu(products.sum())}
    for name, values in walk.items():
        expected[f"walk_{name}"] = values.double().reshape(3, 3).numpy() if values.numel() == 9 else _cell(values)


def dropout(source: Source) -> dict[str, Floats]:
    """Return the expected panels of ``dropout``: the mask follows from the seed, or from the workbook's RAND()."""
    expected: dict[str, Floats] = {}
    weights = _weights(source, expected)
    hidden = _convolutions(_image(source, expected), weights, expected)
    uniform = torch.from_numpy(_uniform(source, hidden.shape[1:], expected))
    rate = source.number("p")
    mask = (uniform >= rate).double()
    training = source.text("mode") == "training"
    dropped = hidden[0] * mask / (1 - rate) if training else hidden[0]
    _channels("mask", mask, expected)
    _channels("dropout", dropped, expected)
    expected["measured_rate"] = _cell(1 - mask.mean())
    expected["sum_before"] = _cell(hidden.sum())
    expected["sum_after"] = _cell(dropped.sum())
    _head(source, dropped[None], weights, expected)
    return expected


def _image(source: Source, expected: dict[str, Floats]) -> torch.Tensor:
    """Return the image as (1, 1, side, side)."""
    if not source.has("digit_images"):
        return torch.from_numpy(source.numbers("image"))[None, None]
    digit, example = int(source.number("digit")), int(source.number("example"))
    library = source.numbers("digit_images").reshape(10, 28, 10, 28).transpose(0, 2, 1, 3)
    expected["image"] = source.given("image", library[digit, example - 1] / 255)
    return torch.from_numpy(expected["image"])[None, None]


def _weights(source: Source, expected: dict[str, Floats]) -> Weights:
    first = torch.stack([torch.from_numpy(_first_kernel(source, channel, expected)) for channel in (1, 2)])[:, None]
    second = [[torch.from_numpy(source.numbers(f"kernel_{out}_{into}")) for into in (1, 2)] for out in (1, 2)]
    classes = [int(value) for value in source.numbers("classes")[:, 0]]
    dense = [
        torch.cat([torch.from_numpy(source.numbers(f"dense_{k}_{channel}")).flatten() for channel in (1, 2)])
        for k in classes
    ]
    return Weights(first, torch.stack([torch.stack(row) for row in second]), torch.stack(dense), classes)


def _first_kernel(source: Source, channel: int, expected: dict[str, Floats]) -> Floats:
    name = f"kernel_{channel}"
    if not source.has("kernel_names"):
        return source.numbers(name)
    chosen, row = library_kernel(source, source.text(f"choice_{channel}"))
    expected[f"choice_{channel}_row"] = np.array([[row]])
    expected[name] = source.given(name, chosen)
    return expected[name]


def library_kernel(source: Source, chosen: str) -> tuple[Floats, float]:
    """Return a kernel of the sheet kernels by its name, and the row where it starts there, from 1."""
    names = [None if row[0] is None else str(row[0]).casefold() for row in source.texts("kernel_names")]
    place = names.index(chosen.casefold())
    filled = [name for name in names[:place] if name is not None]
    return source.numbers(f"library_{len(filled) + 1}"), place + 1.0


def _convolutions(image: torch.Tensor, weights: Weights, expected: dict[str, Floats]) -> torch.Tensor:
    first = F.relu(F.conv2d(image, weights.first))
    second = F.relu(F.conv2d(first, weights.second))
    _channels("conv1", first[0], expected)
    _channels("conv2", second[0], expected)
    return second


def _head(source: Source, hidden: torch.Tensor, weights: Weights, expected: dict[str, Floats]) -> None:
    pooled = F.max_pool2d(hidden, 2)
    _channels("maxpool", pooled[0], expected)
    logits = F.linear(pooled.flatten(1), weights.dense)[0]
    softmax = F.softmax(logits, dim=0)
    expected["logits"] = logits[:, None].numpy()
    expected["exponentials"] = torch.exp(logits - logits.max())[:, None].numpy()
    expected["softmax"] = softmax[:, None].numpy()
    if source.has("loss"):
        digit = torch.tensor(int(source.number("digit")))
        expected["predicted"] = _cell(torch.tensor(weights.classes[int(logits.argmax())]))
        expected["confidence"] = _cell(softmax.max())
        expected["loss"] = _cell(F.cross_entropy(logits, digit))


def _uniform(source: Source, shape: torch.Size, expected: dict[str, Floats]) -> Floats:
    """Return the random numbers, (channels, rows, columns): Park and Miller's in whole numbers, or RAND()'s."""
    state, states = int(source.number("seed")), []
    for _ in range(shape.numel()):
        state = MULTIPLIER * state % MODULUS
        states.append(state)
    expected["states"] = np.array(states, dtype=np.float64)[:, None]
    expected["uniforms"] = expected["states"] / MODULUS
    if source.text("random_source") == "RAND()":
        uniform = np.stack([source.computed(f"random_{channel}") for channel in (1, 2)])
    else:
        uniform = expected["uniforms"].reshape(shape)
    for channel in (1, 2):
        expected[f"random_{channel}"] = uniform[channel - 1]
    return uniform


def _channels(name: str, layer: torch.Tensor, expected: dict[str, Floats]) -> None:
    for channel, values in enumerate(layer, start=1):
        expected[f"{name}_{channel}"] = values.numpy()


def _cell(value: torch.Tensor) -> Floats:
    return value.double().reshape(1, 1).numpy()
