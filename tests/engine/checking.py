"""Holds a compiled network against the reference: values of every layer, and derivatives along random directions."""

from __future__ import annotations

from typing import Any

import numpy as np

import convdsl
from convdsl.engine import Model
from tests.engine.reference import forward

TOLERANCE = 2e-4


def excited(net: Any, images: int = 3, seed: int = 0, **options: Any) -> tuple[Model, np.ndarray, Any]:
    """A model whose weights are all away from their beginnings, with images and labels."""
    rng = np.random.default_rng(seed)
    model = Model(net, batch=images + 1, seed=seed, **options)
    weights = {n: w + 0.2 * rng.standard_normal(w.shape).astype(np.float32) for n, w in model.weights.items()}
    model.load_weights({**weights, **moved(model, rng)})
    x = rng.standard_normal((images, *net.input)).astype(np.float32)
    return model, x, labels_of(net, images, rng)


def labels_of(net: Any, images: int, rng: np.random.Generator) -> Any:
    """A class for each image; of several outputs, for each of them."""
    found = {o.name: rng.integers(0, net.report[o.node].output[-1], images) for o in net.outputs}
    return found if len(found) > 1 else next(iter(found.values()))


def exits_with(net: Any, labels: Any) -> list[tuple[int, float, Any]]:
    """The exits, with weights and labels; behind an `output` without braces, what it gives the name to."""
    named = isinstance(labels, dict)
    passed = {n.index: n.inputs[0] for n in net.nodes if n.text.startswith("output ")}
    outputs = [(passed.get(o.node, o.node), 1.0, labels[o.name] if named else labels) for o in net.outputs]
    return [*outputs, *((n.index, float(n.exit), labels) for n in net.nodes if n.exit is not None)]


def moved(model: Model, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Running statistics as they are after a while: means away from 0, variances from 1."""
    return {
        n: (rng.uniform(0.5, 2, b.shape) if n.endswith("var") else b + 0.2 * rng.standard_normal(b.shape)).astype("f4")
        for n, b in model.buffers.items()
    }


def loss(net: Any, weights: dict[str, np.ndarray], x: np.ndarray, labels: Any) -> float:
    """Mean cross-entropy in training mode, side exits with their weights; a last softmax counts once."""
    values = forward(net, weights, x.astype(np.float64), training=True)
    result = 0.0
    for index, weight, right in exits_with(net, labels):
        z = values[index].reshape(len(x), -1)
        node = net.nodes[index - 1]
        if node.op == "softmax" or (node.activation is not None and node.activation.name == "softmax"):
            z = np.log(z)
        z = z - z.max(1, keepdims=True)
        result -= weight * (z[np.arange(len(x)), right] - np.log(np.exp(z).sum(1))).mean()
    return result


def check(text: str, **options: Any) -> None:
    """Raises AssertionError where the compiled network and the reference disagree."""
    net = convdsl.parse(text)
    model, x, labels = excited(net, **options)
    weights = {n: w.astype(np.float64) for n, w in {**model.weights, **model.buffers}.items()}
    for index, expected in enumerate(forward(net, weights, x.astype(np.float64))):
        if index:
            close(model.activations(x, index), expected, f"{text}: layer {index}")
    values, predicted = forward(net, weights, x.astype(np.float64)), model.predict(x)
    for output in net.outputs:
        one = predicted[output.name] if isinstance(predicted, dict) else predicted
        close(one, values[output.node], f"{text}: prediction {output.name}")
    if any(node.op in ("dropout", "droppath") for node in net.nodes):
        return  # the reference has none; see test_model.py
    gradients = model.gradients(x, labels)
    rng = np.random.default_rng(1)
    scale = max((float(np.abs(g).max()) for g in gradients.values()), default=1.0)
    for name, gradient in gradients.items():
        direction = rng.choice([-1.0, 1.0], gradient.shape)
        step = 1e-6
        ahead = loss(net, {**weights, name: weights[name] + step * direction}, x, labels)
        behind = loss(net, {**weights, name: weights[name] - step * direction}, x, labels)
        expected = (ahead - behind) / (2 * step)
        found = float((gradient.astype(np.float64) * direction).sum())
        allowed = TOLERANCE * max(abs(expected), scale) + 1e-6
        assert abs(found - expected) <= allowed, f"{text}: {name} along a direction: {found}, expected {expected}"


def close(found: np.ndarray, expected: np.ndarray, what: str) -> None:
    error = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-3)
    assert found.shape == expected.shape and error < TOLERANCE, f"{what}: relative error {error:.2e}"
