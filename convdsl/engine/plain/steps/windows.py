"""Windows over a padded input: taps, and the room that they need."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from convdsl.engine.plain.steps.registry import Array
from convdsl.engine.plan import Window


def taps(window: Window) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """For each tap its number, and where its values stand in the padded input: one for each place of the window."""
    for number, tap in enumerate(product(*(range(k) for k in window.k))):
        starts = [t * d for t, d in zip(tap, window.d, strict=True)]
        axes = zip(starts, window.s, window.output, strict=True)
        yield number, (slice(None), *(slice(first, first + s * (o - 1) + 1, s) for first, s, o in axes))


def padding(window: Window) -> list[tuple[int, int]]:
    return [(0, 0), *window.frame, (0, 0)]


def unpadded(x: Array, window: Window) -> Array:
    axes = zip(window.before, window.input, strict=True)
    return x[(slice(None), *(slice(b, b + n) for b, n in axes))]


def room(x: Array, window: Window, channels: int) -> Array:
    """Zeros for the padded input of a window whose output x is."""
    sizes = [n + sum(f) for n, f in zip(window.input, window.frame, strict=True)]
    return np.zeros((len(x), *sizes, channels), x.dtype)
