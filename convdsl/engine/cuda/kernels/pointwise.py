"""One thread for each number: what is done to each alike, and what only moves values.

Values are [image, depth, row, column, channel]; `shape` are the last four sizes. `t` numbers all numbers of the batch.
"""

# ruff: noqa: B007, F821
# mypy: ignore-errors
from __future__ import annotations


def load(control: I64, y: F32, count: Int, *, shape, size):
    """The images of the batch into the network's input; uint8 becomes 0 to 1."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        index = chosen(n, control)
        at = index * size + t % size
        if control[BYTES] != 0:
            y[n, p, i, j, c] = float32(get_u8(control[IMAGES], at)) * float32(0.00392156862745098)
        else:
            y[n, p, i, j, c] = get_f32(control[IMAGES], at)


def emit(control: I64, x: F32, count: Int, *, shape, size, offset, record):
    """Results into the array that was asked for."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        if control[OUT] != 0:
            put_f32(control[OUT], n * (record // 4) + offset // 4 + t % size, x[n, p, i, j, c])


def copy(x: F32, y: F32, count: Int, *, shape, size, at, sizes, add):
    """y[position + at] = x[position] wherever both exist, zeros elsewhere; `shape` is that of y, `sizes` that of x."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        inside = (
            p >= at[0]
            and p < at[0] + sizes[0]
            and i >= at[1]
            and i < at[1] + sizes[1]
            and j >= at[2]
            and j < at[2] + sizes[2]
            and c >= at[3]
            and c < at[3] + sizes[3]
        )
        if inside:
            v = x[n, p - at[0], i - at[1], j - at[2], c - at[3]]
            put(y[n, p, i, j, c], v, add)
        elif not add:
            y[n, p, i, j, c] = float32(0)


def put(x: F32, y: F32, count: Int, *, shape, size, at):
    """y[position + at] = x[position]; `shape` is that of x, which lies in y."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        y[n, p + at[0], i + at[1], j + at[2], c + at[3]] = x[n, p, i, j, c]


def reshape(x: F32, y: F32, count: Int, *, shape, sizes, size, add):
    """The same values in the order D, H, W, C under other sizes: x has `shape`, y has `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c]
        n, p, i, j, c = place(t, sizes)
        put(y[n, p, i, j, c], v, add)


def shuffle(x: F32, y: F32, count: Int, *, shape, size, groups, add):
    """Channel (group, member) becomes (member, group)."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c % groups * (shape[3] // groups) + c // groups]
        put(y[n, p, i, j, c], v, add)


def activate(x: F32, y: F32, count: Int, *, shape, size, value):
    """y = f(x); x and y may be the same."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c]
        y[n, p, i, j, c] = value(v)


def activation_gradient(g: F32, x: F32, gx: F32, count: Int, *, shape, size, back, add):
    """From the input x of an activation whose slope its output does not tell."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c]
        d = g[n, p, i, j, c]
        d = back(d, v)
        put(gx[n, p, i, j, c], d, add)


def factor(x: F32, w: F32, y: F32, count: Int, *, shape, size, rectified):
    """Each channel times its factor; `rectified`: only what is negative."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = x[n, p, i, j, c]
        scaled = v * w[c]
        y[n, p, i, j, c] = (v if v > float32(0) else scaled) if rectified else scaled


def factor_gradient(g: F32, x: F32, w: F32, gx: F32, count: Int, *, shape, size, rectified, add):
    for t, (n, p, i, j, c) in places(count * size, shape):
        d = g[n, p, i, j, c]
        scaled = d * w[c]
        if rectified:
            v = x[n, p, i, j, c]
            scaled = d if v > float32(0) else scaled
        put(gx[n, p, i, j, c], scaled, add)


def addition(a: F32, b: F32, y: F32, count: Int, *, shape, size, value):
    for t, (n, p, i, j, c) in places(count * size, shape):
        v = a[n, p, i, j, c] + b[n, p, i, j, c]
        y[n, p, i, j, c] = value(v)


def product(a: F32, b: F32, y: F32, count: Int, *, shape, size):
    """Factors of size 1 along an axis come with a stride of 0 there."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        y[n, p, i, j, c] = a[n, p, i, j, c] * b[n, p, i, j, c]


def product_gradient(g: F32, a: F32, gx: F32, count: Int, *, shape, size, stretch, add):
    """gx has `shape`; where it was stretched `stretch` times along an axis, the gradients add up."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        for u, v, w, q in every(stretch[0], stretch[1], stretch[2], stretch[3]):
            total += g[n, p + u, i + v, j + w, c + q] * a[n, p + u, i + v, j + w, c + q]
        put(gx[n, p, i, j, c], total, add)


def dropout(control: I64, x: F32, y: F32, count: Int, *, shape, size, keep, scale, key, add):
    """Keeps a value with probability keep/2^32, by a number drawn from the step's seed, the layer and the place: the
    same as on a CPU."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        seed = random_bits(control[SEED], n * 65536 + key)
        kept = (random_bits(seed, t % size) >> uint64(32)) < uint64(keep)
        v = x[n, p, i, j, c] * float32(scale)
        v = v if kept else float32(0)
        put(y[n, p, i, j, c], v, add)


def upsample(x: F32, y: F32, count: Int, *, shape, size, sizes, bilinear, aligned):
    """y has `shape`, x `sizes`."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        if bilinear:
            total = float32(0)
            for corner in range(8):
                a, u = between(p, shape[0], sizes[0], corner & 1, aligned)
                b, v = between(i, shape[1], sizes[1], corner >> 1 & 1, aligned)
                q, w = between(j, shape[2], sizes[2], corner >> 2 & 1, aligned)
                total += u * v * w * x[n, a, b, q, c]
            y[n, p, i, j, c] = total
        else:
            y[n, p, i, j, c] = x[n, p * sizes[0] // shape[0], i * sizes[1] // shape[1], j * sizes[2] // shape[2], c]


def upsample_gradient(g: F32, gx: F32, count: Int, *, shape, size, sizes, bilinear, aligned, add):
    """gx has `shape`, g `sizes`: the sum over all that x went into."""
    for t, (n, p, i, j, c) in places(count * size, shape):
        total = float32(0)
        if bilinear:
            for e in range(
                max(p - 1, 0) * sizes[0] // shape[0], min(((p + 2) * sizes[0] + shape[0] - 1) // shape[0], sizes[0])
            ):
                a, u0 = between(e, sizes[0], shape[0], 0, aligned)
                b, u1 = between(e, sizes[0], shape[0], 1, aligned)
                u = (u0 if a == p else float32(0)) + (u1 if b == p else float32(0))
                for f in range(
                    max(i - 1, 0) * sizes[1] // shape[1], min(((i + 2) * sizes[1] + shape[1] - 1) // shape[1], sizes[1])
                ):
                    a, u0 = between(f, sizes[1], shape[1], 0, aligned)
                    b, u1 = between(f, sizes[1], shape[1], 1, aligned)
                    v = (u0 if a == i else float32(0)) + (u1 if b == i else float32(0))
                    for h in range(
                        max(j - 1, 0) * sizes[2] // shape[2],
                        min(((j + 2) * sizes[2] + shape[2] - 1) // shape[2], sizes[2]),
                    ):
                        a, u0 = between(h, sizes[2], shape[2], 0, aligned)
                        b, u1 = between(h, sizes[2], shape[2], 1, aligned)
                        w = (u0 if a == j else float32(0)) + (u1 if b == j else float32(0))
                        total += u * v * w * g[n, e, f, h, c]
        else:
            for e in range((p * sizes[0] + shape[0] - 1) // shape[0], ((p + 1) * sizes[0] + shape[0] - 1) // shape[0]):
                for f in range(
                    (i * sizes[1] + shape[1] - 1) // shape[1], ((i + 1) * sizes[1] + shape[1] - 1) // shape[1]
                ):
                    for h in range(
                        (j * sizes[2] + shape[2] - 1) // shape[2], ((j + 1) * sizes[2] + shape[2] - 1) // shape[2]
                    ):
                        total += g[n, e, f, h, c]
        put(gx[n, p, i, j, c], total, add)
