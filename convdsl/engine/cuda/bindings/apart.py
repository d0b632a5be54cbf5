"""Layers with filters of their own for each channel, or for each place."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine import activations
from convdsl.engine.cuda.bind import FLAT, Binder, binding
from convdsl.engine.cuda.bindings.product import NO_ACTIVATION
from convdsl.engine.cuda.kernels import windows
from convdsl.engine.cuda.tiles import shares_for
from convdsl.engine.plan import Step, Window


def _sizes(window: Window) -> dict[str, Any]:
    return {"k": window.k, "s": window.s, "d": window.d}


@binding("depthwise", "local")
def _like(binder: Binder, step: Step) -> None:
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    bias = step.weights.get("bias")
    own = {"m": y.shape[3] // x.shape[3]} if step.kind == "depthwise" else {"channels": x.shape[3]}
    binder.each(
        getattr(windows, step.kind),
        y.shape,
        {
            "x": binder.reaching(x, window.before),
            "w": binder.weight(step.weights["weight"]),
            "bias": binder.weight(bias),
            "y": binder.inside(y),
        },
        **_sizes(window),
        before=window.before,
        has_bias=bias is not None,
        value=activations.value(*(step.settings.get("activation") or NO_ACTIVATION)),
        **own,
    )


@binding("depthwise_input", "local_input")
def _like_input(binder: Binder, step: Step) -> None:
    g, gx, window = step.reads["g"], step.writes["x"], step.settings["window"]
    own = {"m": g.shape[3] // gx.shape[3]} if step.kind == "depthwise_input" else {}
    binder.each(
        getattr(windows, step.kind),
        gx.shape,
        {"g": binder.inside(g), "w": binder.weight(step.weights["weight"]), "gx": binder.inside(gx)},
        sizes=g.shape,
        **_sizes(window),
        before=window.before,
        add=step.settings["add"],
        **own,
    )


@binding("depthwise_weight")
def _depthwise_weight(binder: Binder, step: Step) -> None:
    x, g, window, weight = step.reads["x"], step.reads["g"], step.settings["window"], step.weights["weight"]
    positions, wide = prod(g.shape[:3]), -(-g.shape[3] // 32)
    splits = shares_for(positions * binder.plan.batch, wide * window.taps)
    binder.launch(
        windows.depthwise_weight,
        {"x": binder.reaching(x, window.before), "g": binder.inside(g), "parts": binder.gradient(weight, splits)},
        (wide, window.taps, splits),
        256,
        sizes=g.shape,
        positions=positions,
        **_sizes(window),
        m=g.shape[3] // x.shape[3],
        splits=splits,
    )


@binding("local_weight")
def _local_weight(binder: Binder, step: Step) -> None:
    x, g, window, weight = step.reads["x"], step.reads["g"], step.settings["window"], step.weights["weight"]
    bias, total = step.weights.get("bias"), prod(weight.shape)
    trained = bias if bias is not None and bias.trainable else None
    binder.launch(
        windows.local_weight,
        {
            "x": binder.reaching(x, window.before),
            "g": binder.inside(g),
            "dw": (binder.gradient(weight, 1)[0], FLAT),
            "db": (binder.gradient(trained, 1)[0], FLAT),
        },
        (-(-total // 256), 1, 1),
        256,
        sizes=g.shape,
        total=total,
        **_sizes(window),
        channels=x.shape[3],
        has_bias=trained is not None,
    )
