"""Values in a row behind a map: here they lie in the order H, W, C, elsewhere mostly in the order C, H, W. Whoever has a weight
for each of them, as the columns of a dense layer are, turns the weights once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Lying = tuple[tuple[int, ...], tuple[int, ...]]
"""A map (H, W, C) and the order of its axes in which its values lie."""


def is_row(shape: tuple[int, ...]) -> bool:
    """Whether the orders C, H, W and H, W, C are the same: one position, or one channel."""
    return shape[-1] == 1 or prod(shape[:-1]) == 1


def channels_first(shape: Sequence[int]) -> tuple[int, ...]:
    """The axes of a map (H, W, C) in the order C, H, W."""
    rank = len(shape) - 1
    return (rank, *range(rank))


def turned_columns(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The last axis, in the order of a map `shape` (H, W, C), in the order C, H, W."""
    import numpy as np

    parts = values.reshape(*values.shape[:-1], *shape)
    return np.ascontiguousarray(np.moveaxis(parts, -1, -len(shape))).reshape(values.shape)


def unturned(values: np.ndarray, lying: Lying | None) -> np.ndarray:
    """The last axis, in the order in which a map lies, in the order H, W, C; None is that order."""
    import numpy as np

    if lying is None:
        return values
    shape, axes = lying
    head = values.shape[:-1]
    parts = values.reshape(*head, *(shape[a] for a in axes))
    back = [len(head) + axes.index(a) for a in range(len(shape))]
    return np.ascontiguousarray(parts.transpose([*range(len(head)), *back])).reshape(values.shape)
