"""A look inside a trained network: units that never answer."""

from __future__ import annotations

from math import prod

import numpy as np

from convdsl.training.facts import ENOUGH, Dead, Health
from convdsl.training.trainable import Trainable

SAMPLE, MOST_VALUES = 128, 20_000_000
"""Images to look at; values of one layer that are held at once."""
FIRST_LAYERS = 4
"""How many layers are worth the time where nothing is wrong."""


def examine(model: Trainable, images: np.ndarray, rows: np.ndarray, layers: int | None = FIRST_LAYERS) -> Health:
    """Shares of dead units: channels of a rectified layer (or single units of a dense one) that are zero for all of
    some images. Layers without any dead unit are left out, and frozen ones, which nothing could bring back. The first
    `layers` of them are looked at, None means all.
    """
    net = model.net
    dead = []
    learning = [n for n in net.nodes if not n.frozen]
    rectified = [n for n in learning if getattr(n.activation or n.layer, "silences", False)]
    for node in rectified[:layers]:
        size = prod(net.report.shape(node.index))
        at_once = max(1, min(SAMPLE, MOST_VALUES // size))
        sample = rows[: max(at_once, ENOUGH)]
        quiet = np.ones(net.report.shape(node.index)[-1], bool)
        for start in range(0, len(sample), at_once):
            values = model.activations(images[sample[start : start + at_once]], node.index)
            quiet &= ~(values.reshape(-1, values.shape[-1]) > 0).any(0)
        if quiet.any():
            dead.append(Dead(f"{node.index} ({node.text})", float(quiet.mean()), len(sample)))
    return Health(tuple(dead), net.report.total.trainable > 0)
