"""The Python that is made for recurrences: of numbers, operators and a fixed list of names, whatever a file holds."""

from __future__ import annotations

import io
import keyword
import re
import token
import tokenize
from typing import Any
from xml.sax.saxutils import escape

import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.engine.backends import straight
from sheetgrad.engine.backends.straight_helpers import BUILTINS, HELPERS
from tests.packages import book, row, workbook_xml

EVIL = '__import__("os").system("hunter2")'
OWN = re.compile(r"run|[a-z]\d*")  # what the writer calls its arguments and variables
SHEET_NAMES = ["'+hunter2+'", "a\u2028import os #", '"""hunter2"""', "m0[0]", "ｅｖａｌ"]
# Recurrences in A2:A40 over A1 = 0.5, with text of the file wherever a formula can have some.
FORMULAS = [
    "A1*0.5+{row}", f'A1+LEN("{EVIL.replace(chr(34), chr(34) * 2)}")', "A1+hunter2", "A1*1E+300*1E+300", "A1+1E999",
    "A1-0.1E-400", f"A1+N('{'hunter2'}'!A1)", "IF(A1>hunter2,A1/3,A1*2)", "A1+SUM({{1,2;3,4}})", 'IF("hunter2"="x",1,A1)+1',
    "A1+TRUE", "MAX(A1,hunter2)+0", "A1&\"hunter2\"", "A1+hunter2(1)", "EXP(A1)-A1^2%",
]  # fmt: skip


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gather every source that is compiled."""
    found: list[str] = []

    def noting(source: str, *arguments: Any) -> Any:
        found.append(source)
        return compile(source, *arguments)

    monkeypatch.setattr(straight, "compile", noting, raising=False)
    return found


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("sheet", SHEET_NAMES)
def test_no_text_of_a_file_becomes_code(sheet: str, formula: str, sources: list[str]) -> None:
    names = '<definedNames><definedName name="hunter2">0.25</definedName></definedNames>'
    rows = row("<c r='A1'><v>0.5</v></c>")
    for number in range(2, 41):
        text = formula.format(row=number).replace("A1", f"A{number - 1}")
        rows += row(f"<c r='A{number}'><f>{escape(text)}</f></c>", number)
    data = book(rows, {"xl/workbook.xml": workbook_xml(names, sheets=(escape(sheet, {'"': "&quot;"}),))})
    results = [open_workbook(data).recompute(backend=backend) for backend in ("numpy", "reference")]
    place = "'" + sheet.replace("'", "''") + "'!A1:A40"
    found, wanted = (result.array(place).tolist() for result in results)
    assert str(found) == str(wanted)
    for source in sources:
        assert strangers(source) == []


def test_recurrences_are_compiled(sources: list[str]) -> None:
    """What is tested above takes place."""
    rows = row("<c r='A1'><v>0.5</v></c>") + "".join(
        row(f"<c r='A{i}'><f>A{i - 1}*0.5+1</f></c>", i) for i in range(2, 41)
    )
    open_workbook(book(rows)).recompute()
    assert len(sources) == 1
    assert strangers(sources[0]) == []
    assert strangers("def run(m0):\n    hunter2 = 'x'\n") == ["hunter2", "'x'"]


def strangers(source: str) -> list[str]:
    """Return the words and texts of a source that are not the writer's own."""
    known = {*HELPERS, *BUILTINS, *keyword.kwlist}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        each.string
        for each in tokens
        if each.type == token.STRING
        or each.type == token.COMMENT
        or (each.type == token.NAME and each.string not in known and not OWN.fullmatch(each.string))
    ]
