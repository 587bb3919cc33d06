"""Train the factors of the lesson collab-analysis, once: ``python train_films.py`` writes ``film_factors.csv``.

The 100 users and 100 films of ``ratings_100x100.csv.gz``; dot product, biases and a sigmoid range, full-batch Adam with
weight decay. Kept are the thirty most rated films: title, bias and five factors, rounded to three decimals.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from pathlib import Path

import torch
from torch.nn import functional as F

HERE = Path(__file__).parent
KEPT, FACTORS, EPOCHS = 30, 5, 400


def main() -> None:
    """Train and write the table."""
    torch.manual_seed(0)
    with gzip.open(HERE / "ratings_100x100.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    users, films = (sorted({int(row[key]) for row in rows}) for key in ("userId", "movieId"))
    titles = {int(row["movieId"]): row["title"] for row in rows}
    user = torch.tensor([users.index(int(row["userId"])) for row in rows])
    film = torch.tensor([films.index(int(row["movieId"])) for row in rows])
    rating = torch.tensor([float(row["rating"]) for row in rows])
    tables = [torch.randn(len(users), FACTORS), torch.randn(len(films), FACTORS)]
    parameters = [(0.1 * table).requires_grad_() for table in tables]
    parameters += [torch.zeros(len(ids), requires_grad=True) for ids in (users, films)]
    optimiser = torch.optim.AdamW(parameters, lr=0.02, weight_decay=0.5)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        dot = (parameters[0][user] * parameters[1][film]).sum(1) + parameters[2][user] + parameters[3][film]
        loss = F.mse_loss(5.5 * torch.sigmoid(dot), rating)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    print("RMSE", float(loss.detach().sqrt()))
    kept = sorted(film for film, _ in Counter(int(row["movieId"]) for row in rows).most_common(KEPT))
    with (HERE / "film_factors.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["title", "bias", *(f"factor {k + 1}" for k in range(FACTORS))])
        for ident in kept:
            at = films.index(ident)
            numbers = [parameters[3][at], *parameters[1][at]]
            title = re.sub(r"\s*\([^)]*\)", "", titles[ident])
            table.writerow([title, *(f"{float(number.detach()):.3f}" for number in numbers)])


if __name__ == "__main__":
    main()
