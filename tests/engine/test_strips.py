"""A first convolution and its dense layer in strips, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

import convdsl
from convdsl.engine import Model
from convdsl.engine.plan import strips
from tests.engine.checking import check, close, excited

PROGRAMS = [
    "input 10x8x1 -> conv 32 k3 relu -> dense 10 softmax",
    "input 8x8x3 -> conv 24 k3 p same tanh -> dense 20 relu -> dense 3",
    "input 9x9x2 -> conv 20 k2 nobias -> dense 100 nobias -> dense 3",
    "input 17x18x1 -> conv 20 k3 s2 relu -> dense 5",
    "input 10x10x2 -> freeze { conv 20 k3 relu } -> dense 4",
    "input 10x10x2 -> conv 20 k3 relu -> freeze { dense 6 } -> dense 4",
    "input 10x8x1 -> conv 32 k3 tanh -> conv 5 k8x6 relu -> dense 3",
]


def cut(model: Model) -> set[int]:
    return {region.strips for region in model.plan.training.regions} - {0}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "LARGE", 1 << 10)


@pytest.mark.parametrize("text", PROGRAMS)
@pytest.mark.usefixtures("small")
def test_strips_compute_what_the_layers_say(text: str) -> None:
    assert cut(Model(convdsl.parse(text), batch=4))
    check(text)


def test_the_convolution_in_front_can_be_looked_at_alone() -> None:
    """There it is no strip, and would take Winograd's way, for which there are no weights."""
    net = convdsl.parse("input 36x36x16 -> conv 32 k3 p1 relu -> dense 3")
    model, x, _ = excited(net)
    assert cut(model)
    plain = Model(net, batch=4, device="plain")
    plain.load_weights(model.weights)
    close(model.activations(x, 1), plain.activations(x, 1), "layer 1")


def test_many_images_and_a_ragged_last_block(monkeypatch: pytest.MonkeyPatch) -> None:
    net = convdsl.parse(PROGRAMS[0])
    found = []
    for large in (1 << 10, 1 << 40):
        monkeypatch.setattr(strips, "LARGE", large)
        model, x, labels = excited(net, images=37)
        found.append({"y": model.predict(x), **model.gradients(x, labels)})
        assert bool(cut(model)) == (large == 1 << 10)
    for name, expected in found[1].items():
        close(found[0][name], expected, name)


@pytest.mark.usefixtures("small")
def test_any_number_of_threads_gives_the_same_bytes() -> None:
    net = convdsl.parse(PROGRAMS[0])
    results = []
    for threads in (1, 2):
        model, x, labels = excited(net, images=20, threads=threads)
        model.train_step(x, labels, 0.1)
        results.append(model.weights)
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


@pytest.mark.parametrize(
    "text",
    [
        "input 18x20x1 -> conv 64 k3 relu -> maxpool 2 -> dense 10",
        "input 18x20x1 -> conv 2 k1 -> conv 64 k3 relu -> dense 10",
        "input 18x20x1 -> conv 64 k3 relu -> concat { dense 4 | dense 6 }",
        "input 8x8x1 -> conv 64 k3 relu -> dense 10",
    ],
)
def test_other_networks_are_not_cut_into_strips(text: str) -> None:
    assert not cut(Model(convdsl.parse(text), batch=4))
