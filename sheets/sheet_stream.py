"""A sheet read in pieces of whole rows: plain ones many cells at a time, all others by way of expat."""

from __future__ import annotations

from collections.abc import Iterator

from .columns import Columns, SheetContext
from .fast_cells import add_plain
from .package import Package
from .plain_rows import PADDING, PlainRows, scan
from .repeats import Repeats
from .row_blocks import ROW_CLOSE, Moving
from .sheet_xml import SheetReader, SheetWalker

PIECE = 1 << 19
_TARGET = 1 << 21  # large enough to make numpy's calls cheap, small enough for its temporaries to stay in the cache
_LONGEST = 1 << 24  # what has no end of a row for longer than this is left to expat
ROWS_OPEN = b"<sheetData>"


class RowPieces:
    """Cuts the XML of a sheet into its head, pieces of whole rows, and ``rest`` with what ``pieces`` still hold.

    With other tags as ``opening`` and ``closing`` it does so for other lists, of shared strings for one.
    """

    def __init__(self, pieces: Iterator[bytes], opening: bytes = ROWS_OPEN, closing: bytes = ROW_CLOSE) -> None:
        self.pieces = pieces
        self.rest = b""
        self._opening = opening
        self._closing = closing

    def head(self) -> bytes:
        """Return the XML up to the end of the opening tag; b"" where that is not found soon."""
        for piece in self.pieces:
            self.rest += piece
            at = self.rest.find(self._opening)
            if at >= 0:
                at += len(self._opening)
                head, self.rest = self.rest[:at], self.rest[at:]
                return head
            if len(self.rest) >= _LONGEST:
                break
        return b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces that end with a closing tag."""
        waiting: list[bytes] = [self.rest]
        size = len(self.rest)
        for piece in self.pieces:
            waiting.append(piece)
            size += len(piece)
            if size >= _TARGET:
                yield from self._cut(b"".join(waiting))
                waiting = [self.rest]
                size = len(self.rest)
                if size >= _LONGEST:
                    return
        yield from self._cut(b"".join(waiting))

    def _cut(self, text: bytes) -> Iterator[bytes]:
        at = text.rfind(self._closing) + len(self._closing)
        self.rest = text
        if at >= len(self._closing):
            self.rest = text[at:]
            yield text[:at]


def can_be_plain(walker: SheetWalker) -> bool:
    """Whether rows may follow, to a walker fed with the head, that can be read as bytes of UTF-8."""
    encoding = walker.parser.encoding
    return walker.between_rows and (encoding is None or encoding.lower() == "utf-8")


def opens_markup(text: bytes) -> bool:
    """Whether a comment, CDATA or instruction begins in the text, which may hide the end of a row."""
    return b"<!" in text or b"<?" in text


def read_sheet(
    package: Package, part: str, context: SheetContext, plain: bool = True, moving: Moving | None = None
) -> Columns:
    """Read a sheet's cells and formulas.

    ``plain`` False reads all by way of expat: slower, and the same columns. With ``moving``, which tells where a
    formula counts rows when it is copied down, rows that repeat each other become copies of the first of them.
    """
    columns = Columns()
    reader = SheetReader(package, part, context, columns)
    repeats = Repeats(reader, moving)
    pieces = RowPieces(package.stream(part, PIECE))
    head = pieces.head() if plain else b""
    at = len(head)
    reader.feed(head)
    if plain and can_be_plain(reader):
        for piece in pieces:
            if not all(_add_rows(text, start, reader) for text, start in repeats.left(piece, at)):
                if moving is not None:  # a piece may have been cut where no row ends
                    return read_sheet(package, part, context)
                break
            at += len(piece)
    reader.feed(pieces.rest)
    for piece in pieces.pieces:
        reader.feed(piece)
    reader.close()
    return columns if not repeats.added or columns.in_order else read_sheet(package, part, context)


def _add_rows(text: bytes, at: int, reader: SheetReader) -> bool:
    """Add a piece of whole rows, which begins at byte ``at`` of the part, unless its end is none of a row."""
    rows = scan(text + PADDING)
    if rows is not None and add_plain(rows, at, reader.context, reader.columns):
        reader.row_at = last_row(rows)
        return True
    reader.feed(text)
    return reader.between_rows and not opens_markup(text)


def last_row(rows: PlainRows) -> int:
    """Return the row that a row without a number would follow."""
    if len(rows.cell) and rows.cell[-1] > rows.row_tag[-1]:
        return int(rows.row[-1])
    return int(rows.row_number[-1])
