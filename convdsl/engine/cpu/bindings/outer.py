"""The gradients of filters: sums of products over positions and images, as loops around register tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convdsl.engine.cpu.bind import COUNT, PART, Argument, Binder, binding, number, of_strip, shifted, strides_in_bytes
from convdsl.engine.cpu.bindings.winograd import winograd_gradient
from convdsl.engine.cpu.kernels import pointwise, weighted
from convdsl.engine.cpu.specialise import micro
from convdsl.engine.cpu.tiles import outer_cuts, split_blocks
from convdsl.engine.plan import Step, Value
from convdsl.engine.plan.layouts import Rows

ONE = number(1)


@dataclass(frozen=True)
class Sums:
    """dw[place + c, f] = Σ x[position + place + c]·g[position, f].

    `runs` are the axes (count, bytes) of places where a run of `run` inputs starts, `positions` axes (count, bytes in x,
    bytes in g). With `counted` the first of these are images, as many as there are.
    """

    x: Argument
    g: Argument
    runs: tuple[tuple[int, int], ...]
    run: int
    positions: tuple[tuple[int, int, int], ...]
    counted: bool


@binding("correlate")
def _correlate(binder: Binder, step: Step) -> None:
    x, g = step.reads["x"], step.reads["g"]
    weight, window = step.weights["weight"], step.settings["window"]
    if "winograd" in step.settings:
        winograd_gradient(binder, step, binder.reaching(x, window.before)[0], binder.inside(g)[0])
        return
    f, xs, gs = weight.layout, strides_in_bytes(x), strides_in_bytes(g)
    runs = [(window.k[a], window.d[a] * xs[a]) for a in range(3)]
    run = f.channels
    if window.d[2] == 1 and f.groups == 1:
        runs, run = [(1, 0), *runs[:2]], run * window.k[2]
    positions = [(window.output[a], window.s[a] * xs[a], gs[a]) for a in range(3)]
    source, target = binder.reaching(x, window.before)[0], binder.inside(g)[0]
    counted = step.scope == "task"
    sums = Sums(source, target, tuple(runs), run, _images(x, g) * counted + tuple(positions), counted)
    if x.interleaved:
        _lane_outer(binder, step, sums, x.interleaved)
    else:
        _outer(binder, step, sums)


@binding("dense_weight")
def _dense_weight(binder: Binder, step: Step) -> None:
    x, g = step.reads["x"], step.reads["g"]
    if isinstance(step.weights["weight"].layout, Rows):
        _rows_outer(binder, step, step.weights["weight"].layout)
        return
    places = ((1, 0),) * 3
    _outer(binder, step, Sums(binder.inside(x)[0], binder.inside(g)[0], places, x.size, _images(x, g), True))


def _images(x: Value, g: Value) -> tuple[tuple[int, int, int], ...]:
    """The axis of images, of which there are as many as are counted."""
    return ((0, x.root.pitch * 4, g.root.pitch * 4),)


def _rows_outer(binder: Binder, step: Step, f: Rows) -> None:
    """Vectors lie along the inputs: the roles of input and gradient are swapped."""
    x, g, lanes, width = step.reads["x"], step.reads["g"], binder.target.lanes, f.width * 4
    tile = micro(
        "outer_tile",
        lanes=lanes,
        vectors=f.width // lanes,
        row=width,
        x_at=tuple(4 * n for n in range(f.units)),
        positions=((0, g.root.pitch * 4, x.root.pitch * 4),),
        valid=lanes,
        counted=True,
        add=True,
    )
    binder.emit(
        weighted.correlate,
        {
            "x": binder.inside(g)[0],
            "g": binder.inside(x)[0],
            "dw": of_strip(step, binder.gradient(step.weights["weight"]), x, f.units),
            "count": COUNT,
        },
        tile=tile,
        runs=((1, 0),) * 3,
        pieces=1,
        groups=1,
        blocks=x.size // f.width,
        x_steps=(0, 0),
        g_steps=(0, width),
        dw_steps=(0, f.units * width, 0, 0),
    )


@binding("zero_gradients")
def _zero(binder: Binder, step: Step) -> None:
    """At the beginning of a strip: its copy of the gradients, or its rows of one that all strips share."""
    for parameter in step.weights.values():
        at = binder.gradient(parameter)
        if not parameter.place.deferred:
            binder.emit(pointwise.fill_zero, {"address": at, "count": number(parameter.layout.size)})
            continue
        f, x = parameter.layout, step.settings["rows"]
        if isinstance(f, Rows):
            at = of_strip(step, at, x, f.units)
            binder.emit(pointwise.fill_zero, {"address": at, "count": number(x.size * f.units)})
            continue
        for block in range(f.blocks):
            place = shifted(of_strip(step, at, x, f.width), block * f.rows * f.width * 4)
            binder.emit(pointwise.fill_zero, {"address": place, "count": number(x.size * f.width)})


def _outer(binder: Binder, step: Step, sums: Sums) -> None:
    """The gradient of filters: for each full or last block of them, whole pieces of the runs and the rest."""
    weight = step.weights["weight"]
    f, shared = weight.layout, step.scope == "task"
    gradient = binder.gradient(weight)
    if step.kind == "dense_weight":
        gradient = of_strip(step, gradient, step.reads["x"], f.width)
    for first, blocks, used, valid in split_blocks(f.filters, f.lanes, f.vectors):
        cuts, rest, length = outer_cuts(list(sums.runs), sums.run, used, binder.target)
        for start, pieces, offsets in cuts:
            tile = micro(
                "outer_tile",
                lanes=f.lanes,
                vectors=used,
                row=f.width * 4,
                x_at=offsets,
                positions=sums.positions,
                valid=valid,
                counted=sums.counted,
                add=not shared,
            )
            constants: dict[str, Any] = {
                "tile": tile,
                "runs": tuple(rest),
                "pieces": pieces,
                "groups": f.groups,
                "blocks": blocks,
                "x_steps": (f.channels * 4, len(offsets) * 4),
                "g_steps": (f.filters * 4, f.width * 4),
                "dw_steps": tuple(n * f.width * 4 for n in (f.blocks * f.rows, f.rows, length, len(offsets))),
            }
            given = {
                "x": shifted(sums.x, start * 4),
                "g": shifted(sums.g, first * f.width * 4),
                "dw": shifted(gradient, (first * f.rows + start) * f.width * 4),
            }
            if shared:
                binder.emit(
                    weighted.correlate_share,
                    {**given, "task": PART, "tasks": number(binder.plan.tasks), "count": COUNT},
                    **constants,
                )
            else:
                binder.emit(weighted.correlate, {**given, "count": COUNT if sums.counted else ONE}, **constants)


def _lane_outer(binder: Binder, step: Step, sums: Sums, images: int) -> None:
    """The same for interleaved images."""
    weight = step.weights["weight"]
    f = weight.layout
    together = next(n for n in (4, 3, 2, 1) if f.filters % n == 0)
    cuts, rest, length = outer_cuts(list(sums.runs), sums.run, together, binder.target, 4 * images)
    for start, pieces, offsets in cuts:
        tile = micro(
            "lane_outer_tile", lanes=images, filters=together, row=f.width * 4, x_at=offsets, positions=sums.positions
        )
        binder.emit(
            weighted.correlate,
            {
                "x": shifted(sums.x, start * images * 4),
                "g": sums.g,
                "dw": shifted(binder.gradient(weight), start * f.width * 4),
                "count": ONE,
            },
            tile=tile,
            runs=tuple(rest),
            pieces=pieces,
            groups=1,
            blocks=f.filters // together,
            x_steps=(0, len(offsets) * images * 4),
            g_steps=(0, together * images * 4),
            dw_steps=(0, together * 4, length * f.width * 4, len(offsets) * f.width * 4),
        )
