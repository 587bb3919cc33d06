"""Cells that compare the panels with torch's own numbers, inside the workbook, and turn red where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from math import isfinite

import numpy as np

from .book import Book, Sheet
from .compute import recompute
from .panels import Alarm, Look, Panel
from .places import Frame
from .style import Role, Scale

EQUAL, DIFFERS = "equal", "differs"
ALL_EQUAL, SOME_DIFFER = "✓ equal to torch", "≠ torch: see check"
SIX_DECIMALS = "[>=1000000000]0.000000E+0;0.000000"  # greater ones would show as ###
ROOM = 130  # pixels that the verdict of a sheet needs
TOP = 4


def can_check() -> bool:
    """Tell whether torch is installed: a lesson made without it has no checks."""
    return find_spec("torch") is not None


def add_checks(book: Book) -> None:
    """Add the sheet ``check`` and a cell on each sheet.

    For each panel the sum of all x + x² that torch gives is stored beside that of the panel; the many panels of a
    sheet that repeat another, as later steps do, are summed together.
    """
    from .twins import Source, twin

    expected = twin(book.lesson)(Source(recompute(book)))
    with np.errstate(over="ignore", invalid="ignore"):
        sums = {
            name: float(np.nansum(values) + np.nansum(values**2))
            for name, values in expected.items()
            if values.dtype != object
        }
    sums = {name: total for name, total in sums.items() if isfinite(total)}  # too long steps overflow
    checked = [each for sheet in book.sheets for each in _checked(sheet, sums)]
    lesson_sheets = [sheet for sheet in book.sheets if any(each.sheet == sheet.name for each in checked)]
    places, verdicts = _check_sheet(book, checked)
    for sheet in lesson_sheets:
        _verdict(sheet, places.seen_from(sheet.name), verdicts.seen_from(sheet.name))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A line of the sheet: its name, where it is, how formulas spell its cells, and torch's sum."""

    name: str
    sheet: str
    cells: str
    torch: float


def _checked(sheet: Sheet, sums: dict[str, float]) -> list[_Checked]:
    """Return the lines of a sheet: each panel that torch gives, and all quiet ones as one area."""
    known = [panel for panel in sheet.panels if panel.name in sums]
    lines = [_Checked(p.name, sheet.name, p.name, sums[p.name]) for p in known if not p.quiet]
    quiet = [panel for panel in known if panel.quiet]
    if quiet:
        area = _around(quiet)
        total = sum(sums[panel.name] for panel in quiet)
        lines.append(_Checked(area.all(""), sheet.name, area.seen_from("check").all(), total))
    return lines


def _around(panels: list[Panel]) -> Frame:
    """Return the least frame around panels, in which nothing else has numbers."""
    frames = [panel.frame for panel in panels]
    top, left = min(frame.top for frame in frames), min(frame.left for frame in frames)
    bottom, right = max(frame.bottom for frame in frames), max(frame.right for frame in frames)
    return Frame(frames[0].sheet, top, left, bottom - top, right - left)


def _check_sheet(book: Book, checked: list[_Checked]) -> tuple[Frame, Frame]:
    """Place names, torch's sums, the panels' sums, and whether they agree; return sheets and verdicts."""
    sheet = book.sheet("check", frozen=(TOP, 1), default_width=110, zoom=100, pages=(1, 0))
    sheet.widths |= {0: 170, 1: 110}
    count = len(checked)
    sheet.label((0, 0), "Equal to torch?", Look.HEADING)
    sheet.label((0, 3), "all panels")
    about = (
        "Stored with this workbook: the sum of x + x² over the cells of each panel, as torch gave it for the first "
        "settings. Change a control, and panels differ from it."
    )
    sheet.label((1, 0), about, Look.FAINT)
    sheet.headers(TOP - 1, 0, ("panel", "sheet", "torch", "here", "verdict"))
    sheet.constants(
        "check_panels",
        (TOP, 0),
        [[each.name] for each in checked],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="The panels; an area stands for all panels in it, the later ones of a series.",
    )
    places = sheet.constants(
        "check_sheets",
        (TOP, 1),
        [[each.sheet] for each in checked],
        Role.INPUT,
        scale=Scale.NONE,
        align="left",
        note="Where they are.",
    )
    torch = sheet.constants(
        "check_torch",
        (TOP, 2),
        [[each.torch] for each in checked],
        Role.INPUT,
        scale=Scale.NONE,
        number_format=SIX_DECIMALS,
        note="The sum of x + x² over the numbers x that torch gives for the panel.",
    )

    def total(i: int, j: int) -> str:
        return f"SUM({checked[i].cells})+SUMSQ({checked[i].cells})"

    here = sheet.fill(
        "check_here",
        (TOP, 3),
        (count, 1),
        total,
        Role.RESULT,
        scale=Scale.NONE,
        number_format=SIX_DECIMALS,
        note="The same sum over the panel as it stands here.",
        torch="(x + x ** 2).sum()",
    )

    def verdict(i: int, j: int) -> str:
        stored = torch.cell(i, 0)
        near = f"ABS({here.cell(i, 0)}-{stored})<=1E-9*(1+ABS({stored}))"
        return f'IFERROR(IF({near},"{EQUAL}","{DIFFERS}"),"{DIFFERS}")'

    verdicts = sheet.fill(
        "check_verdicts",
        (TOP, 4),
        (count, 1),
        verdict,
        Role.RESULT,
        scale=Scale.NONE,
        note="Equal where both agree to a billionth.",
        torch="torch.allclose",
    )
    sheet.alarms.append(Alarm(verdicts, f'{verdicts.cell(0, 0)}="{DIFFERS}"'))
    _say(sheet, "check_all", (0, 4), 2, f'COUNTIF({verdicts.all()},"{DIFFERS}")', "Red where any panel differs.")
    return places, verdicts


def _verdict(sheet: Sheet, places: Frame, verdicts: Frame) -> None:
    """Place a cell in the first row that says whether all panels of the sheet agree."""
    column, span = _room(sheet)
    name = "check_" + "".join(letter if letter.isalnum() else "_" for letter in sheet.name)
    count = f'COUNTIFS({places.all()},"{sheet.name}",{verdicts.all()},"{DIFFERS}")'
    note = "Red where a panel of this sheet differs from what torch gave for the first settings."
    _say(sheet, name, (0, column), span, count, note)


def _say(sheet: Sheet, name: str, place: tuple[int, int], span: int, differing: str, note: str) -> None:
    """Place a cell that says whether a count of differing panels is 0, and turns red where it is not."""
    frame = sheet.fill(
        name,
        place,
        (1, 1),
        lambda i, j: f'IF({differing}=0,"{ALL_EQUAL}","{SOME_DIFFER}")',
        Role.RESULT,
        scale=Scale.NONE,
        span=span,
        note=note,
        torch="sheetgrad verify compares again, at the settings of now",
    )
    sheet.alarms.append(Alarm(frame, f'{frame.cell(0, 0, "rc")}="{SOME_DIFFER}"'))


def _room(sheet: Sheet) -> tuple[int, int]:
    """Return the first free column of the first row that has room, and how many columns it takes."""
    taken = [panel.frame.left for panel in sheet.panels if panel.frame.top == 0]
    ends = {}
    for label in sheet.labels:
        if label.row == 0:
            letter = {Look.HEADING: 10, Look.FAINT: 6}.get(label.look, 7)
            ends[label.column] = (
                _reach(sheet, label.column, letter * len(str(label.text)) if label.width == 1 else 1) + label.width - 1
            )
    column = 0
    while True:
        span = _reach(sheet, column, ROOM) - column
        inside = range(column, column + span)
        blocked = [end for start, end in ends.items() if start < column + span and end > column]
        if not blocked and not any(place in inside for place in taken):
            return column, span
        column = max([column + 1, *blocked])


def _reach(sheet: Sheet, column: int, pixels: int) -> int:
    """Return the column after those that ``pixels`` cover from ``column`` on."""
    while pixels > 0:
        pixels -= sheet.widths.get(column, sheet.default_width)
        column += 1
    return column
