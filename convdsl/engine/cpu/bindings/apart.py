"""Depthwise and locally connected convolutions: register tiles where channels fill vectors, else loops written out in full."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from convdsl.engine.cpu.bind import (
    COUNT,
    PART,
    Argument,
    Binder,
    binding,
    images_apart,
    number,
    pitches,
    strides_in_bytes,
)
from convdsl.engine.cpu.kernels import weighted
from convdsl.engine.cpu.specialise import Micro, Strided, micro
from convdsl.engine.cpu.tiles import even_parts
from convdsl.engine.plan import Step, Value
from convdsl.engine.plan.few import depthwise_rows
from convdsl.engine.plan.values import Window

if TYPE_CHECKING:
    from convdsl.engine.cpu.depthwise import Taps


def _columns(x: Value, y: Value, window: Window, binder: Binder) -> int:
    """Outputs of a row that a tile has; 0 where tiles cannot be used. All weights stay in registers."""
    able = depthwise_rows(x.shape[0], y.shape, x.shape[3], window.taps, binder.target)
    return min(8, binder.target.registers - window.taps - 2) if able and window.k[0] == 1 and not x.interleaved else 0


@dataclass(frozen=True)
class _Grid:
    """y[i, j] (+)= Σ w[n]·x[i, j, at] over the taps (n, at), for so many rows and columns; steps are in bytes."""

    taps: Taps
    sizes: tuple[int, int]
    x_steps: tuple[int, int]
    y_steps: tuple[int, int]
    most: int
    add: bool = False
    apart: tuple[int, int] | None = None
    """In shares: bytes from one image to the next, of x and of y."""

    def emit(self, binder: Binder, x: Argument, step: Step, y: Argument, channels: int) -> None:
        weight, (bias, norm) = step.weights["weight"], binder.behind(step)
        (rows, columns), (_, x_column), (_, y_column) = self.sizes, self.x_steps, self.y_steps
        lanes, at = binder.target.lanes, number(binder.weight(weight))
        together = even_parts(columns, self.most)
        sizes = {
            "lanes": lanes,
            "vectors": channels // lanes,
            "row": channels * 4,
            "bias": bias is not None and norm is None,
            "add": self.add,
        }
        if norm is not None:
            sizes |= {"relu": step.settings["activation"] is not None, "norm": norm}

        def tile(count: int) -> Micro:
            steps = {"columns": count, "x_column": x_column, "y_column": y_column}
            return micro("depthwise_tile", **sizes, **steps, taps=self.taps)

        shared = self.apart is not None
        binder.emit(
            weighted.depthwise_rows_share if shared else weighted.depthwise_rows,
            {"x": x, "w": at, "b": at if bias is None else bias, "y": y, **(binder.share if shared else {})},
            tile=tile(together),
            edge=tile(columns % together) if columns % together else None,
            rows=rows,
            columns=columns,
            step=together,
            x_steps=self.x_steps,
            y_steps=self.y_steps,
            **images_apart(self.apart),
        )


def _taps(window: Window, strides: tuple[int, ...]) -> Taps:
    """Of the way forward."""
    places = product(range(window.k[1]), range(window.k[2]))
    return tuple((n, i * window.d[1] * strides[1] + j * window.d[2] * strides[2]) for n, (i, j) in enumerate(places))


def _strides(window: Window, strides: tuple[int, ...]) -> tuple[int, int]:
    """From the input of one output to that of the next."""
    return window.s[1] * strides[1], window.s[2] * strides[2]


@binding("depthwise")
def _depthwise(binder: Binder, step: Step) -> None:
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    if most := _columns(x, y, window, binder):
        xs, ys = strides_in_bytes(x), strides_in_bytes(y)
        grid = _Grid(_taps(window, xs), window.output[1:], _strides(window, xs), ys[1:], most)
        if step.scope == "share":
            grid = replace(grid, apart=pitches(x, y))
        grid.emit(binder, binder.reaching(x, window.before)[0], step, binder.inside(y)[0], x.shape[3])
        return
    (bias, norm), channels = binder.behind(step), y.shape[3]
    binder.emit(
        weighted.depthwise,
        {
            "x": binder.reaching(x, window.before),
            "w": binder.vector(step.weights["weight"]),
            "b": binder.vector(None) if bias is None else (bias, Strided((2, channels), (channels, 1))),
            "y": binder.inside(y),
        },
        **_window(window),
        m=channels // x.shape[3],
        bias=bias is not None and norm is None,
        scaled=norm is not None,
        relu=step.settings.get("activation") is not None,
    )


@binding("depthwise_input")
def _depthwise_input(binder: Binder, step: Step) -> None:
    g, x, window = step.reads["g"], step.writes["x"], step.settings["window"]
    if most := _columns(x, g, window, binder):
        gs, xs, add = strides_in_bytes(g), strides_in_bytes(x), step.settings["add"]
        for p, q in product(window.phases(1), window.phases(2)):  # one grid for each phase of the stride
            across = [(i, j) for i in zip(p.taps, p.offsets, strict=True) for j in zip(q.taps, q.offsets, strict=True)]
            taps = tuple((i * window.k[2] + j, di * gs[1] + dj * gs[2]) for (i, di), (j, dj) in across)
            if taps or not add:
                grid = _Grid(taps, (p.count, q.count), gs[1:], _strides(window, xs), most, add)
                place = x.origin + p.residue * x.strides[1] + q.residue * x.strides[2]
                grid.emit(binder, binder.inside(g)[0], step, binder.at(x, place), x.shape[3])
        return
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
    if most := _columns(x, g, window, binder):
        _depthwise_weight_rows(binder, step, most)
        return
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


def _depthwise_weight_rows(binder: Binder, step: Step, most: int) -> None:
    x, g, window = step.reads["x"], step.reads["g"], step.settings["window"]
    xs, gs, lanes = strides_in_bytes(x), strides_in_bytes(g), binder.target.lanes
    columns, channels = window.output[2], x.shape[3]
    together = even_parts(columns, most)
    sizes = {"lanes": lanes, "x_column": window.s[2] * xs[2], "g_column": gs[2], "row": channels * 4}

    def tile(count: int, pieces: int) -> Micro:
        return micro("depthwise_weight_tile", **sizes, taps=_taps(window, xs), columns=count, pieces=pieces)

    binder.emit(
        weighted.depthwise_weight_rows,
        {
            "x": binder.reaching(x, window.before)[0],
            "g": binder.inside(g)[0],
            "dw": binder.gradient(step.weights["weight"]),
        },
        tile=tile(together, columns // together),
        edge=tile(columns % together, 1) if columns % together else None,
        rows=window.output[1],
        columns=columns,
        step=together,
        vectors=channels // lanes,
        width=lanes * 4,
        x_steps=_strides(window, xs),
        g_steps=gs[1:],
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
