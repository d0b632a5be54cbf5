"""A network as an ONNX graph: for each layer of the language a function that writes its nodes.

`Gelu` needs opset 20, `GroupNormalization` with a scale for each channel 21, windows of means that count their padding 19.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from convdsl.bridges.onnx.graph import Graph, Value, is_row, turned_columns
from convdsl.bridges.weighted import Unsayable, Weighted, leading_to
from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.messages import T
from convdsl.network import Node

Writer = Callable[["Layers", Node, list[Value], dict[str, Any]], Value]
WRITERS: dict[str, Writer] = {}
"""By the name of the layer."""
ACTIVATIONS: dict[str, Callable[[Graph, Value, Activation, dict[str, Any]], str]] = {}
"""By the name of the activation: writes it, and returns the name of what comes out."""
REFUSED: dict[str, T] = {
    "local": T("ONNX has no layer whose filters differ from place to place."),
    "medianpool": T("ONNX has no median of a window."),
}
"""Layers that ONNX has no words for, and why."""


def _writes(*names: str) -> Callable[[Writer], Writer]:
    def register(function: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(names, function))
        return function

    return register


class Layers:
    """Writes all layers of a network into a graph; `values` holds what each of them gives, the input first."""

    def __init__(self, net: Weighted) -> None:
        self.net, self.graph = net, Graph()
        network = net.analysis.network
        self.values = {0: Value("input", tuple(network.input))}
        needed = leading_to(network.output, network.nodes)
        for node in network.nodes:
            if node.index in needed:
                self.values[node.index] = self._write(node)

    @property
    def output(self) -> Value:
        """What the network gives, with its values in the order of here."""
        value = self.values[self.net.analysis.network.output]
        self.graph.layer = "output"
        return self.graph.plain(value)

    def _write(self, node: Node) -> Value:
        layer = node.layer
        assert layer is not None
        if node.op in REFUSED or (node.op == "filter" and layer.kernel == "median"):  # type: ignore[attr-defined]
            raise Unsayable(node, "ONNX", REFUSED.get(node.op, REFUSED["medianpool"]))
        inputs = [self.values[i] for i in node.inputs]
        weights = self.net.of(node)
        self.graph.layer = f"{node.index}.{node.op}"
        if isinstance(layer, Activation):
            return self._activated(layer, inputs[0], weights)
        write = WRITERS.get(node.op)
        if write is None:
            raise Unsayable(node, "ONNX")
        value = write(self, node, inputs, weights)
        return value if node.activation is None else self._activated(node.activation, value, weights)

    def _activated(self, activation: Activation, x: Value, weights: dict[str, Any]) -> Value:
        write = ACTIVATIONS.get(activation.name)
        return x._replace(
            name=write(self.graph, x, activation, weights) if write else self.graph.node(activation.name, [x.name])
        )

    def shape(self, node: Node) -> tuple[int, ...]:
        """The shape that a layer gives, channels last."""
        output = self.net.analysis.report[node.index].output
        assert output is not None
        return tuple(output)

    def constant(self, node: Node, role: str, value: Any, turned: bool = False) -> str:
        """A weight of a layer under the name that it has here; one that layers share is written once, unless it had to be
        turned for one of them."""
        owner = self.net.analysis.network.nodes[(node.shared or node.index) - 1]
        name = None if turned and node.shared else f"{owner.index}.{owner.op}.{role}"
        return self.graph.constant(value, role, name)

    def for_each_channel(self, node: Node, role: str, value: Any, x: Value) -> str:
        """A weight of each channel, turned where the values in a row are those of a map."""
        if x.map is not None and not is_row(x.map):
            return self.constant(node, role, turned_columns(np.asarray(value), x.map), turned=True)
        return self.constant(node, role, value)


# Windows with weights


def _window(axes: Any) -> dict[str, Any]:
    return {
        "kernel_shape": [int(a.k) for a in axes],
        "strides": [int(a.s) for a in axes],
        "dilations": [int(a.d) for a in axes],
    }


def _pads(axes: Any) -> list[int]:
    return [int(a.before) for a in axes] + [int(a.after) for a in axes]


def _needed(axes: Any) -> list[int]:
    """Zeros before, and as many after as the last window reads; what no window reads may be left out."""
    after = [max((a.output - 1) * a.s + a.extent - a.before - a.input, 0) for a in axes]
    return [int(a.before) for a in axes] + [int(n) for n in after]


def _weighted(layers: Layers, node: Node, weights: dict[str, Any]) -> list[str]:
    return [layers.constant(node, role, weights[role]) for role in ("weight", "bias") if role in weights]


@_writes("conv", "dwconv")
def _conv(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    axes = layer.geometry(x.shape)
    groups = layer.g if node.op == "conv" else x.shape[-1]
    given = [x.name, *_weighted(layers, node, weights)]
    name = layers.graph.node("Conv", given, **_window(axes), pads=_pads(axes), group=int(groups))
    return Value(name, layers.shape(node))


@_writes("tconv")
def _tconv(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    axes = layer.geometry(x.shape)
    pads = [int(a.before) for a in axes] + [max(int(a.after), 0) for a in axes]
    further = [max(-int(a.after), 0) for a in axes]
    given = [x.name, *_weighted(layers, node, weights)]
    window: dict[str, Any] = {**_window(axes), "pads": pads, "output_padding": further, "group": int(layer.g)}
    return Value(layers.graph.node("ConvTranspose", given, **window), layers.shape(node))


@_writes("filter")
def _filter(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    divisor, rows = layer.divided(x.rank)
    kernel = np.asarray(rows, np.float32) / np.float32(divisor)
    channels = x.shape[-1]
    weight = layers.graph.constant(np.broadcast_to(kernel, (channels, 1, *kernel.shape)), "kernel")
    axes = layer.geometry(x.shape)
    name = layers.graph.node("Conv", [x.name, weight], **_window(axes), pads=_pads(axes), group=channels)
    return Value(name, layers.shape(node))


@_writes("dense")
def _dense(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    weight, name, shape = np.asarray(weights["weight"]), x.name, x.map
    if x.rank:
        name, shape = graph.reshaped(x.name, (prod(x.shape),), "in_a_row"), x.shape
    turned = shape is not None and not is_row(shape)
    if shape is not None and turned:
        weight = turned_columns(weight, shape)
    given = [
        name,
        layers.constant(node, "weight", weight, turned),
        *([layers.constant(node, "bias", weights["bias"])] if "bias" in weights else []),
    ]
    return Value(graph.node("Gemm", given, transB=1), layers.shape(node))


# Pooling


@_writes("maxpool", "minpool")
def _maxpool(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    axes = _any(node).geometry(x.shape)
    name = graph.node("Neg", [x.name], "negative") if node.op == "minpool" else x.name
    pads = _needed(axes)
    if any(n >= a.k for a, n in zip((*axes, *axes), pads, strict=True)):  # more than the operator takes
        never = graph.constant(np.float32(-np.inf), "never")
        around = [0, 0, *pads[: x.rank], 0, 0, *pads[x.rank :]]
        name, pads = graph.node("Pad", [name, graph.numbers(around, "pads"), never], "pad"), [0] * len(pads)
    word = "largest" if node.op == "minpool" else ""
    name = graph.node("MaxPool", [name], word, **_window(axes), pads=pads)
    if node.op == "minpool":
        name = graph.node("Neg", [name])
    return Value(name, layers.shape(node))


@_writes("avgpool")
def _avgpool(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """The mean over what the last window reads; where it reads beyond the padding, the means are set right by a constant,
    since runtimes disagree about what is counted there."""
    (x,), graph, layer = inputs, layers.graph, _any(node)
    axes = layer.geometry(x.shape)
    pads, name = _needed(axes), x.name
    if any(n >= a.k for a, n in zip((*axes, *axes), pads, strict=True)):
        around = [0, 0, *pads[: x.rank], 0, 0, *pads[x.rank :]]
        name, pads = graph.node("Pad", [name, graph.numbers(around, "pads")], "pad"), [0] * len(pads)
    counted = [_counted(a, layer.exclude_pad) for a in axes]
    full = all(n == a.k for a, row in zip(axes, counted, strict=True) for n in row)
    if layer.exclude_pad and any(pads) and not full:
        name = graph.node("AveragePool", [name], **_window(axes), pads=pads, count_include_pad=0)
        return Value(name, layers.shape(node))
    name = graph.node("AveragePool", [name], "" if full else "mean", **_window(axes), pads=pads, count_include_pad=1)
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


@_writes("globalavgpool", "globalmaxpool")
def _global(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, mean = layers.graph, node.op == "globalavgpool"
    if _any(node).channels:
        name = graph.node(
            "ReduceMean" if mean else "ReduceMax", [inputs[0].name, graph.numbers((1,), "axes")], keepdims=1
        )
    else:
        name = graph.node("GlobalAveragePool" if mean else "GlobalMaxPool", [inputs[0].name])
    return Value(name, layers.shape(node))


@_writes("adaptivemaxpool")
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


@_writes("adaptiveavgpool")
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


# Shapes


@_writes("flatten")
def _flatten(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    if _any(node).positions:
        return Value(layers.graph.reshaped(x.name, (x.shape[-1], prod(x.shape[:-1])), ""), layers.shape(node))
    if not x.rank:
        return x._replace(name=layers.graph.node("Flatten", [x.name]))
    return Value(layers.graph.node("Flatten", [x.name]), layers.shape(node), None if is_row(x.shape) else x.shape)


@_writes("reshape")
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


@_writes("identity", "droppath")
def _identity(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    return inputs[0]._replace(name=layers.graph.node("Identity", [inputs[0].name]))


@_writes("dropout")
def _dropout(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    rate = layers.graph.constant(np.float32(_any(node).rate), "rate")
    return inputs[0]._replace(name=layers.graph.node("Dropout", [inputs[0].name, rate]))


@_writes("pad")
def _pad(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    before, after = zip(*_any(node).sides(x.shape), strict=True)
    pads = layers.graph.numbers((0, 0, *before, 0, 0, *after), "pads")
    return Value(layers.graph.node("Pad", [x.name, pads]), layers.shape(node))


@_writes("crop")
def _crop(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), graph = inputs, layers.graph
    before, after = zip(*_any(node).sides(x.shape), strict=True)
    ends = [n - a for n, a in zip(x.shape, after, strict=False)]
    axes = range(2, x.rank + 2)
    given = [graph.numbers(v, w) for v, w in ((before, "starts"), (ends, "ends"), (axes, "axes"))]
    return Value(graph.node("Slice", [x.name, *given]), layers.shape(node))


@_writes("upsample", "resize")
def _upsample(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    how = (
        {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        if layer.mode == "bilinear"
        else {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    )
    if node.op == "resize":
        sizes = layers.graph.numbers(layers.shape(node)[:-1], "sizes")
        given = [x.name, "", "", sizes]
        return Value(layers.graph.node("Resize", given, axes=[*range(2, x.rank + 2)], **how), layers.shape(node))
    scales = layers.graph.constant(np.array((1, 1, *layer.factors(x.shape)), np.float32), "scales")
    return Value(layers.graph.node("Resize", [x.name, "", scales], **how), layers.shape(node))


@_writes("shuffle")
def _shuffle(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x = layers.graph, layers.graph.plain(inputs[0])
    groups, channels, sizes = _any(node).g, x.shape[-1], x.shape[:-1]
    name = graph.reshaped(x.name, (groups, channels // groups, *sizes), "in_groups")
    name = graph.turned(name, (0, 2, 1, *range(3, 3 + x.rank)), "dealt")
    return Value(graph.reshaped(name, x.first, ""), x.shape)


@_writes("pixelshuffle", "pixelunshuffle")
def _pixelshuffle(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Blocks of values to channels or back, the channels of a block side by side, as in PyTorch."""
    (x,), graph, layer = inputs, layers.graph, _any(node)
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


@_writes("transpose")
def _transpose(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,) = inputs
    order = [*range(x.rank + 2)]
    order[-2:] = reversed(order[-2:])
    return Value(layers.graph.turned(x.name, order, ""), layers.shape(node))


@_writes("slice")
def _slice(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x = layers.graph, layers.graph.plain(inputs[0])
    skip, size = _any(node).part(x.shape)
    given = [graph.numbers((n,), word) for n, word in ((skip, "starts"), (skip + size, "ends"), (1, "axes"))]
    return Value(graph.node("Slice", [x.name, *given]), layers.shape(node))


@_writes("maxout")
def _maxout(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph, x, n = layers.graph, layers.graph.plain(inputs[0]), int(_any(node).n)
    name = graph.reshaped(x.name, (x.shape[-1] // n, n, *x.shape[:-1]), "in_groups")
    return Value(graph.node("ReduceMax", [name, graph.numbers((2,), "axes")], keepdims=0), layers.shape(node))


@_writes("scale")
def _scale(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    if layer.fixed is not None:
        factor = layers.graph.constant(np.float32(layer.fixed), "factor")
        return x._replace(name=layers.graph.node("Mul", [x.name, factor]))
    factors = np.asarray(weights["weight"]).reshape(-1, *(1,) * x.rank)
    return x._replace(name=layers.graph.node("Mul", [x.name, layers.for_each_channel(node, "weight", factors, x)]))


# Normalisation


@_writes("bn")
def _bn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    (x,), layer = inputs, _any(node)
    roles = ("weight", "bias", "running_mean", "running_var")
    given = [layers.for_each_channel(node, role, weights[role], x) for role in roles]
    how: dict[str, Any] = {"epsilon": float(layer.eps), "momentum": float(layer.momentum)}
    return x._replace(name=layers.graph.node("BatchNormalization", [x.name, *given], **how))


@_writes("in")
def _in(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    given = [layers.constant(node, role, weights[role]) for role in ("weight", "bias")]
    return _as_map(layers, "InstanceNormalization", inputs[0], given, epsilon=float(_any(node).eps))


@_writes("gn", "ln")
def _gn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """Groups of channels; `ln` is one group of all of them, or at each position a normalisation of its own."""
    graph, layer = layers.graph, _any(node)
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


@_writes("lrn")
def _lrn(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    """`LRN` asks for images, and of an even window ONNX has the middle one further back than here, and runtimes have none:
    there the mean of the squares is taken by a window over the channels."""
    graph, layer, x = layers.graph, _any(node), layers.graph.plain(inputs[0])
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


# Where branches meet


@_writes("add", "mul")
def _combined(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    names, op = [x.name for x in inputs], "Add" if node.op == "add" else "Mul"
    result = names[0]
    for number, name in enumerate(names[1:], 2):
        result = graph.node(op, [result, name], "" if number == len(names) else f"of_{number}")
    if len(names) == 1:
        result = graph.node("Identity", names)
    return Value(result, layers.shape(node), inputs[0].map)


@_writes("mean", "max")
def _mean(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    graph = layers.graph
    if len({x.map for x in inputs}) > 1:
        inputs = [graph.plain(x) for x in inputs]
    name = graph.node("Mean" if node.op == "mean" else "Max", [x.name for x in inputs])
    return Value(name, layers.shape(node), inputs[0].map)


@_writes("concat")
def _concat(layers: Layers, node: Node, inputs: list[Value], weights: dict[str, Any]) -> Value:
    names = [layers.graph.plain(x).name for x in inputs]
    return Value(layers.graph.node("Concat", names, axis=1), layers.shape(node))


# Activations


def _activates(name: str, op: str, **attributes: Any) -> None:
    """An activation that is one operator; a callable among its attributes is asked with the activation."""

    def write(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
        given = {k: v(activation) if callable(v) else v for k, v in attributes.items()}
        return graph.node(op, [x.name], name, **given)

    ACTIVATIONS[name] = write


_activates("relu", "Relu")
_activates("leaky_relu", "LeakyRelu", alpha=lambda a: float(a.slope))
_activates("elu", "Elu", alpha=lambda a: float(a.slope))
_activates("selu", "Selu")
_activates("gelu", "Gelu")
_activates("sigmoid", "Sigmoid")
_activates("hardsigmoid", "HardSigmoid", alpha=1 / 6, beta=0.5)
_activates("hardswish", "HardSwish")
_activates("tanh", "Tanh")


def _relu6(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    limits = [graph.constant(np.float32(v), "", f"constant_{v}") for v in (0, 6)]
    return graph.node("Clip", [x.name, *limits], "relu6")


def _silu(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    return graph.node("Mul", [x.name, graph.node("Sigmoid", [x.name], "sigmoid")], "silu")


def _prelu(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    slopes = np.asarray(weights["prelu"])
    if x.map is not None and not is_row(x.map):
        slopes = turned_columns(slopes, x.map)
    slope = graph.constant(slopes.reshape(-1, *(1,) * x.rank), "slope", f"{graph.layer}.prelu")
    return graph.node("PRelu", [x.name, slope], "prelu")


def _softmax(graph: Graph, x: Value, activation: Any, weights: dict[str, Any]) -> str:
    return graph.node("Softmax", [x.name], "softmax", axis=1)


ACTIVATIONS.update(relu6=_relu6, silu=_silu, prelu=_prelu, softmax=_softmax)


def _any(node: Node) -> Any:
    """A layer with the attributes that its kind has."""
    layer: Layer | None = node.layer
    return layer
