"""Settings of the test run: no property fails for taking long; on CI all are tried on the same examples every time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("project", derandomize=bool(os.environ.get("CI")), deadline=None)
settings.load_profile("project")
