"""What expressions can do with rows of numbers and with curves: W·x, mean and variance, σ, tanh, roots, angles.

What is not rational is rounded to 15 decimals, far beyond the two that an answer needs, so that values stay exact numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from convdsl.teaching.worked.exact import Number, whole
from convdsl.teaching.worked.matrix import Rows

DECIMALS = 15
LARGEST_ARGUMENT = 50
"""The largest argument of exp and its kin: e⁵⁰ is more than an exercise needs."""
MOST_ENTRIES = 10_000
"""The most entries of a matrix here, and of a product: an exercise is worked by hand."""


def flatten(matrix: Any) -> tuple[Number, ...]:
    """All entries of a matrix, row by row; a row stays as it is."""
    return tuple(v for row in matrix for v in row) if matrix and isinstance(matrix[0], tuple) else tuple(matrix)


def _decimal(value: float) -> Number:
    return whole(Fraction(round(value * 10**DECIMALS), 10**DECIMALS))


def _curve(function: Callable[[float], float]) -> Callable[[Number], Number]:
    def value(x: Number) -> Number:
        if not -LARGEST_ARGUMENT <= x <= LARGEST_ARGUMENT:
            raise ValueError(f"{x} is not between {-LARGEST_ARGUMENT} and {LARGEST_ARGUMENT}")
        return _decimal(function(float(x)))

    return value


def _sigmoid(x: float) -> float:
    """1/(1 + e⁻ˣ), written so that neither end overflows."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def root(value: Number) -> Number:
    """The square root, exact where there is an exact one."""
    if value < 0:
        raise ValueError(f"{value} has no root")
    value = Fraction(value)
    over, under = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if (over * over, under * under) == (value.numerator, value.denominator):
        return whole(Fraction(over, under))
    scale = 10 ** (2 * DECIMALS)
    return whole(Fraction(math.isqrt(value.numerator * scale // value.denominator), 10**DECIMALS))


def degrees(y: Number, x: Number) -> Number:
    """The angle of the vector (x, y) in degrees, from −180 (left out) to 180. Raises ValueError for the null vector."""
    if x == y == 0:
        raise ValueError("the null vector has no direction")
    if x == 0 or y == 0 or abs(x) == abs(y):
        return round(math.degrees(math.atan2(y, x)))
    return _decimal(math.degrees(math.atan2(y, x)))


def _limit(entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise ValueError(f"{entries} entries are too many")


def matmul(left: Rows, right: Rows) -> Rows:
    """The product of two matrices: (n, m) by (m, k) gives (n, k). Raises ValueError where they do not fit."""
    if len(left[0]) != len(right):
        raise ValueError(f"{len(left)}×{len(left[0])} and {len(right)}×{len(right[0])} do not fit")
    _limit(len(left) * len(right) * len(right[0]))
    columns = tuple(zip(*right, strict=True))
    return tuple(
        tuple(whole(Fraction(sum(a * b for a, b in zip(row, column, strict=True)))) for column in columns)
        for row in left
    )


def transposed(matrix: Rows) -> Rows:
    """Rows become columns."""
    return tuple(zip(*matrix, strict=True))


def plus(left: Rows, right: Rows) -> Rows:
    """Two matrices of one size, added entry by entry. Raises ValueError where their sizes differ."""
    return tuple(
        tuple(whole(Fraction(a + b)) for a, b in zip(row, other, strict=True))
        for row, other in zip(left, right, strict=True)
    )


def scaled(matrix: Rows, factor: Number, shift: Number = 0) -> Rows:
    """Every entry times a factor, and something added: contrast and brightness."""
    return tuple(tuple(whole(Fraction(v * factor + shift)) for v in row) for row in matrix)


def clipped(matrix: Rows, low: Number, high: Number) -> Rows:
    """Every entry brought into a range."""
    return tuple(tuple(min(max(v, low), high) for v in row) for row in matrix)


def average(values: Any) -> Number:
    """The mean of a row or of a matrix."""
    entries = flatten(values)
    return whole(Fraction(sum(entries)) / len(entries))


def variance(values: Any) -> Number:
    """The mean squared distance from the mean, as batch normalisation takes it: divided by n, not by n − 1."""
    entries, middle = flatten(values), average(values)
    return whole(Fraction(sum((v - middle) ** 2 for v in entries)) / len(entries))


def one_hot(label: int, classes: int) -> Rows:
    """A row of zeros with a one at a label; labels count from 0. Raises ValueError for a label that is none."""
    if not isinstance(label, int) or not 0 <= label < classes <= MOST_ENTRIES:
        raise ValueError(f"{label} is no label of {classes} classes")
    return (tuple(int(n == label) for n in range(classes)),)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "root": root,
    "exp": _curve(math.exp),
    "sigmoid": _curve(_sigmoid),
    "tanh": _curve(math.tanh),
    "degrees": degrees,
    "matmul": matmul,
    "transpose": transposed,
    "plus": plus,
    "scaled": scaled,
    "clipped": clipped,
    "average": average,
    "variance": variance,
    "onehot": one_hot,
}
