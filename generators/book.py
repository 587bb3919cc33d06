"""A lesson's workbook as a declaration: sheets of panels, before anything is computed or written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from sheetgrad.sheets.values import Scalar

from .panels import Alarm, Chart, Choices, Constants, Fill, Label, ListTable, Look, Panel, Solver, Whole
from .places import Frame, locate
from .style import ROW_HEIGHT, SQUARE, ZOOM, Role, Scale


class Manner(TypedDict, total=False):
    """How a panel looks; see `Panel`."""

    scale: Scale
    number_format: str
    align: str
    span: int
    outline: bool


class Details(Manner, total=False):
    """What may be said of a panel besides its place and content."""

    title: str
    note: str
    torch: str
    quiet: bool


@dataclass(slots=True)
class Sheet:
    """One worksheet of a lesson; methods that place a panel return its frame, for formulas to refer to."""

    name: str
    about: str = ""  # what the index says of it; its heading, where this is empty
    panels: list[Panel] = field(default_factory=list)
    choices: dict[str, Choices] = field(default_factory=dict)  # control's name → list
    labels: list[Label] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)  # column → pixels, where not the default
    heights: dict[int, int] = field(default_factory=dict)  # row → pixels, where not the default
    folded: list[tuple[int, int]] = field(default_factory=list)  # first and last column of folded columns
    tables: list[ListTable] = field(default_factory=list)
    solver: Solver | None = None
    frozen: tuple[int, int] = (1, 0)
    default_width: int = SQUARE
    row_height: int = ROW_HEIGHT
    zoom: int = ZOOM
    pages: tuple[int, int] | None = (
        1,
        0,
    )  # printed pages across and down (0: as many as it takes); None: by the next two
    print_scale: int = 75  # per cent
    breaks: tuple[int, ...] = ()  # columns that start a printed page
    row_breaks: tuple[int, ...] = ()  # rows that do

    def frame(self, place: str | tuple[int, int], shape: tuple[int, int] = (1, 1)) -> Frame:
        """Return the frame of a shape at a place, as this sheet spells it."""
        top, left = locate(place) if isinstance(place, str) else place
        return Frame(self.name, top, left, *shape)

    def add(self, panel: Panel) -> Frame:
        """Place a panel and its title (above it)."""
        if panel.title and panel.frame.top > 0:
            self.labels.append(Label(panel.frame.top - 1, panel.frame.left, panel.title, Look.TITLE, panel.role))
        self.panels.append(panel)
        return panel.frame

    def constants(
        self,
        name: str,
        place: str | tuple[int, int],
        rows: Iterable[Iterable[Scalar]],
        role: Role,
        **details: Unpack[Details],
    ) -> Frame:
        """Place a panel of constants."""
        table = tuple(tuple(_plain(value) for value in row) for row in rows)
        frame = self.frame(place, (len(table), len(table[0])))
        return self.add(Panel(name, frame, Constants(table), role, **details))

    def fill(
        self,
        name: str,
        place: str | tuple[int, int],
        shape: tuple[int, int],
        formula: Callable[[int, int], str | None],
        role: Role,
        *,
        array: bool = False,
        **details: Unpack[Details],
    ) -> Frame:
        """Place a panel with one formula a cell."""
        return self.add(Panel(name, self.frame(place, shape), Fill(formula, array), role, **details))

    def whole(
        self,
        name: str,
        place: str | tuple[int, int],
        shape: tuple[int, int],
        formula: str,
        role: Role,
        **details: Unpack[Details],
    ) -> Frame:
        """Place a panel that is one array formula."""
        return self.add(Panel(name, self.frame(place, shape), Whole(formula), role, **details))

    def result(
        self,
        name: str,
        place: str | tuple[int, int],
        label: str,
        formula: str,
        *,
        label_width: int = 1,
        **details: Unpack[Details],
    ) -> Frame:
        """Place a single formula with its label to the left (``label_width`` columns of it)."""
        frame = self.frame(place)
        self.labels.append(Label(frame.top, frame.left - label_width, label))
        known: Details = {"scale": Scale.NONE, "number_format": "0.0000"}
        return self.add(Panel(name, frame, Fill(lambda i, j: formula), Role.RESULT, **(known | details)))

    def control(
        self,
        name: str,
        place: str | tuple[int, int],
        label: str,
        value: str | float,
        choices: Sequence[str | float] | Frame | None = None,
        *,
        prompt: str = "",
        label_width: int = 1,
        width: int = 1,
        whole: bool = False,
        **details: Unpack[Details],
    ) -> Frame:
        """Place a control: its label (``label_width`` columns to the left), its value in a merged cell, its list."""
        frame = self.frame(place)
        self.labels.append(Label(frame.top, frame.left - label_width, label))
        values = choices if isinstance(choices, Frame) else tuple(choices or ())
        self.choices[name] = Choices(values, prompt or label, whole)
        known: Details = {"scale": Scale.NONE, "number_format": "General", "span": width}
        return self.add(Panel(name, frame, Constants(((_plain(value),),)), Role.CONTROL, **(known | details)))

    def label(self, place: str | tuple[int, int], text: str | float, look: str = Look.PLAIN, **details: object) -> None:
        """Place a text."""
        row, column = locate(place) if isinstance(place, str) else place
        self.labels.append(Label(row, column, text, look, **details))  # type: ignore[arg-type]

    def headers(self, row: int, column: int, texts: Iterable[str], look: str = Look.HEADER) -> None:
        """Place texts side by side."""
        for offset, text in enumerate(texts):
            self.label((row, column + offset), text, look)


@dataclass(slots=True)
class Book:
    """A lesson's workbook: what it teaches, its sheets, the options it was made with."""

    lesson: str
    title: str
    about: tuple[str, ...]  # paragraphs for the index sheet
    exercises: tuple[tuple[str, str], ...]  # questions and answers, which may be formulas ("=…")
    options: dict[str, str | int | float]
    sheets: list[Sheet] = field(default_factory=list)
    live: bool = True  # small enough to carry controls and checks

    def sheet(self, name: str, **details: object) -> Sheet:
        """Add a sheet."""
        sheet = Sheet(name, **details)  # type: ignore[arg-type]
        self.sheets.append(sheet)
        return sheet

    @property
    def panels(self) -> list[Panel]:
        """All panels, sheet by sheet."""
        return [panel for sheet in self.sheets for panel in sheet.panels]


def _plain(value: Scalar) -> Scalar:
    """Return a number as the file will hold it: XlsxWriter writes 16 digits."""
    if isinstance(value, bool | str) or value is None:
        return value
    return float(f"{float(value):.16G}")  # type: ignore[arg-type]
