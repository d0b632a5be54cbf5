"""Convolutions and dense layers as products of matrices; layers with filters of their own for each channel or place."""

from __future__ import annotations

from math import prod
from typing import Any

from convdsl.engine import activations
from convdsl.engine.cuda.bind import COUNT, FLAT, Binder, Gemm, Given, binding
from convdsl.engine.cuda.kernels import product, windows
from convdsl.engine.cuda.tiles import Axis, Tile, fetch, shares_for, splits_for, tile_for
from convdsl.engine.plan import Parameter, Step, Value, Window

NO_ACTIVATION = ("", 0.0)


def contract(
    binder: Binder,
    a: int,
    b: int,
    c: int,
    rows: Axis,
    inner: Axis,
    columns: tuple[int, int],
    *,
    groups: tuple[int, int, int, int, int] = (1, 0, 0, 0, 0),
    bias: Parameter | None = None,
    activation: tuple[str, float] | None = None,
    add: bool = False,
    splits: tuple[int, int] = (1, 0),
    tile: Tile | None = None,
    pools: int = 0,
    where: Given | None = None,
) -> None:
    """c[i, j] (+)= f(Σ_k a[i, k]·b[k, j] + bias[j]); see the kernel. `rows` have strides in a and c, `inner` in a and b,
    `columns` = (n, stride in b)."""
    images = binder.plan.batch
    tile = tile or _tile(rows, inner, columns[0], images)
    a_along, b_along = inner.contiguous(0), inner.contiguous(1)
    a_wide = a % 16 == 0 and groups[1] % 4 == 0
    a_fits_k, a_fits_i = rows.aligned(0) and a_along, rows.contiguous(0) and inner.aligned(0)
    a_fetch = (True, True) if a_wide and a_fits_k else (True, False) if a_wide and a_fits_i else (False, inner.images)
    b_wide = b % 16 == 0 and groups[2] % 4 == 0
    b_fits_k, b_fits_j = columns[1] % 4 == 0 and b_along, columns == (columns[0], 1) and inner.aligned(1)
    b_fetch = (
        (True, True)
        if b_wide and b_fits_k
        else (True, False)
        if b_wide and b_fits_j
        else (False, columns[1] != 1)
    )
    wide_out = (
        c % 16 == 0 and columns[0] % 4 == 0 and rows.aligned(1) and groups[3] % 4 == 0 and splits[1] % 4 == 0 and not pools
    )
    per_image = rows.total if rows.images else 0
    blocks = (per_image, tile.rows) if rows.images else -(-rows.total // tile.rows)
    unused: Given = (binder.arrays.weights, FLAT)
    length = inner.total if not inner.images else 0
    binder.launch(
        product.contract,
        {
            "a": (a, FLAT),
            "b": (b, FLAT),
            "c": (c, FLAT),
            "bias": binder.weight(bias),
            "where": (where[0], FLAT) if where is not None else unused,
        },
        (blocks, -(-columns[0] // tile.columns), groups[0] * splits[0]),
        tile.threads,
        rows=(rows.total, rows.sizes, *(rows.strides(n) for n in range(4 if pools else 2)), *(() if pools else ((), ()))),
        columns=columns,
        inner=(inner.total, inner.sizes, inner.strides(0), inner.strides(1)),
        images_inside=inner.images,
        whole=not inner.images and splits[0] == 1 and length % tile.step == 0,
        groups=groups,
        splits=splits,
        tile=(tile.rows, tile.columns),
        step=tile.step,
        block=tile.block,
        workers=tile.threads,
        a_fetch=fetch(tile.rows, tile.step, tile.threads, *a_fetch),
        b_fetch=fetch(tile.columns, tile.step, tile.threads, *b_fetch),
        wide_out=wide_out,
        has_bias=bias is not None,
        add=add,
        pools=pools,
        value=activations.value(*(activation or NO_ACTIVATION)),
    )


def _tile(rows: Axis, inner: Axis, columns: int, images: int) -> Tile:
    return tile_for(
        rows.total * (images if rows.images else 1), columns, inner.total * (images if inner.images else 1)
    )


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
    tile = _tile(rows, inner, columns, binder.plan.batch)
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
    tile = _tile(rows, inner, f.filters, binder.plan.batch)
    blocks = -(-binder.plan.batch // tile.rows) * -(-f.filters // tile.columns)
    splits = splits_for(blocks, f.rows, tile.step)
    a, b, c = binder.inside(x)[0], binder.weight(weight)[0], binder.inside(y)[0]
    bias, activation = step.weights.get("bias"), step.settings["activation"]
    if binder.arrays.device.blas:
        sizes = (COUNT, f.filters, f.rows)
        binder.launches.append(Gemm(sizes, a, x.root.pitch, False, b, f.width, False, c, y.root.pitch))
        if bias is not None or activation is not None:
            _collect(binder, c, y.root.pitch, (1, 0), rows, f.filters, bias, activation, c)
        return
    if splits == 1:
        contract(binder, a, b, c, rows, inner, (f.filters, 1), bias=bias, activation=activation, tile=tile)
        return
    parts, _ = binder.scratch(splits, binder.plan.batch, f.width)
    apart = binder.plan.batch * f.width
    summed = Axis.of((1, x.root.pitch, f.width), images=True)
    contract(binder, a, b, parts, summed, inner, (f.filters, 1), splits=(splits, apart), tile=tile)
    _collect(binder, parts, f.width, (splits, apart), rows, f.filters, bias, activation, c)


def _collect(
    binder: Binder,
    parts: int,
    part_row: int,
    splits: tuple[int, int],
    rows: Axis,
    columns: int,
    bias: Parameter | None,
    activation: tuple[str, float] | None,
    c: int,
) -> None:
    """Adds partial sums up, and what belongs behind a product."""
    binder.launch(
        product.collect,
        {"parts": (parts, FLAT), "bias": binder.weight(bias), "c": (c, FLAT)},
        ((columns, 256), 1, 1),
        256,
        rows=(1, rows.sizes, rows.strides(1)),
        columns=(columns, part_row),
        splits=splits,
        has_bias=bias is not None,
        add=False,
        value=activations.value(*(activation or NO_ACTIVATION)),
    )


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
    _weight_gradient(
        binder, weight, binder.inside(x)[0], binder.inside(g)[0], rows, inner, f.filters, (1, 0, 0, 0, 0)
    )


# filters of their own for each channel, for each place


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
