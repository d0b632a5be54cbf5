"""One number at a time: activations, factors, sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.bits import random_bits
from convdsl.engine.plain import formulas
from convdsl.engine.plain.steps.registry import Array, by_channel, step
from convdsl.engine.plan import Step


@step("activation")
def _activation(run: Any, step: Step, x: Array) -> Array:
    return formulas.value(step.settings["activation"], x)


@step("activation_gradient")
def _activation_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    back = formulas.back(step.settings["activation"], g, x)
    if run.rule == "true" or step.settings["activation"][0] not in ("relu", "relu6"):
        return back
    return np.where(g > 0, back if run.rule == "guided" else g, 0)


@step("settle")
def _settle(run: Any, step: Step, g: Array) -> Array:
    run.gradient(step, "bias", by_channel(g))
    return g


@step("prelu")
def _prelu(run: Any, step: Step, x: Array) -> Array:
    return np.where(x > 0, x, x * run.weight(step, "prelu"))


@step("prelu_gradient")
def _prelu_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    run.gradient(step, "prelu", by_channel(np.where(x > 0, 0, g * x)))
    return np.where(x > 0, g, g * run.weight(step, "prelu"))


@step("scale")
def _scale(run: Any, step: Step, x: Array) -> Array:
    return x * run.weight(step, "weight")


@step("scale_gradient")
def _scale_gradient(run: Any, step: Step, g: Array, x: Array) -> Array:
    run.gradient(step, "weight", by_channel(g * x))
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
