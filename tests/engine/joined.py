"""What steps compute where values lie as a plan has put them (see laid_out.py): the functions of convdsl/engine/plain/, with
windows that reach into real frames, and those kinds of steps that only rewrites make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.plain import formulas
from convdsl.engine.plain.steps import STEPS as PLAIN
from convdsl.engine.plan import Step, Value, Window
from convdsl.engine.plan.layouts import Filters

Array = Any
Function = Callable[..., Array]


def _activated(function: Function) -> Function:
    """With the activation that is applied to what is written."""

    def compute(run: Any, step: Step, **reads: Array) -> Array:
        y = function(run, step, **reads)
        activation = step.settings.get("activation")
        if activation is None or not step.settings.get("add"):
            return y if activation is None else formulas.value(activation, y)
        there = run.view(step.writes["y"])
        return formulas.value(activation, there + y) - there

    return compute


def _normalised(function: Function) -> Function:
    """With the normalisation that sums go through."""

    def compute(run: Any, step: Step, **reads: Array) -> Array:
        y, op = function(run, step, **reads), step.settings.get("op")
        return y if op is None else PLAIN["bn_apply"](run, replace(step, weights=op.weights), x=y)

    return compute


def _reaching(function: Function) -> Function:
    """With x as it lies in memory, from where the window stands first, instead of zeros put around it."""

    def compute(run: Any, step: Step, x: Array, **reads: Array) -> Array:
        window = step.settings["window"]
        seen = run.reached(step.reads["x"], window)
        none = (0, 0, 0)
        inside = replace(window, before=none, after=none, input=seen.shape[1:4])
        return function(run, replace(step, settings={**step.settings, "window": inside}), x=seen, **reads)

    return compute


STEPS: dict[str, Function] = {
    **PLAIN,
    **{kind: _activated(PLAIN[kind]) for kind in ("dense", "sum", "bn_apply")},
    **{kind: _reaching(PLAIN[kind]) for kind in ("correlate", "depthwise_weight", "local", "local_weight")},
    **{kind: _activated(_normalised(_reaching(PLAIN[kind]))) for kind in ("gather", "depthwise")},
}


def _step(*kinds: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        STEPS.update(dict.fromkeys(kinds, function))
        return function

    return register


def _channels(g: Array) -> Array:
    return g.reshape(-1, g.shape[-1]).sum(0)


@_step("activate")
def _activate(run: Any, step: Step, y: Array) -> Array:
    return formulas.value(step.settings["activation"], y)


@_step("settle")
def _settle(run: Any, step: Step, g: Array, y: Array = None) -> Array:
    if step.settings["activation"] is not None:
        g = formulas.told(step.settings["activation"], g, y)
    run.gradient(step, "bias", _channels(g))
    return g


@_step("emit")
def _emit(run: Any, step: Step, x: Array) -> None:
    out = run.out.get(step.settings["offset"]) if isinstance(run.out, dict) else run.out
    if out is not None:
        out[run.first : run.first + run.count] = x.reshape(run.count, *out.shape[1:])


@_step("pool_gradient")
def _pool_gradient(run: Any, step: Step, **reads: Array) -> Array:
    return PLAIN["pool_gradient"](run, step, **{n: a.astype(int) if n == "where" else a for n, a in reads.items()})


@_step("clear")
def _clear(run: Any, step: Step) -> None:
    if run.count < step.writes["y"].interleaved:
        run.around(step.writes["y"])[...] = 0


@_step("frame")
def _frame(run: Any, step: Step) -> None:
    run.clear(step.writes["y"])


# windows


@_step("spread")
@_activated
@_normalised
def _spread(run: Any, step: Step, x: Array) -> Array:
    """As devices do it: each place of y adds up what lies around it, for each phase of the stride, out of the frame too."""
    window, value = step.settings["window"], step.reads["x"]
    w = run.weight(step, "weight")
    groups = getattr(step.weights["weight"].layout, "groups", 1)
    w = w.reshape(groups, len(w) // groups, -1, *window.k)
    y = np.zeros((len(x), *step.writes["y"].shape))
    whole, origin = run.around(value), [first for first, _ in value.frame]
    parts = whole.reshape(*whole.shape[:4], groups, -1)
    for phases in product(*(window.phases(axis) for axis in range(3))):
        to = tuple(slice(p.residue, None, s) for p, s in zip(phases, window.s, strict=True))
        for taps in product(*(range(len(p.taps)) for p in phases)):
            at = [p.offsets[t] + o for p, t, o in zip(phases, taps, origin, strict=True)]
            if any(a < 0 or a + p.count > n for a, p, n in zip(at, phases, whole.shape[1:4], strict=True)):
                raise AssertionError(f"{step.kind} reaches beyond the frame of {value.name}")
            seen = parts[(slice(None), *(slice(a, a + p.count) for a, p in zip(at, phases, strict=True)))]
            tap = w[(..., *(p.taps[t] for p, t in zip(phases, taps, strict=True)))]
            part = np.einsum("nabcgf,gfk->nabcgk", seen, tap)
            y[(slice(None), *to)] += part.reshape(*part.shape[:4], -1)
    return y + run.bias(step)


@_step("gather_pool")
def _gather_pool(run: Any, step: Step, x: Array) -> Array:
    """`where`: for lists, how far in memory the chosen window is from the first one; on a GPU its number."""
    y, window = step.writes["y"], step.settings["window"]
    inner = replace(y, shape=(*window.output, y.shape[3]))
    sums = STEPS["gather"](run, replace(step, settings={**step.settings, "activation": None}, writes={"y": inner}), x=x)
    rows, columns = y.shape[1:3]
    n = len(sums)
    fours = sums[:, 0, : 2 * rows, : 2 * columns].reshape(n, rows, 2, columns, 2, -1).transpose(2, 4, 0, 1, 3, 5)
    fours = fours.reshape(4, n, 1, rows, columns, -1)
    chosen = fours.argmax(0)
    if "where" in step.writes:
        i = 2 * np.arange(rows)[:, None, None] + chosen // 2
        j = 2 * np.arange(columns)[:, None] + chosen % 2
        whole = run.plan.target.whole_batch
        _, row, column, _ = (0, window.output[2], 1, 0) if whole else step.reads["x"].strides
        s = (1, 1, 1) if whole else window.s
        run.values[step.writes["where"]] = i * s[1] * row + j * s[2] * column
    return np.maximum(np.take_along_axis(fours, chosen[None], 0)[0], 0)


@_step("unpool")
def _unpool(run: Any, step: Step, y: Array, g: Array, where: Array) -> Array:
    gx = step.writes["gx"].shape
    passed = np.where(y > 0, g, 0)
    run.gradient(step, "bias", _channels(passed))
    result = np.zeros((len(g), gx[1] * gx[2], gx[3]))
    places = where.astype(int).reshape(len(g), -1, gx[3])
    np.put_along_axis(result, places, passed.reshape(places.shape), 1)
    return result.reshape(-1, *gx)


@_step("passed")
def _passed(run: Any, step: Step, y: Array, g: Array) -> Array:
    passed = np.where(y > 0, g, 0)
    run.gradient(step, "bias", _channels(passed))
    return passed


def _places(window: Window, value: Value) -> Array:
    """(channel, tap): how far in memory from where the window stands."""
    depth, row, column, channel = value.strides
    taps = [a * depth + b * row + c * column for a, b, c in product(*(range(k) for k in window.k))]
    return np.arange(value.shape[3])[:, None] * channel + np.array(taps)


@_step("few_weight")
def _few_weight(run: Any, step: Step, x: Array, where: Array, g: Array) -> None:
    window, value = step.settings["window"], step.reads["x"]
    memory, filters = run.flat(value, window), g.shape[-1]
    where, g = where.astype(int).reshape(-1, filters), g.reshape(-1, filters)
    seen = memory[where[..., None, None] + _places(window, value)]
    run.gradient(step, "weight", np.einsum("nf,nfct->fct", g, seen))


@_step("sparse_lists")
def _sparse_lists(run: Any, step: Step, y: Array, g: Array, where: Array) -> None:
    filters = y.shape[-1]
    passes = (y > 0).reshape(-1, filters)
    run.gradient(step, "bias", np.where(passes, g.reshape(-1, filters), 0).sum(0))
    for f in range(filters):
        taken = passes[:, f].nonzero()[0]
        run.values[step.writes["lengths"]][..., f] = len(taken)
        for role, of in (("offsets", where), ("values", g)):
            run.values[step.writes[role]][0, 0, 0, f, : len(taken)] = of.reshape(-1, filters)[taken, f]


def _lists(offsets: Array, values: Array, lengths: Array) -> list[tuple[Array, Array]]:
    """For each filter, where windows are and their gradients."""
    return [
        (offsets[0, 0, 0, f, : int(n)].astype(int), values[0, 0, 0, f, : int(n)])
        for f, n in enumerate(lengths.reshape(-1))
    ]


@_step("sparse_weight")
def _sparse_weight(run: Any, step: Step, x: Array, **lists: Array) -> None:
    window, value = step.settings["window"], step.reads["x"]
    memory, places = run.flat(value, window), _places(window, value)
    sums = [np.tensordot(g, memory[at[:, None, None] + places], 1) for at, g in _lists(**lists)]
    run.gradient(step, "weight", np.stack(sums))


@_step("sparse_input")
def _sparse_input(run: Any, step: Step, **lists: Array) -> None:
    window, value, w = step.settings["window"], step.writes["gx"], run.weight(step, "weight")
    if not step.settings["add"]:
        run.around(value)[...] = 0
    memory, places = run.flat(value, window), _places(window, value)
    for (at, g), own in zip(_lists(**lists), w.reshape(len(w), w.shape[1], -1), strict=True):
        np.add.at(memory, at[:, None, None] + places, g[:, None, None] * own)
    if value.framed:
        run.clear(value.root)


# strips


@_step("zero_gradients")
def _zero_gradients(run: Any, step: Step) -> None:
    """All gradients begin at zero here."""


@_step("sum_parts")
def _sum_parts(run: Any, step: Step, x: Array) -> Array:
    return x.sum(3, keepdims=True) + run.bias(step)


def _rows(step: Step) -> tuple[int, int]:
    """Channels and taps behind each output of a dense layer; a convolution that sees all of its input is one too."""
    layout = step.weights["weight"].layout
    return (layout.channels, layout.taps) if isinstance(layout, Filters) else (layout.shape[1], prod(layout.shape[2:]))


def _columns(run: Any, step: Step, inputs: int) -> slice:
    """Of the weights, those for the strip that is being done."""
    width = inputs // max(step.strips, 1)
    return slice(run.part * width, (run.part + 1) * width) if step.strips else slice(inputs)


def _matrix(run: Any, step: Step) -> Array:
    """(unit, input), the inputs as values lie: by position, then channel."""
    w = run.weight(step, "weight")
    matrix = w.reshape(len(w), *_rows(step)).swapaxes(1, 2).reshape(len(w), -1)
    return matrix[:, _columns(run, step, matrix.shape[1])]


@_step("dense")
@_activated
def _dense(run: Any, step: Step, x: Array) -> Array:
    w = _matrix(run, step)
    return (x.reshape(len(x), -1) @ w.T).reshape(-1, 1, 1, 1, len(w)) + run.bias(step)


@_step("dense_input")
def _dense_input(run: Any, step: Step, g: Array, mask: Array = None) -> Array:
    x = (g.reshape(len(g), -1) @ _matrix(run, step)).reshape(-1, *step.writes["x"].shape)
    return x if mask is None else np.where(mask > 0, x, 0)


@_step("dense_weight")
def _dense_weight(run: Any, step: Step, x: Array, g: Array) -> None:
    channels, taps = _rows(step)
    sums = np.zeros((g.shape[-1], taps * channels))
    sums[:, _columns(run, step, taps * channels)] = g.reshape(len(g), -1).T @ x.reshape(len(x), -1)
    run.gradient(step, "weight", sums.reshape(-1, taps, channels).swapaxes(1, 2))


# batch normalisation: what every chunk has met, and at the end what all have


@_step("bn_begin")
def _bn_begin(run: Any, step: Step) -> None:
    run.sums[step.settings["op"], run.part] = []


def _met(run: Any, step: Step, met: Any) -> None:
    key = step.settings["op"], run.part
    if run.plan.target.whole_batch:
        run.sums[key] = []
    run.sums[key].append(met)


def _all(run: Any, step: Step) -> list[Any]:
    parts = 1 if run.plan.target.whole_batch else -(-run.batch.count // run.plan.chunk)
    return [met for part in range(parts) for met in run.sums.pop((step.settings["op"], part))]


@_step("bn_sum")
def _bn_sum(run: Any, step: Step, x: Array) -> None:
    _met(run, step, x.copy())


@_step("bn_combine")
def _bn_combine(run: Any, step: Step) -> None:
    PLAIN["bn_sum"](run, step, x=np.concatenate(_all(run, step)))
    PLAIN["bn_combine"](run, step)


def _through_relu(run: Any, step: Step, x: Array, g: Array) -> Array:
    return np.where(PLAIN["bn_apply"](run, step, x=x) > 0, g, 0) if step.settings["relu"] else g


@_step("bn_sum_gradient")
def _bn_sum_gradient(run: Any, step: Step, x: Array, g: Array) -> None:
    _, mean, deviation, *_ = run.statistics[step.settings["op"]]
    g = _through_relu(run, step, x, g)
    _met(run, step, (_channels(g), _channels(g * (x - mean) * deviation)))


@_step("bn_combine_gradient")
def _bn_combine_gradient(run: Any, step: Step) -> None:
    run.statistics[step.settings["op"]] += [sum(part) for part in zip(*_all(run, step), strict=True)]
    PLAIN["bn_combine_gradient"](run, step)


@_step("bn_input")
def _bn_input(run: Any, step: Step, x: Array, g: Array) -> Array:
    return PLAIN["bn_input"](run, step, x=x, g=_through_relu(run, step, x, g))
