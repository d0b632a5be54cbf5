"""Normalisations, with the numbers that they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.plain.steps.registry import Array, by_channel, step
from convdsl.engine.plan import Step


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
    mean = run.weight(step, "running_mean").copy()
    if "before" in step.weights:  # of what that bias has not been added to yet
        mean -= run.weight(step, "before")
    run.statistics[step.settings["op"]] = [0, mean, deviation]


@step("bn_apply")
def _bn_apply(run: Any, step: Step, x: Array) -> Array:
    _, mean, deviation, *_ = run.statistics[step.settings["op"]]
    factor = run.weight(step, "weight") * deviation
    return (x * factor + (run.weight(step, "bias") - mean * factor)).astype(x.dtype)


@step("bn_sum_gradient")
def _bn_sum_gradient(run: Any, step: Step, x: Array, g: Array) -> None:
    _, mean, deviation = run.statistics[step.settings["op"]]
    run.statistics[step.settings["op"]] += [by_channel(g), by_channel(g * (x - mean) * deviation)]


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
    run.gradient(step, "weight", by_channel(g * hat.reshape(x.shape)))
    run.gradient(step, "bias", by_channel(g))
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
