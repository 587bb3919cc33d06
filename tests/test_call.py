"""Laws of calling: broadcasting, the order of errors, and that a call over loops is the calls of its places, stacked."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sheetgrad.engine import operators
from sheetgrad.engine.broadcasting import fit, pad
from sheetgrad.engine.call import MISSING, Argument, WrongArity, apply, parameters
from sheetgrad.engine.collation import sort_key
from sheetgrad.engine.context import Context, Place
from sheetgrad.engine.functions import find, load_all
from sheetgrad.engine.functions.declare import Function
from sheetgrad.engine.grid import TooManyCells
from sheetgrad.engine.looping import Decline
from sheetgrad.sheets.values import Error, Kind, Scalar, Strings, Values, encode

from .formulas import ORIGIN, array

OPERATORS = ["+", "-", "*", "/", "^", "&", "=", "<>", "<", "<=", ">", ">="]
ERRORS = [Error.NULL, Error.DIV0, Error.VALUE, Error.REF, Error.NAME, Error.NUM, Error.NA]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", "a", "B", "3", "1e2", "TRUE", "12%"]),
    st.sampled_from(ERRORS),
    st.integers(-5, 5).map(float),
    st.floats(-1e6, 1e6, allow_nan=False),
)


def context() -> Context:
    return Context(Strings(), Place(0, ORIGIN, ORIGIN))


@st.composite
def arrays(draw: st.DrawFn) -> list[list[Scalar]]:
    height, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return [[draw(scalars) for _ in range(width)] for _ in range(height)]


def at(rows: list[list[Scalar]], row: int, column: int) -> Scalar:
    """Return an element as Excel's broadcasting sees it."""
    row, column = 0 if len(rows) == 1 else row, 0 if len(rows[0]) == 1 else column
    return rows[row][column] if row < len(rows) and column < len(rows[0]) else Error.NA


@given(arrays(), arrays(), st.sampled_from(OPERATORS))
def test_operators_broadcast_element_by_element(
    left: list[list[Scalar]], right: list[list[Scalar]], operator: str
) -> None:
    here = context()
    found = operators.binary(operator, array(left, here.strings), array(right, here.strings), here).rows(here.strings)
    assert len(found) == max(len(left), len(right))
    assert len(found[0]) == max(len(left[0]), len(right[0]))
    for i, row in enumerate(found):
        for j, value in enumerate(row):
            one, other = (Values.of(at(rows, i, j), here.strings) for rows in (left, right))
            assert value == operators.binary(operator, one, other, here).scalar(here.strings)


@given(st.sampled_from(ERRORS), scalars, st.sampled_from(OPERATORS))
def test_left_error_comes_first(error: Error, other: Scalar, operator: str) -> None:
    here = context()
    one, two = Values.of(error, here.strings), Values.of(other, here.strings)
    assert operators.binary(operator, one, two, here).scalar(here.strings) is error


@given(scalars, scalars)
def test_comparisons_agree_with_one_another(left: Scalar, right: Scalar) -> None:
    here = context()
    one, two = Values.of(left, here.strings), Values.of(right, here.strings)
    results = {op: operators.binary(op, one, two, here).scalar(here.strings) for op in OPERATORS[6:]}
    if isinstance(left, Error) or isinstance(right, Error):
        assert len(set(results.values())) == 1
        return
    assert [results["<"], results["="], results[">"]].count(True) == 1
    assert results["<="] is (results["<"] or results["="])
    assert results["<>"] is not results["="]
    swapped = operators.binary("<", two, one, here).scalar(here.strings)
    assert swapped is results[">"]


@given(st.lists(st.text(max_size=6), min_size=3, max_size=3))
def test_texts_have_one_order(texts: list[str]) -> None:
    a, b, c = sorted(texts, key=sort_key)
    assert sort_key(a) <= sort_key(b) <= sort_key(c)
    assert (sort_key(a) == sort_key(b)) == (a.casefold() == b.casefold())


@given(arrays(), st.integers(1, 5), st.integers(1, 5))
def test_pad_repeats_or_fills_with_na(rows: list[list[Scalar]], height: int, width: int) -> None:
    here = context()
    values = array(rows, here.strings)
    height, width = max(height, values.shape[0]), max(width, values.shape[1])
    found = pad(values, height, width).rows(here.strings)
    assert found == [[at(rows, i, j) for j in range(width)] for i in range(height)]


def test_arrays_beyond_the_budget_are_refused() -> None:
    with pytest.raises(TooManyCells):
        fit((Values(np.zeros((1 << 14, 1))), Values(np.zeros((1, 1 << 14)))))


# Arity and parameters


def test_wrong_arity_names_function_and_counts() -> None:
    power = find("POWER")
    assert power is not None
    with pytest.raises(WrongArity, match="POWER takes 2 arguments, not 1"):
        apply(power, [MISSING], context())


def test_pairs_alternate() -> None:
    countifs = find("COUNTIFS")
    assert countifs is not None
    assert [parameter.marker for parameter in parameters(countifs, 6)] == ["range", "any"] * 3


def test_unknown_functions_are_none() -> None:
    assert find("NO.SUCH.FUNCTION") is None


def test_declared_functions_have_docstrings_and_sources() -> None:
    bare = [name for name, function in load_all().items() if not (function.body.__doc__ or "").strip()]
    assert bare == []


# A call over loops is the calls of its places

LOOPS = (2, 3)
NOT_BY_PLACE = frozenset({"special"})  # shapes that no body is called for
FIXED_RESULT_SIZE = frozenset({"elementwise", "reduction", "lookup", "scalar"})

_VALUES: dict[str, list[Scalar]] = {
    "number": [0.5, 1.0, 2.0, 3.0, -1.0, True, "2", None, "x"],
    "strict": [0.5, 1.0, 2.0, 3.0, "2", None],
    "text": ["abc", "b", "A1", 3.0, "", True],
    "logical": [True, False, 1.0, 0.0, None],
    "any": [1.0, "b", True, None, 3.0, Error.NA],
    "matrix": [1.0, 2.0, 0.5, 4.0, 3.0],
}
_MANY: list[Scalar] = [1.0, 2.0, 4.0, 3.0, "b", None, True, 0.5]


def sampled(marker: str, name: str, index: int, loops: tuple[int, ...]) -> list[Scalar]:
    """Choose values for an argument, the same in every run."""
    size = int(np.prod(loops)) * (1 if marker in _VALUES and marker != "matrix" else 4)
    seed = zlib.crc32(f"{name}/{index}/{marker}".encode())
    pool = _VALUES.get(marker, _MANY)
    return [pool[i] for i in np.random.default_rng(seed).integers(0, len(pool), size)]


def argument(marker: str, name: str, index: int, strings: Strings, loops: tuple[int, ...]) -> Argument:
    values = sampled(marker, name, index, loops)
    shape = (*loops, 1, 1) if marker in _VALUES and marker != "matrix" else (*loops, 2, 2)
    pairs = [encode(value, strings) for value in values]
    data = np.array([payload for payload, _ in pairs]).reshape(shape)
    kind = np.array([kind for _, kind in pairs], dtype=np.uint8).reshape(shape)
    reference = marker not in _VALUES
    return Argument(Values(data, None if (kind == Kind.NUMBER).all() else kind), reference)


def stacked_places(function: Function, arguments: Sequence[Argument], here: Context) -> list[list[list[Scalar]]]:
    """Call the function place by place."""
    found = []
    for place in np.ndindex(*LOOPS):
        singles = []
        for each in arguments:
            lead = each.values.shape[:-2]
            own = place[len(place) - len(lead) :]
            kind = each.values.kind
            singles.append(Argument(Values(each.values.data[own], None if kind is None else kind[own]), each.reference))
        found.append(apply(function, singles, here).rows(here.strings))
    return found


def names_to_test() -> list[str]:
    functions = load_all()
    return sorted(
        name for name, function in functions.items() if function.shape not in NOT_BY_PLACE and not function.volatile
    )


@pytest.mark.parametrize("name", names_to_test())
def test_loops_are_places_stacked(name: str) -> None:
    function = load_all()[name]
    least, most = function.arity
    counts = {least, max(least, min(4, most)) if most is not None else least + function.pairs} - {0}
    for count in counts:
        for varying in ("all", "scalars"):
            here = context()
            arguments = []
            for index, parameter in enumerate(parameters(function, count)[:count]):
                scalar = parameter.marker in _VALUES and parameter.marker != "matrix"
                loops = LOOPS if varying == "all" or scalar else ()
                arguments.append(argument(parameter.marker, name, index, here.strings, loops))
            compare(function, arguments, here)


def compare(function: Function, arguments: Sequence[Argument], here: Context) -> None:
    places = stacked_places(function, arguments, here)
    try:
        whole = apply(function, arguments, here)
    except Decline:
        assert len({(len(rows), len(rows[0])) for rows in places}) > 1, "places of one size can be stacked"
        return
    lead = whole.shape[:-2]
    assert len(lead) <= len(LOOPS)
    spread_data = np.broadcast_to(whole.data, (*LOOPS, *whole.shape[-2:]))
    spread_kind = np.broadcast_to(whole.kinds, (*LOOPS, *whole.shape[-2:]))
    for place, expected in zip(np.ndindex(*LOOPS), places, strict=True):
        found = Values(spread_data[place], spread_kind[place]).rows(here.strings)
        assert [[kind_of(x) for x in row] for row in found] == [[kind_of(x) for x in row] for row in expected]
        assert_close(found, expected)


def kind_of(value: Scalar) -> object:
    return value if isinstance(value, Error | str) else type(value)


def assert_close(found: list[list[Scalar]], expected: list[list[Scalar]]) -> None:
    for row, wanted in zip(found, expected, strict=True):
        for value, want in zip(row, wanted, strict=True):
            if isinstance(want, float):
                assert value == pytest.approx(want, rel=1e-12, abs=1e-12)
            else:
                assert value == want


@settings(max_examples=50)
@given(st.lists(st.tuples(scalars, scalars), min_size=6, max_size=6))
def test_sum_over_loops_and_ranges(values: list[tuple[Scalar, Scalar]]) -> None:
    """SUM of a reference counts its numbers, and is its first error where there is one."""
    here = context()
    pairs = [[encode(x, here.strings) for x in row] for row in values]
    data = np.array([[p for p, _ in row] for row in pairs]).reshape(2, 3, 1, 2)
    kind = np.array([[k for _, k in row] for row in pairs], dtype=np.uint8).reshape(2, 3, 1, 2)
    function = find("SUM")
    assert function is not None
    found = apply(function, [Argument(Values(data, kind), reference=True)], here)
    for place, row in zip(np.ndindex(2, 3), values, strict=True):
        errors = [x for x in row if isinstance(x, Error)]
        numbers = [x for x in row if isinstance(x, float)]
        got = found.scalar(here.strings, (*place, 0, 0))
        assert got == (errors[0] if errors else pytest.approx(sum(numbers)))
