"""Securities without coupons between settlement and maturity: discounts, treasury bills, interest at maturity."""

from __future__ import annotations

from sheetgrad.sheets.values import Error, Scalar

from .dates import civil
from .daycount import is_date, year_fraction
from .declare import Context, Strict, scalar

_LONGEST_BILL = 182


@scalar()
def DISC(
    settlement: Strict, maturity: Strict, pr: Strict, redemption: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Discount rate of a security; #NUM! for numbers out of range. Source: Microsoft support, DISC function."""
    years = _years(settlement, maturity, basis, context)
    if isinstance(years, Error) or pr <= 0 or redemption <= 0:
        return Error.NUM
    return (redemption - pr) / redemption / years


@scalar()
def INTRATE(
    settlement: Strict,
    maturity: Strict,
    investment: Strict,
    redemption: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Interest rate of a fully invested security; #NUM! for numbers out of range.

    Source: Microsoft support, INTRATE.
    """
    years = _years(settlement, maturity, basis, context)
    if isinstance(years, Error) or investment <= 0 or redemption <= 0:
        return Error.NUM
    return (redemption - investment) / investment / years


@scalar()
def RECEIVED(
    settlement: Strict,
    maturity: Strict,
    investment: Strict,
    discount: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Amount received at maturity; #NUM! for numbers out of range. Source: Microsoft support, RECEIVED function."""
    years = _years(settlement, maturity, basis, context)
    if isinstance(years, Error) or investment <= 0 or discount <= 0 or discount * years >= 1:
        return Error.NUM
    return investment / (1 - discount * years)


@scalar()
def PRICEDISC(
    settlement: Strict,
    maturity: Strict,
    discount: Strict,
    redemption: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Price of a discounted security; #NUM! for numbers out of range. Source: Microsoft support, PRICEDISC function."""
    years = _years(settlement, maturity, basis, context)
    if isinstance(years, Error) or discount <= 0 or redemption <= 0:
        return Error.NUM
    return redemption * (1 - discount * years)


@scalar()
def YIELDDISC(
    settlement: Strict, maturity: Strict, pr: Strict, redemption: Strict, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Yearly yield of a discounted security; #NUM! for numbers out of range. Source: Microsoft support, YIELDDISC."""
    years = _years(settlement, maturity, basis, context)
    if isinstance(years, Error) or pr <= 0 or redemption <= 0:
        return Error.NUM
    return (redemption / pr - 1) / years


@scalar()
def PRICEMAT(
    settlement: Strict,
    maturity: Strict,
    issue: Strict,
    rate: Strict,
    yld: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Price of a security that pays interest at maturity; #NUM! for numbers out of range.

    Source: Microsoft support, PRICEMAT function.
    """
    terms = _terms(settlement, maturity, issue, basis, context)
    if isinstance(terms, Error) or rate < 0 or yld < 0:
        return Error.NUM
    whole, gone, left = terms
    return (100 + whole * rate * 100) / (1 + left * yld) - gone * rate * 100


@scalar()
def YIELDMAT(
    settlement: Strict,
    maturity: Strict,
    issue: Strict,
    rate: Strict,
    pr: Strict,
    basis: Strict = 0,
    context: Context = None,
) -> Scalar:
    """Yearly yield of a security that pays interest at maturity; #NUM! for numbers out of range.

    Source: Microsoft support, YIELDMAT function.
    """
    terms = _terms(settlement, maturity, issue, basis, context)
    if isinstance(terms, Error) or rate < 0 or pr <= 0:
        return Error.NUM
    whole, gone, left = terms
    return ((1 + whole * rate) / (pr / 100 + gone * rate) - 1) / left


@scalar()
def ACCRINTM(
    issue: Strict, settlement: Strict, rate: Strict, par: Strict = 1000, basis: Strict = 0, context: Context = None
) -> Scalar:
    """Interest accrued from issue to settlement, paid at maturity; #NUM! for numbers out of range.

    Source: Microsoft support, ACCRINTM function.
    """
    years = _years(issue, settlement, basis, context)
    return Error.NUM if isinstance(years, Error) or rate <= 0 or par <= 0 else par * rate * years


@scalar()
def TBILLPRICE(settlement: Strict, maturity: Strict, discount: Strict, context: Context = None) -> Scalar:
    """Price of a treasury bill; #NUM! for more than a year or numbers out of range.

    Source: Microsoft support, TBILLPRICE.
    """
    days = _bill_days(settlement, maturity, context)
    if isinstance(days, Error) or discount <= 0 or discount * days >= 360:
        return Error.NUM
    return 100 * (1 - discount * days / 360)


@scalar()
def TBILLYIELD(settlement: Strict, maturity: Strict, pr: Strict, context: Context = None) -> Scalar:
    """Yield of a treasury bill; #NUM! for more than a year or numbers out of range.

    Source: Microsoft support, TBILLYIELD.
    """
    days = _bill_days(settlement, maturity, context)
    return Error.NUM if isinstance(days, Error) or pr <= 0 else (100 - pr) / pr * 360 / days


@scalar()
def TBILLEQ(settlement: Strict, maturity: Strict, discount: Strict, context: Context = None) -> Scalar:
    """Yield of a treasury bill as that of a bond; #NUM! for more than a year or numbers out of range.

    Source: Microsoft support, TBILLEQ function; US Treasury, price and yield formulas of bills.
    """
    days = _bill_days(settlement, maturity, context)
    if isinstance(days, Error) or discount <= 0 or discount * days >= 360:
        return Error.NUM
    if days <= _LONGEST_BILL:
        return 365 * discount / (360 - discount * days)
    price = 1 - discount * days / 360
    part = days / (366 if days == 366 else 365)
    root = (part**2 - (2 * part - 1) * (1 - 1 / price)) ** 0.5
    return 2 * (root - part) / (2 * part - 1)


def _years(start: float, end: float, basis: float, context: Context) -> float | Error:
    first, last, kind = int(start // 1), int(end // 1), int(basis)
    if not (is_date(first, context) and is_date(last, context)) or first >= last or kind not in range(5):
        return Error.NUM
    return year_fraction(first, last, kind, context)


def _terms(
    settlement: float, maturity: float, issue: float, basis: float, context: Context
) -> tuple[float, float, float] | Error:
    """Return the years from issue to maturity, from issue to settlement and from settlement to maturity."""
    whole = _years(issue, maturity, basis, context)
    left = _years(settlement, maturity, basis, context)
    gone = 0.0 if int(issue // 1) == int(settlement // 1) else _years(issue, settlement, basis, context)
    if isinstance(whole, Error) or isinstance(left, Error) or isinstance(gone, Error):
        return Error.NUM
    return whole, gone, left


def _bill_days(settlement: float, maturity: float, context: Context) -> int | Error:
    start, end = int(settlement // 1), int(maturity // 1)
    if not (is_date(start, context) and is_date(end, context)) or start >= end:
        return Error.NUM
    (y1, m1, d1), last = civil(start, context), civil(end, context)
    return Error.NUM if last > (y1 + 1, m1, d1) else end - start
