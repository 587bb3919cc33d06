"""The twin of ``matmul``: the sparse matrix is read off ``conv2d`` itself, by showing it one pixel at a time."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .network import library_kernel
from .source import Floats, Source


def matmul(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    image = torch.from_numpy(source.numbers("image"))
    chosen, row = library_kernel(source, source.text("kernel_choice"))
    kernel = torch.from_numpy(source.given("kernel", chosen))
    side, out = len(image), len(image) - 2
    conv = F.conv2d(image[None, None], kernel[None, None])[0, 0]
    units = torch.eye(side * side, dtype=torch.float64).reshape(side * side, 1, side, side)
    matrix = F.conv2d(units, kernel[None, None]).reshape(side * side, out * out).T
    patches = F.unfold(image[None, None], 3)[0].T
    places = [np.array([divmod(k, width) for k in range(width * width)], dtype=np.float64) for width in (out, side, 3)]
    return {
        "kernel_row": np.array([[row]]),
        "kernel": kernel.numpy(),
        "conv": conv.numpy(),
        "output_places": places[0],
        "kernel_places": places[2],
        "pixel_places": places[1].T,
        "sparse_matrix": matrix.numpy(),
        "flat_image": image.flatten()[:, None].numpy(),
        "sparse_product": (matrix @ image.flatten())[:, None].numpy(),
        "sparse_result": (matrix @ image.flatten()).reshape(out, out).numpy(),
        "patches": patches.numpy(),
        "flat_kernel": kernel.flatten()[:, None].numpy(),
        "patch_product": (patches @ kernel.flatten())[:, None].numpy(),
        "patch_result": (patches @ kernel.flatten()).reshape(out, out).numpy(),
        "sparse_difference": np.zeros((1, 1)),
        "patch_difference": np.zeros((1, 1)),
    }
