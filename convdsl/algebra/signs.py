"""Between which numbers a formula lies, as far as the least values of its symbols say it.

sympy can say more, but for a long polynomial it looks for its roots, and that takes as long as it likes.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, prod
from typing import Any

import sympy

Bound = int | Fraction | None
"""A number, or None where there is no bound."""

MAX_POWER = 100


def bounds(value: Any) -> tuple[Bound, Bound]:
    """A number that a formula is never below, and one that it is never above."""
    if isinstance(value, sympy.Rational):
        exact = Fraction(int(value.p), int(value.q))
        return exact, exact
    if isinstance(value, sympy.Symbol):
        return int(bool(value.is_positive)) if value.is_nonnegative else None, None
    inner = [bounds(part) for part in value.args]
    lows, highs = [low for low, _ in inner], [high for _, high in inner]
    match value:
        case sympy.Add():
            return _apply(sum, lows), _apply(sum, highs)
        case sympy.Mul():
            return _product(value, inner)
        case sympy.Pow() if value.exp.is_Integer and lows[0] is not None and lows[0] >= 0:
            return _power(lows[0], highs[0], int(value.exp))
        case sympy.floor() | sympy.ceiling():
            to_whole = floor if isinstance(value, sympy.floor) else ceil
            return _apply(lambda b: to_whole(b[0]), lows), _apply(lambda b: to_whole(b[0]), highs)
        case sympy.Max():
            return max((b for b in lows if b is not None), default=None), _apply(max, highs)
        case sympy.Min():
            return _apply(min, lows), min((b for b in highs if b is not None), default=None)
    return None, None


def _apply(function: Any, values: list[Bound]) -> Bound:
    return None if None in values else function(values)


def _product(value: Any, inner: list[tuple[Bound, Bound]]) -> tuple[Bound, Bound]:
    """Of a number and factors that are not below zero."""
    coefficient = value.args[0]
    if isinstance(coefficient, sympy.Rational) and coefficient < 0:
        low, high = bounds(-value)
        return None if high is None else -high, None if low is None else -low
    lows = [low for low, _ in inner]
    if any(low is None or low < 0 for low in lows):
        return None, None
    return _apply(prod, lows), _apply(prod, [high for _, high in inner])


def _power(low: Any, high: Bound, power: int) -> tuple[Bound, Bound]:
    if power > MAX_POWER:
        return min(low, 1), None
    if power > 0:
        return low**power, None if high is None else high**power
    return 0 if high is None else Fraction(high) ** power, None if low == 0 else Fraction(low) ** power
