"""Excel's distributions and their inverses on torch: each takes all its parameters, tensors of one broadcast shape.

Degrees of freedom and counts are cut to whole numbers, as in `functions`, whose bodies these mirror.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor

from .torch_special import (
    beta_density,
    betainc,
    betaincinv,
    betaln,
    gamma_density,
    gammainc,
    gammaincc,
    gammaincinv,
    on_host,
    root,
    sloped,
    spread,
    xlogy,
)


def density(z: Tensor) -> Tensor:
    """Standard normal density."""
    return torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal_inverse(p: Tensor) -> Tensor:
    """Value below which a standard normal variable stays with a probability."""
    inside = (p > 0) & (p < 1)
    return cast(Tensor, torch.special.ndtri(torch.where(inside, p, 0.5)))


def _either(cumulative: Tensor, below: Tensor, density: Tensor) -> Tensor:
    return torch.where(cumulative.detach() != 0, below, density)


def _normal(x: Tensor, mean: Tensor, deviation: Tensor, cumulative: Tensor) -> Tensor:
    z = (x - mean) / deviation
    return _either(cumulative, torch.special.ndtr(z), density(z) / deviation)


def _lognormal(x: Tensor, mean: Tensor, deviation: Tensor, cumulative: Tensor) -> Tensor:
    z = (torch.log(x) - mean) / deviation
    return _either(cumulative, torch.special.ndtr(z), density(z) / (deviation * x))


def _erf(lower: Tensor, upper: Tensor | None = None) -> Tensor:
    return torch.erf(lower) if upper is None else torch.erf(upper) - torch.erf(lower)


def _beta(x: Tensor, alpha: Tensor, beta: Tensor, cumulative: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    width = upper - lower
    share = (x - lower) / width
    return _either(cumulative, betainc(alpha, beta, share), beta_density(alpha, beta, share) / width)


def _gamma(x: Tensor, alpha: Tensor, beta: Tensor, cumulative: Tensor) -> Tensor:
    scaled = x / beta
    return _either(cumulative, gammainc(alpha, scaled), gamma_density(alpha, scaled) / beta)


def _gamma_function(x: Tensor) -> Tensor:
    """exp(lgamma) where positive; elsewhere by reflection, gamma(x) gamma(1 - x) = pi / sin(pi x)."""
    positive = x > 0
    below = math.pi / (torch.sin(math.pi * x) * torch.exp(torch.lgamma(1 - torch.where(positive, 0.0, x))))
    return torch.where(positive, torch.exp(torch.lgamma(torch.where(positive, x, 1.0))), below)


def _exponential(x: Tensor, rate: Tensor, cumulative: Tensor) -> Tensor:
    return _either(cumulative, -torch.expm1(-rate * x), rate * torch.exp(-rate * x))


def _weibull(x: Tensor, alpha: Tensor, beta: Tensor, cumulative: Tensor) -> Tensor:
    scaled = x / beta
    power = torch.pow(scaled, alpha)
    return _either(cumulative, -torch.expm1(-power), alpha / beta * torch.pow(scaled, alpha - 1) * torch.exp(-power))


# Counts


def _binomial(k: Tensor, n: Tensor, p: Tensor) -> Tensor:
    return torch.exp(xlogy(k, p) + xlogy(n - k, 1 - p) - betaln(k + 1, n - k + 1) - torch.log(n + 1))


def _binomial_upto(k: Tensor, n: Tensor, p: Tensor) -> Tensor:
    inside = (k >= 0) & (k < n)
    within = torch.where(inside, k, 0.0)
    found = betainc(torch.where(inside, n - within, 1.0), within + 1, 1 - p)
    return torch.where(inside, found, (k >= n).to(p.dtype))


def _binomial_distribution(k: Tensor, n: Tensor, p: Tensor, cumulative: Tensor) -> Tensor:
    k, n = k.detach().trunc(), n.detach().trunc()
    return _either(cumulative, _binomial_upto(k, n, p), _binomial(k, n, p))


def _binomial_range(n: Tensor, p: Tensor, low: Tensor, high: Tensor | None = None) -> Tensor:
    n, low = n.detach().trunc(), low.detach().trunc()
    last = low if high is None else high.detach().trunc()
    return torch.where(low == last, _binomial(low, n, p), _binomial_upto(last, n, p) - _binomial_upto(low - 1, n, p))


def _negative_binomial(failures: Tensor, successes: Tensor, p: Tensor, cumulative: Tensor) -> Tensor:
    f, s = failures.detach().trunc(), successes.detach().trunc()
    log = xlogy(s, p) + xlogy(f, 1 - p) - betaln(f + 1, s) - torch.log(f + s)
    return _either(cumulative, betainc(s, f + 1, p), torch.exp(log))


def _poisson(x: Tensor, mean: Tensor, cumulative: Tensor) -> Tensor:
    k = x.detach().trunc()
    return _either(cumulative, gammaincc(k + 1, mean), torch.exp(xlogy(k, mean) - mean - torch.lgamma(k + 1)))


# Tests


def _t_density(x: Tensor, freedom: Tensor) -> Tensor:
    half = torch.full_like(freedom, 0.5)
    log = -(freedom + 1) / 2 * torch.log1p(x * x / freedom) - betaln(half, freedom / 2)
    return torch.exp(log) / torch.sqrt(freedom)


def _t_below(x: Tensor, freedom: Tensor) -> Tensor:
    """The tail beyond |x|, by the side on which the incomplete beta function's argument does not round to 1."""
    half, size = torch.full_like(x, 0.5), x * x
    far = betainc(freedom / 2, half, freedom / (freedom + size)) / 2
    near = 0.5 - betainc(half, freedom / 2, size / (freedom + size)) / 2
    tail = torch.where(size < freedom, near, far)
    return torch.where(x > 0, 1 - tail, tail)


t_below: Callable[..., Tensor] = sloped(_t_below, _t_density, None)


def _t_distribution(x: Tensor, freedom: Tensor, cumulative: Tensor) -> Tensor:
    df = freedom.detach().trunc()
    return _either(cumulative, t_below(x, df), _t_density(x, df))


def _t_inverse(p: Tensor, freedom: Tensor) -> Tensor:
    from ..functions.student import t_inverse

    p, freedom = spread(p, freedom.detach().trunc())
    start = on_host(t_inverse, p, freedom)
    return root(start, t_below(start, freedom) - p, _t_density(start, freedom))


def f_above(x: Tensor, d1: Tensor, d2: Tensor) -> Tensor:
    """Probability that an F variable is at least x."""
    return betainc(d2 / 2, d1 / 2, d2 / (d1 * x + d2))


def _f_distribution(x: Tensor, freedom1: Tensor, freedom2: Tensor, cumulative: Tensor) -> Tensor:
    d1, d2 = freedom1.detach().trunc(), freedom2.detach().trunc()
    share = d1 * x / (d1 * x + d2)
    log = xlogy(d1 / 2, d1 / d2) + xlogy(d1 / 2 - 1, x) - (d1 + d2) / 2 * torch.log1p(d1 * x / d2)
    return _either(cumulative, betainc(d1 / 2, d2 / 2, share), torch.exp(log - betaln(d1 / 2, d2 / 2)))


def _f_inverse(p: Tensor, freedom1: Tensor, freedom2: Tensor) -> Tensor:
    d1, d2 = freedom1.detach().trunc(), freedom2.detach().trunc()
    share = betaincinv(d1 / 2, d2 / 2, p)
    return d2 * share / (d1 * (1 - share))


def _f_inverse_above(p: Tensor, freedom1: Tensor, freedom2: Tensor) -> Tensor:
    d1, d2 = freedom1.detach().trunc(), freedom2.detach().trunc()
    share = betaincinv(d2 / 2, d1 / 2, p)
    return d2 * (1 - share) / (d1 * share)


def _chi_distribution(x: Tensor, freedom: Tensor, cumulative: Tensor) -> Tensor:
    half = freedom.detach().trunc() / 2
    return _either(cumulative, gammainc(half, x / 2), gamma_density(half, x / 2) / 2)


def chi_above(x: Tensor, freedom: Tensor) -> Tensor:
    """Probability that a chi-squared variable is at least x."""
    return gammaincc(freedom.detach().trunc() / 2, x / 2)


def _chi_inverse(p: Tensor, freedom: Tensor) -> Tensor:
    return 2 * gammaincinv(freedom.detach().trunc() / 2, p)


def _chi_inverse_above(p: Tensor, freedom: Tensor) -> Tensor:
    from scipy.special import gammainccinv

    half, p = spread(freedom.detach().trunc() / 2, p)
    start = on_host(gammainccinv, half, p)
    return 2 * root(start, gammaincc(half, start) - p, -gamma_density(half, start))


def _whole(x: Tensor) -> Tensor:
    return x.detach().trunc()


def _sure(x: Tensor) -> Tensor:
    return torch.ones_like(x)


DISTRIBUTIONS: Mapping[str, Callable[..., Tensor]] = {
    **dict.fromkeys(("NORM.DIST", "NORMDIST"), _normal),
    **dict.fromkeys(("NORM.INV", "NORMINV"), lambda p, mean, deviation: mean + deviation * normal_inverse(p)),
    "NORM.S.DIST": lambda z, cumulative: _either(cumulative, torch.special.ndtr(z), density(z)),
    "NORMSDIST": torch.special.ndtr,
    **dict.fromkeys(("NORM.S.INV", "NORMSINV"), normal_inverse),
    "LOGNORM.DIST": _lognormal,
    "LOGNORMDIST": lambda x, mean, deviation: _lognormal(x, mean, deviation, _sure(x)),
    **dict.fromkeys(
        ("LOGNORM.INV", "LOGINV"), lambda p, mean, deviation: torch.exp(mean + deviation * normal_inverse(p))
    ),
    "PHI": density,
    "GAUSS": lambda z: torch.erf(z / math.sqrt(2)) / 2,
    "STANDARDIZE": lambda x, mean, deviation: (x - mean) / deviation,
    **dict.fromkeys(
        ("CONFIDENCE.NORM", "CONFIDENCE"),
        lambda alpha, deviation, size: -normal_inverse(alpha / 2) * deviation / torch.sqrt(_whole(size)),
    ),
    "CONFIDENCE.T": lambda alpha, deviation, size: (
        -_t_inverse(alpha / 2, (_whole(size) - 1).clamp(min=1)) * deviation / torch.sqrt(_whole(size))
    ),
    "ERF": _erf,
    "ERF.PRECISE": torch.erf,
    **dict.fromkeys(("ERFC", "ERFC.PRECISE"), torch.erfc),
    "BETA.DIST": _beta,
    "BETADIST": lambda x, alpha, beta, lower, upper: _beta(x, alpha, beta, _sure(x), lower, upper),
    **dict.fromkeys(
        ("BETA.INV", "BETAINV"),
        lambda p, alpha, beta, lower, upper: lower + (upper - lower) * betaincinv(alpha, beta, p),
    ),
    **dict.fromkeys(("GAMMA.DIST", "GAMMADIST"), _gamma),
    **dict.fromkeys(("GAMMA.INV", "GAMMAINV"), lambda p, alpha, beta: beta * gammaincinv(alpha, p)),
    "GAMMA": _gamma_function,
    **dict.fromkeys(("GAMMALN", "GAMMALN.PRECISE"), torch.lgamma),
    **dict.fromkeys(("EXPON.DIST", "EXPONDIST"), _exponential),
    **dict.fromkeys(("WEIBULL.DIST", "WEIBULL"), _weibull),
    **dict.fromkeys(("BINOM.DIST", "BINOMDIST"), _binomial_distribution),
    "BINOM.DIST.RANGE": _binomial_range,
    "NEGBINOM.DIST": _negative_binomial,
    "NEGBINOMDIST": lambda f, s, p: _negative_binomial(f, s, p, torch.zeros_like(p)),
    **dict.fromkeys(("POISSON.DIST", "POISSON"), _poisson),
    "T.DIST": _t_distribution,
    "T.DIST.RT": lambda x, freedom: t_below(-x, _whole(freedom)),
    "T.DIST.2T": lambda x, freedom: 2 * t_below(-x, _whole(freedom)),
    "TDIST": lambda x, freedom, tails: _whole(tails) * t_below(-x, _whole(freedom)),
    "T.INV": _t_inverse,
    **dict.fromkeys(("T.INV.2T", "TINV"), lambda p, freedom: -_t_inverse(p / 2, freedom)),
    "F.DIST": _f_distribution,
    **dict.fromkeys(("F.DIST.RT", "FDIST"), lambda x, d1, d2: f_above(x, _whole(d1), _whole(d2))),
    "F.INV": _f_inverse,
    **dict.fromkeys(("F.INV.RT", "FINV"), _f_inverse_above),
    "CHISQ.DIST": _chi_distribution,
    **dict.fromkeys(("CHISQ.DIST.RT", "CHIDIST"), chi_above),
    "CHISQ.INV": _chi_inverse,
    **dict.fromkeys(("CHISQ.INV.RT", "CHIINV"), _chi_inverse_above),
}
