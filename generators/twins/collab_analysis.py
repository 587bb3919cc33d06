"""The twin of ``collab-analysis``: argsort, eigh and cosine_similarity."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source

SQUARINGS, COMPONENTS, SHOWN = 12, 2, 10
FIRST_ROW = 5  # the row of the first film, as ROW() counts


def collab_analysis(source: Source) -> dict[str, Floats | np.ndarray]:
    """Return the expected panels; titles are arrays of texts."""
    titles = np.array([row[0] for row in source.texts("titles")], dtype=object)
    factors = torch.from_numpy(source.numbers("factors"))
    expected = _ranking(source, titles) | _components(factors) | _nearest(source, titles, factors)
    return expected | {"titles_again": titles[:, None], "titles_once_more": titles[:, None]}


def _keys(values: torch.Tensor) -> torch.Tensor:
    return values - torch.arange(FIRST_ROW, FIRST_ROW + len(values)) / 1e9


def _ranking(source: Source, titles: np.ndarray) -> dict[str, Floats | np.ndarray]:
    bias = torch.from_numpy(source.numbers("bias"))[:, 0]
    keys = _keys(bias)
    expected: dict[str, Floats | np.ndarray] = {"bias_keys": keys[:, None].numpy()}
    for name, descending in (("highest", True), ("lowest", False)):
        order = torch.argsort(keys, descending=descending)
        expected[f"{name}_places"] = order[:, None].double().numpy() + 1
        expected[f"{name}_titles"] = titles[order.numpy()][:, None]
        expected[f"{name}_bias"] = bias[order][:, None].numpy()
    return expected


def _components(factors: torch.Tensor) -> dict[str, Floats | np.ndarray]:
    centred = factors - factors.mean(0)
    covariance = torch.cov(factors.T)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0), vectors.flip(1)
    total = torch.trace(covariance)
    expected = {"centred": centred, "covariance": covariance, "variance": total.reshape(1, 1)}
    directions = []
    remaining = covariance
    for number in range(1, COMPONENTS + 1):
        kept = values.clone()
        kept[: number - 1] = 0
        for power in range(1, SQUARINGS + 1):
            weights = (kept / kept.max()) ** (2**power)
            expected[f"power_{number}_{power}"] = vectors @ torch.diag(weights) @ vectors.T / weights.sum()
        vector = vectors[:, number - 1]
        best = vector.abs().argmax()
        vector = vector * torch.sign(vector[best])
        remaining = remaining - values[number - 1] * torch.outer(vector, vector)
        directions.append(vector)
        expected |= {
            f"diagonal_{number}": vector[None] ** 2,
            f"strongest_{number}": (best + 1).double().reshape(1, 1),
            f"raw_{number}": (vector * vector[best])[None],
            f"direction_{number}": vector[None],
            f"strength_{number}": values[number - 1].reshape(1, 1),
            f"share_{number}": (values[number - 1] / total).reshape(1, 1),
            f"deflated_{number}": remaining,
        }
    expected["scores"] = centred @ torch.stack(directions, dim=1)
    return {name: value.numpy() for name, value in expected.items()}


def _nearest(source: Source, titles: np.ndarray, factors: torch.Tensor) -> dict[str, Floats | np.ndarray]:
    film = titles.tolist().index(source.text("film"))
    cosines = F.cosine_similarity(factors, factors[film][None])
    order = torch.argsort(_keys(cosines), descending=True)[: SHOWN + 1]
    return {
        "film_number": np.array([[film + 1.0]]),
        "cosines": cosines[:, None].numpy(),
        "cosine_keys": _keys(cosines)[:, None].numpy(),
        "nearest_places": order[:, None].double().numpy() + 1,
        "nearest_titles": titles[order.numpy()][:, None],
        "nearest_cosines": cosines[order][:, None].numpy(),
    }
