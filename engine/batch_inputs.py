"""Rows of data for a workbook: columns of a CSV or Parquet file, arrays of an npz, block by block as numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.errors import FileRefused, UsageError
from sheetgrad.sheets.model import Area

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column goes to which cells: a name, or a pattern as ``px*`` for as many columns as the place has cells."""

    column: str
    place: str
    area: Area

    @property
    def cells(self) -> int:
        return self.area.height * self.area.width


def blocks(path: Path, mappings: Sequence[Mapping], size: int) -> Iterator[list[Floats]]:
    """Yield blocks of up to ``size`` rows: an array (rows, height, width) for each mapping.

    Raises `FileRefused` for a file that cannot be read, `UsageError` for a column that is missing or no numbers.
    """
    readers = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path}: expected .csv, .npz or .parquet")
    if not path.exists():
        raise FileRefused(str(path), "no such file")
    for block in reader(path, mappings, size):
        yield [values.reshape(-1, *each.area.shape) for values, each in zip(block, mappings, strict=True)]


def _chosen(path: Path, names: Sequence[str], each: Mapping) -> list[int]:
    """Return the columns that a mapping takes."""
    found = [at for at, name in enumerate(names) if name == each.column]
    if not found and any(mark in each.column for mark in "*?["):
        found = [at for at, name in enumerate(names) if fnmatchcase(name, each.column)]
    if not found:
        from difflib import get_close_matches

        close = get_close_matches(each.column, names, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names[:8])}"
        raise UsageError(f"{path}: no column {each.column!r}{meant}")
    if len(found) != each.cells:
        raise UsageError(f"{path}: {each.column!r} is {len(found)} columns, but {each.place} has {each.cells} cells")
    return found


def _csv(path: Path, mappings: Sequence[Mapping], size: int) -> Iterator[list[Floats]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            names = next(rows, None)
            if names is None:
                raise UsageError(f"{path}: it is empty: expected a line of column names")
            chosen = [_chosen(path, names, each) for each in mappings]
            waiting: list[list[str]] = []
            start = 2
            for row in rows:
                if row:
                    waiting.append(row)
                if len(waiting) == size:
                    yield _numbers(path, names, chosen, waiting, start)
                    start += len(waiting)
                    waiting = []
            if waiting:
                yield _numbers(path, names, chosen, waiting, start)
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(str(path), f"no CSV in UTF-8: {error}") from None


def _numbers(
    path: Path, names: Sequence[str], chosen: Sequence[Sequence[int]], rows: Sequence[Sequence[str]], start: int
) -> list[Floats]:
    found = []
    for columns in chosen:
        values = np.empty((len(rows), len(columns)))
        for at, column in enumerate(columns):
            try:
                values[:, at] = [row[column] for row in rows]
            except (ValueError, IndexError):
                _complain_of(path, names[column], column, rows, start)
        _finite(path, [names[column] for column in columns], values, start)
        found.append(values)
    return found


def _complain_of(path: Path, name: str, column: int, rows: Sequence[Sequence[str]], start: int) -> None:
    for line, row in enumerate(rows, start):
        if column >= len(row):
            raise UsageError(f"{path}: line {line} has {len(row)} fields, and no {name!r}")
        try:
            float(row[column])
        except ValueError:
            raise UsageError(f"{path}: line {line}: {name!r} is {row[column]!r}, which is no number") from None


def _finite(path: Path, names: Sequence[str], values: Floats, start: int) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, at = bad[0].tolist()
        raise UsageError(f"{path}: row {start + row}: {names[at]!r} is {values[row, at]}, which no cell can hold")


def _npz(path: Path, mappings: Sequence[Mapping], size: int) -> Iterator[list[Floats]]:
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = [_array(path, held, each) for each in mappings]
    except (ValueError, OSError, EOFError) as error:
        raise FileRefused(str(path), f"no npz: {error}") from None
    counts = {len(array) for array in arrays}
    if len(counts) > 1:
        raise UsageError(f"{path}: the arrays disagree about the number of rows: {sorted(counts)}")
    for start in range(0, counts.pop(), size):
        part = [array[start : start + size] for array in arrays]
        for each, values in zip(mappings, part, strict=True):
            _finite(path, [each.column] * values.shape[1], values, start)
        yield part


def _array(path: Path, held: Any, each: Mapping) -> Floats:
    if each.column not in held.files:
        raise UsageError(f"{path}: no array {each.column!r}; there are {', '.join(held.files[:8])}")
    array = held[each.column]
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{path}: {each.column!r} holds {array.dtype}, which are no numbers")
    if array.ndim == 0 or array.size != len(array) * each.cells:
        raise UsageError(
            f"{path}: {each.column!r} has shape {array.shape}, but {each.place} has {each.cells} cells a row"
        )
    found: Floats = array.reshape(len(array), each.cells).astype(np.float64)
    return found


def _parquet(path: Path, mappings: Sequence[Mapping], size: int) -> Iterator[list[Floats]]:
    parquet = need_parquet()
    try:
        file = parquet.ParquetFile(path)
    except Exception as error:
        raise FileRefused(str(path), f"no Parquet file: {error}") from None
    with file:
        names = file.schema_arrow.names
        chosen = [_chosen(path, names, each) for each in mappings]
        start = 1
        for batch in file.iter_batches(batch_size=size, columns=sorted({names[at] for part in chosen for at in part})):
            found = []
            for columns in chosen:
                parts = [_column(path, names[at], batch.column(names[at])) for at in columns]
                values = np.stack(parts, axis=1)
                _finite(path, [names[at] for at in columns], values, start)
                found.append(values)
            start += batch.num_rows
            yield found


def _column(path: Path, name: str, column: Any) -> Floats:
    try:
        found: Floats = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    except (ValueError, TypeError):
        raise UsageError(f"{path}: {name!r} holds {column.type}, which are no numbers") from None
    return found


def need_parquet() -> Any:
    """Return pyarrow's parquet module. Raises `UsageError` where it is not installed."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow: install sheetgrad[parquet]") from None
    return parquet
