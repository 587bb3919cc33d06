"""Numbers laid out by placeholders: where there is no digit ``0`` shows a zero, ``?`` a space, ``#`` nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from .codes import BadFormat, Part, Section, Token

_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_EVEN)
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_PAD = {"0": "0", "?": " ", "#": ""}
_MOST_DENOMINATOR_DIGITS = 7


@dataclass(slots=True)
class _Layout:
    """Indices of a section's tokens by what they do."""

    whole: list[int]
    decimals: list[int]
    exponent: int | None
    powers: list[int]
    slash: int | None
    thousands: bool
    scale: int  # power of ten that the number is multiplied by
    skipped: set[int]  # tokens that show nothing


def exact(value: float) -> Decimal:
    """Return the magnitude of a number as Excel shows it: its 15 significant digits."""
    return _FIFTEEN.create_decimal(Decimal(abs(value)))


def rounded(number: Decimal, places: int) -> Decimal:
    """Round half away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), context=_EXACT)


def render_number(section: Section, value: float) -> tuple[str, bool]:
    """Lay out a magnitude; return the text and whether any digit of it but zero is shown."""
    layout = _layout(section)
    number = exact(value).scaleb(layout.scale, context=_EXACT)
    if layout.slash is not None:
        return _fraction(section, layout, number), number != 0
    shown: dict[int, str] = {}
    if layout.exponent is not None:
        number = _scientific(section, layout, number, shown)
    number = rounded(number, len(layout.decimals))
    whole, _, decimals = f"{number:f}".partition(".")
    _fill_whole(section, layout.whole, whole.lstrip("0"), layout.thousands, shown)
    _fill_decimals(section, layout.decimals, decimals, shown)
    return _join(section, layout, shown), number != 0


def _layout(section: Section) -> _Layout:
    layout = _Layout([], [], None, [], None, False, 0, set())
    tokens = section.tokens
    target = layout.whole
    for i, token in enumerate(tokens):
        if token.part is Part.DIGIT:
            target.append(i)
        elif token.part is Part.POINT and target is layout.whole:
            target = layout.decimals
        elif token.part is Part.EXPONENT:
            if (
                layout.exponent is not None
                or not target
                or i + 1 == len(tokens)
                or tokens[i + 1].part is not Part.DIGIT
            ):
                raise BadFormat(token.text)
            layout.exponent, target = i, layout.powers
        elif token.part is Part.PERCENT:
            layout.scale += 2
        elif token.part is Part.SLASH and layout.slash is None and layout.whole and _is_fraction(tokens, i):
            layout.slash = i
    _read_commas(tokens, layout)
    return layout


def _is_fraction(tokens: tuple[Token, ...], at: int) -> bool:
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    before = tokens[at - 1]
    plain = after is not None and (after.part is Part.DIGIT or (after.part is Part.LITERAL and after.text[0].isdigit()))
    return before.part is Part.DIGIT and plain


def _read_commas(tokens: tuple[Token, ...], layout: _Layout) -> None:
    """A comma between digits groups by thousands, one after the last digit divides by a thousand."""
    digits = layout.whole + layout.decimals
    for i, token in enumerate(tokens):
        if token.part is not Part.COMMA or not digits or i < digits[0]:
            continue
        layout.skipped.add(i)
        behind = i
        while tokens[behind].part is Part.COMMA:
            behind -= 1
        ahead = i
        while ahead < len(tokens) and tokens[ahead].part is Part.COMMA:
            ahead += 1
        follows = ahead < len(tokens) and tokens[ahead].part is Part.DIGIT
        if behind in layout.whole and (follows or any(place > i for place in layout.whole)):
            layout.thousands = True
        elif behind in digits:
            layout.scale -= 3


def _fill_whole(section: Section, places: list[int], digits: str, thousands: bool, shown: dict[int, str]) -> None:
    """Give each place its digit from the right; the first place takes all that are left."""
    position = 0
    for rank, place in enumerate(reversed(places)):
        last = rank == len(places) - 1
        text = ""
        while True:
            digit = digits[len(digits) - 1 - position] if position < len(digits) else None
            if digit is None:
                digit = _PAD[section.tokens[place].text] if not text else None
            if digit is None or digit == "":
                break
            mark = "," if thousands and position and position % 3 == 0 and digit != " " else ""
            text = digit + mark + text
            position += 1
            if not last:
                break
        shown[place] = text


def _fill_decimals(section: Section, places: list[int], digits: str, shown: dict[int, str]) -> None:
    significant = len(digits.rstrip("0"))
    for rank, place in enumerate(places):
        shown[place] = digits[rank] if rank < significant else _PAD[section.tokens[place].text]
    # A zero shown further right keeps the zeros before it.
    for rank in range(len(places) - 2, -1, -1):
        if shown[places[rank]] in ("", " ") and "0" in shown[places[rank + 1]]:
            shown[places[rank]] = "0"


def _scientific(section: Section, layout: _Layout, number: Decimal, shown: dict[int, str]) -> Decimal:
    """Split off the power of ten, which is a multiple of the number of whole places; return the mantissa."""
    width = max(len(layout.whole), 1)
    power = 0
    if number:
        power = number.adjusted() // width * width if width > 1 else number.adjusted()
        mantissa = number.scaleb(-power, context=_EXACT)
        if rounded(mantissa, len(layout.decimals)) >= Decimal(10) ** width:
            power += width
    assert layout.exponent is not None
    sign = "-" if power < 0 else "+" if section.tokens[layout.exponent].text[1] == "+" else ""
    _fill_whole(section, layout.powers, str(abs(power)).lstrip("0"), False, shown)
    shown[layout.exponent] = "E" + sign
    return number.scaleb(-power, context=_EXACT)


def _join(section: Section, layout: _Layout, shown: dict[int, str]) -> str:
    parts = []
    for i, token in enumerate(section.tokens):
        if i in shown:
            parts.append(shown[i])
        elif i not in layout.skipped:
            parts.append(token.text)
    return "".join(parts)


def _fraction(section: Section, layout: _Layout, number: Decimal) -> str:
    """Lay out ``# ?/?``, ``?/8`` and the like: whole part, numerator and denominator each padded to its places."""
    assert layout.slash is not None
    tokens = section.tokens
    top = [layout.slash - 1]
    while top[0] - 1 in layout.whole:
        top.insert(0, top[0] - 1)
    bottom = [i for i in layout.whole if i > layout.slash]
    whole_places = [i for i in layout.whole if i < top[0]]
    fixed = tokens[layout.slash + 1].text if not bottom else _fixed(tokens, bottom)
    exactly = Fraction(number)
    whole = int(exactly) if whole_places else 0
    numerator, denominator = _ratio(exactly - whole, fixed, min(len(bottom), _MOST_DENOMINATOR_DIGITS))
    if whole_places and numerator == denominator:
        whole, numerator = whole + 1, 0
    shown: dict[int, str] = {}
    _fill_whole(section, whole_places, str(whole).lstrip("0"), layout.thousands, shown)
    if whole_places and numerator == 0:
        if not whole:
            shown[whole_places[-1]] = "0"
        hidden = range(top[0], (bottom[-1] if bottom else layout.slash + 1) + 1)
        shown |= {i: " " * len(tokens[i].text) for i in hidden}
        return _join(section, layout, shown)
    _fill_whole(section, top, str(numerator).lstrip("0") or "0", False, shown)
    if bottom:
        digits = str(denominator)
        pad = "".join(_PAD[tokens[i].text] for i in bottom)
        shown |= dict.fromkeys(bottom, "") | {bottom[0]: digits + pad[len(digits) :] if pad[:1] == " " else digits}
    return _join(section, layout, shown)


def _fixed(tokens: tuple[Token, ...], bottom: list[int]) -> str:
    """Return a denominator that begins with a placeholder zero and goes on in literal digits (``?/00``: none)."""
    following = tokens[bottom[-1] + 1].text if bottom[-1] + 1 < len(tokens) else ""
    return "" if not following[:1].isdigit() else following


def _ratio(number: Fraction, fixed: str, digits: int) -> tuple[int, int]:
    if fixed:
        leading = "".join(c for c in fixed if c.isdigit())
        denominator = max(int(leading or "1"), 1)
        return int(number * denominator + Fraction(1, 2)), denominator
    ratio = number.limit_denominator(10**digits - 1)
    return ratio.numerator, ratio.denominator
