"""Charts of the lessons."""

from __future__ import annotations

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from .panels import Chart, Series
from .style import FAINT, LINE


def insert_chart(file: Workbook, page: Worksheet, chart: Chart) -> None:
    """Draw a chart at its cell."""
    kinds = {
        "line": {"type": "line"},
        "column": {"type": "column"},
        "bar": {"type": "bar"},
        "scatter": {"type": "scatter"},
        "curve": {"type": "scatter", "subtype": "straight"},
    }
    drawing = file.add_chart(kinds[chart.kind])
    assert drawing is not None
    for series in chart.series:
        drawing.add_series(_series(chart.kind, series))
    font = {"size": 9, "color": FAINT}
    grid = {"visible": True, "line": {"color": LINE, "width": 0.5}}
    drawing.set_title({"name": chart.title, "name_font": {"size": 11, "bold": True}, "overlay": False})
    along: dict[str, object] = {"name": chart.x_title, "name_font": font, "num_font": font, "label_position": "low"}
    upright: dict[str, object] = {"name": chart.y_title, "name_font": font, "num_font": font, "label_position": "low"}
    upright |= {"major_gridlines": grid, **dict(zip(("min", "max"), chart.reach or (), strict=False))}
    if chart.kind == "bar":  # categories stand at the left, the first on top, numbers below them
        along, upright = upright | {"label_position": "high"}, along | {"reverse": True}
    drawing.set_x_axis(along)
    drawing.set_y_axis(upright)
    drawing.set_size({"width": chart.width, "height": chart.height})
    drawing.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom", "font": font})
    page.insert_chart(chart.row, chart.column, drawing, {"object_position": 1})


def _series(kind: str, series: Series) -> dict[str, object]:
    options: dict[str, object] = {
        "name": series.title,
        "values": "=" + series.values.address,
        "categories": "=" + series.categories.address,
    }
    if kind == "scatter" or series.marker:
        options["marker"] = {"type": "circle", "size": 5, "fill": {"color": series.colour}, "border": {"none": True}}
    if kind in ("column", "bar"):
        options["fill"] = {"color": series.colour}
        options["gap"] = 40
    elif kind != "scatter" and series.line:
        options["line"] = {"color": series.colour, "width": 1.75}
    else:
        options["line"] = {"none": True}
    if series.labels:
        sides = series.sides or ("right",) * len(series.labels)
        custom = [{"value": label, "position": side} for label, side in zip(series.labels, sides, strict=True)]
        options["data_labels"] = {"value": True, "custom": custom, "position": "right", "font": {"size": 8}}
    return options
