"""The torch twin of each lesson: what torch computes from the inputs that a workbook holds."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .source import Source

Expected: TypeAlias = dict[str, NDArray[np.float64]]
Twin: TypeAlias = Callable[[Source], dict[str, Any]]

_MODULES = {
    "conv": "network",
    "dropout": "network",
    "collab": "collab",
    "activations": "activations",
    "entropy": "entropy",
    "optimisers": "optimisers",
    "embeddings": "embeddings",
    "matmul": "matmul",
    "collab-analysis": "collab_analysis",
    "train": "train",
    "collab-nn": "collab_nn",
    "tabular": "tabular",
    "titanic": "titanic",
}


def twin(lesson: str) -> Twin:
    """Return the twin of a lesson: a function from a workbook's inputs to the expected panels."""
    module = import_module(f".{_MODULES[lesson]}", __name__)
    found: Twin = getattr(module, lesson.replace("-", "_"))
    return found


__all__ = ["Expected", "Source", "Twin", "twin"]
