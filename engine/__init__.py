"""Formula text → regions → array program → values.

`open_workbook` reads a workbook. A `Workbook` is recomputed, explained, compiled to a function of arrays,
differentiated, or made a torch module; a `Result` holds the values of one recomputation: indexed by range or name,
saved, compared with what the file stores as a list of `Difference`. The exceptions are in `sheetgrad.sheets.errors`.

>>> from sheetgrad.engine import open_workbook
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compare import Difference
    from .workbook import Result, Workbook, open_workbook

__all__ = ["Difference", "Result", "Workbook", "open_workbook"]


def __dir__() -> list[str]:
    """List the API, too, so that `help` shows it."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import the API when it is first asked for: a command line that only shows its help needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import compare, workbook

    return getattr(compare if name == "Difference" else workbook, name)
