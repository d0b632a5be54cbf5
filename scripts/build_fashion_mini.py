"""Build `convdsl/datasets/fashion_mini.npz`, the data set that comes with the package, from the full Fashion-MNIST.

    python scripts/build_fashion_mini.py FOLDER

FOLDER holds the four IDX files, plain or as .gz, or a folder `fashion-mnist` with them; their checksums are verified.
Of every class the first 600 training and the first 100 test images are taken, one class after the other, so that every
ten images in a row show all classes. The same files give the same arrays, and with the same zlib the same bytes.
"""

from __future__ import annotations

import sys

import numpy as np

from convdsl import datasets
from convdsl.datasets.registry import SHIPPED

TRAIN, TEST = 600, 100  # images of each class
LARGEST = 4_000_000  # bytes


def build(folder: str) -> dict[str, np.ndarray]:
    """The arrays of the small data set, by their names in the file: images (n, 28, 28) and labels (n,), uint8."""
    full = datasets.load("fashion-mnist", search=[folder], download=False)
    train, test = first_of_each(full.train_labels, TRAIN), first_of_each(full.test_labels, TEST)
    return {
        "train_images": full.train_images[train, :, :, 0],
        "train_labels": full.train_labels[train].astype(np.uint8),
        "test_images": full.test_images[test, :, :, 0],
        "test_labels": full.test_labels[test].astype(np.uint8),
    }


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """The indices of the first `count` of every class, taking the classes in turn: 0, 1, … 9, 0, 1, …"""
    classes = range(int(labels.max()) + 1)
    return np.stack([np.flatnonzero(labels == number)[:count] for number in classes], axis=1).ravel()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    try:
        arrays = build(arguments[0])
    except datasets.DataError as error:
        print(error, file=sys.stderr)
        return 1
    np.savez_compressed(SHIPPED, **arrays)
    size = SHIPPED.stat().st_size
    print(f"{SHIPPED}: {size:,} bytes")
    return int(size > LARGEST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
