"""Summary statistics and a histogram of what repeated runs gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tables import show

BINS = 10
WIDEST = 40
PERCENTILES = (5, 25, 50, 75, 95)


def summarise(names: Sequence[str], values: NDArray[Any]) -> None:
    """Print the statistics of each column, and a histogram of a single one; what is no number is counted apart."""
    headers = ["cell", "numbers", "mean", "deviation", "least", *(f"{p} %" for p in PERCENTILES), "greatest", "other"]
    rows, kept = [], []
    for at, name in enumerate(names):
        column = values[:, at]
        numbers = np.array([value for value in column.tolist() if type(value) is float])
        kept.append(numbers)
        rows.append([name, f"{len(numbers):,}", *_statistics(numbers), f"{len(column) - len(numbers):,}"])
    show(headers, rows, right=range(1, len(headers)))
    if len(names) == 1 and len(kept[0]):
        print()
        _histogram(kept[0])


def _statistics(numbers: NDArray[np.float64]) -> list[str]:
    if not len(numbers):
        return [""] * (4 + len(PERCENTILES))
    deviation = numbers.std(ddof=1) if len(numbers) > 1 else 0.0
    found = [numbers.mean(), deviation, numbers.min(), *np.percentile(numbers, PERCENTILES), numbers.max()]
    return [f"{value:.6g}" for value in found]


def _histogram(numbers: NDArray[np.float64]) -> None:
    counts, edges = np.histogram(numbers, bins=BINS)
    for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        bar = "█" * round(WIDEST * count / max(counts.max(), 1))
        print(f"{low:>12.6g} … {high:<12.6g} {count:>9,}  {bar}".rstrip())
