"""Sizes of register tiles."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.engine.plan import Target


def split_blocks(count: int, lanes: int, vectors: int) -> Iterator[tuple[int, int, int, int]]:
    """Blocks of filters as (first block, how many, vectors, filters in the last vector): the full ones and the last."""
    width = lanes * vectors
    full, rest = divmod(count, width)
    if full:
        yield 0, full, vectors, lanes
    if rest:
        short = -(-rest // lanes)
        yield full, 1, short, rest - (short - 1) * lanes


def even_parts(count: int, most: int) -> int:
    """The size of the fewest parts, of up to `most`, that cover so many, as even as they can be."""
    return -(-count // -(-count // most))


def grid_tile(rows: int, columns: int, vectors: int, target: Target) -> tuple[int, int]:
    """Rows and columns of a tile that covers a grid at the least cost; the rows divide the grid's."""
    most = target.positions(vectors)

    def cost(positions: int) -> float:
        return max(positions * vectors, 8) + vectors

    best = (float("inf"), 1, 1)
    for r in range(1, min(rows, most) + 1):
        if rows % r:
            continue
        for c in range(1, min(columns, most // r) + 1):
            whole = columns // c * cost(r * c) + (cost(r * (columns % c)) + 1 if columns % c else 0)
            best = min(best, (rows // r * whole, r, c))
    return best[1], best[2]


def lane_tile_sizes(filters: int, rows: int, columns: int, target: Target) -> tuple[int, int, int]:
    """Filters, rows and columns of a tile for interleaved images; filters and rows are divided without rest."""
    best = (float("inf"), 1, 1, 1)
    for f in range(1, filters + 1):
        for r in range(1, min(rows, 4) + 1):
            if filters % f or rows % r:
                continue
            for c in range(1, min(columns, 8) + 1):
                if f * r * c + r * c + 2 > target.registers:
                    continue
                calls = (filters // f) * (rows // r) * -(-columns // c)
                best = min(best, (calls * max(f * r * c, f + r * c, 8), f, r, c))
    return best[1], best[2], best[3]


Runs = list[tuple[int, int]]


def outer_cuts(
    runs: Runs, run: int, vectors: int, target: Target, unit: int = 4
) -> tuple[list[tuple[int, int, tuple[int, ...]]], Runs, int]:
    """How the weights of a filter are cut into tiles: `run` inputs in a row, at places given by the axes `runs` of
    (count, bytes); inputs in a row are `unit` bytes apart. Short runs are put together, long ones cut.

    Returns the cuts as (first input, tiles in a run, byte offsets of a tile's inputs), the axes that remain, and how
    many inputs a run has now.
    """
    most = max(1, min(24, (target.registers - vectors - 2) // vectors))
    if run > most:
        divisor = next(n for n in range(most, 0, -1) if run % n == 0)
        piece = divisor if divisor * 2 > most else most
        whole, rest = divmod(run, piece)
        cuts = [(0, whole, tuple(unit * c for c in range(piece)))]
        if rest:
            cuts.append((whole * piece, 1, tuple(unit * c for c in range(rest))))
        return cuts, list(runs), run
    offsets = [unit * c for c in range(run)]
    remaining = list(runs)
    for axis in (2, 1, 0):
        count, size = remaining[axis]
        together = max(n for n in range(1, count + 1) if count % n == 0 and n * len(offsets) <= max(most, len(offsets)))
        offsets = [i * size + at for i in range(together) for at in offsets]
        remaining[axis] = (count // together, size * together)
        if together != count:
            break
    return [(0, 1, tuple(offsets))], remaining, len(offsets)
