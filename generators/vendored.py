"""The vendored data: digits, trained weights, ratings (origin and licences in ``data/README.md``)."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def read_bytes(name: str) -> bytes:
    """Return the bytes of a vendored file."""
    return files(__package__).joinpath("data", name).read_bytes()


@cache
def digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the 100 digits, (100, 28, 28), ten of each class in class order, and their labels."""
    with np.load(io.BytesIO(read_bytes("mnist_100.npz"))) as stored:
        return stored["images"], stored["labels"]


@cache
def digits_network() -> tuple[Floats, Floats]:
    """Return the trained weights: second layer (2, 2, 3, 3) and dense (10, 2, 12, 12), as rounded decimals."""
    with np.load(io.BytesIO(read_bytes("digits_network.npz"))) as stored:
        return stored["conv2"] / 100.0, stored["dense"] / 1000.0


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings in long form and the users and films in it, both ordered by id."""

    users: tuple[int, ...]
    films: tuple[int, ...]
    titles: tuple[str, ...]
    triples: tuple[tuple[int, int, float], ...]  # user id, film id, rating

    def grid(self) -> list[list[float | None]]:
        """Return the ratings as a table, users down, films across; None where there is none."""
        known = {(user, film): rating for user, film, rating in self.triples}
        return [[known.get((user, film)) for film in self.films] for user in self.users]


def ratings(text: str | None = None) -> Ratings:
    """Return ratings from a CSV text with columns userId, movieId, title, rating (the lesson's 15 x 15 by default)."""
    content = text if text is not None else read_bytes("ratings_15x15.csv").decode()
    rows = [
        (int(row["userId"]), int(row["movieId"]), row["title"], float(row["rating"]))
        for row in csv.DictReader(io.StringIO(content))
    ]
    titles = {film: title for _, film, title, _ in rows}
    films = tuple(sorted(titles))
    return Ratings(
        tuple(sorted({row[0] for row in rows})),
        films,
        tuple(titles[film] for film in films),
        tuple((user, film, rating) for user, film, _, rating in rows),
    )


def ratings_100() -> Ratings:
    """Return the ratings of the 100 most active users for the 100 most rated films."""
    return ratings(gzip.decompress(read_bytes("ratings_100x100.csv.gz")).decode())
