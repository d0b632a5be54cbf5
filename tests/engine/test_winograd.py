"""3x3 convolutions with fewer multiplications, against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model
from convdsl.engine.plan.winograd import Transformed
from tests.engine.checking import check, close, excited

PROGRAMS = [
    "input 4x4x3 -> conv 16 k3 p1 relu -> conv 32 k3 p1 -> gap -> dense 3",
    "input 4x4x16 -> conv 16 k3 p same relu -> conv 48 k3 p1 nobias -> bn relu -> gap -> dense 4",
    "input 6x6x4 -> conv 16 k1 -> conv 32 k3 relu -> maxpool 2 -> dense 4",
    "input 5x5x3 -> conv 16 k1 -> conv 80 k3 p1 relu -> maxpool 2 -> dense 4",
    "input 4x4x3 -> conv 16 k1 -> add { conv 16 k3 p1 | identity | conv 16 k3 p1 -> tanh } -> gap -> dense 3",
]


def transformed(model: Model) -> set[str]:
    packs = ((name, p) for parameter in model.plan.parameters.values() for name, p in parameter.packs.items())
    return {name for name, pack in packs if isinstance(pack, Transformed)}


@pytest.mark.parametrize("text", PROGRAMS)
def test_winograd_computes_what_the_layer_says(text: str) -> None:
    model = Model(convdsl.parse(text), batch=4)
    if model.plan.target.registers < 32:
        pytest.skip("it needs 32 vector registers")
    assert transformed(model)
    check(text)


def test_errors_stay_as_small_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    net = convdsl.parse("input 16x16x64 -> conv 64 k3 p1 -> conv 64 k3 p1")
    found: list[Any] = []
    for most in (1 << 14, 0):
        monkeypatch.setattr("convdsl.engine.plan.winograd.MOST_WEIGHTS", most)
        model, x, _ = excited(net)
        found.append(model.predict(x))
        assert bool(transformed(model)) == (most > 0 and model.plan.target.registers >= 32)
    assert np.abs(found[0] - found[1]).max() < 2e-6 * np.abs(found[1]).max() * 4
    close(found[0], found[1], "both ways")


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x16 -> conv 16 k3 s2 p1 -> dense 3",
        "input 8x8x16 -> conv 16 k5 p2 -> dense 3",
        "input 8x8x16 -> conv 16 k3 p2 d2 -> dense 3",
        "input 8x8x16 -> conv 32 k3 p1 g2 -> dense 3",
        "input 7x7x16 -> conv 16 k3 p1 -> dense 3",
        "input 8x8x3 -> conv 16 k3 p1 -> dense 3",
    ],
)
def test_other_convolutions_go_the_plain_way(text: str) -> None:
    assert not transformed(Model(convdsl.parse(text), batch=4))
