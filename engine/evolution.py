"""Solver's evolutionary engine: differential evolution over the workbook as a batch function, without derivatives.

For models that choose, round or look up, whole numbers in models that are not linear, and cells that are all
different: these are the ranks of as many free numbers. Every changing cell needs bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area

from .compiled import compiled
from .solver_models import SolverModel, bounds_of, within

if TYPE_CHECKING:
    from .workbook import Workbook

Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, float], None]

POPULATION = 15  # candidates for each changing cell, unless the model says how many there are
LEAST, ROUNDS = 5, 1_000


@dataclass(slots=True)
class Evolution:
    """A model, and the workbook as a function of many candidates at once."""

    workbook: Workbook
    model: SolverModel
    shown: Progress | None = None
    rounds: int = 0
    best: float = float("inf")
    moved: float = field(default_factory=monotonic)  # when the best last improved
    started: float = field(default_factory=monotonic)
    reason: str = ""
    _function: Any = None

    def solve(self, most: int, seed: int) -> tuple[list[Floats], str]:
        """Return the values of the changing areas, and why the search stopped."""
        from scipy.optimize import NonlinearConstraint, differential_evolution

        low, high, whole, rest = self._bounds()
        for group in self._groups():  # keys, whose ranks are what counts
            low[group], high[group], whole[group] = 0.0, 1.0, False
        self._refuse_unbounded(low, high)
        constraints: Any = ()
        if rest:
            least, greatest = self._spans(rest)
            constraints = NonlinearConstraint(lambda x: self._sides(x, rest), least, greatest)
        limits = self.model.limits
        population = max(LEAST, limits.population // len(low)) if limits.population else POPULATION
        found = differential_evolution(
            self._objective,
            list(zip(low, high, strict=True)),
            maxiter=most,
            popsize=population,
            tol=limits.convergence,
            atol=1e-12,
            rng=np.random.default_rng(seed),
            integrality=whole,
            constraints=constraints,
            vectorized=True,
            updating="deferred",
            polish=False,
            init="sobol",
            callback=self._note,
        )
        reason = self.reason or ("the candidates agree" if found.success else "the limit of rounds is reached")
        return self.model.split(self._decoded(found.x[:, None]).ravel()), reason

    def _note(self, intermediate_result: Any) -> bool:
        """Count a round, show it, and tell whether it is time to stop."""
        self.rounds += 1
        value = float(intermediate_result.fun)
        if value < self.best:
            self.best, self.moved = value, monotonic()
        if self.shown is not None:
            self.shown(self.rounds, -value if self.model.goal == "max" else value)
        if monotonic() - self.started > self.model.limits.seconds:
            self.reason = "the time limit is reached"
        elif monotonic() - self.moved > self.model.limits.idle:
            self.reason = f"nothing better was found for {self.model.limits.idle:g} seconds"
        return bool(self.reason)

    # the model as arrays: candidates are columns (cells, candidates)

    def _groups(self) -> list[list[int]]:
        groups = []
        for each in self.model.constraints:
            if each.relation == "dif":
                places = within(self.model.changing, each.left)
                if places is None:
                    raise UsageError(f"{self.workbook.name}: {each.text}: these are no changing cells")
                groups.append(places)
        return groups

    def _decoded(self, x: Floats) -> Floats:
        """Replace keys by their ranks from 1 on."""
        x = np.array(x)
        for group in self._groups():
            x[group] = np.argsort(np.argsort(x[group], axis=0), axis=0) + 1.0
        return x

    def _outputs(self) -> list[Area]:
        found = [self.model.objective]
        for each in self.model.constraints:
            found += [each.left, each.right if isinstance(each.right, Area) else each.left]
        return found

    def _values(self, x: Floats) -> list[Floats]:
        """Return the outputs (candidates, height, width); what is no number is infinite."""
        if self._function is None:
            place = self.workbook.place
            changing, outputs = [place(area) for area in self.model.changing], [place(area) for area in self._outputs()]
            self._function = compiled(self.workbook, changing, outputs, 0, "numpy")
        x, at, given = self._decoded(x), 0, []
        for area in self.model.changing:
            size = area.height * area.width
            given.append(np.ascontiguousarray(x[at : at + size].T).reshape(-1, *area.shape))
            at += size
        found = self._function(*given)
        return [_numbers(values) for values in (found if isinstance(found, tuple) else (found,))]

    def _objective(self, x: Floats) -> Floats:
        if not x.size:  # scipy asks about no candidates where none meets the constraints
            return np.zeros(0)
        value = self._values(np.atleast_2d(x.T).T)[0].reshape(-1)
        if self.model.goal == "max":
            return -np.where(np.isfinite(value), value, -np.inf)
        return np.square(value - self.model.target) if self.model.goal == "value" else value

    def _sides(self, x: Floats, rest: list[int]) -> Floats:
        values = self._values(np.atleast_2d(x.T).T)
        rows = []
        for number in rest:
            each = self.model.constraints[number]
            left = values[1 + 2 * number]
            right = values[2 + 2 * number] if isinstance(each.right, Area) else each.right
            assert right is not None
            rows.append((left - right).reshape(len(left), -1).T)
        return np.concatenate(rows)

    def _spans(self, rest: list[int]) -> tuple[Floats, Floats]:
        low, high, slack = [], [], self.model.limits.precision
        for number in rest:
            each = self.model.constraints[number]
            size = each.left.height * each.left.width
            low += [-np.inf if each.relation == "<=" else -slack] * size
            high += [np.inf if each.relation == ">=" else slack] * size
        return np.array(low), np.array(high)

    def _bounds(self) -> tuple[Floats, Floats, NDArray[np.bool_], list[int]]:
        stored = self.workbook.recompute()
        moved = self._moved()

        def fixed(number: int) -> Floats | None:
            right = self.model.constraints[number].right
            if isinstance(right, Area):
                return None if moved[number] else np.atleast_2d(stored.array(self.workbook.place(right)))
            return np.array([[0.0 if right is None else right]])

        return bounds_of(self.model, self.workbook.name, fixed)

    def _moved(self) -> list[bool]:
        """Tell for each constraint whether its right side depends on the changing cells."""
        from datetime import datetime

        from sheetgrad.sheets.values import Values

        from .compiled import Compiled

        place = self.workbook.place
        rights = [each.right if isinstance(each.right, Area) else each.left for each in self.model.constraints]
        if not rights:
            return []
        changing = tuple(place(area) for area in self.model.changing)
        tried = Compiled(self.workbook, changing, tuple(place(area) for area in rights), datetime.now())
        return list(tried.affected([Values(np.zeros((1, *area.shape))) for area in self.model.changing]))

    def _refuse_unbounded(self, low: Floats, high: Floats) -> None:
        free = ~(np.isfinite(low) & np.isfinite(high))
        if free.any():
            at, area = int(np.argmax(free)), 0
            while at >= (size := self.model.changing[area].height * self.model.changing[area].width):
                at, area = at - size, area + 1
            own = self.model.changing[area]
            row, column = own.top + at // own.width, own.left + at % own.width
            cell = self.workbook.place(Area(own.sheet, row, column, row + 1, column + 1))
            raise UsageError(
                f"{self.workbook.name}: the evolutionary engine needs a lower and an upper bound for {cell}"
                " (the model is not linear, or asks for this engine)"
            )


def _numbers(values: NDArray[Any]) -> Floats:
    if values.dtype != object:
        return np.asarray(values, dtype=np.float64)
    found = [value if isinstance(value, float) else np.inf for value in values.ravel().tolist()]
    return np.array(found).reshape(values.shape)
