"""Reasoning that has an end: what grows in one piece, where nobody looks at the clock."""

from __future__ import annotations

import time

import pytest

from convdsl.engine import EngineError
from convdsl.engine.cpu.target import detect
from convdsl.network import analyse
from convdsl.solver import solve
from convdsl.solver.deadline import ended_after
from convdsl.solver.points import OutOfTime
from convdsl.source import Source

STRIDES = "input NxMxC\n" + "conv A*B k F s S p P -> maxpool K s T\n" * 30


def test_the_end_comes_wherever_python_is() -> None:
    for _ in range(20):
        with pytest.raises(OutOfTime), ended_after(0.02):
            while True:
                pass
        with ended_after(0.02):
            pass
    time.sleep(0.1)  # nothing is on its way any more


def test_solve_keeps_its_time() -> None:
    begun = time.process_time()
    answer = solve(Source(STRIDES), seconds=1.0)
    assert not answer.complete and "time" in str(answer.reason)
    assert time.process_time() - begun < 4


def test_squares_of_squares_are_refused_in_time() -> None:
    blocks = "".join(f"block b{n}(X) {{ b{n - 1}(X*X+N) }}\n" for n in range(1, 19))
    begun = time.process_time()
    found = analyse(Source("input NxNxN\nblock b0(X) { conv X k1 }\n" + blocks + "b18(N)\n"))
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["E310"]
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("lanes", ["banana", "0", "-8", "7", "16 ", "1e9"])
def test_lanes_are_4_8_or_16(lanes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVDSL_LANES", lanes)
    with pytest.raises(EngineError, match="CONVDSL_LANES is 4, 8 or 16"):
        detect()
