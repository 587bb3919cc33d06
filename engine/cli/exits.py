"""The exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code says."""

    RIGHT = 0
    DIFFERENT = 1
    USAGE = 2
    REFUSED = 3
    UNSUPPORTED = 4
    CYCLE = 5
    INTERRUPTED = 130
    BROKEN_PIPE = 141
