"""Sizes of the tiles of a product, and how its operands come in; chosen from the sizes and strides alone."""

from __future__ import annotations

from dataclasses import dataclass

from convdsl.engine.cuda.translate import merged

MULTIPROCESSORS = 132
"""Of an H100 or H200; splitting a product aims at two blocks for each. Fixed, so that results are the same on every GPU."""


@dataclass(frozen=True)
class Axis:
    """An index as digits (size, stride in one operand, stride in the other, …), outermost first; with `images` the first
    digit is the image, of which there are as many as the batch has. `total` leaves the images out."""

    digits: tuple[tuple[int, ...], ...]
    images: bool = False

    @classmethod
    def of(cls, *digits: tuple[int, ...], images: bool = False, keep: bool = False) -> Axis:
        return cls(tuple(digits) if keep else tuple(merged(*digits)), images)

    @property
    def total(self) -> int:
        result = 1
        for size, *_ in self.digits:
            result *= size
        return result

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(d[0] for d in self.digits)

    def strides(self, operand: int) -> tuple[int, ...]:
        return tuple(d[1 + operand] for d in self.digits)

    def contiguous(self, operand: int) -> bool:
        """Whether four neighbours from every fourth on are four numbers in a row, at a multiple of four numbers."""
        *outer, (size, *inner) = self.digits
        return inner[operand] == 1 and size % 4 == 0 and all(d[1 + operand] % 4 == 0 for d in outer)

    def aligned(self, operand: int) -> bool:
        return all(d[1 + operand] % 4 == 0 for d in self.digits)


@dataclass(frozen=True)
class Tile:
    """Rows and columns of a thread block and of a thread; `step` of the inner index at a time."""

    rows: int
    columns: int
    step: int
    block: tuple[int, int]

    @property
    def threads(self) -> int:
        return (self.rows // self.block[0]) * (self.columns // self.block[1])


def tile_for(rows: int, columns: int, inner: int) -> Tile:
    i, j = _power(rows, 16, 128), _power(columns, 16, 64)
    if i * j < 1024:
        i, j = (max(i, 1024 // j), j) if rows > columns else (i, max(j, 1024 // i))
    block = (8, 8) if i * j >= 128 * 64 else (8, 4) if i * j >= 64 * 64 and i >= j else (4, 4)
    return Tile(i, j, 16 if inner > 32 and block != (8, 8) else 8, block)  # sums of 8x8 leave few registers for more


def splits_for(blocks: int, inner: int, step: int) -> int:
    """Parts of the inner index, so that all multiprocessors have work; each part is eight steps long or more."""
    wanted = -(-2 * MULTIPROCESSORS // blocks)
    return max(1, min(wanted, inner // (8 * step)))


def shares_for(rows: int, blocks: int) -> int:
    """Parts of a sum over `rows`, of 64 rows or more."""
    return max(1, min(-(-4 * MULTIPROCESSORS // blocks), rows // 64, 256))


def fetch(extent: int, step: int, threads: int, wide: bool, along_inner: bool) -> tuple[int, bool, int, int, int]:
    """How a tile of `extent` by `step` comes in; see the kernel `contract`."""
    width = 4 if wide else 1
    near, far = (step // width, extent) if along_inner else (extent // width, step)
    return width, along_inner, near, far, -(-near * far // threads)


def lanes_for(channels: int) -> int:
    """Threads side by side over the channels in a sum over positions."""
    return _power(channels, 1, 32)


def _power(count: int, least: int, most: int) -> int:
    """The power of two that is not smaller."""
    result = least
    while result < min(count, most):
        result *= 2
    return result
