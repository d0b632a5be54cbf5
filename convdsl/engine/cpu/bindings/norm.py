"""Normalisations and softmax."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine.cpu.bind import Argument, Binder, binding, number, strides_in_bytes
from convdsl.engine.cpu.kernels import norm
from convdsl.engine.cpu.specialise import Micro, Strided, micro
from convdsl.engine.plan import Step, Value
from convdsl.engine.plan.program import CHUNKS


class _Statistics:
    """Where a batch normalisation keeps its sums: [chunk][3][C] doubles, [8][C] floats, [chunk][3][C] floats."""

    def __init__(self, binder: Binder, step: Step) -> None:
        op = step.settings["op"]
        self.channels = c = op.output.shape[3]
        self.base = binder.statistics(op)
        self.all_sums = (number(self.base), Strided((CHUNKS, 3, c), (3 * c, c, 1)))
        self.sums: tuple[Argument, Strided] = ((self.base, 0, 0, 0, 24 * c, 0), Strided((3, c), (c, 1)))
        self.coefficients = (number(binder.coefficients(op)), Strided((8, c), (c, 1)))
        self.scratch: tuple[Argument, Strided] = (
            (self.base + (CHUNKS * 3 + 4) * 8 * c, 0, 0, 0, 16 * c, 0),
            Strided((3, c), (c, 1)),
        )


def _channels(binder: Binder, step: Step, role: str) -> tuple[Argument, Strided]:
    parameter = step.weights[role]
    return number(binder.weight(parameter)), Strided(parameter.shape, (1,))


@binding("bn_begin")
def _begin(binder: Binder, step: Step) -> None:
    binder.emit(norm.bn_begin, {"sums": _Statistics(binder, step).sums})


def _tiles(binder: Binder, make: str, values: list[Value], **constants: Any) -> dict[str, Any]:
    """Tiles for the channels of an image's values: several vectors at a time, then what is left."""
    lanes = next(n for n in (4, 8, 16) if n >= values[0].shape[3] or n == binder.target.lanes)
    most = 4 if binder.target.registers >= 32 else 2
    channels = values[0].shape[3]
    wide, left = divmod(channels, lanes * most)
    steps = [strides_in_bytes(v) for v in values]
    positions = tuple((values[0].shape[a], *(s[a] for s in steps)) for a in range(3))

    def tile(count: int) -> Micro | None:
        valid = tuple(min(lanes, count - n) for n in range(0, count, lanes))
        return (
            micro(make, lanes=lanes, valid=valid, row=channels * 4, positions=positions, **constants) if count else None
        )

    return {
        "tile": tile(lanes * most) if wide else None,
        "rest": tile(left),
        "has_rest": bool(left),
        "wide": wide,
        "step": lanes * most * 4,
    }


@binding("bn_sum")
def _sum(binder: Binder, step: Step) -> None:
    state, x = _Statistics(binder, step), step.reads["x"]
    binder.emit(
        norm.bn_sum,
        {"x": binder.inside(x)[0], "sums": state.sums, "scratch": state.scratch, "scratch_at": state.scratch[0]},
        **_tiles(binder, "bn_sum_tile", [x]),
        positions=prod(x.shape[:3]),
    )


@binding("bn_combine")
def _combine(binder: Binder, step: Step) -> None:
    state = _Statistics(binder, step)
    binder.emit(
        norm.bn_combine,
        {
            "sums": state.all_sums,
            "w": _channels(binder, step, "weight"),
            "b": _channels(binder, step, "bias"),
            "mean": _channels(binder, step, "running_mean"),
            "var": _channels(binder, step, "running_var"),
            "coefficients": state.coefficients,
        },
        chunks=binder.plan.chunks,
        **step.settings["op"].settings["statistics"],
    )


@binding("bn_frozen")
def _frozen(binder: Binder, step: Step) -> None:
    binder.emit(
        norm.bn_frozen,
        {
            "w": _channels(binder, step, "weight"),
            "b": _channels(binder, step, "bias"),
            "mean": _channels(binder, step, "running_mean"),
            "var": _channels(binder, step, "running_var"),
            "before": _channels(binder, step, "before" if "before" in step.weights else "bias"),
            "coefficients": _Statistics(binder, step).coefficients,
        },
        biased="before" in step.weights,
        eps=step.settings["op"].settings["statistics"]["eps"],
    )


@binding("bn_apply")
def _apply(binder: Binder, step: Step) -> None:
    x, y = step.reads["x"], step.writes["y"]
    binder.emit(
        norm.bn_apply,
        {"x": binder.inside(x)[0], "coefficients": _Statistics(binder, step).coefficients[0], "y": binder.inside(y)[0]},
        **_tiles(binder, "bn_apply_tile", [x, y], relu=step.settings["activation"] is not None),
    )


@binding("bn_sum_gradient")
def _sum_gradient(binder: Binder, step: Step) -> None:
    state, x, g = _Statistics(binder, step), step.reads["x"], step.reads["g"]
    binder.emit(
        norm.bn_sum_gradient,
        {
            "x": binder.inside(x)[0],
            "g": binder.inside(g)[0],
            "coefficients": state.coefficients,
            "coefficients_at": state.coefficients[0],
            "sums": state.sums,
            "scratch": state.scratch,
            "scratch_at": state.scratch[0],
        },
        **_tiles(binder, "bn_sum_gradient_tile", [x, g], relu=step.settings["relu"]),
        positions=prod(x.shape[:3]),
    )


@binding("bn_combine_gradient")
def _combine_gradient(binder: Binder, step: Step) -> None:
    state = _Statistics(binder, step)
    binder.emit(
        norm.bn_combine_gradient,
        {
            "sums": state.all_sums,
            "w": _channels(binder, step, "weight"),
            "coefficients": state.coefficients,
            "dw": binder.gradient_vector(step.weights["weight"]),
            "db": binder.gradient_vector(step.weights["bias"]),
        },
        chunks=binder.plan.chunks,
        train=step.settings["train"],
    )


@binding("bn_input")
def _input(binder: Binder, step: Step) -> None:
    x, g, gx = step.reads["x"], step.reads["g"], step.writes["gx"]
    binder.emit(
        norm.bn_input,
        {
            "x": binder.inside(x)[0],
            "g": binder.inside(g)[0],
            "coefficients": _Statistics(binder, step).coefficients[0],
            "gx": binder.inside(gx)[0],
        },
        **_tiles(binder, "bn_input_tile", [x, g, gx], relu=step.settings["relu"], add=step.settings["add"]),
    )


@binding("group_norm", "position_norm")
def _norm(binder: Binder, step: Step) -> None:
    groups = {"groups": step.settings["groups"]} if step.kind == "group_norm" else {}
    binder.emit(
        getattr(norm, step.kind),
        {
            "x": binder.inside(step.reads["x"]),
            "w": binder.vector(step.weights["weight"]),
            "b": binder.vector(step.weights["bias"]),
            "y": binder.inside(step.writes["y"]),
        },
        **groups,
        eps=step.settings["eps"],
    )


@binding("group_norm_gradient", "position_norm_gradient")
def _norm_gradient(binder: Binder, step: Step) -> None:
    groups = {"groups": step.settings["groups"]} if step.kind == "group_norm_gradient" else {}
    g, weight = step.reads["g"], step.weights["weight"]
    binder.emit(
        getattr(norm, step.kind),
        {
            "g": binder.inside(g),
            "x": binder.inside(step.reads["x"]),
            "w": binder.vector(weight),
            "gx": binder.inside(step.writes.get("gx", g)),
            "dw": binder.gradient_vector(weight),
            "db": binder.gradient_vector(step.weights["bias"]),
        },
        **groups,
        eps=step.settings["eps"],
        **_back(step),
    )


@binding("response_norm")
def _response(binder: Binder, step: Step) -> None:
    x = step.reads["x"]
    given = {"x": binder.inside(x), "y": binder.inside(step.writes["y"])}
    binder.emit(norm.response_norm, given, channels=x.shape[3], **step.settings)


@binding("response_norm_gradient")
def _response_gradient(binder: Binder, step: Step) -> None:
    sizes = {name: step.settings[name] for name in ("n", "alpha", "beta", "k")}
    sizes["channels"] = step.reads["x"].shape[3]
    binder.emit(
        norm.response_norm_gradient,
        {
            "g": binder.inside(step.reads["g"]),
            "x": binder.inside(step.reads["x"]),
            "gx": binder.inside(step.writes["gx"]),
        },
        **sizes,
        **_back(step),
    )


@binding("softmax")
def _softmax(binder: Binder, step: Step) -> None:
    binder.emit(norm.softmax, {"x": binder.inside(step.reads["x"]), "y": binder.inside(step.writes["y"])})


@binding("softmax_gradient")
def _softmax_gradient(binder: Binder, step: Step) -> None:
    binder.emit(
        norm.softmax_gradient,
        {
            "g": binder.inside(step.reads["g"]),
            "y": binder.inside(step.reads["y"]),
            "gx": binder.inside(step.writes["gx"]),
        },
        **_back(step),
    )


def _back(step: Step) -> dict[str, bool]:
    return {"add": step.settings["add"], "learns": "gx" in step.writes, "train": step.settings["train"]}
