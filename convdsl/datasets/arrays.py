"""Arrays from files, made sound: images that can be trained on, labels that can be learned, or a clear refusal."""

from __future__ import annotations

import numpy as np

from convdsl.datasets.dataset import DataError, Text
from convdsl.datasets.memory import require
from convdsl.datasets.pictures import depth
from convdsl.messages import T

_CHUNK = 1 << 22


def images_of(array: np.ndarray, which: T, notes: list[Text]) -> np.ndarray:
    """`array` as images with the channels last: uint8, finite float32, or whole numbers of another type as they are."""
    if array.ndim < 2 or 0 in array.shape:
        raise DataError(
            T("{which}: the images have the shape {shape}.", which=which, shape=shape_text(array)),
            T("Images × height × width × channels is expected, and none of them 0."),
        )
    if array.ndim == 3:
        array = array[..., None]
    elif array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 2, 3, 4):
        notes.append(
            T(
                "{which}: the images lie channels-first ({shape}); they were turned to height × width × channels.",
                which=which,
                shape=shape_text(array),
            )
        )
        array = np.moveaxis(array, 1, -1)
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind in "iu":
        if array.dtype == np.uint8:
            return np.require(array, requirements=["C", "W"])
        return array
    elif kind != "f":
        raise DataError(T("{which}: the images are of the type {type}, not numbers.", which=which, type=array.dtype))
    require(array.size * 4, which)
    with np.errstate(over="ignore"):  # what overflows float32 becomes infinite, and is found below
        array = array.astype(np.float32, order="C", copy=False)
    _finite(array, T("{which} images", which=which))
    if kind == "f" and 2 < array.max() <= 255 and array.min() >= 0:
        notes.append(
            T(
                "{which}: float images from 0 to {high:g} are used as they are; as uint8 they would be scaled to 0…1.",
                which=which,
                high=float(array.max()),
            )
        )
    return array


def same_depth(parts: list[np.ndarray], source: str, notes: list[Text]) -> tuple[list[np.ndarray], int | None]:
    """Whole numbers of other types than uint8 as uint8, where none lies beyond 0 to 255; as float32 from 0 to 1 where they
    use up to 16 bits; else as float32 as they are. And what they were divided by (None: by nothing, or they are bytes).
    """
    low, high = min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)
    if low >= 0 and high <= 255:
        return [part.astype(np.uint8, order="C") for part in parts], None
    require(sum(part.size for part in parts) * 4, source)
    parts = [part.astype(np.float32, order="C") for part in parts]
    if low < 0 or high > 65535:
        notes.append(
            T(
                "The pixels go from {low} to {high}, beyond 16 bits; they are used as they are, unscaled.",
                low=low,
                high=high,
            )
        )
        return parts, None
    scale = 2 ** depth(high) - 1
    for part in parts:
        part /= scale
    notes.append(
        T(
            "The pixels go up to {high}: they are taken as {bits} bits and divided by {scale}.",
            high=high,
            bits=depth(high),
            scale=scale,
        )
    )
    return parts, scale


def labels_of(array: np.ndarray, which: T, notes: list[Text]) -> np.ndarray:
    """`array` as labels: int64 (n,) classes, finite floats (n,) or (n, outputs) for a regression, int64 (n, C) of 0 and 1
    for several labels at once; masks and pictures, (n, H, W) or (n, H, W, C), keep their type."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim in (3, 4, 5) and array.dtype.kind in "biuf" and 0 not in array.shape:
        if array.dtype.kind == "f":
            array = array.astype(np.float32, copy=False)
            _finite(array, T("{which} labels", which=which))
        return np.ascontiguousarray(array.astype(np.uint8) if array.dtype.kind == "b" else array)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise DataError(
            T(
                "{which}: labels of the type {type} and the shape {shape} cannot be used.",
                which=which,
                type=array.dtype,
                shape=shape_text(array),
            ),
            T("Class numbers (0, 1, 2 …), or floats for a regression, are expected: one entry for each image."),
        )
    if array.dtype.kind == "f":
        _finite(array, T("{which} labels", which=which))
    if array.ndim == 2:
        if len(array) and ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all():
            notes.append(T("{which}: one-hot labels were turned to class numbers.", which=which))
            return array.argmax(axis=1).astype(np.int64)
        if array.dtype.kind != "f" and ((array == 0) | (array == 1) | (array == -1)).all():
            return array.astype(np.int64)
        if array.dtype.kind != "f":
            text = T("{which}: each image has {columns} whole numbers: they are taken as numbers to be predicted.",
                     which=which, columns=array.shape[1])  # fmt: skip
            notes.append(text)
            return array.astype(np.float64)
    if array.dtype.kind == "f":
        return array
    if array.dtype == np.uint64 and len(array) and array.max() > np.iinfo(np.int64).max:
        raise DataError(T("{which}: label {label} is out of range.", which=which, label=array.max()))
    return array.astype(np.int64)


def _finite(array: np.ndarray, which: T) -> None:
    flat = array.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        finite = np.isfinite(flat[start : start + _CHUNK])
        if not finite.all():
            index = (start + int(np.argmin(finite))) // max(1, flat.size // len(array))
            raise DataError(
                T(
                    "{which}: entry {index} holds {value}.",
                    which=which,
                    index=index,
                    value=flat[start + int(np.argmin(finite))],
                ),
                T("Not-a-number and infinite values cannot be trained on; repair or remove them (counted from 0)."),
            )


def shape_text(array: np.ndarray) -> str:
    """The sizes of an array for people: `28×28×1`."""
    return "×".join(map(str, array.shape))
