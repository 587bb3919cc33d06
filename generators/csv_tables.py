"""Tables that a reader brings as CSV; what is wrong with one is said in a line, with its file and row."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sheetgrad.sheets.errors import FileRefused

LARGEST = 64_000_000  # bytes, unpacked: many times what fits a workbook
LONGEST = 255  # characters of a text
Made = TypeVar("Made")


def read_table(
    path: str, columns: tuple[str, ...], made: Callable[[dict[str, str]], Made | None]
) -> Iterator[tuple[int, Made]]:
    """Yield what ``made`` makes of each row, with the row's number as a spreadsheet shows it; None leaves it out.

    The first row names the columns: others than ``columns`` are left out, and so are blank rows. The file may be
    packed by gzip. Raises `FileRefused` where a column is missing, or where ``made`` raises ValueError.
    """
    rows = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            if number == 1:
                places, width = _places(row, columns), len(row)
            elif any(cell.strip() for cell in row):
                if len(row) != width:
                    raise ValueError(f"{len(row)} cells where the first row has {width}")
                found = made({name: " ".join(row[place].split()) for name, place in places.items()})
                if found is not None:
                    yield number, found
    except csv.Error as error:
        raise FileRefused(path, f"row {number + 1}: {error}") from None
    except ValueError as error:
        raise FileRefused(path, f"row {number}: {error}") from None
    if number == 0:
        raise FileRefused(path, f"it is empty; it needs the columns {', '.join(columns)}")


def whole(row: dict[str, str], column: str, least: int, most: int) -> int:
    """Return a cell as a whole number within bounds; else raise ValueError with a text for people."""
    text = row[column]
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 16 and least <= int(text) <= most):
        raise ValueError(f"{column} is {text!r}: expected a whole number from {least} to {most}")
    return int(text)


def real(row: dict[str, str], column: str, least: float, most: float) -> float:
    """Return a cell as a number within bounds; else raise ValueError with a text for people."""
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise ValueError(f"{column} is {row[column]!r}: expected a number from {least:g} to {most:g}")
    return value


def text(row: dict[str, str], column: str) -> str:
    """Return a cell as a text that a cell of a workbook can show; else raise ValueError with a text for people."""
    found = row[column]
    if not 0 < len(found) <= LONGEST or not found.isprintable() or found.startswith("="):
        raise ValueError(f"{column} is {found[:20]!r}: expected a text of 1 to {LONGEST} characters, not a formula")
    return found


def one_of(row: dict[str, str], column: str, texts: tuple[str, ...]) -> str:
    """Return which of some texts a cell is, in whatever case; else raise ValueError with a text for people."""
    for wanted in texts:
        if row[column].casefold() == wanted.casefold():
            return wanted
    raise ValueError(f"{column} is {row[column][:20]!r}: expected {' or '.join(texts)}")


def _places(row: list[str], columns: tuple[str, ...]) -> dict[str, int]:
    names = [name.strip() for name in row]
    missing = [name for name in columns if names.count(name) != 1]
    if missing:
        shown = ", ".join(names)[:60]
        raise ValueError(f"no column {missing[0]!r}: expected {', '.join(columns)}, separated by commas, not {shown!r}")
    return {name: names.index(name) for name in columns}


def _text(path: str) -> str:
    data = _bytes(path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(path, "it is UTF-16: save it as CSV UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise FileRefused(
            path, f"row {row}: byte {data[error.start]:#04x} is not UTF-8: save it as CSV UTF-8"
        ) from None


def _bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            data = (gzip.GzipFile(fileobj=file) if packed else file).read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused(
            path, str(error.strerror if isinstance(error, OSError) and error.strerror else error)
        ) from None
    if len(data) > LARGEST:
        raise FileRefused(path, f"it holds more than {LARGEST // 1_000_000} MB")
    return data
