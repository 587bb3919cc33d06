"""What needs a service, a cube, the web, or a program beside Excel: none is asked; and what other programs leave."""

from __future__ import annotations

from typing import NoReturn

from sheetgrad.sheets.values import Error, Scalar

from .declare import Any, scalar, special

NAMES = (
    "CALL", "COPILOT", "CUBEKPIMEMBER", "CUBEMEMBER", "CUBEMEMBERPROPERTY", "CUBERANKEDMEMBER", "CUBESET",
    "CUBESETCOUNT", "CUBEVALUE", "DETECTLANGUAGE", "FIELDVALUE", "IMAGE", "IMPORTCSV", "IMPORTTEXT", "PHONETIC",
    "REGISTER.ID", "RTD", "SQL.REQUEST", "STOCKHISTORY", "TRANSLATE", "WEBSERVICE",
)  # fmt: skip


@special(*NAMES)
def SERVICE(argument: Any, *rest: Any) -> NoReturn:
    """What is not in the file: the formula keeps its stored value, #CONNECT! where there is none."""
    raise AssertionError("a special form: evaluators handle it by name")


@scalar()
def DUMMYFUNCTION(formula: Any) -> Scalar:
    """#NAME?: Google Sheets writes ``IFERROR(__xludf.DUMMYFUNCTION("its formula"),value)`` for what Excel lacks."""
    return Error.NAME
