"""A look inside a trained network: units that never answer."""

from __future__ import annotations

from math import prod

import numpy as np

from convdsl.training.facts import Health
from convdsl.training.trainable import Trainable

SAMPLE, MOST_VALUES = 128, 20_000_000
"""Images to look at; values of one layer that are held at once."""
FIRST_LAYERS = 4
"""How many layers are worth the time where nothing is wrong."""
RECTIFIERS = ("relu", "relu6")


def examine(model: Trainable, images: np.ndarray, rows: np.ndarray, layers: int | None = FIRST_LAYERS) -> Health:
    """Shares of dead units: channels of a rectified layer (or single units of a dense one) that are zero for all of
    some images. Layers without any dead unit are left out. The first `layers` of them are looked at, None means all.
    """
    net = model.net
    dead = []
    rectified = [n for n in net.nodes if (n.activation.name if n.activation is not None else n.op) in RECTIFIERS]
    for node in rectified[:layers]:
        size = prod(net.report.shape(node.index))
        sample = images[rows[: max(1, min(SAMPLE, MOST_VALUES // size))]]
        values = model.activations(sample, node.index)
        quiet = ~(values.reshape(-1, values.shape[-1]) > 0).any(0)
        if quiet.any():
            dead.append((f"{node.index} ({node.text})", float(quiet.mean())))
    return Health(tuple(dead), net.report.total.trainable > 0)
