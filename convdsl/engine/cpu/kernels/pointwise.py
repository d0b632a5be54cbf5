"""Elementwise operations, and those that only move values."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def load(control: I64, y: F32, image: Int, *, size):
    """One image of the batch into the network's input; uint8 becomes 0 to 1."""
    depth, rows, columns, channels = y.shape
    index = chosen(image, control)
    n = 0
    if control[BYTES] != 0:
        pixels = bytes_at(control[IMAGES] + index * size, size)
        for p, i, j in every(depth, rows, columns):
            for c in range(channels):
                y[p, i, j, c] = float32(pixels[n + c]) * float32(0.00392156862745098)
            n += channels
    else:
        values = floats_at(control[IMAGES] + index * size * 4, size)
        for p, i, j in every(depth, rows, columns):
            for c in range(channels):
                y[p, i, j, c] = values[n + c]
            n += channels


def emit(control: I64, x: F32, image: Int, *, size, offset, record):
    """One image's result into the array that was asked for."""
    depth, rows, columns, channels = x.shape
    if control[OUT] != 0:
        values = floats_at(control[OUT] + image * record + offset, size)
        n = 0
        for p, i, j in every(depth, rows, columns):
            for c in range(channels):
                values[n + c] = x[p, i, j, c]
            n += channels


def clear_frame(y: F32, *, frame):
    """Zeros around the values; `y` holds the frame too."""
    depth, rows, columns, channels = y.shape
    for p in range(depth):
        for i in range(rows):
            inside = frame[0][0] <= p < depth - frame[0][1] and frame[1][0] <= i < rows - frame[1][1]
            for j in range(frame[2][0] if inside else columns):
                for c in range(channels):
                    y[p, i, j, c] = float32(0)
            for j in range(columns - frame[2][1] if inside else columns, columns):
                for c in range(channels):
                    y[p, i, j, c] = float32(0)


def clear_frames(y: Address, task: Int, count: Int, *, sizes, frame, image):
    """The same for all `count` images, `image` bytes apart, while others write the values themselves."""
    depth, rows, columns, channels = sizes
    if task == 0:
        for n in range(count):
            values = floats_at(y + n * image, depth * rows * columns * channels)
            for p, i in every(depth, rows):
                inside = frame[0][0] <= p < depth - frame[0][1] and frame[1][0] <= i < rows - frame[1][1]
                at = (p * rows + i) * columns
                for k in range(at * channels, (at + (frame[2][0] if inside else columns)) * channels):
                    values[k] = float32(0)
                for k in range(
                    (at + (columns - frame[2][1] if inside else columns)) * channels, (at + columns) * channels
                ):
                    values[k] = float32(0)


def fill_zero(address: Address, count: Int):
    values = floats_at(address, count)
    for i in range(count):
        values[i] = float32(0)


def copy(x: F32, y: F32, *, at, add, fill):
    """y[position + at] = x[position] wherever both exist; `fill` puts zeros elsewhere."""
    if fill and not add:
        depth, rows, columns, channels = y.shape
        zeroed(y, depth, rows, columns, channels)
    depth = min(x.shape[0], y.shape[0] - at[0]) if at[0] > 0 else min(x.shape[0] + at[0], y.shape[0])
    rows = min(x.shape[1], y.shape[1] - at[1]) if at[1] > 0 else min(x.shape[1] + at[1], y.shape[1])
    columns = min(x.shape[2], y.shape[2] - at[2]) if at[2] > 0 else min(x.shape[2] + at[2], y.shape[2])
    channels = min(x.shape[3], y.shape[3] - at[3]) if at[3] > 0 else min(x.shape[3] + at[3], y.shape[3])
    for p, i, j, c in every(depth, rows, columns, channels):
        value = x[p + max(-at[0], 0), i + max(-at[1], 0), j + max(-at[2], 0), c + max(-at[3], 0)]
        put(y[p + max(at[0], 0), i + max(at[1], 0), j + max(at[2], 0), c + max(at[3], 0)], value, add)


def reshape(x: F32, y: F32, *, add):
    """The same values in the order D, H, W, C under other sizes."""
    depth, rows, columns, channels = x.shape
    _, to_rows, to_columns, to_channels = y.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        n = ((p * rows + i) * columns + j) * channels + c
        place = n // to_channels
        put(
            y[place // (to_rows * to_columns), place // to_columns % to_rows, place % to_columns, n % to_channels],
            x[p, i, j, c],
            add,
        )


def shuffle(x: F32, y: F32, *, groups, add):
    """Channel (group, member) becomes (member, group)."""
    depth, rows, columns, channels = x.shape
    members = channels // groups
    for p, i, j in every(depth, rows, columns):
        for m in range(members):
            for g in range(groups):
                put(y[p, i, j, m * groups + g], x[p, i, j, g * members + m], add)


def activate(x: F32, y: F32, *, in_place, value):
    """y = f(x), or y = f(y): were x and y the same memory under two names, LLVM would take one number at a time."""
    depth, rows, columns, channels = y.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        v = y[p, i, j, c] if in_place else x[p, i, j, c]
        y[p, i, j, c] = value(v)


def sum_parts(x: F32, y: F32, b: F32, *, bias):
    """y[c] = the sum of x[n, c] over n, in their order (+ b[c])."""
    _, _, parts, channels = x.shape
    for c in range(channels):
        y[0, 0, 0, c] = b[c] if bias else float32(0)
    for n in range(parts):
        for c in range(channels):
            y[0, 0, 0, c] += x[0, 0, n, c]


def settle(y: F32, g: F32, db: F32, *, has_activation, back_told, bias):
    """g becomes the gradient before the activation, whose output is y; its sums are the gradient of the bias."""
    depth, rows, columns, channels = g.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        d = g[p, i, j, c]
        if has_activation:
            v = y[p, i, j, c]
            d = back_told(d, v)
            g[p, i, j, c] = d
        if bias:
            db[c] += d


def sum_channels(g: Address, db: Address, *, tile, blocks, g_step, db_step):
    """Sums over all positions, for one block of channels after another."""
    for c in range(blocks):
        tile(g + c * g_step, db + c * db_step, 0)


def activation_gradient(g: F32, x: F32, gx: F32, *, back, add):
    """From the input x of an activation whose slope its output does not tell."""
    depth, rows, columns, channels = g.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        v = x[p, i, j, c]
        d = g[p, i, j, c]
        d = back(d, v)
        put(gx[p, i, j, c], d, add)


def prelu(x: F32, w: F32, y: F32):
    depth, rows, columns, channels = x.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        v = x[p, i, j, c]
        y[p, i, j, c] = v if v > float32(0) else w[c] * v


def prelu_gradient(g: F32, x: F32, w: F32, gx: F32, dw: F32, *, add, learns, train):
    depth, rows, columns, channels = g.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        v = x[p, i, j, c]
        d = g[p, i, j, c]
        if train:
            dw[c] += float32(0) if v > float32(0) else d * v
        if learns:
            d = d if v > float32(0) else w[c] * d
            put(gx[p, i, j, c], d, add)


def scale(x: F32, w: F32, y: F32):
    depth, rows, columns, channels = x.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        y[p, i, j, c] = w[c] * x[p, i, j, c]


def scale_gradient(g: F32, x: F32, w: F32, gx: F32, dw: F32, *, add, learns, train):
    depth, rows, columns, channels = g.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        d = g[p, i, j, c]
        if train:
            dw[c] += d * x[p, i, j, c]
        if learns:
            put(gx[p, i, j, c], w[c] * d, add)


def addition(a: F32, b: F32, y: F32, *, relu):
    depth, rows, columns, channels = y.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        v = a[p, i, j, c] + b[p, i, j, c]
        if relu:
            v = float32(0) if v < float32(0) else v
        y[p, i, j, c] = v


def product(a: F32, b: F32, y: F32):
    """Factors of size 1 along an axis come with a stride of 0 there."""
    depth, rows, columns, channels = y.shape
    for p, i, j, c in every(depth, rows, columns, channels):
        y[p, i, j, c] = a[p, i, j, c] * b[p, i, j, c]


def product_gradient(g: F32, a: F32, gx: F32, *, add, sizes):
    """gx has strides of 0 where the factor was stretched: there the gradients add up."""
    depth, rows, columns, channels = g.shape
    if not add:
        zeroed(gx, sizes[0], sizes[1], sizes[2], channels)
    for p, i, j, c in every(depth, rows, columns, channels):
        gx[p, i, j, c] += g[p, i, j, c] * a[p, i, j, c]


def dropout(control: I64, x: F32, y: F32, image: Int, *, rate, key, add):
    """Keeps a value with probability 1 − rate, by a number drawn from the step's seed, the layer and the place."""
    depth, rows, columns, channels = x.shape
    seed = random_bits(control[SEED], image * 65536 + key)
    keep = np.uint64((1.0 - rate) * 4294967296.0)
    n = 0
    for p, i, j in every(depth, rows, columns):
        for c in range(channels):
            kept = (random_bits(seed, n + c) >> np.uint64(32)) < keep
            v = x[p, i, j, c] * float32(1.0 / (1.0 - rate)) if kept else float32(0)
            put(y[p, i, j, c], v, add)
        n += channels


def upsample(x: F32, y: F32, *, bilinear, aligned):
    depth, rows, columns, channels = y.shape
    xd, xi, xj, _ = x.shape
    for p, i, j in every(depth, rows, columns):
        if not bilinear:
            for c in range(channels):
                y[p, i, j, c] = x[p * xd // depth, i * xi // rows, j * xj // columns, c]
        else:
            for c in range(channels):
                y[p, i, j, c] = float32(0)
            for corner in range(8):
                a, u = between(p, depth, xd, corner & 1, aligned)
                b, v = between(i, rows, xi, corner >> 1 & 1, aligned)
                q, w = between(j, columns, xj, corner >> 2 & 1, aligned)
                weight = u * v * w
                if weight != float32(0):
                    for c in range(channels):
                        y[p, i, j, c] += weight * x[a, b, q, c]


def upsample_gradient(g: F32, gx: F32, *, bilinear, aligned, add):
    depth, rows, columns, channels = g.shape
    xd, xi, xj, _ = gx.shape
    if not add:
        zeroed(gx, xd, xi, xj, channels)
    for p, i, j in every(depth, rows, columns):
        if not bilinear:
            for c in range(channels):
                gx[p * xd // depth, i * xi // rows, j * xj // columns, c] += g[p, i, j, c]
        else:
            for corner in range(8):
                a, u = between(p, depth, xd, corner & 1, aligned)
                b, v = between(i, rows, xi, corner >> 1 & 1, aligned)
                q, w = between(j, columns, xj, corner >> 2 & 1, aligned)
                weight = u * v * w
                if weight != float32(0):
                    for c in range(channels):
                        gx[a, b, q, c] += weight * g[p, i, j, c]
