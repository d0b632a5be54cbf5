"""Kernels one after another, and the single kernel that does the same; gradients from two kernels."""

from __future__ import annotations

from typing import NamedTuple

from convdsl.teaching.worked.convolution import Correlation, Options
from convdsl.teaching.worked.kernels import Kernel, combined
from convdsl.teaching.worked.matrix import Rows


class Chain(NamedTuple):
    """Several kernels, each applied to what the one before gave, and the one kernel that does the same at once.

    Convolution is associative: (x ∗ a) ∗ b = x ∗ (a ∗ b). Correlation is not, but (x ⋆ a) ⋆ b = x ⋆ (a ∗ b) as well.
    `agreeing` of the places give the same in one step and in several: all of them without padding; the others see the
    zeros of the padding a second time.
    """

    steps: tuple[Correlation, ...]
    equivalent: Kernel
    direct: Correlation

    @property
    def agreeing(self) -> int:
        """How many places give the same value either way."""
        there, here = self.steps[-1].output, self.direct.output
        return sum(a == b for one, other in zip(there, here, strict=True) for a, b in zip(one, other, strict=True))

    @property
    def total(self) -> int:
        """How many places there are."""
        return len(self.direct.output) * len(self.direct.output[0])


def chain(matrix: Rows, kernels: tuple[Kernel, ...], options: Options, true: bool) -> Chain:
    """Applies kernels in turn, all with the same options, and finds their equivalent. Raises SizeError, MatrixError.

    A later kernel slides over every S-th place of what came before: in the equivalent its entries stand S apart.
    """
    steps: list[Correlation] = []
    equivalent: Kernel | None = None
    step, before, after = (1, 1), (0, 0), (0, 0)
    for kernel in kernels:
        now = Correlation(steps[-1].output if steps else matrix, kernel, options, true)
        down, right = now.axes
        spread = kernel.spread(step[0] * down.d, step[1] * right.d)
        equivalent = spread if equivalent is None else combined(equivalent, spread)
        before = (before[0] + step[0] * down.before, before[1] + step[1] * right.before)
        after = (after[0] + step[0] * down.after, after[1] + step[1] * right.after)
        step = (step[0] * down.s, step[1] * right.s)
        steps.append(now)
    assert equivalent is not None
    if before != after:  # `same` with an even kernel: one more zero on one side
        matrix, before = _padded(matrix, before, after), (0, 0)
    axes = 1 if steps[0].is_signal else 0
    return Chain(tuple(steps), equivalent, Correlation(matrix, equivalent, Options(step[axes:], before[axes:]), true))


def _padded(matrix: Rows, before: tuple[int, int], after: tuple[int, int]) -> Rows:
    """A matrix with zeros around it: rows above and below, columns on the left and on the right."""
    width = before[1] + len(matrix[0]) + after[1]
    sides = (0,) * before[1], (0,) * after[1]
    rows = tuple((*sides[0], *row, *sides[1]) for row in matrix)
    return (*((0,) * width for _ in range(before[0])), *rows, *((0,) * width for _ in range(after[0])))


class Gradient(NamedTuple):
    """How fast and which way brightness changes: Gx and Gy of one pair of kernels."""

    name: str
    x: Correlation
    y: Correlation

    @property
    def squares(self) -> Rows:
        """Gx² + Gy² at every place: the magnitude is its root."""
        return tuple(
            tuple(a * a + b * b for a, b in zip(one, other, strict=True))
            for one, other in zip(self.x.output, self.y.output, strict=True)
        )
