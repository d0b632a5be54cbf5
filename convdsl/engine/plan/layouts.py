"""How the engine keeps weights in memory, and the way to and from the public layout."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.plan.values import ALIGNMENT, Target


def _rounded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Plain:
    """As the public layout has it."""

    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return _rounded(prod(self.shape))

    def pack(self, array: Any) -> Any:
        flat = np.zeros(self.size, np.float32)
        flat[: prod(self.shape)] = np.asarray(array, np.float32).reshape(-1)
        return flat

    def unpack(self, flat: Any) -> Any:
        return flat[: prod(self.shape)].reshape(self.shape).copy()


@dataclass(frozen=True)
class TapsFirst:
    """Depthwise filters (C·m, 1, *k) as [taps][C·m]."""

    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return _rounded(prod(self.shape))

    def pack(self, array: Any) -> Any:
        flat = np.zeros(self.size, np.float32)
        flat[: prod(self.shape)] = np.asarray(array, np.float32).reshape(self.shape[0], -1).T.reshape(-1)
        return flat

    def unpack(self, flat: Any) -> Any:
        return np.ascontiguousarray(flat[: prod(self.shape)].reshape(-1, self.shape[0]).T).reshape(self.shape)


@dataclass(frozen=True)
class Local:
    """Locally connected filters (positions…, F, C, *k) as [positions][taps][C][F]."""

    shape: tuple[int, ...]
    positions: int
    filters: int
    channels: int

    @property
    def size(self) -> int:
        return _rounded(prod(self.shape))

    def pack(self, array: Any) -> Any:
        flat = np.zeros(self.size, np.float32)
        by_tap = np.asarray(array, np.float32).reshape(self.positions, self.filters, self.channels, -1)
        flat[: prod(self.shape)] = by_tap.transpose(0, 3, 2, 1).reshape(-1)
        return flat

    def unpack(self, flat: Any) -> Any:
        by_tap = flat[: prod(self.shape)].reshape(self.positions, -1, self.channels, self.filters)
        return np.ascontiguousarray(by_tap.transpose(0, 3, 2, 1)).reshape(self.shape)


@dataclass(frozen=True)
class Filters:
    """Filters (F, C/g, *k), or a dense layer's (N, inputs), as [group][block][taps][C/g][width].

    A block holds `width` filters, a whole number of vectors; the last block of a group is filled up with zeros.
    """

    shape: tuple[int, ...]
    groups: int
    filters: int
    channels: int
    taps: int
    lanes: int
    vectors: int

    @property
    def width(self) -> int:
        return self.lanes * self.vectors

    @property
    def blocks(self) -> int:
        return -(-self.filters // self.width)

    @property
    def rows(self) -> int:
        """Weights of one filter."""
        return self.taps * self.channels

    @property
    def size(self) -> int:
        return _rounded(self.groups * self.blocks * self.rows * self.width)

    @property
    def last_valid(self) -> tuple[int, int]:
        """Vectors in the last block, and filters in the last of them."""
        rest = self.filters - (self.blocks - 1) * self.width
        vectors = -(-rest // self.lanes)
        return vectors, rest - (vectors - 1) * self.lanes

    def pack(self, array: Any) -> Any:
        given = np.asarray(array, np.float32).reshape(self.groups, self.filters, self.channels, self.taps)
        result = np.zeros((self.groups, self.blocks * self.width, self.channels, self.taps), np.float32)
        result[:, : self.filters] = given
        blocks = result.reshape(self.groups, self.blocks, self.width, self.channels, self.taps)
        flat = np.zeros(self.size, np.float32)
        ordered = blocks.transpose(0, 1, 4, 3, 2).reshape(-1)
        flat[: ordered.size] = ordered
        return flat

    def unpack(self, flat: Any) -> Any:
        used = self.groups * self.blocks * self.rows * self.width
        blocks = flat[:used].reshape(self.groups, self.blocks, self.taps, self.channels, self.width)
        ordered = blocks.transpose(0, 1, 4, 3, 2).reshape(self.groups, -1, self.channels, self.taps)
        return np.ascontiguousarray(ordered[:, : self.filters]).reshape(self.shape)


@dataclass(frozen=True)
class Pack:
    """Filters with the two sides swapped, for the gradient of the input: [group][block of channels][taps][F/g][width];
    the taps in the order `order`, which keeps those of one phase of a stride together."""

    groups: int
    filters: int
    channels: int
    order: tuple[int, ...]
    lanes: int
    vectors: int

    @property
    def width(self) -> int:
        return self.lanes * self.vectors

    @property
    def blocks(self) -> int:
        return -(-self.channels // self.width)

    @property
    def size(self) -> int:
        return _rounded(self.groups * self.blocks * len(self.order) * self.filters * self.width)


def vectors_for(count: int, target: Target) -> tuple[int, int]:
    """Lanes and vectors of a block for `count` filters: few filters take short vectors, many take two or three a block."""
    lanes = next((n for n in (4, 8, 16) if n >= count and n <= target.lanes), target.lanes)
    needed = -(-count // lanes)
    most = 3 if target.registers >= 32 else 2
    if needed <= most:
        return lanes, needed
    return lanes, next((n for n in (2, 3) if n <= most and needed % n == 0), 2)
