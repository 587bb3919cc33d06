"""Special forms that choose: IF, IFS, SWITCH, CHOOSE, IFERROR, IFNA, and LET.

Given one condition, they evaluate only what is chosen, and return a reference where that is one. Given an array of
conditions, they evaluate what is needed, whole references too (``VLOOKUP(x,IF({1,0},B1:B9,A1:A9),2,0)`` is no array
formula), and choose element by element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sheetgrad.sheets.values import Error, Kind, Values

from . import coercion, operators
from .broadcasting import fit
from .coercion import Codes
from .forms import form
from .frames import Frame, Mode, Operand
from .syntax import Name, Node

if TYPE_CHECKING:
    from .evaluation import Evaluation

Test = NDArray[np.bool_]


@form("IF")
def _if(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    condition = evaluation.values(arguments[0], _condition_frame(frame))
    test, codes = coercion.logicals(condition, evaluation.context.strings)
    if condition.data.size == 1:
        if codes is not None and codes.any():
            return _coded(evaluation, codes)
        return _branch(evaluation, arguments, 1 if test.all() else 2, frame)
    yes, no = _evaluated_branches(evaluation, arguments, test, codes, frame)
    return select(test, codes, yes, no)


def _condition_frame(frame: Frame) -> Frame:
    # SUMPRODUCT makes its argument an array, but not IF's condition within it: that takes an array formula.
    return frame.in_mode(Mode.SCALAR) if frame.mode == Mode.FORCED else frame


def _branch(evaluation: Evaluation, arguments: tuple[Node, ...], index: int, frame: Frame) -> Operand:
    if index >= len(arguments):
        return evaluation.scalar(False)
    return evaluation.evaluate(arguments[index], frame)


def _evaluated_branches(
    evaluation: Evaluation, arguments: tuple[Node, ...], test: Test, codes: Codes, frame: Frame
) -> tuple[Values, Values]:
    fine = True if codes is None else codes == 0
    needed = bool((test & fine).any()), bool((~test & fine).any())
    found = [
        evaluation.whole(_branch(evaluation, arguments, i + 1, frame)) if needed[i] else evaluation.empty
        for i in (0, 1)
    ]
    return found[0], found[1]


def select(test: Test, codes: Codes, yes: Values, no: Values) -> Values:
    """Choose element by element, broadcast by Excel's rule; where ``codes`` holds an error, that is the result."""
    flags = Values(test.astype(np.float64), None if codes is None else np.where(codes != 0, 4, 1).astype(np.uint8))
    flags, yes, no = fit((flags, yes, no))
    chosen = flags.data != 0
    data = np.where(chosen, yes.data, no.data)
    kind = np.where(chosen, yes.kinds, no.kinds)
    if flags.kind is not None:
        given_codes = np.full(flags.shape, float(Error.NA.code))
        if codes is not None:
            given_codes[..., : codes.shape[-2], : codes.shape[-1]] = codes
        failed = flags.kind == Kind.ERROR
        data, kind = np.where(failed, given_codes, data), np.where(failed, np.uint8(Kind.ERROR), kind)
    return Values(data, kind.astype(np.uint8))


def _coded(evaluation: Evaluation, codes: NDArray[np.uint8]) -> Values:
    return Values(codes.astype(np.float64).reshape(1, 1), np.array([[Kind.ERROR]], dtype=np.uint8))


@form("IFERROR")
def _iferror(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return _if_bad(evaluation, arguments, frame, lambda values: values.kinds == Kind.ERROR)


@form("IFNA")
def _ifna(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    return _if_bad(
        evaluation, arguments, frame, lambda values: (values.kinds == Kind.ERROR) & (values.data == Error.NA.code)
    )


def _if_bad(
    evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame, is_bad: Callable[[Values], Test]
) -> Operand:
    operand = evaluation.evaluate(arguments[0], _condition_frame(frame))
    value = evaluation.settle(operand, _condition_frame(frame))
    if value.kind is None or not is_bad(value).any():
        return value
    other = evaluation.evaluate(arguments[1], frame)
    if value.data.size == 1:
        return other
    value, other = fit((value, evaluation.settle(other, frame)))
    return select(is_bad(value), None, other, value)


@form("IFS")
def _ifs(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    if len(arguments) % 2:
        return evaluation.error(Error.VALUE)
    taken: list[tuple[Test, Codes, int]] = []
    for i in range(0, len(arguments), 2):
        condition = evaluation.values(arguments[i], frame)
        test, codes = coercion.logicals(condition, evaluation.context.strings)
        if condition.data.size == 1 and not taken:
            if codes is not None and codes.any():
                return _coded(evaluation, codes)
            if test.all():
                return evaluation.evaluate(arguments[i + 1], frame)
        else:
            taken.append((test, codes, i + 1))
    result = evaluation.error(Error.NA)
    for test, codes, i in reversed(taken):
        result = select(test, codes, evaluation.whole(evaluation.evaluate(arguments[i], frame)), result)
    return result


@form("SWITCH")
def _switch(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    subject = evaluation.values(arguments[0], frame)
    pairs = [(i, i + 1) for i in range(1, len(arguments) - 1, 2)]
    default = arguments[-1] if len(arguments) % 2 == 0 else None
    if subject.data.size == 1 and subject.kind is not None and subject.kind.max() == Kind.ERROR:
        return subject
    taken: list[tuple[Test, Codes, int]] = []
    for case, result in pairs:
        equal = operators.binary("=", subject, evaluation.values(arguments[case], frame), evaluation.context)
        test, codes = coercion.logicals(equal, evaluation.context.strings)
        if equal.data.size == 1 and not taken:
            if codes is not None and codes.any():
                return _coded(evaluation, codes)
            if test.all():
                return evaluation.evaluate(arguments[result], frame)
        else:
            taken.append((test, codes, result))
    rest = evaluation.error(Error.NA) if default is None else evaluation.evaluate(default, frame)
    for test, codes, result in reversed(taken):
        chosen = evaluation.whole(evaluation.evaluate(arguments[result], frame))
        rest = select(test, codes, chosen, evaluation.whole(rest))
    return rest


@form("CHOOSE")
def _choose(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    index = evaluation.values(arguments[0], frame)
    place, codes = coercion.numbers(index, evaluation.context.strings, evaluation.context.date1904)
    count = len(arguments) - 1
    if index.data.size == 1:
        if codes is not None and codes.any():
            return _coded(evaluation, codes)
        at = int(place.flat[0]) if abs(place.flat[0]) < 1e9 else 0
        return evaluation.evaluate(arguments[at], frame) if 1 <= at <= count else evaluation.error(Error.VALUE)
    result = evaluation.error(Error.VALUE)
    for at in range(count, 0, -1):
        test = np.trunc(place) == at
        if test.any():
            result = select(test, codes, evaluation.whole(evaluation.evaluate(arguments[at], frame)), result)
    return select(np.zeros(place.shape, dtype=bool), codes, result, result)


@form("LET")
def _let(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    if len(arguments) % 2 == 0:
        return evaluation.error(Error.VALUE)
    for i in range(0, len(arguments) - 1, 2):
        name = arguments[i]
        if not isinstance(name, Name):
            return evaluation.error(Error.NAME)
        value = evaluation.evaluate(arguments[i + 1], frame)
        frame = frame.naming({name.name.casefold(): value})
    return evaluation.evaluate(arguments[-1], frame)
