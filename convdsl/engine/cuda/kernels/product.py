"""Products of matrices whose rows, columns and inner index are anything that strides can say: convolutions in all three
directions and dense layers are such products, without a copy of their windows ("implicit GEMM")."""

# ruff: noqa: F821
# mypy: ignore-errors
from __future__ import annotations


def contract(
    a: F32,
    b: F32,
    c: F32,
    bias: F32,
    where: I32,
    count: Int,
    *,
    rows,
    columns,
    inner,
    images_inside,
    whole,
    groups,
    splits,
    tile,
    step,
    block,
    workers,
    a_fetch,
    b_fetch,
    wide_out,
    has_bias,
    add,
    pools,
    value,
):
    """c[i, j] = Σ_k a[i, k] · b[k, j], in each of `groups`.

    `rows` = (n, sizes, strides in a, in c, in `where`, of the numbers noted there): i is a number whose digits have these
    sizes, and each digit moves so many elements. `inner` = (n, sizes, strides in a, in b) likewise for k; `columns` =
    (n, stride in b). The first digit of i, or with `images_inside` of k, is the image: there are count·n of them.
    `groups` = (n, elements from one to the next in a, b, c, bias); `splits` = (parts of k, which are summed apart,
    elements from one to the next in c). `whole`: k is a multiple of `step`.

    A thread block computes a `tile` of (rows, columns), `step` of k at a time; each thread a `block` of (rows, columns),
    in squares of four. Tiles lie in shared memory twice, so that the next one comes in while this one is used. How they
    come in: `fetch` = (numbers at once, whether they are neighbours along k, how many such pieces side by side, how many
    times, pieces of one thread).

    With `pools`, four rows are the window of a 2x2 maximum, which alone is written; with `pools` = 2, its place too.
    """
    sa = cuda.shared.array(2 * step * (tile[0] + 4), float32)
    sb = cuda.shared.array(2 * step * (tile[1] + 4), float32)
    t = cuda.threadIdx.x
    first_i = cuda.blockIdx.x * tile[0]
    first_j = cuda.blockIdx.y * tile[1]
    group = cuda.blockIdx.z // splits[0]
    split = cuda.blockIdx.z % splits[0]
    total_i = rows[0] if images_inside else count * rows[0]
    begin_k = 0
    end_k = count * inner[0] if images_inside else inner[0]
    if splits[0] > 1:
        share = (end_k + (splits[0] * step - 1)) // (splits[0] * step) * step
        begin_k = split * share
        end_k = min(begin_k + share, end_k)
    steps = (max(end_k - begin_k, 0) + (step - 1)) // step

    a_at = registers(a_fetch[4], 0)
    a_k = registers(a_fetch[4], 0)
    a_to = registers(a_fetch[4], 0)
    for q in unrolled(a_fetch[4]):
        near = (t % a_fetch[2] if workers >= a_fetch[2] else t + q % (a_fetch[2] // workers) * workers) * a_fetch[0]
        far = t // a_fetch[2] + q * (workers // a_fetch[2]) if workers >= a_fetch[2] else q // (a_fetch[2] // workers)
        a_k[q] = near if a_fetch[1] else far
        i = far if a_fetch[1] else near
        a_to[q] = a_k[q] * (tile[0] + 4) + i
        i += first_i
        a_at[q] = group * groups[1] + mapped(i, rows[1], rows[2]) if i < total_i and far < a_fetch[3] else -1
    b_at = registers(b_fetch[4], 0)
    b_k = registers(b_fetch[4], 0)
    b_to = registers(b_fetch[4], 0)
    for q in unrolled(b_fetch[4]):
        near = (t % b_fetch[2] if workers >= b_fetch[2] else t + q % (b_fetch[2] // workers) * workers) * b_fetch[0]
        far = t // b_fetch[2] + q * (workers // b_fetch[2]) if workers >= b_fetch[2] else q // (b_fetch[2] // workers)
        b_k[q] = near if b_fetch[1] else far
        j = far if b_fetch[1] else near
        b_to[q] = b_k[q] * (tile[1] + 4) + j
        j += first_j
        b_at[q] = group * groups[2] + j * columns[1] if j < columns[0] and far < b_fetch[3] else -1

    ty = t // (tile[1] // block[1])
    tx = t % (tile[1] // block[1])
    sums = zeros(block[0] * block[1])
    next_a = registers(a_fetch[4] * a_fetch[0])
    next_b = registers(b_fetch[4] * b_fetch[0])
    for s in range(steps + 1):
        if s < steps:
            k_s = begin_k + s * step
            for q in unrolled(a_fetch[4]):
                k = k_s + a_k[q]
                inside = a_at[q] >= 0 if whole else a_at[q] >= 0 and k < end_k
                at = a_at[q] + mapped(k, inner[1], inner[2])
                if a_fetch[0] == 4:
                    four = load4_if(a, at, inside)
                    for e in unrolled(4):
                        next_a[q * 4 + e] = four[e]
                else:
                    next_a[q] = load_if(a, at, inside)
            for q in unrolled(b_fetch[4]):
                k = k_s + b_k[q]
                inside = b_at[q] >= 0 if whole else b_at[q] >= 0 and k < end_k
                at = b_at[q] + mapped(k, inner[1], inner[3])
                if b_fetch[0] == 4:
                    four = load4_if(b, at, inside)
                    for e in unrolled(4):
                        next_b[q * 4 + e] = four[e]
                else:
                    next_b[q] = load_if(b, at, inside)
        if s > 0:
            from_a = (s - 1 & 1) * (step * (tile[0] + 4)) + ty * 4
            from_b = (s - 1 & 1) * (step * (tile[1] + 4)) + tx * 4
            for _ in range(step // 4):
                for u in unrolled(4):
                    x = load4(sa, from_a + u * (tile[0] + 4))
                    if block[0] == 8:
                        x = x + load4(sa, from_a + (u * (tile[0] + 4) + tile[0] // 2))
                    y = load4(sb, from_b + u * (tile[1] + 4))
                    if block[1] == 8:
                        y = y + load4(sb, from_b + (u * (tile[1] + 4) + tile[1] // 2))
                    sums = outer(sums, x, y)
                from_a += 4 * (tile[0] + 4)
                from_b += 4 * (tile[1] + 4)
        if s < steps:
            to_a = (s & 1) * (step * (tile[0] + 4))
            for q in unrolled(a_fetch[4]):
                if a_fetch[2] * a_fetch[3] >= workers or t < a_fetch[2] * a_fetch[3]:
                    if a_fetch[0] == 1:
                        sa[to_a + a_to[q]] = next_a[q]
                    elif a_fetch[1]:
                        for e in unrolled(4):
                            sa[to_a + a_to[q] + e * (tile[0] + 4)] = next_a[q * 4 + e]
                    else:
                        store4(
                            sa,
                            to_a + a_to[q],
                            (next_a[q * 4], next_a[q * 4 + 1], next_a[q * 4 + 2], next_a[q * 4 + 3]),
                        )
            to_b = (s & 1) * (step * (tile[1] + 4))
            for q in unrolled(b_fetch[4]):
                if b_fetch[2] * b_fetch[3] >= workers or t < b_fetch[2] * b_fetch[3]:
                    if b_fetch[0] == 1:
                        sb[to_b + b_to[q]] = next_b[q]
                    elif b_fetch[1]:
                        for e in unrolled(4):
                            sb[to_b + b_to[q] + e * (tile[1] + 4)] = next_b[q * 4 + e]
                    else:
                        store4(
                            sb,
                            to_b + b_to[q],
                            (next_b[q * 4], next_b[q * 4 + 1], next_b[q * 4 + 2], next_b[q * 4 + 3]),
                        )
        cuda.syncthreads()

    for g in unrolled(block[1] // 4):
        j = first_j + g * (tile[1] * 4 // block[1]) + tx * 4
        shift = load_some(bias, group * groups[4] + j, columns[0] - j) if has_bias else zeros(4)
        for h in unrolled(block[0] // 4):
            i = first_i + h * (tile[0] * 4 // block[0]) + ty * 4
            if pools:
                valid = columns[0] - j if i < total_i else 0
                best, which = largest(
                    sums[h * 4 * block[1] + g * 4 : h * 4 * block[1] + g * 4 + 4],
                    sums[(h * 4 + 1) * block[1] + g * 4 : (h * 4 + 1) * block[1] + g * 4 + 4],
                    sums[(h * 4 + 2) * block[1] + g * 4 : (h * 4 + 2) * block[1] + g * 4 + 4],
                    sums[(h * 4 + 3) * block[1] + g * 4 : (h * 4 + 3) * block[1] + g * 4 + 4],
                )
                store_some(c, mapped(i, rows[1], rows[3]) + j, value4(plus(best, shift)), valid)
                if pools == 2:
                    first = mapped(i, rows[1], rows[5]) + j
                    at = mapped(i, rows[1], rows[4]) + j
                    for e in unrolled(4):
                        corner = which[e]
                        place = first + e + corner // 2 * rows[5][3] + corner % 2 * rows[5][4]
                        if e < valid:
                            where[at + e] = int32(place)
            else:
                for r in unrolled(4):
                    at = group * groups[3] + split * splits[1] + mapped(i + r, rows[1], rows[3]) + j
                    four = sums[(h * 4 + r) * block[1] + g * 4 : (h * 4 + r) * block[1] + g * 4 + 4]
                    four = value4(plus(four, shift))
                    valid = columns[0] - j if i + r < total_i else 0
                    if wide_out:
                        if add:
                            four = plus(four, load4_if(c, at, valid > 0))
                        store4_if(c, at, four, valid > 0)
                    else:
                        if add:
                            four = plus(four, load_some(c, at, valid))
                        store_some(c, at, four, valid)


def collect(parts: F32, bias: F32, c: F32, count: Int, *, rows, columns, splits, has_bias, add, value):
    """Adds partial sums up, always in the same order: c[i, j] from parts[split, i, j]. `rows` = (n, sizes, strides in c),
    `columns` = (n, stride of the rows of a part), `splits` = (n, elements from one to the next)."""
    for t in threads(count * (rows[0] * columns[0])):
        i = t // columns[0]
        j = t % columns[0]
        v = float32(0)
        for s in range(splits[0] // 8):  # eight loads are under way at once
            part = registers(8)
            for u in unrolled(8):
                part[u] = parts[(s * 8 + u) * splits[1] + i * columns[1] + j]
            for u in unrolled(8):
                v += part[u]
        for s in range(splits[0] // 8 * 8, splits[0]):
            v += parts[s * splits[1] + i * columns[1] + j]
        if has_bias:
            v += bias[j]
        v = value(v)
        at = mapped(i, rows[1], rows[2]) + j
        if add:
            v += c[at]
        c[at] = v
