"""``python -m sheetgrad.generators.gallery FOLDER``: a picture of every sheet, and a page that shows them.

LibreOffice renders (``soffice``, and ``pdftoppm`` and ``pdftotext`` of poppler); each picture is the first printed page
of its sheet, cropped by Pillow (``pip install sheetgrad[gallery]``). The page, ``gallery.md``, also holds the table
that ``verify`` gives, with the torch calls.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import generated, generated_and_verified, lessons

if TYPE_CHECKING:
    from PIL.Image import Image

RESOLUTION = 60
MARGIN = 12
WIDEST = 1600


def main(folder: Path) -> None:
    """Make the pictures and the page; pictures that were there are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
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
                picture_of(path.with_suffix(".pdf"), page).save(folder / picture, optimize=True)
                parts.append(f"\n### {sheet}\n\n![{each.name}, sheet {sheet}]({picture})\n")
            parts.append(_table(each.name, path.read_bytes()))
        print(each.name)
    (folder / "gallery.md").write_text("".join(parts), encoding="utf-8")


def _table(name: str, file: bytes) -> str:
    """Return the verified panels as a table; of many alike only the first is listed."""
    rows = [
        (
            f"| {panel['name']} | {panel['range']} | {panel['cells']:,} | {_code(panel['torch'])} "
            f"| {panel['max_abs_error']:.1e} |"
        )
        for panel in generated_and_verified(name, file)["panels"]
        if not panel["quiet"]
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


def picture_of(pdf: Path, page: int) -> Image:
    """Return a page without its footer and its white border, in few colours."""
    from PIL import Image as images
    from PIL import ImageOps

    command = ["pdftoppm", "-png", "-r", str(RESOLUTION), "-f", str(page), "-l", str(page), str(pdf)]
    image = images.open(io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)).convert("RGB")
    image = image.crop((0, 0, image.width, int(image.height * 0.96)))
    left, top, right, bottom = ImageOps.invert(image).point(lambda level: 255 * (level > 5)).getbbox() or (0, 0, 1, 1)
    right = min(right + MARGIN, left + WIDEST, image.width)
    bottom = min(bottom + MARGIN, image.height)
    return image.crop((max(left - MARGIN, 0), max(top - MARGIN, 0), right, bottom)).quantize(256)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/gallery"))
