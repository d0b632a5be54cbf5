"""A closer look at a data set: balance, sizes, duplicates, damaged files."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from convdsl.datasets.dataset import Dataset
from convdsl.datasets.summary import Summary, summarise

_EXAMPLES = 5


class Twins(NamedTuple):
    """Images that are the same to the last bit. `images` images of one part are in another one too (or twice in it), of
    which `otherwise` have another label there; `examples` are pairs of names."""

    images: int
    otherwise: int
    examples: tuple[tuple[str, str], ...]


class Findings(NamedTuple):
    """What a look at a data set finds. `majority` is the share of the commonest class of the training images, `ratio` how
    many times as often it occurs as the rarest one that occurs (both 0 without classes)."""

    summary: Summary
    majority: float
    ratio: float
    absent: tuple[str, ...]
    leaked: Twins
    watched: Twins
    repeated: Twins
    sizes: tuple[tuple[tuple[int, int], int], ...]
    damaged: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, int], ...]
    whole: bool

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            **self.summary.as_data(),
            "majority": self.majority,
            "ratio": self.ratio,
            "absent": list(self.absent),
            "test_in_train": self.leaked._asdict(),
            "validation_in_train": self.watched._asdict(),
            "twice_in_train": self.repeated._asdict(),
            "sizes": [{"height": h, "width": w, "images": n} for (h, w), n in self.sizes],
            "damaged": [{"file": file, "reason": why} for file, why in self.damaged],
            "left_out": dict(self.left_out),
            "whole_numbers": self.whole,
        }


def inspect(data: Dataset) -> Findings:
    """Looks at every image of a data set."""
    summary = summarise(data)
    counts = np.array(summary.parts[0].counts, np.int64)
    there = counts[counts > 0]
    train = _digests(data.train_images)
    first: dict[bytes, int] = {}
    again = []
    for number, digest in enumerate(train):
        if digest in first:
            again.append((number, first[digest]))
        else:
            first[digest] = number
    files = data.pictures
    train_names = files.train if files else None
    repeated = _twins(again, data.train_labels, data.train_labels, train_names, train_names)
    leaked = _between(data.test_images, data.test_labels, files.test if files else None, first, data, train_names)
    watched = Twins(0, 0, ())
    if data.validation_images is not None and data.validation_labels is not None and not summary.shared:
        names = files.validation if files else None
        watched = _between(data.validation_images, data.validation_labels, names, first, data, train_names)
    return Findings(
        summary,
        float(counts.max() / counts.sum()) if len(there) else 0.0,
        float(there.max() / there.min()) if len(there) else 0.0,
        tuple(name for name, count in zip(summary.classes, counts, strict=False) if not count),
        leaked,
        watched,
        repeated,
        tuple(sorted(files.sizes.items(), key=lambda item: -item[1])) if files else (),
        files.damaged if files else (),
        tuple(sorted(files.left_out.items(), key=lambda item: -item[1])) if files else (),
        _whole(data.train_labels),
    )


def _whole(labels: np.ndarray) -> bool:
    """Whether labels are whole numbers from 0 on that are stored as floats."""
    flat = labels.dtype.kind == "f" and labels.ndim == 1 and len(labels) > 0
    return bool(flat and (labels == np.rint(labels)).all() and labels.min() >= 0)


def _digests(images: np.ndarray) -> list[bytes]:
    return [blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images]


def _between(
    images: np.ndarray, labels: np.ndarray, names: Any, first: dict[bytes, int], data: Dataset, train_names: Any
) -> Twins:
    pairs = [(number, first[digest]) for number, digest in enumerate(_digests(images)) if digest in first]
    return _twins(pairs, labels, data.train_labels, names, train_names)


def _twins(pairs: list[tuple[int, int]], labels: np.ndarray, others: np.ndarray, names: Any, other_names: Any) -> Twins:
    otherwise = sum(not np.array_equal(labels[a], others[b]) for a, b in pairs)
    shown = tuple((_name(a, names), _name(b, other_names)) for a, b in pairs[:_EXAMPLES])
    return Twins(len(pairs), int(otherwise), shown)


def _name(number: int, names: Any) -> str:
    return str(names[number]) if names else f"#{number}"
