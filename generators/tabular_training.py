"""The half of the lesson tabular that trains the network from random weights, with what it has learnt drawn."""

from __future__ import annotations

from random import Random

from .book import Book, Manner, Sheet
from .curves import FRONT, add_curve, add_losses, add_numbers, add_rate
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale
from .tabular_steps import NAMES, TITLES, Step, Steps, Table

HIDDEN, BIAS = 6, 6.5  # the second layer's bias starts near the mean of sales: else the first steps only learn that
SHAPES = {"days": (7, 2), "regions": (4, 3), "first": (8, HIDDEN), "first_bias": (1, HIDDEN), "second": (HIDDEN, 1)}


def add_training(book: Book, table: Table, days: tuple[str, ...], steps: int, seed: int, learning_rate: float) -> None:
    """Add the sheets of ``steps`` steps of gradient descent over the whole table."""
    front = book.sheet("training", frozen=(2, 0), default_width=66, zoom=100, pages=(1, 1))
    weights, gradients = _start(book, Random(seed)), None
    sheet = book.sheet("steps", frozen=(1, 0), default_width=44, zoom=70, pages=(1, 0))
    sheet.widths[0] = 20
    sheet.label(
        (0, 0),
        "One block a step: forward on the left, backward on the right; the next block takes the step.",
        Look.TITLE,
    )
    seen = Table(*(frame.seen_from(sheet.name) for frame in (table.ids, table.normalised, table.sales)))
    blocks, placed = Steps(sheet, seen), list[Step]()
    weights = {name: frame.seen_from(sheet.name) for name, frame in weights.items()}
    for _ in range(steps):
        step = blocks.place(weights, gradients)
        weights, gradients = step.weights, step.gradients
        placed.append(step)
    _front(front, placed, days, learning_rate)


def _start(book: Book, random: Random) -> dict[str, Frame]:
    """Place the weights that the first step starts from."""
    sheet = book.sheet("start", default_width=52, zoom=100, pages=(1, 1))
    sheet.label((0, 0), "Where training starts", Look.HEADING)
    details: Manner = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED}
    places = {
        "days": (3, 0),
        "regions": (13, 0),
        "first": (3, 4),
        "first_bias": (13, 4),
        "second": (3, 11),
        "second_bias": (13, 11),
    }
    frames = {}
    for name, title in zip(NAMES, TITLES, strict=True):
        height, width = SHAPES.get(name, (1, 1))
        size = 0.0 if "bias" in name else 0.6
        rows = [[round(random.uniform(-size, size), 2) + 0.0 for _ in range(width)] for _ in range(height)]
        frames[name] = sheet.constants(
            f"start_{name}",
            places[name],
            [[BIAS]] if name == "second_bias" else rows,
            Role.WEIGHT,
            title=f"{title} {height}×{width}",
            note="Near the mean of sales, to begin with."
            if name == "second_bias"
            else "Random to begin with; the first layer’s bias is 0.",
            **details,
        )
    return frames


def _front(sheet: Sheet, placed: list[Step], days: tuple[str, ...], learning_rate: float) -> None:
    sheet.label((0, 0), "The same network, trained here from random weights", Look.HEADING)
    add_rate(sheet, 3, learning_rate, (0.0, 0.02, 0.05, 0.1, 0.15))
    count, losses = len(placed), [step.loss.seen_from(sheet.name) for step in placed]
    numbers = add_numbers(sheet, FRONT, count, "each over the whole table")
    note, call = "The mean squared error, before the step.", "F.mse_loss(prediction, sales)"
    curve = add_losses(sheet, numbers, losses, note=note, torch=call)
    add_curve(sheet, numbers, curve, "mean squared error", width=760, height=300)
    for row, (name, label, at) in enumerate(
        (("first_rmse", "RMSE, first step", 0), ("last_rmse", "RMSE, last step", count - 1)), start=4
    ):
        sheet.result(
            name,
            (row, 3),
            label,
            f"SQRT({curve.cell(at, 0)})",
            label_width=3,
            number_format="0.000",
            torch="loss.sqrt()",
            note="The root of the mean squared error, in thousands.",
        )
    learnt = _learnt(sheet, placed[-1].weights["days"], days)
    started = placed[0].weights["days"]
    clouds = (
        Series("before the first step", *_points(started), colour="#A6A6A6"),
        Series("in the last step", *_points(learnt), labels=days),
    )
    title = "The weekdays’ embedding, before and after"
    sheet.charts.append(Chart("scatter", title, clouds, 18, 8, 760, 480, "first number", "second number"))


def _learnt(sheet: Sheet, last: Frame, days: tuple[str, ...]) -> Frame:
    there = last.seen_from(sheet.name)
    for i, day in enumerate(days):
        sheet.label((10 + i, 0), day, Look.FAINT)
    return sheet.fill(
        "learnt_days",
        (10, 2),
        (last.height, last.width),
        there.cell,
        Role.WEIGHT,
        title=f"Weekdays {last.height}×{last.width}",
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="The weekdays’ embedding in the last step: what the chart draws.",
        torch="nn.Embedding(7, 2).weight",
    )


def _points(embedding: Frame) -> tuple[Frame, Frame]:
    height = embedding.height
    return embedding.part(0, 1, height, 1), embedding.part(0, 0, height, 1)
