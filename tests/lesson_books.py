"""Lessons as the generator writes them, each made once for all tests."""

from __future__ import annotations

from functools import cache

from sheetgrad.generators.commands import generated


@cache
def lesson_book(name: str, epochs: int | None = None) -> bytes:
    """Return a lesson's workbook."""
    return generated(name) if epochs is None else generated(name, epochs=epochs)
