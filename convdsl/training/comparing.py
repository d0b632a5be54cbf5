"""Figures of several runs set side by side: is a difference more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np

from convdsl.training.intervals import Z

_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110,
      2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)  # fmt: skip
"""Student's t for 95 % on both sides, for 1 to 30 degrees of freedom (Fisher and Yates' tables)."""


class Mean(NamedTuple):
    """The mean over `runs` figures and half of its interval of 95 %; None where one figure alone has none."""

    value: float
    half: float | None
    runs: int


def mean_of(values: Sequence[float]) -> Mean:
    """The mean over repeated runs, with Student's interval."""
    count = len(values)
    if count < 2:
        return Mean(values[0], None, count)
    quantile = _T[count - 2] if count - 2 < len(_T) else Z
    return Mean(mean(values), quantile * stdev(values) / sqrt(count), count)


def paired(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """How much larger the share of right answers is in `first` than in `second`, which answered the same images (both
    (n,) of truth values), with the ends of its interval of 95 % (Wald's for pairs with half an image added to each kind
    of disagreement: Agresti and Min, 2005)."""
    count = len(first)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    difference = (only_first - only_second) / max(count, 1)
    b, c, n = only_first + 0.5, only_second + 0.5, count + 2
    half = Z * sqrt(b + c - (b - c) ** 2 / n) / n
    middle = (b - c) / n
    return difference, middle - half, middle + half


def paired_means(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """How much smaller the mean of errors `first` is than that of `second`, of the same images (both (n,)), with the ends
    of its interval of 95 % (of the mean of differences)."""
    away = np.asarray(second, np.float64) - first
    half = Z * float(away.std(ddof=1)) / sqrt(len(away)) if len(away) > 1 else float("inf")
    return float(away.mean()), float(away.mean()) - half, float(away.mean()) + half
