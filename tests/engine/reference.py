"""Every layer, once more: one image at a time, loop by loop, as its definition says. Slow and obviously right.

The tests hold the compiled kernels against it. It works on float64 and on any other numbers that can be added, multiplied
and compared (the tests count operations with such). Shapes are channels last; a batch is the first axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from convdsl.network.view import NetView

Array = Any


def forward(net: NetView, weights: Mapping[str, Array], x: Array, training: bool = False) -> list[Array]:
    """The values of all nodes by index, the input first; `x` is (n, *input). Dropout does nothing, and what is frozen
    behaves as at inference."""
    values = [np.asarray(x)]
    for node in net.nodes:
        owner = f"{node.shared or node.index}."
        named = {name.rsplit(".", 1)[1]: w for name, w in weights.items() if name.startswith(owner)}
        inputs = [values[i] for i in node.inputs]
        value = layer(node.layer, inputs, named, training and not node.frozen, net.report.shape(node.index))
        if node.activation is not None:
            value = activation(node.activation, value, named)
        values.append(value)
    return values


def layer(
    layer: Any, inputs: list[Array], weights: Mapping[str, Array], training: bool, output: tuple[int, ...]
) -> Array:
    """One layer applied to a batch."""
    x = inputs[0]
    handler = _LAYERS.get(layer.name)
    if handler is not None:
        return np.stack([handler(layer, image, weights, output) for image in x])
    if layer.name == "bn":
        return batch_norm(x, weights, training, layer.eps)
    if layer.name == "add":
        return sum(inputs[1:], x)
    if layer.name == "mean":
        return sum(inputs[1:], x) * (1 / len(inputs))
    if layer.name == "max":
        return np.stack(inputs).max(0)
    if layer.name == "absdiff":
        return np.abs(inputs[0] - inputs[1])
    if layer.name == "mul":
        result = x
        for other in inputs[1:]:
            result = result * other
        return result
    if layer.name == "matmul":
        return inputs[0] @ inputs[1]
    if layer.name == "unpool":
        return np.stack([_unpool(layer.pool, *images) for images in zip(*inputs, strict=True)])
    if layer.name == "concat":
        return np.concatenate(inputs, axis=-1)
    return activation(layer, x, weights)


def places(axes: tuple[Any, ...]) -> Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]]]:
    """Each place of a window, with its taps: (tap, position in the input, which may lie in the padding)."""
    for place in product(*(range(a.output) for a in axes)):
        taps = [
            (tap, tuple(o * a.s + t * a.d - a.before for o, t, a in zip(place, tap, axes, strict=True)))
            for tap in product(*(range(a.k) for a in axes))
        ]
        yield place, taps


def at(x: Array, position: tuple[int, ...], channel: int) -> Any:
    """A value, or zero outside."""
    inside = all(0 <= p < n for p, n in zip(position, x.shape, strict=False))
    return x[(*position, channel)] if inside else x.dtype.type(0) if x.dtype != object else x.flat[0] * 0


def total(values: Iterator[Any] | list[Any]) -> Any:
    values = iter(values)
    result = next(values)
    for value in values:
        result = result + value
    return result


def _empty(shape: tuple[int, ...], like: Array) -> Array:
    return np.empty(shape, like.dtype)


def _conv(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y, weight = _empty(output, x), w["weight"]
    share, per = x.shape[-1] // layer.g, layer.filters // layer.g
    for place, taps in places(layer.geometry(x.shape)):
        for f in range(layer.filters):
            first = f // per * share
            value = total(at(x, p, first + c) * weight[(f, c, *tap)] for tap, p in taps for c in range(share))
            y[(*place, f)] = value + w["bias"][f] if layer.bias else value
    return y


def _dwconv(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y, weight = _empty(output, x), w["weight"]
    for place, taps in places(layer.geometry(x.shape)):
        for f in range(output[-1]):
            value = total(at(x, p, f // layer.m) * weight[(f, 0, *tap)] for tap, p in taps)
            y[(*place, f)] = value + w["bias"][f] if layer.bias else value
    return y


def _tconv(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = np.zeros(output, x.dtype)
    axes, weight = layer.geometry(x.shape), w["weight"]
    share, per = x.shape[-1] // layer.g, layer.filters // layer.g
    for place in product(*(range(n) for n in x.shape[:-1])):
        for tap in product(*(range(a.k) for a in axes)):
            to = tuple(i * a.s + t * a.d - a.before for i, t, a in zip(place, tap, axes, strict=True))
            if all(0 <= p < n for p, n in zip(to, output, strict=False)):
                for c in range(x.shape[-1]):
                    for f in range(per):
                        y[(*to, c // share * per + f)] += x[(*place, c)] * weight[(c, f, *tap)]
    return y + w["bias"] if layer.bias else y


def _local(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y, weight = _empty(output, x), w["weight"]
    for place, taps in places(layer.geometry(x.shape)):
        for f in range(layer.filters):
            value = total(at(x, p, c) * weight[(*place, f, c, *tap)] for tap, p in taps for c in range(x.shape[-1]))
            y[(*place, f)] = value + w["bias"][(*place, f)] if layer.bias else value
    return y


def _dense(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    flat, y = x.reshape(-1), _empty(output, x)
    for n in range(layer.units):
        value = total(v * weight for v, weight in zip(flat, w["weight"][n], strict=True))
        y[n] = value + w["bias"][n] if layer.bias else value
    return y


def _filter(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    kernel = layer.divided(x.ndim - 1)
    if kernel is None:
        return _pool(layer, x, w, output, _median)
    divisor, rows = kernel

    def weight(tap: tuple[int, ...]) -> float:
        return float(rows[tap[0]] if len(tap) == 1 else rows[tap[0]][tap[1]]) / float(divisor)

    y = _empty(output, x)
    for place, taps in places(layer.geometry(x.shape)):
        for c in range(x.shape[-1]):
            y[(*place, c)] = total(at(x, p, c) * weight(tap) for tap, p in taps)
    return y


def _median(values: list[Any]) -> Any:
    return sorted(values)[(len(values) - 1) // 2]


def _pool(
    layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...], choose: Callable[[list[Any]], Any]
) -> Array:
    y = _empty(output, x)
    for place, taps in places(layer.geometry(x.shape)):
        inside = [p for _, p in taps if all(0 <= i < n for i, n in zip(p, x.shape, strict=False))]
        for c in range(x.shape[-1]):
            y[(*place, c)] = choose([x[(*p, c)] for p in inside])
    return y


def _unpool(pool: Any, values: Array, source: Array) -> Array:
    """Each value where its window's first maximum is; else zero."""
    y = np.zeros(source.shape, values.dtype)
    for place, taps in places(pool.geometry(source.shape)):
        inside = [p for _, p in taps if all(0 <= i < n for i, n in zip(p, source.shape, strict=False))]
        for c in range(source.shape[-1]):
            y[(*max(inside, key=lambda p: source[(*p, c)]), c)] = values[(*place, c)]
    return y


def _avgpool(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    axes = layer.geometry(x.shape)
    for place, taps in places(axes):
        inside = [p for _, p in taps if all(0 <= i < n for i, n in zip(p, x.shape, strict=False))]
        counted = [p for _, p in taps if all(i < a.input + a.after for i, a in zip(p, axes, strict=True))]
        for c in range(x.shape[-1]):
            y[(*place, c)] = total([x[(*p, c)] for p in inside]) * (1 / len(inside if layer.exclude_pad else counted))
    return y


def _adaptive(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    for place in product(*(range(n) for n in output[:-1])):
        spans = [range(i * n // o, -(-(i + 1) * n // o)) for i, n, o in zip(place, x.shape, output, strict=False)]
        for c in range(x.shape[-1]):
            values = [x[(*p, c)] for p in product(*spans)]
            y[(*place, c)] = max(values) if layer.name == "adaptivemaxpool" else total(values) * (1 / len(values))
    return y


def _global(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    if layer.channels:
        for place in product(*(range(n) for n in output[:-1])):
            values = list(x[place])
            y[place] = total(values) * (1 / len(values)) if layer.name == "globalavgpool" else max(values)
        return y
    for c in range(x.shape[-1]):
        values = list(x[..., c].reshape(-1))
        y[..., c] = total(values) * (1 / len(values)) if layer.name == "globalavgpool" else max(values)
    return y


def _upsample(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    for place in product(*(range(n) for n in output[:-1])):
        for c in range(x.shape[-1]):
            if layer.mode == "nearest":
                y[(*place, c)] = x[(*(i * n // o for i, n, o in zip(place, x.shape, output, strict=False)), c)]
                continue
            around = []
            for i, n, o in zip(place, x.shape[:-1], output, strict=False):
                where = i * (n - 1) / max(o - 1, 1) if layer.mode == "corners" else max((i + 0.5) * n / o - 0.5, 0)
                low = int(where)
                around.append([(low, 1 - (where - low)), (min(low + 1, n - 1), where - low)])
            y[(*place, c)] = total(
                x[(*(p for p, _ in corner), c)] * math.prod(part for _, part in corner) for corner in product(*around)
            )
    return y


def _pad(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = np.zeros(output, x.dtype)
    shift = [first if layer.name == "pad" else -first for first, _ in layer.sides(x.shape)]
    for place in product(*(range(n) for n in output[:-1])):
        for c in range(x.shape[-1]):
            y[(*place, c)] = at(x, tuple(p - s for p, s in zip(place, shift, strict=True)), c)
    return y


def _pixel_shuffle(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    factors = layer.factors(x.shape)
    for place in product(*(range(n) for n in output[:-1])):
        inside = [i % r for i, r in zip(place, factors, strict=True)]
        number = 0
        for i, r in zip(inside, factors, strict=True):
            number = number * r + i
        for c in range(output[-1]):
            channel = c * math.prod(factors) + number
            y[(*place, c)] = x[(*(i // r for i, r in zip(place, factors, strict=True)), channel)]
    return y


def _pixel_unshuffle(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = _empty(output, x)
    factors = layer.factors(x.shape)
    for place in product(*(range(n) for n in output[:-1])):
        for c in range(x.shape[-1]):
            for number, inside in enumerate(product(*(range(r) for r in factors))):
                at = tuple(i * r + k for i, r, k in zip(place, factors, inside, strict=True))
                y[(*place, c * math.prod(factors) + number)] = x[(*at, c)]
    return y


def _transpose(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    return x.T if x.ndim == 2 else np.swapaxes(x, -3, -2)


def _slice(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    first, size = layer.part(x.shape)
    return x[..., first : first + size]


def _maxout(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    return np.stack([x[..., c * layer.n : (c + 1) * layer.n].max(-1) for c in range(output[-1])], axis=-1)


def _group_softmax(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y, size = _empty(output, x), x.shape[-1] // layer.n
    for c in range(size):
        parts = np.exp(x[..., c::size] - x[..., c::size].max(-1, keepdims=True))
        y[..., c::size] = parts / parts.sum(-1, keepdims=True)
    return y


def _shuffle(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y, members = _empty(output, x), x.shape[-1] // layer.g
    for g in range(layer.g):
        for m in range(members):
            y[..., m * layer.g + g] = x[..., g * members + m]
    return y


def _normalised(x: Array, eps: float) -> Array:
    mean = x.mean()
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean() + eps)


def _layer_norm(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    if layer.name == "ln" and layer.channels:
        y = np.stack([_normalised(row, layer.eps) for row in x.reshape(-1, x.shape[-1])]).reshape(x.shape)
    else:
        groups = {"ln": 1, "in": x.shape[-1]}.get(layer.name) or layer.g
        y = np.concatenate([_normalised(part, layer.eps) for part in np.split(x, groups, axis=-1)], axis=-1)
    return y * w["weight"] + w["bias"]


def batch_norm(x: Array, w: Mapping[str, Array], training: bool, eps: float) -> Array:
    """Over the batch and all positions in training, by the running statistics otherwise."""
    rows = x.reshape(-1, x.shape[-1])
    mean = rows.mean(0) if training else w["running_mean"]
    variance = ((rows - mean) ** 2).mean(0) if training else w["running_var"]
    return (x - mean) / np.sqrt(variance + eps) * w["weight"] + w["bias"]


def _lrn(layer: Any, x: Array, w: Mapping[str, Array], output: tuple[int, ...]) -> Array:
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        near = x[..., max(0, c - layer.n // 2) : c + (layer.n - 1) // 2 + 1]
        y[..., c] = x[..., c] / (layer.k + layer.alpha / layer.n * (near**2).sum(-1)) ** layer.beta
    return y


_LAYERS: dict[str, Callable[..., Array]] = {
    "conv": _conv,
    "dwconv": _dwconv,
    "tconv": _tconv,
    "local": _local,
    "dense": _dense,
    "filter": _filter,
    "maxpool": partial(_pool, choose=max),
    "minpool": partial(_pool, choose=min),
    "medianpool": partial(_pool, choose=_median),
    "avgpool": _avgpool,
    "adaptiveavgpool": _adaptive,
    "adaptivemaxpool": _adaptive,
    "globalavgpool": _global,
    "globalmaxpool": _global,
    "upsample": _upsample,
    "resize": _upsample,
    "pad": _pad,
    "crop": _pad,
    "shuffle": _shuffle,
    "pixelshuffle": _pixel_shuffle,
    "pixelunshuffle": _pixel_unshuffle,
    "transpose": _transpose,
    "slice": _slice,
    "maxout": _maxout,
    "groupsoftmax": _group_softmax,
    "lrn": _lrn,
    "ln": _layer_norm,
    "in": _layer_norm,
    "gn": _layer_norm,
    "flatten": lambda layer, x, w, output: x.reshape(output),
    "reshape": lambda layer, x, w, output: x.reshape(output),
    "identity": lambda layer, x, w, output: x,
    "droppath": lambda layer, x, w, output: x,
    "dropout": lambda layer, x, w, output: x,
    "scale": lambda layer, x, w, output: x * (w["weight"] if layer.fixed is None else layer.fixed),
}


def activation(layer: Any, x: Array, weights: Mapping[str, Array]) -> Array:
    """An activation of every value; softmax over the last axis."""
    name = layer.name
    if name == "softmax":
        powers = np.exp(x - x.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)
    if name == "prelu":
        return np.where(x > 0, x, x * weights["prelu"])
    return np.vectorize(lambda v: _FUNCTIONS[name](v, float(getattr(layer, "slope", 0))), otypes=[x.dtype])(x)


def _hardsigmoid(v: float) -> float:
    return min(max(v / 6 + 0.5, 0), 1)


def _sigmoid(v: float) -> float:
    e = math.exp(-abs(v))
    return (e if v < 0 else 1) / (1 + e)


_FUNCTIONS: dict[str, Callable[[float, float], float]] = {
    "relu": lambda v, a: max(v, 0),
    "relu6": lambda v, a: min(max(v, 0), 6),
    "leaky_relu": lambda v, a: v if v > 0 else a * v,
    "elu": lambda v, a: v if v > 0 else a * math.expm1(v),
    "selu": lambda v, a: 1.0507009873554805 * (v if v > 0 else 1.6732632423543772 * math.expm1(v)),
    "gelu": lambda v, a: v * 0.5 * math.erfc(-v / math.sqrt(2)),
    "silu": lambda v, a: v * _sigmoid(v),
    "sigmoid": lambda v, a: _sigmoid(v),
    "hardsigmoid": lambda v, a: _hardsigmoid(v),
    "hardswish": lambda v, a: v * _hardsigmoid(v),
    "tanh": lambda v, a: math.tanh(v),
}
