"""Normalisations and sums that the product before them does at inference: that there are some, that they are the same, and that
they go with the weights."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.plan import Target, plan
from tests.engine import rewritten
from tests.engine.agreement import without
from tests.engine.checking import excited

PROGRAMS = [
    "input 6x6x16 -> conv 32 k3 p1 nobias -> bn relu -> residual { conv 16 k1 relu -> conv 32 k3 p1 -> bn } relu -> gap -> dense 3",
    "input 7x5x3 -> conv 8 k3 s2 -> bn relu6 -> add { conv 5 k1 -> bn | conv 5 k3 p1 } relu -> gap -> dense 3",
    "input 9x9x3 -> conv 16 k3 -> bn tanh -> dwconv k3 s2 p1 -> bn relu -> dwconv k3 m2 -> bn -> conv 6 k1 -> gap -> dense 3",
    "input 5x5x3 -> conv 20 k1 -> dwconv k3 p1 nobias -> bn relu -> tconv 7 k3 s2 -> bn relu -> gap -> dense 3",
    "input 6x6x8 -> conv 8 k3 p1 g2 -> bn -> add { identity | conv 8 k1 | conv 8 k3 p1 } -> bn relu -> gap -> dense 3",
    "input 6x6x4 -> conv 8 k3 -> add { identity | flatten -> reshape 4x4x8 | conv 8 k1 -> bn } -> bn -> gap -> dense 3",
    "input 12x3 -> conv 16 k3 -> bn relu -> residual { conv 16 k3 p1 -> bn } -> gap -> dense 3",
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_folded_products_compute_the_same(text: str) -> None:
    assert not rewritten.faults(text)


@pytest.mark.parametrize("text", PROGRAMS[1:4])
def test_so_do_their_kernels(text: str) -> None:
    model, x, _ = excited(convdsl.parse(text))
    plain = Model(model.net, batch=model.batch, device="plain")
    plain.load_weights({**model.weights, **model.buffers})
    assert np.allclose(model.predict(x), plain.predict(x), atol=1e-5)


def kinds(text: str, target: Target) -> list[str]:
    return [step.kind for step in plan(convdsl.parse(text), 4, Optimizer("sgd"), target).inference.steps]


def test_what_is_folded() -> None:
    found = [kinds(text, Target()) for text in PROGRAMS]
    assert not any("bn_apply" in steps for steps in (*found[:4], found[6]))
    assert "sum" not in found[0] + found[1]
    assert "bn_apply" in found[4] and "sum" in found[5]  # behind a sum; and where a reshape is another name
    assert "sum" in found[6]  # its window reads what it would write
    with without("folding"):
        assert "bn_apply" in kinds(PROGRAMS[0], Target()) and "sum" in kinds(PROGRAMS[0], Target())


def test_a_value_that_is_wanted_stays() -> None:
    text = "input 6x6x3 -> conv 8 k3 -> bn relu -> residual { conv 8 k1 -> bn } relu -> gap -> dense 3"
    model, x, _ = excited(convdsl.parse(text))
    plain = Model(model.net, batch=model.batch, device="plain")
    plain.load_weights({**model.weights, **model.buffers})
    for layer in range(len(model.net.nodes) + 1):
        assert np.allclose(model.activations(x, layer), plain.activations(x, layer), atol=1e-5), layer


def test_nothing_goes_stale() -> None:
    """Weights from outside, steps of training and predictions by turns, on the CPU and in NumPy."""
    net = convdsl.parse(
        "input 6x6x16 -> conv 16 k3 p1 nobias -> bn relu -> freeze { conv 16 k3 p1 -> bn relu } "
        "-> residual { dwconv k3 p1 -> bn relu -> conv 16 k1 -> bn } -> gap -> dense 3"
    )
    models = [Model(net, batch=6, device=device, seed=0) for device in ("cpu", "plain")]
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, *net.input)).astype(np.float32), np.arange(6) % 3
    others = [convdsl.engine.Model(net, batch=6, seed=seed) for seed in (1, 2)]
    for turn in range(4):
        predicted = [model.predict(x) for model in models]
        assert np.allclose(*predicted, atol=2e-5), turn
        for model in models:
            model.train_step(x, labels, 0.05)
        predicted = [model.predict(x) for model in models]
        assert np.allclose(*predicted, atol=2e-5), turn
        if turn % 2:
            moved = {n: a + np.float32(0.1 * turn) for n, a in others[turn // 2].buffers.items()}
            for model in models:
                model.load_weights({**others[turn // 2].weights, **moved})
