"""Normalisations."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writing import Layers, declared, writes
from convdsl.network import Node


@writes("bn")
def _bn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    roles = ("weight", "bias", "running_mean", "running_var")
    given = [layers.for_each_channel(node, role, weights[role], x) for role in roles]
    how: dict[str, Any] = {"epsilon": float(layer.eps), "momentum": float(layer.momentum)}
    return x._replace(name=layers.graph.node("BatchNormalization", [x.name, *given], **how))


@writes("in")
def _in(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    given = [layers.constant(node, role, weights[role]) for role in ("weight", "bias")]
    return _as_map(layers, "InstanceNormalization", inputs[0], given, epsilon=float(declared(node).eps))


@writes("gn", "ln")
def _gn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Groups of channels; `ln` is one group of all of them, or at each position a normalisation of its own."""
    graph, layer = layers.graph, declared(node)
    given = [layers.constant(node, role, weights[role]) for role in ("weight", "bias")]
    epsilon = float(layer.eps)
    if node.op == "ln" and layer.channels:
        x = inputs[0]
        last = graph.node("LayerNormalization", [graph.last(x), *given], axis=-1, epsilon=epsilon)
        return graph.first(last, x.shape)
    groups = int(layer.g) if node.op == "gn" else 1
    return _as_map(layers, "GroupNormalization", inputs[0], given, num_groups=groups, epsilon=epsilon)


def _as_map(layers: Layers, op: str, x: Value, given: list[str], **how: Any) -> Value:
    """A normalisation that asks for positions: values in a row are a map of one column."""
    graph, x = layers.graph, layers.graph.plain(x)
    name = x.name if x.rank else graph.reshaped(x.name, (x.shape[0], 1), "as_map")
    name = graph.node(op, [name, *given], "" if x.rank else "normalised", **how)
    return x._replace(name=name if x.rank else graph.reshaped(name, x.shape, ""))


@writes("lrn")
def _lrn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """`LRN` asks for images, and of an even window ONNX has the middle one further back than here, and runtimes have none:
    there the mean of the squares is taken by a window over the channels."""
    graph, layer, x = layers.graph, declared(node), layers.graph.plain(inputs[0])
    n, alpha, beta, bias = int(layer.n), float(layer.alpha), float(layer.beta), float(layer.k)
    if n % 2 and x.rank == 2:
        return x._replace(name=graph.node("LRN", [x.name], size=n, alpha=alpha, beta=beta, bias=bias))
    channels, positions = x.shape[-1], prod(x.shape[:-1])
    if n % 2:
        name = graph.reshaped(x.name, (channels, positions, 1), "as_image")
        name = graph.node("LRN", [name], "normalised", size=n, alpha=alpha, beta=beta, bias=bias)
    else:
        name = graph.reshaped(x.name, (1, channels, positions), "as_image")
        pads = [n // 2, 0, (n - 1) // 2, 0]
        below = graph.node("Mul", [name, name], "squares")
        below = graph.node("AveragePool", [below], "means", kernel_shape=[n, 1], pads=pads, count_include_pad=1)
        for op, value in (("Mul", alpha), ("Add", bias), ("Pow", beta)):
            below = graph.node(op, [below, graph.constant(np.float32(value), "number")], op.lower())
        name = graph.node("Div", [name, below], "normalised")
    return x._replace(name=graph.reshaped(name, x.first, ""))
