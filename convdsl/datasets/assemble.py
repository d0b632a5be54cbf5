"""The last gate of every loader: whatever a file held, images and labels are sound when they come out of here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convdsl.datasets.arrays import images_of, labels_of, shape_text
from convdsl.datasets.dataset import DataError, Dataset, Text
from convdsl.datasets.memory import require
from convdsl.datasets.split import TEST_SHARE, stratified
from convdsl.messages import T

Part = tuple[np.ndarray, np.ndarray]


def assemble(
    name: str,
    source: str,
    train: Part,
    test: Part | None,
    *,
    classes: Sequence[Text] | None = None,
    notes: Sequence[Text] = (),
    seed: int = 0,
) -> Dataset:
    """A Dataset of checked parts (images, labels).

    Images of any numeric type become (n, H, W, C) uint8 or float32, labels int64 or float; without `test` a fifth of
    `train` is set aside. `classes` are the names of the labels 0, 1, …; without them the labels are their own names.
    Raises DataError for anything that could not be trained on.
    """
    notes = list(notes)
    train = _part(train, T("training"), notes)
    if test is not None and len(test[0]) == 0:
        test = None
    if test is None:
        keep, aside = stratified(train[1], seed)
        if not len(aside):
            raise DataError(T("{source}: too few images: none can be set aside for the test.", source=source))
        notes.append(set_aside(len(aside)))
        require(train[0].nbytes, source)
        train, test = (train[0][keep], train[1][keep]), (train[0][aside], train[1][aside])
    else:
        test = _part(test, T("test"), notes)
    _same_kind(train, test, source)
    names = _classes(train, test, classes, source, notes)
    return Dataset(name, *train, *test, names, source, tuple(notes))


def set_aside(count: int) -> T:
    """The note that `count` images were taken from the training images."""
    return T(
        "No test images: one in {share} of the training images was set aside for the test ({count}).",
        share=TEST_SHARE,
        count=count,
    )


def _part(part: Part, which: T, notes: list[Text]) -> Part:
    images, labels = images_of(part[0], which, notes), labels_of(part[1], which, notes)
    if len(images) != len(labels):
        raise DataError(
            T("{which}: {images} images, but {labels} labels.", which=which, images=len(images), labels=len(labels)),
            T("Every image needs one label, in the same order."),
        )
    return images, labels


def _same_kind(train: Part, test: Part, source: str) -> None:
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            T(
                "{source}: training images are {train}, test images {test}.",
                source=source,
                train=shape_text(train[0][0]),
                test=shape_text(test[0][0]),
            ),
            T("All images must have the same size."),
        )
    if train[0].dtype != test[0].dtype:
        raise DataError(
            T(
                "{source}: training images are {train}, test images {test}.",
                source=source,
                train=train[0].dtype,
                test=test[0].dtype,
            ),
            T("Store both in the same type, so that both are scaled in the same way."),
        )
    if train[1].dtype.kind != test[1].dtype.kind or train[1].shape[1:] != test[1].shape[1:]:
        raise DataError(T("{source}: training and test labels are of different kinds.", source=source))


def _classes(
    train: Part, test: Part, classes: Sequence[Text] | None, source: str, notes: list[Text]
) -> tuple[str, ...]:
    if train[1].dtype.kind == "f":
        return ()
    highest = int(train[1].max())
    count = len(classes) if classes else highest + 1
    for which, (_, labels) in ((T("training"), train), (T("test"), test)):
        wrong = np.flatnonzero((labels < 0) | (labels >= count))
        if wrong.size:
            raise DataError(
                T(
                    "{source}: {which} label {index} is {label}: classes go from 0 to {last}.",
                    source=source,
                    which=which,
                    index=int(wrong[0]),
                    label=int(labels[wrong[0]]),
                    last=count - 1,
                ),
                T("Labels must be whole numbers that count the classes from 0."),
            )
    if count > max(1000, len(train[1])):
        raise DataError(
            T(
                "{source}: labels up to {highest} for {count} training images.",
                source=source,
                highest=highest,
                count=len(train[1]),
            ),
            T("Whole numbers are read as classes, counted from 0; store the targets of a regression as floats."),
        )
    present = np.bincount(train[1], minlength=count)
    if (present > 0).sum() < 2:
        raise DataError(
            T("{source}: all training images are of one class.", source=source),
            T("A classifier needs at least two classes to tell apart."),
        )
    names = tuple(map(str, classes)) if classes else tuple(map(str, range(count)))
    if not present.all():
        absent = [names[i] for i in np.flatnonzero(present == 0)]
        notes.append(
            T(
                "No training images of the class {classes}.",
                "No training images of {n} classes, such as {classes}.",
                n=len(absent),
                classes=", ".join(absent[:3]),
            )
        )
    return names
