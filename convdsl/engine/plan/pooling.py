"""What there is to know of each mode of pooling, for plans and for all that run them."""

from __future__ import annotations

from typing import NamedTuple


class Pooling(NamedTuple):
    """A mode of pooling."""

    chooses: bool = True
    """Whether its value is one of the window's: the way back follows the place that was chosen. Else all have a share."""
    in_blocks: bool = True
    """Whether its kernels take whole blocks of interleaved images."""
    joins: bool = False
    """Whether one kernel can do it together with the convolution before it."""


POOLINGS = {
    "avg": Pooling(chooses=False),
    "max": Pooling(joins=True),
    "min": Pooling(),
    "median": Pooling(in_blocks=False),
}
"""All modes, by the word before `pool`."""
