"""Excel's functions: each a declaration and a short body over whole arrays (see `declare`).

Modules are imported when a function is first looked for that the ones before do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module

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


def _modules() -> Iterator[str]:
    """Yield the modules' names; the folder is looked through only where the first ones do not do."""
    yield from _FIRST
    from pkgutil import iter_modules

    yield from (module.name for module in iter_modules(__path__) if module.name not in (*_FIRST, *_NO_FUNCTIONS))


@cache
def _load(module: str) -> None:
    import_module(f".{module}", __name__)
