"""3x3 convolutions after Winograd, and their weights."""

from __future__ import annotations

from convdsl.engine.cpu.bind import PART, Argument, Binder, number
from convdsl.engine.cpu.kernels import winograd as kernels
from convdsl.engine.cpu.specialise import Micro, micro
from convdsl.engine.plan import Parameter, Step, Value
from convdsl.engine.plan.winograd import Transformed


def winograd(
    binder: Binder, step: Step, x: Argument, strides: tuple[int, ...], y: Argument, where: Value | None = None
) -> None:
    """Adds a step that is marked. `x` is where the first window begins, with `strides` in bytes."""
    tiles, weight, bias = step.settings["winograd"], step.weights["weight"], step.weights.get("bias")
    pack: Transformed = weight.packs[tiles.pack]
    lanes, count = binder.target.lanes, tiles.group[0] * tiles.group[1]
    target, filters = step.writes["y"], step.writes["y"].shape[3]
    _, y_row, y_column, _ = (n * 4 for n in target.strides)
    pooled = step.kind == "gather_pool"
    v_tile, m_tile = pack.rows * 4, pack.blocks * pack.width * 4
    vectors = pack.width // lanes
    into = micro(
        "winograd_input_tile",
        lanes=lanes,
        vectors=pack.rows // lanes,
        x_row=strides[1],
        x_column=strides[2],
        step=count * v_tile,
    )
    product = micro(
        "conv_tile",
        lanes=lanes,
        vectors=vectors,
        taps=(),
        run=pack.rows,
        row=pack.width * 4,
        x_at=tuple(n * v_tile for n in range(count)),
        y_at=tuple(n * m_tile for n in range(count)),
        valid=lanes,
        bias=False,
        relu=False,
        add=False,
    )
    places = tuple(r * strides[1] + c * strides[2] for r in range(2) for c in range(2))
    common = {"lanes": lanes, "vectors": filters // lanes, "step": count * m_tile, "bias": bias is not None}
    out: Micro
    if pooled:
        out = micro("winograd_pool_tile", **common, x_at=places, keep=where is not None)
    else:
        relu = step.settings.get("activation") is not None
        out = micro(
            "winograd_output_tile", **common, y_row=y_row, y_column=y_column, relu=relu, add=step.settings["add"]
        )
    to, w = (1, 4) if pooled else (2, 0)
    chosen, where_strides = number(0), (0, 0, 0, 0)
    if where is not None:
        chosen, where_strides = binder.inside(where)[0], where.strides
    binder.emit(
        kernels.winograd,
        {
            "x": x,
            "u": number(binder.pack(weight, tiles.pack)),
            "b": number(binder.weight(bias) if bias is not None else 0),
            "y": y,
            "where": chosen,
            "v": binder.inside(step.writes["scratch"])[0],
        },
        into=into,
        product=product,
        out=out,
        grid=tiles.grid,
        group=tiles.group,
        blocks=pack.blocks,
        x_tile=(2 * strides[1], 2 * strides[2]),
        y_tile=(to * y_row, to * y_column),
        where_tile=(w * where_strides[1], w * where_strides[2]),
        v_tile=v_tile,
        m_tile=m_tile,
        m_start=16 * count * v_tile,
        u_block=pack.rows * pack.width * 4,
        width=pack.width * 4,
    )


def transform(binder: Binder) -> None:
    """Keeps the transformed weights up to date; what they are made of must be."""
    for parameter in binder.plan.packed:
        for name, pack in parameter.packs.items():
            if isinstance(pack, Transformed):
                binder.emit(
                    kernels.transform_weights,
                    {
                        "w": number(_source(binder, parameter, pack)),
                        "u": number(binder.pack(parameter, name)),
                        "task": PART,
                        "tasks": number(binder.plan.tasks),
                    },
                    blocks=pack.blocks,
                    rows=pack.rows,
                    width=pack.width,
                )


def _source(binder: Binder, parameter: Parameter, pack: Transformed) -> int:
    return binder.pack(parameter, pack.source) if pack.source else binder.weight(parameter)
