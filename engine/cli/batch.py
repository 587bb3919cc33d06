"""Run a workbook once for every row of a table, all rows together: the same answers as one recompute a row.

Each --map puts a column into a cell, or columns that match a pattern into a range; of an npz, an array with a row for
each run. Blocks that are done are kept beside the output: a run that was interrupted goes on where it was. With
--repeat instead of --inputs every run draws random numbers of its own, and the outputs are summarised.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sheetgrad.sheets.errors import FunctionsMissing, UsageError

from .messages import Line, some, warn
from .parsing import add_file, moment, opened

if TYPE_CHECKING:
    from ..batch_inputs import Mapping
    from ..compiled import Compiled
    from ..workbook import Workbook

EXAMPLES = """\
  sheetgrad batch loan.xlsx --inputs loans.csv --map 'amount=Loan!B1' --map 'rate=Loan!B2' \\
      --outputs 'Loan!B9' -o out.csv
  sheetgrad batch conv.xlsx --inputs digits.npz --map 'images=image' --outputs 'softmax,predicted' -o out.npz
  sheetgrad batch plan.xlsx --repeat 100000 --seed 7 --outputs 'Plan!F20' -o draws.parquet
"""
BLOCK = 4096  # rows read, computed and kept at a time


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_file(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--inputs", metavar="DATA", type=Path, help="a table: .csv, .npz or .parquet")
    source.add_argument("--repeat", type=int, metavar="N", help="run N times with other random numbers, and summarise")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=PLACE",
        help="a column and its cell, or a pattern (px*) and a range of as many cells; may be repeated",
    )
    parser.add_argument(
        "--outputs", action="append", required=True, metavar="PLACES", help="what to keep, with commas between places"
    )
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="a .csv, .npz or .parquet file")
    parser.add_argument("--block", type=int, default=BLOCK, metavar="ROWS", help=f"rows at a time (default {BLOCK})")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="what RAND and its kin draw from (default 0)")
    parser.add_argument("--now", type=moment, metavar="ISO", help="what NOW and TODAY return (default: the clock)")
    parser.add_argument("--dask", metavar="ADDRESS", help="compute on the workers of a Dask cluster")


def run(options: Namespace) -> int:
    """Run, keep, write; summarise repeats."""
    from ..solver_models import split_places

    outputs = [place for text in options.outputs for place in split_places(text)]
    if options.block < 1 or (options.repeat is not None and options.repeat < 1):
        raise UsageError("--block and --repeat take numbers of 1 and more")
    workbook = opened(options)
    now = options.now or datetime.now().replace(microsecond=0)
    if options.repeat is not None:
        return _repeat(workbook, outputs, options, now)
    if options.output is None:
        raise UsageError("--inputs needs -o OUT")
    mappings = _mappings(workbook, options.map)
    return _rows(workbook, mappings, outputs, options, now)


def _mappings(workbook: Workbook, texts: list[str]) -> list[Mapping]:
    from ..batch_inputs import Mapping

    if not texts:
        raise UsageError("--inputs needs --map COLUMN=PLACE")
    found = []
    for text in texts:
        column, mark, place = text.partition("=")
        if not mark or not column.strip() or not place.strip():
            raise UsageError(f"--map {text!r}: expected COLUMN=PLACE, as in 'rate=Loan!B2'")
        found.append(Mapping(column.strip(), place.strip(), workbook.area(place.strip())))
    return found


def _rows(workbook: Workbook, mappings: list[Mapping], outputs: list[str], options: Namespace, now: datetime) -> int:
    from ..batch_inputs import blocks
    from ..batch_outputs import Parts, fingerprint, names_of, write
    from ..compiled import Compiled

    output: Path = options.output
    for source in (options.inputs, Path(options.file)):
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(f"{output} is an input")
    compiled = Compiled(workbook, tuple(each.place for each in mappings), tuple(outputs), now)
    rows = blocks(options.inputs, mappings, options.block)
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{options.inputs}: it has no rows")
    _check(compiled, first, options.seed)
    plan = {
        "workbook": fingerprint(Path(options.file)),
        "inputs": fingerprint(options.inputs),
        "map": [[each.column, each.place] for each in mappings],
        "outputs": outputs,
        "block": options.block,
        "seed": options.seed,
        "now": None if options.now is None else options.now.isoformat(),
    }
    if options.dask:
        from ..dask_batches import need_dask

        need_dask()
    parts = Parts.beside(output, plan)
    if options.dask:
        from ..dask_batches import run_on_dask

        count = run_on_dask(options, mappings, outputs, now, first, rows, parts)
    else:
        count = _compute(compiled, first, rows, parts, options.seed)
    columns = [names_of(area, workbook.sheets[area.sheet]) for area in compiled.kept]
    write(output, outputs, columns, parts.blocks(count, len(outputs)))
    parts.remove()
    return 0


def _compute(compiled: Compiled, first: Any, rows: Any, parts: Any, seed: int) -> int:
    """Compute the blocks that are not there yet; return how many there are."""
    number, done = 0, 0
    block = first
    with Line() as line:
        while block is not None:
            if not parts.has(number):
                parts.save(number, computed(compiled, block, seed))
            number, done = number + 1, done + len(block[0])
            line.show(f"{done:,} rows")
            block = next(rows, None)
    return number


def computed(compiled: Compiled, block: Any, seed: int) -> list[Any]:
    """Return the outputs of a block of inputs."""
    import numpy as np

    from sheetgrad.sheets.values import Values

    found = list(compiled.run([Values(values) for values in block], len(block[0]), seed))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def _check(compiled: Compiled, first: Any, seed: int) -> None:
    """Refuse outputs that the inputs do not affect, and functions that are missing."""
    from sheetgrad.sheets.values import Values

    reached = compiled.affected([Values(values[:1]) for values in first], seed)
    name = compiled.workbook.name
    for place, affected in zip(compiled.outputs, reached, strict=True):
        if not affected:
            what = f"depends on none of {some(compiled.inputs)}" if compiled.inputs else "draws no random numbers"
            raise UsageError(f"{name}: {place} {what}")
    if compiled.sequential is not None:
        warn(f"{name}: the rows are computed one after the other, which takes longer: {compiled.sequential}")
    for function, cells in compiled.missing().items():
        raise FunctionsMissing(f"{name}: no function {function}: needed by {some(cells)}")


def _repeat(workbook: Workbook, outputs: list[str], options: Namespace, now: datetime) -> int:
    """Monte Carlo: every repeat has a stream of its own, whatever the block size."""
    import numpy as np

    from ..batch_inputs import need_parquet
    from ..batch_outputs import FORMATS, names_of, write
    from ..compiled import Compiled, streams
    from .summaries import summarise

    if options.map or options.dask:
        raise UsageError("--repeat goes without --map and --dask")
    output: Path | None = options.output
    if output is not None and output.suffix.lower() not in FORMATS:
        raise UsageError(f"{output}: expected .csv, .npz or .parquet")
    if output is not None and output.suffix.lower() == ".parquet":
        need_parquet()
    compiled = Compiled(workbook, (), tuple(outputs), now, random=True)
    _check(compiled, [], options.seed)
    seeds = streams(options.seed, options.repeat)
    found: list[list[Any]] = []
    done = 0
    with Line() as line:
        for block in compiled.run([], options.repeat, seeds):
            found.append(block)
            done += len(block[0])
            line.show(f"{done:,} of {options.repeat:,} repeats")
    columns = [names_of(area, workbook.sheets[area.sheet]) for area in compiled.kept]
    if output is not None:
        write(output, outputs, columns, iter(found))
    whole = [np.concatenate(part).reshape(options.repeat, -1) for part in zip(*found, strict=True)]
    summarise([name for names in columns for name in names], np.concatenate(whole, axis=1))
    return 0
