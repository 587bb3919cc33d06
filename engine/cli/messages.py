"""What goes to stderr: errors, warnings, and progress where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PATIENCE = 1.0  # seconds before progress shows


def complain(text: str) -> None:
    """Print one line to stderr."""
    print(f"sheetgrad: {' '.join(text.split())}", file=sys.stderr)


def warn(text: str) -> None:
    """Print one warning to stderr."""
    complain(f"warning: {text}")


def some(items: Sequence[str], most: int = 8) -> str:
    """Join items for a message, the first few where there are many.

    >>> some(["A1", "A2", "A3"], most=2)
    'A1, A2 and 1 more'
    """
    rest = len(items) - most
    return ", ".join(items) if rest <= 0 else f"{', '.join(items[:most])} and {rest:,} more"


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show what is going on while the block runs: on a terminal only, and only after a second."""
    if not sys.stderr.isatty():
        yield
        return
    from threading import Timer

    shown: list[Any] = []

    def show() -> None:
        from rich.console import Console

        status = Console(stderr=True).status(text)
        status.start()
        shown.append(status)

    timer = Timer(PATIENCE, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for status in shown:
            status.stop()
