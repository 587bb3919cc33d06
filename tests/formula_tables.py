"""Tables of {formula, value, source} as tests: all formulas of a table are cells of one workbook, evaluated once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isclose

from sheetgrad.engine.workbook import evaluator
from sheetgrad.sheets.values import Error, Scalar
from tests.books import Content, book_of, cell, computed


@dataclass(frozen=True, slots=True)
class Case:
    """A formula, what it gives, and where that is known from. Arrays are spelled by ARRAYTOTEXT(…,1)."""

    formula: str
    value: Scalar
    source: str


@dataclass(frozen=True)
class Table:
    """Cases over common cells (of the sheet that the formulas name ``d``)."""

    cases: tuple[Case, ...]
    cells: tuple[tuple[str, Content], ...] = ()

    def results(self, backend: str = "reference") -> list[Scalar]:
        """Return what the formulas give, in order."""
        return list(_results(self, backend))


def table(source: str, rows: Sequence[tuple[str, Scalar]], cells: Mapping[str, Content] | None = None) -> Table:
    """Make a table whose expectations have one source."""
    return Table(tuple(Case(formula, value, source) for formula, value in rows), tuple((cells or {}).items()))


def joined(*tables: Table) -> list[tuple[Table, int]]:
    """Return (table, index) of every case: what `pytest.mark.parametrize` takes."""
    return [(each, i) for each in tables for i in range(len(each.cases))]


def name(value: object) -> str:
    """Return a test's name: the formula's number."""
    return str(value) if isinstance(value, int) else "case"


def check(each: Table, index: int, rtol: float = 1e-12) -> None:
    """Assert that a case's formula gives its value."""
    case, found = each.cases[index], each.results()[index]
    assert same(found, case.value, rtol), f"={case.formula} gives {found!r}, not {case.value!r} ({case.source})"


def same(found: Scalar, wanted: Scalar, rtol: float) -> bool:
    """Compare numbers within a tolerance, anything else by kind and value."""
    if isinstance(found, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return isclose(found, wanted, rel_tol=rtol, abs_tol=1e-12)
    return type(found) is type(wanted) and found == wanted


@cache
def _results(each: Table, backend: str) -> tuple[Scalar, ...]:
    formulas: dict[str, Content] = {f"A{i + 1}": f"={case.formula}" for i, case in enumerate(each.cases)}
    book = book_of({"f": formulas, "d": dict(each.cells)})
    grid, outcome = computed(book, evaluator(backend))
    assert not outcome.unsupported, f"not there: {sorted(outcome.unsupported)}"
    return tuple(cell(book, grid, f"A{i + 1}") for i in range(len(each.cases)))


NA, VALUE, NUM, DIV0, REF, CALC = Error.NA, Error.VALUE, Error.NUM, Error.DIV0, Error.REF, Error.CALC
