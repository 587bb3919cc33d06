"""Two thousand mutants of good workbooks through the command line: no traceback, no hang, nothing half done."""

from __future__ import annotations

import os
import signal

import pytest

from tests.mutants import Mutator, faults

COUNT = int(os.environ.get("SHEETGRAD_MUTANTS", "2000"))  # more of them by a greater number


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="the system has no alarm to stop what hangs")
@pytest.mark.parametrize("seed", range(4))
def test_mutants_are_dealt_with(seed: int) -> None:
    assert [(number, fault) for number, _, fault in faults(COUNT // 4, seed)] == []


def test_a_seed_makes_the_same_mutants() -> None:
    one, same, other = Mutator(5), Mutator(5), Mutator(6)
    mutants = [one.mutant() for _ in range(20)]
    assert mutants == [same.mutant() for _ in range(20)]
    assert mutants != [other.mutant() for _ in range(20)]
