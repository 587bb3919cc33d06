"""The API: open a workbook, recompute it, look at ranges, save, compare, compile it to a function of arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets import model
from sheetgrad.sheets.addresses import quote_sheet, range_name
from sheetgrad.sheets.errors import BadReference, UsageError
from sheetgrad.sheets.model import Area
from sheetgrad.sheets.values import Kind, Scalar, Strings, Values

from .compare import Comparison, Difference, area_keys, compare, formula_cells, gather, merged
from .context import Context, Kept, Place
from .grid import Grid, TooManyCells
from .outcome import CellKey, Outcome
from .overlay import Settable, Setting, overridden, settings, without_formulas
from .selection import clipped, resolve
from .work import Work, room_for_texts

if TYPE_CHECKING:
    import openpyxl

    from sheetgrad.sheets.package import Limits

Source: TypeAlias = "str | os.PathLike[str] | bytes | openpyxl.Workbook"
Backend: TypeAlias = Literal["numpy", "reference", "torch"]
Evaluate: TypeAlias = Callable[[model.Workbook, Grid, Context], Outcome]

# Where each backend's `evaluate` lives; imported when first asked for.
EVALUATORS: dict[str, str] = {
    "numpy": "sheetgrad.engine.arrays",
    "reference": "sheetgrad.engine.reference",
    "torch": "sheetgrad.engine.backends.torch",
}


@dataclass(slots=True)
class Seconds:
    """Wall-clock seconds of each stage; ``lift`` is what finding the array program took, part of no other."""

    read: float = 0.0
    lift: float = 0.0
    compute: float = 0.0
    write: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a recomputation was asked for, kept so that it can be done again with volatile cells held."""

    given: tuple[Setting, ...] = ()
    seed: int = 0
    now: datetime = field(default_factory=datetime.now)
    backend: str = "numpy"


def open_workbook(source: Source, *, limits: Limits | None = None) -> Workbook:
    """Read a workbook: a path, the bytes of an .xlsx file, or an `openpyxl.Workbook` in memory.

    ``limits`` bounds what a file may cost; raise them for files that are larger and trusted (`sheets.package.Limits`).
    Raises `FileRefused` for a file that is missing, damaged, beyond the limits, or no workbook.

    >>> import io, xlsxwriter
    >>> file = io.BytesIO()
    >>> with xlsxwriter.Workbook(file) as book:
    ...     sheet = book.add_worksheet("model")
    ...     _ = sheet.write_column("A1", [1, 2, 3])
    ...     _ = sheet.write_array_formula("B1:B3", "{=A1:A3^2}")
    >>> result = open_workbook(file.getvalue()).recompute(set={"model!A2": 5})
    >>> result["model!B1:B3"]
    array([[ 1.],
           [25.],
           [ 9.]])
    """
    started = perf_counter()
    loaded = _load(source, limits)
    return Workbook(loaded, Seconds(read=perf_counter() - started), limits)


class Workbook:
    """An open workbook. It never changes: each `recompute` starts from the values that the file stores."""

    def __init__(self, loaded: model.Workbook, seconds: Seconds | None = None, limits: Limits | None = None) -> None:
        self.model = loaded
        self.seconds = seconds or Seconds()
        self._limits = limits
        self._kept: dict[frozenset[CellKey], Kept] = {}  # by the formula cells left out

    def __repr__(self) -> str:
        return f"<Workbook {self.name!r}: {', '.join(self.sheets)}>"

    @property
    def name(self) -> str:
        """The file's name."""
        return self.model.name

    @property
    def sheets(self) -> list[str]:
        """The names of the worksheets in tab order."""
        return [sheet.name for sheet in self.model.sheets]

    @property
    def names(self) -> dict[str, str]:
        """The defined names and what they stand for; a sheet's own names as ``sheet!name``."""
        sheets = self.sheets
        return {
            name.name if name.sheet is None else f"{sheets[name.sheet]}!{name.name}": name.text
            for name in self.model.names
        }

    def area(self, reference: str) -> Area:
        """Return where a range or a defined name lies. Raises `BadReference`."""
        return resolve(self.model, reference.removesuffix("#"))

    def place(self, area: Area) -> str:
        """Return an area as text, ``Sheet!A1:C3``."""
        sheet = quote_sheet(self.model.sheets[area.sheet].name)
        return f"{sheet}!{range_name(area.top, area.left, area.bottom, area.right)}"

    @cached_property
    def _stored(self) -> Grid:
        return Grid.of(self.model)

    def __getitem__(self, reference: str) -> Any:
        """Return the stored values of a range or a defined name, as `Result` returns computed ones."""
        return _select(self.model, self._stored, reference)

    def recompute(
        self,
        *,
        set: Mapping[str, Settable] | None = None,
        seed: int = 0,
        now: datetime | None = None,
        backend: str = "numpy",
        lenient: bool = False,
    ) -> Result:
        """Compute every formula and return the values; the workbook itself stays as it is.

        Args:
            set: cells, ranges or defined names → the values they get for this computation; a formula there gives way.
            seed: what RAND and its kin draw from: same seed, same values.
            now: what NOW and TODAY return; the clock by default.
            backend: "numpy" (the array program), "torch", or "reference" (one cell at a time).
            lenient: cells whose formula names a function that the engine lacks keep their stored values.

        Raises:
            BadReference: ``set`` names a place that does not exist.
            UsageError: the values in ``set`` do not fit, or the backend is unknown.
        """
        given = tuple(settings(self.model, set or {}))
        request = Request(given, seed, now or datetime.now(), backend)
        result = self._run(request, overridden(self.model, list(given)))
        missing = {cell for cells in result.outcome.unsupported.values() for cell in cells}
        if lenient and missing:
            unsupported = result.outcome.unsupported
            result = self._run(request, result.held | missing)
            result.outcome.unsupported.update(unsupported)
        return result

    def _run(self, request: Request, held: set[CellKey]) -> Result:
        """Evaluate with the formulas of the cells ``held`` taken out: they keep what is set or stored."""
        evaluate = evaluator(request.backend)
        workbook = without_formulas(self.model, held)
        started = perf_counter()
        kept = self._kept.setdefault(frozenset(held), Kept())
        grid, changed = kept.start(workbook, request.seed, [setting.area for setting in request.given])
        _lay(self, grid, request.given)
        origin = np.zeros((1, 1), dtype=np.int64)
        context = Context(workbook.strings, Place(0, origin, origin), workbook.date1904, request.seed, request.now)
        context.kept, context.changed, context.as_stored = kept, changed, not request.given
        context.work = Work.of(workbook, self._limits)
        with room_for_texts(workbook, self._limits) as crowded:
            outcome = evaluate(workbook, grid, context)
        outcome.crowded = crowded()
        spent = perf_counter() - started
        seconds = Seconds(self.seconds.read, outcome.lift, spent - outcome.lift)
        return Result(self, request, grid, outcome, held, seconds)

    def prepare(self) -> None:
        """Find the array program now; the first `recompute` does so otherwise, and later ones use it again."""
        kept = self._kept.setdefault(frozenset(), Kept())
        import_module("sheetgrad.engine.arrays").prepare(self.model, Grid.of(self.model), kept)

    def explain(self) -> dict[str, Any]:
        """Return the regions and the array program as one JSON-ready object, schema ``sheetgrad.explain/1``."""
        explained: dict[str, Any] = import_module("sheetgrad.engine.arrays").explain(self.model)
        return {"schema": "sheetgrad.explain/1", **explained}

    def compile(
        self, inputs: str | Sequence[str], outputs: str | Sequence[str], *, seed: int = 0, backend: str = "numpy"
    ) -> Callable[..., Any]:
        """Return a plain function of arrays: the values of ``inputs`` in, the values of ``outputs`` out.

        Each argument is an array of its input's shape (rows, columns), or with one more axis before it, the batch;
        arguments without that axis serve every item of the batch. One output returns an array, several a tuple.
        With the backend "torch", numpy settles kinds, and torch computes the numbers of items that are settled alike.

        >>> import io, xlsxwriter
        >>> file = io.BytesIO()
        >>> with xlsxwriter.Workbook(file) as book:
        ...     sheet = book.add_worksheet("s")
        ...     _ = sheet.write("A1", 2), sheet.write("B1", "=A1^2")
        >>> square = open_workbook(file.getvalue()).compile(["s!A1"], ["s!B1"])
        >>> square(3.0), square(np.array([[[4.0]], [[5.0]]])).ravel()
        (array([[9.]]), array([16., 25.]))
        """
        evaluator(backend)
        from .compiled import compiled

        return compiled(self, _several(inputs), _several(outputs), seed, backend)

    def gradient(
        self, of: str, wrt: str | Sequence[str], *, set: Mapping[str, Settable] | None = None, seed: int = 0
    ) -> dict[str, NDArray[np.float64]]:
        """Return the derivatives of a cell with respect to ranges, by range: arrays (rows, columns). Needs torch.

        Raises `UsageError` where ``of`` is no number or depends on none of ``wrt``, where ``wrt`` holds formulas, and
        where a function on the way has no derivative; it is named with its cells.
        """
        require_torch("gradient")
        from .gradients import gradient

        return gradient(self, of, _several(wrt), set, seed)

    def to_torch(
        self,
        inputs: str | Sequence[str] = (),
        parameters: str | Sequence[str] = (),
        outputs: str | Sequence[str] = (),
        *,
        seed: int = 0,
    ) -> Any:
        """Return a `torch.nn.Module` of the formulas between cells; its parameters are the cells of ``parameters``."""
        require_torch("to_torch")
        from .modules import WorkbookModule

        return WorkbookModule(self, _several(inputs), _several(parameters), _several(outputs), seed=seed)

    def load(self, module: Any, *, seed: int = 0) -> Result:
        """Return the recomputation with a module's learned values in its cells, ready to `save`."""
        return self.recompute(set=module.learned(), seed=seed)


@dataclass(slots=True, repr=False)
class Result:
    """The values of one recomputation.

    ``outcome`` tells what could not be computed as written: missing functions, formulas that do not parse, cycles.
    ``held``: formula cells that gave way to a value that was set or stored.
    """

    workbook: Workbook
    request: Request
    grid: Grid
    outcome: Outcome
    held: set[CellKey]
    seconds: Seconds

    def __repr__(self) -> str:
        return f"<Result of {self.workbook!r}>"

    def __getitem__(self, reference: str) -> Any:
        """Return a range (``Sheet!A1:C3``) or a defined name: a scalar for one cell, else an array (rows, columns).

        The array is float64 where all cells are numbers, else of objects: float, str, bool, None (empty), `Error`.
        ``Sheet!A1#`` is what the dynamic array formula in A1 spills. Raises `BadReference`.
        """
        return _select(self.workbook.model, self.grid, self._unspilled(reference))

    def array(self, reference: str) -> NDArray[Any]:
        """Return a range as an array (rows, columns) even where it is one cell."""
        values = np.empty((1, 1), dtype=object)
        found = self[reference]
        if isinstance(found, np.ndarray):
            return found
        values[0, 0] = found
        return values.astype(np.float64) if isinstance(found, float) else values

    def area(self, reference: str) -> Area:
        """Return where ``reference`` lies."""
        return resolve(self.workbook.model, self._unspilled(reference))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the workbook with its computed values; all else in the file stays byte for byte. Atomic.

        Cells that were set are written too. Raises `FileRefused` where writing fails.
        """
        from sheetgrad.sheets.writer import write_values

        started = perf_counter()
        write_values(self.workbook.model, _computed(self), path, fills=self.outcome.spills.values())
        self.seconds.write = perf_counter() - started

    def compare(self, rtol: float = 1e-9) -> list[Difference]:
        """Return the formula cells whose value is not the stored one, numbers within ``rtol`` relative.

        Cells that draw random numbers or read the clock are taken at their stored values, so that all that depends
        on them is compared.
        """
        return self.comparison(rtol).differences

    def comparison(self, rtol: float = 1e-9) -> Comparison:
        """Return the differences with the counts of cells compared."""
        settled, volatile = self, self.outcome.volatile - self.held
        if volatile:
            settled = self.workbook._run(self.request, self.held | volatile)
        skipped = settled.held | settled.outcome.external
        return compare(self.workbook.model, settled.grid, skipped, rtol)

    def _unspilled(self, reference: str) -> str:
        if not reference.endswith("#"):
            return reference
        anchor = resolve(self.workbook.model, reference[:-1])
        area = self.outcome.spills.get((anchor.sheet, anchor.top, anchor.left))
        if area is None:
            raise BadReference(f"{self.workbook.name}: {reference!r} spills nothing")
        return self.workbook.place(area)


def _several(places: str | Sequence[str]) -> Sequence[str]:
    return [places] if isinstance(places, str) else places


def evaluator(backend: str) -> Evaluate:
    """Return the ``evaluate`` function of a backend. Raises `UsageError` for an unknown or missing one."""
    if backend not in EVALUATORS:
        raise UsageError(f"no backend called {backend!r}; there are {', '.join(EVALUATORS)}")
    if backend == "torch":
        from importlib.util import find_spec

        if find_spec("torch") is None:
            raise UsageError("the torch backend needs torch: install sheetgrad[torch]")
    evaluate: Evaluate = import_module(EVALUATORS[backend]).evaluate
    return evaluate


def require_torch(what: str) -> None:
    """Raise `UsageError` where torch is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise UsageError(f"{what} needs torch: install sheetgrad[torch]")


def to_python(values: Values, strings: Strings) -> NDArray[Any]:
    """Return values as a float64 array, or as an object array of scalars where not all are numbers."""
    if values.kind is None or (values.kind == Kind.NUMBER).all():
        return np.array(values.data)
    found = np.empty(values.shape, dtype=object)
    for row, scalars in enumerate(values.rows(strings)):
        found[row] = scalars
    return found


def _select(workbook: model.Workbook, grid: Grid, reference: str) -> Any:
    area = clipped(resolve(workbook, reference), grid)
    found = to_python(grid.read(area), workbook.strings)
    if found.size != 1:
        return found
    scalar: Scalar = found.item()
    return scalar


def _lay(workbook: Workbook, grid: Grid, given: Sequence[Setting]) -> None:
    """Write what is set into the grid. Raises `UsageError` for more cells than a sheet may get."""
    for setting in given:
        try:
            grid.write(setting.area, setting.values)
        except TooManyCells:
            raise UsageError(f"{workbook.name}: {workbook.place(setting.area)} is too many cells to set") from None


def _load(source: Source, limits: Limits | None) -> model.Workbook:
    from sheetgrad.sheets.package import DEFAULT_LIMITS
    from sheetgrad.sheets.reader import read_workbook

    from .coordinates import RowCounters

    return read_workbook(source, limits or DEFAULT_LIMITS, RowCounters())


def _computed(result: Result) -> Iterator[tuple[int, model.Cells]]:
    """Yield what a save writes, sheet by sheet: formula cells, cells that were set, and what dynamic arrays spill."""
    workbook, grid = result.workbook.model, result.grid
    areas = [setting.area for setting in result.request.given] + list(result.outcome.spills.values())
    for index, sheet in enumerate(workbook.sheets):
        keys = merged(
            [
                formula_cells(sheet),
                *(area_keys(area.top, area.left, area.bottom, area.right) for area in areas if area.sheet == index),
            ]
        )
        if len(keys):
            rows, columns = (keys // model.MAX_COLUMNS).astype(np.int32), (keys % model.MAX_COLUMNS).astype(np.int32)
            del keys
            yield index, model.Cells(rows, columns, *gather(grid, index, rows, columns))
