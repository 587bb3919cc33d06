"""What a caller names, ``Sheet!A1:C3`` or a defined name, as an area of the workbook."""

from __future__ import annotations

from sheetgrad.sheets.addresses import Address, parse_range, split_sheet
from sheetgrad.sheets.errors import BadReference
from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area, DefinedName, Workbook

from .grid import Grid

_DEEPEST = 16  # names that stand for names, one behind the other


def resolve(workbook: Workbook, text: str) -> Area:
    """Return the area that ``text`` names: a range, a defined name, or a table. Raises `BadReference`.

    Without a sheet, a range needs a workbook of one sheet; ``sheet!name`` finds that sheet's names and the workbook's.
    """
    return _resolve(workbook, text, None, 0)


def clipped(area: Area, grid: Grid) -> Area:
    """Cut whole rows and columns down to what the sheet uses."""
    used = grid.used(area.sheet)
    bottom = max(used.bottom, 1) if (area.top, area.bottom) == (0, MAX_ROWS) else area.bottom
    right = max(used.right, 1) if (area.left, area.right) == (0, MAX_COLUMNS) else area.right
    return Area(area.sheet, area.top, area.left, bottom, right)


def _resolve(workbook: Workbook, text: str, home: int | None, depth: int) -> Area:
    if depth > _DEEPEST:
        raise BadReference(f"{workbook.name}: {text!r} stands for a name that stands for itself")
    prefix, rest = split_sheet(text)
    sheet = home if prefix is None else workbook.sheet_index(prefix)
    if prefix is not None and sheet is None:
        raise BadReference(f"{workbook.name}: no sheet called {prefix!r}; there are {_sheet_names(workbook)}")
    try:
        address = parse_range(rest)
        if address.sheet is not None:
            raise BadReference(f"{text!r} is not one range")
    except BadReference as error:
        return _named(workbook, text, rest, sheet, depth, error)
    return _placed(workbook, text, address, sheet)


def _placed(workbook: Workbook, text: str, address: Address, sheet: int | None) -> Area:
    if sheet is None and len(workbook.sheets) != 1:
        raise BadReference(f"{workbook.name}: {text!r} names no sheet; there are {_sheet_names(workbook)}")
    return Area(sheet or 0, address.top, address.left, address.bottom, address.right)


def _named(
    workbook: Workbook, text: str, name: str, sheet: int | None, depth: int, error: BadReference
) -> Area:
    found = _find_name(workbook, name, sheet)
    if found is not None:
        try:
            return _resolve(workbook, found.text, found.sheet, depth + 1)
        except BadReference:
            raise BadReference(f"{workbook.name}: the name {name!r} is not one range: ={found.text}") from None
    for table in workbook.tables:
        if table.name.casefold() == name.casefold():
            area = table.area
            return Area(
                area.sheet, area.top + table.header_rows, area.left, area.bottom - table.totals_rows, area.right
            )
    if name.replace(":", "").replace("$", "").isalnum() and not name.isalpha():
        raise BadReference(f"{workbook.name}: {error}; nor is it a defined name{_alike(workbook, name)}")
    raise BadReference(f"{workbook.name}: {text!r} is neither a range nor a defined name{_alike(workbook, name)}")


def _find_name(workbook: Workbook, name: str, sheet: int | None) -> DefinedName | None:
    folded = name.casefold()
    alike = [defined for defined in workbook.names if defined.name.casefold() == folded]
    local = [defined for defined in alike if defined.sheet is not None and defined.sheet == sheet]
    shared = [defined for defined in alike if defined.sheet is None]
    if local or shared:
        return (local or shared)[0]
    return alike[0] if len(alike) == 1 and sheet is None else None


def _alike(workbook: Workbook, name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [defined.name for defined in workbook.names if not defined.hidden], n=3)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def _sheet_names(workbook: Workbook) -> str:
    return ", ".join(repr(sheet.name) for sheet in workbook.sheets)
