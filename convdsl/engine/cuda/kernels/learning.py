"""The figures of a step, sums of gradients, and what changes the weights."""

# ruff: noqa: B007, F821
# mypy: ignore-errors
from __future__ import annotations


def finish(
    control: I64,
    figures: F64,
    losses: F32,
    hits: I32,
    count: Int,
    *,
    exits,
    stride,
    positions,
    out_positions,
    classes,
    counted,
):
    """The mean loss, and how many answers were right; whether the loss is a number. One block. Exit e has
    positions[e] losses for each image, `stride` apart from those of the next exit. `hits` are classes, or with `counted`
    how many answers were right at each position."""
    sums = cuda.shared.array(256, float64)
    matches = cuda.shared.array(256, int64)
    t = cuda.threadIdx.x
    total = float64(0)
    right = 0
    if control[LABELS] != 0:
        for e in unrolled(exits):
            for n in range(t, count * positions[e], 256):
                total += losses[e * stride + n]
        if counted:
            for n in range(t, count * out_positions, 256):
                right += hits[n]
        if classes:
            for n in range(t, count * out_positions, 256):
                index = chosen(n // out_positions, control)
                label = get_i64(control[LABELS], index * out_positions + n % out_positions)
                if label == hits[n]:
                    right += 1
    sums[t] = total
    matches[t] = right
    add_up(t, 1, sums, matches)
    if t == 0:
        figures[LOSS] = sums[0] / count
        figures[RIGHT] = float64(matches[0])
        finite = abs(sums[0]) < 1e30
        figures[FINITE] = float64(1) if finite else float64(0)


def settle(
    y: F32,
    g: F32,
    parts: F32,
    count: Int,
    *,
    sizes,
    positions,
    lanes,
    splits,
    back_told,
    has_activation,
    has_bias,
    writes,
):
    """g becomes the gradient before the activation, whose output is y (with `writes`). Its sums over shares of all
    positions, the gradient of the bias, go to parts[share, channel]: a block takes `lanes` channels."""
    if has_bias:
        sums = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for c, r, (n, p, i, j) in shares(t, count * positions, lanes, splits, sizes):
        d = g[n, p, i, j, c]
        if has_activation:
            v = y[n, p, i, j, c]
            d = back_told(d, v)
            if writes:
                g[n, p, i, j, c] = d
        total += d
    if has_bias:
        sums[t] = total
        add_up(t, lanes, sums)
        if t < lanes and c < sizes[3]:
            parts[cuda.blockIdx.y, c] = sums[t]


def factor_sums(g: F32, x: F32, parts: F32, count: Int, *, sizes, positions, lanes, splits, rectified):
    """The gradient of one factor for each channel: Σ g·x, with `rectified` only over the x that are not positive."""
    sums = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for c, r, (n, p, i, j) in shares(t, count * positions, lanes, splits, sizes):
        v = x[n, p, i, j, c]
        d = g[n, p, i, j, c] * v
        total += (float32(0) if v > float32(0) else d) if rectified else d
    sums[t] = total
    add_up(t, lanes, sums)
    if t < lanes and c < sizes[3]:
        parts[cuda.blockIdx.y, c] = sums[t]


def norm_sums(
    g: F32, x: F32, statistics: F32, scales: F32, shifts: F32, count: Int, *, sizes, positions, lanes, splits, groups
):
    """The gradients of scale and shift: Σ g·x̂ and Σ g. Mean and deviation are those of statistics[image, group], or
    without groups statistics[position]."""
    sums = cuda.shared.array(256, float32)
    products = cuda.shared.array(256, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    product = float32(0)
    for c, r, (n, p, i, j) in shares(t, count * positions, lanes, splits, sizes):
        at = n * groups + c // (sizes[3] // groups) if groups else r
        d = g[n, p, i, j, c]
        total += d
        product += d * ((x[n, p, i, j, c] - statistics[at, 0]) * statistics[at, 1])
    sums[t] = total
    products[t] = product
    add_up(t, lanes, sums, products)
    if t < lanes and c < sizes[3]:
        scales[cuda.blockIdx.y, c] = products[t]
        shifts[cuda.blockIdx.y, c] = sums[t]


def add_parts(total: F32, parts: F32, *, size, splits):
    """Adds parts[split, number] up, in their order, to what is in `total` already."""
    for t in threads(size):
        v = total[t]
        for s in range(splits):
            v += parts[s, t]
        total[t] = v


def update(
    table: I64,
    figures: F64,
    weights: F32,
    gradients: F32,
    first: F32,
    second: F32,
    *,
    kind,
    momentum,
    nesterov,
    beta1,
    beta2,
    eps,
    alpha,
    decay,
):
    """All weights in one launch: a block takes 1024 of them. A row of the table says which: first weight, first of the
    optimiser's numbers, first gradient, how many, the address of partial sums of the gradient, how many there are and
    how far apart. Formulas as in `convdsl.engine.optimizer`; the corrections of Adam come in `figures`. Nothing changes
    unless the loss is a number."""
    w_at = table[cuda.blockIdx.x, 0]
    s_at = table[cuda.blockIdx.x, 1]
    g_at = table[cuda.blockIdx.x, 2]
    count = table[cuda.blockIdx.x, 3]
    address = table[cuda.blockIdx.x, 4]
    splits = table[cuda.blockIdx.x, 5]
    apart = table[cuda.blockIdx.x, 6]
    changes = figures[UPDATES] != 0 and figures[FINITE] != 0
    rate = float32(figures[RATE])
    for q in range(4):
        e = cuda.threadIdx.x + q * 256
        if e < count:
            d = float32(0)
            eights = splits // 8
            for s in range(eights):  # eight loads are under way at once
                part = registers(8)
                for u in unrolled(8):
                    part[u] = get_f32(address, (s * 8 + u) * apart + e)
                for u in unrolled(8):
                    d += part[u]
            for s in range(eights * 8, splits):
                d += get_f32(address, s * apart + e)
            gradients[g_at + e] = d
            if changes:
                w = weights[w_at + e]
                at = s_at + e
                if kind == "sgd":
                    d += float32(decay) * w
                    if momentum != 0.0:
                        m = first[at]
                        m = d if figures[STEP] == 1 else float32(momentum) * m + d
                        first[at] = m
                        d = d + float32(momentum) * m if nesterov else m
                    weights[w_at + e] = w - rate * d
                elif kind == "adam" or kind == "adamw":
                    if kind == "adamw":
                        w = w * float32(figures[SHRINK])
                    else:
                        d += float32(decay) * w
                    m = first[at]
                    m += (d - m) * float32(1.0 - beta1)
                    v = float32(beta2) * second[at] + float32(1.0 - beta2) * d * d
                    first[at] = m
                    second[at] = v
                    weights[w_at + e] = w - float32(figures[ADAM_RATE]) * m / (
                        sqrt(v) * float32(figures[ADAM_ROOT]) + float32(eps)
                    )
                elif kind == "adagrad":
                    d += float32(decay) * w
                    v = first[at] + d * d
                    first[at] = v
                    weights[w_at + e] = w - rate * d / (sqrt(v) + float32(eps))
                else:
                    d += float32(decay) * w
                    v = float32(alpha) * first[at] + float32(1.0 - alpha) * d * d
                    first[at] = v
                    d = d / (sqrt(v) + float32(eps))
                    if momentum != 0.0:
                        m = float32(momentum) * second[at] + d
                        second[at] = m
                        d = m
                    weights[w_at + e] = w - rate * d
