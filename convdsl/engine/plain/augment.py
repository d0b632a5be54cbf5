"""Random changes to images in NumPy; convdsl.engine.augment draws the same for every device."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine import augment as names
from convdsl.engine.augment import DRAWS, Draws
from convdsl.engine.bits import random_bits


class PlainAugmenter:
    """Changes images of one shape; `changes` and `shape` as for Draws."""

    def __init__(self, changes: Any, shape: tuple[int, ...], seed: int) -> None:
        self._draws, self._shape = Draws(changes, shape, seed), shape

    def apply(self, images: np.ndarray, index: np.ndarray, epoch: int) -> np.ndarray:
        """The images `index` of `images`, (n, *shape) uint8 or float32, changed as befits `epoch`: float32."""
        moves, keys = self._draws.draw(index, epoch)
        given = images[index].reshape(-1, *self._draws.planes)
        bounded = given.dtype == np.uint8
        factor = np.float32(1 / 255 if bounded else 1)
        changed = [
            self._changed(image.astype(np.float32), move, key, factor, bounded)
            for image, move, key in zip(given, moves, keys, strict=True)
        ]
        return np.stack(changed).reshape(-1, *self._shape)

    def _changed(self, image: Any, move: Any, key: Any, factor: Any, bounded: bool) -> Any:
        changes, (_, height, width, _) = self._draws.changes, self._draws.planes
        edge_y, edge_x = int(move[names.EDGE_Y]), int(move[names.EDGE_X])
        y, x = np.arange(height)[:, None] - edge_y, np.arange(width) - edge_x
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        result = np.where(inside[..., None], self._moved(image, move, y, x), np.float32(0)) * factor
        if self._draws.tones:
            mean = result.mean(dtype=np.float64).astype(np.float32)
            result = (result - mean) * move[names.CONTRAST] + mean + move[names.BRIGHTNESS]
        if changes.noise > 0:
            result = result + np.float32(changes.noise) * _normal(key, result.shape)
        if bounded and (self._draws.tones or changes.noise > 0):
            result = np.clip(result, 0, 1)
        if changes.cutout > 0:
            first = [max(int(move[at]) - int(changes.cutout) // 2, 0) for at in (names.CUT_Y, names.CUT_X)]
            last = [int(move[at]) - int(changes.cutout) // 2 + int(changes.cutout) for at in (names.CUT_Y, names.CUT_X)]
            result[:, first[0] : max(last[0], 0), first[1] : max(last[1], 0)] = 0
        return result.astype(np.float32, copy=False)

    def _moved(self, image: Any, move: Any, y: Any, x: Any) -> Any:
        """By whole pixels, with the edge repeated; or by one affine map around the middle, bilinear."""
        last_y, last_x = np.float32(image.shape[1] - 1), np.float32(image.shape[2] - 1)
        up, across = y - int(move[names.MOVE_Y]), x - int(move[names.MOVE_X])
        half = np.float32(0.5)
        if self._draws.warps:
            up, across = up.astype(np.float32) - last_y * half, across.astype(np.float32) - last_x * half
            up, across = (
                move[names.YX] * across + move[names.YY] * up + last_y * half,
                move[names.XX] * across + move[names.XY] * up + last_x * half,
            )
        at_y, at_x = (np.clip(at, 0, last) for at, last in ((up, last_y), (across, last_x)))
        at_y = last_y - at_y if move[names.SIGN_Y] < 0 else at_y
        at_x = last_x - at_x if move[names.SIGN_X] < 0 else at_x
        y0, x0 = at_y.astype(int), at_x.astype(int)
        y1, x1 = np.minimum(y0 + 1, int(last_y)), np.minimum(x0 + 1, int(last_x))
        part_y, part_x = ((at - low)[..., None].astype(np.float32) for at, low in ((at_y, y0), (at_x, x0)))
        top = image[:, y0, x0] * (1 - part_x) + image[:, y0, x1] * part_x
        bottom = image[:, y1, x0] * (1 - part_x) + image[:, y1, x1] * part_x
        return top * (1 - part_y) + bottom * part_y


def _normal(key: Any, shape: tuple[int, ...]) -> Any:
    """Nearly normal, variance 1: the sum of four uniform numbers of 16 bits (Irwin and Hall)."""
    bits = random_bits(key, DRAWS + np.arange(np.prod(shape)))
    total = sum((bits >> np.uint64(16 * i)) & np.uint64(0xFFFF) for i in range(4))
    return ((total.astype(np.float32) / np.float32(65535) - 2) * np.float32(1.7320508)).reshape(shape)
