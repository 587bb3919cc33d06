"""What a twin may read of a workbook: its inputs, by their defined names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.workbook import Result
from sheetgrad.sheets.values import Error, Scalar

Floats = NDArray[np.float64]


class NotAnInput(ValueError):
    """A twin asked for a panel that holds formulas: its values are the engine's, not the reader's."""


class Source:
    """The inputs of a workbook; ``result`` is its recomputation, from which only random numbers may be taken."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._formulas: dict[int, set[tuple[int, int]]] = {}

    def has(self, name: str) -> bool:
        """Tell whether the workbook has a panel of this name."""
        return name in self._result.workbook.names

    def numbers(self, name: str) -> Floats:
        """Return a panel of constants, (rows, columns); blanks are NaN."""
        if self.typed(name).all():
            return self.computed(name)
        raise NotAnInput(f"{name} at {self._result.workbook.names[name]} holds formulas where its twin expects inputs")

    def number(self, name: str) -> float:
        """Return a single constant."""
        return float(self.numbers(name)[0, 0])

    def texts(self, name: str) -> list[list[Scalar]]:
        """Return a panel of constants as scalars."""
        self.numbers(name)
        rows: list[list[Scalar]] = self._array(name).tolist()
        return rows

    def text(self, name: str) -> str:
        """Return a single constant as a text."""
        return str(self.texts(name)[0][0])

    def given(self, name: str, expected: Floats) -> Floats:
        """Return ``expected`` with what a reader has typed over the formulas of an input panel."""
        return np.where(self.typed(name), self.computed(name), expected)

    def computed(self, name: str) -> Floats:
        """Return a panel as it stands after recomputation: for random numbers and for `numbers`."""
        return as_floats(self._array(name))

    def typed(self, name: str) -> NDArray[np.bool_]:
        """Return which cells of a panel hold no formula."""
        area = self._result.area(name)
        formulas = self._of_sheet(area.sheet)
        rows = range(area.top, area.bottom)
        return np.array([[(i, j) not in formulas for j in range(area.left, area.right)] for i in rows])

    def inside(self, area: str, names: Iterable[str]) -> list[str]:
        """Return those of the names whose panels lie in an area."""
        outer, found = self._result.area(area), {name: self._result.area(name) for name in names}
        return [
            name
            for name, inner in found.items()
            if inner.sheet == outer.sheet
            and outer.top <= inner.top < inner.bottom <= outer.bottom
            and outer.left <= inner.left < inner.right <= outer.right
        ]

    def _array(self, name: str) -> NDArray[np.object_]:
        return np.asarray(self._result.array(name), dtype=object)

    def _of_sheet(self, sheet: int) -> set[tuple[int, int]]:
        if sheet not in self._formulas:
            areas = self._result.workbook.model.sheets[sheet].formulas.area.tolist()
            self._formulas[sheet] = {
                (i, j) for top, left, bottom, right in areas for i in range(top, bottom) for j in range(left, right)
            }
        return self._formulas[sheet]


def as_floats(values: NDArray[np.object_]) -> Floats:
    """Return values as numbers: blanks and texts are NaN, error values infinite, so that none passes for a number."""
    return np.array([[_as_float(value) for value in row] for row in values.tolist()], dtype=np.float64)


def _as_float(value: Scalar) -> float:
    if isinstance(value, Error):
        return float("inf")
    if value is None or isinstance(value, str):
        return float("nan")
    return float(value)
