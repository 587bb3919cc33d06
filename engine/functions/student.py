"""Distributions of test statistics: Student's T, F and chi-squared. Degrees of freedom are cut to whole numbers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Logical, Number, Result, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]

_MOST_FREEDOM = 1e10


@elementwise("T.DIST")
def t_dist(x: Number, deg_freedom: Number, cumulative: Logical) -> Result:
    """Student's distribution or density; #NUM! below one degree of freedom.

    Source: Microsoft support, T.DIST function.
    """
    df = np.trunc(deg_freedom)
    return fail(np.where(cumulative, t_below(x, df), _t_density(x, df)), df < 1, Error.NUM)


@elementwise("T.DIST.RT")
def t_dist_rt(x: Number, deg_freedom: Number) -> Result:
    """Student's distribution above x; #NUM! below one degree of freedom.

    Source: Microsoft support, T.DIST.RT function.
    """
    df = np.trunc(deg_freedom)
    return fail(t_below(-x, df), df < 1, Error.NUM)


@elementwise("T.DIST.2T")
def t_dist_2t(x: Number, deg_freedom: Number) -> Result:
    """Student's distribution outside [-x, x]; #NUM! for a negative x or below one degree of freedom.

    Source: Microsoft support, T.DIST.2T function.
    """
    df = np.trunc(deg_freedom)
    return fail(2 * t_below(-x, df), (df < 1) | (x < 0), Error.NUM)


@elementwise()
def TDIST(x: Number, deg_freedom: Number, tails: Number) -> Result:
    """Student's distribution above x (one tail) or outside [-x, x] (two).

    #NUM! for other tails, a negative x, or below one degree of freedom. Source: Microsoft support, TDIST function.
    """
    df, sides = np.trunc(deg_freedom), np.trunc(tails)
    return fail(sides * t_below(-x, df), (df < 1) | (x < 0) | ((sides != 1) & (sides != 2)), Error.NUM)


@elementwise("T.INV")
def t_inv(probability: Number, deg_freedom: Number) -> Result:
    """Value below which Student's variable stays with a probability.

    #NUM! outside (0, 1) or below one degree of freedom. Source: Microsoft support, T.INV function.
    """
    df = np.trunc(deg_freedom)
    return fail(t_inverse(probability, df), (probability <= 0) | (probability >= 1) | (df < 1), Error.NUM)


@elementwise("T.INV.2T", "TINV")
def t_inv_2t(probability: Number, deg_freedom: Number) -> Result:
    """Value outside whose span Student's variable lies with a probability.

    #NUM! outside (0, 1] or below one degree of freedom. Source: Microsoft support, T.INV.2T function.
    """
    df = np.trunc(deg_freedom)
    return fail(-t_inverse(probability / 2, df), (probability <= 0) | (probability > 1) | (df < 1), Error.NUM)


@elementwise("F.DIST")
def f_dist(x: Number, deg_freedom1: Number, deg_freedom2: Number, cumulative: Logical) -> Result:
    """F distribution or density.

    #NUM! for a negative x or below one degree of freedom. Source: Microsoft support, F.DIST function.
    """
    from scipy.special import betainc, betaln, xlogy

    d1, d2 = np.trunc(deg_freedom1), np.trunc(deg_freedom2)
    share = d1 * x / (d1 * x + d2)
    log = xlogy(d1 / 2, d1 / d2) + xlogy(d1 / 2 - 1, x) - (d1 + d2) / 2 * np.log1p(d1 * x / d2) - betaln(d1 / 2, d2 / 2)
    found = np.where(cumulative, betainc(d1 / 2, d2 / 2, share), np.exp(log))
    return fail(found, (x < 0) | _unfree(d1) | _unfree(d2), Error.NUM)


@elementwise("F.DIST.RT", "FDIST")
def f_dist_rt(x: Number, deg_freedom1: Number, deg_freedom2: Number) -> Result:
    """F distribution above x.

    #NUM! for a negative x or below one degree of freedom. Source: Microsoft support, F.DIST.RT function.
    """
    d1, d2 = np.trunc(deg_freedom1), np.trunc(deg_freedom2)
    return fail(f_above(x, d1, d2), (x < 0) | _unfree(d1) | _unfree(d2), Error.NUM)


@elementwise("F.INV")
def f_inv(probability: Number, deg_freedom1: Number, deg_freedom2: Number) -> Result:
    """Value below which an F variable stays with a probability; #NUM! outside [0, 1] or below one degree of freedom.
    Source: Microsoft support, F.INV function."""
    from scipy.special import betaincinv

    d1, d2 = np.trunc(deg_freedom1), np.trunc(deg_freedom2)
    share = betaincinv(d1 / 2, d2 / 2, probability)
    bad = (probability < 0) | (probability > 1) | _unfree(d1) | _unfree(d2)
    return fail(d2 * share / (d1 * (1 - share)), bad, Error.NUM)


@elementwise("F.INV.RT", "FINV")
def f_inv_rt(probability: Number, deg_freedom1: Number, deg_freedom2: Number) -> Result:
    """Value above which an F variable lies with a probability; #NUM! outside (0, 1] or below one degree of freedom.
    Source: Microsoft support, F.INV.RT function."""
    from scipy.special import betaincinv

    d1, d2 = np.trunc(deg_freedom1), np.trunc(deg_freedom2)
    share = betaincinv(d2 / 2, d1 / 2, probability)
    bad = (probability <= 0) | (probability > 1) | _unfree(d1) | _unfree(d2)
    return fail(d2 * (1 - share) / (d1 * share), bad, Error.NUM)


@elementwise("CHISQ.DIST")
def chisq_dist(x: Number, deg_freedom: Number, cumulative: Logical) -> Result:
    """Chi-squared distribution or density; #NUM! for a negative x or below one degree of freedom.

    Source: Microsoft support, CHISQ.DIST function.
    """
    from scipy.special import gammainc, gammaln, xlogy

    df = np.trunc(deg_freedom)
    log = xlogy(df / 2 - 1, x / 2) - x / 2 - gammaln(df / 2)
    return fail(np.where(cumulative, gammainc(df / 2, x / 2), np.exp(log) / 2), (x < 0) | _unfree(df), Error.NUM)


@elementwise("CHISQ.DIST.RT", "CHIDIST")
def chisq_dist_rt(x: Number, deg_freedom: Number) -> Result:
    """Chi-squared distribution above x; #NUM! for a negative x or below one degree of freedom.

    Source: Microsoft support, CHISQ.DIST.RT function.
    """
    df = np.trunc(deg_freedom)
    return fail(chisq_above(x, df), (x < 0) | _unfree(df), Error.NUM)


@elementwise("CHISQ.INV")
def chisq_inv(probability: Number, deg_freedom: Number) -> Result:
    """Value below which a chi-squared variable stays with a probability.

    #NUM! outside [0, 1) or below one degree of freedom. Source: Microsoft support, CHISQ.INV function.
    """
    from scipy.special import gammaincinv

    df = np.trunc(deg_freedom)
    bad = (probability < 0) | (probability >= 1) | _unfree(df)
    return fail(2 * gammaincinv(df / 2, probability), bad, Error.NUM)


@elementwise("CHISQ.INV.RT", "CHIINV")
def chisq_inv_rt(probability: Number, deg_freedom: Number) -> Result:
    """Value above which a chi-squared variable lies with a probability.

    #NUM! outside (0, 1] or below one degree of freedom. Source: Microsoft support, CHISQ.INV.RT function.
    """
    from scipy.special import gammainccinv

    df = np.trunc(deg_freedom)
    bad = (probability <= 0) | (probability > 1) | _unfree(df)
    return fail(2 * gammainccinv(df / 2, probability), bad, Error.NUM)


def t_below(x: Floats, df: Floats) -> Floats:
    """Return the probability that Student's variable is at most x."""
    from scipy.special import stdtr

    return np.asarray(stdtr(df, x))


def t_inverse(probability: Floats, df: Floats) -> Floats:
    """Return the value below which Student's variable stays with a probability."""
    from scipy.special import betaincinv

    tail = np.minimum(probability, 1 - probability)
    # The incomplete beta function is inverted on the side where its argument does not round to 1.
    outer = betaincinv(df / 2, 0.5, 2 * tail)
    inner = betaincinv(0.5, df / 2, 1 - 2 * tail)
    size = np.where(tail < 0.25, np.sqrt(df * (1 - outer) / outer), np.sqrt(df * inner / (1 - inner)))
    return np.where(probability < 0.5, -size, size)


def f_above(x: Floats, d1: Floats, d2: Floats) -> Floats:
    """Return the probability that an F variable is at least x."""
    from scipy.special import betainc

    return np.asarray(betainc(d2 / 2, d1 / 2, d2 / (d1 * x + d2)))


def chisq_above(x: Floats, df: Floats) -> Floats:
    """Return the probability that a chi-squared variable is at least x."""
    from scipy.special import gammaincc

    return np.asarray(gammaincc(df / 2, x / 2))


def _t_density(x: Floats, df: Floats) -> Floats:
    from scipy.special import betaln

    return np.asarray(np.exp(-(df + 1) / 2 * np.log1p(x * x / df) - betaln(0.5, df / 2)) / np.sqrt(df))


def _unfree(df: Floats) -> NDArray[np.bool_]:
    return (df < 1) | (df > _MOST_FREEDOM)
