"""`.npz` files: the arrays of a data set under the names that Keras, MedMNIST and others use."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options, Text
from convdsl.datasets.memory import require
from convdsl.datasets.tree import READ_ERRORS
from convdsl.files import opened as open_regular
from convdsl.messages import T

_NAMES = (  # training images and labels, test images and labels
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("train_x", "train_y", "test_x", "test_y"),
    ("images", "labels", None, None),
    ("x", "y", None, None),
    ("data", "target", None, None),
)
_CLASSES = ("classes", "class_names", "label_names", "target_names")


def load_npz(path: Path, options: Options, classes: Sequence[Text] | None = None) -> Dataset:
    """The data set in an `.npz` file: `x_train`, `y_train`, `x_test`, `y_test`; `train_images` …; `images`, `labels`.

    Labels may be numbers, words, one-hot, or floats (a regression). Objects (pickles) are never read. Raises DataError
    for anything missing, damaged or larger than the memory.
    """
    try:
        with open_regular(path) as raw, zipfile.ZipFile(raw) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            lower = {name.lower(): name for name in members}
            keys = _keys(lower, path)
            names = [key for key in (*keys, next((key for key in _CLASSES if key in lower), None)) if key]
            require(sum(_size(archive, members[lower[key]], path) for key in names), str(path))
            arrays = {key: _array(archive, members[lower[key]]) for key in names}
    except (*READ_ERRORS, TypeError) as error:
        raise DataError(
            T("{path} is damaged, or no .npz file: {why}.", path=path, why=error),
            T("Write it again with `{call}`.", call="numpy.savez"),
        ) from None
    named = next((arrays[key] for key in _CLASSES if key in arrays), None)
    if named is not None and named.ndim == 1 and named.dtype.kind in "US":
        classes = classes or [_word(name) for name in named]
    images, labels, test_images, test_labels = keys
    train = arrays[images], arrays[labels]
    test = (arrays[test_images], arrays[test_labels]) if test_images and test_labels else None
    if train[1].dtype.kind in "US":
        train, test, classes = _numbered(train, test, path)
    return assemble(path.stem, str(path), train, test, classes=classes, seed=options.seed)


def _keys(present: dict[str, str], path: Path) -> tuple[str, str, str | None, str | None]:
    for images, labels, test_images, test_labels in _NAMES:
        if images in present and labels in present:
            if test_images in present and test_labels in present:
                return images, labels, test_images, test_labels
            return images, labels, None, None
    raise DataError(
        T(
            "{path} holds {names}, but no images with labels.",
            path=path,
            names=", ".join(sorted(present.values())) or "—",
        ),
        T(
            "The arrays must be called `{first}`, or `{second}`, or `{third}`.",
            first="x_train, y_train, x_test, y_test",
            second="train_images, train_labels, test_images, test_labels",
            third="images, labels",
        ),
    )


def _size(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> int:
    """The bytes of an array by its header, which must agree with the archive's directory."""
    with archive.open(info) as file:
        shape, _, dtype = _header(file)
        if dtype.hasobject:
            raise DataError(
                T("{path}: {name} holds Python objects, not numbers.", path=path, name=info.filename),
                T("Store plain arrays of numbers; objects are not read, since they can run any program."),
            )
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != info.file_size - file.tell():
            raise ValueError(f"{info.filename}: {shape} {dtype} ≠ {info.file_size}")
        return size


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and type from the header of an `.npy` file. Raises ValueError."""
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        return read[np.lib.format.read_magic(file)](file)
    except Exception as error:  # Python's own parser reads it, and stumbles in many ways
        raise ValueError(str(error) or type(error).__name__) from None


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


Part = tuple[np.ndarray, np.ndarray]


def _numbered(train: Part, test: Part | None, path: Path) -> tuple[Part, Part | None, list[str]]:
    """Labels that are words, as numbers of the words in alphabetical order."""
    words, numbers = np.unique(train[1], return_inverse=True)
    if test is not None:
        if unknown := sorted(set(np.unique(test[1]).tolist()) - set(words.tolist())):
            raise DataError(
                T(
                    "{path}: the label {label} is among the test labels, but not among the training labels.",
                    path=path,
                    label=unknown[0],
                )
            )
        test = test[0], np.searchsorted(words, test[1])
    return (train[0], numbers.reshape(train[1].shape)), test, [_word(word) for word in words]


def _word(value: np.str_ | np.bytes_) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
