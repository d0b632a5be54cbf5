"""`.npz` files: the arrays of a data set under the names that Keras, MedMNIST and others use."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options, Text, refused
from convdsl.datasets.memory import require
from convdsl.datasets.names import folded, in_capitals_only, quoted
from convdsl.datasets.tree import READ_ERRORS
from convdsl.files import opened as open_regular
from convdsl.messages import T

_FORMS = (  # what images and labels of a part are called
    ("x_{}", "y_{}"),
    ("{}_images", "{}_labels"),
    ("{}_images", "{}_masks"),
    ("{}_images", "{}_targets"),
    ("{}_x", "{}_y"),
    ("{}_data", "{}_labels"),
    ("{}_data", "{}_target"),
    ("images_{}", "labels_{}"),
    ("images_{}", "masks_{}"),
    ("imagenes_{}", "etiquetas_{}"),
    ("imagenes_{}", "mascaras_{}"),
    ("{}_imagenes", "{}_etiquetas"),
)
_WHOLE = (
    ("images", "labels"), ("images", "masks"), ("images", "targets"), ("x", "y"), ("data", "target"),
    ("imagenes", "etiquetas"), ("imagenes", "mascaras"), ("imagenes", "clases"), ("imagenes", "valores"),
)  # fmt: skip
_PARTS = (
    ("train", "training", "entrenamiento"),
    ("val", "valid", "validation", "dev", "validacion"),
    ("test", "testing", "prueba", "pruebas"),
)
_FIRST = "labels_from"
_CLASSES = ("classes", "class_names", "label_names", "target_names")


def load_npz(path: Path, options: Options, classes: Sequence[Text] | None = None) -> Dataset:
    """The data set in an `.npz` file: `x_train`, `y_train`, `x_val`, `y_val`, `x_test`, `y_test`; `train_images` …;
    `images`, `labels`. `labels_from` may say what number the first class has.

    Labels may be numbers, words, one-hot, 0 and 1 for several labels at once, masks, pictures, or floats (a regression).
    Objects (pickles) are never read. Raises DataError for anything missing, damaged or larger than the memory.
    """
    try:
        with open_regular(path) as raw, zipfile.ZipFile(raw) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            lower = {folded(name): name for name in members}
            keys = _keys(lower, path)
            names = [*(key for part in keys if part for key in part),
                     *(key for key in (_FIRST, *_CLASSES) if key in lower)]  # fmt: skip
            require(sum(_size(archive, members[lower[key]], path) for key in names), str(path))
            arrays = {key: _array(archive, members[lower[key]]) for key in names}
    except (*READ_ERRORS, TypeError) as error:
        raise refused(path, error) or DataError(
            T("{path} is damaged, or no .npz file: {why}.", path=path, why=error),
            T("Write it again with `{call}`.", call="numpy.savez"),
        ) from None
    notes: list[Text] = []
    if idle := sorted(quoted(lower[name]) for name in lower.keys() - set(names)):
        notes.append(T("Not used: {names}.", names=", ".join(idle[:6])))
    named = next((arrays[key] for key in _CLASSES if key in arrays), None)
    if named is not None and named.ndim == 1 and named.dtype.kind in "US":
        classes = classes or [_word(name) for name in named]
    train, validation, test = ((arrays[part[0]], arrays[part[1]]) if part else None for part in keys)
    train, validation, test = (part and (part[0], _text(part[1])) for part in (train, validation, test))
    if train and train[1].dtype.kind == "U":
        words = np.unique(train[1])
        classes = [_word(word) for word in words]
        train, validation, test = (part and _numbered(part, words, path) for part in (train, validation, test))
    if classes and (two := in_capitals_only(map(str, classes))) is not None:
        raise DataError(
            T(
                "{path}: the classes {a} and {b} differ in capitals only.",
                path=path,
                a=quoted(two[0]),
                b=quoted(two[1]),
            ),
            T("If they are one class, give them one name."),
        )
    assert train is not None
    first = _first(arrays, options)
    more: dict[str, Any] = {"classes": classes, "notes": notes, "seed": options.seed, "labels_from": first}
    return assemble(path.stem, str(path), train, test, validation=validation, **more)


def read_arrays(path: Path, names: Sequence[str]) -> np.ndarray:
    """The first array in an `.npz` file that has one of `names`, else the only one. Raises DataError, OSError,
    ValueError."""
    with open_regular(path) as raw, zipfile.ZipFile(raw) as archive:
        members = {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}
        name = next((name for name in names if name in members), min(members) if len(members) == 1 else None)
        if name is None:
            raise DataError(
                T("{path} holds {names}; the images must be called `{name}`.",
                  path=path, names=", ".join(map(quoted, sorted(members))) or "—", name=names[0])
            )  # fmt: skip
        require(_size(archive, members[name], path), str(path))
        return _array(archive, members[name])


def _first(arrays: dict[str, np.ndarray], options: Options) -> int | None:
    """The number of the first class: what was asked for, else what the file says."""
    if options.labels_from is not None or _FIRST not in arrays:
        return options.labels_from
    value = arrays[_FIRST]
    return int(value.item()) if value.size == 1 and value.dtype.kind in "iu" and value.item() >= 0 else None


_Keys = tuple[str, str] | None


def _keys(present: dict[str, str], path: Path) -> tuple[_Keys, _Keys, _Keys]:
    """The names of images and labels of the parts to train, to validate and to test."""
    for form in _FORMS:
        parts = [
            next((pair for word in words if (pair := (form[0].format(word), form[1].format(word))) and
                  present.keys() >= set(pair)), None)
            for words in _PARTS
        ]  # fmt: skip
        if parts[0]:
            return parts[0], parts[1], parts[2]
    for pair in _WHOLE:
        if present.keys() >= set(pair):
            return pair, None, None
    raise DataError(
        T(
            "{path} holds {names}, but no images with labels.",
            path=path,
            names=", ".join(sorted(map(quoted, present.values()))) or "—",
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


def _numbered(part: Part, words: np.ndarray, path: Path) -> Part:
    """Labels that are words, as numbers of `words`, which are in alphabetical order."""
    if unknown := sorted(set(np.unique(part[1]).tolist()) - set(words.tolist())):
        raise DataError(
            T(
                "{path}: the label {label} is among the labels of another part, but not among the training labels.",
                path=path,
                label=quoted(_word(unknown[0])),
            )
        )
    return part[0], np.searchsorted(words, part[1])


def _text(labels: np.ndarray) -> np.ndarray:
    """Labels that are words in bytes, as words."""
    if labels.dtype.kind != "S":
        return labels
    return np.array([_word(word) for word in labels.flat], str).reshape(labels.shape)


def _word(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
