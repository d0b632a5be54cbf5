"""How much an answer changes with the values of a layer: the same as differences of the reference, for every layer and on
every device, as at inference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.engine import BadInput, Model
from convdsl.engine.sensitivity import tapped
from convdsl.layers import LAYERS
from tests.engine.checking import excited
from tests.engine.reference import forward

BRANCHED = """input 8x8x2
conv 4 k3 tanh
residual drop=0.3 { conv 4 k3 p1 nobias -> bn relu -> dropout 0.5 }
concat { identity | maxpool 3 s1 p1 }
aux 0.3 { globalavgpool -> dense 3 softmax }
globalavgpool
dense 3 softmax"""


def close(found: float, wanted: float, scale: float, what: str) -> None:
    assert abs(found - wanted) <= 1e-3 * max(abs(wanted), scale), (what, found, wanted)


def differences(model: Model, x: np.ndarray, answer: int, layer: int, of: int | None = None) -> None:
    """The gradient along a direction beside the difference of the reference's values, in float64."""
    found = model.sensitivity(x, answer, layer, of=of)
    view = tapped(model.net, layer, of)
    assert found.shape == (len(x), *(model.net.input if layer == 0 else model.net.report.shape(layer)))
    weights = {n: w.astype(np.float64) for n, w in view.weights({**model.weights, **model.buffers}).items()}
    direction = np.random.default_rng(1).standard_normal(found.shape[1:])

    def values(by: float) -> np.ndarray:
        moved = {**weights, view.tap: (by * direction).reshape(-1)}
        out = forward(view, moved, x.astype(np.float64))[view.output]
        return out.reshape(len(x), -1, out.shape[-1])[..., answer].sum(1)

    step = 1e-6
    wanted = (values(step) - values(-step)) / (2 * step)
    along = (found * direction).reshape(len(x), -1).sum(1)
    scale = float(np.abs(found).mean()) * direction.size**0.5 + 1e-4
    for one, other in zip(along, wanted, strict=True):
        close(float(one), float(other), scale, f"layer {layer}")


def _program(layer: Any) -> str:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    return f"{head}{layer.example}\ndense 3 softmax"


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_through_every_layer(layer: Any) -> None:
    net = convdsl.parse(_program(layer))
    model, x, _ = excited(net, device="plain")
    for number in (0, 1):
        differences(model, x, 2, number)


@pytest.mark.parametrize("device, layers", [("plain", range(9)), ("cpu", (0, 2, 5))])
def test_in_a_network_with_branches(device: str, layers: Any) -> None:
    net = convdsl.parse(BRANCHED)
    model, x, _ = excited(net, device=device)
    for layer in layers:
        if net.nodes[layer - 1].exit is None:
            differences(model, x, 1, layer)
    differences(model, x, 0, 1, of=3)


def test_the_scores_are_those_of_the_network() -> None:
    net = convdsl.parse(BRANCHED)
    model, x, _ = excited(net, device="plain")
    view = tapped(net, 2)
    weights = view.weights({**model.weights, **model.buffers})
    scores = forward(view, weights, x)[view.output]
    powers = np.exp(scores - scores.max(1, keepdims=True))
    assert np.allclose(powers / powers.sum(1, keepdims=True), model.predict(x), atol=1e-5)


@pytest.mark.parametrize("end", ["dense 3 sigmoid", "dense 3", "dense 3 -> softmax", "dense 3 tanh"])
def test_scores_are_what_goes_into_a_softmax_or_a_sigmoid(end: str) -> None:
    """For these the gradient by the last dense layer's input is its weights; a tanh counts as part of the answer."""
    net = convdsl.parse(f"input 4x4x1 -> conv 2 k3 -> flatten -> {end}")
    model, x, _ = excited(net, device="plain")
    weight = next(w for n, w in model.weights.items() if "dense" in n)
    found = model.sensitivity(x, [0, 1, 2], 2)
    slope = 1 - np.square(model.predict(x)[range(3), range(3)])[:, None] if "tanh" in end else 1.0
    assert np.allclose(found, slope * weight[[0, 1, 2]], rtol=1e-4, atol=1e-6)


def test_what_counts_can_be_said_by_numbers() -> None:
    net = convdsl.parse("input 5x5x1 -> conv 2 k3 -> conv 3 k1")
    model, x, _ = excited(net, device="plain")
    counts = np.zeros((3, 3, 3), np.float32)
    counts[1, 2, 0] = 2.5
    found = model.sensitivity(x, counts)
    seen = np.abs(found).sum((0, 3)) > 0
    assert np.array_equal(np.argwhere(seen).min(0), (1, 2)) and np.array_equal(np.argwhere(seen).max(0), (3, 4))
    each = np.stack([counts, 0 * counts, 2 * counts])
    assert np.allclose(model.sensitivity(x, each), found * np.array([1, 0, 2]).reshape(3, 1, 1, 1), atol=1e-5)


def test_rules_of_the_rectifier() -> None:
    """Two layers by hand: w2 decides what comes back, w1 whether the rectifier was open."""
    net = convdsl.parse("input 2 -> dense 3 nobias relu -> dense 1 nobias")
    model = Model(net, batch=2, device="plain")
    first = np.array([[1.0, 0], [-1, 0], [0, 1]], np.float32)
    model.load_weights({"1.dense.weight": first, "2.dense.weight": np.array([[-2.0, 3, 5]], np.float32)})
    x = np.array([[1.0, 2.0]], np.float32)  # open, shut, open
    assert np.allclose(model.sensitivity(x, 0), [[-2, 5]], atol=1e-5)
    assert np.allclose(model.sensitivity(x, 0, rule="guided"), [[0, 5]], atol=1e-5)
    assert np.allclose(model.sensitivity(x, 0, rule="deconv"), [[-3, 5]], atol=1e-5)


def test_it_changes_nothing() -> None:
    net = convdsl.parse(BRANCHED)
    model, x, labels = excited(net, device="plain")
    before = {**model.weights, **model.buffers}
    model.sensitivity(x, 0)
    assert all(np.array_equal(w, before[n]) for n, w in {**model.weights, **model.buffers}.items())
    assert model.train_step(x, labels, 0.1)


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((3,), "There is no answer 3: they are numbered from 0 to 2."),
        ((-1,), "There is no answer -1"),
        ((0, 99), "There is no layer 99; the last one is"),
        ((np.zeros(5),), "weights of 3; these are 5"),
    ],
)
def test_what_there_is_not_is_said(arguments: Any, said: str) -> None:
    net = convdsl.parse(BRANCHED)
    model, x, _ = excited(net, device="plain")
    with pytest.raises(BadInput, match=said.replace(".", r"\.")):
        model.sensitivity(x, *arguments)
    with pytest.raises(BadInput, match="`rule` is one of"):
        model.sensitivity(x, 0, rule="none")
    aux = next(n.index for n in net.nodes if n.exit is not None)
    with pytest.raises(BadInput, match=f"does not depend on the values of layer {aux}"):
        model.sensitivity(x, 0, aux)
