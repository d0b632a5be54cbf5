"""What happens to each image of a batch at random, drawn for any device.

Every image's changes are drawn from a counter (seed, epoch, number of the image), so that they are the same on any
number of threads and others in each epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.engine.bits import random_bits

SIGN_X, SIGN_Y, MOVE_Y, MOVE_X, EDGE_Y, EDGE_X, XX, XY, YX, YY, CONTRAST, BRIGHTNESS, CUT_Y, CUT_X = range(14)
"""What is drawn for an image: signs of its axes; whole steps, with the edge repeated or with zeros; the map
[XX XY; YX YY] from the target to the source; tone; the middle of the square that is cut out."""
DRAWS = 16
"""Random numbers set aside for an image before those of its noise."""


class Draws:
    """What happens to each image, drawn from counters, for any device.

    `changes` has the attributes of a training's Augment: `flip` ("", "horizontal", "vertical", "both"); `shift`, `crop`
    and `cutout` in pixels; `rotate`, `shear` in degrees; `scale`, `contrast`, `brightness`, `noise` as shares.
    `shape` is (H, W, C), or (L, C), (D, H, W, C), (N,): a signal is an image of one row, and every slice of a volume is
    moved alike.
    """

    def __init__(self, changes: Any, shape: tuple[int, ...], seed: int) -> None:
        height = shape[-3] if len(shape) > 2 else 1
        width = shape[-2] if len(shape) > 1 else shape[0]
        self.planes = (shape[0] if len(shape) == 4 else 1, height, width, shape[-1] if len(shape) > 1 else 1)
        self.changes = changes
        self.warps = bool(changes.rotate or changes.scale or changes.shear)
        self.tones = bool(changes.contrast or changes.brightness)
        self._seed = seed

    def draw(self, index: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """For images by number: (n, 14) float32 figures of moves, and (n,) uint64 keys for their noise."""
        keys = random_bits(random_bits(np.array([self._seed]), np.array([epoch])), index)
        u = (random_bits(keys[:, None], np.arange(DRAWS)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return self._moves(u), keys

    def _moves(self, u: np.ndarray) -> np.ndarray:
        """(n, 14) float32 figures of moves from (n, 16) uniform numbers in [0, 1)."""
        changes = self.changes
        _, height, width, _ = self.planes
        upright = height > 1
        around = 2 * u - 1
        moves = np.empty((len(u), 14), np.float32)
        moves[:, SIGN_X] = np.where((u[:, 0] < 0.5) & (changes.flip in ("horizontal", "both")), -1, 1)
        moves[:, SIGN_Y] = np.where((u[:, 1] < 0.5) & (changes.flip in ("vertical", "both")), -1, 1)
        for column, most in (
            (MOVE_Y, changes.shift * upright),
            (MOVE_X, changes.shift),
            (EDGE_Y, changes.crop * upright),
            (EDGE_X, changes.crop),
        ):
            moves[:, column] = np.floor(u[:, column] * (2 * most + 1)) - most
        angle = around[:, 6] * np.radians(changes.rotate) * upright
        slant = np.tan(around[:, 7] * np.radians(changes.shear)) * upright
        zoom = 1 + around[:, 8] * changes.scale
        cosine, sine = np.cos(angle) / zoom, np.sin(angle) / zoom
        moves[:, XX], moves[:, XY] = cosine, cosine * slant + sine
        moves[:, YX], moves[:, YY] = -sine, cosine - sine * slant
        moves[:, CONTRAST] = 1 + around[:, 9] * changes.contrast
        moves[:, BRIGHTNESS] = around[:, 10] * changes.brightness
        moves[:, CUT_Y], moves[:, CUT_X] = np.floor(u[:, 11] * height), np.floor(u[:, 12] * width)
        return moves
