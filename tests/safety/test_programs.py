"""Hostile programs: each has its answer, in ten seconds and a gigabyte, without a traceback (tests/fuzz.py says what is asked).

`CONVDSL_PROGRAMS` sets how many there are (100,000; short ones, so that it takes a minute and a half on two cores).
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.fuzz import MEGABYTES, SECONDS, answer, outcomes

PROGRAMS = int(os.environ.get("CONVDSL_PROGRAMS", "100000"))


def test_short_programs() -> None:
    found = list(outcomes(PROGRAMS, seed=1, jobs=os.cpu_count() or 1, short=True, every=20))
    assert not [wrong for outcome in found for wrong in outcome.wrong]
    assert sum(outcome.count for outcome in found) == PROGRAMS
    assert max(outcome.seconds for outcome in found) < SECONDS
    assert max(outcome.megabytes for outcome in found) < MEGABYTES


def test_programs_of_all_lengths() -> None:
    found = list(outcomes(max(1000, PROGRAMS // 100), seed=2, jobs=os.cpu_count() or 1))
    assert not [wrong for outcome in found for wrong in outcome.wrong]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such alarm")
def test_what_hangs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm rings, and a traceback is a complaint: otherwise nothing would be tested."""

    def hang(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.complaint", hang)
    assert "takes longer" in (answer("input 3x3x1", seconds=0.05) or "")
    monkeypatch.setattr("tests.fuzz.complaint", lambda *_: 1 // 0)
    assert "ZeroDivisionError" in (answer("input 3x3x1") or "")
