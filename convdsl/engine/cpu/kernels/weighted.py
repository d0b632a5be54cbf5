"""Loops around the register tiles: convolutions, dense layers, their gradients; depthwise and local ones in full.

Addresses are in bytes. What stands before the `*` comes at run time, the rest is constant (see specialise.py).
"""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def gather(
    x: Address,
    w: Address,
    b: Address,
    y: Address,
    *,
    tile,
    edge,
    groups,
    blocks,
    depth,
    rows,
    columns,
    row_step,
    column_step,
    x_steps,
    y_steps,
    w_steps,
):
    """Positions of one image by `row_step` x `column_step` tiles. `x_steps` and `y_steps`: bytes from one group, (block,)
    depth, row and column to the next; `w_steps`: from one group and one block of filters to the next, then for biases."""
    for g in range(groups):
        for f in range(blocks):
            wf = w + g * w_steps[0] + f * w_steps[1]
            bf = b + g * w_steps[2] + f * w_steps[3]
            for d in range(depth):
                for i in range(0, rows, row_step):
                    xi = x + g * x_steps[0] + d * x_steps[1] + i * x_steps[2]
                    yi = y + g * y_steps[0] + f * y_steps[1] + d * y_steps[2] + i * y_steps[3]
                    row_of_tiles(xi, wf, bf, yi)


def gather_share(
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
    groups,
    blocks,
    depth,
    rows,
    columns,
    row_step,
    column_step,
    x_steps,
    y_steps,
    w_steps,
    x_image,
    y_image,
):
    """The same for all `count` images, for one share of the rows of tiles of all blocks of filters."""
    pieces = rows // row_step
    units = groups * blocks * depth * pieces
    for n in range(count):
        for unit in range(task * units // tasks, (task + 1) * units // tasks):
            i = unit % pieces * row_step
            d = unit // pieces % depth
            f = unit // (pieces * depth) % blocks
            g = unit // (pieces * depth * blocks)
            wf = w + g * w_steps[0] + f * w_steps[1]
            bf = b + g * w_steps[2] + f * w_steps[3]
            xi = x + n * x_image + g * x_steps[0] + d * x_steps[1] + i * x_steps[2]
            yi = y + n * y_image + g * y_steps[0] + f * y_steps[1] + d * y_steps[2] + i * y_steps[3]
            row_of_tiles(xi, wf, bf, yi)


def dense_share(
    x: Address,
    w: Address,
    b: Address,
    y: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    tile,
    one,
    singly,
    blocks,
    pieces,
    images,
    x_image,
    y_image,
    w_block,
    width,
):
    """A dense layer for all `count` images, `images` at a time, for one share of its blocks of units, or of `pieces` of each
    of `width` bytes; steps in bytes. The last images, unless these are done `singly`, may be none, in room that nobody else
    has."""
    for unit in range(task * blocks * pieces // tasks, (task + 1) * blocks * pieces // tasks):
        wu = w + unit // pieces * w_block + unit % pieces * width
        bu = b + unit * width
        yu = y + unit * width
        for n in range(0, count - count % images if singly else count, images):
            tile(x + n * x_image, wu, bu, yu + n * y_image)
        if singly:
            for n in range(count - count % images, count):
                one(x + n * x_image, wu, bu, yu + n * y_image)


def dense_input_share(
    g: Address,
    w: Address,
    x: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    tile,
    pieces,
    images,
    g_image,
    x_image,
    inputs,
    row,
):
    """The gradient of its inputs, for one share of `pieces` pieces of `inputs` of them."""
    for piece in range(task * pieces // tasks, (task + 1) * pieces // tasks):
        for n in range(0, count, images):
            tile(g + n * g_image, w + piece * inputs * row, x + n * x_image + piece * inputs * 4, 0)


def dense_rows(x: Address, w: Address, y: Address, *, tile, images, x_step, y_step):
    """A dense layer of few units for a block of images, two at a time; steps in bytes."""
    for n in range(0, images, 2):
        tile(x + n * x_step, w, y + n * y_step)


def correlate(
    x: Address, g: Address, dw: Address, count: Int, *, tile, runs, pieces, groups, blocks, x_steps, g_steps, dw_steps
):
    """Adds to the gradient of filters what one image, or one block of `count`, gives. The weights of a filter are cut
    into tiles: `runs` are the axes (count, bytes) of places where a run of inputs starts, `pieces` tiles make a run.
    `x_steps`: bytes from one group, piece to the next; `g_steps`: group, block; `dw_steps`: group, block, run, piece."""
    for h in range(groups):
        for f in range(blocks):
            gf = g + h * g_steps[0] + f * g_steps[1]
            at = dw + h * dw_steps[0] + f * dw_steps[1]
            for a in range(runs[0][0]):
                for b in range(runs[1][0]):
                    for c in range(runs[2][0]):
                        xr = x + h * x_steps[0] + a * runs[0][1] + b * runs[1][1] + c * runs[2][1]
                        for p in range(pieces):
                            tile(xr + p * x_steps[1], gf, at + p * dw_steps[3], count)
                        at += dw_steps[2]


def correlate_share(
    x: Address,
    g: Address,
    dw: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    tile,
    runs,
    pieces,
    groups,
    blocks,
    x_steps,
    g_steps,
    dw_steps,
):
    """The gradient from all `count` images at once, for one share of the tiles."""
    rows = runs[0][0] * runs[1][0] * runs[2][0]
    units = groups * blocks * rows * pieces
    for unit in range(task * units // tasks, (task + 1) * units // tasks):
        p = unit % pieces
        r = unit // pieces % rows
        f = unit // (pieces * rows) % blocks
        h = unit // (pieces * rows * blocks)
        c = r % runs[2][0]
        b = r // runs[2][0] % runs[1][0]
        a = r // (runs[2][0] * runs[1][0])
        tile(
            x + h * x_steps[0] + a * runs[0][1] + b * runs[1][1] + c * runs[2][1] + p * x_steps[1],
            g + h * g_steps[0] + f * g_steps[1],
            dw + h * dw_steps[0] + f * dw_steps[1] + r * dw_steps[2] + p * dw_steps[3],
            count,
        )


def swap(
    w: Address,
    swapped: Address,
    task: Int,
    tasks: Int,
    *,
    square,
    right,
    below,
    corner,
    lanes,
    groups,
    filters,
    channels,
    taps,
    width,
    to_width,
    place,
):
    """Keeps the arrangement for `spread` up to date: from w[group][block][tap][channel][width] to [group][block of
    channels][place[tap]][filter][to_width], in squares of `lanes` channels and filters."""
    blocks = (filters + width - 1) // width
    to_blocks = (channels + to_width - 1) // to_width
    across = (channels + lanes - 1) // lanes
    units = groups * taps * across
    places = place
    for unit in range(task * units // tasks, (task + 1) * units // tasks):
        g = unit // (taps * across)
        t = unit // across % taps
        c = unit % across * lanes
        at = w + ((g * blocks * taps + t) * channels + c) * width * 4
        to = swapped + (((g * to_blocks + c // to_width) * taps + places[t]) * filters * to_width + c % to_width) * 4
        for f in range(0, filters - lanes + 1, lanes):
            source = at + (f // width * taps * channels * width + f % width) * 4
            if channels % lanes == 0 or c + lanes <= channels:
                square(source, to + f * to_width * 4, 0)
            else:
                below(source, to + f * to_width * 4, 0)
        if filters % lanes != 0:
            f = filters - filters % lanes
            source = at + (f // width * taps * channels * width + f % width) * 4
            if channels % lanes == 0 or c + lanes <= channels:
                right(source, to + f * to_width * 4, 0)
            else:
                corner(source, to + f * to_width * 4, 0)


def copy_by_table(w: Address, copy: Address, table: Address, count: Int, task: Int, tasks: Int):
    """copy[i] = w[table[i]], or 0 where the table says -1."""
    first = task * count // tasks
    last = (task + 1) * count // tasks
    weights = floats_at(w, count)
    copies = floats_at(copy, count)
    places = integers_at(table, count)
    for i in range(first, last):
        place = places[i]
        copies[i] = weights[max(place, 0)] if place >= 0 else float32(0)


def depthwise_rows(
    x: Address, w: Address, b: Address, y: Address, *, tile, edge, rows, columns, step, x_steps, y_steps
):
    """Depthwise filters, `step` outputs of a row at a time; `x_steps`, `y_steps`: bytes from one row, column to the next."""
    for i in range(rows):
        xi = x + i * x_steps[0]
        yi = y + i * y_steps[0]
        for j in range(0, columns - step + 1, step):
            tile(xi + j * x_steps[1], w, b, yi + j * y_steps[1])
        if columns % step != 0:
            edge(xi + (columns - columns % step) * x_steps[1], w, b, yi + (columns - columns % step) * y_steps[1])


def depthwise_rows_share(
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
    rows,
    columns,
    step,
    x_steps,
    y_steps,
    x_image,
    y_image,
):
    """The same for all `count` images, for one share of the rows."""
    for n in range(count):
        for i in range(task * rows // tasks, (task + 1) * rows // tasks):
            xi = x + n * x_image + i * x_steps[0]
            yi = y + n * y_image + i * y_steps[0]
            for j in range(0, columns - step + 1, step):
                tile(xi + j * x_steps[1], w, b, yi + j * y_steps[1])
            if columns % step != 0:
                edge(xi + (columns - columns % step) * x_steps[1], w, b, yi + (columns - columns % step) * y_steps[1])


def depthwise_weight_rows(
    x: Address, g: Address, dw: Address, *, tile, edge, rows, columns, step, vectors, width, x_steps, g_steps
):
    """The gradient of their weights, row by row, `vectors` vectors of channels of `width` bytes one after another."""
    for i in range(rows):
        for k in range(0, vectors * width, width):
            xi = x + i * x_steps[0] + k
            gi = g + i * g_steps[0] + k
            if columns >= step:
                tile(xi, gi, dw + k, 0)
            if columns % step != 0:
                j = columns - columns % step
                edge(xi + j * x_steps[1], gi + j * g_steps[1], dw + k, 0)


def depthwise(x: F32, w: F32, b: F32, y: F32, *, k, s, d, before, m, bias, scaled, relu):
    """`b` are biases, or where the sums are `scaled` factors and shifts."""
    depth, rows, columns, channels = y.shape
    for p, i, j in every(depth, rows, columns):
        for c in range(channels):
            y[p, i, j, c] = b[0, c] if bias else float32(0)
        for e, a, q in every(k[0], k[1], k[2]):
            tap = ((e * k[1] + a) * k[2] + q) * channels
            xd = p * s[0] + e * d[0]
            xi = i * s[1] + a * d[1]
            xj = j * s[2] + q * d[2]
            for c in range(channels):
                y[p, i, j, c] += x[xd, xi, xj, c // m] * w[tap + c]
    if scaled:
        for p, i, j in every(depth, rows, columns):
            for c in range(channels):
                value = y[p, i, j, c] * b[0, c] + b[1, c]
                y[p, i, j, c] = max(value, float32(0)) if relu else value


def depthwise_input(g: F32, w: F32, gx: F32, *, k, s, d, before, m, add):
    depth, rows, columns, inputs = gx.shape
    if not add:
        zeroed(gx, depth, rows, columns, inputs)
    od, oi, oj, channels = g.shape
    for e, a, q in every(k[0], k[1], k[2]):
        tap = ((e * k[1] + a) * k[2] + q) * channels
        for p in range(od):
            xd = p * s[0] + e * d[0] - before[0]
            if 0 <= xd < depth:
                for i in range(oi):
                    xi = i * s[1] + a * d[1] - before[1]
                    if 0 <= xi < rows:
                        for j in range(oj):
                            xj = j * s[2] + q * d[2] - before[2]
                            if 0 <= xj < columns:
                                for c in range(channels):
                                    gx[xd, xi, xj, c // m] += g[p, i, j, c] * w[tap + c]


def depthwise_weight(x: F32, g: F32, dw: F32, *, k, s, d, before, m):
    depth, rows, columns, channels = g.shape
    for e, a, q in every(k[0], k[1], k[2]):
        tap = ((e * k[1] + a) * k[2] + q) * channels
        for p, i, j in every(depth, rows, columns):
            xd = p * s[0] + e * d[0]
            xi = i * s[1] + a * d[1]
            xj = j * s[2] + q * d[2]
            for c in range(channels):
                dw[tap + c] += x[xd, xi, xj, c // m] * g[p, i, j, c]


def local(x: F32, w: F32, b: F32, y: F32, *, k, s, d, before, bias):
    depth, rows, columns, filters = y.shape
    channels = x.shape[3]
    at = 0
    position = 0
    for p, i, j in every(depth, rows, columns):
        for f in range(filters):
            y[p, i, j, f] = b[position + f] if bias else float32(0)
        position += filters
        for e, a, q in every(k[0], k[1], k[2]):
            for c in range(channels):
                value = x[p * s[0] + e * d[0], i * s[1] + a * d[1], j * s[2] + q * d[2], c]
                for f in range(filters):
                    y[p, i, j, f] += value * w[at + f]
                at += filters


def local_input(g: F32, w: F32, gx: F32, *, k, s, d, before, add):
    depth, rows, columns, channels = gx.shape
    if not add:
        zeroed(gx, depth, rows, columns, channels)
    od, oi, oj, filters = g.shape
    at = 0
    for p, i, j in every(od, oi, oj):
        for e, a, q in every(k[0], k[1], k[2]):
            xd = p * s[0] + e * d[0] - before[0]
            xi = i * s[1] + a * d[1] - before[1]
            xj = j * s[2] + q * d[2] - before[2]
            if 0 <= xd < depth and 0 <= xi < rows and 0 <= xj < columns:
                for c in range(channels):
                    total = float32(0)
                    for f in range(filters):
                        total += g[p, i, j, f] * w[at + c * filters + f]
                    gx[xd, xi, xj, c] += total
            at += channels * filters


def local_weight(
    x: Address,
    g: Address,
    dw: Address,
    db: Address,
    task: Int,
    tasks: Int,
    count: Int,
    *,
    k,
    s,
    d,
    before,
    bias,
    sizes,
    filters,
    channels,
    x_steps,
    g_steps,
    x_pitch,
    g_pitch,
):
    """One share of the positions, over all images; the steps are those of the spatial axes, in floats."""
    units = sizes[0] * sizes[1] * sizes[2]
    inputs = k[0] * k[1] * k[2] * channels
    for unit in range(task * units // tasks, (task + 1) * units // tasks):
        p = unit // (sizes[1] * sizes[2])
        i = unit // sizes[2] % sizes[1]
        j = unit % sizes[2]
        weights = floats_at(dw + unit * inputs * filters * 4, inputs * filters)
        for n in range(inputs * filters):
            weights[n] = float32(0)
        if bias:
            biases = floats_at(db + unit * filters * 4, filters)
            for f in range(filters):
                biases[f] = float32(0)
        for n in range(count):
            gradient = floats_at(g + (n * g_pitch + p * g_steps[0] + i * g_steps[1] + j * g_steps[2]) * 4, filters)
            if bias:
                for f in range(filters):
                    biases[f] += gradient[f]
            at = 0
            for e, a, q in every(k[0], k[1], k[2]):
                values = floats_at(
                    x
                    + (
                        n * x_pitch
                        + (p * s[0] + e * d[0]) * x_steps[0]
                        + (i * s[1] + a * d[1]) * x_steps[1]
                        + (j * s[2] + q * d[2]) * x_steps[2]
                    )
                    * 4,
                    channels,
                )
                for c in range(channels):
                    value = values[c]
                    for f in range(filters):
                        weights[at + f] += value * gradient[f]
                    at += filters
