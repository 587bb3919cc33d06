"""The index sheet of a lesson: what it shows, where, what to try, and which torch call each panel equals."""

from __future__ import annotations

import math

from .book import Book, Sheet
from .panels import Choices, Look, Panel
from .style import Role

_COLUMNS = (
    ("panel", 150),
    ("sheet", 80),
    ("cells", 110),
    ("shape", 60),
    ("what it is", 80),
    ("what it computes", 620),
    ("torch", 330),
)


def add_index(book: Book) -> Sheet:
    """Add the index as the last sheet (the lesson itself opens first)."""
    sheet = book.sheet("index", frozen=(0, 0), default_width=64, zoom=100, pages=(1, 0))
    for column, (_, width) in enumerate(_COLUMNS):
        sheet.widths[column] = width
    sheet.label((0, 0), book.title, Look.HEADING)
    row = 2
    for paragraph in book.about:
        height = 1 + len(paragraph) // 240
        sheet.label((row, 0), paragraph, Look.WRAP, width=len(_COLUMNS), height=height)
        row += height
    row = _sheets(book, sheet, row + 1)
    row = _exercises(book, sheet, row + 1)
    row = _legend(sheet, row + 1)
    _panels(book, sheet, row + 1)
    return sheet


def _sheets(book: Book, sheet: Sheet, row: int) -> int:
    """Say what each sheet shows: what stands at its top left, unless it says more of itself."""
    sheet.label((row, 0), "Sheets", Look.TITLE)
    pages = [page for page in book.sheets if page is not sheet]
    for offset, page in enumerate(pages, start=1):
        heading = min((label for label in page.labels if label.row == 0), key=lambda label: label.column)
        sheet.label((row + offset, 0), page.name, Look.LINK, link=f"internal:'{page.name}'!A1")
        sheet.label((row + offset, 1), page.about or heading.text)
    return row + len(pages) + 1


def _exercises(book: Book, sheet: Sheet, row: int) -> int:
    sheet.label((row, 0), "Try", Look.TITLE)
    sheet.label((row, 1), "(answers are folded away to the right: open them with the + above the columns)", Look.FAINT)
    for number, (question, answer) in enumerate(book.exercises, start=1):
        sheet.label((row + number, 0), f"{number}.  {question}")
        sheet.label((row + number, len(_COLUMNS) + 1), answer, Look.ANSWER)
    sheet.widths[len(_COLUMNS)] = 20
    sheet.widths[len(_COLUMNS) + 1] = 900
    sheet.folded.append((len(_COLUMNS) + 1, len(_COLUMNS) + 1))
    return row + len(book.exercises) + 1


def _legend(sheet: Sheet, row: int) -> int:
    sheet.label((row, 0), "Colours", Look.TITLE)
    meaning = "(of outlines and titles; numbers are white at zero, red above it and blue below)"
    sheet.label((row, 1), meaning, Look.FAINT)
    for offset, role in enumerate(Role, start=1):
        sheet.label((row + offset, 0), role.word, Look.TINT, role=role)
        sheet.label((row + offset, 1), role.meaning)
    return row + len(Role) + 1


def _panels(book: Book, sheet: Sheet, row: int) -> None:
    sheet.headers(row, 0, [title for title, _ in _COLUMNS], Look.HEADER_LEFT)
    shown = [(page, panel) for page in book.sheets for panel in page.panels if not panel.quiet]
    for offset, (page, panel) in enumerate(shown, start=1):
        frame = panel.frame
        last = (
            "" if frame.height == frame.width == 1 else f":{frame.part(frame.height - 1, frame.width - 1, 1, 1).cell()}"
        )
        cells = f"{frame.part(0, 0, 1, 1).cell()}{last}"
        sheet.label((row + offset, 0), panel.name, Look.LINK, link=f"internal:'{page.name}'!{cells}")
        texts = (page.name, cells, panel.shape, _kind(panel, page.choices.get(panel.name)), panel.note, panel.torch)
        for column, text in enumerate(texts, start=1):
            if text:
                sheet.label((row + offset, column), text, Look.WRAP, colour=panel.role.colour if column == 4 else "")
        longest = max(len(panel.note) / 130, len(panel.torch) / 62)
        sheet.heights[row + offset] = 20 * max(1, math.ceil(longest))


def _kind(panel: Panel, choices: Choices | None) -> str:
    return panel.role.word if choices is None else "control"
