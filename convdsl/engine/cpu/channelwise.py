"""Register tiles for batch normalisation: the coefficients of a few vectors of channels stay in registers while all
positions of an image pass by. (The compiler, which cannot know that results do not overwrite coefficients, would load
them again for every position.)

`positions` are the axes D, H, W as (count, steps in bytes of each array of the tile).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdsl.engine.cpu import vector as v

Positions = tuple[tuple[int, ...], ...]
Body = Callable[[Any, list[Any], int, list[Any]], list[Any]]


def _over_positions(b: v.Builder, positions: Positions, bases: list[Any], carried: list[Any], body: Any) -> list[Any]:
    """`body(addresses, carried) -> carried` for every position."""

    def at(indices: list[Any], values: list[Any]) -> list[Any]:
        addresses = list(bases)
        for i, (_, *steps) in zip(indices, positions, strict=True):
            addresses = [b.add(a, b.mul(i, v.integer(s))) for a, s in zip(addresses, steps, strict=True)]
        return body(addresses, values)

    return v.nested_loops(b, [p[0] for p in positions], carried, at)


def bn_apply_tile(lanes: int, valid: tuple[int, ...], row: int, positions: Positions, relu: bool) -> Any:
    """y = x·c₀ + c₁ (then ReLU); arguments x, coefficients, y. `row` bytes separate two rows of coefficients; `valid`
    are the channels in each vector."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, coefficients, y = arguments
        factor, shift = (_row(b, coefficients, r, row, lanes, valid) for r in (0, 1))

        def body(at: list[Any], carried: list[Any]) -> list[Any]:
            for k, n in enumerate(valid):
                result = v.multiply_add(b, v.load(b, at[0], k * lanes * 4, lanes, n), factor[k], shift[k])
                if relu:
                    result = v.maximum(b, result, v.constant(0.0, lanes))
                v.store(b, result, at[1], k * lanes * 4, n)
            return carried

        _over_positions(b, positions, [x, y], [], body)

    return v.micro_kernel(3, write)


def bn_sum_tile(lanes: int, valid: tuple[int, ...], row: int, positions: Positions) -> Any:
    """scratch rows: 0 a value of each channel, 1 the sum of differences from it, 2 that of their squares; arguments x,
    scratch."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, scratch, _ = arguments
        middle = [v.load(b, x, k * lanes * 4, lanes, n) for k, n in enumerate(valid)]

        def body(at: list[Any], sums: list[Any]) -> list[Any]:
            result = []
            for k, n in enumerate(valid):
                away = b.fsub(v.load(b, at[0], k * lanes * 4, lanes, n), middle[k])
                result += [b.fadd(sums[2 * k], away), v.multiply_add(b, away, away, sums[2 * k + 1])]
            return result

        sums = _over_positions(b, positions, [x], [v.constant(0.0, lanes)] * (2 * len(valid)), body)
        for k, n in enumerate(valid):
            for r, value in enumerate((middle[k], sums[2 * k], sums[2 * k + 1])):
                v.store(b, value, scratch, r * row + k * lanes * 4, n)

    return v.micro_kernel(3, write)


def bn_sum_gradient_tile(lanes: int, valid: tuple[int, ...], row: int, positions: Positions, relu: bool) -> Any:
    """scratch rows 1 and 2: the sums of g and of g·(x − mean); arguments x, g, coefficients, scratch."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, g, coefficients, scratch = arguments
        factor, shift, mean = (_row(b, coefficients, r, row, lanes, valid) for r in (0, 1, 2))

        def body(at: list[Any], sums: list[Any]) -> list[Any]:
            result = []
            for k, n in enumerate(valid):
                value = v.load(b, at[0], k * lanes * 4, lanes, n)
                d = _passing(b, v.load(b, at[1], k * lanes * 4, lanes, n), value, factor[k], shift[k], relu)
                result += [b.fadd(sums[2 * k], d), v.multiply_add(b, d, b.fsub(value, mean[k]), sums[2 * k + 1])]
            return result

        sums = _over_positions(b, positions, [x, g], [v.constant(0.0, lanes)] * (2 * len(valid)), body)
        for k, n in enumerate(valid):
            for r in (1, 2):
                v.store(b, sums[2 * k + r - 1], scratch, r * row + k * lanes * 4, n)

    return v.micro_kernel(4, write)


def bn_input_tile(lanes: int, valid: tuple[int, ...], row: int, positions: Positions, relu: bool, add: bool) -> Any:
    """gx (+)= g·c₀ + x·c₄ + c₅; arguments x, g, coefficients, gx."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, g, coefficients, gx = arguments
        factor, shift, slope, level = (_row(b, coefficients, r, row, lanes, valid) for r in (0, 1, 4, 5))

        def body(at: list[Any], carried: list[Any]) -> list[Any]:
            for k, n in enumerate(valid):
                value = v.load(b, at[0], k * lanes * 4, lanes, n)
                d = _passing(b, v.load(b, at[1], k * lanes * 4, lanes, n), value, factor[k], shift[k], relu)
                result = v.multiply_add(b, d, factor[k], v.multiply_add(b, value, slope[k], level[k]))
                if add:
                    result = b.fadd(result, v.load(b, at[2], k * lanes * 4, lanes, n))
                v.store(b, result, at[2], k * lanes * 4, n)
            return carried

        _over_positions(b, positions, [x, g, gx], [], body)

    return v.micro_kernel(4, write)


def _row(b: v.Builder, table: Any, number: int, row: int, lanes: int, valid: tuple[int, ...]) -> list[Any]:
    return [v.load(b, table, number * row + k * lanes * 4, lanes, n) for k, n in enumerate(valid)]


def _passing(b: v.Builder, g: Any, x: Any, factor: Any, shift: Any, relu: bool) -> Any:
    """The gradient where the normalised value is positive, else zero."""
    if not relu:
        return g
    zero = v.constant(0.0, g.type.count)
    return b.select(b.fcmp_ordered(">", v.multiply_add(b, x, factor, shift), zero), g, zero)
