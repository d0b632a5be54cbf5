"""The inner loops that nearly all time is spent in, as register tiles.

`conv_tile` computes a few positions times a few vectors of filters; a dense layer is the same with images for positions.
`outer_tile` sums the products that make up a gradient of weights. Offsets are in bytes, run lengths in floats.
"""

from __future__ import annotations

from typing import Any

from convdsl.engine.cpu import vector as v

Axes = tuple[tuple[int, int], ...]
"""(count, step in bytes) for each axis, the outermost first."""

UNROLLED = 32
"""Longest sum that is written out without a loop."""


class Products:
    """The sum of products that tiles of positions and filters share: x[x_at[p] + t + c] · w[t, c, f] over all taps t
    and c < run. `row` bytes separate the weights of one product from the next."""

    def __init__(self, lanes: int, vectors: int, taps: Axes, run: int, row: int, x_at: tuple[int, ...]) -> None:
        self.lanes, self.vectors, self.taps, self.run, self.row, self.x_at = lanes, vectors, taps, run, row, x_at
        self.total = run
        for count, _ in taps:
            self.total *= count

    def add(self, b: v.Builder, x: Any, w: Any, sums: list[Any]) -> list[Any]:
        """Adds the products to `sums`, by position, then by vector of filters."""
        if self.total == 0:
            return sums
        if self.total <= UNROLLED:
            return self._unrolled(b, x, w, sums)

        def at_tap(indices: list[Any], inner: list[Any]) -> list[Any]:
            xa, number = x, v.integer(0)
            for i, (count, size) in zip(indices, self.taps, strict=True):
                xa = b.add(xa, b.mul(i, v.integer(size)))
                number = b.add(b.mul(number, v.integer(count)), i)
            return self._along_run(b, xa, b.add(w, b.mul(number, v.integer(self.run * self.row))), inner)

        return v.nested_loops(b, [count for count, _ in self.taps], sums, at_tap)

    def _step(self, b: v.Builder, x: Any, w: Any, at: int, number: int, sums: list[Any]) -> list[Any]:
        """One product: the value at byte `at`, the weights in row `number`."""
        weights = [v.load(b, w, number * self.row + k * self.lanes * 4, self.lanes) for k in range(self.vectors)]
        result = []
        for p, place in enumerate(self.x_at):
            value = v.broadcast(b, x, place + at, self.lanes)
            result += [v.multiply_add(b, value, weights[k], sums[p * self.vectors + k]) for k in range(self.vectors)]
        return result

    def _unrolled(self, b: v.Builder, x: Any, w: Any, sums: list[Any]) -> list[Any]:
        """Every product of a short sum, one after another."""
        offsets = [0]
        for count, size in self.taps:
            offsets = [at + i * size for at in offsets for i in range(count)]
        for number, at in enumerate(at + 4 * c for at in offsets for c in range(self.run)):
            sums = self._step(b, x, w, at, number, sums)
        return sums

    def _along_run(self, b: v.Builder, x: Any, w: Any, sums: list[Any]) -> list[Any]:
        whole = 0
        if self.run > 16:
            unroll = 4 if self.vectors * len(self.x_at) <= 16 else 2
            whole = self.run - self.run % unroll

            def body(i: Any, inner: list[Any]) -> list[Any]:
                xi = b.add(x, b.mul(i, v.integer(4 * unroll)))
                wi = b.add(w, b.mul(i, v.integer(self.row * unroll)))
                for u in range(unroll):
                    inner = self._step(b, xi, wi, 4 * u, u, inner)
                return inner

            sums = v.loop(b, self.run // unroll, sums, body)
        for c in range(whole, self.run):
            sums = self._step(b, x, w, 4 * c, c, sums)
        return sums


def conv_tile(
    lanes: int,
    vectors: int,
    taps: Axes,
    run: int,
    row: int,
    x_at: tuple[int, ...],
    y_at: tuple[int, ...],
    valid: int,
    bias: bool,
    relu: bool,
    add: bool,
    mask: int | None = None,
    norm: int | None = None,
) -> Any:
    """y[p, f] = the products (see Products) (+ bias) (then ReLU), at the bytes `y_at`; arguments x, w, bias, y.

    With `norm`, the sums are multiplied by factors that stand where biases do, and shifts so many bytes behind are added.

    `valid` lanes of the last vector are filters; `add` adds to what y holds. With `mask`, y stays 0 where the number so
    many bytes behind it is not positive.
    """
    tail = [None] * (vectors - 1) + [valid]
    products = Products(lanes, vectors, taps, run, row, x_at)

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, offset, y = arguments
        start = [v.load(b, offset, k * lanes * 4, lanes) if bias else v.constant(0.0, lanes) for k in range(vectors)]
        sums = products.add(b, x, w, start * len(x_at))
        scaled = [normalised(b, offset, k * lanes * 4, norm, lanes) for k in range(vectors)]
        for p, at in enumerate(y_at):
            for k in range(vectors):
                result = scaled[k](sums[p * vectors + k])
                if add:
                    result = b.fadd(result, v.load(b, y, at + k * lanes * 4, lanes, tail[k]))
                if relu:
                    result = v.maximum(b, result, v.constant(0.0, lanes))
                if mask is not None:
                    shown = b.fcmp_ordered(">", v.load(b, y, at + k * lanes * 4 + mask, lanes), v.constant(0.0, lanes))
                    result = b.select(shown, result, v.constant(0.0, lanes))
                v.store(b, result, y, at + k * lanes * 4, tail[k])

    return v.micro_kernel(4, write)


def normalised(b: v.Builder, offset: Any, at: int, norm: int | None, lanes: int) -> Any:
    """What a normalisation makes of a vector of sums: its factors stand at `offset` + `at`, and `norm` bytes behind them its
    shifts. None leaves sums as they are."""
    if norm is None:
        return lambda value: value
    factor, shift = (v.load(b, offset, place, lanes) for place in (at, at + norm))
    return lambda value: v.multiply_add(b, value, factor, shift)


def transpose_tile(lanes: int, row: int, to_row: int, rows: int, columns: int) -> Any:
    """y[j, i] = x[i, j] for a square of `lanes` numbers, of which `rows` x `columns` are there; zeros in place of other rows;
    rows lie `row` and `to_row` bytes apart; arguments x, y, unused."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, y, _ = arguments
        vectors = [v.load(b, x, i * row, lanes) if i < rows else v.constant(0.0, lanes) for i in range(lanes)]
        half = lanes // 2
        while half:  # quarters change places, then the quarters of the quarters
            low = [j if j % (2 * half) < half else lanes + j - half for j in range(lanes)]
            high = [j + half if j % (2 * half) < half else lanes + j for j in range(lanes)]
            for i in (i for i in range(lanes) if not i & half):
                pair = vectors[i], vectors[i + half]
                vectors[i], vectors[i + half] = (v.picked(b, *pair, places) for places in (low, high))
            half //= 2
        for i in range(columns):
            v.store(b, vectors[i], y, i * to_row)

    return v.micro_kernel(3, write)


def dense_input_tile(
    lanes: int,
    blocks: tuple[tuple[int, int, int], ...],
    w_block: int,
    row: int,
    inputs: int,
    images: int,
    g_image: int,
    x_image: int,
    add: bool,
) -> Any:
    """x[n, c] = the sum over units of g[n, f] · w[c, f], or added to what x holds, for some inputs and images, from weights in
    [block][input][width]; arguments g, w, x, unused. `blocks` are runs of blocks of units: (how many, vectors, units in the
    last vector). Vectors of sums stay in the first-level cache, and are added up at the end."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        g, w, x, _ = arguments
        size = lanes * 4
        sums = v.room(b, inputs * images * lanes)

        def zero(c: Any, carried: list[Any]) -> list[Any]:
            v.store(b, v.constant(0.0, lanes), b.add(sums, b.mul(c, v.integer(size))), 0)
            return carried

        v.loop(b, inputs * images, [], zero)
        first = 0
        for count, vectors, valid in blocks:
            tail = [None] * (vectors - 1) + [valid]

            def at_block(i: Any, carried: list[Any], first: int = first, tail: list[Any] = tail) -> list[Any]:
                block = b.add(i, v.integer(first))
                ga, wa = b.add(g, b.mul(block, v.integer(row))), b.add(w, b.mul(block, v.integer(w_block)))
                gradients = [
                    [v.load(b, ga, n * g_image + k * size, lanes, only) for k, only in enumerate(tail)]
                    for n in range(images)
                ]

                def at_input(c: Any, carried: list[Any]) -> list[Any]:
                    wc, sc = b.add(wa, b.mul(c, v.integer(row))), b.add(sums, b.mul(c, v.integer(images * size)))
                    weights = [v.load(b, wc, k * size, lanes) for k in range(len(tail))]
                    for n in range(images):
                        total = v.load(b, sc, n * size, lanes)
                        for weight, gradient in zip(weights, gradients[n], strict=True):
                            total = v.multiply_add(b, weight, gradient, total)
                        v.store(b, total, sc, n * size)
                    return carried

                v.loop(b, inputs, [], at_input)
                return carried

            v.loop(b, count, [], at_block)
            first += count

        def out(c: Any, carried: list[Any]) -> list[Any]:
            sc, to = b.add(sums, b.mul(c, v.integer(images * size))), b.add(x, b.mul(c, v.integer(4)))
            for n in range(images):
                total = v.sum_of_lanes(b, v.load(b, sc, n * size, lanes))
                if add:
                    v.add_scalar(b, total, to, n * x_image)
                else:
                    b.store(total, v.pointer(b, to, n * x_image)).align = 4
            return carried

        v.loop(b, inputs, [], out)

    return v.micro_kernel(4, write)


def rows_tile(lanes: int, vectors: int, units: int, blocks: int, x_step: int, y_step: int) -> Any:
    """A dense layer's few units for two images, `x_step` and `y_step` bytes apart: y[q, n] = the sum of x[q, c] · w[n, c]
    over `blocks` blocks of inputs, w as [block][unit][vectors · lanes] (see layouts.Rows); arguments x, w, y."""
    block = lanes * vectors * 4

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, y = arguments

        def body(i: Any, sums: list[Any]) -> list[Any]:
            xa, wa = b.add(x, b.mul(i, v.integer(block))), b.add(w, b.mul(i, v.integer(units * block)))
            result = list(sums)
            for k in range(vectors):
                images = [v.load(b, xa, q * x_step + k * lanes * 4, lanes) for q in range(2)]
                for n in range(units):
                    weight = v.load(b, wa, n * block + k * lanes * 4, lanes)
                    for q in range(2):
                        result[q * units + n] = v.multiply_add(b, images[q], weight, result[q * units + n])
            return result

        sums = v.loop(b, blocks, [v.constant(0.0, lanes)] * (2 * units), body)
        for q in range(2):
            for n in range(units):
                total = v.sum_of_lanes(b, sums[q * units + n])
                b.store(total, v.pointer(b, y, q * y_step + 4 * n)).align = 4

    return v.micro_kernel(3, write)


def pool_tile(
    lanes: int,
    vectors: int,
    taps: Axes,
    run: int,
    row: int,
    x_row: int,
    x_column: int,
    pools: int,
    y_column: int,
    where_column: int,
    bias: bool,
    keep: bool,
) -> Any:
    """A convolution, ReLU and the maximum of 2x2 positions, for `pools` neighbouring outputs, in registers: what comes
    before the maximum is never stored. Arguments x, w, bias, y, where, base.

    With `keep`, `where` gets the byte offset of the winning window: `base` and its place in the tile.
    """
    x_at = tuple(r * x_row + c * x_column for r in range(2) for c in range(2 * pools))
    products = Products(lanes, vectors, taps, run, row, x_at)

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, offset, y, where, base = arguments
        sums = products.add(b, x, w, [v.constant(0.0, lanes)] * (len(x_at) * vectors))
        start = v.splat_int(b, b.trunc(base, v.INT32), lanes)
        for k in range(vectors):
            shift = v.load(b, offset, k * lanes * 4, lanes) if bias else None
            for q in range(pools):
                places = (2 * q, 2 * q + 1, 2 * pools + 2 * q, 2 * pools + 2 * q + 1)
                four = [(sums[p * vectors + k], v.int_constant(x_at[p], lanes)) for p in places]
                best, place = largest(b, four)
                if shift is not None:
                    best = b.fadd(best, shift)
                v.store(b, v.maximum(b, best, v.constant(0.0, lanes)), y, k * lanes * 4 + q * y_column)
                if keep:
                    b.store(b.add(place, start), v.pointer(b, where, k * lanes * 4 + q * where_column)).align = 4

    return v.micro_kernel(6, write)


def largest(b: v.Builder, four: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """The largest of four (value, place), lane by lane; the first of equals, and a NaN, so that it can be found."""

    def larger(first: tuple[Any, Any], second: tuple[Any, Any]) -> tuple[Any, Any]:
        wins = b.fcmp_unordered(">", second[0], first[0])
        return b.select(wins, second[0], first[0]), b.select(wins, second[1], first[1])

    return larger(larger(four[0], four[1]), larger(four[2], four[3]))


def sparse_weight_tile(lanes: int, x_at: tuple[int, ...]) -> Any:
    """dw[j] += sum over a list of x[offset_i + x_at[j]] · g_i, one vector of channels for each j; arguments x, offsets,
    gradients, count (≥ 1), dw."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, offsets, gradients, count, dw = arguments

        def body(i: Any, sums: list[Any]) -> list[Any]:
            offset, g = v.entry(b, offsets, gradients, i, lanes)
            xa = b.add(x, offset)
            return [v.multiply_add(b, g, v.load(b, xa, at, lanes), total) for at, total in zip(x_at, sums, strict=True)]

        sums = v.loop(b, count, [v.load(b, dw, j * lanes * 4, lanes) for j in range(len(x_at))], body)
        for j, total in enumerate(sums):
            v.store(b, total, dw, j * lanes * 4)

    return v.micro_kernel(5, write)


def sparse_input_tile(lanes: int, x_at: tuple[int, ...]) -> Any:
    """gx[offset_i + x_at[j]] += g_i · w[j] for a list; arguments gx, offsets, gradients, count (≥ 1), w."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        gx, offsets, gradients, count, w = arguments
        weights = [v.load(b, w, j * lanes * 4, lanes) for j in range(len(x_at))]

        def body(i: Any, carried: list[Any]) -> list[Any]:
            offset, g = v.entry(b, offsets, gradients, i, lanes)
            to = b.add(gx, offset)
            for at, weight in zip(x_at, weights, strict=True):
                v.store(b, v.multiply_add(b, g, weight, v.load(b, to, at, lanes)), to, at)
            return carried

        v.loop(b, count, [], body)

    return v.micro_kernel(5, write)


def few_channels_tile(lanes: int, rows: tuple[int, ...], filters: int, stride: int) -> Any:
    """dw[f][r] += sum over windows of x[where + rows[r]] · g for a few filters: one vector holds a whole row of the
    filter. Arguments x, where, g, windows (≥ 1), dw; `stride` bytes of `where` and of g separate two windows."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, where, g, windows, dw = arguments

        def body(i: Any, sums: list[Any]) -> list[Any]:
            at = b.mul(i, v.integer(stride))
            wa, ga, result = b.add(where, at), b.add(g, at), list(sums)
            for f in range(filters):
                offset = b.load(v.pointer(b, wa, 4 * f), typ=v.INT32)
                offset.align = 4
                xa = b.add(x, b.sext(offset, v.INT))
                value = v.broadcast(b, ga, 4 * f, lanes)
                for r, row in enumerate(rows):
                    n = f * len(rows) + r
                    result[n] = v.multiply_add(b, value, v.load(b, xa, row, lanes), sums[n])
            return result

        count = filters * len(rows)
        sums = v.loop(b, windows, [v.load(b, dw, n * lanes * 4, lanes) for n in range(count)], body)
        for n, total in enumerate(sums):
            v.store(b, total, dw, n * lanes * 4)

    return v.micro_kernel(5, write)


def outer_tile(
    lanes: int,
    vectors: int,
    row: int,
    x_at: tuple[int, ...],
    positions: tuple[tuple[int, int, int], ...],
    valid: int,
    counted: bool,
    add: bool,
) -> Any:
    """dw[k, f] (+)= sum over positions of x[x_at[k]] · g[f]; arguments x, g, dw, count.

    `positions` are the axes of the sum: (count, step of x, step of g), the outermost first. With `counted` the last
    argument (≥ 1) takes the place of the outermost count. `row` bytes separate the rows of dw; `add` adds to them.
    """
    tail = [None] * (vectors - 1) + [valid]

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, g, dw, count = arguments
        sums = [
            v.load(b, dw, k * row + j * lanes * 4, lanes) if add else v.constant(0.0, lanes)
            for k in range(len(x_at))
            for j in range(vectors)
        ]
        counts: list[Any] = [n for n, _, _ in positions]
        if counted:
            counts[0] = count

        def body(indices: list[Any], sums: list[Any]) -> list[Any]:
            xa, ga = x, g
            for i, (_, x_step, g_step) in zip(indices, positions, strict=True):
                xa = b.add(xa, b.mul(i, v.integer(x_step)))
                ga = b.add(ga, b.mul(i, v.integer(g_step)))
            gradients = [v.load(b, ga, j * lanes * 4, lanes, tail[j]) for j in range(vectors)]
            result = []
            for k, at in enumerate(x_at):
                value = v.broadcast(b, xa, at, lanes)
                result += [v.multiply_add(b, value, gradients[j], sums[k * vectors + j]) for j in range(vectors)]
            return result

        sums = v.nested_loops(b, counts, sums, body)
        for k in range(len(x_at)):
            for j in range(vectors):
                v.store(b, sums[k * vectors + j], dw, k * row + j * lanes * 4)

    return v.micro_kernel(4, write)


def lane_tile(
    lanes: int,
    filters: int,
    taps: Axes,
    run: int,
    row: int,
    x_at: tuple[int, ...],
    y_at: tuple[int, ...],
    bias: bool,
    relu: bool,
    add: bool,
) -> Any:
    """conv_tile with images in the lanes: vectors of x times single weights; arguments x, w, bias, y."""
    total = run
    for count, _ in taps:
        total *= count

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, offset, y = arguments

        def step(xa: Any, wa: Any, c: int, sums: list[Any]) -> list[Any]:
            images = [v.load(b, xa, at + 4 * lanes * c, lanes) for at in x_at]
            result = list(sums)
            for f in range(filters):
                weight = v.broadcast(b, wa, c * row + 4 * f, lanes)
                for p, image in enumerate(images):
                    n = p * filters + f
                    result[n] = v.multiply_add(b, weight, image, sums[n])
            return result

        def at_tap(indices: list[Any], sums: list[Any]) -> list[Any]:
            xa, number = x, v.integer(0)
            for i, (count, size) in zip(indices, taps, strict=True):
                xa = b.add(xa, b.mul(i, v.integer(size)))
                number = b.add(b.mul(number, v.integer(count)), i)
            wa = b.add(w, b.mul(number, v.integer(run * row)))
            unroll = next(n for n in (5, 4, 3, 2, 1) if run % n == 0)

            def body(i: Any, inner: list[Any]) -> list[Any]:
                xi = b.add(xa, b.mul(i, v.integer(4 * lanes * unroll)))
                wi = b.add(wa, b.mul(i, v.integer(row * unroll)))
                for u in range(unroll):
                    inner = step(xi, wi, u, inner)
                return inner

            return v.loop(b, run // unroll, sums, body) if run > unroll else body(v.integer(0), sums)

        start = [v.broadcast(b, offset, 4 * f, lanes) if bias else v.constant(0.0, lanes) for f in range(filters)]
        sums = start * len(x_at)
        if total:
            sums = v.nested_loops(b, [count for count, _ in taps], sums, at_tap)
        for p, at in enumerate(y_at):
            for f in range(filters):
                result = sums[p * filters + f]
                if add:
                    result = b.fadd(result, v.load(b, y, at + 4 * lanes * f, lanes))
                if relu:
                    result = v.maximum(b, result, v.constant(0.0, lanes))
                v.store(b, result, y, at + 4 * lanes * f)

    return v.micro_kernel(4, write)


def lane_outer_tile(
    lanes: int, filters: int, row: int, x_at: tuple[int, ...], positions: tuple[tuple[int, int, int], ...]
) -> Any:
    """outer_tile with images in the lanes, which are added up at the end; arguments x, g, dw, count (unused)."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, g, dw, _ = arguments

        def body(indices: list[Any], sums: list[Any]) -> list[Any]:
            xa, ga = x, g
            for i, (_, x_step, g_step) in zip(indices, positions, strict=True):
                xa = b.add(xa, b.mul(i, v.integer(x_step)))
                ga = b.add(ga, b.mul(i, v.integer(g_step)))
            gradients = [v.load(b, ga, 4 * lanes * f, lanes) for f in range(filters)]
            result = []
            for k, at in enumerate(x_at):
                value = v.load(b, xa, at, lanes)
                result += [v.multiply_add(b, value, gradients[f], sums[k * filters + f]) for f in range(filters)]
            return result

        zeros = [v.constant(0.0, lanes)] * (len(x_at) * filters)
        sums = v.nested_loops(b, [n for n, _, _ in positions], zeros, body)
        for k in range(len(x_at)):
            for f in range(filters):
                v.add_scalar(b, v.sum_of_lanes(b, sums[k * filters + f]), dw, k * row + 4 * f)

    return v.micro_kernel(4, write)


def _added_up(b: v.Builder, g: Any, positions: Axes, lanes: int, start: list[Any]) -> list[Any]:
    """`start`, vectors side by side, and what lies at g and at all positions from there."""

    def body(indices: list[Any], sums: list[Any]) -> list[Any]:
        at = g
        for i, (_, step) in zip(indices, positions, strict=True):
            at = b.add(at, b.mul(i, v.integer(step)))
        return [b.fadd(total, v.load(b, at, 4 * lanes * k, lanes)) for k, total in enumerate(sums)]

    return v.nested_loops(b, [n for n, _ in positions], start, body)


def sum_tile(lanes: int, vectors: int, positions: Axes) -> Any:
    """db[c] += the sum of g[c] over positions, for a few vectors of channels; arguments g, db, unused."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        g, db, _ = arguments
        before = [v.load(b, db, 4 * lanes * k, lanes) for k in range(vectors)]
        for k, total in enumerate(_added_up(b, g, positions, lanes, before)):
            v.store(b, total, db, 4 * lanes * k)

    return v.micro_kernel(3, write)


def lane_sum_tile(lanes: int, channels: int, positions: Axes) -> Any:
    """db[c] += the sum of g[c] over positions and images, for a few channels; arguments g, db, unused."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        g, db, _ = arguments
        zeros = [v.constant(0.0, lanes)] * channels
        for c, total in enumerate(_added_up(b, g, positions, lanes, zeros)):
            v.add_scalar(b, v.sum_of_lanes(b, total), db, 4 * c)

    return v.micro_kernel(3, write)
