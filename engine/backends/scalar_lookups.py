"""One value looked up, or counted by one tuple of criteria, in a small range: a pass over the range, nothing sorted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sheetgrad.sheets.values import Error, Kind, Scalar, Strings, Values

from ..functions.criteria import criterion, meets
from ..wildcards import has_wildcards
from .scalar_operations import ArrayRun, Cells, Run


def matched(sought: Run, window: ArrayRun, general: Run) -> Run:
    """Return exact MATCH in one row or column; ``general`` for lookup values that are patterns, empty or errors."""

    def run(cells: Cells) -> Scalar:
        value = sought(cells)
        if type(value) not in (float, str, bool) or (isinstance(value, str) and has_wildcards(value)):
            return general(cells)
        place = find(value, window(cells), cells.strings)
        return Error.NA if place is None else float(place + 1)

    return run


def find(value: Scalar, line: Values, strings: Strings) -> int | None:
    """Return the place of the first element that equals a number, a text or a logical, or None."""
    data, kinds = line.data.ravel(), None if line.kind is None else line.kind.ravel()
    if isinstance(value, str):
        folded = value.casefold()
        texts = [] if kinds is None else np.flatnonzero(kinds == _TEXT).tolist()
        return next((at for at in texts if strings.texts[int(data[at])].casefold() == folded), None)
    equal = data == value
    if kinds is not None:
        equal &= kinds == (_BOOL if isinstance(value, bool) else _NUMBER)
    elif isinstance(value, bool):
        return None
    places = np.flatnonzero(equal)
    return int(places[0]) if len(places) else None


def counted(tests: Sequence[tuple[ArrayRun, Run]], general: Run) -> Run:
    """Return COUNTIF or COUNTIFS; ``general`` where ranges differ in shape."""

    def run(cells: Cells) -> Scalar:
        date1904, found = cells.machine.context.date1904, None
        for window, wanted in tests:
            values = window(cells)
            met = meets(values, criterion(wanted(cells), date1904), cells.strings, date1904)
            if found is not None and found.shape != met.shape:
                return general(cells)
            found = met if found is None else found & met
        assert found is not None
        return float(np.count_nonzero(found))

    return run


_NUMBER, _TEXT, _BOOL = (int(kind) for kind in (Kind.NUMBER, Kind.TEXT, Kind.BOOL))
