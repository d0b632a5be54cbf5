"""Pictures in class folders, of a folder or an archive, as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from convdsl.datasets.assemble import assemble, set_aside
from convdsl.datasets.dataset import DataError, Dataset, Options, Pictures, Progress, Text
from convdsl.datasets.layout import layout
from convdsl.datasets.leftout import left_out, said
from convdsl.datasets.memory import require
from convdsl.datasets.names import quoted
from convdsl.datasets.pictures import SUFFIXES, Unreadable, decode, depth, measure, only_the_first, pillow, quiet
from convdsl.datasets.split import shuffled, stratified
from convdsl.datasets.tree import File, Placed, Tree
from convdsl.messages import T

_BAD_SHARE = 10
"""More unreadable pictures than one in ten are no accident."""

_Item = TypeVar("_Item")


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name."""
    return name.lower().endswith(SUFFIXES)


def pictures_of(
    tree: Tree, path: Path, options: Options, classes: Sequence[Text] | None = None, notes: Sequence[Text] = ()
) -> Dataset:
    """The pictures of `tree` as a Dataset, in a shuffled order that depends on the seed only.

    Classes are the folders in alphabetical order; `classes` are other words for them. Pictures that are not of
    `options.size` (H, W), by default the commonest size, are stretched to it; where `options.channels` is None they
    become grey (1) only if all of them are. A few unreadable pictures are left out. All of this is said in the notes, after
    those that are given.
    Raises DataError before anything is decoded if the images do not fit into the memory.
    """
    notes = list(notes)
    if options.labels_from is not None:
        raise DataError(T("{path}: `labels_from` is for labels that are numbers, and here folders are.", path=path))
    found = layout(tree, path, notes)
    both = found.train + found.validation + found.test
    labelled = [(label, file.of if isinstance(file, Placed) else file) for label, file in both]
    numbers = {label: i for i, label in enumerate(found.classes)}
    labels = np.array([numbers[label] for label, _ in labelled], np.int64)
    counts = (len(found.train), len(found.validation), len(found.test))
    names = classes if classes and len(classes) == len(found.classes) else found.classes
    return sorted_pictures(tree, path, options, Sorted([file for _, file in labelled], labels, counts, names), notes)


class Sorted(NamedTuple):
    """Pictures in the order of the parts, with their labels as `assemble` takes them; `counts` are how many there are to
    train, to validate and to test; `classes` the names of labels that are numbers of classes, where they have names."""

    files: list[File]
    labels: np.ndarray
    counts: tuple[int, int, int]
    classes: Sequence[Text] | None


def sorted_pictures(tree: Tree, path: Path, options: Options, found: Sorted, notes: list[Text]) -> Dataset:
    """The pictures that were found in `tree`, read as `pictures_of` says; `notes` go before its own."""
    pillow()
    notes = [*tree.notes, *notes]
    left = left_out(tree)
    notes += said(left)
    files, labels = found.files, found.labels
    with quiet():
        (height, width, channels), sizes = shape_of(files, options)
        require(
            len(files) * height * width * channels,
            T("{count} images of {size}", count=len(files), size=f"{height}x{width}x{channels}"),
            T("Use smaller images, or an input of a smaller size."),
        )
        reader = Reader(files, (height, width, channels), options.progress)
        orders = _order(found.counts, labels, options.seed)
        parts = [reader.read(order, what) for order, what in zip(orders, _READING, strict=True)]
    if not any(found.counts[1:]):
        notes.append(set_aside(len(parts[2][1])))
    scale = reader.same_depth([images for images, _ in parts], notes)
    reader.report(path, notes)
    if found.classes and labels.ndim == 1:
        _readable(found.classes, labels, parts[0][1], reader, path)
    train, validation, test = ((images, labels[kept]) for images, (_, kept) in zip(scale.images, parts, strict=True))
    data = assemble(
        path.name.split(".")[0], str(path), train, test if len(test[0]) else None,
        validation=validation if len(validation[0]) else None, classes=found.classes, notes=notes, seed=options.seed,
        labels_from=options.labels_from,
    )  # fmt: skip
    paths = [tuple(quoted(files[i].path) for i in kept) for _, kept in parts]
    damaged = tuple((quoted(file.path), str(why)) for file, why in reader.bad)
    pictures = Pictures(paths[0], paths[1], paths[2] or paths[1], damaged, left, sizes)
    return replace(data, scale=scale.scale, pictures=pictures)


def _readable(
    classes: Sequence[Text], labels: np.ndarray, kept: np.ndarray, reader: Reader, path: Path
) -> None:  # fmt: skip
    """Raises DataError where no picture of some class can be read."""
    there = set(labels[kept].tolist())
    of = {id(file): int(label) for file, label in zip(reader.files, labels, strict=True)} if reader.bad else {}
    lost = next(((file, why) for file, why in reader.bad if of[id(file)] not in there), None)
    if lost is not None:
        file, why = lost
        raise DataError(
            T("{path}: no image of the class {name} can be read: {file} ({why}).", path=path, name=classes[of[id(file)]],
              file=quoted(file.path), why=why),
            T("Repair or remove them."),
        )  # fmt: skip


_READING = (T("Reading the training images"), T("Reading the validation images"), T("Reading the test images"))


def _order(counts: tuple[int, int, int], labels: np.ndarray, seed: int) -> list[np.ndarray]:
    """Which files are for training, for validation and for the test, in the order in which they are read."""
    cut, end = counts[0], counts[0] + counts[1]
    watch = cut + shuffled(end - cut, seed)
    if counts[1] or counts[2]:
        return [shuffled(cut, seed), watch, end + shuffled(counts[2], seed)]
    train, test = stratified(labels, seed)
    if not len(test):
        raise DataError(T("Every class has only one image: none can be set aside for the test."))
    return [train, watch, test]


def shape_of(files: Sequence[File], options: Options) -> tuple[tuple[int, int, int], Mapping[tuple[int, int], int]]:
    """(H, W, C) of the data set: what is asked for, else the commonest size (of several the smallest) and colour; and how
    many pictures have each size, where that was looked at."""
    if options.size and options.channels:
        return (*options.size, options.channels), {}
    kinds = []
    for file in told(T("Looking at the images"), files, options.progress):
        try:
            kinds.append(measure(file))
        except Unreadable as error:
            last = file, error
    if not kinds:
        raise DataError(T("No image can be read, such as {name} ({why}).", name=quoted(last[0].path), why=last[1]))
    counts = Counter((kind.height, kind.width) for kind in kinds)
    size = min(counts, key=lambda size: (-counts[size], size[0] * size[1], size))
    return (*(options.size or size), options.channels or (1 if all(kind.grey for kind in kinds) else 3)), counts


class Scaled(NamedTuple):
    """Parts of images of one type, and what deep pixels were divided by (None: there are none)."""

    images: list[np.ndarray]
    scale: int | None


class Reader:
    """Decodes pictures, and remembers which could not be read, how many had to be stretched or are the first
    of several in their file, and which are deep.

    As soon as one picture is deeper than a byte all become float32, so that nothing is lost."""

    def __init__(self, files: Sequence[File], shape: tuple[int, int, int], progress: Progress | None = None) -> None:
        self.files = files
        self.shape = shape
        self.progress = progress
        self.bad: list[tuple[File, Unreadable]] = []
        self.stretched = 0
        self.several: list[File] = []
        self._deep: list[np.ndarray] = []

    def read(self, order: np.ndarray, what: Text) -> tuple[np.ndarray, np.ndarray]:
        """The pictures with the numbers in `order`, (n, H, W, C), and the numbers of those that were readable.

        uint8, or float32 with whole numbers as they are in the files, where one of them is deep."""
        images = np.empty((len(order), *self.shape), np.uint8)
        deep = np.zeros(len(order), bool)
        kept: list[int] = []
        for number in told(what, order.tolist(), self.progress):
            try:
                one = decode(self.files[number], *self.shape)
            except Unreadable as error:
                self.bad.append((self.files[number], error))
                continue
            if one.deep and images.dtype == np.uint8:
                require(
                    images.size * 4, T("Images with 16 bits"), T("Use smaller images, or an input of a smaller size.")
                )
                images = images.astype(np.float32)
            images[len(kept)] = one.pixels
            deep[len(kept)] = one.deep
            self.stretched += one.stretched is not None
            if one.several:
                self.several.append(self.files[number])
            kept.append(number)
        self._deep.append(deep[: len(kept)])
        return images[: len(kept)], np.array(kept, np.int64)

    def same_depth(self, parts: Sequence[np.ndarray], notes: list[Text], scale: int | None = None) -> Scaled:
        """What `read` gave, all of one type: bytes, or float32 from 0 to 1 where pictures are deep, whole numbers being
        divided by `scale`, or by the largest number of the depth that the deep pictures use."""
        if not any(deep.any() for deep in self._deep):
            return Scaled(list(parts), None)
        high = max(float(images[deep].max()) for images, deep in zip(parts, self._deep, strict=True) if deep.any())
        if scale is None:
            scale = 2 ** depth(high) - 1
            notes.append(
                T("The pixels of images with more than 8 bits go up to {high}: they are taken as {bits} bits and divided by "
                  "{scale}.", high=round(high), bits=depth(high), scale=scale)
            )  # fmt: skip
        result = []
        for images, deep in zip(parts, self._deep, strict=True):
            images = images.astype(np.float32, copy=False)
            images[deep] /= scale
            images[~deep] /= 255
            result.append(images)
        return Scaled(result, scale)

    def report(self, path: Path, notes: list[Text]) -> None:
        """Say what was left out, what was stretched and what moves. Raises DataError if too many pictures are unreadable."""
        self.bad.sort(key=lambda item: item[0].path)
        examples = "; ".join(f"{quoted(file.path)} ({why})" for file, why in self.bad[:3])
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
        if self.several:
            notes.append(only_the_first(sorted(quoted(file.path) for file in self.several)))


def told(what: Text, items: Sequence[_Item], progress: Progress | None) -> Iterator[_Item]:
    """The items one by one, while `progress` hears how many are done."""
    for done, item in enumerate(items):
        if progress and done % 256 == 0:
            progress(what, done, len(items))
        yield item
    if progress:
        progress(what, len(items), len(items))
