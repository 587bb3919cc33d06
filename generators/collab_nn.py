"""Lesson ``collab-nn``: collaborative filtering by a small network, forward, backward and step as formulas."""

from __future__ import annotations

import math
from random import Random

from . import vendored
from .book import Book, Sheet
from .collab_nn_steps import NAMES, TITLES, Parameters, Steps
from .curves import add_curve, add_losses, add_numbers, add_rate
from .panels import Look
from .places import Frame
from .style import Role, Scale

LOWEST, HIGHEST = 0.0, 5.5
ABOUT = (
    (
        "Instead of a dot product, a network: the embeddings of user and film are put side by side, "
        "multiplied by a matrix, passed "
        "through ReLU, multiplied again, and squeezed into the range of ratings by a sigmoid."
    ),
    (
        "How long an embedding is follows the lesson’s rule: 1.6 times the number of things to the "
        "power 0.56, rounded, at most 600. For "
        "fifteen users and fifteen films that is 7."
    ),
    (
        "Each block of the sheet steps is one step of gradient descent on one batch of ratings: forward "
        "on the left, backward on the "
        "right. The gradient of an embedding adds up what arrives from every rating of its user or film."
    ),
    (
        "Ratings: MovieLens ml-latest-small. F. M. Harper and J. A. Konstan, “The MovieLens Datasets: "
        "History and Context”, ACM TiiS "
        "5(4), 2015. Non-commercial use."
    ),
)
EXERCISES = (
    (
        "How long would embeddings be for 600 users, and for a million?",
        '="1.6·600^0.56 is about "&ROUND(1.6*600^0.56,0)&"; a million gives "&TEXT(1.6*10^(6*0.56),"#,##0")'
        '&", so the rule’s limit of 600 holds."',
    ),
    (
        "Set the learning rate to 1. What happens to the loss?",
        "It jumps about: steps are too long for the second layer.",
    ),
    (
        "Why are most rows of the gradient by users zero in one block?",
        "Only users with a rating in this batch get a gradient.",
    ),
    (
        "What could the network do that a dot product cannot?",
        (
            "Treat a factor of the user differently depending on other factors: ReLU makes it more than "
            "a sum of products."
        ),
    ),
)


def embedding_size(count: int) -> int:
    """Return the lesson's rule for the length of an embedding of ``count`` things.

    >>> embedding_size(15), embedding_size(10**6)
    (7, 600)
    """
    return min(600, round(1.6 * math.pow(count, 0.56)))


def build(epochs: int = 4, batch: int = 32, hidden: int = 8, seed: int = 7, learning_rate: float = 0.2) -> Book:
    """Declare the lesson: ``epochs`` over the lesson's 206 ratings in batches; ratings left over are left out."""
    options: dict[str, str | int | float] = {
        "epochs": epochs,
        "batch": batch,
        "hidden": hidden,
        "seed": seed,
        "learning_rate": learning_rate,
    }
    book = Book("collab-nn", "Collaborative filtering by a network", ABOUT, EXERCISES, options)
    random = Random(seed)
    table = vendored.ratings()
    front = book.sheet("network", frozen=(2, 0), default_width=62, zoom=100, pages=(1, 1))
    data, batches = _data(book, table, batch, random)
    start = _start(book, table, hidden, random)
    sheet = book.sheet("steps", frozen=(1, 0), default_width=34, zoom=70, pages=(2, 0))
    sheet.label(
        (0, 0),
        "One block a step: forward on the left, backward on the right; the next block takes the step.",
        Look.TITLE,
    )
    steps = Steps(sheet, data.seen_from(sheet.name), batch, batches)
    weights, gradients, losses = start.seen_from(sheet.name), None, []
    for number in range(epochs * batches):
        weights, gradients, loss = steps.place(number, weights, gradients)
        losses.append(loss.seen_from(front.name))
    _front(front, losses, learning_rate, len(table.users), len(table.films))
    _epochs(front, front.frame((2, 7), (len(losses), 1)), batches)
    return book


def _front(sheet: Sheet, losses: list[Frame], learning_rate: float, users: int, films: int) -> None:
    sheet.label((0, 0), "The loss, batch after batch", Look.HEADING)
    add_rate(sheet, 3, learning_rate, (0.0, 0.05, 0.1, 0.2, 0.5, 1.0), width=2)
    sheet.control(
        "lowest",
        (3, 3),
        "Lowest prediction",
        LOWEST,
        note="Where the sigmoid range starts.",
        number_format="0.0",
        label_width=3,
        width=2,
    )
    sheet.control(
        "highest",
        (4, 3),
        "Highest prediction",
        HIGHEST,
        note="Where the sigmoid range ends.",
        number_format="0.0",
        label_width=3,
        width=2,
    )
    for row, (name, count) in enumerate((("users", users), ("films", films)), start=6):
        sheet.result(
            f"size_{name}",
            (row, 3),
            f"Embedding of {count} {name}",
            f"MIN(600,ROUND(1.6*{count}^0.56,0))",
            label_width=3,
            span=2,
            number_format="0",
            torch="min(600, round(1.6 * n ** 0.56))",
            note="The lesson’s rule for the length of an embedding.",
        )
    numbers = add_numbers(sheet, (2, 6), len(losses), "one batch each")
    note, call = "The mean squared error of each batch, before its step.", "F.mse_loss(prediction, rating)"
    curve = add_losses(sheet, numbers, losses, note=note, torch=call)
    sheet.headers(1, 8, ("RMSE",))
    sheet.fill(
        "rmse",
        (2, 8),
        (len(losses), 1),
        lambda i, j: f"SQRT({curve.cell(i, 0)})",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="Its root, in stars.",
        torch="loss.sqrt()",
    )
    add_curve(sheet, numbers, curve, "mean squared error", room=1)


def _epochs(sheet: Sheet, losses: Frame, batches: int) -> None:
    """Place the mean loss of each epoch, below the controls: batches differ, epochs do not."""
    count, top = losses.height // batches, 11
    sheet.headers(top - 1, 2, ("epoch", "mean loss"))
    sheet.fill(
        "epoch_numbers",
        (top, 2),
        (count, 1),
        lambda i, j: f"ROW()-{top}",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Epochs, each over all batches.",
    )
    first = losses.cell(0, 0, "rc")
    sheet.fill(
        "epoch_losses",
        (top, 3),
        (count, 1),
        lambda i, j: f"AVERAGE(OFFSET({first},{batches}*(ROW()-{top + 1}),0,{batches},1))",
        Role.RESULT,
        number_format="0.000",
        note="The mean of the epoch’s losses. One batch has easier ratings than another; epochs can be compared.",
        torch="losses.reshape(-1, batches).mean(1)",
    )


def _data(book: Book, table: vendored.Ratings, batch: int, random: Random) -> tuple[Frame, int]:
    """Place the ratings in a random order, a batch after the other; return them and the number of whole batches."""
    sheet = book.sheet("data", frozen=(2, 0), default_width=62, zoom=100, pages=(1, 0))
    order = list(table.triples)
    random.shuffle(order)
    batches = len(order) // batch
    rows = [
        [float(table.users.index(u) + 1), float(table.films.index(f) + 1), r] for u, f, r in order[: batch * batches]
    ]
    sheet.label((0, 0), f"{len(rows)} ratings in random order: {batches} batches of {batch}", Look.HEADING)
    sheet.headers(1, 0, ("user", "film", "rating"))
    frame = sheet.constants(
        "data",
        (2, 0),
        rows,
        Role.INPUT,
        scale=Scale.NONE,
        number_format="General",
        note="Number of the user, number of the film, rating.",
    )
    sheet.widths[6] = 300
    sheet.headers(1, 4, ("user", "user id", "film"))
    for i, (user, title) in enumerate(zip(table.users, table.titles, strict=False)):
        sheet.label((2 + i, 4), float(i + 1), Look.FAINT)
        sheet.label((2 + i, 5), float(user), Look.FAINT)
        sheet.label((2 + i, 6), f"{i + 1}  {title}", Look.FAINT)
    return frame, batches


def _start(book: Book, table: vendored.Ratings, hidden: int, random: Random) -> Parameters:
    sheet = book.sheet("start", default_width=40, zoom=100, pages=(1, 1))
    sheet.label((0, 0), "Where training starts", Look.HEADING)
    users, films = len(table.users), len(table.films)
    width, other = embedding_size(users), embedding_size(films)
    shapes = {
        "users": (users, width),
        "films": (films, other),
        "first": (width + other, hidden),
        "first_bias": (1, hidden),
        "second": (hidden, 1),
        "second_bias": (1, 1),
    }
    frames, column = [], 0
    for name, title in zip(NAMES, TITLES, strict=True):
        height, across = shapes[name]
        size = 0.0 if "bias" in name else 0.5
        rows = [[round(random.uniform(-size, size), 2) + 0.0 for _ in range(across)] for _ in range(height)]
        frames.append(
            sheet.constants(
                f"start_{name}",
                (3, column),
                rows,
                Role.WEIGHT,
                title=f"{title} {height}×{across}",
                note="Random to begin with; biases are 0.",
                number_format="0.00",
                scale=Scale.BLUE_WHITE_RED,
            )
        )
        column += max(across, 2) + 1
    return Parameters(*frames)
