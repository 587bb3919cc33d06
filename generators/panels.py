"""The vocabulary of a lesson: panels of cells, controls, labels, charts and Solver models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sheetgrad.sheets.values import Scalar

from .places import Frame
from .style import Role, Scale

# Names that Excel would read as a cell (A1, XFD9) or as R1C1.
_LIKE_A_CELL = re.compile(r"[A-Z]{1,3}[0-9]+|R[0-9]*(C[0-9]*)?|C[0-9]*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True, slots=True)
class Constants:
    """Cells that a reader may change: rows of scalars (None leaves a cell blank)."""

    rows: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """A formula for each cell, without "=", from its row and column in the panel; None leaves a cell blank."""

    formula: Callable[[int, int], str | None]
    array: bool = False  # entered with Ctrl+Shift+Enter, one formula a cell


@dataclass(frozen=True, slots=True)
class Whole:
    """One array formula over the whole panel."""

    formula: str


Content: TypeAlias = Constants | Fill | Whole


@dataclass(frozen=True, slots=True)
class Panel:
    """A named rectangle of cells that shows one thing."""

    name: str  # the defined name
    frame: Frame
    content: Content
    role: Role
    title: str = ""  # stands above the panel
    note: str = ""  # what it computes, in a sentence or two
    torch: str = ""  # the torch call that gives the same numbers
    scale: Scale = Scale.BLUE_WHITE_RED
    number_format: str = "0.0"
    align: str = "center"
    span: int = 1  # columns that a single cell is merged over, so that its number never shows as ###
    outline: bool = True
    quiet: bool = False  # its name is hidden and the index leaves it out: one of many alike

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or _LIKE_A_CELL.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a defined name")

    @property
    def shape(self) -> str:
        """The shape as titles state it: "26×26"."""
        return f"{self.frame.height}×{self.frame.width}"

    def first_formula(self) -> str:
        """Return the top left formula as Excel shows it, or "" for constants."""
        match self.content:
            case Fill(formula, array):
                places = ((i, j) for i in range(self.frame.height) for j in range(self.frame.width))
                text = next((text for i, j in places if (text := formula(i, j)) is not None), "")
                return f"{{={text}}}" if array else f"={text}"
            case Whole(formula):
                return f"{{={formula}}}"
        return ""

    def formulas(self) -> Iterator[tuple[int, int, str]]:
        """Yield row, column and text of each formula of a fill."""
        if not isinstance(self.content, Fill):
            return
        formula, frame = self.content.formula, self.frame
        for i in range(frame.height):
            for j in range(frame.width):
                text = formula(i, j)
                if text is not None:
                    yield frame.top + i, frame.left + j, text


@dataclass(frozen=True, slots=True)
class Choices:
    """What a control's list offers: literal values, or the cells of a frame."""

    values: tuple[str | float, ...] | Frame
    prompt: str
    whole: bool = False  # the two values are the least and the greatest whole number


class Look:
    """Names of text styles."""

    PLAIN = "plain"
    TITLE = "title"
    HEADING = "heading"
    FAINT = "faint"
    SMALL = "small"
    LARGE = "large"
    HEADER = "header"
    HEADER_LEFT = "header to the left"
    WRAP = "wrap"
    WRAP_CENTRE = "wrap centred"
    WRAP_TITLE = "wrapped title"
    ANSWER = "answer"
    TINT = "tint"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Label:
    """A text on a sheet ("=…" is a formula that gives one); ``width`` > 1 or ``height`` > 1 merges cells."""

    row: int
    column: int
    text: str | float
    look: str = Look.PLAIN
    role: Role | None = None
    colour: str = ""
    width: int = 1
    height: int = 1
    link: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a cloud of points of a chart."""

    title: str
    values: Frame
    categories: Frame
    colour: str = "#C0504D"
    labels: tuple[str, ...] = ()  # a text beside each point
    sides: tuple[str, ...] = ()  # where each text stands: "right" (everywhere by default), "left", "above", "below"
    marker: bool = False
    line: bool = True  # False: points alone, in a chart of curves


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart at a cell."""

    # "line", "column" or "bar" (numbers against categories), "scatter" (points), "curve" (points joined by lines)
    kind: str
    title: str
    series: tuple[Series, ...]
    row: int
    column: int
    width: int
    height: int
    x_title: str = ""
    y_title: str = ""
    reach: tuple[float, float] | None = None  # where the upright axis starts and ends; None: as the numbers need


@dataclass(frozen=True, slots=True)
class Solver:
    """The model that Excel's Solver finds in the sheet: minimise a cell by changing cells."""

    objective: Frame
    changing: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ListTable:
    """An Excel table over panels: ``frame`` includes the header row; ``formulas`` are those of calculated columns."""

    name: str
    frame: Frame
    columns: tuple[str, ...]
    formulas: dict[str, str]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Cells that turn red, or get a border, where a formula (as for the first cell) holds."""

    frame: Frame
    formula: str
    border: bool = False
