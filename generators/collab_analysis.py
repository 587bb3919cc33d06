"""Lesson ``collab-analysis``: what trained factors mean: biases in order, principal components, nearest films."""

from __future__ import annotations

import csv
import io

import numpy as np

from . import vendored
from .book import Book, Manner, Sheet
from .panels import Chart, Look, Series
from .places import Frame, bound
from .point_labels import place_labels
from .style import Role, Scale

SQUARINGS = 12
COMPONENTS = 2
SHOWN = 10
CHART = (1200, 900)  # pixels
ABOUT = (
    (
        "Thirty films with the bias and the five factors that training on 6,031 ratings gave them (the "
        "100 most active users and "
        "100 most rated films; dot product, biases, sigmoid range). What do such numbers mean?"
    ),
    (
        "The sheet ranking puts films in the order of their bias: how much a film pleases beyond what "
        "its factors explain. The sheet "
        "components finds the two directions in which the factors differ most (principal components) "
        "and draws films along them. The "
        "sheet nearest lists the films whose factors point the same way as those of a film that you choose."
    ),
    (
        "Principal components are found by squaring: the covariance matrix times itself, again and "
        "again, keeps only its strongest "
        "direction; that one is taken out (deflation), and the same is done with what remains."
    ),
    (
        "Ratings: MovieLens ml-latest-small. F. M. Harper and J. A. Konstan, “The MovieLens Datasets: "
        "History and Context”, ACM TiiS "
        "5(4), 2015. Non-commercial use."
    ),
)
EXERCISES = (
    (
        "Which film has the lowest bias, and what does that say?",
        ("Star Wars: Episode I. Even people whose taste it should meet rate it lower than its factors suggest."),
    ),
    (
        "On nearest, choose a Star Wars film. What comes first?",
        (
            "The other Star Wars films, The Lord of the Rings and The Matrix: nobody told the model about "
            "genres or titles."
        ),
    ),
    (
        "What might the first component stand for? Look at both ends of the chart.",
        (
            "Space and fantasy adventures at one end, quieter dramas at the other, with all the caution "
            "due to thirty films."
        ),
    ),
    (
        "Multiply all factors of one film by 2. What changes on nearest?",
        "Nothing: the cosine looks at the direction only.",
    ),
    (
        "How much of the variance do two components explain?",
        '=TEXT(share_1+share_2,"0%")&": see “share of variance” on the sheet components."',
    ),
)


def films() -> list[tuple[str, list[float]]]:
    """Return the vendored films: title, then bias and factors."""
    rows = list(csv.reader(io.StringIO(vendored.read_bytes("film_factors.csv").decode())))[1:]
    return [(row[0], [float(number) for number in row[1:]]) for row in rows]


def _brief(title: str) -> str:
    """Return a title short enough for a chart.

    >>> _brief("Star Wars: Episode IV - A New Hope"), _brief("Fugitive, The")
    ('Star Wars IV', 'Fugitive')
    """
    short = title.split(" - ")[0].removesuffix(", The").replace("Episode ", "").replace("Wars: ", "Wars ")
    return short.split(": ")[0]


def build() -> Book:
    """Declare the lesson."""
    book = Book("collab-analysis", "What factors mean", ABOUT, EXERCISES, {})
    table = films()
    sheet = book.sheet("ranking", frozen=(4, 1), default_width=52, zoom=100, pages=(1, 1))
    sheet.widths[0] = 270
    sheet.label((0, 0), "Films in the order of their bias", Look.HEADING)
    titles = sheet.constants(
        "titles",
        (4, 0),
        [[title] for title, _ in table],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="The thirty most rated films.",
    )
    bias = sheet.constants(
        "bias",
        (4, 1),
        [[numbers[0]] for _, numbers in table],
        Role.WEIGHT,
        number_format="0.000",
        note="The trained bias of each film.",
    )
    factors = sheet.constants(
        "factors",
        (4, 2),
        [numbers[1:] for _, numbers in table],
        Role.WEIGHT,
        number_format="0.000",
        note="The five trained factors of each film.",
    )
    sheet.headers(3, 0, ("film", "bias", *(f"factor {k + 1}" for k in range(factors.width))))
    _ranking(sheet, titles, bias, factors.right + 1)
    _components(book, titles, factors)
    _nearest(book, titles, factors)
    return book


def _sorted(
    sheet: Sheet,
    name: str,
    place: tuple[int, int],
    values: Frame,
    titles: Frame,
    count: int,
    largest: bool,
    words: tuple[str, str],
) -> Frame:
    """Place ``count`` films in order of a key, with their titles; keys differ even where values tie."""
    row, column = place
    what, call = words
    order = "LARGE" if largest else "SMALL"
    sheet.widths[column] = 270
    places = sheet.fill(
        f"{name}_places",
        (row, column + 2),
        (count, 1),
        lambda i, j: f"MATCH({order}({values.all()},ROW()-{row}),{values.all()},0)",
        Role.ACTIVATION,
        scale=Scale.NONE,
        number_format="0",
        note="Where the film stands in the table.",
        torch=call,
    )
    sheet.fill(
        f"{name}_titles",
        (row, column),
        (count, 1),
        lambda i, j: f"INDEX({titles.all()},{places.cell(i, 0)})",
        Role.RESULT,
        scale=Scale.NONE,
        align="left",
        note=what,
        torch=call,
    )
    return places


def _ranking(sheet: Sheet, titles: Frame, bias: Frame, column: int) -> None:
    keys = sheet.fill(
        "bias_keys",
        (4, column),
        (bias.height, 1),
        lambda i, j: f"{bias.cell(i, 0)}-ROW()/1000000000",
        Role.ACTIVATION,
        number_format="0.000",
        scale=Scale.NONE,
        note="The bias, less a billionth of the row number, so that no two are equal.",
        torch="bias - row / 1e9",
    )
    sheet.headers(3, column, ("key",))
    for k, (name, title, largest) in enumerate((("highest", "highest first", True), ("lowest", "lowest first", False))):
        at = (4, column + 2 + 4 * k)
        places = _sorted(
            sheet,
            name,
            at,
            keys,
            titles,
            bias.height,
            largest,
            (f"Films by bias, {title}.", f"bias.argsort({'descending=True' if largest else ''})"),
        )
        sheet.fill(
            f"{name}_bias",
            (4, at[1] + 1),
            (bias.height, 1),
            bound(lambda i, j, places: f"INDEX({bias.all()},{places.cell(i, 0)})", places),
            Role.RESULT,
            number_format="0.000",
            scale=Scale.WHITE_RED,
            note=f"Their biases, {title}.",
            torch="bias.sort()",
        )
        sheet.headers(3, at[1], (f"film, {title}", "bias", "row"))
    names = sheet.frame((4, column + 2), (bias.height, 1))
    ranked = sheet.frame((4, column + 3), (bias.height, 1))
    sheet.charts.append(
        Chart("bar", "Bias, highest first", (Series("bias", ranked, names),), 3, column + 10, 620, 640, "", "bias")
    )


def _components(book: Book, titles: Frame, factors: Frame) -> None:
    """Place centred factors, covariance, two components by squaring and deflation, scores and their chart."""
    sheet = book.sheet("components", frozen=(2, 1), default_width=52, zoom=100, pages=(1, 1))
    sheet.widths[0] = 270
    sheet.label((0, 0), "Principal components of the factors", Look.HEADING)
    count, width = factors.height, factors.width
    source, names = factors.seen_from(sheet.name), titles.seen_from(sheet.name)
    sheet.fill(
        "titles_again",
        (4, 0),
        (count, 1),
        lambda i, j: names.cell(i, 0),
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="The films of the sheet ranking.",
    )
    centred = sheet.fill(
        "centred",
        (4, 1),
        (count, width),
        lambda i, j: f"{source.cell(i, j)}-AVERAGE({source.column(j, 'r')})",
        Role.ACTIVATION,
        number_format="0.00",
        title="Factors less their mean",
        note="Each factor less its mean over the films.",
        torch="factors - factors.mean(0)",
        scale=Scale.BLUE_WHITE_RED,
    )
    left = width + COMPONENTS + 3
    matrix = sheet.whole(
        "covariance",
        (4, left),
        (width, width),
        f"MMULT(TRANSPOSE({centred.all('')}),{centred.all('')})/({count}-1)",
        Role.ACTIVATION,
        number_format="0.000",
        title="Covariance",
        note="How the factors vary together.",
        torch="torch.cov(factors.T)",
        scale=Scale.BLUE_WHITE_RED,
    )
    total = sheet.result(
        "variance",
        (10, left + 3),
        "Total variance",
        "+".join(matrix.cell(k, k) for k in range(width)),
        label_width=3,
        torch="trace of the covariance",
        note="The sum of the diagonal.",
    )
    directions = []
    for number in range(1, COMPONENTS + 1):
        column = left + (number - 1) * (width + 1)
        direction, matrix = _component(sheet, number, matrix, total, (13, column))
        directions.append(direction)
    scores = sheet.fill(
        "scores",
        (4, width + 2),
        (count, COMPONENTS),
        lambda i, j: f"SUMPRODUCT({centred.row(i, 'c')},{directions[j].all()})",
        Role.RESULT,
        number_format="0.00",
        scale=Scale.WHITE_RED,
        title="Scores",
        note="Where each film lies along the two components.",
        torch="(factors - mean) @ eigh(cov).eigenvectors",
    )
    labels = tuple(_brief(title) for title, _ in films())
    sides = place_labels(_drawn(), labels, (0.65 * CHART[0], 0.6 * CHART[1]))  # what points take of the chart
    cloud = Series("films", scores.part(0, 1, count, 1), scores.part(0, 0, count, 1), labels=labels, sides=sides)
    title = "Films along the first two components"
    place = (2, left + 2 * width + 2)
    sheet.charts.append(Chart("scatter", title, (cloud,), *place, *CHART, "first component", "second component"))


def _drawn() -> list[tuple[float, float]]:
    """Return about where the films lie in the chart: only the places of their titles depend on it."""
    factors = np.array([numbers[1:] for _, numbers in films()])
    centred = factors - factors.mean(0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:COMPONENTS]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1)
    return [(float(x), float(y)) for x, y in centred @ (directions * np.sign(largest)).T]


def _component(sheet: Sheet, number: int, matrix: Frame, total: Frame, place: tuple[int, int]) -> tuple[Frame, Frame]:
    """Place one component below the covariance; return its direction (a row) and the deflated matrix."""
    row, column = place
    width = matrix.width
    details: Manner = {"number_format": "0.000", "scale": Scale.BLUE_WHITE_RED}
    top = row + 10
    current = matrix
    for power in range(1, SQUARINGS + 1):
        before = current
        current = sheet.whole(
            f"power_{number}_{power}",
            (top + (width + 1) * (power - 1), column),
            (width, width),
            f"MMULT({before.all('')},{before.all('')})/SUMPRODUCT({before.all('')},TRANSPOSE({before.all('')}))",
            Role.ACTIVATION,
            title=f"Squared {power} time{'s' if power > 1 else ''}",
            note="The matrix above times itself, divided by its trace: the strongest direction gains."
            if power < 3
            else "",
            torch=f"V diag(λ^{2**power}) Vᵀ / trace",
            quiet=power > 1,
            **details,
        )
    diagonal = sheet.fill(
        f"diagonal_{number}",
        (row + 2, column),
        (1, width),
        lambda i, j: current.cell(j, j),
        Role.ACTIVATION,
        title="Diagonal of the last power",
        note="The squares of the direction’s parts.",
        torch="v ** 2",
        **details,
    )
    best = sheet.result(
        f"strongest_{number}",
        (row + 3, column + 3),
        "Strongest factor",
        f"MATCH(MAX({diagonal.all('')}),{diagonal.all('')},0)",
        label_width=3,
        number_format="0",
        torch="v.abs().argmax()",
        note="The factor with the greatest share in the direction: its sign is made positive.",
    )
    raw = sheet.fill(
        f"raw_{number}",
        (row + 5, column),
        (1, width),
        lambda i, j: f"INDEX({current.column(j)},{best.cell(0, 0, 'rc')})",
        Role.ACTIVATION,
        note="A row of the last power: the direction, not yet of length 1.",
        torch="v * v.abs().max()",
        **details,
    )
    direction = sheet.fill(
        f"direction_{number}",
        (row + 6, column),
        (1, width),
        lambda i, j: f"{raw.cell(0, j)}/SQRT(SUMSQ({raw.all()}))",
        Role.RESULT,
        title="",
        note="The component: a direction of length 1.",
        torch="torch.linalg.eigh(cov).eigenvectors",
        **details,
    )
    sheet.label((row + 4, column), f"Component {number}", Look.TITLE, role=Role.RESULT)
    value = sheet.result(
        f"strength_{number}",
        (row + 7, column + 3),
        "Variance along it",
        f"SUMPRODUCT(MMULT({direction.all('')},{matrix.all('')}),{direction.all('')})",
        label_width=3,
        torch="torch.linalg.eigh(cov).eigenvalues",
        note="The variance of the films along the component.",
    )
    sheet.result(
        f"share_{number}",
        (row + 8, column + 3),
        "Share of variance",
        f"{value.cell()}/{total.cell()}",
        label_width=3,
        number_format="0.0%",
        torch="eigenvalue / trace",
        note="Of the total variance.",
    )
    deflated = sheet.fill(
        f"deflated_{number}",
        (top + (width + 1) * SQUARINGS + 1, column),
        (width, width),
        lambda i, j: (
            f"{matrix.cell(i, j)}-{value.cell(0, 0, 'rc')}"
            f"*INDEX({direction.all()},1,ROW()-{top + (width + 1) * SQUARINGS + 1})*{direction.cell(0, j, 'r')}"
        ),
        Role.ACTIVATION,
        title="What remains",
        note="The matrix without this component.",
        torch="cov - λ v vᵀ",
        **details,
    )
    return direction, deflated


def _nearest(book: Book, titles: Frame, factors: Frame) -> None:
    """Place the cosine of every film to a chosen one, and the nearest."""
    sheet = book.sheet("nearest", frozen=(4, 1), default_width=60, zoom=100, pages=(1, 1))
    sheet.widths |= {0: 270, 5: 270}
    names, source, count = titles.seen_from(sheet.name), factors.seen_from(sheet.name), factors.height
    sheet.label((0, 0), "Films that point the same way", Look.HEADING)
    chosen = sheet.control(
        "film",
        (1, 5),
        "Choose a film",
        films()[3][0],
        names,
        label_width=1,
        prompt="a film",
        note="The film to compare all others with.",
        align="left",
    )
    at = sheet.result(
        "film_number",
        (1, 7),
        "row",
        f"MATCH({chosen.all()},{names.all()},0)",
        number_format="0",
        torch="index",
        note="Where the chosen film stands.",
    )
    sheet.headers(3, 0, ("film", "cosine", "key"))
    sheet.fill(
        "titles_once_more",
        (4, 0),
        (count, 1),
        lambda i, j: names.cell(i, 0),
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="The films of the sheet ranking.",
    )
    mine = f"INDEX({source.all()},{at.cell(0, 0, 'rc')},0)"
    cosines = sheet.fill(
        "cosines",
        (4, 1),
        (count, 1),
        lambda i, j: f"SUMPRODUCT({source.row(i, 'c')},{mine})/SQRT(SUMSQ({source.row(i, 'c')})*SUMSQ({mine}))",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.BLUE_WHITE_RED,
        note=("The cosine of the angle between two films’ factors: 1 the same way, 0 nothing in common, −1 opposite."),
        torch="F.cosine_similarity(factors, factors[film])",
    )
    keys = sheet.fill(
        "cosine_keys",
        (4, 2),
        (count, 1),
        lambda i, j: f"{cosines.cell(i, 0)}-ROW()/1000000000",
        Role.ACTIVATION,
        number_format="0.000",
        scale=Scale.NONE,
        note="The cosine, less a billionth of the row number, so that no two are equal.",
        torch="cosine - row / 1e9",
    )
    places = _sorted(
        sheet,
        "nearest",
        (4, 5),
        keys,
        names,
        SHOWN + 1,
        True,
        ("The nearest films, the chosen one itself first.", "cosine.argsort(descending=True)"),
    )
    nearest = sheet.fill(
        "nearest_cosines",
        (4, 6),
        (SHOWN + 1, 1),
        lambda i, j: f"INDEX({cosines.all()},{places.cell(i, 0)})",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="How near.",
        torch="cosine.sort(descending=True)",
    )
    sheet.headers(3, 5, ("nearest films", "cosine", "row"))
    bars = (Series("cosine", nearest, sheet.frame((4, 5), (SHOWN + 1, 1))),)
    sheet.charts.append(Chart("bar", "Nearest films", bars, SHOWN + 7, 5, 620, 360, "", "cosine", (-1.0, 1.0)))
