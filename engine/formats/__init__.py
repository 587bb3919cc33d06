"""Number formats: what TEXT gives for a value and a format code such as ``#,##0.00;[Red](0)``, in US English.

``codes`` takes a format apart, ``digits`` lays out numbers, ``calendar`` dates and times, ``render`` chooses the
section.
"""

from __future__ import annotations

from .render import format_value

__all__ = ["format_value"]
