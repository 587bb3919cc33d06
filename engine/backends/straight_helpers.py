"""What straight-line code calls: Excel's comparisons and functions on single numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sheetgrad.sheets.values import Kind

from ..functions.rounding import _EXACT


class Unfit(ArithmeticError):
    """A value met at run time that is not a plain number."""


class Wrong:
    """Stands for an error or a text among numbers: whatever would be computed from it stops the code."""

    def __bool__(self) -> bool:
        raise Unfit


WRONG = Wrong()


_POWERS: list[float] = (10.0 ** np.arange(16.0)).tolist()


def same(a: float, b: float) -> bool:
    """Tell whether numbers are equal as Excel sees it: to 15 significant digits."""
    return a == b or (abs(a - b) <= abs(a) * 1e-14 and f"{a:.14e}" == f"{b:.14e}")


def _refuse() -> float:
    raise Unfit


def _power(base: float, exponent: float) -> float:
    if base == 0.0 and exponent <= 0.0:
        raise Unfit
    return math.pow(base, exponent)


def _line(index: float, size: int) -> int:
    at = int(index)
    if not 1 <= at <= size:
        raise Unfit
    return at - 1


def _pick(numbers: list[float], kinds: bytes, at: int) -> float:
    if kinds[at] > Kind.NUMBER:
        raise Unfit
    return numbers[at]


def _mod(number: float, divisor: float) -> float:
    if abs(number) >= 1125900000000 * abs(divisor):
        raise Unfit
    return number % divisor


def _sign(number: float) -> float:
    return float((number > 0) - (number < 0))


def _floor(number: float) -> float:
    return float(math.floor(number))


def _round(number: float, digits: float) -> float:
    """Round as `functions.rounding.ROUND` does, to at most 15 places."""
    places = int(digits)
    if abs(places) >= len(_POWERS):
        raise Unfit
    scale = _POWERS[abs(places)]
    scaled = abs(number) * scale if places >= 0 else abs(number) / scale
    if places > 0 and scaled >= 2.0**52:
        return number
    nudged = scaled + 2 * math.ulp(scaled) if scaled < _EXACT else scaled
    whole = float(math.floor(nudged + 0.5))
    return math.copysign(whole / scale if places >= 0 else whole * scale, number) + 0.0


SCALAR = {"ABS": 1, "SQRT": 1, "EXP": 1, "LN": 1, "TANH": 1, "INT": 1, "SIGN": 1, "MOD": 2, "POWER": 2, "ROUND": 2}
HELPERS: dict[str, Callable[..., Any]] = {
    "same": same,
    "refuse": _refuse,
    "power": _power,
    "line": _line,
    "pick": _pick,
    "abs_": abs,
    "sqrt_": math.sqrt,
    "exp_": math.exp,
    "ln_": math.log,
    "tanh_": math.tanh,
    "int_": _floor,
    "sign_": _sign,
    "mod_": _mod,
    "power_": _power,
    "round_": _round,
}
BUILTINS: dict[str, Any] = {"range": range, "zip": zip, "abs": abs, "max": max, "min": min, "sum": sum}
