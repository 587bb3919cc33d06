"""Excel's other elementwise functions on torch: rounding, counting, trigonometry, payments, depreciation.

Each takes all its parameters, tensors of one broadcast shape. What rounds has the derivative 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .torch_special import holds, on_host, root, spread

EXACT = 2.0**47  # as in functions.rounding
LARGEST = 2.0**52


Unary: TypeAlias = Callable[[Tensor], Tensor]


def guarded(body: Unary, inside: Unary, harmless: float) -> Unary:
    """Keep a body within its domain; outside, and at its edge, the result is the body's value without a gradient."""

    def run(x: Tensor) -> Tensor:
        good = inside(x)
        if holds(good):
            return body(x)
        edge = torch.nan_to_num(body(x.detach()), 0.0, 0.0, 0.0)
        return torch.where(good, body(torch.where(good, x, harmless)), edge)

    return run


def divide(a: Tensor, b: Tensor) -> Tensor:
    """a / b; where b is 0, a."""
    zero = b == 0
    return a / b if holds(~zero) else a / torch.where(zero, 1.0, b)


def power(base: Tensor, exponent: Tensor) -> Tensor:
    """base ^ exponent as Excel has it, with odd roots of negative numbers."""
    positive = base > 0
    if holds(positive):
        return torch.pow(base, exponent)
    whole = torch.round(exponent) == exponent
    # base < 0 to whole powers, and to odd roots; base = 0 to positive powers
    result = torch.pow(torch.where(positive, base, 1.0), exponent)
    magnitude = torch.pow(torch.where(base < 0, -base, 1.0), exponent)
    odd = torch.where(whole, torch.remainder(exponent, 2) == 1, True)
    result = torch.where(base < 0, torch.where(odd, -magnitude, magnitude), result)
    # x^n at 0 for whole n ≥ 1 has a derivative: that of x for n = 1, else 0; x^0 is 1
    linear = torch.where(exponent == 1, base, (exponent == 0).to(base.dtype))
    return torch.where(base == 0, linear, result)


def _modulo(a: Tensor, b: Tensor) -> Tensor:
    return torch.remainder(a, torch.where(b == 0, 1.0, b))


def _logarithm(x: Tensor, base: Tensor) -> Tensor:
    plain = torch.log(x) / torch.log(base)
    exact = torch.where(base == 10, torch.log10(x.detach()), torch.log2(x.detach()))
    known = (base == 10) | (base == 2)
    return torch.where(known, plain + (exact - plain).detach(), plain)


def _within(low: float, high: float) -> Callable[[Tensor], Tensor]:
    return lambda x: (x > low) & (x < high)


# Rounding: what lies within two units in the last place of a whole number is taken to be it


def _spacing(x: Tensor) -> Tensor:
    return torch.nextafter(x, torch.full_like(x, math.inf)) - x


def _nudged(scaled: Tensor) -> Tensor:
    exact = EXACT if scaled.dtype == torch.float64 else 2.0**18
    return torch.where(scaled < exact, scaled + 2 * _spacing(scaled), scaled)


def _floor(x: Tensor) -> Tensor:
    near = torch.round(x)
    return torch.where((near - x).abs() <= 2 * _spacing(x.abs()), near, torch.floor(x))


def _half_up(size: Tensor) -> Tensor:
    return torch.floor(_nudged(size) + 0.5)


def _ceil(x: Tensor) -> Tensor:
    return -_floor(-x)


def _at_digits(rounded: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def run(number: Tensor, digits: Tensor) -> Tensor:
        number = number.detach()
        places = digits.detach().trunc().clamp(-308, 308)
        size, scale = number.abs(), _ten_to(places.abs())
        scaled = torch.where(places >= 0, size * scale, size / scale)
        whole = rounded(scaled)
        found = torch.where(places >= 0, whole / scale, whole * scale)
        return torch.where((places > 0) & (scaled >= LARGEST), number, torch.sign(number) * found)

    return run


def _ten_to(places: Tensor) -> Tensor:
    """Powers of ten, exact as the host has them."""
    table = torch.tensor([10.0**n for n in range(309)], dtype=torch.float64, device=places.device)
    return table[places.long()].to(places.dtype)


def _times(count: Tensor, step: Tensor) -> Tensor:
    """Multiply by a step, through its reciprocal where that is whole."""
    fixed = step.detach()
    reciprocal = 1 / fixed
    size = reciprocal.abs()
    whole = (torch.round(reciprocal) == reciprocal) & (size < 1e15) & (size > 1)
    product = torch.where(whole, count / torch.where(whole, reciprocal, 1.0), count * fixed)
    return product + count * (step - fixed)


def _over(number: Tensor, step: Tensor) -> Tensor:
    return number / torch.where(step == 0, 1.0, step)


def _up(number: Tensor, step: Tensor) -> Tensor:
    return _times(_ceil(_over(number.detach(), step.detach())), step)


def _down(number: Tensor, step: Tensor) -> Tensor:
    return _times(_floor(_over(number.detach(), step.detach())), step)


def _ceiling_math(number: Tensor, significance: Tensor, mode: Tensor) -> Tensor:
    step = significance.abs()
    return torch.where((number < 0) & (mode != 0), _down(number, step), _up(number, step))


def _floor_math(number: Tensor, significance: Tensor, mode: Tensor) -> Tensor:
    step = significance.abs()
    return torch.where((number < 0) & (mode != 0), _up(number, step), _down(number, step))


def _mround(number: Tensor, multiple: Tensor) -> Tensor:
    number = number.detach()
    count = _half_up(_over(number, multiple.detach()).abs())
    return _times(count, multiple.abs()) * torch.sign(number)


def _even(number: Tensor) -> Tensor:
    return torch.sign(number) * torch.ceil(number.detach().abs() / 2) * 2


def _odd(number: Tensor) -> Tensor:
    size = torch.ceil((number.detach().abs().clamp(min=1) - 1) / 2) * 2 + 1
    return torch.where(number < 0, -size, size)


# Payments


def _factors(rate: Tensor, periods: Tensor, due: Tensor) -> tuple[Tensor, Tensor]:
    """(1+r)^n and what a payment of 1 a period grows to."""
    growth = power(1 + rate, periods)
    still = rate == 0
    annuity = (1 + rate * (due != 0)) * (growth - 1) / torch.where(still, 1.0, rate)
    if holds(~still):
        return growth, annuity
    # at 0 the annuity is n (1 + r (n - 1)/2 + r due + …)
    near = periods * (1 + rate * ((periods - 1) / 2 + (due != 0).to(rate.dtype)))
    return growth, torch.where(still, near, annuity)


def _present(rate: Tensor, periods: Tensor, payment: Tensor, future: Tensor, due: Tensor) -> Tensor:
    growth, annuity = _factors(rate, periods, due)
    return -(future + payment * annuity) / growth


def _future(rate: Tensor, periods: Tensor, payment: Tensor, present: Tensor, due: Tensor) -> Tensor:
    growth, annuity = _factors(rate, periods, due)
    return -(present * growth + payment * annuity)


def _payment(rate: Tensor, periods: Tensor, present: Tensor, future: Tensor, due: Tensor) -> Tensor:
    growth, annuity = _factors(rate, periods, due)
    return -divide(present * growth + future, annuity)


def _periods(rate: Tensor, payment: Tensor, present: Tensor, future: Tensor, due: Tensor) -> Tensor:
    paid, still = payment * (1 + rate * (due != 0)), rate == 0
    r = torch.where(still, 1e-9, rate)
    grown = torch.log(divide(paid - future * r, paid + present * r)) / torch.log1p(r)
    return torch.where(still, -divide(present + future, payment), grown)


def _interest(rate: Tensor, per: Tensor, periods: Tensor, present: Tensor, future: Tensor, due: Tensor) -> Tensor:
    payment, advance = _payment(rate, periods, present, future, due), due != 0
    growth, annuity = _factors(rate, per - 1, due)
    owed = -(present * growth + payment * annuity)
    interest = torch.where(advance, owed * rate / (1 + rate), owed * rate)
    return torch.where(advance & (per == 1), 0.0, interest)


def _principal(rate: Tensor, per: Tensor, periods: Tensor, present: Tensor, future: Tensor, due: Tensor) -> Tensor:
    interest = _interest(rate, per, periods, present, future, due)
    return _payment(rate, periods, present, future, due) - interest


def _rate(periods: Tensor, payment: Tensor, present: Tensor, future: Tensor, due: Tensor, guess: Tensor) -> Tensor:
    """The host's root of the balance, with the derivatives that the balance implies."""
    given = spread(periods, payment, present, future, due, guess)
    rate = on_host(_rates, *given)
    growth, annuity = _factors(rate, periods, due)
    advance = (due != 0).to(rate.dtype)
    balance = present * growth + payment * annuity + future
    plain = annuity / (1 + rate * advance)
    bent = (periods * growth / (1 + rate) - plain) / torch.where(rate == 0, 1.0, rate)
    slope = periods * present * growth / (1 + rate) + payment * (advance * plain + (1 + rate * advance) * bent)
    return root(rate, balance, slope)


def _rates(*given: NDArray[np.float64]) -> NDArray[np.float64]:
    from ..functions.annuities import RATE

    wide = np.broadcast_arrays(*given)
    found = [RATE(*map(float, each)) for each in zip(*(array.ravel() for array in wide), strict=True)]
    return np.array([each if isinstance(each, float) else 0.0 for each in found]).reshape(wide[0].shape)


def _depreciation_by_years(cost: Tensor, salvage: Tensor, life: Tensor, per: Tensor) -> Tensor:
    return (cost - salvage) * (life - per + 1) * 2 / (life * (life + 1))


def _fractions(to_decimals: bool) -> Callable[[Tensor, Tensor], Tensor]:
    """DOLLARDE and DOLLARFR: the part behind the point stands in digits of a denominator, or the reverse."""

    def run(price: Tensor, fraction: Tensor) -> Tensor:
        parts, whole = fraction.detach().trunc(), price.detach().trunc()
        digits = torch.where(parts > 1, torch.floor(torch.log10((parts - 1).clamp(min=1))) + 1, 0.0)
        ratio = _ten_to(digits) / parts
        return whole + (price - whole) * (ratio if to_decimals else 1 / ratio)

    return run


def _nominal(effective: Tensor, times: Tensor) -> Tensor:
    n = times.detach().trunc()
    return (torch.pow(1 + effective, 1 / n) - 1) * n


def _effective(nominal: Tensor, times: Tensor) -> Tensor:
    n = times.detach().trunc()
    return torch.pow(1 + nominal / n, n) - 1


# Counting


def _bits(operation: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda a, b: operation(a.detach().long(), b.detach().long()).to(a.dtype)


def _shifted(left: bool) -> Callable[[Tensor, Tensor], Tensor]:
    def run(number: Tensor, by: Tensor) -> Tensor:
        places = by.detach().trunc() * (1 if left else -1)
        return torch.floor(number.detach() * torch.pow(torch.full_like(number, 2.0), places))

    return run


def _quotient(a: Tensor, b: Tensor) -> Tensor:
    return torch.trunc(divide(a.detach(), b.detach()))


ELEMENTWISE: Mapping[str, Callable[..., Tensor]] = {
    "ABS": torch.abs,
    "SQRT": guarded(torch.sqrt, lambda x: x > 0, 1.0),
    "EXP": torch.exp,
    "LN": guarded(torch.log, lambda x: x > 0, 1.0),
    "LOG10": guarded(torch.log10, lambda x: x > 0, 1.0),
    "LOG": _logarithm,
    "POWER": power,
    "MOD": _modulo,
    "N": lambda x: x,
    "NOT": lambda x: (x == 0).to(x.dtype),
    "DELTA": lambda a, b: (a == b).to(a.dtype),
    "GESTEP": lambda a, b: (a >= b).to(a.dtype),
    "ISEVEN": lambda x: (torch.remainder(x.detach().trunc(), 2) == 0).to(x.dtype),
    "ISODD": lambda x: (torch.remainder(x.detach().trunc(), 2) != 0).to(x.dtype),
    "SIN": torch.sin,
    "COS": torch.cos,
    "TAN": torch.tan,
    "ASIN": guarded(torch.asin, _within(-1, 1), 0.0),
    "ACOS": guarded(torch.acos, _within(-1, 1), 0.0),
    "ATAN": torch.atan,
    "ATAN2": lambda x, y: torch.atan2(y, x),
    "ACOT": lambda x: math.pi / 2 - torch.atan(x),
    "SINH": torch.sinh,
    "COSH": torch.cosh,
    "TANH": torch.tanh,
    "ASINH": torch.asinh,
    "ACOSH": guarded(torch.acosh, lambda x: x > 1, 2.0),
    "ATANH": guarded(torch.atanh, _within(-1, 1), 0.0),
    "ACOTH": lambda x: torch.log((x + 1) / (x - 1)) / 2,
    "SEC": lambda x: 1 / torch.cos(x),
    "CSC": lambda x: divide(torch.ones_like(x), torch.sin(x)),
    "COT": lambda x: divide(torch.cos(x), torch.sin(x)),
    "SECH": lambda x: 1 / torch.cosh(x),
    "CSCH": lambda x: divide(torch.ones_like(x), torch.sinh(x)),
    "COTH": lambda x: divide(torch.cosh(x), torch.sinh(x)),
    "RADIANS": torch.deg2rad,
    "DEGREES": torch.rad2deg,
    "SQRTPI": guarded(lambda x: torch.sqrt(x * math.pi), lambda x: x > 0, 1.0),
    "FISHER": guarded(torch.atanh, _within(-1, 1), 0.0),
    "FISHERINV": torch.tanh,
    "ROUND": _at_digits(_half_up),
    "ROUNDUP": _at_digits(_ceil),
    "ROUNDDOWN": _at_digits(_floor),
    "TRUNC": _at_digits(_floor),
    "INT": torch.floor,
    "SIGN": torch.sign,
    "EVEN": _even,
    "ODD": _odd,
    "MROUND": _mround,
    "CEILING": _up,
    "FLOOR": _down,
    "CEILING.MATH": _ceiling_math,
    "FLOOR.MATH": _floor_math,
    **dict.fromkeys(("CEILING.PRECISE", "ISO.CEILING"), lambda number, step: _up(number, step.abs())),
    "FLOOR.PRECISE": lambda number, step: _down(number, step.abs()),
    "QUOTIENT": _quotient,
    "BITAND": _bits(torch.bitwise_and),
    "BITOR": _bits(torch.bitwise_or),
    "BITXOR": _bits(torch.bitwise_xor),
    "BITLSHIFT": _shifted(True),
    "BITRSHIFT": _shifted(False),
    "PV": _present,
    "FV": _future,
    "PMT": _payment,
    "NPER": _periods,
    "RATE": _rate,
    "IPMT": _interest,
    "PPMT": _principal,
    "ISPMT": lambda rate, per, periods, present: present * rate * (per / periods - 1),
    "SLN": lambda cost, salvage, life: (cost - salvage) / life,
    "SYD": _depreciation_by_years,
    "EFFECT": _effective,
    "NOMINAL": _nominal,
    "RRI": lambda periods, present, future: torch.pow(future / present, 1 / periods) - 1,
    "PDURATION": lambda rate, present, future: (torch.log(future) - torch.log(present)) / torch.log1p(rate),
    "DOLLARDE": _fractions(True),
    "DOLLARFR": _fractions(False),
}
