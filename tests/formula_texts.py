"""Random formula texts for the tests of the grammar."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

letters = st.sampled_from(["A", "b", "Z", "AA", "bK", "XFD", "TAX"])
rows = st.one_of(st.integers(1, 12), st.sampled_from([99, 100, 1048576]))
dollar = st.sampled_from(["", "", "$"])
sheets = st.sampled_from(
    ["", "", "", "", "Sheet1!", "'It''s'!", "'a \"b'!", "'A1 [x'!", "S1:S3!", "'a b:c d'!", "[1]S!", "'[2]a b'!", "Tä!"]
)

cells = st.builds("{}{}{}{}".format, dollar, letters, dollar, rows)
columns = st.builds("{}{}:{}{}".format, dollar, letters, dollar, letters)
spans = st.builds("{}{}:{}{}".format, dollar, rows, dollar, rows)
references = st.builds(
    "{}{}".format, sheets, st.one_of(cells, cells, st.builds("{}:{}".format, cells, cells), columns, spans)
)
names = st.sampled_from(
    [
        "rate",
        "A1.x",
        "_a1",
        "\\q",
        "x?",
        "LOG10_",
        "XFE1",
        "A0",
        "ZZZ9",
        "A1048577",
        "ünit",
        "_xlpm.x",
        "TRUEX",
        "[1]!n",
    ]
)
tables = st.sampled_from(
    [
        "T[A1]",
        "T[[#This Row],[B2]]",
        "[@C3]",
        "T[@[D 4]]",
        "T[[#Headers],[A1]:[B2]]",
        "T[#All]",
        "T[]",
        "T[a'[A1]",
        'T[5" A1]',
        "T['A1]",
        "T[[#All],[#Totals],[A''1]]",
    ]
)
numbers = st.sampled_from(["1", "0.5", ".5", "1.", "1E5", "2e-3", "12345678901"])
constants = st.one_of(
    numbers,
    st.sampled_from(['"A1"', '"a""B2"', '""', '"\'"', '"["', "TRUE", "#N/A", "#DIV/0!", '{1,-2;"A1",TRUE}', "{#N/A}"]),
)
functions = st.sampled_from(
    ["SUM(", "LOG10(", "A1(", "BIN2DEC(", "_xlfn.XLOOKUP(", "_xlfn._xlws.SORT(", "T.TEST(", "f("]
)
lost = st.sampled_from(["#REF!", "#REF!A1", "Sheet1!#REF!", "#REF!$A$1:B2", "#REF!rate", "T[#REF!]"])
operators = st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<>", "<=", " > "])


def _grow(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    arguments = st.lists(st.one_of(inner, st.just("")), max_size=4).map(",".join)
    return st.one_of(
        st.builds("{}{}{}".format, inner, operators, inner),
        st.builds("({})".format, inner),
        st.builds("{}{}".format, st.sampled_from(["-", "+", "@"]), inner),
        st.builds("{}%".format, inner),
        st.builds("{}{})".format, functions, arguments),
        st.builds("{}({})".format, st.builds("_xlfn.LAMBDA(_xlpm.x,{})".format, inner), inner),
    )


_corners = st.one_of(references, names, tables, st.builds("INDEX({},{})".format, references, numbers))
joined = st.one_of(
    st.builds("{}:{}".format, _corners, _corners),
    st.builds("{} {}".format, _corners, _corners),
    st.builds("({},{},{})".format, _corners, _corners, _corners),
    st.builds("{}:({}:{})".format, _corners, _corners, _corners),
    st.builds("{}#".format, st.one_of(cells, names)),
)
formulas: SearchStrategy[str] = st.recursive(
    st.one_of(references, references, names, tables, constants, joined), _grow, max_leaves=8
)
