"""BAHTTEXT: amounts of money in Thai words."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sheetgrad.sheets.values import Error, Scalar

from .declare import Number, scalar

_DIGITS = ("ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า")
_PLACES = ("แสน", "หมื่น", "พัน", "ร้อย")  # hundred thousands down to hundreds
_TEN, _TWENTY, _ONE_AFTER_TEN, _MILLION = "สิบ", "ยี่", "เอ็ด", "ล้าน"
_MINUS, _BAHT, _SATANG, _EXACTLY = "ลบ", "บาท", "สตางค์", "ถ้วน"
_MOST = 1e15


@scalar()
def BAHTTEXT(number: Number) -> Scalar:
    """Amount of baht and satang in Thai words; #VALUE! from 1E+15 on. Source: Microsoft support, BAHTTEXT function."""
    if abs(number) >= _MOST:
        return Error.VALUE
    amount = Decimal(repr(abs(number))).quantize(Decimal("0.01"), ROUND_HALF_UP)
    baht, satang = divmod(int(amount * 100), 100)
    words = _in_words(baht) + _BAHT if baht or not satang else ""
    words += _block(satang) + _SATANG if satang else _EXACTLY
    return (_MINUS if number < 0 and amount else "") + words


def _in_words(number: int) -> str:
    """Return a whole number in words: blocks of six digits, each but the last followed by "million"."""
    if not number:
        return _DIGITS[0]
    millions, rest = divmod(number, 1_000_000)
    return (_in_words(millions) + _MILLION if millions else "") + _block(rest)


def _block(number: int) -> str:
    digits = [int(digit) for digit in f"{number:06d}"]
    words = "".join(_DIGITS[digit] + place for digit, place in zip(digits, _PLACES, strict=False) if digit)
    tens, ones = digits[4:]
    if tens:
        words += ("" if tens == 1 else _TWENTY if tens == 2 else _DIGITS[tens]) + _TEN
    if ones:
        words += _ONE_AFTER_TEN if ones == 1 and tens else _DIGITS[ones]
    return words
