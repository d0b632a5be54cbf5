"""What the expressions of a course's files can call: rounding, and the worked convolutions of convdsl.teaching."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from convdsl.messages import decimals
from convdsl.teaching.course import algebra
from convdsl.teaching.course.seen import drawing, picture, plot
from convdsl.teaching.worked.convolution import Correlation, Options, Pooling, Transposed
from convdsl.teaching.worked.exact import Number, whole
from convdsl.teaching.worked.kernels import Kernel, combined, read_kernel
from convdsl.teaching.worked.matrix import Rows

LARGEST_SETTING = 99
"""The largest window, stride, padding, dilation and number of decimals: an exercise is worked by hand."""


def _small(*settings: int | None) -> None:
    """Raises ValueError for a setting beyond what an exercise needs, which would take for ever."""
    for value in settings:
        if value is not None and not (isinstance(value, int) and -LARGEST_SETTING <= value <= LARGEST_SETTING):
            raise ValueError(f"{value} is not between {-LARGEST_SETTING} and {LARGEST_SETTING}")


def is_matrix(value: object) -> bool:
    """Whether a value is rows of numbers."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(row, tuple) for row in value)


def _kernel(kernel: str | Rows | Kernel) -> Kernel:
    if isinstance(kernel, Kernel):
        return kernel
    if is_matrix(kernel):
        return Kernel(None, kernel)  # type: ignore[arg-type]
    found = read_kernel(str(kernel))
    if not isinstance(found, Kernel):
        raise ValueError(f"{kernel} has no weights")
    return found


def _correlate(matrix: Rows, kernel: Any, s: int = 1, p: int = 0, d: int = 1) -> Rows:
    """Cross-correlation with stride s, padding p and dilation d."""
    _small(s, p, d)
    return Correlation(matrix, _kernel(kernel), Options((s,), (p,), (d,))).output


def _convolve(matrix: Rows, kernel: Any, s: int = 1, p: int = 0, d: int = 1) -> Rows:
    """Convolution: the kernel is turned by 180° first."""
    _small(s, p, d)
    return Correlation(matrix, _kernel(kernel), Options((s,), (p,), (d,)), true=True).output


def _transposed(matrix: Rows, kernel: Any, s: int = 1, p: int = 0) -> Rows:
    _small(s, p)
    return Transposed(matrix, _kernel(kernel), Options((s,), (p,))).output


def _pool(mode: str) -> Callable[..., Rows]:
    def pool(matrix: Rows, k: int, s: int | None = None, p: int = 0) -> Rows:
        _small(k, s, p)
        return Pooling(matrix, mode, (k, k), Options((s or k,), (p,))).output

    return pool


def _compose(first: Any, second: Any) -> Rows:
    """The one kernel that does what two do one after the other."""
    both = combined(_kernel(first), _kernel(second))
    return _scaled(both)


def _entries(kernel: Any) -> Rows:
    """The entries of a kernel, its divisor carried out."""
    return _scaled(_kernel(kernel))


def _mean(size: int) -> Rows:
    """The kernel that takes the mean of a window."""
    _small(size)
    return _scaled(_kernel(f"mean {size}"))


def _scaled(kernel: Kernel) -> Rows:
    return tuple(tuple(whole(Fraction(v) / kernel.divisor) for v in row) for row in kernel.rows)


def _turned(matrix: Rows) -> Rows:
    return tuple(row[::-1] for row in matrix[::-1])


def _positive(value: Number) -> Number:
    return value if value > 0 else 0


def _relu(matrix: Rows) -> Rows:
    return tuple(tuple(_positive(v) for v in row) for row in matrix)


def _absolute(matrix: Rows) -> Rows:
    return tuple(tuple(v if v > 0 else -v for v in row) for row in matrix)


def _at(matrix: Rows, row: int, column: int) -> Number:
    """An entry; rows and columns count from 1."""
    if not (1 <= row <= len(matrix) and 1 <= column <= len(matrix[0])):
        raise ValueError(f"there is no entry ({row}, {column})")
    return matrix[row - 1][column - 1]


def _total(matrix: Rows) -> Number:
    return sum(algebra.flatten(matrix))


def _rounded(value: Number, places: int = 0) -> Number:
    """Half away from zero, as at school."""
    _small(places)
    scaled = abs(Fraction(value)) * 10**places + Fraction(1, 2)
    return whole(Fraction(math.floor(scaled), 10**places) * (-1 if value < 0 else 1))


def _product(values: tuple[int, ...]) -> int:
    return math.prod(values)


def _places(value: Number, places: int) -> str:
    """A value with so many decimals, zeros too, as the language in use writes it: `2.0`, in Spanish `2,0`."""
    rounded = _rounded(value, max(places, 0))
    digits = f"{abs(int(rounded * 10**places)):0{places + 1}d}" if places > 0 else str(abs(rounded))
    written = f"{digits[:-places]}.{digits[-places:]}" if places > 0 else digits
    return decimals(f"−{written}" if rounded < 0 else written)


def _table(rows: tuple[tuple[Any, ...], ...]) -> str:
    """Rows of texts and numbers in aligned columns, as Keras prints a summary: `(None, 26, 26, 32)`, `1,792`."""
    if not rows:
        raise ValueError("a table has rows")
    _small(len(rows), *map(len, rows))
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(str, ('None', *value)))})"
    return f"{value:,}" if isinstance(value, int) else str(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "len": len,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": _rounded,
    "product": _product,
    "sum": _total,
    "at": _at,
    "flatten": algebra.flatten,
    "turned": _turned,
    "entries": _entries,
    "mean": _mean,
    "relu": _relu,
    "absolute": _absolute,
    "compose": _compose,
    "correlate": _correlate,
    "convolve": _convolve,
    "transposed": _transposed,
    "maxpool": _pool("max"),
    "minpool": _pool("min"),
    "avgpool": _pool("avg"),
    "medianpool": _pool("median"),
    "table": _table,
    "places": _places,
    "picture": picture,
    "plot": plot,
    "drawing": drawing,
    **algebra.FUNCTIONS,
}
"""Every function by its name."""
