"""Layers that move values, or do nothing to them at inference."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Value, is_row
from convdsl.bridges.onnx.writing import Layers, declared, writes
from convdsl.network import Node


@writes("flatten")
def _flatten(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    if declared(node).positions:
        return Value(layers.graph.reshaped(x.name, (x.shape[-1], prod(x.shape[:-1])), ""), layers.shape(node))
    if not x.rank:
        return x._replace(name=layers.graph.node("Flatten", [x.name]))
    return Value(layers.graph.node("Flatten", [x.name]), layers.shape(node), None if is_row(x.shape) else x.shape)


@writes("reshape")
def _reshape(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph, y = inputs, layers.graph, layers.shape(node)
    if y == x.shape:
        return x._replace(name=graph.node("Identity", [x.name]))
    name = graph.in_a_row(x)
    if len(y) == 1:
        return Value(name, y)
    if is_row(y):
        return Value(graph.reshaped(name, (y[-1], *y[:-1])), y)
    return graph.first(graph.reshaped(name, y), y)


@writes("identity", "droppath")
def _identity(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    return inputs[0]._replace(name=layers.graph.node("Identity", [inputs[0].name]))


@writes("dropout")
def _dropout(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    rate = layers.graph.constant(np.float32(declared(node).rate), "rate")
    return inputs[0]._replace(name=layers.graph.node("Dropout", [inputs[0].name, rate]))


@writes("pad")
def _pad(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    before, after = zip(*declared(node).sides(x.shape), strict=True)
    pads = layers.graph.numbers((0, 0, *before, 0, 0, *after), "pads")
    return Value(layers.graph.node("Pad", [x.name, pads]), layers.shape(node))


@writes("crop")
def _crop(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    before, after = zip(*declared(node).sides(x.shape), strict=True)
    ends = [n - a for n, a in zip(x.shape, after, strict=False)]
    axes = range(2, x.rank + 2)
    given = [graph.numbers(v, w) for v, w in ((before, "starts"), (ends, "ends"), (axes, "axes"))]
    return Value(graph.node("Slice", [x.name, *given]), layers.shape(node))


_PLACED = {"bilinear": "half_pixel", "corners": "align_corners"}


@writes("upsample", "resize")
def _upsample(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    how = (
        {"mode": "linear", "coordinate_transformation_mode": _PLACED[layer.mode]}
        if layer.mode in _PLACED
        else {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    )
    if node.op == "resize":
        sizes = layers.graph.numbers(layers.shape(node)[:-1], "sizes")
        given = [x.name, "", "", sizes]
        return Value(layers.graph.node("Resize", given, axes=[*range(2, x.rank + 2)], **how), layers.shape(node))
    scales = layers.graph.constant(np.array((1, 1, *layer.factors(x.shape)), np.float32), "scales")
    return Value(layers.graph.node("Resize", [x.name, "", scales], **how), layers.shape(node))


@writes("shuffle")
def _shuffle(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x = layers.graph, layers.graph.plain(inputs[0])
    groups, channels, sizes = declared(node).g, x.shape[-1], x.shape[:-1]
    name = graph.reshaped(x.name, (groups, channels // groups, *sizes), "in_groups")
    name = graph.turned(name, (0, 2, 1, *range(3, 3 + x.rank)), "dealt")
    return Value(graph.reshaped(name, x.first, ""), x.shape)


@writes("pixelshuffle", "pixelunshuffle")
def _pixelshuffle(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Blocks of values to channels or back, the channels of a block side by side, as in PyTorch."""
    (x,), graph, layer = inputs, layers.graph, declared(node)
    r, rank, y = [int(f) for f in layer.factors(x.shape)], x.rank, layers.shape(node)
    grows = node.op == "pixelshuffle"
    if grows and rank == 2 and r[0] == r[1]:
        return Value(graph.node("DepthToSpace", [x.name], blocksize=r[0], mode="CRD"), y)
    if grows:
        parts = (y[-1], *r, *x.shape[:-1])
        order = [0, 1, *(axis for d in range(rank) for axis in (2 + rank + d, 2 + d))]
    else:
        parts = (x.shape[-1], *(n for m, f in zip(y[:-1], r, strict=True) for n in (m, f)))
        order = [0, 1, *(3 + 2 * d for d in range(rank)), *(2 + 2 * d for d in range(rank))]
    name = graph.turned(graph.reshaped(x.name, parts, "in_blocks"), order, "dealt")
    return Value(graph.reshaped(name, (y[-1], *y[:-1]), ""), y)


@writes("transpose")
def _transpose(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    order = [*range(x.rank + 2)]
    order[-2:] = reversed(order[-2:])
    return Value(layers.graph.turned(x.name, order, ""), layers.shape(node))


@writes("slice")
def _slice(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x = layers.graph, layers.graph.plain(inputs[0])
    skip, size = declared(node).part(x.shape)
    given = [graph.numbers((n,), word) for n, word in ((skip, "starts"), (skip + size, "ends"), (1, "axes"))]
    return Value(graph.node("Slice", [x.name, *given]), layers.shape(node))


@writes("maxout")
def _maxout(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x, n = layers.graph, layers.graph.plain(inputs[0]), int(declared(node).n)
    name = graph.reshaped(x.name, (x.shape[-1] // n, n, *x.shape[:-1]), "in_groups")
    return Value(graph.node("ReduceMax", [name, graph.numbers((2,), "axes")], keepdims=0), layers.shape(node))


@writes("groupsoftmax")
def _group_softmax(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x, n = layers.graph, layers.graph.plain(inputs[0]), int(declared(node).n)
    name = graph.reshaped(x.name, (n, x.shape[-1] // n, *x.shape[:-1]), "in_parts")
    name = graph.node("Softmax", [name], "softmax", axis=1)
    return Value(graph.reshaped(name, x.first, ""), layers.shape(node))


@writes("scale")
def _scale(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, declared(node)
    if layer.fixed is not None:
        factor = layers.graph.constant(np.float32(layer.fixed), "factor")
        return x._replace(name=layers.graph.node("Mul", [x.name, factor]))
    factors = np.asarray(weights["weight"]).reshape(-1, *(1,) * x.rank)
    return x._replace(name=layers.graph.node("Mul", [x.name, layers.for_each_channel(node, "weight", factors, x)]))
