"""CIFAR-10 as its authors publish it: batches in a binary and in a Python version, in an archive or unpacked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Text
from convdsl.datasets.tree import File, Tree
from convdsl.datasets.unpickle import unpickle
from convdsl.messages import T, reason

BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
CLASSES: tuple[Text, ...] = (
    T("airplane"),
    T("automobile"),
    T("bird"),
    T("cat"),
    T("deer"),
    T("dog"),
    T("frog"),
    T("horse"),
    T("ship"),
    T("truck"),
)
_RECORD = 1 + 3 * 32 * 32  # label, then the red, green and blue planes


def is_batch(name: str) -> bool:
    """Whether a file is one of the batches by its name, of either version."""
    return name.rpartition("/")[2].removesuffix(".bin") in BATCHES


def batches_of(tree: Tree, path: Path, sums: Mapping[str, str] | None = None) -> Dataset:
    """The batches in `tree` as a Dataset; any number of training batches, if there is at least one and a test batch.

    `sums` are MD5 sums of the batches (uncompressed) by file name, the only ones that were ever published; with them
    all six batches are required. Raises DataError.
    """
    files = {file.path.rpartition("/")[2]: file for file in tree.files if is_batch(file.path)}
    suffix = ".bin" if any(name.endswith(".bin") for name in files) else ""
    names = [name + suffix for name in BATCHES]
    missing = [name for name in names if name not in files]
    if missing and (sums or names[-1] in missing or len(missing) == len(BATCHES) - 1):
        raise DataError(
            T("{path}: {files} is missing.", path=path, files=", ".join(missing)), T("Copy or download it again.")
        )
    parts = []
    for name in names:
        if name not in files:
            continue
        contents = _read(files[name], path)
        if sums and hashlib.md5(contents, usedforsecurity=False).hexdigest() != sums[name]:
            raise DataError(
                T("{path}: {name} is damaged, or not the published one (its checksum differs).", path=path, name=name),
                T("Remove it and get it again; to use other data give their path, not the name of a known data set."),
            )
        parts.append(_binary(contents, name, path) if suffix else _python(contents, name, path))
    images = np.concatenate([images for images, _ in parts[:-1]])
    labels = np.concatenate([labels for _, labels in parts[:-1]])
    return assemble("cifar10", str(path), (images, labels), parts[-1], classes=CLASSES, notes=tree.notes)


def _read(file: File, path: Path) -> bytes:
    try:
        return file.read()
    except OSError as error:
        why = reason(error)
        raise DataError(T("{path}: {name} cannot be read: {why}.", path=path, name=file.path, why=why)) from None


def _binary(contents: bytes, name: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    if not contents or len(contents) % _RECORD:
        raise DataError(
            T(
                "{path}: {name} has {size} bytes, which is no multiple of the {record} of an image.",
                path=path,
                name=name,
                size=len(contents),
                record=_RECORD,
            ),
            T("Copy or download it again."),
        )
    records = np.frombuffer(contents, np.uint8).reshape(-1, _RECORD)
    return _images(records[:, 1:]), records[:, 0]


def _python(contents: bytes, name: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        batch = unpickle(contents)
        data, labels = batch[b"data"], np.array(batch[b"labels"], np.int64)
        if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != _RECORD - 1:
            raise ValueError("data")
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(
            T("{path}: {name} is no batch of CIFAR-10: {why}.", path=path, name=name, why=error),
            T("Copy or download it again, and only from a place that you trust."),
        ) from None
    return _images(data), labels


def _images(planes: np.ndarray) -> np.ndarray:
    """(n, 3·32·32) colour planes as (n, 32, 32, 3)."""
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
