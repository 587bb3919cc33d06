"""Lesson ``collab``: collaborative filtering on real ratings, from a dot product to gradient descent in cells."""

from __future__ import annotations

from pathlib import Path
from random import Random

from .book import Book, Sheet
from .collab_epochs import UNRATED, Epochs, Layout, Parameters, prediction
from .collab_long import add_long_form
from .curves import add_rate
from .panels import Chart, Look, Series, Solver
from .places import Frame
from .ratings import choose_ratings, short
from .style import Role, Scale
from .vendored import Ratings

LOWEST, HIGHEST = 0.0, 5.5
EPOCHS, RATE = 50, 0.01  # for tables like the lesson's own
ROOM = 200_000  # what about 5 MB hold: a cell a pair and epoch, and 16 a rating
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
)
MOVIELENS = (
    "Ratings: MovieLens ml-latest-small. F. M. Harper and J. A. Konstan, “The MovieLens Datasets: History and "
    "Context”, ACM TiiS 5(4), 2015. Non-commercial use."
)
EXERCISES = (
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
        '="Equal, "&TEXT(long_rmse,"0.0000")&": the same predictions, as a list instead of a table."',
    ),
)


def build(
    epochs: int | None = None,
    seed: int = 42,
    factors: int = 5,
    learning_rate: float | None = None,
    weight_decay: float = 0.1,
    ratings: str = "",
) -> Book:
    """Declare the lesson; ``ratings``: a CSV of userId, movieId, title, rating, or "100" for 100 users and films.

    By default a table of many ratings gets fewer epochs, for the file's size, and shorter steps: a gradient adds up
    what arrives from every rating.
    """
    table = choose_ratings(ratings)
    layout = Layout(len(table.users), len(table.films), factors)
    if epochs is None:
        room = ROOM - 16 * len(table.triples)
        epochs = min(EPOCHS, max(2, room // (layout.users * layout.films)))
    if learning_rate is None:
        learning_rate = float(f"{min(RATE, 20 * RATE / max(layout.users, layout.films)):.1g}")
    options: dict[str, str | int | float] = {
        "epochs": epochs,
        "seed": seed,
        "factors": factors,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
    }
    source = f"Ratings: the file {Path(ratings).name}." if ratings not in ("", "100") else MOVIELENS
    about, exercises = (*ABOUT, source), _exercises(_rates(learning_rate))
    book = Book("collab", "Collaborative filtering in cells", about, exercises, options)
    known = _dot_product(book, table, layout, Random(seed))
    start = _with_bias(book, known, table, layout, Random(seed + 1))
    last = _training(book, known, start, layout, epochs, learning_rate, weight_decay)
    add_long_form(book, table, last)
    return book


def _rates(usual: float) -> tuple[float, ...]:
    return tuple(float(f"{usual * part:.2g}") for part in (0.1, 0.3, 0.5, 1, 1.5, 2))


def _exercises(rates: tuple[float, ...]) -> tuple[tuple[str, str], ...]:
    low, high = f"{rates[0]:g}", f"{rates[-1]:g}"
    question = f"On training, choose a learning rate of {low}, then {high}. What happens to the curve?"
    answer = f"At {low} it creeps down: too small. At {high} the first step overshoots, then it falls faster."
    return ((question, answer), *EXERCISES)


def _table_sheet(book: Book, name: str, layout: Layout) -> Sheet:
    sheet = book.sheet(name, frozen=(1, layout.grid_column), default_width=62, zoom=85, pages=layout.pages)
    sheet.heights[0] = 78
    sheet.widths |= {0: 46} | dict.fromkeys(range(1, layout.factors + 1), 44) | {layout.factors + 1: 46}
    return sheet


def _headings(sheet: Sheet, table: Ratings, column: int) -> None:
    for j, title in enumerate(table.titles):
        sheet.label((0, column + j), short(title), Look.WRAP_CENTRE)


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
    sheet.label((0, 0), "Ratings, factors and their dot products", Look.WRAP_TITLE, width=max(1, column - 4))
    sheet.label((0, column - 1), "user", Look.HEADER)
    _user_ids(sheet, table, 1, column - 1)
    known = sheet.constants(
        "ratings",
        (1, column),
        table.grid(),
        Role.INPUT,
        scale=Scale.WHITE_RED,
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
        number_format=UNRATED,
        note=(
            "Where there is a rating, the dot product of the user's row of factors and the film's column; "
            "0, not shown, where there is none."
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
    sheet.label((0, 0), "Dot product, biases and a sigmoid range", Look.WRAP_TITLE, width=max(1, column - 4))
    sheet.label((0, column - 1), "user", Look.HEADER)
    _user_ids(sheet, table, 1, column - 1)
    there = known.seen_from(sheet.name)
    mine = sheet.fill(
        "ratings_again",
        (1, column),
        (layout.users, layout.films),
        lambda i, j: f'IF({there.cell(i, j)}="","",{there.cell(i, j)})',
        Role.INPUT,
        scale=Scale.WHITE_RED,
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
        number_format=UNRATED,
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
    add_rate(sheet, 2, learning_rate, _rates(learning_rate), width=2)
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
