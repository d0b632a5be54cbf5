"""Random changes to images on the CPU, compiled: each batch is gathered, changed and made float32 in one pass.

All movements are one affine map with one interpolation (bilinear); convdsl.engine.augment draws them.
"""

# mypy: ignore-errors
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from convdsl.engine import augment, bits, maths
from convdsl.engine.augment import (
    BRIGHTNESS,
    CONTRAST,
    CUT_X,
    CUT_Y,
    DRAWS,
    EDGE_X,
    EDGE_Y,
    MOVE_X,
    MOVE_Y,
    SIGN_X,
    SIGN_Y,
    XX,
    XY,
    YX,
    YY,
    Draws,
)
from convdsl.engine.cpu.kept import KeptCode
from convdsl.engine.cpu.setup import numba
from convdsl.engine.maths import random_bits


class Augmenter:
    """Changes images of one shape in batches of up to `batch`, on the CPU; `changes` and `shape` as for Draws."""

    def __init__(self, changes: Any, shape: tuple[int, ...], batch: int, seed: int, threads: int | None = None) -> None:
        self._draws = Draws(changes, shape, seed)
        self._out = np.empty((batch, *shape), np.float32)
        self._threads = threads or numba.config.NUMBA_NUM_THREADS
        self._process = os.getpid()
        self._pool = ThreadPoolExecutor(self._threads, "augment") if self._threads > 1 else None

    def apply(self, images: np.ndarray, index: np.ndarray, epoch: int) -> np.ndarray:
        """The images `index` of `images` (uint8, taken as 0 to 1, or float32, C-contiguous), changed as befits `epoch`.

        Returns (len(index), *shape) float32 in memory that the next call uses again. Values of uint8 images stay within
        0 and 1.
        """
        count, draws = len(index), self._draws
        out = self._out[:count].reshape(count, *draws.planes)
        moves, keys = draws.draw(index, epoch)
        share = -(-count // self._threads)
        calls = [
            (
                images.reshape(len(images), *draws.planes),
                images.reshape(-1),
                index,
                out,
                out.reshape(-1),
                moves,
                keys,
                draws.warps,
                draws.tones,
                np.float32(draws.changes.noise),
                int(draws.changes.cutout),
                images.dtype == np.uint8,
                start,
                min(start + share, count),
            )
            for start in range(0, count, share)
        ]
        if self._pool is None or self._process != os.getpid():  # a child has no threads of its parent's
            for call in calls:
                _change(*call)
        else:
            for done in [self._pool.submit(_change, *call) for call in calls]:
                done.result()
        return self._out[:count]


compiled = numba.njit(nogil=True, error_model="numpy", _nrt=False)


@compiled
def _normal(key, number):
    """Nearly normal, variance 1: the sum of four uniform numbers of 16 bits (Irwin and Hall)."""
    bits = random_bits(key, number)
    total = (bits & np.uint64(0xFFFF)) + ((bits >> np.uint64(16)) & np.uint64(0xFFFF))
    total += ((bits >> np.uint64(32)) & np.uint64(0xFFFF)) + (bits >> np.uint64(48))
    return (np.float32(total) / np.float32(65535.0) - np.float32(2.0)) * np.float32(1.7320508)


@compiled
def copied(images, pixels, n, values, first, move, factor):
    """Movements by whole pixels: the edge is repeated around a shift, zeros stand around a crop.

    `pixels` and `values` are all images and all results in a row; this result begins at `first`.
    """
    _, depth, height, width, channels = images.shape
    edge_y, edge_x = int(move[EDGE_Y]), int(move[EDGE_X])
    by_y, by_x = edge_y + int(move[MOVE_Y]), edge_x + int(move[MOVE_X])
    for z in range(depth):
        for y in range(height):
            row = first + (z * height + y) * width * channels
            inside = 0 <= y - edge_y < height
            start = max(edge_x, 0) if inside else width  # columns that are not zeros
            end = min(width + edge_x, width) if inside else width
            left = min(max(by_x, start), end)  # columns that are not the edge repeated
            right = max(min(width + by_x, end), left)
            from_y = min(max(y - by_y, 0), height - 1)
            if move[SIGN_Y] < 0:
                from_y = height - 1 - from_y
            source = ((n * depth + z) * height + from_y) * width * channels
            for k in range(start * channels):
                values[row + k] = np.float32(0)
            if move[SIGN_X] > 0:
                for k in range(left * channels, right * channels):
                    values[row + k] = np.float32(pixels[source + k - by_x * channels]) * factor
            else:
                for x in range(left, right):
                    for c in range(channels):
                        at = source + (width - 1 - x + by_x) * channels + c
                        values[row + x * channels + c] = np.float32(pixels[at]) * factor
            near, far = (0, width - 1) if move[SIGN_X] > 0 else (width - 1, 0)
            for x in range(start, left):
                for c in range(channels):
                    values[row + x * channels + c] = np.float32(pixels[source + near * channels + c]) * factor
            for x in range(right, end):
                for c in range(channels):
                    values[row + x * channels + c] = np.float32(pixels[source + far * channels + c]) * factor
            for k in range(end * channels, width * channels):
                values[row + k] = np.float32(0)


@compiled
def warped(images, n, out, i, move, factor):
    """As `copied`, with the map around the middle besides; the result is `out[i]`."""
    _, depth, height, width, channels = images.shape
    one, zero = np.float32(1), np.float32(0)
    last_y, last_x = np.float32(height - 1), np.float32(width - 1)
    middle_y, middle_x = last_y * np.float32(0.5), last_x * np.float32(0.5)
    move_y, move_x, edge_y, edge_x = int(move[MOVE_Y]), int(move[MOVE_X]), int(move[EDGE_Y]), int(move[EDGE_X])
    for y in range(height):
        for x in range(width):
            inside = 0 <= y - edge_y < height and 0 <= x - edge_x < width
            up = np.float32(y - edge_y - move_y) - middle_y
            across = np.float32(x - edge_x - move_x) - middle_x
            at_y = min(max(move[YX] * across + move[YY] * up + middle_y, zero), last_y)
            at_x = min(max(move[XX] * across + move[XY] * up + middle_x, zero), last_x)
            if move[SIGN_Y] < 0:
                at_y = last_y - at_y
            if move[SIGN_X] < 0:
                at_x = last_x - at_x
            y0, x0 = int(at_y), int(at_x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            part_y, part_x = at_y - np.float32(y0), at_x - np.float32(x0)
            for z in range(depth):
                for c in range(channels):
                    top = images[n, z, y0, x0, c] * (one - part_x) + images[n, z, y0, x1, c] * part_x
                    bottom = images[n, z, y1, x0, c] * (one - part_x) + images[n, z, y1, x1, c] * part_x
                    out[i, z, y, x, c] = (top * (one - part_y) + bottom * part_y) * factor if inside else zero


@compiled
def _tone(values, first, last, contrast, brightness):
    """Values spread around their mean, then moved."""
    total = 0.0
    for i in range(first, last):
        total += values[i]
    mean = np.float32(total / (last - first))
    for i in range(first, last):
        values[i] = (values[i] - mean) * contrast + mean + brightness


@compiled
def _cut(out, i, size, middle_y, middle_x):
    """A square of zeros around a pixel; what lies outside the image is lost."""
    _, depth, height, width, channels = out.shape
    first_y, first_x = middle_y - size // 2, middle_x - size // 2
    for z in range(depth):
        for y in range(max(first_y, 0), min(first_y + size, height)):
            for x in range(max(first_x, 0), min(first_x + size, width)):
                for c in range(channels):
                    out[i, z, y, x, c] = 0


@compiled
def _change(images, pixels, index, out, values, moves, keys, warps, tones, noise, cut, bounded, start, end):
    """The images of a batch from `start` to `end`; `pixels` and `values` are `images` and `out` in a row."""
    factor = np.float32(1.0 / 255.0) if bounded else np.float32(1.0)
    size = values.size // out.shape[0]
    for i in range(start, end):
        first, last, move = i * size, (i + 1) * size, moves[i]
        if warps:
            warped(images, index[i], out, i, move, factor)
        else:
            copied(images, pixels, index[i], values, first, move, factor)
        if tones:
            _tone(values, first, last, move[CONTRAST], move[BRIGHTNESS])
        if noise > 0:
            for v in range(first, last):
                values[v] += noise * _normal(keys[i], DRAWS + v - first)
        if bounded and (tones or noise > 0):
            for v in range(first, last):
                values[v] = min(max(values[v], np.float32(0)), np.float32(1))
        if cut > 0:
            _cut(out, i, cut, int(move[CUT_Y]), int(move[CUT_X]))


_change._cache = KeptCode(_change.py_func, __file__, augment.__file__, bits.__file__, maths.__file__)
