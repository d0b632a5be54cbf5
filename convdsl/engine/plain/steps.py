"""What each kind of step computes: a function for each, in the words of convdsl/engine/plan/kinds.py.

A value is an array [image, depth, row, column, channel], a weight one in the public layout. Reads come by their roles;
what is returned is written, or added, to what the step writes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.bits import random_bits
from convdsl.engine.plain import formulas
from convdsl.engine.plan import Step, Window

Array = Any
_NOTHING: Array = 0
STEPS: dict[str, Callable[..., Array]] = {}


def step(*kinds: str) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Registers what kinds of steps compute. A function takes the run, the step, and the values that it reads."""

    def register(function: Callable[..., Array]) -> Callable[..., Array]:
        STEPS.update(dict.fromkeys(kinds, function))
        return function

    return register


# in and out, and what moves numbers


@step("load")
def _load(run: Any, step: Step) -> Array:
    images = run.chosen(run.batch.images)
    factor = run.dtype(0.00392156862745098 if images.dtype == np.uint8 else 1)
    return (images.astype(run.dtype) * factor).reshape(-1, *step.writes["y"].shape)


@step("emit")
def _emit(run: Any, step: Step, x: Array) -> None:
    if run.out is not None:
        run.out[:] = x.reshape(run.out.shape)


@step("copy")
def _copy(run: Any, step: Step, x: Array) -> Array:
    """Only what lies inside is put there; what `y` was stays around it."""
    y, at = step.writes["y"], step.settings["at"]
    before = run.values.get(y)
    result = run.zeros(y) if before is None or step.settings["fill"] or step.settings["add"] else before.copy()
    to = tuple(slice(max(0, a), a + n) for a, n in zip(at, x.shape[1:], strict=True))
    of = tuple(slice(max(0, -a), max(0, m - a)) for a, m in zip(at, y.shape, strict=True))
    result[(slice(None), *to)] = x[(slice(None), *of)]
    return result


@step("reshape")
def _reshape(run: Any, step: Step, x: Array) -> Array:
    return x.reshape(-1, *step.writes["y"].shape)


@step("shuffle")
def _shuffle(run: Any, step: Step, x: Array) -> Array:
    return x.reshape(*x.shape[:-1], step.settings["groups"], -1).swapaxes(-1, -2).reshape(x.shape)


def _along(x: Array, matrices: list[Array]) -> Array:
    """A matrix applied along each of the axes depth, row, column."""
    for axis, matrix in enumerate(matrices, 1):
        x = np.moveaxis(np.tensordot(x, matrix.astype(x.dtype), (axis, 1)), -1, axis)
    return x


def _enlarging(n: int, m: int, mode: str) -> Array:
    """(m, n): how much each of n values counts for each of m."""
    at = np.arange(m)
    if mode == "nearest":
        return np.eye(n)[at * n // m]
    place = np.maximum((at + 0.5) * n / m - 0.5, 0)
    low = place.astype(int)
    part = (place - low)[:, None]
    return np.eye(n)[low] * (1 - part) + np.eye(n)[np.minimum(low + 1, n - 1)] * part


def _averaging(n: int, m: int) -> Array:
    """(m, n): means over windows from floor(i·n/m) to ceil((i + 1)·n/m)."""
    result = np.zeros((m, n))
    for i in range(m):
        first, last = i * n // m, -(-(i + 1) * n // m)
        result[i, first:last] = 1 / (last - first)
    return result


def _matrices(small: Any, large: Any, mode: str) -> list[Array]:
    sizes = zip(small[:3], large[:3], strict=True)
    return [_averaging(m, n) if mode == "mean" else _enlarging(n, m, mode) for n, m in sizes]


@step("upsample")
def _upsample(run: Any, step: Step, x: Array) -> Array:
    return _along(x, _matrices(x.shape[1:], step.writes["y"].shape, step.settings["mode"]))


@step("upsample_gradient")
def _upsample_gradient(run: Any, step: Step, g: Array) -> Array:
    return _along(g, [m.T for m in _matrices(step.writes["gx"].shape, g.shape[1:], step.settings["mode"])])


@step("adaptive")
def _adaptive(run: Any, step: Step, x: Array) -> Array:
    return _along(x, _matrices(step.writes["y"].shape, x.shape[1:], "mean"))


@step("adaptive_gradient")
def _adaptive_gradient(run: Any, step: Step, g: Array) -> Array:
    return _along(g, [m.T for m in _matrices(g.shape[1:], step.writes["gx"].shape, "mean")])


# one number at a time


@step("activation")
def _activation(run: Any, step: Step, x: Array) -> Array:
    return formulas.value(step.settings["activation"], x)


@step("activation_gradient")
def _activation_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    return formulas.back(step.settings["activation"], g, x)


@step("settle")
def _settle(run: Any, step: Step, g: Array) -> Array:
    run.gradient(step, "bias", _by_channel(g))
    return g


def _by_channel(g: Array) -> Array:
    return g.reshape(-1, g.shape[-1]).sum(0)


@step("prelu")
def _prelu(run: Any, step: Step, x: Array) -> Array:
    return np.where(x > 0, x, x * run.weight(step, "prelu"))


@step("prelu_gradient")
def _prelu_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    run.gradient(step, "prelu", _by_channel(np.where(x > 0, 0, g * x)))
    return np.where(x > 0, g, g * run.weight(step, "prelu"))


@step("scale")
def _scale(run: Any, step: Step, x: Array) -> Array:
    return x * run.weight(step, "weight")


@step("scale_gradient")
def _scale_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    run.gradient(step, "weight", _by_channel(g * x))
    return g * run.weight(step, "weight")


@step("dropout")
def _dropout(run: Any, step: Step, x: Array) -> Array:
    """Way forward and back alike: the numbers are drawn from the step's seed, the image, the layer and the place."""
    rate = step.settings["rate"]
    images = np.arange(run.first, run.first + len(x), dtype=np.uint64)[:, None]
    keys = random_bits(np.int64(run.seed), images * np.uint64(65536) + np.uint64(step.settings["key"]))
    drawn = random_bits(keys, np.arange(x[0].size)) >> np.uint64(32)
    kept = (drawn < np.uint64((1.0 - rate) * 4294967296.0)).reshape(x.shape)
    return np.where(kept, x * run.dtype(1.0 / (1.0 - rate)), run.dtype(0))


@step("sum")
def _sum(run: Any, step: Step, a: Array, b: Array) -> Array:
    return a + b


@step("product")
def _product(run: Any, step: Step, a: Array, b: Array) -> Array:
    return a * b


@step("product_gradient")
def _product_gradient(run: Any, step: Step, g: Array, a: Array) -> Array:
    shape, whole = step.writes["gx"].shape, g * a
    axes = tuple(axis for axis, n in enumerate(shape, 1) if n == 1)
    return whole.sum(axes, keepdims=True)


# windows


def _taps(window: Window) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """For each tap its number, and where its values stand in the padded input: one for each place of the window."""
    for number, tap in enumerate(product(*(range(k) for k in window.k))):
        starts = [t * d for t, d in zip(tap, window.d, strict=True)]
        axes = zip(starts, window.s, window.output, strict=True)
        yield number, (slice(None), *(slice(first, first + s * (o - 1) + 1, s) for first, s, o in axes))


def _padding(window: Window) -> list[tuple[int, int]]:
    return [(0, 0), *window.frame, (0, 0)]


def _unpadded(x: Array, window: Window) -> Array:
    axes = zip(window.before, window.input, strict=True)
    return x[(slice(None), *(slice(b, b + n) for b, n in axes))]


def _room(x: Array, window: Window, channels: int) -> Array:
    """Zeros for the padded input of a window whose output x is."""
    sizes = [n + sum(f) for n, f in zip(window.input, window.frame, strict=True)]
    return np.zeros((len(x), *sizes, channels), x.dtype)


def _filters(run: Any, step: Step) -> Array:
    """(group, filter, channel, tap) of a convolution; a transposed one has filters and channels the other way round."""
    groups, w = getattr(step.weights["weight"].layout, "groups", 1), run.weight(step, "weight")
    return w.reshape(groups, len(w) // groups, w.shape[1], -1)


def _grouped(x: Array, groups: int) -> Array:
    """(group, number, channel)."""
    return x.reshape(-1, groups, x.shape[-1] // groups).swapaxes(0, 1)


@step("gather")
def _gather(run: Any, step: Step, x: Array) -> Array:
    window, w = step.settings["window"], _filters(run, step)
    padded, total = np.pad(x, _padding(window)), _NOTHING
    for tap, places in _taps(window):
        total = total + _grouped(padded[places], len(w)) @ w[..., tap].swapaxes(1, 2)
    return total.swapaxes(0, 1).reshape(-1, *step.writes["y"].shape) + run.bias(step)


@step("spread")
def _spread(run: Any, step: Step, x: Array) -> Array:
    window, w = step.settings["window"], _filters(run, step)
    result = _room(x, window, step.writes["y"].shape[3])
    for tap, places in _taps(window):
        part = (_grouped(x, len(w)) @ w[..., tap]).swapaxes(0, 1)
        result[places] += part.reshape(*x.shape[:4], -1)
    return _unpadded(result, window) + run.bias(step)


@step("correlate")
def _correlate(run: Any, step: Step, x: Array, g: Array) -> None:
    window, w = step.settings["window"], _filters(run, step)
    padded, result = np.pad(x, _padding(window)), np.empty_like(w)
    for tap, places in _taps(window):
        result[..., tap] = _grouped(g, len(w)).swapaxes(1, 2) @ _grouped(padded[places], len(w))
    run.gradient(step, "weight", result)


@step("dense")
def _dense(run: Any, step: Step, x: Array) -> Array:
    w = run.weight(step, "weight")
    y = x.reshape(len(x), -1) @ w.reshape(len(w), -1).T
    return y.reshape(-1, *step.writes["y"].shape) + run.bias(step)


@step("dense_input")
def _dense_input(run: Any, step: Step, g: Array) -> Array:
    w = run.weight(step, "weight")
    return (g.reshape(len(g), -1) @ w.reshape(len(w), -1)).reshape(-1, *step.writes["x"].shape)


@step("dense_weight")
def _dense_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    run.gradient(step, "weight", g.reshape(len(g), -1).T @ x.reshape(len(x), -1))


@step("depthwise")
def _depthwise(run: Any, step: Step, x: Array) -> Array:
    window, w = step.settings["window"], run.weight(step, "weight")
    w, padded, total = w.reshape(len(w), -1), np.pad(x, _padding(window)), _NOTHING
    for tap, places in _taps(window):
        total = total + np.repeat(padded[places], len(w) // x.shape[-1], -1) * w[:, tap]
    return total + run.bias(step)


@step("depthwise_input")
def _depthwise_input(run: Any, step: Step, g: Array) -> Array:
    window, w, channels = step.settings["window"], run.weight(step, "weight"), step.writes["x"].shape[3]
    w, result = w.reshape(len(w), -1), _room(g, window, channels)
    for tap, places in _taps(window):
        result[places] += (g * w[:, tap]).reshape(*g.shape[:4], channels, -1).sum(-1)
    return _unpadded(result, window)


@step("depthwise_weight")
def _depthwise_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    window, padded = step.settings["window"], np.pad(x, _padding(step.settings["window"]))
    several = g.shape[-1] // x.shape[-1]
    sums = [_by_channel(np.repeat(padded[places], several, -1) * g) for _, places in _taps(window)]
    run.gradient(step, "weight", np.stack(sums, -1))


def _positions(x: Array) -> Array:
    """(position, image, channel)."""
    return x.reshape(len(x), -1, x.shape[-1]).swapaxes(0, 1)


def _local_filters(run: Any, step: Step) -> Array:
    """(position, filter, channel, tap)."""
    layout = step.weights["weight"].layout
    return run.weight(step, "weight").reshape(layout.positions, layout.filters, layout.channels, -1)


@step("local")
def _local(run: Any, step: Step, x: Array) -> Array:
    window, w = step.settings["window"], _local_filters(run, step)
    padded, total = np.pad(x, _padding(window)), _NOTHING
    for tap, places in _taps(window):
        total = total + _positions(padded[places]) @ w[..., tap].swapaxes(1, 2)
    y = step.writes["y"].shape
    bias = run.bias(step)
    return total.swapaxes(0, 1).reshape(-1, *y) + (bias.reshape(y) if np.ndim(bias) else bias)


@step("local_input")
def _local_input(run: Any, step: Step, g: Array) -> Array:
    window, w = step.settings["window"], _local_filters(run, step)
    result = _room(g, window, step.writes["x"].shape[3])
    for tap, places in _taps(window):
        result[places] += (_positions(g) @ w[..., tap]).swapaxes(0, 1).reshape(*g.shape[:4], -1)
    return _unpadded(result, window)


@step("local_weight")
def _local_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    window, padded = step.settings["window"], np.pad(x, _padding(step.settings["window"]))
    by_filter = _positions(g).swapaxes(1, 2)
    run.gradient(step, "weight", np.stack([by_filter @ _positions(padded[p]) for _, p in _taps(window)], -1))
    run.gradient(step, "bias", g.sum(0))


def _reach(x: Any, window: Window) -> Array:
    """For each place of the window its taps (tap, 1, place…, channel): where in x they are, −1 outside."""
    index = np.pad(np.arange(prod(x)).reshape(1, *x), _padding(window), constant_values=-1)
    return np.stack([index[places] for _, places in _taps(window)])


def _shares(step: Step, x: Any) -> Array:
    """By what the sum of each window is divided; positions beyond size and padding never count, as in PyTorch."""
    window = step.settings["window"]
    if step.settings["exclude_pad"]:
        return (_reach(x, window) >= 0).sum(0)
    counts = []
    for k, s, d, b, n, a, o in zip(
        window.k, window.s, window.d, window.before, window.input, window.after, window.output, strict=True
    ):
        at = np.arange(o)[:, None] * s + np.arange(k) * d - b
        counts.append((at < n + a).sum(1))
    return (counts[0][:, None, None] * counts[1][:, None] * counts[2])[None, ..., None]


@step("pool")
def _pool(run: Any, step: Step, x: Array) -> Array:
    window, mode = step.settings["window"], step.settings["mode"]
    padded = np.pad(x, _padding(window))
    taps = np.stack([padded[places] for _, places in _taps(window)])
    if mode == "avg":
        return taps.sum(0) / _shares(step, x.shape[1:]).astype(x.dtype)
    at = _reach(x.shape[1:], window)
    if mode == "median":
        order = np.argsort(np.where(at >= 0, taps, np.nan), axis=0, kind="stable")
        middle = ((at >= 0).sum(0, keepdims=True) - 1) // 2
        chosen = np.take_along_axis(order, np.broadcast_to(middle, (1, *taps.shape[1:])), 0)[0]
    else:
        chosen = _best(taps, at >= 0, mode == "min")
    if "where" in step.writes:
        run.values[step.writes["where"]] = np.take_along_axis(np.broadcast_to(at, taps.shape), chosen[None], 0)[0]
    return np.take_along_axis(taps, chosen[None], 0)[0]


def _best(taps: Array, inside: Array, least: bool) -> Array:
    """The tap with the largest value (`least`: the smallest): the first of equals; NaN wins over all."""
    best, chosen, begun = taps[0], np.zeros(taps.shape[1:], np.int64), np.broadcast_to(inside[0], taps.shape[1:])
    for number, value in enumerate(taps[1:], 1):
        better = value < best if least else value > best
        wins = inside[number] & (~begun | better | np.isnan(value))
        best, chosen, begun = np.where(wins, value, best), np.where(wins, number, chosen), begun | inside[number]
    return chosen


@step("pool_gradient")
def _pool_gradient(run: Any, step: Step, g: Array, where: Array = None) -> Array:
    window, shape = step.settings["window"], step.writes["gx"].shape
    if where is None:
        result, share = _room(g, window, shape[3]), g / _shares(step, shape).astype(g.dtype)
        for _, places in _taps(window):
            result[places] += share
        return _unpadded(result, window)
    flat = np.zeros((len(g), prod(shape)), g.dtype)
    np.add.at(flat, (np.arange(len(g))[:, None], where.reshape(len(g), -1)), g.reshape(len(g), -1))
    return flat.reshape(-1, *shape)


# normalisations


@step("bn_sum")
def _bn_sum(run: Any, step: Step, x: Array) -> None:
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    run.statistics[step.settings["op"]] = [len(rows), rows.mean(0), rows.var(0)]


@step("bn_combine")
def _bn_combine(run: Any, step: Step) -> None:
    count, mean, variance = run.statistics[step.settings["op"]]
    told = step.settings["op"].settings["statistics"]
    run.statistics[step.settings["op"]] = [count, mean, 1 / np.sqrt(variance + told["eps"])]
    unbiased = variance * count / max(count - 1, 1)
    for role, seen in (("running_mean", mean), ("running_var", unbiased)):
        kept = run.weight(step, role)
        kept[:] = told["keep"] * kept + told["take"] * seen


@step("bn_frozen")
def _bn_frozen(run: Any, step: Step) -> None:
    deviation = 1 / np.sqrt(run.weight(step, "running_var") + step.settings["op"].settings["statistics"]["eps"])
    run.statistics[step.settings["op"]] = [0, run.weight(step, "running_mean").copy(), deviation]


@step("bn_apply")
def _bn_apply(run: Any, step: Step, x: Array) -> Array:
    _, mean, deviation, *_ = run.statistics[step.settings["op"]]
    factor = run.weight(step, "weight") * deviation
    return (x * factor + (run.weight(step, "bias") - mean * factor)).astype(x.dtype)


@step("bn_sum_gradient")
def _bn_sum_gradient(run: Any, step: Step, x: Array, g: Array) -> None:
    _, mean, deviation = run.statistics[step.settings["op"]]
    run.statistics[step.settings["op"]] += [_by_channel(g), _by_channel(g * (x - mean) * deviation)]


@step("bn_combine_gradient")
def _bn_combine_gradient(run: Any, step: Step) -> None:
    *_, total, tilt = run.statistics[step.settings["op"]]
    run.gradient(step, "weight", tilt)
    run.gradient(step, "bias", total)


@step("bn_input")
def _bn_input(run: Any, step: Step, x: Array, g: Array) -> Array:
    count, mean, deviation, *sums = run.statistics[step.settings["op"]]
    if sums:
        g = g - sums[0] / count - (x - mean) * deviation * sums[1] / count
    return (g * (run.weight(step, "weight") * deviation)).astype(x.dtype)


def _normalised(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """x̂ over some axes, and 1/deviation."""
    away = x - x.mean(axes, keepdims=True, dtype=np.float64)
    scale = 1 / np.sqrt((away**2).mean(axes, keepdims=True) + eps)
    return away * scale, scale


def _over(step: Step, x: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes with channels in groups, and the axes that a normalisation goes over."""
    if "groups" in step.settings:
        return (*x.shape[:-1], step.settings["groups"], -1), (1, 2, 3, 5)
    return x.shape, (4,)


@step("group_norm", "position_norm")
def _group_norm(run: Any, step: Step, x: Array) -> Array:
    sizes, axes = _over(step, x)
    hat = _normalised(x.reshape(sizes), axes, step.settings["eps"])[0].reshape(x.shape)
    return (hat * run.weight(step, "weight") + run.weight(step, "bias")).astype(x.dtype)


@step("group_norm_gradient", "position_norm_gradient")
def _group_norm_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    """gx = (g·w − mean(g·w) − x̂·mean(g·w·x̂))/deviation."""
    sizes, axes = _over(step, x)
    hat, scale = _normalised(x.reshape(sizes), axes, step.settings["eps"])
    run.gradient(step, "weight", _by_channel(g * hat.reshape(x.shape)))
    run.gradient(step, "bias", _by_channel(g))
    d = (g * run.weight(step, "weight")).reshape(sizes)
    d = d - d.mean(axes, keepdims=True) - hat * (d * hat).mean(axes, keepdims=True)
    return (d * scale).reshape(x.shape).astype(x.dtype)


def _response(step: Step, x: Array) -> tuple[Array, Array]:
    """k + alpha/n · Σ x² over the n channels around each, and which these are, (channel, channel)."""
    channel, n = np.arange(x.shape[-1]), step.settings["n"]
    apart = channel - channel[:, None]
    near = ((apart >= -(n // 2)) & (apart <= (n - 1) // 2)).astype(x.dtype)
    return step.settings["k"] + step.settings["alpha"] / n * (x**2 @ near.T), near


@step("response_norm")
def _response_norm(run: Any, step: Step, x: Array) -> Array:
    return x * _response(step, x)[0] ** -step.settings["beta"]


@step("response_norm_gradient")
def _response_norm_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    sums, near = _response(step, x)
    part = g * sums ** -step.settings["beta"]
    factor = 2 * step.settings["alpha"] * step.settings["beta"] / step.settings["n"]
    return part - factor * x * ((part * x / sums) @ near)


@step("softmax")
def _softmax(run: Any, step: Step, x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@step("softmax_gradient")
def _softmax_gradient(run: Any, step: Step, g: Array, y: Array) -> Array:
    return y * (g - (g * y).sum(-1, keepdims=True))


# losses: z with what is known of each answer; the gradient is that of the mean over the batch


@step("cross_entropy", "weighted_cross_entropy")
def _cross_entropy(run: Any, step: Step, z: Array) -> Array:
    exit_number, smoothing, weight = (step.settings[name] for name in ("exit", "smoothing", "weight"))
    rows = z.reshape(len(z), -1, z.shape[-1])
    if exit_number == 0:
        run.hits = rows.argmax(-1)
    if run.batch.labels is None:
        return None
    labels = run.chosen(run.batch.labels.reshape(len(run.batch.labels), -1)).reshape(rows.shape[:2])
    away = rows - rows.max(-1, keepdims=True)
    log = away - np.log(np.exp(away).sum(-1, keepdims=True))
    wanted = np.eye(rows.shape[-1], dtype=z.dtype)[np.maximum(labels, 0)]
    counts = run.counts(step, run.table[np.maximum(labels, 0)] * (labels >= 0), labels)[..., None]
    own = -np.take_along_axis(log, np.maximum(labels, 0)[..., None], -1)
    each = (1 - smoothing) * own - (smoothing * log.mean(-1, keepdims=True) if smoothing else 0)
    run.losses.append(float(weight * np.sum(np.where(counts > 0, each, 0) * counts, dtype=np.float64)))
    if exit_number == 0:
        run.right = int((run.hits == labels).sum())
    wanted = (1 - smoothing) * wanted + smoothing / rows.shape[-1]
    return (weight * (np.exp(log) - wanted) * counts).reshape(z.shape)


@step("binary_cross_entropy")
def _binary_cross_entropy(run: Any, step: Step, z: Array) -> Array:
    smoothing, weight = step.settings["smoothing"], step.settings["weight"]
    t = run.targets(z)
    if t is None:
        return None
    no, yes = (np.resize(run.table[side::2], z.shape[-1]) for side in (0, 1))
    counts = run.counts(step, (no + t * (yes - no)) * (t >= 0), t)
    if step.settings["exit"] == 0:
        run.hits = ((t >= 0) & ((z > 0) == (t > 0.5))).sum(-1).reshape(len(z), -1)
        run.right = int(run.hits.sum())
    t = t * (1 - smoothing) + 0.5 * smoothing
    each = np.maximum(z, 0) - z * t + np.log1p(np.exp(-abs(z)))
    run.losses.append(float(weight * np.sum(counts * each, dtype=np.float64)))
    return weight * counts * (formulas.value(("sigmoid", 0.0), z) - t)


@step("mse", "mae")
def _mean_error(run: Any, step: Step, z: Array) -> Array:
    t, weight = run.targets(z), step.settings["weight"]
    if t is None:
        return None
    away = z - t
    each = away**2 if step.kind == "mse" else abs(away)
    run.losses.append(float(weight * each.mean(dtype=np.float64)))
    return weight / z.size * (2 * away if step.kind == "mse" else np.sign(away))
