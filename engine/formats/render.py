"""Values shown by a format code: which section applies, and what General shows."""

from __future__ import annotations

from sheetgrad.engine.numerals import format_general

from .calendar import render_moment
from .codes import BadFormat, Part, Section, sections
from .digits import exact, render_number, rounded

_GENERAL_WIDTH = 11


def format_value(value: float | str, code: str, date1904: bool = False) -> str:
    """Show a number or a text by a format code; raises `BadFormat` where Excel gives #VALUE!.

    >>> format_value(1234.567, "#,##0.00"), format_value(-5, "0;(0)"), format_value(1.5, "[h]:mm")
    ('1,234.57', '(5)', '36:00')
    """
    found = sections(code)
    if isinstance(value, str):
        return _show_text(found, value)
    section, signed = _choose(found, value)
    if section is None:
        return "#" * _GENERAL_WIDTH
    if section.is_date:
        return render_moment(section, value, date1904)
    if section.is_text and not any(token.part is Part.DIGIT for token in section.tokens):
        return _spell(section, format_general(value))
    if any(token.part is Part.GENERAL for token in section.tokens):
        return _spell(section, general(value if signed else abs(value)))
    text, visible = render_number(section, value)
    return "-" + text if signed and value < 0 and visible else text


def general(value: float) -> str:
    """Show a number as a General cell of ordinary width does: at most 11 characters besides the sign.

    >>> general(1 / 3), general(123456789012.0), general(-2.5e-9), general(1e-8)
    ('0.333333333', '1.23457E+11', '-2.5E-09', '0.00000001')
    """
    sign, number = "-" if value < 0 else "", exact(value)
    power = number.adjusted() if number else 0
    if -4 <= power <= 10:
        text = f"{rounded(number, min(9, 9 - power) if power < 10 else 0):f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return sign + text
    plain = f"{number:f}".rstrip("0")
    if power < 0 and len(plain) <= _GENERAL_WIDTH:
        return sign + plain
    mantissa, _, exponent = f"{number:.5e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{sign}{mantissa}E{exponent[0]}{exponent[1:].rjust(2, '0')}"


def _choose(found: tuple[Section, ...], value: float) -> tuple[Section | None, bool]:
    """Return the section for a number, and whether it shows a minus sign of its own."""
    numeric = found[:3] if len(found) == 4 else found
    if len(numeric) > 1 and numeric[-1].is_text and len(found) < 4:
        numeric = numeric[:-1]
    if len(numeric) == 1:
        only = numeric[0]
        fits = only.condition is None or _holds(only.condition, value)
        return (only if fits else None), True
    conditions = [section.condition for section in numeric]
    if conditions[0] is None and conditions[1] is None:
        index = 1 if value < 0 else 2 if value == 0 and len(numeric) == 3 else 0
        return numeric[index], index != 1
    first = conditions[0] or (">", 0.0)
    if _holds(first, value):
        return numeric[0], not _negative_only(first)
    second = conditions[1] or (("<", 0.0) if len(numeric) == 3 else None)
    if second is None or _holds(second, value):
        return numeric[1], second is not None and not _negative_only(second)
    return (numeric[2], True) if len(numeric) == 3 else (None, True)


def _holds(condition: tuple[str, float], value: float) -> bool:
    operator, bound = condition
    return {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
        "=": value == bound,
        "<>": value != bound,
    }[operator]


def _negative_only(condition: tuple[str, float]) -> bool:
    operator, bound = condition
    return (operator == "<" and bound <= 0) or (operator in ("<=", "=") and bound < 0)


def _show_text(found: tuple[Section, ...], value: str) -> str:
    section = found[3] if len(found) == 4 else found[-1]
    if len(found) < 4 and not section.is_text:
        return value
    return _spell(section, value)


def _spell(section: Section, shown: str) -> str:
    """Put a text in the places of @ or General, with the literals around it."""
    parts = []
    for token in section.tokens:
        if token.part in (Part.DATE, Part.ELAPSED, Part.EXPONENT):
            raise BadFormat(token.text)
        parts.append(shown if token.part in (Part.TEXT, Part.GENERAL) else token.text)
    return "".join(parts)
