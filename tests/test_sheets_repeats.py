"""Rows read as repeats of rows above them: the same cells and formulas as those read one by one, whatever varies."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from sheetgrad.engine.coordinates import RowCounters
from sheetgrad.engine.formula_text import formula_text, moved
from sheetgrad.sheets import repeats
from sheetgrad.sheets.model import Cells, FormulaKind, Workbook
from sheetgrad.sheets.reader import read_workbook
from sheetgrad.sheets.rendering import real_changes
from sheetgrad.sheets.span_splice import number_spans
from sheetgrad.sheets.values import Kind
from sheetgrad.sheets.writer import written_bytes

from .packages import SHEET, book, row

ROWS = range(8, 131)  # row numbers of one, two and three digits


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "SMALLEST", 0)


def formula(place: str, text: str, value: str = "0", attributes: str = "") -> str:
    """Return a formula's cell."""
    return f'<c r="{place}"{attributes}><f>{text}</f><v>{value}</v></c>'


def array(place: str, text: str, reference: str) -> str:
    """Return an array formula's cell."""
    return f'<c r="{place}"><f t="array" ref="{reference}">{text}</f><v>0</v></c>'


def both(rows: str) -> tuple[Workbook, Workbook]:
    """Read a sheet's rows with repeats and without."""
    data = book(rows)
    return read_workbook(data, moving=RowCounters()), read_workbook(data)


def assert_same(fast: Workbook, slow: Workbook) -> None:
    """Check that two workbooks have the same cells and formulas."""
    for one, other in zip(fast.sheets, slow.sheets, strict=True):
        for name in ("row", "column", "data", "kind"):
            np.testing.assert_array_equal(getattr(one.cells, name), getattr(other.cells, name))
        for name in ("row", "column", "kind", "area"):
            np.testing.assert_array_equal(getattr(one.formulas, name), getattr(other.formulas, name))
        assert one.hidden_rows == other.hidden_rows
        texts = [[moved(formula_text(sheet, at), 0, 0) for at in range(len(sheet.formulas))] for sheet in (one, other)]
        assert texts[0] == texts[1]
    assert fast.strings.texts == slow.strings.texts


def copies(workbook: Workbook) -> int:
    """Return how many formulas are known to be copies though the file spells them out."""
    formulas = workbook.sheets[0].formulas
    return int(((formulas.master >= 0) & (formulas.kind != FormulaKind.SHARED)).sum())


FILLS: dict[str, Callable[[int], str]] = {
    "relative": lambda n: formula(f"A{n}", f"B{n}*2+C{n + 1}"),
    "absolute": lambda n: formula(f"A{n}", f"$B{n}*B$7+$C$99"),
    "windows": lambda n: array(f"A{n}", f"SUM(B{n}:D{n + 2}*$F$1:$H$3)", f"A{n}"),
    "growing": lambda n: formula(f"A{n}", f"SUM(B$8:B{n})"),
    "spans": lambda n: formula(f"A{n}", f"SUM({n}:{n + 1})+SUM($9:$9)+SUM(C:D)"),
    "other sheets": lambda n: formula(f"A{n}", f"'R10 &amp; Co'!B{n}+Sheet2!B{n}+[1]Sheet3!C{n}"),
    "texts": lambda n: formula(f"A{n}", f'IF(B{n}&lt;=C{n},"B10","it\'\'s &amp;B9&quot;&quot;")&amp;D{n}'),
    "functions": lambda n: formula(f"A{n}", f"LOG10(B{n})+ATAN2(C{n},1E5)+2.5E+10"),
    "two columns": lambda n: formula(f"A{n}", f"B{n}") + formula(f"C{n}", f"A{n - 1}+A{n}"),
    "constants between": lambda n: f'<c r="A{n}"><v>{n * 1.5}</v></c>' + formula(f"B{n}", f"A{n}^2", str(n * n)),
    "strings": lambda n: (
        f'<c r="A{n}" t="s"><v>{n % 2}</v></c><c r="B{n}" t="str"><f>A{n}&amp;1</f><v>a&amp;{n}</v></c>'
    ),
    "errors": lambda n: f'<c r="A{n}" t="e"><f>1/B{n}</f><v>#DIV/0!</v></c><c r="B{n}" t="b"><v>{n % 2}</v></c>',
    "no values": lambda n: f'<c r="A{n}"><f>B{n}</f><v></v></c><c r="C{n}"><f>D{n}</f></c><c r="E{n}" s="1"/>',
    "some values": lambda n: formula(f"A{n}", f"B{n}", "" if n % 3 else "7"),
    "shared": lambda n: (
        f'<c r="A{n}"><f t="shared" ref="A8:A130" si="0">B8</f><v>1</v></c>'
        if n == 8
        else f'<c r="A{n}"><f t="shared" si="0"/><v>2</v></c>' + formula(f"B{n}", f"A{n}")
    ),
}


@pytest.mark.parametrize("cells", FILLS.values(), ids=FILLS)
def test_fills_are_copies(cells: Callable[[int], str]) -> None:
    fast, slow = both("".join(row(cells(n), n) for n in ROWS))
    assert_same(fast, slow)
    assert copies(fast) > 100
    assert copies(slow) == 0


ODD: dict[str, Callable[[int], str]] = {
    "references that stay": lambda n: formula(f"A{n}", f"B9*C{n}"),
    "numbers that count": lambda n: formula(f"A{n}", f"B{n}*{n}"),
    "functions that count": lambda n: formula(f"A{n}", f"LOG{n}(B{n})"),
    "columns beyond the sheet": lambda n: formula(f"A{n}", f"XFE{n}+1"),
    "two steps": lambda n: formula(f"A{n}", f"B{2 * n}"),
    "malformed": lambda n: formula(f"A{n}", f"B{n}+(\x7f"),
    "areas": lambda n: array(f"A{n}", f"B{n}:C{n}", f"A{n}:B{n}") if n % 2 else "",
    "texts that count": lambda n: formula(f"A{n}", f'"B{n}"'),
    "spaces": lambda n: f'<c r="A{n}" t="str"><f>B{n}</f><v xml:space="preserve"> {n}</v></c>',
    "inline": lambda n: f'<c r="A{n}" t="inlineStr"><is><t>{n}</t></is></c>' + formula(f"B{n}", f"A{n}"),
    "entities": lambda n: f'<c r="A{n}" t="str"><f>B{n}</f><v>&#65;</v></c>',
    "numbers that are none": lambda n: formula(f"A{n}", f"B{n}", "one"),
    "another row's cells": lambda n: formula(f"A{n + 200}", f"B{n}"),
    "unordered cells": lambda n: formula(f"B{n}", f"C{n}") + formula(f"A{n}", f"C{n}"),
    "other types": lambda n: f'<c r="A{n}" t="d"><v>2020-01-01</v></c>',
}


@pytest.mark.parametrize("cells", ODD.values(), ids=ODD)
def test_what_only_looks_like_a_fill(cells: Callable[[int], str]) -> None:
    assert_same(*both("".join(row(cells(n), n) for n in ROWS)))


@pytest.mark.parametrize("period", [2, 3, 8])
def test_blocks_of_rows(period: int) -> None:
    kinds = [f"B{{n}}*{k}+C{{m}}" for k in range(period)]
    cells = [formula(f"A{n}", kinds[n % period].format(n=n, m=n + 5)) for n in range(10, 90)]
    fast, slow = both("".join(row(cell, n) for n, cell in enumerate(cells, 10)))
    assert_same(fast, slow)
    assert copies(fast) >= 50


def test_rows_with_gaps() -> None:
    fast, slow = both("".join(row(formula(f"A{n}", f"B{n}+$C$1"), n) for n in range(10, 99, 3)))
    assert_same(fast, slow)
    assert copies(fast) > 20


def test_hidden_rows_stay_hidden() -> None:
    rows = [f'<row r="{n}" hidden="1">{formula(f"A{n}", f"B{n}")}</row>' for n in range(10, 40)]
    assert_same(*both("".join(rows)))


@pytest.mark.parametrize(
    "rows",
    [
        [*range(20, 60), *range(20, 60)],
        [*range(60, 90), *range(10, 40)],
        [10, 11, 12, 13, 14, 15, 12, 12, 16, 17],
    ],
    ids=["twice", "out of order", "some twice"],
)
def test_rows_out_of_order(rows: list[int]) -> None:
    fast, slow = both("".join(row(formula(f"A{n}", f"B{n}+$C$1", str(at)), n) for at, n in enumerate(rows)))
    assert_same(fast, slow)


def test_rows_in_comments_are_none() -> None:
    rows = [row(formula(f"A{n}", f"B{n}"), n) for n in range(10, 60)]
    rows[20:30] = ["<!--" + "".join(rows[20:30]) + "-->"]
    fast, slow = both("".join(rows))
    assert_same(fast, slow)
    assert len(fast.sheets[0].formulas) == 40


def test_rows_without_numbers_follow_the_last() -> None:
    rows = "".join(row(formula(f"A{n}", f"B{n}"), n) for n in range(10, 60))
    fast, slow = both(rows + "<row><c><v>5</v></c></row>")
    assert_same(fast, slow)
    assert fast.sheets[0].cells.row[-1] == 59


@pytest.mark.parametrize("seed", range(60))
def test_random_damage(seed: int) -> None:
    """A fill in which characters of some rows are other ones: read the same way, or refused the same way."""
    chance = random.Random(seed)
    cells = chance.choice(list(FILLS.values()))
    rows = [row(cells(n), n) for n in ROWS]
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(rows))
        place = chance.randrange(len(rows[at]))
        rows[at] = rows[at][:place] + chance.choice('0123456789A$:(+<>&/" ') + rows[at][place + 1 :]
    data = book("".join(rows))
    found = []
    for moving in (RowCounters(), None):
        try:
            found.append(read_workbook(data, moving=moving))
        except Exception as error:  # which one is compared
            found.append(repr(error))
    if isinstance(found[0], str):
        assert found[0] == found[1]
    else:
        assert_same(*found)


@pytest.mark.parametrize("cells", FILLS.values(), ids=FILLS)
def test_numbers_are_written_where_they_were_read(cells: Callable[[int], str]) -> None:
    """The same bytes whether a save knows from the reading where the values stand or scans the sheet again."""
    fast, slow = both("".join(row(cells(n), n) for n in ROWS))
    sheet = fast.sheets[0]
    numbers = np.flatnonzero(sheet.cells.kind == Kind.NUMBER)
    data = np.where(numbers % 5 > 0, numbers / 7 - 3, sheet.cells.data[numbers])
    new = Cells(sheet.cells.row[numbers], sheet.cells.column[numbers], data, sheet.cells.kind[numbers])
    changes = real_changes(sheet.cells, new)
    assert number_spans(sheet, changes) is not None
    written = part(written_bytes(fast, {0: new}))
    assert (written != part(book("".join(row(cells(n), n) for n in ROWS)))) == bool(changes)
    slow.sheets[0].value_spans = None
    assert written == part(written_bytes(slow, {0: new}))


def part(data: bytes) -> bytes:
    """Return the sheet of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(SHEET)
