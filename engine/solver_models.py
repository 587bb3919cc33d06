"""The model of Excel's Solver as the file stores it: hidden names of a sheet that all start with ``solver_``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sheetgrad.sheets.errors import BadReference, UsageError
from sheetgrad.sheets.model import Area, Workbook

from .selection import resolve

Goal: TypeAlias = Literal["max", "min", "value"]
Relation: TypeAlias = Literal["<=", "=", ">=", "int", "bin"]

GOALS: dict[str, Goal] = {"1": "max", "2": "min", "3": "value"}
RELATIONS: dict[str, Relation] = {"1": "<=", "2": "=", "3": ">=", "4": "int", "5": "bin"}
NO_LIMIT = 2147483647
MOST_CELLS = 1 << 20


@dataclass(frozen=True, slots=True)
class Constraint:
    """``left`` stands in ``relation`` to ``right``: an area of the same shape, one cell, or a number (for int None)."""

    left: Area
    relation: Relation
    right: Area | float | None
    text: str


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
    )


def _constraint(workbook: Workbook, texts: dict[str, str], number: int, place: str) -> Constraint:
    left, code, right = (texts.get(f"{part}{number}", "") for part in ("lhs", "rel", "rhs"))
    relation = RELATIONS.get(code.strip())
    if relation is None:
        what = "all different" if code.strip() == "6" else f"relation {code!r}"
        raise UsageError(f"{workbook.name}: the Solver model on {place!r} asks for what this cannot: {what}: {left}")
    return constraint(workbook, left, relation, right)


def constraint(workbook: Workbook, left: str, relation: Relation, right: str) -> Constraint:
    """Build a constraint from texts; for int and bin ``right`` says nothing. Raises `UsageError`."""
    area = _area(workbook, left)
    if relation in ("int", "bin"):
        return Constraint(area, relation, None, f"{left} {relation}")
    number = _number(right)
    bound: Area | float = number if number is not None else _area(workbook, right)
    if isinstance(bound, Area) and bound.shape not in ((1, 1), area.shape):
        raise UsageError(f"{workbook.name}: the two sides of {left} {relation} {right} differ in size")
    return Constraint(area, relation, bound, f"{left} {relation} {right}")


def spoken(workbook: Workbook, text: str) -> Constraint:
    """Read a constraint as ``Sheet!A1:A3<=10``, ``A1=B1``, ``A1:A9 int``. Raises `UsageError`."""
    for word in ("int", "bin"):
        if text.rstrip().casefold().endswith(f" {word}"):
            return constraint(workbook, text.rstrip()[:-4].strip(), word, "")
    for sign in ("<=", ">=", "="):
        left, found, right = text.partition(sign)
        if found and left.strip() and right.strip():
            return constraint(workbook, left.strip(), sign, right.strip())
    raise UsageError(
        f"--constraint {text!r} is none: expected 'PLACE<=VALUE', 'PLACE=PLACE', 'PLACE int' or 'PLACE bin'"
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
