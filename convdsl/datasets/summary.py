"""What a data set was taken for: parts, classes with their counts, the size, colours, depth and range of its images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convdsl.datasets.dataset import Dataset


class Part(NamedTuple):
    """`name` is train, validation or test; `counts` are images of each class, of several labels those that have each, of
    masks pixels; empty where numbers or pictures are to be answered."""

    name: str
    images: int
    counts: tuple[int, ...]


class Summary(NamedTuple):
    """`shape` is that of one image, the channels last; `bits` are those of a channel, 0 for fractions as they are; `low`
    and `high` the smallest and the largest value of all images as they are trained with. `shared` tells that the
    validation part is the test part too. `answers` are classes, labels (several at once), masks, pictures or numbers; `each`
    is the shape of one answer, `ends` are the smallest and the largest number or pixel to be answered. The classes of masks
    without names are the numbers that occur."""

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
    each: tuple[int, ...] = ()
    ends: tuple[float, float] | None = None

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**self._asdict(), "parts": [part._asdict() for part in self.parts]}


def summarise(data: Dataset, answers: str | None = None) -> Summary:
    """The summary of a data set; every pixel is looked at. `answers` are given where it is known what they are taken for."""
    shared = data.validation_images is data.test_images
    arrays = [("train", data.train_images, data.train_labels), ("test", data.test_images, data.test_labels)]
    if data.validation_images is not None and data.validation_labels is not None and not shared:
        arrays.insert(1, ("validation", data.validation_images, data.validation_labels))
    answers = answers or _answers(data.train_labels)
    tables = [_counts(labels, answers) for _, _, labels in arrays]
    classes, shown = data.classes, range(len(data.classes))
    if answers == "masks":
        occurring = sorted({int(i) for table in tables for i in np.flatnonzero(table)} | set(shown))
        classes = (*classes, *(str(i) for i in occurring if i >= len(classes)))
        shown = occurring  # type: ignore[assignment]
    parts = tuple(
        Part(name, len(images), tuple(int(table[i]) if i < len(table) else 0 for i in shown) if len(table) else ())
        for (name, images, _), table in zip(arrays, tables, strict=True)
    )
    low = min(float(images.min()) for _, images, _ in arrays if images.size)
    high = max(float(images.max()) for _, images, _ in arrays if images.size)
    bits = 8 if data.train_images.dtype == np.uint8 else (data.scale or 0).bit_length()
    ends = None
    if answers in ("numbers", "pictures"):
        told = [labels for _, _, labels in arrays if labels.size]
        ends = min(float(labels.min()) for labels in told), max(float(labels.max()) for labels in told)
    each = data.train_labels.shape[1:]
    return Summary(data.name, data.source, classes, parts, data.shape, bits, low, high, shared, answers, each, ends)


def _answers(labels: np.ndarray) -> str:
    """What labels are, as far as they show it without a network."""
    whole = labels.dtype.kind in "iu"
    if labels.ndim > 2:
        return "masks" if whole and labels.ndim == 3 else "pictures"
    return ("classes" if labels.ndim == 1 else "labels") if whole else "numbers"


def _counts(labels: np.ndarray, answers: str) -> np.ndarray:
    """How often each class occurs in labels, masks or columns; empty where there are none."""
    if answers == "labels":
        return (labels > 0).sum(0)
    if answers not in ("classes", "masks"):
        return np.zeros(0, np.int64)
    total = np.zeros(1, np.int64)
    for start in range(0, len(labels), 256):  # masks are large, and bincount makes them larger
        found = np.bincount(labels[start : start + 256].reshape(-1).astype(np.int64))
        total = np.pad(total, (0, max(len(found) - len(total), 0)))
        total[: len(found)] += found
    return total
