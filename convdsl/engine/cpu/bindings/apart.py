"""Depthwise and locally connected convolutions: loops written out in full."""

from __future__ import annotations

from typing import Any

from convdsl.engine.cpu.bind import COUNT, PART, Binder, binding, number
from convdsl.engine.cpu.kernels import weighted
from convdsl.engine.plan import Step


@binding("depthwise")
def _depthwise(binder: Binder, step: Step) -> None:
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    bias = step.weights.get("bias")
    binder.emit(
        weighted.depthwise,
        {
            "x": binder.reaching(x, window.before),
            "w": binder.vector(step.weights["weight"]),
            "b": binder.vector(bias),
            "y": binder.inside(y),
        },
        **_window(window),
        m=y.shape[3] // x.shape[3],
        bias=bias is not None,
    )


@binding("depthwise_input")
def _depthwise_input(binder: Binder, step: Step) -> None:
    g, x = step.reads["g"], step.writes["x"]
    binder.emit(
        weighted.depthwise_input,
        {"g": binder.inside(g), "w": binder.vector(step.weights["weight"]), "gx": binder.inside(x)},
        **_window(step.settings["window"]),
        m=g.shape[3] // x.shape[3],
        add=step.settings["add"],
    )


@binding("depthwise_weight")
def _depthwise_weight(binder: Binder, step: Step) -> None:
    x, g, window = step.reads["x"], step.reads["g"], step.settings["window"]
    binder.emit(
        weighted.depthwise_weight,
        {
            "x": binder.reaching(x, window.before),
            "g": binder.inside(g),
            "dw": binder.gradient_vector(step.weights["weight"]),
        },
        **_window(window),
        m=g.shape[3] // x.shape[3],
    )


@binding("local")
def _local(binder: Binder, step: Step) -> None:
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    bias = step.weights.get("bias")
    binder.emit(
        weighted.local,
        {
            "x": binder.reaching(x, window.before),
            "w": binder.vector(step.weights["weight"]),
            "b": binder.vector(bias),
            "y": binder.inside(y),
        },
        **_window(window),
        bias=bias is not None,
    )


@binding("local_input")
def _local_input(binder: Binder, step: Step) -> None:
    binder.emit(
        weighted.local_input,
        {
            "g": binder.inside(step.reads["g"]),
            "w": binder.vector(step.weights["weight"]),
            "gx": binder.inside(step.writes["x"]),
        },
        **_window(step.settings["window"]),
        add=step.settings["add"],
    )


@binding("local_weight")
def _local_weight(binder: Binder, step: Step) -> None:
    x, g, window = step.reads["x"], step.reads["g"], step.settings["window"]
    bias = step.weights.get("bias")
    dw = binder.gradient(step.weights["weight"])
    binder.emit(
        weighted.local_weight,
        {
            "x": binder.reaching(x, window.before)[0],
            "g": binder.inside(g)[0],
            "dw": dw,
            "db": binder.gradient(bias) if bias is not None else dw,
            "task": PART,
            "tasks": number(binder.plan.tasks),
            "count": COUNT,
        },
        **_window(window),
        bias=bias is not None,
        sizes=g.shape[:3],
        filters=g.shape[3],
        channels=x.shape[3],
        x_steps=x.strides[:3],
        g_steps=g.strides[:3],
        x_pitch=x.root.pitch,
        g_pitch=g.root.pitch,
    )


def _window(window: Any) -> dict[str, Any]:
    return {"k": window.k, "s": window.s, "d": window.d, "before": window.before}
