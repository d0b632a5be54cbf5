"""From a data set, or from arrays, to what the loop takes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

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


def examples_from(net: Any, images: np.ndarray, labels: np.ndarray, settings: Settings) -> Examples:
    """Images and labels, with the parts that train and validate. Raises Unsuitable."""
    images = images_for(net, images)
    labels = np.asarray(labels)
    if len(images) != len(labels):
        raise Unsuitable(
            str(T("There are {images} images and {labels} labels.", images=len(images), labels=len(labels)))
        )
    if not len(images):
        raise Unsuitable(str(T("There are no images.")))
    rows, watched = split(limited(len(images), settings), labels, settings)
    usable, classes = labels_for(net, labels, loss_for(labels, settings))
    return Examples(images, usable, rows, watched, classes)
