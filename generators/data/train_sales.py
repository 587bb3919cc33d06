"""Make the table of the lesson tabular and train its network, once: ``python train_sales.py`` writes two files.

``sales.csv``: 60 invented days of shops: weekday, region, promotion, distance to the next competitor, price, sales.
``sales_network.npz``: embeddings of weekdays (7, 2) and regions (4, 3), two layers, in thousandths.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.nn import functional as F

HERE = Path(__file__).parent
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REGIONS = ("North", "East", "South", "West")
DAY_EFFECT = (0.9, 0.8, 0.85, 0.95, 1.25, 1.6, 0.35)
REGION_EFFECT = (1.0, 0.8, 1.2, 1.1)
ROWS, HIDDEN, EPOCHS = 60, 6, 3000


def table() -> list[tuple[str, str, int, float, float, float]]:
    """Return the invented rows."""
    random, rows = Random(11), []
    for k in range(ROWS):
        day, region, promotion = k % 7, random.randrange(4), int(random.random() < 0.4)
        distance, price = round(random.uniform(0.1, 9.9), 1), round(random.uniform(1.5, 3.5), 2)
        base = 5 * DAY_EFFECT[day] * REGION_EFFECT[region] * (1.3 if promotion else 1.0)
        sales = base * (1 + 0.04 * distance) * math.exp(-0.25 * (price - 2.5)) * random.uniform(0.95, 1.05)
        rows.append((DAYS[day], REGIONS[region], promotion, distance, price, round(sales, 2)))
    return rows


def main() -> None:
    """Write the table, train, and write the weights."""
    torch.manual_seed(0)
    rows = table()
    with (HERE / "sales.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("day", "region", "promotion", "distance", "price", "sales"), *rows]
        )
    day = torch.tensor([DAYS.index(row[0]) for row in rows])
    region = torch.tensor([REGIONS.index(row[1]) for row in rows])
    numbers = torch.tensor([[float(number) for number in row[2:5]] for row in rows])
    numbers = (numbers - numbers.mean(0)) / numbers.std(0)
    sales = torch.tensor([row[5] for row in rows])
    shapes = {"days": (7, 2), "regions": (4, 3), "first": (8, HIDDEN), "first_bias": (1, HIDDEN), "second": (HIDDEN, 1)}
    weights = {name: (0.5 * torch.randn(shape)).requires_grad_() for name, shape in shapes.items()}
    weights["second_bias"] = torch.full((1, 1), float(sales.mean()), requires_grad=True)
    optimiser = torch.optim.AdamW(weights.values(), lr=0.01, weight_decay=0.02)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        inputs = torch.cat([weights["days"][day], weights["regions"][region], numbers], 1)
        hidden = F.relu(inputs @ weights["first"] + weights["first_bias"])
        loss = F.mse_loss((hidden @ weights["second"] + weights["second_bias"])[:, 0], sales)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    print("RMSE", float(loss.detach().sqrt()))
    rounded = {name: (weight.detach().numpy() * 1000).round().astype(np.int32) for name, weight in weights.items()}
    np.savez_compressed(HERE / "sales_network.npz", **rounded)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
