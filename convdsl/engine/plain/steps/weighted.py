"""Convolutions and dense layers: sums of products with weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.plain.steps.registry import NOTHING, Array, by_channel, step
from convdsl.engine.plain.steps.windows import padding, room, taps, unpadded
from convdsl.engine.plan import Step


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
    padded, total = np.pad(x, padding(window)), NOTHING
    for tap, places in taps(window):
        total = total + _grouped(padded[places], len(w)) @ w[..., tap].swapaxes(1, 2)
    return total.swapaxes(0, 1).reshape(-1, *step.writes["y"].shape) + run.bias(step)


@step("spread")
def _spread(run: Any, step: Step, x: Array) -> Array:
    window, w = step.settings["window"], _filters(run, step)
    result = room(x, window, step.writes["y"].shape[3])
    for tap, places in taps(window):
        part = (_grouped(x, len(w)) @ w[..., tap]).swapaxes(0, 1)
        result[places] += part.reshape(*x.shape[:4], -1)
    return unpadded(result, window) + run.bias(step)


@step("correlate")
def _correlate(run: Any, step: Step, x: Array, g: Array) -> None:
    window, w = step.settings["window"], _filters(run, step)
    padded, result = np.pad(x, padding(window)), np.empty_like(w)
    for tap, places in taps(window):
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
    w, padded, total = w.reshape(len(w), -1), np.pad(x, padding(window)), NOTHING
    for tap, places in taps(window):
        total = total + np.repeat(padded[places], len(w) // x.shape[-1], -1) * w[:, tap]
    return total + run.bias(step)


@step("depthwise_input")
def _depthwise_input(run: Any, step: Step, g: Array) -> Array:
    window, w, channels = step.settings["window"], run.weight(step, "weight"), step.writes["x"].shape[3]
    w, result = w.reshape(len(w), -1), room(g, window, channels)
    for tap, places in taps(window):
        result[places] += (g * w[:, tap]).reshape(*g.shape[:4], channels, -1).sum(-1)
    return unpadded(result, window)


@step("depthwise_weight")
def _depthwise_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    window, padded = step.settings["window"], np.pad(x, padding(step.settings["window"]))
    several = g.shape[-1] // x.shape[-1]
    sums = [by_channel(np.repeat(padded[places], several, -1) * g) for _, places in taps(window)]
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
    padded, total = np.pad(x, padding(window)), NOTHING
    for tap, places in taps(window):
        total = total + _positions(padded[places]) @ w[..., tap].swapaxes(1, 2)
    y = step.writes["y"].shape
    bias = run.bias(step)
    return total.swapaxes(0, 1).reshape(-1, *y) + (bias.reshape(y) if np.ndim(bias) else bias)


@step("local_input")
def _local_input(run: Any, step: Step, g: Array) -> Array:
    window, w = step.settings["window"], _local_filters(run, step)
    result = room(g, window, step.writes["x"].shape[3])
    for tap, places in taps(window):
        result[places] += (_positions(g) @ w[..., tap]).swapaxes(0, 1).reshape(*g.shape[:4], -1)
    return unpadded(result, window)


@step("local_weight")
def _local_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    window, padded = step.settings["window"], np.pad(x, padding(step.settings["window"]))
    by_filter = _positions(g).swapaxes(1, 2)
    run.gradient(step, "weight", np.stack([by_filter @ _positions(padded[p]) for _, p in taps(window)], -1))
    run.gradient(step, "bias", g.sum(0))
