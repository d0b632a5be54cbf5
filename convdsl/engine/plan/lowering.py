"""From the network's layers to operations: one place says what each layer of the language becomes."""

from __future__ import annotations

from collections.abc import Callable, Set
from math import prod
from typing import Any

from convdsl.engine.plan import rearranging
from convdsl.engine.plan.layouts import Filters, Local, Plain, TapsFirst, vectors_for
from convdsl.engine.plan.ops import FROM_OUTPUT, Op
from convdsl.engine.plan.pooling import POOLINGS
from convdsl.engine.plan.values import Parameter, Target, Value, Window, four, three
from convdsl.network.graph import Node
from convdsl.network.view import NetView
from convdsl.registering import registering


class Lowering:
    """The operations of one network. `parameters` are shared by all programs that are made of it."""

    def __init__(
        self,
        net: NetView,
        target: Target,
        training: bool,
        parameters: dict[str, Parameter],
        ends: Set[str] = frozenset({"softmax"}),
    ) -> None:
        self.net = net
        self.ends = ends
        """The activations whose input a loss takes, where they end an exit of the network."""
        self.exits = {*(o.node for o in net.outputs), *(n.index for n in net.nodes if n.exit is not None)}
        self.target = target
        self.training = training
        self.parameters = parameters
        self.ops: list[Op] = []
        self.input = Value("input", four(net.input))
        self.values: list[Value] = [self.input]
        """The value that each node of the network stands for, by index."""
        self.logits: dict[int, Value] = {}
        """For nodes that end in such an activation: what goes into it."""
        self._ended: dict[int, str] = {}

    def run(self, upto: int | None = None) -> None:
        for node in self.net.nodes[:upto]:
            layer = node.layer
            inputs = [self.values[i] for i in node.inputs]
            handler = _LAYERS.get(node.op)
            value = handler(self, node, layer, inputs) if handler else self._activation(node, layer, inputs[0])
            if node.activation is not None:
                if value.shape != four(self.net.report.shape(node.index)):  # a softmax is one of the channels
                    value = self._reshape(node, value)
                value = self._activation(node, node.activation, value)
            if value.shape != four(self.net.report.shape(node.index)):
                value = self._reshape(node, value)
            if node.op in ("flatten", "reshape", "identity") and node.activation is None:
                self._pass_on_logits(node, value)
            self.values.append(value)

    def _pass_on_logits(self, node: Node, value: Value) -> None:
        """A layer that computes nothing, behind the last activation, is as if it stood before it."""
        before = self.logits.get(node.inputs[0])
        if before is not None:
            self.logits[node.index] = before if before.shape == value.shape else self._reshape(node, before)
            self._ended[node.index] = self._ended[node.inputs[0]]

    def scores(self, index: int, end: str) -> Value:
        """What the loss of an exit takes: a last softmax is trained with the cross-entropy on the values before it, a last
        sigmoid with the binary one."""
        return self.logits[index] if end and self._ended.get(index) == end else self.values[index]

    # what handlers use

    def emit(
        self,
        node: Node,
        kind: str,
        inputs: list[Value],
        shape: tuple[int, ...],
        weights: dict[str, Parameter] | None = None,
        **settings: Any,
    ) -> Value:
        weights = weights or {}
        learns = any(x.learns for x in inputs) or any(p.trainable for p in weights.values())
        value = Value(f"{node.index} {node.op}", four(shape), learns=learns)
        self.ops.append(Op(kind, node.index, inputs, value, weights, settings))
        return value

    def parameter(
        self,
        node: Node,
        role: str,
        layout: Callable[[tuple[int, ...]], Any] = Plain,
        *,
        learned: bool = True,
        shape: tuple[int, ...] | None = None,
        value: Any = None,
    ) -> Parameter:
        name = f"{node.shared or node.index}.{node.op}.{role}"
        if name not in self.parameters:
            facts = self.net.report[node.index]
            if shape is None:
                shape = tuple((facts.weights if learned else facts.buffer_shapes)[role])
            trainable = learned and not node.frozen
            self.parameters[name] = Parameter(name, shape, layout(shape), trainable, learned, value)
        first = self.parameters[name]
        if not node.shared:
            return first
        if node.index not in first.again:
            own = f"{node.index}.{node.op}.{role}"
            again = Parameter(own, first.shape, first.natural, first.trainable, learned, value, owned=False)
            first.again[node.index] = again
        return first.again[node.index]

    def flat(self, node: Node, x: Value) -> Value:
        """All values of an image in one row, in the order H, W, C."""
        already = len(self.net.report[node.index].inputs[0]) == 1
        return x if already else self.emit(node, "reshape", [x], (x.size,))

    def window(self, node: Node, layer: Any) -> Window:
        return Window.of(layer.geometry(self.net.report[node.index].inputs[0]))

    def filters(self, groups: int, filters: int, channels: int, taps: int) -> Callable[[tuple[int, ...]], Filters]:
        lanes, vectors = vectors_for(filters, self.target)
        return lambda shape: Filters(shape, groups, filters, channels, taps, lanes, vectors)

    def _activation(self, node: Node, layer: Any, x: Value) -> Value:
        name = layer.name
        if name in self.ends:
            self.logits[node.index] = x
            self._ended[node.index] = name
        if name == "softmax":
            return self.emit(node, "softmax", [x], x.shape)
        if name == "prelu":
            return self.emit(node, "prelu", [x], x.shape, {"prelu": self.parameter(node, "prelu", value=0.25)})
        activation = (name, float(getattr(layer, "slope", 0.0)))
        made_here = bool(self.ops) and self.ops[-1].output is x and self.ops[-1].node == node.index
        told = name in FROM_OUTPUT and (name not in ("leaky_relu", "elu") or activation[1] > 0)
        ends = name in self.ends and self._ends(node)
        if made_here and told and self.ops[-1].activation is None and not ends and self.target.does("activations"):
            self.ops[-1].activation = activation
            return x
        return self.emit(node, "activation", [x], x.shape, activation=activation)

    def _ends(self, node: Node) -> bool:
        """Whether only layers that compute nothing stand between a node and an exit."""
        return node.index in self.exits or any(
            later.op in ("flatten", "reshape", "identity") and node.index in later.inputs and self._ends(later)
            for later in self.net.nodes[node.index : node.index + 3]
        )

    def _reshape(self, node: Node, x: Value) -> Value:
        return self.emit(node, "reshape", [x], self.net.report.shape(node.index))


_Handler = Callable[[Lowering, Node, Any, list[Value]], Value]
_LAYERS: dict[str, _Handler] = {}


_layer = registering(_LAYERS)


def _output(low: Lowering, node: Node) -> tuple[int, ...]:
    return low.net.report.shape(node.index)


def _with_bias(low: Lowering, node: Node, layer: Any, weight: Parameter) -> dict[str, Parameter]:
    return {"weight": weight, "bias": low.parameter(node, "bias")} if layer.bias else {"weight": weight}


@_layer("conv")
def _conv(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    (x,), window = inputs, low.window(node, layer)
    filters = low.filters(layer.g, layer.filters // layer.g, x.shape[3] // layer.g, window.taps)
    weights = _with_bias(low, node, layer, low.parameter(node, "weight", filters))
    whole = window.k == x.shape[:3] and window.output == (1, 1, 1) and window.d == (1, 1, 1) and layer.g == 1
    if whole and low.target.does("whole_windows"):
        return low.emit(node, "dense", [low.flat(node, x)], _output(low, node), weights)
    return low.emit(node, "conv", [x], _output(low, node), weights, window=window)


@_layer("tconv")
def _tconv(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    (x,), window = inputs, low.window(node, layer).adjoint
    filters = low.filters(layer.g, x.shape[3] // layer.g, layer.filters // layer.g, window.taps)
    weights = _with_bias(low, node, layer, low.parameter(node, "weight", filters))
    return low.emit(node, "tconv", [x], _output(low, node), weights, window=window)


@_layer("dense")
def _dense(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    x = low.flat(node, inputs[0])
    weight = low.parameter(node, "weight", low.filters(1, layer.units, x.size, 1))
    return low.emit(node, "dense", [x], _output(low, node), _with_bias(low, node, layer, weight))


@_layer("dwconv")
def _dwconv(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    weights = _with_bias(low, node, layer, low.parameter(node, "weight", TapsFirst))
    return low.emit(node, "dwconv", inputs, _output(low, node), weights, window=low.window(node, layer))


@_layer("filter")
def _filter(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    window = low.window(node, layer)
    rank = len(low.net.report[node.index].inputs[0]) - 1
    kernel = layer.divided(rank)
    if kernel is None:
        return low.emit(node, "pool", inputs, _output(low, node), mode="median", window=window, exclude_pad=False)
    divisor, rows = kernel
    sizes = (len(rows),) if rank == 1 else (len(rows), len(rows[0]))
    shape = (inputs[0].shape[3], 1, *sizes)
    over = float(divisor)
    fixed = [float(v) / over for v in rows] if rank == 1 else [[float(v) / over for v in row] for row in rows]
    weight = low.parameter(node, "kernel", TapsFirst, learned=False, shape=shape, value=[[fixed]] * shape[0])
    return low.emit(node, "dwconv", inputs, _output(low, node), {"weight": weight}, window=window)


@_layer("local")
def _local(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    (x,), y = inputs, _output(low, node)
    weight = low.parameter(node, "weight", lambda shape: Local(shape, prod(y[:-1]), y[-1], x.shape[3]))
    return low.emit(node, "local", [x], y, _with_bias(low, node, layer, weight), window=low.window(node, layer))


@_layer(*(f"{mode}pool" for mode in POOLINGS))
def _pool(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return low.emit(
        node,
        "pool",
        inputs,
        _output(low, node),
        mode=node.op.removesuffix("pool"),
        window=low.window(node, layer),
        exclude_pad=bool(getattr(layer, "exclude_pad", False)),
    )


@_layer("unpool")
def _unpool(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    """The places are found again in what the pooling saw, so that it may be done in any way."""
    values, source = inputs
    x = low.net.report[node.index].inputs[1]
    y = low.emit(node, "unpool", [values, source], _output(low, node), window=Window.of(layer.pool.geometry(x)))
    y.learns = values.learns
    return y


@_layer("globalavgpool", "globalmaxpool")
def _global(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    if layer.channels:
        return rearranging.over_channels(low, node, inputs, node.op[6:9])
    size = inputs[0].shape[:3]
    none, one = (0, 0, 0), (1, 1, 1)
    window = Window(size, one, one, none, none, size, one)
    return low.emit(node, "pool", inputs, _output(low, node), mode=node.op[6:9], window=window, exclude_pad=False)


@_layer("adaptiveavgpool")
def _adaptive(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return low.emit(node, "adaptive", inputs, _output(low, node))


@_layer("flatten", "reshape")
def _reshape(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return inputs[0]  # the driver of this module reshapes where the shapes differ


@_layer("identity")
def _identity(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return inputs[0]


@_layer("dropout")
def _dropout(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    if not low.training or layer.rate == 0:
        return inputs[0]
    return low.emit(node, "dropout", inputs, inputs[0].shape, rate=float(layer.rate), key=node.index)


@_layer("pad", "crop")
def _pad(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    sides = layer.sides(low.net.report[node.index].inputs[0])
    before = three([first if node.op == "pad" else -first for first, _ in sides], 0)
    return low.emit(node, "copy", inputs, _output(low, node), at=(*before, 0))


@_layer("upsample", "resize")
def _upsample(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return low.emit(node, "upsample", inputs, _output(low, node), mode=layer.mode)


@_layer("shuffle")
def _shuffle(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return low.emit(node, "shuffle", inputs, inputs[0].shape, groups=layer.g)


def _scale_and_shift(low: Lowering, node: Node) -> dict[str, Parameter]:
    return {"weight": low.parameter(node, "weight", value=1.0), "bias": low.parameter(node, "bias", value=0.0)}


@_layer("bn")
def _bn(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    weights = {
        **_scale_and_shift(low, node),
        "running_mean": low.parameter(node, "running_mean", learned=False, value=0.0),
        "running_var": low.parameter(node, "running_var", learned=False, value=1.0),
    }
    keep = float(layer.momentum)
    statistics = {"eps": float(layer.eps), "keep": keep, "take": round(1 - keep, 12)}
    return low.emit(
        node, "batch_norm", inputs, inputs[0].shape, weights, statistics=statistics, frozen=bool(node.frozen)
    )


@_layer("ln", "in", "gn")
def _group_norm(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    channels = inputs[0].shape[3]
    if node.op == "ln" and layer.channels:
        return low.emit(
            node, "position_norm", inputs, inputs[0].shape, _scale_and_shift(low, node), eps=float(layer.eps)
        )
    groups = {"ln": 1, "in": channels}.get(node.op) or layer.g
    return low.emit(
        node, "group_norm", inputs, inputs[0].shape, _scale_and_shift(low, node), groups=groups, eps=float(layer.eps)
    )


@_layer("lrn")
def _lrn(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    return low.emit(
        node,
        "response_norm",
        inputs,
        inputs[0].shape,
        n=int(layer.n),
        alpha=float(layer.alpha),
        beta=float(layer.beta),
        k=float(layer.k),
    )


@_layer("scale")
def _scale(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    if layer.fixed is not None:
        return rearranging.by_constant(low, node, inputs[0], float(layer.fixed))
    weights = {"weight": low.parameter(node, "weight", value=float(layer.init))}
    return low.emit(node, "scale", inputs, inputs[0].shape, weights)


_OF_BRANCHES = {"mean": rearranging.mean, "max": rearranging.largest, "absdiff": rearranging.absolute_difference}


@_layer("add", "mul", "concat", *_OF_BRANCHES)
def _combination(low: Lowering, node: Node, layer: Any, inputs: list[Value]) -> Value:
    if len(inputs) == 1:  # `from a`, where a was kept once
        return inputs[0]
    if node.op in _OF_BRANCHES:
        return _OF_BRANCHES[node.op](low, node, inputs)
    y = four(_output(low, node))
    if node.op == "add":
        inputs = [rearranging.stretched(low, node, x, y) for x in inputs]
    elif node.op == "mul":  # a product repeats positions by itself
        inputs = [rearranging.stretched(low, node, x, (*x.shape[:3], y[3])) for x in inputs]
    return low.emit(node, node.op, inputs, _output(low, node))


for _name, _handler in {
    "transpose": rearranging.transpose,
    "pixelshuffle": rearranging.pixel_shuffle,
    "pixelunshuffle": rearranging.pixel_unshuffle,
    "slice": rearranging.part,
    "maxout": rearranging.maxout,
    "groupsoftmax": rearranging.group_softmax,
    "matmul": rearranging.matrix_product,
    "adaptivemaxpool": rearranging.adaptive_maximum,
    "droppath": rearranging.drop_path,
}.items():
    _layer(_name)(_handler)
