"""The data sets that have a name: found on this machine, or downloaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convdsl.datasets import cifar, shapes
from convdsl.datasets.assemble import assemble
from convdsl.datasets.dataset import DataError, Dataset, Options, Text, Unavailable
from convdsl.datasets.folder import is_picture, pictures_of
from convdsl.datasets.idx import read_idx
from convdsl.datasets.memory import human
from convdsl.datasets.npz import load_npz
from convdsl.datasets.places import cache_folder, cifar10_copies, copies, folders_of, search_path
from convdsl.datasets.registry import (
    CIFAR10,
    CIFAR10_MD5,
    FASHION_MINI,
    KNOWN,
    SHAPE_KINDS,
    SHAPES,
    SHIPPED,
    Known,
    Source,
)
from convdsl.datasets.shapes import load_shapes
from convdsl.datasets.tree import read_tree
from convdsl.files import opened as open_regular
from convdsl.messages import T


class Available(NamedTuple):
    """What is known of a data set without loading it. `found` is where it lies, None if it must be downloaded;
    `counts` are the images to train and to test, `shape` is (H, W, C), `download` in bytes."""

    name: str
    description: T
    licence: Text
    homepage: str
    shape: tuple[int, int, int]
    counts: tuple[int, int]
    download: int
    found: Path | None


def available(search: Sequence[str | os.PathLike[str]] | None = None) -> tuple[Available, ...]:
    """The data sets that have a name, and where each lies on this machine. Quick: hardly anything is read."""
    roots = search_path() if search is None else tuple(map(Path, search))
    return tuple(
        Available(
            known.name,
            known.description,
            known.licence,
            known.homepage,
            known.shape,
            known.counts,
            sum(file.size for file in known.files),
            _found(known, roots),
        )
        for known in KNOWN
    )


def load_known(known: Known, roots: Sequence[Path], download: bool, options: Options) -> Dataset:
    """The data set `known` from the first place that has it whole, else from the internet. Raises DataError."""
    if known in (SHAPES, SHAPE_KINDS):
        return load_shapes(known, options)
    if known is FASHION_MINI:
        return replace(load_npz(SHIPPED, options, known.classes), name=known.name)
    search = _Search(known, [*folders_of(known, [*roots, cache_folder()])], download, options, [])
    return search.cifar10() if known is CIFAR10 else search.idx()


@dataclass(frozen=True)
class _Search:
    """One search for `known` in `folders`, and what was met on the way."""

    known: Known
    folders: list[Path]
    download: bool
    options: Options
    damaged: list[DataError]  # what was found, but could not be used

    def idx(self) -> Dataset:
        """The four files of an MNIST, each from the first place that has it undamaged."""
        arrays = [self._array(source) for source in self.known.files]
        (images, folder), (labels, _), (test_images, _), (test_labels, _) = arrays
        return assemble(
            self.known.name,
            str(folder),
            (images, labels),
            (test_images, test_labels),
            classes=self.known.classes,
            notes=self._notes(),
        )

    def _array(self, source: Source) -> tuple[np.ndarray, Path]:
        for path in copies(self.folders, source.name):
            try:
                return read_idx(path, source.sha256), path.parent
            except DataError as error:
                self.damaged.append(error)
        path = self._fetched(source, lambda path: read_idx(path, source.sha256))
        return read_idx(path, source.sha256), path.parent

    def cifar10(self) -> Dataset:
        """The first copy that is whole: published batches, or the images as JPEG."""
        for path in cifar10_copies(self.folders):
            try:
                return self._cifar10(path)
            except DataError as error:
                self.damaged.append(error)
        (source,) = self.known.files
        return self._cifar10(self._fetched(source, lambda path: _check_sum(path, source.sha256)))

    def _cifar10(self, path: Path) -> Dataset:
        tree = read_tree(path, lambda name: cifar.is_batch(name) or is_picture(name))
        if any(cifar.is_batch(file.path) for file in tree.files):
            data = cifar.batches_of(tree, path, CIFAR10_MD5)
        else:
            data = pictures_of(tree, path, self.options._replace(size=(32, 32), channels=3), self.known.classes)
            counts = len(data.train_images), len(data.test_images)
            if counts != self.known.counts or len(data.classes) != len(self.known.classes):
                raise DataError(T("{path} is not the whole of {name}.", path=path, name=self.known.name))
            note = T("These are JPEGs: their pixels differ a little from the published ones.")
            data = replace(data, notes=(*data.notes, note))
        return replace(data, name=self.known.name, notes=(*self._notes(), *data.notes))

    def _fetched(self, source: Source, verify: Callable[[Path], object]) -> Path:
        from convdsl.datasets.download import fetch  # http and ssl are slow to import

        target = cache_folder() / self.known.name / source.name
        urls = [mirror + source.name for mirror in _mirrors(self.known)]
        if not self.download:
            raise self._missing(T("downloads are switched off."))
        try:
            return fetch(urls, target, verify, source.size, self.options.progress)
        except DataError as error:
            raise self._missing(error.message, error.help) from None

    def _missing(self, why: Text, help: Text | None = None) -> Unavailable:
        """Says which files to put where, for a machine that is offline."""
        damaged = "".join(f"\n  {error.message}" for error in self.damaged)
        missing = [source for source in self.known.files if not any(copies(self.folders, source.name))]
        lines = "\n".join(
            f"  {source.name}  {human(source.size)}  {self.known.mirrors[0]}{source.name}"
            for source in missing or self.known.files
        )
        return Unavailable(
            T("The data set `{name}` is not on this machine: {why}", name=self.known.name, why=f"{why}{damaged}"),
            T(
                "{help}Get these files on a machine that is online, and put them into {folder}, or into a folder "
                "{name} below one that the variable CONVDSL_DATA names:\n{files}\n"
                "`fashion-mini` comes with convdsl and needs no download.",
                help=f"{help}\n" if help else "",
                folder=cache_folder() / self.known.name,
                name=self.known.name,
                files=lines,
            ),
        )

    def _notes(self) -> tuple[Text, ...]:
        return tuple(T("Passed over: {why}", why=error.message) for error in self.damaged)


def _mirrors(known: Known) -> list[str]:
    """The addresses to try: that of the variable `CONVDSL_MIRROR` first, for a class room with a server of its own."""
    own = os.environ.get("CONVDSL_MIRROR", "").rstrip("/")
    return [*([f"{own}/{known.name}/"] if own else []), *known.mirrors]


def _check_sum(path: Path, sha256: str) -> None:
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise DataError(T("{path} is damaged: its checksum is not the published one.", path=path))


def _found(known: Known, roots: Sequence[Path]) -> Path | None:
    """Where `known` lies, by its files' names; MNIST and Fashion-MNIST, which share them, by their test labels."""
    if known is FASHION_MINI:
        return SHIPPED
    if known in (SHAPES, SHAPE_KINDS):
        return Path(shapes.__file__)
    folders = list(folders_of(known, roots))
    if known is CIFAR10:
        return next(cifar10_copies(folders), None)
    if not all(any(copies(folders, source.name)) for source in known.files):
        return None
    for path in copies(folders, known.files[-1].name):
        try:
            read_idx(path, known.files[-1].sha256)
            return path.parent
        except DataError:
            continue
    return None
