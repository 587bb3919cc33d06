"""The exceptions of the whole project: one small tree, each with the exit code of the command line.

They are for misuse and for files that cannot be read. Excel's own errors (``#DIV/0!``) are values, never exceptions.
"""

from __future__ import annotations

from typing import ClassVar

_LONGEST = 300  # characters of a message, whatever a file has put into it


class SheetgradError(Exception):
    """The base of all: ``str(error)`` is one line that says what and where."""

    exit_code: ClassVar[int] = 1


class UsageError(SheetgradError):
    """The caller asked for something that does not exist or makes no sense."""

    exit_code = 2


class BadReference(UsageError):
    """A cell, range, sheet or name that cannot be understood, or is not in the workbook."""


class FileRefused(SheetgradError):
    """A file that is missing, unreadable, not a workbook, damaged, or hostile.

    >>> str(FileRefused("book.xlsx", "not a zip archive"))
    'book.xlsx: not a zip archive'
    """

    exit_code = 3

    def __init__(self, file: str, what: str) -> None:
        line = " ".join(what.split())
        super().__init__(f"{' '.join(file.split())}: {line if len(line) <= _LONGEST else line[:_LONGEST] + ' …'}")
        self.file = file
        self.what = what


class FunctionsMissing(SheetgradError):
    """Formulas name functions that the engine does not have."""

    exit_code = 4


class CycleFound(SheetgradError):
    """Formulas depend on themselves, and the workbook does not ask for iteration."""

    exit_code = 5
