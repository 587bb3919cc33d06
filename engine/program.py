"""A workbook's array program: its regions, what each reads, and the execution in dependency order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import Area, FormulaKind, Formulas, Ints, Sheet, Workbook

from . import syntax
from .backends.numpy import Decline, Machine
from .backends.scalars import Prepared, compile_scalar
from .dependants import Dependants, reaching, readers_of
from .footprints import Marks, cells_of, met, owners, view_window
from .functions import find
from .grid import Grid, affordable, fills
from .ir import Apply, Growing, Indirect, Node, Offset, Pool, Scattered, View, deciding, shared
from .lexer import FormulaError
from .lift import Lifter, Unliftable
from .names import Names
from .outcome import CellKey
from .passes import FAST, mark_final, rewrite
from .regions import Region, regions_of
from .schedule import schedule
from .sizes import FEW_TURNS, Size, sizes_of
from .steps import CellOrder, Step, Sweep, Unit, Whole
from .templates import Template, templates
from .windows import Frame, Scatter, scatter_of

if TYPE_CHECKING:
    from .backends.straight import Straight

FEW = 16  # formulas that look like a fill by chance are no more than this
MALFORMED = "#malformed"  # stands for a formula that does not parse; no name can be spelled so


class CellByCell(Protocol):
    """The reference evaluator, for the cells that have no array program."""

    def compute(self, cells: Sequence[CellKey]) -> None:
        """Compute formula cells on demand, each other's precedents first, everything else as it stands in the grid."""


class Runner(Protocol):
    """What computes a unit, or the part of it that a frame tells."""

    def run(self, region: Region, program: Node, frame: Frame | None, common: frozenset[int] | None) -> None:
        """Compute and store; raises `Decline`."""


@dataclass(slots=True)
class Program:
    """All units of a workbook with their dependencies; made once, executed as often as inputs change."""

    units: list[Unit]
    edges: dict[int, set[int]]  # unit → the units it reads
    owner: Marks
    templates: int
    fallbacks: dict[int, str] = field(default_factory=dict)  # units that were computed cell by cell → why
    steps: list[Step] = field(default_factory=list)  # what the last execution did, in order
    straightened: list[Sweep] = field(default_factory=list)  # the sweeps that ran as straight-line code
    _order: list[Step] | None = None  # the steps, where no value decides them
    _straights: dict[int, Straight | None] = field(default_factory=dict)  # those of the steps that are sweeps, by place
    _dependants: Dependants | None = None

    @property
    def steady(self) -> bool:
        """Whether the last execution's values follow from the inputs alone, in an order that they do not decide."""
        return self._order is not None and not self.fallbacks and not any(unit.volatile for unit in self.units)

    def plan(self) -> None:
        """Find the steps, where no value decides them; the first execution does so otherwise."""
        if self._order is None and not any(unit.unknown or unit.offsets for unit in self.units):
            self._order = list(schedule(self.units, self.edges, self.owner))
            sweeps = ((place, step) for place, step in enumerate(self._order) if isinstance(step, Sweep))
            self._straights = {place: _straight(sweep) for place, sweep in sweeps}

    def execute(self, machine: Machine, cell_by_cell: CellByCell, changed: Sequence[Area] | None = None) -> None:
        """Compute every unit, or only what depends on the cells of ``changed``.

        Units whose reads are found only at run time wait until their arguments are there.
        """
        with np.errstate(all="ignore"):  # what is not finite becomes an error value
            self._execute(machine, cell_by_cell, changed)

    def _execute(self, machine: Machine, cell_by_cell: CellByCell, changed: Sequence[Area] | None) -> None:
        self.steps.clear()
        self.straightened.clear()
        self.plan()
        if self._order is not None:
            for place in range(len(self._order)) if changed is None else self._due(changed, self._order):
                self._take(self._order[place], machine, cell_by_cell, self._straights.get(place))
            return
        edges = {number: set(producers) for number, producers in self.edges.items()}
        left = {unit.number: unit for unit in self.units}
        for unit in self.units:
            if unit.unknown and unit.program is not None:  # it was with other inputs
                unit.unknown, unit.reason = False, ""
        waiting = {unit.number for unit in self.units if unit.unknown or unit.offsets}
        while left:
            blocked = reaching(waiting, readers_of(edges, left)) if waiting else set()
            for step in schedule([unit for number, unit in left.items() if number not in blocked], edges, self.owner):
                self._take(step, machine, cell_by_cell, _straight(step) if isinstance(step, Sweep) else None)
            left = {number: unit for number, unit in left.items() if number in blocked}
            resolved = [number for number in waiting if self._resolve(left[number], left, edges, machine)]
            if not resolved and left:
                self._take(CellOrder(tuple(left.values())), machine, cell_by_cell)
                return
            waiting -= set(resolved)

    def _due(self, changed: Sequence[Area], order: Sequence[Step]) -> list[int]:
        """Return the places of the steps that depend on some areas."""
        if self._dependants is None:
            self._dependants = Dependants.of(self.units, self.edges, order)
        return self._dependants.steps(changed)

    def _take(self, step: Step, machine: Machine, cell_by_cell: CellByCell, straight: Straight | None = None) -> None:
        """Run a step and note that it ran."""
        self.steps.append(step)
        self._run(step, machine, cell_by_cell, straight)

    def _run(self, step: Step, machine: Machine, cell_by_cell: CellByCell, straight: Straight | None) -> None:
        match step:
            case Whole(unit):
                assert unit.program is not None
                if unit.scalar is not None and unit.scalar.run(machine):
                    return
                try:
                    machine.run(
                        unit.region,
                        unit.program,
                        common=unit.common,
                        sizes=unit.sizes,
                        prepared=unit.prepared,
                    )
                except Decline as reason:
                    self._by_cell((unit,), cell_by_cell, str(reason))
            case Sweep():
                try:
                    if straight is not None and straight.execute(machine):
                        self.straightened.append(step)
                        return
                    if _turn_by_turn(step, machine):
                        return
                    run_sweep(step, machine, {unit.number: Frame.whole(unit.region) for unit in step.units})
                except Decline as reason:
                    self._by_cell(step.units, cell_by_cell, str(reason))
            case CellOrder(units):
                self._by_cell(units, cell_by_cell, "")

    def _by_cell(self, units: Sequence[Unit], cell_by_cell: CellByCell, reason: str) -> None:
        for unit in units:
            self.fallbacks[unit.number] = unit.reason or reason or _why(unit)
        cell_by_cell.compute([cell for unit in units for cell in cells_of(unit.region)])

    def _resolve(self, unit: Unit, left: dict[int, Unit], edges: dict[int, set[int]], machine: Machine) -> bool:
        """Find out where a unit's offsets read, if what decides that has been computed."""
        if unit.unknown:
            return False
        places: dict[int, Sequence[Scatter]] = {}  # by the identity of the node; those that decide others come first
        for offset in unit.offsets:
            for node in deciding(offset):
                inner = {mark for scatter in places.get(id(node), ()) for mark in met(self.owner, scatter)}
                if not left.keys().isdisjoint(inner | self.decided_by(node, unit.region)[0]):
                    return False
            try:
                places[id(offset)] = machine.scatters(unit.region, offset)
            except Decline as reason:
                unit.unknown, unit.reason = True, str(reason)
                return False
        found = [scatter for each in places.values() for scatter in each]
        unit.scattered = (*unit.fixed, *found)
        unit.sizes = _with_areas(unit, found)
        for scatter in unit.scattered:
            edges[unit.number].update(met(self.owner, scatter))
        return True

    def decided_by(self, node: Node, region: Region) -> tuple[set[int], Area | None]:
        """Return the units that compute what a node reads from cells, and the area of these cells."""
        if isinstance(node, View | Growing):
            window = view_window(node, region)
            return set(self.owner.distinct(window)), window.bounds
        if isinstance(node, Scattered):
            scatter = scatter_of(node, region, Frame.whole(region))
            return met(self.owner, scatter), scatter.bounds
        return set(), None


def _with_areas(unit: Unit, areas: Sequence[Scatter]) -> frozenset[Size]:
    """Return the sizes of a unit's arrays, and of the areas that a run found, which are gathered."""
    assert unit.program is not None
    loops = frozenset(range(len(unit.region.counts)))
    return sizes_of(unit.program) | {(area.height, area.width, loops) for area in areas}


def _turn_by_turn(sweep: Sweep, machine: Machine) -> bool:
    """Compute a sweep on Python's values, where it is of few cells a turn."""
    from .backends.turns import run_turns

    return run_turns(sweep, machine)


def _straight(sweep: Sweep) -> Straight | None:
    from .backends.straight import straighten  # many workbooks have no sweep

    return straighten(sweep)


def _why(unit: Unit) -> str:
    waits = "it reads cells that only evaluation tells"
    return waits if unit.unknown or unit.offsets else "it depends on itself cell by cell"


def run_sweep(sweep: Sweep, machine: Runner, frames: dict[int, Frame]) -> None:
    """Compute a sweep turn by turn, each unit within its frame."""
    for time in sweep.times:
        now = dict(frames)
        for number, turn in sweep.turns.items():
            index = turn.index(time)
            if index is None:
                now.pop(number, None)
            elif turn.loop >= 0 and number in now:
                now[number] = now[number].at(turn.loop, index)
        for item in sweep.body:
            if isinstance(item, Sweep):
                if any(number in now for number in item.turns):
                    run_sweep(item, machine, now)
            elif item.unit.number in now:
                assert item.unit.program is not None
                machine.run(item.unit.region, item.unit.program, now[item.unit.number], item.unit.common)


def build(workbook: Workbook, grid: Grid, spills: Mapping[CellKey, Area] | None = None) -> Program:
    """Find a workbook's array program. ``spills``: where dynamic arrays are known to spill, if not as stored."""
    regions, count = [], 0
    for index, sheet in enumerate(workbook.sheets):
        found = templates(sheet.formulas)
        count += len(found)
        areas, kind = _areas(index, sheet, spills or {}), sheet.formulas.kind
        whole = affordable(sheet) | (kind == FormulaKind.DYNAMIC)
        for template in found:
            regions += _regions(index, _only(template, whole), areas)
        regions += [_alone(index, area) for area in areas[(kind == FormulaKind.DATA_TABLE) | ~whole]]
    used = [grid.used(index) for index in range(len(workbook.sheets))]
    size = max((area.bottom for area in used), default=0), max((area.right for area in used), default=0)
    names, pool = Names(workbook), Pool()
    units: list[Unit] = []
    for region in regions:
        units += _units(len(units), region, lambda part: Lifter(workbook, names, part, size, pool))
    for unit in units:
        if unit.program is not None:
            unit.scalar = compile_scalar(unit.region, unit.nodes, unit.common, grid.flat)
            if unit.scalar is None:
                unit.prepared = Prepared.of(unit.region, unit.nodes, unit.common, grid.flat)
    owner = owners(grid, [unit.region for unit in units])
    return Program(units, _edges(units, owner), owner, count)


def _edges(units: Sequence[Unit], owner: Marks) -> dict[int, set[int]]:
    """Return for each unit those that compute what it reads. Single cells are looked up all at once."""
    edges: dict[int, set[int]] = {unit.number: set() for unit in units}
    single: dict[int, list[tuple[int, int, int]]] = {}
    for unit in units:
        for read in unit.reads:
            if not read.steps and read.height == 1 and read.width == 1:
                single.setdefault(read.sheet, []).append((unit.number, read.row, read.column))
            else:
                edges[unit.number].update(owner.distinct(view_window(read, unit.region)))
        for scatter in unit.fixed:
            edges[unit.number].update(met(owner, scatter))
    for sheet, cells in single.items():
        numbers, rows, columns = np.array(cells, dtype=np.int64).T
        found = owner.at(sheet, rows, columns)
        some = found != owner.empty
        for number, producer in zip(numbers[some].tolist(), found[some].tolist(), strict=True):
            edges[number].add(producer)
    return edges


def _areas(index: int, sheet: Sheet, spills: Mapping[CellKey, Area]) -> Ints:
    """Return what each formula fills, dynamic arrays as they last spilled."""
    areas, formulas = fills(sheet), sheet.formulas
    changed = [(at, spills.get((index, int(formulas.row[at]), int(formulas.column[at])))) for at in _dynamic(formulas)]
    if any(area is not None for _, area in changed):
        areas = areas.copy()
        for at, area in changed:
            if area is not None:
                areas[at] = area.top, area.left, area.bottom, area.right
    return areas


def _dynamic(formulas: Formulas) -> list[int]:
    return [int(at) for at in np.flatnonzero(formulas.kind == FormulaKind.DYNAMIC)]


def _only(template: Template, kept: NDArray[np.bool_]) -> Template:
    """Return a template without the formulas that are not kept."""
    if kept[template.members].all() and kept[template.copies.member].all():
        return template
    return template.expanded().taken(kept)


def _regions(sheet: int, template: Template, areas: Ints) -> list[Region]:
    if not len(template.members):
        return []
    formula = template.formula
    if isinstance(formula, FormulaError):
        formula = syntax.Formula(syntax.Name(MALFORMED), ())
    return regions_of(sheet, formula, template, areas)


def _alone(sheet: int, area: Ints) -> Region:
    """Return the region of a formula that no template holds: a data table, or an array beyond the cell budget."""
    top, left, bottom, right = (int(edge) for edge in area)
    origin, none = np.array([top, left]), np.empty((0, 2), dtype=np.int64)
    formula = syntax.Formula(syntax.Missing(), ())
    return Region(sheet, formula, FormulaKind.DATA_TABLE, origin, (), none, (bottom - top, right - left))


def _units(number: int, region: Region, lifter: Callable[[Region], Lifter]) -> list[Unit]:
    """Return the unit of a region; a few formulas, or fills, that do not lift together, but do alone, are several."""
    together = _unit(number, region, lifter(region))
    if together.program is not None or region.size == 1:
        return [together]
    parts: Iterable[Region] = region.parts()
    if region.size > FEW:
        shortest = min(range(len(region.counts)), key=region.counts.__getitem__)
        if not region.tables or len(region.counts) == 1 or region.counts[shortest] > FEW:
            return [together]
        parts = region.sections(shortest)
    alone = [_unit(number + at, part, lifter(part)) for at, part in enumerate(parts)]
    return [together] if all(unit.program is None for unit in alone) else alone


def _unit(number: int, region: Region, lifter: Lifter) -> Unit:
    if region.kind == FormulaKind.DATA_TABLE:
        return Unit(number, region, None, "a data table, or an array of more cells than can be had", unknown=True)
    try:
        if region.kind == FormulaKind.DYNAMIC and region.extent != (1, 1):
            raise Unliftable("a dynamic array that spills")
        nodes = rewrite(mark_final(lifter.lift()), FAST, lifter.pool)
    except Unliftable as reason:
        reads, unknown = lifter.reads()
        return Unit(number, region, None, str(reason), reads, unknown=unknown)
    return _lifted(number, region, nodes)


def _is_volatile(name: str) -> bool:
    function = find(name)
    return function is not None and function.volatile


def _lifted(number: int, region: Region, nodes: Sequence[Node]) -> Unit:
    of_type: dict[type, list[Any]] = {}
    for node in nodes:
        of_type.setdefault(type(node), []).append(node)
    reads = (*of_type.get(View, ()), *of_type.get(Growing, ()))
    led = Offset in of_type or Indirect in of_type
    offsets = tuple(node for node in nodes if isinstance(node, Offset | Indirect)) if led else ()  # the inner first
    volatile = any(map(_is_volatile, {node.function for node in of_type.get(Apply, ())}))
    whole = Frame.whole(region)
    fixed = tuple(scatter_of(node, region, whole) for node in of_type.get(Scattered, ()))
    sizes = sizes_of(nodes[-1]) if region.size >= FEW_TURNS else None
    common = shared(nodes)
    return Unit(number, region, nodes[-1], "", reads, offsets, False, volatile, fixed, fixed, common, sizes, nodes)
