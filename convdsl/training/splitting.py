"""Which images train, and which only watch."""

from __future__ import annotations

import numpy as np

from convdsl.training.settings import Settings

_WATCH, _LIMIT = 1_000_003, 1_000_033
"""Streams of their own for these draws, apart from those of the epochs."""


def limited(count: int, settings: Settings) -> np.ndarray:
    """The images that a run uses, in rising order: all, or `limit` of them drawn at random."""
    if not settings.limit or settings.limit >= count:
        return np.arange(count)
    return np.sort(np.random.RandomState([settings.seed, _LIMIT]).permutation(count)[: settings.limit])


def split(rows: np.ndarray, labels: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation part of the images `rows`, in rising order.

    The validation part has its share of every class (of regression targets: of all). At least one image stays to train.
    """
    wanted = settings.validation
    number = min(round(wanted * len(rows) if wanted < 1 else wanted), len(rows) - 1)
    if number <= 0:
        return rows, rows[:0]
    order = np.random.RandomState([settings.seed, _WATCH]).permutation(len(rows))
    if labels.ndim == 1 and labels.dtype.kind != "f":
        order = _by_turns(order, labels[rows])
    watch = np.zeros(len(rows), bool)
    watch[order[:number]] = True
    return rows[~watch], rows[watch]


def _by_turns(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The same numbers, arranged so that every beginning holds the classes in their proportions."""
    ranked = order[np.argsort(labels[order], kind="stable")]
    _, starts, counts = np.unique(labels[ranked], return_index=True, return_counts=True)
    place = np.concatenate([(np.arange(n) + 0.5) / n for n in counts])
    return ranked[np.argsort(place, kind="stable")] if len(starts) > 1 else order
