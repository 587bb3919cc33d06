"""Special forms that need what is not in the file: services, cubes, pictures from the web, programs beside Excel.

A formula that comes to one keeps the value that is stored for it, as one that reads another workbook does; so what
does not reach the call (``IF(A1="","",RTD(…))``) is computed. Without a stored value it is #CONNECT!.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .forms import FORMS
from .frames import Frame, Operand
from .functions.services import NAMES
from .syntax import Node

if TYPE_CHECKING:
    from .evaluation import Evaluation


class Withheld(Exception):
    """A formula needs what is not in the file."""


def _withheld(evaluation: Evaluation, arguments: tuple[Node, ...], frame: Frame) -> Operand:
    raise Withheld


FORMS.update(dict.fromkeys(NAMES, _withheld))
