"""The twin of the sheet ``check``: sums of what torch gives now, beside those stored with the workbook."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import quote_sheet

from .source import Source

EQUAL, DIFFERS = "equal", "differs"
ALL_EQUAL, SOME_DIFFER = "✓ equal to torch", "≠ torch: see check"


def checks(source: Source, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the expected panels of the sheet ``check`` and of the verdicts on the other sheets."""
    names = [str(row[0]) for row in source.texts("check_panels")]
    sheets = [str(row[0]) for row in source.texts("check_sheets")]
    places = zip(names, sheets, strict=True)
    here = np.array([[sum(_sum(expected[name]) for name in _panels(source, expected, *place))] for place in places])
    torch = source.numbers("check_torch")
    near = (np.abs(here - torch) <= 1e-9 * (1 + np.abs(torch)))[:, 0]
    found: dict[str, Any] = {
        "check_here": here,
        "check_verdicts": np.array([[EQUAL if good else DIFFERS] for good in near], dtype=object),
    }
    found["check_all"] = np.array([[ALL_EQUAL if near.all() else SOME_DIFFER]], dtype=object)
    for sheet in sorted(set(sheets)):
        name = "check_" + "".join(letter if letter.isalnum() else "_" for letter in sheet)
        good = all(flag for flag, place in zip(near, sheets, strict=True) if place == sheet)
        found[name] = np.array([[ALL_EQUAL if good else SOME_DIFFER]], dtype=object)
    return found


def _panels(source: Source, expected: dict[str, Any], name: str, sheet: str) -> list[str]:
    """Return the panels that a line of the check stands for: one by its name, or all in an area."""
    return source.inside(f"{quote_sheet(sheet)}!{name}", expected) if ":" in name else [name]


def _sum(values: NDArray[np.float64]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # of a training that goes astray
        return float(np.nansum(values) + np.nansum(values**2))
