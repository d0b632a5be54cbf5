"""What kernels repeat, written once. None of these functions is called: `specialise.py` puts their statements in the place
of a call, with its arguments, and behind them, `body`, those of the loop that the call stands at the head of. What stands
before the `=` or the `in` comes first among the arguments; other names are the kernel's own.

`for p, i, j, c in every(depth, rows, columns, channels)` is one more of them: loops in one another, as many as there are
names. `window` and `tap` are those of every device (`engine/windows.py`).
"""

# ruff: noqa: F403, F405, F841
# mypy: ignore-errors
from convdsl.engine.cpu.annotations import *


def zeroed(x, depth, rows, columns, channels):
    """Zeros everywhere."""
    for p, i, j, c in every(depth, rows, columns, channels):
        x[p, i, j, c] = float32(0)


def put(place, value, add):
    """Written there, or added to what is there."""
    if add:
        place += value
    else:
        place = value


def chosen(index, image, control):
    """The number that an image of the batch has among all images."""
    index = image
    if control[INDEX] != 0:
        index = longs_at(control[INDEX], control[COUNT])[image]


def share(first, last, task, tasks, size):
    """The part of some floats that one of `tasks` tasks does, in whole lines of the cache."""
    first = task * (size // 16) // tasks * 16
    last = (task + 1) * (size // 16) // tasks * 16


def of_group(mean, deviation, x, depth, rows, columns, start, members, n, eps):
    """Mean of a group's numbers in one image, and 1/√(variance + eps)."""
    total = 0.0
    for p, i, j in every(depth, rows, columns):
        for c in range(start, start + members):
            total += x[p, i, j, c]
    mean = float32(total / n)
    squares = 0.0
    for p, i, j in every(depth, rows, columns):
        for c in range(start, start + members):
            v = x[p, i, j, c] - mean
            squares += v * v
    deviation = float32(1.0 / np.sqrt(squares / n + eps))


def of_position(mean, deviation, x, p, i, j, channels, eps):
    """The same of the channels of one position."""
    total = 0.0
    for c in range(channels):
        total += x[p, i, j, c]
    mean = float32(total / channels)
    squares = 0.0
    for c in range(channels):
        v = x[p, i, j, c] - mean
        squares += v * v
    deviation = float32(1.0 / np.sqrt(squares / channels + eps))


def highest(most, best, z, p, i, j, classes):
    """The largest value at a position and its class."""
    most = z[p, i, j, 0]
    best = 0
    for c in range(1, classes):
        if z[p, i, j, c] > most:
            most = z[p, i, j, c]
            best = c


def exponentials(sums, mean, z, p, i, j, most, classes, smoothing):
    """Σ exp(z − most), and the mean of z − most, which only smoothing asks for."""
    sums = float32(0)
    mean = float32(0)
    for c in range(classes):
        v = z[p, i, j, c] - most
        if smoothing != 0.0:  # where it is 0, a class may be infinitely improbable
            mean += v * float32(1.0 / classes)
        sums += exp(v)


def by_place(whole, right, below, corner, row, column, grid, uneven, first, second, third, fourth, fifth):
    """Does what is to be done with the tile in that row and column of a grid whose last ones may be smaller."""
    if uneven[0] and row == grid[0] - 1:
        if uneven[1] and column == grid[1] - 1:
            corner(first, second, third, fourth, fifth)
        else:
            below(first, second, third, fourth, fifth)
    elif uneven[1] and column == grid[1] - 1:
        right(first, second, third, fourth, fifth)
    else:
        whole(first, second, third, fourth, fifth)


def row_of_tiles(x, w, b, y):
    """A row of a product: `column_step` positions at a time, and those that are left."""
    for j in range(0, columns - column_step + 1, column_step):
        tile(x + j * x_steps[3], w, b, y + j * y_steps[4])
    if columns % column_step != 0:
        edge(
            x + (columns - columns % column_step) * x_steps[3], w, b, y + (columns - columns % column_step) * y_steps[4]
        )


def band_of_tiles(x, u, b, y, where, v, m, first, tiles):
    """Fast convolution of one band of `tiles`, from row `first` of them on, transformed at `v`, multiplied at `m` (see
    winograd.py)."""
    for t in range(tiles):
        row = first + t // grid[1]
        column = t % grid[1]
        xa = x + row * x_tile[0] + column * x_tile[1]
        by_place(into, into_right, into_below, into_corner, row, column, grid, uneven, xa, 0, v + t * v_tile, 0, 0)
    for f in range(frequencies):
        for k in range(blocks):
            for t in range(0, tiles, together):
                to = m + f * m_step + t * m_tile + k * width
                product(v + f * v_step + t * v_tile, u + f * u_frequency + k * u_block, 0, to)
    for t in range(tiles):
        row = first + t // grid[1]
        column = t % grid[1]
        ma = m + t * m_tile
        ya = y + row * y_tile[0] + column * y_tile[1]
        wa = where + row * where_tile[0] + column * where_tile[1]
        base = row * x_tile[0] + column * x_tile[1]
        by_place(out, out_right, out_below, out_corner, row, column, grid, uneven, ma, b, ya, wa, base)


def lowered(result, s, beta):
    """s^−beta; of the usual 3/4 by roots, which vectors have."""
    if beta == 0.75:
        root = sqrt(s)
        result = float32(1) / (root * sqrt(root))
    else:
        result = power(s, float32(-beta))


def around(sums, value, c, channels, before, after):
    """For each channel the sum of a value, a formula of c, over so many channels before it, itself and so many after it. In
    the middle all sums have as many terms: there vectors take them."""
    for to in range(channels):
        sums[to] = float32(0)
    for away in range(-before, after + 1):
        for c in range(max(0, away), min(channels, channels + away)):
            sums[c - away] += value
