"""The lessons that can be generated, with their options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import isfinite

from sheetgrad.sheets.errors import UsageError

from .book import Book
from .checks import add_checks, can_check
from .index import add_index


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a lesson; ``least`` and ``most`` bound a number."""

    name: str
    type: type
    default: str | int | float
    help: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson: its name, one line on it, its options; its module has ``build(**options) -> Book``."""

    name: str
    description: str
    options: tuple[Option, ...] = ()

    def build(self, checked: bool = True, **options: str | int | float) -> Book:
        """Declare the lesson's workbook, its index included, and its checks where torch is installed.

        Raises `UsageError` for an unknown or bad option.
        """
        known = {option.name: option for option in self.options}
        for name, value in options.items():
            if name not in known:
                raise UsageError(f"lesson {self.name} has no option {name!r}; it has {', '.join(known) or 'none'}")
            _bound(known[name], value)
        build: Callable[..., Book] = import_module(f".{self.name.replace('-', '_')}", __package__).build
        book = build(**options)
        if checked and book.live and can_check():
            add_checks(book)
        add_index(book)
        return book


def _bound(option: Option, value: str | int | float) -> None:
    low, high = option.least, option.most
    if isinstance(value, str):
        return
    if not isfinite(value):
        raise UsageError(f"option {option.name} is {value}: expected a number")
    if (low is not None and value < low) or (high is not None and value > high):
        expected = f"{low} to {high}" if high is not None else f"{low} or more"
        raise UsageError(f"option {option.name} is {value}: expected {expected}")


_DIGIT = Option(
    "digit",
    int,
    70,
    "which of the hundred vendored digits, ten of each class in class order (70: the lesson's 7)",
    0,
    99,
)

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "conv",
        "A digit through two convolutions, max pooling, ten dense weight sets and softmax.",
        (
            _DIGIT,
            Option(
                "size", int, 28, "the image's side; other than 28 the digit is enlarged and has no controls", 12, 1024
            ),
            Option("classes", int, 10, "10, or 1 for a single dense activation as in the lesson's own sheet", 1, 10),
        ),
    ),
    Lesson(
        "dropout",
        "The same network with dropout: random numbers, mask, measured rate, scaling by 1/(1-p).",
        (
            _DIGIT,
            Option("p", float, 0.2, "the share of activations to drop", 0.0, 0.99),
            Option("seed", int, 42, "where the Park-Miller generator starts", 1, 2147483646),
        ),
    ),
    Lesson(
        "collab",
        "Collaborative filtering: dot product, biases, sigmoid range, gradient descent as formulas, long form.",
        (
            Option(
                "epochs",
                int,
                50,
                "how many steps of gradient descent (fewer by default where ratings are many)",
                1,
                1000,
            ),
            Option("seed", int, 42, "what the first factors are drawn from"),
            Option("factors", int, 5, "factors of each user and film", 1, 50),
            Option(
                "learning_rate", float, 0.01, "how far a step goes (shorter by default where ratings are many)", 0.0
            ),
            Option("weight_decay", float, 0.1, "how strongly parameters are pulled to 0", 0.0),
            Option(
                "ratings",
                str,
                "",
                "a CSV of userId, movieId, title, rating, or 100 for a vendored 100x100 (default: 206 ratings)",
            ),
        ),
    ),
    Lesson(
        "activations",
        "ReLU, leaky ReLU, sigmoid, tanh, Mish and GELU with their derivatives, plotted.",
        (
            Option("start", float, -4.0, "the first x"),
            Option("step", float, 0.2, "the distance between neighbours"),
            Option("points", int, 41, "how many x", 2, 10000),
        ),
    ),
    Lesson("entropy", "Softmax, cross-entropy and binary cross-entropy, with natural logarithms."),
    Lesson(
        "optimisers",
        "SGD, momentum, RMSProp and Adam fit a line, one row a step.",
        (
            Option("points", int, 20, "how many points", 2, 1000),
            Option("epochs", int, 3, "how often each point is seen", 1, 100),
            Option("seed", int, 1, "what the points are drawn from"),
        ),
    ),
    Lesson(
        "embeddings",
        "Embedding as lookup and as one-hot product, on films and on a poem's words.",
        (
            Option("width", int, 5, "numbers in an embedding", 1, 50),
            Option("seed", int, 3, "what they are drawn from"),
        ),
    ),
    Lesson(
        "matmul",
        "A convolution as one sparse matrix times the flattened image, side by side.",
        (_DIGIT, Option("side", int, 8, "the image's side", 4, 16)),
    ),
    Lesson("collab-analysis", "Films by bias, principal components of their factors, nearest films by cosine."),
    Lesson(
        "train",
        "The small network trained in the sheet: forward, loss, backward, SGD step, every gradient a formula.",
        (
            Option("epochs", int, 5, "how often each of the four digits is seen", 1, 100),
            Option("seed", int, 5, "what the first weights are drawn from"),
            Option("learning_rate", float, 0.05, "how far a step goes", 0.0),
        ),
    ),
    Lesson(
        "collab-nn",
        "Collaborative filtering by a network: embeddings, linear, ReLU, linear, sigmoid range, with gradients.",
        (
            Option("epochs", int, 4, "how often each rating is seen", 1, 100),
            Option("batch", int, 32, "ratings in a batch", 20, 206),
            Option("hidden", int, 8, "width of the first layer", 1, 30),
            Option("seed", int, 7, "what the first weights and the order are drawn from"),
            Option("learning_rate", float, 0.2, "how far a step goes", 0.0),
        ),
    ),
    Lesson(
        "tabular",
        "A sales forecast: embeddings of categories and normalised numbers, then linear layers, trained in the sheet.",
        (
            Option("steps", int, 25, "how many steps of gradient descent over the table", 1, 200),
            Option("seed", int, 61, "what the first weights are drawn from"),
            Option("learning_rate", float, 0.1, "how far a step goes", 0.0),
        ),
    ),
    Lesson(
        "titanic",
        "Survival by a linear model, a two-layer net and MMULT, trained, on a table with structured references.",
        (
            Option("rows", int, 60, "how many invented passengers", 5, 2000),
            Option("seed", int, 12, "what passengers and weights are drawn from"),
            Option("steps", int, 30, "how many steps of gradient descent", 1, 200),
            Option("learning_rate", float, 1.0, "how far a step goes", 0.0),
            Option("data", str, "", "a CSV of passengers with the Titanic table's columns (default: invented ones)"),
        ),
    ),
)


def lesson(name: str) -> Lesson:
    """Return a lesson by name. Raises `UsageError` for an unknown one, naming those there are."""
    for found in LESSONS:
        if found.name == name:
            return found
    raise UsageError(f"no lesson called {name!r}; there are {', '.join(each.name for each in LESSONS)}")
