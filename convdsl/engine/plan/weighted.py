"""Convolutions and dense layers: the operations that multiply by filters.

`gather` slides a window over its input; `spread` is its adjoint, which adds each value to all places that its window
covers; `correlate` sums the gradient of the filters. A transposed convolution is a convolution with input and output
swapped: its way forward is `spread`.
"""

from __future__ import annotations

from typing import Any

from convdsl.engine.plan.layouts import Filters, Pack, vectors_for
from convdsl.engine.plan.ops import Op, Tape, backward, forward
from convdsl.engine.plan.values import Parameter, Scope, Step, Target, Value, Window

DEFERRED = 1 << 16
"""From this many weights on, the gradient of a convolution is computed over the whole batch at the end: a copy of it for
every chunk of images would cost more memory and time."""
DEFERRED_TILES = 1 << 15
"""The same where it is made of tiles, after Winograd: a copy for every chunk would cost these too."""
DEFERRED_DENSE = 1 << 12


def swapped(filters: Filters, window: Window | None, target: Target) -> Pack:
    """The arrangement that `spread` reads: taps grouped by the phases of the stride, in the order of the phases."""
    order, channels = [0], filters.rows
    if window is not None:
        channels = filters.channels
        phases = [window.phases(axis) for axis in range(3)]
        order = [
            (a * window.k[1] + b) * window.k[2] + c
            for p in phases[0]
            for q in phases[1]
            for r in phases[2]
            for a in p.taps
            for b in q.taps
            for c in r.taps
        ]
    lanes, vectors = vectors_for(channels, target)
    return Pack(filters.groups, filters.filters, channels, tuple(order), lanes, vectors)


def side(window: Window) -> int | None:
    """Of a window that winograd.py has tiles for."""
    able = window.k in ((1, 3, 3), (1, 5, 5)) and window.s == window.d == (1, 1, 1)
    return window.k[1] if able else None


def in_tiles(weight: Parameter, window: Window, target: Target) -> bool:
    """Whether the gradient of such filters can be made of tiles; with a window of 1x1, of any stride, a tile is a position."""
    f = weight.natural
    whole = f.groups == 1 and f.channels % target.lanes == 0 and f.filters % f.width == 0 and f.lanes == target.lanes
    able = window.k == (1, 1, 1) or side(window) is not None
    return able and target.registers >= 32 and target.does("winograd") and whole


def _gather(op: Op, x: Value, y: Value, weights: dict[str, Parameter], relu: Any = None, add: bool = False) -> Step:
    window: Window = op.settings["window"]
    x.widen(window.frame)
    return Step("gather", op.node, {"x": x}, {"y": y}, weights, {"window": window, "add": add, "activation": relu})


def _spread(op: Op, g: Value, x: Value, weights: dict[str, Parameter], relu: Any = None, add: bool = False) -> Step:
    window: Window = op.settings["window"]
    g.widen(window.spread_frame)
    return Step("spread", op.node, {"x": g}, {"y": x}, weights, {"window": window, "add": add, "activation": relu})


def _correlate(op: Op, x: Value, g: Value, weight: Parameter, target: Target) -> Step:
    window: Window = op.settings["window"]
    x.widen(window.frame)
    apart = not x.interleaved  # at the end images are taken one by one
    few = DEFERRED_TILES if in_tiles(weight, window, target) else DEFERRED
    late = weight.natural.size > few and apart and target.does("deferral")
    scope: Scope = "task" if late else "image"
    return Step("correlate", op.node, {"x": x, "g": g}, {}, {"weight": weight}, {"window": window}, scope)


def _relu(op: Op) -> tuple[str, float] | None:
    """The activation, if it is one that kernels apply themselves."""
    return op.activation if op.activation is not None and op.activation[0] == "relu" else None


@forward("conv")
def _conv(op: Op, training: bool) -> list[Step]:
    return [_gather(op, op.inputs[0], op.output, op.weights, _relu(op))]


@backward("conv")
def _conv_back(op: Op, tape: Tape) -> list[Step]:
    (x,), g, weight = op.inputs, tape.of(op.output), op.weights["weight"]
    steps = [_correlate(op, x, g, weight, tape.target)] if weight.trainable else []
    if x.learns:
        into, add = tape.add_to(x)
        steps.append(_spread(op, g, into, {"weight": weight}, add=add))
    return steps


@forward("tconv")
def _tconv(op: Op, training: bool) -> list[Step]:
    return [_spread(op, op.inputs[0], op.output, op.weights, _relu(op))]


@backward("tconv")
def _tconv_back(op: Op, tape: Tape) -> list[Step]:
    (x,), g, weight = op.inputs, tape.of(op.output), op.weights["weight"]
    steps = [_correlate(op, g, x, weight, tape.target)] if weight.trainable else []
    if x.learns:
        into, add = tape.add_to(x)
        steps.append(_gather(op, g, into, {"weight": weight}, add=add))
    return steps


@forward("dense")
def _dense(op: Op, training: bool) -> list[Step]:
    settings = {"activation": _relu(op)}
    return [Step("dense", op.node, {"x": op.inputs[0]}, {"y": op.output}, op.weights, settings, "block")]


@backward("dense")
def _dense_back(op: Op, tape: Tape) -> list[Step]:
    (x,), g, weight = op.inputs, tape.of(op.output), op.weights["weight"]
    steps = []
    if weight.trainable:
        late = weight.natural.size > DEFERRED_DENSE and tape.target.does("deferral")
        scope: Scope = "task" if late else "block"
        steps.append(Step("dense_weight", op.node, {"x": x, "g": g}, {}, {"weight": weight}, {}, scope))
    if x.learns:
        into, add = tape.add_to(x)
        steps.append(Step("dense_input", op.node, {"g": g}, {"x": into}, {"weight": weight}, {"add": add}, "block"))
    return steps


def _like(op: Op, name: str) -> list[Step]:
    op.inputs[0].widen(op.settings["window"].frame)
    return [Step(name, op.node, {"x": op.inputs[0]}, {"y": op.output}, op.weights, {**op.settings})]


def _like_back(op: Op, tape: Tape, name: str) -> list[Step]:
    (x,), g, weight = op.inputs, tape.of(op.output), op.weights["weight"]
    steps = []
    if name == "depthwise" and x.learns:
        g.widen(op.settings["window"].spread_frame)
    if weight.trainable:
        scope: Scope = "task" if name == "local" else "image"
        bias = op.weights.get("bias") if name == "local" else None
        weights = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        steps.append(Step(f"{name}_weight", op.node, {"x": x, "g": g}, {}, weights, {**op.settings}, scope))
    if x.learns:
        into, add = tape.add_to(x)
        steps.append(
            Step(f"{name}_input", op.node, {"g": g}, {"x": into}, {"weight": weight}, {**op.settings, "add": add})
        )
    return steps


@forward("dwconv")
def _depthwise(op: Op, training: bool) -> list[Step]:
    return _like(op, "depthwise")


@backward("dwconv")
def _depthwise_back(op: Op, tape: Tape) -> list[Step]:
    return _like_back(op, tape, "depthwise")


@forward("local")
def _local(op: Op, training: bool) -> list[Step]:
    return _like(op, "local")


@backward("local")
def _local_back(op: Op, tape: Tape) -> list[Step]:
    return _like_back(op, tape, "local")
