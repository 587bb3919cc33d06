"""All special forms by name: importing this module fills the table."""

from __future__ import annotations

from . import choices, lambdas, pivot_data, pivoting, reference_forms, services, subtotals, trimming
from .forms import FORMS

__all__ = [
    "FORMS",
    "NAMES",
    "choices",
    "lambdas",
    "pivot_data",
    "pivoting",
    "reference_forms",
    "services",
    "subtotals",
    "trimming",
]

NAMES = frozenset(FORMS)
