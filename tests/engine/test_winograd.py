"""Convolutions with fewer multiplications, against those with all of them."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.plan import Target, plan, weighted
from convdsl.engine.plan.transforms import matrices
from convdsl.engine.plan.winograd import Shares, Tiles, Transformed
from tests.engine.agreement import differences, results, without
from tests.engine.checking import excited

PROGRAMS = [
    "input 4x4x3 -> conv 16 k3 p1 relu -> conv 32 k3 p1 -> gap -> dense 3",
    "input 4x4x16 -> conv 16 k3 p same relu -> conv 48 k3 p1 nobias -> bn relu -> gap -> dense 4",
    "input 6x6x4 -> conv 16 k1 -> conv 32 k3 relu -> maxpool 2 -> dense 4",
    "input 5x5x3 -> conv 16 k1 -> conv 80 k3 p1 relu -> maxpool 2 -> dense 4",
    "input 4x4x3 -> conv 16 k1 -> add { conv 16 k3 p1 | identity | conv 16 k3 p1 -> tanh } -> gap -> dense 3",
    "input 9x14x16 -> conv 16 k3 p1 relu -> conv 32 k3 p1 -> gap -> dense 3",  # 4x4, the last tiles smaller, several bands
    "input 12x10x16 -> conv 48 k3 p1 relu -> maxpool 2 -> dense 3",  # 4x4, pooled
    "input 11x9x16 -> conv 16 k5 p2 relu -> maxpool 2 -> conv 16 k5 p2 -> gap -> dense 3",  # windows of 5x5
    "input 7x10x16 -> conv 32 k1 s2 relu -> conv 48 k1 tanh -> conv 16 k3 -> gap -> dense 3",  # and of 1x1
]


def tilings(model: Model) -> list[Tiles | Shares]:
    return [step.settings["winograd"] for step in model.plan.training.steps if "winograd" in step.settings]


def transformed(model: Model) -> set[str]:
    packs = ((name, p) for parameter in model.plan.parameters.values() for name, p in parameter.packs.items())
    return {name for name, pack in packs if isinstance(pack, Transformed)}


@pytest.mark.parametrize(("m", "r"), [(2, 3), (4, 3), (2, 5), (3, 4), (1, 1)])
def test_the_matrices_make_a_convolution(m: int, r: int) -> None:
    a, g, b = (np.array(matrix) for matrix in matrices(m, r))
    rng = np.random.default_rng(0)
    d, w = rng.standard_normal((m + r - 1, m + r - 1)), rng.standard_normal((r, r))
    wanted = [[(d[i : i + r, j : j + r] * w).sum() for j in range(m)] for i in range(m)]
    assert np.allclose(a @ ((g @ w @ g.T) * (b @ d @ b.T)) @ a.T, wanted)


@pytest.mark.parametrize("text", PROGRAMS)
def test_tiles_of_every_kind_compute_the_same(text: str) -> None:
    with patch.object(weighted, "DEFERRED_TILES", 16):
        model, x, labels = excited(convdsl.parse(text))
    if model.plan.target.registers < 32:
        pytest.skip("it needs 32 vector registers")
    assert tilings(model)
    with without("winograd"):
        plain, _, _ = excited(convdsl.parse(text))
    assert not tilings(plain)
    assert not differences(results(model, x, labels), results(plain, x, labels), None)


def test_gradients_of_large_filters_are_made_of_tiles() -> None:
    net = convdsl.parse("input 7x8x3 -> conv 64 k1 relu -> conv 64 k3 p1 relu -> conv 64 k3 s2 -> gap -> dense 3")
    steps = plan(net, 4, Optimizer("sgd"), Target()).training.steps
    found = {step.node: step.settings.get("winograd") for step in steps if step.kind == "correlate"}
    assert isinstance(found[2], Shares) and found[1] is None and found[3] is None
    assert plan(net, 4, Optimizer("sgd"), Target(8, 16)).training.steps


def test_errors_stay_small() -> None:
    """Against float64: with the good points 4x4 outputs err by less than three times what all products do."""
    net = convdsl.parse("input 16x16x64 -> conv 64 k3 p1")
    error = []
    for off in ("", "winograd"):
        with without(off):
            model, x, _ = excited(net)
            found = model.predict(x)
        padded, w = (
            np.pad(x.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0))),
            model.weights["1.conv.weight"].astype(float),
        )
        wanted = sum(padded[:, i : i + 16, j : j + 16] @ w[:, :, i, j].T for i in range(3) for j in range(3))
        error.append(float(np.abs(found - wanted - model.weights["1.conv.bias"]).max()))
    assert error[0] < 3 * error[1]


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x16 -> conv 16 k3 s2 p1 -> dense 3",
        "input 8x8x16 -> conv 16 k7 p3 -> dense 3",
        "input 8x8x16 -> conv 16 k3 p2 d2 -> dense 3",
        "input 8x8x16 -> conv 32 k3 p1 g2 -> dense 3",
        "input 3x3x16 -> conv 16 k3 -> dense 3",
        "input 8x8x3 -> conv 16 k3 p1 -> dense 3",
    ],
)
def test_other_convolutions_go_the_plain_way(text: str) -> None:
    assert not transformed(Model(convdsl.parse(text), batch=4))
