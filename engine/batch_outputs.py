"""Results of a batch: kept block by block beside the output until all are there, so that an interrupted run goes on."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.addresses import cell_name, quote_sheet
from sheetgrad.sheets.errors import UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Error

from .batch_inputs import need_parquet

Block: TypeAlias = Sequence[NDArray[Any]]  # for each output (rows, height, width)
FORMATS = (".csv", ".npz", ".parquet")


@dataclass(frozen=True, slots=True)
class Parts:
    """The blocks that are done, one file each in a folder named after the output.

    ``plan`` tells what they are blocks of; a folder with another plan is not taken up.
    """

    folder: Path
    plan: Mapping[str, Any]

    @classmethod
    def beside(cls, output: Path, plan: Mapping[str, Any]) -> Parts:
        """Take up the folder of an interrupted run, or make a new one. Raises `UsageError`."""
        if output.suffix.lower() not in FORMATS:
            raise UsageError(f"{output}: expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        if output.suffix.lower() == ".parquet":
            need_parquet()
        folder = output.with_name(f"{output.name}.parts")
        parts = cls(folder, plan)
        held = folder / "plan.json"
        if not held.exists():
            folder.mkdir(parents=False, exist_ok=True)
            held.write_text(json.dumps(plan))
        elif json.loads(held.read_text()) != json.loads(json.dumps(plan)):
            raise UsageError(f"{folder} holds parts of a run with other inputs or options: finish that, or remove it")
        return parts

    def has(self, number: int) -> bool:
        """Tell whether a block is done."""
        return self._file(number).exists()

    def save(self, number: int, block: Block) -> None:
        """Keep a block, whole or not at all."""
        held = self._file(number).with_suffix(".writing")
        with held.open("wb") as file:
            np.savez(file, **{f"a{at}": _storable(values) for at, values in enumerate(block)})  # type: ignore[arg-type]
        os.replace(held, self._file(number))

    def blocks(self, count: int, outputs: int) -> Iterator[Block]:
        """Yield the blocks in order."""
        for number in range(count):
            with np.load(self._file(number), allow_pickle=False) as held:
                yield [held[f"a{at}"] for at in range(outputs)]

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:08d}.npz"


def fingerprint(path: Path) -> str:
    """Return what tells a file from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def names_of(area: Area, sheet: str) -> list[str]:
    """Return the names of an output's columns: its cells."""
    return [
        f"{quote_sheet(sheet)}!{cell_name(row, column)}"
        for row in range(area.top, area.bottom)
        for column in range(area.left, area.right)
    ]


def write(output: Path, places: Sequence[str], columns: Sequence[Sequence[str]], blocks: Iterator[Block]) -> None:
    """Write all blocks as one file; it is there when it is complete. ``columns``: the names of each output's cells."""
    held = output.with_name(f"{output.name}.writing")
    try:
        {".csv": _csv, ".npz": _npz, ".parquet": _parquet}[output.suffix.lower()](held, places, columns, blocks)
        os.replace(held, output)
    finally:
        held.unlink(missing_ok=True)


def _csv(path: Path, places: Sequence[str], columns: Sequence[Sequence[str]], blocks: Iterator[Block]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for names in columns for name in names])
        for block in blocks:
            flat = [values.reshape(len(values), -1).tolist() for values in block]
            writer.writerows([[value for part in parts for value in part] for parts in zip(*flat, strict=True)])


def _npz(path: Path, places: Sequence[str], columns: Sequence[Sequence[str]], blocks: Iterator[Block]) -> None:
    held = list(blocks)
    whole = {place: _joined([block[at] for block in held]) for at, place in enumerate(places)}
    with path.open("wb") as file:
        np.savez(file, **whole)  # type: ignore[arg-type]


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    if len({part.dtype.kind for part in parts}) > 1:
        parts = [_texts(part) for part in parts]
    return np.concatenate(parts)


def _parquet(path: Path, places: Sequence[str], columns: Sequence[Sequence[str]], blocks: Iterator[Block]) -> None:
    parquet = need_parquet()
    import pyarrow

    held = list(blocks)
    whole = [_joined([block[at] for block in held]) for at in range(len(places))]
    table = {
        name: values.reshape(len(values), -1)[:, cell]
        for values, names in zip(whole, columns, strict=True)
        for cell, name in enumerate(names)
    }
    parquet.write_table(pyarrow.table({name: pyarrow.array(values) for name, values in table.items()}), path)


def _storable(values: NDArray[Any]) -> NDArray[Any]:
    """Return mixed values as text: npz holds objects only as pickles, which nobody should have to load."""
    return values if values.dtype != object else _texts(values)


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    texts = [_plain(value) for value in values.ravel().tolist()]
    return np.array(texts, dtype=np.str_).reshape(values.shape)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return repr(value) if isinstance(value, float) else value.text if isinstance(value, Error) else str(value)
