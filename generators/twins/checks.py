"""The twin of the sheet ``check``: sums of what torch gives now, beside those stored with the workbook."""

from __future__ import annotations

from typing import Any

import numpy as np

from .source import Source

EQUAL, DIFFERS = "equal", "differs"
ALL_EQUAL, SOME_DIFFER = "✓ equal to torch", "≠ torch: see check"


def checks(source: Source, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the expected panels of the sheet ``check`` and of the verdicts on the other sheets."""
    names = [str(row[0]) for row in source.texts("check_panels")]
    sheets = [str(row[0]) for row in source.texts("check_sheets")]
    here = np.array([[np.nansum(expected[name]) + np.nansum(expected[name] ** 2)] for name in names])
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
