"""The twin of ``tabular``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .source import Source


def tabular(source: Source) -> dict[str, Any]:
    """Return the expected panels."""
    names = {kind: [str(row[0]).casefold() for row in source.texts(f"{kind}_names")] for kind in ("day", "region")}
    rows = source.texts("categories")
    day, region = (
        torch.tensor([names[kind].index(str(row[k]).casefold()) for row in rows]) for k, kind in enumerate(names)
    )
    at = {
        name: torch.from_numpy(source.numbers(name))
        for name in ("first", "first_bias", "second", "second_bias", "day_matrix", "region_matrix", "numbers", "sales")
    }
    days, regions = F.embedding(day, at["day_matrix"]), F.embedding(region, at["region_matrix"])
    normal = (at["numbers"] - at["numbers"].mean(0)) / at["numbers"].std(0)
    hidden = F.relu(F.linear(torch.cat([days, regions, normal], 1), at["first"].T, at["first_bias"][0]))
    predicted = F.linear(hidden, at["second"].T, at["second_bias"][0])
    hot = F.one_hot(day, len(names["day"])).double()
    panels = {
        "ids": torch.stack([day, region], 1).double() + 1,
        "days": days,
        "regions": regions,
        "normalised": normal,
        "hidden": hidden,
        "prediction": predicted,
        "errors": F.mse_loss(predicted, at["sales"], reduction="none"),
        "rmse": F.mse_loss(predicted, at["sales"]).sqrt().reshape(1, 1),
        "day_one_hot": hot,
        "day_product": F.linear(hot, at["day_matrix"].T),
        "day_lookup": days,
    }
    expected: dict[str, Any] = {name: values.numpy() for name, values in panels.items()}
    for kind, listed in names.items():
        expected[f"{kind}_rule"] = np.array([[min(600.0, round(1.6 * len(listed) ** 0.56))]])
    expected["day_of_row"] = np.array([[row[0]] for row in rows], dtype=object)
    expected["day_difference"] = np.zeros((1, 1))
    return expected
