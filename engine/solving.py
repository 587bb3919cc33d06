"""Solver without Excel: changes cells until an objective is least, greatest or a given value, with exact gradients.

Without constraints or with bounds: L-BFGS-B. Where the objective and all constraints are linear in the changing cells:
HiGHS, for whole numbers too. Other constraints: SLSQP. Whole numbers in a model that is not linear are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import SheetgradError, UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Kind

from .gradients import Differentiable
from .solver_models import Constraint, SolverModel

if TYPE_CHECKING:
    from .workbook import Result, Workbook

Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, float], None]

ROUNDS = 1_000
RETRACES = 5  # how often a solution that changes what formulas choose is taken up again from there
CLOSE = 1e-7


class Infeasible(SheetgradError):
    """No values meet the constraints, or the objective has no bound."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What was found: the recomputed workbook, the objective before and after, how it went."""

    result: Result
    before: float
    after: float
    method: str
    rounds: int
    reason: str


@dataclass(slots=True)
class _Problem:
    """The model on a tape: the changing cells are one vector."""

    model: SolverModel
    function: Differentiable
    shown: Progress | None
    rounds: int = 0
    last: float = float("nan")  # the objective as it was last computed

    def __post_init__(self) -> None:
        self.function.tape.prune([slot for slot in self.function.slots if slot is not None])

    @property
    def start(self) -> Floats:
        return np.concatenate([values.ravel() for values in self.function.start])

    def split(self, x: Floats) -> list[Floats]:
        """Return the vector as arrays by changing area."""
        parts, at = [], 0
        for area in self.model.changing:
            size = area.height * area.width
            parts.append(x[at : at + size].reshape(area.shape))
            at += size
        return parts

    def _run(self, x: Floats) -> tuple[list[Any], list[Any]]:
        import torch

        given = [torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in self.split(x)]
        return given, self.function.tape.run(given)

    def _jacobian(self, given: list[Any], rows: Sequence[Any]) -> Floats:
        import torch

        found = np.zeros((len(rows), sum(part.numel() for part in given)))
        for number, row in enumerate(rows):
            if row.requires_grad:
                slopes = torch.autograd.grad(row, given, retain_graph=True, allow_unused=True)
                found[number] = np.concatenate(
                    [
                        np.zeros(p.numel()) if s is None else s.numpy().ravel()
                        for s, p in zip(slopes, given, strict=True)
                    ]
                )
        return found

    def objective(self, x: Floats) -> tuple[float, Floats]:
        """Return what is minimised, and its gradient."""
        given, arrays = self._run(x)
        slot = self.function.slots[0]
        assert slot is not None
        value = arrays[slot].sum()
        (gradient,) = self._jacobian(given, [value])
        number = self.last = float(value.detach())
        if self.model.goal == "max":
            return -number, -gradient
        if self.model.goal == "value":
            off = number - self.model.target
            return off * off, 2 * off * gradient
        return number, gradient

    def raw(self, x: Floats) -> tuple[float, Floats]:
        """Return the objective cell and its gradient."""
        value, gradient = self.objective(x)
        return (-value, -gradient) if self.model.goal == "max" else (value, gradient)

    def sides(self, x: Floats, which: Sequence[int]) -> tuple[Floats, Floats]:
        """Return left less right of the constraints ``which``, and the Jacobian of that."""
        given, arrays = self._run(x)
        values, rows = [], []
        for number in which:
            left, right = (self._side(arrays, 1 + 2 * number + side) for side in (0, 1))
            both = (left - right).reshape(-1)
            values.append(both.detach().numpy())
            rows += list(both)
        return np.concatenate(values), self._jacobian(given, rows)

    def _side(self, arrays: list[Any], output: int) -> Any:
        import torch

        slot = self.function.slots[output]
        if slot is not None:
            return arrays[slot]
        return torch.tensor(self.function.values[output], dtype=torch.float64)

    def note(self, x: Floats) -> None:
        """Count a round, and show it."""
        self.rounds += 1
        if self.shown is not None:
            self.shown(self.rounds, self.last)


def solve(
    workbook: Workbook,
    model: SolverModel,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    rounds: int | None = None,
) -> Solution:
    """Solve a model. Raises `UsageError` for a model that cannot be solved, `Infeasible` for one without a solution."""
    problem = _problem(workbook, model, {}, seed, progress)
    before = float(problem.function.values[0][0, 0])
    most = min(ROUNDS if rounds is None else rounds, model.rounds or ROUNDS)
    total = 0
    for _ in range(RETRACES):
        x, expected, method, reason = _minimised(problem, most)
        total += problem.rounds
        chosen = dict(zip(_places(workbook, model.changing), problem.split(x), strict=True))
        result = workbook.recompute(set=chosen, seed=seed)
        after = result[workbook.place(model.objective)]
        if isinstance(after, float) and abs(after - expected) <= CLOSE * max(abs(after), 1.0):
            return Solution(result, before, after, method, total, reason)
        problem = _problem(workbook, model, chosen, seed, progress)
    raise UsageError(f"{workbook.name}: formulas choose differently wherever the search goes: it does not settle")


def _places(workbook: Workbook, areas: Sequence[Area]) -> list[str]:
    return [workbook.place(area) for area in areas]


def _problem(
    workbook: Workbook, model: SolverModel, given: dict[str, Floats], seed: int, progress: Progress | None
) -> _Problem:
    if model.objective.shape != (1, 1):
        raise UsageError(f"{workbook.name}: the objective {workbook.place(model.objective)} is more than one cell")
    outputs = [model.objective]
    for each in model.constraints:
        outputs += [each.left, each.right if isinstance(each.right, Area) else each.left]
    function = Differentiable(workbook, list(model.changing), outputs, given, seed)
    for number, each in enumerate(model.constraints):
        if not isinstance(each.right, Area):
            function.slots[2 + 2 * number] = None
            function.values[2 + 2 * number] = np.array([[0.0 if each.right is None else each.right]])
    name, kind = workbook.name, function.kinds[0][0, 0]
    if kind != Kind.NUMBER:
        what = "an error" if kind == Kind.ERROR else "text" if kind == Kind.TEXT else "no number"
        raise UsageError(f"{name}: the objective {workbook.place(model.objective)} is {what}")
    if function.slots[0] is None:
        raise UsageError(
            f"{name}: the objective {workbook.place(model.objective)} does not depend on the changing cells"
        )
    return _Problem(model, function, progress)


def _minimised(problem: _Problem, most: int) -> tuple[Floats, float, str, str]:
    """Return the vector found, the objective there, by which method, and why it stopped."""
    low, high, whole, rest = _bounds(problem)
    if not rest and not whole.any():
        return _quasi_newton(problem, low, high, most)
    if problem.model.goal != "value" and _linear(problem, rest):
        return _linear_program(problem, low, high, whole, rest)
    if whole.any():
        raise UsageError(f"{problem.function.workbook.name}: whole numbers are asked for, but the model is not linear")
    return _sequential(problem, low, high, rest, most)


def _bounds(problem: _Problem) -> tuple[Floats, Floats, NDArray[np.bool_], list[int]]:
    """Return the bounds of the changing cells, which are whole, and the constraints that are no bounds."""
    model, size = problem.model, len(problem.start)
    low = np.full(size, 0.0 if model.nonnegative else -np.inf)
    high, whole = np.full(size, np.inf), np.zeros(size, dtype=np.bool_)
    rest = []
    for number, each in enumerate(model.constraints):
        places = _within(model.changing, each.left)
        if each.relation in ("int", "bin"):
            if places is None:
                raise UsageError(f"{problem.function.workbook.name}: {each.text}: these are no changing cells")
            whole[places] = True
            if each.relation == "bin":
                low[places], high[places] = np.maximum(low[places], 0), np.minimum(high[places], 1)
        elif places is None or problem.function.slots[2 + 2 * number] is not None:
            rest.append(number)
        else:
            bound = np.broadcast_to(problem.function.values[2 + 2 * number], each.left.shape).ravel()
            if each.relation in ("<=", "="):
                high[places] = np.minimum(high[places], bound)
            if each.relation in (">=", "="):
                explicit = (
                    model.nonnegative and each.relation == ">="
                )  # a bound of its own stands before non-negativity
                low[places] = bound if explicit else np.maximum(low[places], bound)
    if (low > high).any():
        raise Infeasible(f"{problem.function.workbook.name}: the bounds of the changing cells contradict each other")
    return low, high, whole, rest


def _within(changing: Sequence[Area], area: Area) -> list[int] | None:
    """Return which changing cells an area is made of, or None where it has others."""
    places: dict[tuple[int, int, int], int] = {}
    for each in changing:
        for row in range(each.top, each.bottom):
            for column in range(each.left, each.right):
                places[each.sheet, row, column] = len(places)
    cells = [
        (area.sheet, row, column) for row in range(area.top, area.bottom) for column in range(area.left, area.right)
    ]
    return [places[cell] for cell in cells] if all(cell in places for cell in cells) else None


def _quasi_newton(problem: _Problem, low: Floats, high: Floats, most: int) -> tuple[Floats, float, str, str]:
    from scipy.optimize import minimize

    found = minimize(
        problem.objective,
        np.clip(problem.start, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        callback=problem.note,
        options={"maxiter": most, "maxfun": 20 * most, "ftol": 1e-11, "gtol": 1e-8},
    )
    return found.x, _objective_cell(problem, found.x), "L-BFGS-B", _sentence(found.message)


def _objective_cell(problem: _Problem, x: Floats) -> float:
    _, arrays = problem._run(x)
    slot = problem.function.slots[0]
    assert slot is not None
    return float(arrays[slot].detach().sum())


def _linear(problem: _Problem, rest: Sequence[int]) -> bool:
    """Tell whether the objective and the constraints have the same slopes wherever one looks."""
    random = np.random.default_rng(0)
    slopes = []
    for x in (problem.start, *(problem.start + random.normal(size=len(problem.start)) * scale for scale in (1, 10))):
        own = problem.raw(x)[1]
        slopes.append(np.vstack([own, problem.sides(x, rest)[1]]) if rest else own[None])
    size = max(np.abs(slopes[0]).max(), 1.0)
    return all(np.allclose(slopes[0], other, rtol=0, atol=1e-9 * size) for other in slopes[1:])


def _linear_program(
    problem: _Problem, low: Floats, high: Floats, whole: NDArray[np.bool_], rest: Sequence[int]
) -> tuple[Floats, float, str, str]:
    from scipy.optimize import Bounds, LinearConstraint, milp

    zero = np.zeros(len(problem.start))
    sign = -1 if problem.model.goal == "max" else 1
    constraints = []
    if rest:
        at_zero, slopes = problem.sides(zero, rest)
        least, most = _spans(problem, rest)
        constraints = [LinearConstraint(slopes, least - at_zero, most - at_zero)]
    found = milp(
        sign * problem.raw(zero)[1], integrality=whole.astype(int), bounds=Bounds(low, high), constraints=constraints
    )
    if found.x is None:
        raise Infeasible(f"{problem.function.workbook.name}: no solution: {_sentence(found.message)}")
    problem.rounds = max(problem.rounds, int(getattr(found, "mip_node_count", 0) or 0))
    x = np.where(whole, np.round(found.x), found.x)
    return x, _objective_cell(problem, x), "HiGHS (linear)", _sentence(found.message)


def _spans(problem: _Problem, rest: Sequence[int]) -> tuple[Floats, Floats]:
    """Return between what left less right must lie, for each constraint."""
    low, high = [], []
    for number in rest:
        each: Constraint = problem.model.constraints[number]
        size = each.left.height * each.left.width
        low += [-np.inf if each.relation == "<=" else 0.0] * size
        high += [np.inf if each.relation == ">=" else 0.0] * size
    return np.array(low), np.array(high)


def _sequential(
    problem: _Problem, low: Floats, high: Floats, rest: Sequence[int], most: int
) -> tuple[Floats, float, str, str]:
    from scipy.optimize import minimize

    equal = [number for number in rest if problem.model.constraints[number].relation == "="]
    apart = [number for number in rest if number not in equal]
    signs = np.concatenate(
        [np.full(_size(problem, n), -1.0 if problem.model.constraints[n].relation == "<=" else 1.0) for n in apart]
        or [np.zeros(0)]
    )
    constraints: list[dict[str, Any]] = []
    if equal:
        constraints.append(
            {"type": "eq", "fun": lambda x: problem.sides(x, equal)[0], "jac": lambda x: problem.sides(x, equal)[1]}
        )
    if apart:
        constraints.append(
            {
                "type": "ineq",
                "fun": lambda x: signs * problem.sides(x, apart)[0],
                "jac": lambda x: signs[:, None] * problem.sides(x, apart)[1],
            }
        )
    found = minimize(
        problem.objective,
        np.clip(problem.start, low, high),
        jac=True,
        method="SLSQP",
        bounds=list(zip(low, high, strict=True)),
        constraints=constraints,
        callback=problem.note,
        options={"maxiter": most, "ftol": 1e-12},
    )
    if not found.success and found.status != 9:  # 9: the limit of rounds
        raise Infeasible(f"{problem.function.workbook.name}: no solution: {_sentence(found.message)}")
    return found.x, _objective_cell(problem, found.x), "SLSQP", _sentence(found.message)


def _size(problem: _Problem, number: int) -> int:
    area = problem.model.constraints[number].left
    return area.height * area.width


def _sentence(message: Any) -> str:
    """Return a library's reason for stopping as plain words."""
    text = message.decode() if isinstance(message, bytes) else str(message)
    known = {
        "RELATIVE REDUCTION OF F": "the objective no longer falls",
        "NORM OF PROJECTED GRADIENT": "the gradient is zero",
        "NORM_OF_PROJECTED_GRADIENT": "the gradient is zero",
        "EXCEEDS LIMIT": "the limit of rounds is reached",
        "REACHED LIMIT": "the limit of rounds is reached",
        "Iteration limit": "the limit of rounds is reached",
        "Optimization terminated successfully": "converged",
        "ABNORMAL": "no step lowers the objective any more",
    }
    return next((plain for mark, plain in known.items() if mark in text), text.split("(")[0].strip().rstrip("."))
