"""The lesson workbooks and their torch twins."""

from __future__ import annotations
