"""Immutable records: what ``dataclass(frozen=True, slots=True)`` makes, in a sixth of the time.

A command starts afresh for every workbook, and dataclasses, which write and compile six methods for every class, would
take longer to make than all else of ours to import. A record has two functions of its own; the rest is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import get_annotations
from typing import Any, NoReturn, TypeVar, dataclass_transform

Record = TypeVar("Record")


@dataclass_transform(frozen_default=True)
def record(cls: type[Record]) -> type[Record]:
    """Make a class of its annotated fields: slots, ``==`` and ``hash`` by value, no change after ``__init__``.

    Defaults stand behind the fields as usual; fields are not inherited. Methods that the class defines itself stay.

    >>> @record
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), len({Point(1), Point(1)})
    (Point(x=1, y=0), True, 1)
    """
    names = tuple(get_annotations(cls))
    own = {name: member for name, member in vars(cls).items() if name not in ("__dict__", "__weakref__", *names)}
    defaults = tuple(vars(cls)[name] for name in names if name in vars(cls))
    made: Any = type(cls)
    puts: dict[str, Any] = {}
    finished = made(cls.__name__, cls.__bases__, {**_methods(names, defaults, puts), **own})
    puts.update((f"put_{name}", vars(finished)[name].__set__) for name in names)
    return finished  # type: ignore[no-any-return]


def replaced(one: Record, **changes: Any) -> Record:
    """Return a record with some of its fields changed.

    >>> from sheetgrad.sheets.model import Area
    >>> replaced(Area(0, 0, 0, 2, 2), bottom=3).shape
    (3, 2)
    """
    return type(one)(**{name: getattr(one, name) for name in one.__slots__} | changes)  # type: ignore[attr-defined]


def _methods(names: tuple[str, ...], defaults: tuple[Any, ...], puts: dict[str, Any]) -> dict[str, Any]:
    initialise, values = _compiled(names, puts)
    initialise.__defaults__ = defaults

    def __eq__(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    def __reduce__(self: Any) -> tuple[Any, ...]:
        return type(self), values(self)

    made = {"__init__": initialise, "__eq__": __eq__, "__hash__": __hash__, "__reduce__": __reduce__, "__repr__": _repr}
    fixed = {"__slots__": names, "__match_args__": names, "__setattr__": _refuse, "__delattr__": _refuse}
    return {**made, **fixed}


def _compiled(names: tuple[str, ...], puts: dict[str, Any]) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return ``__init__``, which sets a field by its own ``put_…`` of ``puts``, and what takes the fields out."""
    parts = [
        f"def __init__({', '.join(('self', *names))}):",
        *(f" put_{name}(self, {name})" for name in names),
        " return None",
        f"def values(self): return ({''.join(f'self.{name}, ' for name in names)})",
    ]
    exec("\n".join(parts), puts)
    return puts["__init__"], puts["values"]


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, *_: object) -> NoReturn:
    raise AttributeError(f"{type(self).__name__}.{name} does not change")
