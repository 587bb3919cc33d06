"""Solver without Excel: changes cells until an objective is least, greatest or a given value, with exact gradients.

Without constraints or with bounds: L-BFGS-B. Where the objective and all constraints are linear in the changing cells:
HiGHS, for whole numbers too. Other constraints: SLSQP. The evolutionary engine, whole numbers in a model that is not
linear, and cells that are all different: differential evolution (`evolution`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Error, Kind, Values

from .gradients import Differentiable
from .overlay import Setting, overridden
from .solver_models import WORDS, Constraint, Infeasible, SolverModel, bounds_of

if TYPE_CHECKING:
    from .workbook import Result, Workbook

Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, float], None]
Found: TypeAlias = tuple[Floats, float, str, str]  # the vector, the objective there, the method, why it stopped

__all__ = ["Infeasible", "Solution", "solve"]

ROUNDS = 1_000
RETRACES = 5  # how often a solution that changes what formulas choose is taken up again from there
CLOSE = 1e-7
ENDLESS = 1e100  # no objective that has a least or greatest value comes this far
RUNAWAY = 1e12  # times its first size: an objective that got this far, and has not settled, has no such value either
MISSED = 10.0  # times the precision: what a solution may miss a constraint by


class _NeedsEvolution(Exception):
    """Whole numbers are asked for, and the model is not linear."""


class _OutOfTime(Exception):
    """The model's time is up."""


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
    started: float
    rounds: int = 0
    reached: Floats | None = None  # after the last round
    last: float = float("nan")  # the objective as it was last computed
    endless: bool = False  # somewhere what is minimised was beyond all bounds

    def __post_init__(self) -> None:
        self.function.tape.prune([slot for slot in self.function.slots if slot is not None])

    @property
    def start(self) -> Floats:
        return np.concatenate([values.ravel() for values in self.function.start])

    def _run(self, x: Floats) -> tuple[list[Any], list[Any]]:
        import torch

        given = [torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in self.model.split(x)]
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
            self.endless |= number > ENDLESS
            return -number, -gradient
        if self.model.goal == "value":
            off = number - self.model.target
            return off * off, 2 * off * gradient
        self.endless |= number < -ENDLESS
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
        """Count a round, and show it. Raises `_OutOfTime`."""
        self.rounds += 1
        self.reached = np.array(x)
        if self.shown is not None:
            self.shown(self.rounds, self.last)
        if monotonic() - self.started > self.model.limits.seconds:
            raise _OutOfTime


def solve(
    workbook: Workbook,
    model: SolverModel,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    rounds: int | None = None,
) -> Solution:
    """Solve a model. Raises `UsageError` for a model that cannot be solved, `Infeasible` for one without a solution."""
    most = min(ROUNDS if rounds is None else rounds, model.rounds or ROUNDS)
    if model.engine == "evolutionary" or any(each.relation == "dif" for each in model.constraints):
        return _evolved(workbook, model, seed, progress, most)
    started = monotonic()
    problem = _problem(workbook, model, {}, seed, progress, started)
    before = float(problem.function.values[0][0, 0])
    total = 0
    for _ in range(RETRACES):
        try:
            x, expected, method, reason = _minimised(problem, most)
        except _NeedsEvolution:
            return _evolved(workbook, model, seed, progress, most)
        total += problem.rounds
        chosen = dict(zip(_places(workbook, model.changing), model.split(x), strict=True))
        result = workbook.recompute(set=chosen, seed=seed)
        after = result[workbook.place(model.objective)]
        if isinstance(after, float) and abs(after - expected) <= CLOSE * max(abs(after), 1.0):
            _refuse_missed(workbook, model, result)
            return Solution(result, before, after, method, total, reason)
        problem = _problem(workbook, model, chosen, seed, progress, started)
    raise UsageError(
        f"{workbook.name}: formulas choose differently wherever the search goes: it does not settle; the evolutionary"
        " engine may, with bounds for all changing cells"
    )


def _evolved(workbook: Workbook, model: SolverModel, seed: int, progress: Progress | None, most: int) -> Solution:
    from .evolution import Evolution

    place = workbook.place(model.objective)
    _refuse_formulas(workbook, model)
    before = workbook.recompute(seed=seed)[place]
    if not isinstance(before, float):
        _refuse_objective(workbook, place, before)
    search = Evolution(workbook, model, progress)
    found, reason = search.solve(most, seed if model.seed is None else model.seed)
    result = workbook.recompute(set=dict(zip(_places(workbook, model.changing), found, strict=True)), seed=seed)
    after = result[place]
    if not isinstance(after, float):
        raise Infeasible(f"{workbook.name}: no solution: the objective is a number nowhere the search went")
    _refuse_missed(workbook, model, result)
    return Solution(result, before, after, "differential evolution", search.rounds, reason)


def _refuse_objective(workbook: Workbook, place: str, value: object) -> None:
    what = "an error" if isinstance(value, Error) else "text" if isinstance(value, str) else "no number"
    raise UsageError(f"{workbook.name}: the objective {place} is {what}")


def _refuse_formulas(workbook: Workbook, model: SolverModel) -> None:
    """Changing cells are typed in: a formula has no freedom."""
    blank = Values(np.zeros((1, 1)))
    taken = overridden(workbook.model, [Setting(area, blank) for area in model.changing])
    if taken:
        sheet, row, column = min(taken)
        cell = workbook.place(Area(sheet, row, column, row + 1, column + 1))
        raise UsageError(f"{workbook.name}: {cell} holds a formula, so it cannot be changed")


def _refuse_missed(workbook: Workbook, model: SolverModel, result: Result) -> None:
    """Hold the solution to its constraints, within the model's precision."""
    for each in model.constraints:
        if each.relation in WORDS or each.right is None:
            continue
        left = result.array(workbook.place(each.left))
        right = result.array(workbook.place(each.right)) if isinstance(each.right, Area) else np.array(each.right)
        if left.dtype == object or right.dtype == object:
            raise Infeasible(f"{workbook.name}: no solution: {each.text} holds what is no number")
        over = left - right
        missed = over if each.relation == "<=" else -over if each.relation == ">=" else np.abs(over)
        if (missed > MISSED * model.limits.precision * np.maximum(np.abs(right), 1.0)).any():
            raise Infeasible(f"{workbook.name}: no solution was found that meets {each.text}")


def _places(workbook: Workbook, areas: Sequence[Area]) -> list[str]:
    return [workbook.place(area) for area in areas]


def _problem(
    workbook: Workbook,
    model: SolverModel,
    given: dict[str, Floats],
    seed: int,
    progress: Progress | None,
    started: float,
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
        place = workbook.place(model.objective)
        _refuse_objective(workbook, place, workbook.recompute(set=given, seed=seed)[place])
    if function.slots[0] is None:
        raise UsageError(
            f"{name}: the objective {workbook.place(model.objective)} does not depend on the changing cells"
        )
    return _Problem(model, function, progress, started)


def _minimised(problem: _Problem, most: int) -> tuple[Floats, float, str, str]:
    """Return the vector found, the objective there, by which method, and why it stopped."""
    function, model = problem.function, problem.model
    low, high, whole, rest = bounds_of(
        model,
        function.workbook.name,
        lambda n: None if function.slots[2 + 2 * n] is not None else function.values[2 + 2 * n],
    )
    smooth = not rest and not whole.any()
    if model.engine != "lp" and smooth:
        return _in_time(problem, "L-BFGS-B", lambda: _quasi_newton(problem, low, high, most))
    if model.goal != "value" and _linear(problem, rest):
        return _linear_program(problem, low, high, whole, rest)
    if model.engine == "lp":
        raise UsageError(f"{function.workbook.name}: Simplex LP is asked for, but the model is not linear")
    if whole.any():
        raise _NeedsEvolution
    return _in_time(problem, "SLSQP", lambda: _sequential(problem, low, high, rest, most))


def _in_time(problem: _Problem, method: str, run: Callable[[], Found]) -> Found:
    try:
        return run()
    except _OutOfTime:
        assert problem.reached is not None
        return problem.reached, _objective_cell(problem, problem.reached), method, "the time limit is reached"


def _quasi_newton(problem: _Problem, low: Floats, high: Floats, most: int) -> tuple[Floats, float, str, str]:
    from scipy.optimize import minimize

    start = np.clip(problem.start, low, high)
    first = problem.objective(start)[0]
    found = minimize(
        problem.objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        callback=problem.note,
        options={"maxiter": most, "maxfun": 20 * most, "ftol": 1e-11, "gtol": 1e-8},
    )
    if problem.endless or (not found.success and found.fun < -RUNAWAY * max(abs(first), 1.0)):
        way = "rises" if problem.model.goal == "max" else "falls"
        raise Infeasible(f"{problem.function.workbook.name}: no solution: the objective {way} without end")
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
    limits = problem.model.limits
    options: dict[str, Any] = {"mip_rel_gap": limits.tolerance} if whole.any() and limits.tolerance else {}
    if np.isfinite(limits.seconds):
        options["time_limit"] = limits.seconds
    found = milp(
        sign * problem.raw(zero)[1],
        integrality=whole.astype(int),
        bounds=Bounds(low, high),
        constraints=constraints,
        options=options,
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
