"""The two inner loops that nearly all time is spent in, as register tiles.

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
) -> Any:
    """y[p, f] = sum over taps t and c < run of x[x_at[p] + t + c] · w[t, c, f] (+ bias) (then ReLU); arguments x, w, bias, y.

    `row` bytes separate the weights of one product from the next; `valid` lanes of the last vector are filters; `add`
    adds to what y holds.
    """
    tail = [None] * (vectors - 1) + [valid]
    total = run
    for count, _ in taps:
        total *= count

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, offset, y = arguments

        def step(xa: Any, wa: Any, c: int, sums: list[Any]) -> list[Any]:
            weights = [v.load(b, wa, c * row + k * lanes * 4, lanes) for k in range(vectors)]
            result = []
            for p, at in enumerate(x_at):
                value = v.broadcast(b, xa, at + 4 * c, lanes)
                result += [v.multiply_add(b, value, weights[k], sums[p * vectors + k]) for k in range(vectors)]
            return result

        def along_run(xa: Any, wa: Any, sums: list[Any]) -> list[Any]:
            if run <= 16:
                for c in range(run):
                    sums = step(xa, wa, c, sums)
                return sums
            unroll = 4 if vectors * len(x_at) <= 16 else 2

            def body(i: Any, inner: list[Any]) -> list[Any]:
                xi = b.add(xa, b.mul(i, v.integer(4 * unroll)))
                wi = b.add(wa, b.mul(i, v.integer(row * unroll)))
                for u in range(unroll):
                    inner = step(xi, wi, u, inner)
                return inner

            sums = v.loop(b, run // unroll, sums, body)
            for c in range(run - run % unroll, run):
                sums = step(xa, wa, c, sums)
            return sums

        def at_tap(indices: list[Any], sums: list[Any]) -> list[Any]:
            xa, number = x, v.integer(0)
            for i, (count, size) in zip(indices, taps, strict=True):
                xa = b.add(xa, b.mul(i, v.integer(size)))
                number = b.add(b.mul(number, v.integer(count)), i)
            return along_run(xa, b.add(w, b.mul(number, v.integer(run * row))), sums)

        start = [v.load(b, offset, k * lanes * 4, lanes) if bias else v.constant(0.0, lanes) for k in range(vectors)]
        sums = start * len(x_at)
        if total == 0:
            pass
        elif total <= UNROLLED:
            sums = _unrolled(taps, run, sums, lambda at, k, s: step(b.add(x, v.integer(at)), w, k, s), x)
        else:
            sums = v.nested_loops(b, [count for count, _ in taps], sums, at_tap)
        for p, at in enumerate(y_at):
            for k in range(vectors):
                result = sums[p * vectors + k]
                if add:
                    result = b.fadd(result, v.load(b, y, at + k * lanes * 4, lanes, tail[k]))
                if relu:
                    result = v.maximum(b, result, v.constant(0.0, lanes))
                v.store(b, result, y, at + k * lanes * 4, tail[k])

    return v.micro_kernel(4, write)


def _unrolled(taps: Axes, run: int, sums: list[Any], step: Any, x: Any) -> list[Any]:
    """Every product of a short sum, one after another."""
    offsets = [0]
    for count, size in taps:
        offsets = [at + i * size for at in offsets for i in range(count)]
    number = 0
    for at in offsets:
        for c in range(run):
            # `step` reads x at `at + 4·c` and weights at row `number`; shift x so that both count alike.
            sums = step(at + 4 * c - 4 * number, number, sums)
            number += 1
    return sums


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
