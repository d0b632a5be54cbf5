"""What holds for all answers, written down: choices inside of what follows from others."""

from __future__ import annotations

import pytest

from convdsl.solver import solve
from convdsl.source import Source


@pytest.mark.parametrize(
    "program",
    ["flatten positions", "flatten positions -> relu", "input HxWxC -> flatten positions -> conv 2 k3",
     "input 1xNxC -> flatten positions", "flatten -> dense 2", "pixelshuffle 2", "input HxWx1 -> transpose -> flatten positions"],
)  # fmt: skip
@pytest.mark.parametrize("strict", [False, True])
def test_a_condition_is_written(program: str, strict: bool) -> None:
    answer = solve(Source(program), strict=strict, seconds=5.0)
    assert answer.solutions
    if answer.family is not None:
        for found in answer.solutions:
            assert eval(str(answer.family), {}, {str(n): v for n, v in found.items()}), found
