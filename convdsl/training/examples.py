"""From a data set, or from arrays, to what the loop takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from convdsl.datasets.memory import require
from convdsl.engine.inputs import as_pixels
from convdsl.messages import Rounded, T
from convdsl.network.view import NetView
from convdsl.training.loop import Examples
from convdsl.training.settings import Settings
from convdsl.training.splitting import limited, split
from convdsl.training.task import Task, Unsuitable, targets_for, task_for

__all__ = ["Examples", "Unsuitable", "answers_to", "examples_from", "images_for", "inputs_for"]


def answers_to(images: np.ndarray, labels: np.ndarray, settings: Settings) -> np.ndarray:
    """What is to be answered: the labels, or the images themselves."""
    return images if settings.target == "images" else labels


def inputs_for(net: NetView, images: np.ndarray, settings: Settings) -> np.ndarray:
    """Images as the engine takes them; those that are to be answered are made smaller where the input is."""
    images = np.asarray(images)
    if settings.target == "images" and images.shape[1:] != net.input:
        images = smaller(images, net.input)
    return images_for(net, images)


def smaller(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Each value the mean of a block, where the sizes are whole multiples of `shape`; else the images as they are."""
    sizes = images.shape[1:]
    if (
        len(sizes) != len(shape)
        or sizes[-1] != shape[-1]
        or any(n % m or n < m for n, m in zip(sizes, shape, strict=True))
    ):
        return images
    blocks = [k for n, m in zip(sizes[:-1], shape[:-1], strict=True) for k in (m, n // m)]
    places = tuple(range(2, len(blocks) + 1, 2))
    result = np.empty((len(images), *shape), images.dtype)
    for row, image in zip(result, images, strict=True):  # one at a time: means are floats
        mean = image[None].reshape(1, *blocks, shape[-1]).mean(places)[0]
        row[:] = np.rint(mean) if images.dtype.kind in "ui" else mean
    return result


def images_for(net: NetView, images: np.ndarray) -> np.ndarray:
    """Images as the engine takes them: (n, *input), uint8 or float32, contiguous. Raises Unsuitable, BadInput.

    An input of one size takes images of as many values, in the order H, W, C; a single channel may be left out or added.
    """
    images = np.asarray(images)
    wanted = net.input
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


def examples_from(
    net: NetView,
    images: np.ndarray,
    labels: Any,
    settings: Settings,
    watch: tuple[Any, Any] | None = None,
    task: Task | None = None,
) -> Examples:
    """Images and labels, with the parts that train and validate: `watch` (images, labels) if it is given and `validation`
    is not 0, else a part of `images`. Raises Unsuitable."""
    if len(net.outputs) > 1:
        return _several(net, images, labels, settings)
    if isinstance(labels, Mapping) and list(labels) == [net.outputs[0].name]:
        (labels,) = labels.values()
    labels = np.asarray(answers_to(images, labels, settings))
    images = inputs_for(net, images, settings)
    if len(images) != len(labels):
        raise Unsuitable(
            str(T("There are {images} images and {labels} labels.", images=len(images), labels=len(labels)))
        )
    if not len(images):
        raise Unsuitable(str(T("There are no images.")))
    task = task or task_for(net, labels, settings)
    labels = _counted(labels, task)
    used = limited(len(images), settings)
    if watch is not None and settings.validation:
        watched = len(images) + limited(len(watch[0]), settings)
        rows = used
        require(images.nbytes + watch[0].nbytes, T("Training and validation images"))
        images = np.concatenate((images, inputs_for(net, watch[0], settings)))
        labels = np.concatenate((labels, _counted(np.asarray(answers_to(*watch, settings)), task)))
    else:
        rows, watched = split(used, labels, settings)
        _enough(labels, rows, used, settings)
    return Examples(images, targets_for(net, labels, task, settings), rows, watched, task)


def _several(net: NetView, images: np.ndarray, labels: Any, settings: Settings) -> Examples:
    """As `examples_from`, with targets for each of several outputs."""
    from convdsl.training.several import arrays_of, targets_of, task_of

    each = arrays_of(net, labels)
    images = inputs_for(net, images, settings)
    count = len(next(iter(each.values())))
    if len(images) != count:
        raise Unsuitable(str(T("There are {images} images and {labels} labels.", images=len(images), labels=count)))
    if not count:
        raise Unsuitable(str(T("There are no images.")))
    task = task_of(net, each, settings)
    used = limited(count, settings)
    rows, watched = split(used, np.zeros((count, 1), np.float32), settings)
    return Examples(images, targets_of(net, each, task, settings), rows, watched, task)


def _counted(labels: np.ndarray, task: Task) -> np.ndarray:
    """Classes (n,) as whole numbers, where they may be written as decimals; all other labels as they are."""
    return labels.reshape(len(labels)).astype(np.int64) if task.kind == "classes" else labels


def _enough(labels: np.ndarray, rows: np.ndarray, used: np.ndarray, settings: Settings) -> None:
    """Raises Unsuitable where the validation part leaves fewer images to train than there are classes."""
    wanted = settings.validation
    number = round(wanted * len(used) if wanted < 1 else wanted)
    kinds = len(np.unique(labels[used])) if labels.ndim == 1 and labels.dtype.kind in "iu" else 1
    left = len(used) - number
    tenth = max(len(used) // 10, 1)
    if not number or left >= kinds:
        return
    taken = T(
        "`validation {wanted}` takes {number} of {total} training images and leaves {left}; at least one for each class must be "
        "left ({kinds}).",
        wanted=Rounded(wanted, "g"),
        number=number,
        total=len(used),
        left=max(left, 0),
        kinds=kinds,
    )
    way = (
        T("A tenth would be `validation {tenth}`.", tenth=tenth)
        if len(used) - tenth >= kinds
        else T("There are too few to keep any aside: `validation 0` trains with all.")
    )
    raise Unsuitable(f"{taken} {way}")
