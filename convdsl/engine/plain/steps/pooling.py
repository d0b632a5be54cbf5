"""What pooling takes of each window, and where its gradient goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.plain.steps.registry import Array, step
from convdsl.engine.plain.steps.windows import padding, room, taps, unpadded
from convdsl.engine.plan import Step, Window
from convdsl.engine.plan.pooling import POOLINGS


def _reach(x: Any, window: Window) -> Array:
    """For each place of the window its taps (tap, 1, place…, channel): where in x they are, −1 outside."""
    index = np.pad(np.arange(prod(x)).reshape(1, *x), padding(window), constant_values=-1)
    return np.stack([index[places] for _, places in taps(window)])


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
    padded = np.pad(x, padding(window))
    seen = np.stack([padded[places] for _, places in taps(window)])
    if not POOLINGS[mode].chooses:
        return seen.sum(0) / _shares(step, x.shape[1:]).astype(x.dtype)
    at = _reach(x.shape[1:], window)
    chosen = _CHOOSE[mode](seen, at >= 0)
    if "where" in step.writes:
        run.values[step.writes["where"]] = np.take_along_axis(np.broadcast_to(at, seen.shape), chosen[None], 0)[0]
    return np.take_along_axis(seen, chosen[None], 0)[0]


def _best(seen: Array, inside: Array, least: bool) -> Array:
    """The tap with the largest value (`least`: the smallest): the first of equals; NaN wins over all."""
    best, chosen, begun = seen[0], np.zeros(seen.shape[1:], np.int64), np.broadcast_to(inside[0], seen.shape[1:])
    for number, value in enumerate(seen[1:], 1):
        better = value < best if least else value > best
        wins = inside[number] & (~begun | better | np.isnan(value))
        best, chosen, begun = np.where(wins, value, best), np.where(wins, number, chosen), begun | inside[number]
    return chosen


def _middle(seen: Array, inside: Array) -> Array:
    """The tap with the value in the middle; of two, the smaller."""
    order = np.argsort(np.where(inside, seen, np.nan), axis=0, kind="stable")
    middle = (inside.sum(0, keepdims=True) - 1) // 2
    return np.take_along_axis(order, np.broadcast_to(middle, (1, *seen.shape[1:])), 0)[0]


_CHOOSE: dict[str, Callable[[Array, Array], Array]] = {
    "max": partial(_best, least=False),
    "min": partial(_best, least=True),
    "median": _middle,
}
"""Which tap of each window a mode chooses."""


@step("places")
def _places(run: Any, step: Step, x: Array) -> None:
    window = step.settings["window"]
    padded = np.pad(x, padding(window))
    seen = np.stack([padded[places] for _, places in taps(window)])
    at = _reach(x.shape[1:], window)
    chosen = _CHOOSE["max"](seen, at >= 0)
    for role, of in (("y", seen), ("where", np.broadcast_to(at, seen.shape))):
        run.values[step.writes[role]] = np.take_along_axis(of, chosen[None], 0)[0]


@step("put")
def _put(run: Any, step: Step, x: Array, where: Array) -> Array:
    flat = np.zeros((len(x), step.writes["y"].size), x.dtype)
    np.put_along_axis(flat, where.reshape(len(x), -1).astype(np.intp), x.reshape(len(x), -1), 1)
    return flat.reshape(-1, *step.writes["y"].shape)


@step("pick")
def _pick(run: Any, step: Step, g: Array, where: Array) -> Array:
    flat = np.take_along_axis(g.reshape(len(g), -1), where.reshape(len(g), -1).astype(np.intp), 1)
    return flat.reshape(where.shape)


@step("pool_gradient")
def _pool_gradient(run: Any, step: Step, g: Array, where: Array = None) -> Array:
    window, shape = step.settings["window"], step.writes["gx"].shape
    if where is None:
        result, share = room(g, window, shape[3]), g / _shares(step, shape).astype(g.dtype)
        for _, places in taps(window):
            result[places] += share
        return unpadded(result, window)
    flat = np.zeros((len(g), prod(shape)), g.dtype)
    np.add.at(flat, (np.arange(len(g))[:, None], where.reshape(len(g), -1)), g.reshape(len(g), -1))
    return flat.reshape(-1, *shape)
