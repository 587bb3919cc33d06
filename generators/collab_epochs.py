"""Gradient descent of the lesson collab: one block of panels an epoch, all alike and at a constant distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .book import Details, Sheet
from .panels import Look
from .places import Frame, bound
from .style import Role, Scale

LARGE = 2_500
UNRATED = "0.00;-0.00;"  # a 0, where there is no rating, is not shown


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tables lie: the lesson's own places for 15 x 15 ratings and 5 factors."""

    users: int
    films: int
    factors: int

    @property
    def large(self) -> bool:
        """Whether there are more pairs than a reader follows cell by cell."""
        return self.users * self.films > LARGE

    @property
    def pages(self) -> tuple[int, int]:
        """Printed pages of a table, across and down (0: as many as it takes)."""
        return (3, 0) if self.large else (1, 1)

    @property
    def grid_column(self) -> int:
        """The first column of ratings and predictions: H for five factors."""
        return self.factors + 2

    @property
    def film_row(self) -> int:
        """The row of the film factors: 18, which is H19, for fifteen users."""
        return self.users + 3

    @property
    def user_row(self) -> int:
        """The row of the user factors, below the film factors: 24, which is B25, for fifteen users."""
        return self.film_row + self.factors + 1


@dataclass(frozen=True, slots=True)
class Parameters:
    """The frames of the parameters of one model, or of their gradients."""

    users: Frame
    films: Frame
    user_bias: Frame
    film_bias: Frame

    def seen_from(self, sheet: str) -> Parameters:
        """Return the frames as another sheet spells them."""
        return Parameters(
            *(frame.seen_from(sheet) for frame in (self.users, self.films, self.user_bias, self.film_bias))
        )


def prediction(known: Frame, at: Parameters, i: int, j: int) -> str:
    """Spell a prediction: dot product and biases through the sigmoid range, 0 where there is no rating."""
    dot = f"MMULT({at.users.row(i, 'c')},{at.films.column(j, 'r')})"
    return squeezed(known.cell(i, j), dot, at.user_bias.cell(i, 0, "c"), at.film_bias.cell(0, j, "r"))


def squeezed(known: str, dot: str, user_bias: str, film_bias: str) -> str:
    """Spell what `prediction` does, for a cell or for a whole table."""
    return f'IF({known}="",0,lowest+(highest-lowest)/(1+EXP(-({dot}+{user_bias}+{film_bias}))))'


def _slope(known: str, predicted: str) -> str:
    error = f"2*({predicted}-{known})"
    return f'IF({known}="",0,{error}*({predicted}-lowest)*(highest-{predicted})/(highest-lowest))'


def _step(old: str, slope: str | None) -> str:
    return old if slope is None else f"{old}-learning_rate*({slope}+weight_decay*{old})"


class Epochs:
    """Blocks of one epoch each, all alike and at a constant distance.

    Many ratings are computed table by table, each one array formula: the file is half as large.
    """

    def __init__(self, sheet: Sheet, known: Frame, layout: Layout) -> None:
        self.sheet = sheet
        self.known = known
        self.layout = layout
        self.by_table = layout.large
        self.stride = layout.factors + layout.users + 6
        self.columns = (
            1,
            layout.grid_column,
            layout.grid_column + layout.films + 1,
            layout.grid_column + 2 * layout.films + 2,
        )

    def place(
        self, number: int, before: Parameters, gradients: Parameters | None
    ) -> tuple[Parameters, Parameters, Frame]:
        """Place a block: the parameters after a step (or the start), predictions, and gradients."""
        top = 2 + number * self.stride
        self.sheet.label((top, 0), f"Epoch {number}", Look.HEADING)
        after = self._parameters(number, top, before, gradients)
        predicted = self._predictions(number, top, after)
        slopes, error = self._slopes(number, top, predicted)
        return after, self._gradients(number, top, after, slopes), error

    def _panel(
        self,
        name: str,
        number: int,
        place: tuple[int, int],
        shape: tuple[int, int],
        formula: Callable[[int, int], str],
        role: Role,
        title: str,
        note: str,
        torch: str,
        table: str = "",
        number_format: str = "0.00",
    ) -> Frame:
        """Place a panel of an epoch; ``table`` is its formula as one array."""
        details: Details = {"title": title, "note": note if number < 2 else "", "torch": torch, "quiet": number > 1}
        details |= {"number_format": number_format, "scale": Scale.BLUE_WHITE_RED}
        if self.by_table and table:
            return self.sheet.whole(f"{name}_{number}", place, shape, table, role, **details)
        return self.sheet.fill(f"{name}_{number}", place, shape, formula, role, **details)

    def _parameters(self, number: int, top: int, before: Parameters, gradients: Parameters | None) -> Parameters:
        k, users, films = self.layout.factors, self.layout.users, self.layout.films
        left, grid = self.columns[:2]
        places = {
            "users": ((top + k + 4, left), (users, k), f"Users {users}×{k}"),
            "films": ((top + 2, grid), (k, films), f"Films {k}×{films}, bias below"),
            "user_bias": ((top + k + 4, left + k), (users, 1), "Bias"),
            "film_bias": ((top + 2 + k, grid), (1, films), ""),
        }
        note = (
            "Epoch 0: the parameters of the sheet bias."
            if gradients is None
            else (
                "One step of gradient descent: the parameter before, minus learning rate times (gradient + "
                "weight decay × parameter)."
            )
        )
        made = []
        for name, (place, shape, title) in places.items():
            old: Frame = getattr(before, name)
            slope: Frame | None = None if gradients is None else getattr(gradients, name)
            cells = bound(
                lambda i, j, old, slope: _step(old.cell(i, j), None if slope is None else slope.cell(i, j)), old, slope
            )
            table = _step(old.all(""), None if slope is None else slope.all(""))
            call = f"torch.optim.SGD: {name} after {number} steps"
            made.append(
                self._panel(f"epoch_{name}", number, place, shape, cells, Role.WEIGHT, title, note, call, table)
            )
        return Parameters(*made)

    def _predictions(self, number: int, top: int, at: Parameters) -> Frame:
        k, users, films = self.layout.factors, self.layout.users, self.layout.films
        known = self.known.part(0, 0, users, films)
        return self._panel(
            "epoch_predictions",
            number,
            (top + k + 4, self.columns[1]),
            (users, films),
            lambda i, j: prediction(_fixed(known), at, i, j),
            Role.ACTIVATION,
            f"Predictions {users}×{films}",
            "As on the sheet bias, with this epoch's parameters.",
            "sigmoid_range(…)",
            squeezed(
                known.all(), f"MMULT({at.users.all('')},{at.films.all('')})", at.user_bias.all(""), at.film_bias.all("")
            ),
            UNRATED,
        )

    def _slopes(self, number: int, top: int, predicted: Frame) -> tuple[Frame, Frame]:
        k, known = self.layout.factors, _fixed(self.known)
        slopes = self._panel(
            "epoch_slopes",
            number,
            (top + k + 4, self.columns[2]),
            (predicted.height, predicted.width),
            lambda i, j: _slope(known.cell(i, j), predicted.cell(i, j)),
            Role.GRADIENT,
            f"Gradient of the loss before the sigmoid {predicted.height}×{predicted.width}",
            (
                "2·(prediction − rating), times the slope of the sigmoid range: (p − lowest)·(highest − p) "
                "/ (highest − lowest)."
            ),
            "autograd: gradient of the sum before the sigmoid",
            _slope(known.all(), predicted.all("")),
            UNRATED,
        )
        error = self.sheet.result(
            f"epoch_rmse_{number}",
            (top + 1, 4),
            "RMSE",
            f"SQRT(SUMXMY2({known.all()},{predicted.all('')})/COUNT({known.all()}))",
            label_width=2,
            number_format="0.000",
            torch="F.mse_loss(pred, rating).sqrt()",
            note="Of this epoch's predictions." if number < 2 else "",
            quiet=number > 1,
        )
        return slopes, error

    def _gradients(self, number: int, top: int, at: Parameters, slopes: Frame) -> Parameters:
        k, users, films = self.layout.factors, self.layout.users, self.layout.films
        third, fourth = self.columns[2:]
        row = top + k + 4
        by_user = self._panel(
            "epoch_grad_users",
            number,
            (row, fourth),
            (users, k),
            lambda i, j: f"SUMPRODUCT({slopes.row(i, 'c')},{at.films.row(j, 'c')})",
            Role.GRADIENT,
            f"Gradient by users {users}×{k}",
            "The gradient by a user's factor: slopes of the user's ratings times that factor of the films.",
            "users.grad",
            f"MMULT({slopes.all('')},TRANSPOSE({at.films.all('')}))",
        )
        by_film = self._panel(
            "epoch_grad_films",
            number,
            (top + 2, third),
            (k, films),
            lambda i, j: f"SUMPRODUCT({slopes.column(j, 'r')},{at.users.column(i, 'r')})",
            Role.GRADIENT,
            f"Gradient by films {k}×{films}, bias below",
            "The gradient by a film's factor: slopes of the film's ratings times that factor of the users.",
            "films.grad",
            f"MMULT(TRANSPOSE({at.users.all('')}),{slopes.all('')})",
        )
        user_bias = self._panel(
            "epoch_grad_user_bias",
            number,
            (row, fourth + k),
            (users, 1),
            lambda i, j: f"SUM({slopes.row(i, 'c')})",
            Role.GRADIENT,
            "Bias",
            "The gradient by a user's bias: the sum of the user's slopes.",
            "user_bias.grad",
        )
        film_bias = self._panel(
            "epoch_grad_film_bias",
            number,
            (top + 2 + k, third),
            (1, films),
            lambda i, j: f"SUM({slopes.column(j, 'r')})",
            Role.GRADIENT,
            "",
            "The gradient by a film's bias: the sum of the film's slopes.",
            "film_bias.grad",
        )
        return Parameters(by_user, by_film, user_bias, film_bias)


class _Absolute(Frame):
    """A frame whose cells are always spelt absolute, so that blocks below refer to the same cells."""

    __slots__ = ()

    def cell(self, row: int = 0, column: int = 0, anchors: str = "") -> str:
        return Frame.cell(self, row, column, anchors or "r")


def _fixed(frame: Frame) -> Frame:
    return _Absolute(frame.sheet, frame.top, frame.left, frame.height, frame.width, frame.prefix)
