"""Structured references: ``Table[[#Headers],[a]:[b]]`` and its shorter forms.

Forms: "Using structured references with Excel tables" (support.microsoft.com) and ECMA-376 part 1, §18.17.6.1. Inside
brackets ``'`` takes away the meaning of the character that follows.
"""

from __future__ import annotations

import re
from typing import Final

from sheetgrad.sheets.values import Error

from .lexer import FormulaError
from .syntax import ErrorLiteral, Structured

ITEMS: Final = {"#all": "all", "#data": "data", "#headers": "headers", "#totals": "totals"}
_WRITTEN: Final = {"all": "#All", "data": "#Data", "headers": "#Headers", "totals": "#Totals"}
THIS_ROW: Final = "#this row"
# The last alternative is a column without brackets, as in ``[[#This Row],net]``: XlsxWriter writes ``[@net]`` so.
_PART = re.compile(r"[ \t\r\n]*(?:\[((?:[^\[\]']|'.)*)\]|([,:])|(@)|((?:[^\[\]',:#@]|'.)+))", re.DOTALL)
_SPECIAL = re.compile(r"[\[\]#'@]")
_ESCAPED = re.compile(r"'(.)", re.DOTALL)


def parse_structured(text: str, position: int) -> Structured | ErrorLiteral:
    """Parse a structured reference that stands at ``position``; one to a deleted column (``[#REF!]``) is #REF!.

    >>> parse_structured("Sales[[#This Row],[net]]", 0)
    Structured(table='Sales', first='net', last=None, items=frozenset(), this_row=True)
    """
    opening = text.index("[")
    table, inner = text[:opening] or None, text[opening + 1 : -1]
    bare = inner.strip(" \t\r\n")
    if "[" not in _ESCAPED.sub("", inner):
        if bare.startswith("#"):
            return _assemble(table, [bare], [], position)
        if bare.startswith("@"):
            return _assemble(table, [THIS_ROW], [bare[1:]] if bare[1:] else [], position)
        return _assemble(table, [], [inner] if bare else [], position)
    return _assemble(table, *_parts(inner, position), position)


def _parts(inner: str, position: int) -> tuple[list[str], list[str]]:
    """Split ``[#Headers],[a]:[b]`` into items and columns."""
    items: list[str] = []
    columns: list[str] = []
    separator = ","
    at = 0
    bare = inner.rstrip(" \t\r\n")
    while at < len(bare):
        match = _PART.match(bare, at)
        if match is None:
            raise FormulaError("the structured reference is malformed", position)
        at = match.end()
        content, sign, this_row, plain = match.groups()
        if plain is not None and items and not columns:
            content = plain.strip(" \t\r\n")
        if this_row is not None and not items and not columns:
            items.append(THIS_ROW)
            separator = ","
        elif sign is not None and not separator and not (sign == ":" and len(columns) != 1):
            separator = sign
        elif content is not None and separator:
            (items if content.startswith("#") and not columns else columns).append(content)
            if len(columns) > 1 and separator != ":":
                raise FormulaError("the structured reference names columns that are no span", position)
            separator = ""
        else:
            raise FormulaError("the structured reference is malformed", position)
    if separator and (not items or columns):  # XlsxWriter writes ``[@]`` as ``[[#This Row],]``
        raise FormulaError("the structured reference is malformed", position)
    return items, columns


def _assemble(table: str | None, items: list[str], columns: list[str], position: int) -> Structured | ErrorLiteral:
    names = [_ESCAPED.sub(r"\1", column) for column in columns]
    known = set()
    this_row = False
    for item in items:
        folded = item.strip().lower()
        if folded == THIS_ROW:
            this_row = True
        elif folded in ITEMS:
            known.add(ITEMS[folded])
        elif folded == "#ref!":
            return ErrorLiteral(Error.REF)
        else:
            raise FormulaError(f"[{item}] is no part of a table", position)
    if not all(name.strip() for name in names):
        raise FormulaError("the structured reference names no column", position)
    if len(names) > 2:
        raise FormulaError("the structured reference names more than two columns", position)
    first, last = (*names, None, None)[:2]
    return Structured(table, first, last, frozenset(known), this_row)


def unparse_structured(node: Structured) -> str:
    """Return the text of a structured reference, in the form in which files hold it.

    >>> unparse_structured(Structured("Sales", "net", None, frozenset({"headers"})))
    'Sales[[#Headers],[net]]'
    """
    parts = ["[#This Row]"] if node.this_row else []
    parts += [f"[{written}]" for item, written in _WRITTEN.items() if item in node.items]
    if node.first is not None:
        last = "" if node.last is None else f":[{_escape(node.last)}]"
        parts.append(f"[{_escape(node.first)}]{last}")
    table = node.table or ""
    if not parts:
        return f"{table}[]"
    if len(parts) == 1 and node.last is None:
        return table + parts[0]
    return f"{table}[{','.join(parts)}]"


def _escape(column: str) -> str:
    return _SPECIAL.sub(r"'\g<0>", column)
