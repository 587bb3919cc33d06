"""AND, OR, XOR, NOT, TRUE, FALSE. The functions that choose (IF and its kin) are special forms: see `special`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Floats

from .declare import Logical, Logicals, Result, elementwise, fail, reduction

Mask = NDArray[np.bool_]


@reduction()
def AND(*logicals: Logicals) -> Result:
    """TRUE where all are true; text and empty cells in references do not count, #VALUE! where nothing does.
    (Support: AND function)"""
    x, valid = logicals
    truth = x != 0 if valid is None else (x != 0) | ~valid
    return fail(truth.all(axis=-1), _nothing(x, valid), Error.VALUE)


@reduction()
def OR(*logicals: Logicals) -> Result:
    """TRUE where any is true; text and empty cells in references do not count, #VALUE! where nothing does.
    (Support: OR function)"""
    x, valid = logicals
    return fail((x != 0).any(axis=-1), _nothing(x, valid), Error.VALUE)


@reduction()
def XOR(*logicals: Logicals) -> Result:
    """TRUE where an odd number are true; what does not count and #VALUE! as in OR. (Support: XOR function)"""
    x, valid = logicals
    return fail((x != 0).sum(axis=-1) % 2 == 1, _nothing(x, valid), Error.VALUE)


@elementwise()
def NOT(logical: Logical) -> Result:
    """TRUE for FALSE, FALSE for TRUE. (Support: NOT function)"""
    return np.asarray(~logical)


@elementwise()
def TRUE() -> Result:
    """The logical value TRUE. (Support: TRUE function)"""
    return True


@elementwise()
def FALSE() -> Result:
    """The logical value FALSE. (Support: FALSE function)"""
    return False


def _nothing(x: Floats, valid: Mask | None) -> Mask:
    """Tell where no element counts: (...,)."""
    if valid is None:
        return np.full(x.shape[:-1], x.shape[-1] == 0)
    return np.asarray(~valid.any(axis=-1))
