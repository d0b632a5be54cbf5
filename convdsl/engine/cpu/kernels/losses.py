"""Losses: of one image, with their gradients over the batch's mean.

`control` and `figures`: see engine/slots.py.
offset, record: where the targets lie, see engine/plan/exits.py.
table: the weight of each class; of yes-or-no answers the weights of no and yes, for each output.
"""

# ruff: noqa: F403, F405, SIM113
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def cross_entropy(
    control: I64, z: F32, g: F32, losses: F64, hits: I64, image: Int, *, weight, smoothing, learns, add, offset, record
):
    """−Σ t_c·log softmax(z)_c, its mean over the positions of one image, and its gradient over the batch's mean.
    t is 1 at the label, or 1 − smoothing there and smoothing/C everywhere. `hits` keeps the largest value's class."""
    depth, rows, columns, classes = z.shape
    index = chosen(image, control)
    positions = depth * rows * columns
    known = control[LABELS] != 0
    total = 0.0
    factor = float32(weight) / (float32(control[COUNT]) * float32(positions))
    n = 0
    for p, i, j in every(depth, rows, columns):
        most, best = highest(z, p, i, j, classes)
        hits[image, n] = best
        if known:
            label = longs_at(control[LABELS] + index * record + offset + n * 8, 1)[0]
            sums, mean = exponentials(z, p, i, j, most, classes, smoothing)
            total += log(sums) - float32(1.0 - smoothing) * (z[p, i, j, label] - most)
            if smoothing != 0.0:
                total -= float32(smoothing) * mean
            if learns:
                for c in range(classes):
                    d = exp(z[p, i, j, c] - most) / sums - float32(smoothing / classes)
                    if c == label:
                        d -= float32(1.0 - smoothing)
                    put(g[p, i, j, c], d * factor, add)
        n += 1
    losses[image] = weight * total / positions


def mse(control: I64, z: F32, g: F32, losses: F64, hits: I64, image: Int, *, weight, learns, add, offset, record):
    """Mean of (z − t)² over the values of one image, and its gradient over the batch's mean."""
    depth, rows, columns, channels = z.shape
    index = chosen(image, control)
    size = depth * rows * columns * channels
    total = 0.0
    if control[LABELS] != 0:
        targets = floats_at(control[LABELS] + index * record + offset, size)
        factor = float32(2.0 * weight) / (float32(control[COUNT]) * float32(size))
        n = 0
        for p, i, j, c in every(depth, rows, columns, channels):
            away = z[p, i, j, c] - targets[n]
            total += away * away
            if learns:
                put(g[p, i, j, c], away * factor, add)
            n += 1
    losses[image] = weight * total / size


def weighted_cross_entropy(
    control: I64,
    figures: F64,
    table: F32,
    z: F32,
    g: F32,
    losses: F64,
    hits: I64,
    image: Int,
    *,
    weight,
    smoothing,
    learns,
    add,
    offset,
    record,
):
    """As `cross_entropy`, where each position counts by the weight of its class, one with a label below 0 not at all,
    and the mean is over the weights of the batch."""
    depth, rows, columns, classes = z.shape
    index = chosen(image, control)
    known = control[LABELS] != 0
    total = 0.0
    scale = 0.0
    if figures[WEIGHT] > 0.0:
        scale = weight / figures[WEIGHT]
    factor = float32(scale)
    n = 0
    for p, i, j in every(depth, rows, columns):
        most, best = highest(z, p, i, j, classes)
        hits[image, n] = best
        if known:
            label = longs_at(control[LABELS] + index * record + offset + n * 8, 1)[0]
            counts = float32(0)
            sums, mean = exponentials(z, p, i, j, most, classes, smoothing)
            if label >= 0:
                counts = table[label]
                total += counts * (log(sums) - float32(1.0 - smoothing) * (z[p, i, j, label] - most))
                if smoothing != 0.0:
                    total -= counts * float32(smoothing) * mean
            if learns:
                for c in range(classes):
                    d = exp(z[p, i, j, c] - most) / sums - float32(smoothing / classes)
                    if c == label:
                        d -= float32(1.0 - smoothing)
                    put(g[p, i, j, c], d * counts * factor, add)
        n += 1
    losses[image] = scale * total * control[COUNT]


def binary_cross_entropy(
    control: I64,
    figures: F64,
    table: F32,
    z: F32,
    g: F32,
    losses: F64,
    hits: I64,
    image: Int,
    *,
    weight,
    smoothing,
    weighted,
    learns,
    add,
    offset,
    record,
):
    """−t·log σ(z) − (1 − t)·log(1 − σ(z)) = max(z, 0) − z·t + log(1 + e^−|z|), its mean over the values of one image, and
    its gradient σ(z) − t over the batch's mean. `smoothing` moves targets towards ½. With `weighted` each answer counts
    by the weights of no and yes in `table`, one with a target below 0 not at all, and the mean is over these weights.
    `hits` keeps how many answers at a position are right."""
    depth, rows, columns, channels = z.shape
    index = chosen(image, control)
    size = depth * rows * columns * channels
    total = 0.0
    if control[LABELS] != 0:
        targets = floats_at(control[LABELS] + index * record + offset, size)
        scale = weight / (1.0 * control[COUNT] * size)
        if weighted:
            scale = 0.0
            if figures[WEIGHT] > 0.0:
                scale = weight / figures[WEIGHT]
        factor = float32(scale)
        n = 0
        position = 0
        for p, i, j in every(depth, rows, columns):
            right = 0
            for c in range(channels):
                v = z[p, i, j, c]
                t = targets[n]
                counts = float32(1)
                if weighted:
                    counts = float32(0)
                    if t >= float32(0):
                        counts = table[2 * c] + t * (table[2 * c + 1] - table[2 * c])
                if t >= float32(0) and (v > float32(0)) == (t > float32(0.5)):
                    right += 1
                t = t * float32(1.0 - smoothing) + float32(0.5 * smoothing)
                small = exp(-abs(v))
                whole = float32(1) + small
                total += counts * (max(v, float32(0)) - v * t + log(whole))
                if learns:
                    share = (float32(1) if v >= float32(0) else small) / whole
                    d = (share - t) * counts * factor
                    put(g[p, i, j, c], d, add)
                n += 1
            hits[image, position] = right
            position += 1
        losses[image] = scale * total * control[COUNT]
    else:
        losses[image] = 0.0


def mae(control: I64, z: F32, g: F32, losses: F64, hits: I64, image: Int, *, weight, learns, add, offset, record):
    """Mean of |z − t| over the values of one image, and its gradient, the sign, over the batch's mean."""
    depth, rows, columns, channels = z.shape
    index = chosen(image, control)
    size = depth * rows * columns * channels
    total = 0.0
    if control[LABELS] != 0:
        targets = floats_at(control[LABELS] + index * record + offset, size)
        factor = float32(weight) / (float32(control[COUNT]) * float32(size))
        n = 0
        for p, i, j, c in every(depth, rows, columns, channels):
            away = z[p, i, j, c] - targets[n]
            total += abs(away)
            if learns:
                d = factor if away > float32(0) else (-factor if away < float32(0) else float32(0))
                if away != away:
                    d = away
                put(g[p, i, j, c], d, add)
            n += 1
    losses[image] = weight * total / size
