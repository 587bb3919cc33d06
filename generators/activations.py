"""Lesson ``activations``: six activation functions and their derivatives over a range, plotted."""

from __future__ import annotations

from .book import Book, Sheet
from .panels import Chart, Look, Series
from .places import Frame, bound
from .style import Role, Scale

# name: (title, formula of x, formula of its derivative, torch call, what it is, what its derivative is)
FUNCTIONS: dict[str, tuple[str, str, str, str, str, str]] = {
    "relu": (
        "ReLU",
        "MAX(0,{x})",
        "IF({x}>0,1,0)",
        "F.relu(x)",
        "Negative numbers become 0, others stay.",
        "1 above zero, 0 below; at zero itself torch says 0.",
    ),
    "leaky_relu": (
        "leaky ReLU",
        "IF({x}>0,{x},slope*{x})",
        "IF({x}>0,1,slope)",
        "F.leaky_relu(x, slope)",
        "Negative numbers keep a small share, the slope, so that their gradient never vanishes.",
        "1 above zero, the slope below.",
    ),
    "sigmoid": (
        "sigmoid",
        "1/(1+EXP(-{x}))",
        "{y}*(1-{y})",
        "torch.sigmoid(x)",
        "Squeezes any number between 0 and 1.",
        "s·(1 − s): greatest in the middle, nearly 0 at both ends.",
    ),
    "tanh": (
        "tanh",
        "TANH({x})",
        "1-{y}^2",
        "torch.tanh(x)",
        "Squeezes any number between −1 and 1.",
        "1 − t².",
    ),
    "mish": (
        "Mish",
        "{x}*TANH(LN(1+EXP({x})))",
        "TANH(LN(1+EXP({x})))+{x}*(1-TANH(LN(1+EXP({x})))^2)/(1+EXP(-{x}))",
        "F.mish(x)",
        "x times the tanh of softplus: smooth, and a little below zero before it rises.",
        "The product rule: tanh of softplus, plus x times its slope.",
    ),
    "gelu": (
        "GELU",
        "{x}*NORMSDIST({x})",
        "NORMSDIST({x})+{x}*EXP(-({x}^2)/2)/SQRT(2*PI())",
        "F.gelu(x)",
        "x times the share of a normal distribution that lies below x.",
        "The product rule: that share, plus x times the bell curve.",
    ),
}
COLOURS = ("#C0504D", "#E08E0B", "#4F81BD", "#1F6E43", "#7F4FA0", "#404040")
ABOUT = (
    (
        "Activation functions stand between the linear layers of a network; without them, all layers "
        "together would be one linear "
        "layer. Here are six of them over a range of x, and their derivatives, which gradients are "
        "multiplied by on the way back."
    ),
    "Change the start and the step to zoom in or out; change the slope of leaky ReLU.",
)
EXERCISES = (
    (
        "Set the start to −0.4 and the step to 0.02. Which curves have a corner at 0?",
        "ReLU and leaky ReLU. The others are smooth.",
    ),
    ("Set the slope of leaky ReLU to 1. What is it then?", "The identity: no activation function at all."),
    (
        "How great is the derivative of the sigmoid at most, and what does that do to ten such layers?",
        (
            '="0.25 at x = 0 (here at most "&ROUND(MAX(sigmoid_slope),4)&"). Ten layers multiply the gradient by at '
            'most 0.25¹⁰, about a millionth."'
        ),
    ),
    (
        "Which functions fall below zero, and where is the lowest point of Mish?",
        (
            '="leaky ReLU, tanh, Mish, GELU; Mish is lowest near x = −1.19, about −0.31. Here: "&ROUND(MIN(mish),4)&'
            '" at x = "&ROUND(INDEX(x,MATCH(MIN(mish),mish,0)),2)&"."'
        ),
    ),
)
TOP = 8


def build(start: float = -4.0, step: float = 0.2, points: int = 41) -> Book:
    """Declare the lesson: ``points`` rows of x from ``start`` on, ``step`` apart."""
    options: dict[str, str | int | float] = {"start": start, "step": step, "points": points}
    book = Book("activations", "Activation functions and their derivatives", ABOUT, EXERCISES, options)
    sheet = book.sheet("activations", frozen=(TOP, 1), default_width=64, zoom=100, pages=(1, 1))
    sheet.label((0, 0), "Activation functions and their derivatives", Look.HEADING)
    _controls(sheet, start, step)
    inputs = sheet.fill(
        "x",
        (TOP, 0),
        (points, 1),
        lambda i, j: f"start+step*(ROW()-{TOP + 1})",
        Role.INPUT,
        number_format="0.00",
        scale=Scale.NONE,
        note="The range that all functions are drawn over.",
    )
    values, slopes = _functions(sheet, inputs, points)
    for row, (title, frames) in enumerate((("Functions", values), ("Derivatives", slopes))):
        sheet.charts.append(_chart(title, inputs, frames, row))
    return book


def _controls(sheet: Sheet, start: float, step: float) -> None:
    sheet.control(
        "start",
        (2, 2),
        "x starts at",
        start,
        (-8.0, -4.0, -2.0, -0.4),
        label_width=2,
        prompt="the least x",
        note="The first x.",
    )
    sheet.control(
        "step",
        (3, 2),
        "Step",
        step,
        (0.4, 0.2, 0.1, 0.02),
        label_width=2,
        prompt="from one x to the next",
        note="The distance between neighbours.",
    )
    sheet.control(
        "slope",
        (4, 2),
        "Slope of leaky ReLU",
        0.1,
        (0.0, 0.01, 0.1, 0.3, 1.0),
        label_width=2,
        prompt="below zero",
        note="What negative numbers are multiplied by.",
    )


def _functions(sheet: Sheet, inputs: Frame, points: int) -> tuple[list[Frame], list[Frame]]:
    values: list[Frame] = []
    slopes: list[Frame] = []
    names = [entry[0] for entry in FUNCTIONS.values()]
    sheet.headers(TOP - 1, 0, ("x", *names))
    sheet.headers(TOP - 1, 2 + len(names), [f"{name}′" for name in names])
    sheet.label((TOP - 2, 1), "Functions", Look.TITLE, role=Role.ACTIVATION)
    sheet.label((TOP - 2, 2 + len(FUNCTIONS)), "Derivatives", Look.TITLE, role=Role.GRADIENT)
    for column, (name, (title, formula, slope, call, note, slope_note)) in enumerate(FUNCTIONS.items(), start=1):
        values.append(
            sheet.fill(
                name,
                (TOP, column),
                (points, 1),
                bound(lambda i, j, formula: formula.format(x=inputs.cell(i, 0, "c")), formula),
                Role.ACTIVATION,
                number_format="0.000",
                note=f"{title}. {note}",
                torch=call,
            )
        )
        slopes.append(
            sheet.fill(
                f"{name}_slope",
                (TOP, column + len(FUNCTIONS) + 1),
                (points, 1),
                bound(
                    lambda i, j, slope, own: slope.format(x=inputs.cell(i, 0, "c"), y=own.cell(i, 0)), slope, values[-1]
                ),
                Role.GRADIENT,
                number_format="0.000",
                note=f"The derivative of {title}. {slope_note}",
                torch=f"autograd of {call}",
            )
        )
    return values, slopes


def _chart(title: str, inputs: Frame, frames: list[Frame], row: int) -> Chart:
    names = [entry[0] for entry in FUNCTIONS.values()]
    series = tuple(
        Series(name, frame, inputs, colour) for name, frame, colour in zip(names, frames, COLOURS, strict=True)
    )
    name = ("f(x)", "f′(x)")[row]
    return Chart("curve", title, series, 1 + 22 * row, 15, 720, 420, "x", name)
