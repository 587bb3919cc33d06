"""Spread and shape of a sample: VAR, STDEV, DEVSQ, AVEDEV, SKEW, KURT, and the geometric and harmonic means."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error

from .declare import Failing, Numbers, NumbersA, Result, fail, reduction

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@reduction("VAR.S", "VAR")
def var_s(*numbers: Numbers) -> Result:
    """Variance of a sample; #DIV/0! of fewer than two numbers. Source: Microsoft support, VAR.S function."""
    return _variance(numbers, 1)


@reduction("VAR.P", "VARP")
def var_p(*numbers: Numbers) -> Result:
    """Variance of a population; #DIV/0! of no number. Source: Microsoft support, VAR.P function."""
    return _variance(numbers, 0)


@reduction()
def VARA(*values: NumbersA) -> Result:
    """Variance of a sample, text as 0, logicals as 0 and 1; #DIV/0! of fewer than two values.

    Source: Microsoft support, VARA function.
    """
    return _variance(values, 1)


@reduction()
def VARPA(*values: NumbersA) -> Result:
    """Variance of a population, text as 0, logicals as 0 and 1.

    #DIV/0! of no value. Source: Microsoft support, VARPA function.
    """
    return _variance(values, 0)


@reduction("STDEV.S", "STDEV")
def stdev_s(*numbers: Numbers) -> Result:
    """Standard deviation of a sample; #DIV/0! of fewer than two numbers.

    Source: Microsoft support, STDEV.S function.
    """
    return _root(_variance(numbers, 1))


@reduction("STDEV.P", "STDEVP")
def stdev_p(*numbers: Numbers) -> Result:
    """Standard deviation of a population; #DIV/0! of no number. Source: Microsoft support, STDEV.P function."""
    return _root(_variance(numbers, 0))


@reduction()
def STDEVA(*values: NumbersA) -> Result:
    """Standard deviation of a sample, text as 0, logicals as 0 and 1; #DIV/0! of fewer than two values.

    Source: Microsoft support, STDEVA function.
    """
    return _root(_variance(values, 1))


@reduction()
def STDEVPA(*values: NumbersA) -> Result:
    """Standard deviation of a population, text as 0, logicals as 0 and 1; #DIV/0! of no value.

    Source: Microsoft support, STDEVPA function.
    """
    return _root(_variance(values, 0))


@reduction()
def DEVSQ(*numbers: Numbers) -> Result:
    """Sum of squared deviations from the mean; #NUM! of no number. Source: Microsoft support, DEVSQ function."""
    count, deviation = _deviations(*numbers)
    return fail(np.square(deviation).sum(axis=-1), count == 0, Error.NUM)


@reduction()
def AVEDEV(*numbers: Numbers) -> Result:
    """Mean distance from the mean; #NUM! of no number. Source: Microsoft support, AVEDEV function."""
    count, deviation = _deviations(*numbers)
    return fail(np.abs(deviation).sum(axis=-1) / np.maximum(count, 1), count == 0, Error.NUM)


@reduction()
def SKEW(*numbers: Numbers) -> Result:
    """Skewness of a sample.

    #DIV/0! of fewer than three numbers or of equal ones. Source: Microsoft support, SKEW function.
    """
    count, deviation = _deviations(*numbers)
    n = np.maximum(count, 3)
    spread, flat = _spread(deviation, n - 1)
    total = (deviation / spread[..., None]) ** 3
    return fail(total.sum(axis=-1) * n / ((n - 1) * (n - 2)), (count < 3) | flat, Error.DIV0)


@reduction("SKEW.P")
def skew_p(*numbers: Numbers) -> Result:
    """Skewness of a population.

    #DIV/0! of fewer than three numbers or of equal ones. Source: Microsoft support, SKEW.P function.
    """
    count, deviation = _deviations(*numbers)
    n = np.maximum(count, 3)
    spread, flat = _spread(deviation, n)
    return fail(((deviation / spread[..., None]) ** 3).sum(axis=-1) / n, (count < 3) | flat, Error.DIV0)


@reduction()
def KURT(*numbers: Numbers) -> Result:
    """Excess kurtosis of a sample.

    #DIV/0! of fewer than four numbers or of equal ones. Source: Microsoft support, KURT function.
    """
    count, deviation = _deviations(*numbers)
    n = np.maximum(count, 4).astype(np.float64)
    spread, flat = _spread(deviation, n - 1)
    fourth = ((deviation / spread[..., None]) ** 4).sum(axis=-1)
    found = fourth * n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    return fail(found, (count < 4) | flat, Error.DIV0)


@reduction()
def GEOMEAN(*numbers: Numbers) -> Result:
    """Geometric mean.

    #NUM! where a number is not positive, or there is none. Source: Microsoft support, GEOMEAN function.
    """
    count, x, bad = _positives(*numbers)
    return fail(np.exp(np.log(x).sum(axis=-1) / np.maximum(count, 1)), bad, Error.NUM)


@reduction()
def HARMEAN(*numbers: Numbers) -> Result:
    """Harmonic mean.

    #NUM! where a number is not positive, or there is none. Source: Microsoft support, HARMEAN function.
    """
    count, x, bad = _positives(*numbers)
    valid = numbers[1]
    inverse = 1 / x if valid is None else np.where(valid, 1 / x, 0.0)
    return fail(count / np.where(bad, 1.0, inverse.sum(axis=-1)), bad, Error.NUM)


def _deviations(x: Floats, valid: Mask | None) -> tuple[NDArray[np.int64], Floats]:
    """Return how many numbers count, and their deviations from the mean, 0 where one does not count."""
    count = np.asarray(x.shape[-1] if valid is None else valid.sum(axis=-1))
    deviation = x - (x.sum(axis=-1) / np.maximum(count, 1))[..., None]
    return count, deviation if valid is None else np.where(valid, deviation, 0.0)


def _variance(sample: tuple[Floats, Mask | None], lost: int) -> Failing:
    count, deviation = _deviations(*sample)
    return fail(np.square(deviation).sum(axis=-1) / np.maximum(count - lost, 1), count <= lost, Error.DIV0)


def _root(variance: Failing) -> Failing:
    return Failing(np.sqrt(variance.result), variance.codes)


def _spread(deviation: Floats, divisor: Floats) -> tuple[Floats, Mask]:
    spread = np.sqrt(np.square(deviation).sum(axis=-1) / divisor)
    return np.where(spread == 0, 1.0, spread), np.asarray(spread == 0)


def _positives(x: Floats, valid: Mask | None) -> tuple[NDArray[np.int64], Floats, Mask]:
    """Return the count, the numbers with 1 for those that are not positive, and whether one of these counts."""
    count = np.asarray(x.shape[-1] if valid is None else valid.sum(axis=-1))
    bad = (x <= 0) if valid is None else (x <= 0) & valid
    return count, np.where(x > 0, x, 1.0), np.asarray(bad.any(axis=-1) | (count == 0))
