"""``python -m benchmarks.batch``: the lesson's network over many digits, beside the same network in torch, eager.

Seconds are CPU seconds, medians of runs in turns, one thread each; answers are compared. ``--peers`` adds what one
recomputation a digit costs: on a workbook that is open, and as a process that loads, computes and saves.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.formula_text import formula_text

Floats = NDArray[np.float64]
FIRST = ("conv!AD11:AF13", "conv!AD38:AF40")
SECOND = ("conv!BI11:BK13", "conv!BI15:BK17", "conv!BI38:BK40", "conv!BI42:BK44")


def main() -> None:
    """Measure, compare, print."""
    parser = ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--digits", type=int, default=10_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--peers", action="store_true", help="measure one recomputation a digit by every engine, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measured(options.digits, options.repeats)
    if options.peers:
        found["a digit by"] = one_by_one()
    if options.json:
        print(json.dumps({"schema": "sheetgrad.benchmarks.batch/1", **found}))
        return
    for name in ("sheetgrad", "torch float64", "torch float32", "one recompute a digit"):
        print(f"{name:24} {found[name]:9.3f} s for {options.digits:,} digits")
    ratio = found["sheetgrad"] / found["torch float64"]
    for name, seconds in found.get("a digit by", {}).items():
        print(
            f"{name:40} {seconds * 1000:9.1f} ms a digit, {seconds * options.digits / found['sheetgrad']:8,.0f} times"
        )
    print(f"sheetgrad / torch float64: {ratio:.2f}; largest difference {found['difference']:.1e}")


def measured(digits: int, repeats: int) -> dict[str, Any]:
    """Return the seconds of each way, and how far the answers are apart."""
    import torch

    from sheetgrad.engine import open_workbook
    from sheetgrad.generators.commands import generated

    torch.set_num_threads(1)
    book = open_workbook(generated("conv"))
    images = np.random.default_rng(1).random((digits, 28, 28)).round(3)
    compiled = book.compile(["image"], ["softmax"])
    weights = parts(book)
    networks = {f"torch {name}": network(weights, getattr(torch, name)) for name in ("float64", "float32")}
    ways = {
        "sheetgrad": lambda: compiled(images),
        **{name: lambda run=run: run(images) for name, run in networks.items()},
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers = {}
    compiled(images[:2])
    for _ in range(repeats):
        for name, way in ways.items():
            started = process_time()
            answers[name] = way()
            seconds[name].append(process_time() - started)
    started = process_time()
    for item in range(10):
        book.recompute(set={"image": images[item]})
    each = (process_time() - started) / 10
    difference = float(np.abs(answers["sheetgrad"][:, :, 0] - answers["torch float64"]).max())
    if difference > 1e-10:
        sys.exit(f"the answers differ by {difference}")
    return {
        **{name: median(times) for name, times in seconds.items()},
        "one recompute a digit": each * digits,
        "digits": digits,
        "difference": difference,
    }


def one_by_one(digits: int = 3) -> dict[str, float]:
    """Return the CPU seconds that one digit costs each engine, where it recomputes the lesson for every one."""
    import tempfile
    from pathlib import Path

    from sheetgrad.generators.commands import generated

    from .running import spawn

    images = np.random.default_rng(1).random((digits, 28, 28)).round(3)
    found = {}
    with tempfile.TemporaryDirectory(prefix="sheetgrad-bench-") as folder:
        source = Path(folder) / "conv.xlsx"
        source.write_bytes(generated("conv"))
        for name, way in (("ironcalc", ironcalc_digit), ("formualizer", formualizer_digit)):
            run = way(source)
            started = process_time()
            for image in images:
                run(image)
            found[f"{name}, open workbook"] = (process_time() - started) / digits
        for name in ("sheetgrad", "ironcalc", "formualizer"):
            totals = []
            for turn in range(digits):
                target = Path(folder) / f"{name}-{turn}.xlsx"
                run_ = spawn(["benchmarks.engines", name, str(source), str(target)], 60)
                if run_.failure:
                    sys.exit(f"{name}: {run_.failure}")
                totals.append(run_.total)
            found[f"{name}, a process"] = median(totals)
    return found


def ironcalc_digit(source: Any) -> Any:
    """Return what sets an image and computes, on an open workbook."""
    import ironcalc

    model = ironcalc.load_from_xlsx(str(source), "en", "UTC", "en")
    model.evaluate()

    def run(image: Floats) -> None:
        for (row, column), value in np.ndenumerate(image):
            model.set_user_input(0, row + 2, column + 1, str(value))
        model.evaluate()

    return run


def formualizer_digit(source: Any) -> Any:
    """Return what sets an image and computes, on an open workbook."""
    import formualizer

    book = formualizer.load_workbook(str(source))
    book.evaluate_all()

    def run(image: Floats) -> None:
        for (row, column), value in np.ndenumerate(image):
            book.set_value("conv", row + 2, column + 1, float(value))
        book.evaluate_all()

    return run


def parts(book: Any) -> dict[str, Floats]:
    """Return the network's weights as torch has them."""
    values = book.recompute()
    first = np.stack([values[place] for place in FIRST])[:, None]
    second = np.stack([values[place] for place in SECOND]).reshape(2, 2, 3, 3)
    return {"first": first, "second": second, "dense": dense(book, values)}


def dense(book: Any, values: Any) -> Floats:
    """Return the dense weights (classes, 2 · tall · wide), read off the formulas of the activations."""
    area = book.area("conv!GC4:GC13")
    formulas = book.model.sheets[area.sheet].formulas
    found = []
    for row in range(area.top, area.bottom):
        at = next(i for i in range(len(formulas)) if (formulas.row[i], formulas.column[i]) == (row, area.left))
        text = formula_text(book.model.sheets[area.sheet], at)
        places = [part.split("(")[1].split(",")[0] for part in text.split("+")]
        found.append(np.concatenate([values[f"conv!{place}"].astype(np.float64).ravel() for place in places]))
    return np.stack(found)


def network(weights: dict[str, Floats], dtype: Any) -> Any:
    """Return the network in torch, eager."""
    import torch
    import torch.nn.functional as F

    first, second, last = (torch.tensor(weights[name], dtype=dtype) for name in ("first", "second", "dense"))

    @torch.no_grad()
    def run(images: Floats) -> Floats:
        x = torch.tensor(images, dtype=dtype)[:, None]
        x = F.relu(F.conv2d(x, first))
        x = F.relu(F.conv2d(x, second))
        x = F.max_pool2d(x, 2).flatten(1)
        return np.asarray(F.softmax(x @ last.T, dim=1).numpy())

    return run


if __name__ == "__main__":
    main()
