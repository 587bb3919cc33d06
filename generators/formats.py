"""Cell formats, each made once a workbook."""

from __future__ import annotations

from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from .panels import Label, Look, Panel
from .style import CELL_FONT_SIZE, FAINT, FONT, INK, LINE, TITLE_FONT_SIZE, Role

_SIDES = {"t": "top", "b": "bottom", "l": "left", "r": "right"}
_LOOKS: dict[str, dict[str, Any]] = {
    Look.PLAIN: {},
    Look.TITLE: {"bold": True, "font_size": TITLE_FONT_SIZE},
    Look.HEADING: {"bold": True, "font_size": 14},
    Look.LARGE: {"font_size": 28, "align": "center"},
    Look.FAINT: {"italic": True, "font_color": FAINT},
    Look.SMALL: {"font_color": FAINT, "font_size": 6, "align": "center"},
    Look.HEADER_LEFT: {"bold": True, "bottom": 1, "bottom_color": LINE, "valign": "bottom"},
    Look.HEADER: {
        "align": "center",
        "bold": True,
        "bottom": 1,
        "bottom_color": LINE,
        "text_wrap": True,
        "valign": "bottom",
    },
    Look.WRAP: {"text_wrap": True, "valign": "top"},
    Look.WRAP_CENTRE: {"text_wrap": True, "valign": "bottom", "align": "center", "bold": True},
    Look.WRAP_TITLE: {"text_wrap": True, "valign": "top", "bold": True, "font_size": 12},
    Look.TINT: {},
    Look.ANSWER: {"text_wrap": True, "valign": "top", "italic": True, "font_color": FAINT},
    Look.LINK: {"font_color": "#0563C1", "underline": 1, "valign": "top"},
}


class Formats:
    """The formats of one workbook, by what they look like."""

    def __init__(self, file: Workbook) -> None:
        self._file = file
        self._known: dict[tuple[tuple[str, Any], ...], Format] = {}

    def make(self, **properties: Any) -> Format:
        """Return the format with these properties."""
        full = {"font_name": FONT, "font_size": CELL_FONT_SIZE, "font_color": INK, "valign": "vcenter"} | properties
        key = tuple(sorted(full.items()))
        if key not in self._known:
            self._known[key] = self._file.add_format(full)
        return self._known[key]

    def panel(self, panel: Panel, sides: frozenset[str]) -> Format:
        """Return the format of a panel's cell that lies on the given sides of its outline."""
        properties: dict[str, Any] = {"num_format": panel.number_format, "align": panel.align}
        for side in sides:
            properties[_SIDES[side]] = 1
            properties[_SIDES[side] + "_color"] = panel.role.colour
        if panel.align == "left":
            properties["indent"] = 1
        if panel.role in (Role.CONTROL, Role.RESULT):
            properties["bg_color"] = panel.role.tint
        if panel.role is Role.CONTROL:
            properties |= {"bold": True, "font_size": TITLE_FONT_SIZE}
        return self.make(**properties)

    def label(self, label: Label) -> Format:
        """Return the format of a text."""
        properties = dict(_LOOKS[label.look])
        if label.role is not None:
            properties["font_color"] = label.role.colour
        if label.colour:
            properties["font_color"] = label.colour
        if label.look == Look.TINT and label.role is not None:
            properties["bg_color"] = label.role.tint
        return self.make(**properties)

    def alarm(self, border: bool) -> Format:
        """Return the format of a cell that reports a difference, or stands out by its border."""
        if border:
            return self._file.add_format(
                {"border": 1, "border_color": "#1F3FBF", "font_color": "#1F3FBF", "bold": True}
            )
        return self._file.add_format({"bg_color": "#C00000", "font_color": "#FFFFFF", "bold": True})
