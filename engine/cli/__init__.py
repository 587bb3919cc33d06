"""The ``sheetgrad`` command line: one file a command, imported when the command is called."""

import os

# numpy reads this when it is imported: starting threads costs each process more than matrix products in workbooks gain.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .entry import main

__all__ = ["main"]
