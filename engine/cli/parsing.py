"""What the commands' arguments have in common."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from sheetgrad.sheets.errors import UsageError

from .exits import Exit
from .messages import complain

if TYPE_CHECKING:
    from sheetgrad.sheets.values import Scalar

    from ..workbook import Workbook


class _Help(RawDescriptionHelpFormatter):
    """Help as wide as the terminal; argparse, which makes one for every argument, would import `shutil` to ask."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns or 80
    except (OSError, ValueError):
        return 80


class Parser(ArgumentParser):
    """An argument parser whose mistakes are one line."""

    def __init__(self, prog: str, description: str, examples: str) -> None:
        super().__init__(
            prog=prog,
            description=description.strip(),
            epilog=f"examples:\n{examples}" if examples else None,
            formatter_class=_Help,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and exit with 2."""
        complain(f"{message} (try {self.prog} --help)")
        raise SystemExit(Exit.USAGE)


def add_file(parser: ArgumentParser) -> None:
    """Add the workbook argument."""
    parser.add_argument("file", metavar="FILE", help="a workbook: .xlsx or .xlsm")
    add_trust(parser)


def add_trust(parser: ArgumentParser) -> None:
    """Add the option for files beyond the limits."""
    parser.add_argument(
        "--no-limits",
        action="store_true",
        help="lift the limits on size and compression ratio, on what LAMBDAs and cycles repeat: for files you trust",
    )


def opened(options: Namespace, file: str | None = None) -> Workbook:
    """Open the workbook that the arguments name, or one of several."""
    from sheetgrad.sheets.package import Limits

    from ..workbook import open_workbook

    return open_workbook(options.file if file is None else file, limits=Limits.none() if options.no_limits else None)


def add_computation(parser: ArgumentParser) -> None:
    """Add the options that say how to compute."""
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what RAND and its kin draw from (default 0)")
    parser.add_argument(
        "--now", type=moment, metavar="ISO", help="what NOW and TODAY return, as 2024-02-29T12:00 (default: the clock)"
    )
    parser.add_argument(
        "--backend",
        choices=("numpy", "torch", "reference"),
        default="numpy",
        help="numpy: the array program (default); torch: the same on torch; reference: one cell at a time",
    )
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="keep the stored values of cells whose formula names a function that sheetgrad lacks, and go on",
    )


def moment(text: str) -> datetime:
    """Read an ISO 8601 date and time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--now {text!r} is not a date: expected something like 2024-02-29T12:00") from None


def assignments(texts: Sequence[str]) -> dict[str, Scalar]:
    """Read the ``PLACE=VALUE`` texts of ``--set``.

    >>> assignments(["model!B2=0.5", "'a=b'!A1=TRUE", "A1=", 'A2="3"'])
    {'model!B2': 0.5, "'a=b'!A1": True, 'A1': None, 'A2': '3'}
    """
    found: dict[str, Scalar] = {}
    for text in texts:
        quoted_end = text.find("'!") if text.startswith("'") else 0
        at = text.find("=", max(quoted_end, 0))
        if at < 0:
            raise UsageError(f"--set {text!r} has no value: expected PLACE=VALUE, as in 'Sheet1!A1=0.5'")
        if not text[:at].strip():
            raise UsageError(f"--set {text!r} names no place: expected PLACE=VALUE, as in 'Sheet1!A1=0.5'")
        found[text[:at].strip()] = scalar(text[at + 1 :])
    return found


def scalar(text: str) -> Scalar:
    """Read a value as Excel reads one that is typed in: a number, TRUE or FALSE, an error, else text; "…" is text.

    >>> scalar("1e-3"), scalar("true"), scalar("seven"), scalar("#N/A")
    (0.001, True, 'seven', <Error.NA: (7, '#N/A')>)
    """
    from sheetgrad.sheets.values import ERRORS_BY_TEXT

    word = text.strip()
    if not word:
        return None
    if word.upper() in {"TRUE", "FALSE"}:
        return word.upper() == "TRUE"
    if word.upper() in ERRORS_BY_TEXT:
        return ERRORS_BY_TEXT[word.upper()]
    if len(word) > 1 and word[0] == word[-1] == '"':
        return word[1:-1].replace('""', '"')
    if any(mark.isdigit() for mark in word) and "_" not in word:
        try:
            return float(word)
        except ValueError:
            pass
    return text
