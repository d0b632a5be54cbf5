"""3x3 convolutions after Winograd; see plan/winograd.py."""

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
    product,
    out,
    grid,
    group,
    blocks,
    x_tile,
    y_tile,
    where_tile,
    v_tile,
    m_tile,
    m_start,
    u_block,
    width,
):
    """One image. Steps in bytes: `x_tile`, `y_tile`, `where_tile` from one row, column of tiles to the next; `v_tile`,
    `m_tile` from a tile to the next in the transformed input and in the products, which begin `m_start` after it;
    `u_block`, `width` from one block of filters to the next in the weights and in the products."""
    tiles = group[0] * group[1]
    for gi in range(grid[0]):
        for gj in range(grid[1]):
            for i in range(group[0]):
                for j in range(group[1]):
                    at = (gi * group[0] + i) * x_tile[0] + (gj * group[1] + j) * x_tile[1]
                    into(x + at, v + (i * group[1] + j) * v_tile, 0)
            for f in range(16):
                for k in range(blocks):
                    to = v + m_start + f * tiles * m_tile + k * width
                    product(v + f * tiles * v_tile, u + (f * blocks + k) * u_block, 0, to)
            for i in range(group[0]):
                for j in range(group[1]):
                    row = gi * group[0] + i
                    column = gj * group[1] + j
                    out(
                        v + m_start + (i * group[1] + j) * m_tile,
                        b,
                        y + row * y_tile[0] + column * y_tile[1],
                        where + row * where_tile[0] + column * where_tile[1],
                        row * x_tile[0] + column * x_tile[1],
                    )


def transform_weights(w: Address, u: Address, task: Int, tasks: Int, *, blocks, rows, width):
    """U = G·g·Gᵀ for each pair of channels: from w[block][tap][channel][filter] to u[frequency][block][channel][filter]."""
    taps = floats_at(w, blocks * 9 * rows * width)
    result = floats_at(u, 16 * blocks * rows * width)
    size = rows * width
    half = float32(0.5)
    for unit in range(task * blocks * rows // tasks, (task + 1) * blocks * rows // tasks):
        block = unit // rows
        at = block * 9 * size + unit % rows * width
        to = unit * width
        step = blocks * size
        for n in range(width):
            for i in range(4):
                if i == 0:
                    r0 = taps[at + n]
                    r1 = taps[at + size + n]
                    r2 = taps[at + 2 * size + n]
                elif i == 3:
                    r0 = taps[at + 6 * size + n]
                    r1 = taps[at + 7 * size + n]
                    r2 = taps[at + 8 * size + n]
                else:
                    sign = half if i == 1 else -half
                    r0 = half * (taps[at + n] + taps[at + 6 * size + n]) + sign * taps[at + 3 * size + n]
                    r1 = half * (taps[at + size + n] + taps[at + 7 * size + n]) + sign * taps[at + 4 * size + n]
                    r2 = half * (taps[at + 2 * size + n] + taps[at + 8 * size + n]) + sign * taps[at + 5 * size + n]
                ends = half * (r0 + r2)
                result[to + 4 * i * step + n] = r0
                result[to + (4 * i + 1) * step + n] = ends + half * r1
                result[to + (4 * i + 2) * step + n] = ends - half * r1
                result[to + (4 * i + 3) * step + n] = r2
