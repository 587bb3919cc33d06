"""Fills in the making: formulas of one template are joined to loops, along columns and rows in turn.

A loop has a count and a step: how far a formula and all its references move from one turn to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.model import MAX_ROWS

from .distinct import numbered

Ints: TypeAlias = NDArray[np.int64]
Narrow: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

MOST_LOOPS = 8


@dataclass(frozen=True, slots=True)
class Fills:
    """Fills in the making: n of them, each with the same number of loops so far (unused loops have count 1).

    Coordinates run along the first axis, so that comparing all fills in one coordinate runs through memory.
    """

    origin: Narrow  # (d, n)
    counts: Narrow  # (loops, n)
    steps: Narrow  # (loops, d, n)

    def __len__(self) -> int:
        return int(self.origin.shape[1])

    def take(self, which: Ints) -> Fills:
        return Fills(self.origin[:, which], self.counts[:, which], self.steps[:, :, which])


def single(origin: Narrow) -> Fills:
    """Return each formula as a fill of its own. ``origin``: their positions, (d, n)."""
    size, count = origin.shape
    return Fills(origin, np.empty((0, count), np.int32), np.empty((0, size, count), np.int32))


def runs(origin: Narrow, relative: Flags, of: NDArray[np.integer], row: NDArray[np.integer]) -> Fills:
    """Return formulas and their copies as fills of one loop each, down a column.

    ``origin`` (d, n) and ``relative`` (d, n): the formulas, and which of their coordinates move when they are copied
    down. ``of`` (c,) and ``row`` (c,): which of them the copies are of, and where these stand. Formulas of one column
    that would be each other's copies make one run wherever their steps are equal.
    """
    kind, first = _classes(origin, relative)
    keys = np.concatenate([kind * MAX_ROWS + origin[0], kind[of] * MAX_ROWS + row])
    keys.sort()
    kind, rows = np.divmod(keys, MAX_ROWS)
    step = np.diff(rows).astype(np.int32)
    linked = _kept(step[None], kind[1:] == kind[:-1])
    start = np.flatnonzero(np.concatenate([[True], ~linked]))
    count = np.diff(np.append(start, len(keys))).astype(np.int32)
    head = first[kind[start]]
    moving = relative[:, head]
    down = (rows[start] - origin[0, head]).astype(np.int32)
    own_step = np.where(count > 1, np.append(step, np.int32(0))[start], 0).astype(np.int32)
    return Fills(origin[:, head] + down * moving, count[None], (own_step * moving)[None])


def _classes(origin: Narrow, relative: Flags) -> tuple[Ints, Ints]:
    """Number formulas so that those of one column that are copies of each other have one number; with a first of each.

    They are if they are equal once every row that moves is counted from their own.
    """
    shape = np.concatenate([np.where(relative, origin - origin[0], origin), relative]).astype(np.int64)
    first, kind = numbered(_mixer(len(shape)) @ shape)
    wrong = np.flatnonzero((shape != shape[:, first[kind]]).any(axis=0))  # told apart by no hash
    kind[wrong] = len(first) + np.arange(len(wrong))
    return kind, np.concatenate([first, wrong])


def fold(fills: Fills) -> Fills:
    """Join fills along columns and rows in turn, until neither joins any more."""
    axis, barren = 1, 0
    while barren < 2 and len(fills) > 1 and len(fills.counts) < MOST_LOOPS:
        joined = _join(fills, axis)
        barren = barren + 1 if len(joined) == len(fills) else 0
        fills, axis = (joined if barren == 0 else fills), 1 - axis
    return fills


def _join(fills: Fills, axis: int) -> Fills:
    """Join fills of equal loops that lie in one line along ``axis`` (0 down, 1 across) at a constant step."""
    order = _line_order(fills, axis)
    fills = fills if order is None else fills.take(order)
    step = np.diff(fills.origin, axis=1)
    linked = _kept(step, _alike(fills) & (step[1 - axis] == 0))
    if not linked.any():
        return fills
    first = np.flatnonzero(np.concatenate([[True], ~linked]))
    count = np.diff(np.append(first, len(fills))).astype(np.int32)
    own_step = np.where(count > 1, step[:, np.minimum(first, step.shape[1] - 1)], 0).astype(np.int32)
    heads = fills.take(first)
    return Fills(
        heads.origin,
        np.concatenate([heads.counts, count[None]]),
        np.concatenate([heads.steps, own_step[None]]),
    )


def _line_order(fills: Fills, axis: int) -> Ints | None:
    """Return the order in which fills of equal loops that lie in one line stand side by side; None: as they are."""
    along, across = fills.origin[axis], fills.origin[1 - axis]
    if not len(fills.counts):
        behind = (across[1:] > across[:-1]) | ((across[1:] == across[:-1]) & (along[1:] >= along[:-1]))
        return None if behind.all() else np.lexsort((along, across))
    loops = np.concatenate([fills.counts, fills.steps.reshape(-1, len(fills))]).astype(np.int64)
    return np.lexsort((along, across, _mixer(len(loops)) @ loops))


def _mixer(width: int) -> Ints:
    """Odd multipliers that mix well: they only bring equal loops together; equality itself is tested exactly."""
    return np.cumprod(
        np.full(width, -0x61C8864680B583EB)
    )  # powers of the golden ratio's word; importing numpy.random costs more


def _alike(fills: Fills) -> Flags:
    """Tell for each fill but the first whether its loops equal those of the one before."""
    same = np.ones(len(fills) - 1, dtype=np.bool_)
    for row in (*fills.counts, *fills.steps.reshape(-1, len(fills))):
        same &= row[1:] == row[:-1]
    return same


def _kept(step: Narrow, possible: Flags) -> Flags:
    """Choose the links that make up runs of one constant step; no fill is in two runs.

    Where runs meet in a fill, the earlier one has it; a single link beside a longer run gives way (it is the jump
    between two fills), and of single links in a row every second one stays.
    """
    count = step.shape[1]
    if count == 0 or not possible.any():
        return possible
    again = np.zeros(count, dtype=np.bool_)
    again[1:] = possible[1:] & possible[:-1]
    for row in step:
        again[1:] &= row[1:] == row[:-1]
    longer = again.copy()
    longer[:-1] |= again[1:]
    single = possible & ~longer
    beside = np.zeros(count, dtype=np.bool_)
    beside[1:] |= longer[:-1]
    beside[:-1] |= longer[1:]
    single &= ~beside
    starts = longer & ~again
    meets = np.zeros(count, dtype=np.bool_)
    meets[1:] = starts[1:] & longer[:-1]
    return np.asarray((longer & ~meets) | (single & _every_second(single)))


def _every_second(flags: Flags) -> Flags:
    """Keep the first, third, fifth … of each unbroken stretch of flags."""
    index = np.arange(len(flags))
    last_off = np.maximum.accumulate(np.where(flags, -1, index))
    return np.asarray(flags & ((index - last_off) % 2 == 1))
