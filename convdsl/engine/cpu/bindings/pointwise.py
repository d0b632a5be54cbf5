"""Elementwise steps, pooling, and moving values."""

from __future__ import annotations

from convdsl.engine import activations
from convdsl.engine.cpu.bind import IMAGE, Argument, Binder, binding
from convdsl.engine.cpu.kernels import pointwise, pooling
from convdsl.engine.cpu.specialise import Strided, micro
from convdsl.engine.plan import Parameter, Step, Value
from convdsl.engine.plan.pooling import POOLINGS


def _activation(step: Step) -> tuple[str, float]:
    return step.settings.get("activation") or ("", 0.0)


def _relu(step: Step) -> bool:
    return step.settings.get("activation") is not None


@binding("load")
def _load(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    binder.emit(pointwise.load, {"control": binder.control, "y": binder.inside(y), "image": IMAGE}, size=y.size)


@binding("emit")
def _emit(binder: Binder, step: Step) -> None:
    x = step.reads["x"]
    binder.emit(
        pointwise.emit, {"control": binder.control, "x": binder.inside(x), "image": IMAGE}, size=x.size, **step.settings
    )


@binding("copy")
def _copy(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    whole = not any(step.settings["at"]) and x.shape == y.shape
    source, target = binder.rows(x, y) if whole else (binder.inside(x), binder.inside(y))
    binder.emit(
        pointwise.copy,
        {"x": source, "y": target},
        at=step.settings["at"],
        add=step.settings["add"],
        fill=step.settings["fill"],
    )


@binding("reshape")
def _reshape(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.reshape,
        {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])},
        add=step.settings["add"],
    )


@binding("shuffle")
def _shuffle(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.shuffle,
        {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])},
        groups=step.settings["groups"],
        add=step.settings["add"],
    )


@binding("activate")
def _activate(binder: Binder, step: Step) -> None:
    (y,) = binder.rows(step.writes["y"])
    binder.emit(pointwise.activate, {"x": y, "y": y}, in_place=True, value=activations.value(*_activation(step)))


@binding("activation")
def _separate(binder: Binder, step: Step) -> None:
    x, y = binder.rows(step.reads["x"], step.writes["y"])
    binder.emit(pointwise.activate, {"x": x, "y": y}, in_place=False, value=activations.value(*_activation(step)))


@binding("activation_gradient")
def _activation_gradient(binder: Binder, step: Step) -> None:
    g, x, gx = binder.rows(step.reads["g"], step.reads["x"], step.writes["gx"])
    back = activations.back(*_activation(step))
    binder.emit(pointwise.activation_gradient, {"g": g, "x": x, "gx": gx}, back=back, add=step.settings["add"])


@binding("settle")
def _settle(binder: Binder, step: Step) -> None:
    value, bias = step.reads["g"], step.weights.get("bias")
    before = step.reads.get("y", value)
    apart = bias is None or bool(value.interleaved) or value.shape[3] % binder.target.lanes == 0
    y, g = binder.rows(before, value) if apart else (binder.inside(before), binder.inside(value))
    if step.settings["activation"] is not None or not apart:
        db = binder.gradient_vector(None if apart else bias)
        name, slope = _activation(step)
        binder.emit(
            pointwise.settle,
            {"y": y, "g": g, "db": db},
            has_activation=bool(name),
            back_told=activations.back_told(name, slope),
            bias=not apart,
        )
    if apart and bias is not None:
        _sum_channels(binder, value, bias)


def _sum_channels(binder: Binder, value: Value, bias: Parameter) -> None:
    """The gradient of a bias, with the sums in registers."""
    channels, lanes = value.shape[3], binder.target.lanes
    positions = tuple((n, step * 4) for n, step in zip(value.shape, value.strides[:3], strict=False))
    if value.interleaved:
        together = next(n for n in range(16, 0, -1) if channels % n == 0)
        tile = micro("lane_sum_tile", lanes=lanes, channels=together, positions=positions)
        g_step = together * lanes * 4
    else:
        together = next(n for n in range(8, 0, -1) if channels // lanes % n == 0) * lanes
        tile = micro("sum_tile", lanes=lanes, vectors=together // lanes, positions=positions)
        g_step = together * 4
    binder.emit(
        pointwise.sum_channels,
        {"g": binder.inside(value)[0], "db": binder.gradient(bias)},
        tile=tile,
        blocks=channels // together,
        g_step=g_step,
        db_step=together * 4,
    )


@binding("sum_parts")
def _sum_parts(binder: Binder, step: Step) -> None:
    bias = step.weights.get("bias")
    binder.emit(
        pointwise.sum_parts,
        {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"]), "b": binder.vector(bias)},
        bias=bias is not None,
    )


@binding("prelu", "scale")
def _factor(binder: Binder, step: Step) -> None:
    (weight,) = step.weights.values()
    binder.emit(
        getattr(pointwise, step.kind),
        {"x": binder.inside(step.reads["x"]), "w": binder.vector(weight), "y": binder.inside(step.writes["y"])},
    )


@binding("prelu_gradient", "scale_gradient")
def _factor_gradient(binder: Binder, step: Step) -> None:
    (weight,) = step.weights.values()
    g = step.reads["g"]
    learns = "gx" in step.writes
    binder.emit(
        getattr(pointwise, step.kind),
        {
            "g": binder.inside(g),
            "x": binder.inside(step.reads["x"]),
            "w": binder.vector(weight),
            "gx": binder.inside(step.writes.get("gx", g)),
            "dw": binder.gradient_vector(weight),
        },
        add=step.settings["add"],
        learns=learns,
        train=step.settings["train"],
    )


@binding("sum")
def _sum(binder: Binder, step: Step) -> None:
    a, b, y = binder.rows(step.reads["a"], step.reads["b"], step.writes["y"])
    binder.emit(pointwise.addition, {"a": a, "b": b, "y": y}, relu=_relu(step))


def _stretched(binder: Binder, value: Value) -> tuple[Argument, Strided]:
    """A value whose axes of size 1 may be read at any index."""
    at, layout = binder.inside(value)
    return at, Strided(
        layout.shape, tuple(0 if n == 1 else s for n, s in zip(layout.shape, layout.strides, strict=True))
    )


@binding("product")
def _product(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.product,
        {
            "a": _stretched(binder, step.reads["a"]),
            "b": _stretched(binder, step.reads["b"]),
            "y": binder.inside(step.writes["y"]),
        },
    )


@binding("product_gradient")
def _product_gradient(binder: Binder, step: Step) -> None:
    gx = step.writes["gx"]
    binder.emit(
        pointwise.product_gradient,
        {"g": binder.inside(step.reads["g"]), "a": _stretched(binder, step.reads["a"]), "gx": _stretched(binder, gx)},
        add=step.settings["add"],
        sizes=gx.shape,
    )


@binding("dropout")
def _dropout(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.dropout,
        {
            "control": binder.control,
            "x": binder.inside(step.reads["x"]),
            "y": binder.inside(step.writes["y"]),
            "image": IMAGE,
        },
        rate=step.settings["rate"],
        key=step.settings["key"],
        add=step.settings["add"],
    )


@binding("upsample")
def _upsample(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.upsample,
        {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])},
        bilinear=step.settings["mode"] != "nearest",
        aligned=step.settings["mode"] == "corners",
    )


@binding("upsample_gradient")
def _upsample_gradient(binder: Binder, step: Step) -> None:
    binder.emit(
        pointwise.upsample_gradient,
        {"g": binder.inside(step.reads["g"]), "gx": binder.inside(step.writes["gx"])},
        bilinear=step.settings["mode"] != "nearest",
        aligned=step.settings["mode"] == "corners",
        add=step.settings["add"],
    )


@binding("pool")
def _pool(binder: Binder, step: Step) -> None:
    x, y, window, mode = step.reads["x"], step.writes["y"], step.settings["window"], step.settings["mode"]
    sizes = {"k": window.k, "s": window.s, "d": window.d, "before": window.before}
    if not POOLINGS[mode].chooses:
        binder.emit(
            pooling.average,
            {"x": binder.inside(x), "y": binder.inside(y)},
            **sizes,
            limit=_limit(step),
            exclude_pad=step.settings["exclude_pad"],
        )
        return
    where = step.writes.get("where")
    given = {"x": binder.inside(x), "y": binder.inside(y), "where": binder.inside(where or y)}
    if mode == "median":
        binder.emit(pooling.median, given, **sizes, keep=where is not None)
    else:
        binder.emit(pooling.choose, given, **sizes, least=mode == "min", keep=where is not None)


@binding("pool_gradient")
def _pool_gradient(binder: Binder, step: Step) -> None:
    g, gx, window = step.reads["g"], step.writes["gx"], step.settings["window"]
    if not POOLINGS[step.settings["mode"]].chooses:
        binder.emit(
            pooling.average_gradient,
            {"g": binder.inside(g), "gx": binder.inside(gx)},
            k=window.k,
            s=window.s,
            d=window.d,
            before=window.before,
            limit=_limit(step),
            exclude_pad=step.settings["exclude_pad"],
            add=step.settings["add"],
        )
    else:
        binder.emit(
            pooling.choose_gradient,
            {"g": binder.inside(g), "where": binder.inside(step.reads["where"]), "gx": binder.inside(gx)},
            add=step.settings["add"],
        )


@binding("places")
def _places(binder: Binder, step: Step) -> None:
    window = step.settings["window"]
    given = {"x": binder.inside(step.reads["x"]), **{role: binder.inside(step.writes[role]) for role in ("y", "where")}}
    sizes = {"k": window.k, "s": window.s, "d": window.d, "before": window.before}
    binder.emit(pooling.choose, given, **sizes, least=False, keep=True)


@binding("put")
def _put(binder: Binder, step: Step) -> None:
    given = {"g": binder.inside(step.reads["x"]), "where": binder.inside(step.reads["where"])}
    binder.emit(pooling.choose_gradient, {**given, "gx": binder.inside(step.writes["y"])}, add=False)


@binding("pick")
def _pick(binder: Binder, step: Step) -> None:
    given = {role: binder.inside(step.reads[role]) for role in ("g", "where")}
    binder.emit(pooling.pick, {**given, "gx": binder.inside(step.writes["gx"])}, add=step.settings["add"])


def _limit(step: Step) -> tuple[int, ...]:
    window = step.settings["window"]
    return tuple(n + a for n, a in zip(window.input, window.after, strict=True))


@binding("adaptive")
def _adaptive(binder: Binder, step: Step) -> None:
    binder.emit(pooling.adaptive, {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])})


@binding("adaptive_gradient")
def _adaptive_gradient(binder: Binder, step: Step) -> None:
    binder.emit(
        pooling.adaptive_gradient,
        {"g": binder.inside(step.reads["g"]), "gx": binder.inside(step.writes["gx"])},
        add=step.settings["add"],
    )
