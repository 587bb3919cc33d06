"""The values of a workbook while it is computed: per sheet a few dense blocks, however far apart the cells lie.

A sheet's cells are split at gaps until each block is at least an eighth full, so memory and the cost of
whole-column references follow the filled cells, and a fill reads plain numpy views.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area, Formulas, Sheet, Workbook
from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Floats, Kind, Kinds, Strings, Values

from .distinct import distinct_values

SPARSEST = 8  # a block may hold this many cells for each filled one
SMALL = 64  # blocks up to this many cells are never split
FEW = 1024  # cells
NUMBER = int(Kind.NUMBER)  # looking up a member of an enumeration takes as long as a small numpy call
CELL_BUDGET = 1 << 22  # the most cells an array may have (32 MiB of payloads) that is not as large in the file
FILLS = 1 << 18  # the most cells that a sheet's array formulas fill, beside twice those that the file stores

Points: TypeAlias = NDArray[np.integer]


class TooManyCells(Exception):
    """An array beyond the cell budget was asked for; the formula that asked gets #NUM!."""


@dataclass(slots=True, eq=False)
class Block:
    """A dense rectangle of a sheet. ``shared``: another grid has the same arrays; `Grid.own` it before writing."""

    area: Area
    data: Floats  # (height, width)
    kind: Kinds  # (height, width)
    shared: bool = False


@record
class Split:
    """An inner node of a sheet's tree: blocks before and from ``at`` on along ``axis`` (0 rows, 1 columns)."""

    axis: int
    at: int
    before: Tree
    after: Tree


Tree: TypeAlias = "Block | Split | None"


@record
class Piece:
    """The part of an area that one block covers: where it lies in the block and in the area."""

    block: Block
    inside: tuple[slice, slice]
    placed: tuple[slice, slice]

    @property
    def size(self) -> int:
        """How many cells it has."""
        rows, columns = self.placed
        return int((rows.stop - rows.start) * (columns.stop - columns.start))

    def covers(self, area: Area) -> bool:
        """Tell whether the block covers all of the area that was asked for."""
        rows, columns = self.placed
        return bool(rows.stop - rows.start == area.height and columns.stop - columns.start == area.width)


@dataclass(slots=True, eq=False)
class Flat:
    """The blocks of all sheets in order, and their memory cell by cell: what one cell costs least to read from."""

    blocks: list[Block]
    layout: tuple[Area, ...] = field(init=False)
    data: list[memoryview[float]] = field(init=False)
    kinds: list[memoryview[int]] = field(init=False)
    _of_sheet: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.layout = tuple(block.area for block in self.blocks)
        self._of_sheet = {}
        for number, area in enumerate(self.layout):
            self._of_sheet.setdefault(area.sheet, []).append(number)
        self.data = [_flat(block.data) for block in self.blocks]
        self.kinds = [_flat(block.kind) for block in self.blocks]

    def own(self, number: int) -> None:
        """Make sure that no other grid has the arrays of a block."""
        block = self.blocks[number]
        if block.shared:
            block.data, block.kind, block.shared = block.data.copy(), block.kind.copy(), False
            self.data[number], self.kinds[number] = _flat(block.data), _flat(block.kind)

    def find(self, sheet: int, row: int, column: int) -> tuple[int, int] | None:
        """Return the block of a cell and its place in the block's memory, or None where it is in none."""
        for number in self._of_sheet.get(sheet, ()):
            area = self.layout[number]
            if area.top <= row < area.bottom and area.left <= column < area.right:
                return number, (row - area.top) * area.width + column - area.left
        return None


class Grid:
    """Values of all sheets, read and written by `Area`. Cells that no block covers are empty."""

    def __init__(self, sheets: int, strings: Strings) -> None:
        self.strings = strings
        self._trees: list[Tree] = [None] * sheets
        self._flat: Flat | None = None

    @property
    def flat(self) -> Flat:
        """The blocks as they are laid out now."""
        if self._flat is None:
            self._flat = Flat([block for sheet in range(len(self._trees)) for block in self.blocks(sheet)])
        return self._flat

    @classmethod
    def of(cls, workbook: Workbook) -> Grid:
        """Lay out a workbook's stored cells, with room for what its array formulas fill."""
        grid = cls(len(workbook.sheets), workbook.strings)
        for index, sheet in enumerate(workbook.sheets):
            cells, wide = sheet.cells, fills(sheet)[_wide(sheet.formulas)]
            rows, columns = [cells.row], [cells.column]
            for top, left, bottom, right in wide.tolist():
                row, column = np.mgrid[top:bottom, left:right]
                rows.append(row.ravel())
                columns.append(column.ravel())
            grid._trees[index] = _split(index, np.concatenate(rows), np.concatenate(columns))
            grid.scatter(index, cells.row, cells.column, cells.data, cells.kind)
        return grid

    @property
    def sheets(self) -> int:
        """The number of sheets."""
        return len(self._trees)

    def copy(self) -> Grid:
        """Return a grid of the same values that can be written on its own; blocks are copied when they are written."""
        other = Grid(len(self._trees), self.strings)
        other._trees = [_copied(tree) for tree in self._trees]
        return other

    def own(self, block: Block) -> None:
        """Make sure that no other grid has the arrays of a block, which is about to be written."""
        if block.shared:
            self.flat.own(next(number for number, other in enumerate(self.flat.blocks) if other is block))

    def blocks(self, sheet: int) -> Iterator[Block]:
        """Yield the blocks of a sheet."""
        stack = [self._trees[sheet]]
        while stack:
            node = stack.pop()
            if isinstance(node, Split):
                stack += (node.after, node.before)
            elif node is not None:
                yield node

    def used(self, sheet: int) -> Area:
        """Return the bounding area of a sheet's blocks (empty at A1 where there are none)."""
        areas = [block.area for block in self.blocks(sheet)]
        if not areas:
            return Area(sheet, 0, 0, 0, 0)
        return Area.around(areas)

    def pieces(self, area: Area) -> list[Piece]:
        """Return the parts of ``area`` that hold cells, block by block (in no particular order)."""
        found: list[Piece] = []
        stack = [self._trees[area.sheet]]
        while stack:
            node = stack.pop()
            if isinstance(node, Split):
                low, high = (area.top, area.bottom) if node.axis == 0 else (area.left, area.right)
                if high > node.at:
                    stack.append(node.after)
                if low < node.at:
                    stack.append(node.before)
            elif node is not None:
                piece = _piece(node, area)
                if piece is not None:
                    found.append(piece)
        return found

    def read(self, area: Area) -> Values:
        """Return the values of an area, (height, width): a view where one block covers it.

        Raises `TooManyCells` where the area is beyond the budget and hardly a cell of it is filled.
        """
        pieces = self.pieces(area)
        if len(pieces) == 1 and pieces[0].covers(area):
            block, inside = pieces[0].block, pieces[0].inside
            return _values(block.data[inside], block.kind[inside])
        if area.height * area.width > max(CELL_BUDGET, SPARSEST * sum(piece.size for piece in pieces)):
            raise TooManyCells
        data = np.zeros(area.shape)
        kind = np.zeros(area.shape, dtype=np.uint8)
        for piece in pieces:
            data[piece.placed] = piece.block.data[piece.inside]
            kind[piece.placed] = piece.block.kind[piece.inside]
        return _values(data, kind)

    def filled(self, area: Area) -> list[tuple[Area, Values]]:
        """Return the blocks' parts of an area with their places, top to bottom, left to right."""
        parts = []
        for piece in self.pieces(area):
            rows, columns = piece.placed
            place = Area(
                area.sheet,
                area.top + rows.start,
                area.left + columns.start,
                area.top + rows.stop,
                area.left + columns.stop,
            )
            parts.append((place, _values(piece.block.data[piece.inside], piece.block.kind[piece.inside])))
        return sorted(parts, key=lambda part: (part[0].top, part[0].left))

    def write(self, area: Area, values: Values) -> None:
        """Store the values of an area, (height, width), making room where no block lies yet."""
        self.cover([area])
        kinds = values.kinds
        for piece in self.pieces(area):
            self.own(piece.block)
            piece.block.data[piece.inside] = values.data[piece.placed]
            piece.block.kind[piece.inside] = kinds[piece.placed]

    def scatter(
        self, sheet: int, rows: NDArray[np.int32], columns: NDArray[np.int32], data: Floats, kind: Kinds
    ) -> None:
        """Store single cells given as columns; all must lie in blocks."""
        for block in self.blocks(sheet):
            area = block.area
            here: slice | NDArray[np.bool_] = slice(None)
            if not isinstance(self._trees[sheet], Block):
                here = (rows >= area.top) & (rows < area.bottom) & (columns >= area.left) & (columns < area.right)
            at = rows[here] - area.top, columns[here] - area.left
            self.own(block)
            block.data[at] = data[here]
            block.kind[at] = kind[here]

    def cover(self, areas: Sequence[Area]) -> None:
        """Make sure that blocks cover the given areas."""
        for sheet in {area.sheet for area in areas}:
            bare = [area for area in areas if area.sheet == sheet and self._uncovered(area)]
            if bare:
                self._rebuild(sheet, bare)

    def _uncovered(self, area: Area) -> bool:
        return sum(piece.size for piece in self.pieces(area)) < area.height * area.width

    def _rebuild(self, sheet: int, areas: Iterable[Area]) -> None:
        old = list(self.blocks(sheet))
        self._flat = None
        rows, columns = [], []
        for block in old:
            row, column = np.nonzero(block.kind)
            rows.append(row + block.area.top)
            columns.append(column + block.area.left)
        budget = max(CELL_BUDGET, SPARSEST * sum(map(len, rows)))
        for area in areas:
            budget -= area.height * area.width
            if budget < 0:
                raise TooManyCells
            row, column = np.mgrid[area.top : area.bottom, area.left : area.right]
            rows.append(row.ravel())
            columns.append(column.ravel())
        self._trees[sheet] = _split(sheet, np.concatenate(rows), np.concatenate(columns))
        for block in old:
            row, column = np.nonzero(block.kind)
            self.scatter(
                sheet,
                (row + block.area.top).astype(np.int32),
                (column + block.area.left).astype(np.int32),
                block.data[row, column],
                block.kind[row, column],
            )


def affordable(sheet: Sheet) -> NDArray[np.bool_]:
    """Tell of each formula whether it gets the cells that the file gives it, or its own alone."""
    found, wide = np.ones(len(sheet.formulas), dtype=np.bool_), _wide(sheet.formulas)
    if len(wide):
        area = sheet.formulas.area[wide].astype(np.int64)
        size = (area[:, 2] - area[:, 0]) * (area[:, 3] - area[:, 1])
        most = FILLS + 2 * len(sheet.cells.row)
        size = np.where(size <= most, size, 0)
        found[wide] = (size > 0) & (np.cumsum(size) <= most)
    return found


def _wide(formulas: Formulas) -> NDArray[np.int64]:
    """Return the formulas that fill more than one cell."""
    area = formulas.area
    return np.flatnonzero((area[:, 2] - area[:, 0] > 1) | (area[:, 3] - area[:, 1] > 1))


def fills(sheet: Sheet) -> NDArray[np.int32]:
    """Return the areas that the formulas of a sheet fill, as far as they can be afforded, (n, 4)."""
    formulas, kept = sheet.formulas, affordable(sheet)
    if kept.all():
        return formulas.area
    own = np.stack([formulas.row, formulas.column, formulas.row + 1, formulas.column + 1], axis=1)
    return np.where(kept[:, None], formulas.area, own)


def all_numbers(kind: Kinds) -> bool:
    """Tell whether there are cells and all are numbers; few are told by their bytes, in a tenth of numpy's time."""
    if kind.size <= FEW:
        return kind.size > 0 and kind.tobytes().count(NUMBER) == kind.size
    return bool(kind.min() == NUMBER == kind.max())


def _values(data: Floats, kind: Kinds) -> Values:
    if all_numbers(kind):
        return Values(data)
    return Values(data, kind)


def _copied(tree: Tree) -> Tree:
    if isinstance(tree, Split):
        return Split(tree.axis, tree.at, _copied(tree.before), _copied(tree.after))
    if tree is None:
        return None
    tree.shared = True
    return Block(tree.area, tree.data, tree.kind, shared=True)


def _flat(array: NDArray[Any]) -> memoryview[Any]:
    return array.data.cast("B").cast("d" if array.dtype == np.float64 else "B")


def _piece(block: Block, area: Area) -> Piece | None:
    own = block.area
    top, bottom = max(own.top, area.top), min(own.bottom, area.bottom)
    left, right = max(own.left, area.left), min(own.right, area.right)
    if top >= bottom or left >= right:
        return None
    return Piece(
        block,
        (slice(top - own.top, bottom - own.top), slice(left - own.left, right - own.left)),
        (slice(top - area.top, bottom - area.top), slice(left - area.left, right - area.left)),
    )


def _split(sheet: int, rows: Points, columns: Points) -> Tree:
    """Split points into blocks at the gaps that part them best; empty blocks are none."""
    if not len(rows):
        return None
    top, bottom = int(rows.min()), int(rows.max()) + 1
    left, right = int(columns.min()), int(columns.max()) + 1
    height, width = bottom - top, right - left
    if height * width <= max(SMALL, SPARSEST * len(rows)):
        kind = np.full((height, width), Kind.EMPTY, dtype=np.uint8)
        return Block(Area(sheet, top, left, bottom, right), np.zeros((height, width)), kind)
    (row_worth, row_at), (column_worth, column_at) = _best_cut(rows), _best_cut(columns)
    axis, at = (0, row_at) if row_worth * width >= column_worth * height else (1, column_at)
    before = (rows if axis == 0 else columns) < at
    return Split(axis, at, _split(sheet, rows[before], columns[before]), _split(sheet, rows[~before], columns[~before]))


def _best_cut(places: Points) -> tuple[int, int]:
    """Return how much the best cut is worth, and where it lies: wide gaps near the middle are worth most."""
    filled = distinct_values(places)
    if len(filled) < 2:
        return -1, 0
    gaps = np.diff(filled)
    count = np.arange(1, len(filled))
    worth = gaps * np.minimum(count, len(filled) - count)
    best = int(worth.argmax())
    return int(worth[best]), int(filled[best + 1])
