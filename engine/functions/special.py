"""The special forms, declared for arity and documentation: the evaluators know them by name, no body is called."""

from __future__ import annotations

from typing import NoReturn

from .declare import Any, Array, Lambda, Logical, Number, Reference, Text, special


def _never(name: str) -> NoReturn:
    raise AssertionError(f"{name} is a special form: evaluators handle it by name")


@special()
def IF(logical_test: Logical, value_if_true: Any, value_if_false: Any = False) -> NoReturn:
    """One of two values by a condition; only that one is evaluated. An array of conditions chooses element by
    element. (Support: IF function)"""
    _never("IF")


@special()
def IFS(logical_test: Logical, value_if_true: Any, *rest: Any) -> NoReturn:
    """The value of the first true condition; #N/A where none is. (Support: IFS function)"""
    _never("IFS")


@special()
def SWITCH(expression: Any, value: Any, result: Any, *rest: Any) -> NoReturn:
    """The result of the first value that equals the expression, else the default, else #N/A. (Support: SWITCH
    function)"""
    _never("SWITCH")


@special()
def CHOOSE(index_num: Number, value: Any, *rest: Any) -> NoReturn:
    """The value with the given number; #VALUE! where there is none. (Support: CHOOSE function)"""
    _never("CHOOSE")


@special()
def IFERROR(value: Any, value_if_error: Any) -> NoReturn:
    """A value, or another where it is an error. (Support: IFERROR function)"""
    _never("IFERROR")


@special()
def IFNA(value: Any, value_if_na: Any) -> NoReturn:
    """A value, or another where it is #N/A. (Support: IFNA function)"""
    _never("IFNA")


@special()
def LET(name: Any, value: Any, calculation: Any, *rest: Any) -> NoReturn:
    """A calculation with names for values within it. (Support: LET function)"""
    _never("LET")


@special()
def LAMBDA(parameter_or_calculation: Any, *rest: Any) -> NoReturn:
    """A function of its parameters; called without end it is #NUM!. (Support: LAMBDA function)"""
    _never("LAMBDA")


@special()
def ISOMITTED(argument: Any) -> NoReturn:
    """TRUE where a LAMBDA's argument was left out. (Support: ISOMITTED function)"""
    _never("ISOMITTED")


@special()
def MAP(array: Array, lambda_or_array: Lambda, *rest: Lambda) -> NoReturn:
    """A LAMBDA applied to each element of one array or several; #CALC! where it gives arrays. (Support: MAP
    function)"""
    _never("MAP")


@special()
def REDUCE(initial_value: Any, array: Array, function: Lambda) -> NoReturn:
    """A LAMBDA of accumulator and element folded over an array. (Support: REDUCE function)"""
    _never("REDUCE")


@special()
def SCAN(initial_value: Any, array: Array, function: Lambda) -> NoReturn:
    """All intermediate values of a fold over an array. (Support: SCAN function)"""
    _never("SCAN")


@special()
def MAKEARRAY(rows: Number, columns: Number, function: Lambda) -> NoReturn:
    """An array made by a LAMBDA of row and column number. (Support: MAKEARRAY function)"""
    _never("MAKEARRAY")


@special()
def BYROW(array: Array, function: Lambda) -> NoReturn:
    """A LAMBDA applied to each row; #CALC! where it gives arrays. (Support: BYROW function)"""
    _never("BYROW")


@special()
def BYCOL(array: Array, function: Lambda) -> NoReturn:
    """A LAMBDA applied to each column; #CALC! where it gives arrays. (Support: BYCOL function)"""
    _never("BYCOL")


@special()
def GROUPBY(
    row_fields: Array,
    values: Array,
    function: Lambda,
    field_headers: Number = None,
    total_depth: Number = 1.0,
    sort_order: Array = None,
    filter_array: Array = None,
    field_relationship: Number = 0.0,
) -> NoReturn:
    """Groups of rows with a function of each, sorted, with totals; several functions by HSTACK. (Support: GROUPBY
    function)"""
    _never("GROUPBY")


@special()
def PIVOTBY(
    row_fields: Array,
    col_fields: Array,
    values: Array,
    function: Lambda,
    field_headers: Number = None,
    row_total_depth: Number = 1.0,
    row_sort_order: Array = None,
    col_total_depth: Number = 1.0,
    col_sort_order: Array = None,
    filter_array: Array = None,
    relative_to: Number = 0.0,
) -> NoReturn:
    """Groups along rows and columns with a function of each, sorted, with totals. (Support: PIVOTBY function)"""
    _never("PIVOTBY")


@special()
def ROW(reference: Reference = None) -> NoReturn:
    """Row number of a reference, or of the formula's own cell. (Support: ROW function)"""
    _never("ROW")


@special()
def ROWS(array: Array) -> NoReturn:
    """Number of rows of a reference or an array. (Support: ROWS function)"""
    _never("ROWS")


@special()
def COLUMN(reference: Reference = None) -> NoReturn:
    """Column number of a reference, or of the formula's own cell. (Support: COLUMN function)"""
    _never("COLUMN")


@special()
def COLUMNS(array: Array) -> NoReturn:
    """Number of columns of a reference or an array. (Support: COLUMNS function)"""
    _never("COLUMNS")


@special()
def AREAS(reference: Reference) -> NoReturn:
    """Number of areas of a reference. (Support: AREAS function)"""
    _never("AREAS")


@special()
def OFFSET(reference: Reference, rows: Number, cols: Number, height: Number = None, width: Number = None) -> NoReturn:
    """A reference moved and resized; #REF! off the sheet. (Support: OFFSET function)"""
    _never("OFFSET")


@special()
def INDEX(array: Array, row_num: Number, column_num: Number = 0.0, area_num: Number = 1.0) -> NoReturn:
    """A cell of a reference or an array by its numbers, 0 for a whole row or column; #REF! beyond it. (Support:
    INDEX function)"""
    _never("INDEX")


@special()
def TRIMRANGE(range: Reference, trim_rows: Number = 3.0, trim_cols: Number = 3.0) -> NoReturn:
    """A reference without its empty outer rows and columns: 0 none, 1 leading, 2 trailing, 3 both; #REF! where all
    is empty. (Support: TRIMRANGE function)"""
    _never("TRIMRANGE")


@special("_TRO_ALL", "_TRO_LEADING", "_TRO_TRAILING")
def TRIMMED(range: Reference) -> NoReturn:
    """A trimmed range as files spell it: ``A1.:.E10``, ``A1.:E10``, ``A1:.E10``. (Support: TRIMRANGE function)"""
    _never("a trimmed range")


@special()
def INDIRECT(ref_text: Text, a1: Logical = True) -> NoReturn:
    """The reference that a text spells, in A1 or R1C1 style; #REF! where it spells none. (Support: INDIRECT
    function)"""
    _never("INDIRECT")


@special(pairs=2)
def GETPIVOTDATA(data_field: Text, pivot_table: Reference, *rest: Any) -> NoReturn:
    """The cell of a pivot table that shows data for items of fields, as it was last refreshed; #REF! where none does.
    (Support: GETPIVOTDATA function)"""
    _never("GETPIVOTDATA")


@special()
def ISREF(value: Any) -> NoReturn:
    """TRUE for a reference. (Support: ISREF function)"""
    _never("ISREF")


@special()
def CELL(info_type: Text, reference: Reference = None) -> NoReturn:
    """A fact about a cell: address, row, col, contents, type and more. (Support: CELL function)"""
    _never("CELL")


@special()
def FORMULATEXT(reference: Reference) -> NoReturn:
    """The text of a cell's formula; #N/A where it has none. (Support: FORMULATEXT function)"""
    _never("FORMULATEXT")


@special()
def ISFORMULA(reference: Reference) -> NoReturn:
    """TRUE for a cell with a formula. (Support: ISFORMULA function)"""
    _never("ISFORMULA")


@special()
def SHEET(value: Any = None) -> NoReturn:
    """Number of a sheet. (Support: SHEET function)"""
    _never("SHEET")


@special()
def SHEETS(reference: Reference = None) -> NoReturn:
    """Number of sheets of a reference or the workbook. (Support: SHEETS function)"""
    _never("SHEETS")


@special()
def SUBTOTAL(function_num: Number, reference: Reference, *rest: Reference) -> NoReturn:
    """A reduction that leaves out nested subtotals, and from 101 on hidden rows. (Support: SUBTOTAL function)"""
    _never("SUBTOTAL")


@special()
def AGGREGATE(function_num: Number, options: Number, reference: Array, *rest: Array) -> NoReturn:
    """A reduction that leaves out nested subtotals, hidden rows or error values. (Support: AGGREGATE function)"""
    _never("AGGREGATE")
