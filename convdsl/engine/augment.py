"""Random changes to images, compiled: each batch is gathered, changed and made float32 in one pass.

Every image's changes are drawn from a counter (seed, epoch, number of the image), so that they are the same on any number
of threads and others in each epoch. All movements are one affine map with one interpolation (bilinear).
"""

# mypy: ignore-errors
from __future__ import annotations

import math

import numpy as np

from convdsl.engine.cpu.maths import random_bits
from convdsl.engine.cpu.setup import numba

FIGURES = ("flip_x", "flip_y", "shift", "crop", "rotate", "shear", "scale", "contrast", "brightness", "noise", "cutout")
(FLIP_X, FLIP_Y, SHIFT, CROP, ROTATE, SHEAR, SCALE, CONTRAST, BRIGHTNESS, NOISE, CUTOUT) = range(len(FIGURES))
_DRAWS = 16
"""Random numbers set aside for an image before those of its noise."""


class Augmenter:
    """Changes images of one shape in batches of up to `batch`.

    `changes` has the attributes of a training's Augment: `flip` ("", "horizontal", "vertical", "both"); `shift`, `crop`
    and `cutout` in pixels; `rotate`, `shear` in degrees; `scale`, `contrast`, `brightness`, `noise` as shares. `shape` is
    (H, W, C), or (L, C), (D, H, W, C), (N,): a signal is an image of one row, every slice of a volume is moved alike.
    """

    def __init__(self, changes, shape: tuple[int, ...], batch: int, seed: int, threads: int | None = None) -> None:
        height = shape[-3] if len(shape) > 2 else 1
        width = shape[-2] if len(shape) > 1 else shape[0]
        channels = shape[-1] if len(shape) > 1 else 1
        depth = shape[0] if len(shape) == 4 else 1
        self._planes = (depth, height, width, channels)
        self._out = np.empty((batch, *shape), np.float32)
        self._seed = np.int64(seed)
        self._threads = threads or numba.config.NUMBA_NUM_THREADS
        figures = np.zeros(len(FIGURES))
        for name in ("shift", "crop", "scale", "contrast", "brightness", "noise", "cutout"):
            figures[FIGURES.index(name)] = getattr(changes, name)
        figures[FLIP_X] = changes.flip in ("horizontal", "both")
        figures[FLIP_Y] = changes.flip in ("vertical", "both")
        figures[ROTATE], figures[SHEAR] = math.radians(changes.rotate), math.radians(changes.shear)
        self._figures = figures

    def apply(self, images: np.ndarray, index: np.ndarray, epoch: int) -> np.ndarray:
        """The images `index` of `images` (uint8, taken as 0 to 1, or float32, C-contiguous), changed as befits `epoch`.

        Returns (len(index), *shape) float32 in memory that the next call uses again. Values of uint8 images stay within
        0 and 1.
        """
        count = len(index)
        out = self._out[:count]
        before = numba.get_num_threads()
        numba.set_num_threads(min(self._threads, before))
        try:
            _change(images.reshape(len(images), *self._planes), index, out.reshape(count, *self._planes), self._figures,
                    self._seed, np.int64(epoch), images.dtype == np.uint8)
        finally:
            numba.set_num_threads(before)
        return out


@numba.njit(cache=True)
def _uniform(key, number):
    """In [0, 1), with 53 bits."""
    return np.float64(random_bits(key, number) >> np.uint64(11)) * 2.0**-53


@numba.njit(cache=True)
def _around(key, number, most):
    """A whole number from -most to most."""
    return int(_uniform(key, number) * (2 * most + 1)) - int(most)


@numba.njit(cache=True)
def _normal(key, number):
    """Nearly normal, variance 1: the sum of four uniform numbers of 16 bits (Irwin and Hall)."""
    bits = random_bits(key, number)
    total = np.int64(0)
    for _ in range(4):
        total += np.int64(bits & np.uint64(0xFFFF))
        bits >>= np.uint64(16)
    return (np.float32(total) / np.float32(65535.0) - np.float32(2.0)) * np.float32(1.7320508)


@numba.njit(cache=True)
def _copy(source, target, factor, flip_x, flip_y, shift_y, shift_x, crop_y, crop_x):
    """Movements by whole pixels: the edge is repeated around a shift, zeros stand around a crop."""
    depth, height, width, channels = source.shape
    for z in range(depth):
        for y in range(height):
            inside_y = 0 <= y - crop_y < height
            from_y = min(max(y - crop_y - shift_y, 0), height - 1)
            if flip_y:
                from_y = height - 1 - from_y
            for x in range(width):
                if not (inside_y and 0 <= x - crop_x < width):
                    for c in range(channels):
                        target[z, y, x, c] = 0
                    continue
                from_x = min(max(x - crop_x - shift_x, 0), width - 1)
                if flip_x:
                    from_x = width - 1 - from_x
                for c in range(channels):
                    target[z, y, x, c] = np.float32(source[z, from_y, from_x, c]) * factor


@numba.njit(cache=True)
def _warp(source, target, factor, flip_x, flip_y, shift_y, shift_x, crop_y, crop_x, a, b, c_, d):
    """The affine map [a b; c d] around the middle, from the target to the source, besides what `_copy` does."""
    depth, height, width, channels = source.shape
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    for y in range(height):
        for x in range(width):
            inside = 0 <= y - crop_y < height and 0 <= x - crop_x < width
            up = y - crop_y - shift_y - middle_y
            across = x - crop_x - shift_x - middle_x
            at_y = min(max(c_ * across + d * up + middle_y, 0.0), height - 1.0)
            at_x = min(max(a * across + b * up + middle_x, 0.0), width - 1.0)
            if flip_y:
                at_y = height - 1 - at_y
            if flip_x:
                at_x = width - 1 - at_x
            y0, x0 = int(at_y), int(at_x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            part_y, part_x = np.float32(at_y - y0), np.float32(at_x - x0)
            one = np.float32(1)
            for z in range(depth):
                for c in range(channels):
                    if not inside:
                        target[z, y, x, c] = 0
                        continue
                    top = source[z, y0, x0, c] * (one - part_x) + source[z, y0, x1, c] * part_x
                    bottom = source[z, y1, x0, c] * (one - part_x) + source[z, y1, x1, c] * part_x
                    target[z, y, x, c] = (top * (one - part_y) + bottom * part_y) * factor


@numba.njit(cache=True)
def _tone(values, contrast, brightness):
    """Values spread around their mean, then moved."""
    total = 0.0
    for i in range(values.size):
        total += values[i]
    mean = np.float32(total / values.size)
    for i in range(values.size):
        values[i] = (values[i] - mean) * contrast + mean + brightness


@numba.njit(cache=True)
def _add_noise(values, amount, key):
    for i in range(values.size):
        values[i] += amount * _normal(key, _DRAWS + i)


@numba.njit(cache=True)
def _cut(target, size, middle_y, middle_x):
    """A square of zeros around a pixel; what lies outside the image is lost."""
    depth, height, width, channels = target.shape
    first_y, first_x = middle_y - size // 2, middle_x - size // 2
    for z in range(depth):
        for y in range(max(first_y, 0), min(first_y + size, height)):
            for x in range(max(first_x, 0), min(first_x + size, width)):
                for c in range(channels):
                    target[z, y, x, c] = 0


@numba.njit(cache=True)
def _change_one(source, target, figures, key, factor, bounded):
    _, height, width, _ = source.shape
    flip_x = figures[FLIP_X] > 0 and _uniform(key, 0) < 0.5
    flip_y = figures[FLIP_Y] > 0 and height > 1 and _uniform(key, 1) < 0.5
    shift_y = _around(key, 2, figures[SHIFT]) if height > 1 else 0
    shift_x = _around(key, 3, figures[SHIFT])
    crop_y = _around(key, 4, figures[CROP]) if height > 1 else 0
    crop_x = _around(key, 5, figures[CROP])
    if figures[ROTATE] == 0 and figures[SHEAR] == 0 and figures[SCALE] == 0:
        _copy(source, target, factor, flip_x, flip_y, shift_y, shift_x, crop_y, crop_x)
    else:
        angle = (2 * _uniform(key, 6) - 1) * figures[ROTATE]
        slant = math.tan((2 * _uniform(key, 7) - 1) * figures[SHEAR])
        zoom = 1 + (2 * _uniform(key, 8) - 1) * figures[SCALE]
        cosine, sine = math.cos(angle) / zoom, math.sin(angle) / zoom
        upright = 1.0 if height > 1 else 0.0
        _warp(source, target, factor, flip_x, flip_y, shift_y, shift_x, crop_y, crop_x, cosine, cosine * slant + sine,
              -sine * upright, (cosine - sine * slant) * upright)
    values = target.reshape(target.size)
    if figures[CONTRAST] > 0 or figures[BRIGHTNESS] > 0:
        contrast = np.float32(1 + (2 * _uniform(key, 9) - 1) * figures[CONTRAST])
        _tone(values, contrast, np.float32((2 * _uniform(key, 10) - 1) * figures[BRIGHTNESS]))
    if figures[NOISE] > 0:
        _add_noise(values, np.float32(figures[NOISE]), key)
    if bounded and (figures[CONTRAST] > 0 or figures[BRIGHTNESS] > 0 or figures[NOISE] > 0):
        for i in range(values.size):
            values[i] = min(max(values[i], np.float32(0)), np.float32(1))
    if figures[CUTOUT] > 0:
        _cut(target, int(figures[CUTOUT]), int(_uniform(key, 11) * height), int(_uniform(key, 12) * width))


@numba.njit(parallel=True, cache=True)
def _change(images, index, out, figures, seed, epoch, bounded):
    factor = np.float32(1.0 / 255.0) if bounded else np.float32(1.0)
    stream = random_bits(seed, epoch)
    for i in numba.prange(len(index)):
        _change_one(images[index[i]], out[i], figures, random_bits(stream, index[i]), factor, bounded)
