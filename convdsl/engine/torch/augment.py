"""Random changes to images in PyTorch; convdsl.engine.augment draws the same for every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convdsl.engine import augment as names
from convdsl.engine.augment import DRAWS, Draws
from convdsl.engine.backend import Resident
from convdsl.engine.bits import random_bits


class Changed(Resident):
    """The changed images of a batch of `count`: those of this process, which stand at `places`."""

    def __init__(self, images: Tensor, places: np.ndarray, count: int) -> None:
        self._images, self._first, self._count = images, int(places[0]) if len(places) else 0, count

    def __len__(self) -> int:
        return self._count

    def at(self, places: np.ndarray) -> Tensor:
        if not len(self._images):  # one that does not count
            return self._images.new_zeros((len(places), *self._images.shape[1:]))
        begin = int(places[0]) - self._first
        return self._images[begin : begin + len(places)]


class TorchAugmenter:
    """Changes images of one shape. `share` says which images of a batch are this process's."""

    def __init__(self, changes: Any, shape: tuple[int, ...], seed: int, share: Callable[[int], np.ndarray],
                 place: torch.device) -> None:  # fmt: skip
        self._draws, self._shape, self._share, self._place = Draws(changes, shape, seed), shape, share, place

    def apply(self, images: np.ndarray, index: np.ndarray, epoch: int) -> Changed:
        """As convdsl.engine.cpu.augment.Augmenter does it."""
        places = self._share(len(index))
        mine = index[places]
        rows = torch.from_numpy(images[mine]).to(self._place)
        moves, keys = self._draws.draw(mine, epoch)
        bounded = rows.dtype == torch.uint8
        factor = 0.00392156862745098 if bounded else 1.0
        values = rows.reshape(-1, *self._draws.planes).float()
        result = self._changed(values, torch.from_numpy(moves).to(self._place), keys, factor, bounded)
        return Changed(result.reshape(-1, *self._shape), places, len(index))

    def _changed(self, images: Tensor, moves: Tensor, keys: np.ndarray, factor: float, bounded: bool) -> Tensor:
        changes, (_, height, width, _) = self._draws.changes, self._draws.planes
        column = [moves[:, number][:, None, None] for number in range(moves.shape[1])]
        rows = torch.arange(height, device=self._place)[None, :, None] - column[names.EDGE_Y]
        across = torch.arange(width, device=self._place)[None, None] - column[names.EDGE_X]
        inside = (rows >= 0) & (rows < height) & (across >= 0) & (across < width)
        result = self._moved(images, column, rows, across)
        result = torch.where(inside[:, None, :, :, None], result, 0) * factor
        each = [number[:, None, None] for number in column]
        if self._draws.tones:
            mean = result.mean((1, 2, 3, 4), keepdim=True, dtype=torch.float64).float()
            result = (result - mean) * each[names.CONTRAST] + mean + each[names.BRIGHTNESS]
        if changes.noise > 0:
            drawn = np.stack([_normal(key, result.shape[1:]) for key in keys]) if len(keys) else np.zeros(result.shape)
            result = result + float(changes.noise) * torch.from_numpy(drawn.astype(np.float32)).to(self._place)
        if bounded and (self._draws.tones or changes.noise > 0):
            result = result.clamp(0, 1)
        if changes.cutout > 0:
            size = int(changes.cutout)
            cut = torch.ones(1, dtype=torch.bool, device=self._place)
            for at, count, axis in ((names.CUT_Y, height, 1), (names.CUT_X, width, 2)):
                line = torch.arange(count, device=self._place).reshape([-1 if a == axis else 1 for a in range(3)])
                first = column[at] - size // 2
                cut = cut & (line >= first) & (line < first + size)
            result = torch.where(cut[:, None, :, :, None], 0, result)
        return result.contiguous()

    def _moved(self, images: Tensor, column: list[Tensor], rows: Tensor, across: Tensor) -> Tensor:
        """By whole pixels, with the edge repeated; or by one affine map around the middle, bilinear."""
        last_y, last_x = float(images.shape[2] - 1), float(images.shape[3] - 1)
        up, along = rows - column[names.MOVE_Y], across - column[names.MOVE_X]
        if self._draws.warps:
            up, along = up - last_y * 0.5, along - last_x * 0.5
            up, along = (
                column[names.YX] * along + column[names.YY] * up + last_y * 0.5,
                column[names.XX] * along + column[names.XY] * up + last_x * 0.5,
            )
        at_y, at_x = up.clamp(0, last_y), along.clamp(0, last_x)
        at_y = torch.where(column[names.SIGN_Y] < 0, last_y - at_y, at_y)
        at_x = torch.where(column[names.SIGN_X] < 0, last_x - at_x, at_x)
        y0, x0 = at_y.long(), at_x.long()
        y1, x1 = (y0 + 1).clamp(max=int(last_y)), (x0 + 1).clamp(max=int(last_x))
        part_y, part_x = ((at - low)[:, None, :, :, None] for at, low in ((at_y, y0), (at_x, x0)))
        each = torch.arange(len(images), device=self._place)[:, None, None]
        planes = images.transpose(1, 2).transpose(2, 3)  # image, row, column, plane, channel

        def taken(y: Tensor, x: Tensor) -> Tensor:
            return planes[each, y, x].permute(0, 3, 1, 2, 4)

        top = taken(y0, x0) * (1 - part_x) + taken(y0, x1) * part_x
        bottom = taken(y1, x0) * (1 - part_x) + taken(y1, x1) * part_x
        return top * (1 - part_y) + bottom * part_y


def _normal(key: Any, shape: Any) -> np.ndarray:
    """Nearly normal, variance 1: the sum of four uniform numbers of 16 bits (Irwin and Hall)."""
    bits = random_bits(np.array([key]), DRAWS + np.arange(int(np.prod(shape))))
    total = sum((bits >> np.uint64(16 * i)) & np.uint64(0xFFFF) for i in range(4))
    return ((total.astype(np.float32) / np.float32(65535) - 2) * np.float32(1.7320508)).reshape(shape)
