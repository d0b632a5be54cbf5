"""Normalisations and softmax."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def bn_begin(sums: F64):
    """A chunk's statistics: [count, mean or first sum, second sum][channel]."""
    for i in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            sums[i, c] = 0.0


def bn_sum(x: Address, sums: F64, scratch: F32, scratch_at: Address, *, tile, rest, has_rest, wide, step, positions):
    """Adds one image to a chunk's count, mean and sum of squared deviations (Chan, Golub and LeVeque, 1979). `tile` takes
    `step` bytes of channels, `wide` times, `rest` what is left."""
    for k in range(wide):
        tile(x + k * step, scratch_at + k * step, 0)
    if has_rest:
        rest(x + wide * step, scratch_at + wide * step, 0)
    n = float(positions)
    for c in range(scratch.shape[1]):
        shift = np.float64(scratch[1, c]) / n
        mean = scratch[0, c] + shift
        squares = scratch[2, c] - n * shift * shift
        count = sums[0, c]
        total = count + n
        away = mean - sums[1, c]
        sums[1, c] += away * n / total
        sums[2, c] += squares + away * away * count * n / total
        sums[0, c] = total


def bn_combine(sums: F64, w: F32, b: F32, mean: F32, var: F32, coefficients: F32, *, chunks, eps, keep, take):
    """All chunks together: y = x·coefficients[0] + coefficients[1]; x̂ = (x − coefficients[2])·coefficients[3].
    The running statistics keep one part of what they were and take the other from the batch; the variance kept there is
    the unbiased one."""
    for c in range(w.shape[0]):
        count = 0.0
        middle = 0.0
        squares = 0.0
        for chunk in range(chunks):
            n = sums[chunk, 0, c]
            if n > 0.0:
                total = count + n
                away = sums[chunk, 1, c] - middle
                middle += away * n / total
                squares += sums[chunk, 2, c] + away * away * count * n / total
                count = total
        deviation = 1.0 / np.sqrt(squares / count + eps)
        coefficients[0, c] = float32(w[c] * deviation)
        coefficients[1, c] = float32(b[c] - middle * w[c] * deviation)
        coefficients[2, c] = float32(middle)
        coefficients[3, c] = float32(deviation)
        mean[c] = float32(keep * mean[c] + take * middle)
        var[c] = float32(keep * var[c] + take * squares / max(count - 1.0, 1.0))


def bn_frozen(w: F32, b: F32, mean: F32, var: F32, before: F32, coefficients: F32, *, eps, biased):
    """At inference, and where it is frozen: from the running statistics, on which no gradient depends. `biased`: of what the
    bias `before` has not been added to yet."""
    for c in range(w.shape[0]):
        deviation = 1.0 / np.sqrt(var[c] + eps)
        middle = np.float64(mean[c])
        if biased:
            middle -= before[c]
        coefficients[0, c] = float32(w[c] * deviation)
        coefficients[1, c] = float32(b[c] - middle * w[c] * deviation)
        coefficients[4, c] = float32(0)
        coefficients[5, c] = float32(0)


def bn_apply(x: Address, coefficients: Address, y: Address, *, tile, rest, has_rest, wide, step):
    for k in range(wide):
        tile(x + k * step, coefficients + k * step, y + k * step)
    if has_rest:
        rest(x + wide * step, coefficients + wide * step, y + wide * step)


def bn_sum_gradient(
    x: Address,
    g: Address,
    coefficients: F32,
    coefficients_at: Address,
    sums: F64,
    scratch: F32,
    scratch_at: Address,
    *,
    tile,
    rest,
    has_rest,
    wide,
    step,
    positions,
):
    """Adds one image to a chunk's sums of g and g·x̂; with a ReLU behind, of what passes it."""
    for k in range(wide):
        tile(x + k * step, g + k * step, coefficients_at + k * step, scratch_at + k * step)
    if has_rest:
        rest(x + wide * step, g + wide * step, coefficients_at + wide * step, scratch_at + wide * step)
    for c in range(scratch.shape[1]):
        sums[0, c] += float(positions)
        sums[1, c] += scratch[1, c]
        sums[2, c] += scratch[2, c] * coefficients[3, c]


def bn_combine_gradient(sums: F64, w: F32, coefficients: F32, dw: F32, db: F32, *, chunks, train):
    """The gradients of scale and shift; then coefficients for gx = g·c₀ + x·c₄ + c₅."""
    for c in range(w.shape[0]):
        count = 0.0
        total = 0.0
        products = 0.0
        for chunk in range(chunks):
            count += sums[chunk, 0, c]
            total += sums[chunk, 1, c]
            products += sums[chunk, 2, c]
        if train:
            dw[c] += float32(products)
            db[c] += float32(total)
        a = np.float64(w[c]) * coefficients[3, c]
        slope = -a * coefficients[3, c] * products / count
        coefficients[4, c] = float32(slope)
        coefficients[5, c] = float32(-a * total / count - slope * coefficients[2, c])


def bn_input(x: Address, g: Address, coefficients: Address, gx: Address, *, tile, rest, has_rest, wide, step):
    for k in range(wide):
        tile(x + k * step, g + k * step, coefficients + k * step, gx + k * step)
    if has_rest:
        rest(x + wide * step, g + wide * step, coefficients + wide * step, gx + wide * step)


def group_norm(x: F32, w: F32, b: F32, y: F32, *, groups, eps):
    """Each group of channels of one image over all its positions."""
    depth, rows, columns, channels = x.shape
    members = channels // groups
    n = depth * rows * columns * members
    for h in range(groups):
        start = h * members
        mean, deviation = of_group(x, depth, rows, columns, start, members, n, eps)
        for p, i, j in every(depth, rows, columns):
            for c in range(start, start + members):
                y[p, i, j, c] = (x[p, i, j, c] - mean) * deviation * w[c] + b[c]


def group_norm_gradient(g: F32, x: F32, w: F32, gx: F32, dw: F32, db: F32, *, groups, eps, add, learns, train):
    """With x̂ = (x − mean)·deviation: gx = deviation·(g·w − mean(g·w) − x̂·mean(g·w·x̂))."""
    depth, rows, columns, channels = x.shape
    members = channels // groups
    n = depth * rows * columns * members
    for h in range(groups):
        start = h * members
        mean, deviation = of_group(x, depth, rows, columns, start, members, n, eps)
        sums = 0.0
        products = 0.0
        for p, i, j in every(depth, rows, columns):
            for c in range(start, start + members):
                away = (x[p, i, j, c] - mean) * deviation
                d = g[p, i, j, c]
                if train:
                    dw[c] += d * away
                    db[c] += d
                sums += d * w[c]
                products += d * w[c] * away
        if learns:
            middle = float32(sums / n)
            tilt = float32(products / n)
            for p, i, j in every(depth, rows, columns):
                for c in range(start, start + members):
                    away = (x[p, i, j, c] - mean) * deviation
                    v = deviation * (g[p, i, j, c] * w[c] - middle - away * tilt)
                    put(gx[p, i, j, c], v, add)


def position_norm(x: F32, w: F32, b: F32, y: F32, *, eps):
    """The channels of each position."""
    depth, rows, columns, channels = x.shape
    for p, i, j in every(depth, rows, columns):
        mean, deviation = of_position(x, p, i, j, channels, eps)
        for c in range(channels):
            y[p, i, j, c] = (x[p, i, j, c] - mean) * deviation * w[c] + b[c]


def position_norm_gradient(g: F32, x: F32, w: F32, gx: F32, dw: F32, db: F32, *, eps, add, learns, train):
    depth, rows, columns, channels = x.shape
    for p, i, j in every(depth, rows, columns):
        mean, deviation = of_position(x, p, i, j, channels, eps)
        sums = float32(0)
        products = float32(0)
        for c in range(channels):
            away = (x[p, i, j, c] - mean) * deviation
            d = g[p, i, j, c]
            if train:
                dw[c] += d * away
                db[c] += d
            sums += d * w[c]
            products += d * w[c] * away
        if learns:
            middle = sums / float32(channels)
            tilt = products / float32(channels)
            for c in range(channels):
                away = (x[p, i, j, c] - mean) * deviation
                v = deviation * (g[p, i, j, c] * w[c] - middle - away * tilt)
                put(gx[p, i, j, c], v, add)


def response_norm(x: F32, y: F32, *, channels, n, alpha, beta, k):
    """y_c = x_c·(k + alpha/n · Σ x²)^−beta, the sum over n channels around c."""
    depth, rows, columns, _ = x.shape
    sums = floats_at(stack(channels), channels)
    for p, i, j in every(depth, rows, columns):
        around(sums, x[p, i, j, c] * x[p, i, j, c], c, channels, n // 2, (n - 1) // 2)
        for c in range(channels):
            factor = lowered(float32(k) + float32(alpha / n) * sums[c], beta)
            y[p, i, j, c] = x[p, i, j, c] * factor


def response_norm_gradient(g: F32, x: F32, gx: F32, *, channels, n, alpha, beta, k, add, learns, train):
    """gx_c = g_c·s_c^−beta − 2·alpha·beta/n · x_c · Σ g_q·x_q·s_q^(−beta−1), over the q whose sum holds c."""
    depth, rows, columns, _ = x.shape
    sums = floats_at(stack(channels), channels)
    parts = floats_at(stack(channels), channels)
    for p, i, j in every(depth, rows, columns):
        around(sums, x[p, i, j, c] * x[p, i, j, c], c, channels, n // 2, (n - 1) // 2)
        for c in range(channels):
            s = float32(k) + float32(alpha / n) * sums[c]
            factor = lowered(s, beta)
            part = g[p, i, j, c] * factor
            put(gx[p, i, j, c], part, add)
            parts[c] = part * x[p, i, j, c] / s
        around(sums, parts[c], c, channels, (n - 1) // 2, n // 2)
        for c in range(channels):
            gx[p, i, j, c] += float32(-2.0 * alpha * beta / n) * x[p, i, j, c] * sums[c]


def softmax(x: F32, y: F32):
    """Over the channels of each position."""
    depth, rows, columns, channels = x.shape
    for p, i, j in every(depth, rows, columns):
        most = x[p, i, j, 0]
        for c in range(1, channels):
            most = max(most, x[p, i, j, c])
        total = float32(0)
        for c in range(channels):
            v = exp(x[p, i, j, c] - most)
            y[p, i, j, c] = v
            total += v
        for c in range(channels):
            y[p, i, j, c] /= total


def softmax_gradient(g: F32, y: F32, gx: F32, *, add, learns, train):
    depth, rows, columns, channels = g.shape
    for p, i, j in every(depth, rows, columns):
        product = float32(0)
        for c in range(channels):
            product += g[p, i, j, c] * y[p, i, j, c]
        for c in range(channels):
            v = y[p, i, j, c] * (g[p, i, j, c] - product)
            put(gx[p, i, j, c], v, add)
