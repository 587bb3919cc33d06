"""``python -m sheetgrad.generators.gallery FOLDER``: a picture of every sheet, and a page that shows them.

LibreOffice renders (``soffice``, and ``pdftoppm`` and ``pdftotext`` of poppler); each picture is the first printed page
of its sheet, cropped. The page, ``gallery.md``, also holds the table that ``verify`` gives, with the torch calls.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .commands import generated, lessons, verify
from .lessons import lesson

RESOLUTION = 60
MARGIN = 12
WIDEST = 1600


def main(folder: Path) -> None:
    """Make the pictures and the page."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        "# Gallery\n",
        "Every lesson, sheet by sheet, as LibreOffice renders it. Made by `python -m sheetgrad.generators.gallery`.\n",
    ]
    for each in lessons():
        parts.append(f"\n## {each.name}\n\n{each.description}\n")
        with tempfile.TemporaryDirectory(prefix="sheetgrad-gallery-") as work:
            path = Path(work) / f"{each.name}.xlsx"
            path.write_bytes(generated(each.name))
            for sheet, page in first_pages(render(path)).items():
                picture = f"{each.name}-{sheet}.png".replace(" ", "-")
                (folder / picture).write_bytes(png(cropped(pixels(path.with_suffix(".pdf"), page))))
                parts.append(f"\n### {sheet}\n\n![{each.name}, sheet {sheet}]({picture})\n")
            parts.append(_table(each.name, path))
        print(each.name)
    (folder / "gallery.md").write_text("".join(parts), encoding="utf-8")


def _table(name: str, path: Path) -> str:
    """Return the verified panels as a table; of many alike only the first is listed."""
    known = {panel.name: panel for panel in lesson(name).build().panels}
    rows = [
        (
            f"| {panel['name']} | {panel['range']} | {panel['cells']:,} | {_code(known[panel['name']].torch)} "
            f"| {panel['max_abs_error']:.1e} |"
        )
        for panel in verify(path)["panels"]
        if not known[panel["name"]].quiet
    ]
    head = "\n| panel | range | cells | torch | greatest error |\n|---|---|---:|---|---:|\n"
    return head + "\n".join(rows) + "\n"


def _code(call: str) -> str:
    return f"`{call}`".replace("|", "\\|") if call else ""


def render(path: Path) -> Path:
    """Print a workbook to PDF, with a profile of its own; return the PDF's path."""
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return path.with_suffix(".pdf")


def first_pages(pdf: Path) -> dict[str, int]:
    """Return the first page of each sheet: the footer's middle is the sheet's name."""
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    found: dict[str, int] = {}
    for number, page in enumerate(text.split("\f")[:-1], start=1):
        footer = re.split(r"\s{2,}", page.rstrip().splitlines()[-1].strip())
        found.setdefault(footer[1] if len(footer) == 3 else f"page {number}", number)
    return found


def pixels(pdf: Path, page: int) -> NDArray[np.uint8]:
    """Return a page as pixels (rows, columns, 3), without its footer."""
    command = ["pdftoppm", "-r", str(RESOLUTION), "-f", str(page), "-l", str(page), str(pdf)]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    assert header is not None
    width, height = int(header[1]), int(header[2])
    image = np.frombuffer(data, dtype=np.uint8, offset=header.end()).reshape(height, width, 3)
    return image[: int(height * 0.96)]


def cropped(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the white border off."""
    rows, columns = (np.flatnonzero((image < 250).any(axis=axes)) for axes in ((1, 2), (0, 2)))
    top, left = max(0, int(rows[0]) - MARGIN), max(0, int(columns[0]) - MARGIN)
    return image[top : int(rows[-1]) + MARGIN, left : min(int(columns[-1]) + MARGIN, left + WIDEST)]


def png(image: NDArray[np.uint8]) -> bytes:
    """Return pixels as a PNG file with a palette of sixteen steps of each colour."""
    height, width, _ = image.shape
    steps = (image >> 4).astype(np.uint32)
    colours, inverse = np.unique(steps[..., 0] << 8 | steps[..., 1] << 4 | steps[..., 2], return_inverse=True)
    used = np.bincount(inverse.ravel())
    kept = np.argsort(-used, kind="stable")[:256]
    parts = np.stack([colours >> 8 & 15, colours >> 4 & 15, colours & 15], axis=1).astype(np.int64)
    nearest = np.abs(parts[:, None] - parts[kept][None]).sum(2).argmin(1).astype(np.uint8)
    lines = np.hstack([np.zeros((height, 1), dtype=np.uint8), nearest[inverse].reshape(height, width)])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    palette = (parts[kept] * 17).astype(np.uint8).tobytes()
    body = zlib.compress(lines.tobytes(), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"PLTE", palette)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/gallery"))
