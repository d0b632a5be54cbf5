"""A part for the test, where the data bring none."""

from __future__ import annotations

import numpy as np

TEST_SHARE = 5
"""One image in five goes to the test."""


def shuffled(count: int, seed: int) -> np.ndarray:
    """The numbers 0 … count − 1 in an order that depends on `seed` only, on every machine and numpy version."""
    return np.random.RandomState(seed).permutation(count)  # its stream is frozen; default_rng's is not


def stratified(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (train, test), each in a shuffled order: a fifth of every class for the test, rounded, never all of it.

    Labels that are no single classes are split as one class.
    """
    order = shuffled(len(labels), seed)
    groups = [order] if labels.dtype.kind == "f" or labels.ndim > 1 else _by_class(order, labels)
    in_test = np.zeros(len(labels), bool)
    for group in groups:
        share = min(len(group) - 1, max(1, round(len(group) / TEST_SHARE)))
        in_test[group[:share]] = True
    return order[~in_test[order]], order[in_test[order]]


def _by_class(order: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    ranked = order[np.argsort(labels[order], kind="stable")]
    return np.split(ranked, np.flatnonzero(np.diff(labels[ranked])) + 1)
