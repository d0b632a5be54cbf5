"""Convolutions with fewer multiplications; see plan/winograd.py. Steps are in bytes."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.runtime import *


def winograd(
    x: Address,
    u: Address,
    b: Address,
    y: Address,
    where: Address,
    v: Address,
    *,
    into,
    into_right,
    into_below,
    into_corner,
    product,
    out,
    out_right,
    out_below,
    out_corner,
    grid,
    uneven,
    band,
    together,
    frequencies,
    blocks,
    x_tile,
    y_tile,
    where_tile,
    v_tile,
    m_tile,
    v_step,
    m_step,
    u_block,
    width,
):
    """One image, band by band: all tiles of a band are transformed, multiplied frequency by frequency, so that the weights of
    each are read once, and transformed back. `uneven` says of rows and columns whether the last tiles reach beyond the output.
    `x_tile`, `y_tile`, `where_tile`: from one row, column of tiles to the next; `v_tile`, `m_tile` from a tile to the next in
    the transformed input and in the products, `v_step`, `m_step` from a frequency to the next; `u_block`, `width` from one
    block of filters to the next in the weights and in the products."""
    tiles = band * grid[1]
    m = v + frequencies * v_step
    for first in range(0, grid[0], band):
        for t in range(tiles):
            row = first + t // grid[1]
            column = t % grid[1]
            xa = x + row * x_tile[0] + column * x_tile[1]
            by_place(into, into_right, into_below, into_corner, row, column, grid, uneven, xa, 0, v + t * v_tile, 0, 0)
        for f in range(frequencies):
            for k in range(blocks):
                for t in range(0, tiles, together):
                    to = m + f * m_step + t * m_tile + k * width
                    product(v + f * v_step + t * v_tile, u + (f * blocks + k) * u_block, 0, to)
        for t in range(tiles):
            row = first + t // grid[1]
            column = t % grid[1]
            ma = m + t * m_tile
            ya = y + row * y_tile[0] + column * y_tile[1]
            wa = where + row * where_tile[0] + column * where_tile[1]
            base = row * x_tile[0] + column * x_tile[1]
            by_place(out, out_right, out_below, out_corner, row, column, grid, uneven, ma, b, ya, wa, base)


def transform_weights(w: Address, u: Address, task: Int, tasks: Int, *, tile, blocks, rows, width, taps):
    """U = G·g·Gᵀ for each pair of channels: from w[block][tap][channel][filter] to u[frequency][block][channel][filter]."""
    for unit in range(task * blocks * rows // tasks, (task + 1) * blocks * rows // tasks):
        tile(w + (unit // rows * taps * rows + unit % rows) * width * 4, 0, u + unit * width * 4, 0, 0)
