"""Training steps of the lesson collab-nn: one block of panels a batch, all alike and at a constant distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from .book import Manner, Sheet
from .panels import Look
from .places import Frame
from .style import Role, Scale


@dataclass(frozen=True, slots=True)
class Parameters:
    """The weights of one block, or their gradients."""

    users: Frame
    films: Frame
    first: Frame
    first_bias: Frame
    second: Frame
    second_bias: Frame

    def seen_from(self, sheet: str) -> Parameters:
        """Return the frames as another sheet spells them."""
        return Parameters(*(getattr(self, name).seen_from(sheet) for name in NAMES))


NAMES = ("users", "films", "first", "first_bias", "second", "second_bias")
TITLES = ("Users", "Films", "First layer", "Its bias", "Second", "Bias")


class Steps:
    """Blocks of one step each, all alike and at a constant distance."""

    def __init__(self, sheet: Sheet, data: Frame, batch: int, batches: int) -> None:
        self.sheet, self.data, self.batch, self.batches = sheet, data, batch, batches
        self.number = self.top = 0

    def place(
        self, number: int, before: Parameters, gradients: Parameters | None
    ) -> tuple[Parameters, Parameters, Frame]:
        """Place a block; return its weights, their gradients and its loss."""
        self.number, self.top = number, 3 + (self.batch + 5) * number
        self.sheet.label((self.top - 2, 0), f"Step {number + 1}", Look.HEADING)
        size, other, hidden = before.users.width, before.films.width, before.first.width
        rows = self.data.part(self.batch * (number % self.batches), 0, self.batch, 3)
        given = self._fill(
            "batch",
            (0, 0),
            (self.batch, 3),
            rows.cell,
            Role.INPUT,
            "User, film, rating",
            "The ratings of this batch.",
            "batch",
            scale=Scale.NONE,
            number_format="0.#",
        )
        weights = self._weights(before, gradients, 4)
        at = 4 + max(size, other) + 1 + hidden + 1 + 2 + 1
        inputs = self._fill(
            "inputs",
            (0, at),
            (self.batch, size + other),
            lambda i, j: (
                f"INDEX({weights.users.column(j, 'r')},{given.cell(i, 0, 'c')})"
                if j < size
                else f"INDEX({weights.films.column(j - size, 'r')},{given.cell(i, 1, 'c')})"
            ),
            Role.ACTIVATION,
            "Embeddings side by side",
            "The user’s row, then the film’s row.",
            "torch.cat([users[u], films[f]], 1)",
            scale=Scale.BLUE_WHITE_RED,
        )
        active = self._fill(
            "hidden",
            (0, inputs.right + 1),
            (self.batch, hidden),
            lambda i, j: (
                f"MAX(0,MMULT({inputs.row(i, 'c')},{weights.first.column(j, 'r')})"
                f"+{weights.first_bias.cell(0, j, 'r')})"
            ),
            Role.ACTIVATION,
            "First layer, ReLU",
            "Inputs times the first matrix, plus bias, ReLU.",
            "F.relu(F.linear(x, W1, b1))",
        )
        predicted = self._fill(
            "prediction",
            (0, active.right + 1),
            (self.batch, 1),
            lambda i, j: (
                f"lowest+(highest-lowest)/(1+EXP(-(MMULT({active.row(i)},{weights.second.all('r')})"
                f"+{weights.second_bias.cell(0, 0, 'r')})))"
            ),
            Role.ACTIVATION,
            "Rating",
            "The second layer, squeezed into the range.",
            "sigmoid_range(F.linear(h, W2, b2), lowest, highest)",
        )
        self.sheet.label((self.top + self.batch + 1, predicted.left - 2), "loss")
        loss = self._fill(
            "loss",
            (self.batch + 1, predicted.left),
            (1, 1),
            lambda i, j: f"SUMXMY2({predicted.all('')},{given.column(2)})/{self.batch}",
            Role.RESULT,
            "",
            "The mean squared error of the batch.",
            "F.mse_loss(prediction, rating)",
            scale=Scale.NONE,
        )
        return weights, self._backward(given, inputs, active, predicted, weights), loss

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
        return self.sheet.fill(
            f"{name}_step_{self.number}",
            (self.top + place[0], place[1]),
            shape,
            formula,
            role,
            title=title,
            note=note if self.number < 2 else "",
            torch=torch,
            quiet=self.number > 0,
            **(known | details),
        )

    def _weights(self, before: Parameters, gradients: Parameters | None, left: int) -> Parameters:
        """Place the weights: the start's, or those before minus learning rate times gradient."""
        size, hidden = max(before.users.width, before.films.width), before.first.width
        second = left + size + 1
        third = second + hidden + 1
        places = (
            (0, left),
            (before.users.height + 2, left),
            (0, second),
            (before.first.height + 2, second),
            (0, third),
            (before.second.height + 2, third),
        )
        frames = []
        for name, title, place in zip(NAMES, TITLES, places, strict=True):
            old: Frame = getattr(before, name)
            slope: Frame | None = None if gradients is None else getattr(gradients, name)

            def formula(i: int, j: int, old: Frame = old, slope: Frame | None = slope) -> str:
                return old.cell(i, j) if slope is None else f"{old.cell(i, j)}-learning_rate*{slope.cell(i, j)}"

            note = (
                "From the sheet start."
                if slope is None
                else "One step: the weight before, minus learning rate times gradient."
            )
            frames.append(
                self._fill(
                    name,
                    place,
                    (old.height, old.width),
                    formula,
                    Role.WEIGHT,
                    title,
                    note,
                    "torch.optim.SGD(lr).step()",
                )
            )
        return Parameters(*frames)

    def _backward(
        self, given: Frame, inputs: Frame, active: Frame, predicted: Frame, weights: Parameters
    ) -> Parameters:
        """Place the gradients from the loss downwards."""
        grad, size = Role.GRADIENT, weights.users.width
        at = predicted.right + 2
        slopes = self._fill(
            "slopes",
            (0, at),
            (self.batch, 1),
            lambda i, j: (
                f"2*({predicted.cell(i, 0)}-{given.cell(i, 2)})/{self.batch}"
                f"*({predicted.cell(i, 0)}-lowest)*(highest-{predicted.cell(i, 0)})/(highest-lowest)"
            ),
            grad,
            "Slope",
            ("Gradient before the sigmoid: 2·(prediction − rating) / batch, times the slope of the sigmoid range."),
            "gradient before the sigmoid",
        )
        hidden = self._fill(
            "grad_hidden",
            (0, at + 2),
            (self.batch, active.width),
            lambda i, j: f"IF({active.cell(i, j)}>0,{slopes.cell(i, 0, 'c')}*{weights.second.cell(j, 0, 'r')},0)",
            grad,
            "Before ReLU",
            "The slope through the second layer’s weight, where ReLU let the number through.",
            "gradient before ReLU",
        )
        below = self._fill(
            "grad_inputs",
            (0, hidden.right + 1),
            (self.batch, inputs.width),
            lambda i, j: f"SUMPRODUCT({hidden.row(i, 'c')},{weights.first.row(j, 'c')})",
            grad,
            "Embeddings side by side",
            "Back through the first matrix.",
            "inputs.grad",
        )
        left = below.right + 2
        before_users, before_films = (self._row_before(offset) for offset in (0, weights.users.height + 2))
        users = self._fill(
            "grad_users",
            (0, left),
            (weights.users.height, size),
            lambda i, j: f"SUMIF({given.column(0, 'rc')},ROW()-{before_users},{below.column(j, 'r')})",
            grad,
            "By users",
            "For each user, the sum over the batch’s ratings by that user.",
            "users.grad",
        )
        films = self._fill(
            "grad_films",
            (weights.users.height + 2, left),
            (weights.films.height, weights.films.width),
            lambda i, j: f"SUMIF({given.column(1, 'rc')},ROW()-{before_films},{below.column(size + j, 'r')})",
            grad,
            "By films",
            "For each film, the sum over the batch’s ratings of that film.",
            "films.grad",
        )
        left += max(size, weights.films.width) + 1
        first = self._fill(
            "grad_first",
            (0, left),
            (weights.first.height, weights.first.width),
            lambda i, j: f"SUMPRODUCT({inputs.column(i, 'r')},{hidden.column(j, 'r')})",
            grad,
            "First layer",
            "Inputs times gradients, added over the batch.",
            "W1.grad",
        )
        first_bias = self._fill(
            "grad_first_bias",
            (weights.first.height + 2, left),
            (1, hidden.width),
            lambda i, j: f"SUM({hidden.column(j, 'r')})",
            grad,
            "Its bias",
            "Gradients, added over the batch.",
            "b1.grad",
        )
        left += hidden.width + 1
        second = self._fill(
            "grad_second",
            (0, left),
            (active.width, 1),
            lambda i, j: f"SUMPRODUCT({active.column(i)},{slopes.all('')})",
            grad,
            "Second",
            "Hidden numbers times slopes.",
            "W2.grad",
        )
        second_bias = self._fill(
            "grad_second_bias",
            (active.width + 2, left),
            (1, 1),
            lambda i, j: f"SUM({slopes.all('')})",
            grad,
            "Bias",
            "Slopes, added.",
            "b2.grad",
        )
        return Parameters(users, films, first, first_bias, second, second_bias)

    def _row_before(self, offset: int) -> str:
        """Spell the row number before a panel's first row as one that moves along with the block."""
        return f"ROW(A${self.top + offset})"
