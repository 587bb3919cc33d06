"""Recompute a lesson by the engine and compare each panel with its torch twin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.workbook import Result, open_workbook
from sheetgrad.sheets.errors import FileRefused

from .identity import read_identity

TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Checked:
    """One panel against torch: ``scale`` is the greatest number that torch has there."""

    name: str
    range: str
    cells: int
    max_abs_error: float
    scale: float

    @property
    def ok(self) -> bool:
        """Whether the greatest error is within the tolerance of the panel's scale."""
        return self.max_abs_error <= TOLERANCE * self.scale

    def as_json(self) -> dict[str, Any]:
        """Return the panel for the report."""
        return {
            "name": self.name,
            "range": self.range,
            "cells": self.cells,
            "max_abs_error": min(self.max_abs_error, 1e308),
            "scale": self.scale,
            "ok": self.ok,
        }


def verify(source: str | os.PathLike[str] | bytes, backend: str = "numpy") -> dict[str, Any]:
    """Recompute a lesson and compare it with its twin; return ``lesson``, ``panels`` and ``ok``.

    Inputs are read out of the workbook, so one that a reader has edited still verifies. Cells of random numbers that
    RAND() draws are taken as drawn. Raises `FileRefused` for a workbook that is no lesson, or whose inputs torch cannot
    take: a weekday that is in no list, a text for a number.
    """
    from .twins import Source, twin
    from .twins.checks import checks

    workbook = open_workbook(source)
    identity = read_identity(workbook.names)
    if identity is None:
        raise FileRefused(workbook.name, "it is not a lesson made by sheetgrad generate")
    lesson = str(identity["lesson"])
    result = workbook.recompute(backend=backend)
    inputs = Source(result)
    try:
        expected = twin(lesson)(inputs)
        if inputs.has("check_torch"):
            expected |= checks(inputs, expected)
    except (ValueError, IndexError, RuntimeError) as error:
        raise FileRefused(workbook.name, f"an input is not what lesson {lesson} takes: {error}") from error
    panels = [_check(result, name, values) for name, values in expected.items()]
    return {
        "lesson": lesson,
        "panels": [panel.as_json() for panel in panels],
        "ok": all(panel.ok for panel in panels),
    }


def _check(result: Result, name: str, expected: NDArray[Any]) -> Checked:
    from .twins.source import as_floats

    area = result.area(name)
    values = np.asarray(result.array(name), dtype=object)
    place = result.workbook.place(area)
    if values.shape != expected.shape:
        return Checked(name, place, values.size, float("inf"), 0.0)
    if expected.dtype == object:
        same = [found == text for found, text in zip(values.flat, expected.flat, strict=True)]
        return Checked(name, place, values.size, 0.0 if all(same) else float("inf"), 0.0)
    found = as_floats(values)
    scale = float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
    # blank, or past all numbers, on both sides
    alike = (np.isnan(found) & np.isnan(expected)) | (np.isinf(found) & np.isinf(expected))
    with np.errstate(invalid="ignore"):
        error = np.where(alike, 0.0, np.abs(found - expected))
    worst = float(np.nan_to_num(error, nan=np.inf).max(initial=0.0))
    return Checked(name, place, found.size, worst, scale)
