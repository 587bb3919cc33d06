"""Gradient descent on the net of the lesson titanic, with a sigmoid: one block of columns a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from .book import Book, Details, Manner, Sheet
from .curves import add_losses, add_numbers, add_rate
from .panels import Chart, Look, Series
from .places import Frame
from .style import Role, Scale
from .titanic_descent import (
    EACH,
    RATES,
    ROWS,
    SURVIVED,
    Linear,
    Model,
    add_ends,
    add_row_names,
    spell_accuracy,
    spell_entropy,
    spell_inputs,
)


def add_descent(book: Book, model: Model, steps: int, learning_rate: float) -> None:
    """Add the sheets that train the linear model and the net, ``steps`` steps each."""
    sheet = book.sheet("descent", frozen=(0, 1), default_width=58, zoom=100, pages=(1, 0))
    sheet.label((0, 0), "The linear model, squeezed to a chance by a sigmoid, learns: one column a step", Look.HEADING)
    losses = Linear(sheet, model.seen_from(sheet.name), steps).place(learning_rate)
    breaks = tuple(range(1 + Net.BLOCK * 7, Net.BLOCK * steps, Net.BLOCK * 7))
    sheet = book.sheet(
        "net descent", frozen=(0, 1), default_width=52, zoom=100, pages=None, print_scale=46, breaks=breaks
    )
    sheet.label((0, 0), "The net learns: one block of columns a step", Look.HEADING)
    Net(sheet, model.seen_from(sheet.name), steps).place(learning_rate, losses)


@dataclass(frozen=True, slots=True)
class _Parameters:
    first: Frame
    second: Frame
    bias: Frame


class Net:
    """One block of columns a step: weights beside their gradients, below them what happens to the passengers."""

    BLOCK, TOP = 6, 25

    def __init__(self, sheet: Sheet, model: Model, steps: int) -> None:
        self.sheet, self.model, self.steps = sheet, model, steps
        self.count, self.width = model.features.height, len(model.inputs)
        self.bottom = self.TOP + self.width + 13  # row where the passengers start
        self.step, self.left = 0, 1

    def place(self, learning_rate: float, linear: Frame) -> None:
        """Place the controls, the steps, and the chart beside the losses of the linear model."""
        sheet = self.sheet
        sheet.widths[0] = 96
        add_rate(sheet, 3, learning_rate, RATES, name="net_learning_rate")
        sheet.label((3, 0), "Bias to begin with")
        start = sheet.constants(
            "start_bias",
            (3, 3),
            [[0.0]],
            Role.WEIGHT,
            scale=Scale.NONE,
            number_format="0.00",
            note="The second layer’s bias before the first step; the other weights start as on the sheet net.",
        )
        add_row_names(sheet, sheet.frame((self.TOP + 1, 0), (self.width, 1)), self.model.inputs)
        weights = _Parameters(self.model.first, self.model.second, start)
        gradients, ends = None, list[tuple[Frame, Frame]]()
        for step in range(self.steps):
            self.step, self.left = step, 1 + self.BLOCK * step
            weights, gradients, end = self._block(weights, gradients)
            ends.append(end)
        self._summary(ends, linear)

    def _fill(
        self,
        name: str,
        place: tuple[int, int],
        shape: tuple[int, int],
        formula: Callable[[int, int], str] | str,
        role: Role,
        title: str,
        note: str,
        torch: str,
        **details: Unpack[Manner],
    ) -> Frame:
        """Place a panel of this step; ``place`` is a row, and a column of the block; a text is one array formula."""
        signed = role in (Role.WEIGHT, Role.GRADIENT)
        known: Details = {
            "number_format": "0.000" if role is Role.GRADIENT else "0.00",
            "scale": Scale.BLUE_WHITE_RED if signed else Scale.WHITE_RED,
            "title": f"{title} {shape[0]}×{shape[1]}" if title and shape[0] > 1 else title,
            "note": note if self.step < 2 else "",
            "torch": torch,
            "quiet": self.step > 0,
        }
        known |= details  # type: ignore[typeddict-item]
        full_name, corner = f"{name}_step_{self.step}", (place[0], self.left + place[1])
        if isinstance(formula, str):
            return self.sheet.whole(full_name, corner, shape, formula, role, **known)
        return self.sheet.fill(full_name, corner, shape, formula, role, **known)

    def _block(
        self, before: _Parameters, gradients: _Parameters | None
    ) -> tuple[_Parameters, _Parameters, tuple[Frame, Frame]]:
        """Place one step; return its weights, their gradients, its loss and its accuracy."""
        self.sheet.label((self.TOP - 1, self.left), f"Step {self.step + 1}", Look.HEADING)
        weights = self._weights(before, gradients)
        hidden, chance, back = self._passengers(weights)
        return weights, self._gradients(hidden, chance, back), self._results(chance)

    def _weights(self, before: _Parameters, gradients: _Parameters | None) -> _Parameters:
        frames, top = [], self.TOP + 1
        for name, title, row in (
            ("first", "First layer", top),
            ("second", "Second", top + self.width + 2),
            ("bias", "Its bias", top + self.width + 6),
        ):
            old: Frame = getattr(before, name)
            slope: Frame | None = None if gradients is None else getattr(gradients, name)

            def formula(i: int, j: int, old: Frame = old, slope: Frame | None = slope) -> str:
                return old.cell(i, j) if slope is None else f"{old.cell(i, j)}-net_learning_rate*{slope.cell(i, j)}"

            note = (
                "To begin with: from the sheet net."
                if slope is None
                else "One step: the weight before, minus learning rate times gradient."
            )
            shape, call = (old.height, old.width), "torch.optim.SGD(lr).step()"
            frames.append(self._fill(f"net_{name}", (row, 0), shape, formula, Role.WEIGHT, title, note, call))
        return _Parameters(*frames)

    def _passengers(self, weights: _Parameters) -> tuple[Frame, Frame, Frame]:
        """Place the hidden numbers, the chances, and the gradients on their way back."""
        features, survived, count = self.model.features, self.model.survived, self.count
        hidden = self._fill(
            "net_hidden",
            (self.bottom, 0),
            (count, 2),
            lambda i, j: f"MAX(0,MMULT({features.row(i, 'c')},{weights.first.column(j, 'r')}))",
            Role.ACTIVATION,
            "ReLU",
            "The passenger’s row times both sets of weights; below zero becomes 0.",
            "F.relu(x @ W1)",
        )
        chance = self._fill(
            "net_chance",
            (self.bottom, 2),
            (count, 1),
            lambda i, j: (
                f"1/(1+EXP(-(MMULT({hidden.row(i)},{weights.second.all('r')})+{weights.bias.cell(0, 0, 'r')})))"
            ),
            Role.RESULT,
            "",
            "The second layer, squeezed to a chance by the sigmoid.",
            "torch.sigmoid(F.relu(x @ W1) @ W2 + b2)",
        )
        self.sheet.label((self.bottom - 1, chance.left), "Chance", Look.TITLE, role=Role.RESULT)
        back = self._fill(
            "net_back",
            (self.bottom, 3),
            (count, 2),
            lambda i, j: (
                f"IF({hidden.cell(i, j)}>0,({chance.cell(i, 0, 'c')}-{survived.cell(i, 0, 'c')})"
                f"*{weights.second.cell(j, 0, 'r')}/{ROWS},0)"
            ),
            Role.GRADIENT,
            "Before ReLU",
            "Chance minus survived through the second layer’s weight, where ReLU let the number through.",
            "gradient before ReLU",
            number_format="0.0000",
        )
        return hidden, chance, back

    def _gradients(self, hidden: Frame, chance: Frame, back: Frame) -> _Parameters:
        top, error = self.TOP + 1, f"{chance.all('')}-{SURVIVED}"
        first = self._fill(
            "net_grad_first",
            (top, 3),
            (self.width, 2),
            f"MMULT(TRANSPOSE({spell_inputs(self.model.inputs)}),{back.all('')})",
            Role.GRADIENT,
            "Gradient",
            "Each column of the table times the gradient before ReLU: the table, turned over, in a matrix product.",
            "W1.grad",
        )
        second = self._fill(
            "net_grad_second",
            (top + self.width + 2, 3),
            (2, 1),
            lambda i, j: f"SUMPRODUCT({hidden.column(i)},{error})/{ROWS}",
            Role.GRADIENT,
            "Gradient",
            "Hidden numbers times chance minus survived, averaged.",
            "W2.grad",
        )
        bias = self._fill(
            "net_grad_bias",
            (top + self.width + 6, 3),
            (1, 1),
            lambda i, j: f"SUMPRODUCT({error})/{ROWS}",
            Role.GRADIENT,
            "Gradient",
            "Chance minus survived, averaged.",
            "b2.grad",
        )
        return _Parameters(first, second, bias)

    def _results(self, chance: Frame) -> tuple[Frame, Frame]:
        row = self.TOP + self.width + 9
        loss = self._fill(
            "net_loss",
            (row, 0),
            (1, 1),
            spell_entropy(chance.all("")),
            Role.RESULT,
            "",
            "The mean of −ln(the chance given to what happened).",
            "F.binary_cross_entropy(chance, survived)",
            number_format="0.000",
            scale=Scale.NONE,
        )
        accuracy = self._fill(
            "net_accuracy",
            (row + 1, 0),
            (1, 1),
            lambda i, j: spell_accuracy(chance.all("")),
            Role.RESULT,
            "",
            "The share of passengers predicted right.",
            "((chance > 0.5) == survived).mean()",
            number_format="0%",
            scale=Scale.NONE,
        )
        if self.step == 0:
            self.sheet.label((row, 0), "loss", Look.FAINT)
            self.sheet.label((row + 1, 0), "accuracy", Look.FAINT)
        return loss, accuracy

    def _summary(self, ends: list[tuple[Frame, Frame]], linear: Frame) -> None:
        sheet, steps, row = self.sheet, self.steps, self.TOP - 5
        numbers = add_numbers(sheet, (row, 1), steps, EACH, across=True, name="net_step_numbers")
        losses = add_losses(
            sheet,
            numbers,
            [loss for loss, _ in ends],
            across=True,
            name="net_losses",
            note="The loss of each step below.",
            torch="F.binary_cross_entropy(chance, survived)",
        )
        sheet.fill(
            "net_accuracies",
            (row + 2, 1),
            (1, steps),
            lambda i, j: ends[j][1].cell(),
            Role.RESULT,
            number_format="0%",
            scale=Scale.NONE,
            note="The accuracy of each step below.",
            torch="((chance > 0.5) == survived).mean()",
        )
        sheet.label((row + 2, 0), "accuracy", Look.FAINT)
        series = (Series("linear model", linear, numbers, "#4F81BD"), Series("net", losses, numbers))
        chart = Chart("line", "Loss by step: both models", series, 2, 5, 620, 320, "step", "binary cross-entropy")
        sheet.charts.append(chart)
        add_ends(sheet, "net", losses)
