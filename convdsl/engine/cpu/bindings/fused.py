"""Convolution, ReLU and maximum in one, and its sparse gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdsl.engine.cpu.bind import (
    COUNT,
    PART,
    Binder,
    binding,
    images_apart,
    number,
    pitches,
    shifted,
    strides_in_bytes,
)
from convdsl.engine.cpu.bindings.winograd import winograd
from convdsl.engine.cpu.kernels import fused, pointwise
from convdsl.engine.cpu.specialise import Micro, micro
from convdsl.engine.cpu.tiles import split_blocks
from convdsl.engine.plan import Step, Value
from convdsl.engine.plan.fusion import taps_in_tile


@binding("gather_pool")
def _gather_pool(binder: Binder, step: Step) -> None:
    x, y, where = step.reads["x"], step.writes["y"], step.writes.get("where")
    window, bias = step.settings["window"], step.weights.get("bias")
    if "winograd" in step.settings:
        source, target = binder.reaching(x, window.before)[0], binder.inside(y)[0]
        winograd(binder, step, source, strides_in_bytes(x), target, where)
        return
    (f, base), xs, ys = binder.filters(step.weights["weight"]), strides_in_bytes(x), strides_in_bytes(y)
    ws = strides_in_bytes(where) if where is not None else (0, 0, 0)
    rows, columns = y.shape[1:3]
    taps, run = ((window.k[1], xs[1]),), window.k[2] * f.channels
    for first, blocks, vectors, _ in split_blocks(f.filters, f.lanes, f.vectors):
        most = min(2, max(1, binder.target.positions(vectors) // 4))
        pools = next((n for n in range(most, 0, -1) if columns % n == 0 and 2 * n > most), min(most, columns))

        def tile(count: int, vectors: int = vectors) -> Micro:
            return micro(
                "pool_tile",
                lanes=f.lanes,
                vectors=vectors,
                taps=taps,
                run=run,
                row=f.width * 4,
                x_row=xs[1],
                x_column=xs[2],
                pools=count,
                y_column=ys[2],
                where_column=ws[2],
                bias=bias is not None,
                keep=where is not None,
            )

        skip = first * f.width * 4
        target = binder.inside(y)[0]
        chosen = binder.inside(where)[0] if where is not None else number(0)
        edge = columns % pools
        given = {
            "x": binder.reaching(x, window.before)[0],
            "w": number(base + first * f.rows * f.width * 4),
            "b": number(binder.weight(bias, first * f.width) if bias is not None else base),
            "y": shifted(target, skip),
        }
        constants: dict[str, Any] = {}
        kernel: Callable[..., Any] = fused.gather_pool
        if step.scope == "share":
            kernel, given, constants = fused.gather_pool_share, {**given, **binder.share}, images_apart(pitches(x, y))
        else:
            given["where"] = shifted(chosen, skip)
            constants["where_steps"] = (f.width * 4, ws[1], ws[2])
        binder.emit(
            kernel,
            given,
            tile=tile(pools),
            edge=tile(edge) if edge else None,
            blocks=blocks,
            rows=rows,
            columns=columns,
            step=pools,
            x_steps=(2 * xs[1], 2 * xs[2]),
            y_steps=(f.width * 4, ys[1], ys[2]),
            w_step=f.rows * f.width * 4,
            b_step=f.width * 4,
            **constants,
        )


@binding("sparse_lists")
def _lists(binder: Binder, step: Step) -> None:
    bias = step.weights.get("bias")
    roles = {**step.reads, **step.writes}
    binder.emit(
        fused.sparse_lists,
        {
            **{name: binder.inside(roles[name]) for name in ("y", "g", "where", "offsets", "values", "lengths")},
            "db": binder.gradient_vector(bias),
        },
        bias=bias is not None,
    )


def _walk(binder: Binder, step: Step, make: str, x: Value, w: Any) -> None:
    weight, window = step.weights["weight"], step.settings["window"]
    f, xs, lists = weight.layout, strides_in_bytes(x), step.reads["offsets"]
    places = [i * xs[1] + j * xs[2] for i in range(f.rows) for j in range(f.columns)]
    most = taps_in_tile(binder.target)
    count = -(-len(places) // most)
    share = -(-len(places) // count)
    tiles: list[Micro | None] = []
    for start in range(0, len(places), share):
        x_at = tuple(at + 4 * f.lanes * v for at in places[start : start + share] for v in range(f.vectors))
        tiles.append(micro(make, lanes=f.lanes, x_at=x_at))
    tiles += [None] * (4 - len(tiles))
    binder.emit(
        fused.walk_lists,
        {
            "x": binder.reaching(x, window.before)[0],
            "offsets": binder.inside(lists)[0],
            "values": binder.inside(step.reads["values"])[0],
            "lengths": binder.inside(step.reads["lengths"]),
            "w": w,
        },
        tile0=tiles[0],
        tile1=tiles[1],
        tile2=tiles[2],
        tile3=tiles[3],
        tiles=count,
        filters=f.filters,
        blocks=f.channels // f.block,
        row=lists.strides[2] * 4,
        x_block=f.block * 4,
        w_tiles=tuple(n * share * f.block * 4 for n in range(4)),
        w_steps=(f.filter_size * 4, f.rows * f.columns * f.block * 4),
    )


@binding("sparse_weight")
def _weight(binder: Binder, step: Step) -> None:
    _walk(binder, step, "sparse_weight_tile", step.reads["x"], binder.gradient(step.weights["weight"]))


@binding("sparse_input")
def _input(binder: Binder, step: Step) -> None:
    gx = step.writes["gx"]
    if not step.settings["add"]:
        binder.emit(fused.clear, {"y": binder.whole(gx)})
    _walk(binder, step, "sparse_input_tile", gx, number(binder.weight(step.weights["weight"])))
    if gx.framed:
        clear_around(binder, gx)


@binding("passed")
def _passed(binder: Binder, step: Step) -> None:
    bias = step.weights.get("bias")
    binder.emit(
        fused.passed,
        {
            "y": binder.inside(step.reads["y"]),
            "g": binder.inside(step.reads["g"]),
            "passed": binder.inside(step.writes["passed"]),
            "db": binder.gradient_vector(bias),
        },
        bias=bias is not None,
    )


@binding("few_weight")
def _few(binder: Binder, step: Step) -> None:
    x, where, g, weight = step.reads["x"], step.reads["where"], step.reads["g"], step.weights["weight"]
    f, xs = weight.layout, strides_in_bytes(x)
    most = max(1, (binder.target.registers - 6) // f.rows)
    together = next(n for n in range(most, 0, -1) if f.filters % n == 0)
    tile = micro(
        "few_channels_tile",
        lanes=f.lanes,
        rows=tuple(i * xs[1] for i in range(f.rows)),
        filters=together,
        stride=f.filters * 4,
    )
    binder.emit(
        fused.few_weight,
        {
            "x": binder.reaching(x, step.settings["window"].before)[0],
            "where": binder.inside(where)[0],
            "g": binder.inside(g)[0],
            "dw": binder.gradient(weight),
        },
        tile=tile,
        filters=f.filters,
        together=together,
        windows=g.shape[1] * g.shape[2],
        dw_step=f.filter_size * 4,
    )


def clear_around(binder: Binder, y: Value) -> None:
    frame = tuple(tuple(f) for f in y.frame)
    binder.emit(pointwise.clear_frame, {"y": binder.whole(y)}, frame=frame)


@binding("frame")
def _frame(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    if step.scope != "share":
        clear_around(binder, y)
        return
    at, whole = binder.whole(y)
    frame = tuple(tuple(f) for f in y.frame)
    given = {"y": at, "task": PART, "count": COUNT}
    binder.emit(pointwise.clear_frames, given, sizes=whole.shape, frame=frame, image=y.root.pitch * 4)


@binding("clear")
def _clear(binder: Binder, step: Step) -> None:
    y = step.writes["y"]
    binder.emit(fused.clear_unless_full, {"y": binder.whole(y), "images": COUNT}, lanes=y.interleaved)
