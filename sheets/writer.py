"""Writing a workbook back: new values in the sheets that change, every other part byte for byte, all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from .archive import Ways, rewritten
from .errors import UsageError
from .fast_splice import splice_pieces
from .model import MAX_COLUMNS, Area, Cells, FormulaKind, Formulas, Workbook
from .package import Limits, Package
from .relationships import workbook_part
from .rendering import Changes, real_changes
from .span_splice import number_spans, splice_numbers
from .target import write_atomically
from .workbook_xml import SheetEntry, read_workbook_part

NewValues: TypeAlias = Mapping[int, Cells] | Iterable[tuple[int, Cells]]


def write_values(
    workbook: Workbook,
    changes: NewValues,
    target: str | os.PathLike[str],
    limits: Limits | None = None,
    fills: Iterable[Area] = (),
) -> None:
    """Write a workbook with new values to a file, which is either wholly there at the end or as it was.

    ``changes``: by sheet index, cells with their new values, as a mapping or as pairs made one by one (any order; those
    that already hold the value cost nothing). In the sheets only ``<v>`` and ``t`` of these cells change (and ``vm``,
    which speaks of the old value); cells that are not there yet are added, and the sheet's ``dimension`` grows with
    them. ``fills``: what dynamic array formulas fill; where the file says otherwise their ``ref`` changes too, or else
    their values would be constants to whoever reads the file next. ``limits``: none by default, because it has been
    read. Raises `FileRefused` where the target cannot be written.
    """
    write_atomically(target, _pieces(workbook, changes, limits, fills))


def written_bytes(
    workbook: Workbook, changes: NewValues, limits: Limits | None = None, fills: Iterable[Area] = ()
) -> bytes:
    """Return the file that `write_values` would write."""
    return b"".join(_pieces(workbook, changes, limits, fills))


def _pieces(workbook: Workbook, changes: NewValues, limits: Limits | None, fills: Iterable[Area]) -> Iterator[bytes]:
    data = workbook.package
    if data is None and workbook.origin is not None:
        from .in_memory import openpyxl_package

        data = openpyxl_package(workbook.origin)
    if data is None:
        raise UsageError(f"{workbook.name}: a workbook that was not read from a file cannot be written")
    package = Package.open(data, workbook.name, limits or Limits.none())
    moved = _moved(workbook, fills)
    needed = {
        index: found
        for index, cells in (changes.items() if isinstance(changes, Mapping) else changes)
        if (found := real_changes(workbook.sheets[index].cells, cells, moved.get(index)))
    }
    parts = _parts(package, workbook, needed)
    replaced = {part: _ways(package, workbook, index, part, needed[index]) for index, part in parts.items()}
    return rewritten(package, replaced) if replaced else iter([data])


def _moved(workbook: Workbook, fills: Iterable[Area]) -> dict[int, dict[int, Area]]:
    """Return what dynamic array formulas fill, by sheet and place, where the file says otherwise."""
    moved: dict[int, dict[int, Area]] = {}
    known: dict[int, dict[int, tuple[int, ...]]] = {}
    for area in fills:
        if area.sheet not in known:
            known[area.sheet] = _dynamic_areas(workbook.sheets[area.sheet].formulas)
        key = area.top * MAX_COLUMNS + area.left
        stored = known[area.sheet].get(key)
        if stored is not None and stored != (area.top, area.left, area.bottom, area.right):
            moved.setdefault(area.sheet, {})[key] = area
    return moved


def _dynamic_areas(formulas: Formulas) -> dict[int, tuple[int, ...]]:
    areas = formulas.area[formulas.kind == FormulaKind.DYNAMIC].tolist()
    return {top * MAX_COLUMNS + left: (top, left, bottom, right) for top, left, bottom, right in areas}


def _parts(package: Package, workbook: Workbook, changes: Mapping[int, Changes]) -> dict[int, str]:
    """Return the parts of the sheets that change, found by name where the package was made only now."""
    if all(workbook.sheets[index].part for index in changes):
        return {index: workbook.sheets[index].part for index in changes}
    entries: list[SheetEntry] = read_workbook_part(package, workbook_part(package)).sheets
    return {
        index: next(entry.part for entry in entries if entry.name == workbook.sheets[index].name) for index in changes
    }


def _ways(package: Package, workbook: Workbook, index: int, part: str, changes: Changes) -> Ways:
    sheet, strings = workbook.sheets[index].name, workbook.strings

    def whole() -> Iterator[bytes]:
        from .splice import splice

        yield from splice(package, part, sheet, package.read(part), changes, strings)

    ways = (lambda: splice_pieces(package, part, sheet, changes, strings), whole)
    spans = number_spans(workbook.sheets[index], changes)
    return ways if spans is None else (lambda: splice_numbers(package, part, *spans, changes.data), *ways)
