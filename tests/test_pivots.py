"""GETPIVOTDATA on a pivot table as Excel stores it: definition, cache definition, and the cells that show it."""

from __future__ import annotations

import io
import zipfile

import pytest

from sheetgrad.engine import open_workbook
from sheetgrad.sheets.values import Error, Scalar

from .books import file_of

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="{type}" Target="{target}"/></Relationships>'
)
# Regions N and S, products a and b below them with subtotals above; years across; one filter, one measure.
_CELLS = {
    "A1": "Kind", "B1": "x",
    "A3": "Sum of Amt", "B3": "Year",
    "A4": "Reg", "B4": 2020, "C4": 2021, "D4": "Grand Total",
    "A5": "N", "B5": 1, "C5": 9, "D5": 10,
    "A6": "a", "B6": 1, "C6": 6, "D6": 7,
    "A7": "b", "C7": 3, "D7": 3,
    "A8": "S", "B8": 7, "D8": 7,
    "A9": "a", "B9": 5, "D9": 5,
    "A10": "b", "B10": 2, "D10": 2,
    "A11": "Grand Total", "B11": 8, "C11": 9, "D11": 17,
}  # fmt: skip
_TABLE = f"""<pivotTableDefinition {_MAIN} name="p" cacheId="1">
<location ref="A3:D11" firstHeaderRow="1" firstDataRow="2" firstDataCol="1" rowPageCount="1" colPageCount="1"/>
<pivotFields count="5"><pivotField axis="axisRow"><items><item x="1"/><item x="0"/><item t="default"/></items></pivotField>
<pivotField axis="axisRow"><items><item x="0"/><item x="1"/><item t="default"/></items></pivotField>
<pivotField axis="axisCol"><items><item x="0"/><item x="1"/><item t="default"/></items></pivotField>
<pivotField dataField="1"/><pivotField axis="axisPage"><items><item x="0"/><item x="1"/></items></pivotField></pivotFields>
<rowFields count="2"><field x="0"/><field x="1"/></rowFields>
<rowItems count="7"><i><x/></i><i r="1"><x/></i><i r="1"><x v="1"/></i><i><x v="1"/></i><i r="1"><x/></i>
<i r="1"><x v="1"/></i><i t="grand"><x/></i></rowItems>
<colFields count="1"><field x="2"/></colFields>
<colItems count="3"><i><x/></i><i><x v="1"/></i><i t="grand"><x/></i></colItems>
<pageFields count="1"><pageField fld="4" item="0"/></pageFields>
<dataFields count="1"><dataField name="Sum of Amt" fld="3"/></dataFields></pivotTableDefinition>"""
_CACHE = f"""<pivotCacheDefinition {_MAIN}><cacheFields count="5">
<cacheField name="Reg"><sharedItems><s v="S"/><s v="N"/></sharedItems></cacheField>
<cacheField name="Prod"><sharedItems><s v="a"/><s v="b"/></sharedItems></cacheField>
<cacheField name="Year"><sharedItems><n v="2020"/><n v="2021"/></sharedItems></cacheField>
<cacheField name="Amt"><sharedItems/></cacheField>
<cacheField name="Kind"><sharedItems><s v="x"/><s v="y"/></sharedItems></cacheField>
</cacheFields></pivotCacheDefinition>"""

# Source: Microsoft support, GETPIVOTDATA function.
_CASES: list[tuple[str, Scalar]] = [
    ('GETPIVOTDATA("Amt",P!$A$3)', 17.0),
    ('GETPIVOTDATA("Sum of Amt",P!$B$7)', 17.0),
    ('GETPIVOTDATA("amt",P!$A$3,"Reg","n")', 10.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Year",2020)', 8.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Year","2021","Reg","N")', 9.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Reg","S","Prod","b","Year",2020)', 2.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Prod","b","Reg","S")*10', 20.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Kind","x","Reg","S")', 7.0),
    ('GETPIVOTDATA("Amt",P!$A$3,"Kind","y","Reg","S")', Error.REF),  # filtered out
    ('GETPIVOTDATA("Amt",P!$A$3,"Prod","b")', Error.REF),  # not shown: products stand below regions
    ('GETPIVOTDATA("Amt",P!$A$3,"Reg","Z")', Error.REF),
    ('GETPIVOTDATA("Qty",P!$A$3)', Error.REF),
    ('IFERROR(GETPIVOTDATA("Amt",P!$A$3,"Reg","Z"),0)', 0.0),
]


def _file() -> bytes:
    formulas = {f"A{i + 1}": "=" + formula for i, (formula, _) in enumerate(_CASES)}
    plain = file_of({"f": {**formulas, "C1": '=GETPIVOTDATA("Amt",$E$1)'}, "P": dict(_CELLS)})
    file = io.BytesIO(plain)
    with zipfile.ZipFile(file, "a") as package:
        package.writestr("xl/pivotTables/pivotTable1.xml", _TABLE)
        package.writestr("xl/pivotCache/pivotCacheDefinition1.xml", _CACHE)
        package.writestr(
            "xl/worksheets/_rels/sheet2.xml.rels",
            _RELATIONS.format(type=f"{_RELATION}/pivotTable", target="../pivotTables/pivotTable1.xml"),
        )
        package.writestr(
            "xl/pivotTables/_rels/pivotTable1.xml.rels",
            _RELATIONS.format(
                type=f"{_RELATION}/pivotCacheDefinition", target="../pivotCache/pivotCacheDefinition1.xml"
            ),
        )
    return file.getvalue()


@pytest.mark.parametrize("backend", ["reference", "numpy"])
def test_a_pivot_tables_cells_are_found(backend: str) -> None:
    result = open_workbook(_file()).recompute(backend=backend)
    found = [result[f"f!A{i + 1}"] for i in range(len(_CASES))]
    assert found == [value for _, value in _CASES]


def test_a_reference_to_no_pivot_table_keeps_what_is_stored() -> None:
    result = open_workbook(_file()).recompute()
    assert result["f!C1"] == 0.0  # XlsxWriter's stored value


def test_what_follows_from_a_pivot_table_follows_its_cells() -> None:
    assert open_workbook(_file()).recompute(set={"P!B10": 5})["f!A6"] == 5.0
