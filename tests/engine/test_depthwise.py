"""Depthwise filters in register tiles, against an independent opinion."""

from __future__ import annotations

import pytest

from tests.engine.agreement import faults


@pytest.mark.parametrize(
    "text",
    [
        "input 7x19x16 -> add { dwconv k3 p1 | dwconv k5 p2 } -> dwconv k2 s3 relu -> dwconv k3 p2 d2 nobias -> gap -> dense 3",
        "input 5x6x32 -> add { dwconv k1 | identity } -> dwconv k3 s2 p1 tanh -> gap -> dense 3",
    ],
)
def test_channels_that_fill_vectors(text: str) -> None:
    assert not faults(text)
