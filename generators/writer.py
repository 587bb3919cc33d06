"""Write a lesson's declaration, with its computed values, as .xlsx: the same declaration gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from sheetgrad.sheets.values import Error, Scalar

from .book import Book, Sheet
from .charts import insert_chart
from .formats import Formats
from .identity import NAME, spell_identity
from .panels import Constants, Fill, Label, ListTable, Look, Panel, Solver, Whole
from .places import Frame
from .style import CELL_FONT_SIZE, Scale

CREATED = datetime(2024, 1, 1, tzinfo=UTC)
Lookup: TypeAlias = Callable[[Frame], list[list[Scalar]]]  # the values of a frame, row by row


class _Page(Worksheet):  # type: ignore[misc]
    """A worksheet that takes formulas as they are: lessons use no function that needs a prefix in the file."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula[2:-1] if formula.startswith("{=") else formula.removeprefix("=")


def write(book: Book, value: Lookup) -> bytes:
    """Return the bytes of the workbook; ``value`` gives the values of a frame of formula cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as file:
        _describe(file, book)
        formats = Formats(file)
        pages = {sheet.name: file.add_worksheet(sheet.name, _Page) for sheet in book.sheets}
        for sheet in book.sheets:
            _write_sheet(file, pages[sheet.name], sheet, formats, value)
        _define_names(file, book)
        pages[book.sheets[0].name].activate()
    return buffer.getvalue()


def _describe(file: Workbook, book: Book) -> None:
    file.set_properties(
        {
            "title": book.title,
            "subject": f"sheetgrad lesson {book.lesson}",
            "author": "sheetgrad",
            "comments": book.about[0],
            "created": CREATED,
        }
    )
    file.set_size(2400, 1500)


def _define_names(file: Workbook, book: Book) -> None:
    names: list[list[Any]] = [[panel.name, -1, panel.frame.address, panel.quiet] for panel in book.panels]
    names.append([NAME, -1, spell_identity(book.lesson, book.options), True])
    for index, sheet in enumerate(book.sheets):
        if sheet.solver is not None:
            names += [[name, index, text, True] for name, text in solver_names(sheet.solver).items()]
    file.defined_names.extend(names)


def solver_names(solver: Solver) -> dict[str, str]:
    """Return the hidden names in which Excel's Solver keeps a model: minimise by GRG nonlinear, no constraints."""
    return {
        "solver_opt": solver.objective.address,
        "solver_adj": ",".join(frame.address for frame in solver.changing),
        "solver_typ": "2",
        "solver_val": "0",
        "solver_eng": "1",
        "solver_num": "0",
        "solver_neg": "2",
        "solver_cvg": "0.0001",
        "solver_drv": "1",
        "solver_est": "1",
        "solver_itr": "2147483647",
        "solver_mip": "2147483647",
        "solver_mni": "30",
        "solver_mrt": "0.075",
        "solver_msl": "2",
        "solver_nod": "2147483647",
        "solver_nwt": "1",
        "solver_pre": "0.000001",
        "solver_rbv": "1",
        "solver_rlx": "2",
        "solver_rsd": "0",
        "solver_scl": "1",
        "solver_sho": "2",
        "solver_ssz": "100",
        "solver_tim": "2147483647",
        "solver_tol": "0.01",
        "solver_ver": "3",
    }


def _write_sheet(file: Workbook, page: Worksheet, sheet: Sheet, formats: Formats, value: Lookup) -> None:
    _set_up(page, sheet)
    for table in sheet.tables:
        _write_table(page, table, formats)
    for label in sheet.labels:
        _write_label(page, sheet, label, formats, value)
    for panel in sheet.panels:
        if panel.name in sheet.choices:
            _write_control(page, sheet, panel, formats)
        else:
            _write_panel(page, panel, formats, value)
        _write_note(page, panel)
    for alarm in sheet.alarms:
        rule = {"type": "formula", "criteria": "=" + alarm.formula, "format": formats.alarm(alarm.border)}
        page.conditional_format(*_corners(alarm.frame), rule)
    for chart in sheet.charts:
        insert_chart(file, page, chart)


def _set_up(page: Worksheet, sheet: Sheet) -> None:
    page.hide_gridlines(2)
    page.set_default_row(sheet.row_height * 0.75)
    page.set_column_pixels(0, 16383, sheet.default_width)
    for column, pixels in sorted(sheet.widths.items()):
        page.set_column_pixels(column, column, pixels)
    for row, height in sorted(sheet.heights.items()):
        page.set_row_pixels(row, height)
    for first, last in sheet.folded:
        for column in range(first, last + 1):
            pixels = sheet.widths.get(column, sheet.default_width)
            page.set_column_pixels(column, column, pixels, None, {"level": 1, "hidden": True})
        page.set_column_pixels(
            last + 1, last + 1, sheet.widths.get(last + 1, sheet.default_width), None, {"collapsed": True}
        )
    page.freeze_panes(*sheet.frozen)
    page.set_zoom(sheet.zoom)
    page.set_landscape()
    page.set_paper(8)  # A3
    page.set_margins(0.4, 0.4, 0.5, 0.5)
    if sheet.pages is None:
        page.set_print_scale(sheet.print_scale)
        page.set_v_pagebreaks(list(sheet.breaks))
        page.set_h_pagebreaks(list(sheet.row_breaks))
    else:
        page.fit_to_pages(*sheet.pages)
    page.set_footer("&L&8&F&C&8&A&R&8&P / &N")
    if sheet.frozen[0]:
        page.repeat_rows(0, sheet.frozen[0] - 1)


def _write_table(page: Worksheet, table: ListTable, formats: Formats) -> None:
    header = formats.label(Label(0, 0, "", Look.HEADER))
    columns = [
        {"header": name, "header_format": header}
        | ({"formula": table.formulas[name]} if name in table.formulas else {})
        for name in table.columns
    ]
    options = {"name": table.name, "columns": columns, "style": None, "autofilter": False}
    page.add_table(*_corners(table.frame), options)


def _write_label(page: Worksheet, sheet: Sheet, label: Label, formats: Formats, value: Lookup) -> None:
    look = formats.label(label)
    if label.width > 1 or label.height > 1:
        bottom, right = label.row + label.height - 1, label.column + label.width - 1
        page.merge_range(label.row, label.column, bottom, right, "", look)
    if label.link:
        page.write_url(label.row, label.column, label.link, look, str(label.text))
    elif isinstance(label.text, str) and label.text.startswith("="):
        found = value(Frame(sheet.name, label.row, label.column, 1, 1))[0][0]
        page.write_formula(label.row, label.column, label.text, look, _stored(found))
    else:
        page.write(label.row, label.column, label.text, look)


def _write_control(page: Worksheet, sheet: Sheet, panel: Panel, formats: Formats) -> None:
    frame, choices = panel.frame, sheet.choices[panel.name]
    assert isinstance(panel.content, Constants)
    stored, look = panel.content.rows[0][0], formats.panel(panel, frozenset("tblr"))
    if panel.span > 1:
        page.merge_range(frame.top, frame.left, frame.top, frame.left + panel.span - 1, stored, look)
    else:
        page.write(frame.top, frame.left, stored, look)
    if choices.values:
        title = {"input_title": panel.name[:32], "input_message": choices.prompt[:255]}
        rule: dict[str, object] = {"validate": "list"}
        if isinstance(choices.values, Frame):
            rule["source"] = "=" + choices.values.all()
        elif choices.whole:
            rule = {
                "validate": "integer",
                "criteria": "between",
                "minimum": choices.values[0],
                "maximum": choices.values[1],
            }
        else:
            rule["source"] = list(choices.values)
        page.data_validation(frame.top, frame.left, frame.top, frame.left, rule | title)


def _write_panel(page: Worksheet, panel: Panel, formats: Formats, value: Lookup) -> None:
    frame = panel.frame
    looks = _Looks(panel, formats)
    match panel.content:
        case Constants(rows):
            for i, cells in enumerate(rows):
                for j, stored in enumerate(cells):
                    page.write(frame.top + i, frame.left + j, stored, looks.at(frame.top + i, frame.left + j))
        case Fill(_, array):
            done, values = set(), value(frame)
            for row, column, text in panel.formulas():
                result = _stored(values[row - frame.top][column - frame.left])
                if panel.span > 1:
                    page.merge_range(row, column, row, column + panel.span - 1, "", looks.at(row, column))
                if array:
                    page.write_array_formula(row, column, row, column, text, looks.at(row, column), result)
                else:
                    page.write_formula(row, column, text, looks.at(row, column), result)
                done.add((row, column))
            for row, column in _blank(frame, done):
                page.write_blank(row, column, None, looks.at(row, column))
        case Whole(formula):
            results = [[_stored(found) for found in cells] for cells in value(frame)]
            page.write_array_formula(*_corners(frame), formula, looks.at(frame.top, frame.left), results[0][0])
            for i, row_of_results in enumerate(results):
                for j, result in enumerate(row_of_results):
                    if i or j:
                        page.write(frame.top + i, frame.left + j, result, looks.at(frame.top + i, frame.left + j))
    if panel.scale is not Scale.NONE and frame.height * frame.width > 1:
        page.conditional_format(*_corners(frame), panel.scale.rule(frame.all()))


def _blank(frame: Frame, done: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if len(done) < frame.height * frame.width:
        for i in _rows(frame):
            for j in range(frame.left, frame.right):
                if (i, j) not in done:
                    yield i, j


def _write_note(page: Worksheet, panel: Panel) -> None:
    if not panel.note:
        return
    formula = panel.first_formula()
    lines = [panel.note]
    if formula:
        lines.append(f"{panel.frame.part(0, 0, 1, 1).cell()}: {formula}")
    if panel.torch:
        lines.append(f"torch: {panel.torch}")
    text = "\n\n".join(lines)
    rows = sum(1 + len(line) // 46 for line in text.split("\n"))
    look = {"author": "sheetgrad", "font_size": CELL_FONT_SIZE + 1, "width": 280, "height": 16 * rows + 14}
    page.write_comment(panel.frame.top, panel.frame.left, text, look)


class _Looks:
    """The cell formats of one panel: its outline runs around it."""

    def __init__(self, panel: Panel, formats: Formats) -> None:
        self._panel = panel
        self._formats = formats
        self._known: dict[frozenset[str], Format] = {}
        self._inner = formats.panel(panel, frozenset())

    def at(self, row: int, column: int) -> Format:
        frame = self._panel.frame
        if frame.top < row < frame.bottom - 1 and frame.left < column < frame.right - 1:
            return self._inner
        sides = frozenset(
            side
            for side, here in (
                ("t", row == frame.top),
                ("b", row == frame.bottom - 1),
                ("l", column == frame.left),
                ("r", column == frame.right - 1),
            )
            if here and self._panel.outline
        )
        found = self._known.get(sides)
        if found is None:
            found = self._known[sides] = self._formats.panel(self._panel, sides)
        return found


class _NoText(str):
    """The empty text as a formula's result: equal to nothing, because XlsxWriter takes "" for no result at all."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return False


def _stored(value: Scalar) -> Any:
    if value is None:
        return 0
    if value == "":
        return _NoText()
    return value.text if isinstance(value, Error) else value


def _corners(frame: Frame) -> tuple[int, int, int, int]:
    return frame.top, frame.left, frame.bottom - 1, frame.right - 1


def _rows(frame: Frame) -> range:
    return range(frame.top, frame.bottom)
