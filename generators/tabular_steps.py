"""Training steps of the lesson tabular: one block of panels a step, all alike and at a constant distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from .book import Manner, Sheet
from .panels import Look
from .places import Frame
from .style import Role, Scale

NAMES = ("days", "regions", "first", "first_bias", "second", "second_bias")
TITLES = ("Weekdays", "Regions", "First layer", "Its bias", "Second layer", "Its bias")
BETWEEN = 3  # rows from a panel of weights to the next
FORWARD = 9  # column where the forward half of a block starts


@dataclass(frozen=True, slots=True)
class Table:
    """What every step sees: the numbers of weekday and region, normalised numbers, sales."""

    ids: Frame
    normalised: Frame
    sales: Frame


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is placed: its weights, their gradients and its loss."""

    weights: dict[str, Frame]
    gradients: dict[str, Frame]
    loss: Frame


class Steps:
    """Blocks of one step each, all alike and at a constant distance."""

    def __init__(self, sheet: Sheet, table: Table) -> None:
        self.sheet, self.table = sheet, table
        self.count = table.ids.height
        self.number = self.top = 0

    def place(self, before: dict[str, Frame], gradients: dict[str, Frame] | None) -> Step:
        """Place a block after those there are: ``before`` are the weights of the one before, or the start's."""
        self.top = 4 + (self.count + 5) * self.number
        self.sheet.label((self.top - 2, 0), f"Step {self.number + 1}", Look.HEADING)
        weights = self._weights(before, gradients)
        inputs, active, predicted = self._forward(weights)
        slopes, loss = self._loss(predicted)
        step = Step(weights, self._backward(weights, inputs, active, slopes), loss)
        self.number += 1
        return step

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
        **details: Unpack[Manner],
    ) -> Frame:
        signed = role in (Role.GRADIENT, Role.WEIGHT)
        known: Manner = {"number_format": "0.00", "scale": Scale.BLUE_WHITE_RED if signed else Scale.WHITE_RED}
        height, width = shape
        return self.sheet.fill(
            f"{name}_step_{self.number}",
            (self.top + place[0], place[1]),
            shape,
            formula,
            role,
            title=f"{title} {height}×{width}" if height * width > 1 else title,
            note=note if self.number < 2 else "",
            torch=torch,
            quiet=self.number > 0,
            **(known | details),
        )

    def _weights(self, before: dict[str, Frame], gradients: dict[str, Frame] | None) -> dict[str, Frame]:
        """Place the weights: the start's, or those before minus learning rate times gradient."""
        frames, row = {}, 0
        for name, title in zip(NAMES, TITLES, strict=True):
            old, slope = before[name], None if gradients is None else gradients[name]

            def formula(i: int, j: int, old: Frame = old, slope: Frame | None = slope) -> str:
                return old.cell(i, j) if slope is None else f"{old.cell(i, j)}-learning_rate*{slope.cell(i, j)}"

            note = "One step: the weight before, minus learning rate times gradient." if slope else "From the start."
            call = "torch.optim.SGD(lr).step()"
            shape = (old.height, old.width)
            frames[name] = self._fill(name, (row, 1), shape, formula, Role.WEIGHT, title, note, call)
            row += old.height + BETWEEN - 1
        return frames

    def _forward(self, weights: dict[str, Frame]) -> tuple[Frame, Frame, Frame]:
        """Place embeddings and numbers side by side, the hidden layer, the predictions."""
        ids, normalised, count = self.table.ids, self.table.normalised, self.count
        days, regions = weights["days"], weights["regions"]
        embedded = days.width + regions.width

        def entry(i: int, j: int) -> str:
            if j < days.width:
                return f"INDEX({days.column(j, 'r')},{ids.cell(i, 0, 'c')})"
            if j < embedded:
                return f"INDEX({regions.column(j - days.width, 'r')},{ids.cell(i, 1, 'c')})"
            return normalised.cell(i, j - embedded)

        inputs = self._fill(
            "inputs",
            (0, FORWARD),
            (count, embedded + normalised.width),
            entry,
            Role.ACTIVATION,
            "Inputs",
            "The weekday’s row, the region’s row and the normalised numbers, side by side.",
            "torch.cat([days(day), regions(region), x], 1)",
            scale=Scale.BLUE_WHITE_RED,
        )
        first, bias = weights["first"], weights["first_bias"]
        active = self._fill(
            "hidden",
            (0, inputs.right + 1),
            (count, first.width),
            lambda i, j: f"MAX(0,MMULT({inputs.row(i, 'c')},{first.column(j, 'r')})+{bias.cell(0, j, 'r')})",
            Role.ACTIVATION,
            "First layer, ReLU",
            "Inputs times the first matrix, plus bias; below zero becomes 0.",
            "F.relu(F.linear(inputs, W1, b1))",
        )
        second = weights["second"]
        predicted = self._fill(
            "prediction",
            (0, active.right + 1),
            (count, 1),
            lambda i, j: f"MMULT({active.row(i)},{second.all('r')})+{weights['second_bias'].cell(0, 0, 'r')}",
            Role.RESULT,
            "Sales",
            "The second layer: predicted sales.",
            "F.linear(hidden, W2, b2)",
        )
        return inputs, active, predicted

    def _loss(self, predicted: Frame) -> tuple[Frame, Frame]:
        """Place the gradient by the predictions, and the loss below them."""
        count, sales = self.count, self.table.sales
        slopes = self._fill(
            "slopes",
            (0, predicted.right + 1),
            (count, 1),
            lambda i, j: f"2*({predicted.cell(i, 0)}-{sales.cell(i, 0)})/{count}",
            Role.GRADIENT,
            "Slope",
            f"Gradient of the loss by each prediction: 2·(prediction − sales) / {count}.",
            "prediction.grad",
            number_format="0.000",
        )
        self.sheet.label((self.top + count, predicted.left - 1), "loss", Look.TITLE, role=Role.RESULT)
        loss = self._fill(
            "loss",
            (count, predicted.left),
            (1, 1),
            lambda i, j: f"SUMXMY2({predicted.all('')},{sales.all('')})/{count}",
            Role.RESULT,
            "",
            "The mean squared error over the table.",
            "F.mse_loss(prediction, sales)",
            scale=Scale.NONE,
        )
        return slopes, loss

    def _backward(self, weights: dict[str, Frame], inputs: Frame, active: Frame, slopes: Frame) -> dict[str, Frame]:
        """Place the gradients from the slopes down to the embeddings, then those of the weights."""
        first, second = weights["first"], weights["second"]
        embedded = weights["days"].width + weights["regions"].width
        hidden = self._fill(
            "grad_hidden",
            (0, slopes.right + 1),
            (self.count, active.width),
            lambda i, j: f"IF({active.cell(i, j)}>0,{slopes.cell(i, 0, 'c')}*{second.cell(j, 0, 'r')},0)",
            Role.GRADIENT,
            "Before ReLU",
            "The slope through the second layer’s weight, where ReLU let the number through.",
            "gradient before ReLU",
            number_format="0.000",
        )
        below = self._fill(
            "grad_inputs",
            (0, hidden.right + 1),
            (self.count, embedded),
            lambda i, j: f"SUMPRODUCT({hidden.row(i, 'c')},{first.row(j, 'c')})",
            Role.GRADIENT,
            "Embeddings of the rows",
            "Back through the first matrix, to the two embeddings.",
            "gradient by the looked-up rows",
            number_format="0.000",
        )
        return self._weight_gradients(weights, (inputs, active, slopes, hidden, below))

    def _weight_gradients(self, weights: dict[str, Frame], placed: tuple[Frame, ...]) -> dict[str, Frame]:
        inputs, active, slopes, hidden, below = placed
        ids, width = self.table.ids, weights["days"].width
        left, row = below.right + 1, 0

        def looked_up(table: int, offset: int, row: int) -> Callable[[int, int], str]:
            before = f"ROW(A${self.top + row})"  # the row above the panel, spelt so that it moves along with the block
            return lambda i, j: f"SUMIF({ids.column(table, 'rc')},ROW()-{before},{below.column(offset + j, 'r')})"

        def formula(name: str, row: int) -> Callable[[int, int], str]:
            made: dict[str, Callable[[int, int], str]] = {
                "days": looked_up(0, 0, row),
                "regions": looked_up(1, width, row),
                "first": lambda i, j: f"SUMPRODUCT({inputs.column(i, 'r')},{hidden.column(j, 'r')})",
                "first_bias": lambda i, j: f"SUM({hidden.column(j, 'r')})",
                "second": lambda i, j: f"SUMPRODUCT({active.column(i)},{slopes.all('')})",
                "second_bias": lambda i, j: f"SUM({slopes.all('')})",
            }
            return made[name]

        notes = {
            "days": "For each weekday, the sum over its rows: one-hot, transposed, times the gradients.",
            "regions": "For each region, the sum over its rows.",
            "first": "Inputs times gradients, added over the table.",
            "first_bias": "Gradients, added over the table.",
            "second": "Hidden numbers times slopes.",
            "second_bias": "Slopes, added.",
        }
        frames = {}
        for name, title in zip(NAMES, TITLES, strict=True):
            shape = (weights[name].height, weights[name].width)
            frames[name] = self._fill(
                f"grad_{name}",
                (row, left),
                shape,
                formula(name, row),
                Role.GRADIENT,
                title,
                notes[name],
                f"{name}.grad",
                number_format="0.000",
            )
            row += shape[0] + BETWEEN - 1
        return frames
