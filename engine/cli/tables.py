"""Tables on stdout: drawn by rich on a terminal, plain columns elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from sheetgrad.sheets.addresses import column_name
from sheetgrad.sheets.model import Area

from .messages import harmless


def show(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table; ``right``: the columns that are aligned to the right."""
    headers, rows = [*map(harmless, headers)], [[*map(harmless, row)] for row in rows]
    if sys.stdout.isatty():
        _drawn(headers, rows, right)
        return
    table = [list(headers), *map(list, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(headers))]
    for line in table:
        padded = (
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join(padded).rstrip())


def show_cells(area: Area, values: NDArray[Any], text: Callable[[Any], str]) -> None:
    """Print an area's values, (rows, columns), under the letters of their columns, beside the numbers of their rows."""
    headers = ["", *(column_name(area.left + column) for column in range(values.shape[1]))]
    rows = [[str(number), *map(text, line)] for number, line in enumerate(values.tolist(), area.top + 1)]
    show(headers, rows, right=range(len(headers)))


def _drawn(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column, header in enumerate(headers):
        table.add_column(header, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text) for text in row))
    Console().print(table)
