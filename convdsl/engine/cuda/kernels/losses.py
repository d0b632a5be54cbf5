"""Losses at one position, with their gradients over the batch's mean.

`control` and `figures`: see engine/slots.py; table, offset, record: see the CPU's kernels.
"""

# ruff: noqa: F821
# mypy: ignore-errors
from __future__ import annotations


def cross_entropy(
    control: I64,
    z: F32,
    g: F32,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    sizes,
    positions,
    weight,
    smoothing,
    learns,
    add,
    offset,
    record,
):
    """−Σ t_c·log softmax(z)_c at one position, and its gradient over the batch's mean; t is 1 at the label, or
    1 − smoothing there and smoothing/C everywhere. `hits` keeps the largest value's class."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        most, best = highest(z, n, p, i, j, sizes[3])
        hits[t] = int32(best)
        if control[LABELS] != 0:
            index = chosen(n, control)
            label = get_i64(control[LABELS], index * (record // 8) + offset // 8 + t % positions)
            total, mean = exponentials(z, n, p, i, j, most, sizes[3], smoothing)
            loss = log(total) - float32(1.0 - smoothing) * (z[n, p, i, j, label] - most)
            if smoothing != 0.0:
                loss -= float32(smoothing) * mean
            losses[t] = loss * float32(weight / positions)
            if learns:
                factor = float32(weight) / (float32(count) * float32(positions))
                for c in range(sizes[3]):
                    d = exp(z[n, p, i, j, c] - most) / total - float32(smoothing / sizes[3])
                    d = (d - float32(1.0 - smoothing) if c == label else d) * factor
                    put(g[n, p, i, j, c], d, add)


def mse(
    control: I64,
    z: F32,
    g: F32,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    sizes,
    positions,
    weight,
    learns,
    add,
    offset,
    record,
):
    """(z − t)² summed over one position, and its gradient over the batch's mean."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        if control[LABELS] != 0:
            index = chosen(n, control)
            total = float32(0)
            factor = float32(2.0 * weight) / (float32(count) * float32(positions * sizes[3]))
            for c in range(sizes[3]):
                target = get_f32(control[LABELS], index * (record // 4) + offset // 4 + t % positions * sizes[3] + c)
                away = z[n, p, i, j, c] - target
                total += away * away
                if learns:
                    d = away * factor
                    put(g[n, p, i, j, c], d, add)
            losses[t] = total * float32(weight / (positions * sizes[3]))


def weighted_cross_entropy(
    control: I64,
    figures: F64,
    table: F32,
    z: F32,
    g: F32,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    sizes,
    positions,
    weight,
    smoothing,
    learns,
    add,
    offset,
    record,
):
    """As `cross_entropy`, where each position counts by the weight of its class, one with a label below 0 not at all,
    and the mean is over the weights of the batch."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        most, best = highest(z, n, p, i, j, sizes[3])
        hits[t] = int32(best)
        if control[LABELS] != 0:
            index = chosen(n, control)
            label = get_i64(control[LABELS], index * (record // 8) + offset // 8 + t % positions)
            total, mean = exponentials(z, n, p, i, j, most, sizes[3], smoothing)
            sums = figures[WEIGHT]
            factor = float32(0)
            if sums > 0.0:
                factor = float32(weight / sums)
            counts = float32(0)
            loss = float32(0)
            if label >= 0:
                counts = table[label] * factor
                score = z[n, p, i, j, label] - most
                loss = log(total) - float32(1.0 - smoothing) * score
                if smoothing != 0.0:
                    loss -= float32(smoothing) * mean
            losses[t] = loss * counts * float32(count)
            if learns:
                for c in range(sizes[3]):
                    d = exp(z[n, p, i, j, c] - most) / total - float32(smoothing / sizes[3])
                    d = (d - float32(1.0 - smoothing) if c == label else d) * counts
                    put(g[n, p, i, j, c], d, add)


def binary_cross_entropy(
    control: I64,
    figures: F64,
    table: F32,
    z: F32,
    g: F32,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    sizes,
    positions,
    weight,
    smoothing,
    weighted,
    learns,
    add,
    offset,
    record,
):
    """max(z, 0) − z·t + log(1 + e^−|z|) summed over one position, and its gradient σ(z) − t; weights as in the CPU's
    kernel. `hits` keeps how many answers at the position are right."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        if control[LABELS] != 0:
            index = chosen(n, control)
            factor = float32(weight) / (float32(count) * float32(positions * sizes[3]))
            if weighted:
                sums = figures[WEIGHT]
                factor = float32(0)
                if sums > 0.0:
                    factor = float32(weight / sums)
            total = float32(0)
            right = 0
            for c in range(sizes[3]):
                v = z[n, p, i, j, c]
                target = get_f32(control[LABELS], index * (record // 4) + offset // 4 + t % positions * sizes[3] + c)
                counts = factor
                if weighted:
                    counts = float32(0)
                    if target >= float32(0):
                        counts = (table[2 * c] + target * (table[2 * c + 1] - table[2 * c])) * factor
                if target >= float32(0):
                    said = 1 if v > float32(0) else 0
                    true = 1 if target > float32(0.5) else 0
                    if said == true:
                        right += 1
                target = target * float32(1.0 - smoothing) + float32(0.5 * smoothing)
                small = exp(-abs(v))
                whole = float32(1) + small
                total += counts * (max(v, float32(0)) - v * target + log(whole))
                if learns:
                    share = (float32(1) if v >= float32(0) else small) / whole
                    d = (share - target) * counts
                    put(g[n, p, i, j, c], d, add)
            hits[t] = int32(right)
            losses[t] = total * float32(count)


def mae(
    control: I64,
    z: F32,
    g: F32,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    sizes,
    positions,
    weight,
    learns,
    add,
    offset,
    record,
):
    """|z − t| summed over one position, and its gradient, the sign."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        if control[LABELS] != 0:
            index = chosen(n, control)
            total = float32(0)
            factor = float32(weight) / (float32(count) * float32(positions * sizes[3]))
            for c in range(sizes[3]):
                target = get_f32(control[LABELS], index * (record // 4) + offset // 4 + t % positions * sizes[3] + c)
                away = z[n, p, i, j, c] - target
                total += abs(away)
                if learns:
                    d = factor if away > float32(0) else (-factor if away < float32(0) else away)
                    put(g[n, p, i, j, c], d, add)
            losses[t] = total * float32(weight / (positions * sizes[3]))
