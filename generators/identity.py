"""Which lesson a workbook is: stored in it as a hidden defined name."""

from __future__ import annotations

import json
from collections.abc import Mapping

NAME = "sheetgrad_lesson"


def spell_identity(lesson: str, options: Mapping[str, str | int | float]) -> str:
    """Return the text of the hidden name: an Excel text that holds lesson and options as JSON.

    >>> spell_identity("conv", {"size": 28})
    '"{""lesson"": ""conv"", ""size"": 28}"'
    """
    return '"' + json.dumps({"lesson": lesson} | dict(options)).replace('"', '""') + '"'


def read_identity(names: Mapping[str, str]) -> dict[str, str | int | float] | None:
    """Return lesson and options from a workbook's names, or None where it is no lesson.

    >>> read_identity({"sheetgrad_lesson": '"{""lesson"": ""conv""}"'})
    {'lesson': 'conv'}
    """
    text = names.get(NAME, "")
    try:
        found = json.loads(text.strip('"').replace('""', '"')) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and "lesson" in found else None
