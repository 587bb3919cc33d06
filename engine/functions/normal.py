"""The normal distribution and what is made of it: NORM, LOGNORM, PHI, GAUSS, CONFIDENCE, FISHER, ERF."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Logical, Number, Result, Strict, elementwise, fail
from .student import t_inverse

Floats: TypeAlias = NDArray[np.float64]

_ROOT_2PI = np.sqrt(2 * np.pi)


@elementwise("NORM.DIST", "NORMDIST")
def norm_dist(x: Number, mean: Number, standard_dev: Number, cumulative: Logical) -> Result:
    """Normal distribution or density.

    #NUM! unless the deviation is positive. Source: Microsoft support, NORM.DIST function.
    """
    z = (x - mean) / standard_dev
    return fail(np.where(cumulative, _ndtr(z), density(z) / standard_dev), standard_dev <= 0, Error.NUM)


@elementwise("NORM.INV", "NORMINV")
def norm_inv(probability: Number, mean: Number, standard_dev: Number) -> Result:
    """Value below which a normal variable stays with a probability; #NUM! unless it lies in (0, 1) and the deviation is
    positive. Source: Microsoft support, NORM.INV function."""
    bad = (probability <= 0) | (probability >= 1) | (standard_dev <= 0)
    return fail(mean + standard_dev * _ndtri(probability), bad, Error.NUM)


@elementwise("NORM.S.DIST")
def norm_s_dist(z: Number, cumulative: Logical) -> Result:
    """Standard normal distribution or density. Source: Microsoft support, NORM.S.DIST function."""
    return np.where(cumulative, _ndtr(z), density(z))


@elementwise()
def NORMSDIST(z: Number) -> Result:
    """Standard normal distribution. Source: Microsoft support, NORMSDIST function."""
    return _ndtr(z)


@elementwise("NORM.S.INV", "NORMSINV")
def norm_s_inv(probability: Number) -> Result:
    """Value below which a standard normal variable stays with a probability; #NUM! outside (0, 1).

    Source: Microsoft support, NORM.S.INV function.
    """
    return fail(_ndtri(probability), (probability <= 0) | (probability >= 1), Error.NUM)


@elementwise("LOGNORM.DIST")
def lognorm_dist(x: Number, mean: Number, standard_dev: Number, cumulative: Logical) -> Result:
    """Lognormal distribution or density; #NUM! unless x and the deviation are positive.

    Source: Microsoft support, LOGNORM.DIST function.
    """
    z = (np.log(x) - mean) / standard_dev
    found = np.where(cumulative, _ndtr(z), density(z) / (standard_dev * x))
    return fail(found, (x <= 0) | (standard_dev <= 0), Error.NUM)


@elementwise()
def LOGNORMDIST(x: Number, mean: Number, standard_dev: Number) -> Result:
    """Lognormal distribution.

    #NUM! unless x and the deviation are positive. Source: Microsoft support, LOGNORMDIST function.
    """
    return lognorm_dist(x, mean, standard_dev, np.True_)


@elementwise("LOGNORM.INV", "LOGINV")
def lognorm_inv(probability: Number, mean: Number, standard_dev: Number) -> Result:
    """Value below which a lognormal variable stays with a probability.

    #NUM! unless it lies in (0, 1) and the deviation is positive. Source: Microsoft support, LOGNORM.INV function.
    """
    bad = (probability <= 0) | (probability >= 1) | (standard_dev <= 0)
    return fail(np.exp(mean + standard_dev * _ndtri(probability)), bad, Error.NUM)


@elementwise()
def PHI(x: Number) -> Result:
    """Standard normal density. Source: Microsoft support, PHI function."""
    return density(x)


@elementwise()
def GAUSS(z: Number) -> Result:
    """Probability that a standard normal variable lies between 0 and z. Source: Microsoft support, GAUSS function."""
    from scipy.special import erf

    return np.asarray(erf(z / np.sqrt(2)) / 2)


@elementwise()
def STANDARDIZE(x: Number, mean: Number, standard_dev: Number) -> Result:
    """Distance from the mean in deviations.

    #NUM! unless the deviation is positive. Source: Microsoft support, STANDARDIZE function.
    """
    return fail((x - mean) / standard_dev, standard_dev <= 0, Error.NUM)


@elementwise("CONFIDENCE.NORM", "CONFIDENCE")
def confidence_norm(alpha: Number, standard_dev: Number, size: Number) -> Result:
    """Half the width of a confidence interval with a known deviation.

    #NUM! unless alpha lies in (0, 1), the deviation is positive and the size at least 1. (Support: CONFIDENCE.NORM
    function)
    """
    whole = np.trunc(size)
    bad = (alpha <= 0) | (alpha >= 1) | (standard_dev <= 0) | (whole < 1)
    return fail(-_ndtri(alpha / 2) * standard_dev / np.sqrt(whole), bad, Error.NUM)


@elementwise("CONFIDENCE.T")
def confidence_t(alpha: Number, standard_dev: Number, size: Number) -> Result:
    """Half the width of a confidence interval with an estimated deviation.

    #NUM! as CONFIDENCE.NORM, #DIV/0! for the size 1. Source: Microsoft support, CONFIDENCE.T function.
    """
    whole = np.trunc(size)
    bad = (alpha <= 0) | (alpha >= 1) | (standard_dev <= 0) | (whole < 1)
    found = -t_inverse(alpha / 2, np.maximum(whole - 1, 1)) * standard_dev / np.sqrt(whole)
    return fail(fail(found, bad, Error.NUM), whole == 1, Error.DIV0)


@elementwise()
def FISHER(x: Number) -> Result:
    """Fisher transformation; #NUM! outside (-1, 1). Source: Microsoft support, FISHER function."""
    return fail(np.log((1 + x) / (1 - x)) / 2, np.abs(x) >= 1, Error.NUM)


@elementwise()
def FISHERINV(y: Number) -> Result:
    """Inverse of the Fisher transformation. Source: Microsoft support, FISHERINV function."""
    return np.tanh(y)


@elementwise()
def ERF(lower_limit: Strict, upper_limit: Strict = None) -> Result:
    """Error function, from 0 to a limit or between two. Source: Microsoft support, ERF function."""
    from scipy.special import erf

    return np.asarray(erf(lower_limit) if upper_limit is None else erf(upper_limit) - erf(lower_limit))


@elementwise("ERF.PRECISE")
def erf_precise(x: Strict) -> Result:
    """Error function from 0 to x. Source: Microsoft support, ERF.PRECISE function."""
    return ERF(x)


@elementwise("ERFC", "ERFC.PRECISE")
def erfc(x: Strict) -> Result:
    """Complementary error function, from x to infinity. Source: Microsoft support, ERFC function."""
    from scipy.special import erfc

    return np.asarray(erfc(x))


def density(z: Floats) -> Floats:
    """Return the standard normal density."""
    return np.asarray(np.exp(-z * z / 2) / _ROOT_2PI)


def _ndtr(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def _ndtri(p: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(p))
