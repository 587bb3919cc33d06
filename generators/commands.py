"""What the command line asks of the lessons: list them, generate them, verify a workbook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sheetgrad.sheets.target import write_atomically

from .checks import can_check
from .compute import compute
from .lessons import LESSONS, Lesson, Option, lesson
from .verify import verify
from .writer import write


def lessons() -> list[Lesson]:
    """Return the lessons that can be generated, each with its name, description and options."""
    return list(LESSONS)


def generated(name: str, **options: Any) -> bytes:
    """Return the bytes of a lesson's workbook, every formula with its value: same options, same bytes.

    Raises `UsageError` for an unknown lesson or option.
    """
    book = lesson(name).build(**options)
    return write(book, compute(book))


def generate(name: str, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write a lesson's workbook; return its path."""
    target = Path(path)
    write_atomically(target, [generated(name, **options)])
    return target


def generated_and_verified(name: str, file: bytes | None = None) -> dict[str, Any]:
    """Generate a lesson (or take the ``file`` it made) and verify it; each panel also has its ``torch`` call.

    Panels that only repeat another, as the later ones of a series do, are ``quiet``.
    """
    book = lesson(name).build()
    known = {panel.name: panel for panel in book.panels}
    verified = verify(file or write(book, compute(book)))
    for panel in verified["panels"]:
        panel["torch"], panel["quiet"] = known[panel["name"]].torch, known[panel["name"]].quiet
    return verified


__all__ = ["Lesson", "Option", "can_check", "generate", "generated", "generated_and_verified", "lessons", "verify"]
