"""From a data set, or from arrays, to what the loop takes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl.datasets.memory import require
from convdsl.engine.inputs import as_pixels
from convdsl.messages import T
from convdsl.training.loop import Examples
from convdsl.training.settings import Settings
from convdsl.training.splitting import limited, split


class Unsuitable(ValueError):
    """Images or labels that cannot be trained with; the text says why."""


def loss_for(labels: np.ndarray, settings: Settings) -> str:
    """The loss that is minimised: the one asked for, else by the labels' type. Raises Unsuitable."""
    numbers = labels.dtype.kind == "f"
    if settings.loss == "cross_entropy" and numbers:
        raise Unsuitable(str(T("Cross-entropy needs classes, and these labels are numbers. Use `loss mse`.")))
    if settings.loss == "auto":
        return "mse" if numbers else "cross_entropy"
    return settings.loss


def images_for(net: Any, images: np.ndarray) -> np.ndarray:
    """Images as the engine takes them: (n, *input), uint8 or float32, contiguous. Raises Unsuitable, BadInput.

    An input of one size takes images of as many values, in the order H, W, C; a single channel may be left out or added.
    """
    images = np.asarray(images)
    wanted = tuple(net.input)
    shape = images.shape[1:]
    if images.ndim and shape != wanted and ((prod(shape),) == wanted or (*shape, 1) == wanted or shape == (*wanted, 1)):
        images = images.reshape(len(images), *wanted)
    if images.ndim == 0 or images.shape[1:] != wanted:
        raise Unsuitable(
            str(
                T(
                    "The network takes images of {wanted}, and these are {given}.",
                    wanted="x".join(map(str, wanted)),
                    given="x".join(map(str, images.shape[1:])),
                )
            )
        )
    images = as_pixels(images)
    if images.dtype != np.uint8 and not np.isfinite(images).all():
        raise Unsuitable(str(T("There are values among the images that are no numbers (NaN) or are infinite.")))
    return images


def labels_for(net: Any, labels: np.ndarray, loss: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels as the engine takes them for a loss, and the classes where those are something else. Raises Unsuitable."""
    labels = np.asarray(labels)
    outputs = prod(net.report.output)
    if loss == "mse":
        if labels.dtype.kind in "iu" and labels.ndim == 1 and outputs > 1:
            return np.eye(outputs, dtype=np.float32)[labels], labels.astype(np.int64)
        labels = np.ascontiguousarray(labels, np.float32)
        if not np.isfinite(labels).all():
            raise Unsuitable(str(T("There are labels that are no numbers (NaN) or are infinite.")))
        return labels, None
    if labels.dtype.kind not in "iub":
        raise Unsuitable(str(T("Labels are whole numbers, one for each class from 0 on.")))
    return np.ascontiguousarray(labels, np.int64), None


def whole_classes(net: Any, labels: np.ndarray, loss: str) -> np.ndarray:
    """Labels (n,) that are whole numbers in float, as many files keep them, as int64 where the network has an output for
    each of several classes and squares are not asked for; all others as they are."""
    labels = np.asarray(labels)
    one_each = labels.ndim == 1 and labels.dtype.kind == "f" and len(labels) > 0
    if loss == "mse" or not one_each or prod(net.report.output) < 2:
        return labels
    whole = (
        np.isfinite(labels).all() and (labels == np.rint(labels)).all() and labels.min() >= 0 and labels.max() < 2**31
    )
    return labels.astype(np.int64) if whole else labels


def examples_from(
    net: Any, images: np.ndarray, labels: np.ndarray, settings: Settings, watch: tuple[Any, Any] | None = None
) -> Examples:
    """Images and labels, with the parts that train and validate: `watch` (images, labels) if it is given and `validation`
    is not 0, else a part of `images`. Raises Unsuitable."""
    images = images_for(net, images)
    labels = whole_classes(net, labels, settings.loss)
    if len(images) != len(labels):
        raise Unsuitable(
            str(T("There are {images} images and {labels} labels.", images=len(images), labels=len(labels)))
        )
    if not len(images):
        raise Unsuitable(str(T("There are no images.")))
    used = limited(len(images), settings)
    if watch is not None and settings.validation:
        watched = len(images) + limited(len(watch[0]), settings)
        rows = used
        require(images.nbytes + watch[0].nbytes, T("Training and validation images"))
        images = np.concatenate((images, images_for(net, watch[0])))
        labels = np.concatenate((labels, whole_classes(net, watch[1], settings.loss)))
    else:
        rows, watched = split(used, labels, settings)
        _enough(labels, rows, used, settings)
    usable, classes = labels_for(net, labels, loss_for(labels, settings))
    return Examples(images, usable, rows, watched, classes)


def _enough(labels: np.ndarray, rows: np.ndarray, used: np.ndarray, settings: Settings) -> None:
    """Raises Unsuitable where the validation part leaves fewer images to train than there are classes."""
    wanted = settings.validation
    number = round(wanted * len(used) if wanted < 1 else wanted)
    kinds = len(np.unique(labels[used])) if labels.ndim == 1 and labels.dtype.kind in "iu" else 1
    left = len(used) - number
    if number and left < kinds:
        raise Unsuitable(
            str(
                T(
                    "`validation {wanted}` takes {number} of {total} training images and leaves {left}; at least one for "
                    "each class must be left ({kinds}). A tenth would be `validation {tenth}`.",
                    wanted=f"{wanted:g}",
                    number=number,
                    total=len(used),
                    left=max(left, 0),
                    kinds=kinds,
                    tenth=max(len(used) // 10, 1),
                )
            )
        )
