"""Distributions of counts: binomial, negative binomial, hypergeometric, Poisson. Counts are cut to whole numbers."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Logical, Number, Result, elementwise, fail

Floats: TypeAlias = NDArray[np.float64]

_BLOCK = 256
_MOST_TRIALS = 1e15


@elementwise("BINOM.DIST", "BINOMDIST")
def binom_dist(number_s: Number, trials: Number, probability_s: Number, cumulative: Logical) -> Result:
    """Probability of a number of successes, or of at most that.

    #NUM! for more successes than trials, negative ones, or a probability outside [0, 1]. Source: Microsoft support,
    BINOM.DIST function.
    """
    k, n = np.trunc(number_s), np.trunc(trials)
    bad = (k < 0) | (k > n) | (n > _MOST_TRIALS) | (probability_s < 0) | (probability_s > 1)
    found = np.where(cumulative, _binomial_upto(k, n, probability_s), _binomial(k, n, probability_s))
    return fail(found, bad, Error.NUM)


@elementwise("BINOM.DIST.RANGE")
def binom_dist_range(trials: Number, probability_s: Number, number_s: Number, number_s2: Number = None) -> Result:
    """Probability of a number of successes, or of one from a first to a last.

    #NUM! as BINOM.DIST, or where the last is below the first. Source: Microsoft support, BINOM.DIST.RANGE function.
    """
    n, low = np.trunc(trials), np.trunc(number_s)
    high = low if number_s2 is None else np.trunc(number_s2)
    bad = (low < 0) | (low > n) | (high < low) | (high > n) | (probability_s < 0) | (probability_s > 1)
    below, above = _binomial_upto(low - 1, n, probability_s), _binomial_upto(n - high - 1, n, 1 - probability_s)
    between = np.where(
        below < 0.5,
        _binomial_upto(high, n, probability_s) - below,
        _binomial_upto(n - low, n, 1 - probability_s) - above,
    )
    return fail(np.where(low == high, _binomial(low, n, probability_s), between), bad, Error.NUM)


@elementwise("BINOM.INV", "CRITBINOM")
def binom_inv(trials: Number, probability_s: Number, alpha: Number) -> Result:
    """Least number of successes that is not exceeded with a probability of at least alpha.

    #NUM! for negative trials, or probabilities outside (0, 1). Source: Microsoft support, BINOM.INV function.
    """
    n = np.trunc(trials)
    bad = (n < 0) | (probability_s <= 0) | (probability_s >= 1) | (alpha <= 0) | (alpha >= 1)
    low, high = np.zeros(np.shape(bad)), np.where(bad, 0.0, n) + np.zeros(np.shape(bad))
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        enough = _binomial_upto(middle, n, probability_s) >= alpha
        low, high = np.where((low < high) & ~enough, middle + 1, low), np.where((low < high) & enough, middle, high)
    return fail(low, bad, Error.NUM)


@elementwise("NEGBINOM.DIST")
def negbinom_dist(number_f: Number, number_s: Number, probability_s: Number, cumulative: Logical) -> Result:
    """Probability of a number of failures before the given success, or of at most that; #NUM! for negative failures, no
    success, or a probability outside (0, 1). Source: Microsoft support, NEGBINOM.DIST function."""
    from scipy.special import betainc, betaln, xlog1py, xlogy

    f, s = np.trunc(number_f), np.trunc(number_s)
    bad = (f < 0) | (s < 1) | (probability_s <= 0) | (probability_s >= 1)
    log = xlogy(s, probability_s) + xlog1py(f, -probability_s) - betaln(f + 1, s) - np.log(f + s)
    return fail(np.where(cumulative, betainc(s, f + 1, probability_s), np.exp(log)), bad, Error.NUM)


@elementwise()
def NEGBINOMDIST(number_f: Number, number_s: Number, probability_s: Number) -> Result:
    """Probability of a number of failures before the given success; #NUM! as NEGBINOM.DIST.

    Source: Microsoft support, NEGBINOMDIST function.
    """
    return negbinom_dist(number_f, number_s, probability_s, np.False_)


@elementwise("HYPGEOM.DIST")
def hypgeom_dist(
    sample_s: Number, number_sample: Number, population_s: Number, number_pop: Number, cumulative: Logical
) -> Result:
    """Probability of a number of successes in a sample without replacement, or of at most that.

    #NUM! for sizes that do not fit one another. Source: Microsoft support, HYPGEOM.DIST function.
    """
    k, n, good, total = (np.trunc(each) for each in (sample_s, number_sample, population_s, number_pop))
    bad = (n <= 0) | (n > total) | (good <= 0) | (good > total) | (total <= 0)
    bad = bad | (k < 0) | (k > np.minimum(n, good)) | (k < n - total + good)
    found = _hypergeometric(k, n, good, total)
    if np.any(cumulative):
        found = np.where(cumulative, _hypergeometric_upto(np.where(bad, -1.0, k), n, good, total), found)
    return fail(found, bad, Error.NUM)


@elementwise()
def HYPGEOMDIST(sample_s: Number, number_sample: Number, population_s: Number, number_pop: Number) -> Result:
    """Probability of a number of successes in a sample without replacement; #NUM! as HYPGEOM.DIST.

    Source: Microsoft support, HYPGEOMDIST function.
    """
    return hypgeom_dist(sample_s, number_sample, population_s, number_pop, np.False_)


@elementwise("POISSON.DIST", "POISSON")
def poisson_dist(x: Number, mean: Number, cumulative: Logical) -> Result:
    """Probability of a number of events, or of at most that.

    #NUM! where negative. Source: Microsoft support, POISSON.DIST function.
    """
    from scipy.special import gammaincc, gammaln, xlogy

    k = np.trunc(x)
    found = np.where(cumulative, gammaincc(k + 1, mean), np.exp(xlogy(k, mean) - mean - gammaln(k + 1)))
    return fail(found, (x < 0) | (mean < 0), Error.NUM)


def _binomial(k: Floats, n: Floats, p: Floats) -> Floats:
    from scipy.special import betaln, xlog1py, xlogy

    log = xlogy(k, p) + xlog1py(n - k, -p) - betaln(k + 1, n - k + 1) - np.log(n + 1)
    return np.asarray(np.exp(log))


def _binomial_upto(k: Floats, n: Floats, p: Floats) -> Floats:
    from scipy.special import betaincc

    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, betaincc(k + 1, np.maximum(n - k, 1), p)))


def _hypergeometric(k: Floats, n: Floats, good: Floats, total: Floats) -> Floats:
    return np.asarray(np.exp(_log_choose(good, k) + _log_choose(total - good, n - k) - _log_choose(total, n)))


def _hypergeometric_upto(k: Floats, n: Floats, good: Floats, total: Floats) -> Floats:
    """Sum the probabilities from k downwards, a block of terms at a time, until they no longer count."""
    least = np.maximum(0.0, n - total + good)[..., None]
    mode = ((n + 1) * (good + 1) / (total + 2))[..., None]
    n, good, total = n[..., None], good[..., None], total[..., None]
    found = np.zeros(k.shape)
    terms = k[..., None] - np.arange(_BLOCK)
    while (terms[..., :1] >= least).any():
        inside = terms >= least
        block = np.where(inside, _hypergeometric(np.where(inside, terms, least), n, good, total), 0.0)
        found = found + block.sum(axis=-1)
        if ((terms[..., -1:] < mode) & (block[..., -1:] <= 1e-18 * found[..., None])).all():
            break
        terms = terms - _BLOCK
    return found


def _log_choose(n: Floats, k: Floats) -> Floats:
    from scipy.special import betaln

    return np.asarray(-betaln(k + 1, n - k + 1) - np.log(n + 1))
