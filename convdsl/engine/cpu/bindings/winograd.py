"""Convolutions with fewer multiplications, and their weights; see plan/winograd.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from convdsl.engine.cpu.bind import COUNT, PART, Argument, Binder, images_apart, number, pitches
from convdsl.engine.cpu.kernels import winograd as kernels
from convdsl.engine.cpu.specialise import Micro, micro
from convdsl.engine.plan import Parameter, Step, Value
from convdsl.engine.plan.layouts import Filters
from convdsl.engine.plan.transforms import matrices
from convdsl.engine.plan.winograd import Shares, Tiles, Transformed


def winograd(
    binder: Binder, step: Step, x: Argument, strides: tuple[int, ...], y: Argument, where: Value | None = None
) -> None:
    """Adds a step that is marked. `x` is where the first window begins, with `strides` in bytes."""
    tiles: Tiles = step.settings["winograd"]
    pack, weight, (bias, _) = tiles.weights, step.weights["weight"], binder.behind(step)
    scale = 2 if step.kind == "gather_pool" else 1
    last = tuple(n * scale - (g - 1) * pack.m for n, g in zip(step.writes["y"].shape[1:3], tiles.grid, strict=True))
    uneven = tuple(n != pack.m for n in last)
    shape = tuple(n // scale for n in (pack.m, pack.m))
    y_steps = tuple(n * 4 for n in step.writes["y"].strides[1:3])
    where_steps = (0, 0) if where is None else tuple(n * 4 for n in where.strides[1:3])
    v_step, m_step = (n * 4 for n in tiles.steps)
    into = partial(_into, binder, pack, strides, v_step)
    out = partial(_out, binder, step, strides, y_steps, where_steps, m_step)
    v_tile, m_tile = pack.rows * 4, pack.blocks * pack.width * 4
    given = {"x": x, "u": number(binder.pack(weight, tiles.pack)), "b": number(0) if bias is None else bias, "y": y}
    scratch = {"v": binder.inside(step.writes["scratch"])[0]}
    shared: dict[str, int] = {}
    kernel: Callable[..., Any] = kernels.winograd
    if step.scope == "share":
        kernel, given = kernels.winograd_share, {**given, **scratch, **binder.share}
        shared = {"groups": tiles.groups, **images_apart(pitches(step.reads["x"], step.writes["y"]))}
    else:
        chosen = number(0) if where is None else binder.inside(where)[0]
        given = {**given, "where": chosen, **scratch}
    binder.emit(
        kernel,
        given,
        **_by_place("into", into, pack.m, last),
        **_by_place("out", out, pack.m, last),
        product=_product(binder, tiles, v_tile, m_tile),
        grid=tiles.grid,
        uneven=uneven,
        band=tiles.band,
        together=tiles.together,
        frequencies=pack.frequencies,
        blocks=pack.blocks // tiles.groups,
        x_tile=tuple(pack.m * n for n in strides[1:3]),
        y_tile=tuple(n * size for n, size in zip(y_steps, shape, strict=True)),
        where_tile=tuple(n * size for n, size in zip(where_steps, shape, strict=True)),
        v_tile=v_tile,
        m_tile=m_tile,
        v_step=v_step,
        m_step=m_step,
        u_block=pack.rows * pack.width * 4,
        u_frequency=pack.blocks * pack.rows * pack.width * 4,
        width=pack.width * 4,
        **shared,
    )


def _into(binder: Binder, pack: Transformed, strides: tuple[int, ...], step: int, rows: int, columns: int) -> Micro:
    """A tile of the input; for a tile with so many outputs, what their windows see of it."""
    lanes = binder.target.lanes
    return micro(
        "to_frequencies_tile",
        lanes=lanes,
        loops=pack.rows // lanes,
        vectors=1,
        matrix=matrices(pack.m, pack.r)[2],
        rows=rows + pack.r - 1,
        columns=columns + pack.r - 1,
        x_row=strides[1],
        x_column=strides[2],
        step=step,
        panel=lanes * 4,
    )


def _product(binder: Binder, tiles: Tiles, v_tile: int, m_tile: int) -> Micro:
    lanes, width = binder.target.lanes, tiles.weights.width
    return micro(
        "conv_tile",
        lanes=lanes,
        vectors=width // lanes,
        taps=(),
        run=tiles.weights.rows,
        row=width * 4,
        x_at=tuple(n * v_tile for n in range(tiles.together)),
        y_at=tuple(n * m_tile for n in range(tiles.together)),
        valid=lanes,
        bias=False,
        relu=False,
        add=False,
    )


def _out(
    binder: Binder,
    step: Step,
    x_steps: tuple[int, ...],
    y_steps: tuple[int, ...],
    where_steps: tuple[int, ...],
    m_step: int,
    rows: int,
    columns: int,
) -> Micro:
    """A tile of the output."""
    tiles, lanes = step.settings["winograd"], binder.target.lanes
    pack = tiles.weights
    common = {
        "lanes": lanes,
        "vectors": step.writes["y"].shape[3] // lanes // tiles.groups,
        "matrix": matrices(pack.m, pack.r)[0],
        "step": m_step,
        "bias": "bias" in step.weights,
        "rows": rows,
        "columns": columns,
    }
    to = {"y_row": y_steps[0], "y_column": y_steps[1]}
    if step.kind != "gather_pool":
        relu, (_, norm) = step.settings.get("activation") is not None, binder.behind(step)
        scaled = {} if norm is None else {"norm": norm}
        return micro("from_frequencies_tile", **common, **to, relu=relu, add=step.settings["add"], **scaled)
    return micro(
        "pooled_frequencies_tile",
        **common,
        x_row=x_steps[1],
        x_column=x_steps[2],
        **to,
        where_row=where_steps[0],
        where_column=where_steps[1],
        keep="where" in step.writes,
    )


def winograd_gradient(binder: Binder, step: Step, x: Argument, g: Argument) -> None:
    """Adds a step that sums the gradient of filters. `x` is where the first window begins."""
    shares: Shares = step.settings["winograd"]
    xv, gv, weight = step.reads["x"], step.reads["g"], step.weights["weight"]
    f: Filters = weight.layout
    a, of_g, b = matrices(shares.r, shares.m)
    m, lanes, vectors = shares.m, shares.lanes, shares.width // shares.lanes
    x_steps, g_steps = ([n * 4 for n in value.strides[1:3]] for value in (xv, gv))
    v_step, g_step, d_step = (n * 4 for n in shares.steps)
    grid = tuple(-(-n // m) for n in gv.shape[1:3])
    last = tuple(n - (count - 1) * m for n, count in zip(gv.shape[1:3], grid, strict=True))
    uneven = tuple(n != m for n in last)

    def into(rows: int, columns: int) -> Micro:
        return micro(
            "to_frequencies_tile",
            lanes=lanes,
            loops=shares.channels // lanes,
            vectors=1,
            matrix=b,
            rows=rows + shares.r - 1,
            columns=columns + shares.r - 1,
            x_row=x_steps[0],
            x_column=x_steps[1],
            step=v_step,
            panel=shares.chunk * lanes * 4,
        )

    def from_g(rows: int, columns: int) -> Micro:
        return micro(
            "to_frequencies_tile",
            lanes=lanes,
            loops=shares.filters // shares.width,
            vectors=vectors,
            matrix=of_g,
            rows=rows,
            columns=columns,
            x_row=g_steps[0],
            x_column=g_steps[1],
            step=g_step,
            panel=shares.chunk * shares.width * 4,
        )

    group = next(n for n in (lanes, lanes // 2, lanes // 4, 1) if (n + 1) * vectors < binder.target.registers)

    def products(add: bool) -> Micro:
        return micro(
            "outer_tile",
            lanes=lanes,
            vectors=vectors,
            row=shares.filters * 4,
            x_at=tuple(4 * n for n in range(group)),
            positions=((0, lanes * 4, shares.width * 4),),
            valid=lanes,
            counted=True,
            add=add,
        )

    tap = f.channels * shares.width * 4
    out = micro(
        "from_frequencies_tile",
        lanes=lanes,
        vectors=vectors,
        matrix=a,
        step=d_step,
        bias=False,
        rows=shares.r,
        columns=shares.r,
        y_row=shares.r * tap,
        y_column=tap,
        relu=False,
        add=False,
    )
    binder.emit(
        kernels.winograd_gradient,
        {
            "x": x,
            "g": g,
            "dw": binder.gradient(weight),
            "s": binder.inside(step.writes["scratch"])[0],
            "task": PART,
            "tasks": number(binder.plan.tasks),
            "count": COUNT,
        },
        **_by_place("into", into, m, last),
        **_by_place("from_g", from_g, m, last),
        first=products(False),
        more=products(True),
        out=out,
        grid=grid,
        uneven=uneven,
        chunk=shares.chunk,
        frequencies=shares.frequencies,
        shares=(f.channels // shares.channels, f.filters // shares.filters),
        channels=shares.channels,
        filters=shares.filters,
        inputs=f.channels,
        taps=shares.r**2,
        lanes=lanes,
        group=group,
        width=shares.width,
        x_tile=tuple(m * s * n for s, n in zip(step.settings["window"].s[1:], x_steps, strict=True)),
        g_tile=tuple(m * n for n in g_steps),
        x_image=xv.root.pitch * 4,
        g_image=gv.root.pitch * 4,
        v_step=v_step,
        g_step=g_step,
        d_step=d_step,
    )


def _by_place(name: str, tile: Callable[[int, int], Micro], m: int, last: tuple[int, ...]) -> dict[str, Micro | None]:
    """Tiles by their place in a grid (see by_place in kernels/loops.py): whole ones, and those of the last column, of the last
    row and in the corner, where these have fewer outputs."""
    right, below = last[1] != m, last[0] != m
    return {
        name: tile(m, m),
        f"{name}_right": tile(m, last[1]) if right else None,
        f"{name}_below": tile(last[0], m) if below else None,
        f"{name}_corner": tile(last[0], last[1]) if right and below else None,
    }


def transform(binder: Binder) -> None:
    """Keeps the transformed weights up to date; what they are made of must be."""
    for parameter in binder.plan.packed:
        for name, pack in parameter.packs.items():
            if isinstance(pack, Transformed):
                row, lanes = pack.width * 4, binder.target.lanes
                tap = pack.rows * row
                tile = micro(
                    "to_frequencies_tile",
                    lanes=lanes,
                    loops=pack.width // lanes,
                    vectors=1,
                    matrix=matrices(pack.m, pack.r)[1],
                    rows=pack.r,
                    columns=pack.r,
                    x_row=pack.r * tap,
                    x_column=tap,
                    step=pack.blocks * tap,
                    panel=lanes * 4,
                )
                binder.emit(
                    kernels.transform_weights,
                    {
                        "w": number(_source(binder, parameter, pack)),
                        "u": number(binder.pack(parameter, name)),
                        "task": PART,
                        "tasks": number(binder.plan.tasks),
                    },
                    tile=tile,
                    blocks=pack.blocks,
                    rows=pack.rows,
                    width=pack.width,
                    taps=pack.r**2,
                )


def _source(binder: Binder, parameter: Parameter, pack: Transformed) -> int:
    return binder.pack(parameter, pack.source) if pack.source else binder.weight(parameter)
