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

    def arrange(self, array: Any) -> Any:
        """The public array, of whatever type, in the engine's order; zeros where there is no filter."""
        given = np.asarray(array).reshape(self.groups, self.filters, self.channels, self.taps)
        result = np.zeros((self.groups, self.blocks * self.width, self.channels, self.taps), given.dtype)
        result[:, : self.filters] = given
        blocks = result.reshape(self.groups, self.blocks, self.width, self.channels, self.taps)
        flat = np.zeros(self.size, given.dtype)
        ordered = blocks.transpose(0, 1, 4, 3, 2).reshape(-1)
        flat[: ordered.size] = ordered
        return flat

    def pack(self, array: Any) -> Any:
        return self.arrange(np.asarray(array, np.float32))

    def unpack(self, flat: Any) -> Any:
        used = self.groups * self.blocks * self.rows * self.width
        blocks = flat[:used].reshape(self.groups, self.blocks, self.taps, self.channels, self.width)
        ordered = blocks.transpose(0, 1, 4, 3, 2).reshape(self.groups, -1, self.channels, self.taps)
        return np.ascontiguousarray(ordered[:, : self.filters]).reshape(self.shape)


@dataclass(frozen=True)
class FilterByFilter:
    """Filters (F, C, *k) one after another, each as the sparse gradients of a pooled convolution walk it: as
    [block of channels][taps][channels], a block being what fits in registers; or, with `rows`, as [rows][lanes], a row
    of the window with all its few channels in one vector, filled up with numbers that mean nothing."""

    shape: tuple[int, ...]
    filters: int
    channels: int
    rows: int
    columns: int
    lanes: int
    vectors: int

    @property
    def few(self) -> bool:
        return self.vectors == 0

    @property
    def block(self) -> int:
        """Channels in a block."""
        return self.lanes * self.vectors

    @property
    def filter_size(self) -> int:
        return self.rows * self.lanes if self.few else self.rows * self.columns * self.channels

    @property
    def size(self) -> int:
        return _rounded(self.filters * self.filter_size)

    def places(self) -> Any:
        """Where each weight of the public array is."""
        f, c, i, j = np.indices((self.filters, self.channels, self.rows, self.columns))
        if self.few:
            return f * self.filter_size + i * self.lanes + j * self.channels + c
        taps = self.rows * self.columns
        return f * self.filter_size + (c // self.block * taps + i * self.columns + j) * self.block + c % self.block

    def pack(self, array: Any) -> Any:
        flat = np.zeros(self.size, np.float32)
        flat[self.places().reshape(-1)] = np.asarray(array, np.float32).reshape(-1)
        return flat

    def unpack(self, flat: Any) -> Any:
        return flat[self.places().reshape(-1)].reshape(self.shape)


@dataclass(frozen=True)
class Copied:
    """The same weights as `Filters`, for the way forward, where the layout is another one."""

    filters: Filters

    @property
    def size(self) -> int:
        return self.filters.size

    def table(self, layout: FilterByFilter) -> Any:
        """For each number, the place in `layout` that it is copied from, or -1 for zero."""
        return self.filters.arrange(layout.places() + 1) - 1


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


@dataclass(frozen=True)
class Rows:
    """A dense layer's (N, inputs) for few units, as [block of inputs][N][width]: vectors lie along the inputs, where N
    would not fill one, and all three passes read the same arrangement. Inputs are a whole number of blocks. Of a
    convolution that sees all of its input, (N, channels, window), they stand as values lie: by place, then channel."""

    shape: tuple[int, ...]
    width: int

    @property
    def units(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        return _rounded(prod(self.shape))

    def pack(self, array: Any) -> Any:
        flat = np.zeros(self.size, np.float32)
        inputs = np.asarray(array, np.float32).reshape(*self.shape[:2], -1).swapaxes(1, 2)
        blocks = inputs.reshape(self.units, -1, self.width)
        flat[: prod(self.shape)] = blocks.transpose(1, 0, 2).reshape(-1)
        return flat

    def unpack(self, flat: Any) -> Any:
        blocks = flat[: prod(self.shape)].reshape(-1, self.units, self.width)
        inputs = blocks.transpose(1, 0, 2).reshape(self.units, -1, self.shape[1])
        return np.ascontiguousarray(inputs.swapaxes(1, 2)).reshape(self.shape)


def vectors_for(count: int, target: Target) -> tuple[int, int]:
    """Lanes and vectors of a block for `count` filters: few filters take short vectors, many take two or three a block.
    On a GPU all filters are one block: weights are a matrix, its rows padded to whole vectors."""
    if target.whole_batch:
        return target.lanes, -(-count // target.lanes)
    lanes = next((n for n in (4, 8, 16) if n >= count and n <= target.lanes), target.lanes)
    needed = -(-count // lanes)
    most = 3 if target.registers >= 32 else 2
    if needed <= most:
        return lanes, needed
    return lanes, next((n for n in (2, 3) if n <= most and needed % n == 0), 2)
