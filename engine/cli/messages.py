"""What goes to stderr: errors, warnings, and progress where somebody watches."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
PATIENCE = 1.0  # seconds before progress shows
PAUSE = 0.2  # seconds between two lines of it


def complain(text: str) -> None:
    """Print one line to stderr."""
    print(f"sheetgrad: {harmless(' '.join(text.split()))}", file=sys.stderr)


def harmless(text: str) -> str:
    """Spell out control characters, with which a text of a file could command a terminal, or turn what it shows.

    >>> harmless("a" + chr(27) + "[2J"), harmless("é")
    ('a\\\\x1b[2J', 'é')
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


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


class Line:
    """A line on a terminal that is written over while work goes on; the first shows after a second."""

    def __init__(self) -> None:
        self._due, self._shown = monotonic() + PATIENCE, False

    def show(self, text: str) -> None:
        """Show how far it is, a few times a second."""
        if monotonic() >= self._due and sys.stderr.isatty():
            self._due, self._shown = monotonic() + PAUSE, True
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away, so that what comes next stands alone."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


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
