"""Products of matrices as launches: tiles, ways to load, and what is done with the sums."""

from __future__ import annotations

from convdsl.engine import activations
from convdsl.engine.cuda.bind import FLAT, Binder, Given
from convdsl.engine.cuda.kernels import product
from convdsl.engine.cuda.tiles import Axis, Tile, fetch, tile_for
from convdsl.engine.plan import Parameter

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
    tile = tile or tile_of(rows, inner, columns[0], images)
    a_along, b_along = inner.contiguous(0), inner.contiguous(1)
    a_wide = a % 16 == 0 and groups[1] % 4 == 0
    a_fits_k, a_fits_i = rows.aligned(0) and a_along, rows.contiguous(0) and inner.aligned(0)
    a_fetch = (True, True) if a_wide and a_fits_k else (True, False) if a_wide and a_fits_i else (False, inner.images)
    b_wide = b % 16 == 0 and groups[2] % 4 == 0
    b_fits_k, b_fits_j = columns[1] % 4 == 0 and b_along, columns == (columns[0], 1) and inner.aligned(1)
    b_fetch = (
        (True, True) if b_wide and b_fits_k else (True, False) if b_wide and b_fits_j else (False, columns[1] != 1)
    )
    wide_out = (
        c % 16 == 0
        and columns[0] % 4 == 0
        and rows.aligned(1)
        and groups[3] % 4 == 0
        and splits[1] % 4 == 0
        and not pools
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
        rows=(
            rows.total,
            rows.sizes,
            *(rows.strides(n) for n in range(4 if pools else 2)),
            *(() if pools else ((), ())),
        ),
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


def tile_of(rows: Axis, inner: Axis, columns: int, images: int) -> Tile:
    return tile_for(rows.total * (images if rows.images else 1), columns, inner.total * (images if inner.images else 1))


def collect(
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
