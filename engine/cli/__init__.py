"""The ``sheetgrad`` command line: one file a command, imported when the command is called."""

from .entry import main

__all__ = ["main"]
