"""In and out, and what moves numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.plain.steps.registry import Array, part_of, step
from convdsl.engine.plan import Step


@step("load")
def _load(run: Any, step: Step) -> Array:
    images = run.chosen(run.batch.images)
    factor = run.dtype(0.00392156862745098 if images.dtype == np.uint8 else 1)
    return (images.astype(run.dtype) * factor).reshape(-1, *step.writes["y"].shape)


@step("emit")
def _emit(run: Any, step: Step, x: Array) -> None:
    if run.out is not None:
        out = part_of(run.out, step.settings["offset"])
        out[:] = x.reshape(out.shape)


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
    place = at * (n - 1) / max(m - 1, 1) if mode == "corners" else np.maximum((at + 0.5) * n / m - 0.5, 0)
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
