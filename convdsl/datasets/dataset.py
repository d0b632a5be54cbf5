"""What every loader returns, and the one way in which it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from convdsl.messages import T, quoted, reason

Text = T | str
Progress = Callable[[Text, int, int | None], None]
"""Called as `progress(what, done, total)` while a loader works; `total` is None where it is not known."""


class Options(NamedTuple):
    """What a loader may choose. `size` (H, W) and `channels` (1 or 3) are for pictures, which can be made to fit;
    `labels_from` is the number of the first class where labels are numbers (None: what the file says, else 0)."""

    size: tuple[int, int] | None = None
    channels: int | None = None
    seed: int = 0
    progress: Progress | None = None
    labels_from: int | None = None


class DataError(Exception):
    """Data that cannot be used. `message` says what is wrong and where, `help` the way out, in the language in use."""

    def __init__(self, message: Text, help: Text | None = None) -> None:
        super().__init__(message, help)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\n{self.help}" if self.help else str(self.message)


class Unavailable(DataError):
    """Data that are not there, or that something outside them (the network, a library, the memory) keeps away."""


def refused(path: object, error: Exception) -> DataError | None:
    """What the system refuses, with the file that it names, else `path`; None for any other fault, such as damage."""
    if not isinstance(error, OSError) or error.errno is None:
        return None
    help = None
    if isinstance(error, PermissionError):
        help = T("Its owner can give the right to read it; of a copy you are the owner.")
    name = error.filename if isinstance(error.filename, str) else str(path)
    return DataError(T("{path} cannot be read: {why}.", path=quoted(name), why=reason(error)), help)


class DataWarning(UserWarning):
    """Data that were loaded, but not quite as they lay there (resized, skipped, split)."""


class Pictures(NamedTuple):
    """The files behind the images: paths in the order of the images, `damaged` ones with the reason, how many files were
    `left_out` by ending, and how many pictures had each size (H, W) before they were made alike."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    damaged: tuple[tuple[str, str], ...]
    left_out: Mapping[str, int]
    sizes: Mapping[tuple[int, int], int]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with what they show, to train and to test.

    Images are (n, H, W, C): uint8, 0 to 255, or float32, used as they are. (`.npz` files may also hold flat vectors
    (n, N) or volumes (n, D, H, W, C).) Labels are int64 (n,), numbers of `classes`; of several labels at once int64 (n, C),
    0 or 1; masks (n, H, W) whole numbers; pictures (n, H, W, C); targets of a regression are float (n,) or (n, outputs),
    and `classes` is empty then. `classes` are in the language in use when loaded. `source` says where the data came from,
    `notes` what was done to them on the way. `validation_images` and `validation_labels` are there where the data bring
    such a part; where they bring no test part besides, it is that one too. `scale` is what whole numbers deeper than a
    byte were divided by (4095 for 12 bits), `first` the number that label 0 had in the file, `pictures` the files, where
    each image is one, `seen_in` for each class of masks a file that has it.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    notes: tuple[Text, ...] = ()
    validation_images: np.ndarray | None = None
    validation_labels: np.ndarray | None = None
    scale: int | None = None
    first: int = 0
    pictures: Pictures | None = None
    seen_in: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image: (H, W, C)."""
        return self.train_images.shape[1:]

    @property
    def regression(self) -> bool:
        """Whether the labels are numbers to be predicted, not classes."""
        return self.train_labels.dtype.kind == "f"

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        kind = "regression" if self.regression else f"{len(self.classes)} classes"
        return f"<Dataset {self.name}: {len(self.train_images)}+{len(self.test_images)} images {shape}, {kind}>"
