"""The solver against trying all values: 1,000 random programs, or as many as CONVDSL_TRIALS says."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from convdsl.solver import solve
from convdsl.source import Source
from tests.solver.random_programs import contradiction, trial

TRIALS = int(os.environ.get("CONVDSL_TRIALS", "1000"))
PER_TEST = 50
BOX, SCATTERED = 64, 32
"""Values that are tried for each program: all small ones, and some beyond."""


@pytest.mark.parametrize("first", range(0, TRIALS, PER_TEST))
def test_the_answer_is_what_trying_all_values_gives(first: int) -> None:
    unproven = unsolvable = 0
    for seed in range(first, first + PER_TEST):
        asked = trial(seed)
        answer = solve(Source(asked.text), strict=asked.strict)
        assert not answer.diagnostics, asked.text
        wrong = contradiction(answer, asked, BOX, SCATTERED)
        assert wrong is None, f"seed {seed}: {wrong}\n{asked.text}\n{answer}"
        unproven += not answer.complete
        unsolvable += not answer.solutions
    assert unproven <= PER_TEST // 25, "nearly all programs are solved to the end"
    assert unsolvable <= PER_TEST // 5, "most of them have an answer"


def test_the_programs_have_everything_in_them() -> None:
    texts = [trial(seed).text for seed in range(300)]
    for part in (
        "(A)",
        "(A)x(A)",
        "(?K)",
        "s(?S)",
        "p(?P)",
        "?F",
        "g(?G)",
        "p same",
        "ceil",
        "d2",
        "add {",
        "concat {",
        "crop",
        "pad",
        "tconv",
        "upsample",
        "local",
        "dwconv",
        "expect params",
        "expect macs",
        "expect rf",
        "expect flops",
        "<=",
        ">=",
        "expect layer",
    ):
        assert any(part in text for text in texts), part
    assert set(Counter(len(trial(seed).unknowns) for seed in range(300))) == {1, 2, 3}
    assert any(trial(seed).strict for seed in range(100))
