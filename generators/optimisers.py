"""Lesson ``optimisers``: SGD, momentum, RMSProp and Adam fit a line, one row a step."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .book import Book, Manner, Sheet
from .panels import Chart, Look, Series
from .places import Frame, bound
from .style import Role, Scale

ABOUT = (
    (
        "A line, prediction = a·x + b, is fitted to points, one point a step. Each sheet is one optimiser, "
        "each row one step: "
        "the point, the prediction, the gradient of the squared error by a and b, what the optimiser "
        "remembers, and the new a "
        "and b, which the next row starts from."
    ),
    (
        "Momentum remembers a running sum of gradients, RMSProp a running mean of their squares, Adam "
        "a running mean of both, "
        "corrected for starting at 0."
    ),
)
EXERCISES = (
    (
        "Which optimiser comes close to the line first? Change the learning rates.",
        (
            '="It depends on them: that is why they are searched for. RMSE at the end now: SGD "&'
            'ROUND(INDEX(sgd_end,3),3)&", momentum "&ROUND(INDEX(momentum_end,3),3)&", RMSProp "&'
            'ROUND(INDEX(rmsprop_end,3),3)&", Adam "&ROUND(INDEX(adam_end,3),3)&"."'
        ),
    ),
    (
        "Set momentum to 0. Which sheet do you have then?",
        "The sheet sgd with another learning rate: the remembered sum is the gradient itself.",
    ),
    (
        "Set the learning rate of SGD to 0.3. What happens?",
        (
            '="Steps overshoot on points far from zero, and the error jumps up again and again. It is "&'
            'ROUND(MIN(sgd_rmse),3)&" at best and "&ROUND(INDEX(sgd_rmse,ROWS(sgd_rmse)),3)&" after the last step."'
        ),
    ),
    (
        "Why does RMSProp move at nearly the same speed everywhere?",
        "It divides the gradient by its usual size, so a step is about the learning rate.",
    ),
    (
        "What do β₁ᵗ and β₂ᵗ in Adam do?",
        ("Both means start at 0 and are too small at first; dividing by 1 − βᵗ mends it, and soon changes nothing."),
    ),
)
TRUE_SLOPE, TRUE_INTERCEPT, NOISE = 2.0, 3.0, 0.3
TOP = 8


@dataclass(frozen=True, slots=True)
class Optimiser:
    """One optimiser: its controls (name, label, value, choices), its memories, and its step, as formulas.

    In formulas: g gradient, p parameter, t step; s, m, v memories at this step, s0, m0, v0 before it.
    """

    name: str
    title: str
    controls: tuple[tuple[str, str, float, tuple[float, ...]], ...]
    memories: tuple[tuple[str, str, str], ...]  # letter, formula, what it is
    step: str
    torch: str
    note: str


OPTIMISERS = (
    Optimiser(
        "sgd",
        "SGD",
        (("sgd_lr", "Learning rate", 0.05, (0.01, 0.02, 0.05, 0.1, 0.3)),),
        (),
        "{p}-sgd_lr*{g}",
        "torch.optim.SGD(lr)",
        "Against the gradient, times the learning rate.",
    ),
    Optimiser(
        "momentum",
        "SGD with momentum",
        (
            ("momentum_lr", "Learning rate", 0.02, (0.005, 0.01, 0.02, 0.05)),
            ("momentum_share", "Momentum", 0.9, (0.0, 0.5, 0.8, 0.9, 0.95)),
        ),
        (
            (
                "s",
                "momentum_share*{s0}+{g}",
                "The running sum of gradients: what was remembered, times momentum, plus the new one.",
            ),
        ),
        "{p}-momentum_lr*{s}",
        "torch.optim.SGD(lr, momentum)",
        "Against the running sum of gradients.",
    ),
    Optimiser(
        "rmsprop",
        "RMSProp",
        (
            ("rmsprop_lr", "Learning rate", 0.1, (0.02, 0.05, 0.1, 0.2)),
            ("rmsprop_alpha", "Alpha", 0.9, (0.5, 0.9, 0.99)),
        ),
        (("v", "rmsprop_alpha*{v0}+(1-rmsprop_alpha)*{g}^2", "The running mean of squared gradients."),),
        "{p}-rmsprop_lr*{g}/(SQRT({v})+0.00000001)",
        "torch.optim.RMSprop(lr, alpha)",
        "Against the gradient, divided by its usual size (and a little, so that nothing is divided by 0).",
    ),
    Optimiser(
        "adam",
        "Adam",
        (
            ("adam_lr", "Learning rate", 0.2, (0.05, 0.1, 0.2, 0.5)),
            ("adam_first", "β₁", 0.9, (0.0, 0.5, 0.9)),
            ("adam_second", "β₂", 0.99, (0.9, 0.99, 0.999)),
        ),
        (
            ("m", "adam_first*{m0}+(1-adam_first)*{g}", "The running mean of gradients."),
            ("v", "adam_second*{v0}+(1-adam_second)*{g}^2", "The running mean of squared gradients."),
        ),
        "{p}-adam_lr*({m}/(1-adam_first^{t}))/(SQRT({v}/(1-adam_second^{t}))+0.00000001)",
        "torch.optim.Adam(lr, betas)",
        "Against the mean gradient, divided by its usual size, both corrected for having started at 0.",
    ),
)
COLOURS = ("#404040", "#4F81BD", "#E08E0B", "#C0504D")


def build(points: int = 20, epochs: int = 3, seed: int = 1) -> Book:
    """Declare the lesson: ``points`` on a noisy line, each seen ``epochs`` times."""
    book = Book(
        "optimisers", "Optimisers on a line", ABOUT, EXERCISES, {"points": points, "epochs": epochs, "seed": seed}
    )
    front = book.sheet("optimisers", frozen=(1, 0), default_width=64, zoom=100, pages=(1, 1))
    xs, ys = _data(front, points, Random(seed))
    curves = [_optimiser(book, each, xs, ys, points * epochs) for each in OPTIMISERS]
    ends = _overview(front, curves)
    _lines(front, xs, ys, ends)
    return book


def _data(sheet: Sheet, points: int, random: Random) -> tuple[Frame, Frame]:
    sheet.label((0, 0), "Four optimisers fit a line", Look.HEADING)
    x = [round(random.uniform(-2, 2), 2) for _ in range(points)]
    y = [round(TRUE_SLOPE * value + TRUE_INTERCEPT + random.uniform(-NOISE, NOISE), 2) for value in x]
    for row, (name, label) in enumerate((("start_a", "a starts at"), ("start_b", "b starts at")), start=2):
        sheet.control(
            name,
            (row, 2),
            label,
            0.0,
            (-2.0, 0.0, 1.0, 5.0),
            label_width=2,
            prompt="before the first step",
            note="Where all four optimisers start.",
        )
    sheet.headers(TOP - 1, 0, ("x", "y"))
    detail: Manner = {"number_format": "0.00", "scale": Scale.NONE}
    xs = sheet.constants(
        "x",
        (TOP, 0),
        [[value] for value in x],
        Role.INPUT,
        note="Points near the line y = 2x + 3: change them.",
        **detail,
    )
    ys = sheet.constants(
        "y", (TOP, 1), [[value] for value in y], Role.INPUT, note="What the line should give at x.", **detail
    )
    return xs, ys


def _optimiser(book: Book, kind: Optimiser, xs: Frame, ys: Frame, steps: int) -> tuple[Frame, Frame, Frame]:
    """Place one optimiser; return steps, errors over all points, and parameters after each step."""
    sheet = book.sheet(kind.name, frozen=(TOP, 1), default_width=66, zoom=100, pages=(1, 0))
    sheet.label((0, 0), f"{kind.title}: one row a step", Look.HEADING)
    for row, (name, label, value, choices) in enumerate(kind.controls, start=2):
        sheet.control(
            name,
            (row, 2),
            label,
            value,
            choices,
            label_width=2,
            prompt=f"for {kind.title}",
            note=f"{label} of {kind.title}.",
        )
    x, y = xs.seen_from(sheet.name), ys.seen_from(sheet.name)
    number = sheet.fill(
        f"{kind.name}_step",
        (TOP, 0),
        (steps, 1),
        lambda i, j: f"ROW()-{TOP}",
        Role.INPUT,
        number_format="0",
        scale=Scale.NONE,
        note="The number of the step.",
    )
    point = sheet.fill(
        f"{kind.name}_point",
        (TOP, 1),
        (steps, 2),
        lambda i, j: f"INDEX({(x, y)[j].all()},MOD({number.cell(i, 0, 'c')}-1,COUNT({x.all()}))+1)",
        Role.INPUT,
        number_format="0.00",
        scale=Scale.NONE,
        note="The points in turn, again and again.",
        torch="data[step % n]",
    )
    count = len(kind.memories)
    after = sheet.frame((TOP, 9 + 2 * count), (steps, 2))
    before = sheet.fill(
        f"{kind.name}_before",
        (TOP, 3),
        (steps, 2),
        lambda i, j: after.cell(i - 1, j) if i else f"start_{'ab'[j]}",
        Role.WEIGHT,
        number_format="0.000",
        note="a and b before the step: those after the step above.",
        torch="a, b",
    )
    predicted = sheet.fill(
        f"{kind.name}_prediction",
        (TOP, 5),
        (steps, 1),
        lambda i, j: f"{before.cell(i, 0)}*{point.cell(i, 0)}+{before.cell(i, 1)}",
        Role.ACTIVATION,
        number_format="0.000",
        note="a·x + b.",
        torch="a * x + b",
    )
    sheet.fill(
        f"{kind.name}_loss",
        (TOP, 6),
        (steps, 1),
        lambda i, j: f"({predicted.cell(i, 0)}-{point.cell(i, 1)})^2",
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The squared error at this point.",
        torch="F.mse_loss(a * x + b, y)",
    )
    slopes = sheet.fill(
        f"{kind.name}_gradient",
        (TOP, 7),
        (steps, 2),
        lambda i, j: f"2*({predicted.cell(i, 0)}-{point.cell(i, 1)})" + ("" if j else f"*{point.cell(i, 0)}"),
        Role.GRADIENT,
        number_format="0.000",
        scale=Scale.BLUE_WHITE_RED,
        note="How the squared error changes with a (times x) and with b.",
        torch="autograd",
    )
    memories = _memories(sheet, kind, slopes)
    sheet.fill(
        f"{kind.name}_after",
        (TOP, 9 + 2 * count),
        (steps, 2),
        lambda i, j: kind.step.format(
            g=slopes.cell(i, j),
            p=before.cell(i, j),
            t=number.cell(i, 0, "c"),
            **{letter: frame.cell(i, j) for letter, frame in memories.items()},
        ),
        Role.WEIGHT,
        number_format="0.000",
        note=kind.note,
        torch=kind.torch,
    )
    errors = sheet.fill(
        f"{kind.name}_rmse",
        (TOP, 11 + 2 * count),
        (steps, 1),
        lambda i, j: (
            f"SQRT(SUMPRODUCT(({after.cell(i, 0)}*{x.all()}+{after.cell(i, 1)}-{y.all()})^2)/COUNT({x.all()}))"
        ),
        Role.RESULT,
        number_format="0.000",
        scale=Scale.WHITE_RED,
        note="The root of the mean squared error over all points, with a and b after the step.",
        torch="F.mse_loss(a * xs + b, ys).sqrt()",
    )
    names = (
        "step",
        "x",
        "y",
        "a",
        "b",
        "prediction",
        "error²",
        "∂/∂a",
        "∂/∂b",
        *(f"{letter} of {p}" for letter, _, _ in kind.memories for p in "ab"),
        "new a",
        "new b",
        "RMSE",
    )
    sheet.headers(TOP - 1, 0, names)
    return number, errors, after


def _memories(sheet: Sheet, kind: Optimiser, slopes: Frame) -> dict[str, Frame]:
    frames: dict[str, Frame] = {}
    for order, (letter, formula, note) in enumerate(kind.memories):
        frame = frames[letter] = sheet.frame((TOP, 9 + 2 * order), (slopes.height, 2))
        sheet.fill(
            f"{kind.name}_{letter}",
            (TOP, 9 + 2 * order),
            (slopes.height, 2),
            bound(
                lambda i, j, frame, formula, letter: formula.format(
                    g=slopes.cell(i, j), **{f"{letter}0": frame.cell(i - 1, j) if i else "0"}
                ),
                frame,
                formula,
                letter,
            ),
            Role.WEIGHT,
            number_format="0.000",
            note=note,
            torch=f"state of {kind.torch}",
        )
    return frames


def _lines(sheet: Sheet, xs: Frame, ys: Frame, ends: list[Frame]) -> None:
    """Place both ends of each optimiser's line, and draw the points and the lines."""
    sheet.headers(1, 9, ("x", *(kind.title for kind in OPTIMISERS)))
    detail: Manner = {"number_format": "0.00", "scale": Scale.NONE}
    across = sheet.fill(
        "line_x",
        (2, 9),
        (2, 1),
        lambda i, j: f"{('MIN', 'MAX')[i]}({xs.all()})",
        Role.INPUT,
        note="Where the lines of the chart start and end: the least and the greatest x.",
        torch="x.min(), x.max()",
        **detail,
    )
    lines = sheet.fill(
        "lines",
        (2, 10),
        (2, len(ends)),
        lambda i, j: f"{ends[j].cell(0, 0, 'rc')}*{across.cell(i, 0, 'c')}+{ends[j].cell(0, 1, 'rc')}",
        Role.RESULT,
        note="a·x + b at both ends, with each optimiser’s last a and b.",
        torch="a * x + b",
        **detail,
    )
    series = [Series("points", ys, xs, "#7F7F7F", marker=True, line=False)]
    for at, (kind, colour) in enumerate(zip(OPTIMISERS, COLOURS, strict=True)):
        series.append(Series(kind.title, lines.part(0, at, 2, 1), across, colour))
    sheet.charts.append(Chart("curve", "The points and the four lines", tuple(series), TOP - 1, 15, 520, 440, "x", "y"))


def _overview(sheet: Sheet, curves: list[tuple[Frame, Frame, Frame]]) -> list[Frame]:
    """Place what each optimiser has reached, and draw its errors; return the rows."""
    sheet.widths[4], ends = 120, []
    sheet.headers(1, 4, ("optimiser", "a", "b", "RMSE"))
    for row, (kind, (_, errors, after)) in enumerate(zip(OPTIMISERS, curves, strict=True), start=2):
        sheet.label((row, 4), kind.title)
        last = errors.height - 1
        there = (
            after.seen_from(sheet.name).cell(last, 0),
            after.seen_from(sheet.name).cell(last, 1),
            errors.seen_from(sheet.name).cell(last, 0),
        )
        end = sheet.fill(
            f"{kind.name}_end",
            (row, 5),
            (1, 3),
            bound(lambda i, j, there: there[j], there),
            Role.RESULT,
            number_format="0.000",
            scale=Scale.NONE,
            note="a, b and the error over all points after the last step.",
            torch=kind.torch,
        )
        ends.append(end)
    series = tuple(
        Series(kind.title, errors, steps, colour)
        for kind, (steps, errors, _), colour in zip(OPTIMISERS, curves, COLOURS, strict=True)
    )
    sheet.charts.append(
        Chart("curve", "RMSE over all points, step by step", series, TOP - 1, 4, 760, 440, "step", "RMSE")
    )
    return ends
