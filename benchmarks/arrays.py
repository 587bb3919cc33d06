"""The other floor: the arithmetic of a workload on bare arrays, in numpy and in torch, CPU seconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import process_time

import numpy as np

ROUNDS = 3
ROUND = 0.1  # seconds


def network_numpy(size: int) -> Callable[[], object]:
    """The network: two convolutions with ReLU, pooling, dense, by shifted multiply and add."""
    image, first, second, dense = _parameters(size)

    def correlate(channels: np.ndarray, kernel: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        height, width = channels.shape[1] - 2, channels.shape[2] - 2
        total = np.zeros((height, width))
        for c, plane in enumerate(channels):
            for i in range(3):
                for j in range(3):
                    total += plane[i : i + height, j : j + width] * kernel[c, i, j]
        return np.maximum(total, 0)

    def run() -> object:
        hidden = np.stack([correlate(image[None], kernel[None]) for kernel in first])
        output = np.stack([correlate(hidden, kernel) for kernel in second])
        pooled = dense.shape[1]
        cut = output[:, : 2 * pooled, : 2 * pooled]
        return (cut.reshape(2, pooled, 2, pooled, 2).max(axis=(2, 4)) * dense).sum()

    return run


def network_torch(size: int) -> Callable[[], object]:
    """The network by torch's own operators, float64, one thread."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    image, first, second, dense = (torch.from_numpy(array) for array in _parameters(size))

    def run() -> object:
        hidden = functional.relu(functional.conv2d(image[None, None], first[:, None]))
        output = functional.relu(functional.conv2d(hidden, second))
        return (functional.max_pool2d(output, 2)[0] * dense).sum()

    return run


def fill_numpy(rows: int) -> Callable[[], object]:
    """The fill: arithmetic, IF, running sum."""
    random = np.random.default_rng(11)
    left, right = random.random(rows) * 100, random.random(rows) * 10

    def run() -> object:
        product = left * right + 2
        return np.cumsum(np.where(product > 400, product - left, product / 2))

    return run


def _parameters(size: int) -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
    random = np.random.default_rng(7)
    pooled = (size - 4) // 2
    return (
        random.random((size, size)),
        random.normal(size=(2, 3, 3)),
        random.normal(size=(2, 2, 3, 3)),
        random.normal(size=(2, pooled, pooled)),
    )


# Workload → the same work on bare arrays, by name of the library.
BARE: dict[str, dict[str, Callable[[], Callable[[], object]]]] = {
    **{
        f"conv{size}": {"numpy": lambda size=size: network_numpy(size), "torch": lambda size=size: network_torch(size)}  # type: ignore[misc]
        for size in (28, 128, 512)
    },
    "fill100k": {"numpy": lambda: fill_numpy(100_000)},
    "fill1m": {"numpy": lambda: fill_numpy(1_000_000)},
}


def measure(workload: str, library: str) -> float:
    """Return the CPU seconds of one run: the best of a few rounds, each long enough to be timed."""
    run = BARE[workload][library]()
    started, times = process_time(), 0
    while process_time() - started < ROUND:
        run()
        times += 1
    best = float("inf")
    for _ in range(ROUNDS):
        started = process_time()
        for _ in range(times):
            run()
        best = min(best, (process_time() - started) / times)
    return best


if __name__ == "__main__":
    print(json.dumps({"stages": {"compute": measure(*sys.argv[1:])}, "memory": 0.0}))
