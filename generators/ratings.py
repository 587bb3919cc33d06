"""The ratings of the lesson collab: the vendored ones, or those of a reader's file."""

from __future__ import annotations

import re

from sheetgrad.sheets.errors import FileRefused

from . import vendored
from .csv_tables import read_table, real, text, whole
from .vendored import Ratings

COLUMNS = ("userId", "movieId", "title", "rating")
HIGHEST_ID = 10**15 - 1  # ids stay exact as numbers of a cell
HIGHEST = 5.0  # stars: the sigmoid range goes a little beyond
MOST = 10_000  # users times films: more make a workbook too large to hand out

_Rating = tuple[int, int, str, float]


def choose_ratings(source: str) -> Ratings:
    """Return the lesson's 206 ratings for "", those of 100 users and films for "100", else those of a file."""
    if source == "100":
        return vendored.ratings_100()
    return read_ratings(source) if source else vendored.ratings()


def read_ratings(path: str) -> Ratings:
    """Read ratings from a CSV of userId, movieId, title, rating (gzip allowed), other columns left out.

    Raises `FileRefused`, naming the row, for what is no rating, a pair rated twice, or a film with two titles; and for
    a table too large.
    """
    seen: dict[tuple[int, int], int] = {}  # user and film → row
    titles: dict[int, tuple[str, int]] = {}  # film → title and row
    triples = []
    for row, (user, film, title, rating) in read_table(path, COLUMNS, _rating):
        first = seen.setdefault((user, film), row)
        known, where = titles.setdefault(film, (title, row))
        if first != row:
            raise FileRefused(path, f"row {row}: user {user} has rated film {film} already, in row {first}")
        if known != title:
            raise FileRefused(path, f"row {row}: film {film} is {title!r} here and {known!r} in row {where}")
        triples.append((user, film, rating))
    users, films = tuple(sorted({user for user, _ in seen})), tuple(sorted(titles))
    if not triples:
        raise FileRefused(path, "no rating is in it")
    if len(users) * len(films) > MOST:
        what = f"{len(users):,} users and {len(films):,} films are too many: at most {MOST:,} users times films fit"
        raise FileRefused(path, f"{what}; keep the most active users and the most rated films")
    return Ratings(users, films, tuple(titles[film][0] for film in films), tuple(triples))


def short(title: str) -> str:
    """Return a film's title without what stands in brackets.

    >>> short("Twelve Monkeys (a.k.a. 12 Monkeys)")
    'Twelve Monkeys'
    """
    return re.sub(r"\s*\([^)]*\)", "", title) or title


def _rating(row: dict[str, str]) -> _Rating:
    user, film = (whole(row, name, 0, HIGHEST_ID) for name in COLUMNS[:2])
    return user, film, text(row, "title"), real(row, "rating", 0, HIGHEST)
