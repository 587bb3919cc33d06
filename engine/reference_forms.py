"""Special forms on references: ROW, COLUMN, INDEX, OFFSET, INDIRECT, ISREF, SHEET, FORMULATEXT and their kin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_COLUMNS, MAX_ROWS, Area, FormulaKind
from sheetgrad.sheets.values import Error, Floats, Kind, Scalar, Values

from . import coercion
from .broadcasting import fit
from .coercion import Codes, merge_codes
from .forms import form, given
from .formula_text import formula_text
from .frames import Frame, Mode, Operand
from .lexer import FormulaError
from .parser import parse
from .references import Reference, rectangle
from .spelling import REFERENCES
from .syntax import Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

Nodes: TypeAlias = "tuple[Node, ...]"

_R1C1 = re.compile(r"(?:R(\[-?\d{1,7}\]|\d{1,7})?)?(?:C(\[-?\d{1,5}\]|\d{1,5})?)?", re.IGNORECASE | re.ASCII)
_FUNCTION_PREFIX = re.compile(r"_xlfn\.(?:_xlws\.)?|_xlpm\.|_xludf\.", re.IGNORECASE)


@form("ROW")
def _row(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    node = given(arguments, 0)
    if node is None:
        return evaluation.scalar(float(frame.row + 1))
    area = _area(evaluation, node, frame)
    if not isinstance(area, Area):
        return area
    bottom = area.top + 1 if frame.mode == Mode.SCALAR else area.bottom
    return Values(np.arange(area.top + 1.0, bottom + 1.0)[:, None])


@form("COLUMN")
def _column(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    node = given(arguments, 0)
    if node is None:
        return evaluation.scalar(float(frame.column + 1))
    area = _area(evaluation, node, frame)
    if not isinstance(area, Area):
        return area
    right = area.left + 1 if frame.mode == Mode.SCALAR else area.right
    return Values(np.arange(area.left + 1.0, right + 1.0)[None, :])


def _area(evaluation: Evaluation, node: Node, frame: Frame) -> Area | Values:
    """Return the one area that an argument means, or the error value to return."""
    operand = evaluation.evaluate(node, frame)
    if isinstance(operand, Reference):
        return operand.single or evaluation.error(Error.REF)
    return _error_or(evaluation, operand, Error.VALUE)


def _error_or(evaluation: Evaluation, operand: Operand, error: Error) -> Values:
    if isinstance(operand, Values) and operand.data.size == 1 and (operand.kinds == Kind.ERROR).all():
        return operand
    return evaluation.error(error)


@form("ROWS")
def _rows(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    return _extent(evaluation, arguments[0], frame, 0)


@form("COLUMNS")
def _columns(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    return _extent(evaluation, arguments[0], frame, 1)


def _extent(evaluation: Evaluation, node: Node, frame: Frame, axis: int) -> Operand:
    operand = evaluation.evaluate(node, frame.forced())
    if isinstance(operand, Reference):
        area = operand.single
        return evaluation.error(Error.REF) if area is None else evaluation.scalar(float(area.shape[axis]))
    if not isinstance(operand, Values) or (operand.data.size == 1 and (operand.kinds == Kind.ERROR).all()):
        return _error_or(evaluation, operand, Error.VALUE)
    return evaluation.scalar(float(operand.shape[axis]))


@form("AREAS")
def _areas(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    operand = evaluation.evaluate(arguments[0], frame)
    if isinstance(operand, Reference):
        return evaluation.scalar(float(len(operand.areas)))
    return _error_or(evaluation, operand, Error.VALUE)


@form("ISREF")
def _isref(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    return evaluation.scalar(isinstance(evaluation.evaluate(arguments[0], frame), Reference))


@form("OFFSET")
def _offset(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    area = _area(evaluation, arguments[0], frame)
    if not isinstance(area, Area):
        return area
    sizes = float(area.height), float(area.width)
    moves = [_numbers(evaluation, given(arguments, i), frame, 0.0) for i in (1, 2)]
    moves += [_numbers(evaluation, given(arguments, i), frame, size) for i, size in zip((3, 4), sizes, strict=True)]
    down, across, height, width = (data for data, _ in moves)
    codes: Codes = None
    for _, own in moves:
        codes = merge_codes(codes, own)
    if all(data.size == 1 for data, _ in moves):
        if codes is not None:
            return _error(evaluation, codes)
        moved = _moved(area, *(float(data.flat[0]) for data, _ in moves))
        return evaluation.error(Error.REF) if moved is None else Reference((moved,))
    return _cells_at(evaluation, area, down, across, height, width, codes)


def _moved(area: Area, down: float, across: float, height: float, width: float) -> Area | None:
    if max(abs(down), abs(across), abs(height), abs(width)) > MAX_ROWS:
        return None
    if height == 0 or width == 0:
        return None
    top, left = area.top + int(down), area.left + int(across)
    # Sizes are cut to whole numbers, but not to 0.
    tall, wide = (int(size) or (1 if size > 0 else -1) for size in (height, width))
    return rectangle(area.sheet, top, left, top + tall - (1 if tall > 0 else -1), left + wide - (1 if wide > 0 else -1))


def _cells_at(
    evaluation: Evaluation, area: Area, down: Floats, across: Floats, height: Floats, width: Floats, codes: Codes
) -> Values:
    """Return the single cells that an array of moves leads to; areas of several cells cannot stand in an array."""
    shape = np.broadcast_shapes(down.shape, across.shape, height.shape, width.shape)
    spread = [np.broadcast_to(each, shape) for each in (down, across, height, width)]
    data, kind = np.zeros(shape), np.full(shape, np.uint8(Kind.ERROR))
    failed = np.zeros(shape, dtype=np.uint8) if codes is None else np.broadcast_to(codes, shape)
    for at in np.ndindex(*shape):
        moved = _moved(area, *(float(each[at]) for each in spread)) if not failed[at] else None
        if failed[at]:
            data[at] = failed[at]
        elif moved is None:
            data[at] = Error.REF.code
        elif moved.shape != (1, 1):
            data[at] = Error.VALUE.code
        else:
            value = evaluation.read(moved)
            data[at], kind[at] = value.data[0, 0], value.kinds[0, 0]
    return Values(data, kind)


def _numbers(evaluation: Evaluation, node: Node | None, frame: Frame, default: float) -> tuple[Floats, Codes]:
    if node is None:
        return np.array([[default]]), None
    data, codes = coercion.numbers(
        evaluation.values(node, frame), evaluation.context.strings, evaluation.context.date1904
    )
    return data, codes if codes is not None and codes.any() else None


def _error(evaluation: Evaluation, codes: NDArray[np.uint8]) -> Values:
    return Values(codes.astype(np.float64).reshape(1, 1), np.full((1, 1), Kind.ERROR, dtype=np.uint8))


@form("INDEX")
def _index(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    operand = evaluation.evaluate(arguments[0], frame.forced())
    chosen = [_numbers(evaluation, given(arguments, i), frame, 0.0) for i in (1, 2)]
    number, failed = _numbers(evaluation, given(arguments, 3), frame, 1.0)
    codes = merge_codes(merge_codes(chosen[0][1], chosen[1][1]), failed)
    rows, columns = np.trunc(chosen[0][0]), np.trunc(chosen[1][0])
    if codes is not None and rows.size == columns.size == 1:
        return _error(evaluation, codes)
    if isinstance(operand, Reference):
        at = int(number.flat[0]) if 1 <= number.flat[0] <= len(operand.areas) else 0
        if not at:
            return evaluation.error(Error.REF)
        operand = Reference((operand.areas[at - 1],))
    elif number.flat[0] != 1:
        return evaluation.error(Error.REF)
    elif not isinstance(operand, Values) or (operand.data.size == 1 and (operand.kinds == Kind.ERROR).all()):
        return _error_or(evaluation, operand, Error.VALUE)
    shape = operand.areas[0].shape if isinstance(operand, Reference) else operand.shape
    if shape[0] == 1 and given(arguments, 2) is None and len(arguments) < 3:
        rows, columns = columns, rows  # of a single row the one index counts columns
    if rows.size > 1 or columns.size > 1:
        return _elements(evaluation, operand, rows, columns, codes)
    return _indexed(evaluation, operand, shape, int(rows.flat[0]), int(columns.flat[0]))


def _indexed(
    evaluation: Evaluation, operand: Reference | Values, shape: tuple[int, ...], row: int, column: int
) -> Operand:
    """Return one cell, or with 0 a whole row or column; of a reference, a reference."""
    if row < 0 or column < 0:
        return evaluation.error(Error.VALUE)
    if row > shape[0] or column > shape[1]:
        return evaluation.error(Error.REF)
    top, bottom = (0, shape[0]) if row == 0 else (row - 1, row)
    left, right = (0, shape[1]) if column == 0 else (column - 1, column)
    if isinstance(operand, Reference):
        area = operand.areas[0]
        return Reference((Area(area.sheet, area.top + top, area.left + left, area.top + bottom, area.left + right),))
    kind = None if operand.kind is None else operand.kind[top:bottom, left:right]
    return Values(operand.data[top:bottom, left:right], kind)


def _elements(
    evaluation: Evaluation, operand: Reference | Values, rows: Floats, columns: Floats, codes: Codes
) -> Values:
    """Pick an array of elements: a column of row numbers against a row of column numbers spans a rectangle.

    Index 0 along an axis means all of it, where the other index is an array along the other axis.
    """
    values = evaluation.whole(operand)
    height, width = values.shape
    if columns.size == 1 and columns.flat[0] == 0 and (rows.shape[1] == 1 or width == 1):
        columns = np.arange(1.0, width + 1.0)[None, :]
    if rows.size == 1 and rows.flat[0] == 0 and (columns.shape[0] == 1 or height == 1):
        rows = np.arange(1.0, height + 1.0)[:, None]
    failed = None if codes is None else Values(codes.astype(np.float64), np.where(codes != 0, 4, 1).astype(np.uint8))
    row_values, column_values, *_ = fit((Values(rows), Values(columns)))
    rows, columns = np.broadcast_arrays(row_values.data, column_values.data)
    inside = (rows >= 1) & (rows <= height) & (columns >= 1) & (columns <= width)
    at = np.where(inside, rows, 1).astype(np.int64) - 1, np.where(inside, columns, 1).astype(np.int64) - 1
    data = np.where(inside, values.data[at], float(Error.REF.code))
    kind = np.where(inside, values.kinds[at], np.uint8(Kind.ERROR))
    if failed is not None:
        bad = np.broadcast_to(failed.kinds == Kind.ERROR, data.shape)
        data = np.where(bad, np.broadcast_to(failed.data, data.shape), data)
        kind = np.where(bad, np.uint8(Kind.ERROR), kind)
    return Values(data, kind)


@form("INDIRECT")
def _indirect(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    text = evaluation.values(arguments[0], frame)
    a1 = given(arguments, 1)
    style = True
    if len(arguments) > 1:
        flag, codes = coercion.logicals(
            evaluation.empty if a1 is None else evaluation.values(a1, frame), evaluation.context.strings
        )
        if codes is not None and codes.any():
            return _error(evaluation, codes.ravel()[:1])
        style = bool(flag.flat[0])
    words, codes = coercion.texts(text, evaluation.context.strings)
    if words.size == 1:
        if codes is not None:
            return _error(evaluation, codes)
        return _from_text(evaluation, str(words.flat[0]), style, frame)
    data, kind = np.zeros(words.shape), np.zeros(words.shape, dtype=np.uint8)
    for at in np.ndindex(*words.shape):
        value = evaluation.whole(_from_text(evaluation, str(words[at]), style, frame))
        value = evaluation.error(Error.VALUE) if value.data.size > 1 else value
        data[at], kind[at] = value.data[0, 0], value.kinds[0, 0]
    return Values(data, kind)


def _from_text(evaluation: Evaluation, text: str, a1: bool, frame: Frame) -> Operand:
    """Return what a text refers to, or #REF!."""
    if not a1:
        text = _to_a1(text, frame) or ""
    try:
        formula = parse(text.strip())
    except FormulaError:
        return evaluation.error(Error.REF)
    if not isinstance(formula.tree, REFERENCES) or text.lstrip().startswith("="):
        return evaluation.error(Error.REF)
    slots = [coordinate for slot in formula.slots for coordinate in (slot.row, slot.column)]
    place = Frame(slots, frame.sheet, frame.row, frame.column, frame.mode, depth=frame.depth)
    found = evaluation.evaluate(formula.tree, place)
    return found if isinstance(found, Reference) else evaluation.error(Error.REF)


def _to_a1(text: str, frame: Frame) -> str | None:
    """Rewrite an R1C1 reference in A1 style; None where it is none."""
    from sheetgrad.sheets.addresses import column_name

    prefix, mark, body = text.strip().rpartition("!")
    corners = []
    for corner in body.split(":"):
        match = _R1C1.fullmatch(corner)
        if match is None or not corner:
            return None
        row = _coordinate(match[1], frame.row, "r" in corner.lower())
        column = _coordinate(match[2], frame.column, "c" in corner.lower())
        if (row is not None and not 0 <= row < MAX_ROWS) or (column is not None and not 0 <= column < MAX_COLUMNS):
            return None
        name = "" if column is None else f"${column_name(column)}"
        corners.append(name + ("" if row is None else f"${row + 1}"))
        lone = row is None or column is None
    if lone and len(corners) == 1:
        corners *= 2
    return prefix + mark + ":".join(corners)


def _coordinate(written: str | None, here: int, present: bool) -> int | None:
    if not present:
        return None
    if written is None:
        return here
    return here + int(written[1:-1]) if written[0] == "[" else int(written) - 1


@form("SHEET")
def _sheet(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    node = given(arguments, 0)
    if node is None:
        return evaluation.scalar(float(frame.sheet + 1))
    operand = evaluation.evaluate(node, frame)
    if isinstance(operand, Reference):
        return evaluation.scalar(float(operand.areas[0].sheet + 1))
    words, codes = coercion.texts(evaluation.settle(operand, frame), evaluation.context.strings)
    if codes is not None:
        return _error(evaluation, codes.ravel()[:1])
    index = evaluation.workbook.sheet_index(str(words.flat[0]))
    return evaluation.error(Error.NA) if index is None else evaluation.scalar(float(index + 1))


@form("SHEETS")
def _sheets(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    node = given(arguments, 0)
    if node is None:
        return evaluation.scalar(float(len(evaluation.workbook.sheets)))
    operand = evaluation.evaluate(node, frame)
    if isinstance(operand, Reference):
        return evaluation.scalar(float(len({area.sheet for area in operand.areas})))
    return _error_or(evaluation, operand, Error.REF)


@form("ISFORMULA")
def _isformula(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    area = _first_cells(evaluation, arguments[0], frame)
    if not isinstance(area, Area):
        return area
    found = [
        [evaluation.cells.formulas.at((area.sheet, row, column)) is not None for column in range(area.left, area.right)]
        for row in range(area.top, area.bottom)
    ]
    return Values(np.array(found, dtype=np.float64), np.full(area.shape, Kind.BOOL, dtype=np.uint8))


@form("FORMULATEXT")
def _formulatext(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    area = _first_cells(evaluation, arguments[0], frame)
    if not isinstance(area, Area):
        return area
    texts = [
        [shown_formula(evaluation, (area.sheet, row, column)) or Error.NA for column in range(area.left, area.right)]
        for row in range(area.top, area.bottom)
    ]
    return Values.from_rows(texts, evaluation.context.strings)


def _first_cells(evaluation: Evaluation, node: Node, frame: Frame) -> Area | Values:
    """Return the cells that an argument means: all of them where arrays are wanted, else the first."""
    area = _area(evaluation, node, frame)
    if isinstance(area, Area):
        area = evaluation.clip(area)
        if frame.mode == Mode.SCALAR:
            area = Area(area.sheet, area.top, area.left, area.top + 1, area.left + 1)
    return area


def shown_formula(evaluation: Evaluation, cell: tuple[int, int, int]) -> str | None:
    """Return a cell's formula as Excel shows it, or None where there is none."""
    formulas = evaluation.cells.formulas
    number = formulas.at(cell)
    if number is None:
        return None
    entry = formulas.entry(number)
    if entry.kind == FormulaKind.DYNAMIC and entry.key != cell:
        return None
    text = "=" + _FUNCTION_PREFIX.sub("", formula_text(evaluation.workbook.sheets[entry.sheet], formulas.index(entry)))
    return "{" + text + "}" if entry.kind == FormulaKind.ARRAY else text


@form("CELL")
def _cell(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    words, codes = coercion.texts(evaluation.values(arguments[0], frame), evaluation.context.strings)
    if codes is not None:
        return _error(evaluation, codes.ravel()[:1])
    node = given(arguments, 1)
    own = Area(frame.sheet, frame.row, frame.column, frame.row + 1, frame.column + 1)
    area = own if node is None else _area(evaluation, node, frame)
    return _cell_fact(evaluation, str(words.flat[0]).casefold(), area, frame) if isinstance(area, Area) else area


def _cell_fact(evaluation: Evaluation, fact: str, area: Area, frame: Frame) -> Operand:
    from sheetgrad.sheets.addresses import column_name, quote_sheet

    first = Area(area.sheet, area.top, area.left, area.top + 1, area.left + 1)
    name = evaluation.workbook.sheets[area.sheet].name
    if fact == "address":
        address = f"${column_name(area.left)}${area.top + 1}"
        return evaluation.scalar(address if area.sheet == frame.sheet else f"{quote_sheet(name)}!{address}")
    if fact == "row":
        return evaluation.scalar(float(area.top + 1))
    if fact == "col":
        return evaluation.scalar(float(area.left + 1))
    if fact in ("contents", "type"):
        value = evaluation.read(first)
        if fact == "contents":
            return value
        return evaluation.scalar({Kind.EMPTY: "b", Kind.TEXT: "l"}.get(Kind(int(value.kinds[0, 0])), "v"))
    # Formats are not read: these are the facts of an unformatted cell.
    constants: dict[str, Scalar] = {"color": 0.0, "parentheses": 0.0, "protect": 1.0, "width": 8.0}
    constants |= {"prefix": "", "format": "G"}
    if fact == "filename":
        return evaluation.scalar(f"[{evaluation.workbook.name.rpartition('/')[2]}]{name}")
    return evaluation.scalar(constants[fact]) if fact in constants else evaluation.error(Error.VALUE)
