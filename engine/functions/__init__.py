"""Excel's functions: each a declaration and a short body over whole arrays (see `declare`).

Modules are imported when a function is first looked for that the ones before do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules

from .declare import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "find", "load_all"]

# The modules whose functions most workbooks use, in the order in which they are worth a look.
_FIRST = ("special", "logical", "arithmetic", "aggregates", "rounding", "lookup", "conditional", "trigonometry", "text")
_NO_FUNCTIONS = frozenset({"declare"})


def find(name: str) -> Function | None:
    """Return the declaration of a function (upper case, no ``_xlfn.``), or None for one that is not there.

    >>> find("SUM").shape, find("NO.SUCH")
    ('reduction', None)
    """
    found = FUNCTIONS.get(name)
    if found is None and name not in _ABSENT:
        for module in _modules():
            _load(module)
            found = FUNCTIONS.get(name)
            if found is not None:
                return found
        _ABSENT.add(name)
    return found


def load_all() -> dict[str, Function]:
    """Import every module of functions and return all declarations by name."""
    for module in _modules():
        _load(module)
    return FUNCTIONS


_ABSENT: set[str] = set()


@lru_cache(maxsize=1)
def _modules() -> tuple[str, ...]:
    present = [module.name for module in iter_modules(__path__) if module.name not in _NO_FUNCTIONS]
    return tuple(_in_order(present))


def _in_order(present: list[str]) -> Iterator[str]:
    yield from (name for name in _FIRST if name in present)
    yield from (name for name in present if name not in _FIRST)


@cache
def _load(module: str) -> None:
    import_module(f".{module}", __name__)
