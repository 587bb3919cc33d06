"""Small harms done to good workbooks: bytes of the archive, XML of its parts, formulas. The same seed, the same mutants.

``python -m tests.mutants 100000 --seed 7`` tries more of them than the test suite does, and prints the number of each that fails.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import sys
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import xlsxwriter

from sheetgrad.engine.cli import main
from tests.packages import book, row, zipped

SECONDS = 20
FORMULAS = (
    "A1+A2*2", "SUM(A1:A9)/COUNT(A:A)", "IF(A1>2,B1,\"no\")", "VLOOKUP(A3,A1:B9,2,FALSE)", "INDEX(A1:B9,2,1)", "OFFSET(A1,1,0,2,1)",
    "SUMPRODUCT((A1:A9>3)*(B1:B9))", "TEXT(A1,\"0.00\")&\"x\"", "LEFT(C1,2)", "DATE(2024,2,A1)", "MMULT(A1:B2,A3:B4)", "RANK(A1,A1:A9)",
    "INDIRECT(\"A\"&A1)", "COUNTIF(A1:A9,\">2\")", "IFERROR(1/0,A1)", "_xlfn.LET(_xlpm.x,A1,_xlpm.x*_xlpm.x)", "-A1^2%", "$A$1:A3 A2:B2",
    "_xlfn.SEQUENCE(3,2)", "{1,2;3,4}*A1", "SUM(Sheet1!A1:A3,-1E-3)", "_xlfn.REDUCE(0,A1:A4,_xlfn.LAMBDA(_xlpm.a,_xlpm.b,_xlpm.a+_xlpm.b))",
    "WORKDAY(A1,5)", "NPV(0.1,A1:A5)", "SUBSTITUTE(C1,\"e\",\"\")", "ROUND(PI(),A1)", "_xlfn.TEXTSPLIT(\"a-b\",\"-\")", "MATCH(\"t*\",C1:C9,0)",
)  # fmt: skip
PIECES = [
    "(", ")", ",", ":", "$", "!", "#REF!", "#", "@", "%", "\"", "'", "{", "}", "[", "]", ";", " ", "&", "<>", "^", "-", "1E308", "1E-400", "0",
    "-1", "A1", "A:A", "1:1", "XFD1048576", "A1:XFD1048576", "Sheet1!", "TRUE", "SUM(", "IF(", "OFFSET(", "INDIRECT(", "REPT(\"x\",40000)",
    "_xlfn.SEQUENCE(9999,9999)", "_xlfn.LAMBDA(", "_xlpm.x", "\ufffd", "é", "99999999999", ".", "",
]  # fmt: skip
MARKS = [b"", b"<", b">", b'"', b"&", b"\0", b"\xff", b"&#x1;", b"&#xD800;", b"<!--", b"]]>", b"<![CDATA[", b"-1", b"1e999", b"NaN",
         b"A1:XFD1048576", b"999999999999", b"<c/>", b"<row/>", b"</c>", b' t="s"', b' t="e"', b' r="B2"', b' si="0"']  # fmt: skip


def small_book() -> bytes:
    """Return a workbook as XlsxWriter makes it, with most kinds of cells and parts, small."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as target:
        sheet, other = target.add_worksheet("data"), target.add_worksheet("it's")
        for number in range(4):
            sheet.write_row(number, 0, [number, number / 7, f"text {number % 3}", number % 2 == 0])
            sheet.write_formula(number, 5, f"=A{number + 1}*2", None, number * 2)
        sheet.write_array_formula("H1:I2", "{=A1:B2*2}", None, 1)
        sheet.write_dynamic_array_formula("K1", "=SEQUENCE(2,2)")
        other.write_formula("A1", "=SUM(data!A1:A4)+p", None, 6)
        other.write_formula("A2", '=VLOOKUP(2,data!A1:C4,3,FALSE)&"x"', None, "text 2x")
        sheet.add_table("A10:B12", {"columns": [{"header": "a"}, {"header": "b", "formula": "=[@a]+1"}]})
        sheet.merge_range("A20:B21", "merged")
        target.define_name("p", "=data!$A$2")
    return buffer.getvalue()


def formula_book(formulas: list[str]) -> bytes:
    """Return a workbook with these formulas in column F beside a few values."""
    from xml.sax.saxutils import escape

    rows = [
        row(
            f'<c r="A{i}"><v>{i}</v></c><c r="B{i}"><v>{i / 4}</v></c><c r="C{i}" t="str"><v>te{i}</v></c>'
            + (f'<c r="F{i}"><f>{escape(formulas[i - 1])}</f></c>' if i <= len(formulas) else ""),
            i,
        )
        for i in range(1, max(9, len(formulas)) + 1)
    ]
    return book("".join(rows))


class Mutator:
    """Makes mutants one after another from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.original = small_book()
        with zipfile.ZipFile(io.BytesIO(self.original)) as archive:
            self.contents = {name: archive.read(name) for name in archive.namelist()}
        self.names = [name for name in self.contents if "theme" not in name and "docProps" not in name]

    def mutant(self) -> bytes:
        """Return the next mutant."""
        kind = self.chance.random()
        if kind < 0.2:
            return self.harmed(self.original)
        if kind < 0.6:
            name = self.chance.choice(self.names)
            return zipped({**self.contents, name: self.harmed(self.contents[name])})
        return formula_book([self.formula() for _ in range(6)])

    def harmed(self, data: bytes) -> bytes:
        """Return bytes with one or a few small harms done."""
        chance = self.chance
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            at, length = chance.randrange(len(data) or 1), chance.choice([1, 1, 2, 8, 60])
            piece = data[at : at + length]
            flipped = bytes([piece[0] ^ 1 << chance.randrange(8)]) + piece[1:] if piece else b""
            new = chance.choice([b"", piece * 2, piece[::-1], chance.randbytes(length), flipped, chance.choice(MARKS)])
            data = data[:at] + new + data[at + length :]
        return data

    def formula(self) -> str:
        """Return a formula with a few pieces put in, taken out, or exchanged with those of another."""
        chance, text = self.chance, self.chance.choice(FORMULAS)
        for _ in range(chance.choice([1, 1, 2, 3])):
            at, until = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            other = chance.choice(FORMULAS)
            part = other[chance.randrange(len(other)) :] if chance.random() < 0.3 else chance.choice(PIECES)
            text = text[:at] + part + text[chance.choice([at, at, until, min(at + 1, len(text))]) :]
        return "".join(c for c in text[:500] if c >= " ")


class TimedOut(BaseException):
    """A mutant took too long."""


@contextmanager
def watched(seconds: int) -> Iterator[None]:
    """Raise `TimedOut` in the block where it takes longer."""

    def bark(signum: int, frame: FrameType | None) -> None:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fault_of(data: bytes, folder: Path) -> str | None:
    """Recompute a mutant through the command line; return what was wrong with how that ended, or None."""
    path, out = folder / "mutant.xlsx", folder / "out.xlsx"
    path.write_bytes(data)
    out.unlink(missing_ok=True)
    said, printed = io.StringIO(), io.StringIO()
    try:
        with watched(SECONDS), redirect_stderr(said), redirect_stdout(printed):
            code = main(["recompute", str(path), "-o", str(out)])
    except TimedOut:
        return f"more than {SECONDS} s"
    except Exception:
        return traceback.format_exc()
    if code not in (0, 3, 4, 5):
        return f"exit code {code}: {said.getvalue()}"
    if code == 3 and (out.exists() or said.getvalue().count("\n") != 1):
        return f"refused, but not cleanly: {said.getvalue()}"
    if path.read_bytes() != data:
        return "the input was written to"
    return None


def faults(count: int, seed: int) -> Iterator[tuple[int, bytes, str]]:
    """Yield the number, the bytes and the fault of each mutant that is not dealt with."""
    mutator = Mutator(seed)
    with TemporaryDirectory() as folder:
        for number in range(count):
            data = mutator.mutant()
            fault = fault_of(data, Path(folder))
            if fault is not None:
                yield number, data, fault


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that fail")
    options = parser.parse_args()
    found = 0
    for number, data, fault in faults(options.count, options.seed):
        found += 1
        print(f"mutant {number} of seed {options.seed}: {fault}", flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{options.seed}-{number}.xlsx").write_bytes(data)
    sys.exit(found > 0)
