"""Convolution, ReLU and 2x2 maximum in one, and the sparse way back."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def gather_pool(
    x: Address,
    w: Address,
    b: Address,
    y: Address,
    where: Address,
    *,
    tile,
    edge,
    blocks,
    rows,
    columns,
    step,
    x_steps,
    y_steps,
    where_steps,
    w_step,
    b_step,
):
    """One image. Steps in bytes: of x from one pooled row, column to the next; of y and `where` from one block of
    filters, row, column."""
    for f in range(blocks):
        wf = w + f * w_step
        bf = b + f * b_step
        for i in range(rows):
            xi = i * x_steps[0]
            yi = y + f * y_steps[0] + i * y_steps[1]
            oi = where + f * where_steps[0] + i * where_steps[1]
            for j in range(0, columns - step + 1, step):
                at = xi + j * x_steps[1]
                tile(x + at, wf, bf, yi + j * y_steps[2], oi + j * where_steps[2], at)
            if columns % step != 0:
                j = columns - columns % step
                at = xi + j * x_steps[1]
                edge(x + at, wf, bf, yi + j * y_steps[2], oi + j * where_steps[2], at)


def gather_pool_share(
    x: Address,
    w: Address,
    b: Address,
    y: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    tile,
    edge,
    blocks,
    rows,
    columns,
    step,
    x_steps,
    y_steps,
    w_step,
    b_step,
    x_image,
    y_image,
):
    """The same for all `count` images, for one share of the rows of all blocks; which of four was chosen is not kept."""
    for n in range(count):
        for unit in range(task * blocks * rows // tasks, (task + 1) * blocks * rows // tasks):
            f = unit // rows
            i = unit % rows
            wf = w + f * w_step
            bf = b + f * b_step
            xi = x + n * x_image + i * x_steps[0]
            yi = y + n * y_image + f * y_steps[0] + i * y_steps[1]
            for j in range(0, columns - step + 1, step):
                tile(xi + j * x_steps[1], wf, bf, yi + j * y_steps[2], 0, 0)
            if columns % step != 0:
                at = columns - columns % step
                edge(xi + at * x_steps[1], wf, bf, yi + at * y_steps[2], 0, 0)


def sparse_lists(y: F32, g: F32, where: I32, offsets: I32, values: F32, lengths: I32, db: F32, *, bias):
    """For each filter, the windows whose gradient passes the ReLU, and the gradients; without a branch."""
    _, rows, columns, filters = y.shape
    for f in range(filters):
        n = 0
        total = float32(0)
        for i in range(rows):
            for j in range(columns):
                passes = y[0, i, j, f] > float32(0)
                d = g[0, i, j, f]
                offsets[0, 0, f, n] = where[0, i, j, f]
                values[0, 0, f, n] = d
                n += passes
                total += d if passes else float32(0)
        lengths[0, 0, 0, f] = int32(n)
        if bias:
            db[f] += total


def walk_lists(
    x: Address,
    offsets: Address,
    values: Address,
    lengths: I32,
    w: Address,
    *,
    tile0,
    tile1,
    tile2,
    tile3,
    tiles,
    filters,
    blocks,
    row,
    x_block,
    w_tiles,
    w_steps,
):
    """Every filter's list, once for each block of channels; the tiles share the taps of the window out, and their weights
    begin at the bytes `w_tiles`. For the gradient of the weights (w) or of the input (x), as the tiles say. `row`: bytes
    of a list; `x_block`: from a block of channels to the next; `w_steps`: from a filter, a block to the next."""
    for c in range(blocks):
        for f in range(filters):
            n = np.int64(lengths[0, 0, 0, f])
            if n > 0:
                at = w + f * w_steps[0] + c * w_steps[1]
                xc = x + c * x_block
                tile0(xc, offsets + f * row, values + f * row, n, at + w_tiles[0])
                if tiles > 1:
                    tile1(xc, offsets + f * row, values + f * row, n, at + w_tiles[1])
                if tiles > 2:
                    tile2(xc, offsets + f * row, values + f * row, n, at + w_tiles[2])
                if tiles > 3:
                    tile3(xc, offsets + f * row, values + f * row, n, at + w_tiles[3])


def clear(y: F32):
    """Zeros everywhere, in the frame too."""
    depth, rows, columns, channels = y.shape
    zeroed(y, depth, rows, columns, channels)


def clear_unless_full(y: F32, images: Int, *, lanes):
    """Zeros everywhere, if some lanes have no image."""
    depth, rows, columns, numbers = y.shape
    if images < lanes:
        zeroed(y, depth, rows, columns, numbers)


def few_weight(x: Address, where: Address, g: Address, dw: Address, *, tile, filters, together, windows, dw_step):
    for f in range(0, filters, together):
        tile(x, where + f * 4, g + f * 4, windows, dw + f * dw_step)


def passed(y: F32, g: F32, passed: F32, db: F32, *, bias):
    """The gradients that pass the ReLU, zero elsewhere; their sums are the gradient of the bias."""
    _, rows, columns, filters = y.shape
    for i in range(rows):
        for j in range(columns):
            for f in range(filters):
                d = g[0, i, j, f] if y[0, i, j, f] > float32(0) else float32(0)
                passed[0, i, j, f] = d
                if bias:
                    db[f] += d
