"""Windows that slide over a matrix, worked by hand: what is under the window at each place, the products and the sum.

Rows and columns count from 0 here. How many places there are, and where the zeros go, the layers' own declarations say
(`geometry` of conv, tconv and the pooling layers), so that this arithmetic cannot differ from `check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from convdsl.layers import BY_NAME, Axis
from convdsl.messages import Grouped, T
from convdsl.teaching.worked.exact import Number, whole
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.matrix import MatrixError, Rows

MOST_PRODUCTS = 10_000_000
POOLINGS = ("max", "min", "avg", "median")


class Options(NamedTuple):
    """How a window slides: stride, padding and dilation for one axis or each of two; padding may be a word."""

    s: tuple[int, ...] | None = None
    p: tuple[int, ...] | str = (0,)
    d: tuple[int, ...] = (1,)
    op: tuple[int, ...] = (0,)


class Cell(NamedTuple):
    """What the window sees at one of its entries. Outside the matrix it is a zero of the padding."""

    row: int
    column: int
    value: Number
    inside: bool


class Term(NamedTuple):
    """A product that takes part in a sum."""

    value: Number
    weight: Number


class Operation:
    """A matrix, the layer whose geometry is used, and how one output comes about. `axes` has one Axis for rows and one
    for columns; a matrix of one row that meets a kernel of one row is a signal, and its rows are left alone."""

    symbol = ""

    def __init__(self, matrix: Rows, layer: str, window: tuple[int, int], options: Options, **given: Any) -> None:
        self.matrix = matrix
        self.window = window
        self.options = options
        self.axes = self._axes(layer, given)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the output."""
        return self.axes[0].output, self.axes[1].output

    @cached_property
    def output(self) -> Rows:
        """All values of the output. Raises MatrixError where that would take too long."""
        self._limit()
        return tuple(tuple(self.value(r, c) for c in range(self.size[1])) for r in range(self.size[0]))

    @property
    def is_signal(self) -> bool:
        """Whether the rows are left alone: one row under a window of one row."""
        return len(self.matrix) == self.window[0] == 1

    def places(self) -> Iterator[tuple[int, int]]:
        """Row and column of every output, in reading order."""
        yield from ((r, c) for r in range(self.size[0]) for c in range(self.size[1]))

    def value(self, row: int, column: int) -> Number:
        """One value of the output."""
        raise NotImplementedError

    def cells(self, row: int, column: int) -> tuple[tuple[Cell, ...], ...]:
        """What the window sees for one output, row by row."""
        down, right = self.axes
        top, left = row * down.s - down.before, column * right.s - right.before
        return tuple(
            tuple(self._cell(top + i * down.d, left + j * right.d) for j in range(right.k)) for i in range(down.k)
        )

    def _cell(self, row: int, column: int) -> Cell:
        inside = 0 <= row < len(self.matrix) and 0 <= column < len(self.matrix[0])
        return Cell(row, column, self.matrix[row][column] if inside else 0, inside)

    def _axes(self, layer: str, given: dict[str, Any]) -> tuple[Axis, Axis]:
        height, width = len(self.matrix), len(self.matrix[0])
        options: dict[str, Any] = {"p": self.options.p, "d": self.options.d, **given}
        if self.options.s is not None:
            options["s"] = self.options.s
        if self.is_signal:
            declared = BY_NAME[layer](k=self.window[1:], **options)
            return Axis(1, 1, 1, 0, 0, 1, 1), declared.geometry((width, 1))[0]  # type: ignore[attr-defined]
        axes = BY_NAME[layer](k=self.window, **options).geometry((height, width, 1))  # type: ignore[attr-defined]
        return axes[0], axes[1]

    @property
    def products(self) -> int:
        """Products that the whole output takes."""
        return self.size[0] * self.size[1] * self.window[0] * self.window[1]

    def _limit(self) -> None:
        if self.products > MOST_PRODUCTS:
            raise MatrixError(
                T(
                    "That would be {n} products; {limit} are the limit.",
                    n=Grouped(self.products),
                    limit=Grouped(MOST_PRODUCTS),
                ),
                T("Large pictures are filtered as image files: .png or .jpg."),
            )


class Correlation(Operation):
    """The window's values times the kernel's, added up: what convolutional networks compute. `true` rotates the kernel
    by 180° first, which makes it a convolution."""

    def __init__(self, matrix: Rows, kernel: Kernel, options: Options, true: bool = False) -> None:
        self.kernel = kernel
        self.true = true
        self.symbol = "∗" if true else "⋆"
        self.applied = kernel.turned if true else kernel
        super().__init__(matrix, "conv", kernel.size, options, filters=1)

    def terms(self, row: int, column: int) -> tuple[tuple[Term, ...], ...]:
        """The products for one output, row by row of the kernel as it is applied."""
        return tuple(
            tuple(Term(cell.value, weight) for cell, weight in zip(cells, weights, strict=True))
            for cells, weights in zip(self.cells(row, column), self.applied.rows, strict=True)
        )

    def value(self, row: int, column: int) -> Number:
        down, right = self.axes
        top, left = row * down.s - down.before, column * right.s - right.before
        total: Number = 0
        for i, weights in enumerate(self.applied.rows):
            r = top + i * down.d
            if 0 <= r < len(self.matrix):
                line = self.matrix[r]
                for j, weight in enumerate(weights):
                    c = left + j * right.d
                    if weight and 0 <= c < len(line):
                        total += line[c] * weight
        return _divide(total, self.kernel.divisor)


class Transposed(Operation):
    """Every value spreads the kernel, times itself, over the output; where spreads overlap, they add up."""

    symbol = "⋆ᵀ"

    def __init__(self, matrix: Rows, kernel: Kernel, options: Options, true: bool = False) -> None:
        self.kernel = kernel
        self.true = true
        self.applied = kernel.turned if true else kernel
        super().__init__(matrix, "tconv", kernel.size, options, filters=1, op=options.op)

    def sources(self, row: int, column: int) -> tuple[tuple[Cell, Term], ...]:
        """The inputs that reach one output, each with the weight by which it does."""
        down, right = self.axes
        found = []
        for i in range(len(self.matrix)):
            u, beside = divmod(row + down.before - i * down.s, down.d)
            if beside or not 0 <= u < down.k:
                continue
            for j in range(len(self.matrix[0])):
                v, beside = divmod(column + right.before - j * right.s, right.d)
                if not beside and 0 <= v < right.k:
                    cell = self._cell(i, j)
                    found.append((cell, Term(cell.value, self.applied.rows[u][v])))
        return tuple(found)

    def value(self, row: int, column: int) -> Number:
        return self.output[row][column]

    @cached_property
    def output(self) -> Rows:
        """All values of the output, each input spread in turn. Raises MatrixError where that would take too long."""
        self._limit()
        down, right = self.axes
        rows: list[list[Number]] = [[0] * self.size[1] for _ in range(self.size[0])]
        for i, line in enumerate(self.matrix):
            for j, value in enumerate(line):
                for u, weights in enumerate(self.applied.rows):
                    r = i * down.s + u * down.d - down.before
                    if 0 <= r < len(rows):
                        for v, weight in enumerate(weights):
                            c = j * right.s + v * right.d - right.before
                            if 0 <= c < len(rows[r]):
                                rows[r][c] += value * weight
        return tuple(tuple(_divide(v, self.kernel.divisor) for v in row) for row in rows)


class Pooling(Operation):
    """The largest, smallest, mean or middle value under the window. Padding never wins; the mean counts its zeros."""

    def __init__(self, matrix: Rows, mode: str, window: tuple[int, int], options: Options) -> None:
        self.mode = mode
        super().__init__(matrix, f"{mode}pool", window, options)

    def values(self, row: int, column: int) -> tuple[Number, ...]:
        """The values that count under the window for one output: for the median in rising order."""
        seen = [c.value for cells in self.cells(row, column) for c in cells if c.inside or self.mode == "avg"]
        return tuple(sorted(seen) if self.mode == "median" else seen)

    def value(self, row: int, column: int) -> Number:
        seen = self.values(row, column)
        if self.mode == "avg":
            return _divide(sum(seen), len(seen))
        if self.mode == "median":
            return seen[(len(seen) - 1) // 2]
        return max(seen) if self.mode == "max" else min(seen)


def _divide(total: Number, divisor: int) -> Number:
    return whole(total if divisor == 1 else Fraction(total) / divisor)
