"""EUROCONVERT: between the euro and the currencies that it replaced, at the rates fixed by law."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sheetgrad.sheets.values import Error, Scalar

from .declare import Logical, Number, Text, scalar

# Units of a currency to one euro, and its decimals. Source: Council Regulations (EC) 2866/98 and those that followed,
# for the members that Excel's add-in knows.
_RATES: dict[str, tuple[str, int]] = {
    "EUR": ("1", 2),
    "ATS": ("13.7603", 2),
    "BEF": ("40.3399", 0),
    "DEM": ("1.95583", 2),
    "ESP": ("166.386", 0),
    "FIM": ("5.94573", 2),
    "FRF": ("6.55957", 2),
    "GRD": ("340.750", 0),
    "IEP": ("0.787564", 2),
    "ITL": ("1936.27", 0),
    "LUF": ("40.3399", 0),
    "NLG": ("2.20371", 2),
    "PTE": ("200.482", 0),
    "SIT": ("239.640", 2),
}


@scalar()
def EUROCONVERT(
    number: Number, source: Text, target: Text, full_precision: Logical = False, triangulation_precision: Number = None
) -> Scalar:
    """Amount of one currency in another by way of the euro, rounded as the target's is unless in full precision.

    ``triangulation_precision``: significant digits of the euro between, 3 or more. #VALUE! for unknown currencies.
    Source: Microsoft support, EUROCONVERT function.
    """
    if source not in _RATES or target not in _RATES:
        return Error.VALUE
    if triangulation_precision is not None and int(triangulation_precision) < 3:
        return Error.VALUE
    if source == target:
        return number
    (out_of, _), (into, decimals) = _RATES[source], _RATES[target]
    euro = Decimal(repr(number)) / Decimal(out_of)
    if triangulation_precision is not None and euro:
        euro = _rounded(euro, int(triangulation_precision) - 1 - euro.adjusted())
    amount = euro * Decimal(into)
    return float(amount if full_precision else _rounded(amount, decimals))


def _rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
