"""One contract for every layer of the language: declaration, reference, compiled kernels and numerical gradient agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.layers import LAYERS
from tests.engine.checking import check
from tests.engine.programs import PROGRAMS
from tests.engine.reference import forward
from tests.random_networks import networks


class Counted:
    """A number that counts the multiplications it takes part in."""

    multiplications = 0

    def __mul__(self, other: Any) -> Counted:
        Counted.multiplications += 1
        return self

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Counted:
        return self

    __radd__ = __add__


def _program(layer: Any) -> str:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    return f"{head}{layer.example}\ndense 3 softmax"


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_every_layer_computes_what_its_definition_says(layer: Any) -> None:
    check(_program(layer))


@pytest.mark.parametrize("text", PROGRAMS)
def test_every_option_computes_what_its_definition_says(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", [*networks(8, seed=3, most=600)])
def test_random_networks_agree_with_the_reference(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "layer", ["conv 6 k3 g2 p1 s2", "conv 3 k2 d2 nobias", "dwconv k3 m2", "local 2 k3", "dense 5", "filter gaussian"]
)
def test_macs_are_the_multiplications_that_the_reference_does(layer: str) -> None:
    net = convdsl.parse(f"input 7x6x4\n{layer}")
    one = np.frompyfunc(lambda _: Counted(), 1, 1)
    weights = {f"1.{net.nodes[0].op}.{role}": one(np.zeros(shape)) for role, shape in net.report[1].weights.items()}
    Counted.multiplications = 0
    forward(net, weights, one(np.zeros((1, 7, 6, 4))))
    outside = 0
    if "p1" in layer or "filter" in layer:  # `at` makes zeros of the padding by a product
        axes = net.nodes[0].layer.geometry((7, 6, 4))
        inside = 1
        for a in axes:
            inside *= sum(0 <= o * a.s + t * a.d - a.before < a.input for o in range(a.output) for t in range(a.k))
        taps = np.prod([a.output * a.k for a in axes])
        outside = int(taps - inside) * (6 * 2 if "conv" in layer else 4)
    assert Counted.multiplications - outside == net.report[1].macs
