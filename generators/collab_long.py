"""The long form of the lesson collab: one row a rating, with both embeddings looked up."""

from __future__ import annotations

from .book import Book
from .collab_epochs import Parameters
from .panels import Look
from .ratings import short
from .style import Role, Scale
from .vendored import Ratings


def add_long_form(book: Book, table: Ratings, last: Parameters) -> None:
    """Place one row a rating, with both embeddings looked up, as the lesson's sheet movielens_emb."""
    sheet = book.sheet("long", frozen=(4, 0), default_width=52, zoom=100, pages=(1, 0))
    at, factors, count = last.seen_from(sheet.name), last.users.width, len(table.triples)
    sheet.label((0, 0), "One row a rating: embeddings are rows looked up by number", Look.HEADING)
    top = 4
    headers = (
        ["user", "film", "rating", "user row", "film row"]
        + [f"user {k + 1}" for k in range(factors)]
        + [f"film {k + 1}" for k in range(factors)]
    )
    sheet.headers(
        top - 1,
        0,
        [*headers, "user bias", "film bias", "prediction", "squared error", "", "user ids", "", "film ids", "title"],
    )
    long = sheet.constants(
        "long_ratings",
        (top, 0),
        [[float(u), float(f), r] for u, f, r in table.triples],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="General",
        note="User id, film id and rating.",
    )
    side = 9 + 2 * factors
    user_ids = sheet.constants(
        "user_ids",
        (top, side + 1),
        [[float(u)] for u in table.users],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Users in the order of the factors.",
    )
    film_ids = sheet.constants(
        "film_ids",
        (top, side + 3),
        [[float(f)] for f in table.films],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Films in the order of the factors.",
    )
    for i, title in enumerate(table.titles):
        sheet.label((top + i, side + 4), short(title))
    rows = sheet.fill(
        "long_rows",
        (top, 3),
        (count, 2),
        lambda i, j: f"MATCH({long.cell(i, j)},{(user_ids, film_ids)[j].all()},0)",
        Role.ACTIVATION,
        scale=Scale.NONE,
        number_format="0",
        note="Where the id stands among the users or films: the number of the embedding's row.",
        torch="ids to indices",
    )
    users = sheet.fill(
        "long_users",
        (top, 5),
        (count, factors),
        lambda i, j: f"INDEX({at.users.column(j, 'r')},{rows.cell(i, 0, 'c')})",
        Role.ACTIVATION,
        number_format="0.00",
        note="The user's embedding: a row looked up in the trained factors by INDEX.",
        torch="F.embedding(u, users)",
    )
    films = sheet.fill(
        "long_films",
        (top, 5 + factors),
        (count, factors),
        lambda i, j: f"OFFSET({at.films.cell(j, 0, 'rc')},0,{rows.cell(i, 1, 'c')}-1)",
        Role.ACTIVATION,
        number_format="0.00",
        note="The film's embedding: a column looked up in the trained factors by OFFSET.",
        torch="F.embedding(f, films.T)",
    )
    user_bias = sheet.fill(
        "long_user_bias",
        (top, 5 + 2 * factors),
        (count, 1),
        lambda i, j: f"INDEX({at.user_bias.all()},{rows.cell(i, 0)})",
        Role.ACTIVATION,
        number_format="0.00",
        note="The user's bias.",
        torch="F.embedding(u, user_bias)",
    )
    film_bias = sheet.fill(
        "long_film_bias",
        (top, 6 + 2 * factors),
        (count, 1),
        lambda i, j: f"INDEX({at.film_bias.all()},1,{rows.cell(i, 1)})",
        Role.ACTIVATION,
        number_format="0.00",
        note="The film's bias.",
        torch="F.embedding(f, film_bias)",
    )
    predicted = sheet.fill(
        "long_predictions",
        (top, 7 + 2 * factors),
        (count, 1),
        lambda i, j: (
            f"lowest+(highest-lowest)/(1+EXP(-(SUMPRODUCT({users.row(i)},{films.row(i)})"
            f"+{user_bias.cell(i, 0)}+{film_bias.cell(i, 0)})))"
        ),
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.WHITE_RED,
        note="The same prediction as in the table, for one rating.",
        torch="sigmoid_range(…)",
    )
    errors = sheet.fill(
        "long_errors",
        (top, 8 + 2 * factors),
        (count, 1),
        lambda i, j: f"({predicted.cell(i, 0)}-{long.cell(i, 2)})^2",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The squared error of one prediction.",
        torch="(pred - rating) ** 2",
    )
    sheet.result(
        "long_rmse",
        (1, 2),
        "RMSE",
        f"SQRT(SUM({errors.all('')})/COUNT({errors.all('')}))",
        label_width=1,
        torch="F.mse_loss(pred, rating).sqrt()",
        note="The same as the last RMSE of the sheet training.",
    )
