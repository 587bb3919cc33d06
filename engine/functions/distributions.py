"""Continuous distributions beside the normal one and those of tests: beta, gamma, exponential, Weibull.

the gamma function.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Logical, Number, Result, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]


@elementwise("BETA.DIST")
def beta_dist(
    x: Number, alpha: Number, beta: Number, cumulative: Logical, lower: Number = 0.0, upper: Number = 1.0
) -> Result:
    """Beta distribution or density over [lower, upper]; #NUM! unless alpha and beta are positive and x lies within.
    Source: Microsoft support, BETA.DIST function."""
    from scipy.special import betainc, betaln, xlog1py, xlogy

    width = upper - lower
    share = (x - lower) / width
    log = xlogy(alpha - 1, share) + xlog1py(beta - 1, -share) - betaln(alpha, beta)
    found = np.where(cumulative, betainc(alpha, beta, share), np.exp(log) / width)
    edge = ~np.asarray(cumulative) & (((share == 0) & (alpha < 1)) | ((share == 1) & (beta < 1)))
    return fail(found, (alpha <= 0) | (beta <= 0) | (x < lower) | (x > upper) | (width <= 0) | edge, Error.NUM)


@elementwise()
def BETADIST(x: Number, alpha: Number, beta: Number, lower: Number = 0.0, upper: Number = 1.0) -> Result:
    """Beta distribution over [lower, upper]; #NUM! as BETA.DIST. Source: Microsoft support, BETADIST function."""
    return beta_dist(x, alpha, beta, np.True_, lower, upper)


@elementwise("BETA.INV", "BETAINV")
def beta_inv(probability: Number, alpha: Number, beta: Number, lower: Number = 0.0, upper: Number = 1.0) -> Result:
    """Value below which a beta variable stays with a probability; #NUM! unless alpha and beta are positive and the
    probability lies in (0, 1). Source: Microsoft support, BETA.INV function."""
    from scipy.special import betaincinv

    bad = (alpha <= 0) | (beta <= 0) | (probability <= 0) | (probability >= 1) | (lower >= upper)
    return fail(lower + (upper - lower) * betaincinv(alpha, beta, probability), bad, Error.NUM)


@elementwise("GAMMA.DIST", "GAMMADIST")
def gamma_dist(x: Number, alpha: Number, beta: Number, cumulative: Logical) -> Result:
    """Gamma distribution or density; #NUM! for a negative x, or unless alpha and beta are positive.

    Source: Microsoft support, GAMMA.DIST function.
    """
    from scipy.special import gammainc, gammaln, xlogy

    scaled = x / beta
    log = xlogy(alpha - 1, scaled) - scaled - gammaln(alpha)
    found = np.where(cumulative, gammainc(alpha, scaled), np.exp(log) / beta)
    return fail(found, (x < 0) | (alpha <= 0) | (beta <= 0), Error.NUM)


@elementwise("GAMMA.INV", "GAMMAINV")
def gamma_inv(probability: Number, alpha: Number, beta: Number) -> Result:
    """Value below which a gamma variable stays with a probability.

    #NUM! outside [0, 1), or unless alpha and beta are positive. Source: Microsoft support, GAMMA.INV function.
    """
    from scipy.special import gammaincinv

    bad = (probability < 0) | (probability >= 1) | (alpha <= 0) | (beta <= 0)
    return fail(beta * gammaincinv(alpha, probability), bad, Error.NUM)


@elementwise()
def GAMMA(number: Number) -> Result:
    """Gamma function.

    #NUM! for 0, negative whole numbers, and where it overflows. Source: Microsoft support, GAMMA function.
    """
    from scipy.special import gamma

    return fail(np.asarray(gamma(number)), (number <= 0) & (number == np.floor(number)), Error.NUM)


@elementwise("GAMMALN", "GAMMALN.PRECISE")
def gammaln(x: Number) -> Result:
    """Logarithm of the gamma function; #NUM! unless positive. Source: Microsoft support, GAMMALN function."""
    from scipy.special import gammaln

    return fail(np.asarray(gammaln(x)), x <= 0, Error.NUM)


@elementwise("EXPON.DIST", "EXPONDIST")
def expon_dist(x: Number, rate: Number, cumulative: Logical) -> Result:
    """Exponential distribution or density; #NUM! for a negative x, or unless the rate is positive.

    Source: Microsoft support, EXPON.DIST function.
    """
    found = np.where(cumulative, -np.expm1(-rate * x), rate * np.exp(-rate * x))
    return fail(found, (x < 0) | (rate <= 0), Error.NUM)


@elementwise("WEIBULL.DIST", "WEIBULL")
def weibull_dist(x: Number, alpha: Number, beta: Number, cumulative: Logical) -> Result:
    """Weibull distribution or density; #NUM! for a negative x, or unless alpha and beta are positive.

    Source: Microsoft support, WEIBULL.DIST function.
    """
    scaled = x / beta
    power = np.power(scaled, alpha)
    found = np.where(cumulative, -np.expm1(-power), alpha / beta * np.power(scaled, alpha - 1) * np.exp(-power))
    return fail(found, (x < 0) | (alpha <= 0) | (beta <= 0), Error.NUM)
