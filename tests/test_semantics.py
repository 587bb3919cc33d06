"""What formulas mean: precedence, conversion, comparison, errors, intersection, arrays; each case with where it is told."""

from __future__ import annotations

import pytest

from sheetgrad.sheets.values import Error, Scalar

from .formulas import Contents, column, computed, result

SUPPORT = "Microsoft support, "
CASES: list[tuple[str, Contents, Scalar, str]] = [
    # Precedence
    ("=-2^2", {}, 4.0, SUPPORT + "calculation operators and precedence: negation before powers"),
    ("=2^3^2", {}, 64.0, SUPPORT + "operators of one precedence go from left to right"),
    ("=0-2^2", {}, -4.0, "the minus between two values is subtraction"),
    ("=50%*10", {}, 5.0, SUPPORT + "percent before multiplication"),
    ("=1+2&3+4", {}, "37", SUPPORT + "& after + and -"),
    ('="a"&1=  "A1"', {}, True, SUPPORT + "comparisons come last"),
    # Conversion
    ('="3"+TRUE', {}, 4.0, "texts that read as numbers and logicals are numbers in arithmetic"),
    ('="12%"*100', {}, 12.0, "VALUE reads percentages"),
    ('="$1,234.50"+0', {}, 1234.5, "VALUE reads currency"),
    ('="x"+1', {}, Error.VALUE, SUPPORT + "#VALUE! error"),
    ('=""+1', {}, Error.VALUE, "an empty text is no number"),
    ("=A1", {}, 0.0, "the value of an empty cell is 0"),
    ('=A1&"x"', {}, "x", "an empty cell is an empty text"),
    ('=A1=""', {}, True, "empty equals the empty text"),
    ("=A1=0", {}, True, "empty equals 0"),
    ("=A1=FALSE", {}, True, "empty equals FALSE"),
    ('=0=""', {}, False, "0 and the empty text differ"),
    ("=ISBLANK(A1)", {"A1": '=""'}, False, SUPPORT + "IS functions: a formula's cell is not blank"),
    ('=TRUE&""', {}, "TRUE", "logicals in text"),
    ('=1/3&""', {}, "0.333333333333333", "15 significant digits"),
    ("=1E21&" + '""', {}, "1E+21", "a number of more than 20 digits has an exponent"),
    ("=0.1+0.2&" + '""', {}, "0.3", "15 significant digits"),
    # Comparison
    ('=9E99<"a"', {}, True, "numbers before texts"),
    ('="zzz"<FALSE', {}, True, "texts before logicals"),
    ('="ABC"="abc"', {}, True, SUPPORT + "EXACT function: = ignores case"),
    ('="a"<"B"', {}, True, "texts order without regard to case"),
    ('="10"=10', {}, False, "a text never equals a number"),
    ("=0.1+0.2=0.3", {}, True, "Microsoft: floating-point arithmetic; numbers compare to 15 digits"),
    ("=(0.1+0.2)-0.3=0", {}, False, "the same page: the difference itself is not 0"),
    ("=1=1.000000000000001", {}, True, "Excel specifications: 15 digits; the 16th does not count"),
    ("=1=1.00000000000001", {}, False, "the 15th digit counts"),
    # Arithmetic
    ("=0.5-0.4-0.1", {}, 0.0, "Microsoft KB 78113: a final difference next to zero is zero"),
    ("=1*(0.5-0.4-0.1)", {}, -2.7755575615628914e-17, "the same: only a final one"),
    ("=1-0.9-0.099", {}, 1 - 0.9 - 0.099, "what is not next to zero stays"),
    ("=0^0", {}, Error.NUM, SUPPORT + "POWER function"),
    ("=0^-1", {}, Error.DIV0, SUPPORT + "POWER function"),
    ("=(-1)^0.5", {}, Error.NUM, SUPPORT + "#NUM! error"),
    ("=1/0", {}, Error.DIV0, SUPPORT + "#DIV/0! error"),
    ("=0/0", {}, Error.DIV0, SUPPORT + "#DIV/0! error"),
    ("=1E308*10", {}, Error.NUM, SUPPORT + "#NUM! error: too large"),
    ("=1E200^2", {}, Error.NUM, SUPPORT + "#NUM! error: too large"),
    ('=REPT("a",32767)&"b"', {}, Error.VALUE, "Excel specifications: 32,767 characters in a cell"),
    # Errors
    ("=NA()+1/0", {}, Error.NA, "the left operand's error comes first"),
    ("=1/0+NA()", {}, Error.DIV0, "the left operand's error comes first"),
    ("=SUM(1/0,NA())", {}, Error.DIV0, "the first argument's error comes first"),
    ("=SUM(A1:A2)", {"A1": Error.NA, "A2": Error.DIV0}, Error.NA, "the first cell's error comes first"),
    ("=IF(NA(),1,2)", {}, Error.NA, "an error as condition"),
    ("=IF(TRUE,1,1/0)", {}, 1.0, SUPPORT + "IF function: the other value is not computed"),
    ("=COUNT(A1:A2,1)", {"A1": Error.NA, "A2": 5}, 2.0, SUPPORT + "COUNT function: errors are not counted"),
    ("=ISERROR(1/0)", {}, True, SUPPORT + "IS functions"),
    ("=IFERROR(1/0,7)", {}, 7.0, SUPPORT + "IFERROR function"),
    ("=IFNA(1/0,7)", {}, Error.DIV0, SUPPORT + "IFNA function"),
    ("=NOSUCHNAME", {}, Error.NAME, SUPPORT + "#NAME? error"),
    ("=#REF!+1", {}, Error.REF, "error constants are values"),
    # What SUM and its kind count
    ('=SUM("3",TRUE,2)', {}, 6.0, SUPPORT + "SUM function: arguments typed in are converted"),
    ("=SUM(A1:A3)", {"A1": "3", "A2": True, "A3": 2}, 2.0, SUPPORT + "SUM function: in references numbers only"),
    ('=SUM({"3",TRUE,2})', {}, 2.0, SUPPORT + "SUM function: in arrays numbers only"),
    ('=SUM("x",1)', {}, Error.VALUE, SUPPORT + "SUM function: text that is no number"),
    ("=SUM(A1,1)", {"A1": "x"}, 1.0, "a single cell is a reference, too"),
    ("=SUM(A1:A2,,4)", {"A1": 1}, 5.0, "an argument left empty is 0"),
    ("=AVERAGE(1,,2)", {}, 1.0, "an argument left empty is 0, and counts"),
    ("=AVERAGE(A1:A3)", {"A1": 1, "A3": 3}, 2.0, SUPPORT + "AVERAGE function: empty cells do not count"),
    ("=AVERAGE(A1:A3)", {}, Error.DIV0, SUPPORT + "AVERAGE function: nothing to average"),
    ("=AVERAGEA(A1:A3)", {"A1": 2, "A2": "x", "A3": True}, 1.0, SUPPORT + "AVERAGEA function"),
    ("=MAX(A1:A3)", {"A1": "9"}, 0.0, SUPPORT + "MAX function: no numbers give 0"),
    ("=SUM((A1:A2,A2:A3))", column([1, 2, 4]), 9.0, "a union counts common cells twice"),
    ("=SUM(A1:B2 B1:C2)", {"A1": 1, "B1": 2, "B2": 3, "C1": 9}, 5.0, SUPPORT + "intersection operator"),
    ("=SUM(A1:A2 C1:C2)", {}, Error.NULL, SUPPORT + "#NULL! error"),
    ("=SUM(B2:A1)", {"A1": 1, "B2": 2}, 3.0, "corners in any order"),
    ("=SUM(A:A)", {"A1": 1, "A1048576": 2}, 3.0, "whole columns"),
    ("=SUM(1:2)", {"A1": 1, "XFD2": 2}, 3.0, "whole rows"),
    # Logical functions
    ("=AND(A1:A3)", {"A1": True, "A2": "x"}, True, SUPPORT + "AND function: text in references is ignored"),
    ("=AND(A1:A3)", {"A2": "x"}, Error.VALUE, SUPPORT + "AND function: no logical values"),
    ('=OR("",TRUE)', {}, True, "an empty text does not count"),
    ('=AND("TRUE",1)', {}, True, "the texts TRUE and FALSE are logical"),
    ('=AND("x",1)', {}, Error.VALUE, SUPPORT + "AND function"),
    ("=XOR(TRUE,TRUE,TRUE)", {}, True, SUPPORT + "XOR function"),
    ("=NOT(0)", {}, True, SUPPORT + "NOT function"),
    ("=IF(FALSE,1)", {}, False, SUPPORT + "IF function: no second value"),
    ("=IF(FALSE,1,)", {}, 0.0, "a value left empty is 0"),
    ('=IF("x",1,2)', {}, Error.VALUE, "a text as condition"),
    ('=IFS(FALSE,1,TRUE,"b")', {}, "b", SUPPORT + "IFS function"),
    ("=IFS(FALSE,1)", {}, Error.NA, SUPPORT + "IFS function"),
    ('=SWITCH(2,1,"a",2,"b","c")', {}, "b", SUPPORT + "SWITCH function"),
    ('=SWITCH(9,1,"a","c")', {}, "c", SUPPORT + "SWITCH function: default"),
    ('=SWITCH(9,1,"a")', {}, Error.NA, SUPPORT + "SWITCH function"),
    ('=CHOOSE(2,"a","b")', {}, "b", SUPPORT + "CHOOSE function"),
    ('=CHOOSE(3,"a","b")', {}, Error.VALUE, SUPPORT + "CHOOSE function"),
    ("=SUM(CHOOSE(2,A1:A2,B1:B2))", {"A1": 1, "B1": 5, "B2": 6}, 11.0, SUPPORT + "CHOOSE function: ranges"),
    # References made by functions
    ("=SUM(INDEX(A1:B3,0,2))", {"B1": 1, "B2": 2, "A3": 9}, 3.0, SUPPORT + "INDEX function: 0 is the whole column"),
    ("=SUM(INDEX(A1:B3,2,0))", {"A2": 1, "B2": 2}, 3.0, SUPPORT + "INDEX function: 0 is the whole row"),
    ("=SUM(INDEX(A1:A9,2):INDEX(A1:A9,4))", column([1, 2, 3, 4, 5]), 9.0, "INDEX gives references"),
    ("=SUM(A1:INDEX(A1:A9,2))", column([1, 2, 3]), 3.0, "INDEX gives references"),
    ("=INDEX(A1:B2,3,1)", {}, Error.REF, SUPPORT + "INDEX function"),
    ("=INDEX({1,2,3},2)", {}, 2.0, "of a single row the one index is the column's"),
    ("=INDEX((A1:A2,C1:C2),2,1,2)", {"C2": 7}, 7.0, SUPPORT + "INDEX function: area number"),
    ("=SUM(OFFSET(A1,1,0,2,1))", column([1, 2, 3]), 5.0, SUPPORT + "OFFSET function"),
    ("=SUM(OFFSET(A3,0,0,-2))", column([1, 2, 3]), 5.0, SUPPORT + "OFFSET function: negative height"),
    ("=OFFSET(A1,-1,0)", {}, Error.REF, SUPPORT + "OFFSET function"),
    ('=INDIRECT("A"&2)', column([1, 2]), 2.0, SUPPORT + "INDIRECT function"),
    ('=INDIRECT("R2C1",FALSE)', column([1, 2]), 2.0, SUPPORT + "INDIRECT function: R1C1"),
    ('=SUM(INDIRECT("R[-98]C[-25]:R[-97]C[-25]",FALSE))', column([1, 2, 3]), 3.0, "relative R1C1, seen from Z99"),
    ('=INDIRECT("x y")', {}, Error.REF, SUPPORT + "INDIRECT function"),
    ("=ROW(A5)+COLUMN(C1)", {}, 8.0, SUPPORT + "ROW, COLUMN functions"),
    ("=ROW()*100+COLUMN()", {}, 9926.0, "of the formula's own cell"),
    ("=ROWS(A:A)+COLUMNS(1:1)", {}, 1048576.0 + 16384.0, "Excel specifications"),
    ("=AREAS((A1,B2:C3))", {}, 2.0, SUPPORT + "AREAS function"),
    ("=ISREF(A1)", {}, True, SUPPORT + "IS functions"),
    ("=ISREF(1)", {}, False, SUPPORT + "IS functions"),
    ("=FORMULATEXT(A1)", {"A1": "=1+1"}, "=1+1", SUPPORT + "FORMULATEXT function"),
    ("=FORMULATEXT(A1)", {"A1": 1}, Error.NA, SUPPORT + "FORMULATEXT function"),
    ('=CELL("address",B3)', {}, "$B$3", SUPPORT + "CELL function"),
    # Implicit intersection and forced arrays in ordinary formulas
    ("=SUM(A1:A3*B1:B3)", {**column([1, 2, 3]), **column([4, 5, 6], "B")}, Error.VALUE, "an ordinary formula intersects"),
    ("=SUMPRODUCT(A1:A3*B1:B3)", {**column([1, 2, 3]), **column([4, 5, 6], "B")}, 32.0, "SUMPRODUCT takes arrays"),
    ("=SUMPRODUCT(--(A1:A3>1))", column([1, 2, 3]), 2.0, "SUMPRODUCT takes arrays"),
    ("=SUMPRODUCT(MAX(A1:A3*2))", column([1, 2, 3]), 6.0, "and so do functions in it"),
    ("=SUMPRODUCT(IF(A1:A3>1,1,0))", column([1, 2, 3]), Error.VALUE, "but IF needs an array formula"),
    ("=SUMPRODUCT(IF(TRUE,A1:A3,B1:B3))", column([1, 2, 3]), 6.0, "IF's branches are references"),
    ("=SUM({1,2,3}*2)", {}, 12.0, "array constants are arrays in any formula"),
    ("=VLOOKUP(2,IF({1,0},B1:B3,A1:A3),2,0)", {**column([7, 8, 9]), **column([1, 2, 3], "B")}, 8.0, "a known idiom"),
    ("=SUMPRODUCT(INDEX(A1:B3,0,2))", {"B1": 1, "B3": 2}, 3.0, "a whole column inside SUMPRODUCT"),
    ("=INDEX(A1:A3,MATCH(1,INDEX((A1:A3>1)*1,0),0))", column([1, 2, 3]), 2.0, "INDEX makes its argument an array"),
    ("=LOOKUP(2,1/(A1:A3>1),A1:A3)", column([1, 2, 3]), 3.0, "LOOKUP makes its arguments arrays"),
    ("=MMULT(A1:B1,D1:D2)", {"A1": 1, "B1": 2, "D1": 3}, Error.VALUE, SUPPORT + "MMULT function: empty cells"),
    ("=@A1:A200", {"A99": 5}, 5.0, SUPPORT + "implicit intersection operator"),
    ("=_xlfn.SINGLE(A1:A200)", {"A99": 5}, 5.0, "how files spell @"),
    ("=A1:A200", {"A99": 5}, 5.0, "an ordinary formula intersects"),
    ("=A1:A3", {}, Error.VALUE, "nothing in the formula's row"),
    # LET and LAMBDA
    ("=LET(x,2,y,x*3,x+y)", {}, 8.0, SUPPORT + "LET function"),
    ("=LAMBDA(a,b,a-b)(5,3)", {}, 2.0, SUPPORT + "LAMBDA function"),
    ("=LET(f,LAMBDA(x,x*x),f(3)+f(4))", {}, 25.0, SUPPORT + "LAMBDA function"),
    ("=LAMBDA(x,x)(1,2)", {}, Error.VALUE, SUPPORT + "LAMBDA function: too many arguments"),
    ("=LAMBDA(a,b,IF(ISOMITTED(b),a,b))(5,)", {}, 5.0, SUPPORT + "ISOMITTED function"),
    ("=SUM(MAP({1,2,3},LAMBDA(x,x*x)))", {}, 14.0, SUPPORT + "MAP function"),
    ("=REDUCE(1,{1,2,3,4},LAMBDA(a,b,a*b))", {}, 24.0, SUPPORT + "REDUCE function"),
    ("=SUM(SCAN(0,{1,2,3},LAMBDA(a,b,a+b)))", {}, 10.0, SUPPORT + "SCAN function"),
    ("=SUM(MAKEARRAY(2,3,LAMBDA(r,c,r*10+c)))", {}, 102.0, SUPPORT + "MAKEARRAY function"),
    ("=SUM(BYROW(A1:B2,LAMBDA(r,MAX(r))))", {"A1": 1, "B1": 5, "A2": 7}, 12.0, SUPPORT + "BYROW function"),
    ("=SUM(BYCOL(A1:B2,SUM))", {"A1": 1, "B1": 5, "A2": 7}, 13.0, SUPPORT + "BYCOL with a function's name"),
    ("=LET(f,LAMBDA(f,n,IF(n<2,1,n*f(f,n-1))),f(f,10))", {}, 3628800.0, "recursion by way of an argument"),
    ("=LAMBDA(f,f(f))(LAMBDA(f,f(f)))", {}, Error.NUM, "endless recursion"),
    # SUBTOTAL and AGGREGATE
    ("=SUBTOTAL(9,A1:A3)", {"A1": 1, "A2": "=SUBTOTAL(9,A1:A1)", "A3": 5}, 6.0, SUPPORT + "SUBTOTAL: nested ones"),
    ("=AGGREGATE(9,6,A1:A3)", {"A1": 1, "A2": Error.DIV0, "A3": 5}, 6.0, SUPPORT + "AGGREGATE: errors left out"),
    ("=AGGREGATE(14,6,A1:A3/{1;0;1},1)", column([1, 2, 3]), 3.0, SUPPORT + "AGGREGATE: array form"),
    ("=COUNTIF(A:A,\"<>x\")", {"A1": "x"}, 1048575.0, "empty cells count, also beyond the used area"),
    ("=SUMIF(A1:A3,\">1\",B1)", {**column([1, 2, 3]), **column([10, 20, 30], "B")}, 50.0, SUPPORT + "SUMIF function"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "cells", "expected", "source"), CASES, ids=[case[0] for case in CASES])
def test_value(formula: str, cells: Contents, expected: Scalar, source: str) -> None:
    found = result(formula, cells)
    assert type(found) is type(expected), source
    assert found == (pytest.approx(expected, rel=1e-14, abs=0) if isinstance(expected, float) else expected), source


ARRAYS: list[tuple[str, Contents, str, list[list[Scalar]], str]] = [
    ("{=A1:A3*2}", column([1, 2, 3]), "C1:C3", [[2.0], [4.0], [6.0]], "an array formula"),
    ("{=A1:A2}", column([1, 2]), "C1:C3", [[1.0], [2.0], [Error.NA]], "#N/A beyond the array"),
    ("{=A1:A3}", column([1, 2, 3]), "C1:C2", [[1.0], [2.0]], "what is beyond the area is cut"),
    ("{=7}", {}, "C1:D2", [[7.0, 7.0], [7.0, 7.0]], "one value fills the area"),
    ("{=A1:B1}", {"A1": 1, "B1": 2}, "C1:D2", [[1.0, 2.0], [1.0, 2.0]], "a single row is repeated"),
    ("{={1,2,3}+{1;2}}", {}, "C1:E2", [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]], "a row and a column span a rectangle"),
    ("{={1,2,3}+{1,2}}", {}, "C1:E1", [[2.0, 4.0, Error.NA]], "#N/A where one array is short"),
    ("{=IF(A1:A3>1,\"b\",A1:A3)}", column([1, 2]), "C1:C3", [[1.0], ["b"], [0.0]], "IF chooses cell by cell"),
    ("{=ROW(A1:A3)}", {}, "C1:C3", [[1.0], [2.0], [3.0]], "ROW of a range"),
    ("{=SUM(IF(A1:A3>1,A1:A3))}", column([1, 2, 3]), "C1:C1", [[5.0]], "SUM(IF()) as an array formula"),
    ("{=IFERROR(1/A1:A2,\"-\")}", column([0, 2]), "C1:C2", [["-"], [0.5]], "IFERROR cell by cell"),
    ("{=INDEX(A1:B2,{2;1},{1,2})}", {"A1": 1, "B1": 2, "A2": 3, "B2": 4}, "C1:D2", [[3.0, 4.0], [1.0, 2.0]], "INDEX by arrays"),
    ("{=CHOOSE({1,2},A1:A2,B1:B2)}", {"A1": 1, "B1": 2, "A2": 3, "B2": 4}, "C1:D2", [[1.0, 2.0], [3.0, 4.0]], "CHOOSE by an array"),
    ("{=TRANSPOSE(A1:A2)}", column([1, 2]), "C1:D1", [[1.0, 2.0]], "TRANSPOSE"),
    ("{=A1:A2=\"\"}", {"A1": "x"}, "C1:C2", [[False], [True]], "an empty cell equals \"\" in an array, too"),
    ("~=A1:A3*2", column([1, 2, 3]), "C1:C3", [[2.0], [4.0], [6.0]], "a dynamic formula spills"),
    ("~=A1:A2", {}, "C1:C2", [[0.0], [0.0]], "empty cells spill as 0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "cells", "area", "expected", "source"), ARRAYS, ids=[f"{case[0]} in {case[2]}" for case in ARRAYS]
)
def test_array(formula: str, cells: Contents, area: str, expected: list[list[Scalar]], source: str) -> None:
    found = computed({**cells, area: formula})[f"{area}"]
    assert found == expected, source
    assert [[type(x) for x in row] for row in found] == [[type(x) for x in row] for row in expected], source
