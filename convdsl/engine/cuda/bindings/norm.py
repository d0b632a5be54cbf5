"""Normalisations and softmax."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine.cuda.bind import Binder, Given, binding
from convdsl.engine.cuda.bindings.pointwise import over_rows
from convdsl.engine.cuda.kernels import batch_norm, learning, norm
from convdsl.engine.partial import Strided
from convdsl.engine.plan import Step, Value


def _coefficients(binder: Binder, step: Step) -> Given:
    """Eight rows of numbers for each channel, which the steps of one batch normalisation share."""
    channels = step.settings["op"].output.shape[3]
    if step.node not in binder.coefficients:
        binder.coefficients[step.node] = binder.allocate(8 * channels * 4)
    return binder.coefficients[step.node], Strided((8, channels), (channels, 1))


def _parameters(binder: Binder, step: Step) -> dict[str, Given]:
    names = {"w": "weight", "b": "bias", "mean": "running_mean", "var": "running_var"}
    return {name: binder.weight(step.weights[role]) for name, role in names.items()}


@binding("bn_sum")
def _sum(binder: Binder, step: Step) -> None:
    """Sums and their combination, which the plan has as a step of its own, because threads meet there."""
    x = step.reads["x"]
    constants, blocks, splits = over_rows(binder, x)
    parts = binder.scratch(splits, 3, x.shape[3])
    binder.launch(batch_norm.bn_sum, {"x": binder.inside(x), "parts": parts}, blocks, 256, **constants)
    binder.launch(
        batch_norm.bn_combine,
        {"parts": parts, **_parameters(binder, step), "coefficients": _coefficients(binder, step)},
        (-(-x.shape[3] // 8), 1, 1),
        256,
        channels=x.shape[3],
        splits=splits,
        **step.settings["op"].settings["statistics"],
    )


@binding("bn_combine", "bn_combine_gradient")
def _combined(binder: Binder, step: Step) -> None:
    """Done with the sums."""


@binding("bn_frozen")
def _frozen(binder: Binder, step: Step) -> None:
    channels = step.settings["op"].output.shape[3]
    binder.launch(
        batch_norm.bn_frozen,
        {**_parameters(binder, step), "coefficients": _coefficients(binder, step)},
        (-(-channels // 128), 1, 1),
        128,
        channels=channels,
        eps=step.settings["op"].settings["statistics"]["eps"],
    )


@binding("bn_apply")
def _apply(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    binder.each(
        batch_norm.bn_apply,
        y.shape,
        {"x": binder.inside(x), "coefficients": _coefficients(binder, step), "y": binder.inside(y)},
        relu=step.settings["activation"] is not None,
    )


@binding("bn_sum_gradient")
def _sum_gradient(binder: Binder, step: Step) -> None:
    x, g = step.reads["x"], step.reads["g"]
    constants, blocks, splits = over_rows(binder, x)
    parts, coefficients = binder.scratch(splits, 2, x.shape[3]), _coefficients(binder, step)
    given = {"x": binder.inside(x), "g": binder.inside(g), "coefficients": coefficients, "parts": parts}
    binder.launch(batch_norm.bn_sum_gradient, given, blocks, 256, **constants, relu=step.settings["relu"])
    binder.launch(
        batch_norm.bn_combine_gradient,
        {
            "parts": parts,
            "w": binder.weight(step.weights["weight"]),
            "coefficients": coefficients,
            "dw": _flat(binder.gradient(step.weights["weight"], 1)),
            "db": _flat(binder.gradient(step.weights["bias"], 1)),
        },
        (-(-x.shape[3] // 8), 1, 1),
        256,
        channels=x.shape[3],
        positions=constants["positions"],
        splits=splits,
        train=step.settings["train"],
    )


def _flat(given: Given) -> Given:
    return given[0], Strided((0,), (1,))


@binding("bn_input")
def _input(binder: Binder, step: Step) -> None:
    x, g, gx = step.reads["x"], step.reads["g"], step.writes["gx"]
    binder.each(
        batch_norm.bn_input,
        gx.shape,
        {
            "x": binder.inside(x),
            "g": binder.inside(g),
            "coefficients": _coefficients(binder, step),
            "gx": binder.inside(gx),
        },
        relu=step.settings["relu"],
        add=step.settings["add"],
    )


def _groups(step: Step) -> dict[str, Any]:
    x, settings = step.reads["x"], step.settings
    members = x.shape[3] // settings["groups"]
    return {"sizes": x.shape, "members": members, "number": prod(x.shape[:3]) * members, "eps": settings["eps"]}


def _positions(x: Value) -> dict[str, Any]:
    return {"sizes": x.shape, "positions": prod(x.shape[:3])}


@binding("group_norm")
def _group(binder: Binder, step: Step) -> None:
    x, groups = step.reads["x"], step.settings["groups"]
    weights = {"w": binder.weight(step.weights["weight"]), "b": binder.weight(step.weights["bias"])}
    given = {"x": binder.inside(x), **weights, "y": binder.inside(step.writes["y"])}
    binder.launch(norm.group_norm, given, ((1, 1), groups, 1), 256, **_groups(step))


@binding("position_norm")
def _position(binder: Binder, step: Step) -> None:
    x = step.reads["x"]
    weights = {"w": binder.weight(step.weights["weight"]), "b": binder.weight(step.weights["bias"])}
    given = {"x": binder.inside(x), **weights, "y": binder.inside(step.writes["y"])}
    sizes = _positions(x)
    binder.launch(norm.position_norm, given, ((sizes["positions"], 8), 1, 1), 256, **sizes, eps=step.settings["eps"])


@binding("group_norm_gradient", "position_norm_gradient")
def _norm_gradient(binder: Binder, step: Step) -> None:
    x, g, weight = step.reads["x"], step.reads["g"], step.weights["weight"]
    groups = step.settings.get("groups", 0)
    learns = "gx" in step.writes
    sizes = _positions(x)
    rows = binder.plan.batch * (groups or sizes["positions"])
    statistics, address = Strided((rows, 2), (2, 1)), binder.scratch(rows, 2)[0]
    given = {
        "g": binder.inside(g),
        "x": binder.inside(x),
        "w": binder.weight(weight),
        "gx": binder.inside(step.writes.get("gx", g)),
    }
    back = {"add": step.settings["add"], "learns": learns}
    if groups:
        by_image = (address, Strided((0, groups, 2), (2 * groups, 2, 1)))
        binder.launch(
            norm.group_norm_gradient,
            {**given, "statistics": by_image},
            ((1, 1), groups, 1),
            256,
            **_groups(step),
            **back,
        )
    else:
        binder.launch(
            norm.position_norm_gradient,
            {**given, "statistics": (address, statistics)},
            ((sizes["positions"], 8), 1, 1),
            256,
            **sizes,
            eps=step.settings["eps"],
            **back,
        )
    if step.settings["train"]:
        constants, blocks, splits = over_rows(binder, x)
        binder.launch(
            learning.norm_sums,
            {
                "g": binder.inside(g),
                "x": binder.inside(x),
                "statistics": (address, statistics),
                "scales": binder.gradient(weight, splits),
                "shifts": binder.gradient(step.weights["bias"], splits),
            },
            blocks,
            256,
            **constants,
            groups=groups,
        )


def _response(step: Step) -> dict[str, Any]:
    return {"n_near": step.settings["n"], **{name: step.settings[name] for name in ("alpha", "beta", "k")}}


@binding("response_norm")
def _response_norm(binder: Binder, step: Step) -> None:
    given = {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])}
    binder.each(norm.response_norm, step.writes["y"].shape, given, **_response(step))


@binding("response_norm_gradient")
def _response_gradient(binder: Binder, step: Step) -> None:
    g, x, gx = step.reads["g"], step.reads["x"], step.writes["gx"]
    given = {"g": binder.inside(g), "x": binder.inside(x), "gx": binder.inside(gx)}
    binder.each(norm.response_norm_gradient, gx.shape, given, **_response(step), add=step.settings["add"])


@binding("softmax")
def _softmax(binder: Binder, step: Step) -> None:
    x, sizes = step.reads["x"], _positions(step.reads["x"])
    given = {"x": binder.inside(x), "y": binder.inside(step.writes["y"])}
    binder.launch(norm.softmax, given, ((sizes["positions"], 128), 1, 1), 128, **sizes)


@binding("softmax_gradient")
def _softmax_gradient(binder: Binder, step: Step) -> None:
    g, y, gx = step.reads["g"], step.reads["y"], step.writes["gx"]
    sizes = _positions(g)
    given = {"g": binder.inside(g), "y": binder.inside(y), "gx": binder.inside(gx)}
    binder.launch(
        norm.softmax_gradient, given, ((sizes["positions"], 128), 1, 1), 128, **sizes, add=step.settings["add"]
    )
