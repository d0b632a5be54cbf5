"""Normalisations within an image, and softmax. `sizes`, `shape` are D, H, W, C; sums over many values are made as trees,
always alike."""

# ruff: noqa: B007, F821
# mypy: ignore-errors
from __future__ import annotations


def group_norm(x: F32, w: F32, b: F32, y: F32, *, sizes, members, number, eps):
    """Each group of `members` channels of one image over all its positions, `number` values: a block for each."""
    sums = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    n = cuda.blockIdx.x
    first = cuda.blockIdx.y * members
    mean, deviation = of_group(x, n, first, (sizes[1], sizes[2], members), number, eps, t, sums)
    for e in range(t, number, 256):
        p, i, j, c = place(e, (sizes[1], sizes[2], members))
        v = (x[n, p, i, j, first + c] - mean) * deviation
        y[n, p, i, j, first + c] = v * w[first + c] + b[first + c]


def group_norm_gradient(g: F32, x: F32, w: F32, gx: F32, statistics: F32, *, sizes, members, number, eps, add, learns):
    """With x̂ = (x − mean)·deviation: gx = deviation·(g·w − mean(g·w) − x̂·mean(g·w·x̂)). Mean and deviation are kept in
    statistics[image, group, 0 or 1]."""
    sums = cuda.shared.array(256, float32)
    products = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    n = cuda.blockIdx.x
    first = cuda.blockIdx.y * members
    mean, deviation = of_group(x, n, first, (sizes[1], sizes[2], members), number, eps, t, sums)
    if t == 0:
        statistics[n, cuda.blockIdx.y, 0] = mean
        statistics[n, cuda.blockIdx.y, 1] = deviation
    if learns:
        cuda.syncthreads()
        total = float32(0)
        product = float32(0)
        for e in range(t, number, 256):
            p, i, j, c = place(e, (sizes[1], sizes[2], members))
            d = g[n, p, i, j, first + c] * w[first + c]
            total += d
            product += d * ((x[n, p, i, j, first + c] - mean) * deviation)
        sums[t] = total
        products[t] = product
        add_up(t, 1, sums, products)
        middle = sums[0] / float32(number)
        tilt = products[0] / float32(number)
        for e in range(t, number, 256):
            p, i, j, c = place(e, (sizes[1], sizes[2], members))
            away = (x[n, p, i, j, first + c] - mean) * deviation
            d = deviation * (g[n, p, i, j, first + c] * w[first + c] - middle - away * tilt)
            put(gx[n, p, i, j, first + c], d, add)


def position_norm(x: F32, w: F32, b: F32, y: F32, count: Int, *, sizes, positions, eps):
    """The channels of each position: a warp for each."""
    for lane, r in warps(count * positions):
        n, p, i, j = place(r, sizes[:3])
        mean, deviation = of_position(x, n, p, i, j, sizes[3], eps, lane)
        for c in range(lane, sizes[3], 32):
            y[n, p, i, j, c] = (x[n, p, i, j, c] - mean) * deviation * w[c] + b[c]


def position_norm_gradient(
    g: F32, x: F32, w: F32, gx: F32, statistics: F32, count: Int, *, sizes, positions, eps, add, learns
):
    """As for groups; mean and deviation are kept in statistics[position of the batch, 0 or 1]."""
    for lane, r in warps(count * positions):
        n, p, i, j = place(r, sizes[:3])
        mean, deviation = of_position(x, n, p, i, j, sizes[3], eps, lane)
        if lane == 0:
            statistics[r, 0] = mean
            statistics[r, 1] = deviation
        if learns:
            total = float32(0)
            product = float32(0)
            for c in range(lane, sizes[3], 32):
                d = g[n, p, i, j, c] * w[c]
                total += d
                product += d * ((x[n, p, i, j, c] - mean) * deviation)
            for half in unrolled(5):
                total += shuffle_xor(total, 16 >> half)
                product += shuffle_xor(product, 16 >> half)
            middle = total / float32(sizes[3])
            tilt = product / float32(sizes[3])
            for c in range(lane, sizes[3], 32):
                away = (x[n, p, i, j, c] - mean) * deviation
                d = deviation * (g[n, p, i, j, c] * w[c] - middle - away * tilt)
                put(gx[n, p, i, j, c], d, add)


def response_norm(x: F32, y: F32, count: Int, *, shape, size, n_near, alpha, beta, k):
    """y_c = x_c·(k + alpha/n · Σ x²)^−beta, the sum over n channels around c."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        squares = float32(0)
        for q in range(max(0, c - n_near // 2), min(shape[3], c + ((n_near - 1) // 2 + 1))):
            v = x[n, p, i, j, q]
            squares += v * v
        y[n, p, i, j, c] = x[n, p, i, j, c] * power(float32(k) + float32(alpha / n_near) * squares, float32(-beta))


def response_norm_gradient(g: F32, x: F32, gx: F32, count: Int, *, shape, size, n_near, alpha, beta, k, add):
    """gx_c = g_c·s_c^−beta − 2·alpha·beta/n · x_c · Σ g_q·x_q·s_q^(−beta−1), over the q whose sum holds c."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for q in range(max(0, c - (n_near - 1) // 2), min(shape[3], c + (n_near // 2 + 1))):
            squares = float32(0)
            for o in range(max(0, q - n_near // 2), min(shape[3], q + ((n_near - 1) // 2 + 1))):
                v = x[n, p, i, j, o]
                squares += v * v
            s = float32(k) + float32(alpha / n_near) * squares
            part = g[n, p, i, j, q] * power(s, float32(-beta))
            total += part * x[n, p, i, j, q] / s * x[n, p, i, j, c] * float32(-2.0 * alpha * beta / n_near)
            total += part if q == c else float32(0)
        put(gx[n, p, i, j, c], total, add)


def softmax(x: F32, y: F32, count: Int, *, sizes, positions):
    """Over the channels of each position."""
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        most = x[n, p, i, j, 0]
        for c in range(1, sizes[3]):
            most = max(most, x[n, p, i, j, c])
        total = float32(0)
        for c in range(sizes[3]):
            v = exp(x[n, p, i, j, c] - most)
            y[n, p, i, j, c] = v
            total += v
        for c in range(sizes[3]):
            y[n, p, i, j, c] /= total


def softmax_gradient(g: F32, y: F32, gx: F32, count: Int, *, sizes, positions, add):
    for t, (n, p, i, j) in places(count * positions, sizes[:3]):
        product = float32(0)
        for c in range(sizes[3]):
            product += g[n, p, i, j, c] * y[n, p, i, j, c]
        for c in range(sizes[3]):
            d = y[n, p, i, j, c] * (g[n, p, i, j, c] - product)
            put(gx[n, p, i, j, c], d, add)
