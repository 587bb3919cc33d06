"""The garbage collector, left out while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Do without the collector of cycles: it would go through all that is kept, again and again, and find nothing.

    What was made then counts as old, so that it is not gone through at once afterwards.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # else somebody wants to keep things out of the collector's sight
                gc.freeze()
                gc.unfreeze()
            gc.enable()
