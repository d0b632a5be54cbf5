"""Layers that put values in other places, as shuffles and copies; and what needs that to be a window or a product.

A shuffle exchanges two neighbouring axes: [groups, members] becomes [members, groups]. Between reshapes, which keep the
order of the numbers, that is every change of places that there is here. What a handler returns may have another shape than
the layer's output: it is reshaped behind the activation.
"""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine.plan.layouts import Plain
from convdsl.engine.plan.values import Parameter, Shape, Value, Window


def _as(low: Any, node: Any, x: Value, *shape: int) -> Value:
    return x if x.shape == shape else low.emit(node, "reshape", [x], shape)


def _swap(low: Any, node: Any, x: Value, outer: int, a: int, b: int, inner: int = 1) -> Value:
    """[outer, a, b, inner] as [outer, b, a, inner]. With an inner axis in two steps: [a, b·inner] is exchanged as a whole, and
    in each of the `b` parts [inner, a] then."""
    if a == 1 or b == 1:
        return x
    x = _as(low, node, x, 1, 1, outer, a * b * inner)
    x = low.emit(node, "shuffle", [x], x.shape, groups=a)
    if inner > 1:
        x = _as(low, node, x, 1, 1, outer * b, inner * a)
        x = low.emit(node, "shuffle", [x], x.shape, groups=inner)
    return x


def transpose(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    (x,) = inputs
    depth, height, width, channels = x.shape
    if len(low.net.report[node.index].inputs[0]) == 2:
        return _swap(low, node, x, 1, width, channels)
    return _swap(low, node, x, depth, height, width, channels)


def pixel_shuffle(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """[N₁, N₂, C, r₁, r₂] as [N₁, r₁, N₂, r₂, C]: the channels go last, then each r beside its axis."""
    return _interleaved(low, node, inputs[0], low.net.report[node.index].inputs[0], layer, back=False)


def pixel_unshuffle(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    return _interleaved(low, node, inputs[0], low.net.report[node.index].output, layer, back=True)


def _interleaved(low: Any, node: Any, x: Value, small: tuple[int, ...], layer: Any, back: bool) -> Value:
    """`small` is the shape with many channels."""
    sizes, factors = small[:-1], layer.factors(low.net.report[node.index].inputs[0])
    area = prod(factors)
    channels = small[-1] // area
    moves = [(prod(sizes), channels, area, 1)]
    for axis in range(len(sizes) - 1):
        outer = prod(n * r for n, r in zip(sizes[:axis], factors[:axis], strict=True)) * sizes[axis]
        moves.append((outer, prod(sizes[axis + 1 :]), factors[axis], prod(factors[axis + 1 :]) * channels))
    for outer, a, b, inner in reversed(moves) if back else moves:
        x = _swap(low, node, x, outer, *((b, a) if back else (a, b)), inner)
    return x


def part(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """Some channels, one behind the other."""
    first, _ = layer.part(low.net.report[node.index].inputs[0])
    return low.emit(node, "copy", inputs, low.net.report[node.index].output, at=(0, 0, 0, -first))


def maxout(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    (x,) = inputs
    return _over_rows(low, node, _as(low, node, x, 1, x.size // layer.n, layer.n, 1), "max")


def group_softmax(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """The parts of the channels become rows of as many values, each its own softmax."""
    (x,) = inputs
    positions, channels, parts = prod(x.shape[:3]), x.shape[3], int(layer.n)
    each = channels // parts
    x = _swap(low, node, x, positions, parts, each)
    x = _as(low, node, x, 1, 1, positions * each, parts)
    x = low.emit(node, "softmax", [x], x.shape)
    return _swap(low, node, x, positions, each, parts)


def matrix_product(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """Of L×K and K×M all L·M·K products, and of each K of them the sum, which is K times their mean."""
    left, right = inputs
    rows, inner, columns = left.shape[2], left.shape[3], right.shape[3]
    whole = (1, rows, columns, inner)
    left = stretched(low, node, _as(low, node, left, 1, rows, 1, inner), whole)
    right = _as(low, node, _swap(low, node, right, 1, inner, columns), 1, 1, columns, inner)
    products = low.emit(node, "mul", [left, stretched(low, node, right, whole)], whole)
    means = over_channels(low, node, [products], "avg")
    sums = by_constant(low, node, _as(low, node, means, 1, 1, 1, rows * columns), float(inner))
    return _as(low, node, sums, 1, 1, rows, columns)


def adaptive_maximum(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """The largest values under windows of several sizes, one axis after the other: of each window its rows, then their
    maximum, and these side by side."""
    (x,) = inputs
    sizes, channels = list(x.shape[:3]), x.shape[3]
    wanted = (1,) * (3 - len(low.net.report[node.index].output[:-1])) + tuple(low.net.report[node.index].output[:-1])
    for axis, o in enumerate(wanted):
        n = sizes[axis]
        if o == n:
            continue
        outer, inner = prod(sizes[:axis]), prod(sizes[axis + 1 :])
        x = _as(low, node, _swap(low, node, x, 1, outer, n, inner * channels), 1, n, outer * inner, channels)
        rows = []
        for i in range(o):
            first, last = i * n // o, -(-(i + 1) * n // o)
            part = low.emit(node, "copy", [x], (1, last - first, outer * inner, channels), at=(0, -first, 0, 0))
            rows.append(_as(low, node, _over_columns(low, node, part), 1, 1, 1, outer * inner * channels))
        x = rows[0]
        if o > 1:
            x = low.emit(node, "concat", rows, (1, 1, 1, o * outer * inner * channels))
        x = _swap(low, node, x, 1, o, outer, inner * channels)
        sizes[axis] = o
    return x


def _over_columns(low: Any, node: Any, x: Value) -> Value:
    """The largest value of each column of x."""
    _, rows, columns, channels = x.shape
    none, one = (0, 0, 0), (1, 1, 1)
    window = Window((1, rows, 1), one, one, none, none, (1, rows, columns), (1, 1, columns))
    return low.emit(node, "pool", [x], (1, 1, columns, channels), mode="max", window=window, exclude_pad=False)


def over_channels(low: Any, node: Any, inputs: list[Value], mode: str) -> Value:
    """One value of all channels, at each position."""
    (x,) = inputs
    channels = x.shape[3]
    return _over_rows(low, node, _as(low, node, x, 1, x.size // channels, channels, 1), mode)


def _over_rows(low: Any, node: Any, x: Value, mode: str) -> Value:
    """The mean, or the largest value, of each row of x."""
    _, rows, columns, channels = x.shape
    none, one = (0, 0, 0), (1, 1, 1)
    window = Window((1, 1, columns), one, one, none, none, (1, rows, columns), (1, rows, 1))
    return low.emit(node, "pool", [x], (1, rows, 1, channels), mode=mode, window=window, exclude_pad=False)


def stretched(low: Any, node: Any, x: Value, shape: Shape) -> Value:
    """x with its axes of size 1 repeated: the positions as an enlargement, and so the channels, as positions."""
    if x.shape[:3] != shape[:3]:
        x = low.emit(node, "upsample", [x], (*shape[:3], x.shape[3]), mode="nearest")
    if x.shape[3] != shape[3]:
        positions = prod(shape[:3])
        x = _as(low, node, x, 1, positions, 1, 1)
        x = low.emit(node, "upsample", [x], (1, positions, shape[3], 1), mode="nearest")
    return _as(low, node, x, *shape)


def drop_path(low: Any, node: Any, layer: Any, inputs: list[Value]) -> Value:
    """x times one number for each image: a one, dropped as `dropout` would drop it. The one is a softmax of one channel."""
    (x,) = inputs
    if not low.training or layer.rate == 0:
        return x
    one = low.emit(node, "copy", [x], (1, 1, 1, 1), at=(0, 0, 0, 0))
    one.learns = False
    one = low.emit(node, "softmax", [one], one.shape)
    drawn = low.emit(node, "dropout", [one], one.shape, rate=float(layer.rate), key=node.index)
    return low.emit(node, "mul", [x, stretched(low, node, drawn, (1, 1, 1, x.shape[3]))], x.shape)


def mean(low: Any, node: Any, inputs: list[Value]) -> Value:
    total = low.emit(node, "add", inputs, inputs[0].shape)
    return by_constant(low, node, total, 1 / len(inputs))


def by_constant(low: Any, node: Any, x: Value, factor: float) -> Value:
    """x times a number that is not learned."""
    shape = (x.shape[3],)
    fixed: Parameter = low.parameter(node, "factor", Plain, learned=False, shape=shape, value=[factor] * shape[0])
    fixed.trainable = False
    return low.emit(node, "scale", [x], x.shape, {"weight": fixed})


def largest(low: Any, node: Any, inputs: list[Value]) -> Value:
    """The branches side by side, as rows of which the largest values are taken."""
    depth, height, width, channels = inputs[0].shape
    beside = low.emit(node, "concat", inputs, (depth, height, width, channels * len(inputs)))
    return _over_rows(low, node, _as(low, node, beside, 1, depth * height * width, len(inputs), channels), "max")


def absolute_difference(low: Any, node: Any, inputs: list[Value]) -> Value:
    """What the left branch is above the right one, plus what it is below it: where both are alike, no gradient comes back."""
    left, right = inputs
    shape = left.shape
    above = low.emit(node, "add", [left, by_constant(low, node, right, -1)], shape)
    below = by_constant(low, node, above, -1)
    parts = [low.emit(node, "activation", [x], shape, activation=("relu", 0.0)) for x in (above, below)]
    return low.emit(node, "add", parts, shape)
