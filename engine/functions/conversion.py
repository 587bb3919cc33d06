"""CONVERT: a number from one unit to another. Units and prefixes are those of the CONVERT function's support page."""

from __future__ import annotations

from functools import cache

from sheetgrad.sheets.records import record
from sheetgrad.sheets.values import Error, Scalar

from .declare import Strict, Text, scalar


@record
class Unit:
    """A unit: what it measures, its size and zero in the base unit, the power of a prefix (0: it takes none)."""

    measure: str
    size: float
    power: int = 0
    zero: float = 0.0


_INCH, _MILE, _SURVEY_MILE, _NAUTICAL = 0.0254, 1609.344, 6336000 / 3937, 1852.0
_LIGHT_YEAR, _PARSEC = 9460730472580800.0, 30856775812815532.0
_POUND, _POINT = 453.59237, _INCH / 72
_GALLON, _IMPERIAL_GALLON = 231 * _INCH**3, 0.00454609

# Per measure: names of a unit → size in the base unit, and the power of a prefix where it takes one.
_UNITS: dict[str, dict[str, tuple[float, int]]] = {
    "mass": {
        "g": (1, 1),
        "sg": (14593.902937206363, 0),
        "lbm": (_POUND, 0),
        "u": (1.660538782e-24, 1),
        "ozm": (_POUND / 16, 0),
        "grain": (_POUND / 7000, 0),
        "cwt shweight": (100 * _POUND, 0),
        "uk_cwt lcwt hweight": (112 * _POUND, 0),
        "stone": (14 * _POUND, 0),
        "ton": (2000 * _POUND, 0),
        "uk_ton LTON brton": (2240 * _POUND, 0),
    },
    "distance": {
        "m": (1, 1),
        "mi": (_MILE, 0),
        "Nmi": (_NAUTICAL, 0),
        "in": (_INCH, 0),
        "ft": (12 * _INCH, 0),
        "yd": (36 * _INCH, 0),
        "ang": (1e-10, 1),
        "ell": (45 * _INCH, 0),
        "ly": (_LIGHT_YEAR, 1),
        "parsec pc": (_PARSEC, 1),
        "Picapt Pica": (_POINT, 0),
        "pica": (12 * _POINT, 0),
        "survey_mi": (_SURVEY_MILE, 0),
    },
    "time": {
        "yr": (31557600, 0),
        "day d": (86400, 0),
        "hr": (3600, 0),
        "mn min": (60, 0),
        "sec s": (1, 1),
    },
    "pressure": {
        "Pa p": (1, 1),
        "atm at": (101325, 1),
        "mmHg": (133.322, 1),
        "psi": (6894.757293168362, 0),
        "Torr": (101325 / 760, 0),
    },
    "force": {
        "N": (1, 1),
        "dyn dy": (1e-5, 1),
        "lbf": (4.4482216152605, 0),
        "pond": (0.00980665, 1),
    },
    "energy": {
        "J": (1, 1),
        "e": (1e-7, 1),
        "c": (4.184, 1),
        "cal": (4.1868, 1),
        "eV ev": (1.602176487e-19, 1),
        "HPh hh": (745.6998715822702 * 3600, 0),
        "Wh wh": (3600, 1),
        "flb": (1.3558179483314004, 0),
        "BTU btu": (1055.05585262, 0),
    },
    "power": {
        "HP h": (745.6998715822702, 0),
        "PS": (735.49875, 0),
        "W w": (1, 1),
    },
    "magnetism": {
        "T": (1, 1),
        "ga": (1e-4, 1),
    },
    "volume": {
        "tsp": (_GALLON / 768, 0),
        "tspm": (5e-6, 0),
        "tbs": (_GALLON / 256, 0),
        "oz": (_GALLON / 128, 0),
        "cup": (_GALLON / 16, 0),
        "pt us_pt": (_GALLON / 8, 0),
        "uk_pt": (_IMPERIAL_GALLON / 8, 1),
        "qt": (_GALLON / 4, 0),
        "uk_qt": (_IMPERIAL_GALLON / 4, 0),
        "gal": (_GALLON, 0),
        "uk_gal": (_IMPERIAL_GALLON, 0),
        "l L lt": (1e-3, 1),
        "ang3 ang^3": (1e-30, 3),
        "barrel": (42 * _GALLON, 0),
        "bushel": (2150.42 * _INCH**3, 0),
        "ft3 ft^3": ((12 * _INCH) ** 3, 0),
        "in3 in^3": (_INCH**3, 0),
        "ly3 ly^3": (_LIGHT_YEAR**3, 0),
        "m3 m^3": (1, 3),
        "mi3 mi^3": (_MILE**3, 0),
        "yd3 yd^3": ((36 * _INCH) ** 3, 0),
        "Nmi3 Nmi^3": (_NAUTICAL**3, 0),
        "Picapt3 Picapt^3 Pica3 Pica^3": (_POINT**3, 0),
        "GRT regton": (100 * (12 * _INCH) ** 3, 0),
        "MTON": (40 * (12 * _INCH) ** 3, 0),
    },
    "area": {
        "uk_acre": (_MILE**2 / 640, 0),
        "us_acre": (_SURVEY_MILE**2 / 640, 0),
        "ang2 ang^2": (1e-20, 2),
        "ar": (100, 1),
        "ft2 ft^2": ((12 * _INCH) ** 2, 0),
        "ha": (10000, 0),
        "in2 in^2": (_INCH**2, 0),
        "ly2 ly^2": (_LIGHT_YEAR**2, 0),
        "m2 m^2": (1, 2),
        "Morgen": (2500, 0),
        "mi2 mi^2": (_MILE**2, 0),
        "Nmi2 Nmi^2": (_NAUTICAL**2, 0),
        "Picapt2 Pica2 Pica^2 Picapt^2": (_POINT**2, 0),
        "yd2 yd^2": ((36 * _INCH) ** 2, 0),
    },
    "information": {
        "bit": (1, 1),
        "byte": (8, 1),
    },
    "speed": {
        "admkn": (1853.184 / 3600, 0),
        "kn": (_NAUTICAL / 3600, 0),
        "m/h m/hr": (1 / 3600, 1),
        "m/s m/sec": (1, 1),
        "mph": (_MILE / 3600, 1),
    },
}

_TEMPERATURES = {
    "C cel": Unit("temperature", 1, 0, 273.15),
    "F fah": Unit("temperature", 5 / 9, 0, 459.67 * 5 / 9),
    "K kel": Unit("temperature", 1, 1),
    "Rank": Unit("temperature", 5 / 9),
    "Reau": Unit("temperature", 1.25, 0, 273.15),
}

_PREFIXES = {
    "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1, "e": 1e1,
    "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "z": 1e-21, "y": 1e-24,
}  # fmt: skip
_BINARY_PREFIXES = {sign: 1024.0 ** (i + 1) for i, sign in enumerate(("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"))}


@scalar()
def CONVERT(number: Strict, from_unit: Text, to_unit: Text) -> Scalar:
    """Number in another unit; #N/A for a unit it does not know (case matters), or two of different measures.
    Source: Microsoft support, CONVERT function.

    >>> round(CONVERT(68.0, "F", "C"), 9), CONVERT(1.0, "km", "m"), CONVERT(1.0, "kbyte", "Kibyte")
    (20.0, 1000.0, <Error.NA: (7, '#N/A')>)
    """
    source, target = _unit(from_unit), _unit(to_unit)
    if source is None or target is None or source.measure != target.measure:
        return Error.NA
    if from_unit == to_unit:
        return float(number)
    return float((number * source.size + source.zero - target.zero) / target.size)


@cache
def _units() -> dict[str, Unit]:
    found = {name: unit for names, unit in _TEMPERATURES.items() for name in names.split()}
    for measure, units in _UNITS.items():
        for names, (size, power) in units.items():
            found |= dict.fromkeys(names.split(), Unit(measure, float(size), power))
    return found


def _unit(name: str) -> Unit | None:
    """Find a unit by its name, or by a prefix and the name of one that takes prefixes."""
    known = _units()
    if name in known:
        return known[name]
    for length in (1, 2):
        unit = known.get(name[length:])
        if unit is None or not unit.power:
            continue
        factor = _PREFIXES.get(name[:length])
        if factor is None and unit.measure == "information":
            factor = _BINARY_PREFIXES.get(name[:length])
        if factor is not None:
            return Unit(unit.measure, unit.size * factor**unit.power)
    return None
