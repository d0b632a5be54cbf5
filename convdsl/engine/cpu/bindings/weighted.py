"""Convolutions and dense layers as loops around register tiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl.engine.cpu.bind import COUNT, PART, Argument, Binder, binding, number, shifted
from convdsl.engine.cpu.bindings.winograd import winograd
from convdsl.engine.cpu.kernels import pointwise, weighted
from convdsl.engine.cpu.specialise import Micro, micro
from convdsl.engine.cpu.tiles import grid_tile, lane_tile_sizes, outer_cuts
from convdsl.engine.plan import Parameter, Step, Value
from convdsl.engine.plan.layouts import Pack, Rows

ONE = number(1)


def split_blocks(count: int, lanes: int, vectors: int) -> Iterator[tuple[int, int, int, int]]:
    """Blocks of filters as (first block, how many, vectors, filters in the last vector): the full ones and the last."""
    width = lanes * vectors
    full, rest = divmod(count, width)
    if full:
        yield 0, full, vectors, lanes
    if rest:
        short = -(-rest // lanes)
        yield full, 1, short, rest - (short - 1) * lanes


def _grid(
    binder: Binder,
    x: Argument,
    y: Argument,
    w: Argument,
    bias: Parameter | None,
    *,
    lanes: int,
    vectors: int,
    filters: int,
    groups: int,
    taps: tuple[tuple[int, int], ...],
    run: int,
    sizes: tuple[int, int, int],
    x_steps: tuple[int, ...],
    y_steps: tuple[int, ...],
    group_bytes: int,
    block_bytes: int,
    add: bool,
    relu: bool,
    images: int = 0,
    mask: int | None = None,
) -> None:
    """Positions D, H, W times filters. `x_steps`, `y_steps`: bytes from one group, depth, row, column to the next;
    `group_bytes`, `block_bytes`: of the weights of one group, and of one block of filters."""
    depth, rows, columns = sizes
    if 0 in sizes:
        return
    width = lanes * vectors
    if images:
        _lane_grid(binder, x, y, w, bias, images, filters, taps, run, sizes, x_steps, y_steps, width, add, relu)
        return
    for first, blocks, used, valid in split_blocks(filters, lanes, vectors):
        r, c = grid_tile(rows, columns, used, binder.target)

        def tile(width_of: int, r: int = r, used: int = used, valid: int = valid) -> Any:
            places = [(i, j) for i in range(r) for j in range(width_of)]
            return micro(
                "conv_tile",
                lanes=lanes,
                vectors=used,
                taps=taps,
                run=run,
                row=width * 4,
                x_at=tuple(i * x_steps[2] + j * x_steps[3] for i, j in places),
                y_at=tuple(i * y_steps[2] + j * y_steps[3] for i, j in places),
                valid=valid,
                bias=bias is not None,
                relu=relu,
                add=add,
                mask=mask,
            )

        edge = columns % c
        offset = number(binder.weight(bias, first * width)) if bias is not None else w
        binder.emit(
            weighted.gather,
            {"x": x, "w": shifted(w, first * block_bytes), "b": offset, "y": shifted(y, first * width * 4)},
            tile=tile(c),
            edge=tile(edge) if edge else None,
            groups=groups,
            blocks=blocks,
            depth=depth,
            rows=rows,
            columns=columns,
            row_step=r,
            column_step=c,
            x_steps=x_steps,
            y_steps=(y_steps[0], width * 4, *y_steps[1:]),
            w_steps=(group_bytes, block_bytes, filters * 4, width * 4),
        )


def _lane_grid(
    binder: Binder,
    x: Argument,
    y: Argument,
    w: Argument,
    bias: Parameter | None,
    images: int,
    filters: int,
    taps: tuple[tuple[int, int], ...],
    run: int,
    sizes: tuple[int, int, int],
    x_steps: tuple[int, ...],
    y_steps: tuple[int, ...],
    width: int,
    add: bool,
    relu: bool,
) -> None:
    """The same for interleaved images: a vector holds one value of each."""
    depth, rows, columns = sizes
    together, r, c = lane_tile_sizes(filters, rows, columns, binder.target)

    def tile(width_of: int) -> Micro:
        places = [(i, j) for i in range(r) for j in range(width_of)]
        return micro(
            "lane_tile",
            lanes=images,
            filters=together,
            taps=taps,
            run=run,
            row=width * 4,
            x_at=tuple(i * x_steps[2] + j * x_steps[3] for i, j in places),
            y_at=tuple(i * y_steps[2] + j * y_steps[3] for i, j in places),
            bias=bias is not None,
            relu=relu,
            add=add,
        )

    edge = columns % c
    binder.emit(
        weighted.gather,
        {"x": x, "w": w, "b": number(binder.weight(bias)) if bias is not None else w, "y": y},
        tile=tile(c),
        edge=tile(edge) if edge else None,
        groups=1,
        blocks=filters // together,
        depth=depth,
        rows=rows,
        columns=columns,
        row_step=r,
        column_step=c,
        x_steps=x_steps,
        y_steps=(0, together * images * 4, *y_steps[1:]),
        w_steps=(0, together * 4, 0, together * 4),
    )


def strides_in_bytes(value: Value) -> tuple[int, int, int]:
    d, h, w, _ = value.strides
    return d * 4, h * 4, w * 4


def _relu(step: Step) -> bool:
    return step.settings.get("activation") is not None


@binding("gather")
def _gather(binder: Binder, step: Step) -> None:
    """A window slides over x."""
    x, y = step.reads["x"], step.writes["y"]
    weight, window = step.weights["weight"], step.settings["window"]
    (f, base), xs, ys = binder.filters(weight), strides_in_bytes(x), strides_in_bytes(y)
    source, _ = binder.reaching(x, window.before)
    target, _ = binder.inside(y)
    if "winograd" in step.settings:
        winograd(binder, step, source, xs, target)
        return
    taps = tuple((window.k[a], window.d[a] * xs[a]) for a in range(3))
    run = f.channels
    if window.d[2] == 1 and f.groups == 1:
        taps, run = taps[:2], run * window.k[2]
    _grid(
        binder,
        source,
        target,
        number(base),
        step.weights.get("bias"),
        lanes=f.lanes,
        vectors=f.vectors,
        filters=f.filters,
        groups=f.groups,
        taps=taps,
        run=run,
        sizes=window.output,
        x_steps=(f.channels * 4, *(window.s[a] * xs[a] for a in range(3))),
        y_steps=(f.filters * 4, *ys),
        group_bytes=f.blocks * f.rows * f.width * 4,
        block_bytes=f.rows * f.width * 4,
        add=step.settings["add"],
        relu=_relu(step),
        images=x.interleaved,
    )


@binding("spread")
def _spread(binder: Binder, step: Step) -> None:
    """Each place of y gathers from the values of x that reach it: one kernel for each phase of the stride."""
    x, y = step.reads["x"], step.writes["y"]
    weight, window = step.weights["weight"], step.settings["window"]
    pack, xs, ys = weight.packs["swapped"], strides_in_bytes(x), strides_in_bytes(y)
    if "winograd" in step.settings:
        first = sum(window.phases(a)[0].first * s for a, s in zip(range(3), x.strides, strict=False))
        winograd(binder, step, binder.at(x, x.origin + first), xs, binder.inside(y)[0])
        return
    taps_before = 0
    for p in window.phases(0):
        for q in window.phases(1):
            for r in window.phases(2):
                phases = (p, q, r)
                taps = tuple((len(f.taps), f.step * xs[a]) for a, f in enumerate(phases))
                count = len(p.taps) * len(q.taps) * len(r.taps)
                run = pack.filters
                if count and pack.groups == 1 and (r.step == 1 or len(r.taps) == 1):
                    taps, run = taps[:2], run * len(r.taps)
                if count or not step.settings["add"]:
                    start = x.origin + sum(f.first * s for f, s in zip(phases, x.strides, strict=False))
                    place = y.origin + sum(f.residue * s for f, s in zip(phases, y.strides, strict=False))
                    block = len(pack.order) * pack.filters * pack.width * 4
                    _grid(
                        binder,
                        binder.at(x, start),
                        binder.at(y, place),
                        number(binder.pack(weight, "swapped", taps_before * pack.filters * pack.width)),
                        step.weights.get("bias"),
                        lanes=pack.lanes,
                        vectors=pack.vectors,
                        filters=pack.channels,
                        groups=pack.groups,
                        taps=taps,
                        run=run,
                        sizes=(p.count, q.count, r.count),
                        x_steps=(pack.filters * 4, *xs),
                        y_steps=(pack.channels * 4, *(window.s[a] * ys[a] for a in range(3))),
                        group_bytes=pack.blocks * block,
                        block_bytes=block,
                        add=step.settings["add"],
                        relu=_relu(step),
                        images=x.interleaved,
                    )
                taps_before += count


def _of_strip(step: Step, at: Argument, x: Value, width: int) -> Argument:
    """In a region of strips each part sees the weights of its inputs, with `width` numbers for each."""
    return (*at[:4], x.size * width * 4, at[5]) if step.strips else at


@binding("dense")
def _dense(binder: Binder, step: Step) -> None:
    """Images take the place of columns."""
    x, y, weight = step.reads["x"], step.writes["y"], step.weights["weight"]
    f = weight.layout
    if isinstance(f, Rows):
        _dense_rows(binder, step, f)
        return
    _grid(
        binder,
        binder.inside(x)[0],
        binder.inside(y)[0],
        _of_strip(step, number(binder.weight(weight)), x, f.width),
        step.weights.get("bias"),
        lanes=f.lanes,
        vectors=f.vectors,
        filters=f.filters,
        groups=1,
        taps=(),
        run=x.size,
        sizes=(1, 1, binder.together),
        x_steps=(0, 0, 0, x.root.pitch * 4),
        y_steps=(0, 0, 0, y.root.pitch * 4),
        group_bytes=0,
        block_bytes=f.rows * f.width * 4,
        add=False,
        relu=_relu(step),
    )


def _dense_rows(binder: Binder, step: Step, f: Rows) -> None:
    x, y, lanes = step.reads["x"], step.writes["y"], binder.target.lanes
    x_step, y_step = x.root.pitch * 4, y.root.pitch * 4
    sizes = {"lanes": lanes, "vectors": f.width // lanes, "units": f.units, "blocks": x.size // f.width}
    binder.emit(
        weighted.dense_rows,
        {
            "x": binder.inside(x)[0],
            "w": _of_strip(step, number(binder.weight(step.weights["weight"])), x, f.units),
            "y": binder.inside(y)[0],
        },
        tile=micro("rows_tile", **sizes, x_step=x_step, y_step=y_step),
        images=binder.together,
        x_step=x_step,
        y_step=y_step,
    )


@binding("dense_input")
def _dense_input(binder: Binder, step: Step) -> None:
    g, x, weight, mask = step.reads["g"], step.writes["x"], step.weights["weight"], step.reads.get("mask")
    if isinstance(weight.layout, Rows):
        lanes, units = binder.target.lanes, weight.layout.units
        pack = Pack(1, units, x.size, (0,), lanes, weight.layout.width // lanes)
        at = binder.weight(weight)
    else:
        pack, at = weight.packs["swapped"], binder.pack(weight, "swapped")
    _grid(
        binder,
        binder.inside(g)[0],
        binder.inside(x)[0],
        _of_strip(step, number(at), x, pack.filters),
        None,
        lanes=pack.lanes,
        vectors=pack.vectors,
        filters=x.size,
        groups=1,
        taps=(),
        run=pack.filters,
        sizes=(1, 1, binder.together),
        x_steps=(0, 0, 0, g.root.pitch * 4),
        y_steps=(0, 0, 0, x.root.pitch * 4),
        group_bytes=0,
        block_bytes=pack.filters * pack.width * 4,
        add=step.settings["add"],
        relu=False,
        mask=None if mask is None else binder.at(mask)[0] - binder.at(x)[0],
    )


@binding("correlate")
def _correlate(binder: Binder, step: Step) -> None:
    x, g = step.reads["x"], step.reads["g"]
    weight, window = step.weights["weight"], step.settings["window"]
    f, xs, gs = weight.layout, strides_in_bytes(x), strides_in_bytes(g)
    runs = [(window.k[a], window.d[a] * xs[a]) for a in range(3)]
    run = f.channels
    if window.d[2] == 1 and f.groups == 1:
        runs, run = [(1, 0), *runs[:2]], run * window.k[2]
    positions = [(window.output[a], window.s[a] * xs[a], gs[a]) for a in range(3)]
    if x.interleaved:
        source, target = binder.reaching(x, window.before)[0], binder.inside(g)[0]
        _lane_outer(binder, step, source, target, x.interleaved, runs, run, positions)
        return
    _outer(
        binder,
        step,
        binder.reaching(x, window.before)[0],
        binder.inside(g)[0],
        x,
        g,
        runs,
        run,
        positions,
        step.scope == "task",
    )


@binding("dense_weight")
def _dense_weight(binder: Binder, step: Step) -> None:
    x, g = step.reads["x"], step.reads["g"]
    if isinstance(step.weights["weight"].layout, Rows):
        _rows_outer(binder, step, step.weights["weight"].layout)
        return
    _outer(binder, step, binder.inside(x)[0], binder.inside(g)[0], x, g, [(1, 0)] * 3, x.size, [], True)


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
            "dw": _of_strip(step, binder.gradient(step.weights["weight"]), x, f.units),
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
            at = _of_strip(step, at, x, f.units)
            binder.emit(pointwise.fill_zero, {"address": at, "count": number(x.size * f.units)})
            continue
        for block in range(f.blocks):
            place = shifted(_of_strip(step, at, x, f.width), block * f.rows * f.width * 4)
            binder.emit(pointwise.fill_zero, {"address": place, "count": number(x.size * f.width)})


def _outer(
    binder: Binder,
    step: Step,
    x: Argument,
    g: Argument,
    x_value: Value,
    g_value: Value,
    runs: list[tuple[int, int]],
    run: int,
    positions: list[tuple[int, int, int]],
    counted: bool,
) -> None:
    """The gradient of filters: for each full or last block of them, whole pieces of the runs and the rest."""
    weight = step.weights["weight"]
    f, shared = weight.layout, step.scope == "task"
    gradient = binder.gradient(weight)
    if step.kind == "dense_weight":
        gradient = _of_strip(step, gradient, x_value, f.width)
    axes = [(0, x_value.root.pitch * 4, g_value.root.pitch * 4)] * counted + positions
    for first, blocks, used, valid in split_blocks(f.filters, f.lanes, f.vectors):
        cuts, rest, length = outer_cuts(runs, run, used, binder.target)
        for start, pieces, offsets in cuts:
            tile = micro(
                "outer_tile",
                lanes=f.lanes,
                vectors=used,
                row=f.width * 4,
                x_at=offsets,
                positions=tuple(axes),
                valid=valid,
                counted=counted,
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
                "x": shifted(x, start * 4),
                "g": shifted(g, first * f.width * 4),
                "dw": shifted(gradient, (first * f.rows + start) * f.width * 4),
            }
            if shared:
                binder.emit(
                    weighted.correlate_share,
                    {**given, "task": PART, "tasks": number(binder.plan.tasks), "count": COUNT},
                    **constants,
                )
            else:
                binder.emit(weighted.correlate, {**given, "count": COUNT if counted else ONE}, **constants)


def _lane_outer(
    binder: Binder,
    step: Step,
    x: Argument,
    g: Argument,
    images: int,
    runs: list[tuple[int, int]],
    run: int,
    positions: list[tuple[int, int, int]],
) -> None:
    """The same for interleaved images."""
    weight = step.weights["weight"]
    f = weight.layout
    together = next(n for n in (4, 3, 2, 1) if f.filters % n == 0)
    cuts, rest, length = outer_cuts(runs, run, together, binder.target, 4 * images)
    for start, pieces, offsets in cuts:
        tile = micro(
            "lane_outer_tile", lanes=images, filters=together, row=f.width * 4, x_at=offsets, positions=tuple(positions)
        )
        binder.emit(
            weighted.correlate,
            {
                "x": shifted(x, start * images * 4),
                "g": g,
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
