"""Layers that only move values or join branches value by value, as ONNX nodes. Importing this file makes them known."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writing import WRITERS, Layers
from convdsl.network import Node


def _transpose(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    order = (0, 2, 1) if x.rank == 1 else (0, *range(1, x.rank), x.rank + 1, x.rank)
    return Value(layers.graph.turned(x.name, order, ""), layers.shape(node))


def _pixels(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Channels in groups, whose axes go beside those that grow; or the way back."""
    (x,), graph, y = inputs, layers.graph, layers.shape(node)
    layer: Any = node.layer
    factors = layer.factors(x.shape)
    rank = len(factors)
    if node.op == "pixelshuffle":
        name = graph.reshaped(x.name, (y[-1], *factors, *x.shape[:-1]), "in_blocks")
        name = graph.turned(name, (0, 1, *(2 + a + rank * side for a in range(rank) for side in (1, 0))), "dealt")
    else:
        parts = [n for pair in zip(y[:-1], factors, strict=True) for n in pair]
        name = graph.reshaped(x.name, (x.shape[-1], *parts), "in_blocks")
        order = (0, 1, *(3 + 2 * a for a in range(rank)), *(2 + 2 * a for a in range(rank)))
        name = graph.turned(name, order, "dealt")
    return Value(graph.reshaped(name, (y[-1], *y[:-1]), ""), y)


def _slice(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x = layers.graph, layers.graph.plain(inputs[0])
    layer: Any = node.layer
    first, size = layer.part(x.shape)
    given = [graph.numbers((v,), w) for v, w in ((first, "starts"), (first + size, "ends"), (1, "axes"))]
    return Value(graph.node("Slice", [x.name, *given]), layers.shape(node))


def _maxout(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x, y = layers.graph, layers.graph.plain(inputs[0]), layers.shape(node)
    layer: Any = node.layer
    name = graph.reshaped(x.name, (y[-1], layer.n, *x.shape[:-1]), "in_groups")
    return Value(graph.node("ReduceMax", [name, graph.numbers((2,), "axes")], keepdims=0), y)


def _adaptive_maximum(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Windows of one size where the sizes divide; else along each axis the largest of each part, side by side."""
    (x,), graph, y = inputs, layers.graph, layers.shape(node)
    if all(n % m == 0 for n, m in zip(x.shape, y[:-1], strict=False)):
        steps = [n // m for n, m in zip(x.shape, y[:-1], strict=False)]
        return Value(graph.node("MaxPool", [x.name], kernel_shape=steps, strides=steps), y)
    name = x.name
    for axis, (n, m) in enumerate(zip(x.shape, y[:-1], strict=False), 2):
        parts = []
        for i in range(m):
            ends = ((i * n // m, "start"), (-(-(i + 1) * n // m), "end"), (axis, "axis"))
            part = graph.node("Slice", [name, *(graph.numbers((v,), w) for v, w in ends)], "part")
            parts.append(graph.node("ReduceMax", [part, graph.numbers((axis,), "axes")], "largest", keepdims=1))
        name = graph.node("Concat", parts, "" if axis == x.rank + 1 else "row", axis=axis)
    return Value(name, y)


def _droppath(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    return inputs[0]._replace(name=layers.graph.node("Identity", [inputs[0].name]))


def _joined(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    name = graph.node("Mean" if node.op == "mean" else "Max", [x.name for x in inputs])
    return Value(name, layers.shape(node), inputs[0].map)


def over_channels(layers: Layers, node: Node, x: Value) -> Value:
    """The mean, or the largest value, of all channels at each position."""
    op = "ReduceMean" if node.op == "globalavgpool" else "ReduceMax"
    return Value(layers.graph.node(op, [x.name, layers.graph.numbers((1,), "axes")], keepdims=1), layers.shape(node))


def _global(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    layer: Any = node.layer
    return over_channels(layers, node, inputs[0]) if layer.channels else _whole(layers, node, inputs, weights)


def _flatten(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), y = inputs, layers.shape(node)
    layer: Any = node.layer
    if not layer.positions:
        return _row(layers, node, inputs, weights)
    return Value(layers.graph.reshaped(x.name, (x.shape[-1], prod(x.shape[:-1])), ""), y)


def _scale(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    layer: Any = node.layer
    if layer.fixed is None:
        return _learned(layers, node, inputs, weights)
    factor = layers.graph.constant(np.float32(layer.fixed), "factor")
    return inputs[0]._replace(name=layers.graph.node("Mul", [inputs[0].name, factor]))


_whole, _row, _learned = WRITERS["globalavgpool"], WRITERS["flatten"], WRITERS["scale"]
WRITERS.update(
    transpose=_transpose,
    pixelshuffle=_pixels,
    pixelunshuffle=_pixels,
    slice=_slice,
    maxout=_maxout,
    adaptivemaxpool=_adaptive_maximum,
    droppath=_droppath,
    mean=_joined,
    max=_joined,
    globalavgpool=_global,
    globalmaxpool=_global,
    flatten=_flatten,
    scale=_scale,
)
