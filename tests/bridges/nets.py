"""Networks with weights that no initial value hides, for the tests of the bridges."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.net import Net


def lively(net: Net, seed: int = 0) -> dict[str, Any]:
    """Weights and running statistics of a network by name, every one of them away from 0 and 1."""
    generator = np.random.default_rng(seed)
    found = {}
    for node in net.nodes:
        facts = net.report[node.index]
        for role, shape in {**facts.weights, **facts.buffer_shapes}.items() if not node.shared else ():
            value = generator.standard_normal(shape) * 0.4
            if role == "running_var" or (role == "weight" and node.op in ("bn", "ln", "in", "gn", "scale")):
                value = np.abs(value) + 0.5
            found[f"{node.index}.{node.op}.{role}"] = value.astype(np.float32)
    return found


def images(net: Net, count: int = 2, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, *map(int, net.input))).astype(np.float32)


def predicted(net: Net, weights: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """What the network answers, computed step by step in NumPy."""
    model = net.compile(batch=len(x), device="plain")
    model.load_weights(weights, strict=False)
    found = model.predict(x)
    return in_one(list(found.values())) if isinstance(found, dict) else np.asarray(found)


def in_one(answers: list[np.ndarray]) -> np.ndarray:
    """The answers of several outputs, all of an image in one row; of one, as they are."""
    if len(answers) == 1:
        return answers[0]
    return np.concatenate([one.reshape(len(one), -1) for one in answers], 1)


def difference(found: np.ndarray, right: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    assert found.shape == right.shape
    return float(np.abs(found - right).max() / max(np.abs(right).max(), 1e-3))


WRITTEN = ("elu", "hardsigmoid", "leaky_relu", "prelu", "relu6", "silu", "softmax")
"""Activations that the bridges write in more than a word."""


def wordless(layer: type[Layer], framework: str) -> bool:
    """Whether it is an activation that a framework has no word for, as its declaration says."""
    return issubclass(layer, Activation) and not getattr(layer, framework) and layer.name not in WRITTEN
