"""Convolutions with fewer multiplications; see plan/winograd.py. Steps are in bytes."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


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
    u_frequency,
    width,
):
    """One image, band by band: all tiles of a band are transformed, multiplied frequency by frequency, so that the weights of
    each are read once, and transformed back. `uneven` says of rows and columns whether the last tiles reach beyond the output.
    `x_tile`, `y_tile`, `where_tile`: from one row, column of tiles to the next; `v_tile`, `m_tile` from a tile to the next in
    the transformed input and in the products, `v_step`, `m_step` from a frequency to the next; `u_block`, `width` from one
    block of filters to the next in the weights and in the products, `u_frequency` from a frequency to the next."""
    tiles = band * grid[1]
    m = v + frequencies * v_step
    for first in range(0, grid[0], band):
        band_of_tiles(x, u, b, y, where, v, m, first, tiles)


def winograd_share(
    x: Address,
    u: Address,
    b: Address,
    y: Address,
    v: Address,
    task: Int,
    tasks: Int,
    count: Int,
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
    groups,
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
    u_frequency,
    width,
    x_image,
    y_image,
):
    """A share of the bands and of `groups` groups of so many `blocks` of filters, for all `count` images."""
    tiles = band * grid[1]
    m = v + frequencies * v_step
    bands = grid[0] // band
    for n in range(count):
        for unit in range(task * bands * groups // tasks, (task + 1) * bands * groups // tasks):
            group = unit // bands
            part = group * blocks * width
            xn = x + n * x_image
            yn = y + n * y_image + part
            un = u + group * blocks * u_block
            begin = unit % bands * band
            band_of_tiles(xn, un, b + part, yn, 0, v, m, begin, tiles)


def winograd_gradient(
    x: Address,
    g: Address,
    dw: Address,
    s: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    into,
    into_right,
    into_below,
    into_corner,
    from_g,
    from_g_right,
    from_g_below,
    from_g_corner,
    first,
    more,
    out,
    grid,
    uneven,
    chunk,
    frequencies,
    shares,
    channels,
    filters,
    inputs,
    taps,
    lanes,
    group,
    width,
    x_tile,
    g_tile,
    x_image,
    g_image,
    v_step,
    g_step,
    d_step,
):
    """The gradient of filters over all `count` images, for shares of so many `channels` and `filters`: tiles of the input and
    of the output's gradient are transformed, `chunk` of them at a time, and their products added up frequency by frequency
    for `group` channels and `width` filters at once; the sums are transformed back at the end. Steps are in bytes."""
    tiles = grid[0] * grid[1]
    total = count * tiles
    sg = s + frequencies * v_step
    sd = sg + frequencies * g_step
    for unit in range(task * shares[0] * shares[1] // tasks, (task + 1) * shares[0] * shares[1] // tasks):
        c0 = unit % shares[0] * channels
        f0 = unit // shares[0] * filters
        for t0 in range(0, total, chunk):
            n = min(chunk, total - t0)
            for t in range(n):
                image = (t0 + t) // tiles
                i = (t0 + t) // grid[1] % grid[0]
                j = (t0 + t) % grid[1]
                xa = x + image * x_image + i * x_tile[0] + j * x_tile[1] + c0 * 4
                by_place(into, into_right, into_below, into_corner, i, j, grid, uneven, xa, 0, s + t * lanes * 4, 0, 0)
                ga = g + image * g_image + i * g_tile[0] + j * g_tile[1] + f0 * 4
                to = sg + t * width * 4
                by_place(from_g, from_g_right, from_g_below, from_g_corner, i, j, grid, uneven, ga, 0, to, 0, 0)
            for f in range(frequencies):
                for p in range(filters // width):
                    for c in range(0, channels, group):
                        va = s + f * v_step + (c // lanes * chunk * lanes + c % lanes) * 4
                        ga = sg + f * g_step + p * chunk * width * 4
                        da = sd + f * d_step + (c * filters + p * width) * 4
                        if t0 == 0:
                            first(va, ga, da, n)
                        else:
                            more(va, ga, da, n)
        for p in range(filters // width):
            for c in range(channels):
                to = dw + ((f0 // width + p) * taps * inputs + c0 + c) * width * 4
                out(sd + (c * filters + p * width) * 4, 0, to, 0, 0)


def transform_weights(w: Address, u: Address, task: Int, tasks: Int, *, tile, blocks, rows, width, taps):
    """U = G·g·Gᵀ for each pair of channels: from w[block][tap][channel][filter] to u[frequency][block][channel][filter]."""
    for unit in range(task * blocks * rows // tasks, (task + 1) * blocks * rows // tasks):
        tile(w + (unit // rows * taps * rows + unit % rows) * width * 4, 0, u + unit * width * 4, 0, 0)
