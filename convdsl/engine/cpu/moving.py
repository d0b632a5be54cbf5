"""Targets that move with their images: masks and pictures, by the same draws as the changes of the images.

Only movements count here: what is done to tone, noise or a square that is cut out is no matter of the target. Labels of
masks take the nearest pixel, those that come from outside of the image are not known (−1); pictures are interpolated.
"""

# mypy: ignore-errors
from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.augment import (
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
from convdsl.engine.cpu.augment import compiled, copied, warped


class TargetMover:
    """Moves targets of one shape, `image` being the shape of the images. A target may be larger than its image by a whole
    factor. Raises ValueError for other sizes, where whole pixels are moved."""

    def __init__(
        self, changes: Any, image: tuple[int, ...], target: tuple[int, ...], seed: int, smooth: bool = False
    ) -> None:
        self._shape = target
        self._smooth = smooth
        self._draws = Draws(changes, image, seed)
        _, height, width, _ = self._draws.planes
        sizes = target[:-1] if len(target) == len(image) else target
        self._planes = (*(1,) * (3 - len(sizes)), *sizes, target[-1] if len(target) == len(image) else 1)
        self._factor = self._planes[2] // width
        moved = changes.shift or changes.crop
        if moved and self._planes[1:3] != (height * self._factor, width * self._factor):
            raise ValueError((self._planes[1:3], (height, width)))

    def apply(self, targets: np.ndarray, index: np.ndarray, epoch: int) -> np.ndarray:
        """`targets` (n, *target) of the images with the numbers `index`, moved as these are in `epoch`."""
        moves, _ = self._draws.draw(index, epoch)
        moves[:, [MOVE_Y, MOVE_X, EDGE_Y, EDGE_X]] *= self._factor
        given = np.ascontiguousarray(targets).reshape(len(targets), *self._planes)
        out = np.empty_like(given)
        if self._smooth:
            _smoothly(given, given.reshape(-1), out, out.reshape(-1), moves, self._draws.warps)
        else:
            _nearest(given, out, moves)
        return out.reshape(targets.shape)


@compiled
def _smoothly(given, pixels, out, values, moves, warps):
    size = pixels.size // given.shape[0]
    for i in range(given.shape[0]):
        if warps:
            warped(given, i, out, i, moves[i], np.float32(1))
        else:
            copied(given, pixels, i, values, i * size, moves[i], np.float32(1))


@compiled
def _nearest(given, out, moves):
    """As `warped`, without interpolation."""
    count, depth, height, width, channels = given.shape
    last_y, last_x = np.float32(height - 1), np.float32(width - 1)
    middle_y, middle_x = last_y * np.float32(0.5), last_x * np.float32(0.5)
    zero, half = np.float32(0), np.float32(0.5)
    for i in range(count):
        move = moves[i]
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
                from_y, from_x = int(at_y + half), int(at_x + half)
                for z in range(depth):
                    for c in range(channels):
                        out[i, z, y, x, c] = given[i, z, from_y, from_x, c] if inside else -1
