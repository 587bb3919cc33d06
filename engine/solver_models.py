"""The model of Excel's Solver as the file stores it: hidden names of a sheet that all start with ``solver_``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import BadReference, SheetgradError, UsageError
from sheetgrad.sheets.model import Area, Workbook

from .selection import resolve

Goal: TypeAlias = Literal["max", "min", "value"]
Relation: TypeAlias = Literal["<=", "=", ">=", "int", "bin", "dif"]
Engine: TypeAlias = Literal["grg", "lp", "evolutionary"]
Floats: TypeAlias = NDArray[np.float64]

GOALS: dict[str, Goal] = {"1": "max", "2": "min", "3": "value"}
RELATIONS: dict[str, Relation] = {"1": "<=", "2": "=", "3": ">=", "4": "int", "5": "bin", "6": "dif"}
ENGINES: dict[str, Engine] = {"1": "grg", "2": "lp", "3": "evolutionary"}
WORDS: tuple[Relation, ...] = ("int", "bin", "dif")  # relations that say all
NO_LIMIT = 2147483647
MOST_CELLS = 1 << 20


class Infeasible(SheetgradError):
    """No values meet the constraints, or the objective has no bound."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """``left`` stands in ``relation`` to ``right``: an area of the same shape, one cell, or a number (for int None)."""

    left: Area
    relation: Relation
    right: Area | float | None
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search ends. Solver's own convergence of GRG is not followed: the search here goes on, and gets closer.

    ``precision``: how far a constraint may be missed; ``tolerance``: the share by which a whole-number solution may
    miss the best; ``seconds``: in all; ``idle``: without anything better; ``convergence`` and ``population``: of
    evolution.
    """

    seconds: float = math.inf
    precision: float = 1e-6
    tolerance: float = 0.0
    convergence: float = 1e-4
    population: int = 0
    idle: float = math.inf


@dataclass(frozen=True, slots=True)
class SolverModel:
    """What to optimise, by changing which cells, under which constraints."""

    objective: Area
    goal: Goal
    changing: tuple[Area, ...]
    target: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    nonnegative: bool = False
    rounds: int | None = None
    engine: Engine = "grg"
    limits: Limits = Limits()
    seed: int | None = None

    def split(self, x: Floats) -> list[Floats]:
        """Return a vector of all changing cells as arrays by area, (height, width) each."""
        parts, at = [], 0
        for area in self.changing:
            size = area.height * area.width
            parts.append(x[at : at + size].reshape(area.shape))
            at += size
        return parts


def split_places(text: str) -> list[str]:
    """Split a list of places at its commas; a quoted sheet name may hold some.

    >>> split_places("A1:B2, 'a,b'!C3,n")
    ['A1:B2', "'a,b'!C3", 'n']
    """
    parts, quoted, start = [], False, 0
    for at, mark in enumerate(text):
        if mark == "'":
            quoted = not quoted
        elif mark == "," and not quoted:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def stored_model(workbook: Workbook, sheet: str | None) -> SolverModel:
    """Return the model that Solver stored on a sheet, the only one where ``sheet`` is None. Raises `UsageError`."""
    found = {
        name.sheet: name for name in workbook.names if name.name.casefold() == "solver_opt" and name.sheet is not None
    }
    if sheet is not None:
        index = workbook.sheet_index(sheet)
        if index is None:
            raise BadReference(f"{workbook.name}: no sheet called {sheet!r}")
        if index not in found:
            raise UsageError(f"{workbook.name}: no Solver model on the sheet {sheet!r}: say --objective and --changing")
        return _model(workbook, index)
    if not found:
        raise UsageError(f"{workbook.name}: no Solver model is stored: say --objective and --changing")
    if len(found) > 1:
        names = ", ".join(repr(workbook.sheets[index].name) for index in sorted(found))
        raise UsageError(f"{workbook.name}: Solver models on the sheets {names}: say --sheet")
    return _model(workbook, next(iter(found)))


def _model(workbook: Workbook, sheet: int) -> SolverModel:
    texts = {
        name.name.casefold().removeprefix("solver_"): name.text
        for name in workbook.names
        if name.sheet == sheet and name.name.casefold().startswith("solver_")
    }
    place = workbook.sheets[sheet].name
    if "adj" not in texts:
        raise UsageError(f"{workbook.name}: the Solver model on {place!r} names no changing cells")
    count = int(_number(texts.get("num", "0")) or 0)
    constraints = tuple(_constraint(workbook, texts, number, place) for number in range(1, count + 1))
    rounds = _number(texts.get("itr", str(NO_LIMIT))) or NO_LIMIT
    engine = ENGINES.get(texts.get("eng", "1").strip())
    if engine is None:
        raise UsageError(f"{workbook.name}: the Solver model on {place!r} asks for an unknown engine: {texts['eng']}")
    goal = GOALS.get(texts.get("typ", "1").strip())
    if goal is None:
        raise UsageError(f"{workbook.name}: the Solver model on {place!r} has an unknown goal: {texts['typ']}")
    return SolverModel(
        _area(workbook, texts["opt"]),
        goal,
        tuple(_area(workbook, part) for part in split_places(texts["adj"])),
        _number(texts.get("val", "0")) or 0.0,
        constraints,
        texts.get("neg", "2").strip() == "1",
        None if rounds >= NO_LIMIT else int(rounds),
        engine,
        _limits(texts),
        int(_number(texts.get("rsd", "0")) or 0) or None,
    )


def _limits(texts: dict[str, str]) -> Limits:
    """Read the limits; Solver stores a very great number for none."""
    plain = Limits()

    def limit(name: str, default: float) -> float:
        given = _number(texts.get(name, ""))
        return default if given is None or given <= 0 else math.inf if given >= NO_LIMIT else given

    return Limits(
        limit("tim", plain.seconds),
        limit("pre", plain.precision),
        limit("tol", plain.tolerance),
        limit("cvg", plain.convergence),
        int(min(limit("ssz", plain.population), MOST_CELLS)),
        limit("mni", plain.idle),
    )


def _constraint(workbook: Workbook, texts: dict[str, str], number: int, place: str) -> Constraint:
    left, code, right = (texts.get(f"{part}{number}", "") for part in ("lhs", "rel", "rhs"))
    relation = RELATIONS.get(code.strip())
    if relation is None:
        raise UsageError(f"{workbook.name}: the Solver model on {place!r} has an unknown relation {code!r}: {left}")
    return constraint(workbook, left, relation, right)


def constraint(workbook: Workbook, left: str, relation: Relation, right: str) -> Constraint:
    """Build a constraint from texts; for int, bin and dif ``right`` says nothing. Raises `UsageError`."""
    area = _area(workbook, left)
    if relation in WORDS:
        return Constraint(area, relation, None, f"{left} {relation}")
    number = _number(right)
    bound: Area | float = number if number is not None else _area(workbook, right)
    if isinstance(bound, Area) and bound.shape not in ((1, 1), area.shape):
        raise UsageError(f"{workbook.name}: the two sides of {left} {relation} {right} differ in size")
    return Constraint(area, relation, bound, f"{left} {relation} {right}")


def spoken(workbook: Workbook, text: str) -> Constraint:
    """Read a constraint as ``Sheet!A1:A3<=10``, ``A1=B1``, ``A1:A9 int``. Raises `UsageError`."""
    for word in WORDS:
        if text.rstrip().casefold().endswith(f" {word}"):
            return constraint(workbook, text.rstrip()[:-4].strip(), word, "")
    for sign in ("<=", ">=", "="):
        left, found, right = text.partition(sign)
        if found and left.strip() and right.strip():
            return constraint(workbook, left.strip(), sign, right.strip())
    raise UsageError(
        f"--constraint {text!r} is none: expected 'PLACE<=VALUE', 'PLACE=PLACE', 'PLACE int', 'PLACE bin', 'PLACE dif'"
    )


def _area(workbook: Workbook, text: str) -> Area:
    area = resolve(workbook, text.strip().removeprefix("="))
    if area.height * area.width > MOST_CELLS:
        raise UsageError(
            f"{workbook.name}: {text.strip()} is {area.height * area.width:,} cells, too many to solve for"
        )
    return area


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().removeprefix("="))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def areas(workbook: Workbook, texts: Sequence[str]) -> tuple[Area, ...]:
    """Return the areas that lists of places name."""
    return tuple(_area(workbook, part) for text in texts for part in split_places(text))


def bounds_of(
    model: SolverModel, name: str, fixed: Callable[[int], Floats | None]
) -> tuple[Floats, Floats, NDArray[np.bool_], list[int]]:
    """Return the bounds of the changing cells, which are whole, and the constraints that are no bounds.

    ``fixed``: the right side of a constraint where it depends on no changing cell. Raises `Infeasible`, `UsageError`.
    """
    size = sum(area.height * area.width for area in model.changing)
    low = np.full(size, 0.0 if model.nonnegative else -np.inf)
    high, whole = np.full(size, np.inf), np.zeros(size, dtype=np.bool_)
    rest = []
    for number, each in enumerate(model.constraints):
        places = within(model.changing, each.left)
        if each.relation in WORDS:
            if places is None:
                raise UsageError(f"{name}: {each.text}: these are no changing cells")
            whole[places] = True
            if each.relation == "bin":
                low[places], high[places] = np.maximum(low[places], 0), np.minimum(high[places], 1)
            continue
        side = None if places is None else fixed(number)
        if side is None:
            rest.append(number)
            continue
        bound = np.broadcast_to(side, each.left.shape).ravel()
        if each.relation in ("<=", "="):
            high[places] = np.minimum(high[places], bound)
        if each.relation in (">=", "="):
            # a bound of its own stands before non-negativity
            own = model.nonnegative and each.relation == ">="
            low[places] = bound if own else np.maximum(low[places], bound)
    if (low > high).any():
        raise Infeasible(f"{name}: the bounds of the changing cells contradict each other")
    return low, high, whole, rest


def within(changing: Sequence[Area], area: Area) -> list[int] | None:
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
