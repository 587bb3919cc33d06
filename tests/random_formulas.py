"""Random formulas of many functions, filled over a few cells, on a block of cells of all kinds.

A formula is a nest of texts and `Ref`s; a `Ref` moves with the cell that its formula stands in, as far as its dollar
signs allow. What the functions mean does not matter here: they are for evaluators to agree on, errors included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from sheetgrad.sheets.addresses import cell_name
from sheetgrad.sheets.values import Error

Content: TypeAlias = "float | int | str | bool | Error | None"
Piece: TypeAlias = "str | Ref | tuple[Piece, ...]"

ROWS, COLUMNS = 8, 6  # the block of cells: A1:F8
DOWN, ACROSS = 3, 2  # how far a formula is filled
APART = 8  # rows and columns between the cells of a fill that may spill
_ODD: tuple[Content, ...] = (None, None, "", "x", "Y", "12", "5%", "TRUE", True, False, Error.NA, Error.DIV0, "a*b")

_SCALARS = (
    "ABS SIGN SQRT INT EXP LN EVEN FACT LEN TRIM UPPER VALUE T N ISNUMBER ISTEXT ISBLANK ISERROR NOT CODE DAY MONTH TANH"
    " ERROR.TYPE TYPE"
)
_PAIRS = (
    "ROUND ROUNDUP MOD POWER ATAN2 LEFT RIGHT REPT FIND SEARCH EXACT QUOTIENT CEILING FLOOR LOG TEXTBEFORE EDATE TRUNC"
    " COMBIN BITAND"
)
_REDUCTIONS = (
    "SUM AVERAGE MIN MAX COUNT COUNTA PRODUCT SUMSQ STDEV VAR MEDIAN AND OR CONCAT COUNTBLANK MAXA AVERAGEA GCD ROWS"
    " COLUMNS KURT DEVSQ XOR"
)
_CRITERIA = '">2" "<>" "=" "x" "*" "<=1" "" 3 TRUE "<>x" "?" ">=a" "0" "#N/A"'
_CONSTANTS = '1 2 0 3 -1 0.5 "a" "x" "" TRUE FALSE "3" 10 {1,2} {1;2;3} "12%" NA() 45000'

# ``S`` any scalar, ``N`` a likely number, ``A`` an array; ``u``, ``c4``, ``b4``, ``m2`` a cell, a column of four, four
# rows of two columns, two by two; ``k`` a criterion, ``d`` an index of 0 to 3, ``e`` 0, 1 or -1.
_SCALAR_FORMS = """
IF(S,S,S)|IF(S,S)|IFERROR(S,S)|IFNA(S,S)|IFS(S,S,TRUE,S)|SWITCH(S,1,S,2,S,S)|CHOOSE(N,S,S)|INDEX(A,N,N)|INDEX(A,N)
MATCH(S,A,e)|VLOOKUP(S,b4,2,FALSE)|VLOOKUP(S,b4,2)|LOOKUP(S,c4,c4)|XLOOKUP(S,c4,c4,S,e,1)|XMATCH(S,c4,e,-1)
COUNTIF(b4,k)|COUNTIF(b4,S)|SUMIF(c4,k,c4)|AVERAGEIF(c4,k)|SUMIFS(c4,c4,k,c4,k)|MAXIFS(c4,c4,k)|COUNTIFS(c4,k,c4,u)
SUMPRODUCT(A)|SUMPRODUCT(b4,b4)|SUMPRODUCT((c4>S)*c4)|CORREL(c4,c4)|SUMXMY2(c4,c4)|LARGE(b4,N)|PERCENTILE(b4,N)
RANK(N,b4,0)|TEXT(S,"0.00")|TEXT(S,"yyyy-mm-dd")|MID(S,N,N)|SUBSTITUTE(S,S,S)|TEXTJOIN("-",TRUE,A)|DATE(N,N,N)
OFFSET(u,d,0)|SUM(OFFSET(u,d,0,2,2))|SUM(INDEX(b4,d,d))|SUM(INDEX(b4,1,1):u)|INDIRECT("R"&d&"C"&d,FALSE)
LET(v,S,v+S)|LET(v,A,SUM(v,MAX(v)))|SUM(MAP(A,LAMBDA(q,q*S)))|REDUCE(S,A,LAMBDA(a,q,a+q))|SUBTOTAL(9,b4)
AGGREGATE(9,6,b4,1)|ROW(u)|COLUMN(b4)|@A|MDETERM(m2)|NPV(N,c4)|SUM(FILTER(b4,c4>N))|ARRAYTOTEXT(A,1)
(S+S)|(S-S)|(S*S)|(S/S)|(S^S)|(S&S)|(S=S)|(S<S)|(S>=S)|(S<>S)|-S|S%|DATEDIF(N,N,"d")|TEXTSPLIT(S,"a")
"""
_ARRAY_FORMS = """
(A+A)|(A*A)|(A/A)|(A=S)|(A<S)|(A&S)|TRANSPOSE(A)|IF(A>N,A,S)|IF(S,A,S)|IFERROR(A,S)|ABS(A)|LEN(A)|MMULT(m2,m2)
INDEX(b4,0,d)|INDEX(b4,d,0)|OFFSET(u,0,0,2,2)|CHOOSE({1,2},c4,c4)|ROUND(A,1)|SORT(A)|UNIQUE(A)|TAKE(A,2)|DROP(A,1)
SEQUENCE(3)|VSTACK(A,A)|HSTACK(A,S)|TOCOL(A,d)|FILTER(b4,c4<>S,"no")|CHOOSECOLS(A,-1)|EXPAND(m2,3,3,0)
SORTBY(b4,c4,-1)|BYROW(A,LAMBDA(r,SUM(r)))|SCAN(0,A,LAMBDA(a,b,a+b))|MAKEARRAY(2,2,LAMBDA(a,b,a*b+S))|COUNTIF(c4,A)
MATCH(A,c4,0)|XLOOKUP(c4,c4,b4,"no")|MINVERSE(m2)|ROW(c4)|LARGE(c4,{1,2})|TEXT(A,"0.0")|VLOOKUP(A,b4,2,FALSE)
"""
_SHAPES = {"u": (1, 1), "c4": (4, 1), "b4": (4, 2), "m2": (2, 2)}


@dataclass(frozen=True, slots=True)
class Ref:
    """A range, and along which axes it stays where it is."""

    row: int
    column: int
    height: int
    width: int
    fixed: tuple[bool, bool]

    def spelled(self, down: int, across: int) -> str:
        """Return the range as a formula has it that is filled so far."""
        row = self.row + (0 if self.fixed[0] else down)
        column = self.column + (0 if self.fixed[1] else across)
        first = self._corner(row, column)
        last = self._corner(row + self.height - 1, column + self.width - 1)
        return first if self.height == self.width == 1 else f"{first}:{last}"

    def _corner(self, row: int, column: int) -> str:
        name = cell_name(row, column)
        letters = name.rstrip("0123456789")
        return f"{'$' * self.fixed[1]}{letters}{'$' * self.fixed[0]}{name[len(letters) :]}"


class Formulas:
    """A source of random formulas and of the cells that they read."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._makers: dict[str, Callable[[int], Piece]] = {"S": self.scalar, "N": self._number, "A": self.array}

    def cells(self) -> dict[str, Content]:
        """Return the block of cells: numbers, and mostly other things among them."""
        plain = self._random.random() < 0.3
        return {cell_name(row, column): self._content(plain) for row in range(ROWS) for column in range(COLUMNS)}

    def fill(self, depth: int) -> list[list[str]]:
        """Return the texts of one formula over `DOWN` rows and `ACROSS` columns."""
        piece = self._random.choice((self.scalar, self.scalar, self.array))(depth)
        return [["".join(spelled(piece, i, j)) for j in range(ACROSS)] for i in range(DOWN)]

    def scalar(self, depth: int) -> Piece:
        """Return what is mostly one value."""
        draw = self._random.random()
        if depth <= 0:
            return self._random.choice(_CONSTANTS.split()) if draw < 0.35 else self._ref(1, 1)
        if draw < 0.2:
            return (self._random.choice(_SCALARS.split()), "(", self.scalar(depth - 1), ")")
        if draw < 0.3:
            return (self._random.choice(_PAIRS.split()), "(", self.scalar(depth - 1), ",", self._number(depth - 1), ")")
        if draw < 0.45:
            return (self._random.choice(_REDUCTIONS.split()), "(", self.array(depth - 1), ")")
        return self._form(_SCALAR_FORMS, depth)

    def array(self, depth: int) -> Piece:
        """Return what is mostly several values."""
        if depth <= 0 or self._random.random() < 0.4:
            return self._ref(self._random.choice((1, 2, 3, 4)), self._random.choice((1, 1, 2, 3)))
        return self._form(_ARRAY_FORMS, depth)

    def _number(self, depth: int) -> Piece:
        draw = self._random.random()
        if draw < 0.4:
            return self._random.choice(("1", "2", "3", "0", "-2", "0.5"))
        return self._ref(1, 1) if draw < 0.7 else self.scalar(depth)

    def _ref(self, height: int, width: int) -> Ref:
        fixed = self._random.choice(((False, False), (False, False), (True, False), (False, True), (True, True)))
        return Ref(self._random.randint(0, 4), self._random.randint(0, 3), height, width, fixed)

    def _form(self, forms: str, depth: int) -> Piece:
        form = self._random.choice(forms.split("\n")[self._random.randint(1, forms.count("\n") - 1)].split("|"))
        return tuple(self._hole(token, depth - 1) for token in _tokens(form))

    def _hole(self, token: str, depth: int) -> Piece:
        if token in self._makers:
            return self._makers[token](depth)
        if token in _SHAPES:
            return self._ref(*_SHAPES[token])
        choices = {"k": _CRITERIA.split(), "d": ["0", "1", "2", "3"], "e": ["0", "1", "-1"]}
        return self._random.choice(choices[token]) if token in choices else token

    def _content(self, plain: bool) -> Content:
        if not plain and self._random.random() < 0.3:
            return self._random.choice(_ODD)
        return self._random.choice(
            (
                self._random.randint(-3, 6),
                self._random.randint(0, 9),
                round(self._random.uniform(-9, 9), 2),
                45000,
                1e10,
            )
        )


def spelled(piece: Piece, down: int, across: int) -> Iterator[str]:
    """Yield the parts of a formula's text where it is filled so far."""
    if isinstance(piece, str):
        yield piece
    elif isinstance(piece, Ref):
        yield piece.spelled(down, across)
    else:
        for part in piece:
            yield from spelled(part, down, across)


def _tokens(form: str) -> list[str]:
    """Cut a form into words, texts and signs, so that ``S`` is a hole and ``SUM`` is not."""
    return re.findall(r'"[^"]*"|[A-Za-z][A-Za-z0-9.]*|.', form)
