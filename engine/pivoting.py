"""GROUPBY and PIVOTBY: rows gathered by their fields, a function applied to each group, totals, sorting.

A *line* is a row (or column) of the table that comes out: the labels of a group, and which rows of the data are in it.
Totals are lines, too: their groups are larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Kind, Scalar, Values

from . import coercion
from .forms import form, given
from .frames import Builtin, Closure, Frame, Operand
from .functions.search import order_keys, total_ranks
from .grid import CELL_BUDGET, TooManyCells
from .syntax import Call, Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

Members: TypeAlias = NDArray[np.int64]
Nodes: TypeAlias = tuple[Node, ...]

_BLANK: Scalar = ""


class _Refused(Exception):
    """The arguments do not go together; ``args[0]`` is the error value."""


@record
class _Line:
    """One row or column of the result: its labels, and the data in it."""

    labels: tuple[Scalar, ...]
    members: Members


@form("GROUPBY")
def _groupby(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    call = _Arguments(evaluation, arguments, frame.forced())
    try:
        table = _Table(call, call.array(0), None, call.array(1), 2, call.integer(3), call.array(6))
        rows = table.axis(table.rows, call.integer(4), call.integers(5), call.integer(7) == 1)
        return table.laid_out(rows, [_Line((), table.kept)])
    except _Refused as refused:
        return evaluation.error(refused.args[0])


@form("PIVOTBY")
def _pivotby(evaluation: Evaluation, arguments: Nodes, frame: Frame) -> Operand:
    call = _Arguments(evaluation, arguments, frame.forced())
    try:
        table = _Table(call, call.array(0), call.array(1), call.array(2), 3, call.integer(4), call.array(9))
        table.relative = call.integer(10) or 0
        rows = table.axis(table.rows, call.integer(5), call.integers(6))
        columns = table.axis(table.columns, call.integer(7), call.integers(8))
        return table.laid_out(rows, columns)
    except _Refused as refused:
        return evaluation.error(refused.args[0])


@dataclass(slots=True)
class _Arguments:
    """The arguments of a call, evaluated when asked for."""

    evaluation: Evaluation
    nodes: Nodes
    frame: Frame

    def array(self, index: int) -> Values | None:
        node = given(self.nodes, index)
        if node is None:
            return None
        values = self.evaluation.whole(self.evaluation.evaluate(node, self.frame))
        if values.data.size == 1 and (values.kinds == Kind.ERROR).all():
            raise _Refused(values.scalar(self.evaluation.context.strings))
        return values

    def integers(self, index: int) -> list[int]:
        values = self.array(index)
        if values is None:
            return []
        context = self.evaluation.context
        numbers, codes = coercion.numbers(values, context.strings, context.date1904)
        if codes is not None and codes.any():
            raise _Refused(Error.VALUE)
        return [int(number) for number in numbers.ravel()]

    def integer(self, index: int) -> int | None:
        found = self.integers(index)
        return found[0] if found else None

    def functions(self, index: int) -> list[Closure | Builtin]:
        """Return the functions that an argument names: one, or those of an ``HSTACK``."""
        node = self.nodes[index]
        nodes = node.arguments if isinstance(node, Call) and node.name == "HSTACK" else (node,)
        found = [self.evaluation.evaluate(each, self.frame) for each in nodes]
        functions = [each for each in found if isinstance(each, Closure | Builtin)]
        if len(functions) < len(found):
            raise _Refused(Error.VALUE)
        return functions


@dataclass(slots=True)
class _Fields:
    """Columns of labels: the scalars of every row, and their ranks (n, k) in Excel's order."""

    labels: list[list[Scalar]]
    ranks: NDArray[np.int64]
    headers: list[Scalar]

    @property
    def width(self) -> int:
        return int(self.ranks.shape[1])


class _Table:
    """The data of one call and what is computed of its groups."""

    def __init__(
        self,
        call: _Arguments,
        rows: Values | None,
        columns: Values | None,
        values: Values | None,
        function: int,
        headers: int | None,
        keep: Values | None,
    ) -> None:
        if values is None or (rows is None and columns is None) or headers not in (None, 0, 1, 2, 3):
            raise _Refused(Error.VALUE)
        self._call = call
        self._evaluation = call.evaluation
        self._strings = call.evaluation.context.strings
        self.functions = call.functions(function)
        self.relative = 0
        count = values.shape[0]
        if any(fields is not None and fields.shape[0] != count for fields in (rows, columns)):
            raise _Refused(Error.VALUE)
        skip = 1 if headers in (1, 3) or (headers is None and self._has_headers(values)) else 0
        if skip >= count:
            raise _Refused(Error.VALUE)
        self.values = _below(values, skip)
        self.titles = self._titles(values, skip, "Value")
        self.kept = self._kept(keep, skip, count)
        self.rows = self._fields(rows, skip, count, "Row Field")
        self.columns = self._fields(columns, skip, count, "Column Field")
        several = max(self.rows.width, self.columns.width) > 1 or values.shape[1] > 1
        self.shows = headers in (2, 3) or (headers is None and skip == 1 and several)
        self._known: dict[tuple[bytes, bytes], list[Scalar]] = {}

    def _has_headers(self, values: Values) -> bool:
        return bool(values.shape[0] > 1 and values.kinds[0, 0] == Kind.TEXT and values.kinds[1, 0] == Kind.NUMBER)

    def _titles(self, values: Values, skip: int, word: str) -> list[Scalar]:
        if skip:
            return values.rows(self._strings)[0]
        return [f"{word} {i + 1}" for i in range(values.shape[1])]

    def _fields(self, values: Values | None, skip: int, count: int, word: str) -> _Fields:
        if values is None:
            return _Fields([[]] * (count - skip), np.zeros((count - skip, 0), dtype=np.int64), [])
        body = _below(values, skip)
        flat = Values(body.data.ravel(), body.kinds.ravel())
        (keys,) = order_keys(self._strings, flat)
        ranks = total_ranks(keys)[0].reshape(body.shape)
        labels = [[_BLANK if label is None else label for label in row] for row in body.rows(self._strings)]
        for column in range(body.shape[1]):  # texts that differ in case only are shown as the first of them
            first: dict[int, Scalar] = {}
            for row in self.kept.tolist():
                labels[row][column] = first.setdefault(int(ranks[row, column]), labels[row][column])
        return _Fields(labels, ranks, self._titles(values, skip, word))

    def _kept(self, keep: Values | None, skip: int, count: int) -> Members:
        everything = np.arange(count - skip)
        if keep is None:
            return everything
        flags, codes = coercion.logicals(keep, self._strings)
        flat = flags.ravel()
        if keep.data.size not in (count, count - skip) or 1 not in keep.shape:
            raise _Refused(Error.VALUE)
        if codes is not None and codes.ravel()[len(flat) - (count - skip) :].any():
            raise _Refused(Error.VALUE)
        found = everything[flat[len(flat) - (count - skip) :]]
        if not len(found):
            raise _Refused(Error.CALC)
        return found

    # Groups

    def axis(self, fields: _Fields, depth: int | None, orders: list[int], flat: bool = False) -> list[_Line]:
        """Return the lines of some fields with their totals; ``flat``: fields are sorted regardless of one another."""
        depth = 1 if depth is None else depth
        if not fields.width:
            return [_Line((), self.kept)]
        if abs(depth) > max(fields.width, 1) + (fields.width == 0):
            raise _Refused(Error.VALUE)
        most = fields.width + self.values.shape[1] * len(self.functions)
        if any(order == 0 or abs(order) > most for order in orders):
            raise _Refused(Error.VALUE)
        lines = list(self._level(fields, self.kept, 0, depth, orders, flat))
        if depth == 0:
            return lines
        total = _Line(("Total" if abs(depth) == 1 else "Grand Total", *[_BLANK] * (fields.width - 1)), self.kept)
        return [total, *lines] if depth < 0 else [*lines, total]

    def _level(
        self, fields: _Fields, members: Members, level: int, depth: int, orders: list[int], flat: bool
    ) -> Iterator[_Line]:
        width = fields.width
        end = width if flat else level + 1
        groups = _split(fields.ranks[:, :end], members)
        for group in self._sorted(groups, fields, level, end, orders):
            labels = tuple(fields.labels[int(group[0])][:end])
            if end == width:
                yield _Line(labels, group)
                continue
            own = [_Line((*labels, *[_BLANK] * (width - end)), group)] if abs(depth) >= level + 2 else []
            inner = self._level(fields, group, level + 1, depth, orders, flat)
            yield from own if depth < 0 else ()
            yield from inner
            yield from own if depth > 0 else ()

    def _sorted(
        self, groups: list[Members], fields: _Fields, level: int, end: int, orders: list[int]
    ) -> Sequence[Members]:
        for order in reversed(orders):
            index = abs(order) - 1
            if index >= fields.width:
                groups.sort(key=self._weight(index - fields.width), reverse=order < 0)
            elif level <= index < end:
                groups.sort(key=_rank_of(fields, index), reverse=order < 0)
        return groups

    def _weight(self, column: int) -> Callable[[Members], tuple[int, float, str]]:
        def weight(group: Members) -> tuple[int, float, str]:
            value = self.aggregates(group, self.kept)[column]
            if isinstance(value, str):
                return 1, 0.0, value.casefold()
            return (0, float(value), "") if isinstance(value, float) else (2, 0.0, "")

        return weight

    # Values

    def aggregates(self, members: Members, whole: Members) -> list[Scalar]:
        """Return what the functions give for a group, for each column of values all functions."""
        key = members.tobytes(), whole.tobytes()
        if key not in self._known:
            self._known[key] = [
                self._aggregate(function, column, members, whole)
                for column in range(self.values.shape[1])
                for function in self.functions
            ]
        return self._known[key]

    def _aggregate(self, function: Closure | Builtin, column: int, members: Members, whole: Members) -> Scalar:
        operands: list[Operand | None] = [_picked(self.values, column, members)]
        if function == Builtin("PERCENTOF") or (isinstance(function, Closure) and len(function.parameters) > 1):
            operands.append(_picked(self.values, column, whole))
        result = self._evaluation.whole(self._evaluation.invoke(function, operands, self._call.frame))
        return result.scalar(self._strings) if result.data.size == 1 else Error.CALC

    def laid_out(self, rows: list[_Line], columns: list[_Line]) -> Values:
        """Return the table that comes out: headers above, labels on the left."""
        width = self.values.shape[1] * len(self.functions)
        if (len(rows) + 3) * (len(columns) * width + self.rows.width) > CELL_BUDGET:
            raise TooManyCells
        found = self._heads(columns)
        for row in rows:
            cells = list(row.labels)
            for column in columns:
                cells += self._cells(row, column, width)
            found.append(cells)
        return Values.from_rows(found, self._strings)

    def _cells(self, row: _Line, column: _Line, width: int) -> list[Scalar]:
        members = row.members if not column.labels else np.intersect1d(row.members, column.members)
        if not len(members):
            return [_BLANK] * width
        # PIVOTBY's relative_to: column totals, row totals, grand total, the parent's total of columns or of rows.
        whole = {1: row.members, 2: self.kept, 4: row.members}.get(self.relative, column.members)
        return self.aggregates(members, whole)

    def _heads(self, columns: list[_Line]) -> list[list[Scalar]]:
        corner: list[Scalar] = [_BLANK] * self.rows.width
        width = self.values.shape[1] * len(self.functions)
        heads = [
            [*corner, *(column.labels[level] for column in columns for _ in range(width))]
            for level in range(self.columns.width)
        ]
        titles = [title for title in self.titles for _ in self.functions]
        if self.shows:
            heads.append([*self.rows.headers, *titles * len(columns)])
        elif self.values.shape[1] > 1 and self.columns.width:
            heads.append([*corner, *titles * len(columns)])
        if len(self.functions) > 1:
            names = [_name(function) for function in self.functions] * self.values.shape[1]
            heads.append([*corner, *names * len(columns)])
        return heads


def _below(values: Values, skip: int) -> Values:
    return Values(values.data[skip:], values.kinds[skip:])


def _picked(values: Values, column: int, members: Members) -> Values:
    return Values(values.data[members, column][:, None], values.kinds[members, column][:, None])


def _split(ranks: NDArray[np.int64], members: Members) -> list[Members]:
    """Return the members with equal ranks together, in the order of the ranks."""
    _, inverse = np.unique(ranks[members], axis=0, return_inverse=True)
    inverse = inverse.ravel()
    order = np.argsort(inverse, kind="stable")
    return np.split(members[order], np.flatnonzero(np.diff(inverse[order])) + 1)


def _rank_of(fields: _Fields, index: int) -> Callable[[Members], int]:
    return lambda group: int(fields.ranks[group[0], index])


def _name(function: Closure | Builtin) -> Scalar:
    return function.name if isinstance(function, Builtin) else "CUSTOM"
