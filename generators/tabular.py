"""Lesson ``tabular``: a sales forecast from categories and numbers: embeddings, then linear layers."""

from __future__ import annotations

import csv
import io

import numpy as np

from . import vendored
from .book import Book, Sheet
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale
from .tabular_steps import Table
from .tabular_training import add_training

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REGIONS = ("North", "East", "South", "West")
ABOUT = (
    (
        "A table of shops’ days, as in a sales forecast: weekday and region are categories, promotion, "
        "distance to the next competitor "
        "and price are numbers. Each category is looked up in an embedding, each number is normalised, "
        "all are put side by side, and "
        "two linear layers with ReLU between them predict the day’s sales."
    ),
    "The sheet one-hot shows that looking a weekday up is the same as a linear layer on its one-hot row.",
    (
        "The table is invented. The network was trained on it beforehand and rounded to three decimals; "
        "its embedding of the "
        "weekdays has two numbers a day, so that the days can be drawn (the lesson’s rule would give 5)."
    ),
    (
        "The sheet training starts over, from random weights, with gradient descent as formulas. Each block "
        "of the sheet steps is one step over the whole table: forward on the left, backward on the right. "
        "The gradient of a weekday’s row adds up what arrives from every row of the table with that weekday."
    ),
)
EXERCISES = (
    (
        "Look at both charts of weekdays, on the sheets embeddings and training. Which days lie apart, and why?",
        (
            "Sunday and Saturday lie at opposite ends: sales are lowest and highest then, and Friday comes "
            "next to Saturday. On the sheet training Monday to Thursday, which sell alike, lie close together, "
            "though nobody told the network."
        ),
    ),
    (
        "Change the weekday of a row to Sunday. What happens to its prediction?",
        "It falls: the row looks up Sunday’s two numbers instead.",
    ),
    (
        "Why are the numbers normalised?",
        (
            "So that all inputs have about the same size, whatever their unit; else the weights would have "
            "to differ by as much."
        ),
    ),
    (
        "Swap two rows of the embedding of the weekdays. What else must be swapped to keep the predictions?",
        "The two days in the list of weekdays: only the order links a day to its numbers.",
    ),
    (
        "On the sheet training, set the learning rate to 0.15, then to 0.02. What happens to the loss?",
        "At 0.15 it falls faster, until steps are too long for the slope it has come to: it jumps up, and falls "
        "again. At 0.02 it falls, but not far within these steps.",
    ),
    (
        "On the sheet training, which days move furthest from where they start, and why?",
        "Sunday and Saturday: their sales differ most from the mean, so most of the gradient goes there.",
    ),
)


def _rows() -> list[tuple[str, str, float, float, float, float]]:
    table = list(csv.reader(io.StringIO(vendored.read_bytes("sales.csv").decode())))[1:]
    return [(row[0], row[1], float(row[2]), float(row[3]), float(row[4]), float(row[5])) for row in table]


def _network() -> dict[str, list[list[float]]]:
    with np.load(io.BytesIO(vendored.read_bytes("sales_network.npz"))) as stored:
        return {name: (stored[name] / 1000).tolist() for name in stored.files}


def build(steps: int = 25, seed: int = 61, learning_rate: float = 0.1) -> Book:
    """Declare the lesson; it trains for ``steps`` steps."""
    options: dict[str, str | int | float] = {"steps": steps, "seed": seed, "learning_rate": learning_rate}
    book = Book("tabular", "A table: categories, numbers, a network", ABOUT, EXERCISES, options)
    weights = _network()
    sheet = book.sheet("tabular", frozen=(5, 0), default_width=52, zoom=100, pages=(1, 1))
    sheet.widths[0] = 76
    network = book.sheet("weights", default_width=62, zoom=100, pages=(1, 1))
    frames = _weights(network, weights)
    days, regions = _embeddings(book, weights)
    seen = {name: frame.seen_from(sheet.name) for name, frame in (frames | days | regions).items()}
    table = _forward(sheet, seen)
    _one_hot(book, days)
    add_training(book, table, DAYS, steps, seed, learning_rate)
    return book


def _weights(sheet: Sheet, weights: dict[str, list[list[float]]]) -> dict[str, Frame]:
    sheet.label((0, 0), "The two linear layers", Look.HEADING)
    places = {
        "first": ((3, 1), "First layer"),
        "first_bias": ((13, 1), "Its bias"),
        "second": ((3, 9), "Second layer"),
        "second_bias": ((13, 9), "Its bias"),
    }
    inputs = ("day 1", "day 2", "region 1", "region 2", "region 3", "promotion", "distance", "price")
    for i, name in enumerate(inputs):
        sheet.label((3 + i, 0), name, Look.FAINT)
    return {
        name: sheet.constants(
            name,
            place,
            weights[name],
            Role.WEIGHT,
            number_format="0.000",
            scale=Scale.BLUE_WHITE_RED,
            title=f"{title}: {len(weights[name])}×{len(weights[name][0])}",
            note="Trained beforehand, three decimals.",
        )
        for name, (place, title) in places.items()
    }


def _embeddings(book: Book, weights: dict[str, list[list[float]]]) -> tuple[dict[str, Frame], dict[str, Frame]]:
    """Place both embeddings with their names, and draw the weekdays."""
    sheet = book.sheet("embeddings", default_width=70, zoom=100, pages=(1, 1))
    sheet.widths[0] = sheet.widths[4] = 90
    sheet.label((0, 0), "Embeddings of weekdays and regions", Look.HEADING)
    found = []
    for column, name, things in ((0, "day", DAYS), (4, "region", REGIONS)):
        matrix = weights[f"{name}s"]
        names = sheet.constants(
            f"{name}_names",
            (3, column),
            [[thing] for thing in things],
            Role.INPUT,
            scale=Scale.NONE,
            align="left",
            title=f"{name.title()}s",
            note="The categories, in the order of their rows.",
        )
        frame = sheet.constants(
            f"{name}_matrix",
            (3, column + 1),
            matrix,
            Role.WEIGHT,
            number_format="0.000",
            scale=Scale.BLUE_WHITE_RED,
            title=f"Embedding {len(things)}×{len(matrix[0])}",
            note="A row of numbers for each category, trained beforehand.",
        )
        found.append({f"{name}_names": names, f"{name}_matrix": frame})
        sheet.result(
            f"{name}_rule",
            (12, column + 1),
            "rule’s size",
            f"MIN(600,ROUND(1.6*{len(things)}^0.56,0))",
            number_format="0",
            torch="min(600, round(1.6 * n ** 0.56))",
            note="What the lesson’s rule would give.",
        )
    drawn = found[0]["day_matrix"]
    cloud = Series("weekdays", drawn.part(0, 1, 7, 1), drawn.part(0, 0, 7, 1), labels=DAYS)
    sheet.charts.append(
        Chart(
            "scatter",
            "The weekdays, as the network sees them",
            (cloud,),
            14,
            0,
            560,
            400,
            "first number",
            "second number",
        )
    )
    return found[0], found[1]


def _forward(sheet: Sheet, at: dict[str, Frame]) -> Table:
    """Place the table, the inputs of the network, its layers and the loss; return what training needs of it."""
    rows, top = _rows(), 5
    count, hidden = len(rows), at["first"].width
    sheet.label((0, 0), "A sales forecast", Look.HEADING)
    categories = sheet.constants(
        "categories",
        (top, 0),
        [row[:2] for row in rows],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="Weekday and region: type another.",
    )
    numbers = sheet.constants(
        "numbers",
        (top, 2),
        [row[2:5] for row in rows],
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0.0#",
        note="Promotion (0 or 1), distance to the next competitor in km, price.",
    )
    sales = sheet.constants(
        "sales",
        (top, 5),
        [row[5:] for row in rows],
        Role.INPUT,
        number_format="0.00",
        note="Sales of the day, in thousands: what is to be predicted.",
    )
    listed = [at[name].part(0, 0, len(DAYS), 1) for name in ("day_names", "region_names")]  # both with room for seven
    ids = sheet.fill(
        "ids",
        (top, 7),
        (count, 2),
        lambda i, j: f"MATCH({categories.cell(i, j)},{listed[j].all()},0)",
        Role.ACTIVATION,
        scale=Scale.NONE,
        number_format="0",
        note="The numbers of weekday and region.",
        torch="ids",
    )
    days = sheet.fill(
        "days",
        (top, 10),
        (count, 2),
        lambda i, j: f"INDEX({at['day_matrix'].column(j, 'r')},{ids.cell(i, 0, 'c')})",
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="The weekday’s embedding.",
        torch="F.embedding(day, days)",
    )
    sheet.fill(
        "regions",
        (top, 12),
        (count, 3),
        lambda i, j: f"INDEX({at['region_matrix'].column(j, 'r')},{ids.cell(i, 1, 'c')})",
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="The region’s embedding.",
        torch="F.embedding(region, regions)",
    )
    normalised = sheet.fill(
        "normalised",
        (top, 15),
        (count, 3),
        lambda i, j: f"({numbers.cell(i, j)}-AVERAGE({numbers.column(j, 'r')}))/STDEV({numbers.column(j, 'r')})",
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="Less the column’s mean, divided by its standard deviation.",
        torch="(x - x.mean(0)) / x.std(0)",
    )
    inputs = Frame(sheet.name, top, days.left, count, 8)
    active = sheet.fill(
        "hidden",
        (top, 19),
        (count, hidden),
        lambda i, j: (
            f"MAX(0,MMULT({inputs.row(i, 'c')},{at['first'].column(j, 'r')})+{at['first_bias'].cell(0, j, 'r')})"
        ),
        Role.ACTIVATION,
        number_format="0.00",
        note="All eight inputs times the first matrix, plus bias, ReLU.",
        torch="F.relu(F.linear(torch.cat([…], 1), W1, b1))",
    )
    predicted = sheet.fill(
        "prediction",
        (top, 20 + hidden),
        (count, 1),
        lambda i, j: f"MMULT({active.row(i)},{at['second'].all()})+{at['second_bias'].cell(0, 0, 'rc')}",
        Role.RESULT,
        number_format="0.00",
        scale=Scale.WHITE_RED,
        note="The second layer: predicted sales.",
        torch="F.linear(hidden, W2, b2)",
    )
    errors = sheet.fill(
        "errors",
        (top, 21 + hidden),
        (count, 1),
        lambda i, j: f"({predicted.cell(i, 0)}-{sales.cell(i, 0)})^2",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The squared error of the day.",
        torch="(prediction - sales) ** 2",
    )
    sheet.result(
        "rmse",
        (2, 21 + hidden),
        "RMSE",
        f"SQRT(AVERAGE({errors.all('')}))",
        torch="F.mse_loss(prediction, sales).sqrt()",
        note="The root of the mean squared error.",
    )
    headers = (
        "day",
        "region",
        "promotion",
        "distance",
        "price",
        "sales",
        "",
        "day",
        "region",
        "",
        "day 1",
        "day 2",
        "region 1",
        "region 2",
        "region 3",
        "promotion",
        "distance",
        "price",
        "",
    )
    sheet.headers(top - 1, 0, (*headers, *(f"h {k + 1}" for k in range(hidden)), "", "predicted", "error²"))
    groups = (
        (0, "Table", Role.INPUT),
        (7, "Numbers", Role.ACTIVATION),
        (10, "Inputs: embeddings and normalised numbers", Role.ACTIVATION),
        (19, "First layer, ReLU", Role.ACTIVATION),
        (20 + hidden, "Second", Role.RESULT),
    )
    for column, text, role in groups:
        sheet.label((top - 2, column), text, Look.TITLE, role=role)
    return Table(ids, normalised, sales)


def _one_hot(book: Book, at: dict[str, Frame]) -> None:
    """Place the weekdays of the table as one-hot rows, times the embedding: the same rows as looked up."""
    sheet = book.sheet("one-hot", frozen=(4, 0), default_width=62, zoom=100, pages=(1, 1))
    count, top = len(_rows()), 4
    sheet.label((0, 0), "Looking up is a linear layer on one-hot rows", Look.HEADING)
    names, matrix = (at[f"day_{kind}"].seen_from(sheet.name) for kind in ("names", "matrix"))
    sheet.fill(
        "day_of_row",
        (top, 0),
        (count, 1),
        lambda i, j: f"tabular!A{6 + i}",
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="The weekday of each row of the table.",
    )
    hot = sheet.fill(
        "day_one_hot",
        (top, 2),
        (count, 7),
        lambda i, j: f"IF($A{top + 1 + i}=INDEX({names.all()},COLUMN()-2),1,0)",
        Role.ACTIVATION,
        number_format="0",
        note="1 in the column of the weekday.",
        torch="F.one_hot(day, 7)",
    )
    product = sheet.whole(
        "day_product",
        (top, 10),
        (count, 2),
        f"MMULT({hot.all('')},{matrix.all()})",
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="One-hot rows times the embedding.",
        torch="F.linear(F.one_hot(day, 7), days.T)",
    )
    looked = sheet.fill(
        "day_lookup",
        (top, 13),
        (count, 2),
        lambda i, j: f"tabular!{Frame('', 5, 10, count, 2).cell(i, j)}",
        Role.ACTIVATION,
        number_format="0.00",
        scale=Scale.BLUE_WHITE_RED,
        note="The same, looked up on the sheet tabular.",
        torch="F.embedding(day, days)",
    )
    sheet.result(
        "day_difference",
        (1, 13),
        "difference",
        f"ROUND(SUMXMY2({product.all('')},{looked.all('')}),20)",
        number_format="0",
        torch="0",
        note="The sum of squared differences: 0.",
    )
    sheet.headers(
        top - 1, 0, ("day", "", *(day[:3] for day in DAYS), "", "product 1", "product 2", "", "lookup 1", "lookup 2")
    )
