"""Write docs/functions.md from the declarations: ``make docs``, or ``python docs/functions_table.py``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sheetgrad.engine.functions import Function, load_all
from sheetgrad.engine.functions.declare import Parameter

TARGET = Path(__file__).with_name("functions.md")

HEAD = """\
# Functions

{count} functions, by the module that declares them. This page is made from the declarations (`make docs`); a test holds
it to them.

*Shape* is what the body works on: **elementwise** and **reduction** functions take whole fills at once, with any number
of leading axes; **lookup** functions take a vector of keys against a table; **array** functions take whole arrays;
**scalar** functions are called once a cell; **special** ones are known to the evaluators by name (lazy, by reference,
or with lambdas). Volatile functions are marked with *v*. Arguments in brackets may be left out; `…` means that what
stands before it repeats.
"""


def page(functions: Mapping[str, Function]) -> str:
    """Return the whole page."""
    modules: dict[str, list[Function]] = {}
    for name in sorted(functions):
        function = functions[name]
        modules.setdefault(function.body.__module__.rpartition(".")[2], []).append(function)
    parts = [HEAD.format(count=len(functions))]
    for module in sorted(modules):
        parts.append(f"\n## {module.replace('_', ' ')}\n\n| function | shape | what it gives |\n|---|---|---|\n")
        parts += [row(function) for function in modules[module]]
    return "".join(parts)


def row(function: Function) -> str:
    """Return a function's row of the table."""
    mark = " *v*" if function.volatile else ""
    return f"| `{signature(function)}`{mark} | {function.shape} | {summary(function)} |\n"


def signature(function: Function) -> str:
    """Return a function's name and arguments as Excel's help spells them."""
    own = [parameter for parameter in function.parameters if parameter.marker != "context"]
    return f"{function.name}({', '.join(map(_argument, own))})"


def summary(function: Function) -> str:
    """Return the first paragraph of a body's docstring as one line of a table."""
    text = (function.body.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


def _argument(parameter: Parameter) -> str:
    if parameter.repeats:
        return f"{parameter.name}, …"
    return parameter.name if parameter.required else f"[{parameter.name}]"


if __name__ == "__main__":
    TARGET.write_text(page(load_all()))
