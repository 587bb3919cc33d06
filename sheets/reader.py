"""Reading a workbook: from a path, from bytes, or from an openpyxl workbook in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .columns import SheetContext
from .errors import FileRefused
from .external import read_external
from .markup import refuse_doctype
from .model import Sheet, Table, Workbook
from .package import DEFAULT_LIMITS, Limits, Package
from .relationships import workbook_part
from .row_blocks import Moving
from .shared_strings import read_shared_strings
from .sheet_stream import read_sheet
from .values import Floats, Strings
from .workbook_xml import (
    Metadata,
    SheetEntry,
    WorkbookPart,
    read_metadata,
    read_tables,
    read_workbook_part,
)

if TYPE_CHECKING:
    import openpyxl

Source: TypeAlias = "str | os.PathLike[str] | bytes | openpyxl.Workbook"

_ENOUGH = 1 << 24  # bytes that tell what a file is that is no archive
_XML_ENDINGS = (".xml", ".rels", ".vml")


def read_workbook(source: Source, limits: Limits = DEFAULT_LIMITS, moving: Moving | None = None) -> Workbook:
    """Read a workbook into columns of cells and formulas.

    ``source``: a path, the bytes of a file, or an ``openpyxl.Workbook`` (then `Workbook.package` is None).
    ``moving``: where the text of a formula counts rows when it is copied down; rows that repeat each other are read
    much faster with it.
    Raises `FileRefused` for a file that is missing, no .xlsx or .xlsm, damaged, or beyond the limits.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return read_package(bytes(source), "<bytes>", limits, moving)
    if isinstance(source, str | os.PathLike):
        return read_package(_file_bytes(source, limits), os.fspath(source), limits, moving)
    from .in_memory import read_openpyxl

    return read_openpyxl(source)


def read_package(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS, moving: Moving | None = None) -> Workbook:
    """Read the bytes of a workbook file; ``name`` is what messages call it."""
    package = Package.open(data, name, limits)
    book = read_workbook_part(package, workbook_part(package))
    strings = Strings()
    shared = _shared_strings(package, book, strings)
    metadata = _metadata(package, book)
    sheets = [
        _read_sheet(package, index, entry, strings, shared, book, metadata, moving)
        for index, entry in enumerate(book.sheets)
    ]
    tables: list[Table] = []
    seen: set[str] = set()
    for index, entry in enumerate(book.sheets):
        tables += read_tables(package, index, entry.part, seen)
    external = read_external(package, book.external, strings)
    _check_carried_parts(package)
    return Workbook(name, sheets, strings, book.names, tables, book.date1904, book.calculation, external, data)


def _file_bytes(path: str | os.PathLike[str], limits: Limits) -> bytes:
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.inflated:
                raise FileRefused(
                    name, f"it has {size} bytes, more than {limits.inflated}; a limit, which can be raised"
                )
            # what is no archive is not read to its end, which a device need not have
            return file.read() if file.peek(2)[:2] == b"PK" else file.read(_ENOUGH)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileRefused(name, f"it cannot be read: {why}") from None


def _shared_strings(package: Package, book: WorkbookPart, strings: Strings) -> Floats:
    part = book.linked("sharedStrings")
    if part is None:
        return np.zeros(0)
    return read_shared_strings(package, part, strings)


def _metadata(package: Package, book: WorkbookPart) -> Metadata:
    part = book.linked("sheetMetadata")
    if part is None or package.find(part) is None:
        return Metadata()
    return read_metadata(package, part, book.links)


def _read_sheet(
    package: Package,
    index: int,
    entry: SheetEntry,
    strings: Strings,
    shared: Floats,
    book: WorkbookPart,
    metadata: Metadata,
    moving: Moving | None,
) -> Sheet:
    context = SheetContext(
        index, entry.name, strings, shared, book.date1904, metadata.dynamic, dict(metadata.rich_errors)
    )
    columns = read_sheet(package, entry.part, context, moving=moving)
    cells, formulas = columns.finish()
    return Sheet(
        entry.name,
        cells,
        formulas,
        entry.hidden,
        frozenset(columns.hidden_rows),
        tuple(columns.data_tables),
        entry.part,
        columns.value_spans(),
    )


def _check_carried_parts(package: Package) -> None:
    """Inflate what was not parsed, so that no damage, bomb or DOCTYPE is carried into a file that is written."""
    for entry in package.unread():
        beginning = b""
        for piece in package.stream(entry.name):
            beginning = beginning or piece
        if entry.name.lower().endswith(_XML_ENDINGS):
            refuse_doctype(package, entry.name, beginning)
