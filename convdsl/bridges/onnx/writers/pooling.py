"""Windows without weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Value
from convdsl.bridges.onnx.writers.windows import needed, window
from convdsl.bridges.onnx.writing import Layers, declared, writes
from convdsl.network import Node


@writes("maxpool", "minpool")
def _maxpool(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    axes = declared(node).geometry(x.shape)
    name = graph.node("Neg", [x.name], "negative") if node.op == "minpool" else x.name
    pads = needed(axes)
    if any(n >= a.k for a, n in zip((*axes, *axes), pads, strict=True)):  # more than the operator takes
        never = graph.constant(np.float32(-np.inf), "never")
        around = [0, 0, *pads[: x.rank], 0, 0, *pads[x.rank :]]
        name, pads = graph.node("Pad", [name, graph.numbers(around, "pads"), never], "pad"), [0] * len(pads)
    word = "largest" if node.op == "minpool" else ""
    name = graph.node("MaxPool", [name], word, **window(axes), pads=pads)
    if node.op == "minpool":
        name = graph.node("Neg", [name])
    return Value(name, layers.shape(node))


@writes("unpool")
def _unpool(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """The places are found in what the windows read, no more and no less: its size is then what the operator works out."""
    (values, source), graph = inputs, layers.graph
    axes = declared(node).pool.geometry(source.shape)
    sides = [(a.before, (a.output - 1) * a.s + a.extent - a.before - a.input) for a in axes]
    read = _fitted(layers, source.name, sides, -np.inf, "read")
    _, places = graph.nodes_of_two("MaxPool", [read], ("largest", "places"), **window(axes))
    step = {"kernel_shape": [a.extent for a in axes], "strides": [a.s for a in axes]}
    back = [(-before, -after) for before, after in sides]
    exact = not any(map(any, sides))
    name = graph.node("MaxUnpool", [values.name, places], "" if exact else "put", **step)
    return Value(name if exact else _fitted(layers, name, back, 0, ""), layers.shape(node))


def _fitted(layers: Layers, name: str, sides: list[tuple[int, int]], value: float, word: str) -> str:
    """Padded on each side by so many places, or cut by them where they are negative."""
    graph = layers.graph
    wider = [max(n, 0) for side in zip(*sides, strict=True) for n in side]
    cut = [(max(-before, 0), max(-after, 0)) for before, after in sides]
    if any(wider):
        around = [0, 0, *wider[: len(sides)], 0, 0, *wider[len(sides) :]]
        given = [name, graph.numbers(around, f"{word}pads"), graph.constant(np.float32(value), f"{word}around")]
        name = graph.node("Pad", given, f"{word}padded" if any(map(any, cut)) else word)
    if any(map(any, cut)):
        starts, ends = [a for a, _ in cut], [-b if b else np.iinfo(np.int64).max for _, b in cut]
        axes = range(2, len(cut) + 2)
        given = [graph.numbers(v, f"{word}{w}") for v, w in ((starts, "starts"), (ends, "ends"), (axes, "axes"))]
        name = graph.node("Slice", [name, *given], word)
    return name


@writes("avgpool")
def _avgpool(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """The mean over what the last window reads; where it reads beyond the padding, the means are set right by a constant,
    since runtimes disagree about what is counted there."""
    (x,), graph, layer = inputs, layers.graph, declared(node)
    axes = layer.geometry(x.shape)
    pads, name = needed(axes), x.name
    if any(n >= a.k for a, n in zip((*axes, *axes), pads, strict=True)):
        around = [0, 0, *pads[: x.rank], 0, 0, *pads[x.rank :]]
        name, pads = graph.node("Pad", [name, graph.numbers(around, "pads")], "pad"), [0] * len(pads)
    counted = [_counted(a, layer.exclude_pad) for a in axes]
    full = all(n == a.k for a, row in zip(axes, counted, strict=True) for n in row)
    if layer.exclude_pad and any(pads) and not full:
        name = graph.node("AveragePool", [name], **window(axes), pads=pads, count_include_pad=0)
        return Value(name, layers.shape(node))
    name = graph.node("AveragePool", [name], "" if full else "mean", **window(axes), pads=pads, count_include_pad=1)
    if not full:
        shares = np.ones(())
        for a, row in zip(axes, counted, strict=True):
            shares = np.multiply.outer(shares, a.k / np.asarray(row, np.float64))
        name = graph.node("Mul", [name, graph.constant(shares[None, None].astype(np.float32), "share")])
    return Value(name, layers.shape(node))


def _counted(axis: Any, exclude: bool) -> list[int]:
    """How many values of each window along an axis the mean is taken over: those of the input, and of the padding unless
    it is left out."""
    low, high = (axis.before, axis.before + axis.input) if exclude else (0, axis.before + axis.input + axis.after)
    places = (range(i * axis.s, i * axis.s + axis.extent, axis.d) for i in range(axis.output))
    return [sum(low <= p < high for p in place) for place in places]


@writes("globalavgpool", "globalmaxpool")
def _global(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, mean = layers.graph, node.op == "globalavgpool"
    if declared(node).channels:
        name = graph.node(
            "ReduceMean" if mean else "ReduceMax", [inputs[0].name, graph.numbers((1,), "axes")], keepdims=1
        )
    else:
        name = graph.node("GlobalAveragePool" if mean else "GlobalMaxPool", [inputs[0].name])
    return Value(name, layers.shape(node))


@writes("adaptivemaxpool")
def _adaptive_max(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Windows of one size where the sizes divide; else along each axis a slice for each place."""
    (x,), graph, y = inputs, layers.graph, layers.shape(node)
    if all(n % m == 0 for n, m in zip(x.shape, y[:-1], strict=False)):
        steps = [n // m for n, m in zip(x.shape, y[:-1], strict=False)]
        return Value(graph.node("MaxPool", [x.name], kernel_shape=steps, strides=steps), y)
    name = x.name
    for axis, (n, m) in enumerate(zip(x.shape, y[:-1], strict=False), 2):
        parts = []
        for i in range(m):
            ends = [graph.numbers((v,), "place") for v in (i * n // m, -(-(i + 1) * n // m), axis)]
            part = graph.node("Slice", [name, *ends], "window")
            parts.append(graph.node("ReduceMax", [part, graph.numbers((axis,), "axis")], "largest", keepdims=1))
        name = graph.node("Concat", parts, "" if axis == x.rank + 1 else "along", axis=axis)
    return Value(name, y)


@writes("adaptiveavgpool")
def _adaptive(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Windows of one size where the sizes divide; else a matrix of means along each axis."""
    (x,), graph = inputs, layers.graph
    y = layers.shape(node)
    if all(n % m == 0 for n, m in zip(x.shape, y[:-1], strict=False)):
        steps = [n // m for n, m in zip(x.shape, y[:-1], strict=False)]
        return Value(graph.node("AveragePool", [x.name], kernel_shape=steps, strides=steps), y)
    name, last = x.name, x.rank + 1
    for axis, (n, m) in enumerate(zip(x.shape, y[:-1], strict=False), 2):
        means = np.zeros((n, m), np.float32)
        for i in range(m):
            low, high = i * n // m, -(-(i + 1) * n // m)
            means[low:high, i] = 1 / (high - low)
        order = [*range(last + 1)]
        order[axis], order[last] = last, axis
        name = name if axis == last else graph.turned(name, order, "axis_last")
        name = graph.node("MatMul", [name, graph.constant(means, "means")], "" if axis == last else "mean")
        name = name if axis == last else graph.turned(name, order, "axis_back")
    return Value(name, y)
