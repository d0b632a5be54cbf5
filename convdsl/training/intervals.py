"""How far a share may be from what it estimates: nothing is said of a training that a coin could have made."""

from __future__ import annotations

from math import sqrt

Z = 1.96
"""95 % of a normal distribution lie within so many standard deviations."""


def wilson(right: float, count: int, z: float = Z) -> tuple[float, float]:
    """The interval in which the true share lies with 95 % confidence, where `right` of `count` were right (Wilson, 1927).
    (0, 1) where nothing was counted."""
    if count <= 0:
        return 0.0, 1.0
    share = min(max(right / count, 0.0), 1.0)
    middle = share + z * z / (2 * count)
    reach = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    return max((middle - reach) / whole, 0.0), min((middle + reach) / whole, 1.0)


def difference(first: tuple[float, int], second: tuple[float, int]) -> tuple[float, float]:
    """The interval of the difference of two shares, each given with its count (Newcombe, 1998, from Wilson's)."""
    (a, n), (b, m) = first, second
    low_a, high_a = wilson(a * n, n)
    low_b, high_b = wilson(b * m, m)
    below = sqrt((a - low_a) ** 2 + (high_b - b) ** 2)
    above = sqrt((high_a - a) ** 2 + (b - low_b) ** 2)
    return a - b - below, a - b + above


def apart(first: tuple[float, int], second: tuple[float, int]) -> bool:
    """Whether the interval of the first share lies above that of the second: a stricter question than whether their
    difference is above 0, for shares of few."""
    (a, n), (b, m) = first, second
    return wilson(a * n, n)[0] > wilson(b * m, m)[1]
