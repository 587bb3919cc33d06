"""Write a lesson as a workbook: every panel a live formula with its value, controls in yellow cells.

LESSON is one of those that --list shows, or "all". The same options give the same bytes. A file that is there is not
replaced without --force.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

from sheetgrad.sheets.errors import UsageError

from .messages import progress, warn
from .tables import show

EXAMPLES = """\
  sheetgrad generate --list
  sheetgrad generate conv -o conv.xlsx
  sheetgrad generate dropout --p 0.4 --seed 7 -o dropout.xlsx
  sheetgrad generate all -o lessons/
"""
LESSONS = "sheetgrad.generators.commands"  # imported by name: the engine does not depend on the lessons


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments, the lessons' own options among them."""
    parser.add_argument("lesson", nargs="?", metavar="LESSON", help="a lesson's name, or all")
    parser.add_argument("--list", action="store_true", help="show the lessons and their options")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="the file, or with all the folder (default: here, LESSON.xlsx)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    group = parser.add_argument_group("lesson options")
    for name, (kind, help_text) in _options().items():
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=kind.__name__.upper(), help=help_text)


def run(options: Namespace) -> int:
    """Generate, or list."""
    if options.list:
        _list()
        return 0
    if options.lesson is None:
        raise UsageError("generate needs a lesson: there are " + ", ".join((*_names(), "all")))
    given = {name: value for name in _options() if (value := getattr(options, name)) is not None}
    targets = _targets(options, given)
    for target in targets.values():
        if target.exists() and not options.force:
            raise UsageError(f"{target} is there already: say --force to replace it")
    for name, target in targets.items():
        with progress(f"generating {target}"):
            _generate(name, target, given)
        print(target)
    if not import_module(LESSONS).can_check():
        warn("torch is not installed: what was generated has no sheet check")
    return 0


def _targets(options: Namespace, given: dict[str, Any]) -> dict[str, Path]:
    """Return which lessons go where."""
    if options.lesson != "all":
        if options.lesson not in _names():
            raise UsageError(f"no lesson called {options.lesson!r}; there are {', '.join(_names())}")
        target: Path = options.output or Path(f"{options.lesson}.xlsx")
        if target.suffix.lower() != ".xlsx":
            raise UsageError(f"{target} is no lesson's name: expected .xlsx")
        return {options.lesson: target}
    if given:
        raise UsageError(f"all lessons are generated with their own options: leave out --{next(iter(given))}")
    folder = options.output or Path()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: all lessons go into a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return {name: folder / f"{name}.xlsx" for name in _names()}


def _generate(name: str, target: Path, given: dict[str, Any]) -> None:
    try:
        import_module(LESSONS).generate(name, target, **given)
    except ValueError as error:
        raise UsageError(f"{target}: {error}") from error


def _list() -> None:
    for lesson in import_module(LESSONS).lessons():
        print(f"{lesson.name}: {lesson.description}")
        rows = [
            [f"  --{option.name.replace('_', '-')}", option.type.__name__, str(option.default), option.help]
            for option in lesson.options
        ]
        if rows:
            show(["  option", "type", "default", "what it is"], rows)
        print()


def _names() -> list[str]:
    return [lesson.name for lesson in import_module(LESSONS).lessons()]


def _options() -> dict[str, tuple[type, str]]:
    """Return every lesson's options by name; one that several lessons have says what it is in each."""
    types: dict[str, type] = {}
    meanings: dict[str, dict[str, list[str]]] = {}  # option → what it is → the lessons where it is that
    for lesson in import_module(LESSONS).lessons():
        for option in lesson.options:
            types[option.name] = option.type
            meanings.setdefault(option.name, {}).setdefault(option.help, []).append(lesson.name)
    found = {}
    for name, meaning in meanings.items():
        told = "; ".join(f"{', '.join(where)}: {what}" for what, where in meaning.items())
        found[name] = types[name], told.replace("%", "%%")
    return found
