"""Batch normalisation. `sizes`, `shape` are D, H, W, C; sums over many values are made as trees, always alike."""

# ruff: noqa: B007, F821
# mypy: ignore-errors
from __future__ import annotations


def bn_sum(x: F32, parts: F32, count: Int, *, sizes, positions, lanes, splits):
    """A block takes `lanes` channels and a share of all positions: count, mean and sum of squared deviations of each
    channel (Chan, Golub and LeVeque, 1979) go to parts[share, figure, channel]."""
    counts = cuda.shared.array(256, float32)
    means = cuda.shared.array(256, float32)
    squares = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    row = t // lanes
    c = cuda.blockIdx.x * lanes + t % lanes
    rows = count * positions
    share = (rows + (splits - 1)) // splits
    first = cuda.blockIdx.y * share + row
    number = float32(0)
    total = float32(0)
    square = float32(0)
    shift = float32(0)
    if c < sizes[3] and first < min((cuda.blockIdx.y + 1) * share, rows):
        n, p, i, j = place(first, sizes[:3])
        shift = x[n, p, i, j, c]
        for r in range(first, min((cuda.blockIdx.y + 1) * share, rows), 256 // lanes):
            n, p, i, j = place(r, sizes[:3])
            away = x[n, p, i, j, c] - shift
            number += float32(1)
            total += away
            square += away * away
    middle = total / max(number, float32(1))
    counts[t] = number
    means[t] = shift + middle
    squares[t] = square - total * middle
    cuda.syncthreads()
    half = 128
    while half >= lanes:
        if t < half:
            more = counts[t + half]
            both = number + more
            away = means[t + half] - means[t]
            part = more / max(both, float32(1))
            squares[t] = squares[t] + squares[t + half] + away * away * number * part
            means[t] = means[t] + away * part
            counts[t] = both
            number = both
        cuda.syncthreads()
        half = half // 2
    if t < lanes and c < sizes[3]:
        parts[cuda.blockIdx.y, 0, c] = counts[t]
        parts[cuda.blockIdx.y, 1, c] = means[t]
        parts[cuda.blockIdx.y, 2, c] = squares[t]


def bn_combine(
    parts: F32, w: F32, b: F32, mean: F32, var: F32, coefficients: F32, *, channels, splits, eps, keep, take
):
    """All shares together, a warp for each channel: y = x·coefficients[0] + coefficients[1];
    x̂ = (x − coefficients[2])·coefficients[3]. The running statistics keep one part of what they were and take the other
    from the batch; the variance kept there is the unbiased one."""
    for lane, c in warps(channels):
        count = float64(0)
        total = float64(0)
        for s in range(lane, splits, 32):
            n = float64(parts[s, 0, c])
            count += n
            total += n * parts[s, 1, c]
        for half in unrolled(5):
            count += shuffle_xor64(count, 16 >> half)
            total += shuffle_xor64(total, 16 >> half)
        middle = total / count
        squares = float64(0)
        for s in range(lane, splits, 32):
            away = parts[s, 1, c] - middle
            squares += parts[s, 2, c] + away * away * parts[s, 0, c]
        for half in unrolled(5):
            squares += shuffle_xor64(squares, 16 >> half)
        if lane == 0:
            deviation = float64(1) / sqrt64(squares / count + eps)
            coefficients[0, c] = float32(w[c] * deviation)
            coefficients[1, c] = float32(b[c] - middle * w[c] * deviation)
            coefficients[2, c] = float32(middle)
            coefficients[3, c] = float32(deviation)
            mean[c] = float32(keep * mean[c] + take * middle)
            var[c] = float32(keep * var[c] + take * squares / max(count - 1.0, 1.0))


def bn_frozen(w: F32, b: F32, mean: F32, var: F32, coefficients: F32, *, channels, eps):
    """At inference, and where it is frozen: from the running statistics, on which no gradient depends."""
    for c in threads(channels):
        deviation = float64(1) / sqrt64(float64(var[c]) + eps)
        coefficients[0, c] = float32(w[c] * deviation)
        coefficients[1, c] = float32(b[c] - mean[c] * w[c] * deviation)
        coefficients[4, c] = float32(0)
        coefficients[5, c] = float32(0)


def bn_apply(x: F32, coefficients: F32, y: F32, count: Int, *, shape, size, relu):
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c] * coefficients[0, c] + coefficients[1, c]
        v = (float32(0) if v < float32(0) else v) if relu else v
        y[n, p, i, j, c] = v


def bn_sum_gradient(
    x: F32, g: F32, coefficients: F32, parts: F32, count: Int, *, sizes, positions, lanes, splits, relu
):
    """The sums of g and of g·(x − mean) of each channel, of what passes the ReLU, if there is one behind."""
    sums = cuda.shared.array(256, float32)
    products = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    c = cuda.blockIdx.x * lanes + t % lanes
    rows = count * positions
    share = (rows + (splits - 1)) // splits
    total = float32(0)
    product = float32(0)
    if c < sizes[3]:
        factor = coefficients[0, c]
        shift = coefficients[1, c]
        mean = coefficients[2, c]
        for r in range(cuda.blockIdx.y * share + t // lanes, min((cuda.blockIdx.y + 1) * share, rows), 256 // lanes):
            n, p, i, j = place(r, sizes[:3])
            v = x[n, p, i, j, c]
            d = g[n, p, i, j, c]
            d = (d if v * factor + shift > float32(0) else float32(0)) if relu else d
            total += d
            product += d * (v - mean)
    sums[t] = total
    products[t] = product
    add_up(t, lanes, sums, products)
    if t < lanes and c < sizes[3]:
        parts[cuda.blockIdx.y, 0, c] = sums[t]
        parts[cuda.blockIdx.y, 1, c] = products[t]


def bn_combine_gradient(
    parts: F32, w: F32, coefficients: F32, dw: F32, db: F32, count: Int, *, channels, positions, splits, train
):
    """The gradients of scale and shift, a warp for each channel; then coefficients for gx = g·c₀ + x·c₄ + c₅."""
    for lane, c in warps(channels):
        total = float64(0)
        products = float64(0)
        for s in range(lane, splits, 32):
            total += parts[s, 0, c]
            products += parts[s, 1, c]
        for half in unrolled(5):
            total += shuffle_xor64(total, 16 >> half)
            products += shuffle_xor64(products, 16 >> half)
        if lane == 0:
            number = float64(count * positions)
            products *= coefficients[3, c]
            if train:
                dw[c] = float32(products)
                db[c] = float32(total)
            a = float64(w[c]) * coefficients[3, c]
            slope = -a * coefficients[3, c] * products / number
            coefficients[4, c] = float32(slope)
            coefficients[5, c] = float32(-a * total / number - slope * coefficients[2, c])


def bn_input(x: F32, g: F32, coefficients: F32, gx: F32, count: Int, *, shape, size, relu, add):
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c]
        d = g[n, p, i, j, c]
        if relu:
            passes = v * coefficients[0, c] + coefficients[1, c] > float32(0)
            d = d if passes else float32(0)
        d = d * coefficients[0, c] + (v * coefficients[4, c] + coefficients[5, c])
        put(gx[n, p, i, j, c], d, add)
