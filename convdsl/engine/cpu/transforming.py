"""Register tiles of fast convolution (see plan/transforms.py): into the frequencies and out of them, a few vectors of
channels or filters at a time. Steps are in bytes."""

from __future__ import annotations

from typing import Any

from convdsl.engine.cpu import vector as v
from convdsl.engine.cpu.micro import largest, normalised
from convdsl.engine.plan.transforms import Matrix


def _times(b: v.Builder, matrix: Matrix, values: list[Any]) -> list[Any]:
    """The matrix times vectors; it may have more columns than there are vectors, zeros stand for the others. Factors of 0, 1
    and −1 cost no multiplication."""
    lanes = values[0].type.count
    result = []
    for row in matrix:
        terms = [(k, value) for k, value in zip(row, values, strict=False) if k]
        total = None
        for k, value in sorted(terms, key=lambda term: abs(term[0]) != 1):
            if total is None:
                total = value if k == 1 else b.fneg(value) if k == -1 else b.fmul(value, v.constant(k, lanes))
            elif abs(k) == 1:
                total = b.fadd(total, value) if k == 1 else b.fsub(total, value)
            else:
                total = v.multiply_add(b, value, v.constant(k, lanes), total)
        result.append(v.constant(0.0, lanes) if total is None else total)
    return result


def _both_sides(b: v.Builder, matrix: Matrix, columns: list[list[Any]]) -> list[list[Any]]:
    """M·X·Mᵀ of what is given column by column, as rows."""
    half = [_times(b, matrix, column) for column in columns]
    return [_times(b, matrix, [column[r] for column in half]) for r in range(len(matrix))]


def _square(b: v.Builder, at: Any, rows: int, columns: int, row: int, column: int, lanes: int) -> list[list[Any]]:
    """So many rows and columns of vectors, by column."""
    return [[v.load(b, at, r * row + c * column, lanes) for r in range(rows)] for c in range(columns)]


def to_frequencies_tile(
    lanes: int,
    loops: int,
    vectors: int,
    matrix: Matrix,
    rows: int,
    columns: int,
    x_row: int,
    x_column: int,
    step: int,
    panel: int,
) -> Any:
    """M·X·Mᵀ of a square of places, of which `rows` x `columns` are there (others count as zero), for `loops` times
    `vectors` vectors of channels; arguments x, unused, to, unused, unused. `step` bytes from a frequency to the next, `panel`
    from what one turn of the loop writes to what the next does."""
    size = len(matrix)

    def write(b: v.Builder, arguments: list[Any]) -> None:
        x, _, to, _, _ = arguments

        def body(i: Any, carried: list[Any]) -> list[Any]:
            xa, ta = b.add(x, b.mul(i, v.integer(vectors * lanes * 4))), b.add(to, b.mul(i, v.integer(panel)))
            for k in range(vectors):
                given = _square(b, b.add(xa, v.integer(k * lanes * 4)), rows, columns, x_row, x_column, lanes)
                for r, row in enumerate(_both_sides(b, matrix, given)):
                    for c, value in enumerate(row):
                        v.store(b, value, ta, (size * r + c) * step + k * lanes * 4)
            return carried

        v.loop(b, loops, [], body)

    return v.micro_kernel(5, write)


def _outputs(b: v.Builder, matrix: Matrix, m: Any, step: int, lanes: int) -> list[list[Any]]:
    """Aᵀ·M·A, row by row, from what lies `step` bytes apart from frequency to frequency."""
    size = len(matrix[0])
    return _both_sides(b, matrix, _square(b, m, size, size, size * step, step, lanes))


def from_frequencies_tile(
    lanes: int,
    vectors: int,
    matrix: Matrix,
    step: int,
    bias: bool,
    rows: int,
    columns: int,
    y_row: int,
    y_column: int,
    relu: bool,
    add: bool,
    norm: int | None = None,
) -> Any:
    """The first `rows` and `columns` outputs of a tile, of all filters (+ bias, or with `norm` as in conv_tile) (+ what is
    there) (then ReLU); arguments M, bias, y, unused, unused."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        m, offset, y, _, _ = arguments

        def body(i: Any, carried: list[Any]) -> list[Any]:
            at = b.mul(i, v.integer(lanes * 4))
            ya = b.add(y, at)
            shift = v.load(b, b.add(offset, at), 0, lanes) if bias else None
            scaled = normalised(b, b.add(offset, at), 0, norm, lanes)
            for r, row in enumerate(_outputs(b, matrix, b.add(m, at), step, lanes)[:rows]):
                for c, value in enumerate(row[:columns]):
                    place = r * y_row + c * y_column
                    result = scaled(value) if shift is None else b.fadd(value, shift)
                    if add:
                        result = b.fadd(result, v.load(b, ya, place, lanes))
                    v.store(b, v.maximum(b, result, v.constant(0.0, lanes)) if relu else result, ya, place)
            return carried

        v.loop(b, vectors, [], body)

    return v.micro_kernel(5, write)


def pooled_frequencies_tile(
    lanes: int,
    vectors: int,
    matrix: Matrix,
    step: int,
    bias: bool,
    rows: int,
    columns: int,
    x_row: int,
    x_column: int,
    y_row: int,
    y_column: int,
    where_row: int,
    where_column: int,
    keep: bool,
) -> Any:
    """The maximum of each 2x2 among the first `rows` and `columns` outputs of a tile, after ReLU, of all filters; arguments M,
    bias, y, where, base. With `keep`, `where` gets the byte offset of the winning window (see pool_tile)."""

    def write(b: v.Builder, arguments: list[Any]) -> None:
        m, offset, y, where, base = arguments
        start = v.splat_int(b, b.trunc(base, v.INT32), lanes)

        def body(i: Any, carried: list[Any]) -> list[Any]:
            at = b.mul(i, v.integer(lanes * 4))
            shift = v.load(b, b.add(offset, at), 0, lanes) if bias else None
            found = _outputs(b, matrix, b.add(m, at), step, lanes)
            for p, q in [(p, q) for p in range(rows // 2) for q in range(columns // 2)]:
                four = [
                    (found[r][c], v.int_constant(r * x_row + c * x_column, lanes))
                    for r in (2 * p, 2 * p + 1)
                    for c in (2 * q, 2 * q + 1)
                ]
                best, place = largest(b, four)
                if shift is not None:
                    best = b.fadd(best, shift)
                best = v.maximum(b, best, v.constant(0.0, lanes))
                v.store(b, best, b.add(y, at), p * y_row + q * y_column)
                if keep:
                    to = v.pointer(b, b.add(where, at), p * where_row + q * where_column)
                    b.store(b.add(place, start), to).align = 4
            return carried

        v.loop(b, vectors, [], body)

    return v.micro_kernel(5, write)
