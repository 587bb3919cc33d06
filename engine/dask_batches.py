"""The blocks of a batch on a Dask cluster: each is computed by some worker, and kept here once, when it arrives.

A block whose worker is lost is computed again by another; what has arrived stays, so nothing is in the output twice.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sheetgrad.sheets.errors import UsageError

from .batch_inputs import Mapping
from .batch_outputs import Parts

PATIENCE = 10.0  # seconds to find the scheduler
RETRIES = 3
AHEAD = 2  # blocks in flight for each worker


def need_dask() -> None:
    """Raise `UsageError` where Dask is not installed."""
    if find_spec("distributed") is None:
        raise UsageError("--dask needs Dask: install sheetgrad[dask]")


def run_on_dask(
    options: Namespace,
    mappings: Sequence[Mapping],
    outputs: Sequence[str],
    now: datetime,
    first: Any,
    rows: Iterator[Any],
    parts: Parts,
) -> int:
    """Compute the blocks that are not there yet; return how many there are."""
    from distributed import Client, as_completed

    task = Path(options.file).read_bytes(), tuple(each.place for each in mappings), tuple(outputs), now, options.seed
    try:
        client = Client(options.dask, timeout=PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"--dask {options.dask}: no scheduler there: {error}") from None
    with client:
        shared = client.submit(carried, task, pure=False)  # scattered data would be lost with its worker
        width = max(AHEAD * len(client.scheduler_info()["workers"]), 1)
        pending: dict[Any, int] = {}
        queue = as_completed()  # type: ignore[no-untyped-call]
        count = 0
        for number, block in enumerate(_all(first, rows)):
            count = number + 1
            if parts.has(number):
                continue
            while len(pending) >= width:
                _keep(next(queue), pending, parts)
            future = client.submit(block_on_worker, shared, block, retries=RETRIES, pure=False)
            pending[future.key] = number
            queue.add(future)  # type: ignore[no-untyped-call]
        while pending:
            _keep(next(queue), pending, parts)
    return count


def _all(first: Any, rows: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rows


def _keep(future: Any, pending: dict[Any, int], parts: Parts) -> None:
    parts.save(pending[future.key], future.result())
    del pending[future.key]


def carried(task: Any) -> Any:
    """Return what all blocks need, so that a worker that lacks it can get it again."""
    return task


def block_on_worker(task: tuple[bytes, tuple[str, ...], tuple[str, ...], datetime, int], block: Any) -> list[Any]:
    """Compute one block; a worker opens each workbook once."""
    from .cli.batch import computed

    book, places, outputs, now, seed = task
    return computed(_compiled(book, places, outputs, now), block, seed)


@lru_cache(maxsize=4)
def _compiled(book: bytes, places: tuple[str, ...], outputs: tuple[str, ...], now: datetime) -> Any:
    from .compiled import Compiled
    from .workbook import open_workbook

    return Compiled(open_workbook(book), places, outputs, now)
