"""A look inside a trained network: units that never answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdsl.training.curves import Health

SAMPLE, MOST_VALUES, MOST_LAYERS = 128, 20_000_000, 12
"""Images to look at; values of one layer that are held at once; layers, the first of a network."""
RECTIFIERS = ("relu", "relu6")


def examine(model: Any, images: np.ndarray, rows: np.ndarray) -> Health:
    """Shares of dead units: channels of a rectified layer (or single units of a dense one) that are zero for all of
    some images. Layers without any dead unit are left out."""
    net = model.net
    dead = []
    layers = [n for n in net.nodes if (n.activation.name if n.activation is not None else n.op) in RECTIFIERS]
    for node in layers[:MOST_LAYERS]:
        size = int(np.prod(net.report[node.index].output))
        sample = images[rows[: max(1, min(SAMPLE, MOST_VALUES // size))]]
        values = model.activations(sample, node.index)
        quiet = ~(values.reshape(-1, values.shape[-1]) > 0).any(0)
        if quiet.any():
            dead.append((f"{node.index} ({node.text})", float(quiet.mean())))
    return Health(tuple(dead), net.report.total.trainable > 0)
