"""Matrices: MMULT, MINVERSE, MDETERM, MUNIT, TRANSPOSE, SEQUENCE. Stacks of matrices work as single ones."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sheetgrad.engine.grid import CELL_BUDGET, TooManyCells
from sheetgrad.sheets.values import Error, Values

from .declare import Array, Matrix, Number, Result, array, fail

Floats: TypeAlias = NDArray[np.float64]


@array(batched=True)
def MMULT(array1: Matrix, array2: Matrix) -> Result:
    """Matrix product (..., n, k) x (..., k, m); #VALUE! where the inner sizes differ, or an element is no number.

    Source: Microsoft support, MMULT function.
    """
    if array1.shape[-1] != array2.shape[-2]:
        return Error.VALUE
    if array1.shape[-2] * array2.shape[-1] > max(CELL_BUDGET, array1.size, array2.size):
        raise TooManyCells
    return np.matmul(array1, array2)


@array(batched=True)
def TRANSPOSE(array: Array) -> Result:
    """Rows as columns; kinds stay. Source: Microsoft support, TRANSPOSE function."""
    kind = None if array.kind is None else np.swapaxes(array.kind, -1, -2)
    return Values(np.swapaxes(array.data, -1, -2), kind)


@array(batched=True)
def MDETERM(array: Matrix) -> Result:
    """Determinant (..., 1, 1); #VALUE! unless square and all numbers. Source: Microsoft support, MDETERM function."""
    if array.shape[-1] != array.shape[-2]:
        return Error.VALUE
    return np.asarray(np.linalg.det(array))[..., None, None]


@array(batched=True)
def MINVERSE(array: Matrix) -> Result:
    """Inverse.

    #VALUE! unless square and all numbers, #NUM! where singular. Source: Microsoft support, MINVERSE function.
    """
    if array.shape[-1] != array.shape[-2]:
        return Error.VALUE
    singular = np.linalg.det(array)[..., None, None] == 0
    unit = np.eye(array.shape[-1])
    return fail(np.linalg.inv(np.where(singular, unit, array)), singular, Error.NUM)


@array()
def MUNIT(dimension: Number) -> Result:
    """Unit matrix; #VALUE! unless the whole part is positive. Source: Microsoft support, MUNIT function."""
    if dimension < 1:
        return Error.VALUE
    if dimension * dimension > CELL_BUDGET:
        return Error.NUM
    return np.eye(int(dimension))


@array()
def SEQUENCE(rows: Number = 1.0, columns: Number = 1.0, start: Number = 1.0, step: Number = 1.0) -> Result:
    """Numbers from a start by steps, row after row; #CALC! where rows or columns are 0, #VALUE! where negative.
    Source: Microsoft support, SEQUENCE function."""
    height, width = int(rows), int(columns)
    if height < 0 or width < 0:
        return Error.VALUE
    if height == 0 or width == 0:
        return Error.CALC
    if height * width > CELL_BUDGET:
        return Error.NUM
    return start + step * np.arange(height * width, dtype=np.float64).reshape(height, width)
