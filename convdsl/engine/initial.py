"""Weights to start from."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from convdsl.engine.plan import Parameter
from convdsl.layers.activation import Activation
from convdsl.network.graph import Node
from convdsl.network.view import NetView


def initial_weights(
    net: NetView, parameters: dict[str, Parameter], seed: int, scheme: str | None = None
) -> dict[str, np.ndarray]:
    """Weights by name, in the public layout, from a seed; biases are zero.

    `scheme` is "he" (normal, variance 2/fan-in; He and others, 2015) or "glorot" (uniform, variance 2/(fan-in + fan-out);
    Glorot and Bengio, 2010); None takes He where a rectifier follows, else Glorot.
    """
    generator = np.random.default_rng(seed)
    result = {}
    for name, parameter in parameters.items():
        index, role = int(name.split(".")[0]), name.rsplit(".", 1)[1]
        if parameter.value is not None:
            value = np.broadcast_to(np.asarray(parameter.value, np.float32), parameter.shape)
            result[name] = np.array(value, np.float32)
        elif role == "bias":
            result[name] = np.zeros(parameter.shape, np.float32)
        else:
            result[name] = _draw(generator, net, net.nodes[index - 1], parameter.shape, scheme)
    return result


def _draw(
    generator: np.random.Generator, net: NetView, node: Node, shape: tuple[int, ...], scheme: str | None
) -> np.ndarray:
    fan_in, fan_out = _fans(node, shape)
    he = scheme == "he" or (scheme is None and _rectified(net, node))
    if he:
        return (generator.standard_normal(shape) * sqrt(2 / fan_in)).astype(np.float32)
    limit = sqrt(6 / (fan_in + fan_out))
    return generator.uniform(-limit, limit, shape).astype(np.float32)


def _fans(node: Node, shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs of an output, and outputs that an input reaches (the stride left aside)."""
    if node.op == "local":
        rank = len(shape) // 2 - 1
        window = prod(shape[rank + 2 :])
        return shape[rank + 1] * window, shape[rank] * window
    window = prod(shape[2:])
    groups = getattr(node.layer, "g", 1) if node.op in ("conv", "tconv") else 1
    if node.op == "tconv":
        return shape[0] // groups * window, shape[1] * window
    return shape[1] * window, shape[0] // groups * window


def _rectified(net: NetView, node: Node) -> bool:
    """Whether the first activation that the output meets, before other weights, is a rectifier."""
    while node.activation is None:
        following = [n for n in net.nodes if node.index in n.inputs]
        layer = following[0].layer if following else None
        if layer is None or layer.weighs:
            return False
        if isinstance(layer, Activation):
            return layer.rectifier
        node = following[0]
    return node.activation.rectifier
