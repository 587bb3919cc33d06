"""Lesson ``collab``: collaborative filtering on real ratings, from a dot product to gradient descent in cells."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from sheetgrad.sheets.errors import FileRefused

from . import vendored
from .book import Book, Sheet
from .collab_epochs import Epochs, Layout, Parameters, prediction
from .curves import add_rate
from .panels import Chart, Look, Series, Solver
from .places import Frame
from .style import Role, Scale
from .vendored import Ratings

LOWEST, HIGHEST = 0.0, 5.5
ABOUT = (
    (
        "Ratings that people gave films (users down, films across; a blank is a film not rated). Each "
        "user and each film gets a few "
        "numbers, its factors, and a rating is predicted as the dot product of the two rows of factors."
    ),
    (
        "The sheet dotprod does just that, the sheet bias adds a bias for each user and film and squeezes "
        "predictions into a range "
        "with a sigmoid. On both, Excel's Solver already holds the model: Data > Solver > Solve lowers "
        "the RMSE by changing the factors."
    ),
    (
        "The sheet training does the same by gradient descent, written as formulas: each block of the "
        "sheet epochs holds the parameters of "
        "one epoch, the predictions, and the gradients that lead to the next block. The loss is the "
        "sum of squared errors over all "
        "ratings, as one batch. The sheet long has one row a rating and looks the trained embeddings up."
    ),
    (
        "Ratings: MovieLens ml-latest-small. F. M. Harper and J. A. Konstan, “The MovieLens Datasets: "
        "History and Context”, ACM TiiS "
        "5(4), 2015. Non-commercial use."
    ),
)
EXERCISES = (
    (
        "On training, choose a learning rate of 0.001, then 0.02. What happens to the curve?",
        "Too small: it creeps down. At 0.02 the first step overshoots, then it falls faster.",
    ),
    (
        "Set weight decay to 0.5. Which factors shrink, and does the RMSE end higher?",
        (
            "All parameters are pulled towards 0 at each step, so the fit to known ratings is a little "
            "worse; on unknown ratings it is often better."
        ),
    ),
    (
        "Why is the highest prediction 5.5 when nobody can rate above 5?",
        "A sigmoid never reaches its ends: with 5 as the end a rating of 5 could not be predicted.",
    ),
    (
        "Solve the sheet dotprod with Solver, then the sheet bias. Which reaches the lower RMSE, and why?",
        "Usually bias: some users rate everything high and some films please all, and a bias says so with one number.",
    ),
    (
        "On long, compare the RMSE with the last of training.",
        "Equal: the same predictions, as a list instead of a table.",
    ),
)


def build(
    epochs: int = 50,
    seed: int = 42,
    factors: int = 5,
    learning_rate: float = 0.01,
    weight_decay: float = 0.1,
    ratings: str = "",
) -> Book:
    """Declare the lesson; ``ratings``: a CSV of userId, movieId, title, rating, or "100" for 100 users and films."""
    options: dict[str, str | int | float] = {
        "epochs": epochs,
        "seed": seed,
        "factors": factors,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
    }
    table = _ratings(ratings)
    layout = Layout(len(table.users), len(table.films), factors)
    book = Book("collab", "Collaborative filtering in cells", ABOUT, EXERCISES, options)
    known = _dot_product(book, table, layout, Random(seed))
    start = _with_bias(book, known, table, layout, Random(seed + 1))
    last = _training(book, known, start, layout, epochs, learning_rate, weight_decay)
    _long_form(book, table, last)
    return book


def _ratings(source: str) -> Ratings:
    if source == "100":
        return vendored.ratings_100()
    if not source:
        return vendored.ratings()
    try:
        return vendored.ratings(Path(source).read_text(encoding="utf-8"))
    except (OSError, KeyError, ValueError) as error:
        raise FileRefused(source, f"no table of ratings: {error}; it needs userId, movieId, title, rating") from None


def _short(title: str) -> str:
    """Return a film's title without what stands in brackets."""
    return re.sub(r"\s*\([^)]*\)", "", title)


def _table_sheet(book: Book, name: str, layout: Layout) -> Sheet:
    sheet = book.sheet(name, frozen=(1, layout.grid_column), default_width=62, zoom=85, pages=(1, 1))
    sheet.heights[0] = 78
    sheet.widths |= {0: 46} | dict.fromkeys(range(1, layout.factors + 1), 38) | {layout.factors + 1: 46}
    return sheet


def _headings(sheet: Sheet, table: Ratings, column: int) -> None:
    for j, title in enumerate(table.titles):
        sheet.label((0, column + j), _short(title), Look.WRAP_CENTRE)


def _user_ids(sheet: Sheet, table: Ratings, row: int, column: int) -> None:
    for i, user in enumerate(table.users):
        sheet.label((row + i, column), float(user), Look.FAINT)


def _random_rows(random: Random, height: int, width: int, low: float, high: float) -> list[list[float]]:
    return [[round(random.uniform(low, high), 2) for _ in range(width)] for _ in range(height)]


def _dot_product(book: Book, table: Ratings, layout: Layout, random: Random) -> Frame:
    """Place ratings, factors and predictions as dot products; return the ratings."""
    sheet, column = _table_sheet(book, "dotprod", layout), layout.grid_column
    shape = (layout.users, layout.films)
    _headings(sheet, table, column)
    sheet.label((0, 0), "Ratings, factors and their dot products", Look.WRAP_TITLE, width=column - 1)
    sheet.label((0, column - 1), "user", Look.HEADER)
    _user_ids(sheet, table, 1, column - 1)
    known = sheet.constants(
        "ratings",
        (1, column),
        table.grid(),
        Role.INPUT,
        note="Ratings from 0.5 to 5; blank where the user did not rate the film.",
    )
    films = sheet.constants(
        "dot_film_factors",
        (layout.film_row, column),
        _random_rows(random, layout.factors, layout.films, 0, 1),
        Role.WEIGHT,
        title=f"Film factors: {layout.factors}×{layout.films}",
        number_format="0.00",
        note="A column of factors for each film. Random to begin with; Solver changes them.",
    )
    _user_ids(sheet, table, layout.user_row, 0)
    users = sheet.constants(
        "dot_user_factors",
        (layout.user_row, 1),
        _random_rows(random, layout.users, layout.factors, 0, 1),
        Role.WEIGHT,
        title=f"User factors: {layout.users}×{layout.factors}",
        number_format="0.00",
        note="A row of factors for each user. Random to begin with; Solver changes them.",
    )
    predicted = sheet.fill(
        "dot_predictions",
        (layout.user_row, column),
        shape,
        lambda i, j: f'IF({known.cell(i, j)}="",0,MMULT({users.row(i, "c")},{films.column(j, "r")}))',
        Role.ACTIVATION,
        title=f"Predictions: {layout.users}×{layout.films}",
        number_format="0.00",
        note=(
            "Where there is a rating, the dot product of the user's row of factors and the film's column; "
            "0 where there is none."
        ),
        torch="(users[u] * films[f]).sum(1)",
    )
    rmse = sheet.result(
        "dot_rmse",
        (predicted.bottom + 1, column + 2),
        "RMSE: root of the mean squared error",
        f"SQRT(SUMXMY2({known.all('')},{predicted.all('')})/COUNT({known.all('')}))",
        label_width=3,
        torch="F.mse_loss(pred, rating).sqrt()",
        note="How far predictions are from ratings, on average; Solver makes it small.",
    )
    sheet.label(
        (rmse.top + 1, column), "Data > Solver > Solve lowers it by changing both tables of factors.", Look.FAINT
    )
    sheet.solver = Solver(rmse, (users, films))
    return known


def _with_bias(book: Book, known: Frame, table: Ratings, layout: Layout, random: Random) -> Parameters:
    """Place the model with biases and a sigmoid range; return its parameters."""
    sheet, column = _table_sheet(book, "bias", layout), layout.grid_column
    _headings(sheet, table, column)
    sheet.label((0, 0), "Dot product, biases and a sigmoid range", Look.WRAP_TITLE, width=column - 1)
    sheet.label((0, column - 1), "user", Look.HEADER)
    _user_ids(sheet, table, 1, column - 1)
    there = known.seen_from(sheet.name)
    mine = sheet.fill(
        "ratings_again",
        (1, column),
        (layout.users, layout.films),
        lambda i, j: f'IF({there.cell(i, j)}="","",{there.cell(i, j)})',
        Role.INPUT,
        note="The ratings of the sheet dotprod.",
    )
    for row, (name, label, value) in enumerate(
        (("lowest", "Lowest", LOWEST), ("highest", "Highest", HIGHEST)), start=2
    ):
        sheet.control(
            name,
            (row, 3),
            f"{label} prediction",
            value,
            width=2,
            label_width=3,
            number_format="0.0",
            note=f"The {label.lower()} value that the sigmoid range comes near.",
        )
    films = sheet.constants(
        "film_factors",
        (layout.film_row, column),
        _random_rows(random, layout.factors, layout.films, -0.5, 0.5),
        Role.WEIGHT,
        title=f"Film factors: {layout.factors}×{layout.films}",
        number_format="0.00",
        note="A column of factors for each film, random to begin with.",
    )
    film_bias = sheet.constants(
        "film_bias",
        (films.bottom, column),
        [[0.0] * layout.films],
        Role.WEIGHT,
        number_format="0.00",
        note="One number a film: how much it pleases everybody.",
    )
    sheet.label((film_bias.top, column - 1), "film bias", Look.FAINT)
    top = layout.user_row + 1
    _user_ids(sheet, table, top, 0)
    users = sheet.constants(
        "user_factors",
        (top, 1),
        _random_rows(random, layout.users, layout.factors, -0.5, 0.5),
        Role.WEIGHT,
        title=f"User factors: {layout.users}×{layout.factors}",
        number_format="0.00",
        note="A row of factors for each user, random to begin with.",
    )
    user_bias = sheet.constants(
        "user_bias",
        (top, column - 1),
        [[0.0]] * layout.users,
        Role.WEIGHT,
        number_format="0.00",
        title="Bias",
        note="One number a user: how kindly they rate.",
    )
    parameters = Parameters(users, films, user_bias, film_bias)
    predicted = sheet.fill(
        "predictions",
        (top, column),
        (layout.users, layout.films),
        lambda i, j: prediction(mine, parameters, i, j),
        Role.ACTIVATION,
        title=f"Predictions: {layout.users}×{layout.films}",
        number_format="0.00",
        note="Dot product plus both biases, through a sigmoid, stretched to the range from lowest to highest.",
        torch="sigmoid_range((users[u] * films[f]).sum(1) + user_bias[u] + film_bias[f], lowest, highest)",
    )
    rmse = sheet.result(
        "rmse",
        (predicted.bottom + 1, column + 2),
        "RMSE: root of the mean squared error",
        f"SQRT(SUMXMY2({there.all('')},{predicted.all('')})/COUNT({there.all('')}))",
        label_width=3,
        torch="F.mse_loss(pred, rating).sqrt()",
        note="How far predictions are from ratings, on average; Solver makes it small.",
    )
    sheet.label((rmse.top + 1, column), "Data > Solver > Solve lowers it by changing factors and biases.", Look.FAINT)
    sheet.solver = Solver(rmse, (users, user_bias, films, film_bias))
    return parameters


def _training(
    book: Book, known: Frame, start: Parameters, layout: Layout, epochs: int, learning_rate: float, weight_decay: float
) -> Parameters:
    """Place gradient descent: controls and curve on one sheet, a block an epoch on another; return the last ones."""
    sheet = book.sheet("training", frozen=(2, 0), default_width=62, zoom=100, pages=(1, 1))
    blocks = book.sheet("epochs", frozen=(1, 0), default_width=38, zoom=70, pages=(1, 0))
    sheet.label((0, 0), "Gradient descent, epoch after epoch", Look.HEADING)
    add_rate(sheet, 2, learning_rate, (0.001, 0.003, 0.005, 0.01, 0.015, 0.02), width=2)
    sheet.control(
        "weight_decay",
        (3, 2),
        "Weight decay",
        weight_decay,
        (0.0, 0.01, 0.03, 0.1, 0.3, 0.5),
        label_width=2,
        width=2,
        prompt="how strongly parameters are pulled to 0",
        note="Added to each gradient times the parameter itself, as in torch.optim.SGD.",
    )
    blocks.label(
        (0, 0),
        (
            "One block an epoch: parameters, predictions, gradients of the sum of squared errors. The next "
            "block takes a step."
        ),
        Look.TITLE,
    )
    epoch = Epochs(blocks, known.seen_from(blocks.name), layout)
    parameters, gradients, errors = start.seen_from(blocks.name), None, []
    for number in range(epochs + 1):
        parameters, gradients, error = epoch.place(number, parameters, gradients)
        errors.append(error.seen_from(sheet.name))
    sheet.headers(1, 5, ("epoch", "RMSE"))
    numbers = sheet.constants(
        "epoch_numbers",
        (2, 5),
        [[float(k)] for k in range(epochs + 1)],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Epoch 0 is before the first step.",
    )
    curve = sheet.fill(
        "rmse_by_epoch",
        (2, 6),
        (epochs + 1, 1),
        lambda i, j: errors[i].cell(),
        Role.RESULT,
        number_format="0.0000",
        scale=Scale.WHITE_RED,
        note="The RMSE of each epoch's block.",
        torch="F.mse_loss(pred, rating).sqrt() after each optimiser.step()",
    )
    sheet.result(
        "final_rmse",
        (5, 2),
        "RMSE at the end",
        curve.cell(epochs, 0),
        label_width=2,
        torch="as the last of rmse_by_epoch",
        note="The RMSE after the last epoch.",
    )
    sheet.charts.append(
        Chart("line", "RMSE by epoch", (Series("RMSE", curve, numbers),), 2, 8, 620, 340, "epoch", "RMSE")
    )
    return parameters


def _long_form(book: Book, table: Ratings, last: Parameters) -> None:
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
        sheet.label((top + i, side + 4), _short(title))
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
