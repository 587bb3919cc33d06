"""Random draws: RAND, RANDBETWEEN, RANDARRAY, from the stream of the cell (`engine.random`)."""

from __future__ import annotations

import math

import numpy as np

from sheetgrad.engine.grid import CELL_BUDGET
from sheetgrad.engine.random import uniform
from sheetgrad.sheets.values import Error

from .declare import Context, Logical, Number, Result, Strict, array, elementwise, fail


@elementwise(volatile=True)
def RAND(context: Context) -> Result:
    """A number drawn from [0, 1). Source: Microsoft support, RAND function."""
    return uniform(context)


@elementwise(volatile=True)
def RANDBETWEEN(bottom: Strict, top: Strict, context: Context) -> Result:
    """A whole number drawn from those of [bottom, top].

    #NUM! where there is none. Source: Microsoft support, RANDBETWEEN function.
    """
    low, high = np.ceil(bottom), np.floor(top)
    drawn = uniform(context, *np.shape(low)[-2:])
    return fail(low + np.floor(drawn * (np.maximum(high - low, 0) + 1)), high + 0 * drawn < low, Error.NUM)


@array(volatile=True)
def RANDARRAY(
    context: Context,
    rows: Number = 1.0,
    columns: Number = 1.0,
    min: Number = 0.0,
    max: Number = 1.0,
    whole_number: Logical = False,
) -> Result:
    """Numbers drawn from [min, max), or whole ones from [min, max], (rows, columns).

    #VALUE! for negative sizes, min above max, or whole numbers between limits that are not whole; #CALC! for a size of
    0. Source: Microsoft support, RANDARRAY function.
    """
    height, width = int(rows), int(columns)
    if height < 0 or width < 0 or min > max or (whole_number and (min != math.floor(min) or max != math.floor(max))):
        return Error.VALUE
    if height == 0 or width == 0:
        return Error.CALC
    if height * width > CELL_BUDGET:
        return Error.NUM
    drawn = uniform(context, height, width)
    return min + np.floor(drawn * (max - min + 1)) if whole_number else min + drawn * (max - min)
