"""What augmentation does to images, to look at: a row for each of some classes, the image itself first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convdsl.training.settings import Augment

ROWS, COLUMNS = 8, 8


class Row(NamedTuple):
    """An image and its changed copies, (n, H, W, C) uint8, and its class."""

    name: str
    images: np.ndarray


def sheet(data: Any, changes: Augment, seed: int = 0) -> list[Row]:
    """Rows of images as a training with `changes` would see them, in as many epochs as there are columns.

    `data` is a data set of pictures (n, H, W, C). Raises ValueError for images without rows and columns."""
    from convdsl.engine.cpu.augment import Augmenter

    if len(data.shape) != 3:
        raise ValueError("no pictures")
    images = data.train_images
    if data.classes:
        chosen = [int(np.flatnonzero(data.train_labels == c)[0]) for c in np.unique(data.train_labels)[:ROWS]]
        names = [data.classes[int(data.train_labels[i])] for i in chosen]
    else:
        chosen = list(range(min(ROWS, len(images))))
        names = ["" for _ in chosen]
    index = np.array(chosen, np.int64)
    augmenter = Augmenter(changes, tuple(data.shape), len(index), seed, threads=1)
    columns = [_visible(images[index].astype(np.float32) / (255 if images.dtype == np.uint8 else 1))]
    columns += [_visible(augmenter.apply(images, index, epoch).copy()) for epoch in range(COLUMNS - 1)]
    return [Row(name, np.stack([column[i] for column in columns])) for i, name in enumerate(names)]


def _visible(images: np.ndarray) -> np.ndarray:
    return np.rint(images.clip(0, 1) * 255).astype(np.uint8)
