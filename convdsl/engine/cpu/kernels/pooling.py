"""Windows without weights."""

# ruff: noqa: F403, F405
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def choose(x: F32, y: F32, where: I32, *, least, k, s, d, before, keep):
    """The largest value under each window (`least`: the smallest); `where` keeps its place, counted in x without frame.
    The first of equals wins; NaN wins over all, so that it can be found."""
    depth, rows, columns, channels = y.shape
    xd, xi, xj, _ = x.shape
    for p, i, j in every(depth, rows, columns):
        first = True
        for at0, at1, at2 in window(p, i, j, k, s, d, before):
            if 0 <= at0 < xd and 0 <= at1 < xi and 0 <= at2 < xj:
                place = int32(((at0 * xi + at1) * xj + at2) * channels)
                if first:
                    for c in range(channels):
                        y[p, i, j, c] = x[at0, at1, at2, c]
                    if keep:
                        for c in range(channels):
                            where[p, i, j, c] = place + int32(c)
                    first = False
                else:
                    for c in range(channels):
                        v = x[at0, at1, at2, c]
                        best = y[p, i, j, c]
                        wins = (v < best if least else v > best) or v != v
                        y[p, i, j, c] = v if wins else best
                        if keep:
                            was = where[p, i, j, c]
                            where[p, i, j, c] = place + int32(c) if wins else was


def median(x: F32, y: F32, where: I32, *, k, s, d, before, keep):
    """The value with as many smaller ones (counting equal ones before it) as there are larger ones, or one fewer."""
    depth, rows, columns, channels = y.shape
    xd, xi, xj, _ = x.shape
    taps = k[0] * k[1] * k[2]
    for p, i, j in every(depth, rows, columns):
        inside = 0
        for t in range(taps):
            at0, at1, at2 = tap(t, p, i, j, k, s, d, before)
            if 0 <= at0 < xd and 0 <= at1 < xi and 0 <= at2 < xj:
                inside += 1
        for c in range(channels):
            y[p, i, j, c] = float32(np.nan)
            for t in range(taps):
                at0, at1, at2 = tap(t, p, i, j, k, s, d, before)
                if 0 <= at0 < xd and 0 <= at1 < xi and 0 <= at2 < xj:
                    v = x[at0, at1, at2, c]
                    rank = 0
                    for u in range(taps):
                        to0, to1, to2 = tap(u, p, i, j, k, s, d, before)
                        if 0 <= to0 < xd and 0 <= to1 < xi and 0 <= to2 < xj:
                            other = x[to0, to1, to2, c]
                            if other < v or (other == v and u < t):
                                rank += 1
                    if rank == (inside - 1) // 2 and v == v:
                        y[p, i, j, c] = v
                        if keep:
                            where[p, i, j, c] = int32(((at0 * xi + at1) * xj + at2) * channels + c)


def choose_gradient(g: F32, where: I32, gx: F32, *, add):
    """Each gradient goes to the place that was chosen."""
    depth, rows, columns, channels = gx.shape
    if not add:
        zeroed(gx, depth, rows, columns, channels)
    od, oi, oj, _ = g.shape
    for p, i, j, c in every(od, oi, oj, channels):
        place = where[p, i, j, c] // channels
        gx[place // (rows * columns), place // columns % rows, place % columns, c] += g[p, i, j, c]


def pick(g: F32, where: I32, gx: F32, *, add):
    """Each place gives its gradient to the window that chose it."""
    _, rows, columns, channels = g.shape
    od, oi, oj, _ = gx.shape
    for p, i, j, c in every(od, oi, oj, channels):
        place = where[p, i, j, c] // channels
        v = g[place // (rows * columns), place // columns % rows, place % columns, c]
        gx[p, i, j, c] = gx[p, i, j, c] + v if add else v


def average(x: F32, y: F32, *, k, s, d, before, limit, exclude_pad):
    """Means; positions at or beyond `limit` (size plus padding) do not count, as in PyTorch with `ceil`."""
    depth, rows, columns, channels = y.shape
    xd, xi, xj, _ = x.shape
    for p, i, j in every(depth, rows, columns):
        inside = 0
        counted = 0
        for c in range(channels):
            y[p, i, j, c] = float32(0)
        for at0, at1, at2 in window(p, i, j, k, s, d, before):
            if at0 < limit[0] and at1 < limit[1] and at2 < limit[2]:
                counted += 1
            if 0 <= at0 < xd and 0 <= at1 < xi and 0 <= at2 < xj:
                inside += 1
                for c in range(channels):
                    y[p, i, j, c] += x[at0, at1, at2, c]
        factor = float32(1) / float32(inside if exclude_pad else counted)
        for c in range(channels):
            y[p, i, j, c] *= factor


def average_gradient(g: F32, gx: F32, *, k, s, d, before, limit, exclude_pad, add):
    depth, rows, columns, channels = gx.shape
    if not add:
        zeroed(gx, depth, rows, columns, channels)
    od, oi, oj, _ = g.shape
    for p, i, j in every(od, oi, oj):
        inside = 0
        counted = 0
        for t in range(k[0] * k[1] * k[2]):
            at0, at1, at2 = tap(t, p, i, j, k, s, d, before)
            if at0 < limit[0] and at1 < limit[1] and at2 < limit[2]:
                counted += 1
            if 0 <= at0 < depth and 0 <= at1 < rows and 0 <= at2 < columns:
                inside += 1
        factor = float32(1) / float32(inside if exclude_pad else counted)
        for at0, at1, at2 in window(p, i, j, k, s, d, before):
            if 0 <= at0 < depth and 0 <= at1 < rows and 0 <= at2 < columns:
                for c in range(channels):
                    gx[at0, at1, at2, c] += factor * g[p, i, j, c]


def adaptive(x: F32, y: F32):
    """Means over windows floor(i·N/O) to ceil((i + 1)·N/O)."""
    depth, rows, columns, channels = y.shape
    xd, xi, xj, _ = x.shape
    for p, i, j in every(depth, rows, columns):
        for c in range(channels):
            y[p, i, j, c] = float32(0)
        first0, last0 = p * xd // depth, ((p + 1) * xd + depth - 1) // depth
        first1, last1 = i * xi // rows, ((i + 1) * xi + rows - 1) // rows
        first2, last2 = j * xj // columns, ((j + 1) * xj + columns - 1) // columns
        for at0 in range(first0, last0):
            for at1 in range(first1, last1):
                for at2 in range(first2, last2):
                    for c in range(channels):
                        y[p, i, j, c] += x[at0, at1, at2, c]
        factor = float32(1) / float32((last0 - first0) * (last1 - first1) * (last2 - first2))
        for c in range(channels):
            y[p, i, j, c] *= factor


def adaptive_gradient(g: F32, gx: F32, *, add):
    depth, rows, columns, channels = g.shape
    xd, xi, xj, _ = gx.shape
    if not add:
        zeroed(gx, xd, xi, xj, channels)
    for p, i, j in every(depth, rows, columns):
        first0, last0 = p * xd // depth, ((p + 1) * xd + depth - 1) // depth
        first1, last1 = i * xi // rows, ((i + 1) * xi + rows - 1) // rows
        first2, last2 = j * xj // columns, ((j + 1) * xj + columns - 1) // columns
        factor = float32(1) / float32((last0 - first0) * (last1 - first1) * (last2 - first2))
        for at0 in range(first0, last0):
            for at1 in range(first1, last1):
                for at2 in range(first2, last2):
                    for c in range(channels):
                        gx[at0, at1, at2, c] += factor * g[p, i, j, c]
