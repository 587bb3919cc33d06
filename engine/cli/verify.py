"""Recompute a lesson and compare every panel with its torch twin, in float64.

The twin reads its inputs out of the workbook, so a lesson that you have edited still verifies. A panel is right where
its largest error is at most 1e-12 of the panel's scale. Exit code 1 where a panel is not. Needs torch: install
sheetgrad[torch].
"""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, Namespace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sheetgrad.sheets.errors import UsageError

from .exits import Exit
from .messages import progress
from .tables import show

EXAMPLES = """\
  sheetgrad verify conv.xlsx
  sheetgrad verify dropout.xlsx --json | jq .ok
  sheetgrad verify --all                            every panel of every lesson, with its torch call
"""
LESSONS = "sheetgrad.generators.commands"  # imported by name: the engine does not depend on the lessons
SERIES = 4  # panels of one kind from here on share a row of the table


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="a lesson that sheetgrad generate wrote, edited or not")
    parser.add_argument("--all", action="store_true", help="generate every lesson and verify all panels, in one table")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace) -> int:
    """Recompute and verify."""
    if find_spec("torch") is None:
        raise UsageError("verify needs torch: install sheetgrad[torch]")
    if options.all == (options.file is not None):
        raise UsageError("verify takes one FILE, or --all")
    if options.all:
        return _all(options)
    with progress(f"verifying {options.file}"):
        verified = import_module(LESSONS).verify(options.file)
    if options.json:
        print(json.dumps({"schema": "sheetgrad.verify/1", **verified}, allow_nan=False))
    else:
        show(["panel", "range", "cells", "max error", ""], _rows(verified["panels"]), right=(2, 3))
        verdict = "agrees with torch" if verified["ok"] else "differs from torch"
        print(f"\n{options.file}: lesson {verified['lesson']}, {len(verified['panels'])} panels, {verdict}")
    return Exit.RIGHT if verified["ok"] else Exit.DIFFERENT


def _all(options: Namespace) -> int:
    """Generate and verify every lesson; one row a panel, series cut to their first."""
    commands = import_module(LESSONS)
    found = []
    for lesson in commands.lessons():
        with progress(f"verifying {lesson.name}"):
            found.append(commands.generated_and_verified(lesson.name))
    ok = all(each["ok"] for each in found)
    if options.json:
        print(json.dumps({"schema": "sheetgrad.verify-all/1", "lessons": found, "ok": ok}, allow_nan=False))
        return Exit.RIGHT if ok else Exit.DIFFERENT
    rows = [
        [each["lesson"], *row[:3], panel["torch"], row[3]]
        for each in found
        for panel in each["panels"]
        if not panel["quiet"] or not panel["ok"]
        for row in [_row(panel["name"], panel["range"], [panel])]
    ]
    show(["lesson", "panel", "range", "cells", "torch", "max error"], rows, right=(3, 5))
    count = sum(len(each["panels"]) for each in found)
    print(f"\n{len(found)} lessons, {count:,} panels, {'all agree with torch' if ok else 'NOT all agree with torch'}")
    return Exit.RIGHT if ok else Exit.DIFFERENT


def _rows(panels: list[dict[str, Any]]) -> list[list[str]]:
    """Return a row for each panel; a long series (``epoch_users_0`` …) shares one row."""
    series: dict[str, list[dict[str, Any]]] = {}
    for panel in panels:
        series.setdefault(re.sub(r"_\d+$", "", panel["name"]), []).append(panel)
    rows = []
    for group in series.values():
        if len(group) >= SERIES:
            rows.append(_row(f"{group[0]['name']} … {group[-1]['name']}", f"{group[0]['range']} …", group))
        else:
            rows += [_row(panel["name"], panel["range"], [panel]) for panel in group]
    return rows


def _row(name: str, place: str, panels: list[dict[str, Any]]) -> list[str]:
    cells, worst = sum(panel["cells"] for panel in panels), max(panel["max_abs_error"] for panel in panels)
    return [name, place, f"{cells:,}", f"{worst:.1e}", "ok" if all(panel["ok"] for panel in panels) else "DIFFERS"]
