"""Pictures in class folders, of a folder or an archive, as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from convdsl.datasets.assemble import assemble, set_aside
from convdsl.datasets.dataset import DataError, Dataset, Options, Progress, Text
from convdsl.datasets.layout import Layout, layout
from convdsl.datasets.memory import require
from convdsl.datasets.pictures import SUFFIXES, Unreadable, decode, measure, pillow, quiet
from convdsl.datasets.split import shuffled, stratified
from convdsl.datasets.tree import File, Tree
from convdsl.messages import T

_BAD_SHARE = 10
"""More unreadable pictures than one in ten are no accident."""

_Item = TypeVar("_Item")


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name."""
    return name.lower().endswith(SUFFIXES)


def pictures_of(tree: Tree, path: Path, options: Options, classes: Sequence[Text] | None = None) -> Dataset:
    """The pictures of `tree` as a Dataset, in a shuffled order that depends on the seed only.

    Classes are the folders in alphabetical order; `classes` are other words for them. Pictures that are not of
    `options.size` (H, W), by default the commonest size, are stretched to it; where `options.channels` is None they
    become grey (1) only if all of them are. A few unreadable pictures are left out. All of this is said in the notes.
    Raises DataError before anything is decoded if the images do not fit into the memory.
    """
    pillow()
    notes = list(tree.notes)
    found = layout(tree, path, notes)
    files = [file for _, file in found.train + found.test]
    with quiet():
        height, width, channels = _shape(files, options)
        size = f"{height}x{width}x{channels}"
        require(
            len(files) * height * width * channels,
            T("{count} images of {size}", count=len(files), size=size),
            T("Use smaller images, or an input of a smaller size."),
        )
        reader = _Reader(files, (height, width, channels), options.progress)
        numbers = {label: i for i, label in enumerate(found.classes)}
        labels = np.array([numbers[label] for label, _ in found.train + found.test], np.int64)
        train, test = _order(found, labels, options.seed, notes)
        train_images, train = reader.read(train, T("Reading the training images"))
        test_images, test = reader.read(test, T("Reading the test images"))
    reader.report(path, notes)
    names = classes if classes and len(classes) == len(found.classes) else found.classes
    parts = (train_images, labels[train]), (test_images, labels[test])
    return assemble(path.name.split(".")[0], str(path), *parts, classes=names, notes=notes)


def _order(found: Layout, labels: np.ndarray, seed: int, notes: list[Text]) -> tuple[np.ndarray, np.ndarray]:
    """Which files are for training and which for the test, in the order in which they are read."""
    if found.test:
        cut = len(found.train)
        return shuffled(cut, seed), cut + shuffled(len(found.test), seed)
    train, test = stratified(labels, seed)
    if not len(test):
        raise DataError(T("Every class has only one image: none can be set aside for the test."))
    notes.append(set_aside(len(test)))
    return train, test


def _shape(files: Sequence[File], options: Options) -> tuple[int, int, int]:
    """(H, W, C) of the data set: what is asked for, else the commonest size (of several the smallest) and colour."""
    if options.size and options.channels:
        return (*options.size, options.channels)
    kinds = []
    for file in _told(T("Looking at the images"), files, options.progress):
        try:
            kinds.append(measure(file))
        except Unreadable as error:
            last = file, error
    if not kinds:
        raise DataError(T("No image can be read, such as {name} ({why}).", name=last[0].path, why=last[1]))
    counts = Counter((kind.height, kind.width) for kind in kinds)
    size = min(counts, key=lambda size: (-counts[size], size[0] * size[1], size))
    return (*(options.size or size), options.channels or (1 if all(kind.grey for kind in kinds) else 3))


class _Reader:
    """Decodes pictures, and remembers which could not be read and how many had to be stretched."""

    def __init__(self, files: Sequence[File], shape: tuple[int, int, int], progress: Progress | None) -> None:
        self.files = files
        self.shape = shape
        self.progress = progress
        self.bad: list[tuple[File, Unreadable]] = []
        self.stretched = 0

    def read(self, order: np.ndarray, what: Text) -> tuple[np.ndarray, np.ndarray]:
        """The pictures with the numbers in `order`, (n, H, W, C) uint8, and the numbers of those that were readable."""
        images = np.empty((len(order), *self.shape), np.uint8)
        kept: list[int] = []
        for number in _told(what, order.tolist(), self.progress):
            try:
                images[len(kept)], stretched = decode(self.files[number], *self.shape)
            except Unreadable as error:
                self.bad.append((self.files[number], error))
                continue
            self.stretched += stretched
            kept.append(number)
        return images[: len(kept)], np.array(kept, np.int64)

    def report(self, path: Path, notes: list[Text]) -> None:
        """Say what was left out and what was stretched. Raises DataError if too many pictures are unreadable."""
        examples = "; ".join(f"{file.path} ({why})" for file, why in self.bad[:3])
        if len(self.bad) * _BAD_SHARE > len(self.files):
            raise DataError(
                T(
                    "{path}: {count} of {total} images cannot be read: {examples}.",
                    path=path,
                    count=len(self.bad),
                    total=len(self.files),
                    examples=examples,
                ),
                T("Repair or remove them."),
            )
        if self.bad:
            notes.append(
                T(
                    "{n} image cannot be read and is left out: {examples}.",
                    "{n} images cannot be read and are left out: {examples}.",
                    n=len(self.bad),
                    examples=examples,
                )
            )
        if self.stretched:
            notes.append(
                T(
                    "{n} image is not {size} and was stretched to it.",
                    "{n} images are not {size} and were stretched to it.",
                    n=self.stretched,
                    size=f"{self.shape[0]}x{self.shape[1]}",
                )
            )


def _told(what: Text, items: Sequence[_Item], progress: Progress | None) -> Iterator[_Item]:
    for done, item in enumerate(items):
        if progress and done % 256 == 0:
            progress(what, done, len(items))
        yield item
    if progress:
        progress(what, len(items), len(items))
