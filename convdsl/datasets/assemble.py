"""The last gate of every loader: whatever a file held, images and labels are sound when they come out of here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convdsl.datasets.arrays import images_of, labels_of, same_depth, shape_text
from convdsl.datasets.dataset import DataError, Dataset, Text
from convdsl.datasets.memory import require
from convdsl.datasets.names import quoted
from convdsl.datasets.split import TEST_SHARE, stratified
from convdsl.messages import Grouped, Shown, T

Part = tuple[np.ndarray, np.ndarray]


def assemble(
    name: str,
    source: str,
    train: Part,
    test: Part | None,
    *,
    validation: Part | None = None,
    classes: Sequence[Text] | None = None,
    notes: Sequence[Text] = (),
    seed: int = 0,
    labels_from: int | None = None,
) -> Dataset:
    """A Dataset of checked parts (images, labels).

    Images of any numeric type become (n, H, W, C) uint8 or float32, labels int64 or float. Without `test` the validation
    part is the test too; without both a fifth of `train` is set aside. `classes` are the names of the labels 0, 1, …;
    without them the labels are their own names. `labels_from` is the number of the first class.
    Raises DataError for anything that could not be trained on.
    """
    notes, name = list(notes), quoted(name)
    given = {"training": train, "validation": validation, "test": test}
    try:
        parts = {n: _part(p, _WHICH[n], notes) for n, p in given.items() if p and (len(p[0]) or n == "training")}
    except DataError as error:
        raise DataError(T("{source}: {what}", source=source, what=error.message), error.help) from None
    for which, part in parts.items():
        _same_kind(parts["training"], part, _WHICH[which], source)
    parts = _as_numbers(parts, classes, labels_from, notes)
    if labels_from:
        parts = {n: _counted_from(part, labels_from, source) for n, part in parts.items()}
    kind, scale = parts["training"][0].dtype, None
    if kind.kind in "iu" and kind != np.uint8:
        images, scale = same_depth([part[0] for part in parts.values()], source, notes)
        parts = {n: (pixels, parts[n][1]) for n, pixels in zip(parts, images, strict=True)}
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts["validation"]
        notes.append(
            T(
                "No test images: the {count} validation images are those of the test too. Choices that were made with "
                "them flatter the figures at the end a little.",
                count=len(parts["test"][0]),
            )
        )
    elif "test" not in parts:
        pixels, labels = parts["training"]
        keep, aside = stratified(labels, seed)
        if not len(aside):
            raise DataError(T("{source}: too few images: none can be set aside for the test.", source=source))
        notes.append(set_aside(len(aside)))
        require(pixels.nbytes, source)
        parts["training"], parts["test"] = (pixels[keep], labels[keep]), (pixels[aside], labels[aside])
    names = _classes(parts, classes, source, notes, labels_from)
    watch_images, watch_labels = parts.get("validation", (None, None))
    return Dataset(
        name, *parts["training"], *parts["test"], names, source, tuple(notes),
        validation_images=watch_images, validation_labels=watch_labels, scale=scale, first=labels_from or 0,
    )  # fmt: skip


_WHICH = {"training": T("training"), "validation": T("validation"), "test": T("test")}


def count_classes(labels: np.ndarray, images: int) -> bool:
    """Whether whole numbers can be those of classes, where there are so many images to train: not below 0, nor far above."""
    return bool(labels.min(initial=0) >= 0 and labels.max(initial=0) < max(1000, images))


def _as_numbers(
    parts: dict[str, Part], classes: Sequence[Text] | None, labels_from: int | None, notes: list[Text]
) -> dict[str, Part]:
    """The parts with whole numbers as floats where they count no classes: below 0, or far above the number of images."""
    if classes or labels_from or parts["training"][1].ndim > 1 or parts["training"][1].dtype.kind == "f":
        return parts
    every = np.concatenate([labels for _, labels in parts.values()])
    if count_classes(every, len(parts["training"][1])):
        return parts
    low, high = int(every.min(initial=0)), int(every.max(initial=0))
    notes.append(
        T("The labels go from {low} to {high}, which are no numbers of classes: they are taken as numbers to be predicted.",
          low=low, high=high)
    )  # fmt: skip
    return {name: (images, labels.astype(np.float64)) for name, (images, labels) in parts.items()}


def _counted_from(part: Part, first: int, source: str) -> Part:
    """The part with labels that begin at 0, where they began at `first`."""
    images, labels = part
    if labels.dtype.kind == "f":
        if not (labels.ndim == 1 and (labels == np.rint(labels)).all()):
            raise DataError(T("{source}: `labels_from` is for classes, and these labels are fractions.", source=source))
        labels = labels.astype(np.int64)
    if len(labels) and labels.min() < first:
        raise DataError(
            T("{source}: a label is {label}, and labels were said to begin at {first}.",
              source=source, label=int(labels.min()), first=first),
            T("Leave `labels_from` out, or give the smallest label."),
        )  # fmt: skip
    return images, labels - first


def set_aside(count: int) -> T:
    """The note that `count` images were taken from the training images."""
    return T(
        "No test images: one in {share} of the training images was set aside for the test ({count}).",
        share=TEST_SHARE,
        count=Grouped(count),
    )


def _part(part: Part, which: T, notes: list[Text]) -> Part:
    images, labels = images_of(part[0], which, notes), labels_of(part[1], which, notes)
    if len(images) != len(labels):
        raise DataError(
            T("{which}: {images} images, but {labels} labels.", which=which, images=len(images), labels=len(labels)),
            T("Every image needs one label, in the same order."),
        )
    return images, labels


def _same_kind(train: Part, test: Part, which: T, source: str) -> None:
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            T(
                "{source}: training images are {train}, {which} images {test}.",
                source=source,
                which=which,
                train=shape_text(train[0][0]),
                test=shape_text(test[0][0]),
            ),
            T("All images must have the same size."),
        )
    if train[0].dtype != test[0].dtype:
        raise DataError(
            T(
                "{source}: training images are {train}, {which} images {test}.",
                source=source,
                which=which,
                train=train[0].dtype,
                test=test[0].dtype,
            ),
            T("Store both in the same type, so that both are scaled in the same way."),
        )
    if train[1].dtype.kind != test[1].dtype.kind or train[1].shape[1:] != test[1].shape[1:]:
        raise DataError(T("{source}: training and {which} labels are of different kinds.", source=source, which=which))


def _names_of_answers(labels: np.ndarray, classes: Sequence[Text] | None, source: str) -> tuple[str, ...]:
    """Names of several labels, or of the classes of masks; without names those of labels are numbers."""
    if labels.ndim == 2:
        names = tuple(map(str, classes or range(labels.shape[1])))
        if len(names) != labels.shape[1]:
            raise DataError(
                T(
                    "{source}: {names} names for {labels} labels.",
                    source=source,
                    names=len(names),
                    labels=labels.shape[1],
                )
            )
        return names
    return tuple(map(str, classes or ()))


def _classes(
    parts: Mapping[str, Part], classes: Sequence[Text] | None, source: str, notes: list[Text], labels_from: int | None
) -> tuple[str, ...]:
    """The names of the labels 0, 1, …: `classes`, else the numbers that they had in the file."""
    train = parts["training"]
    if train[1].dtype.kind == "f":
        return ()
    if train[1].ndim > 1:
        return _names_of_answers(train[1], classes, source)
    highest = int(train[1].max())
    count = len(classes) if classes else highest + 1
    for which, (_, labels) in parts.items():
        wrong = np.flatnonzero((labels < 0) | (labels >= count))
        if wrong.size:
            raise DataError(
                T(
                    "{source}: {which} label {index} is {label}: classes go from 0 to {last}.",
                    source=source,
                    which=_WHICH[which],
                    index=int(wrong[0]),
                    label=int(labels[wrong[0]]),
                    last=count - 1,
                ),
                T("Labels must be whole numbers that count the classes from 0."),
            )
    present = np.bincount(train[1], minlength=count)
    if (present > 0).sum() < 2:
        raise DataError(
            T("{source}: all training images are of one class.", source=source),
            T("A classifier needs at least two classes to tell apart."),
        )
    first = labels_from or 0
    names = (
        tuple(Shown(name) if isinstance(name, T) else quoted(name) for name in classes)
        if classes
        else tuple(str(first + i) for i in range(count))
    )
    if not classes and labels_from is None and not present[0] and present[1]:
        notes.append(T("The labels begin at 1. `--labels-from 1` counts classes from there; class 0 has no image."))
    elif not present.all():
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
