"""Register tiles of depthwise filters: a few outputs of a row, one vector of channels after another. Offsets are in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convdsl.engine.cpu import vector as v
from convdsl.engine.cpu.micro import normalised

Taps = tuple[tuple[int, int], ...]
"""(row of the weights, offset of the input) of each tap."""


def _users(taps: Taps, columns: int, step: int) -> Iterable[tuple[int, list[tuple[int, int]]]]:
    """The inputs that a row's outputs need, in their order, each with the taps and outputs that need it: it is loaded once."""
    users: dict[int, list[tuple[int, int]]] = {}
    for number, at in taps:
        for p in range(columns):
            users.setdefault(at + p * step, []).append((number, p))
    return sorted(users.items())


def depthwise_tile(
    lanes: int,
    vectors: int,
    taps: Taps,
    columns: int,
    x_column: int,
    y_column: int,
    row: int,
    bias: bool,
    add: bool,
    relu: bool = False,
    norm: int | None = None,
) -> Any:
    """y[p] (+)= the sum of w[n]·x[at + p·x_column] over the taps (n, at) (+ bias, or with `norm` as in conv_tile) (then ReLU),
    for `columns` outputs and all `vectors` of channels; arguments x, w, bias, y. `row` bytes lie between the weights of one
    tap and of the next."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, w, offset, y = arguments

        def body(i: Any, carried: list[Any]) -> list[Any]:
            here = b.mul(i, v.integer(lanes * 4))
            xa, wa, ya = b.add(x, here), b.add(w, here), b.add(y, here)
            start = v.load(b, b.add(offset, here), 0, lanes) if bias else v.constant(0.0, lanes)
            sums = [start] * columns
            weights = {n: v.load(b, wa, n * row, lanes) for n, _ in taps}
            for at, users in _users(taps, columns, x_column):
                value = v.load(b, xa, at, lanes)
                for n, p in users:
                    sums[p] = v.multiply_add(b, value, weights[n], sums[p])
            scaled = normalised(b, b.add(offset, here), 0, norm, lanes)
            for p, total in enumerate(sums):
                result = scaled(total)
                if add:
                    result = b.fadd(result, v.load(b, ya, p * y_column, lanes))
                if relu:
                    result = v.maximum(b, result, v.constant(0.0, lanes))
                v.store(b, result, ya, p * y_column)
            return carried

        v.loop(b, vectors, [], body)

    return v.micro_kernel(4, write)


def depthwise_weight_tile(
    lanes: int, taps: Taps, columns: int, pieces: int, x_column: int, g_column: int, row: int
) -> Any:
    """dw[n] += the sum of g[p]·x[at + p·x_column] over `pieces` times `columns` outputs of a row, for one vector of channels;
    arguments x, g, dw, unused."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, g, dw, _ = arguments

        def body(i: Any, sums: list[Any]) -> list[Any]:
            xa = b.add(x, b.mul(i, v.integer(columns * x_column)))
            ga = b.add(g, b.mul(i, v.integer(columns * g_column)))
            gradients = [v.load(b, ga, p * g_column, lanes) for p in range(columns)]
            result = list(sums)
            for at, users in _users(taps, columns, x_column):
                value = v.load(b, xa, at, lanes)
                for n, p in users:
                    result[n] = v.multiply_add(b, value, gradients[p], result[n])
            return result

        sums = v.loop(b, pieces, [v.load(b, dw, n * row, lanes) for n, _ in taps], body)
        for n, total in enumerate(sums):
            v.store(b, total, dw, n * row)

    return v.micro_kernel(4, write)
