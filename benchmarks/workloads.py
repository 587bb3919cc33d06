"""The workbooks that the benchmark runs on: made by XlsxWriter, deterministic, kept in a cache folder.

``python -m benchmarks.workloads NAME...`` writes workbooks and prints their paths; without names it lists them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from .network import Network, block

VERSION = 1  # raised whenever a workload changes, so that old files are not taken for new ones


@dataclass(frozen=True, slots=True)
class Workload:
    """A workbook to compute: ``large`` ones are left out of a quick run."""

    name: str
    title: str
    make: Callable[[Path], None]
    large: bool = False


def folder() -> Path:
    """Return the cache folder: $SHEETGRAD_BENCHMARKS, or one under the system's temporary folder."""
    chosen = os.environ.get("SHEETGRAD_BENCHMARKS")
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"sheetgrad-benchmarks-{VERSION}"


def workbook(workload: Workload) -> Path:
    """Return the path of a workload's workbook, writing it first where it is not there yet."""
    path = folder() / f"{workload.name}.xlsx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_path = path.with_suffix(f".{os.getpid()}.xlsx")
        workload.make(partial_path)
        partial_path.replace(path)
    return path


def network(path: Path, size: int, copies: int = 1) -> None:
    """Write the lesson's network on a size x size image; ``copies``: how many sheets hold it."""
    layers = Network(size)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        for copy in range(copies):
            layers.write(book.add_worksheet(f"conv{copy + 1}"))


# --- long fills -----------------------------------------------------------------------------------------------------


def fill(path: Path, rows: int) -> None:
    """Write three formulas a row: arithmetic, IF, and a running sum."""
    random = np.random.default_rng(11)
    left, right = np.round(random.random(rows) * 100, 2), np.round(random.random(rows) * 10, 3)
    product = left * right + 2
    chosen = np.where(product > 400, product - left, product / 2)
    total = np.cumsum(chosen)
    with _Columns(path, "fill") as sheet:
        for row in range(rows):
            line = row + 1
            sheet.number(row, 0, left[row])
            sheet.number(row, 1, right[row])
            sheet.formula(row, 2, f"=A{line}*B{line}+2", product[row])
            sheet.formula(row, 3, f"=IF(C{line}>400,C{line}-A{line},C{line}/2)", chosen[row])
            sheet.formula(row, 4, f"=E{row}+D{line}" if row else "=D1", total[row])


def sequential_sgd(path: Path, ratings: int, factors: int = 5, direct: bool = False) -> None:
    """Write stochastic gradient descent, one step a rating: both embeddings as they last stood, the error, the updates.

    A row looks its embeddings up in the rows above with INDEX, or with ``direct`` names the very cells.
    """
    random = np.random.default_rng(13)
    people, films = max(ratings // 40, 2), max(ratings // 50, 2)
    who, what = random.integers(people, size=ratings), random.integers(films, size=ratings)
    stars = random.integers(1, 11, size=ratings) / 2
    start = np.round(random.random((people + films, factors)), 3)
    last = {}
    first = people + films + 2  # the first row of ratings; the embeddings to start from lie above it
    before, error, after = 5, 5 + 2 * factors, 6 + 2 * factors
    with _Columns(path, "sgd") as sheet:
        sheet.text(0, 0, "learning rate")
        sheet.number(0, 1, 0.02)
        sheet.text(0, 2, "decay")
        sheet.number(0, 3, 0.01)
        for index, row_of in enumerate(start.tolist()):
            side = 0 if index < people else factors
            for k, value in enumerate(row_of):
                sheet.number(1 + index, after + side + k, value)
            last[index] = 1 + index
        for step in range(ratings):
            row = first + step
            user, film = int(who[step]), people + int(what[step])
            for column, value in enumerate((user, film - people, float(stars[step]), last[user] + 1, last[film] + 1)):
                sheet.number(row, column, value)
            for side, source in ((0, last[user]), (1, last[film])):
                for k in range(factors):
                    name = xl_col_to_name(after + side * factors + k)
                    pointer = "$" + xl_col_to_name(3 + side)
                    looked_up = f"=INDEX({name}$1:{name}{row},{pointer}{row + 1})"
                    sheet.formula(row, before + side * factors + k, f"={name}{source + 1}" if direct else looked_up)
            _sgd_step(sheet, row, before, error, after, factors)
            last[user] = last[film] = row


def _sgd_step(sheet: _Columns, row: int, before: int, error: int, after: int, factors: int) -> None:
    user, film = block(row, before, 1, factors), block(row, before + factors, 1, factors)
    sheet.formula(row, error, f"=C{row + 1}-SUMPRODUCT({user},{film})")
    wrong = f"${xl_col_to_name(error)}{row + 1}"
    for side in range(2):
        for k in range(factors):
            own = f"{xl_col_to_name(before + side * factors + k)}{row + 1}"
            other = f"{xl_col_to_name(before + (1 - side) * factors + k)}{row + 1}"
            sheet.formula(row, after + side * factors + k, f"={own}+$B$1*({wrong}*{other}-$D$1*{own})")


def gradient_descent(path: Path, ratings: int, epochs: int = 3, factors: int = 5) -> None:
    """Write full-batch gradient descent: factors looked up by INDEX, gradients gathered by SUMPRODUCT and SUMIF."""
    random = np.random.default_rng(17)
    count = max(ratings // 10, 2)
    who, what = random.integers(1, count + 1, size=ratings), random.integers(1, count + 1, size=ratings)
    stars = random.integers(1, 11, size=ratings) / 2
    start = np.round(random.random((2, count, factors)), 3)
    end = ratings + 1
    block = 4 * factors + 2  # looked-up factors, prediction, error, error times the other's factors
    with xlsxwriter.Workbook(str(path)) as book:
        rated, people, films = (book.add_worksheet(name) for name in ("ratings", "people", "films"))
        for index in range(count):
            people.write_number(index + 1, 0, index + 1)
            films.write_number(index + 1, 0, index + 1)
            people.write_row(index + 1, 1, start[0, index].tolist())
            films.write_row(index + 1, 1, start[1, index].tolist())
        people.write_row(0, 0, [0.001, 0.02])  # learning rate and weight decay
        rated.write_row(0, 0, ["user", "film", "stars"])
        for row in range(1, end):
            rated.write_row(row, 0, [int(who[row - 1]), int(what[row - 1]), float(stars[row - 1])])
        for epoch in range(epochs):
            left = 3 + epoch * block
            own = 1 + epoch * factors
            for row in range(1, end):
                _descent_row(rated, row, left, own, count, factors)
            for index in range(count):
                _descent_update(people, films, index + 1, left, own, end, factors)


def _descent_row(rated: Worksheet, row: int, left: int, own: int, count: int, factors: int) -> None:
    line = row + 1
    for side, (name, pointer) in enumerate((("people", "$A"), ("films", "$B"))):
        for k in range(factors):
            column = xl_col_to_name(own + k)
            formula = f"=INDEX({name}!${column}$2:${column}${count + 1},{pointer}{line})"
            rated.write_formula(row, left + side * factors + k, formula)
    prediction, error = left + 2 * factors, left + 2 * factors + 1
    products = f"{block(row, left, 1, factors)},{block(row, left + factors, 1, factors)}"
    rated.write_formula(row, prediction, f"=SUMPRODUCT({products})")
    rated.write_formula(row, error, f"=$C{line}-{xl_col_to_name(prediction)}{line}")
    for side in range(2):
        for k in range(factors):
            other = xl_col_to_name(left + (1 - side) * factors + k)
            rated.write_formula(row, error + 1 + side * factors + k, f"=${xl_col_to_name(error)}{line}*{other}{line}")


def _descent_update(people: Worksheet, films: Worksheet, row: int, left: int, own: int, end: int, factors: int) -> None:
    line, error = row + 1, left + 2 * factors + 1
    errors = f"ratings!${xl_col_to_name(error)}$2:${xl_col_to_name(error)}${end}"
    for k in range(factors):
        old = f"{xl_col_to_name(own + k)}{line}"
        other = f"ratings!{xl_col_to_name(left + factors + k)}$2:{xl_col_to_name(left + factors + k)}${end}"
        gradient = f"SUMPRODUCT((ratings!$A$2:$A${end}=$A{line})*{errors}*{other})"
        people.write_formula(row, own + factors + k, f"={old}+$A$1*({gradient}-$B$1*{old})")
        product = xl_col_to_name(error + 1 + factors + k)
        gathered = f"SUMIF(ratings!$B$2:$B${end},$A{line},ratings!{product}$2:{product}${end})"
        films.write_formula(row, own + factors + k, f"={old}+people!$A$1*({gathered}-people!$B$1*{old})")


def lookups(path: Path, rows: int) -> None:
    """Write exact and approximate lookups and conditional aggregates, each row against all rows."""
    random = np.random.default_rng(19)
    keys = random.permutation(rows) + 1
    bounds = np.cumsum(random.integers(1, 4, size=rows))
    groups = random.integers(1, rows // 20 + 2, size=rows)
    wanted = random.integers(1, rows + 1, size=rows)
    with _Columns(path, "lookups") as sheet:
        for row in range(rows):
            line = row + 1
            for column, value in enumerate((keys[row], row * 0.5, bounds[row], groups[row], wanted[row])):
                sheet.number(row, column, value)
            sheet.formula(row, 5, f"=VLOOKUP(E{line},$A$1:$B${rows},2,FALSE)")
            sheet.formula(row, 6, f"=INDEX($B$1:$B${rows},MATCH(E{line},$A$1:$A${rows},0))")
            sheet.formula(row, 7, f"=MATCH(E{line},$C$1:$C${rows},1)")
            sheet.formula(row, 8, f"=SUMIF($D$1:$D${rows},D{line},$B$1:$B${rows})")
            sheet.formula(row, 9, f'=COUNTIFS($D$1:$D${rows},D{line},$A$1:$A${rows},">"&E{line})')


def distinct(path: Path, formulas: int) -> None:
    """Write formulas of which no two are alike: their numbers differ, and how many terms they have."""
    with _Columns(path, "distinct") as sheet:
        for row in range(formulas):
            line = row + 1
            sheet.number(row, 0, (row * 7919 % 1000) / 8)
            terms = "+".join(f"A{line}*{row * 3 + k}" for k in range(1 + row % 3))
            sheet.formula(row, 1, f"=ROUND({terms},{row % 5})-{row}")


def shapes(path: Path, formulas: int) -> None:
    """Write formulas each with operators and functions of its own, not its numbers alone."""
    random = Random(23)
    with _Columns(path, "shapes") as sheet:
        for row in range(formulas):
            sheet.number(row, 0, (row * 7919 % 1000) / 8)
            sheet.formula(row, 1, f"=A{row + 1}" + "".join(_operation(random, row) for _ in range(6)))


def _operation(random: Random, row: int) -> str:
    cell = f"A{random.randint(1, row + 1)}"
    inner = random.choice(("{}", "ABS({})", "MAX({},3)", "ROUND({},1)", "SQRT({})", "IF({}>50,1,2)", "({}-7)"))
    return f"{random.choice('+-*')}{inner.format(cell)}"


class _Columns:
    """One sheet written row by row in little memory."""

    def __init__(self, path: Path, name: str) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet = self._book.add_worksheet(name)
        self.number = self._sheet.write_number
        self.text = self._sheet.write_string

    def formula(self, row: int, column: int, formula: str, value: float = 0.0) -> None:
        self._sheet.write_formula(row, column, formula, None, value)

    def __enter__(self) -> _Columns:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()


# --- the generated lessons ------------------------------------------------------------------------------------------


def lesson(path: Path, name: str, **options: object) -> None:
    """Write a generated lesson."""
    from sheetgrad.generators.commands import generate

    generate(name, path, **options)


WORKLOADS: tuple[Workload, ...] = (
    Workload("conv", "conv lesson, generated", partial(lesson, name="conv")),
    Workload("conv28", "the lesson's network, two sheets", partial(network, size=28, copies=2)),
    Workload("conv128", "same network on 128x128", partial(network, size=128)),
    Workload("conv512", "same network on 512x512", partial(network, size=512), large=True),
    Workload("collab50", "collab lesson, 50 epochs", partial(lesson, name="collab", epochs=50)),
    Workload("fill100k", "fill, 100,000 rows", partial(fill, rows=100_000)),
    Workload("fill1m", "fill, 1,000,000 rows", partial(fill, rows=1_000_000), large=True),
    Workload("sgd10k", "sequential SGD, 10,000 ratings, INDEX", partial(sequential_sgd, ratings=10_000)),
    Workload("sgd10k-direct", "sequential SGD, by cells", partial(sequential_sgd, ratings=10_000, direct=True)),
    Workload("descent1k", "gradient descent, 1,000 ratings", partial(gradient_descent, ratings=1_000)),
    Workload("descent10k", "gradient descent, 10,000 ratings", partial(gradient_descent, ratings=10_000), large=True),
    Workload("lookups10k", "lookups, 10,000 rows", partial(lookups, rows=10_000)),
    Workload("lookups100k", "lookups, 100,000 rows", partial(lookups, rows=100_000), large=True),
    Workload("distinct50k", "50,000 distinct formulas", partial(distinct, formulas=50_000)),
    Workload("shapes10k", "10,000 formulas of distinct shapes", partial(shapes, formulas=10_000)),
)


def chosen(names: Sequence[str], quick: bool = False) -> Iterator[Workload]:
    """Yield the workloads called ``names`` (all of them where there are none)."""
    known = {workload.name: workload for workload in WORKLOADS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no workload called {', '.join(unknown)}; there are {', '.join(known)}")
    for workload in WORKLOADS:
        if workload.name in names or (not names and not (quick and workload.large)):
            yield workload


def main(arguments: Sequence[str]) -> None:
    """Write the workbooks called by name, or list all."""
    for workload in chosen(arguments) if arguments else ():
        print(workbook(workload))
    if not arguments:
        for workload in WORKLOADS:
            print(f"{workload.name:14} {workload.title}")


if __name__ == "__main__":
    main(sys.argv[1:])
