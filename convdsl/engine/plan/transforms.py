"""The matrices of fast convolution after Toom, Cook and Winograd (Lavin and Gray, arXiv:1509.09308).

m outputs of a filter of r taps are products of polynomials, told from their values at m + r − 2 points and at infinity:
y = Aᵀ[(G·g) ⊙ (Bᵀ·d)], with m + r − 1 multiplications instead of m·r; in two dimensions the matrices stand on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import prod

Matrix = tuple[tuple[float, ...], ...]

_POINTS: dict[int, tuple[Fraction, ...]] = {
    1: (),
    4: (Fraction(0), Fraction(1), Fraction(-1)),
    6: (Fraction(0), Fraction(2, 3), Fraction(-2, 3), Fraction(3, 2), Fraction(-3, 2)),
}
"""By m + r − 1. With ±2/3 and ±3/2 rounding errs a quarter of what it does with ±1 and ±2."""


@cache
def matrices(m: int, r: int) -> tuple[Matrix, Matrix, Matrix]:
    """Aᵀ (m, n), G (n, r) and Bᵀ (n, n), n = m + r − 1."""
    n = m + r - 1
    points = _POINTS[n]
    others = [[q for q in points if q != p] for p in points]
    a = [[*(p**k for p in points), Fraction(k == m - 1)] for k in range(m)]
    g = [[p**k / prod(p - q for q in rest) for k in range(r)] for p, rest in zip(points, others, strict=True)]
    g.append([Fraction(k == r - 1) for k in range(r)])
    b = [_polynomial(roots, n) for roots in (*others, points)]
    return _floats(a), _floats(g), _floats(b)


def _polynomial(roots: Sequence[Fraction], size: int) -> list[Fraction]:
    """The coefficients of Π (x − root), the constant one first."""
    result = [Fraction(1)] + [Fraction(0)] * (size - 1)
    for root in roots:
        result = [before - root * here for before, here in zip([Fraction(0), *result], result, strict=False)]
    return result


def _floats(rows: list[list[Fraction]]) -> Matrix:
    return tuple(tuple(float(n) for n in row) for row in rows)
