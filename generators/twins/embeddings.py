"""The twin of ``embeddings``."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


def embeddings(source: Source) -> dict[str, Floats]:
    """Return the expected panels."""
    films, count = [], 1
    while source.has(f"film_{count}"):
        films.append(source.text(f"film_{count}"))
        count += 1
    words = [str(row[0]) for row in source.texts("poem")]
    return _both_ways(source, "film", films, "film_titles") | _both_ways(source, "word", words, "vocabulary")


def _both_ways(source: Source, name: str, things: list[str], listed: str) -> dict[str, Floats]:
    order = [str(row[0]).casefold() for row in source.texts(listed)]
    ids = torch.tensor([order.index(thing.casefold()) for thing in things])
    matrix = torch.from_numpy(source.numbers(f"{name}_matrix"))
    hot = F.one_hot(ids, len(order)).double()
    return {
        f"{name}_numbers": ids[:, None].double().numpy() + 1,
        f"{name}_lookup": F.embedding(ids, matrix).numpy(),
        f"{name}_one_hot": hot.numpy(),
        f"{name}_product": (hot @ matrix).numpy(),
        f"{name}_difference": np.zeros((1, 1)),
    }
