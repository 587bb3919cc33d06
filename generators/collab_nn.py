"""Lesson ``collab-nn``: collaborative filtering by a small network, forward, backward and step as formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import vendored
from .book import Book, Sheet
from .panels import Chart, Look, Series
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
        "1.6·600^0.56 is about 58; a million gives 3,660, so the rule’s limit of 600 holds.",
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
    return min(600, round(1.6 * count**0.56))


@dataclass(frozen=True, slots=True)
class Parameters:
    """The weights of one block, or their gradients."""

    users: Frame
    films: Frame
    first: Frame
    first_bias: Frame
    second: Frame
    second_bias: Frame

    def seen_from(self, sheet: str) -> Parameters:
        """Return the frames as another sheet spells them."""
        return Parameters(*(getattr(self, name).seen_from(sheet) for name in NAMES))


NAMES = ("users", "films", "first", "first_bias", "second", "second_bias")
TITLES = ("Users", "Films", "First layer", "Its bias", "Second", "Bias")


def build(epochs: int = 2, batch: int = 32, hidden: int = 8, seed: int = 7, learning_rate: float = 0.2) -> Book:
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
    steps = _Steps(sheet, data.seen_from(sheet.name), batch, batches)
    weights, gradients, losses = start.seen_from(sheet.name), None, []
    for number in range(epochs * batches):
        weights, gradients, loss = steps.place(number, weights, gradients)
        losses.append(loss.seen_from(front.name))
    _front(front, losses, learning_rate, len(table.users), len(table.films))
    return book


def _front(sheet: Sheet, losses: list[Frame], learning_rate: float, users: int, films: int) -> None:
    sheet.label((0, 0), "The loss, batch after batch", Look.HEADING)
    details = {"label_width": 3, "width": 2}
    sheet.control(
        "learning_rate",
        (2, 3),
        "Learning rate",
        learning_rate,
        (0.0, 0.05, 0.1, 0.2, 0.5, 1.0),
        prompt="how far a step goes",
        note="How far each step goes.",
        **details,
    )
    sheet.control(
        "lowest",
        (3, 3),
        "Lowest prediction",
        LOWEST,
        note="Where the sigmoid range starts.",
        number_format="0.0",
        **details,
    )
    sheet.control(
        "highest",
        (4, 3),
        "Highest prediction",
        HIGHEST,
        note="Where the sigmoid range ends.",
        number_format="0.0",
        **details,
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
    count = len(losses)
    sheet.headers(1, 6, ("step", "loss", "RMSE"))
    numbers = sheet.fill(
        "step_numbers",
        (2, 6),
        (count, 1),
        lambda i, j: "ROW()-2",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note="Steps, one batch each.",
    )
    curve = sheet.fill(
        "losses",
        (2, 7),
        (count, 1),
        lambda i, j: losses[i].cell(),
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The mean squared error of each batch, before its step.",
        torch="F.mse_loss(prediction, rating)",
    )
    sheet.fill(
        "rmse",
        (2, 8),
        (count, 1),
        lambda i, j: f"SQRT({curve.cell(i, 0)})",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="Its root, in stars.",
        torch="loss.sqrt()",
    )
    sheet.charts.append(
        Chart("line", "Loss by step", (Series("loss", curve, numbers),), 2, 10, 620, 340, "step", "mean squared error")
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


class _Steps:
    """Blocks of one step each, all alike and at a constant distance."""

    def __init__(self, sheet: Sheet, data: Frame, batch: int, batches: int) -> None:
        self.sheet, self.data, self.batch, self.batches = sheet, data, batch, batches
        self.number = self.top = 0

    def place(
        self, number: int, before: Parameters, gradients: Parameters | None
    ) -> tuple[Parameters, Parameters, Frame]:
        """Place a block; return its weights, their gradients and its loss."""
        self.number, self.top = number, 3 + (self.batch + 5) * number
        self.sheet.label((self.top - 2, 0), f"Step {number + 1}", Look.HEADING)
        size, other, hidden = before.users.width, before.films.width, before.first.width
        rows = self.data.part(self.batch * (number % self.batches), 0, self.batch, 3)
        given = self._fill(
            "batch",
            (0, 0),
            (self.batch, 3),
            rows.cell,
            Role.INPUT,
            "User, film, rating",
            "The ratings of this batch.",
            "batch",
            scale=Scale.NONE,
            number_format="0.#",
        )
        weights = self._weights(before, gradients, 4)
        at = 4 + max(size, other) + 1 + hidden + 1 + 2 + 1
        inputs = self._fill(
            "inputs",
            (0, at),
            (self.batch, size + other),
            lambda i, j: (
                f"INDEX({(weights.users.column(j, 'r') if j < size else weights.films.column(j - size, 'r'))},{given.cell(i, int(j >= size), 'c')})"
            ),
            Role.ACTIVATION,
            "Embeddings side by side",
            "The user’s row, then the film’s row.",
            "torch.cat([users[u], films[f]], 1)",
        )
        active = self._fill(
            "hidden",
            (0, inputs.right + 1),
            (self.batch, hidden),
            lambda i, j: (
                f"MAX(0,MMULT({inputs.row(i, 'c')},{weights.first.column(j, 'r')})+{weights.first_bias.cell(0, j, 'r')})"
            ),
            Role.ACTIVATION,
            "First layer, ReLU",
            "Inputs times the first matrix, plus bias, ReLU.",
            "F.relu(F.linear(x, W1, b1))",
        )
        predicted = self._fill(
            "prediction",
            (0, active.right + 1),
            (self.batch, 1),
            lambda i, j: (
                f"lowest+(highest-lowest)/(1+EXP(-(MMULT({active.row(i)},{weights.second.all('r')})+{weights.second_bias.cell(0, 0, 'r')})))"
            ),
            Role.ACTIVATION,
            "Rating",
            "The second layer, squeezed into the range.",
            "sigmoid_range(F.linear(h, W2, b2), lowest, highest)",
        )
        self.sheet.label((self.top + self.batch + 1, predicted.left - 2), "loss")
        loss = self._fill(
            "loss",
            (self.batch + 1, predicted.left),
            (1, 1),
            lambda i, j: f"SUMXMY2({predicted.all('')},{given.column(2)})/{self.batch}",
            Role.RESULT,
            "",
            "The mean squared error of the batch.",
            "F.mse_loss(prediction, rating)",
            scale=Scale.NONE,
        )
        return weights, self._backward(given, inputs, active, predicted, weights), loss

    def _fill(
        self,
        name: str,
        place: tuple[int, int],
        shape: tuple[int, int],
        formula: Callable[[int, int], str],
        role: Role,
        title: str,
        note: str,
        torch: str,
        **details: object,
    ) -> Frame:
        signed = role in (Role.GRADIENT, Role.WEIGHT)
        details = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED if signed else Scale.WHITE_RED} | details
        return self.sheet.fill(
            f"{name}_step_{self.number}",
            (self.top + place[0], place[1]),
            shape,
            formula,
            role,
            title=title,
            note=note if self.number < 2 else "",
            torch=torch,
            quiet=self.number > 0,
            **details,  # type: ignore[arg-type]
        )

    def _weights(self, before: Parameters, gradients: Parameters | None, left: int) -> Parameters:
        """Place the weights: the start's, or those before minus learning rate times gradient."""
        size, hidden = max(before.users.width, before.films.width), before.first.width
        second = left + size + 1
        third = second + hidden + 1
        places = (
            (0, left),
            (before.users.height + 2, left),
            (0, second),
            (before.first.height + 2, second),
            (0, third),
            (before.second.height + 2, third),
        )
        frames = []
        for name, title, place in zip(NAMES, TITLES, places, strict=True):
            old: Frame = getattr(before, name)
            slope: Frame | None = gradients and getattr(gradients, name)

            def formula(i: int, j: int, old: Frame = old, slope: Frame | None = slope) -> str:
                return old.cell(i, j) if slope is None else f"{old.cell(i, j)}-learning_rate*{slope.cell(i, j)}"

            note = (
                "From the sheet start."
                if slope is None
                else "One step: the weight before, minus learning rate times gradient."
            )
            frames.append(
                self._fill(
                    name,
                    place,
                    (old.height, old.width),
                    formula,
                    Role.WEIGHT,
                    title,
                    note,
                    "torch.optim.SGD(lr).step()",
                )
            )
        return Parameters(*frames)

    def _backward(
        self, given: Frame, inputs: Frame, active: Frame, predicted: Frame, weights: Parameters
    ) -> Parameters:
        """Place the gradients from the loss downwards."""
        grad, size = Role.GRADIENT, weights.users.width
        at = predicted.right + 2
        slopes = self._fill(
            "slopes",
            (0, at),
            (self.batch, 1),
            lambda i, j: (
                f"2*({predicted.cell(i, 0)}-{given.cell(i, 2)})/{self.batch}*({predicted.cell(i, 0)}-lowest)*(highest-{predicted.cell(i, 0)})/(highest-lowest)"
            ),
            grad,
            "Slope",
            ("Gradient before the sigmoid: 2·(prediction − rating) / batch, times the slope of the sigmoid range."),
            "gradient before the sigmoid",
        )
        hidden = self._fill(
            "grad_hidden",
            (0, at + 2),
            (self.batch, active.width),
            lambda i, j: f"IF({active.cell(i, j)}>0,{slopes.cell(i, 0, 'c')}*{weights.second.cell(j, 0, 'r')},0)",
            grad,
            "Before ReLU",
            "The slope through the second layer’s weight, where ReLU let the number through.",
            "gradient before ReLU",
        )
        below = self._fill(
            "grad_inputs",
            (0, hidden.right + 1),
            (self.batch, inputs.width),
            lambda i, j: f"SUMPRODUCT({hidden.row(i, 'c')},{weights.first.row(j, 'c')})",
            grad,
            "Embeddings side by side",
            "Back through the first matrix.",
            "inputs.grad",
        )
        left = below.right + 2
        before_users, before_films = (self._row_before(offset) for offset in (0, weights.users.height + 2))
        users = self._fill(
            "grad_users",
            (0, left),
            (weights.users.height, size),
            lambda i, j: f"SUMIF({given.column(0, 'rc')},ROW()-{before_users},{below.column(j, 'r')})",
            grad,
            "By users",
            "For each user, the sum over the batch’s ratings by that user.",
            "users.grad",
        )
        films = self._fill(
            "grad_films",
            (weights.users.height + 2, left),
            (weights.films.height, weights.films.width),
            lambda i, j: f"SUMIF({given.column(1, 'rc')},ROW()-{before_films},{below.column(size + j, 'r')})",
            grad,
            "By films",
            "For each film, the sum over the batch’s ratings of that film.",
            "films.grad",
        )
        left += max(size, weights.films.width) + 1
        first = self._fill(
            "grad_first",
            (0, left),
            (weights.first.height, weights.first.width),
            lambda i, j: f"SUMPRODUCT({inputs.column(i, 'r')},{hidden.column(j, 'r')})",
            grad,
            "First layer",
            "Inputs times gradients, added over the batch.",
            "W1.grad",
        )
        first_bias = self._fill(
            "grad_first_bias",
            (weights.first.height + 2, left),
            (1, hidden.width),
            lambda i, j: f"SUM({hidden.column(j, 'r')})",
            grad,
            "Its bias",
            "Gradients, added over the batch.",
            "b1.grad",
        )
        left += hidden.width + 1
        second = self._fill(
            "grad_second",
            (0, left),
            (active.width, 1),
            lambda i, j: f"SUMPRODUCT({active.column(i)},{slopes.all('')})",
            grad,
            "Second",
            "Hidden numbers times slopes.",
            "W2.grad",
        )
        second_bias = self._fill(
            "grad_second_bias",
            (active.width + 2, left),
            (1, 1),
            lambda i, j: f"SUM({slopes.all('')})",
            grad,
            "Bias",
            "Slopes, added.",
            "b2.grad",
        )
        return Parameters(users, films, first, first_bias, second, second_bias)

    def _row_before(self, offset: int) -> str:
        """Spell the row number before a panel's first row as one that moves along with the block."""
        return f"ROW(A${self.top + offset})"
