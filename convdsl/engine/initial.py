"""Weights to start from: how they are spread, which needs no NumPy, and the draw."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any, NamedTuple

from convdsl.engine.plan.values import Parameter
from convdsl.layers.activation import Activation
from convdsl.network.graph import Node
from convdsl.network.view import NetView


class Spread(NamedTuple):
    """Random numbers around 0: normal ones with this standard deviation, or uniform ones up to this limit."""

    kind: str
    width: float


def beginning(net: NetView, parameter: Parameter, scheme: str | None = None) -> Spread | Any:
    """How a parameter's numbers are spread before the first step; or what all of them are, a number, or an array.

    `scheme` is "he" (normal, variance 2/fan-in; He and others, 2015) or "glorot" (uniform, variance 2/(fan-in + fan-out);
    Glorot and Bengio, 2010); None takes He where a rectifier follows, else Glorot. Biases are zero.
    """
    index, role = int(parameter.name.split(".")[0]), parameter.name.rsplit(".", 1)[1]
    if parameter.value is not None:
        return parameter.value
    if role == "bias":
        return 0.0
    node = net.nodes[index - 1]
    fan_in, fan_out = _fans(node, parameter.shape)
    if scheme == "he" or (scheme is None and _rectified(net, node)):
        return Spread("normal", sqrt(2 / fan_in))
    return Spread("uniform", sqrt(6 / (fan_in + fan_out)))


def initial_weights(
    net: NetView, parameters: dict[str, Parameter], seed: int, scheme: str | None = None
) -> dict[str, Any]:
    """Arrays by name, float32, in the public layout, from a seed (see `beginning`)."""
    import numpy as np

    generator = np.random.default_rng(seed)
    result = {}
    for name, parameter in parameters.items():
        spread = beginning(net, parameter, scheme)
        if not isinstance(spread, Spread):
            result[name] = np.array(np.broadcast_to(np.asarray(spread, np.float32), parameter.shape), np.float32)
        elif spread.kind == "normal":
            result[name] = (generator.standard_normal(parameter.shape) * spread.width).astype(np.float32)
        else:
            result[name] = generator.uniform(-spread.width, spread.width, parameter.shape).astype(np.float32)
    return result


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
