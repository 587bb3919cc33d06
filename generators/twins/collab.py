"""The twin of ``collab``: factors as embeddings, autograd and ``torch.optim.SGD``, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from .source import Floats, Source


@dataclass(slots=True)
class Model:
    """The parameters: users (n, k), films (m, k), and a bias each; and the range of predictions."""

    users: torch.Tensor
    films: torch.Tensor
    user_bias: torch.Tensor
    film_bias: torch.Tensor
    lowest: float
    highest: float

    @property
    def parameters(self) -> list[torch.Tensor]:
        return [self.users, self.films, self.user_bias, self.film_bias]

    def total(self, user: torch.Tensor, film: torch.Tensor) -> torch.Tensor:
        """Return dot product plus biases for pairs of indices."""
        dot = (F.embedding(user, self.users) * F.embedding(film, self.films)).sum(1)
        return dot + F.embedding(user, self.user_bias)[:, 0] + F.embedding(film, self.film_bias)[:, 0]

    def predict(self, total: torch.Tensor) -> torch.Tensor:
        """Squeeze totals into the range."""
        return self.lowest + (self.highest - self.lowest) * torch.sigmoid(total)


def collab(source: Source) -> dict[str, Floats]:
    """Return the expected panels of ``collab``."""
    known = source.numbers("ratings")
    expected: dict[str, Floats] = {}
    _dot_product(source, known, expected)
    expected["ratings_again"] = known
    model = _train(source, known, expected)
    _long_form(source, model, expected)
    return expected


def _rated(known: Floats) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return users, films and ratings of the pairs that are rated."""
    user, film = np.nonzero(~np.isnan(known))
    return torch.from_numpy(user), torch.from_numpy(film), torch.from_numpy(known[user, film])


def _table(known: Floats, user: torch.Tensor, film: torch.Tensor, values: torch.Tensor) -> Floats:
    """Return values of rated pairs as a table, 0 elsewhere."""
    table = np.zeros(known.shape)
    table[user.numpy(), film.numpy()] = values.detach().numpy()
    return table


def _rmse(predicted: torch.Tensor, rating: torch.Tensor) -> Floats:
    return F.mse_loss(predicted.detach(), rating).sqrt().reshape(1, 1).numpy()


def _dot_product(source: Source, known: Floats, expected: dict[str, Floats]) -> None:
    user, film, rating = _rated(known)
    users = torch.from_numpy(source.numbers("dot_user_factors"))
    films = torch.from_numpy(source.numbers("dot_film_factors")).T.contiguous()
    predicted = (F.embedding(user, users) * F.embedding(film, films)).sum(1)
    expected["dot_predictions"] = _table(known, user, film, predicted)
    expected["dot_rmse"] = _rmse(predicted, rating)


def _start(source: Source) -> Model:
    parameters = [
        torch.from_numpy(np.ascontiguousarray(values)).requires_grad_()
        for values in (
            source.numbers("user_factors"),
            source.numbers("film_factors").T,
            source.numbers("user_bias"),
            source.numbers("film_bias").T,
        )
    ]
    users, films, user_bias, film_bias = parameters
    return Model(users, films, user_bias, film_bias, source.number("lowest"), source.number("highest"))


def _train(source: Source, known: Floats, expected: dict[str, Floats]) -> Model:
    """Descend epoch after epoch; record parameters, predictions and gradients of each block."""
    user, film, rating = _rated(known)
    model = _start(source)
    optimiser = torch.optim.SGD(
        model.parameters, lr=source.number("learning_rate"), weight_decay=source.number("weight_decay")
    )
    epochs = len(source.numbers("epoch_numbers"))
    errors = []
    for epoch in range(epochs):
        _record_parameters(model, epoch, expected)
        optimiser.zero_grad()
        total = model.total(user, film)
        total.retain_grad()
        predicted = model.predict(total)
        F.mse_loss(predicted, rating, reduction="sum").backward()  # type: ignore[no-untyped-call]
        assert total.grad is not None
        errors.append(_rmse(predicted, rating))
        expected[f"epoch_predictions_{epoch}"] = _table(known, user, film, predicted)
        expected[f"epoch_slopes_{epoch}"] = _table(known, user, film, total.grad)
        expected[f"epoch_rmse_{epoch}"] = errors[-1]
        _record_gradients(model, epoch, expected)
        if epoch < epochs - 1:
            optimiser.step()
    expected["predictions"], expected["rmse"] = expected["epoch_predictions_0"], errors[0]
    expected["rmse_by_epoch"] = np.concatenate(errors)
    expected["final_rmse"] = errors[-1]
    return model


def _record_parameters(model: Model, epoch: int, expected: dict[str, Floats]) -> None:
    expected[f"epoch_users_{epoch}"] = model.users.detach().numpy().copy()
    expected[f"epoch_films_{epoch}"] = model.films.detach().numpy().T.copy()
    expected[f"epoch_user_bias_{epoch}"] = model.user_bias.detach().numpy().copy()
    expected[f"epoch_film_bias_{epoch}"] = model.film_bias.detach().numpy().T.copy()


def _record_gradients(model: Model, epoch: int, expected: dict[str, Floats]) -> None:
    gradients = [np.zeros(p.shape) if p.grad is None else p.grad.numpy().copy() for p in model.parameters]
    expected[f"epoch_grad_users_{epoch}"] = gradients[0]
    expected[f"epoch_grad_films_{epoch}"] = gradients[1].T
    expected[f"epoch_grad_user_bias_{epoch}"] = gradients[2]
    expected[f"epoch_grad_film_bias_{epoch}"] = gradients[3].T


def _long_form(source: Source, model: Model, expected: dict[str, Floats]) -> None:
    """Look the trained embeddings up, a row a rating."""
    long = source.numbers("long_ratings")
    ids = [source.numbers("user_ids")[:, 0].tolist(), source.numbers("film_ids")[:, 0].tolist()]
    rows = np.array([[ids[0].index(user), ids[1].index(film)] for user, film, _ in long.tolist()])
    user, film, rating = torch.from_numpy(rows[:, 0]), torch.from_numpy(rows[:, 1]), torch.from_numpy(long[:, 2])
    with torch.no_grad():
        predicted = model.predict(model.total(user, film))
        expected["long_rows"] = rows + 1.0
        expected["long_users"] = F.embedding(user, model.users).numpy()
        expected["long_films"] = F.embedding(film, model.films).numpy()
        expected["long_user_bias"] = F.embedding(user, model.user_bias).numpy()
        expected["long_film_bias"] = F.embedding(film, model.film_bias).numpy()
        expected["long_predictions"] = predicted[:, None].numpy()
        expected["long_errors"] = ((predicted - rating) ** 2)[:, None].numpy()
        expected["long_rmse"] = _rmse(predicted, rating)
