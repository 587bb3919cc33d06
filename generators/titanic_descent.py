"""Gradient descent on the linear model of the lesson titanic, with a sigmoid: one column a step."""

from __future__ import annotations

from dataclasses import dataclass

from .book import Manner, Sheet
from .curves import add_numbers, add_rate
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale

EACH = "each over all passengers"
RATES = (0.0, 0.1, 0.3, 0.5, 1.0, 2.0)
TOP = 20  # row of the steps' numbers
SURVIVED, ROWS = "passengers[Survived]", "ROWS(passengers[Survived])"
SIGNED: Manner = {"number_format": "0.000", "scale": Scale.BLUE_WHITE_RED}


@dataclass(frozen=True, slots=True)
class Model:
    """What descent needs of the other sheets: input columns, their names, and the weights there (a row, a column)."""

    inputs: tuple[str, ...]
    features: Frame
    survived: Frame
    weights: Frame
    first: Frame
    second: Frame

    def seen_from(self, sheet: str) -> Model:
        """Return the frames as another sheet spells them."""
        frames = (self.features, self.survived, self.weights, self.first, self.second)
        return Model(self.inputs, *(frame.seen_from(sheet) for frame in frames))


class Linear:
    """One column a step."""

    def __init__(self, sheet: Sheet, model: Model, steps: int) -> None:
        self.sheet, self.model, self.steps = sheet, model, steps
        self.count, self.width = model.features.height, len(model.inputs)

    def place(self, learning_rate: float) -> Frame:
        """Place the controls, the steps and the chart; return the losses."""
        sheet, width, steps = self.sheet, self.width, self.steps
        sheet.widths[0] = 96
        add_rate(sheet, 3, learning_rate, RATES)
        slopes = sheet.frame((TOP + width + 7, 1), (width, steps))
        weights = sheet.frame((TOP + 2, 1), (width, steps))
        start = self.model.weights
        numbers = add_numbers(sheet, (TOP, 1), steps, EACH, across=True)
        sheet.fill(
            "descent_weights",
            (weights.top, 1),
            (width, steps),
            lambda i, j: (
                f"{weights.cell(i, j - 1)}-learning_rate*{slopes.cell(i, j - 1)}"
                if j
                else f"INDEX({start.all()},ROW()-{weights.top})"
            ),
            Role.WEIGHT,
            title=f"Weights {width}×1, step after step",
            note="The first are those of the sheet titanic; each next is the one before, minus learning rate times "
            "gradient.",
            torch="torch.optim.SGD(lr).step()",
            **SIGNED,
        )
        chances = [self._chance(step, weights, slopes.bottom + 2) for step in range(steps)]
        losses = self._losses(weights.bottom + 1, chances)
        for step, chance in enumerate(chances):
            self._gradient(step, chance, slopes.top)
        names = self.model.inputs
        add_row_names(sheet, weights, names)
        add_row_names(sheet, slopes, names)
        title = "Loss by step: the linear model"
        chart = Chart("line", title, (Series("loss", losses, numbers),), 2, 5, 620, 340, "step", "binary cross-entropy")
        sheet.charts.append(chart)
        add_ends(sheet, "descent", losses)
        return losses

    def _chance(self, step: int, weights: Frame, top: int) -> Frame:
        return self.sheet.whole(
            f"chance_step_{step}",
            (top, 1 + step),
            (self.count, 1),
            f"1/(1+EXP(-MMULT({spell_inputs(self.model.inputs)},{weights.column(step)})))",
            Role.ACTIVATION,
            title="" if step else f"Chance to survive {self.count}×1",
            note=""
            if step
            else "The whole table times the weights, in one matrix product; the sigmoid makes a chance of each.",
            torch="torch.sigmoid(x @ w)",
            number_format="0.00",
            scale=Scale.WHITE_RED,
            quiet=step > 0,
        )

    def _gradient(self, step: int, chance: Frame, top: int) -> None:
        self.sheet.whole(
            f"gradient_step_{step}",
            (top, 1 + step),
            (self.width, 1),
            f"MMULT(TRANSPOSE({spell_inputs(self.model.inputs)}),{chance.all('')}-{SURVIVED})/{ROWS}",
            Role.GRADIENT,
            title="" if step else f"Gradient {self.width}×1",
            note=""
            if step
            else "Each column of the table times chance minus survived, averaged: the table, turned over, times the "
            "errors, in one matrix product. Sigmoid and logarithm cancel out.",
            torch="w.grad",
            quiet=step > 0,
            **SIGNED,
        )

    def _losses(self, row: int, chances: list[Frame]) -> Frame:
        sheet, steps = self.sheet, self.steps
        losses = sheet.fill(
            "descent_losses",
            (row, 1),
            (1, steps),
            lambda i, j: spell_entropy(chances[j].all("r")),
            Role.RESULT,
            array=True,
            number_format="0.000",
            scale=Scale.WHITE_RED,
            note="The mean of −ln(the chance given to what happened): binary cross-entropy.",
            torch="F.binary_cross_entropy(chance, survived)",
        )
        sheet.fill(
            "descent_accuracy",
            (row + 1, 1),
            (1, steps),
            lambda i, j: spell_accuracy(chances[j].all("r")),
            Role.RESULT,
            number_format="0%",
            scale=Scale.NONE,
            note="The share of passengers predicted right.",
            torch="((chance > 0.5) == survived).mean()",
        )
        sheet.label((row, 0), "loss", Look.FAINT)
        sheet.label((row + 1, 0), "accuracy", Look.FAINT)
        return losses


def add_ends(sheet: Sheet, name: str, losses: Frame) -> None:
    """Place the first and the last loss and the last accuracy (in the row below the losses)."""
    last = losses.width - 1
    accuracies = losses.part(1, 0, 1, losses.width)
    for row, (kind, label, cell, shown, call) in enumerate(
        (
            ("first_loss", "Loss, first step", losses.cell(0, 0), "0.000", "F.binary_cross_entropy"),
            ("last_loss", "Loss, last step", losses.cell(0, last), "0.000", "F.binary_cross_entropy"),
            ("last_accuracy", "Accuracy, last step", accuracies.cell(0, last), "0.0%", "((chance > 0.5) == y).mean()"),
        ),
        start=5,
    ):
        sheet.result(
            f"{name}_{kind}",
            (row, 3),
            label,
            cell,
            label_width=3,
            number_format=shown,
            torch=call,
            note=f"{label}, of all those below.",
        )


def add_row_names(sheet: Sheet, frame: Frame, names: tuple[str, ...]) -> None:
    """Place the columns’ names beside a panel with a row for each."""
    for i, name in enumerate(names):
        sheet.label((frame.top + i, 0), name, Look.FAINT)


def spell_inputs(names: tuple[str, ...]) -> str:
    """Spell the columns of the table that go into a model."""
    return f"passengers[[{names[0]}]:[{names[-1]}]]"


def spell_entropy(chance: str) -> str:
    """Spell the binary cross-entropy of chances: an array formula."""
    return f"-AVERAGE(LN(IF({SURVIVED}=1,{chance},1-{chance})))"


def spell_accuracy(chance: str) -> str:
    """Spell the share of passengers that chances predict right."""
    return f"SUMPRODUCT(--(({chance}>0.5)=({SURVIVED}=1)))/{ROWS}"
