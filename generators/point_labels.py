"""Where the texts beside a chart's points stand, so that they cover each other as little as can be."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels
LETTER, LINE, AWAY = 5.2, 12.0, 6.0  # pixels: a letter's width, a line's height, from a point to its text
SIDES = ("right", "left", "above", "below")


def place_labels(
    points: Sequence[tuple[float, float]], labels: Sequence[str], size: tuple[float, float]
) -> tuple[str, ...]:
    """Return the side of each label, points in a plot of so many pixels; each in turn takes the freest side.

    >>> place_labels([(0, 0), (0.05, 0), (1, 1)], ["first", "second", "third"], (300, 300))
    ('right', 'above', 'right')
    """
    across, upright = ([point[axis] for point in points] for axis in (0, 1))
    (left, wide), (low, high) = ((min(values), max(values) - min(values) or 1.0) for values in (across, upright))
    spots = [((x - left) / wide * size[0], (1 - (y - low) / high) * size[1]) for x, y in points]
    taken = [(x - AWAY / 2, y - AWAY / 2, x + AWAY / 2, y + AWAY / 2) for x, y in spots]
    found = []
    for (x, y), label in zip(spots, labels, strict=True):
        boxes = {side: _box(x, y, len(label) * LETTER, side) for side in SIDES}
        costs = {side: _cost(box, taken, size) for side, box in boxes.items()}
        best = min(SIDES, key=costs.__getitem__)
        taken.append(boxes[best])
        found.append(best)
    return tuple(found)


def _box(x: float, y: float, width: float, side: str) -> Box:
    if side in ("right", "left"):
        start = x + AWAY if side == "right" else x - AWAY - width
        return start, y - LINE / 2, start + width, y + LINE / 2
    top = y - AWAY - LINE if side == "above" else y + AWAY
    return x - width / 2, top, x + width / 2, top + LINE


def _cost(box: Box, taken: Sequence[Box], size: tuple[float, float]) -> float:
    """Return how many square pixels of others a box covers; what leaves the plot counts too."""
    covered = sum(_overlap(box, other) for other in taken)
    inside = _overlap(box, (0.0, -LINE, size[0] + 80, size[1] + LINE))
    return covered + (box[2] - box[0]) * (box[3] - box[1]) - inside


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)
