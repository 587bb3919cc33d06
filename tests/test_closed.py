"""What a recomputation may touch: its input, its output, Python's own files. No network, no program, no other file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.packages import CONTENT_TYPES, MAIN, book, relations, row, workbook_xml

ROOT = Path(__file__).resolve().parent.parent
WATCHED = """
import json, sys
seen = []
def hook(event, arguments):
    if event == "open":
        seen.append([event, str(arguments[0]), str(arguments[1] or arguments[2])])
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.", "ftplib.", "ctypes.dlopen")):
        seen.append([event, str(arguments)[:200], ""])
    elif event == "compile":
        source, name = arguments
        seen.append([event, str(name), "" if source is None else str(source)[:5000]])
sys.addaudithook(hook)
from sheetgrad.engine.cli import main
code = main(sys.argv[1:])
print(json.dumps(seen))
sys.exit(code)
"""
MARK = "hunter2"
# What would reach outside in other programs: web functions, links to files, DDE, pictures from elsewhere, Python in a text.
FORMULAS = [
    'HYPERLINK("http://192.0.2.1/x","y")', 'IMAGE("http://192.0.2.1/a.png")', 'WEBSERVICE("http://192.0.2.1/")', "[1]Sheet1!A1",
    "cmd|' /C calc'!A0", 'INDIRECT("[/etc/passwd]Sheet1!A1")', 'CELL("filename")', 'INFO("directory")', 'RTD("x",,"y")',
    '"__import__(\\"os\\").system(\\"hunter2\\")"', "CALL(\"kernel32\",\"hunter2\",\"J\")", "A1*2", "A13+1", "SUM(A1:A13)", "EVALUATE(\"hunter2\")",
]  # fmt: skip


def reaching_out() -> bytes:
    """Return a workbook that links to other files and machines wherever a workbook can."""
    rows = "".join(row(f'<c r="B{i}"><f>{escape(f)}</f><v>1</v></c>', i) for i, f in enumerate(FORMULAS, 1))
    # a chain, for which straight-line code is made
    rows += "".join(
        row(f'<c r="A{i}"><f>A{i - 1}*0.5+{i}</f></c>' if i > 100 else f'<c r="A{i}"><v>1</v></c>', i)
        for i in range(100, 400)
    )
    external = relations({"rId1": ("externalLinkPath", "file:///etc/passwd")}).replace("/>", ' TargetMode="External"/>')
    return book(
        rows,
        {
            "xl/workbook.xml": workbook_xml(
                '<externalReferences><externalReference r:id="rId5"/></externalReferences>'
            ),
            "xl/_rels/workbook.xml.rels": relations(
                {
                    "rId1": ("worksheet", "worksheets/sheet1.xml"),
                    "rId5": ("externalLink", "externalLinks/externalLink1.xml"),
                    "rId6": ("connections", "connections.xml"),
                }
            ),
            "xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>',
            "xl/externalLinks/_rels/externalLink1.xml.rels": external,
            "xl/connections.xml": f'<connections xmlns="{MAIN}"><connection id="1" type="4"><webPr url="http://192.0.2.1/"/></connection></connections>',
            "[Content_Types].xml": CONTENT_TYPES,
        },
    )


@pytest.mark.parametrize("backend", ["numpy", "reference"])
def test_nothing_else_is_touched(backend: str, tmp_path: Path) -> None:
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(reaching_out())
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", WATCHED, "recompute", str(path), "-o", str(out), "--backend", backend]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 4), done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    reached = [item for item in seen if item[0] not in ("open", "compile")]
    assert [item for item in reached if not item[0].startswith("ctypes")] == []
    opened = {name: mode for event, name, mode in seen if event == "open" and not python_own(name)}
    assert set(opened) <= {str(path), str(tmp_path), "/"}, opened
    assert str(path) in opened
    assert opened[str(path)] in ("r", "rb", str(os.O_RDONLY), str(os.O_RDONLY | os.O_CLOEXEC))
    assert [source for event, _, source in seen if event == "compile" and MARK in source] == []


def python_own(name: str) -> bool:
    """Tell whether a file is one of Python's modules or of ours, or what the system tells of itself."""
    roots = [
        sys.prefix,
        sys.base_prefix,
        str(ROOT / ".view"),
        *(str(ROOT / part) for part in ("engine", "sheets")),
        "/proc",
        "/sys",
        "/dev/",
    ]
    roots += [str(Path(folder).resolve()) for folder in sys.path if folder]
    return name.isdigit() or any(name.startswith(root) for root in roots if len(root) > 4) or not os.path.isabs(name)


def closed_network() -> list[str] | None:
    """Return the command that closes the network for another, or None where that is not permitted."""
    for command in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
        ):
            return command
    return None


def test_without_a_network(tmp_path: Path) -> None:
    prefix = closed_network()
    if prefix is None:
        pytest.skip("closing the network needs the right to make a namespace")
    path, out = tmp_path / "book.xlsx", tmp_path / "out.xlsx"
    path.write_bytes(reaching_out())
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".view")}
    command = [*prefix, sys.executable, "-m", "sheetgrad.engine", "recompute", str(path), "-o", str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 4), done.stderr
    assert out.exists()
