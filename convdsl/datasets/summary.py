"""What a data set was taken for: parts, classes with their counts, the size, colours, depth and range of its images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convdsl.datasets.dataset import Dataset


class Part(NamedTuple):
    """`name` is train, validation or test; `counts` are images of each class, empty where labels are no classes."""

    name: str
    images: int
    counts: tuple[int, ...]


class Summary(NamedTuple):
    """`shape` is that of one image, the channels last; `bits` are those of a channel, 0 for fractions as they are; `low`
    and `high` the smallest and the largest value of all images as they are trained with. `shared` tells that the
    validation part is the test part too. `answers` are classes, labels (several at once), masks, pictures or numbers."""

    name: str
    source: str
    classes: tuple[str, ...]
    parts: tuple[Part, ...]
    shape: tuple[int, ...]
    bits: int
    low: float
    high: float
    shared: bool
    answers: str = "classes"

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**self._asdict(), "parts": [part._asdict() for part in self.parts]}


def summarise(data: Dataset) -> Summary:
    """The summary of a data set; every pixel is looked at."""
    shared = data.validation_images is data.test_images
    arrays = [("train", data.train_images, data.train_labels), ("test", data.test_images, data.test_labels)]
    if data.validation_images is not None and data.validation_labels is not None and not shared:
        arrays.insert(1, ("validation", data.validation_images, data.validation_labels))
    parts = tuple(Part(name, len(images), _counts(labels, len(data.classes))) for name, images, labels in arrays)
    low = min(float(images.min()) for _, images, _ in arrays if images.size)
    high = max(float(images.max()) for _, images, _ in arrays if images.size)
    bits = 8 if data.train_images.dtype == np.uint8 else (data.scale or 0).bit_length()
    answers = _answers(data.train_labels)
    return Summary(data.name, data.source, data.classes, parts, data.shape, bits, low, high, shared, answers)


def _answers(labels: np.ndarray) -> str:
    """What labels are, as far as they show it without a network."""
    whole = labels.dtype.kind in "iu"
    if labels.ndim > 2:
        return "masks" if whole and labels.ndim == 3 else "pictures"
    return ("classes" if labels.ndim == 1 else "labels") if whole else "numbers"


def _counts(labels: np.ndarray, classes: int) -> tuple[int, ...]:
    if not classes or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return ()
    return tuple(map(int, np.bincount(labels, minlength=classes)))
