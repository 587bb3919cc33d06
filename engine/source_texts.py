"""What the operations of a tape are as source code: expressions, and the small functions that some of them call.

In an expression {0}, {1} … are arrays, {f0} … fixed arguments, {xp} the library, {special} its special functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Library: TypeAlias = Literal["numpy", "torch"]

_UNARY = ("ABS", "SQRT", "EXP", "LOG10", "SIN", "COS", "TAN", "SINH", "COSH", "TANH", "SIGN")
_ARCS = ("ASIN", "ACOS", "ATAN", "ASINH", "ACOSH", "ATANH")
_TESTS = {
    "=": "same({0}, {1})",
    "<>": "~same({0}, {1})",
    "<": "({0} < {1}) & ~same({0}, {1})",
    ">": "({0} > {1}) & ~same({0}, {1})",
    "<=": "({0} < {1}) | same({0}, {1})",
    ">=": "({0} > {1}) | same({0}, {1})",
    "NOT": "{0} == 0",
    "DELTA": "{0} == {1}",
    "GESTEP": "{0} >= {1}",
    "ISEVEN": "{xp}.trunc({0}) % 2 == 0",
    "ISODD": "{xp}.trunc({0}) % 2 != 0",
}

EXPRESSIONS: Mapping[str, str] = {
    **{sign: f"{{0}} {sign} {{1}}" for sign in ("+", "-", "*")},
    "/": "{0} / {1}",
    "^": "{0} ** {1}",
    "POWER": "{0} ** {1}",
    "final +": "snapped({0} + {1}, {0}, {1})",
    "final -": "snapped({0} - {1}, {0}, {1})",
    "negate": "0.0 - {0}",
    "percent": "{0} / 100.0",
    **{sign: f"as_number({test})" for sign, test in _TESTS.items()},
    **{name: f"{{xp}}.{name.lower()}({{0}})" for name in _UNARY},
    **{name: f"{{xp}}.arc{name[1:].lower()}({{0}})" for name in _ARCS},
    "LN": "{xp}.log({0})",
    "LOG": "{xp}.log({0}) / {xp}.log({1})",
    "ATAN2": "{xp}.arctan2({1}, {0})",
    "ACOT": "{xp}.arctan2({xp}.ones_like({0}), {0})",
    "ACOTH": "{xp}.log(({0} + 1) / ({0} - 1)) / 2",
    "SEC": "1 / {xp}.cos({0})",
    "CSC": "1 / {xp}.sin({0})",
    "COT": "1 / {xp}.tan({0})",
    "SECH": "1 / {xp}.cosh({0})",
    "CSCH": "1 / {xp}.sinh({0})",
    "COTH": "1 / {xp}.tanh({0})",
    "FISHER": "{xp}.arctanh({0})",
    "FISHERINV": "{xp}.tanh({0})",
    "SQRTPI": "{xp}.sqrt({0} * {xp}.pi)",
    "MOD": "{0} - {1} * {xp}.floor({0} / {1})",
    "INT": "{xp}.floor({0})",
    "QUOTIENT": "{xp}.trunc({0} / {1})",
    "EVEN": "{xp}.sign({0}) * {xp}.ceil({xp}.abs({0}) / 2) * 2",
    "RADIANS": "{xp}.deg2rad({0})",
    "DEGREES": "{xp}.rad2deg({0})",
    "N": "{0}",
    "ROUND": "at_digits({0}, {1}, half_up)",
    "ROUNDUP": "at_digits({0}, {1}, near_ceil)",
    "ROUNDDOWN": "at_digits({0}, {1}, near_floor)",
    "TRUNC": "at_digits({0}, {1}, near_floor)",
    "NORMSDIST": "{special}.ndtr({0})",
    "NORM.S.INV": "{special}.ndtri({0})",
    "NORMSINV": "{special}.ndtri({0})",
    "NORM.INV": "{1} + {2} * {special}.ndtri({0})",
    "NORMINV": "{1} + {2} * {special}.ndtri({0})",
    "NORM.S.DIST": "normal({0}, {1})",
    "NORM.DIST": "normal(({0} - {1}) / {2}, {3}, {2})",
    "NORMDIST": "normal(({0} - {1}) / {2}, {3}, {2})",
    "STANDARDIZE": "({0} - {1}) / {2}",
    "PHI": "{xp}.exp(-{0} * {0} / 2) / (2 * {xp}.pi) ** 0.5",
    "GAUSS": "{special}.ndtr({0}) - 0.5",
    "ERF.PRECISE": "{special}.erf({0})",
    **dict.fromkeys(("ERFC", "ERFC.PRECISE"), "{special}.erfc({0})"),
    **dict.fromkeys(("GAMMALN", "GAMMALN.PRECISE"), "{special}.gammaln({0})"),
    "PV": "-({3} + {2} * annuity({0}, {1}, {4})) / (1 + {0}) ** {1}",
    "FV": "-({3} * (1 + {0}) ** {1} + {2} * annuity({0}, {1}, {4}))",
    "PMT": "-({2} * (1 + {0}) ** {1} + {3}) / annuity({0}, {1}, {4})",
    "SLN": "({0} - {1}) / {2}",
    "SYD": "({0} - {1}) * ({2} - {3} + 1) * 2 / ({2} * ({2} + 1))",
    "RRI": "({2} / {1}) ** (1 / {0}) - 1",
    "PDURATION": "({xp}.log({2}) - {xp}.log({1})) / {xp}.log1p({0})",
    "where": "{xp}.where({0}, {1}, {2})",
    "if": "{xp}.where({0} != 0, {1}, {2})",
    "chosen": "chosen({0}, {options})",
    "at": "at({0}, {1}, {2})",
    "reshape": "{0}.reshape({f0})",
    "expand": "{xp}.broadcast_to({0}, {f0})",
    "transpose": "{0}.swapaxes(-1, -2)",
    "move": "{xp}.moveaxis({0}, {f0}, {f1})",
    "sum": "{0}.sum(-1)",
    "product": "{0}.prod(-1)",
    "greatest": "{xp}.amax({0}, -1)",
    "least": "{xp}.amin({0}, -1)",
    "sum of cells": "{0}.sum((-2, -1))[..., None, None]",
    "matmul": "{0} @ {1}",
    "contract": '{xp}.einsum("...ij,...ij->...", {0}, {1})[..., None, None]',
    "running sum": "{xp}.cumsum({0}, -1)",
    "running product": "{xp}.cumprod({0}, -1)",
    "inverse": "{xp}.linalg.inv({0})",
    "determinant": "{xp}.linalg.det({0})[..., None, None]",
    "deviations": "deviations({0}, {1}, {2})",
    "absolute deviations": "({xp}.abs(apart({0}, {1})) / {1}.sum(-1)[..., None]).sum(-1)",
    "moment": "(apart({0}, {1}) ** {f0}).sum(-1)",
    "ordered": "ordered({0})",
    "nth": "nth({0}, {c0})",
    "between": "between({0}, {1})",
    "least squares": "least_squares({0}, {1}, {f0})",
    "heights": "({0} @ {1}[..., :-1, None])[..., 0] + {1}[..., -1:]",
    "MATCH": "match({0}, {1}, {f0})",
}
OWN: Mapping[Library, Mapping[str, str]] = {
    "numpy": {
        "running greatest": "np.maximum.accumulate({0}, -1)",
        "running least": "np.minimum.accumulate({0}, -1)",
        "BETA.DIST": "beta(({0} - {4}) / ({5} - {4}), {1}, {2}, {3}, {5} - {4})",
        "GAMMA": "special.gamma({0})",
        "T.DIST.2T": "2 * special.stdtr(np.trunc({1}), -{0})",
        "CHISQ.DIST.RT": "special.gammaincc(np.trunc({1}) / 2, {0} / 2)",
    },
    "torch": {
        "running greatest": "torch.cummax({0}, -1).values",
        "running least": "torch.cummin({0}, -1).values",
        "move": "torch.movedim({0}, {f0}, {f1})",
        "CHISQ.DIST.RT": "torch.special.gammaincc(torch.trunc({1}) / 2, {0} / 2)",
    },
}


def _both(text: str) -> dict[Library, str]:
    """Write a function for either library, where they differ by their name only."""
    return {"numpy": text.replace("XP", "np"), "torch": text.replace("XP", "torch")}


# Function → its source; those that call others stand after them.
HELPERS: Mapping[str, Mapping[Library, str]] = {
    "same": _both("def same(a, b):  # equal to 15 digits\n    return XP.abs(a - b) <= XP.abs(a) * 5e-15"),
    "as_number": {
        "numpy": "def as_number(test):\n    return test.astype(np.float64)",
        "torch": "def as_number(test):\n    return test.double()",
    },
    "snapped": _both(
        "def snapped(result, a, b):  # a last sum that all but cancels is zero\n"
        "    near = XP.minimum(XP.abs(a), XP.abs(b)) * 2.0**-50\n"
        "    return XP.where(XP.abs(result) < near, 0.0, result)"
    ),
    "windows": {
        "numpy": "def windows(x, start, shape, strides):  # a view of x's elements: windows that move in steps\n"
        "    flat = np.ascontiguousarray(x).reshape(-1)[start:]\n"
        "    return np.lib.stride_tricks.as_strided(flat, shape, [step * flat.itemsize for step in strides])",
        "torch": "def windows(x, start, shape, strides):  # a view of x's elements: windows that move in steps\n"
        "    return torch.as_strided(x.contiguous(), shape, strides, start)",
    },
    "apart": _both(
        "def apart(x, counts):  # deviations from the mean of what counts\n"
        "    return (x - (x * counts).sum(-1)[..., None] / counts.sum(-1)[..., None]) * counts"
    ),
    "deviations": _both(
        "def deviations(x, y, counts):\n    n = counts.sum(-1)[..., None]\n"
        "    dx = (x - (x * counts).sum(-1)[..., None] / n) * counts\n"
        "    dy = (y - (y * counts).sum(-1)[..., None] / n) * counts\n    return (dx * dy).sum(-1)"
    ),
    "ordered": {
        "numpy": "def ordered(x):\n    return np.sort(x, -1)",
        "torch": "def ordered(x):\n    return torch.sort(x, -1).values",
    },
    "nth": {
        "numpy": "def nth(x, places):  # elements at places of each line in ascending order\n"
        "    shape = np.broadcast_shapes(x.shape[:-1], places.shape)\n"
        "    lines = np.broadcast_to(ordered(x), (*shape, x.shape[-1]))\n"
        "    return np.take_along_axis(lines, np.broadcast_to(places, shape)[..., None], -1)[..., 0]",
        "torch": "def nth(x, places):  # elements at places of each line in ascending order\n"
        "    shape = torch.broadcast_shapes(x.shape[:-1], places.shape)\n"
        "    lines = ordered(x).expand(*shape, x.shape[-1])\n"
        "    return torch.gather(lines, -1, places.expand(shape)[..., None])[..., 0]",
    },
    "whole": {
        "numpy": "def whole(x):\n    return x.astype(np.int64)",
        "torch": "def whole(x):\n    return x.long()",
    },
    "between": _both(
        "def between(x, places):  # the same, interpolated\n    last = x.shape[-1] - 1\n"
        "    places = XP.clip(places, 0, last)\n    low = XP.floor(places + 1e-10)\n"
        "    floor, ceiling = nth(x, whole(low)), nth(x, whole(XP.clip(low + 1, 0, last)))\n"
        "    return floor + XP.clip(places - low, 0, 1) * (ceiling - floor)"
    ),
    "near_floor": {
        "numpy": "def near_floor(x):  # what is two units in the last place from a whole number is that\n"
        "    near = np.rint(x)\n"
        "    return np.where(np.abs(near - x) <= 2 * np.spacing(np.abs(x)), near, np.floor(x))",
        "torch": "def near_floor(x):  # what is two units in the last place from a whole number is that\n"
        "    near, size = torch.round(x), x.abs()\n"
        "    unit = torch.nextafter(size, torch.full_like(size, float('inf'))) - size\n"
        "    return torch.where((near - x).abs() <= 2 * unit, near, torch.floor(x))",
    },
    "near_ceil": _both("def near_ceil(x):\n    return -near_floor(-x)"),
    "half_up": {
        "numpy": "def half_up(x):\n    return np.floor(np.where(x < 2.0**47, x + 2 * np.spacing(x), x) + 0.5)",
        "torch": "def half_up(x):\n    unit = torch.nextafter(x, torch.full_like(x, float('inf'))) - x\n"
        "    return torch.floor(torch.where(x < 2.0**47, x + 2 * unit, x) + 0.5)",
    },
    "at_digits": _both(
        "def at_digits(x, digits, rounded):  # rounding of decimal digits\n    places = XP.trunc(digits)\n"
        "    scale = 10.0 ** XP.abs(places)\n"
        "    scaled = XP.where(places >= 0, XP.abs(x) * scale, XP.abs(x) / scale)\n"
        "    found = XP.where(places >= 0, rounded(scaled) / scale, rounded(scaled) * scale)\n"
        "    return XP.where((places > 0) & (scaled >= 2.0**52), x, XP.sign(x) * found)"
    ),
    "chosen": _both(
        "def chosen(index, *options):  # the option with a number\n    found = 0.0 * options[0]\n"
        "    for number, option in enumerate(options, 1):\n"
        "        found = XP.where(XP.trunc(index) == number, option, found)\n    return found"
    ),
    "at": _both(
        "def at(table, rows, columns):  # elements of (..., r, c) at rows and columns, counted from one\n"
        "    r = whole(XP.clip(rows, 1, table.shape[-2])) - 1\n"
        "    c = whole(XP.clip(columns, 1, table.shape[-1])) - 1\n"
        "    loops = table.shape[:-2]\n"
        "    grids = [\n"
        "        XP.arange(size).reshape([-1 if axis == own else 1 for axis in range(len(loops))] + [1, 1])\n"
        "        for own, size in enumerate(loops)\n"
        "    ]\n    return table[(*grids, r, c)]"
    ),
    "match": _both(
        "def match(x, table, kind):  # MATCH among numbers, counted from one: the first equal, or the last in order\n"
        "    flat = table.reshape(*table.shape[:-2], 1, 1, -1)\n    x = x[..., None]\n"
        "    if kind == 0:\n        return as_number(XP.argmax(as_number(flat == x), -1)) + 1\n"
        "    return as_number(flat <= x if kind > 0 else flat >= x).sum(-1)"
    ),
    "annuity": _both(
        "def annuity(rate, periods, due):  # what a payment of 1 a period grows to\n"
        "    safe = XP.where(rate == 0, 1.0, rate)\n"
        "    grown = (1 + rate * (due != 0)) * ((1 + rate) ** periods - 1) / safe\n"
        "    return XP.where(rate == 0, periods, grown)"
    ),
    "least_squares": _both(
        "def least_squares(y, x, const):  # slopes, and the intercept last\n"
        "    shape = XP.broadcast_shapes(y.shape[:-1], x.shape[:-2])\n"
        "    y, x = XP.broadcast_to(y, (*shape, y.shape[-1])), XP.broadcast_to(x, (*shape, *x.shape[-2:]))\n"
        "    xm, ym = (x.mean(-2), y.mean(-1)) if const else (0 * x[..., 0, :], 0 * y[..., 0])\n"
        "    q, r = XP.linalg.qr(x - xm[..., None, :])\n"
        "    slopes = XP.linalg.solve(r, q.swapaxes(-1, -2) @ (y - ym[..., None])[..., None])[..., 0]\n"
        "    return XP.concatenate([slopes, (ym - (xm * slopes).sum(-1))[..., None]], -1)"
    ),
    "normal": {
        "numpy": "def normal(z, cumulative, deviation=1.0):\n"
        "    density = np.exp(-z * z / 2) / (2 * np.pi) ** 0.5 / deviation\n"
        "    return np.where(cumulative != 0, special.ndtr(z), density)",
        "torch": "def normal(z, cumulative, deviation=1.0):\n"
        "    density = torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5 / deviation\n"
        "    return torch.where(cumulative != 0, torch.special.ndtr(z), density)",
    },
    "beta": {
        "numpy": "def beta(share, a, b, cumulative, width):\n"
        "    log = special.xlogy(a - 1, share) + special.xlog1py(b - 1, -share) - special.betaln(a, b)\n"
        "    return np.where(cumulative != 0, special.betainc(a, b, share), np.exp(log) / width)",
    },
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "nth": ("ordered",),
    "between": ("nth", "ordered", "whole"),
    "near_ceil": ("near_floor",),
    "at": ("whole",),
    "match": ("as_number",),
}  # helpers that helpers call


def helpers(text: str, library: Library) -> list[str]:
    """Return the sources of the functions that a text calls, each after those that it calls itself."""
    called = {name for name in HELPERS if f"{name}(" in text or f", {name})" in text}
    called |= {other for name in called for other in NEEDED.get(name, ())}
    return [each[library] for name, each in HELPERS.items() if name in called and library in each]
