"""Kernels for convolution by hand: the named ones of the layer `filter`, or a matrix."""

from __future__ import annotations

import re
from difflib import get_close_matches
from fractions import Fraction
from typing import NamedTuple

from convdsl.layers import BY_NAME, Argument, SizeError
from convdsl.layers.arguments import Choice
from convdsl.layers.filtering import Filter
from convdsl.messages import T
from convdsl.teaching.worked.exact import Number, whole
from convdsl.teaching.worked.matrix import Matrix, MatrixError, Rows, read_matrix

GRADIENTS = ("sobel", "prewitt")
"""Pairs of kernels, for x and y, that give a gradient."""
_NAMED = re.compile(r"([a-z_]+?)[\s_]*(?:k?\s*([0-9]{1,3})(?:\s*[x×]\s*([0-9]{1,3}))?)?")
_WIDEST = 101


class Kernel(NamedTuple):
    """A kernel as it is written down: `rows`, all divided by `divisor`, with a name or none."""

    name: str | None
    rows: Rows
    divisor: int = 1
    fractions: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def turned(self) -> Kernel:
        """Rotated by 180°, as convolution wants it."""
        return self._replace(rows=tuple(row[::-1] for row in self.rows[::-1]))

    @property
    def total(self) -> Number:
        """The sum of its entries, the divisor not carried out."""
        return sum(sum(row) for row in self.rows)

    def spread(self, rows: int, columns: int) -> Kernel:
        """The same with its entries `rows` and `columns` apart, zeros between them: what a dilation makes of it."""
        height, width = self.size
        wide: list[list[Number]] = [[0] * ((width - 1) * columns + 1) for _ in range((height - 1) * rows + 1)]
        for i, row in enumerate(self.rows):
            wide[i * rows][::columns] = row
        return self._replace(rows=tuple(map(tuple, wide)))


class Median(NamedTuple):
    """The median of a window: named among the kernels, but it is no weighted sum."""

    size: tuple[int, int]


def names() -> tuple[str, ...]:
    """All names of kernels, the median among them."""
    argument: Argument = BY_NAME["filter"].arguments["kernel"]
    return argument.words if isinstance(argument, Choice) else ()


def read_kernel(written: str) -> Kernel | Median:
    """The kernel that a name (`sobel_x`, `gaussian 5`) or a matrix means. Raises MatrixError."""
    match = _NAMED.fullmatch(written.strip().lower().replace("-", "_"))
    if match is not None:
        return _named(match[1], int(match[2]) if match[2] else None, int(match[3]) if match[3] else None, written)
    return typed(read_matrix(written))


def typed(matrix: Matrix) -> Kernel:
    """A matrix as a kernel. Raises MatrixError where it is too wide."""
    if max(matrix.size) > _WIDEST:
        raise MatrixError(T("A kernel is at most {n} wide.", n=_WIDEST))
    return Kernel(None, matrix.rows, matrix.divisor, matrix.fractions)


def _named(name: str, height: int | None, width: int | None, written: str) -> Kernel | Median:
    if name not in names():
        close = get_close_matches(name, names(), 1)
        if name in GRADIENTS:
            help = T("There are `{name}_x` and `{name}_y`; a gradient takes both.", name=name)
        elif close:
            help = T("Did you mean `{name}`?", name=close[0])
        else:
            help = T("Kernels: {names}; or a matrix such as `1 0 -1; 2 0 -2; 1 0 -1`.", names=", ".join(names()))
        raise MatrixError(T("There is no kernel `{name}`.", name=written), help)
    height = 3 if height is None else height
    size = (height, height if width is None else width)
    if not 1 <= min(size) <= max(size) <= _WIDEST:
        raise MatrixError(T("A kernel is between 1 and {n} wide.", n=_WIDEST))
    if name == "median":
        return Median(size)
    try:
        answer = Filter(kernel=name, k=size).divided_rows()
    except SizeError as error:
        raise MatrixError(error.message) from None
    assert answer is not None
    divisor, rows = answer
    return Kernel(name, rows, int(divisor), divisor != 1)  # type: ignore[arg-type]  # a classic kernel's rows are whole


def recognised(kernel: Kernel) -> tuple[str, Number] | None:
    """The name of the classic kernel that a typed matrix is a multiple of, and which multiple."""
    if kernel.name is not None or kernel.size == (1, 1):
        return None
    for name in names():
        try:
            classic = read_kernel(f"{name} {kernel.size[0]}x{kernel.size[1]}")
        except MatrixError:
            continue
        factor = _multiple(kernel.rows, classic.rows) if isinstance(classic, Kernel) else 0
        if factor and isinstance(classic, Kernel):
            return name, whole(factor * Fraction(classic.divisor, kernel.divisor))
    return None


def _multiple(rows: Rows, classic: Rows) -> Fraction:
    """How many times `classic` some rows are; 0 where they are no multiple of it."""
    pairs = [(a, b) for one, other in zip(rows, classic, strict=True) for a, b in zip(one, other, strict=True)]
    a, b = next(pair for pair in pairs if pair[1])
    factor = Fraction(a) / b
    return factor if all(x == factor * y for x, y in pairs) else Fraction(0)


def combined(first: Kernel, second: Kernel) -> Kernel:
    """The one kernel that does what `first` and then `second` do: their full convolution, of size F₁ + F₂ − 1."""
    (h1, w1), (h2, w2) = first.size, second.size
    rows: list[list[Number]] = [[0] * (w1 + w2 - 1) for _ in range(h1 + h2 - 1)]
    for i, row in enumerate(first.rows):
        for j, a in enumerate(row):
            for u, other in enumerate(second.rows):
                for v, b in enumerate(other):
                    rows[i + u][j + v] += a * b
    return Kernel(None, tuple(map(tuple, rows)), first.divisor * second.divisor, first.fractions or second.fractions)
