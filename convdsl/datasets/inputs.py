"""Images that are to be answered: files, folders, arrays or standard input, made ready exactly as in a training."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from convdsl import files
from convdsl.datasets.arrays import images_of
from convdsl.datasets.dataset import DataError, Text, Unavailable
from convdsl.datasets.folder import is_picture
from convdsl.datasets.idx import is_idx, read_idx
from convdsl.datasets.leftout import instead, left_out, said, way_out
from convdsl.datasets.names import quoted
from convdsl.datasets.npz import read_arrays
from convdsl.datasets.pictures import Unreadable, decode, depth, pillow, quiet
from convdsl.datasets.tree import LARGEST, READ_ERRORS, File, is_archive, read_tree
from convdsl.messages import Rounded, T, reason

BATCH = 256
"""Images in memory at a time."""
_ARRAYS = ("images", "x", "data", "x_test", "test_images", "test_x")


class Prepared(NamedTuple):
    """How the images of a training were made: `shape` (H, W, C); `kind` uint8 or float32; `scale` what deep pixels were
    divided by; `low` and `high` of all values; `cut` whether of a picture of other proportions the middle counts."""

    shape: tuple[int, ...]
    kind: str = "uint8"
    scale: int | None = None
    low: float = 0.0
    high: float = 255.0
    cut: bool = False

    @classmethod
    def of(cls, data: Any) -> Prepared:
        """That of a data set."""
        images = data.train_images
        ends = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
        return cls(tuple(data.shape), images.dtype.name, data.scale, *ends)


class Batch(NamedTuple):
    """Some images (n, *shape) with their names; those that could not be read, with the reason; those whose size was changed,
    with the one (H, W) that they had; and the names of those that are the first of several frames or pages."""

    names: list[str]
    images: np.ndarray
    damaged: list[tuple[str, str]]
    stretched: list[tuple[str, tuple[int, int]]]
    several: list[str]


def batches(
    given: Sequence[str], wanted: Prepared, stdin: BinaryIO, notes: list[Text], also: tuple[int, ...] = ()
) -> Iterator[Batch]:
    """The images that `given` names, in batches: paths of pictures, folders and archives of them, `.npz`, `.npy` or IDX files,
    `-` for one picture on standard input. What is left out of folders goes to `notes`. Arrays may hold images of the shape
    `also` too.

    Raises Unavailable for what is not there, DataError for what holds no images or none that fit.
    """
    waiting: list[File] = []
    for name in given:
        if name == "-":
            contents = stdin.read(LARGEST + 1)
            if not contents:
                raise DataError(T("There is nothing on standard input."))
            waiting.append(File(str(T("standard input")), lambda contents=contents: contents))  # type: ignore[misc]
            continue
        path = Path(name)
        if path.is_dir() or is_archive(path):
            waiting += _below(path, notes)
        elif path.suffix.lower() in (".npz", ".npy") or is_idx(path):
            yield from _pictures(waiting, wanted)
            waiting = []
            yield from _parts(path, _fitting(_array_in(path), path, wanted, also))
        elif not path.exists():
            raise Unavailable(T("There is no file {path}.", path=quoted(name)))
        else:
            waiting.append(File(name, lambda path=path: files.read(path, LARGEST)))  # type: ignore[misc]
    yield from _pictures(waiting, wanted)


def _below(path: Path, notes: list[Text]) -> list[File]:
    tree = read_tree(path, is_picture)
    left = left_out(tree)
    if not tree.files:
        raise DataError(
            T("{path} holds no images{others}.", path=quoted(str(path)), others=instead(left)), way_out(left)
        )
    notes += said(left)
    return [File(str(path / file.path), file.read) for file in tree.files]


def _pictures(files: Sequence[File], wanted: Prepared) -> Iterator[Batch]:
    if not files:
        return
    pillow()
    if len(wanted.shape) != 3 or wanted.shape[-1] not in (1, 3):
        raise DataError(
            T("The network was trained on {shape}, which are no pictures.", shape="x".join(map(str, wanted.shape))),
            T("Give the images as arrays, in an .npz or .npy file."),
        )
    if wanted.kind == "float32" and wanted.scale is None and not (wanted.low >= 0 and wanted.high <= 255):
        raise DataError(
            T("The network was trained on numbers from {low} to {high}, and what pixels would be among them is not known.",
              low=Rounded(wanted.low, ".4g"), high=Rounded(wanted.high, ".4g")),
            T("Give the images as arrays, in an .npz or .npy file."),
        )  # fmt: skip
    for start in range(0, len(files), BATCH):
        with quiet():
            batch = _decoded(files[start : start + BATCH], wanted)
        yield batch


def _decoded(files: Sequence[File], wanted: Prepared) -> Batch:
    height, width, channels = wanted.shape
    bytes_only = wanted.kind == "uint8"
    rows, names, damaged, stretched, several = [], [], [], [], []
    for file in files:
        try:
            one = decode(file, height, width, channels, wanted.cut)
        except Unreadable as error:
            damaged.append((quoted(file.path), str(error)))
            continue
        if one.deep:
            scale = wanted.scale or 2 ** depth(float(one.pixels.max())) - 1
            rows.append(one.pixels / np.float32(scale))
            bytes_only = False
        else:
            rows.append(one.pixels)
        names.append(quoted(file.path))
        if one.stretched is not None:
            stretched.append((quoted(file.path), one.stretched))
        if one.several:
            several.append(quoted(file.path))
    if not bytes_only:
        rows = [row.astype(np.float32) / 255 if row.dtype == np.uint8 else row for row in rows]
        if wanted.kind == "float32" and wanted.scale is None and wanted.high > 1:
            rows = [row * np.float32(255) for row in rows]  # the training's floats went from 0 to 255
    images = np.stack(rows) if rows else np.empty((0, *wanted.shape), np.uint8)
    return Batch(names, images, damaged, stretched, several)


def _array_in(path: Path) -> np.ndarray:
    if is_idx(path):
        return read_idx(path)
    try:
        if path.suffix.lower() == ".npz":
            return read_arrays(path, _ARRAYS)
        with files.opened(path) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        raise Unavailable(T("There is no file {path}.", path=quoted(str(path)))) from None
    except (*READ_ERRORS, zipfile.BadZipFile, TypeError) as error:
        raise DataError(T("{path} cannot be read: {why}.", path=quoted(str(path)), why=reason(error))) from None


def _fitting(array: np.ndarray, path: Path, wanted: Prepared, also: tuple[int, ...]) -> np.ndarray:
    """Images in an array as they were in training. Raises DataError where their shape is another."""
    if (
        also
        and array.shape != wanted.shape
        and also in (array.shape, array.shape[1:], (*array.shape, 1), (*array.shape[1:], 1))
    ):
        wanted = wanted._replace(shape=also)
    if array.shape == wanted.shape or (*array.shape, 1) == wanted.shape:
        array = array.reshape(1, *wanted.shape)
    images = images_of(array, T("images"), []) if array.shape[1:] != wanted.shape else array
    if images.shape[1:] != wanted.shape:
        raise DataError(
            T(
                "{path}: the images are {given}, and the network was trained on {wanted}.",
                path=quoted(str(path)),
                given="x".join(map(str, images.shape[1:])),
                wanted="x".join(map(str, wanted.shape)),
            )
        )
    if images.dtype.kind in "iu" and images.dtype != np.uint8:
        return images.astype(np.float32) / np.float32(wanted.scale) if wanted.scale else images
    return images


def _parts(path: Path, images: np.ndarray) -> Iterator[Batch]:
    for start in range(0, len(images), BATCH):
        some = images[start : start + BATCH]
        yield Batch([f"{quoted(str(path))}:{start + i}" for i in range(len(some))], some, [], [], [])
