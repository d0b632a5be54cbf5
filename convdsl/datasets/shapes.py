"""Shapes on a ground: pictures with a class for each pixel, drawn here in seconds, the same on every machine.

Each picture shows one to four circles, squares and triangles of any size, turned and coloured at random, the later ones
over the earlier, on a ground that gets lighter towards one side; both are noisy.
"""

from __future__ import annotations

import numpy as np

from convdsl.datasets.dataset import DataError, Dataset, Options
from convdsl.datasets.registry import Known
from convdsl.messages import Shown, T

LEAST = 16
CIRCLE, SQUARE, TRIANGLE = 1, 2, 3


def load_shapes(known: Known, options: Options) -> Dataset:
    """One of the data sets SHAPES and SHAPE_KINDS, in the size asked for. Masks are (n, H, W) uint8, numbers of its
    classes. Raises DataError."""
    height, width = options.size or known.shape[:2]
    if min(height, width) < LEAST:
        raise DataError(
            T("The shapes cannot be told apart in pictures of {size}.", size=f"{height}x{width}"),
            T("Take at least {least}x{least}.", least=LEAST),
        )
    images, masks = draw(sum(known.counts), height, width)
    if options.channels == 1:
        images = images.mean(-1, keepdims=True).round().astype(np.uint8)
    masks = np.minimum(masks, len(known.classes) - 1)
    first = known.counts[0]
    train, test = (images[:first], masks[:first]), (images[first:], masks[first:])
    return Dataset(known.name, *train, *test, tuple(map(Shown, known.classes)), "drawn by convdsl")


def draw(count: int, height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (count, H, W, 3) uint8 and their masks (count, H, W) uint8."""
    random = np.random.RandomState([seed, 0x5A9E5])  # its stream is frozen
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    scale = np.float32(min(height, width))
    images = np.empty((count, height, width, 3), np.uint8)
    masks = np.zeros((count, height, width), np.uint8)
    for image, mask in zip(images, masks, strict=True):
        slope = random.uniform(-0.25, 0.25, 2).astype(np.float32)
        ground = random.uniform(0.25, 0.75, 3).astype(np.float32)
        light = slope[0] * (y / height - 0.5) + slope[1] * (x / width - 0.5)
        picture = ground + light[..., None]
        for _ in range(random.randint(1, 5)):
            kind = random.randint(CIRCLE, TRIANGLE + 1)
            radius = float(random.uniform(0.12, 0.24) * scale)
            middle = random.uniform(0.12, 0.88, 2) * (height, width)
            turn = random.uniform(-1, 1, 2)
            colour = ground
            while np.abs(colour - ground).max() < 0.3:
                colour = random.uniform(0, 1, 3).astype(np.float32)
            part = tuple(slice(max(int(m - 1.3 * radius), 0), int(m + 1.3 * radius) + 2) for m in middle)
            inside = _shape(kind, y[part] - middle[0], x[part] - middle[1], radius, turn)
            picture[part][inside] = (colour + light[part][..., None])[inside]
            mask[part][inside] = kind
        noise = random.randint(-15, 16, picture.shape)
        image[:] = np.clip(picture * 255 + noise, 0, 255)
    return images, masks


def _shape(kind: int, y: np.ndarray, x: np.ndarray, radius: float, turn: np.ndarray) -> np.ndarray:
    """Which places lie inside a shape around (0, 0), turned towards the point `turn`."""
    if kind == CIRCLE:
        return y * y + x * x < radius * radius
    length = np.sqrt(turn @ turn) or 1.0  # no sines: a root is the same everywhere, to the last bit
    cosine, sine = turn / length if turn.any() else (1.0, 0.0)
    along, across = cosine * x + sine * y, cosine * y - sine * x
    if kind == SQUARE:
        return np.maximum(np.abs(along), np.abs(across)) < 0.85 * radius
    slant = np.sqrt(3.0) / 2
    return np.maximum(np.abs(across) * slant + along / 2, -along) < 0.6 * radius
