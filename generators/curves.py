"""What every training shows of itself: its learning rate, its steps by number, the loss of each, and their curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from .book import Details, Sheet
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale

FRONT = (2, 5)  # where a training's own sheet numbers its steps


def add_rate(
    sheet: Sheet, column: int, value: float, choices: Sequence[float], *, name: str = "learning_rate", width: int = 1
) -> Frame:
    """Place the learning rate in the third row, its label in the columns to its left."""
    note, prompt = "How far each step goes against the gradient.", "how far a step goes"
    place = (FRONT[0], column)
    return sheet.control(
        name, place, "Learning rate", value, choices, label_width=column, width=width, prompt=prompt, note=note
    )


def add_numbers(
    sheet: Sheet, place: tuple[int, int], count: int, each: str, *, across: bool = False, name: str = "step_numbers"
) -> Frame:
    """Number the steps 1, 2, 3 … down a column with a header, or ``across`` a row with a label to its left."""
    if across:
        sheet.label((place[0], place[1] - 1), "step", Look.FAINT)
    else:
        sheet.headers(place[0] - 1, place[1], ("step",))
    return sheet.fill(
        name,
        place,
        (1, count) if across else (count, 1),
        lambda i, j: f"COLUMN()-{place[1]}" if across else f"ROW()-{place[0]}",
        Role.INPUT,
        scale=Scale.NONE,
        number_format="0",
        note=f"Steps, {each}.",
    )


def add_losses(
    sheet: Sheet,
    numbers: Frame,
    losses: Sequence[Frame],
    *,
    across: bool = False,
    name: str = "losses",
    **details: Unpack[Details],
) -> Frame:
    """Repeat the loss of each step beside its number: to the right of a column, or below a row."""
    place = (numbers.top + across, numbers.left + (not across))
    if across:
        sheet.label((place[0], place[1] - 1), "loss", Look.FAINT)
    else:
        sheet.headers(place[0] - 1, place[1], ("loss",))
    known: Details = {"number_format": "0.000", "scale": Scale.WHITE_RED}
    shape = (numbers.height, numbers.width)
    return sheet.fill(name, place, shape, lambda i, j: losses[i + j].cell(), Role.RESULT, **(known | details))


def add_curve(
    sheet: Sheet, numbers: Frame, losses: Frame, what: str, *, room: int = 0, width: int = 620, height: int = 340
) -> None:
    """Draw the losses by step, a column (and ``room``) to the right; ``what`` names the loss."""
    title, series = "Loss by step", (Series("loss", losses, numbers),)
    sheet.charts.append(Chart("line", title, series, numbers.top, losses.right + 1 + room, width, height, "step", what))
