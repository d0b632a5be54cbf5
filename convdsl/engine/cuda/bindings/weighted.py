"""Convolutions and dense layers as products of matrices."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine.cuda.bind import COUNT, Binder, Gemm, binding
from convdsl.engine.cuda.bindings.product import collect, contract, tile_of
from convdsl.engine.cuda.tiles import Axis, splits_for
from convdsl.engine.plan import Parameter, Step, Value, Window


def _strides(value: Value) -> tuple[int, int, int, int]:
    """From one image, depth, row and column to the next."""
    return (value.root.pitch, *value.strides[:3])


@binding("gather")
def _gather(binder: Binder, step: Step) -> None:
    """A window slides over x."""
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    f = step.weights["weight"].layout
    xs, ys = _strides(x), _strides(y)
    rows = Axis.of(
        (1, xs[0], ys[0]),
        *((window.output[n], window.s[n] * xs[n + 1], ys[n + 1]) for n in range(3)),
        images=True,
    )
    contract(
        binder,
        binder.reaching(x, window.before)[0],
        binder.weight(step.weights["weight"])[0],
        binder.inside(y)[0],
        rows,
        _window_axis(window, xs, f.channels, f.width),
        (f.filters, 1),
        groups=(f.groups, f.channels, f.rows * f.width, f.filters, f.filters),
        bias=step.weights.get("bias"),
        activation=step.settings["activation"],
        add=step.settings["add"],
    )


def _window_axis(window: Window, xs: tuple[int, ...], channels: int, width: int) -> Axis:
    """Taps and channels: strides in x and in the weights."""
    below = [prod(window.k[n + 1 :]) * channels * width for n in range(3)]
    taps = [(window.k[n], window.d[n] * xs[n + 1], below[n]) for n in range(3)]
    return Axis.of(*taps, (channels, 1, width))


@binding("gather_pool")
def _gather_pool(binder: Binder, step: Step) -> None:
    """The same with a 2x2 maximum behind: four rows of the product are one window of it."""
    x, y, where, window = step.reads["x"], step.writes["y"], step.writes.get("where"), step.settings["window"]
    f = step.weights["weight"].layout
    xs, ys = _strides(x), _strides(y)
    ws = _strides(where) if where is not None else (0, 0, 0, 0)
    row, column = window.s[1] * xs[2], window.s[2] * xs[3]
    width = window.output[2] * f.filters
    rows = Axis.of(
        (1, xs[0], ys[0], ws[0], 0),
        (y.shape[1], 2 * row, ys[2], ws[2], 2 * width),
        (y.shape[2], 2 * column, ys[3], ws[3], 2 * f.filters),
        (2, row, 0, 0, width),
        (2, column, 0, 0, f.filters),
        images=True,
        keep=True,
    )
    contract(
        binder,
        binder.reaching(x, window.before)[0],
        binder.weight(step.weights["weight"])[0],
        binder.inside(y)[0],
        rows,
        _window_axis(window, xs, f.channels, f.width),
        (f.filters, 1),
        bias=step.weights.get("bias"),
        activation=("relu", 0.0),
        pools=2 if where is not None else 1,
        where=binder.inside(where) if where is not None else None,
    )


@binding("spread")
def _spread(binder: Binder, step: Step) -> None:
    """Each place of y gathers from the values of x that reach it: one product for each phase of the stride."""
    x, y, window = step.reads["x"], step.writes["y"], step.settings["window"]
    weight = step.weights["weight"]
    f = weight.layout
    xs, ys = _strides(x), _strides(y)
    below = [prod(window.k[n + 1 :]) * f.channels * f.width for n in range(3)]
    for phases in _phases(window):
        if not all(p.count for p in phases):
            continue
        taps = all(p.taps for p in phases)
        if not taps and step.settings["add"] and "bias" not in step.weights:
            continue
        rows = Axis.of(
            (1, xs[0], ys[0]),
            *((p.count, xs[n + 1], window.s[n] * ys[n + 1]) for n, p in enumerate(phases)),
            images=True,
        )
        reach = [(len(p.taps), p.step * xs[n + 1], _apart(p.taps) * below[n]) for n, p in enumerate(phases)]
        inner = Axis.of(*reach, (f.filters, 1, 1)) if taps else Axis.of((0, 1, 1))
        start = x.origin + sum(p.first * s for p, s in zip(phases, x.strides, strict=False))
        place = y.origin + sum(p.residue * s for p, s in zip(phases, y.strides, strict=False))
        first = sum(p.taps[0] * b for p, b in zip(phases, below, strict=True)) if taps else 0
        contract(
            binder,
            binder.at(x, start),
            binder.weight(weight)[0] + first * 4,
            binder.at(y, place),
            rows,
            inner,
            (f.channels, f.width),
            groups=(f.groups, f.filters, f.rows * f.width, f.channels, f.channels),
            bias=step.weights.get("bias"),
            activation=step.settings["activation"],
            add=step.settings["add"],
        )


def _phases(window: Window) -> list[tuple[Any, Any, Any]]:
    return [(p, q, r) for p in window.phases(0) for q in window.phases(1) for r in window.phases(2)]


def _apart(taps: tuple[int, ...]) -> int:
    return taps[1] - taps[0] if len(taps) > 1 else 0


@binding("correlate")
def _correlate(binder: Binder, step: Step) -> None:
    """The gradient of the filters: the sum over all images and positions, in parts that are added up later."""
    x, g, window = step.reads["x"], step.reads["g"], step.settings["window"]
    weight = step.weights["weight"]
    f = weight.layout
    xs, gs = _strides(x), _strides(g)
    below = [prod(window.k[n + 1 :]) * f.channels * f.width for n in range(3)]
    taps = [(window.k[n], window.d[n] * xs[n + 1], below[n]) for n in range(3)]
    rows = Axis.of(*taps, (f.channels, 1, f.width))
    inner = Axis.of(
        (1, xs[0], gs[0]),
        *((window.output[n], window.s[n] * xs[n + 1], gs[n + 1]) for n in range(3)),
        images=True,
    )
    _weight_gradient(
        binder,
        weight,
        binder.reaching(x, window.before)[0],
        binder.inside(g)[0],
        rows,
        inner,
        f.filters,
        (f.groups, f.channels, f.filters, f.rows * f.width, 0),
    )


def _weight_gradient(
    binder: Binder, weight: Parameter, a: int, b: int, rows: Axis, inner: Axis, columns: int, groups: Any
) -> None:
    tile = tile_of(rows, inner, columns, binder.plan.batch)
    blocks = -(-rows.total // tile.rows) * -(-columns // tile.columns) * groups[0]
    splits = splits_for(blocks, inner.total * binder.plan.batch, tile.step)
    address, _ = binder.gradient(weight, splits)
    contract(
        binder,
        a,
        b,
        address,
        rows,
        inner,
        (columns, 1),
        groups=groups,
        splits=(splits, weight.layout.size),
        tile=tile,
    )


@binding("dense")
def _dense(binder: Binder, step: Step) -> None:
    """Few images make few tiles: then the inner index is cut into parts, which are added up in a second step."""
    x, y, weight = step.reads["x"], step.writes["y"], step.weights["weight"]
    f = weight.layout
    rows = Axis.of((1, x.root.pitch, y.root.pitch), images=True)
    inner = Axis.of((f.rows, 1, f.width))
    tile = tile_of(rows, inner, f.filters, binder.plan.batch)
    blocks = -(-binder.plan.batch // tile.rows) * -(-f.filters // tile.columns)
    splits = splits_for(blocks, f.rows, tile.step)
    a, b, c = binder.inside(x)[0], binder.weight(weight)[0], binder.inside(y)[0]
    bias, activation = step.weights.get("bias"), step.settings["activation"]
    if binder.arrays.device.blas:
        sizes = (COUNT, f.filters, f.rows)
        binder.launches.append(Gemm(sizes, a, x.root.pitch, False, b, f.width, False, c, y.root.pitch))
        if bias is not None or activation is not None:
            collect(binder, c, y.root.pitch, (1, 0), rows, f.filters, bias, activation, c)
        return
    if splits == 1:
        contract(binder, a, b, c, rows, inner, (f.filters, 1), bias=bias, activation=activation, tile=tile)
        return
    parts, _ = binder.scratch(splits, binder.plan.batch, f.width)
    apart = binder.plan.batch * f.width
    summed = Axis.of((1, x.root.pitch, f.width), images=True)
    contract(binder, a, b, parts, summed, inner, (f.filters, 1), splits=(splits, apart), tile=tile)
    collect(binder, parts, f.width, (splits, apart), rows, f.filters, bias, activation, c)


@binding("dense_input")
def _dense_input(binder: Binder, step: Step) -> None:
    g, x, weight = step.reads["g"], step.writes["x"], step.weights["weight"]
    f = weight.layout
    a, b, c = binder.inside(g)[0], binder.weight(weight)[0], binder.inside(x)[0]
    if binder.arrays.device.blas:
        sizes = (COUNT, f.rows, f.filters)
        binder.launches.append(
            Gemm(sizes, a, g.root.pitch, False, b, f.width, True, c, x.root.pitch, step.settings["add"])
        )
        return
    contract(
        binder,
        a,
        b,
        c,
        Axis.of((1, g.root.pitch, x.root.pitch), images=True),
        Axis.of((f.filters, 1, 1)),
        (f.rows, f.width),
        add=step.settings["add"],
    )


@binding("dense_weight")
def _dense_weight(binder: Binder, step: Step) -> None:
    x, g, weight = step.reads["x"], step.reads["g"], step.weights["weight"]
    f = weight.layout
    if binder.arrays.device.blas:
        address, _ = binder.gradient(weight, 1)
        a, b = binder.inside(x)[0], binder.inside(g)[0]
        sizes = (f.rows, f.filters, COUNT)
        binder.launches.append(Gemm(sizes, a, x.root.pitch, True, b, g.root.pitch, False, address, f.width))
        return
    rows = Axis.of((f.rows, 1, f.width))
    inner = Axis.of((1, x.root.pitch, g.root.pitch), images=True)
    _weight_gradient(binder, weight, binder.inside(x)[0], binder.inside(g)[0], rows, inner, f.filters, (1, 0, 0, 0, 0))
