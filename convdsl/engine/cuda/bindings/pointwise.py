"""Elementwise steps, pooling, and moving values."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine import activations
from convdsl.engine.cuda.bind import Binder, binding
from convdsl.engine.cuda.kernels import learning, pointwise, windows
from convdsl.engine.cuda.tiles import lanes_for, shares_for
from convdsl.engine.plan import Step, Value
from convdsl.engine.plan.pooling import POOLINGS

NONE = ("", 0.0)


def _given(binder: Binder, step: Step, *roles: str) -> dict[str, Any]:
    values = {**step.reads, **step.writes}
    return {role: binder.inside(values[role]) for role in roles}


@binding("load")
def _load(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    binder.each(pointwise.load, y.shape, {"control": binder.control, "y": binder.inside(y)})


@binding("emit")
def _emit(binder: Binder, step: Step) -> None:
    x = step.reads["x"]
    binder.each(pointwise.emit, x.shape, {"control": binder.control, "x": binder.inside(x)}, **step.settings)


@binding("copy")
def _copy(binder: Binder, step: Step) -> None:
    x, y, at, add = step.reads["x"], step.writes["y"], step.settings["at"], step.settings["add"]
    within = all(a >= 0 and a + n <= m for a, n, m in zip(at, x.shape, y.shape, strict=True))
    if within and not add and not step.settings["fill"]:
        binder.each(pointwise.put, x.shape, _given(binder, step, "x", "y"), at=at)
    else:
        binder.each(pointwise.copy, y.shape, _given(binder, step, "x", "y"), at=at, sizes=x.shape, add=add)


@binding("reshape")
def _reshape(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    binder.each(pointwise.reshape, x.shape, _given(binder, step, "x", "y"), sizes=y.shape, add=step.settings["add"])


@binding("shuffle")
def _shuffle(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    binder.each(
        pointwise.shuffle,
        y.shape,
        _given(binder, step, "x", "y"),
        groups=step.settings["groups"],
        add=step.settings["add"],
    )


@binding("activate")
def _activate(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    binder.each(
        pointwise.activate,
        y.shape,
        {"x": binder.inside(y), "y": binder.inside(y)},
        value=activations.value(*step.settings["activation"]),
    )


@binding("activation")
def _separate(binder: Binder, step: Step) -> None:
    binder.each(
        pointwise.activate,
        step.writes["y"].shape,
        _given(binder, step, "x", "y"),
        value=activations.value(*step.settings["activation"]),
    )


@binding("activation_gradient")
def _activation_gradient(binder: Binder, step: Step) -> None:
    binder.each(
        pointwise.activation_gradient,
        step.writes["gx"].shape,
        _given(binder, step, "g", "x", "gx"),
        back=activations.back(*step.settings["activation"]),
        add=step.settings["add"],
    )


def over_rows(binder: Binder, value: Value) -> tuple[dict[str, Any], tuple[int, int, int], int]:
    """Constants and blocks of a kernel that sums over all positions, channel by channel, and how many parts there are."""
    positions, channels = prod(value.shape[:3]), value.shape[3]
    lanes = lanes_for(channels)
    wide = -(-channels // lanes)
    splits = shares_for(positions * binder.plan.batch, wide)
    constants = {"sizes": value.shape, "positions": positions, "lanes": lanes, "splits": splits}
    return constants, (wide, splits, 1), splits


@binding("settle")
def _settle(binder: Binder, step: Step) -> None:
    g, bias = step.reads["g"], step.weights.get("bias")
    y = step.reads.get("y", g)
    activation = step.settings["activation"]
    constants, blocks, splits = over_rows(binder, g)
    binder.launch(
        learning.settle,
        {"y": binder.inside(y), "g": binder.inside(g), "parts": binder.gradient(bias, splits)},
        blocks,
        256,
        **constants,
        back_told=activations.back_told(*(activation or NONE)),
        has_activation=activation is not None,
        has_bias=bias is not None,
        writes=activation is not None,
    )


@binding("prelu", "scale")
def _factor(binder: Binder, step: Step) -> None:
    (weight,) = step.weights.values()
    binder.each(
        pointwise.factor,
        step.writes["y"].shape,
        {**_given(binder, step, "x", "y"), "w": binder.weight(weight)},
        rectified=step.kind == "prelu",
    )


@binding("prelu_gradient", "scale_gradient")
def _factor_gradient(binder: Binder, step: Step) -> None:
    (weight,) = step.weights.values()
    g, rectified = step.reads["g"], step.kind == "prelu_gradient"
    if step.settings["train"]:
        constants, blocks, splits = over_rows(binder, g)
        binder.launch(
            learning.factor_sums,
            {**_given(binder, step, "g", "x"), "parts": binder.gradient(weight, splits)},
            blocks,
            256,
            **constants,
            rectified=rectified,
        )
    if "gx" in step.writes:
        binder.each(
            pointwise.factor_gradient,
            g.shape,
            {**_given(binder, step, "g", "x", "gx"), "w": binder.weight(weight)},
            rectified=rectified,
            add=step.settings["add"],
        )


@binding("sum")
def _sum(binder: Binder, step: Step) -> None:
    binder.each(
        pointwise.addition,
        step.writes["y"].shape,
        _given(binder, step, "a", "b", "y"),
        value=activations.value(*(step.settings.get("activation") or NONE)),
    )


@binding("product")
def _product(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    given = {"a": binder.stretched(step.reads["a"]), "b": binder.stretched(step.reads["b"]), "y": binder.inside(y)}
    binder.each(pointwise.product, y.shape, given)


@binding("product_gradient")
def _product_gradient(binder: Binder, step: Step) -> None:
    g, gx = step.reads["g"], step.writes["gx"]
    binder.each(
        pointwise.product_gradient,
        gx.shape,
        {"g": binder.inside(g), "a": binder.stretched(step.reads["a"]), "gx": binder.inside(gx)},
        stretch=tuple(n // m for n, m in zip(g.shape, gx.shape, strict=True)),
        add=step.settings["add"],
    )


@binding("dropout")
def _dropout(binder: Binder, step: Step) -> None:
    rate = step.settings["rate"]
    binder.each(
        pointwise.dropout,
        step.writes["y"].shape,
        {"control": binder.control, **_given(binder, step, "x", "y")},
        keep=int((1.0 - rate) * 4294967296.0),
        scale=1.0 / (1.0 - rate),
        key=step.settings["key"],
        add=step.settings["add"],
    )


@binding("upsample")
def _upsample(binder: Binder, step: Step) -> None:
    binder.each(
        pointwise.upsample,
        step.writes["y"].shape,
        _given(binder, step, "x", "y"),
        sizes=step.reads["x"].shape,
        bilinear=step.settings["mode"] != "nearest",
        aligned=step.settings["mode"] == "corners",
    )


@binding("upsample_gradient")
def _upsample_gradient(binder: Binder, step: Step) -> None:
    g, gx = step.reads["g"], step.writes["gx"]
    binder.each(
        pointwise.upsample_gradient,
        gx.shape,
        _given(binder, step, "g", "gx"),
        sizes=g.shape,
        bilinear=step.settings["mode"] != "nearest",
        aligned=step.settings["mode"] == "corners",
        add=step.settings["add"],
    )


def _window(step: Step) -> dict[str, Any]:
    window = step.settings["window"]
    return {"k": window.k, "s": window.s, "d": window.d, "before": window.before}


def _average(step: Step) -> dict[str, Any]:
    window = step.settings["window"]
    limit = tuple(n + a for n, a in zip(window.input, window.after, strict=True))
    return {"limit": limit, "exclude_pad": step.settings["exclude_pad"]}


@binding("pool")
def _pool(binder: Binder, step: Step) -> None:
    x, y, mode = step.reads["x"], step.writes["y"], step.settings["mode"]
    given = _given(binder, step, "x", "y")
    if not POOLINGS[mode].chooses:
        binder.each(windows.average, y.shape, given, sizes=x.shape, **_window(step), **_average(step))
        return
    where = step.writes.get("where")
    given["where"] = binder.inside(where or y)
    constants = {"sizes": x.shape, **_window(step), "keep": where is not None}
    if mode == "median":
        binder.each(windows.median, y.shape, given, **constants)
    else:
        binder.each(windows.choose_one, y.shape, given, **constants, least=mode == "min")


@binding("pool_gradient")
def _pool_gradient(binder: Binder, step: Step) -> None:
    g, gx = step.reads["g"], step.writes["gx"]
    constants = {"sizes": g.shape, **_window(step), "add": step.settings["add"]}
    if not POOLINGS[step.settings["mode"]].chooses:
        binder.each(windows.average_gradient, gx.shape, _given(binder, step, "g", "gx"), **constants, **_average(step))
    else:
        binder.each(windows.choose_gradient, gx.shape, _given(binder, step, "g", "where", "gx"), **constants)


@binding("places")
def _places(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    given = _given(binder, step, "x", "y", "where")
    binder.each(windows.choose_one, y.shape, given, sizes=x.shape, **_window(step), keep=True, least=False)


@binding("put")
def _put(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    given = {"g": binder.inside(x), "where": binder.inside(step.reads["where"]), "gx": binder.inside(y)}
    binder.each(windows.choose_gradient, y.shape, given, sizes=x.shape, **_window(step), add=False)


@binding("pick")
def _pick(binder: Binder, step: Step) -> None:
    g, gx = step.reads["g"], step.writes["gx"]
    binder.each(
        windows.pick, gx.shape, _given(binder, step, "g", "where", "gx"), sizes=g.shape, add=step.settings["add"]
    )


@binding("unpool")
def _unpool(binder: Binder, step: Step) -> None:
    y, gx, bias = step.reads["y"], step.writes["gx"], step.weights.get("bias")
    binder.each(windows.unpool, gx.shape, _given(binder, step, "y", "g", "where", "gx"), sizes=y.shape)
    if bias is not None:
        constants, blocks, splits = over_rows(binder, y)
        binder.launch(
            learning.settle,
            {**_given(binder, step, "y", "g"), "parts": binder.gradient(bias, splits)},
            blocks,
            256,
            **constants,
            back_told=activations.back_told("relu", 0.0),
            has_activation=True,
            has_bias=True,
            writes=False,
        )


@binding("adaptive")
def _adaptive(binder: Binder, step: Step) -> None:
    given = _given(binder, step, "x", "y")
    binder.each(windows.adaptive, step.writes["y"].shape, given, sizes=step.reads["x"].shape)


@binding("adaptive_gradient")
def _adaptive_gradient(binder: Binder, step: Step) -> None:
    binder.each(
        windows.adaptive_gradient,
        step.writes["gx"].shape,
        _given(binder, step, "g", "gx"),
        sizes=step.reads["g"].shape,
        add=step.settings["add"],
    )
