"""How the engine keeps weights in memory, and the way to and from the public layout.

A layout is one formula: the place of a weight, from its index in the public array. What goes by it, on whole numbers or on
arrays of them, is the same for all.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from convdsl.engine.plan.values import ALIGNMENT, Target

_AT_ONCE = 1 << 20
"""Weights whose places are computed at once: there are networks with a hundred million."""


def _rounded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


class Layout:
    """`seen` are the sizes of the public array as `place` takes its indices; `size` is what there must be room for, and what
    has no weight in it is zero."""

    shape: tuple[int, ...]

    @property
    def seen(self) -> tuple[int, ...]:
        return self.shape

    @property
    def size(self) -> int:
        return _rounded(prod(self.shape))

    def place(self, *index: Any) -> Any:
        """Where the weight with this index is; for whole numbers, or for arrays of them."""
        raise NotImplementedError

    def places(self) -> array[int]:
        """Of all weights, in the order of the public array; made without NumPy."""
        return array("i", [self.place(*index) for index in product(*map(range, self.seen))])

    def pack(self, array: Any) -> Any:
        """The public array, (*shape), as the engine keeps it: float32, (size,)."""
        import numpy as np

        flat = np.zeros(self.size, np.float32)
        given = np.asarray(array, np.float32).reshape(self.seen)
        for part, places in self.parts():
            flat[places] = given[part]
        return flat

    def unpack(self, flat: Any) -> Any:
        """The other way."""
        import numpy as np

        result = np.empty(self.seen, np.float32)
        for part, places in self.parts():
            result[part] = flat[places]
        return result.reshape(self.shape)

    def parts(self) -> Iterator[tuple[slice, Any]]:
        """Stretches of the first axis, each with the places of its weights."""
        import numpy as np

        first, *others = self.seen
        some = max(1, _AT_ONCE // max(prod(others), 1))
        for start in range(0, first, some):
            part = slice(start, min(start + some, first))
            yield part, self.place(*np.ogrid[(part, *map(slice, others))])


@dataclass(frozen=True)
class Plain(Layout):
    """As the public layout has it."""

    shape: tuple[int, ...]

    @property
    def seen(self) -> tuple[int, ...]:
        return (prod(self.shape),)

    def place(self, n: Any) -> Any:
        return n


@dataclass(frozen=True)
class TapsFirst(Layout):
    """Depthwise filters (C·m, 1, *k) as [taps][C·m]."""

    shape: tuple[int, ...]

    @property
    def seen(self) -> tuple[int, ...]:
        return self.shape[0], prod(self.shape[1:])

    def place(self, f: Any, t: Any) -> Any:
        return t * self.shape[0] + f


@dataclass(frozen=True)
class Local(Layout):
    """Locally connected filters (positions…, F, C, *k) as [positions][taps][C][F]."""

    shape: tuple[int, ...]
    positions: int
    filters: int
    channels: int

    @property
    def taps(self) -> int:
        return prod(self.shape) // (self.positions * self.filters * self.channels)

    @property
    def seen(self) -> tuple[int, ...]:
        return self.positions, self.filters, self.channels, self.taps

    def place(self, p: Any, f: Any, c: Any, t: Any) -> Any:
        return ((p * self.taps + t) * self.channels + c) * self.filters + f


@dataclass(frozen=True)
class Filters(Layout):
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
    def seen(self) -> tuple[int, ...]:
        return self.groups * self.filters, self.channels, self.taps

    def place(self, n: Any, c: Any, t: Any) -> Any:
        f = n % self.filters
        block = n // self.filters * self.blocks + f // self.width
        return ((block * self.taps + t) * self.channels + c) * self.width + f % self.width


@dataclass(frozen=True)
class FilterByFilter(Layout):
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

    @property
    def seen(self) -> tuple[int, ...]:
        return self.filters, self.channels, self.rows * self.columns

    def place(self, f: Any, c: Any, t: Any) -> Any:
        if self.few:
            return f * self.filter_size + t // self.columns * self.lanes + t % self.columns * self.channels + c
        taps = self.rows * self.columns
        return f * self.filter_size + (c // self.block * taps + t) * self.block + c % self.block


@dataclass(frozen=True)
class Copied:
    """The same weights as `Filters`, for the way forward, where the layout is another one."""

    filters: Filters

    @property
    def size(self) -> int:
        return self.filters.size

    def table(self, layout: FilterByFilter) -> Any:
        """For each number, the place in `layout` that it is copied from, or -1 for zero."""
        import numpy as np

        table = np.full(self.size, -1, np.int32)
        for (_, to), (_, source) in zip(self.filters.parts(), layout.parts(), strict=True):
            table[to] = source
        return table


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
class Rows(Layout):
    """A dense layer's (N, inputs) for few units, as [block of inputs][N][width]: vectors lie along the inputs, where N
    would not fill one, and all three passes read the same arrangement. Inputs are a whole number of blocks. Of a
    convolution that sees all of its input, (N, channels, window), they stand as values lie: by place, then channel."""

    shape: tuple[int, ...]
    width: int

    @property
    def units(self) -> int:
        return self.shape[0]

    @property
    def seen(self) -> tuple[int, ...]:
        return self.units, self.shape[1], prod(self.shape[2:])

    def place(self, u: Any, c: Any, p: Any) -> Any:
        n = p * self.shape[1] + c
        return (n // self.width * self.units + u) * self.width + n % self.width


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
