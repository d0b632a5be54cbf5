"""Convolutions and dense layers as loops around register tiles: positions times filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import prod
from typing import Any

from convdsl.engine.cpu.bind import (
    COUNT,
    PART,
    Argument,
    Binder,
    binding,
    images_apart,
    number,
    of_strip,
    pitches,
    shifted,
    strides_in_bytes,
)
from convdsl.engine.cpu.bindings.winograd import winograd
from convdsl.engine.cpu.kernels import weighted
from convdsl.engine.cpu.specialise import Micro, micro
from convdsl.engine.cpu.tiles import even_parts, grid_tile, lane_tile_sizes, split_blocks
from convdsl.engine.plan import Step
from convdsl.engine.plan.few import FEW
from convdsl.engine.plan.layouts import Filters, Pack, Rows


@dataclass(frozen=True)
class Axis:
    """One axis of a product: how many there are, and the bytes from one to the next in input, output and weights."""

    count: int = 1
    x: int = 0
    y: int = 0
    w: int = 0


@dataclass(frozen=True)
class Blocks:
    """Filters in blocks of `vectors` vectors of `lanes`; `rows` are the weights of one filter."""

    filters: int
    lanes: int
    vectors: int
    rows: int

    @classmethod
    def of(cls, arrangement: Filters | Pack) -> Blocks:
        """Of a pack the channels are what takes the filters' place."""
        if isinstance(arrangement, Filters):
            return cls(arrangement.filters, arrangement.lanes, arrangement.vectors, arrangement.rows)
        rows = len(arrangement.order) * arrangement.filters
        return cls(arrangement.channels, arrangement.lanes, arrangement.vectors, rows)

    @property
    def width(self) -> int:
        """Bytes of a row of a block."""
        return self.lanes * self.vectors * 4

    @property
    def size(self) -> int:
        """Bytes of a block."""
        return self.rows * self.width


@dataclass(frozen=True)
class Product:
    """y[position, f] = Σ x[position + tap + c]·w[tap, c, f] (+ bias[f]), for each group of filters.

    `positions` are the axes depth, row and column; `taps` axes of (count, bytes) of places where a run of `run` inputs
    starts. `add` adds to what y holds; with `mask`, y stays 0 where the number so many bytes behind it is not positive.
    With `images`, so many of them are interleaved; with `norm`, `bias` says where factors are, and shifts so many bytes behind.
    """

    x: Argument
    y: Argument
    w: Argument
    bias: Argument | None
    blocks: Blocks
    taps: tuple[tuple[int, int], ...]
    run: int
    positions: tuple[Axis, Axis, Axis]
    groups: Axis = Axis()
    add: bool = False
    relu: bool = False
    mask: int | None = None
    images: int = 0
    norm: int | None = None
    apart: tuple[int, int] | None = None
    """In shares: bytes from one image to the next, of x and of y."""

    def emit(self, binder: Binder) -> None:
        if 0 in (axis.count for axis in self.positions):
            return
        if self.images:
            self._interleaved(binder)
        else:
            self._blocked(binder)

    def _blocked(self, binder: Binder) -> None:
        """The full blocks of filters, and the last one."""
        blocks, width = self.blocks, self.blocks.width
        _, rows, columns = self.positions
        for first, count, vectors, valid in split_blocks(blocks.filters, blocks.lanes, blocks.vectors):
            common = {"lanes": blocks.lanes, "vectors": vectors, "taps": self.taps, "run": self.run, "row": width}
            rest = {"valid": valid, **self._behind, "mask": self.mask}
            if self.norm is not None:
                rest["norm"] = self.norm
            self._loops(
                binder,
                partial(self._tile, "conv_tile", common, rest),
                grid_tile(rows.count, columns.count, vectors, binder.target),
                w=shifted(self.w, first * blocks.size),
                bias=shifted(self.bias, first * width) if self.bias is not None else self.w,
                y=shifted(self.y, first * width),
                groups=self.groups,
                blocks=Axis(count, y=width, w=blocks.size),
                bias_steps=(blocks.filters * 4, width),
            )

    def _interleaved(self, binder: Binder) -> None:
        """A vector holds one value of each image."""
        filters, lanes = self.blocks.filters, self.images
        _, rows, columns = self.positions
        together, r, c = lane_tile_sizes(filters, rows.count, columns.count, binder.target)
        common = {"lanes": lanes, "filters": together, "taps": self.taps, "run": self.run, "row": self.blocks.width}
        self._loops(
            binder,
            partial(self._tile, "lane_tile", common, self._behind),
            (r, c),
            w=self.w,
            bias=self.bias if self.bias is not None else self.w,
            y=self.y,
            groups=Axis(x=self.groups.x),
            blocks=Axis(filters // together, y=together * lanes * 4, w=together * 4),
            bias_steps=(0, together * 4),
        )

    @property
    def _behind(self) -> dict[str, bool]:
        """What a tile does with the sums."""
        return {"bias": self.bias is not None and self.norm is None, "relu": self.relu, "add": self.add}

    def _tile(self, make: str, common: dict[str, Any], rest: dict[str, Any], rows: int, columns: int) -> Micro:
        """The micro-kernel for so many rows and columns of positions."""
        _, row, column = self.positions
        places = [(i, j) for i in range(rows) for j in range(columns)]
        x_at = tuple(i * row.x + j * column.x for i, j in places)
        y_at = tuple(i * row.y + j * column.y for i, j in places)
        return micro(make, **common, x_at=x_at, y_at=y_at, **rest)

    def _loops(
        self,
        binder: Binder,
        tile: Callable[[int, int], Micro],
        cut: tuple[int, int],
        *,
        w: Argument,
        bias: Argument,
        y: Argument,
        groups: Axis,
        blocks: Axis,
        bias_steps: tuple[int, int],
    ) -> None:
        depth, rows, columns = self.positions
        edge = columns.count % cut[1]
        axes = (groups, depth, rows, columns)
        shared = self.apart is not None
        binder.emit(
            weighted.gather_share if shared else weighted.gather,
            {"x": self.x, "w": w, "b": bias, "y": y, **(binder.share if shared else {})},
            tile=tile(*cut),
            edge=tile(cut[0], edge) if edge else None,
            groups=groups.count,
            blocks=blocks.count,
            depth=depth.count,
            rows=rows.count,
            columns=columns.count,
            row_step=cut[0],
            column_step=cut[1],
            x_steps=tuple(axis.x for axis in axes),
            y_steps=(groups.y, blocks.y, depth.y, rows.y, columns.y),
            w_steps=(groups.w, blocks.w, *bias_steps),
            **images_apart(self.apart),
        )


def _relu(step: Step) -> bool:
    return step.settings.get("activation") is not None


@binding("gather")
def _gather(binder: Binder, step: Step) -> None:
    """A window slides over x."""
    x, y = step.reads["x"], step.writes["y"]
    window = step.settings["window"]
    (f, base), xs, ys = binder.filters(step.weights["weight"]), strides_in_bytes(x), strides_in_bytes(y)
    source, _ = binder.reaching(x, window.before)
    target, _ = binder.inside(y)
    if "winograd" in step.settings:
        winograd(binder, step, source, xs, target)
        return
    taps = tuple((window.k[a], window.d[a] * xs[a]) for a in range(3))
    run = f.channels
    if window.d[2] == 1 and f.groups == 1:
        taps, run = taps[:2], run * window.k[2]
    blocks = Blocks.of(f)
    depth, rows, columns = (Axis(window.output[a], window.s[a] * xs[a], ys[a]) for a in range(3))
    bias, norm = binder.behind(step)
    Product(
        source,
        target,
        number(base),
        bias,
        blocks,
        taps,
        run,
        (depth, rows, columns),
        Axis(f.groups, f.channels * 4, f.filters * 4, f.blocks * blocks.size),
        add=step.settings["add"],
        relu=_relu(step),
        images=x.interleaved,
        norm=norm,
        apart=pitches(x, y) if step.scope == "share" else None,
    ).emit(binder)


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
    blocks = Blocks.of(pack)
    groups = Axis(pack.groups, pack.filters * 4, pack.channels * 4, pack.blocks * blocks.size)
    bias, norm = binder.behind(step)
    taps_before = 0
    for phases in product(*(window.phases(a) for a in range(3))):
        taps = tuple((len(f.taps), f.step * xs[a]) for a, f in enumerate(phases))
        count, run = prod(n for n, _ in taps), pack.filters
        if count and pack.groups == 1 and (phases[2].step == 1 or len(phases[2].taps) == 1):
            taps, run = taps[:2], run * len(phases[2].taps)
        if count or not step.settings["add"]:
            start = x.origin + sum(f.first * s for f, s in zip(phases, x.strides, strict=False))
            place = y.origin + sum(f.residue * s for f, s in zip(phases, y.strides, strict=False))
            depth, rows, columns = (Axis(phases[a].count, xs[a], window.s[a] * ys[a]) for a in range(3))
            Product(
                binder.at(x, start),
                binder.at(y, place),
                number(binder.pack(weight, "swapped", taps_before * pack.filters * pack.width)),
                bias,
                blocks,
                taps,
                run,
                (depth, rows, columns),
                groups,
                add=step.settings["add"],
                relu=_relu(step),
                images=x.interleaved,
                norm=norm,
            ).emit(binder)
        taps_before += count


@binding("dense")
def _dense(binder: Binder, step: Step) -> None:
    """Images take the place of columns."""
    x, y, weight = step.reads["x"], step.writes["y"], step.weights["weight"]
    f = weight.layout
    if isinstance(f, Rows):
        _dense_rows(binder, step, f)
        return
    if step.scope == "share":
        _dense_share(binder, step, f)
        return
    Product(
        binder.inside(x)[0],
        binder.inside(y)[0],
        of_strip(step, number(binder.weight(weight)), x, f.width),
        binder.behind(step)[0],
        Blocks.of(f),
        (),
        x.size,
        (Axis(), Axis(), Axis(binder.together, x.root.pitch * 4, y.root.pitch * 4)),
        relu=_relu(step),
    ).emit(binder)


def _dense_share(binder: Binder, step: Step, f: Filters) -> None:
    """All images, block of units by block; where these are fewer than would keep the threads busy, vector by vector of them."""
    x, y, weight, bias = step.reads["x"], step.writes["y"], step.weights["weight"], step.weights.get("bias")
    blocks, few = Blocks.of(f), binder.program is binder.plan.few
    x_image, y_image = pitches(x, y)
    for first, count, vectors, valid in split_blocks(f.filters, f.lanes, f.vectors):
        cut = few and count < 2 * binder.target.threads and valid == f.lanes
        wide, pieces = (1, vectors) if cut else (vectors, 1)
        most = FEW if few else binder.plan.batch
        images = even_parts(min(most, binder.plan.batch), binder.target.positions(wide))

        def tile(together: int, wide: int = wide, valid: int = valid) -> Micro:
            return micro(
                "conv_tile",
                lanes=f.lanes,
                vectors=wide,
                taps=(),
                run=x.size,
                row=blocks.width,
                x_at=tuple(n * x_image for n in range(together)),
                y_at=tuple(n * y_image for n in range(together)),
                valid=valid,
                bias=bias is not None,
                relu=_relu(step),
                add=False,
            )

        at = number(binder.weight(weight, first * blocks.size // 4))
        singly = few and images > 1
        binder.emit(
            weighted.dense_share,
            {
                "x": binder.inside(x)[0],
                "w": at,
                "b": at if bias is None else number(binder.weight(bias, first * f.width)),
                "y": shifted(binder.inside(y)[0], first * blocks.width),
                **binder.share,
            },
            tile=tile(images),
            one=tile(1) if singly else None,
            singly=singly,
            blocks=count,
            pieces=pieces,
            images=images,
            x_image=x_image,
            y_image=y_image,
            w_block=blocks.size,
            width=wide * f.lanes * 4,
        )


PIECE = 32
"""Inputs whose sums a share of the way back keeps in the first-level cache."""


def _dense_input_share(binder: Binder, step: Step, f: Filters) -> None:
    """All images, piece of inputs by piece."""
    g, x, weight, row = step.reads["g"], step.writes["x"], step.weights["weight"], f.width * 4
    g_image, x_image = g.root.pitch * 4, x.root.pitch * 4
    images = even_parts(binder.plan.batch, max(1, (binder.target.registers - f.vectors - 2) // f.vectors - 1))
    whole, rest = divmod(x.size, PIECE)
    for first, pieces, inputs in ((0, whole, PIECE), (whole * PIECE, 1, rest)):
        if not pieces or not inputs:
            continue
        tile = micro(
            "dense_input_tile",
            lanes=f.lanes,
            blocks=tuple(
                (count, vectors, valid) for _, count, vectors, valid in split_blocks(f.filters, f.lanes, f.vectors)
            ),
            w_block=f.rows * row,
            row=row,
            inputs=inputs,
            images=images,
            g_image=g_image,
            x_image=x_image,
            add=step.settings["add"],
        )
        binder.emit(
            weighted.dense_input_share,
            {
                "g": binder.inside(g)[0],
                "w": number(binder.weight(weight, first * f.width)),
                "x": shifted(binder.inside(x)[0], first * 4),
                "task": PART,
                "tasks": number(binder.plan.tasks),
                "count": COUNT,
            },
            tile=tile,
            pieces=pieces,
            images=images,
            g_image=g_image,
            x_image=x_image,
            inputs=inputs,
            row=row,
        )


def _dense_rows(binder: Binder, step: Step, f: Rows) -> None:
    x, y, lanes = step.reads["x"], step.writes["y"], binder.target.lanes
    x_step, y_step = x.root.pitch * 4, y.root.pitch * 4
    sizes = {"lanes": lanes, "vectors": f.width // lanes, "units": f.units, "blocks": x.size // f.width}
    binder.emit(
        weighted.dense_rows,
        {
            "x": binder.inside(x)[0],
            "w": of_strip(step, number(binder.weight(step.weights["weight"])), x, f.units),
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
    if step.scope == "share":
        _dense_input_share(binder, step, weight.layout)
        return
    if isinstance(weight.layout, Rows):
        lanes, units = binder.target.lanes, weight.layout.units
        pack = Pack(1, units, x.size, (0,), lanes, weight.layout.width // lanes)
        at = binder.weight(weight)
    else:
        pack, at = weight.packs["swapped"], binder.pack(weight, "swapped")
    Product(
        binder.inside(g)[0],
        binder.inside(x)[0],
        of_strip(step, number(at), x, pack.filters),
        None,
        replace(Blocks.of(pack), filters=x.size),
        (),
        pack.filters,
        (Axis(), Axis(), Axis(binder.together, g.root.pitch * 4, x.root.pitch * 4)),
        add=step.settings["add"],
        mask=None if mask is None else binder.at(mask)[0] - binder.at(x)[0],
    ).emit(binder)
