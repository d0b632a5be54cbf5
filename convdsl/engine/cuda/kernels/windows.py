"""Windows without weights, and those with weights of their own for each channel or place: a thread for each result."""

# ruff: noqa: B007, F821
# mypy: ignore-errors
from __future__ import annotations


def choose_one(x: F32, y: F32, where: I32, count: Int, *, shape, size, sizes, k, s, d, before, least, keep):
    """The largest value under each window (`least`: the smallest); `where` keeps its place, counted in x without frame.
    The first of equals wins; NaN wins over all, so that it can be found. y has `shape`, x `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        best = float32(0)
        chosen = -1
        for u, v, w in window(p, i, j, k, s, d, before):
            inside = within(u, v, w, sizes)
            if inside:
                value = x[n, u, v, w, c]
                wins = chosen < 0 or (value < best if least else value > best) or value != value
                best = value if wins else best
                chosen = ((u * sizes[1] + v) * sizes[2] + w) * sizes[3] + c if wins else chosen
        y[n, p, i, j, c] = best
        if keep:
            where[n, p, i, j, c] = int32(chosen)


def median(x: F32, y: F32, where: I32, count: Int, *, shape, size, sizes, k, s, d, before, keep):
    """The value with as many smaller ones (counting equal ones before it) as there are larger ones, or one fewer."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        found = 0
        for o in range(k[0] * k[1] * k[2]):
            u, v, w = tap(o, p, i, j, k, s, d, before)
            inside = within(u, v, w, sizes)
            found += 1 if inside else 0
        y[n, p, i, j, c] = float32(nan)
        for o in range(k[0] * k[1] * k[2]):
            u, v, w = tap(o, p, i, j, k, s, d, before)
            inside = within(u, v, w, sizes)
            if inside:
                value = x[n, u, v, w, c]
                rank = 0
                for other in range(k[0] * k[1] * k[2]):
                    a, b, q = tap(other, p, i, j, k, s, d, before)
                    there = within(a, b, q, sizes)
                    if there:
                        beside = x[n, a, b, q, c]
                        rank += 1 if beside < value or (beside == value and other < o) else 0
                if rank == (found - 1) // 2 and value == value:
                    y[n, p, i, j, c] = value
                    if keep:
                        where[n, p, i, j, c] = int32(((u * sizes[1] + v) * sizes[2] + w) * sizes[3] + c)


def choose_gradient(g: F32, where: I32, gx: F32, count: Int, *, shape, size, sizes, k, s, d, before, add):
    """Each place takes the gradients of the windows that chose it. gx has `shape`, g `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        mine = t % size
        total = float32(0)
        for u, v, w in windows_over(p, i, j, k, s, d, before, sizes):
            if where[n, u // s[0], v // s[1], w // s[2], c] == mine:
                total += g[n, u // s[0], v // s[1], w // s[2], c]
        put(gx[n, p, i, j, c], total, add)


def pick(g: F32, where: I32, gx: F32, count: Int, *, shape, size, sizes, add):
    """Each place gives its gradient to the window that chose it. gx and `where` have `shape`, g `sizes`."""
    t = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if t < count * size:
        n, p, i, j, c = place(t, shape)
        at = where[n, p, i, j, c] // sizes[3]
        v = g[n, at // (sizes[1] * sizes[2]), at // sizes[2] % sizes[1], at % sizes[2], c]
        gx[n, p, i, j, c] = v + gx[n, p, i, j, c] if add else v


def unpool(y: F32, g: F32, where: I32, gx: F32, count: Int, *, shape, size, sizes):
    """The gradient before ReLU and 2x2 maximum: that of the maximum at its place if it is positive, zero elsewhere.
    gx has `shape`; y, g and `where` have `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        d = float32(0)
        inside = i < sizes[1] * 2 and j < sizes[2] * 2
        if inside and where[n, p, i // 2, j // 2, c] == t % size and y[n, p, i // 2, j // 2, c] > float32(0):
            d = g[n, p, i // 2, j // 2, c]
        gx[n, p, i, j, c] = d


def average(x: F32, y: F32, count: Int, *, shape, size, sizes, k, s, d, before, limit, exclude_pad):
    """Means; positions at or beyond `limit` (size plus padding) do not count, as in PyTorch with `ceil`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        taken = 0
        for u, v, w in window(p, i, j, k, s, d, before):
            inside = within(u, v, w, sizes)
            counted = u < limit[0] and v < limit[1] and w < limit[2]
            taken += 1 if (inside if exclude_pad else counted) else 0
            if inside:
                total += x[n, u, v, w, c]
        y[n, p, i, j, c] = total / float32(taken)


def average_gradient(g: F32, gx: F32, count: Int, *, shape, size, sizes, k, s, d, before, limit, exclude_pad, add):
    """gx has `shape`, g `sizes`. How many values a window takes is a product over the axes."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for u, v, w in windows_over(p, i, j, k, s, d, before, sizes):
            taken0 = counted(u, k[0], s[0], d[0], before[0], shape[0], limit[0], exclude_pad)
            taken1 = counted(v, k[1], s[1], d[1], before[1], shape[1], limit[1], exclude_pad)
            taken2 = counted(w, k[2], s[2], d[2], before[2], shape[2], limit[2], exclude_pad)
            total += g[n, u // s[0], v // s[1], w // s[2], c] / float32(taken0 * taken1 * taken2)
        put(gx[n, p, i, j, c], total, add)


def adaptive(x: F32, y: F32, count: Int, *, shape, size, sizes):
    """Means over windows floor(i·N/O) to ceil((i + 1)·N/O). y has `shape`, x `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        taken = 0
        for u in range(p * sizes[0] // shape[0], ((p + 1) * sizes[0] + (shape[0] - 1)) // shape[0]):
            for v in range(i * sizes[1] // shape[1], ((i + 1) * sizes[1] + (shape[1] - 1)) // shape[1]):
                for w in range(j * sizes[2] // shape[2], ((j + 1) * sizes[2] + (shape[2] - 1)) // shape[2]):
                    total += x[n, u, v, w, c]
                    taken += 1
        y[n, p, i, j, c] = total / float32(taken)


def adaptive_gradient(g: F32, gx: F32, count: Int, *, shape, size, sizes, add):
    """gx has `shape`, g `sizes`: position i lies in the windows floor(i·O/N) to floor(((i + 1)·O − 1)/N)."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for u in range(p * sizes[0] // shape[0], ((p + 1) * sizes[0] - 1) // shape[0] + 1):
            du = ((u + 1) * shape[0] + (sizes[0] - 1)) // sizes[0] - u * shape[0] // sizes[0]
            for v in range(i * sizes[1] // shape[1], ((i + 1) * sizes[1] - 1) // shape[1] + 1):
                dv = ((v + 1) * shape[1] + (sizes[1] - 1)) // sizes[1] - v * shape[1] // sizes[1]
                for w in range(j * sizes[2] // shape[2], ((j + 1) * sizes[2] - 1) // shape[2] + 1):
                    dw = ((w + 1) * shape[2] + (sizes[2] - 1)) // sizes[2] - w * shape[2] // sizes[2]
                    total += g[n, u, v, w, c] / float32(du * dv * dw)
        put(gx[n, p, i, j, c], total, add)


def depthwise(x: F32, w: F32, bias: F32, y: F32, count: Int, *, shape, size, k, s, d, before, m, has_bias, value):
    """Each channel under filters of its own; x is seen from where the first window begins."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = bias[c] if has_bias else float32(0)
        for e, a, q in every(k[0], k[1], k[2]):
            tap = (e * k[1] + a) * k[2] + q
            v += x[n, p * s[0] + e * d[0], i * s[1] + a * d[1], j * s[2] + q * d[2], c // m] * w[tap * shape[3] + c]
        y[n, p, i, j, c] = value(v)


def depthwise_input(g: F32, w: F32, gx: F32, count: Int, *, shape, size, sizes, k, s, d, before, m, add):
    """gx has `shape`, g `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for u, v, o in windows_over(p, i, j, k, s, d, before, sizes):
            tap = ((e * k[1] + a) * k[2] + q) * sizes[3]
            for h in range(m):
                f = c * m + h
                total += g[n, u // s[0], v // s[1], o // s[2], f] * w[tap + f]
        put(gx[n, p, i, j, c], total, add)


def depthwise_weight(x: F32, g: F32, parts: F32, count: Int, *, sizes, positions, k, s, d, m, splits):
    """A block adds up one tap of 32 channels over a share of all positions; 8 threads share each channel. g has `sizes`."""
    sums = cuda.shared.array(256, float32)
    lane = cuda.threadIdx.x % 32
    row = cuda.threadIdx.x // 32
    f = cuda.blockIdx.x * 32 + lane
    tap = cuda.blockIdx.y
    rows = count * positions
    share = (rows + (splits - 1)) // splits
    total = float32(0)
    if f < sizes[3]:
        for r in range(cuda.blockIdx.z * share + row, min((cuda.blockIdx.z + 1) * share, rows), 8):
            n, p, i, j = place(r, sizes[:3])
            u = p * s[0] + tap // (k[1] * k[2]) * d[0]
            v = i * s[1] + tap // k[2] % k[1] * d[1]
            w = j * s[2] + tap % k[2] * d[2]
            total += x[n, u, v, w, f // m] * g[n, p, i, j, f]
    sums[cuda.threadIdx.x] = total
    cuda.syncthreads()
    for half in unrolled(3):
        if row < (4 >> half):
            sums[cuda.threadIdx.x] = sums[cuda.threadIdx.x] + sums[cuda.threadIdx.x + 32 * (4 >> half)]
        cuda.syncthreads()
    if row == 0 and f < sizes[3]:
        parts[cuda.blockIdx.z, tap * sizes[3] + f] = sums[lane]


def local(x: F32, w: F32, bias: F32, y: F32, count: Int, *, shape, size, k, s, d, before, channels, has_bias, value):
    """Filters of its own at each position: weights [position][tap][channel][filter]."""
    for t, (n, p, i, j, f) in places(count * size, shape):
        position = t % size // shape[3]
        v = bias[position * shape[3] + f] if has_bias else float32(0)
        at = position * (k[0] * k[1] * k[2] * channels * shape[3]) + f
        for e, a, q in every(k[0], k[1], k[2]):
            for c in range(channels):
                v += x[n, p * s[0] + e * d[0], i * s[1] + a * d[1], j * s[2] + q * d[2], c] * w[at]
                at += shape[3]
        y[n, p, i, j, f] = value(v)


def local_input(g: F32, w: F32, gx: F32, count: Int, *, shape, size, sizes, k, s, d, before, add):
    """gx has `shape`, g `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for u, v, o in windows_over(p, i, j, k, s, d, before, sizes):
            position = (u // s[0] * sizes[1] + v // s[1]) * sizes[2] + o // s[2]
            tap = position * (k[0] * k[1] * k[2]) + (e * k[1] + a) * k[2] + q
            for f in range(sizes[3]):
                weight = w[(tap * shape[3] + c) * sizes[3] + f]
                total += g[n, u // s[0], v // s[1], o // s[2], f] * weight
        put(gx[n, p, i, j, c], total, add)


def local_weight(x: F32, g: F32, dw: F32, db: F32, count: Int, *, sizes, total, k, s, d, channels, has_bias):
    """A thread for each of the `total` weights: the sum over all images. g has `sizes`."""
    for t in threads(total):
        f = t % sizes[3]
        c = t // sizes[3] % channels
        tap = t // (sizes[3] * channels) % (k[0] * k[1] * k[2])
        position = t // (sizes[3] * channels * (k[0] * k[1] * k[2]))
        p, i, j = place(position, sizes[1:3])
        u = p * s[0] + tap // (k[1] * k[2]) * d[0]
        v = i * s[1] + tap // k[2] % k[1] * d[1]
        o = j * s[2] + tap % k[2] * d[2]
        weight = float32(0)
        shift = float32(0)
        for n in range(count):
            away = g[n, p, i, j, f]
            weight += x[n, u, v, o, c] * away
            shift += away
        dw[t] = weight
        if has_bias and tap == 0 and c == 0:
            db[position * sizes[3] + f] = shift
